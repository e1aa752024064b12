import { addDays } from '#kernel'
import type { CalendarDay } from '#kernel'
import { retentionVerdict } from '../policy/retention.core.ts'
import type { Pack, Reason, RetentionFacts, RetentionVerdict, DataAct } from '../policy/index.ts'

/** What is kept of a debt, in the words of the laws; `personalData` is everything by which its people are known. */
export const categories = ['callRecording', 'collectionCallRecording', 'oralPlanRecording', 'collectionRecord', 'complianceRecord', 'personalData'] as const
export type Category = typeof categories[number]

/** Holds under which nothing of a debt is deleted: a legal hold, and what is still being argued about. */
export const keepingHolds = ['legalHold', 'dispute', 'complaint'] as const

/** The entrustment of a debt counts as ended when it is wound up, so many days after work on it ended: until then payments are returned by banks, and what was earned is stated. */
export const windUpDays = 30

/** How long at most until the law is asked again about a closed debt: packs change with the program. */
const reviewDays = 365
/** When it is looked again whether the people of a debt whose terms have run out still owe another. */
export const waitDays = 30

/** A debt that is closed, with what its terms run from: days by the borrower's calendar; null: there was none. */
export interface ClosedDebt {
  borrowerType: 'consumer' | 'business', lenderType: string | null, product: string, closedOn: CalendarDay
  lastContactOn: CalendarDay | null, lastPaymentOn: CalendarDay | null, lastRecordingOn: CalendarDay | null
  /** The last recorded contact in which something was promised. */
  lastPromiseOn: CalendarDay | null
  /** The latest day until which a recording was said to be kept when it was made. */
  recordingsKeptUntil: CalendarDay | null
  /** The day the debt was settled; null: it is not, as far as we know. */
  settledOn: CalendarDay | null
}

/** What the law says of one category: `keepUntil` the last day it must be kept, `deleteBy` the day it may not be kept beyond; both null: nothing, or (`isEndless`) that it is kept until something happens. */
export interface Term {
  category: Category, keepUntil: CalendarDay | null, deleteBy: CalendarDay | null, isEndless: boolean, pack: string | null, rule: string | null, clause: string | null
  question: { kind: 'retention', facts: RetentionFacts, action: DataAct }, verdict: RetentionVerdict
}

/** The terms of a debt, and the last day of the longest; null: no day can be told, and nothing is deleted by itself. */
export interface Terms { terms: Term[], lastOn: CalendarDay | null }

const latest = (days: readonly (CalendarDay | null)[]): CalendarDay | null => days.reduce((a, b) => a === null || (b !== null && b > a) ? b : a, null)
const earliest = (days: readonly (CalendarDay | undefined)[]): CalendarDay | undefined => days.filter(day => day !== undefined).sort()[0]

const cited = (reason: Reason | undefined): Pick<Term, 'pack' | 'rule' | 'clause'> => ({ pack: reason?.pack ?? null, rule: reason?.rule ?? null, clause: reason?.clause ?? null })

/** The records of a debt that there are, each with the day of the last of its kind. Whatever was done last on a debt, its closing is a record of it. */
function recordsOf (debt: ClosedDebt): [Exclude<Category, 'personalData'>, CalendarDay][] {
  const { closedOn, lastContactOn, lastPaymentOn, lastRecordingOn, lastPromiseOn } = debt
  const lastOn = latest([closedOn, lastContactOn, lastPaymentOn])!
  return [
    ...lastRecordingOn === null ? [] : [['callRecording', lastRecordingOn], ['collectionCallRecording', lastRecordingOn]] as const,
    ...lastPromiseOn === null ? [] : [['oralPlanRecording', lastPromiseOn]] as const,
    ['collectionRecord', lastOn], ['complianceRecord', lastOn],
  ].map(([category, on]) => [category, on] as [Exclude<Category, 'personalData'>, CalendarDay])
}

