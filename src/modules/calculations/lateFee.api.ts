import { Type } from 'typebox'
import { Currency, OneOf, Ratio, closed, formatR, isCurrency, mulR, problems, rational, wholeR } from '#kernel'
import type { Minor } from '#kernel'
import type { Api } from '#platform'
import { assessFees, feeReasons, statutoryFees, toCredit } from '../charges/index.ts'
import type { FeeAmount } from '../charges/index.ts'
import { bandFaults } from '../lenders/index.ts'
import { CalculationRefused, Money, Sum, refusal, rounded } from './schema.core.ts'

const UpTo = Type.Unsafe<Minor | null>({ type: ['integer', 'null'], minimum: 1, maximum: 1_000_000_000_000, description: 'The last base of the band, in minor units; null: no end.' })
const Fee = Type.Unsafe<FeeAmount>(Type.Union([
  Type.Object({ kind: Type.Literal('flat', { description: 'A sum.' }), amount: Sum('The sum, in minor units.') }, closed),
  Type.Object({ kind: Type.Literal('share', { description: 'A share of the base.' }), rate: Ratio }, closed),
  Type.Object({
    kind: Type.Literal('bands', { description: 'What the band says that the base lies in.' }),
    bands: Type.Array(Type.Object({ upTo: UpTo, fixed: Type.Optional(Sum('A sum.')), rate: Type.Optional(Ratio) }, closed), { minItems: 1, maxItems: 20, description: 'Bands, rising: `fixed` and a `rate` of what lies above the band before.' }),
  }, closed),
], { title: 'FeeAmount', description: 'What a fee comes to.' }))

const LateFeeInput = Type.Object({
  currency: Currency,
  rule: Type.Object({
    amount: Type.Optional(Fee), statutory: Type.Optional(OneOf(Object.keys(statutoryFees), 'Instead of `amount`: a sum that a law gives.')), repeat: Type.Optional(Fee),
    capByAssociatedAmount: Type.Optional(Type.Boolean({ description: 'True: never more than the sum associated with the violation.' })), min: Type.Optional(Sum('The least.')), max: Type.Optional(Sum('The most.')),
    cumulativeCap: Type.Optional(Type.Object({ base: Sum('What the cap is a share of, such as a credit limit.'), share: Ratio, charged: Sum('What was charged before.') }, { ...closed, description: 'The most that all fees come to.' })),
    antiPyramiding: Type.Optional(Type.Boolean({ description: 'True: no fee where nothing but an earlier fee is unpaid.' })),
  }, { ...closed, oneOf: [{ required: ['amount'] }, { required: ['statutory'] }], description: 'The rule.' }),
  violations: Type.Array(Type.Object({
    type: Type.String({ minLength: 1, maxLength: 40, description: 'What kind: late, returned, overLimit and so on.' }), causedBy: Type.String({ minLength: 1, maxLength: 100, description: 'The event or transaction behind it: for one there is one fee.' }),
    base: Sum('What a share is of: the payment missed, the sum overdue, the debt. Never an earlier fee.'), associatedAmount: Type.Optional(Sum('The sum associated with the violation.')),
    isRepeat: Type.Optional(Type.Boolean({ description: 'True: the same kind was charged before, within the window.' })), wasCharged: Type.Optional(Type.Boolean({ description: 'True: its event was charged before.' })),
    onlyFeesUnpaid: Type.Optional(Type.Boolean({ description: 'True: nothing but an earlier fee is unpaid.' })), isExempt: Type.Optional(Type.Boolean({ description: 'True: the cumulative cap does not count it.' })),
  }, closed), { minItems: 1, maxItems: 200, description: 'What may cause a fee, in its order.' }),
}, {
  title: 'LateFeeInput', ...closed,
  examples: [{ currency: 'USD', rule: { amount: { kind: 'flat', amount: 2_500 }, capByAssociatedAmount: true }, violations: [{ type: 'late', causedBy: 'payment due 25 March', base: 1_500, associatedAmount: 1_500 }] }],
})

const LateFeeAnswer = Type.Object({
  currency: Currency, total: Money('What may be charged in all, in minor units.'),
  fees: Type.Array(Type.Object({
    type: Type.String({ description: 'The kind of violation.' }), causedBy: Type.String({ description: 'The event behind it.' }), exact: Type.String({ description: 'The fee before bounds and rounding.' }),
    fee: Money('The fee by itself, in its bounds.'), charged: Money('What may be charged of it with the others beside it.'), reasons: Type.Array(OneOf(feeReasons, 'Why it is less, or nothing.'), { description: 'Why it is not what the rule says.' }),
  }), { description: 'What each violation brings.' }),
  cumulative: Type.Object({ cap: Type.Unsafe<number | null>({ type: ['integer', 'null'], description: 'The most that all fees come to; null without a cap.' }), toCredit: Money('What was charged above it, and must be given back.') }, { description: 'How the cap stands.' }),
  source: Type.Unsafe<string | null>({ type: ['string', 'null'], description: 'Of a statutory sum: the law.' }),
}, { title: 'LateFeeAnswer' })

function checkAmount (amount: FeeAmount | undefined, pointer: string): void {
  if (amount?.kind === 'share' && amount.rate.startsWith('-')) throw refusal(`${pointer}/rate`, 'is negative')
  const fault = amount?.kind === 'bands' ? bandFaults(amount.bands)[0] : undefined
  if (fault !== undefined) throw refusal(`${pointer}/bands/${fault.index}/upTo`, fault.message)
}

export const api: Api = app => {
  app.post('/v1/calculations/late-fee', {
    config: { scope: 'calculations:read' },
    schema: {
      operationId: 'calculateLateFee', tags: ['calculations'], summary: 'Calculate late fees', description: 'What violations may bring: a sum, a share or bands, higher when repeated, never more than the sum associated with them, one for one event, all within a cap, and none for an earlier fee alone.',
      body: LateFeeInput, response: { 200: LateFeeAnswer, ...problems(CalculationRefused) },
    },
  }, async ({ body: { currency, rule, violations } }) => {
    if (!isCurrency(currency)) throw refusal('/currency', 'is not a currency of ISO 4217')
    checkAmount(rule.amount, '/rule/amount')
    checkAmount(rule.repeat, '/rule/repeat')
    const law = rule.statutory === undefined ? null : statutoryFees[rule.statutory]!
    if (law !== null && law.currency !== currency) throw refusal('/currency', `is not ${law.currency}, in which the law gives the sum`)
    const { cumulativeCap: cap, statutory: _statutory, amount, ...terms } = rule
    const most = cap === undefined ? null : rounded(mulR(wholeR(cap.base), rational(cap.share)), 'down', '/rule/cumulativeCap/share')
    const cumulativeCap = cap === undefined || most === null ? undefined : { max: most, charged: cap.charged }
    const assessed = assessFees({ ...terms, amount: law?.amount ?? amount!, ...law?.max !== undefined && { max: law.max }, ...cumulativeCap !== undefined && { cumulativeCap } }, violations)
    const fees = assessed.map(({ exact, fee, charged, reasons }, i) => ({ type: violations[i]!.type, causedBy: violations[i]!.causedBy, exact: formatR(exact), fee, charged, reasons }))
    return {
      currency, fees, total: fees.reduce((sum, { charged }) => sum + charged, 0), source: law?.source ?? null,
      cumulative: { cap: most, toCredit: cumulativeCap === undefined ? 0 : toCredit(cumulativeCap) },
    }
  })
}
