import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { addDays, compareR, daysBetween, divR, formatR, minor, ratio, rational, roundR, split, subR, sumR, wholeR, zeroR } from '#kernel'
import { splitBy, splitMethods } from '../../src/modules/calculations/split.core.ts'
import { compoundInterest, equivalentRate, interestSegments, postingOf, roundedPerDay } from '../../src/modules/rates/interest.core.ts'
import type { InterestInput } from '../../src/modules/rates/interest.core.ts'
import { world } from '../world.ts'

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 1_000) }
const day = (n: number): string => addDays('2023-11-01', n)
const exactOf = (input: InterestInput) => sumR(interestSegments(input).map(({ exact }) => exact))

const dayNumber = fc.integer({ min: 0, max: 900 })
const input = fc.record({
  from: dayNumber.map(day), length: fc.integer({ min: 0, max: 900 }), base: fc.integer({ min: 0, max: 10_000_000 }), dayCount: fc.constantFrom('ACT/365F' as const, 'ACT/360' as const, 'ACT/ACT ISDA' as const, 'ACT/calendar-year' as const),
  changes: fc.array(fc.record({ after: dayNumber.map(day), amount: fc.integer({ min: 0, max: 10_000_000 }) }), { maxLength: 5 }),
  index: fc.array(fc.record({ from: fc.integer({ min: 1, max: 900 }).map(day), value: fc.integer({ min: 0, max: 2_000 }).map(n => String(n / 100)) }), { maxLength: 5 }),
  suspensions: fc.array(fc.tuple(dayNumber, fc.integer({ min: 0, max: 60 })).map(([from, length]) => ({ from: day(from), to: day(from + length) })), { maxLength: 3 }),
  reset: fc.constantFrom('frozen' as const, 'floatingSemiannual' as const, 'floatingDaily' as const),
}).map(({ length, index, reset, changes, ...rest }): InterestInput => ({
  ...rest, to: addDays(rest.from, length), changes: changes.sort((a, b) => a.after < b.after ? -1 : 1),
  rate: { unit: 'pct_year', index: [{ from: '2000-01-01', value: '5.5' }, ...index.sort((a, b) => a.from < b.from ? -1 : 1)], marginPoints: '5', reset, frozenOn: rest.from },
}))

/** The naive auditor: every day by itself. */
function dayByDay ({ from, to, base, changes = [], suspensions = [], rate, dayCount }: InterestInput) {
  let exact = zeroR
  for (let on = addDays(from, 1); on <= to; on = addDays(on, 1)) {
    if (suspensions.some(pause => pause.from <= on && on <= pause.to)) continue
    const amount = changes.filter(({ after }) => after < on).at(-1)?.amount ?? base
    exact = sumR([exact, exactOf({ from: addDays(on, -1), to: on, base: amount, rate, dayCount })])
  }
  return exact
}

t.test('invariants 19 and 21: interest is that of its days, however they are cut into stretches', async () => {
  const frozen = input.filter(({ rate }) => rate.reset !== 'floatingSemiannual')
  fc.assert(fc.property(frozen, one => { assert.equal(compareR(exactOf(one), dayByDay(one)), 0) }), { numRuns: Math.min(runs.numRuns, 150) })
  fc.assert(fc.property(input, fc.nat({ max: 900 }), (one, cut) => {
    const middle = addDays(one.from, Math.min(cut, 900))
    if (middle >= one.to) return
    const later = { ...one, from: middle, base: one.changes?.filter(({ after }) => after <= middle).at(-1)?.amount ?? one.base }
    assert.equal(compareR(exactOf(one), sumR([exactOf({ ...one, to: middle }), exactOf(later)])), 0)
  }), runs)
})

t.test('invariant 23: more principal, rate or days never earn less; no rate earns nothing; a pause never adds', async () => {
  fc.assert(fc.property(input, one => {
    const before = exactOf(one)
    assert(compareR(exactOf({ ...one, to: addDays(one.to, 1) }), before) >= 0)
    assert(compareR(exactOf({ ...one, base: one.base + 100 }), before) >= 0)
    assert(compareR(exactOf({ ...one, rate: { ...one.rate, marginPoints: '6' } }), before) >= 0)
    assert(compareR(exactOf({ ...one, suspensions: [] }), before) >= 0)
    assert.deepEqual(exactOf({ ...one, rate: { unit: 'pct_year', value: '0' } }), zeroR)
  }), runs)
})

