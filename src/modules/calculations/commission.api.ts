import { Type } from 'typebox'
import { Currency, Ratio, addR, closed, compareR, divR, formatR, isCurrency, mulR, problems, rational, roundR, subR, sumR, wholeR, zeroR } from '#kernel'
import type { Api } from '#platform'
import { Adjustment, Method, adjusted, boundedFee, boundedTotal, checkMethod, feeOf, shareOfWhole } from '../commissions/index.ts'
import { CalculationRefused, Mode, Money, Sum, refusal, rounded } from './schema.core.ts'

const Bounds = {
  min: Type.Optional(Sum('The least it comes to, in minor units.')), max: Type.Optional(Sum('The most it comes to, in minor units.')),
}

const CommissionInput = Type.Object({
  currency: Currency, method: Method,
  payments: Type.Array(Sum('A recovery, in minor units: what was allocated to the parts that bear commission.'), { minItems: 1, maxItems: 1_000, description: 'Recoveries in their order.' }),
  before: Type.Optional(Sum('What was recovered before of the same debt or period, for scales that count on. 0 when left out.')),
  balanceAtPlacement: Type.Optional(Sum('The balance the debt was placed with, for scales that are read with it.')),
  adjustments: Type.Optional(Type.Array(Adjustment, { maxItems: 10, description: 'Changes of every rate, in their order.' })),
  perPayment: Type.Optional(Type.Object({ ...Bounds, fixed: Type.Optional(Sum('Added to the fee of each payment, before its bounds.')) }, { ...closed, description: 'What holds for each payment\'s fee.' })),
  perClaim: Type.Optional(Type.Object({ ...Bounds, maxShareOfCollected: Type.Optional(Ratio) }, { ...closed, description: 'What holds for all fees together.' })),
  freeAmount: Type.Optional(Sum('What bears none: taken off the first recoveries.')), freePayments: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000, description: 'So many payments have nothing added to them.' })),
  vatRate: Type.Optional(Ratio), reverseCharge: Type.Optional(Type.Boolean({ description: 'True: the creditor accounts for the VAT, and none is added.' })), mode: Type.Optional(Mode),
}, {
  title: 'CommissionInput', ...closed,
  examples: [{ currency: 'EUR', method: { kind: 'marginal', on: 'payment', tiers: [{ upTo: 250_000, rate: '0.15' }, { upTo: null, rate: '0.1' }] }, payments: [300_000], perClaim: { min: 4_000 }, vatRate: '0.21' }],
})

const CommissionAnswer = Type.Object({
  currency: Currency, commission: Money('The commission, rounded once, in minor units.'), exact: Type.String({ description: 'The commission before rounding, in minor units.' }),
  vat: Money('VAT on the rounded commission.'), total: Money('Commission and VAT.'), creditor: Money('What is left for the creditor of what was collected, before VAT: collected less commission.'),
  effectiveRate: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'The commission as a share of what was collected; null when nothing was.' }),
  addOnRate: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'The share of all collected that the same rate is when the debtor pays it on top: 25 % on top is 20 % of the whole. Of a flat method only.' }),
  rates: Type.Array(Type.String({ description: 'A rate.' }), { description: 'The rates of the method with their adjustments, in their order.' }),
  payments: Type.Array(Type.Object({
    amount: Money('The recovery.'), exact: Type.String({ description: 'Its fee, exactly, in its bounds.' }),
    steps: Type.Array(Type.Object({ formula: Type.String({ description: 'The sum, in minor units.' }), exact: Type.String({ description: 'What comes out.' }) }), { description: 'The sum, step by step.' }),
  }), { description: 'What each payment earned.' }),
}, { title: 'CommissionAnswer' })

export const api: Api = app => {
  app.post('/v1/calculations/commission', {
    config: { scope: 'calculations:read' },
    schema: {
      operationId: 'calculateCommission', tags: ['calculations'], summary: 'Calculate commission', description: 'What recoveries earn under a scale, with adjustments, bounds and VAT, step by step; by the functions that book commission.',
      body: CommissionInput, response: { 200: CommissionAnswer, ...problems(CalculationRefused) },
    },
  }, async ({ body }) => {
    const { currency, method, payments, before = 0, balanceAtPlacement = 0, adjustments = [], perPayment = {}, perClaim = {}, freeAmount = 0, freePayments = 0, vatRate = '0', reverseCharge = false, mode = 'half_up' } = body
    if (!isCurrency(currency)) throw refusal('/currency', 'is not a currency of ISO 4217')
    const [fault] = checkMethod(method, '/method', { anyRate: true })
    if (fault !== undefined) throw refusal(fault.pointer, fault.message)
    if (compareR(rational(vatRate), zeroR) < 0) throw refusal('/vatRate', 'must not be negative')
    const { fixed: _fixed, ...bounds } = perPayment
    let recovered = wholeR(before)
    let free = wholeR(freeAmount)
    const earned = payments.map((amount, i) => {
      const spared = compareR(free, wholeR(amount)) < 0 ? free : wholeR(amount)
      free = subR(free, spared)
      const bearing = subR(wholeR(amount), spared)
      const { exact, steps } = feeOf(method, { amount: bearing, before: recovered, balanceAtPlacement: wholeR(balanceAtPlacement) }, adjustments)
      recovered = addR(recovered, bearing)
      return { amount, exact: boundedFee(exact, i < freePayments ? bounds : perPayment), steps: steps.map(step => ({ formula: step.formula, exact: formatR(step.exact) })) }
    })
    const collected = sumR(payments.map(wholeR))
    const exact = boundedTotal(sumR(earned.map(payment => payment.exact)), collected, perClaim)
    // What a month had earned before is rounded by itself, as it was booked.
    const already = method.kind !== 'flat' && method.kind !== 'fixed' && method.on === 'periodToDate' && before > 0 ? feeOf({ ...method, on: 'payment' }, { amount: wholeR(before), before: zeroR, balanceAtPlacement: zeroR }, adjustments).exact : zeroR
    const commission = rounded(addR(already, exact), mode, '/payments') - rounded(already, mode, '/before')
    const vat = reverseCharge ? 0 : rounded(mulR(wholeR(commission), rational(vatRate)), mode, '/vatRate')
    const rates = method.kind === 'fixed' ? [] : (method.kind === 'flat' ? [method.rate] : method.tiers.map(tier => tier.rate)).map(rate => adjusted(rate, adjustments))
    return {
      currency, commission, exact: formatR(exact), vat, total: commission + vat, creditor: Number(roundR(collected)) - commission,
      effectiveRate: collected.n === 0n ? null : formatR(divR(exact, collected)), addOnRate: method.kind === 'flat' ? formatR(shareOfWhole(rates[0]!)) : null, rates: rates.map(formatR),
      payments: earned.map(payment => ({ ...payment, exact: formatR(payment.exact) })),
    }
  })
}
