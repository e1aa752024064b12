/**
 * A debt: its facts, what is owed, who has to do with it, and what happened to it.
 *
 * An account is the debt itself and stays the same through every placement; its lender's reference is unique with the lender. What is owed
 * stands in four buckets that only the ledger moves. Days are the borrower's: how old the debt is depends on the calendar day in its time zone.
 *
 * What must never happen: a balance that is not the sum of its postings, a bucket below zero, an account another lender can see.
 */
export { api } from './api.ts'
export { AccountClosed, ageOf, daysPastDue, liableRoles, partyRoles, stageAtPlacement } from './core.ts'
export type { PartyRole, Stage } from './core.ts'
export {
  deleteAccountParties, findAccount, findAccountsByReference, insertAccountParties, insertAccounts, listAccountParties, listAccounts, lockAccount, lockClosedAccounts, restateAccounts, setAccountClosed,
} from './db.ts'
export type { AccountRow, NewAccount } from './db.ts'
