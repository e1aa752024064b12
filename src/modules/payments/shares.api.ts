import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Balance, BucketsSchema, Currency, IdOf, Nullable, OneOf, bucketsOf, closed, noBuckets, problems, withTotal } from '#kernel'
import type { Id } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { AccountNotPlaced } from '../placements/index.ts'
import { PolicyDecisionId } from '../policy/index.ts'
import { CurrencyMismatch, PaymentBeforePlacement } from './core.ts'
import { orderSources } from './orders.core.ts'
import { ReceiptOverdrawn, ReceiptUsedUp } from './receipts.core.ts'
import { allocateReceipt } from './shares.commands.ts'
import type { Shared } from './shares.commands.ts'
import { DebtsApart, DebtsTooMany, NothingOwed, shareRules } from './shares.core.ts'
import { debtsMax } from './shares.db.ts'

const ReceiptAllocationInputSchema = Type.Object({
  partyId: Type.Optional(Type.Unsafe<Id<'party'>>({ ...IdOf('party'), description: 'The borrower: every debt of this person or company with this lender that is at work, in the currency of the receipt, and was placed when the money came in. Records with one identity number are one borrower.' })),
  debts: Type.Optional(Type.Array(Type.Object({
    accountId: IdOf('account'), security: Type.Optional(Type.Unsafe<number>({ ...Balance, description: 'What its security is worth, or a rank of it: the more, the better secured. Left out: none.' })),
  }, closed), { minItems: 1, maxItems: debtsMax, description: 'Instead of `partyId`: the debts by name, each once.' })),
  amount: Type.Optional(Type.Unsafe<number>({ ...Amount, description: 'How much of the receipt; all that is left when left out.' })),
  rule: Type.Optional(OneOf(shareRules, 'What was agreed: what is due first, in the order it was due; or what arose first; or what bears the highest rate; or all in proportion to what is owed. Left out, the law of the borrower\'s place decides, and where it says nothing: due, least secured, dearest, due earliest, in proportion. Where the law does not let a rule be agreed, it goes before this one.')),
  designatedAccountId: Type.Optional(Type.Unsafe<Id<'account'>>({ ...IdOf('account'), description: 'The debt that the borrower said the money is for: it is paid first.' })),
}, {
  title: 'ReceiptAllocationInput', ...closed, oneOf: [{ required: ['partyId'] }, { required: ['debts'] }],
  examples: [{ partyId: 'pty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', rule: 'proRata' }, { debts: [{ accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' }, { accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e45', security: 50_000_00 }] }],
})
export type ReceiptAllocationInput = Static<typeof ReceiptAllocationInputSchema>

const balance = (description: string) => Type.Unsafe<number>({ ...Balance, description })
const ReceiptAllocation = Type.Object({
  amount: balance('How much of the receipt was to be shared out, in minor units.'), currency: Currency,
  criteria: Type.Array(Type.String(), { description: 'What decided among the debts, each where those before it said nothing.' }),
  source: OneOf(orderSources, 'Where that is from: the rule that was named (`agreement`), the `law`, or, where neither says anything, the `default`.'),
  clause: Nullable(Type.String({ description: 'Of a law: where it stands.' })), policyDecisionId: Type.Unsafe<Id<'policyDecision'> | null>({ ...Nullable(PolicyDecisionId), description: 'What the law was found to say; null of a dry run.' }),
  shares: Type.Array(Type.Object({
    accountId: IdOf('account'), amount: balance('What it gets, in minor units.'), paymentId: Type.Unsafe<Id<'payment'> | null>({ ...Nullable(IdOf('payment')), description: 'The payment that was made of it; null when it gets nothing, and of a dry run.' }),
    allocated: Type.Unsafe<ReturnType<typeof withTotal>>({ ...BucketsSchema, title: 'Balance', description: 'What that settles, part by part.' }),
  }), { description: 'The debts, by id.' }),
  left: balance('What is left of the receipt, in minor units.'),
}, { title: 'ReceiptAllocation' })

const show = ({ shares, policyDecisionId, ...shared }: Shared, isDry: boolean) => ({
  ...shared, policyDecisionId: isDry ? null : policyDecisionId,
  shares: shares.map(({ accountId, amount, payment }) => ({ accountId, amount, paymentId: isDry || payment === null ? null : payment.id, allocated: withTotal(payment === null ? noBuckets : bucketsOf(payment)) })),
})

/** Money shared out among several debts. */
export const shares: Api = app => {
  app.post('/v1/receipts/:receiptId/allocations', {
    config: { scope: 'receipts:write' },
    schema: {
      operationId: 'allocateReceipt', tags: ['payments'], summary: 'Share a receipt out among debts', description: 'Makes payments of what is left of a receipt, or of part of it, for several debts of one borrower with one lender: by a rule that was agreed, or as the law has it. All of them are made or none. What no debt needs stays with the receipt.',
      params: Type.Object({ receiptId: IdOf('receipt') }), body: ReceiptAllocationInputSchema,
      querystring: Type.Object({ dryRun: Type.Optional(Type.Boolean({ description: 'True: answers what each debt would get, and keeps nothing.' })) }, closed),
      response: { 200: ReceiptAllocation, 201: ReceiptAllocation, ...problems(NotFound, ReceiptUsedUp, ReceiptOverdrawn, DebtsApart, DebtsTooMany, NothingOwed, AccountNotPlaced, CurrencyMismatch, PaymentBeforePlacement) },
    },
  }, async (req, reply) => {
    const { dryRun = false } = req.query
    const { receiptId } = req.params
    if (dryRun) return await reply.code(200).send(await req.rehearse(async tx => show(await allocateReceipt(tx, receiptId, req.body), true)))
    return await reply.code(201).send(await req.tx(async tx => show(await allocateReceipt(tx, receiptId, req.body), false)))
  })
}
