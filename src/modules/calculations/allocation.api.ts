import { Type } from 'typebox'
import { Currency, Day, OneOf, Ratio, buckets, closed, isCurrency, problems, withTotal } from '#kernel'
import type { Bucket } from '#kernel'
import type { Api } from '#platform'
import { allocateHistory, legalOrders, precedences } from '../payments/index.ts'
import type { AllocationFact, Waterfall } from '../payments/index.ts'
import { CalculationRefused, Money, Sum, refusal } from './schema.core.ts'

const Order = (description: string) => Type.Array(OneOf(buckets, 'A part of the debt.'), { maxItems: 4, uniqueItems: true, description })

const Item = Type.Object({
  part: OneOf(buckets, 'What part of the debt it is. Fees that are no penalty are `costs`.'), dueOn: Type.Unsafe<string>({ ...Day, description: 'The day it is due.' }), amount: Sum('What it comes to, in minor units.'),
  disputed: Type.Optional(Sum('What of it is disputed: paid last.')), ratePercent: Type.Optional(Ratio),
}, { ...closed, title: 'OwedItem' })

const AllocationInput = Type.Object({
  currency: Currency,
  waterfall: Type.Object({
    due: Type.Optional(Order('The order in which what is due is settled.')), inAdvance: Type.Optional(Order('The order for what is not due yet; that of `due` when left out. An empty list: nothing is paid in advance.')),
    law: Type.Optional(OneOf(Object.keys(legalOrders), 'Instead of `due`: an order that a law gives.')), precedence: Type.Optional(OneOf(precedences, 'What comes first among items of one part: `dueFirst` when left out, or `highestRate`.')),
  }, { ...closed, oneOf: [{ required: ['due'] }, { required: ['law'] }], description: 'The order of settlement.' }),
  items: Type.Array(Item, { maxItems: 1_000, description: 'What is owed from the start: instalments by part, charges.' }),
  facts: Type.Array(Type.Unsafe<AllocationFact>(Type.Union([
    Type.Object({ kind: Type.Literal('charge', { description: 'Something more is owed.' }), on: Type.Unsafe<string>({ ...Day, description: 'The day it took effect.' }), item: Item }, closed),
    Type.Object({ kind: Type.Literal('payment', { description: 'A payment.' }), on: Type.Unsafe<string>({ ...Day, description: 'The day it was received.' }), amount: Sum('The payment, in minor units.') }, closed),
    Type.Object({ kind: Type.Literal('undo', { description: 'A payment is undone, as if it had never been.' }), payment: Type.Integer({ minimum: 0, maximum: 999, description: 'Its place among the payments, from 0.' }) }, closed),
  ], { title: 'AllocationFact' })), { minItems: 1, maxItems: 1_000, description: 'What happened, in the order it was written down; each takes effect on its own day.' }),
}, {
  title: 'AllocationInput', ...closed,
  examples: [{
    currency: 'EUR', waterfall: { due: ['penalty', 'costs', 'interest', 'principal'], inAdvance: ['principal', 'penalty', 'costs', 'interest'] },
    items: [{ part: 'principal', dueOn: '2026-02-01', amount: 100_000 }, { part: 'interest', dueOn: '2026-02-01', amount: 3_000 }],
    facts: [{ kind: 'charge', on: '2026-02-10', item: { part: 'penalty', dueOn: '2026-02-10', amount: 2_500 } }, { kind: 'payment', on: '2026-02-15', amount: 50_000 }],
  }],
})

const part = (name: string) => Money(`What it settled: ${name}, in minor units.`)
const AllocationAnswer = Type.Object({
  currency: Currency, order: Order('The order for what is due.'), source: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Of an order by law: where it stands.' }),
  payments: Type.Array(Type.Object({
    payment: Type.Integer({ description: 'Its place among the payments.' }), on: Day, amount: Money('The payment.'),
    parts: Type.Object({ principal: part('principal'), interest: part('interest'), penalty: part('penalty'), costs: part('costs'), total: part('in all') }, { description: 'What it settled, part by part.' }),
    items: Type.Array(Type.Object({ item: Type.Integer({ description: 'The place of the item: those owed from the start first, then charges in the order of their days.' }), amount: Money('What it settled of it.') }), { description: 'What it settled, item by item.' }),
    overpaid: Money('What was left when nothing was owed.'),
  }), { description: 'Payments that hold, in the order of their days.' }),
}, { title: 'AllocationAnswer' })

export const api: Api = app => {
  app.post('/v1/calculations/allocation', {
    config: { scope: 'calculations:read' },
    schema: {
      operationId: 'calculateAllocation', tags: ['calculations'], summary: 'Allocate payments', description: 'What payments settle of what is owed, in an order agreed or given by a law: what is due, then what is not, what is disputed last. Facts may be given in the order they became known: each takes effect on its own day.',
      body: AllocationInput, response: { 200: AllocationAnswer, ...problems(CalculationRefused) },
    },
  }, async ({ body: { currency, waterfall, items, facts } }) => {
    if (!isCurrency(currency)) throw refusal('/currency', 'is not a currency of ISO 4217')
    const count = facts.filter(({ kind }) => kind === 'payment').length
    facts.forEach((fact, i) => { if (fact.kind === 'undo' && fact.payment >= count) throw refusal(`/facts/${i}/payment`, 'names no payment') })
    const law = waterfall.law === undefined ? null : legalOrders[waterfall.law]!
    const due: readonly Bucket[] = law?.order ?? waterfall.due!
    const order: Waterfall = { due, inAdvance: waterfall.inAdvance ?? due, ...waterfall.precedence !== undefined && { precedence: waterfall.precedence } }
    return { currency, order: [...due], source: law?.source ?? null, payments: allocateHistory(items, facts, order).map(payment => ({ ...payment, parts: withTotal(payment.parts) })) }
  })
}
