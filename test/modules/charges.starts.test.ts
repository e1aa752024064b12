import fc from 'fast-check'
import t from 'tap'
import { addDays, addR, rational, zeroR } from '#kernel'
import type { DayCount } from '#kernel'
import { beginCharging, chargeThrough, postedOn } from '../../src/modules/charges/core.ts'
import type { ChargedDebt, ChargeTerms } from '../../src/modules/charges/core.ts'
import { firstInterestDay } from '../../src/modules/charges/accrual.core.ts'
import type { InterestRules } from '../../src/modules/charges/accrual.core.ts'
import { interestSegments } from '../../src/modules/rates/index.ts'
import { checkBooks } from '../books.ts'
import { aDebt, world } from '../world.ts'

const terms = (more: Partial<InterestRules> = {}): ChargeTerms => ({ interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F', values: [], ...more }, lateFees: [] })
const debt = (dates: Partial<ChargedDebt> = {}): ChargedDebt => ({ timeZone: 'UTC', dueOn: '2025-12-20', placedOn: '2026-01-05', judgedOn: '2025-12-28', limits: [], owed: { principal: 1_000_00, interest: 0, penalty: 0, costs: 0 }, ...dates })
const chargesUpTo = (rules: ChargeTerms, of: ChargedDebt, on: string) => chargeThrough(beginCharging(rules, of, []), of, rules, [], on).charges

t.test('interest runs from the day that was agreed, which bears some itself only if that was agreed too', async t => {
  // 36.5 % a year on 1,000.00: 1.00 a day, up to 10 January.
  const table: [why: string, more: Partial<InterestRules>, dates: Partial<ChargedDebt>, interest: number][] = [
    ['from the day after placement', {}, {}, 5_00], ['with the day of the placement', { startRule: 'includeBoth' }, {}, 6_00],
    ['from the day after it was due: eleven days of December and ten', { from: 'dueDate' }, {}, 21_00], ['with that day', { from: 'dueDate', startRule: 'includeBoth' }, {}, 22_00],
    ['due after it was placed', { from: 'dueDate' }, { dueOn: '2026-01-08' }, 2_00], ['with that day', { from: 'dueDate', startRule: 'includeBoth' }, { dueOn: '2026-01-08' }, 3_00],
    ['due on the day it was placed', { from: 'dueDate' }, { dueOn: '2026-01-05' }, 5_00], ['due a day later, with that day', { from: 'dueDate', startRule: 'includeBoth' }, { dueOn: '2026-01-06' }, 5_00],
    ['not due yet', { from: 'dueDate' }, { dueOn: '2026-02-01' }, 0],
    ['from the judgment', { from: 'judgment' }, {}, 13_00], ['with its day', { from: 'judgment', startRule: 'includeBoth' }, {}, 14_00], ['there is no judgment', { from: 'judgment' }, { judgedOn: null }, 0],
  ]
  for (const [why, more, dates, interest] of table) t.equal(chargesUpTo(terms(more), debt(dates), '2026-01-10').reduce((sum, { amount }) => sum + amount, 0), interest, why)
  t.same(chargesUpTo(terms({ from: 'dueDate' }), debt(), '2026-01-10').map(charge => [charge.fromOn, charge.toOn, postedOn(charge, debt())]), [['2025-12-21', '2026-01-10', '2026-01-10']])
  t.equal(postedOn({ toOn: '2025-12-31' }, debt()), '2026-01-05', 'what ends before the placement is posted on its day')
})

t.test('a rate may be frozen on the day of the judgment', async t => {
  const values = [{ from: '2025-01-01', value: '36.5' }, { from: '2025-12-25', value: '73' }, { from: '2026-01-01', value: '365' }]
  const frozen = { rate: undefined, index: 'treasury1y', values, reset: 'frozenAtJudgment' } as never
  t.match(chargesUpTo(terms(frozen), debt(), '2026-01-10'), [{ rate: '73', amount: 10_00 }])
  t.match(chargesUpTo(terms(frozen), debt({ judgedOn: '2025-12-24' }), '2026-01-10'), [{ rate: '36.5', amount: 5_00 }])
  t.same(chargesUpTo(terms(frozen), debt({ judgedOn: null }), '2026-01-10'), [], 'no judgment: no rate is known')
  t.match(chargesUpTo(terms({ ...frozen as object, reset: 'frozenAtDefault' }), debt(), '2026-01-10'), [{ rate: '36.5' }])
})

t.test('wherever it starts, and however the nights cut it, it is what a calculation of the same days comes to', async t => {
  const day = fc.integer({ min: 0, max: 400 }).map(n => addDays('2025-06-01', n))
  const dayCounts: readonly DayCount[] = ['ACT/365F', 'ACT/360', 'ACT/ACT ISDA', '30E/360', '30U/360', 'NL/365']
  fc.assert(fc.property(day, day, fc.constantFrom('placement' as const, 'dueDate' as const, 'judgment' as const), fc.constantFrom('excludeStartIncludeEnd' as const, 'includeBoth' as const), fc.constantFrom(...dayCounts), fc.array(day, { maxLength: 5 }), day, (dueOn, judgedOn, from, startRule, dayCount, nights, to) => {
    const rules = terms({ from, startRule, dayCount })
    const of = debt({ dueOn, judgedOn })
    let position = beginCharging(rules, of, [])
    let exact = zeroR
    for (const night of [...nights, to].sort().filter(night => night <= to)) {
      const next = chargeThrough(position, of, rules, [], night)
      position = next.position
      exact = next.charges.reduce((sum, charge) => addR(sum, rational(charge.exact)), exact)
    }
    const first = firstInterestDay(rules.interest!, of)!
    const whole = interestSegments({ from: addDays(first, -1), to, base: 1_000_00, rate: { unit: 'pct_year', value: '36.5' }, dayCount }).reduce((sum, segment) => addR(sum, segment.exact), zeroR)
    t.same(exact, whole)
  }), { numRuns: Number(process.env['FC_RUNS'] ?? 300) })
})

t.test('over HTTP: interest since the due date is posted on the day of the placement, and no day bears it twice', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const interest = { rate: '36.5', unit: 'pct_year' as const, dayCount: 'ACT/365F' as const, from: 'dueDate' as const }
  const lender = await w.lender(us, { interest })
  const input = { ...aDebt(), dueOn: '2025-12-20', judgedOn: '2025-12-28' }
  const { accountId, placementId } = await w.account(us, lender, input)
  const at = async (query = '') => (await w.ok<{ balance: { principal: number, interest: number } }>(us, 'GET', `/v1/accounts/${accountId}/balance${query}`)).balance
  const corrections = async () => (await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)).data
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { judgedOn: '2025-12-28' })
  await w.settle(us)
  // 16 days at 1.00, from the 21st to the 5th: added at once.
  t.match(await at(), { principal: 1_000_00, interest: 16_00 })
  t.match(await at('?asOf=2026-01-04'), { principal: 0, interest: 0 }, 'before it was placed it owed us nothing')
  await w.liveUntil(us, '2026-01-10T09:00:00Z')
  t.match([await at(), await at('?asOf=2026-01-05')], [{ interest: 21_00 }, { interest: 16_00 }])

  // 116.00 had come in on the day it was placed: 16.00 settle interest, 100.00 principal; 0.90 a day since: 4.50.
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 116_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' })
  t.match(await at(), { principal: 900_00, interest: 4_50 })

  // Recalled on the 10th and placed again on the 12th, with 900.00: the 11th and 12th had no interest yet, and no day has it twice.
  await w.ok(us, 'POST', `/v1/placements/${placementId}/recall`)
  await w.settle(us)
  await w.liveUntil(us, '2026-01-12T09:00:00Z')
  await w.account(us, lender, { ...input, balance: { principal: 900_00 } })
  await w.settle(us)
  t.match(await at(), { principal: 900_00, interest: 1_80 })
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  t.match(await at(), { interest: 4_50 })
  const before = (await corrections()).length
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 1_00, currency: 'CNY', receivedOn: '2026-01-12', receivedBy: 'agency', method: 'cash' })
  t.match(await at(), { principal: 900_00, interest: 3_50 }, 'a late payment of interest changes no interest')
  t.equal((await corrections()).length, before, 'and needs no correction')
  await checkBooks(t, w, us, 'from the due date')

  const [refused] = [await w.call(us, 'POST', '/v1/placements', { lenderId: lender.id, ...aDebt(), judgedOn: '2026-01-20' })]
  t.match(refused!.json(), { status: 422, code: 'days-out-of-order', errors: [{ pointer: '/judgedOn' }] })
  t.same(w.failures, [])
})

t.test('over HTTP: the day of the placement may bear interest, and a payment made on it finds it', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us, { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F', startRule: 'includeBoth' } })
  const { accountId } = await w.account(us, lender)
  await w.settle(us)
  const owed = async () => (await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance
  t.match(await owed(), { interest: 1_00 })
  await w.liveUntil(us, '2026-01-10T09:00:00Z')
  t.match(await owed(), { interest: 6_00 })
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 101_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' })
  t.match(await owed(), { principal: 900_00, interest: 4_50 }, '1.00 was owed on the day; 0.90 on each of five since')
  await checkBooks(t, w, us, 'include both')
  t.same(w.failures, [])
})
