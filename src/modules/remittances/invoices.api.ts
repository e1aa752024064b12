import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Balance, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Ratio, SignedAmount, Text, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { InvoiceOverpaid, OffsetExceedsHeld, OffsetNotAgreed, SettlementDuplicate, invoiceKinds, settlementKinds } from './core.ts'
import { sendDocument } from './documents.api.ts'
import { payInvoice } from './invoices.commands.ts'
import { findInvoice, findInvoiceText, findSettled, listInvoices, openOf } from './invoices.db.ts'
import type { InvoiceRow } from './invoices.db.ts'
import { offsetInvoice } from './offsets.commands.ts'
import { sendPdf } from './print.api.ts'

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })

const Invoice = Type.Object({
  id: IdOf('invoice'), lenderId: IdOf('lender'), currency: Currency, kind: OneOf(invoiceKinds, '`invoice` bills commission and advanced costs; `creditNote` gives them back: all amounts are negative.'),
  number: Type.Integer({ description: 'The number: without gaps among the agency\'s documents of this kind.' }), statementId: IdOf('statement'),
  creditsId: Nullable(Type.Unsafe<Id<'invoice'>>({ ...IdOf('invoice'), description: 'The invoice that a credit note credits.' })), fromOn: Day, toOn: Day,
  taxes: Type.Array(Type.Object({ rate: Ratio, base: signed('What the tax is on.'), vat: signed('The tax, rounded once.') }), { description: 'VAT by rate.' }),
  commission: signed('Commission, without VAT.'), vat: signed('VAT on it.'),
  costs: signed('Costs of debts that the agency had advanced, re-billed at cost: a disbursement, on which there is no VAT.'), total: signed('Commission, VAT and costs.'), withheld: signed('What was kept of it from trust money.'), billed: signed('What is to be paid of it.'),
  open: Type.Unsafe<number>({ ...Balance, description: 'What is still to be paid.' }), state: OneOf(['open', 'partlySettled', 'settled'], 'Whether it is paid.'),
  hash: Type.String({ description: 'SHA-256 of the document as it was issued, in hexadecimal.' }), issuedAt: Instant,
}, { title: 'Invoice' })

const InvoicePaymentInputSchema = Type.Object({
  amount: Amount, paidOn: Type.Unsafe<string>({ ...Day, description: 'The day it reached the agency\'s bank account.' }),
  reference: Type.Optional(Text(100, 'The bank\'s or the lender\'s number of the payment: it names the payment once with its lender.', ['BK-2026-0001'])),
}, { title: 'InvoicePaymentInput', ...closed, examples: [{ amount: 72_00, paidOn: '2026-02-10', reference: 'BK-2026-0001' }] })
export type InvoicePaymentInput = Static<typeof InvoicePaymentInputSchema>

const InvoiceOffsetInputSchema = Type.Object({ amount: Type.Optional(Type.Unsafe<number>({ ...Amount, description: 'How much of it, in minor units; as much as is open and can be kept when left out.' })) },
  { title: 'InvoiceOffsetInput', ...closed, examples: [{ amount: 72_00 }] })

const Settlement = Type.Object({
  id: IdOf('invoiceSettlement'), invoiceId: IdOf('invoice'), lenderId: IdOf('lender'), kind: OneOf(settlementKinds, 'What settles.'), amount: Amount, settledOn: Day,
  reference: Nullable(Type.String({ description: 'The number it was sent under.' })), createdAt: Instant,
}, { title: 'InvoiceSettlement' })

const shown = ({ hash, ...invoice }: InvoiceRow, settled: ReadonlyMap<Id<'invoice'>, number>) => {
  const open = openOf(invoice, settled)
  return { ...invoice, total: invoice.commission + invoice.vat + invoice.costs, open, state: open === 0 ? 'settled' as const : open < invoice.billed ? 'partlySettled' as const : 'open' as const, hash: hash.toString('hex') }
}

