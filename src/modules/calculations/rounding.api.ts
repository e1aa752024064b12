import { Type } from 'typebox'
import { Currency, OneOf, Ratio, closed, compareR, divR, exponentOf, formatFixed, formatR, isCurrency, minorUnitsOf, mulR, payableOf, problems, ratio, roundToDecimals, roundToIncrement, sumR, wholeR, zeroR } from '#kernel'
import type { Api } from '#platform'
import { CalculationRefused, Exact, Mode, Money, exactOf, refusal, rounded } from './schema.core.ts'
import { splitBy, splitMethods } from './split.core.ts'

const decimalsMax = 100

const RoundInput = Type.Object({
  value: Exact('The value.'),
  factors: Type.Optional(Type.Array(Exact('A factor.'), { maxItems: 20, description: 'What the value is multiplied by before it is rounded.' })),
  decimals: Type.Optional(Type.Integer({ minimum: -20, maximum: decimalsMax, description: 'Decimals to keep; negative ones are tens, hundreds and so on.' })),
  increment: Type.Optional(Exact('Instead of `decimals`: what the result is a multiple of, such as 0.05 for cash.')),
  currency: Type.Optional(Type.Unsafe<string>({ ...Currency, description: 'Instead of `decimals`: the currency whose minor unit is kept.' })),
  mode: Type.Optional(Mode),
}, {
  title: 'RoundInput', ...closed, oneOf: [{ required: ['decimals'] }, { required: ['increment'] }, { required: ['currency'] }],
  examples: [{ value: '17.455', decimals: 2 }, { value: '1.08', increment: '0.05', mode: 'half_up' }],
})

const RoundAnswer = Type.Object({
  exact: Type.String({ description: 'The value before rounding: a decimal or a fraction.' }), rounded: Type.String({ description: 'The value rounded: a decimal.' }),
}, { title: 'RoundAnswer' })

const SplitInput = Type.Object({
  amount: Money('What is split, in minor units. A negative amount is split as the mirror of the positive one.'),
  weights: Type.Array(Ratio, { minItems: 1, maxItems: 200, description: 'What each share is in proportion to: zero or more, not all zero.' }),
  method: Type.Optional(OneOf(splitMethods, 'Who gets the units that are left. `largestRemainder` is ours, and the one that posts money; the others say what other systems do.')),
}, { title: 'SplitInput', ...closed, examples: [{ amount: 9_999, weights: ['75', '25'] }] })

const SplitAnswer = Type.Object({
  shares: Type.Array(Money('A share, in minor units.'), { description: 'The shares, in the order of the weights.' }),
  exact: Type.Array(Type.String({ description: 'What the share would be, exactly.' }), { description: 'The shares before rounding.' }),
  remainder: Money('What was given to nobody; zero but for `floorWithRemainder`.'),
}, { title: 'SplitAnswer' })

const ConversionInput = Type.Object({
  amount: Exact('The sum, as a decimal of its currency.'), currency: Currency,
  to: Type.Optional(Type.Object({ currency: Currency, rate: Exact('What one unit of `currency` is in the other.') }, { ...closed, description: 'Another currency, with its rate. Left out: the sum stays in its own.' })),
  mode: Type.Optional(Mode),
  payoutStep: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'Minor units of which a payout must be a multiple, such as 100 where only whole forint are paid, or 10 where the last of three decimals must be 0.' })),
}, { title: 'ConversionInput', ...closed, examples: [{ amount: '100.00', currency: 'USD', to: { currency: 'INR', rate: '82.42135' } }] })

const ConversionAnswer = Type.Object({
  currency: Currency, exponent: Type.Integer({ description: 'Digits after the point of the currency.' }), exact: Type.String({ description: 'The sum before rounding, as a decimal or fraction.' }),
  amount: Money('The sum in minor units.'), decimal: Type.String({ description: 'The sum as a decimal of its currency.' }),
  payout: Type.Object({ below: Money('The most that can be paid of it.'), above: Money('The least that can be paid and is not less.') }, { description: 'The nearest sums that can be paid, by `payoutStep`.' }),
}, { title: 'ConversionAnswer' })

