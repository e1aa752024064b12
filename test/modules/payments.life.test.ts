import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { addDays, noBuckets, totalOf } from '#kernel'
import type { Buckets } from '#kernel'
import { beginCharging } from '../../src/modules/charges/core.ts'
import type { ChargeTerms } from '../../src/modules/charges/core.ts'
import { differenceOf, movedBy } from '../../src/modules/ledger/core.ts'
import type { DatedLine } from '../../src/modules/ledger/core.ts'
import { live } from '../../src/modules/payments/life.core.ts'
import type { Beginning, Course, Fact } from '../../src/modules/payments/life.core.ts'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import type { World } from '../world.ts'

const runs = Number(process.env['FC_RUNS'] ?? 1_000)

const placedOn = '2026-01-05'
const day = (n: number): string => addDays(placedOn, n)
const nights = 40

const terms: ChargeTerms = {
  interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F', values: [] },
  lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 12, amount: 25_00 }, { code: 'returned', trigger: 'returnedPayment', amount: 7_00 }],
}
const beginning: Beginning = {
  opening: { principal: 1_000_00, interest: 12_34, penalty: 0, costs: 40_00 }, timeZone: 'UTC', dueOn: placedOn, placedOn, limits: [], terms, pauses: [], disputes: [], order: ['costs', 'penalty', 'interest', 'principal'],
  position: beginCharging(terms, { dueOn: placedOn, placedOn }, []),
}
const course: Course = { postingDays: Array.from({ length: nights }, (_, n) => day(n + 1)), through: day(nights), workedThrough: null, isOurs: true, isRecalled: false }

/** Facts in the order they were written down; whose days are any. */
const history = fc.array(fc.record({ on: fc.nat({ max: nights }), amount: fc.integer({ min: 1, max: 700_00 }), isWaiver: fc.boolean(), undoneAfter: fc.option(fc.nat({ max: 10 }), { nil: null, freq: 3 }) }), { maxLength: 7 })
  .map(acts => acts.flatMap(({ on, amount, isWaiver, undoneAfter }, i): Fact[] => isWaiver
    ? [{ kind: 'movement', on: day(on), lines: [{ debit: 'C.WAIVED', credit: 'D.PENALTY', amount }] }]
    : [
        { kind: 'payment', paymentId: `p${i}`, on: day(on), amount, receivedBy: i % 2 === 0 ? 'agency' : 'lender' },
        ...undoneAfter === null ? [] : [{ kind: 'reversal' as const, paymentId: `p${i}`, on: day(Math.min(nights, on + undoneAfter)), returned: i % 4 === 0 ? amount : null }],
      ]))

const zeroSum = (lines: readonly DatedLine[]): Buckets => movedBy(lines)

t.test('invariants 10 to 12 of a life: each part is what was opened and moved, none is ever below zero, a payment is all somewhere', async () => {
  fc.assert(fc.property(history, facts => {
    const { owed, lines, allocations } = live(beginning, facts, course)
    const moved = zeroSum(lines)
    for (const bucket of ['principal', 'interest', 'penalty', 'costs'] as const) {
      assert.equal(owed[bucket], beginning.opening[bucket] + moved[bucket])
      let open = beginning.opening[bucket]
      for (const line of lines) {
        open += movedBy([line])[bucket]
        assert(open >= 0, `${bucket} on ${line.on}`)
      }
    }
    for (const fact of facts) {
      if (fact.kind !== 'payment') continue
      const { allocated, overpaid } = allocations.get(fact.paymentId)!
      assert.equal(totalOf(allocated) + overpaid, fact.amount)
    }
  }), { numRuns: runs })
})

t.test('invariant 17: facts of different days end in the same life, in whatever order they were written down', async () => {
  const distinct = history.filter(facts => new Set(facts.map(({ on }) => on)).size === facts.length)
  fc.assert(fc.property(distinct, fc.infiniteStream(fc.nat()), (facts, dice) => {
    const shuffled = facts.map(fact => ({ fact, at: dice.next().value as number })).sort((a, b) => a.at - b.at).map(({ fact }) => fact)
    assert.deepEqual(live(beginning, shuffled, course), live(beginning, facts, course))
  }), { numRuns: runs })
})

