import fc from 'fast-check'
import t from 'tap'
import { addDays, addR, compareR, minor, rational, roundR, subR, zeroR } from '#kernel'
import { chargeTermsOf, chargeThrough, dailyRateOf, debtMax, lateFeeOn, nextDueAt } from '../../src/modules/charges/core.ts'
import type { ChargedDebt, ChargeTerms, NewCharge, Pause, Position } from '../../src/modules/charges/core.ts'

const placed = (on: string, lateFeeOn: string | null = null): Position => ({ chargedThroughOn: on, baseDays: 0n, postedInterest: 0, lateFeeOn })
const debt = (principal: number, timeZone = 'Asia/Shanghai'): ChargedDebt => ({ timeZone, principal: minor(principal), owed: minor(principal) })
const terms = (interest: ChargeTerms['interest'] | { rate: string, unit: 'pct_year' | 'pct_day' | 'per10k_day', dayCount: 'ACT/365F' | 'ACT/360' } | null, lateFee: ChargeTerms['lateFee'] = null) => chargeTermsOf({ interest, lateFee })
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
    t.equal(charges[0]?.amount, interest, why)
    t.match(charges, [{ kind: 'interest', fromOn: '2026-01-02', toOn: addDays('2026-01-01', days), days, base: principal, rate }])
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
  t.match(position, { chargedThroughOn: '2026-03-03', baseDays: 50_000n, postedInterest: 14 })
  t.same(amounts(chargeThrough(placed('2026-02-26'), debt(100_00), terms(yearly('10')), [], '2026-03-03').charges), [['interest', '2026-03-03', 14]], 'five nights in one go')
  t.same(chargeThrough(position, debt(100_00), terms(yearly('10')), [], '2026-03-03'), { position, charges: [] }, 'twice is once')
  t.same(chargeThrough(position, debt(100_00), terms(yearly('10')), [], '2026-03-01').charges, [], 'a day in the past is charged already')
})

t.test('interest runs from the day after placement, on principal only, and pauses on days that begin on hold', async t => {
  const hold: Pause = { startsAt: '2026-01-03T02:00:00Z', endsAt: '2026-01-06T02:00:00Z', stopsInterest: true, stopsLateFees: false }
  // In Shanghai (UTC+8) the hold runs from 10:00 on the 3rd to 10:00 on the 6th: the 4th, 5th and 6th begin on hold.
  const of = (on: string, pauses: Pause[] = [hold]) => chargeThrough(placed('2026-01-01'), debt(365_00), terms(yearly('100')), pauses, on).charges[0]
  t.equal(of('2026-01-01'), undefined, 'the day of placement bears none')
  t.match(of('2026-01-03'), { days: 2, amount: 2_00 }, 'the day it is placed on hold had begun')
  t.match(of('2026-01-06'), { days: 2, amount: 2_00 })
  t.match(of('2026-01-08'), { days: 4, amount: 4_00 })
  t.match(of('2026-01-08', [{ ...hold, stopsInterest: false, stopsLateFees: true }]), { days: 7 }, 'a hold that lets interest run')
  t.match(of('2026-01-08', [hold, { ...hold, startsAt: '2026-01-05T00:00:00Z', endsAt: null }]), { days: 2 }, 'two holds that overlap count once')
  t.match(chargeThrough(placed('2026-01-01'), debt(365_00, 'America/New_York'), terms(yearly('100')), [hold], '2026-01-08').charges, [{ days: 4 }], 'the same hold in the calendar of New York: from 21:00 on the 2nd, so the 3rd, 4th and 5th')
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
    kind: 'lateFee', fromOn: '2026-01-16', toOn: '2026-01-16', base: 1_000_00, rate: '0.05', rateUnit: null, dayCount: null, days: null, exact: '5000', amount: 50_00, causedBy: 'overdue',
  })
  t.match(nights(terms(null, { graceDays: 10, rate: '1/3' }), [], 100_01), [{ exact: '10001/3', amount: 33_34 }])
  t.match(nights(terms(null, { graceDays: 10, rate: '0.05', amountMax: 40_00 })), [{ exact: '5000', amount: 40_00 }], 'at most amountMax')
  const hold: Pause = { startsAt: '2026-01-10T00:00:00Z', endsAt: '2026-01-18T00:00:00Z', stopsInterest: false, stopsLateFees: true }
  t.same(amounts(nights(flat, [hold])), [['lateFee', '2026-01-19', 25_00]], 'on hold until 08:00 of the 18th in Shanghai: the 19th is the first day free, found by the night of the 20th')
  t.same(nights(flat, [{ ...hold, endsAt: null }]), [], 'a hold without end: no fee')
  t.same(nights(flat, [], 0), [], 'nothing open: no fee')
  t.same(nights(terms(null, { graceDays: 10, rate: '0.0000001' })), [], 'a fee of nothing is none')
})

t.test('a debt never grows beyond what can be counted exactly, so that one absurd debt cannot stop the night', async t => {
  const absurd = { timeZone: 'UTC', principal: minor(debtMax - 5), owed: minor(debtMax - 5) }
  t.same(amounts(chargeThrough(placed('2026-01-01', '2026-01-02'), absurd, terms({ rate: '999999999999', unit: 'pct_day', dayCount: 'ACT/365F' }, { graceDays: 0, amount: 100 }), [], '2027-01-01').charges), [['interest', '2027-01-01', 5]])
  t.same(chargeThrough(placed('2026-01-01', '2026-01-02'), { ...absurd, owed: minor(debtMax + 7) }, terms(yearly('10'), { graceDays: 0, rate: '1' }), [], '2026-01-03').charges[0]?.amount, 0)
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
  principal: fc.integer({ min: 0, max: 10_000_000_00 }), rules: anyRate, fee: fc.option(fc.record({ graceDays: fc.constant(0), rate: fc.constantFrom('0.05', '1/7'), amountMax: fc.integer({ min: 1, max: 1_000_00 }) })),
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
      const off = subR(exact, { n: BigInt(position.postedInterest), d: 1n })
      if (compareR(off, { n: 1n, d: 2n }) > 0 || compareR(off, { n: -1n, d: 2n }) < 0) return false
    }
    const sumOf = (charges: NewCharge[], kind: string) => charges.filter(charge => charge.kind === kind).reduce((sum, { amount }) => sum + amount, 0)
    const feeDays = (charges: NewCharge[]) => charges.filter(({ kind }) => kind === 'lateFee').map(({ toOn }) => toOn)
    return JSON.stringify({ ...position, baseDays: String(position.baseDays) }) === JSON.stringify({ ...once.position, baseDays: String(once.position.baseDays) })
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
    return (charges[0]?.amount ?? 0) === Number(roundR(exact))
  }), runs)
})

t.test('more principal, more days or a higher rate never earn less', async t => {
  const interestOf = (rules: ChargeTerms, principal: number, days: number) => chargeThrough(placed('2026-01-01'), debt(principal), rules, [], addDays('2026-01-01', days)).position.postedInterest
  fc.assert(fc.property(anyRate, anyRate, fc.integer({ min: 0, max: 1_000_000_000_000 }), fc.integer({ min: 1, max: 400 }), (one, other, principal, days) => {
    const [low, high] = compareR(dailyRateOf(one), dailyRateOf(other)) <= 0 ? [terms(one), terms(other)] : [terms(other), terms(one)]
    const least = interestOf(low, principal, days)
    return least <= interestOf(low, principal + 1, days) && least <= interestOf(low, principal, days + 1) && least <= interestOf(high, principal, days)
  }), runs)
})
