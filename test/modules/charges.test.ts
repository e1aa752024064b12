import { isDeepStrictEqual } from 'node:util'
import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import t from 'tap'
import { addDays, addR, compareR, countDays, dayCounts, formatR, minor, mulR, ratio, rational, roundR, subR, wholeR, zeroR } from '#kernel'
import type { DayCount } from '#kernel'
import { chargeDue } from '../../src/modules/charges/commands.ts'
import { noAccrual } from '../../src/modules/charges/accrual.core.ts'
import { beginCharging, chargeReturnedPayment, chargeThrough, debtMax, nextDueAt } from '../../src/modules/charges/core.ts'
import type { ChargedDebt, ChargeTerms, NewCharge, Position } from '../../src/modules/charges/core.ts'
import { lateFeeOn } from '../../src/modules/charges/fees.core.ts'
import type { Pause } from '../../src/modules/charges/pauses.core.ts'
import type { AgreementTerms, LateFeeTerms } from '../../src/modules/lenders/index.ts'
import { dailyPercent } from '../../src/modules/rates/interest.core.ts'
import { checkBooks } from '../books.ts'
import { aDebt, strangeId, world } from '../world.ts'
import type { Agency, As } from '../world.ts'

type Interest = NonNullable<AgreementTerms['interest']>
/** A debt's charges on the day it is placed, with one late fee to come. */
const placed = (on: string, feeOn: string | null = null): Position =>
  ({ chargedThroughOn: on, interest: noAccrual, fees: { pending: feeOn === null ? [] : [{ code: 'late', turn: 1, onOrAfter: feeOn }], charged: 0, lastOn: {} } })
const debt = (principal: number, timeZone = 'Asia/Shanghai'): ChargedDebt => ({ timeZone, dueOn: '2026-01-01', placedOn: '2026-01-01', limits: [], owed: { principal: minor(principal), interest: 0, penalty: 0, costs: 0 } })
const terms = (interest: Interest | null, fee: Partial<LateFeeTerms> | null = null): ChargeTerms =>
  ({ interest: interest === null ? null : { ...interest, values: [] }, lateFees: fee === null ? [] : [{ code: 'late', trigger: 'overdue', ...fee }] })
const yearly = (rate: string, dayCount: 'ACT/365F' | 'ACT/360' = 'ACT/365F') => ({ rate, unit: 'pct_year' as const, dayCount })
const amounts = (charges: NewCharge[]) => charges.map(({ kind, toOn, amount }) => [kind, toOn, amount])

t.test('interest is the exact sum, rounded once, as published tables have it', async t => {
  const table: [principal: number, rate: string, unit: 'pct_year' | 'pct_day' | 'per10k_day', dayCount: 'ACT/365F' | 'ACT/360', days: number, interest: number, why: string][] = [
    [5_000_00, '12.25', 'pct_year', 'ACT/365F', 101, 169_49, '5000 * 0.1225 * 101 / 365 = 169.486'],
    [1_000_00, '8', 'pct_year', 'ACT/365F', 365, 80_00, 'a year at 8 % is 80.00, leap day or not'],
    [1_000_00, '8', 'pct_year', 'ACT/365F', 366, 80_22, '80 * 366 / 365 = 80.219'],
    [1_500_00, '6', 'pct_year', 'ACT/360', 30, 7_50, '1500 * 0.06 * 30 / 360'],
    [10_000_00, '1.75', 'per10k_day', 'ACT/365F', 20, 35_00, 'Fa Shi [2014] 8: 1.75 per ten thousand a day: 1.75 * 20'],
    [10_000_00, '1.75', 'per10k_day', 'ACT/360', 20, 35_00, 'a daily rate knows no year'],
    [2_000_00, '0.05', 'pct_day', 'ACT/365F', 7, 7_00, '2000 * 0.0005 * 7'],
    [1_00, '100/3', 'pct_year', 'ACT/365F', 365, 33, '33 1/3 % of 1.00'],
    [1, '50', 'pct_year', 'ACT/365F', 365, 1, 'half a cent is a cent'],
    [1_000_00, '0', 'pct_year', 'ACT/365F', 365, 0, 'a rate of zero earns nothing'],
  ]
  for (const [principal, rate, unit, dayCount, days, interest, why] of table) {
    const { charges } = chargeThrough(placed('2026-01-01'), debt(principal), terms({ rate, unit, dayCount }), [], addDays('2026-01-01', days))
    t.equal(charges[0]?.amount ?? 0, interest, why)
    if (interest > 0) t.match(charges, [{ kind: 'interest', fromOn: '2026-01-02', toOn: addDays('2026-01-01', days), days, base: principal }])
  }
})

t.test('day by day: each night posts what brings the sum to the exact total, so that no cent is lost to rounding', async t => {
  // 100.00 at 10 % a year: 2.7397 cents a day. Exact totals 2.74, 5.48, 8.22, 10.96, 13.70 cents -> 3, 5, 8, 11, 14 posted in all.
  let position = placed('2026-02-26')
  const posted: number[] = []
  for (const on of ['2026-02-27', '2026-02-28', '2026-03-01', '2026-03-02', '2026-03-03']) {
    const night = chargeThrough(position, debt(100_00), terms(yearly('10')), [], on)
    posted.push(night.charges[0]!.amount)
    position = night.position
  }
  t.same(posted, [3, 2, 3, 3, 3])
  t.match(position, { chargedThroughOn: '2026-03-03', interest: { exact: rational('1000/73'), posted: 14 } })
  t.same(amounts(chargeThrough(placed('2026-02-26'), debt(100_00), terms(yearly('10')), [], '2026-03-03').charges), [['interest', '2026-03-03', 14]], 'five nights in one go')
  t.same(chargeThrough(position, debt(100_00), terms(yearly('10')), [], '2026-03-03'), { position, charges: [] }, 'twice is once')
  t.same(chargeThrough(position, debt(100_00), terms(yearly('10')), [], '2026-03-01').charges, [], 'a day in the past is charged already')
})

