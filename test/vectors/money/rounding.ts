import type { Figure, Row, Runner } from './row.ts'
import { cents } from './row.ts'

interface Inputs {
  value: string, dp: number, decimals: number, increment: string, mode: string, canonical_mode: string, numerator: string, denominator: string, amount: string, from_scale: number, to_scale: number,
  expr: string, prorata: string, tax_pct: string
}

/** Rounding, through `POST /v1/calculations/round`. */
export const rounding: Runner = async ({ inputs, expected }: Row, ask) => {
  const { value, dp, decimals, increment, mode, canonical_mode: canonical, numerator, denominator, amount, from_scale: from, to_scale: to, expr, prorata, tax_pct: tax } = inputs as Partial<Inputs>
  const round = async (body: object): Promise<unknown> => (await ask('round', body))['rounded']
  const how = canonical ?? mode ?? 'half_up'
  if (expected['down_toward_zero'] !== undefined) {
    const printed = { half_up: expected['half_up'], up: expected['up_away_from_zero'], down: expected['down_toward_zero'] }
    return { figures: await Promise.all(Object.entries(printed).map(async ([name, figure]): Promise<Figure> => ({ name, ours: await round({ value, decimals: dp, mode: name }), printed: figure }))) }
  }
  if (numerator !== undefined) return { figures: [{ name: 'rounded', ours: await round({ value: `${numerator}/${denominator}`, decimals: decimals ?? 0, mode: how }), printed: String(expected['integer'] ?? expected['result']) }] }
  if (increment !== undefined) return { figures: [{ name: 'rounded', ours: await round({ value, increment, mode: how }), printed: expected['rounded'] }] }
  if (from !== undefined && to !== undefined) return { figures: [{ name: 'amount', ours: await round({ value: `${amount}/${10 ** (from - to)}`, decimals: 0, mode: how }), printed: String(expected['amount']) }] }
  if (expr !== undefined) {
    const [n, d] = expr.split(' / ')
    return { figures: [{ name: 'rounded', ours: await round({ value: n, factors: [`1/${d}`], decimals: dp, mode: how }), printed: expected['rounded'] }] }
  }
  if (tax !== undefined) {
    const share = `${100 + Number(tax)}/100`
    const net = await round({ value: amount, factors: [prorata], decimals: 2 })
    const taxed = await round({ value: amount, factors: [prorata, `${tax}/100`], decimals: 2 })
    return { figures: [
      { name: 'once at the end', ours: await round({ value: amount, factors: [prorata, share], decimals: 2 }), printed: expected['round_once_at_end'] },
      { name: 'each by itself', ours: cents(net) + cents(taxed), printed: cents(expected['round_tax_first']) },
    ] }
  }
  return { figures: [{ name: 'rounded', ours: await round({ value, decimals: dp, mode: how }), printed: expected['rounded'] }] }
}

/** Worked by hand, for where the published rows are not at hand. */
export const roundingRows: Row[] = [
  { id: 'own-half', kind: 'rounding', inputs: { value: '22.5', dp: 0, mode: 'half_up' }, expected: { rounded: '23' } },
  { id: 'own-negative', kind: 'rounding', inputs: { value: '-2.345', dp: 2, mode: 'half_up' }, expected: { rounded: '-2.35' } },
]
