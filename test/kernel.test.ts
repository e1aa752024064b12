import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import {
  Problem, addDays, addMonths, addR, bucketsOf, compareR, convert, cutPage, dayIn, daysBetween, divR, exponentOf, formatMinor, formatR, idOf, idPattern, idPrefixes, isCurrency, isDay,
  isTimeZone, lessBuckets, minor, mulR, negR, nextMidnight, noBuckets, parseMinor, payableOf, problem, problemTypes, problems, ratio, rational, roundR, roundRatio, shareOf, split, startOfDay,
  subR, sum, sumR, taxOn, taxOnCredit, totalOf, uuidOf, wholeR, withTotal,
} from '#kernel'
import type { Rational, RoundingMode } from '#kernel'
import { newId } from '../src/platform/index.ts'

const modes: RoundingMode[] = ['half_up', 'half_even', 'down', 'up']
const anyMode = fc.constantFrom(...modes)
const anyRatio = fc.tuple(fc.bigInt({ min: -(10n ** 15n), max: 10n ** 15n }), fc.bigInt({ min: 1n, max: 10n ** 6n })).map(([n, d]) => ratio(n, d))
const anyMinor = fc.integer({ min: -(10 ** 15), max: 10 ** 15 }).map(value => minor(value))
const anyDay = fc.oneof(fc.constantFrom('2024-02-28', '2024-02-29', '2023-02-28', '2025-12-31', '2026-01-01', '2026-01-30', '2026-01-31', '2000-02-29'), fc.integer({ min: 7_300, max: 33_000 }).map(days => addDays('1970-01-01', days)))
const isSame = (a: Rational, b: Rational): boolean => compareR(a, b) === 0
const size = (value: Rational): Rational => compareR(value, wholeR(0)) < 0 ? negR(value) : value

t.test('money is a whole number of minor units, within what a number can hold exactly', async t => {
  for (const value of [0.1, NaN, Infinity, 2 ** 53, -(2 ** 53), 2n ** 60n]) t.throws(() => minor(value), RangeError, String(value))
  t.equal(minor(9_007_199_254_740_991n), 9_007_199_254_740_991)
  t.ok(Object.is(minor(-0), 0), 'minus zero never reaches the wire')
  t.throws(() => sum([9_007_199_254_740_991, 1]), RangeError, 'a sum that does not fit is an error, not a rounding')
})

t.test('each mode rounds as it says; half up is away from zero, as the published figures have it', async t => {
  const table: [value: string, halfUp: bigint, halfEven: bigint, down: bigint, up: bigint][] = [
    ['2.5', 3n, 2n, 2n, 3n], ['-2.5', -3n, -2n, -2n, -3n], ['3.5', 4n, 4n, 3n, 4n], ['22.5', 23n, 22n, 22n, 23n], ['0.5', 1n, 0n, 0n, 1n], ['-0.5', -1n, 0n, 0n, -1n],
    ['1/3', 0n, 0n, 0n, 1n], ['-1/3', 0n, 0n, 0n, -1n], ['2.4999999999', 2n, 2n, 2n, 3n], ['7', 7n, 7n, 7n, 7n], ['-7', -7n, -7n, -7n, -7n],
  ]
  for (const [value, ...expected] of table) t.same(modes.map(mode => roundR(rational(value), mode)), expected, value)
})

t.test('rounding is the mirror of itself, keeps whole numbers and order, and strays by no more than its mode allows', async t => {
  fc.assert(fc.property(anyRatio, anyRatio, anyMode, (x, y, mode) => {
    const rounded = roundR(x, mode)
    assert.equal(roundR(negR(x), mode), -rounded)
    assert.equal(roundR(wholeR(rounded), mode), rounded)
    if (compareR(x, y) <= 0) assert(rounded <= roundR(y, mode))
    const strayed = size(subR(wholeR(rounded), x))
    assert(compareR(strayed, mode.startsWith('half') ? ratio(1n, 2n) : wholeR(1)) <= 0)
    assert.equal(roundRatio(x.n, x.d, mode), rounded)
  }))
  t.pass()
})