t.test('interest runs from the day after placement, on principal only, and pauses on days that begin on hold', async t => {
  const hold: Pause = { startsAt: '2026-01-03T02:00:00Z', endsAt: '2026-01-06T02:00:00Z', stopsInterest: true, stopsLateFees: false }
  // In Shanghai (UTC+8) the hold runs from 10:00 on the 3rd to 10:00 on the 6th: the 4th, 5th and 6th begin on hold.
  const of = (on: string, pauses: Pause[] = [hold]) => chargeThrough(placed('2026-01-01'), debt(365_00), terms(yearly('100')), pauses, on).charges.map(({ fromOn, toOn, amount }) => [fromOn.slice(8), toOn.slice(8), amount])
  t.same(of('2026-01-01'), [], 'the day of placement bears none')
  t.same(of('2026-01-03'), [['02', '03', 2_00]], 'the day it is placed on hold had begun')
  t.same(of('2026-01-06'), [['02', '03', 2_00]])
  t.same(of('2026-01-08'), [['02', '03', 2_00], ['07', '08', 2_00]], 'a row for each stretch')
  t.same(of('2026-01-08', [{ ...hold, stopsInterest: false, stopsLateFees: true }]), [['02', '08', 7_00]], 'a hold that lets interest run')
  t.same(of('2026-01-08', [hold, { ...hold, startsAt: '2026-01-05T00:00:00Z', endsAt: null }]), [['02', '03', 2_00]], 'two holds that overlap count once')
  t.match(chargeThrough(placed('2026-01-01'), debt(365_00, 'America/New_York'), terms(yearly('100')), [hold], '2026-01-08').charges, [{ toOn: '2026-01-02', days: 1 }, { fromOn: '2026-01-06', days: 3 }], 'the same hold in the calendar of New York: from 21:00 on the 2nd, so the 3rd, 4th and 5th')
  t.same(chargeThrough(placed('2026-01-01'), debt(0), terms(yearly('100')), [], '2026-02-01').charges, [], 'without principal there is no interest')
})

t.test('one late fee, the first day after the days of grace, as agreed', async t => {
  t.equal(lateFeeOn(10, '2026-01-01', '2026-01-05'), '2026-01-16', 'grace runs from the later of due and placed')
  t.equal(lateFeeOn(0, '2026-02-28', '2026-01-05'), '2026-03-01')
  const flat = terms(null, { graceDays: 10, amount: 25_00 })
  const nights = (lateFee: ChargeTerms, pauses: Pause[] = [], principal = 1_000_00) => ['2026-01-15', '2026-01-16', '2026-01-17', '2026-01-20'].reduce(
    ({ position, all }, on) => { const night = chargeThrough(position, debt(principal), lateFee, pauses, on); return { position: night.position, all: [...all, ...night.charges] } },
    { position: placed('2026-01-05', '2026-01-16'), all: [] as NewCharge[] }).all
  t.same(amounts(nights(flat)), [['lateFee', '2026-01-16', 25_00]], 'once')
  t.same(nights(terms(null, { graceDays: 10, rate: '0.05' }))[0], {
    kind: 'lateFee', fromOn: '2026-01-16', toOn: '2026-01-16', base: 1_000_00, rate: '0.05', rateUnit: null, dayCount: null, days: null, exact: '5000', amount: 50_00, causedBy: 'late:1', policyDecisionId: null,
  })
  t.match(nights(terms(null, { graceDays: 10, rate: '1/3' }), [], 100_01), [{ exact: '10001/3', amount: 33_34 }])
  t.match(nights(terms(null, { graceDays: 10, rate: '0.05', feeMax: 40_00 })), [{ exact: '5000', amount: 40_00 }], 'at most feeMax')
  const hold: Pause = { startsAt: '2026-01-10T00:00:00Z', endsAt: '2026-01-18T00:00:00Z', stopsInterest: false, stopsLateFees: true }
  t.same(amounts(nights(flat, [hold])), [['lateFee', '2026-01-19', 25_00]], 'on hold until 08:00 of the 18th in Shanghai: the 19th is the first day free, found by the night of the 20th')
  t.same(nights(flat, [{ ...hold, endsAt: null }]), [], 'a hold without end: no fee')
  t.same(nights(flat, [], 0), [], 'nothing open: no fee')
  t.same(nights(terms(null, { graceDays: 10, rate: '0.0000001' })), [], 'a fee of nothing is none')
})

t.test('a debt never grows beyond what can be counted exactly, so that one absurd debt cannot stop the night', async t => {
  const absurd = debt(debtMax - 5, 'UTC')
  t.same(amounts(chargeThrough(placed('2026-01-01', '2026-01-02'), absurd, terms({ rate: '999999999999', unit: 'pct_day', dayCount: 'ACT/365F' }, { graceDays: 0, amount: 100 }), [], '2027-01-01').charges), [['interest', '2027-01-01', 5]])
  t.same(chargeThrough(placed('2026-01-01', '2026-01-02'), { ...absurd, owed: { ...absurd.owed, costs: minor(12) } }, terms(yearly('10'), { graceDays: 0, rate: '1' }), [], '2026-01-03').charges[0]?.amount, 0)
})

