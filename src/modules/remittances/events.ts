import { Type } from 'typebox'
import { Amount, Balance, Currency, Day, IdOf, Nullable, SignedAmount } from '#kernel'
import type { Id } from '#kernel'
import { event } from '#platform'

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const balance = (description: string) => Type.Unsafe<number>({ ...Balance, description })
const hash = Type.String({ description: 'SHA-256 of the document, in hexadecimal.' })
const number = Type.Integer({ description: 'The document\'s number: without gaps among those of its kind.' })

export const StatementIssued = event('statement.issued', 1, 'A statement of a lender\'s money in one currency was issued. It never changes: what comes later is on the next.', Type.Object({
  statementId: IdOf('statement'), lenderId: IdOf('lender'), number, currency: Currency, fromOn: Day, toOn: Day,
  openingHeld: signed('What the agency held for the lender at the beginning.'), closingHeld: signed('What it holds at the end.'),
  closingBilled: signed('What the lender owes the agency at the end.'), remitted: balance('What was passed on.'), hash,
}))

export const RemittanceSent = event('remittance.sent', 1, 'Collected money was passed on to its lender.', Type.Object({
  remittanceId: IdOf('remittance'), statementId: IdOf('statement'), lenderId: IdOf('lender'), amount: Amount, currency: Currency, sentOn: Day,
}))

const bill = {
  invoiceId: IdOf('invoice'), statementId: IdOf('statement'), lenderId: IdOf('lender'), number, currency: Currency, commission: signed('Commission, without VAT.'), vat: signed('VAT on it, computed once.'),
  costs: signed('Costs that the agency had advanced, billed at cost and without VAT.'), withheld: signed('What was kept of it from trust money.'), billed: signed('What is to be paid of it.'), hash,
}

export const InvoiceIssued = event('invoice.issued', 1, 'Commission of a period was billed, with costs that the agency had advanced.', Type.Object(bill))

export const CreditNoteIssued = event('creditNote.issued', 1, 'Commission or costs that were billed before were given back: all amounts are negative.', Type.Object({
  ...bill, creditsId: Nullable(Type.Unsafe<Id<'invoice'>>({ ...IdOf('invoice'), description: 'The invoice that is credited.' })),
}))

export const InvoiceOffset = event('invoice.offset', 1, 'An invoice, or part of it, was kept from the lender\'s trust money between statements.', Type.Object({
  invoiceId: IdOf('invoice'), settlementId: IdOf('invoiceSettlement'), lenderId: IdOf('lender'), amount: Amount, currency: Currency, open: balance('What is still to be paid.'),
}))

export const InvoicePaid = event('invoice.paid', 1, 'A lender paid an invoice, or part of it.', Type.Object({
  invoiceId: IdOf('invoice'), settlementId: IdOf('invoiceSettlement'), lenderId: IdOf('lender'), amount: Amount, currency: Currency, open: balance('What is still to be paid.'),
}))
