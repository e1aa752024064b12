import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { addDays, addMonths, addR, compareR, countDays, dayCounts, dayNumber, daysBetween, formatFixed, formatR, negR, powerCut, powerR, ratio, rational, rootR, roundR, roundToDecimals, roundToIncrement, roundingModes, subR, wholeMonths, wholeR } from '#kernel'
import type { DayCount, RoundingMode } from '#kernel'

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 1_000) }

/** Days from 1990 to 2060, many of them where conventions differ. */
const anyDay = fc.oneof(
  fc.integer({ min: 0, max: 25_566 }).map(n => addDays('1990-01-01', n)),
  fc.tuple(fc.integer({ min: 1990, max: 2060 }), fc.constantFrom('01-01', '01-30', '01-31', '02-27', '02-28', '02-29', '03-01', '12-30', '12-31')).map(([year, rest]) =>
    rest === '02-29' && !(year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)) ? `${year}-02-28` : `${year}-${rest}`))
const spans = fc.tuple(anyDay, anyDay).map(days => days.sort() as [string, string])
const actual: DayCount[] = ['ACT/365F', 'ACT/360', 'ACT/365.25', 'ACT/366', 'ACT/calendar-year', 'ACT/ACT ISDA', 'NL/365']
const ofThirty: DayCount[] = ['30E/360', '30E/360 ISDA', '30/360', '30U/360', '30E/365']

t.test('invariant 22: no days lie between a day and itself, and days that count the calendar add up', async () => {
  fc.assert(fc.property(anyDay, day => { for (const name of dayCounts) assert.deepEqual(countDays(name, day, day), { days: 0, years: wholeR(0) }, name) }), runs)
  fc.assert(fc.property(fc.array(anyDay, { minLength: 3, maxLength: 3 }).map(days => days.sort()), ([a, b, c]) => {
    for (const name of actual) {
      const [whole, first, second] = [countDays(name, a!, c!), countDays(name, a!, b!), countDays(name, b!, c!)]
      assert.equal(whole.days, first.days + second.days, name)
      assert.equal(compareR(whole.years, addR(first.years, second.years)), 0, name)
    }
  }), runs)
})

t.test('invariant 22: days are counted forwards, and between two days as many lie either way', async () => {
  fc.assert(fc.property(anyDay, anyDay, (a, b) => {
    assert.equal(daysBetween(a, b) + daysBetween(b, a), 0)
    if (a < b) for (const name of dayCounts) assert.throws(() => countDays(name, b, a), RangeError, name)
  }), runs)
})

t.test('a day has the number that the calendar gives it in every year, the first and the last as well', async t => {
  const numbers: [day: string, number: number][] = [['1970-01-01', 0], ['0000-01-01', -719_528], ['0000-03-01', -719_468], ['0099-12-31', -683_004], ['0100-01-01', -683_003], ['1900-03-01', -25_508], ['2000-02-29', 11_016], ['9999-12-31', 2_932_896]]
  for (const [day, number] of numbers) t.equal(dayNumber(day), number, day)
  fc.assert(fc.property(fc.integer({ min: -719_528, max: 2_932_896 }), number => { assert.equal(dayNumber(new Date(number * 86_400_000).toISOString().slice(0, 10)), number) }), runs)
  t.same(countDays('ACT/ACT ISDA', '9999-01-01', '9999-12-31').years, ratio(364n, 365n), 'the last year has a length')
})

t.test('ACT/ACT ICMA is what its days are, each a part of the regular period it lies in, however far away the period that was given', async t => {
  const lengths = fc.constantFrom(1, 3, 6, 12)
  fc.assert(fc.property(fc.tuple(anyDay, anyDay).filter(([a, b]) => Math.abs(daysBetween(a, b)) < 1_500).map(days => days.sort() as [string, string]), anyDay, lengths, ([from, to], start, months) => {
    const reference = { from: start, to: addMonths(start, months) }
    // What a day is worth: found by walking period by period, one side of the reference after the other.
    const periods = [reference]
    for (let n = 0; periods.at(-1)!.to < to; n++) periods.push({ from: addMonths(reference.to, months * n), to: addMonths(reference.to, months * (n + 1)) })
    for (let n = 0; periods[0]!.from > from; n--) periods.unshift({ from: addMonths(reference.from, months * (n - 1)), to: addMonths(reference.from, months * n) })
    let expected = wholeR(0)
    for (const period of periods) {
      const days = daysBetween(from > period.from ? from : period.from, to < period.to ? to : period.to)
      if (days > 0) expected = addR(expected, ratio(BigInt(months * days), BigInt(12 * daysBetween(period.from, period.to))))
    }
    assert.equal(formatR(countDays('ACT/ACT ICMA', from, to, { reference }).years), formatR(expected))
  }), { numRuns: Math.min(runs.numRuns, 300) })
  const far = { reference: { from: '0001-01-01', to: '0001-02-01' } }
  t.same(countDays('ACT/ACT ICMA', '9990-01-01', '9991-01-01', far).years, wholeR(1))
  t.same(countDays('ACT/ACT ICMA', '9999-11-01', '9999-12-31', { reference: { from: '9999-10-01', to: '9999-11-01' } }).years, ratio(61n, 372n), 'and it ends where years end')
})

