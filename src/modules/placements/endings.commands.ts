import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import type { PlacementChange, PlacementRow } from './db.ts'
import { PlacementRecallContested, PlacementRecallRequested, PlacementRecallWithdrawn, PlacementReturnRefused, PlacementReturnRequested, PlacementReturned } from './events.ts'
import { ReturnNeedsConsent, withinTerm } from './life.core.ts'
import type { ContestReason, RecallReason } from './life.core.ts'
import { termsOf } from './protocol.commands.ts'
import { step, takeBack, which, whom } from './steps.commands.ts'

/** What a lender says when it takes a debt back: whether it must leave at once, and why. */
export interface Recall { mandatory?: boolean, reason?: RecallReason }

/**
 * The lender takes a debt back: what is still owed leaves the agency's books. Where the agreement lets the agency contest that, and it is not mandatory, the debt
 * is worked until the time for it is over. Throws what `step` does.
 */
export async function recallPlacement (tx: Tx, id: Id<'placement'>, { mandatory = false, reason }: Recall = {}): Promise<PlacementRow> {
  const { recallContestDays = 0 } = await termsOf(tx, id)
  const recallReason = reason ?? null
  if (mandatory || recallContestDays === 0) return await takeBack(tx, await step(tx, id, 'recall', ({ today }) => ({ recallAskedOn: today, recallReason })))
  const { placement } = await step(tx, id, 'announceRecall', ({ placement: { termEndsOn }, today }) =>
    ({ recallAskedOn: today, recallReason, contestReason: null, contestEvidence: null, answerBy: withinTerm(today, recallContestDays, termEndsOn) }))
  emit(tx, PlacementRecallRequested, whom(placement), { ...which(placement), answerBy: placement.answerBy!, reason: recallReason })
  return placement
}

/** The agency contests a recall before it takes effect; the deadline stays. Throws what `step` does. */
export async function contestRecall (tx: Tx, id: Id<'placement'>, { reason, evidence }: { reason: ContestReason, evidence?: string }): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'contestRecall', () => ({ contestReason: reason, contestEvidence: evidence ?? null }))
  emit(tx, PlacementRecallContested, whom(placement), { ...which(placement), answerBy: placement.answerBy!, reason })
  return placement
}

/** The lender leaves a debt with the agency that it had wanted back. Throws what `step` does. */
export async function withdrawRecall (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'withdrawRecall', () => ({ recallAskedOn: null, recallReason: null, contestReason: null, contestEvidence: null }))
  emit(tx, PlacementRecallWithdrawn, whom(placement), which(placement))
  return placement
}

/** The lender takes a debt back although the agency contests that, before its time is over. Throws what `step` does. */
export async function confirmRecall (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  return await takeBack(tx, await step(tx, id, 'confirmRecall'))
}

/** The agency gives a debt back, where it need not ask; what is owed stays to be seen. Throws what `step` does, `ReturnNeedsConsent`. */
export async function returnPlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { returnNeedsConsent = false } = await termsOf(tx, id)
  return await giveBack(tx, id, 'return', () => {
    if (returnNeedsConsent) throw ReturnNeedsConsent({}, { resolution: { method: 'POST', path: `/v1/placements/${id}/return-request` } })
    return {}
  })
}

/** How many days a lender has to answer when the agreement says nothing. */
const returnAnswerDaysDefault = 10

/** The agency asks the lender to take a debt back; where it need not ask, it is returned at once. Throws what `step` does. */
export async function requestReturn (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { returnNeedsConsent = false, returnAnswerDays = returnAnswerDaysDefault } = await termsOf(tx, id)
  if (!returnNeedsConsent) return await giveBack(tx, id, 'return')
  const { placement } = await step(tx, id, 'requestReturn', ({ placement: { termEndsOn }, today }) => ({ answerBy: withinTerm(today, returnAnswerDays, termEndsOn) }))
  emit(tx, PlacementReturnRequested, whom(placement), { ...which(placement), answerBy: placement.answerBy! })
  return placement
}

/** The lender takes back what the agency wants to return. Throws what `step` does. */
export const acceptReturn = async (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> => await giveBack(tx, id, 'acceptReturn')

/** The lender wants the debt to stay with the agency: it is worked on. Throws what `step` does. */
export async function refuseReturn (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'refuseReturn')
  emit(tx, PlacementReturnRefused, whom(placement), which(placement))
  return placement
}

async function giveBack (tx: Tx, id: Id<'placement'>, act: 'return' | 'acceptReturn', decide?: () => PlacementChange): Promise<PlacementRow> {
  const { placement } = await step(tx, id, act, decide)
  emit(tx, PlacementReturned, whom(placement), which(placement))
  return placement
}
