import { Type } from 'typebox'
import { Balance, Currency, IdOf, OneOf } from '#kernel'
import { event } from '#platform'
import { closeCodes } from './core.ts'

const which = { placementId: IdOf('placement'), accountId: IdOf('account'), placementNumber: Type.Integer({ description: '1 for the first hand-over of the debt, 2 for the second.' }) }

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
export const PlacementRecalled = event('placement.recalled', 1, 'The lender took a debt back. Nothing more is sent or charged.', Type.Object(which))
export const PlacementReturned = event('placement.returned', 1, 'The agency gave a debt back.', Type.Object(which))
export const PlacementClosed = event('placement.closed', 1, 'Work on a debt ended.', Type.Object({ ...which, closeCode: OneOf(closeCodes, 'Why it ended.') }))
export const PlacementReopened = event('placement.reopened', 1, 'A reversal brought a closed debt back to work.', Type.Object(which))
