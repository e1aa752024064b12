import { addDays, dayIn, daysBetween, problem, startOfDay } from '#kernel'
import type { CalendarDay, Violation } from '#kernel'

/** Where the row of a placement stands. While it is `active` the debt is worked, whatever has begun to end it. */
export const storedStates = ['offered', 'infoRequested', 'active', 'declined', 'expired', 'recalled', 'returned', 'closed'] as const
export type StoredState = typeof storedStates[number]

/** What has begun to end a placement that is still worked. */
export const claims = ['recallPending', 'recallContested', 'returnRequested'] as const
export type Claim = typeof claims[number]

/** The life of a placement: see domain. Agreements that accept by themselves go straight to `active`. */
export const placementStates = ['offered', 'infoRequested', 'active', 'recallPending', 'recallContested', 'returnRequested', 'declined', 'expired', 'recalled', 'returned', 'closed'] as const
export type PlacementState = typeof placementStates[number]

/** Who takes a step: the agency, the lender by its own key, or the machine when a time is over or nothing is owed any more. */
export const sides = ['agency', 'lender', 'machine'] as const
export type Side = typeof sides[number]

/** A step: who takes it, from where and to where; `isTimed`: only until the deadline that stands. */
interface Step { readonly by: readonly Side[], readonly from: readonly PlacementState[], readonly to: PlacementState, readonly isTimed?: boolean }

const worked = ['active', 'recallPending', 'recallContested', 'returnRequested'] as const

/** Every step that the life of a placement has. */
const steps = {
  accept: { by: ['agency'], from: ['offered'], to: 'active', isTimed: true },
  decline: { by: ['agency'], from: ['offered', 'infoRequested'], to: 'declined', isTimed: true },
  requestInformation: { by: ['agency'], from: ['offered'], to: 'infoRequested', isTimed: true },
  provideInformation: { by: ['lender'], from: ['infoRequested'], to: 'offered' },
  expire: { by: ['machine'], from: ['offered'], to: 'expired' },
  extend: { by: ['agency'], from: ['active'], to: 'active', isTimed: true },
  endTerm: { by: ['machine'], from: ['active'], to: 'closed' },
  recall: { by: ['agency', 'lender'], from: worked, to: 'recalled' },
  announceRecall: { by: ['agency', 'lender'], from: ['active', 'returnRequested'], to: 'recallPending' },
  contestRecall: { by: ['agency'], from: ['recallPending'], to: 'recallContested', isTimed: true },
  withdrawRecall: { by: ['lender'], from: ['recallPending', 'recallContested'], to: 'active', isTimed: true },
  confirmRecall: { by: ['lender'], from: ['recallContested'], to: 'recalled', isTimed: true },
  completeRecall: { by: ['machine'], from: ['recallPending', 'recallContested'], to: 'recalled' },
  return: { by: ['agency'], from: ['active'], to: 'returned' },
  requestReturn: { by: ['agency'], from: ['active'], to: 'returnRequested' },
  acceptReturn: { by: ['lender'], from: ['returnRequested'], to: 'returned', isTimed: true },
  refuseReturn: { by: ['lender'], from: ['returnRequested'], to: 'active', isTimed: true },
  completeReturn: { by: ['machine'], from: ['returnRequested'], to: 'returned' },
  close: { by: ['agency'], from: ['active'], to: 'closed' },
  settle: { by: ['machine'], from: worked, to: 'closed' },
  reopen: { by: ['machine'], from: ['closed'], to: 'active' },
} as const satisfies Record<string, Step>
export type Act = keyof typeof steps
export const acts = Object.keys(steps) as Act[]

export const PlacementStateRefused = problem('placement-state-refused', 409, 'The placement is not in a state in which this can be done.', 'Read the placement: `state` says where it stands.')
export const PlacementStepNotYours = problem('placement-step-not-yours', 403, 'This is for the other side of the hand-over to do.',
  'What answers the agency is done with the lender\'s own key; what answers the lender, with a key of the agency.')
export const PlacementDeadlinePassed = problem('placement-deadline-passed', 409, 'The time for this is over.', 'Read the placement in a moment: what follows when nobody answers in time is being done.')

/** The state that a step leads to. Throws `PlacementStepNotYours`, `PlacementStateRefused`. */
export function stateAfter (from: PlacementState, act: Act, side: Side): PlacementState {
  const { by, from: allowed, to }: Step = steps[act]
  if (!by.includes(side)) throw PlacementStepNotYours({ by: by.join(' or ') })
  if (!allowed.includes(from)) throw PlacementStateRefused({ state: from })
  return to
}

/** Where a placement stands, as it is told: what has begun to end it goes before. */
export const stateOf = ({ state, claim }: { state: StoredState, claim: Claim | null }): PlacementState => claim ?? state

const isClaim = (state: PlacementState): state is Claim => (claims as readonly PlacementState[]).includes(state)

/** How a state is kept in the row. */
export const kept = (state: PlacementState): { state: StoredState, claim: Claim | null } => isClaim(state) ? { state: 'active', claim: state } : { state, claim: null }

/** True once a placement has ended and its account is closed. */
export const hasEnded = (state: PlacementState): boolean => ['declined', 'expired', 'recalled', 'returned', 'closed'].includes(state)