t.test('the next night is the first that can bring a charge', async t => {
  const at = (position: Position, rules: ChargeTerms, zone = 'Asia/Shanghai') => nextDueAt(position, rules, zone)
  t.equal(at(placed('2026-01-01'), terms(yearly('10'))), '2026-01-01T16:00:00.000Z', 'midnight in Shanghai')
  t.equal(at(placed('2026-03-07'), terms(yearly('10')), 'America/New_York'), '2026-03-08T05:00:00.000Z')
  t.equal(at(placed('2026-03-08'), terms(yearly('10')), 'America/New_York'), '2026-03-09T04:00:00.000Z', 'the clocks went forward')
  t.equal(at(placed('2026-01-01', '2026-01-20'), terms(null, { graceDays: 18, amount: 1 })), '2026-01-19T16:00:00.000Z', 'no interest: the night of the fee')
  t.equal(at(placed('2026-02-01', '2026-01-20'), terms(null, { graceDays: 18, amount: 1 })), '2026-02-01T16:00:00.000Z', 'a fee put off: the next night')
  t.equal(at(placed('2026-02-01', null), terms(null, { graceDays: 18, amount: 1 })), null, 'the fee is charged: nothing more')
  t.equal(at(placed('2026-02-01'), terms(null)), null)
})

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 300) }
const anyRate = fc.record({
  rate: fc.oneof(fc.integer({ min: 0, max: 10_000 }).map(n => (n / 100).toFixed(2)), fc.tuple(fc.integer({ min: 0, max: 500 }), fc.integer({ min: 1, max: 99 })).map(([n, d]) => `${n}/${d}`)),
  unit: fc.constantFrom('pct_year' as const, 'pct_day' as const, 'per10k_day' as const), dayCount: fc.constantFrom('ACT/365F' as const, 'ACT/360' as const),
})
const anyDay = fc.integer({ min: 0, max: 120 })
const anyPause = fc.record({ from: anyDay, length: fc.option(fc.integer({ min: 1, max: 30 })), hours: fc.integer({ min: 0, max: 47 }), stopsInterest: fc.boolean(), stopsLateFees: fc.boolean() }).map(({ from, length, hours, ...stops }) => {
  const startsAt = new Date(Date.parse('2026-01-01T00:00:00Z') + (from * 24 + hours) * 3_600_000)
  return { startsAt: startsAt.toISOString(), endsAt: length === null ? null : new Date(startsAt.getTime() + length * 86_400_000).toISOString(), ...stops }
})
const anyStory = fc.record({
  principal: fc.integer({ min: 0, max: 10_000_000_00 }), rules: anyRate, fee: fc.option(fc.record({ graceDays: fc.constant(0), rate: fc.constantFrom('0.05', '1/7'), feeMax: fc.integer({ min: 1, max: 1_000_00 }) })),
  pauses: fc.array(anyPause, { maxLength: 3 }), zone: fc.constantFrom('Asia/Shanghai', 'America/New_York', 'Europe/London', 'Pacific/Apia'), nights: fc.uniqueArray(fc.integer({ min: 1, max: 120 }), { minLength: 1, maxLength: 20 }), feeDay: anyDay,
})

t.test('invariants 19 to 21 and 23: the schedule of postings changes no figure, and posted differs from exact by at most half a minor unit', async t => {
  fc.assert(fc.property(anyStory, ({ principal, rules, fee, pauses, zone, nights, feeDay }) => {
    const charged = terms(rules, fee)
    const start = placed('2026-01-01', fee === null ? null : addDays('2026-01-01', feeDay))
    const last = Math.max(...nights)
    const once = chargeThrough(start, debt(principal, zone), charged, pauses, addDays('2026-01-01', last))
    let position = start
    const all: NewCharge[] = []
    for (const night of [...nights].sort((a, b) => a - b)) {
      const step = chargeThrough(position, debt(principal, zone), charged, pauses, addDays('2026-01-01', night))
      position = step.position
      all.push(...step.charges)
      // |posted - exact| <= 1/2, at all times
      const exact = all.filter(({ kind }) => kind === 'interest').reduce((sum, charge) => addR(sum, rational(charge.exact)), zeroR)
      const off = subR(exact, { n: BigInt(position.interest.posted), d: 1n })
      if (compareR(off, { n: 1n, d: 2n }) > 0 || compareR(off, { n: -1n, d: 2n }) < 0) return false
    }
    const sumOf = (charges: NewCharge[], kind: string) => charges.filter(charge => charge.kind === kind).reduce((sum, { amount }) => sum + amount, 0)
    const feeDays = (charges: NewCharge[]) => charges.filter(({ kind }) => kind === 'lateFee').map(({ toOn }) => toOn)
    return isDeepStrictEqual(position, once.position)
      && sumOf(all, 'interest') === sumOf(once.charges, 'interest') && sumOf(all, 'lateFee') === sumOf(once.charges, 'lateFee')
      && String(feeDays(all)) === String(feeDays(once.charges)) && feeDays(all).length <= 1 && all.every(({ amount }) => amount >= 0)
  }), runs)
})

t.test('a naive auditor, counting day by day, comes to the same interest', async t => {
  fc.assert(fc.property(anyStory, ({ principal, rules, pauses, zone, nights }) => {
    const on = Math.max(...nights)
    const { charges } = chargeThrough(placed('2026-01-01'), debt(principal, zone), terms(rules), pauses, addDays('2026-01-01', on))
    let exact = zeroR
    for (let day = 1; day <= on; day++) {
      const one = chargeThrough(placed(addDays('2026-01-01', day - 1)), debt(principal, zone), terms(rules), pauses, addDays('2026-01-01', day))
      exact = addR(exact, one.charges[0] === undefined ? zeroR : rational(one.charges[0].exact))
    }
    return charges.reduce((sum, { amount }) => sum + amount, 0) === Number(roundR(exact))
  }), runs)
})

