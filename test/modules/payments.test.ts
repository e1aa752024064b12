import fc from 'fast-check'
import t from 'tap'
import { buckets, lessBuckets, minor, totalOf } from '#kernel'
import type { Bucket, Buckets } from '#kernel'
import { allocate, checkPayment, checkRepeat, closeCodeOf, isSettled } from '../../src/modules/payments/core.ts'
import type { PaymentFacts } from '../../src/modules/payments/core.ts'

const owed: Buckets = { principal: 1_000_00, interest: 30_00, penalty: 50_00, costs: 40_00 }

t.test('a payment settles the parts of a debt in the agreed order', async t => {
  const lawful: Bucket[] = ['costs', 'penalty', 'interest', 'principal']
  const table: [amount: number, order: Bucket[], allocated: number[], overpaid: number, why: string][] = [
    [540_00, lawful, [420_00, 30_00, 50_00, 40_00], 0, 'postings.json PAY_AGENCY_ALLOCATED: costs 40, penalty 50, interest 30, principal 420'],
    [1, lawful, [0, 0, 0, 1], 0, 'a cent goes to the first'],
    [40_00, lawful, [0, 0, 0, 40_00], 0, 'the second gets nothing until the first is settled'],
    [40_01, lawful, [0, 0, 1, 40_00], 0, ''],
    [1_120_00, lawful, [1_000_00, 30_00, 50_00, 40_00], 0, 'all of it'],
    [1_130_00, lawful, [1_000_00, 30_00, 50_00, 40_00], 10_00, 'what is left is overpaid'],
    [1_010_00, ['principal', 'interest', 'costs', 'penalty'], [1_000_00, 10_00, 0, 0], 0, 'BGB 497(3): interest after principal'],
  ]
  for (const [amount, order, [principal, interest, penalty, costs], overpaid, why] of table) {
    t.same(allocate(owed, minor(amount), order), { allocated: { principal, interest, penalty, costs }, overpaid }, why)
  }
})

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 500) }
const anyPart = fc.integer({ min: 0, max: 1_000_000_00 }).map(minor)
const anyOwed = fc.record({ principal: anyPart, interest: anyPart, penalty: anyPart, costs: anyPart })
const anyOrder = fc.shuffledSubarray([...buckets], { minLength: 4 })
const anyAmount = fc.integer({ min: 1, max: 5_000_000_00 }).map(minor)

t.test('invariants 11 to 14 of an allocation', async t => {
  fc.assert(fc.property(anyOwed, anyAmount, anyAmount, anyOrder, (owed, amount, more, order) => {
    const { allocated, overpaid } = allocate(owed, amount, order)
    // 11, 12: nothing below zero, no part above what it owes, and every cent is somewhere.
    const isBounded = buckets.every(bucket => allocated[bucket] >= 0 && allocated[bucket] <= owed[bucket]) && totalOf(allocated) + overpaid === amount
    // 13: a later part gets money only when all before it are settled; a larger payment gives no part less.
    const firstOpen = order.findIndex(bucket => allocated[bucket] < owed[bucket])
    const isWaterfall = firstOpen === -1 || (order.slice(firstOpen + 1).every(bucket => allocated[bucket] === 0) && overpaid === 0)
    const larger = allocate(owed, minor(amount + more), order)
    const isMonotone = buckets.every(bucket => larger.allocated[bucket] >= allocated[bucket])
    // 14: two payments on one day are one payment.
    const second = allocate(lessBuckets(owed, allocated), more, order)
    const isSplittable = buckets.every(bucket => allocated[bucket] + second.allocated[bucket] === larger.allocated[bucket]) && overpaid + second.overpaid === larger.overpaid
    return isBounded && isWaterfall && isMonotone && isSplittable
  }), runs)
})

t.test('what an account cannot take is refused by name', async t => {
  const account = { currency: 'CNY' }, placement = { placedOn: '2026-01-05' }
  t.throws(() => checkPayment(account, placement, { currency: 'USD', receivedOn: '2026-01-06' }), { code: 'currency-mismatch' })
  t.throws(() => checkPayment(account, placement, { currency: 'CNY', receivedOn: '2026-01-04' }), { code: 'payment-before-placement' })
  t.doesNotThrow(() => checkPayment(account, placement, { currency: 'CNY', receivedOn: '2026-01-05' }))
})

t.test('a repeat is a repeat only when all of it is the same', async t => {
  const known: PaymentFacts = { accountId: 'acc_1', amount: 1_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' }
  t.doesNotThrow(() => checkRepeat(known, { ...known }))
  for (const other of [{ accountId: 'acc_2' }, { amount: 2_00 }, { currency: 'USD' }, { receivedOn: '2026-01-06' }, { receivedBy: 'lender' as const }, { method: 'card' }]) {
    t.throws(() => checkRepeat(known, { ...known, ...other }), { code: 'payment-duplicate' }, Object.keys(other)[0]!)
  }
})

t.test('a debt is closed by what settled it', async t => {
  t.equal(closeCodeOf('agency'), 'paidInFull')
  t.equal(closeCodeOf('lender'), 'paidToLender')
  t.ok(isSettled({ principal: 0, interest: 0, penalty: 0, costs: 0 }))
  for (const bucket of buckets) t.notOk(isSettled({ principal: 0, interest: 0, penalty: 0, costs: 0, [bucket]: 1 }), bucket)
})
