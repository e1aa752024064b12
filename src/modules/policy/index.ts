/**
 * What the law allows. Every contact asks here first; a charge, a payment's order, a claim's last day and a record's deletion can.
 *
 * A pack is a law as data: dated, versioned, with its authority, how far each rule binds and how well its text was read. No law is in code:
 * evaluators read all packs. Those in force for a case are chosen by the borrower's place, product, kinds of borrower and lender, the collector's role and
 * the local day; a region's pack adds to the nation's. A pack in force is never edited: a change of the law, or of our reading, is a new file.
 *
 * A verdict is `allowed`, `wait` with the earliest instant, or `denied`. Any rule that denies, denies. Otherwise the earliest instant is
 * the least at which every time rule holds together, by the clock on the wall in every zone the borrower may be in: a rest that ends at
 * midnight still waits for the morning, and a wait that crosses a clock change is as long as the clock says. Consent lifts only the rules
 * that name it, for its debts, channels and period. The strictest of several packs wins because all of them are asked.
 *
 * Of a charge the law says how much at most: the least of all maxima, components summed before they are compared, and zero where it is forbidden. A
 * floor, such as the Union's, gives way to a national limit. Of a payment it says the order of parts and of debts, agreed where the law yields; of a
 * claim the last day it can be brought; of a record the first day it may go. Everything is exact, and days are calendar days.
 *
 * An agency, or a lender for its own debts, may add rules of its own: they are packs like any other and can only make the law stricter. A rule that is voluntary, advisory or a presumption
 * can be set aside until a day, by a recorded decision of whoever answers for compliance; mandatory law never.
 *
 * What must never happen: something allowed because it was not known. A zone that is unknown, a holiday calendar or a history that
 * is missing, a country whose law we do not have: each is a refusal that names what is missing. What is forbidden is not an error but
 * a fact to be kept: every decision is stored with its packs and facts, without personal data, and the same facts give the same bytes again.
 *
 * Held to: 12 CFR 1006 and 15 USC 1692 (United States), 940 CMR 7.04 (Massachusetts), GB/T 45251-2025 and the guideline of the China Banking
 * Association of 2026-01-30 with the rules above them (China), CONC 7 and SI 2020/1311 (United Kingdom), and the others in `packs/`.
 */
export { allocationVerdict, legalOrderOf, payDebts } from './allocation.core.ts'
export type { AllocationVerdict, LegalOrder, OrderFacts, RuleCited } from './allocation.core.ts'
export type { AllocationFacts, DebtCriterion, OwedDebt, PaymentAsked } from './allocation.facts.core.ts'
export { api, PolicyDecisionId } from './api.ts'
export { chargeVerdict } from './charges.core.ts'
export type { ChargeVerdict, Quantity } from './charges.core.ts'
export type { Charge, ChargeFacts } from './charges.facts.core.ts'
export { decideCharges, decideContacts, decideQuestions, recordDecisions } from './commands.ts'
export type { ChargeRequest, ContactRequest, Decision, DecisionOf, RequestOf } from './commands.ts'
export { countsAt, decide, nextLawfulMoment, openWindow } from './core.ts'
export type { HoursFacts, OpenWindow, RuleCount } from './core.ts'
export type { Action, Attempt, Channel, Facts, Flag, GivenConsent, Outcome, Purpose, WeeklyWindow } from './facts.core.ts'
export { ExemptionGranted, ExemptionRevoked, HouseRulesChanged } from './events.ts'
export { holidaysAround } from './holidays.core.ts'
export { packsIn, plainLaw } from './house.core.ts'
export type { Law } from './house.core.ts'
export { findLaw, findLawSince } from './house.db.ts'
export { jurisdictionsWith, selectPacks } from './library.core.ts'
export type { Selection } from './library.core.ts'
export { limitationVerdict } from './limitation.core.ts'
export type { LimitationVerdict } from './limitation.core.ts'
export type { LimitationFacts, PeriodAsked } from './limitation.facts.core.ts'
export type { Pack } from './pack.core.ts'
export { answer, recompute } from './questions.core.ts'
export type { Question, QuestionKind, StoredDecision } from './questions.core.ts'
export { retentionVerdict } from './retention.core.ts'
export type { RetentionVerdict } from './retention.core.ts'
export type { DataAct, RetentionFacts } from './retention.facts.core.ts'
export { Reason as PolicyReason, RuleCount as PolicyCount, verdictParts } from './verdict.core.ts'
export type { Reason, Verdict } from './verdict.core.ts'