t.test('invariant 22: months made thirty days long stay within three days a year of the calendar', async () => {
  fc.assert(fc.property(spans, ([from, to]) => {
    const real = daysBetween(from, to)
    // A year of the calendar has five or six days more than twelve such months.
    const expected = real * 360 / 365.2425
    for (const name of ofThirty) assert(Math.abs(countDays(name, from, to).days - expected) <= 3 * (1 + real / 365), `${name} ${from} ${to}`)
  }), runs)
})

t.test('whole years are whole by every convention of the calendar that says so, and months by all', async () => {
  // Periods are laid end to end: from 29 February on they begin on the 28th, so a later 29 February is a day further.
  fc.assert(fc.property(anyDay.filter(day => !day.endsWith('02-29')), fc.integer({ min: 1, max: 30 }), (from, years) => {
    const to = addMonths(from, 12 * years)
    for (const name of ['ACT/ACT ICMA', 'months'] as const) assert.deepEqual(countDays(name, from, to, { reference: { from, to: addMonths(from, 12) } }).years, wholeR(years), name)
  }), runs)
  fc.assert(fc.property(anyDay, fc.integer({ min: 0, max: 400 }), (from, months) => { assert.equal(wholeMonths(from, addMonths(from, months)), months) }), runs)
})

t.test('a day further on counts no less', async () => {
  fc.assert(fc.property(spans, ([from, to]) => {
    for (const name of [...actual, ...ofThirty]) assert(compareR(countDays(name, from, addDays(to, 1)).years, countDays(name, from, to).years) >= -1 / 360, name)
    for (const name of [...actual, 'ACT/ACT AFB', 'ACT/ACT ICMA'] as const) assert(countDays(name, from, to).days === daysBetween(from, to) || name === 'NL/365', name)
  }), runs)
})

const exact = fc.tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.bigInt({ min: 1n, max: 10n ** 6n })).map(([n, d]) => ratio(n, d))

t.test('invariants 28 and 29: rounding is a mirror at zero where money is rounded, changes nothing twice, keeps order and is never a unit off', async () => {
  const mirrored: RoundingMode[] = ['half_up', 'half_even', 'half_odd', 'half_down', 'down', 'up']
  fc.assert(fc.property(exact, exact, (a, b) => {
    for (const mode of roundingModes) {
      const rounded = roundR(a, mode)
      assert.equal(roundR(wholeR(rounded), mode), rounded, `${mode} twice`)
      assert(compareR(a, b) > 0 || rounded <= roundR(b, mode), `${mode} keeps order`)
      const off = subR(wholeR(rounded), a)
      const magnitude = off.n < 0n ? negR(off) : off
      assert(compareR(magnitude, mode.startsWith('half') ? ratio(1n, 2n) : wholeR(1)) <= 0, `${mode} is near`)
      if (mirrored.includes(mode)) assert.equal(roundR(negR(a), mode), -rounded, `${mode} of -x`)
    }
    assert.equal(roundR(a, 'half_ceil'), -roundR(negR(a), 'half_floor'))
    assert.equal(roundR(a, 'ceil'), -roundR(negR(a), 'floor'))
  }), runs)
})

t.test('decimals and increments are the same rounding on another scale', async () => {
  fc.assert(fc.property(exact, fc.integer({ min: 0, max: 6 }), fc.constantFrom(...roundingModes), (value, decimals, mode) => {
    const rounded = roundToDecimals(value, decimals, mode)
    assert.equal(compareR(rounded, roundToIncrement(value, ratio(1n, 10n ** BigInt(decimals)), mode)), 0)
    assert.equal(compareR(rational(formatFixed(rounded, decimals)), rounded), 0)
  }), runs)
  t.equal(formatFixed(rational('-0.05'), 2), '-0.05')
  t.throws(() => formatFixed(rational('1/3'), 4), RangeError)
  t.throws(() => roundToIncrement(rational('1'), rational('0')), RangeError)
})

t.test('a root is cut off after its last decimal, and undoes a power', async () => {
  fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 12n }), fc.bigInt({ min: 1n, max: 10n ** 6n }), fc.integer({ min: 2, max: 12 }), (n, d, degree) => {
    const value = ratio(n, d)
    const root = rootR(value, degree, 20)
    const next = addR(root, ratio(1n, 10n ** 20n))
    assert(compareR(powerR(root, degree), value) <= 0 && compareR(powerR(next, degree), value) > 0)
  }), { numRuns: Math.min(runs.numRuns, 300) })
  t.same(rootR(rational('1.0824'), 1), rational('1.0824'))
})

t.test('a long power is cut off after its decimals, and a short one is exact', async t => {
  t.same(powerCut(rational('1.05'), 12), powerR(rational('1.05'), 12))
  // The exact power of a few thousand bits more than the limit is still quick to make.
  fc.assert(fc.property(fc.integer({ min: 1, max: 5_000_000 }), fc.integer({ min: 700, max: 1_200 }), (rate, exponent) => {
    const value = ratio(1_000_000n + BigInt(rate), 1_000_000n)
    const off = subR(powerR(value, exponent), powerCut(value, exponent))
    assert(off.n >= 0n && compareR(off, ratio(1n, 10n ** 79n)) < 0)
  }), { numRuns: Math.min(runs.numRuns, 60) })
})
