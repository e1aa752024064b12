import { bucketsOf, dayIn } from '#kernel'
import type { CalendarDay } from '#kernel'
import type { Tx } from '#platform'
import type { AccountRow } from '../accounts/index.ts'
import { planFor } from '../commissions/index.ts'
import { findAgreement } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { AccountNotPlaced, findLastPlacement } from '../placements/index.ts'
import type { PlacementRow } from '../placements/index.ts'
import { isSettled } from './core.ts'
import { findPast, owedThen } from './corrections.commands.ts'
import { checkTail, isAfterEnd } from './tail.core.ts'

/** The placement a payment is for, with its agreement. `endedOn` is the day it ended; null while it is at work. */
export interface PaidUnder { placement: PlacementRow, agreement: Agreement, endedOn: CalendarDay | null }

/** The day a placement ended in its debt's calendar; null while it is at work, or when it never was. */
export const endOf = ({ timeZone }: Pick<AccountRow, 'timeZone'>, { state, endedAt }: PlacementRow): CalendarDay | null =>
  endedAt !== null && (state === 'recalled' || state === 'returned' || state === 'closed') ? dayIn(timeZone, new Date(endedAt)) : null

/**
 * Under which placement a payment of a day falls: the last. One that has ended takes what was received up to its last day and in its tail; one that ended because nothing was owed, only what was received while
 * something was. The caller holds the account's lock. Throws `AccountNotPlaced`, `TailOver`.
 */
export async function paidUnder (tx: Tx, account: AccountRow, receivedOn: CalendarDay): Promise<PaidUnder> {
  const placement = await findLastPlacement(tx, account.id)
  const endedOn = placement === null ? null : endOf(account, placement)
  if (placement === null || (placement.state !== 'active' && endedOn === null)) throw AccountNotPlaced({ accountId: account.id })
  const agreement = await findAgreement(tx, placement.agreementId)
  if (agreement === null) throw new Error(`placement ${placement.id} has no agreement`)
  if (endedOn !== null) await checkEnded(tx, account, { placement, agreement, endedOn }, receivedOn)
  return { placement, agreement, endedOn }
}

async function checkEnded (tx: Tx, account: AccountRow, { placement, agreement, endedOn }: PaidUnder & { endedOn: CalendarDay }, receivedOn: CalendarDay): Promise<void> {
  if (placement.state === 'closed' && isSettled(account)) {
    const past = isAfterEnd({ endedOn }, receivedOn) || receivedOn < placement.placedOn ? null : await findPast(tx, account)
    const owed = past === null ? bucketsOf(account) : owedThen(account, past, receivedOn)
    if (isSettled(owed)) throw AccountNotPlaced({ accountId: account.id })
  } else if (isAfterEnd({ endedOn }, receivedOn)) {
    const { terms: { tailDays = 0 } } = await planFor(tx, account, agreement, placement.placedOn)
    checkTail({ endedOn, tailDays }, receivedOn)
  }
}