/** Invoices and credit notes. */
export const invoices: Api = app => {
  const tags = ['remittances']
  const path = Type.Object({ invoiceId: IdOf('invoice') })

  app.get('/v1/invoices', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'listInvoices', tags, summary: 'List invoices', description: 'Invoices and credit notes in the order they were issued. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')), kind: Type.Optional(OneOf(invoiceKinds, 'Only these.')) }, closed), response: { 200: Page(Invoice, 'InvoicePage') },
    },
  }, async req => await req.tx(async tx => {
    const { lenderId, kind, ...page } = req.query
    const { data, nextCursor } = await listInvoices(tx, { ...lenderId !== undefined && { lenderId }, ...kind !== undefined && { kind } }, keyset(page))
    const settled = await findSettled(tx, data.map(({ id }) => id))
    return { data: data.map(row => shown(row, settled)), nextCursor }
  }))

  app.get('/v1/invoices/:invoiceId', {
    config: { scope: 'statements:read' },
    schema: { operationId: 'getInvoice', tags, summary: 'Read an invoice', description: 'An invoice or credit note, and whether it is paid.', params: path, response: { 200: Invoice, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const invoice = await findInvoice(tx, req.params.invoiceId)
    if (invoice === null) throw NotFound()
    return shown(invoice, await findSettled(tx, [invoice.id]))
  }))

  app.get('/v1/invoices/:invoiceId/document', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'getInvoiceDocument', tags, summary: 'An invoice as it was issued', description: 'The document to the byte, as JSON. The SHA-256 of the bytes is in `Repr-Digest`, and the invoice\'s `hash`: the same for ever.',
      params: path, response: { 200: Type.Object({}, { additionalProperties: true, title: 'InvoiceDocument', description: 'The invoice with all its lines.' }), ...problems(NotFound) },
    },
  }, async (req, reply) => {
    const found = await req.tx(async tx => await findInvoiceText(tx, req.params.invoiceId))
    if (found === null) throw NotFound()
    return await sendDocument(reply, found.document, found.hash)
  })

  app.get('/v1/invoices/:invoiceId/pdf', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'getInvoicePdf', tags, summary: 'An invoice as PDF', description: 'The document as it was issued, to print: made of the JSON document alone, so that the bytes are always the same. A character that none of its fonts has is shown by its number, such as `[U+81FA]`.', params: path,
      response: { 200: { description: 'A4 pages.', content: { 'application/pdf': { schema: Type.String({ format: 'binary', description: 'PDF.' }) } } }, ...problems(NotFound) },
    },
  }, async (req, reply) => {
    const found = await req.tx(async tx => await findInvoiceText(tx, req.params.invoiceId))
    if (found === null) throw NotFound()
    return await sendPdf(reply, found.document, found.hash)
  })

  app.post('/v1/invoices/:invoiceId/payments', {
    config: { scope: 'remittances:write' },
    schema: {
      operationId: 'payInvoice', tags, summary: 'Record an invoice\'s payment', description: 'Records that the lender paid an invoice, or part of it, into the agency\'s own account. A payment sent again under its reference is answered, not booked.',
      params: path, body: InvoicePaymentInputSchema, response: { 201: Settlement, ...problems(NotFound, InvoiceOverpaid, SettlementDuplicate) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await payInvoice(tx, req.params.invoiceId, req.body))))

  app.post('/v1/invoices/:invoiceId/offsets', {
    config: { scope: 'remittances:write' },
    schema: {
      operationId: 'offsetInvoice', tags, summary: 'Keep an invoice from trust money', description: 'Keeps what is open of an invoice, or part of it, from the money that is held for the lender and has cleared, where the agreement says so (`combined`); the next statement itemises it. When the money it was kept from is returned before it has left trust, it is put back and the invoice is open again.',
      params: path, body: InvoiceOffsetInputSchema, response: { 201: Settlement, ...problems(NotFound, OffsetNotAgreed, InvoiceOverpaid, OffsetExceedsHeld) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await offsetInvoice(tx, req.params.invoiceId, req.body))))
}
