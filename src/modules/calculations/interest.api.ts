import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Currency, Day, OneOf, Ratio, addDays, addMonths, closed, compareR, dayCounts, daysBetween, divR, formatR, isCurrency, mulR, problems, ratio, roundToDecimals, sumR, wholeR } from '#kernel'
import type { DayCount, Rational, RoundingMode } from '#kernel'
import type { Api } from '#platform'
import {
  annualPercent, compoundInterest, compoundings, dailyPercent, equivalentRate, firstIndexDay, interestSegments, rateUnits, ratesOf, resets, roundedPerDay, startRules, yearDaysOf,
} from '../rates/index.ts'
import type { Segment } from '../rates/index.ts'
import { checkSpan, conventionFields, conventionOf } from './dayCount.api.ts'
import { CalculationRefused, Exact, Mode, Money, Sum, exactOf, refusal, rounded } from './schema.core.ts'

/** A rate that people write: up to twelve digits on each side of the point, or a fraction of two whole numbers. */
const Rate = (description: string) => Type.String({ ...Ratio, description })
const IndexValue = Type.String({ pattern: '^-?[0-9]{1,6}(\\.[0-9]{1,12})?$', description: 'The value, as a decimal.', examples: ['3.62'] })

const RateInput = Type.Object({
  unit: OneOf(rateUnits, 'What it is a rate of: per cent a year, a month or a day, or parts in ten thousand a day.'),
  value: Type.Optional(Rate('A fixed rate, in its unit: a decimal or a fraction.')),
  index: Type.Optional(Type.Array(Type.Object({ from: Day, value: IndexValue }, closed), { minItems: 1, maxItems: 2_000, description: 'Instead of `value`: an index the rate follows, with the day each value began to hold.' })),
  marginPoints: Type.Optional(Rate('Percentage points on top: 1.14 and 5 are 6.14.')),
  reset: Type.Optional(OneOf(resets, 'When a rate takes the value of its index: `frozen` on one day, `floatingSemiannual` each 1 January and 1 July, `floatingDaily` whenever it changes. `frozen` when left out.')),
  frozenOn: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The day of default or judgment on which a frozen rate takes its value; the first day that bears interest when left out.' })),
  cap: Type.Optional(Rate('The most it comes to.')), floor: Type.Optional(Rate('The least it comes to.')),
}, { ...closed, title: 'RateInput', oneOf: [{ required: ['value'] }, { required: ['index'] }] })

const InterestInput = Type.Object({
  principal: Sum('What bears interest, in minor units.'), currency: Currency, rate: RateInput,
  dayCount: Type.Optional(OneOf(dayCounts, 'How days become parts of a year. `ACT/365F` when left out; without effect on a daily rate.')),
  ...conventionFields,
  startRule: Type.Optional(OneOf(startRules, '`excludeStartIncludeEnd` (when left out): `from` bears none itself; `includeBoth`: it does.')),
  from: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The day it was due, which bears none itself unless `startRule` says so. 1 January 2025 when left out, for callers that know only a length.' })),
  to: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The last day that bears interest.' })),
  months: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_200, description: 'Instead of `to`: so many whole months after `from`, and `days` more.' })),
  days: Type.Optional(Type.Integer({ minimum: 0, maximum: 36_600, description: 'Instead of `to`: so many days after `from`.' })),
  changes: Type.Optional(Type.Array(Type.Object({ after: Type.Unsafe<string>({ ...Day, description: 'The day it changed: it bears interest on the old principal still.' }), principal: Sum('The principal from then on.') }, closed), { maxItems: 1_000, description: 'The principal as it changes.' })),
  suspensions: Type.Optional(Type.Array(Type.Object({ from: Day, to: Day }, closed), { maxItems: 200, description: 'Days on which nothing is earned, both included.' })),
  compounding: Type.Optional(OneOf(compoundings, 'How often interest is added to what bears it. `none`, simple interest, when left out.')),
  rounding: Type.Optional(Type.Object({
    mode: Type.Optional(Mode), when: Type.Optional(OneOf(['once', 'perDay'], '`once` rounds the sum; `perDay` rounds each day and multiplies: not where a day is no fixed part of a year, nor of compound interest.')),
    dailyRateDecimals: Type.Optional(Type.Integer({ minimum: 0, maximum: 40, description: 'Decimals of a per cent to which the daily rate is rounded first. Not where a day is no fixed part of a year, nor of compound interest.' })),
    factorDecimals: Type.Optional(Type.Integer({ minimum: 0, maximum: 40, description: 'Instead: decimals to which what one unit earns in a stretch is rounded first. Not of compound interest.' })),
  }, { ...closed, description: 'How the sum becomes whole minor units. Once, half up, when left out.' })),
}, {
  title: 'InterestInput', ...closed,
  examples: [{ principal: 500_000, currency: 'GBP', rate: { unit: 'pct_year', value: '12.25' }, dayCount: 'ACT/365F', from: '2026-01-01', to: '2026-04-12' }],
})
type InterestInput = Static<typeof InterestInput>

