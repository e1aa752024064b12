import type { Row, Runner } from './row.ts'

/** Minor units and conversions, through `POST /v1/calculations/conversion`. */
export const minorUnits: Runner = async ({ inputs, expected }: Row, ask) => {
  const { currency, from_ccy: from, to_ccy: to, rate, amount, amount_minor: minor, scale, available, rule } = inputs as Record<string, string & number>
  if (from !== undefined) {
    const digits = String(minor ?? amount).padStart((scale ?? 2) + 1, '0')
    const decimal = `${digits.slice(0, -(scale ?? 2))}.${digits.slice(-(scale ?? 2))}`
    const answer = await ask('conversion', { amount: decimal, currency: from, to: { currency: to, rate } })
    if (expected['scale'] !== undefined) return { figures: [{ name: 'amount', ours: answer['amount'], printed: expected['amount'] }, { name: 'scale', ours: answer['exponent'], printed: expected['scale'] }] }
    return { figures: [{ name: 'amount', ours: answer['amount'], printed: expected['to_minor'] }, { name: 'unrounded', ours: answer['exact'], printed: expected['unrounded'] }] }
  }
  if (expected['minor_unit_digits'] !== undefined) return { figures: [{ name: 'digits', ours: (await ask('conversion', { amount: '1', currency }))['exponent'], printed: expected['minor_unit_digits'] }] }
  const step = rule === undefined ? 1 : /divisible by 100/.test(rule) ? 100 : 10
  const answer = await ask('conversion', { amount: amount ?? available, currency, payoutStep: step })
  const payout = answer['payout'] as { below: number, above: number }
  if (expected['payout_api_amount'] !== undefined) return { figures: [{ name: 'payout', ours: payout.below, printed: expected['payout_api_amount'] }] }
  if (expected['allowed_api_amounts'] !== undefined) return { figures: [{ name: 'payouts', ours: [payout.below, payout.above], printed: expected['allowed_api_amounts'] }] }
  if (expected['amount'] !== undefined) return { figures: [{ name: 'amount', ours: answer['decimal'], printed: expected['amount'] }] }
  return { figures: [{ name: 'amount', ours: answer['amount'], printed: expected['integer'] ?? expected['api_amount'] }] }
}

/** Worked by hand, for where the published rows are not at hand. */
export const minorUnitRows: Row[] = [
  { id: 'own-yen', kind: 'fxminor', inputs: { currency: 'JPY', amount: '12.5', rounding: 'half_up' }, expected: { amount: '13' } },
  { id: 'own-dinar', kind: 'fxminor', inputs: { from_ccy: 'USD', amount_minor: 100, rate: '0.30812', to_ccy: 'KWD' }, expected: { to_minor: 308, unrounded: '0.30812' } },
]