t.test('invariant 24: a rate that changes on a day changes nothing before it', async () => {
  fc.assert(fc.property(input, fc.integer({ min: 1, max: 900 }), fc.integer({ min: 0, max: 2_000 }), (one, n, value) => {
    const since = day(n)
    const changed = { ...one, rate: { ...one.rate, reset: 'floatingDaily' as const, index: [...one.rate.index!.filter(({ from }) => from < since), { from: since, value: String(value / 100) }] } }
    const plain = { ...one, rate: { ...one.rate, reset: 'floatingDaily' as const } }
    const before = addDays(since, -1)
    if (before <= one.from) return
    assert.equal(compareR(exactOf({ ...changed, to: before }), exactOf({ ...plain, to: before })), 0)
  }), runs)
})

t.test('invariants 19, 20 and 24: posted so far is the exact sum rounded, on whatever days it is posted; a rate corrected late leaves what the right one would have', async () => {
  fc.assert(fc.property(input, fc.array(fc.nat({ max: 900 }), { maxLength: 4 }), fc.integer({ min: 0, max: 2_000 }), (one, days, value) => {
    let posted = 0
    const post = (facts: InterestInput): void => {
      const exact = exactOf(facts)
      posted += postingOf(exact, posted)
      const off = subR(wholeR(posted), exact)
      assert(compareR(off.n < 0n ? { n: -off.n, d: off.d } : off, ratio(1n, 2n)) <= 0)
      assert.equal(postingOf(exact, posted), 0, 'posted twice is posted once')
    }
    for (const to of days.map(n => addDays(one.from, n)).filter(to => to < one.to).sort()) post({ ...one, to })
    post(one)
    assert.equal(posted, Number(roundR(exactOf(one))))
    const corrected = { ...one, rate: { ...one.rate, index: [...one.rate.index!, { from: day(300), value: String(value / 100) }] } }
    post(corrected)
    assert.equal(posted, Number(roundR(exactOf(corrected))))
  }), runs)
})

t.test('facts count by their days, in whatever order they are listed', async () => {
  const once = <T>(list: readonly T[] | undefined, of: (one: T) => string) => [...new Map((list ?? []).map(one => [of(one), one])).values()]
  fc.assert(fc.property(input, one => {
    const facts = { ...one, changes: once(one.changes, ({ after }) => after), rate: { ...one.rate, index: once(one.rate.index, ({ from }) => from) } }
    const reversed = { ...facts, changes: [...facts.changes].reverse(), suspensions: [...facts.suspensions ?? []].reverse(), rate: { ...facts.rate, index: [...facts.rate.index].reverse() } }
    assert.equal(compareR(exactOf(facts), exactOf(reversed)), 0)
  }), runs)
})

t.test('a stretch lies in years of one length, so that its days are alike and rounding each is the same for all', async t => {
  fc.assert(fc.property(input, fc.constantFrom('half_up' as const, 'down' as const, 'up' as const), (one, mode) => {
    const short = { ...one, to: addDays(one.from, Math.min(90, daysBetween(one.from, one.to))), rate: { unit: 'pct_year' as const, value: '12.25' } }
    let byDay = 0n
    for (let on = short.from; on < short.to; on = addDays(on, 1)) {
      const base = short.changes?.filter(({ after }) => after <= on).at(-1)?.amount ?? short.base
      byDay += roundedPerDay(interestSegments({ ...short, from: on, to: addDays(on, 1), base }), mode).total
    }
    assert.equal(roundedPerDay(interestSegments(short), mode).total, byDay)
  }), { numRuns: Math.min(runs.numRuns, 150) })
  // ISDA counts the day begun: 31 December is of the old year, and 1 January the last day that it is counted to.
  const isda = interestSegments({ from: '2023-12-01', to: '2024-03-01', base: 1_000_000_00, dayCount: 'ACT/ACT ISDA', rate: { unit: 'pct_year', value: '36.5' } })
  t.same(isda.map(({ from, to, days, exact }) => [from, to, days, formatR(exact)]), [['2023-12-02', '2024-01-01', 31, '3100000'], ['2024-01-02', '2024-03-01', 60, '365000000/61']])
})