const InterestAnswer = Type.Object({
  currency: Currency, interest: Money('The interest, rounded, in minor units.'), exact: Type.String({ description: 'The interest before rounding, in minor units: a decimal or fraction. Compound interest is given to 20 decimals.' }),
  perDay: Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'With `perDay` rounding: what the last day comes to, in minor units.' }),
  rate: Type.Object({
    value: Type.String({ description: 'The rate in its unit, on the last day.' }), annualPercent: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'The same as per cent a year; null where the length of the year depends on more than the day.' }),
    dailyPercent: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'The same as per cent a day, rounded where that was asked.' }),
  }, { description: 'The rate that held on the last day.' }),
  segments: Type.Array(Type.Object({
    from: Day, to: Day, base: Type.String({ description: 'What bore interest, in minor units.' }), rate: Type.String({ description: 'The rate, in its unit.' }),
    days: Type.Integer({ description: 'Days counted.' }), exact: Type.String({ description: 'What was earned, in minor units, exactly.' }),
  }), { description: 'Stretches of days on which neither principal nor rate nor the length of the year changed; of compound interest, its periods.' }),
}, { title: 'InterestAnswer' })

const EquivalentRateInput = Type.Object({
  rate: Exact('The yearly rate as a fraction: 0.08 is 8 %.'), compoundingsPerYear: Type.Integer({ minimum: 1, maximum: 366, description: 'How often a year it is added.' }),
  toCompoundingsPerYear: Type.Optional(Type.Integer({ minimum: 1, maximum: 366, description: 'How often a year the other is added; left out for a simple rate over `termYears`.' })),
  termYears: Type.Optional(Exact('With a simple rate: the term in years.')), decimals: Type.Optional(Type.Integer({ minimum: 0, maximum: 30, description: 'Decimals of the answer. 10 when left out.' })), mode: Type.Optional(Mode),
}, { title: 'EquivalentRateInput', ...closed, examples: [{ rate: '0.08', compoundingsPerYear: 4, toCompoundingsPerYear: 1, decimals: 4 }] })

/** The most stretches a calculation is cut into, and the most days daily compounding goes through. */
const daysMax = 3_660

/** The day before the first that bears interest, and the last. Throws `CalculationRefused`. */
function spanOf ({ from = '2025-01-01', to, months, days, startRule }: InterestInput): { from: string, to: string } {
  if ((to === undefined) === (months === undefined && days === undefined)) throw refusal('', 'needs either `to`, or `months` or `days`')
  const end = to ?? addDays(addMonths(from, months ?? 0), days ?? 0)
  checkSpan(from, end, '/from', to !== undefined ? '/to' : days === undefined ? '/months' : '/days')
  return { from: startRule === 'includeBoth' ? addDays(from, -1) : from, to: end }
}

function checkRate (rate: InterestInput['rate'], from: string): void {
  if (rate.frozenOn !== undefined && rate.reset !== undefined && rate.reset !== 'frozen') throw refusal('/rate/frozenOn', 'is of a rate that is `frozen`')
  const first = firstIndexDay(rate, from)
  if (first !== null && !rate.index!.some(entry => entry.from <= first)) throw refusal('/rate/index', `has no value on ${first}`)
}

