import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { addDays, buckets, minor, totalOf } from '#kernel'
import { assessFees } from '../../src/modules/charges/lateFees.core.ts'
import { allocateHistory, legalOrders } from '../../src/modules/payments/allocation.core.ts'
import type { AllocationFact, Item, Waterfall } from '../../src/modules/payments/allocation.core.ts'

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 1_000) }
const day = (n: number): string => addDays('2026-01-01', n)

const item = fc.record({ part: fc.constantFrom(...buckets), dueOn: fc.nat({ max: 90 }).map(day), amount: fc.integer({ min: 0, max: 500_00 }), disputed: fc.option(fc.integer({ min: 0, max: 100_00 }), { nil: undefined, freq: 4 }) })
  .map(({ disputed, ...rest }): Item => ({ ...rest, ...disputed !== undefined && { disputed } }))
const items = fc.array(item, { maxLength: 8 })
const waterfall = fc.record({ due: fc.shuffledSubarray([...buckets], { minLength: 4 }), inAdvance: fc.shuffledSubarray([...buckets], { minLength: 0 }) })
const pay = (on: number, amount: number): AllocationFact => ({ kind: 'payment', on: day(on), amount: minor(amount) })
const payment = fc.tuple(fc.nat({ max: 90 }), fc.integer({ min: 1, max: 900_00 })).map(([on, amount]) => pay(on, amount))
const charge = item.chain(one => fc.nat({ max: 90 }).map((on): AllocationFact => ({ kind: 'charge', on: day(on), item: one })))
const facts = fc.array(fc.oneof({ weight: 3, arbitrary: payment }, { weight: 1, arbitrary: charge }), { maxLength: 8 })

t.test('invariants 11 and 12: what a payment settles and what is left are the payment; no item is paid more than it owes', async () => {
  fc.assert(fc.property(items, facts, waterfall, (owed, happened, order) => {
    const all = [...owed, ...happened.flatMap((fact, i) => fact.kind === 'charge' ? [{ fact, i }] : []).sort((a, b) => a.fact.on < b.fact.on ? -1 : a.fact.on > b.fact.on ? 1 : a.i - b.i).map(({ fact }) => fact.item)]
    const paid = all.map(() => 0)
    for (const { amount, parts, items: settled, overpaid } of allocateHistory(owed, happened, order)) {
      assert.equal(totalOf(parts) + overpaid, amount)
      assert.equal(settled.reduce((sum, one) => sum + one.amount, 0), totalOf(parts))
      for (const one of settled) paid[one.item]! += one.amount
    }
    paid.forEach((sum, i) => { assert(sum <= all[i]!.amount) })
  }), runs)
})

t.test('invariant 13: a larger payment gives no item less', async () => {
  fc.assert(fc.property(items, fc.nat({ max: 90 }), fc.integer({ min: 1, max: 900_00 }), fc.integer({ min: 0, max: 500_00 }), waterfall, (owed, on, amount, more, order) => {
    const of = (sum: number) => new Map(allocateHistory(owed, [pay(on, sum)], order)[0]!.items.map(one => [one.item, one.amount]))
    const larger = of(amount + more)
    for (const [which, sum] of of(amount)) assert((larger.get(which) ?? 0) >= sum)
  }), runs)
})

t.test('invariant 14: a payment in two on one day settles what it would have settled in one', async () => {
  fc.assert(fc.property(items, fc.nat({ max: 90 }), fc.integer({ min: 1, max: 500_00 }), fc.integer({ min: 1, max: 500_00 }), waterfall, (owed, on, a, b, order) => {
    const parts = (all: AllocationFact[]) => buckets.map(bucket => allocateHistory(owed, all, order).reduce((sum, one) => sum + one.parts[bucket], 0))
    assert.deepEqual(parts([pay(on, a), pay(on, b)]), parts([pay(on, a + b)]))
  }), runs)
})