t.test('invariant 18: a late fact and its undoing on the same day leave a zero-sum difference', async () => {
  fc.assert(fc.property(history, fc.nat({ max: nights }), fc.integer({ min: 1, max: 500_00 }), (facts, on, amount) => {
    const undone: Fact[] = [{ kind: 'payment', paymentId: 'late', on: day(on), amount, receivedBy: 'agency' }, { kind: 'reversal', paymentId: 'late', on: day(on), returned: null }]
    const before = live(beginning, facts, course)
    const after = live(beginning, [...facts, ...undone], course)
    // A payment on a day and its undoing on that day change nothing after it, unless a payment recorded before it on that day met a debt that was already settled.
    assert.deepEqual(after.owed, before.owed)
    assert.deepEqual(movedBy(differenceOf(before.lines, after.lines)), noBuckets)
  }), { numRuns: runs })
})

t.test('what a difference adds makes the one life the other, day by day', async () => {
  fc.assert(fc.property(history, history, (one, other) => {
    const a = live(beginning, one, course).lines
    const b = live(beginning, other, course).lines
    assert.deepEqual(differenceOf([...a, ...differenceOf(a, b)], b), [])
  }), { numRuns: runs })
})

t.test('interest of a life is that of its principal, day by day, rounded once', async () => {
  fc.assert(fc.property(history, facts => {
    const { lines, charges } = live(beginning, facts, course)
    const movedOn = (on: string): number => movedBy(lines.filter(line => line.on === on)).principal
    let principal = beginning.opening.principal
    let exact = 0
    for (let n = 1; n <= nights; n++) {
      // 36.5 % a year is one in a thousand a day. What is paid on the day of placement itself counts from the next morning.
      if (n === 1) principal += movedOn(placedOn)
      exact += principal
      principal += movedOn(day(n))
    }
    const posted = charges.filter(({ kind }) => kind === 'interest').reduce((sum, { amount }) => sum + amount, 0)
    assert.equal(posted, Math.round(exact / 1_000))
  }), { numRuns: runs })
})

type Act = { kind: 'pay', on: number, amount: number, receivedBy: 'agency' | 'lender' } | { kind: 'undo', which: number, after: number }

/** Plays acts through the API on a debt whose nights have all been charged, each as late as it comes; answers what the API then says. */
async function play (w: World, acts: readonly Act[]) {
  const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T09:00:00Z' })
  const lender = await w.lender(us, { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [...terms.lateFees] })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00, interest: 12_34, costs: 40_00 } })
  await w.liveUntil(us, `${day(nights)}T06:00:00Z`)
  const facts: Fact[] = []
  const paid: string[] = []
  for (const act of acts) {
    if (act.kind === 'pay') {
      const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: act.amount, currency: 'CNY', receivedOn: day(act.on), receivedBy: act.receivedBy, method: 'cash' })
      facts.push({ kind: 'payment', paymentId: id, on: day(act.on), amount: act.amount, receivedBy: act.receivedBy })
      paid.push(id)
    } else if (paid[act.which] !== undefined) {
      const of = facts.find(fact => fact.kind === 'payment' && fact.paymentId === paid[act.which])!
      const on = addDays(of.on, act.after)
      const reply = await w.call(us, 'POST', `/v1/payments/${paid[act.which]!}/reverse`, { reason: 'nsf', reversedOn: on })
      if (reply.statusCode === 200) facts.push({ kind: 'reversal', paymentId: paid[act.which]!, on, returned: of.kind === 'payment' && of.receivedBy === 'agency' ? of.amount : null })
    }
    await w.settle(us)
  }
  return { us, accountId, facts }
}