t.test('invariant 21: interest of one regular period is that of its parts', async t => {
  const reference = { from: '2026-01-01', to: '2026-07-01' }
  const half = { base: 100_000, dayCount: 'ACT/ACT ICMA' as const, rate: { unit: 'pct_year' as const, value: '5' } }
  const whole = exactOf({ ...half, ...reference })
  t.equal(formatR(whole), '2500')
  t.equal(compareR(whole, exactOf({ ...half, ...reference, changes: [{ after: '2026-01-10', amount: 100_000 }] })), 0)
  t.equal(compareR(whole, sumR([exactOf({ ...half, from: '2026-01-01', to: '2026-02-11', options: { reference } }), exactOf({ ...half, from: '2026-02-11', to: '2026-07-01', options: { reference } })])), 0)
})

t.test('invariant 20: rounded day by day it is off by at most half a unit a day', async () => {
  fc.assert(fc.property(input, one => {
    const segments = interestSegments(one)
    const off = subR(wholeR(roundedPerDay(segments, 'half_up').total), exactOf(one))
    const days = segments.reduce((sum, segment) => sum + segment.days, 0)
    assert(compareR(off.n < 0n ? { n: -off.n, d: off.d } : off, ratio(BigInt(days), 2n)) <= 0)
  }), runs)
})

t.test('invariant 25: compounding n times a year is the closed form on whole periods', async () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: 10_000_000 }), fc.integer({ min: 0, max: 4_000 }), fc.integer({ min: 1, max: 24 }), (base, rate, months) => {
    const yearly = ratio(BigInt(rate), 100n)
    const steps = compoundInterest(base, yearly, '2024-01-15', addMonthsOf('2024-01-15', months), 'monthly', 'ACT/365F')
    const total = sumR(steps.map(({ interest }) => interest))
    // (1 + r / 1200)^months, in exact whole numbers.
    const closed = ratio(BigInt(base) * ((120_000n + BigInt(rate)) ** BigInt(months) - 120_000n ** BigInt(months)), 120_000n ** BigInt(months))
    const off = subR(total, closed)
    assert(compareR(off.n < 0n ? { n: -off.n, d: off.d } : off, ratio(1n, 10n ** 30n)) < 0)
  }), runs)
  t.equal(roundR(divR(equivalentRate(rational('0.08'), 4, 1, wholeR(1)), ratio(1n, 10_000n))), 824n, 'eight per cent a quarter at a time is 8.24 % a year')
})

function addMonthsOf (day_: string, months: number): string {
  const index = Number(day_.slice(5, 7)) - 1 + months
  return `${Number(day_.slice(0, 4)) + Math.floor(index / 12)}-${String(index % 12 + 1).padStart(2, '0')}-15`
}

t.test('invariant 27: shares add up, nothing for no weight, less than a unit off, alike for alike, and a mirror', async () => {
  const weights = fc.array(fc.integer({ min: 0, max: 1_000_000 }), { minLength: 1, maxLength: 12 }).filter(all => all.some(weight => weight > 0))
  fc.assert(fc.property(fc.integer({ min: -1_000_000_000, max: 1_000_000_000 }), weights, (amount, all) => {
    const exact = all.map(wholeR)
    const total = sumR(exact)
    for (const method of splitMethods) {
      const { shares, remainder } = splitBy(method, minor(amount), exact)
      assert.equal(shares.reduce((sum, share) => sum + share, remainder), amount, method)
      shares.forEach((share, i) => { if (all[i] === 0) assert.equal(share, 0, method) })
      assert.deepEqual(splitBy(method, minor(-amount), exact).shares, shares.map(share => minor(-share)), `${method} mirrored`)
    }
    const { shares } = splitBy('largestRemainder', minor(amount), exact)
    assert.deepEqual(shares, split(minor(amount), all), 'it is the split that posts money')
    shares.forEach((share, i) => {
      const off = subR(wholeR(share), divR({ n: BigInt(amount) * BigInt(all[i]!), d: 1n }, total))
      assert(compareR(off.n < 0n ? { n: -off.n, d: off.d } : off, wholeR(1)) < 0)
      shares.forEach((other, j) => { if (all[i] === all[j]) assert(Math.abs(share - other) <= 1) })
    })
  }), runs)
})

