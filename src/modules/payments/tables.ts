import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { Bucket } from '#kernel'
import { day, document, id, instant, minor, sealed, sealedIn, tenantId, uuid } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { journalEntries } from '../ledger/tables.ts'
import { placements } from '../placements/tables.ts'
import { sources, tills } from './clearing.core.ts'
import { correctionCauses, methods, paymentStates, receivers, reversalReasons } from './core.ts'
import type { CorrectionChanges } from './core.ts'
import { orderSources } from './orders.core.ts'

/**
 * Money in the agency's hands that nobody could say whose debt it is for, until payments are made of it (`applied`) or it is given back (`returned`). It is no
 * lender's yet: the agency alone sees it. `reference` is the bank's number of it, unique with the agency; `payer` is what the bank says of who paid. What was on its
 * way (`till`) clears whole, with the payments made of it.
 */
export const receipts = pgTable('receipts', {
  tenantId: tenantId(), id: id('receipt').notNull(), amount: minor().notNull(), currency: char({ length: 3 }).notNull(), receivedOn: day().notNull(), method: text({ enum: methods }).notNull(),
  reference: text().notNull(), payer: sealed(), till: text({ enum: tills }).notNull(), clearedOn: day(), applied: minor().notNull(), returned: minor().notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.reference),
  index('receipts_open').on(t.tenantId, t.id).where(sql`amount > applied + returned`),
  check('no more than was received', sql`${t.applied} >= 0 and ${t.returned} >= 0 and ${t.applied} + ${t.returned} <= ${t.amount}`),
])
sealedIn(receipts, 'payer')

/**
 * Money received for a debt, by the agency or by its lender, and what it settled (`principal` to `costs`). `overpaid` is what was left: to be
 * refunded by whoever holds it; `refunded` is what the agency has given back of it. It is made of a receipt when nobody knew at first whose debt it was for. `till` is where the money came in: at the bank or on its way there, or a receipt that has cleared; null: in the lender's hands. What was on its
 * way arrives once, on `clearedOn`, or never; it does so by itself when `clearsOn` is over: `dueAt`, in the agency's calendar, until it has cleared or was undone. `reference` is the payer's bank's or the lender's number of the payment, unique with the lender.
 */
export const payments = pgTable('payments', {
  tenantId: tenantId(), id: id('payment').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), placementId: id('placement').notNull(),
  amount: minor().notNull(), currency: char({ length: 3 }).notNull(), receivedOn: day().notNull(), receivedBy: text({ enum: receivers }).notNull(), method: text({ enum: methods }).notNull(),
  reference: text(), receiptId: id('receipt'), principal: minor().notNull(), interest: minor().notNull(), penalty: minor().notNull(), costs: minor().notNull(), overpaid: minor().notNull(), refunded: minor().notNull(),
  till: text({ enum: sources }), clearsOn: day(), clearedOn: day(), clearingEntryId: id('journalEntry'), dueAt: instant(), state: text({ enum: paymentStates }).notNull(), entryId: id('journalEntry'), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.reference).where(sql`${t.reference} is not null`),
  index().on(t.tenantId, t.reference).where(sql`${t.reference} is not null`),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.dueAt).where(sql`${t.dueAt} is not null`),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  index().on(t.tenantId, t.receiptId).where(sql`${t.receiptId} is not null`),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.receiptId], foreignColumns: [receipts.tenantId, receipts.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  foreignKey({ columns: [t.tenantId, t.clearingEntryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  check('every cent is somewhere', sql`${t.amount} = ${t.principal} + ${t.interest} + ${t.penalty} + ${t.costs} + ${t.overpaid}`),
  check('no more than was overpaid', sql`${t.refunded} between 0 and ${t.overpaid}`),
])

/** What debtors overpaid into the agency's hands and were given back. `reference` names a refund once with its lender. Append-only: a refund is never undone. */
export const refunds = pgTable('refunds', {
  tenantId: tenantId(), id: id('refund').notNull(), paymentId: id('payment').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), amount: minor().notNull(), currency: char({ length: 3 }).notNull(),
  refundedOn: day().notNull(), reference: text(), entryId: id('journalEntry').notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.reference).where(sql`${t.reference} is not null`),
  index().on(t.tenantId, t.reference).where(sql`${t.reference} is not null`),
  index().on(t.tenantId, t.paymentId, t.id),
  foreignKey({ columns: [t.tenantId, t.paymentId], foreignColumns: [payments.tenantId, payments.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  check('money moves', sql`${t.amount} > 0`),
])

/**
 * In which order payments settle the debt of a placement: decided when the first is received, by the agreement and the law of the day the debt was placed, and then the same
 * for all of them, whenever and however late they are told of. `policyDecisionId` is what the law was found to say. Append-only.
 */
export const allocationOrders = pgTable('allocation_orders', {
  tenantId: tenantId(), placementId: id('placement').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(),
  parts: document<Bucket[]>(), source: text({ enum: orderSources }).notNull(), clause: text(), policyDecisionId: id('policyDecision').notNull(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.placementId] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
])

/** Payments undone: once each, with a reason and the day it took effect. */
export const paymentReversals = pgTable('payment_reversals', {
  tenantId: tenantId(), paymentId: id('payment').notNull(), id: id('paymentReversal').notNull(), lenderId: id('lender').notNull(),
  reason: text({ enum: reversalReasons }).notNull(), reversedOn: day().notNull(), entryId: id('journalEntry'), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.paymentId] }),
  uniqueIndex().on(t.tenantId, t.id),
  foreignKey({ columns: [t.tenantId, t.paymentId], foreignColumns: [payments.tenantId, payments.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
])

/**
 * Debts lived again because a fact arrived late: what caused it, the first day it changed, what each part of the debt moved by in all, and the
 * one entry that posted the difference (null when nothing but the attribution changed). `changes` says what was computed anew. Append-only.
 */
export const corrections = pgTable('corrections', {
  tenantId: tenantId(), id: id('correction').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(),
  cause: text({ enum: correctionCauses }).notNull(), causeId: uuid().notNull(), fromOn: day().notNull(), currency: char({ length: 3 }).notNull(),
  principal: minor().notNull(), interest: minor().notNull(), penalty: minor().notNull(), costs: minor().notNull(), changes: document<CorrectionChanges>(),
  entryId: id('journalEntry'), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.accountId, t.causeId, t.cause),
  index().on(t.tenantId, t.accountId, t.id),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
])

/**
 * Facts about many debts that are another now, by the event that said so: a reference rate (`rateName`), which interest or what the law allows follows, or the type of the
 * lender whose debts they are (`debtsOf`). They are lived again from `fromOn`; null: from their placement. `dueAt` while it is under way; `reached` is the
 * last account done, so that it goes on where it was.
 */
export const recomputations = pgTable('recomputations', {
  tenantId: tenantId(), eventId: id('event').notNull(), rateName: text(), debtsOf: id('lender'), fromOn: day(), reached: uuid(), correctedCount: integer().notNull(), dueAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.eventId] }),
  index().on(t.tenantId, t.dueAt),
  check('one fact at a time', sql`(${t.rateName} is null) <> (${t.debtsOf} is null)`),
])
