import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, SignedAmount, Text, buckets, closed, problems } from '#kernel'
import type { Id, Minor } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api, Tx } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { ReversalTooEarly } from '../ledger/index.ts'
import { AccountNotPlaced } from '../placements/index.ts'
import { addCosts, adjustBalance, grantDiscount, reverseAdjustment, showAdjustment, writeOffDebt } from './commands.ts'
import {
  AdjustmentAlreadyReversed, AdjustmentBeforePlacement, AdjustmentDuplicate, AdjustmentInFuture, MoreThanOwed, adjustmentKinds, balanceReasons, costReasons, discountReasons, writeOffReasons,
} from './core.ts'
import { findAdjustment, listAdjustments } from './db.ts'
import { waivers } from './waivers.api.ts'

const day = (description: string) => Type.Unsafe<string>({ ...Day, description })
const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })

const said = {
  on: day('The day it takes effect: not before the placement, and not in the future.'),
  reference: Type.Optional(Text(100, 'Its number at the lender or the agency, unique with the lender: sent again under it, it is recorded once.', ['ADJ-2026-0001'])),
  note: Type.Optional(Text(2_000, 'What is to be known of it, for colleagues. Kept sealed.')),
}
const amount = Type.Unsafe<Minor>({ ...Amount, description: 'One amount, in minor units: taken from the parts in the order in which a payment settles them.' })
const SomeParts = Type.Object(Object.fromEntries(buckets.map(part => [part, Type.Optional(Type.Unsafe<Minor>({ ...Amount, description: `So much of ${part}, in minor units.` }))])) as unknown as Record<typeof buckets[number], ReturnType<typeof Type.Optional<typeof Amount>>>,
  { title: 'AdjustmentParts', ...closed, minProperties: 1, description: 'So much of each part of the debt, in minor units; a part left out is nothing.' })
const taking = { amount: Type.Optional(amount), parts: Type.Optional(SomeParts) }
const oneOf = [{ required: ['amount'] }, { required: ['parts'] }]

const CostInputSchema = Type.Object({ amount: Amount, reason: OneOf(costReasons, 'What the costs are for.'), ...said },
  { title: 'CostInput', ...closed, examples: [{ amount: 40_00, on: '2026-01-31', reason: 'courtFee', reference: 'COURT-2026-17' }] })
export type CostInput = Static<typeof CostInputSchema>

const DiscountInputSchema = Type.Object({
  ...taking, reason: OneOf(discountReasons, 'Why the lender forgoes it.'), authorizedBy: Text(100, 'On whose word: the lender\'s number of the decision.', ['MANDATE-7']), ...said,
}, { title: 'DiscountInput', ...closed, oneOf, examples: [{ parts: { principal: 245_00 }, on: '2026-01-31', reason: 'settlement', authorizedBy: 'MANDATE-7' }, { amount: 245_00, on: '2026-01-31', reason: 'hardship', authorizedBy: 'LETTER-2026-3' }] })
export type DiscountInput = Static<typeof DiscountInputSchema>

const WriteOffInputSchema = Type.Object({ ...taking, reason: OneOf(writeOffReasons, 'Why the lender gives it up.'), ...said },
  { title: 'WriteOffInput', ...closed, oneOf, examples: [{ amount: 60_00, on: '2026-01-31', reason: 'uncollectible' }, { parts: { interest: 10_00, penalty: 5_00 }, on: '2026-01-31', reason: 'timeBarred' }] })
export type WriteOffInput = Static<typeof WriteOffInputSchema>

const BalanceAdjustmentInputSchema = Type.Object({ raised: Type.Optional(SomeParts), lowered: Type.Optional(SomeParts), reason: OneOf(balanceReasons, 'Why the balance was wrong.'), ...said },
  { title: 'BalanceAdjustmentInput', ...closed, anyOf: [{ required: ['raised'] }, { required: ['lowered'] }], examples: [{ lowered: { principal: 100_00 }, raised: { interest: 20_00 }, on: '2026-01-31', reason: 'lenderCorrection' }] })
export type BalanceAdjustmentInput = Static<typeof BalanceAdjustmentInputSchema>

const AdjustmentReversalInputSchema = Type.Object({ reversedOn: day('The day it takes effect: not before the adjustment.') }, { title: 'AdjustmentReversalInput', ...closed, examples: [{ reversedOn: '2026-02-04' }] })
export type AdjustmentReversalInput = Static<typeof AdjustmentReversalInputSchema>

const Adjustment = Type.Object({
  id: IdOf('adjustment'), accountId: IdOf('account'), lenderId: IdOf('lender'), placementId: IdOf('placement'),
  kind: OneOf(adjustmentKinds, '`cost`: the agency advanced it; `discount`: the lender forgoes it; `writeOff`: the lender gives it up; `balance`: it was wrong; `waiver`: a charge taken back.'),
  reason: Type.String({ description: 'Why.' }), authorizedBy: Nullable(Type.String({ description: 'On whose word a discount was granted.' })), reference: Nullable(Type.String({ description: 'Its number, if it has one.' })),
  chargeId: Nullable(Type.Unsafe<Id<'charge'>>({ ...IdOf('charge'), description: 'The charge that a waiver took back.' })), effectiveOn: day('The day it took effect.'), currency: Currency,
  moved: Type.Object({
    principal: signed('Principal, in minor units.'), interest: signed('Interest, in minor units.'), penalty: signed('Late fees and penalties, in minor units.'), costs: signed('Costs, in minor units.'), total: signed('In all, in minor units.'),
  }, { title: 'SignedBalance', description: 'By how much it changed what is owed.' }),
  hasNote: Type.Boolean({ description: 'Whether a note was left.' }), note: Nullable(Type.String({ description: 'The note, for a key that may reveal personal data; otherwise null.' })),
  journalEntryId: IdOf('journalEntry'), createdAt: Instant,
  reversal: Nullable(Type.Object({ reversedOn: day('The day it was undone.'), journalEntryId: IdOf('journalEntry'), createdAt: Instant }, { title: 'AdjustmentReversal' })),
}, { title: 'Adjustment' })