/** Until when a record must be kept; null: no law that we have says so. Asked about the first day it could have gone, so that the answer has its last day also when that has passed. */
function recordTerm (packs: readonly Pack[], debt: ClosedDebt, record: Exclude<Category, 'personalData'>, recordedOn: CalendarDay): Term | null {
  const { borrowerType, lenderType, product, closedOn, lastContactOn, lastPaymentOn, settledOn } = debt
  const lastCollectionActivityOn = latest([closedOn, lastContactOn, lastPaymentOn])!
  const facts: RetentionFacts = { borrowerType, ...lenderType !== null && { lenderType }, product, recordedOn, lastCollectionActivityOn, settledOn }
  const on = earliest([recordedOn, lastCollectionActivityOn, settledOn ?? undefined])!
  const action: DataAct = { act: 'delete', record, on }
  const verdict = retentionVerdict(packs, facts, action)
  if (verdict.verdict === 'allowed') return null
  const keepUntil = verdict.earliestOn === null ? null : addDays(verdict.earliestOn, -1)
  const reason = verdict.reasons.find(({ facts: { windowTo } }) => keepUntil === null ? windowTo === undefined : windowTo === keepUntil) ?? verdict.reasons[0]
  return { category: record, keepUntil, deleteBy: null, isEndless: keepUntil === null, ...cited(reason), question: { kind: 'retention', facts, action }, verdict }
}

/** From when on personal data may not be kept, but for what the law wants kept. */
function personalTerm (packs: readonly Pack[], { borrowerType, lenderType, product, closedOn }: ClosedDebt): Term {
  const on = addDays(closedOn, windUpDays)
  const facts: RetentionFacts = { borrowerType, ...lenderType !== null && { lenderType }, product, flags: { entrustmentEnded: true } }
  const action: DataAct = { act: 'keepPersonalData', on }
  const verdict = retentionVerdict(packs, facts, action)
  const deleteBy = packs.length > 0 && verdict.verdict === 'denied' ? on : null
  return { category: 'personalData', keepUntil: null, deleteBy, isEndless: packs.length === 0, ...cited(verdict.reasons[0]), question: { kind: 'retention', facts, action }, verdict }
}

/**
 * Until when what there is of a closed debt must be kept, and from when on its people's data may not be. Where a law wants records kept, the data that make them records is kept with them: what has the
 * longest term keeps all. Where no law that we have says how long, or a term has no end yet, no last day is told.
 */
export function termsOf (packs: readonly Pack[], debt: ClosedDebt): Terms {
  const personal = personalTerm(packs, debt)
  const records = packs.length === 0 ? [] : recordsOf(debt).flatMap(([record, on]) => recordTerm(packs, debt, record, on) ?? [])
  const terms = [...records, personal]
  const days = terms.flatMap(({ keepUntil, deleteBy }) => [keepUntil, deleteBy])
  const isKnown = terms.every(({ isEndless }) => !isEndless) && days.some(day => day !== null)
  return { terms, lastOn: isKnown ? latest([...days, debt.recordingsKeptUntil, addDays(debt.closedOn, windUpDays)]) : null }
}

const dayMs = 86_400_000

/** When a closed debt is next looked at: when its terms have run out, and at least once a year; null: while it is held. */
export function nextLook (endsAt: Date | null, isHeld: boolean, now: Date): Date | null {
  if (isHeld) return null
  const review = new Date(now.getTime() + reviewDays * dayMs)
  return endsAt !== null && endsAt < review ? endsAt : review
}

/** How the records of a debt stand. */
export const retentionStates = ['open', 'kept', 'held', 'waiting', 'unknown', 'deleted'] as const
export type RetentionState = typeof retentionStates[number]

/** How the records of a debt stand: at work, kept for a term, held, waiting for other debts of its people, kept without a term because no law tells, or gone. */
export function stateOf ({ isOpen, isHeld, endsAt, hasPeople }: { isOpen: boolean, isHeld: boolean, endsAt: string | null, hasPeople: boolean }, now: Date): RetentionState {
  if (isOpen) return 'open'
  if (!hasPeople) return 'deleted'
  if (isHeld) return 'held'
  if (endsAt === null) return 'unknown'
  return new Date(endsAt) <= now ? 'waiting' : 'kept'
}