/** How many days before its end a term is told to end. */
export const termNoticeDays = 14

/** What the deadlines of a placement follow from: the last day for the answer that is awaited, the last of the term, and the end of term that was told. */
export interface Dates { state: PlacementState, answerBy: CalendarDay | null, termEndsOn: CalendarDay, toldEndsOn: CalendarDay | null }

const later = <T>(a: T, b: T): T => a > b ? a : b

/**
 * When something is next to happen to a placement by itself; null: never. Days are those of the debt's calendar and last until their end. A term is told to end
 * 14 days before, at once where fewer are left; one that is over when the debt comes to work ends with that day.
 */
export function dueAtOf ({ state, answerBy, termEndsOn, toldEndsOn }: Dates, timeZone: string, now: Date): Date | null {
  const endOf = (day: CalendarDay): Date => startOfDay(addDays(day, 1), timeZone)
  if (state === 'active') return toldEndsOn === termEndsOn ? endOf(later(termEndsOn, dayIn(timeZone, now))) : later(now, startOfDay(addDays(termEndsOn, -termNoticeDays), timeZone))
  return answerBy === null || (state !== 'offered' && !isClaim(state)) ? null : endOf(answerBy)
}

/** What time brings to a placement whose deadline has come: a step, or that its term is told to end; null for one that waits for nothing. */
export function dueAct ({ state, termEndsOn, toldEndsOn }: Dates): 'expire' | 'endTerm' | 'completeRecall' | 'completeReturn' | 'tellEnd' | null {
  if (state === 'offered') return 'expire'
  if (state === 'active') return toldEndsOn === termEndsOn ? 'endTerm' : 'tellEnd'
  if (state === 'returnRequested') return 'completeReturn'
  return state === 'recallPending' || state === 'recallContested' ? 'completeRecall' : null
}

/** Refuses a step that comes after the deadline it is bound to, whether or not the machine has got there. Throws `PlacementDeadlinePassed`. */
export function checkInTime (act: Act, dates: Dates, dueAt: string | null, now: Date): void {
  const { isTimed = false }: Step = steps[act]
  if (isTimed && dueAt !== null && dueAct(dates) !== 'tellEnd' && Date.parse(dueAt) <= now.getTime()) throw PlacementDeadlinePassed({ deadline: dueAt })
}

/** The last day to answer an offer that waited for information: the days that took do not count. */
export const answerByAfter = (answerBy: CalendarDay, askedOn: CalendarDay, today: CalendarDay): CalendarDay => addDays(answerBy, daysBetween(askedOn, today))

/** The last day of a time that begins today, at most the last of the term: nothing outlives that. */
export const withinTerm = (today: CalendarDay, days: number, termEndsOn: CalendarDay): CalendarDay => {
  const last = later(termEndsOn, today)
  const until = addDays(today, days)
  return until < last ? until : last
}

/** Why a lender takes a debt back. */
export const recallReasons = ['strategy', 'regulator', 'sold', 'fraud', 'settledDirectly', 'other'] as const
export type RecallReason = typeof recallReasons[number]

/** Why the agency contests a recall. */
export const contestReasons = ['promiseRunning', 'planRunning', 'paymentPending', 'legalStep', 'other'] as const
export type ContestReason = typeof contestReasons[number]

export const ReturnNeedsConsent = problem('return-needs-consent', 409, 'The agreement lets a debt be returned only when its lender agrees.', 'Ask the lender with `requestReturn`; without an answer it is returned when the time is over.')

/** Why a term goes on. */
export const extensionReasons = ['promise', 'plan', 'payment', 'legalStep', 'agreed'] as const
export type ExtensionReason = typeof extensionReasons[number]

export const ExtensionRefused = problem('extension-refused', 422, 'The term cannot be extended to that day.',
  'Give a day after the present end of the term that has not passed. In all a term is extended by at most `extensionDaysMax` of the agreement, 90 days when it says nothing.')

/** By how many days a term has been extended when it ends on a new day. Throws `ExtensionRefused`. */
export function extendedTo (until: CalendarDay, { termEndsOn, extendedDays }: { termEndsOn: CalendarDay, extendedDays: number }, daysMax: number, today: CalendarDay): number {
  const refuse = (message: string): never => {
    const violation: Violation = { pointer: '/until', message }
    throw ExtensionRefused({ termEndsOn, extendedDays, daysMax }, { violations: [violation] })
  }
  if (until <= termEndsOn) return refuse('is not after the present end')
  if (until < today) return refuse('has passed')
  const days = extendedDays + daysBetween(termEndsOn, until)
  return days > daysMax ? refuse(`is ${days} days after the agreed end: more than ${daysMax}`) : days
}

export const AnswersRefused = problem('answers-refused', 422, 'Every question has one answer.', 'Give as many answers as there are `questions`, in their order.')

/** Refuses answers that are not one for each question. Throws `AnswersRefused`. */
export function checkAnswers (questions: readonly string[], answers: readonly string[]): void {
  if (answers.length !== questions.length) throw AnswersRefused({ questions: questions.length, answers: answers.length }, { violations: [{ pointer: '/answers', message: `must be ${questions.length}` }] })
}
