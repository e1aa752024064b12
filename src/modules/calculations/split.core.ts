import { compareR, divR, minor, mulR, ratio, roundR, split, subR, sumR, wholeR, zero, zeroR } from '#kernel'
import type { Minor, Rational } from '#kernel'

/** Ways to share out what rounding leaves. Only `largestRemainder` posts money. */
export const splitMethods = ['largestRemainder', 'firstShares', 'largestWeight', 'backwards', 'floorWithRemainder'] as const
export type SplitMethod = typeof splitMethods[number]

/** Splits a sum by exact weights, not all zero; a negative one as the mirror of the positive. What nobody gets is the remainder. */
export function splitBy (method: SplitMethod, amount: Minor, weights: readonly Rational[]): { shares: Minor[], remainder: Minor } {
  if (amount < 0) {
    const { shares, remainder } = splitBy(method, minor(-amount), weights)
    return { shares: shares.map(share => minor(-share)), remainder: minor(-remainder) }
  }
  if (method === 'largestRemainder') return { shares: split(amount, wholeWeights(weights)), remainder: zero }
  if (method === 'backwards') return { shares: splitBackwards(amount, weights), remainder: zero }
  const total = sumR(weights)
  const shares = weights.map(weight => roundR(divR(mulR(wholeR(amount), weight), total), 'down'))
  let left = BigInt(amount) - shares.reduce((sum, share) => sum + share, 0n)
  const remainder = minor(left)
  if (method === 'floorWithRemainder') return { shares: shares.map(minor), remainder }
  const order = weights.map((weight, i) => ({ weight, i })).filter(({ weight }) => weight.n > 0n)
  if (method === 'largestWeight') order.sort((a, b) => compareR(b.weight, a.weight) || a.i - b.i)
  for (let n = 0; left > 0n; n = (n + 1) % order.length, left--) shares[order[n]!.i]! += 1n
  return { shares: shares.map(minor), remainder: zero }
}

/** Exact weights as whole numbers in the same proportion. */
function wholeWeights (weights: readonly Rational[]): bigint[] {
  const common = weights.reduce((product, { d }) => product * d, 1n)
  return weights.map(({ n, d }) => n * (common / d))
}

/** From the last share backwards: each takes its part of what is left among those left, cut off; the rest is carried on. */
function splitBackwards (amount: Minor, weights: readonly Rational[]): Minor[] {
  const shares: Minor[] = weights.map(() => zero)
  let left = BigInt(amount)
  let among = sumR(weights)
  for (let i = weights.length - 1; i >= 0; i--) {
    const weight = weights[i]!
    if (compareR(among, zeroR) > 0) {
      const share = roundR(divR(mulR(ratio(left, 1n), weight), among), 'down')
      shares[i] = minor(share)
      left -= share
    }
    among = subR(among, weight)
  }
  return shares
}
