/**
 * What protects a borrower: holds on accounts, and disputes.
 *
 * A hold is an overlay, never a status: several may be active on one account, and what they stop (contact, interest, late fees) adds up.
 * What a kind of hold stops is written down when it is placed. It is active from its start up to, not including, its end, by the rows
 * alone; a job only says that the end has come. A dispute places a hold and releases it when it is resolved (12 CFR 1006.38(d), CONC
 * 7.14), and may say how much of which part of the debt it is about: `payments` settles that last meanwhile. A breathing space lasts 60 days unless said otherwise (SI 2020/1311 reg. 26).
 *
 * A legal hold stops nothing but the deletion of records (`retention`): it is placed on a debt at work or closed, and lifted, by whoever answers for compliance, with a reason.
 *
 * What must never happen: a borrower contacted or charged under a hold that forbids it, a hold that outlives its dispute, an end told twice.
 */
export { api } from './api.ts'
export { beginHold, endHold, openDispute, placeHold, releaseHold, resolveDispute } from './commands.ts'
export { effectsOf, holdEffectsOf, holdKinds } from './core.ts'
export type { HoldEffects, HoldKind } from './core.ts'
export { findOpenDispute, listActiveHolds, lockHold } from './db.ts'
export type { HoldRow } from './db.ts'
export { DisputeOpened, DisputeResolved, HoldPlaced, HoldReleased } from './events.ts'
export * as jobs from './jobs.ts'
