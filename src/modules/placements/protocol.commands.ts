import type { CalendarDay, Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { findAgreement } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { findPlacement } from './db.ts'
import type { PlacementRow } from './db.ts'
import { PlacementInfoProvided, PlacementInfoRequested, PlacementTermExtended } from './events.ts'
import { answerByAfter, checkAnswers, extendedTo } from './life.core.ts'
import type { ExtensionReason } from './life.core.ts'
import { step, which, whom } from './steps.commands.ts'

/** What was agreed for a placement. Throws `NotFound`. */
export async function termsOf (tx: Tx, id: Id<'placement'>): Promise<Agreement['terms']> {
  const placement = await findPlacement(tx, id)
  if (placement === null) throw NotFound()
  const agreement = await findAgreement(tx, placement.agreementId)
  if (agreement === null) throw new Error(`placement ${id} has no agreement`)
  return agreement.terms
}

/** The agency asks the lender before it decides on an offer: the time to decide stands still until the answer. Throws what `step` does. */
export async function requestInformation (tx: Tx, id: Id<'placement'>, questions: string[]): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'requestInformation', ({ today }) => ({ questions, answers: null, askedOn: today }))
  emit(tx, PlacementInfoRequested, whom(placement), which(placement))
  return placement
}

/** The lender answers, question by question: the agency has what was left of its time. Throws what `step` does, `AnswersRefused`. */
export async function provideInformation (tx: Tx, id: Id<'placement'>, answers: string[]): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'provideInformation', ({ placement: { questions, answerBy, askedOn }, today }) => {
    checkAnswers(questions!, answers)
    return { answers, answerBy: answerByAfter(answerBy!, askedOn!, today) }
  })
  emit(tx, PlacementInfoProvided, whom(placement), { ...which(placement), answerBy: placement.answerBy! })
  return placement
}

/** By how many days the agency may extend a term when the agreement says nothing. */
const extensionDaysDefault = 90

/** The agency works a debt beyond the end of its term. Throws what `step` does, `ExtensionRefused`. */
export async function extendPlacement (tx: Tx, id: Id<'placement'>, { until, reason }: { until: CalendarDay, reason: ExtensionReason }): Promise<PlacementRow> {
  const { extensionDaysMax = extensionDaysDefault } = await termsOf(tx, id)
  const { placement } = await step(tx, id, 'extend', ({ placement, today }) => ({ termEndsOn: until, extendedDays: extendedTo(until, placement, extensionDaysMax, today) }))
  emit(tx, PlacementTermExtended, whom(placement), { ...which(placement), termEndsOn: until, reason })
  return placement
}