/** Refuses roundings that would be passed over: each day of a convention whose days are not alike, and any but the last of compound interest. */
function checkRounding ({ rounding = {}, compounding = 'none', rate }: InterestInput, dayCount: DayCount, to: string): void {
  const asked = (['when', 'dailyRateDecimals', 'factorDecimals'] as const).filter(name => rounding[name] !== undefined && rounding[name] !== 'once')
  const [first] = asked
  if (first !== undefined && compounding !== 'none') throw refusal(`/rounding/${first}`, 'is not of compound interest')
  const isByTheDay = isDaily(rate.unit) || yearDaysOf(dayCount, to) !== null
  if (first !== undefined && first !== 'factorDecimals' && !isByTheDay) throw refusal(`/rounding/${first}`, `is not of \`${dayCount}\`, whose days are not alike`)
  if (asked.includes('dailyRateDecimals') && asked.includes('factorDecimals')) throw refusal('/rounding/factorDecimals', 'and `dailyRateDecimals` are asked for together')
}

const isDaily = (unit: InterestInput['rate']['unit']): boolean => unit === 'pct_day' || unit === 'per10k_day'

interface Calculated { exactText: string, segments: { from: string, to: string, base: string, rate: string, days: number, exact: string }[], perDay: bigint | null, total: Rational }

function simple (input: InterestInput, from: string, to: string, dayCount: DayCount, mode: RoundingMode): Calculated {
  const { principal, rate, changes = [], suspensions = [], rounding = {} } = input
  const backwards = suspensions.findIndex(pause => pause.to < pause.from)
  if (backwards !== -1) throw refusal(`/suspensions/${backwards}/to`, 'is before `from`')
  const segments = interestSegments({
    from, to, base: principal, rate, dayCount, suspensions, changes: changes.map(({ after, principal: amount }) => ({ after, amount })), options: conventionOf(input),
  }).map(segment => roundedFactors(segment, rounding))
  const exact = sumR(segments.map(segment => segment.exact))
  const daily = rounding.when === 'perDay' ? roundedPerDay(segments, mode) : null
  return {
    exactText: formatR(exact), perDay: daily?.perDay ?? null, total: daily === null ? exact : wholeR(daily.total),
    segments: segments.map(({ from: first, to: last, base, rate: held, days, exact: earned }) => ({ from: first, to: last, base: String(base), rate: held, days, exact: formatR(earned) })),
  }
}

/** A stretch computed with its daily rate, or what one unit earns in it, rounded first. */
function roundedFactors (segment: Segment, { dailyRateDecimals, factorDecimals, mode = 'half_up' }: NonNullable<InterestInput['rounding']>): Segment {
  const yearDays = yearDaysOf(segment.dayCount, segment.to)
  if (dailyRateDecimals !== undefined) {
    // A rate by the day needs no year.
    const daily = roundToDecimals(dailyPercent(exactOf(segment.rate, '/rate/value'), segment.unit, yearDays ?? wholeR(1)), dailyRateDecimals, mode)
    return { ...segment, exact: mulR(wholeR(segment.base), mulR(ratio(daily.n, daily.d * 100n), wholeR(segment.days))) }
  }
  if (factorDecimals === undefined || segment.base === 0) return segment
  return { ...segment, exact: mulR(wholeR(segment.base), roundToDecimals(divR(segment.exact, wholeR(segment.base)), factorDecimals, mode)) }
}

