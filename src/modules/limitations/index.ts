/**
 * Until when each debt can be sued for.
 *
 * When a debt is placed, the law of the borrower's place is asked for the last day on which the claim can be brought. It is asked again when something begins the time anew: a
 * part payment, a contact by which a demand reached the borrower. A payment that is undone began nothing. Judgments, acknowledgements,
 * proceedings and obstacles are recorded by people, with what there is to show for them. What was found is kept with the decision that says so.
 * Ninety and thirty days before the last day it is told, while the debt is worked and something is owed. From the day after, the debt counts as barred: no suit is threatened or
 * brought (12 CFR 1006.26(b), CONC 7.15).
 *
 * What must never happen: a time made longer by what the law there does not count, or by a payment that was returned; a barred debt taken for one that is not because it was not
 * looked at again.
 *
 * Held to: 民法典 188-195, 诉讼时效规定 8-17; §§ 195, 199, 212 BGB.
 */
export { api } from './api.ts'
export { assessClaims, interruptClaims } from './commands.ts'
export { isBarredAt } from './db.ts'
export type { Interruption } from './db.ts'
export { AccountTimeBarApproaching, LimitationEventRecorded } from './events.ts'
export * as jobs from './jobs.ts'
