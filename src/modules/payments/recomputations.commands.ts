import { totalOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { askLimitsAnew, limitedBy } from '../charges/index.ts'
import { restateCommission } from '../commissions/index.ts'
import { coverShortfall } from '../ledger/index.ts'
import { findAgreement } from '../lenders/index.ts'
import { closePlacement, findLastPlacement } from '../placements/index.ts'
import { changedBy, correct, liveAgain } from './corrections.commands.ts'
import { findFollowers, lockDueRecomputation, setRecomputation } from './recomputations.db.ts'

/** Why a debt is computed anew though no payment arrived: the event of a hold that began earlier, of a rate that was corrected, or of a lender of another type; `fromOn` null: from its placement. */
export interface Reason { cause: 'hold' | 'referenceRate' | 'lenderType', eventId: Id<'event'>, fromOn: CalendarDay | null }

/**
 * Lives a debt at work again by the rules as they are known now, and posts the difference; what payments settle otherwise since then earns its commission anew.
 * A debt that then owes nothing is closed. Computed twice it is corrected once. Answers whether anything changed.
 */
export async function recompute (tx: Tx, accountId: Id<'account'>, { cause, eventId, fromOn }: Reason): Promise<boolean> {
  const account = await lockAccount(tx, accountId)
  const placement = await findLastPlacement(tx, accountId)
  const agreement = placement?.state === 'active' ? await findAgreement(tx, placement.agreementId) : null
  const relived = agreement === null ? null : await liveAgain(tx, account, null)
  if (placement === null || agreement === null || relived === null) return false
  const { correction } = await correct(tx, relived, { cause, causeId: eventId, on: fromOn ?? placement.placedOn, entry: null, paymentId: null })
  if (correction === null) return false
  await restateCommission(tx, { account, agreement, placement }, changedBy(correction))
  await coverShortfall(tx, account.lenderId, account.currency, { causeId: correction.id, because: 'correction' })
  if (account.closedAt === null && totalOf(relived.life.owed) === 0) await closePlacement(tx, accountId, 'paidInFull')
  return true
}

/** How many debts one transaction computes anew. */
const accountsMax = 50

/**
 * Goes on with the debts that a wide fact concerns, a bounded number of them: asks the law anew what they may be charged, and lives those again whose interest or whose
 * limits are another now. Answers whether more are left.
 */
export async function goOnRecomputing (tx: Tx): Promise<boolean> {
  const due = await lockDueRecomputation(tx)
  if (due === null) return false
  const { eventId, fact, reached } = due
  const followers = await findFollowers(tx, fact, fact.rateName === null ? [] : limitedBy(fact.rateName), reached, accountsMax)
  let corrected = 0
  // All of them before any lender: whoever undoes a payment waits for its account first.
  for (const { accountId } of followers) await lockAccount(tx, accountId)
  const limited = await askLimitsAnew(tx, followers.map(({ accountId }) => accountId))
  const cause = fact.rateName === null ? 'lenderType' : 'referenceRate'
  for (const { accountId, follows } of followers) {
    if ((follows || limited.has(accountId)) && await recompute(tx, accountId, { cause, eventId, fromOn: fact.fromOn })) corrected++
  }
  await setRecomputation(tx, eventId, { reached: followers.at(-1)?.accountId ?? null, corrected, isOver: followers.length < accountsMax })
  return true
}