t.test('whatever order facts arrive in, what is posted is the life they make, and every book balances', async t => {
  const w = await world()
  t.teardown(w.close)
  const act: fc.Arbitrary<Act> = fc.oneof(
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('pay' as const), on: fc.nat({ max: nights }), amount: fc.integer({ min: 1, max: 300_00 }), receivedBy: fc.constantFrom('agency' as const, 'lender' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('undo' as const), which: fc.nat({ max: 2 }), after: fc.nat({ max: 5 }) }) })
  await fc.assert(fc.asyncProperty(fc.array(act, { minLength: 1, maxLength: 6 }), async acts => {
    const { us, accountId, facts } = await play(w, acts)
    const life = live(beginning, facts, course)
    const { balance } = await w.ok<{ balance: Buckets }>(us, 'GET', `/v1/accounts/${accountId}`)
    assert.deepEqual({ ...noBuckets, ...balance, total: 0 }, { ...life.owed, total: 0 })
    for (const n of [3, 14, 27]) {
      const then = await w.ok<{ balance: Buckets }>(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=${day(n)}`)
      const expected = movedBy(life.lines.filter(({ on }) => on <= day(n)))
      for (const bucket of ['principal', 'interest', 'penalty', 'costs'] as const) assert.equal(then.balance[bucket], beginning.opening[bucket] + expected[bucket], `${bucket} on ${day(n)}`)
    }
    const { data: entries } = await w.ok<{ data: { paymentId: string, commission: number }[] }>(us, 'GET', `/v1/commission-entries?accountId=${accountId}&limit=200`)
    for (const [paymentId, { allocated }] of life.allocations) {
      const isUndone = facts.some(fact => fact.kind === 'reversal' && fact.paymentId === paymentId)
      const earned = entries.filter(entry => entry.paymentId === paymentId).reduce((sum, { commission }) => sum + commission, 0)
      // A fifth of principal and interest, half up.
      assert.equal(earned, isUndone ? 0 : Math.round((allocated.principal + allocated.interest) / 5), 'what a payment earned is what it settles')
    }
    await checkBooks(t, w, us, 'late facts')
    assert.deepEqual(w.failures, [])
    // A few are enough here: the histories of the invariants live a thousand side by side.
  }), { numRuns: 5, endOnFailure: true })
})

t.test('a payment undone for a day before its debt was recalled: what is owed leaves the books whole, and every book balances', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T09:00:00Z' })
  const lender = await w.lender(us, { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId, placementId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-10T06:00:00Z')
  // Five days at 1.00: 5.00 of interest and 500.00 of principal.
  const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 505_00, currency: 'CNY', receivedOn: '2026-01-10', receivedBy: 'agency', method: 'cash' })
  await w.liveUntil(us, '2026-01-20T06:00:00Z')
  await w.ok(lender, 'POST', `/v1/placements/${placementId}/recall`, {})
  await w.liveUntil(us, '2026-01-25T06:00:00Z')
  await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-12' })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { total: 0 } })
  // 5.00 by the 10th, two days at 0.50 until the 12th, then eight at 1.00 until the recall on the 20th: 14.00 in all, none after it.
  t.match(await checkBooks(t, w, us, 'undone after a recall'), { 'C.ACCRUED': -14_00, 'C.RECALLED': 1_014_00, 'D.PRINCIPAL': 0, 'D.INTEREST': 0, 'C.COLLECTED_AGENCY': 0 })
  t.same(w.failures, [])
})

t.test('a payment that settles other parts since a late one came in is undone as it stands now, whenever that is', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T09:00:00Z' })
  const lender = await w.lender(us, { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  const pay = async (amount: number, receivedOn: string) => (await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy: 'agency', method: 'cash' })).id
  // 1.00 a day: on the 15th 110.00 settle 10.00 of interest and 100.00 of principal.
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  const first = await pay(110_00, '2026-01-15')
  // On the 20th it is found that 505.00 came in on the 10th: 0.50 a day from then on, so 2.50 of interest on the 15th and 107.50 of principal; 392.50 left, 5 days at 0.3925 are 1.96.
  await w.liveUntil(us, '2026-01-20T09:00:00Z')
  await pay(505_00, '2026-01-10')
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 392_50, interest: 1_96 } })
  await w.ok(us, 'POST', `/v1/payments/${first}/reverse`, { reason: 'nsf', reversedOn: '2026-01-20' })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 500_00, interest: 4_46 } })
  await checkBooks(t, w, us, 'undone as it stands')
  t.same(w.failures, [])
})
