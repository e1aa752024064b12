import type { Row, Runner } from './row.ts'

const methods: [RegExp, string][] = [
  [/Hamilton/, 'largestRemainder'], [/largest ratio/, 'largestWeight'], [/last share backwards/, 'backwards'], [/return the remainder/, 'floorWithRemainder'], [/first/, 'firstShares'],
]

/** Splits, through `POST /v1/calculations/split`. */
export const splits: Runner = async ({ inputs, expected }: Row, ask) => {
  const { algorithm, amount_minor: amount, ratios } = inputs as { algorithm: string, amount_minor: number, ratios: string[] }
  const method = methods.find(([words]) => words.test(algorithm))?.[1]
  if (method === undefined) return { leftOut: `no method of ours: ${algorithm}` }
  const { shares, remainder } = await ask('split', { amount, weights: ratios, method })
  return { figures: [{ name: 'shares', ours: shares, printed: expected['shares_minor'] }, { name: 'remainder', ours: remainder, printed: expected['remainder_minor'] ?? 0 }] }
}

/** Worked by hand, for where the published rows are not at hand. */
export const splitRows: Row[] = [
  { id: 'own-split', kind: 'allocation', inputs: { amount_minor: 100, ratios: ['1', '1', '1'], algorithm: 'largest fractional remainder (Hamilton)' }, expected: { shares_minor: [34, 33, 33] } },
]