const dailyOf = ({ rate, unit, dayCount }: { rate: string, unit: 'pct_year' | 'pct_day' | 'per10k_day', dayCount: 'ACT/365F' | 'ACT/360' }) =>
  dailyPercent(rational(rate), unit, wholeR(dayCount === 'ACT/360' ? 360 : 365))

t.test('more principal, more days or a higher rate never earn less', async t => {
  const interestOf = (rules: ChargeTerms, principal: number, days: number) => chargeThrough(placed('2026-01-01'), debt(principal), rules, [], addDays('2026-01-01', days)).position.interest.posted
  fc.assert(fc.property(anyRate, anyRate, fc.integer({ min: 0, max: 1_000_000_000_000 }), fc.integer({ min: 1, max: 400 }), (one, other, principal, days) => {
    const [low, high] = compareR(dailyOf(one), dailyOf(other)) <= 0 ? [terms(one), terms(other)] : [terms(other), terms(one)]
    const least = interestOf(low, principal, days)
    return least <= interestOf(low, principal + 1, days) && least <= interestOf(low, principal, days + 1) && least <= interestOf(high, principal, days)
  }), runs)
})

t.test('whatever the day count, nights come to what one sum over all the days does, also where days cannot be cut', async t => {
  const conventions = dayCounts.filter((name): name is Exclude<DayCount, 'ACT/ACT ICMA'> => name !== 'ACT/ACT ICMA')
  fc.assert(fc.property(fc.constantFrom(...conventions), fc.nat({ max: 400 }), fc.integer({ min: 1, max: 100_000_00 }), fc.uniqueArray(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 12 }), (dayCount, start, principal, nights) => {
    const from = addDays('2027-10-01', start)
    const last = addDays(from, Math.max(...nights))
    let position = placed(from)
    let amount = 0
    for (const night of [...nights].sort((a, b) => a - b)) {
      const step = chargeThrough(position, { ...debt(principal), placedOn: from }, terms({ rate: '12.25', unit: 'pct_year', dayCount }), [], addDays(from, night))
      position = step.position
      for (const charge of step.charges) amount += charge.amount
    }
    const exact = mulR(wholeR(principal), mulR(ratio(1_225n, 10_000n), countDays(dayCount, from, last).years))
    return amount === Number(roundR(exact)) && formatR(position.interest.exact) === formatR(exact)
  }), runs)
  t.pass()
})

t.test('interest follows an index from the day its value holds, each half-year or once, within bounds', async t => {
  const values = [{ from: '2025-07-01', value: '1.27' }, { from: '2026-01-01', value: '1.25' }, { from: '2026-03-11', value: '2.00' }, { from: '2026-07-01', value: '3.00' }]
  const rows = (more: Partial<Interest>, through = '2026-07-03', dueOn = '2025-12-01', known = values) =>
    chargeThrough(placed('2026-01-05'), { ...debt(365_00), dueOn, placedOn: '2026-01-05' }, { interest: { index: 'basiszinssatz', marginPoints: '5', unit: 'pct_year', dayCount: 'ACT/365F', ...more, values: known }, lateFees: [] }, [], through)
      .charges.map(({ fromOn, toOn, rate, days }) => [fromOn, toOn, rate, days])
  t.same(rows({ reset: 'floatingSemiannual' }), [['2026-01-06', '2026-06-30', '6.25', 176], ['2026-07-01', '2026-07-03', '8', 3]], 'BGB 247, 288: 5 points over the base rate of each half-year, not of March')
  t.same(rows({ reset: 'floatingDaily' }), [['2026-01-06', '2026-03-10', '6.25', 64], ['2026-03-11', '2026-06-30', '7', 112], ['2026-07-01', '2026-07-03', '8', 3]])
  t.same(rows({}), [['2026-01-06', '2026-07-03', '6.27', 179]], 'frozen at default: the value of the day it was due')
  t.same(rows({ reset: 'frozenAtPlacement' }), [['2026-01-06', '2026-07-03', '6.25', 179]])
  t.same(rows({ reset: 'floatingDaily', cap: '6.5', floor: '6.3' }), [['2026-01-06', '2026-03-10', '6.3', 64], ['2026-03-11', '2026-06-30', '6.5', 112], ['2026-07-01', '2026-07-03', '6.5', 3]])
  t.same(rows({}, '2026-07-03', '2025-01-01'), [], 'no value is known of the day: nothing until one is recorded')
  t.same(rows({ reset: 'floatingDaily' }, '2026-07-03', '2025-12-01', []), [])
})

t.test('open interest bears interest only where agreed, from each anniversary of the placement', async t => {
  // 1,000.00 at 10 %: 100.00 in the first year, 110.00 in the second on 1,100.00, 121.00 in the third (28 USC 1961(b): compounded annually).
  const rule = terms({ rate: '10', unit: 'pct_year', dayCount: 'ACT/365F', compounding: 'annually' })
  const of = (on: string) => chargeThrough(placed('2026-01-05'), { ...debt(1_000_00), placedOn: '2026-01-05' }, rule, [], on).charges.map(({ base, amount }) => [base, amount])
  t.same(of('2027-01-05'), [[1_000_00, 100_00]])
  t.same(of('2029-01-04'), [[1_000_00, 100_00], [1_100_00, 110_00], [1_210_00, 121_00]], 'one row for each base, the leap day in the third')
  let owed = { principal: 1_000_00, interest: 0, penalty: 0, costs: 0 }
  let position = placed('2026-01-05')
  const year = (on: string) => {
    const step = chargeThrough(position, { ...debt(0), owed, placedOn: '2026-01-05' }, rule, [], on)
    position = step.position
    owed = { ...owed, interest: owed.interest + step.charges.reduce((sum, { amount }) => sum + amount, 0) }
  }
  year('2027-01-05')
  // 60.00 of the interest are paid: 40.00 of it bear interest on.
  owed = { ...owed, interest: 40_00 }
  year('2028-01-05')
  t.equal(owed.interest, 40_00 + 104_00)
})

