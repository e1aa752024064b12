/**
 * Every movement of money: three books, one journal.
 *
 * CLAIM is what debtors owe their lenders (the agency does not own it), TRUST is other people's money in the agency's hands, OPS is the
 * agency's own. A posting moves one amount from one ledger account to another of the same book, so no book can fall out of balance. An entry
 * has the day it took effect and the instant it was written down; from the two follows what was owed on any day, as known at any time.
 *
 * Entries are only ever added. A mistake is undone by a reversal: the exact opposite of the stored lines, once. The balance on the account's
 * row is the sum of its postings and is moved with them, under the account's lock.
 *
 * Which ledger accounts an event moves is said once, in `movements`: the other modules say what happened and how much.
 *
 * What trust is short of, because money was returned after it had been passed on, is paid back by cures: by the agency its share, by the lender what it had.
 *
 * What must never happen: an entry changed or removed, a part of a debt below zero, one cause posted twice.
 */
export { api } from './api.ts'
export { coverShortfall } from './trust.commands.ts'
export { OffsetUnwound, TrustCured, TrustFellShort } from './events.ts'
export { post, postOpenings, reversalOf, reverse } from './commands.ts'
export { AlreadyReversed, ReversalTooEarly, claimAccounts, differenceOf, entryKinds, linesFor, movedBy, negated } from './core.ts'
export type { DatedLine, Entry, EntryKind, Line } from './core.ts'
export * as movements from './movements.core.ts'
export type { Till } from './movements.core.ts'
export { findPlaced, findRecalled, listAdvancedCosts, listPostedLines, listRecalled } from './db.ts'
export type { PostedLine } from './db.ts'
