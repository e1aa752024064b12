/**
 * Debts handed over by their lenders, one by one or in batches, and the life of each hand-over.
 *
 * A placement is one account in this agency's hands for one term. An agreement that accepts by itself makes it active at once; otherwise
 * the agency accepts or declines it, or asks the lender first, and one that nobody answers expires. It ends when the lender recalls it, the agency returns it, work on it
 * is closed or its term is over; then the account is closed and can be placed again, under the next number, with its balance restated through the ledger (`C.ADJUSTED`) to
 * what the lender says now. An account is open while a placement of it is offered or active, and there is never more than one.
 *
 * Recalls that may be contested, and returns that need the lender's consent, take time. The debt is worked meanwhile: its row stays `active`, beside it stands what
 * has begun to end it (`claim`), and only that is shown. Every time that runs is a last day in the debt's calendar, and `dueAt` the instant after it: a step that comes
 * later is refused, whether or not the machine has got there. A term is told to end 14 days before it does. One that is over when a reversal brings its debt back
 * ends with that day. What the machine ends at midnight ended on the day that begins: it is charged, and counts for payments, like a recall of that morning.
 *
 * What is owed when a placement ends: a recall takes it out of the agency's books (`C.RECALLED`, the balance becomes zero), because the lender
 * collects it elsewhere and a figure here would be wrong from that day on. A return, a decline or a close leaves the balance as it was: it is
 * what could not be recovered, and reports and the lender want to see it. Nothing accrues on it.
 *
 * A batch is many hand-overs in one body. Its rows are kept, sealed, in parts while they arrive; once it is whole, each part is placed in one
 * transaction that writes the outcomes of its rows, counts them and removes the part, so that a crash anywhere loses nothing and doubles
 * nothing. A row is accepted, a duplicate or rejected by itself. The first row with a reference stands for it: later ones in the same batch are
 * duplicates whatever became of the first, so that the outcome does not depend on the order in which parts are placed. A dry run does everything
 * but place. A batch that fits into one part is placed while the caller waits; parts of one that never arrived whole are removed after an hour.
 *
 * What must never happen: one reference of a lender placed twice at once, a debt of one lender placed by another, a balance that is not what
 * the lender handed over, a row without an outcome.
 */
export { api } from './api.ts'
export { closePlacement, reopenPlacement, requireActivePlacement } from './commands.ts'
export { AccountNotPlaced, closeCodes } from './core.ts'
export type { CloseCode } from './core.ts'
export type { PlacementState } from './life.core.ts'
export { PlacementActivated, PlacementBatchProcessed, PlacementBatchReceived, PlacementClosed, PlacementDeclined, PlacementExpired, PlacementOffered, PlacementRecalled, PlacementReopened, PlacementReturned } from './events.ts'
export { findLastPlacement, findPlacement } from './db.ts'
export type { PlacementRow } from './db.ts'
export * as jobs from './jobs.ts'
export { DebtInput, PlacementInput } from './input.commands.ts'
export { placeAccounts } from './place.commands.ts'
export type { Handover, PlacementOutcome } from './place.commands.ts'