t.test('days may be rounded each by itself, as courts and statutes have it', async t => {
  // 5,000.00 at 12.25 % for 101 days: 1.68 a day, 169.68; once rounded it would be 169.49.
  const of = (rounding: Interest['rounding'], days: number[]) => {
    let position = placed('2026-01-01')
    let sum = 0
    for (const day of days) {
      const step = chargeThrough(position, debt(5_000_00), terms({ rate: '12.25', unit: 'pct_year', dayCount: 'ACT/365F', ...rounding !== undefined && { rounding } }), [], addDays('2026-01-01', day))
      position = step.position
      for (const { amount } of step.charges) sum += amount
    }
    return sum
  }
  t.equal(of({ when: 'perDay' }, [101]), 169_68)
  t.equal(of({ when: 'perDay' }, [1, 2, 50, 101]), 169_68)
  t.equal(of({ when: 'perDay', mode: 'down' }, [101]), 101 * 1_67)
  t.equal(of(undefined, [101]), 169_49)
  t.equal(of({ mode: 'down' }, [101]), 169_48)
})

t.test('late fees by rule: in steps, again and again, dearer the second time, within bounds, never on a fee, one for one event', async t => {
  const dates = { dueOn: '2026-01-01', placedOn: '2026-01-05' }
  const lived = (rules: LateFeeTerms[], through = '2026-12-31', owed = { principal: 1_000_00, interest: 0, penalty: 0, costs: 50_00 }) => {
    const charged: ChargeTerms = { interest: null, lateFees: rules }
    return chargeThrough(beginCharging(charged, dates, []), { ...debt(0), ...dates, owed }, charged, [], through).charges.map(({ causedBy, toOn, amount }) => [causedBy, toOn, amount])
  }
  const late = { code: 'late', trigger: 'overdue' as const }
  t.same(lived([{ ...late, graceDays: 10, amount: 5_00 }, { code: 'later', trigger: 'overdue', graceDays: 40, rate: '0.05', base: 'owed' }]), [['late:1', '2026-01-16', 5_00], ['later:1', '2026-02-15', 52_50]], 'two levels; the second on all that is owed but the first fee')
  t.same(lived([{ ...late, graceDays: 10, amount: 5_00, everyDays: 30, timesMax: 3 }]), [['late:1', '2026-01-16', 5_00], ['late:2', '2026-02-15', 5_00], ['late:3', '2026-03-17', 5_00]])
  t.same(lived([{ ...late, amount: 27_00, everyDays: 30, timesMax: 3, repeat: { amount: 38_00, withinMonths: 6 } }]).map(([, , amount]) => amount), [27_00, 38_00, 38_00], 'Regulation Z: more within six months')
  t.same(lived([{ ...late, amount: 27_00, everyDays: 30, timesMax: 3, cumulativeMax: 60_00 }]).map(([, , amount]) => amount), [27_00, 27_00, 6_00])
  t.same(lived([{ ...late, bands: [{ upTo: 500_00, fixed: 10_00 }, { upTo: null, fixed: 20_00, rate: '0.01' }] }]), [['late:1', '2026-01-06', 25_00]], '20.00 and 1 % of the 500.00 above')
  t.same(lived([{ ...late, rate: '0.0001', feeMin: 5_00 }]), [['late:1', '2026-01-06', 5_00]])
  t.same(lived([{ ...late, amount: 5_00, to: '2026-01-05' }]), [], 'a rule that is over')
  t.same(lived([{ ...late, amount: 5_00 }], '2026-12-31', { principal: 0, interest: 0, penalty: 30_00, costs: 0 }), [], '16 CFR 444.4: nothing but a fee is unpaid')
})

t.test('a payment that came back brings its fee, and not the one for being late that its return would bring as well', async t => {
  const dates = { dueOn: '2026-01-01', placedOn: '2026-01-05' }
  const rules: ChargeTerms = { interest: null, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 10, amount: 5_00 }, { code: 'returned', trigger: 'returnedPayment', amount: 25_00, capByPayment: true }] }
  const owing = (principal: number): ChargedDebt => ({ ...debt(principal), ...dates })
  // Paid in full on the 10th; the days of grace end on the 15th; the payment comes back on the 20th.
  const paid = chargeThrough(chargeThrough(beginCharging(rules, dates, []), owing(1_000_00), rules, [], '2026-01-10').position, owing(0), rules, [], '2026-01-20').position
  const back = (amount: number, pauses: Pause[] = []) => chargeReturnedPayment(paid, owing(1_000_00), rules, pauses, { id: 'pay_1', amount }, '2026-01-20')
  t.match(back(1_000_00).charges, [{ kind: 'lateFee', causedBy: 'returned:pay_1', amount: 25_00, base: 1_000_00 }])
  t.match(back(18_00).charges, [{ amount: 18_00 }], 'never more than the payment')
  t.same(back(1_000_00, [{ startsAt: '2026-01-01T00:00:00Z', endsAt: null, stopsInterest: false, stopsLateFees: true }]).charges, [], 'a hold stops it')
  t.same(chargeThrough(back(1_000_00).position, owing(1_000_00), rules, [], '2026-03-01').charges, [], '12 CFR 1026.52(b)(2)(ii): one event, one fee')
  t.match(chargeThrough(paid, owing(1_000_00), rules, [], '2026-03-01').charges, [{ causedBy: 'late:1', toOn: '2026-01-21' }], 'where it brings no fee of its own, the debt is late')
})

