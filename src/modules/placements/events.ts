import { Type } from 'typebox'
import { Balance, Currency, Day, IdOf, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { closeCodes } from './core.ts'
import { contestReasons, extensionReasons, recallReasons } from './life.core.ts'

const which = { placementId: IdOf('placement'), accountId: IdOf('account'), placementNumber: Type.Integer({ description: '1 for the first hand-over of the debt, 2 for the second.' }) }

const lastDay = Type.Unsafe<string>({ ...Day, description: 'The last day of it, in the debt\'s calendar.' })

const batch = {
  batchId: IdOf('placementBatch'), dryRun: Type.Boolean({ description: 'True: nothing is placed; rows only learn what would become of them.' }),
  rowCount: Type.Integer({ description: 'Rows of the batch.' }),
}

export const PlacementBatchReceived = event('placementBatch.received', 1, 'A batch of debts arrived whole. Its rows are placed from now on.', Type.Object(batch))
export const PlacementBatchProcessed = event('placementBatch.processed', 1, 'Every row of a batch has its outcome.', Type.Object({
  ...batch,
  acceptedCount: Type.Integer({ description: 'Rows placed.' }), duplicateCount: Type.Integer({ description: 'Rows whose reference was taken.' }), rejectedCount: Type.Integer({ description: 'Rows refused.' }),
  totals: Type.Array(Type.Object({
    currency: Currency, receivedAmount: Type.Unsafe<number>({ ...Balance, description: 'Sum of every row whose balance could be read.' }), acceptedAmount: Type.Unsafe<number>({ ...Balance, description: 'Sum of the rows placed.' }),
  }), { description: 'What the batch amounts to, by currency.' }),
}))

export const PlacementOffered = event('placement.offered', 1, 'A debt was handed over and waits for the agency to accept or decline it.', Type.Object(which))
export const PlacementActivated = event('placement.activated', 1, 'The agency works a debt from now on.', Type.Object(which))
export const PlacementDeclined = event('placement.declined', 1, 'The agency declined a debt.', Type.Object(which))
export const PlacementExpired = event('placement.expired', 1, 'A debt was offered and nobody answered in time.', Type.Object(which))
export const PlacementInfoRequested = event('placement.infoRequested', 1, 'The agency asks for information before it decides on a debt; the time to decide stands still.', Type.Object(which))
export const PlacementInfoProvided = event('placement.infoProvided', 1, 'The lender answered what the agency had asked of a debt; the time to decide goes on.', Type.Object({ ...which, answerBy: lastDay }))
export const PlacementTermEnding = event('placement.termEnding', 1, 'The term of a placement ends in 14 days, or sooner when it was not known before.', Type.Object({ ...which, termEndsOn: lastDay }))
export const PlacementTermExtended = event('placement.termExtended', 1, 'The term of a placement goes on.', Type.Object({ ...which, termEndsOn: lastDay, reason: OneOf(extensionReasons, 'Why it goes on.') }))
export const PlacementRecallRequested = event('placement.recallRequested', 1, 'The lender wants a debt back. It is worked until the agency\'s time to contest that is over.', Type.Object({ ...which, answerBy: lastDay, reason: Nullable(OneOf(recallReasons, 'Why; null: not said.')) }))
export const PlacementRecallContested = event('placement.recallContested', 1, 'The agency contests a recall. The lender withdraws or confirms it; without an answer it takes effect.', Type.Object({ ...which, answerBy: lastDay, reason: OneOf(contestReasons, 'Why.') }))
export const PlacementRecallWithdrawn = event('placement.recallWithdrawn', 1, 'The lender leaves a debt with the agency that it had wanted back.', Type.Object(which))
export const PlacementReturnRequested = event('placement.returnRequested', 1, 'The agency wants to give a debt back. Without an answer it is returned when the time is over.', Type.Object({ ...which, answerBy: lastDay }))
export const PlacementReturnRefused = event('placement.returnRefused', 1, 'The lender wants a debt to stay with the agency.', Type.Object(which))
export const PlacementRecalled = event('placement.recalled', 1, 'The lender took a debt back. Nothing more is sent or charged.', Type.Object(which))
export const PlacementReturned = event('placement.returned', 1, 'The agency gave a debt back.', Type.Object(which))
export const PlacementClosed = event('placement.closed', 1, 'Work on a debt ended.', Type.Object({ ...which, closeCode: OneOf(closeCodes, 'Why it ended.') }))
export const PlacementReopened = event('placement.reopened', 1, 'A reversal brought a closed debt back to work.', Type.Object(which))