t.test('a split gives away exactly what there was, each part within a unit of its exact share', async t => {
  const table: [amount: number, weights: number[], parts: number[]][] = [
    [100, [1, 1, 1], [34, 33, 33]], [-100, [1, 1, 1], [-34, -33, -33]], [5, [3, 7], [2, 3]], [1, [1, 1], [1, 0]], [10, [0, 1, 0], [0, 10, 0]], [0, [1, 2], [0, 0]], [2, [1, 1, 1], [1, 1, 0]],
    [9_007_199_254_740_991, [1, 1], [4_503_599_627_370_496, 4_503_599_627_370_495]],
  ]
  for (const [amount, weights, parts] of table) t.same(split(amount, weights), parts, `${amount} by ${weights.join(':')}`)
  for (const weights of [[], [0, 0], [1, -1]]) t.throws(() => split(100, weights), RangeError)
  const anyWeights = fc.array(fc.bigInt({ min: 0n, max: 10n ** 6n }), { minLength: 1, maxLength: 12 }).filter(weights => weights.some(weight => weight > 0n))
  fc.assert(fc.property(anyMinor, anyWeights, (amount, weights) => {
    const parts = split(amount, weights)
    const total = weights.reduce((a, b) => a + b)
    assert.equal(sum(parts), amount)
    for (const [i, part] of parts.entries()) {
      if (weights[i] === 0n) assert.equal(part, 0)
      assert(compareR(size(subR(wholeR(part), ratio(BigInt(amount) * weights[i]!, total))), wholeR(1)) < 0)
    }
    assert.deepEqual(split(minor(-amount), weights), parts.map(part => minor(-part)))
    const equal = split(amount, weights.map(() => 1))
    assert(Math.max(...equal) - Math.min(...equal) <= 1)
  }))
  t.pass()
})

t.test('ratios are exact: what is written is read back, and arithmetic loses nothing', async t => {
  const written: [text: string, formatted: string][] = [['0.25', '0.25'], ['1/3', '1/3'], ['2/6', '1/3'], ['-0.3', '-0.3'], ['12.250', '12.25'], ['7', '7'], ['-4/2', '-2'], ['0.05', '0.05'], ['1/8', '0.125']]
  for (const [text, formatted] of written) t.equal(formatR(rational(text)), formatted, text)
  for (const text of ['', '1.', '.5', '1e3', '+1', '1/2/3', '0x10', ' 1', '1,5', 'NaN', '1/0']) t.throws(() => rational(text), RangeError, text)
  t.throws(() => divR(wholeR(1), wholeR(0)), RangeError)
  fc.assert(fc.property(anyRatio, anyRatio, anyRatio, (a, b, c) => {
    assert(isSame(rational(formatR(a)), a))
    assert(isSame(addR(addR(a, b), c), sumR([c, b, a])))
    assert(isSame(mulR(a, addR(b, c)), addR(mulR(a, b), mulR(a, c))))
    assert(isSame(subR(addR(a, b), b), a))
    if (b.n !== 0n) assert(isSame(divR(mulR(a, b), b), a))
    assert.equal(compareR(a, b), -compareR(b, a) + 0)
    assert(a.d > 0n)
  }))
  t.equal(shareOf(1_000_01, rational('1/3')), 333_34)
  t.equal(taxOn(150_00, '0.2'), 30_00)
  t.equal(taxOn(-2_50, '0.01'), -3, 'tax on a credit is the mirror of tax on the charge')
})

t.test('digits after the point are the currency\'s own, from our table, and what is written is read back', async t => {
  const exponents: [currency: string, exponent: number][] = [['JPY', 0], ['CLP', 0], ['ISK', 0], ['USD', 2], ['CNY', 2], ['HUF', 2], ['KWD', 3], ['TND', 3], ['CLF', 4], ['UYW', 4]]
  for (const [currency, exponent] of exponents) t.equal(exponentOf(currency), exponent, currency)
  t.notOk(isCurrency('XXQ'))
  t.throws(() => exponentOf('XXQ'), RangeError)
  const formats: [amount: number, currency: string, text: string][] = [[5, 'USD', '0.05'], [-5, 'USD', '-0.05'], [0, 'KWD', '0.000'], [-1_234, 'JPY', '-1234'], [12_345, 'CLF', '1.2345'], [100_00, 'CNY', '100.00']]
  for (const [amount, currency, text] of formats) t.equal(formatMinor(amount, currency), text)
  const readings: [text: string, currency: string, amount: number][] = [['1', 'USD', 100], ['1.5', 'USD', 150], ['1.500', 'USD', 150], ['-0.01', 'USD', -1], ['007', 'JPY', 7], ['-0', 'USD', 0]]
  for (const [text, currency, amount] of readings) t.equal(parseMinor(text, currency), amount, text)
  for (const text of ['1.005', '1,00', '', '.5', '1e2', '--1', '1 000', '99999999999999999']) t.throws(() => parseMinor(text, 'USD'), RangeError, text)
  fc.assert(fc.property(anyMinor, fc.constantFrom('JPY', 'USD', 'KWD', 'CLF'), (amount, currency) => assert.equal(parseMinor(formatMinor(amount, currency), currency), amount)))
  fc.assert(fc.property(fc.maxSafeInteger(), amount => assert.equal(parseMinor(formatMinor(minor(amount), 'JPY'), 'JPY'), minor(amount))))
  t.pass()
})