interface Charge { id: string, kind: string, fromOn: string, toOn: string, base: number, days: number | null, exact: string, amount: number, journalEntryId: string | null, waivedAt: string | null }

t.test('through the API', async t => {
  const w = await world()
  t.teardown(w.close)
  const lending = { interest: yearly('10'), lateFees: [{ code: 'late', trigger: 'overdue' as const, graceDays: 3, amount: 25_00 }] }

  const agencyAt = async () => {
    // 17:00 on 5 January 2026 in Shanghai.
    const us = await w.agency()
    return { us, lender: await w.lender(us, lending) }
  }
  const chargesOf = async (as: As, accountId: string) => (await w.ok<{ data: Charge[] }>(as, 'GET', `/v1/accounts/${accountId}/charges?limit=200`)).data
  const balanceOf = async (as: As, accountId: string) => (await w.ok<{ balance: Record<string, number> }>(as, 'GET', `/v1/accounts/${accountId}`)).balance
  const figures = (charges: Charge[]) => charges.map(({ kind, fromOn, toOn, amount }) => [kind, fromOn, toOn, amount])
  /** Moves an agency's clock without running what falls due on the way: a worker that was away. */
  const sleepUntil = async (us: Agency, at: string) => await w.tx(us, async tx => { await tx.execute(sql`update tenants set clock_at = ${at}::timestamptz`) })

  t.test('night by night, in the debtor\'s calendar', async t => {
    const { us, lender } = await agencyAt()
    const { accountId } = await w.account(us, lender)
    // 1,000.00 at 10 %: 27.397 cents a day; exact totals 27.40, 54.79, 82.19, 109.59 -> 27, 55, 82, 110.
    // Due 20 December, placed 5 January, 3 days of grace: the fee falls on the 9th.
    await w.liveUntil(us, '2026-01-05T15:59:59Z')
    t.same(await chargesOf(us, accountId), [], 'a second before midnight in Shanghai')
    await w.liveUntil(us, '2026-01-05T16:00:00Z')
    t.same(figures(await chargesOf(us, accountId)), [['interest', '2026-01-06', '2026-01-06', 27]], 'the day has begun')
    await w.liveUntil(us, '2026-01-09T01:00:00Z')
    const charges = await chargesOf(us, accountId)
    t.same(figures(charges), [
      ['interest', '2026-01-06', '2026-01-06', 27], ['interest', '2026-01-07', '2026-01-07', 28], ['interest', '2026-01-08', '2026-01-08', 27],
      ['interest', '2026-01-09', '2026-01-09', 28], ['lateFee', '2026-01-09', '2026-01-09', 25_00],
    ])
    t.match(charges[0], { base: 1_000_00, days: 1, exact: '2000/73' }, '100000 * 10 / 36500')
    t.same(await w.ok(us, 'GET', `/v1/charges/${charges[0]!.id}`), charges[0])
    t.match(await balanceOf(us, accountId), { principal: 1_000_00, interest: 1_10, penalty: 25_00, total: 1_026_10 })
    await w.liveUntil(us, '2026-01-20T01:00:00Z')
    t.equal((await chargesOf(us, accountId)).filter(({ kind }) => kind === 'lateFee').length, 1, 'one late fee')
    // 15 days: 100000 * 15 * 10 / 36500 = 410.96 cents.
    t.match(await balanceOf(us, accountId), { interest: 4_11, penalty: 25_00 })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=2026-01-08`), { balance: { interest: 82, penalty: 0 } })
    const { data } = await w.ok<{ data: { type: string, data: object }[] }>(us, 'GET', `/v1/accounts/${accountId}/timeline?limit=200`)
    t.equal(data.filter(({ type }) => type === 'charge.interestAccrued').length, 15)
    t.match(data.filter(({ type }) => type === 'charge.lateFeeAssessed'), [{ data: { accountId, amount: 25_00, currency: 'CNY', effectiveOn: '2026-01-09' } }])
    await checkBooks(t, w, us, 'fifteen nights')
  })

  t.test('a worker that was away for a month catches up in one go, to the same figures', async t => {
    const { us, lender } = await agencyAt()
    const { accountId } = await w.account(us, lender)
    await w.settle(us)
    await sleepUntil(us, '2026-02-04T01:00:00Z')
    await w.settle(us)
    t.same(figures(await chargesOf(us, accountId)), [['interest', '2026-01-06', '2026-02-04', 8_22], ['lateFee', '2026-01-09', '2026-01-09', 25_00]])
    await w.settle(us)
    t.match(await balanceOf(us, accountId), { interest: 8_22, penalty: 25_00 })
    await checkBooks(t, w, us, 'caught up')
  })

  t.test('killed in the middle, run twice, run by several workers: the same figures', async t => {
    const { us, lender } = await agencyAt()
    const accountIds = await Promise.all(Array.from({ length: 12 }, async () => (await w.account(us, lender)).accountId))
    await w.settle(us)
    await sleepUntil(us, '2026-01-09T01:00:00Z')
    await t.rejects(w.tx(us, async tx => { await chargeDue(tx); throw new Error('killed before the commit') }), { message: 'killed before the commit' })
    for (const accountId of accountIds) t.same(await chargesOf(us, accountId), [])
    await Promise.all(Array.from({ length: 5 }, async () => await w.tx(us, chargeDue)))
    await w.tx(us, chargeDue)
    for (const accountId of accountIds) t.same(figures(await chargesOf(us, accountId)), [['interest', '2026-01-06', '2026-01-09', 1_10], ['lateFee', '2026-01-09', '2026-01-09', 25_00]])
    await checkBooks(t, w, us, 'five workers')
  })

  t.test('payments while the night\'s work runs wait for no circle and meet the right balance', async t => {
    const { us, lender } = await agencyAt()
    const accountIds = await Promise.all(Array.from({ length: 10 }, async () => (await w.account(us, lender)).accountId))
    await w.settle(us)
    await sleepUntil(us, '2026-01-07T01:00:00Z')
    const pay = async (accountId: string) => await w.ok<{ allocated: object }>(us, 'POST', '/v1/payments', { accountId, amount: 1_00, currency: 'CNY', receivedOn: '2026-01-07', receivedBy: 'agency', method: 'card' })
    const [payments] = await Promise.all([Promise.all(accountIds.map(pay)), ...Array.from({ length: 3 }, async () => await w.tx(us, chargeDue))])
    // Two days: 55 cents of interest, whoever charged them; 45 of the 100 settle principal.
    for (const { allocated } of payments) t.match(allocated, { interest: 55, principal: 45 })
    await w.settle(us)
    for (const accountId of accountIds) t.match(await balanceOf(us, accountId), { principal: 999_55, interest: 0 })
    await checkBooks(t, w, us, 'payments at night')
    t.same(w.failures, [])
  })

  t.test('a payment before the schedule has begun meets the interest all the same', async t => {
    const { us, lender } = await agencyAt()
    const { accountId } = await w.account(us, lender, { placedOn: '2025-12-26' })
    // Placed ten days back: 273.97 cents of interest, and the fee of 30 December, before a single job has run.
    const { allocated } = await w.ok<{ allocated: object }>(us, 'POST', '/v1/payments', { accountId, amount: 30_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
    t.match(allocated, { penalty: 25_00, interest: 2_74, principal: 2_26 })
    await w.settle(us)
    t.same(figures(await chargesOf(us, accountId)), [['interest', '2025-12-27', '2025-12-31', 1_37], ['lateFee', '2025-12-30', '2025-12-30', 25_00], ['interest', '2026-01-01', '2026-01-05', 1_37]])
  })

  t.test('a hold stops what it stops, and nothing is made up for afterwards', async t => {
    const { us, lender } = await agencyAt()
    const { accountId } = await w.account(us, lender)
    await w.liveUntil(us, '2026-01-06T09:00:00Z')
    const hold = await w.ok<{ id: string }>(us, 'POST', '/v1/holds', { accountId, kind: 'breathingSpace' })
    await w.liveUntil(us, '2026-01-10T09:00:00Z')
    t.same(figures(await chargesOf(us, accountId)), [['interest', '2026-01-06', '2026-01-06', 27]], 'the 7th to the 10th begin on hold')
    await w.ok(us, 'POST', `/v1/holds/${hold.id}/release`)
    await w.liveUntil(us, '2026-01-12T01:00:00Z')
    // Three days in all: 82. The fee, due on the 9th, is charged on the first night free.
    t.same(figures(await chargesOf(us, accountId)).slice(1), [['interest', '2026-01-11', '2026-01-11', 28], ['lateFee', '2026-01-11', '2026-01-11', 25_00], ['interest', '2026-01-12', '2026-01-12', 27]])
  })

  t.test('a debt that is recalled is charged no more; placed again, it begins anew and bears no second late fee', async t => {
    const { us, lender } = await agencyAt()
    const debt = { ...aDebt(), lenderReference: 'AGAIN' }
    const { accountId, placementId } = await w.account(us, lender, debt)
    await w.liveUntil(us, '2026-01-10T09:00:00Z')
    await w.ok(us, 'POST', `/v1/placements/${placementId}/recall`)
    await w.liveUntil(us, '2026-01-20T09:00:00Z')
    const first = await chargesOf(us, accountId)
    t.equal(first.length, 6, 'five nights and a fee')
    await w.account(us, lender, { ...debt, balance: { principal: 365_00 } })
    await w.liveUntil(us, '2026-01-25T09:00:00Z')
    // 365.00 at 10 %: exactly 10 cents a day.
    t.same(figures((await chargesOf(us, accountId)).slice(6)), ['21', '22', '23', '24', '25'].map(day => ['interest', `2026-01-${day}`, `2026-01-${day}`, 10]))
    await checkBooks(t, w, us, 'placed again')
  })

  t.test('a debt whose placement ends before its night has run is charged up to that day: what was recalled is taken with it, what was returned owes it', async t => {
    const us = await w.agency()
    // 730.00 at 10 %: exactly 20 cents a day. Placed on the 1st, told on the 5th, and over before anybody charged it.
    const lender = await w.lender(us, { ...lending, lateFees: [] })
    const ended = async (step: string, body: object = {}) => {
      const { accountId, placementId } = await w.account(us, lender, { placedOn: '2026-01-01', balance: { principal: 730_00 } })
      await w.ok(us, 'POST', `/v1/placements/${placementId}/${step}`, body)
      return accountId
    }
    const [recalled, returned, closed] = [await ended('recall'), await ended('return'), await ended('close', { closeCode: 'untraceable' })]
    await w.liveUntil(us, '2026-01-08T09:00:00Z')
    for (const accountId of [recalled, returned, closed]) t.same(figures(await chargesOf(us, accountId)), [['interest', '2026-01-02', '2026-01-05', 80]], 'and for no day after it')
    t.match(await w.ok(us, 'GET', `/v1/accounts/${recalled}`), { balance: { total: 0 } })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${returned}`), { balance: { principal: 730_00, interest: 80 } })
    t.match(await checkBooks(t, w, us, 'ended before the night'), { 'C.ACCRUED': -2_40, 'C.RECALLED': 730_80, 'D.INTEREST': 1_60 })
  })

  t.test('a debt that waits to be accepted again is not charged by what happens meanwhile', async t => {
    const us = await w.agency()
    const lender = await w.lender(us, { ...lending, autoAccept: false, lateFees: [] })
    const debt = { ...aDebt(), lenderReference: 'WAITS', balance: { principal: 730_00 } }
    const { accountId, placementId } = await w.account(us, lender, debt)
    await w.ok(us, 'POST', `/v1/placements/${placementId}/accept`)
    const payment = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 365_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
    await w.liveUntil(us, '2026-01-07T09:00:00Z')
    await w.ok(us, 'POST', `/v1/placements/${placementId}/recall`)
    const again = await w.account(us, lender, { ...debt, balance: { principal: 365_00 } })
    await w.liveUntil(us, '2026-01-10T09:00:00Z')
    await w.ok(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-10' })
    await w.settle(us)
    t.same(figures(await chargesOf(us, accountId)), [['interest', '2026-01-06', '2026-01-06', 10], ['interest', '2026-01-07', '2026-01-07', 10]])
    // Accepted on the 10th: interest from the day after it was placed, the 8th to the 10th, on 730.00 with the payment undone: 20 cents a day.
    await w.ok(us, 'POST', `/v1/placements/${again.placementId}/accept`)
    await w.settle(us)
    t.same(figures((await chargesOf(us, accountId)).slice(2)), [['interest', '2026-01-08', '2026-01-10', 60]])
    await checkBooks(t, w, us, 'accepted again')
  })

  t.test('a waived charge is taken back once, and is not charged again', async t => {
    const { us, lender } = await agencyAt()
    const them = await w.agency()
    const other = await w.lender(us)
    const { accountId } = await w.account(us, lender)
    await w.liveUntil(us, '2026-01-09T01:00:00Z')
    const charges = await chargesOf(us, accountId)
    const [interest, , , , fee] = charges
    const waive = async (as: As, id: string, body: unknown = { reason: 'goodwill' }) => (await w.call(as, 'POST', `/v1/charges/${id}/waive`, body)).json<object>()
    for (const as of [them, other]) {
      t.match(await waive(as, fee!.id), { status: 404, code: 'not-found' })
      t.match((await w.call(as, 'GET', `/v1/charges/${fee!.id}`)).json(), { status: 404 })
      t.match((await w.call(as, 'GET', `/v1/accounts/${accountId}/charges`)).json(), { status: 404 })
    }
    t.match(await waive(us, fee!.id, { reason: 'mercy' }), { status: 400, errors: [{ pointer: '/reason' }] })
    t.match(await waive(us, fee!.id), { id: fee!.id, waivedAt: /^2026-01-09/, waiverReason: 'goodwill' })
    t.match(await balanceOf(us, accountId), { penalty: 0, interest: 1_10 })
    t.match(await waive(us, fee!.id), { status: 409, code: 'charge-already-waived' })
    t.match(await waive(lender, interest!.id), { waivedAt: /^2026/ }, 'the lender may forgive what is its own')
    t.match(await balanceOf(us, accountId), { interest: 83 })
    const twice = await Promise.all([1, 2, 3].map(async () => await waive(us, charges[1]!.id)))
    t.equal(twice.filter(reply => 'waivedAt' in reply).length, 1, 'three at once are one')
    // The 10th: everything posted so far comes to 137, waived or not: 27 more.
    await w.liveUntil(us, '2026-01-09T17:00:00Z')
    t.match((await chargesOf(us, accountId)).at(-1), { toOn: '2026-01-10', amount: 27 })
    await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 60, currency: 'CNY', receivedOn: '2026-01-10', receivedBy: 'agency', method: 'card' })
    t.match(await balanceOf(us, accountId), { interest: 22 }, '27 + 28 + 27 less 60')
    t.match(await waive(us, charges[2]!.id), { status: 409, code: 'charge-not-open', detail: 'amount: 27, open: 22' }, 'what is paid is not waived')
    await checkBooks(t, w, us, 'waivers')
    await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-10', receivedBy: 'agency', method: 'card' })
    t.match((await w.call(us, 'POST', `/v1/charges/${strangeId('charge')}/waive`, { reason: 'error' })).json(), { status: 404 })
  })

  t.test('a debt whose last charge is waived owes nothing and is closed', async t => {
    const us = await w.agency()
    const lender = await w.lender(us, { ...lending, allocation: ['principal', 'interest', 'penalty', 'costs'] })
    const { accountId, placementId } = await w.account(us, lender)
    await w.liveUntil(us, '2026-01-06T01:00:00Z')
    await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-06', receivedBy: 'agency', method: 'card' })
    const [interest] = await chargesOf(us, accountId)
    await w.ok(us, 'POST', `/v1/charges/${interest!.id}/waive`, { reason: 'goodwill' })
    t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'closed', closeCode: 'settledInFull' })
    await checkBooks(t, w, us, 'settled by a waiver')
  })
  t.same(w.failures, [])
})
