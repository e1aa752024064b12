import { addDays, dayIn, daysBetween, startOfDay } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { findLaw, limitationVerdict, packsIn, recordDecisions } from '../policy/index.ts'
import type { LimitationVerdict, Question } from '../policy/index.ts'
import { nextWarning } from './core.ts'
import { insertInterruptions, lockClaims, lockDue, setAssessed, setVoid, setWarned } from './db.ts'
import type { Claim, Interruption } from './db.ts'
import { AccountTimeBarApproaching } from './events.ts'

/** When the next warning is due, in the borrower's night; null: none is. */
const dueAt = (lastOn: CalendarDay | null, today: CalendarDay, warned: number | null, timeZone: string): string | null => {
  const days = nextWarning(lastOn, today, warned)
  return days === null ? null : startOfDay(addDays(lastOn!, -days), timeZone).toISOString()
}

interface Found { claim: Claim, question: Question, verdict: LimitationVerdict, dueAt: string | null }

/**
 * Finds the last day to sue for debts from the law in force, and keeps it with the decision that says so where it is another than before. What is not known by any law
 * we have stays unknown.
 */
export async function assessClaims (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  if (accountIds.length === 0) return
  const claims = await lockClaims(tx, [...new Set(accountIds)])
  const law = await findLaw(tx)
  const found = claims.map((claim): Found => {
    const { jurisdiction, region, product, borrowerKind, lenderId, timeZone, dueOn, events } = claim
    const on = dayIn(timeZone, tx.ctx.now)
    const borrowerType = borrowerKind === 'company' ? 'business' as const : 'consumer' as const
    const question = { kind: 'limitation' as const, facts: { borrowerType, product, dueOn, events }, action: { act: 'fileClaim' as const, on } }
    const verdict = limitationVerdict(packsIn(law, { jurisdiction, region, product, borrowerType, collectorRole: 'agency', on }, lenderId), question.facts, question.action)
    return { claim, question, verdict, dueAt: dueAt(verdict.lastOn, on, null, timeZone) }
  }).filter(({ claim, verdict }) => !claim.isAssessed || claim.lastOn !== verdict.lastOn)
  const decisionIds = await recordDecisions(tx, found.map(({ claim: { accountId, lenderId }, question, verdict }) => ({ accountId, lenderId, partyId: null, question, verdict })))
  await setAssessed(tx, found.map(({ claim: { accountId }, verdict: { lastOn }, dueAt }, i) => ({ accountId, lastOn, decisionId: decisionIds[i]!, dueAt })))
}

/** Keeps what may begin the time of debts anew, and finds their last days again. */
export async function interruptClaims (tx: Tx, all: readonly Interruption[]): Promise<void> {
  await insertInterruptions(tx, all)
  await assessClaims(tx, all.map(({ accountId }) => accountId))
}

/** Takes back what payments that were undone had begun anew, and finds the last days again. */
export async function voidInterruptions (tx: Tx, payments: readonly { accountId: Id<'account'>, source: string }[]): Promise<void> {
  await setVoid(tx, payments)
  await assessClaims(tx, payments.map(({ accountId }) => accountId))
}

/** How many warnings one transaction gives. */
const batchMax = 500

/** Tells of debts whose last day comes near, a batch at a time; answers whether more may be due. A debt that is closed or owes nothing is passed over. */
export async function warnDue (tx: Tx): Promise<boolean> {
  const due = await lockDue(tx, batchMax)
  await setWarned(tx, due.map(({ accountId, lenderId, timeZone, lastOn, warned, decisionId, isLive }) => {
    const today = dayIn(timeZone, tx.ctx.now)
    const days = nextWarning(lastOn, today, warned)
    if (days === null) return { accountId, warned, dueAt: null }
    if (isLive) emit(tx, AccountTimeBarApproaching, { accountId, lenderId }, { accountId, lastOn, daysLeft: daysBetween(today, lastOn), decisionId })
    return { accountId, warned: days, dueAt: dueAt(lastOn, today, days, timeZone) }
  }))
  return due.length === batchMax
}