t.test('invariant 31: the tax of partial credits is that of the document, never below zero, and the last part takes the drift', async t => {
  const rate = fc.integer({ min: 0, max: 100 }).map(n => String(n / 100))
  const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 1_000) }
  fc.assert(fc.property(fc.integer({ min: 1, max: 1_000_000 }), rate, fc.array(fc.integer({ min: 0, max: 1_000 }), { minLength: 1, maxLength: 12 }), anyMode, (base, percent, weights, mode) => {
    const document = { base, tax: taxOn(base, percent, mode) }
    let credited = { base: 0, tax: 0 }
    for (const part of split(base, weights.some(weight => weight > 0) ? weights : [1])) {
      const tax = taxOnCredit(document, credited, part, percent, mode)
      assert(tax >= 0)
      credited = { base: credited.base + part, tax: credited.tax + tax }
    }
    assert.deepEqual(credited, document)
  }), runs)
  // Ten at 50 % are taxed 5, and each 1 by itself 0.5, which rounds to 1: after five of them nothing is left to give back.
  t.same([[0, 0], [4, 4], [5, 5], [9, 5]].map(([base, tax]) => taxOnCredit({ base: 10, tax: 5 }, { base: base!, tax: tax! }, 1, '0.5')), [1, 1, 0, 0])
  t.throws(() => taxOnCredit({ base: 10, tax: 5 }, { base: 8, tax: 4 }, 3, '0.5'), RangeError)
})

t.test('a conversion is rounded once, in the digits of the currency it ends in; a payout in the steps that can be paid', async t => {
  const rows: [amount: number, from: string, to: string, rate: string, converted: number][] = [
    [100_00, 'USD', 'INR', '82.42135', 8_242_14], [5_00, 'USD', 'IQD', '1199', 5_995_000], [-100_00, 'USD', 'INR', '82.42135', -8_242_14], [1_50, 'USD', 'JPY', '151', 227], [3, 'JPY', 'KWD', '1/3', 1_000], [1, 'KWD', 'USD', '3.25', 0],
  ]
  for (const [amount, from, to, rate, converted] of rows) t.equal(convert(amount, from, to, rational(rate)), converted, `${amount} ${from} in ${to} at ${rate}`)
  t.equal(convert(100_00, 'USD', 'INR', rational('82.42135'), 'down'), 8_242_13)
  t.throws(() => convert(1, 'USD', 'XXQ', rational('1')), RangeError)
  t.same([payableOf(10_45, 100), payableOf(5_124, 10), payableOf(5_120, 10), payableOf(-10_45, 100)], [{ below: 10_00, above: 11_00 }, { below: 5_120, above: 5_130 }, { below: 5_120, above: 5_120 }, { below: -11_00, above: -10_00 }])
})

t.test('the parts of a debt and their total are one sum', async t => {
  const parts = { principal: 100, interest: 20, penalty: 3, costs: 0 }
  t.equal(totalOf(parts), 123)
  t.same(withTotal({ ...parts, id: 'x' } as typeof parts), { ...parts, total: 123 }, 'and nothing else of the row')
  t.same(lessBuckets(parts, parts), noBuckets)
  t.same(bucketsOf(parts), parts)
})

t.test('a calendar day is counted in days, and a month ends where it ends', async t => {
  const days: [text: string, exists: boolean][] = [['2024-02-29', true], ['2026-02-29', false], ['2000-02-29', true], ['1900-02-29', false], ['2026-13-01', false], ['2026-04-31', false], ['2026-1-1', false], ['2026-01-01T00:00:00Z', false], ['', false]]
  for (const [text, exists] of days) t.equal(isDay(text), exists, text)
  const months: [from: string, months: number, to: string][] = [['2026-01-31', 1, '2026-02-28'], ['2024-01-31', 1, '2024-02-29'], ['2026-03-31', -1, '2026-02-28'], ['2025-12-15', 1, '2026-01-15'], ['2024-02-29', 12, '2025-02-28']]
  for (const [from, count, to] of months) t.equal(addMonths(from, count), to, `${from} and ${count}`)
  fc.assert(fc.property(anyDay, anyDay, fc.integer({ min: -5_000, max: 5_000 }), (a, b, n) => {
    assert(isDay(a))
    assert.equal(daysBetween(a, b), -daysBetween(b, a) + 0)
    assert.equal(addDays(a, daysBetween(a, b)), b)
    assert.equal(daysBetween(a, addDays(a, n)), n)
    assert.equal(addDays(a, n) < a, n < 0, 'days compare as text')
  }))
  t.pass()
})

