/**
 * Promises to pay: who said they would pay what and when, and whether they did.
 *
 * A party that owes a debt, or speaks for one that does, promises an amount on a day, or parts on several. A promise is its word and no agreement: it changes nothing of the debt. A
 * debt has one that is open; a new one supersedes it, unless its time had come.
 *
 *   promise   open -> kept | partiallyKept | broken | cancelled | superseded      kept | partiallyKept | broken -> judged again
 *
 * What is received from the moment it was made to the last day of grace counts, by the day it was received in the borrower's calendar, in whosever hands it came; what was undone does not
 * count. On the day it was made, what was recorded after it counts, and money that comes after a later promise counts for that one alone. Parts add up: by the last day of grace of
 * each, all up to it must have been received. The first part that is missed breaks the promise (`partiallyKept` when anything was received); it is judged as the next day begins, by
 * the row's deadline. All of it received at once keeps it at once. Judgment follows from facts alone: when a payment is told late, or undone, it is made again, and told when it
 * comes out otherwise. A promise that opens again is superseded if a later one is open meanwhile.
 *
 * Holds stop those who collect, not those who pay. While contact is stopped a promise is taken only with the record of a contact that the borrower began: one that the agency drew out of a
 * call it was not to make is refused, and one that somebody comes forward with is welcome. Holds freeze contact, interest, fees and legal steps, and nothing else: the days of a promise run
 * on. What a broken promise would lead to waits, for contact is what is stopped.
 *
 * When work on the debt ends, or a dispute about it is upheld, an open promise is cancelled: nothing is held against whoever made it.
 *
 * What must never happen: a promise told as broken that was kept, for want of looking again; a promise of a `contactOnly` party, for a day on which the debt is somebody else's or can no longer
 * be sued for, or of more than is owed; a lender told who took it.
 */
export { api, promiseProblems } from './api.ts'
export { createPromise } from './commands.ts'
export { PromiseTerms } from './core.ts'
export { PromiseBroken, PromiseCancelled, PromiseCreated, PromiseKept, PromiseReopened } from './events.ts'
export type { PromiseRow } from './db.ts'
export * as jobs from './jobs.ts'