t.test('through the API', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us)
  const ask = async (name: string, body: object) => await w.call(us, 'POST', `/v1/calculations/${name}`, body)

  t.test('a lender asks as the agency does, and a stranger does not', async t => {
    const body = { convention: 'ACT/365F', from: '2026-01-31', to: '2026-03-01' }
    t.same((await w.call(lender, 'POST', '/v1/calculations/day-count', body)).json(), { days: 29, years: '29/365' })
    t.equal((await w.call('nobody', 'POST', '/v1/calculations/day-count', body)).statusCode, 401)
  })

  t.test('an Idempotency-Key does no harm where nothing is kept', async t => {
    const headers = { 'idempotency-key': 'same' }
    const one = await w.call(us, 'POST', '/v1/calculations/round', { value: '2.5', decimals: 0 }, headers)
    const other = await w.call(us, 'POST', '/v1/calculations/round', { value: '3.5', decimals: 0 }, headers)
    t.same([one.json<{ rounded: string }>().rounded, other.json<{ rounded: string }>().rounded], ['3', '4'])
  })

  t.test('interest explains itself, stretch by stretch', async t => {
    const { statusCode, ...reply } = await ask('interest', {
      principal: 1_000_00, currency: 'EUR', dayCount: 'ACT/calendar-year', from: '2023-12-21', to: '2024-01-10', changes: [{ after: '2024-01-05', principal: 600_00 }],
      rate: { unit: 'pct_year', index: [{ from: '2023-07-01', value: '3.12' }, { from: '2024-01-01', value: '3.62' }], marginPoints: '5', reset: 'floatingSemiannual' },
    })
    t.equal(statusCode, 200)
    // 10 days of 2023 at 8.12 %: 100,000 * 0.0812 * 10 / 365 = 222.4658; 5 of 2024 at 8.62 %: * 5 / 366 = 117.7596; 5 on 600.00: 70.6557. In all 410.8811.
    t.match(JSON.parse(reply.body), {
      interest: 4_11, rate: { value: '8.62', annualPercent: '8.62' },
      segments: [
        { from: '2023-12-22', to: '2023-12-31', base: '100000', rate: '8.12', days: 10 }, { from: '2024-01-01', to: '2024-01-05', base: '100000', rate: '8.62', days: 5 },
        { from: '2024-01-06', to: '2024-01-10', base: '60000', rate: '8.62', days: 5 },
      ],
    })
  })

  t.test('interest takes what its day count needs, and counts the first day when asked', async t => {
    const year = { principal: 3_600_00, currency: 'EUR', rate: { unit: 'pct_year', value: '10' } }
    const days = async (more: object) => (await ask('interest', { ...year, ...more })).json<{ segments: { days: number }[], exact: string }>()
    t.match(await days({ dayCount: '30E/360 ISDA', from: '2011-02-28', to: '2012-02-29' }), { segments: [{ days: 360 }] })
    t.match(await days({ dayCount: '30E/360 ISDA', from: '2011-02-28', to: '2012-02-29', termination: '2012-02-29' }), { segments: [{ days: 359 }] })
    t.match(await days({ dayCount: '30U/360', from: '2012-02-29', to: '2012-03-31' }), { segments: [{ days: 30 }] })
    t.match(await days({ dayCount: '30U/360', from: '2012-02-29', to: '2012-03-31', endOfMonth: false }), { segments: [{ days: 32 }] })
    // 41 of the period's 181 days, a half of a year: 36,000.00 * 41 / 362.
    t.match(await days({ dayCount: 'ACT/ACT ICMA', from: '2026-01-01', to: '2026-02-11', reference: { from: '2026-01-01', to: '2026-07-01' } }), { exact: '738000/181' })
    t.match(await days({ from: '2026-01-01', to: '2026-01-31', startRule: 'includeBoth' }), { segments: [{ from: '2026-01-01', days: 31 }] })
    t.match(await days({ from: '2026-01-01', to: '2026-01-02', rate: { unit: 'pct_year', value: '1/3' } }), { exact: '240/73' }, 'what does not end as a decimal is told as a fraction')
    t.match(await days({ from: '2026-01-01', to: '2026-02-15', compounding: 'monthly' }), { segments: [{ days: 31 }, { days: 14 }] })
  })

  t.test('rates are compared at once, however long the term', async t => {
    const reply = await ask('equivalent-rate', { rate: '0.123456789012', compoundingsPerYear: 366, termYears: '100', decimals: 4 })
    t.equal(reply.statusCode, 200)
    // e^(12.3456789012) is 229,963: what a hundred years leave of 1 comes near it when interest is added daily.
    t.match(reply.json(), { rate: /^22\d\d\.\d{1,4}$/ })
  })

  t.test('what cannot be calculated is refused by name, and nothing breaks', async t => {
    const interest = { principal: 100, currency: 'EUR', rate: { unit: 'pct_year', value: '5' }, from: '2026-01-01', to: '2026-02-01' }
    const bad: [name: string, body: object, status: number, pointer: string][] = [
      ['day-count', { convention: 'ACT/365F', from: '2026-03-01', to: '2026-01-31' }, 422, '/to'],
      ['day-count', { convention: 'ACT/365F', from: '1600-01-01', to: '2026-01-31' }, 422, '/to'],
      ['day-count', { convention: 'ACT/365F', from: '2026-02-30', to: '2026-03-31' }, 400, '/from'],
      ['day-count', { convention: 'ACT/364', from: '2026-02-01', to: '2026-03-31' }, 400, '/convention'],
      ['day-count', { convention: 'ACT/ACT ICMA', from: '2026-02-01', to: '2026-03-31', reference: { from: '2026-02-01', to: '2026-02-01' } }, 422, '/reference/to'],
      ['day-count', { convention: 'ACT/365F', from: '0099-12-31', to: '0100-01-01' }, 422, '/from'],
      ['day-count', { convention: 'ACT/365F', from: '2990-12-31', to: '3000-01-01' }, 422, '/to'],
      ['day-count', { convention: 'ACT/ACT ICMA', from: '2026-02-01', to: '2026-03-31', reference: { from: '0001-01-01', to: '9999-12-01' } }, 422, '/reference/from'],
      ['interest', { ...interest, from: '9999-11-01', to: '9999-12-31' }, 422, '/from'],
      ['interest', { ...interest, from: '9999-12-31', to: undefined, days: 30 }, 422, '/from'],
      ['interest', { ...interest, to: undefined, months: 1_200, days: 36_600 }, 422, '/days'],
      ['interest', { ...interest, from: '2026-03-01', to: '2026-12-31', rate: { unit: 'pct_year', index: [{ from: '2026-02-01', value: '3' }], reset: 'floatingSemiannual' } }, 422, '/rate/index'],
      ['interest', { ...interest, rate: { unit: 'pct_year', index: [{ from: '2026-01-15', value: '3' }], reset: 'floatingDaily', frozenOn: '2026-06-01' } }, 422, '/rate/frozenOn'],
      ['interest', { ...interest, suspensions: [{ from: '2026-01-20', to: '2026-01-10' }] }, 422, '/suspensions/0/to'],
      ['interest', { ...interest, compounding: 'monthly', rounding: { when: 'perDay' } }, 422, '/rounding/when'],
      ['interest', { ...interest, compounding: 'monthly', rounding: { factorDecimals: 5 } }, 422, '/rounding/factorDecimals'],
      ['interest', { ...interest, dayCount: 'months', rounding: { when: 'perDay' } }, 422, '/rounding/when'],
      ['interest', { ...interest, dayCount: 'ACT/ACT AFB', rounding: { dailyRateDecimals: 7 } }, 422, '/rounding/dailyRateDecimals'],
      ['interest', { ...interest, rounding: { dailyRateDecimals: 7, factorDecimals: 7 } }, 422, '/rounding/factorDecimals'],
      ['interest', { ...interest, principal: 1_000_000_000_000, rate: { unit: 'pct_year', value: '999999999999' }, compounding: 'daily', to: '2035-01-01' }, 422, '/principal'],
      ['conversion', { amount: '1', currency: 'EUR', to: { currency: 'USD', rate: '0' } }, 422, '/to/rate'],
      ['conversion', { amount: '1', currency: 'EUR', to: { currency: 'USD', rate: '-1' } }, 422, '/to/rate'],
      ['conversion', { amount: '90071992547409.91', currency: 'EUR', payoutStep: 100 }, 422, '/payoutStep'],
      ['interest', { ...interest, currency: 'XXX' }, 422, '/currency'],
      ['interest', { ...interest, principal: -1 }, 400, '/principal'],
      ['interest', { ...interest, principal: 0.5 }, 400, '/principal'],
      ['interest', { ...interest, to: '2025-12-31' }, 422, '/to'],
      ['interest', { ...interest, to: undefined }, 422, ''],
      ['interest', { ...interest, days: 3 }, 422, ''],
      ['interest', { ...interest, rate: { unit: 'pct_year', value: '1/0' } }, 400, '/rate/value'],
      ['interest', { ...interest, rate: { unit: 'pct_year', index: [{ from: '2026-06-01', value: '3' }] } }, 422, '/rate/index'],
      ['interest', { ...interest, compounding: 'monthly', changes: [] }, 422, '/compounding'],
      ['interest', { ...interest, compounding: 'daily', to: '2066-01-01' }, 422, '/to'],
      ['interest', { ...interest, principal: 1_000_000_000_000, rate: { unit: 'pct_day', value: '999999999999' } }, 422, '/principal'],
      ['equivalent-rate', { rate: '0.08', compoundingsPerYear: 4, termYears: '0' }, 422, '/termYears'],
      ['round', { value: 'x', decimals: 2 }, 400, '/value'],
      ['round', { value: '1', increment: '0' }, 422, '/increment'],
      ['round', { value: '1', currency: 'ABC' }, 422, '/currency'],
      ['split', { amount: 100, weights: ['0', '0'] }, 422, '/weights'],
      ['split', { amount: 100, weights: ['1', '-1'] }, 422, '/weights/1'],
      ['split', { amount: 100, weights: [] }, 400, '/weights'],
      ['split', { amount: 1e20, weights: ['1'] }, 400, '/amount'],
      ['commission', { currency: 'EUR', payments: [100], method: { kind: 'flat', rate: '-1' } }, 422, '/method/rate'],
      ['commission', { currency: 'EUR', payments: [100], method: { kind: 'slab', on: 'payment', tiers: [{ upTo: 100, rate: '0.1' }] } }, 422, '/method/tiers/0/upTo'],
      ['commission', { currency: 'EUR', payments: [], method: { kind: 'flat', rate: '1' } }, 400, '/payments'],
      ['late-fee', { currency: 'EUR', rule: { statutory: 'gb-late-payment' }, violations: [{ type: 'late', causedBy: 'a', base: 100 }] }, 422, '/currency'],
      ['late-fee', { currency: 'EUR', rule: { amount: { kind: 'bands', bands: [{ upTo: 100, fixed: 1 }] } }, violations: [{ type: 'late', causedBy: 'a', base: 100 }] }, 422, '/rule/amount/bands/0/upTo'],
      ['late-fee', { currency: 'EUR', rule: { amount: { kind: 'share', rate: '-0.1' } }, violations: [{ type: 'late', causedBy: 'a', base: 100 }] }, 422, '/rule/amount/rate'],
      ['allocation', { currency: 'EUR', waterfall: { due: ['principal'] }, items: [], facts: [{ kind: 'undo', payment: 0 }] }, 422, '/facts/0/payment'],
      ['allocation', { currency: 'QQQ', waterfall: { due: ['principal'] }, items: [], facts: [{ kind: 'payment', on: '2026-01-01', amount: 1 }] }, 422, '/currency'],
      ['allocation', { currency: 'EUR', waterfall: { due: ['principal', 'principal'] }, items: [], facts: [{ kind: 'payment', on: '2026-01-01', amount: 1 }] }, 400, '/waterfall/due'],
      ['conversion', { amount: '1', currency: 'EUR', to: { currency: 'ZZZ', rate: '1' } }, 422, '/to/currency'],
      ['conversion', { amount: '99999999999999999999', currency: 'EUR' }, 422, '/amount'],
    ]
    for (const [name, body, status, pointer] of bad) {
      const reply = await ask(name, body)
      t.match({ status: reply.statusCode, ...reply.json<object>() }, { status, errors: [{ pointer }] }, `${name} ${JSON.stringify(body)}`)
    }
  })
})