const refusals = [NotFound, AccountNotPlaced, AdjustmentDuplicate, AdjustmentInFuture, AdjustmentBeforePlacement]

export const api: Api = (app, services) => {
  const { vault } = services
  const tags = ['adjustments']
  const accountPath = Type.Object({ accountId: IdOf('account') })
  const path = Type.Object({ adjustmentId: IdOf('adjustment') })
  const safeFor = async (tx: Tx, scopes: ReadonlySet<string>) => scopes.has('parties:reveal') ? await vault.safeOf(tx) : null

  app.post('/v1/accounts/:accountId/costs', {
    config: { scope: 'adjustments:write' },
    schema: {
      operationId: 'addCosts', tags, summary: 'Add costs', description: 'Adds costs that the agency paid to a debt. They are recovered first of what comes in for it.', params: accountPath, body: CostInputSchema, response: { 201: Adjustment, ...problems(...refusals) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showAdjustment(null, await addCosts(tx, vault, req.params.accountId, req.body)))))

  app.post('/v1/accounts/:accountId/discounts', {
    config: { scope: 'adjustments:write' },
    schema: {
      operationId: 'grantDiscount', tags, summary: 'Grant a discount', description: 'Takes off a debt what its lender forgoes, on the lender\'s word. A debt that then owes nothing is closed as settled.', params: accountPath,
      body: DiscountInputSchema, response: { 201: Adjustment, ...problems(...refusals, MoreThanOwed) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showAdjustment(null, await grantDiscount(tx, vault, req.params.accountId, req.body)))))

  app.post('/v1/accounts/:accountId/write-offs', {
    config: { scope: 'adjustments:write' },
    schema: {
      operationId: 'writeOffDebt', tags, summary: 'Write off', description: 'Takes off a debt what its lender gives up. A debt that then owes nothing is closed as written off.', params: accountPath,
      body: WriteOffInputSchema, response: { 201: Adjustment, ...problems(...refusals, MoreThanOwed) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showAdjustment(null, await writeOffDebt(tx, vault, req.params.accountId, req.body)))))

  app.post('/v1/accounts/:accountId/balance-adjustments', {
    config: { scope: 'adjustments:write' },
    schema: {
      operationId: 'adjustBalance', tags, summary: 'Correct a balance', description: 'Raises and lowers parts of a debt to what they are. No part goes below zero.', params: accountPath,
      body: BalanceAdjustmentInputSchema, response: { 201: Adjustment, ...problems(...refusals, MoreThanOwed) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showAdjustment(null, await adjustBalance(tx, vault, req.params.accountId, req.body)))))

  app.get('/v1/accounts/:accountId/adjustments', {
    config: { scope: 'adjustments:read' },
    schema: {
      operationId: 'listAdjustments', tags, summary: 'What changed a balance', description: 'Changes of what an account owes that are no payments and no charges, in the order they were recorded, undone ones included.', params: accountPath,
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(Adjustment, 'AdjustmentPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    const page = await listAdjustments(tx, req.params.accountId, keyset(req.query))
    const safe = await safeFor(tx, req.caller.scopes)
    return { ...page, data: page.data.map(row => showAdjustment(safe, row)) }
  }))

  app.get('/v1/adjustments/:adjustmentId', {
    config: { scope: 'adjustments:read' },
    schema: { operationId: 'getAdjustment', tags, summary: 'Read an adjustment', description: 'One adjustment, with its reversal when it was undone.', params: path, response: { 200: Adjustment, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const adjustment = await findAdjustment(tx, req.params.adjustmentId)
    if (adjustment === null) throw NotFound()
    return showAdjustment(await safeFor(tx, req.caller.scopes), adjustment)
  }))

  app.post('/v1/adjustments/:adjustmentId/reverse', {
    config: { scope: 'adjustments:write' },
    schema: {
      operationId: 'reverseAdjustment', tags, summary: 'Undo an adjustment', description: 'Undoes an adjustment, once: the exact opposite of what was booked. What was added and has been paid since cannot be taken away. A debt it had closed is worked again.', params: path,
      body: AdjustmentReversalInputSchema, response: { 200: Adjustment, ...problems(NotFound, AdjustmentAlreadyReversed, AccountNotPlaced, ReversalTooEarly, AdjustmentInFuture, MoreThanOwed) },
    },
  }, async req => await req.tx(async tx => showAdjustment(null, await reverseAdjustment(tx, req.params.adjustmentId, req.body))))

  waivers(app, services)
}