t.test('a day begins when it begins there, even where the clocks skip midnight', async t => {
  const starts: [day: string, zone: string, at: string][] = [
    ['2026-01-05', 'Asia/Shanghai', '2026-01-04T16:00:00.000Z'], ['2026-03-29', 'Europe/London', '2026-03-29T00:00:00.000Z'], ['2026-03-30', 'Europe/London', '2026-03-29T23:00:00.000Z'],
    // Midnight does not exist on these days: they begin at one o'clock.
    ['2018-11-04', 'America/Sao_Paulo', '2018-11-04T03:00:00.000Z'], ['2022-03-27', 'Asia/Beirut', '2022-03-26T22:00:00.000Z'],
    ['2026-01-01', 'Pacific/Kiritimati', '2025-12-31T10:00:00.000Z'], ['2026-01-01', 'Asia/Kathmandu', '2025-12-31T18:15:00.000Z'],
  ]
  for (const [day, zone, at] of starts) t.equal(startOfDay(day, zone).toISOString(), at, `${day} in ${zone}`)
  t.equal(nextMidnight('America/New_York', new Date('2026-03-08T06:30:00Z')).toISOString(), '2026-03-09T04:00:00.000Z', 'a day of 23 hours')
  for (const zone of ['Asia/Shanghai', 'America/Argentina/Buenos_Aires', 'UTC']) t.ok(isTimeZone(zone), zone)
  for (const zone of ['Mars/Olympus', '', 'Europe/Atlantis']) t.notOk(isTimeZone(zone), zone)
  const zones = fc.constantFrom('UTC', 'Asia/Shanghai', 'America/New_York', 'Europe/London', 'America/Sao_Paulo', 'Asia/Beirut', 'Australia/Lord_Howe', 'Pacific/Kiritimati', 'Asia/Kathmandu', 'Africa/Casablanca')
  fc.assert(fc.property(zones, fc.integer({ min: 946_684_800_000, max: 2_840_140_800_000 }), (zone, at) => {
    const instant = new Date(at)
    const today = dayIn(zone, instant)
    assert(startOfDay(today, zone) <= instant)
    assert(nextMidnight(zone, instant) > instant)
    assert.equal(dayIn(zone, startOfDay(today, zone)), today)
    assert.equal(dayIn(zone, new Date(startOfDay(today, zone).getTime() - 1)) < today, true)
  }))
  t.pass()
})

t.test('an id says what it is of, keeps its place in time, and is a UUID in the database', async t => {
  const prefixes = Object.values(idPrefixes)
  t.equal(new Set(prefixes).size, prefixes.length, 'no two kinds share a prefix')
  t.ok(prefixes.every(prefix => /^[a-z]{3}$/.test(prefix)))
  const ids = Array.from({ length: 1_000 }, () => newId('account'))
  t.ok(ids.every(id => new RegExp(idPattern('account')).test(id)))
  t.same(ids, [...new Set(ids)].sort(), 'ids sort by the time they were made')
  t.equal(idOf('account', uuidOf(ids[0]!)), ids[0])
  for (const id of ['acc_1', 'pty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', 'acc_019AB3F0-6C1E-7D35-9A51-0D7F5C1B2E44', '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44']) t.notMatch(id, new RegExp(idPattern('account')), id)
})

t.test('a page is cut from one row more than asked, and names the last row kept', async t => {
  t.same(cutPage(['a', 'b'], 2, String), { data: ['a', 'b'], nextCursor: null })
  const { data, nextCursor } = cutPage(['a', 'b', 'c'], 2, row => `key-${row}`)
  t.same(data, ['a', 'b'])
  t.equal(Buffer.from(nextCursor!, 'base64url').toString(), 'key-b')
  t.same(cutPage([], 2, String), { data: [], nextCursor: null })
})

t.test('a kind of refusal is declared once and carries its facts', async t => {
  const Broken = problem('kernel-test-broken', 409, 'It is broken.', 'Mend it.')
  t.throws(() => problem('kernel-test-broken', 409, 'Again.'), /declared twice/)
  t.ok(problemTypes().some(({ code }) => code === 'kernel-test-broken'))
  const refused = Broken({ part: 'wheel' }, { violations: [{ pointer: '/wheel', message: 'is broken' }] })
  t.ok(refused instanceof Problem)
  t.match(refused, { code: 'kernel-test-broken', status: 409, message: 'It is broken.', details: { part: 'wheel' }, refusal: { violations: [{ pointer: '/wheel' }] } })
  const other = problem('kernel-test-other', 409, 'It is otherwise.')
  t.match(problems(Broken, other), { 409: { 'x-problems': ['kernel-test-broken', 'kernel-test-other'] } }, 'refusals of one status are told together')
})