function knownCurrency (currency: string, pointer: string): string {
  if (!isCurrency(currency)) throw refusal(pointer, 'is not a currency of ISO 4217')
  return currency
}

export const api: Api = app => {
  const tags = ['calculations']
  const config = { scope: 'calculations:read' } as const

  app.post('/v1/calculations/round', {
    config,
    schema: { operationId: 'calculateRounding', tags, summary: 'Round', description: 'An exact value, rounded to decimals, to an increment or to the minor unit of a currency.', body: RoundInput, response: { 200: RoundAnswer, ...problems(CalculationRefused) } },
  }, async ({ body: { value, factors = [], decimals, increment, currency, mode = 'half_up' } }) => {
    const exact = factors.reduce((product, factor, i) => mulR(product, exactOf(factor, `/factors/${i}`)), exactOf(value, '/value'))
    if (increment !== undefined) {
      const step = exactOf(increment, '/increment')
      if (compareR(step, zeroR) <= 0) throw refusal('/increment', 'must be above zero')
      const places = increment.includes('/') ? null : increment.split('.')[1]?.length ?? 0
      const result = roundToIncrement(exact, step, mode)
      return { exact: formatR(exact), rounded: places === null ? formatR(result) : formatFixed(result, places) }
    }
    const places = currency === undefined ? decimals! : exponentOf(knownCurrency(currency, '/currency'))
    return { exact: formatR(exact), rounded: formatFixed(roundToDecimals(exact, places, mode), Math.max(0, places)) }
  })

  app.post('/v1/calculations/split', {
    config,
    schema: { operationId: 'calculateSplit', tags, summary: 'Split a sum', description: 'A sum split by weights into whole minor units that add up to it.', body: SplitInput, response: { 200: SplitAnswer, ...problems(CalculationRefused) } },
  }, async ({ body: { amount, weights, method = 'largestRemainder' } }) => {
    const exact = weights.map((weight, i) => exactOf(weight, `/weights/${i}`))
    const negative = exact.findIndex(weight => compareR(weight, zeroR) < 0)
    if (negative !== -1) throw refusal(`/weights/${negative}`, 'must be zero or more')
    const total = sumR(exact)
    if (total.n === 0n) throw refusal('/weights', 'must not all be zero')
    return { ...splitBy(method, amount, exact), exact: exact.map(weight => formatR(divR(mulR(wholeR(amount), weight), total))) }
  })

  app.post('/v1/calculations/conversion', {
    config,
    schema: {
      operationId: 'calculateConversion', tags, summary: 'Convert a sum', description: 'A decimal sum in minor units of its currency, or of another at an exact rate.', body: ConversionInput, response: { 200: ConversionAnswer, ...problems(CalculationRefused) },
    },
  }, async ({ body: { amount, currency: own, to, mode = 'half_up', payoutStep = 1 } }) => {
    knownCurrency(own, '/currency')
    const currency = to === undefined ? own : knownCurrency(to.currency, '/to/currency')
    const rate = to === undefined ? wholeR(1) : exactOf(to.rate, '/to/rate')
    if (compareR(rate, zeroR) <= 0) throw refusal('/to/rate', 'must be above zero')
    const exact = mulR(exactOf(amount, '/amount'), rate)
    const exponent = exponentOf(currency)
    const units = rounded(minorUnitsOf(exact, currency), mode, '/amount')
    if (Math.abs(units) > Number.MAX_SAFE_INTEGER - payoutStep) throw refusal('/payoutStep', 'leads beyond the range of exact integers')
    return {
      currency, exponent, exact: formatR(exact), amount: units, decimal: formatFixed(ratio(BigInt(units), 10n ** BigInt(exponent)), exponent),
      payout: payableOf(units, payoutStep),
    }
  })
}