function compound (input: InterestInput, from: string, to: string, dayCount: DayCount): Calculated {
  const { principal, rate, compounding, changes, suspensions } = input
  if (compounding === undefined || compounding === 'none') throw new Error('simple interest is not compound')
  if (changes !== undefined || suspensions !== undefined) throw refusal('/compounding', 'is of one principal without pauses: calculate each stretch by itself')
  if (rate.unit !== 'pct_year') throw refusal('/rate/unit', 'of compound interest is `pct_year`')
  if (compounding === 'daily' && addDays(from, daysMax) < to) throw refusal('/to', `is more than ${daysMax} days away`)
  const held = ratesOf(rate, from, to)
  if (held.length > 1) throw refusal('/rate/reset', 'of compound interest is `frozen`')
  const steps = compoundInterest(principal, held[0]!.rate, from, to, compounding, dayCount, conventionOf(input))
  const exact = sumR(steps.map(({ interest }) => interest))
  return {
    exactText: short(exact), total: exact, perDay: null,
    segments: steps.map(({ through, capital, interest }, i) => {
      const before = steps[i - 1]?.through ?? from
      return { from: addDays(before, 1), to: through, base: short(capital), rate: formatR(held[0]!.rate), days: daysBetween(before, through), exact: short(interest) }
    }),
  }
}

/** An exact value that may have hundreds of digits, cut to those that anybody reads. */
const short = (value: Rational): string => formatR(roundToDecimals(value, 20))

export const api: Api = app => {
  const tags = ['calculations']
  const config = { scope: 'calculations:read' } as const

  app.post('/v1/calculations/interest', {
    config,
    schema: {
      operationId: 'calculateInterest', tags, summary: 'Calculate interest', description: 'Interest on a sum between two days, stretch by stretch: simple or compound, at a fixed rate or one that follows an index, by any day count, rounded once or day by day.',
      body: InterestInput, response: { 200: InterestAnswer, ...problems(CalculationRefused) },
    },
  }, async ({ body }) => {
    const { currency, rate, dayCount = 'ACT/365F', compounding = 'none', rounding: { mode = 'half_up', dailyRateDecimals } = {} } = body
    if (!isCurrency(currency)) throw refusal('/currency', 'is not a currency of ISO 4217')
    const { from, to } = spanOf(body)
    checkRate(rate, from)
    checkRounding(body, dayCount, to)
    const { exactText: exact, segments, perDay, total } = compounding === 'none' ? simple(body, from, to, dayCount, mode) : compound(body, from, to, dayCount)
    const last = ratesOf(rate, from, to > from ? to : addDays(from, 1)).at(-1)!.rate
    const yearDays = yearDaysOf(dayCount, to)
    const daily = yearDays === null ? null : dailyPercent(last, rate.unit, yearDays)
    return {
      currency, interest: rounded(total, mode, '/principal'), exact, perDay: perDay === null ? null : Number(perDay), segments,
      rate: {
        value: formatR(last), annualPercent: yearDays === null ? null : formatR(annualPercent(last, rate.unit, yearDays)),
        dailyPercent: daily === null ? null : formatR(dailyRateDecimals === undefined ? daily : roundToDecimals(daily, dailyRateDecimals, mode)),
      },
    }
  })

  app.post('/v1/calculations/equivalent-rate', {
    config,
    schema: {
      operationId: 'calculateEquivalentRate', tags, summary: 'Compare rates', description: 'The rate that earns as much when interest is added more or less often, or never.',
      body: EquivalentRateInput, response: { 200: Type.Object({ rate: Type.String({ description: 'The yearly rate as a fraction, rounded.' }) }, { title: 'EquivalentRateAnswer' }), ...problems(CalculationRefused) },
    },
  }, async ({ body: { rate, compoundingsPerYear, toCompoundingsPerYear, termYears = '1', decimals = 10, mode = 'half_up' } }) => {
    const term = exactOf(termYears, '/termYears')
    if (compareR(term, wholeR(0)) <= 0 || compareR(term, wholeR(100)) > 0 || term.d > 366n) throw refusal('/termYears', 'must be above 0, at most 100, and no finer than a day')
    const yearly = exactOf(rate, '/rate')
    if (compareR(yearly, wholeR(0)) < 0 || compareR(yearly, wholeR(100)) > 0) throw refusal('/rate', 'must be between 0 and 100')
    if (yearly.d > 10n ** 12n) throw refusal('/rate', 'has more than twelve decimals')
    return { rate: formatR(roundToDecimals(equivalentRate(yearly, compoundingsPerYear, toCompoundingsPerYear ?? null, term), decimals, mode)) }
  })
}
