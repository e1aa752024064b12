import { addDays, dayIn, daysBetween, startOfDay } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { findLaw, limitationVerdict, packsIn, recordDecisions } from '../policy/index.ts'
import type { LimitationVerdict, Question } from '../policy/index.ts'
import { LimitationEventExists, checkRecorded, nextWarning, recordedFacts } from './core.ts'
import { insertInterruptions, insertRecorded, lockClaims, lockDue, setAssessed, setConfirmed, setVoid, setWarned } from './db.ts'
import type { Claim, Interruption, RecordedEvent } from './db.ts'
import { AccountTimeBarApproaching, LimitationEventRecorded } from './events.ts'

/** When the next warning is due, in the borrower's night; null: none is. */
const dueAt = (lastOn: CalendarDay | null, today: CalendarDay, warned: number | null, timeZone: string): string | null => {
  const days = nextWarning(lastOn, today, warned)
  return days === null ? null : startOfDay(addDays(lastOn!, -days), timeZone).toISOString()
}

interface Found { claim: Claim, question: Question, verdict: LimitationVerdict, dueAt: string | null }

/**
 * Finds the last day to sue for debts from the law in force, and keeps it with the decision that says so where it is another than before. What is not known by any law
 * we have stays unknown. `always`: keeps the decision also where the day is the same. Answers what was kept.
 */
export async function assessClaims (tx: Tx, accountIds: readonly Id<'account'>[], always = false): Promise<{ accountId: Id<'account'>, decisionId: Id<'policyDecision'>, verdict: LimitationVerdict }[]> {
  if (accountIds.length === 0) return []
  const claims = await lockClaims(tx, [...new Set(accountIds)])
  const law = await findLaw(tx)
  const found = claims.map((claim): Found => {
    const { jurisdiction, region, product, borrowerKind, lenderId, timeZone, dueOn, judgedOn, events, recorded } = claim
    const on = dayIn(timeZone, tx.ctx.now)
    const borrowerType = borrowerKind === 'company' ? 'business' as const : 'consumer' as const
    const question = { kind: 'limitation' as const, facts: { borrowerType, product, dueOn, ...factsOf(events, recorded, judgedOn) }, action: { act: 'fileClaim' as const, on } }
    const verdict = limitationVerdict(packsIn(law, { jurisdiction, region, product, borrowerType, collectorRole: 'agency', on }, lenderId), question.facts, question.action)
    return { claim, question, verdict, dueAt: dueAt(verdict.lastOn, on, null, timeZone) }
  }).filter(one => always || isNew(one))
  const decisionIds = await recordDecisions(tx, found.map(({ claim: { accountId, lenderId }, question, verdict }) => ({ accountId, lenderId, partyId: null, question, verdict })))
  const kept = found.map((one, i) => ({ ...one, accountId: one.claim.accountId, decisionId: decisionIds[i]! }))
  await setAssessed(tx, kept.filter(isNew).map(({ accountId, verdict: { lastOn }, dueAt, decisionId }) => ({ accountId, lastOn, decisionId, dueAt })))
  await setConfirmed(tx, kept.filter(one => !isNew(one)))
  return kept.map(({ accountId, decisionId, verdict }) => ({ accountId, decisionId, verdict }))
}

const isNew = ({ claim, verdict }: Found): boolean => !claim.isAssessed || claim.lastOn !== verdict.lastOn

/** What the law is asked with, beside the debt itself. What was never recorded is left out: the facts of a debt of which nobody recorded anything are as they were. */
function factsOf (events: Claim['events'], recorded: Claim['recorded'], judgedOn: CalendarDay | null) {
  const known = recordedFacts(recorded, judgedOn)
  return { events: [...events, ...known.events], ...known.titledOn !== null && { titledOn: known.titledOn }, ...known.suspensions.length > 0 && { suspensions: known.suspensions } }
}

/**
 * Keeps what happened to a claim, and finds its last day again, with a decision that is kept. Throws `NotFound`, `LimitationEventInFuture`, `LimitationEventRefused`, `LimitationEventExists`.
 */
export async function recordLimitationEvent (tx: Tx, accountId: Id<'account'>, event: RecordedEvent) {
  const { lenderId, timeZone } = await lockAccount(tx, accountId)
  const today = dayIn(timeZone, tx.ctx.now)
  const { kind, on, until } = event
  checkRecorded(event, today)
  if (!await insertRecorded(tx, { accountId, lenderId }, event)) throw LimitationEventExists({ kind, on })
  const [found] = await assessClaims(tx, [accountId], true)
  const { decisionId, verdict: { lastOn, reasons } } = found!
  emit(tx, LimitationEventRecorded, { accountId, lenderId }, { accountId, kind, on, until, lastOn, decisionId })
  return { accountId, kind, on, until, evidence: event.evidence, lastOn, isBarred: lastOn !== null && today > lastOn, unknown: lastOn === null ? reasons[0]?.says ?? null : null, decisionId }
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
