import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Balance, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api, Tx } from '#platform'
import { ReversalTooEarly } from '../ledger/index.ts'
import { AccountNotPlaced } from '../placements/index.ts'
import { Payment, showPayment } from './api.ts'
import { ClearedTooEarly } from './clearing.core.ts'
import { CurrencyMismatch, PaymentBeforePlacement, PaymentInFuture, methods } from './core.ts'
import { applyReceipt, clearReceipt, createReceipt, getReceipt, returnReceipt, showReceipt } from './receipts.commands.ts'
import { ReceiptAlreadyCleared, ReceiptDuplicate, ReceiptOverdrawn, ReceiptUsedUp } from './receipts.core.ts'
import { listReceipts } from './receipts.db.ts'
import { TailOver } from './tail.core.ts'

const day = (description: string) => Type.Unsafe<string>({ ...Day, description })
const balance = (description: string) => Type.Unsafe<number>({ ...Balance, description })
const facts = { amount: Amount, currency: Currency, receivedOn: day('The day the money came in.'), method: OneOf(methods, 'How it was paid.') }
const reference = 'The bank\'s number of the money, unique with the agency: sent again under it, it is recorded once.'

const ReceiptInputSchema = Type.Object({
  ...facts, reference: Text(100, reference, ['BK-20260131-0042']),
  payer: Type.Optional(Text(500, 'What the bank says of who paid and what for. Kept sealed.')),
  pending: Type.Optional(Type.Boolean({ description: 'True: the money is on its way and has not reached the agency\'s bank.' })),
}, { title: 'ReceiptInput', ...closed, examples: [{ amount: 540_00, currency: 'CNY', receivedOn: '2026-01-05', method: 'bankTransfer', reference: 'BK-20260105-0042', payer: 'ZHANG WEI, loan' }] })
export type ReceiptInput = Static<typeof ReceiptInputSchema>

const ReceiptApplicationInputSchema = Type.Object({ accountId: IdOf('account'), amount: Type.Optional(Type.Unsafe<number>({ ...Amount, description: 'How much of it; all that is left when left out.' })) },
  { title: 'ReceiptApplicationInput', ...closed, examples: [{ accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', amount: 300_00 }] })
export type ReceiptApplicationInput = Static<typeof ReceiptApplicationInputSchema>

const Receipt = Type.Object({
  id: IdOf('receipt'), ...facts, reference: Type.String({ description: reference }),
  hasPayer: Type.Boolean({ description: 'Whether the bank said who paid.' }), payer: Nullable(Type.String({ description: 'What it said, for a key that may reveal personal data; otherwise null.' })),
  isPending: Type.Boolean({ description: 'True: it is on its way to the bank.' }), clearedOn: Nullable(day('The day it reached the bank.')),
  applied: balance('What payments were made of, in minor units.'), returned: balance('What was given back, in minor units.'), left: balance('What is left of it, in minor units.'),
  createdAt: Instant,
}, { title: 'Receipt' })

/** Money that nobody can place yet. */
export const receipts: Api = (app, { vault }) => {
  const tags = ['payments']
  const path = Type.Object({ receiptId: IdOf('receipt') })
  const safeFor = async (tx: Tx, scopes: ReadonlySet<string>) => scopes.has('parties:reveal') ? await vault.safeOf(tx) : null

  app.post('/v1/receipts', {
    config: { scope: 'receipts:write' },
    schema: {
      operationId: 'createReceipt', tags, summary: 'Record money nobody can place', description: 'Records money in the agency\'s hands when it is not known yet whose debt it is for. It is held in trust, apart, until payments are made of it or it is given back.',
      body: ReceiptInputSchema, response: { 201: Receipt, ...problems(PaymentInFuture, ReceiptDuplicate) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showReceipt(null, await createReceipt(tx, vault, req.body)))))

  app.get('/v1/receipts', {
    config: { scope: 'receipts:read' },
    schema: {
      operationId: 'listReceipts', tags, summary: 'List receipts', description: 'Money that was not identified when it came in, in the order it was recorded.',
      querystring: Type.Object({ ...PageQuery, isOpen: Type.Optional(Type.Boolean({ description: 'True: only those of which something is left; false: only those that are used up.' })) }, closed),
      response: { 200: Page(Receipt, 'ReceiptPage') },
    },
  }, async req => await req.tx(async tx => {
    const { isOpen, ...page } = req.query
    const { data, nextCursor } = await listReceipts(tx, { ...isOpen !== undefined && { isOpen } }, keyset(page))
    const safe = await safeFor(tx, req.caller.scopes)
    return { data: data.map(row => showReceipt(safe, row)), nextCursor }
  }))

  app.get('/v1/receipts/:receiptId', {
    config: { scope: 'receipts:read' },
    schema: { operationId: 'getReceipt', tags, summary: 'Read a receipt', description: 'Money that was not identified when it came in, and what became of it.', params: path, response: { 200: Receipt, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => showReceipt(await safeFor(tx, req.caller.scopes), await getReceipt(tx, req.params.receiptId))))

  app.post('/v1/receipts/:receiptId/applications', {
    config: { scope: 'receipts:write' },
    schema: {
      operationId: 'applyReceipt', tags, summary: 'Make a payment of a receipt', description: 'Makes a payment of what is left, or of part of it, once it is known whose debt it is for. The payment was received on the day the money came in.', params: path,
      body: ReceiptApplicationInputSchema, response: { 201: Payment, ...problems(NotFound, ReceiptUsedUp, ReceiptOverdrawn, AccountNotPlaced, TailOver, CurrencyMismatch, PaymentBeforePlacement, PaymentInFuture) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showPayment(await applyReceipt(tx, req.params.receiptId, req.body)))))

  app.post('/v1/receipts/:receiptId/clear', {
    config: { scope: 'receipts:write' },
    schema: {
      operationId: 'clearReceipt', tags, summary: 'Record that a receipt cleared', description: 'Records that money which was on its way has reached the bank, once: what is left of it, and every payment made of it.', params: path,
      body: Type.Object({ clearedOn: day('The day the money reached the bank.') }, { title: 'ReceiptClearingInput', ...closed, examples: [{ clearedOn: '2026-02-03' }] }),
      response: { 200: Receipt, ...problems(NotFound, ReceiptAlreadyCleared, ClearedTooEarly, PaymentInFuture) },
    },
  }, async req => await req.tx(async tx => showReceipt(null, await clearReceipt(tx, req.params.receiptId, req.body))))

  app.post('/v1/receipts/:receiptId/return', {
    config: { scope: 'receipts:write' },
    schema: {
      operationId: 'returnReceipt', tags, summary: 'Give a receipt back', description: 'Records that what is left of the money went back to where it came from.', params: path,
      body: Type.Object({ returnedOn: day('The day it went back.') }, { title: 'ReceiptReturnInput', ...closed, examples: [{ returnedOn: '2026-02-03' }] }),
      response: { 200: Receipt, ...problems(NotFound, ReceiptUsedUp, ReversalTooEarly, PaymentInFuture) },
    },
  }, async req => await req.tx(async tx => showReceipt(null, await returnReceipt(tx, req.params.receiptId, req.body))))
}