t.test('invariant 15: nothing that is not due is paid while something due is open; and nothing in advance where the order says so', async () => {
  fc.assert(fc.property(items, fc.nat({ max: 90 }), fc.integer({ min: 1, max: 900_00 }), waterfall, (owed, on, amount, order) => {
    const undisputed = owed.map(({ disputed: _disputed, ...one }) => one)
    const [settled] = allocateHistory(undisputed, [pay(on, amount)], order)
    const paid = (i: number): number => settled!.items.find(one => one.item === i)?.amount ?? 0
    const isOpen = undisputed.some((one, i) => one.dueOn <= day(on) && paid(i) < one.amount)
    const inAdvance = undisputed.some((one, i) => one.dueOn > day(on) && paid(i) > 0)
    assert(!(isOpen && inAdvance))
    assert(allocateHistory(undisputed, [pay(on, amount)], { ...order, inAdvance: [] })[0]!.items.every(one => undisputed[one.item]!.dueOn <= day(on)))
  }), runs)
})

t.test('invariants 17 and 18: facts of different days settle the same in whatever order they arrive; a payment undone was never there', async () => {
  const distinct = facts.filter(all => new Set(all.map(fact => 'on' in fact ? fact.on : '')).size === all.length && all.every(({ kind }) => kind === 'payment'))
  const bare = (all: ReturnType<typeof allocateHistory>) => all.map(({ on, amount, parts, overpaid }) => ({ on, amount, parts, overpaid }))
  fc.assert(fc.property(items, distinct, waterfall, (owed, happened, order: Waterfall) => {
    assert.deepEqual(bare(allocateHistory(owed, [...happened].reverse(), order)), bare(allocateHistory(owed, happened, order)))
    const number = happened.length
    assert.deepEqual(bare(allocateHistory(owed, [...happened, pay(45, 100_00), { kind: 'undo', payment: number }], order)), bare(allocateHistory(owed, happened, order)))
  }), runs)
})

t.test('a charge written down after a payment of its day takes nothing from it; one written down before does', async t => {
  const fee: AllocationFact = { kind: 'charge', on: day(11), item: { part: 'costs', dueOn: day(11), amount: 10_00 } }
  const owed: Item[] = [{ part: 'principal', dueOn: day(31), amount: 1_000_00 }]
  const order: Waterfall = { due: ['costs', 'principal'], inAdvance: ['principal'] }
  t.match(allocateHistory(owed, [pay(11, 300_00), fee], order)[0], { parts: { principal: 300_00, costs: 0 } })
  t.match(allocateHistory(owed, [fee, pay(11, 300_00)], order)[0], { parts: { principal: 290_00, costs: 10_00 } })
})

t.test('every order by law names every part once, and where it stands', async t => {
  for (const [name, { order, source }] of Object.entries(legalOrders)) {
    t.same([...order].sort(), [...buckets].sort(), name)
    t.match(source, /\d/)
  }
  t.equal(legalOrders['de-bgb-497-consumer-loan']!.order.at(-1), 'interest', 'BGB 497(3): interest last')
})

t.test('invariant 16: of each cause there is one fee, and none for an earlier fee alone, however many are asked for', async () => {
  const violation = fc.record({ causedBy: fc.constantFrom('a', 'b', 'c'), base: fc.integer({ min: 0, max: 500_00 }), onlyFeesUnpaid: fc.boolean(), wasCharged: fc.boolean() }).map(one => ({ type: 'late', ...one }))
  fc.assert(fc.property(fc.array(violation, { minLength: 1, maxLength: 10 }), fc.integer({ min: 0, max: 200_00 }), fc.integer({ min: 0, max: 200_00 }), (all, cap, charged) => {
    const fees = assessFees({ amount: { kind: 'share', rate: '0.1' }, antiPyramiding: true, capByAssociatedAmount: true, cumulativeCap: { max: minor(cap), charged: minor(charged) } }, all)
    for (const cause of ['a', 'b', 'c']) assert(fees.filter((fee, i) => all[i]!.causedBy === cause && fee.charged > 0).length <= 1)
    fees.forEach((fee, i) => { if (all[i]!.onlyFeesUnpaid || all[i]!.wasCharged) assert.equal(fee.charged, 0) })
    // Invariant 26: the cap holds, those charged before included.
    assert(fees.reduce((sum, fee) => sum + fee.charged, 0) <= Math.max(0, cap - charged))
  }), runs)
})
