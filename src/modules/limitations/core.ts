import { daysBetween, problem } from '#kernel'
import type { CalendarDay } from '#kernel'
import { interruptions } from '../policy/limitation.facts.core.ts'

/** What may begin a limitation period anew, under one law or another. */
export const interruptionTypes = interruptions
export type InterruptionType = typeof interruptions[number]

/** How many days before the last day it is told that it comes. */
export const warningDays = [90, 30] as const

/**
 * How many days before the last day the next warning is given: the last one whose day has come, else the first to come. `warned` is the last given; null: none.
 * Null when there is nothing more to tell: no last day is known, it has passed, or all was told.
 */
export function nextWarning (lastOn: CalendarDay | null, today: CalendarDay, warned: number | null): number | null {
  if (lastOn === null || lastOn < today) return null
  const left = daysBetween(today, lastOn)
  const open = warningDays.filter(days => warned === null || days < warned)
  return open.findLast(days => left <= days) ?? open[0] ?? null
}

export const LimitationEventInFuture = problem('limitation-event-in-future', 422, 'What is recorded has happened.', 'Give a day that has come in the borrower\'s calendar.')
export const LimitationEventRefused = problem('limitation-event-refused', 422, 'What is recorded does not end, or ends before it began.', 'Give `until` of proceedings and obstacles only, and no earlier than `on`.')
export const LimitationEventExists = problem('limitation-event-exists', 409, 'The same was recorded before.', 'Read it with `findLimitation`. What had not ended can be recorded again with `until`.')

/** What people record of a claim, beside payments and contacts, which are followed: a judgment, what begins the time anew under one law or another, and obstacles to pursuing it. */
export const recordedKinds = ['judgment', 'acknowledgement', 'partialPayment', 'assignmentNoticeReached', 'lawsuit', 'arbitration', 'paymentOrder', 'criminalReport', 'enforcementAct', 'suspension'] as const
export type RecordedKind = typeof recordedKinds[number]

/** What lasts: proceedings, from whose end the time runs anew, and obstacles. */
const lasting: readonly RecordedKind[] = ['lawsuit', 'arbitration', 'paymentOrder', 'suspension']

/** What there is to show for something recorded. */
export const evidenceKinds = ['courtDocument', 'signedDocument', 'correspondence', 'bankRecord', 'recording', 'other'] as const

/** Something recorded of a claim: the day, and the last day of what lasts; null: it goes on, or does not last. */
export interface Recorded { kind: RecordedKind, on: CalendarDay, until: CalendarDay | null }

/** Checks what is recorded. Throws `LimitationEventInFuture`, `LimitationEventRefused`. */
export function checkRecorded ({ kind, on, until }: Recorded, today: CalendarDay): void {
  for (const [pointer, day] of [['/on', on], ['/until', until]] as const) if (day !== null && day > today) throw LimitationEventInFuture({ today }, { violations: [{ pointer, message: 'has not come' }] })
  if (until === null) return
  if (!lasting.includes(kind)) throw LimitationEventRefused({ kind }, { violations: [{ pointer: '/until', message: `is of ${lasting.join(', ')}` }] })
  if (until < on) throw LimitationEventRefused({ kind }, { violations: [{ pointer: '/until', message: 'is before on' }] })
}

const isInterruption = (kind: RecordedKind): kind is RecordedKind & InterruptionType => kind !== 'judgment' && kind !== 'suspension'

/** What the law is asked with of what was recorded: the latest title, what may begin the time anew, and obstacles. `judgedOn` is the title the debt came with; null: none. */
export function recordedFacts (recorded: readonly Recorded[], judgedOn: CalendarDay | null) {
  const titles = [...recorded.filter(({ kind }) => kind === 'judgment').map(({ on }) => on), ...judgedOn === null ? [] : [judgedOn]].sort()
  return {
    titledOn: titles.at(-1) ?? null,
    events: recorded.flatMap(({ kind, on, until }) => isInterruption(kind) ? [{ type: kind, on, ...until !== null && { endedOn: until } }] : []),
    suspensions: recorded.flatMap(({ kind, on, until }) => kind === 'suspension' ? [{ from: on, to: until }] : []),
  }
}
