/**
 * The creditors that place debts with the agency, and what was agreed with each.
 *
 * An agreement holds for one currency and is versioned: commission, interest, late fee, the order in which payments settle the parts of
 * a debt, how money is passed on. A version is never edited; a debt keeps the version it was placed under for its whole life, so a
 * figure can always be explained by the terms it was computed with.
 *
 * What kind of creditor a lender is decides which laws concern it. It may become another, from a day on; a type that was missing or wrong is corrected from the
 * beginning. Either way what its debts may be charged is asked anew, and they are lived again by it (`payments`).
 *
 * A lender's key sees this lender's row and the rows that carry its id, enforced by row security. What must never happen: one lender
 * learning that another exists.
 */
export { api } from './api.ts'
export { agreementFor } from './commands.ts'
export { AgreementMissing, AgreementTerms, CommissionBand, bandFaults, commissionBandOf, commissionRateOf, feeTriggers, remittances, typeOn } from './core.ts'
export type { FormerType, LateFeeTerms, LenderTypes, RemittanceBasis } from './core.ts'
export { findAgreement, findAgreements, findAgreementsInForce, findLender, lockLender } from './db.ts'
export type { Agreement } from './db.ts'
export { AgreementCreated, LenderCreated, LenderUpdated } from './events.ts'
