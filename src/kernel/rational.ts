/** An exact ratio in lowest terms, `d` above zero: what everything unposted is computed in. */
export interface Rational { readonly n: bigint, readonly d: bigint }

/** How an exact value becomes a whole number. `half_up` is half away from zero; `down` is towards zero, `up` away from it. */
export type RoundingMode = 'half_up' | 'half_even' | 'down' | 'up'

const gcd = (a: bigint, b: bigint): bigint => {
  while (b !== 0n) [a, b] = [b, a % b]
  return a < 0n ? -a : a
}

/** The ratio `n / d` in lowest terms. Throws a RangeError when `d` is zero. */
export function ratio (n: bigint, d: bigint): Rational {
  if (d === 0n) throw new RangeError('a ratio over zero')
  const divisor = gcd(n, d)
  const sign = d < 0n ? -1n : 1n
  return { n: sign * n / divisor, d: sign * d / divisor }
}

export const zeroR: Rational = { n: 0n, d: 1n }

const written = /^(-?)(\d{1,30})(?:\.(\d{1,30})|\/(\d{1,30}))?$/

/** Reads a decimal (`-0.3`) or a fraction (`1/3`) exactly. Throws a RangeError on anything else. */
export function rational (text: string): Rational {
  const match = written.exec(text)
  if (match === null) throw new RangeError(`not a ratio: ${text.slice(0, 40)}`)
  const [, minus, whole, decimals = '', denominator = '1'] = match
  const n = BigInt(whole! + decimals)
  return ratio(minus === '' ? n : -n, denominator === '1' ? 10n ** BigInt(decimals.length) : BigInt(denominator))
}

export const wholeR = (n: bigint | number): Rational => ({ n: BigInt(n), d: 1n })
export const addR = (a: Rational, b: Rational): Rational => a.d === b.d ? ratio(a.n + b.n, a.d) : ratio(a.n * b.d + b.n * a.d, a.d * b.d)
export const negR = (a: Rational): Rational => ({ n: -a.n, d: a.d })
export const subR = (a: Rational, b: Rational): Rational => addR(a, negR(b))
export const mulR = (a: Rational, b: Rational): Rational => ratio(a.n * b.n, a.d * b.d)
export const divR = (a: Rational, b: Rational): Rational => ratio(a.n * b.d, a.d * b.n)
export const sumR = (all: readonly Rational[]): Rational => all.reduce(addR, zeroR)

/** Negative, zero or positive as `a` is below, at or above `b`. */
export const compareR = (a: Rational, b: Rational): number => {
  const difference = a.n * b.d - b.n * a.d
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

/** Rounds `n / d` (`d` above zero) to a whole number. The hot path of accrual: no objects are made. */
export function roundRatio (n: bigint, d: bigint, mode: RoundingMode = 'half_up'): bigint {
  const magnitude = n < 0n ? -n : n
  const quotient = magnitude / d
  const twice = 2n * (magnitude % d)
  const isUp = mode === 'up' ? twice > 0n : mode === 'half_up' ? twice >= d : mode === 'half_even' && (twice > d || (twice === d && quotient % 2n === 1n))
  const rounded = isUp ? quotient + 1n : quotient
  return n < 0n ? -rounded : rounded
}

/** Rounds an exact value to a whole number. */
export const roundR = (value: Rational, mode: RoundingMode = 'half_up'): bigint => roundRatio(value.n, value.d, mode)

/** Writes an exact value: as a decimal when it ends, else as a fraction in lowest terms. `rational` reads both back. */
export function formatR ({ n, d }: Rational): string {
  let rest = d
  let places = 0
  while (rest % 10n === 0n) { rest /= 10n; places++ }
  while (rest % 5n === 0n) { rest /= 5n; places++ }
  while (rest % 2n === 0n) { rest /= 2n; places++ }
  if (rest !== 1n) return `${n}/${d}`
  if (places === 0) return String(n)
  const digits = String((n < 0n ? -n : n) * 10n ** BigInt(places) / d).padStart(places + 1, '0')
  return `${n < 0n ? '-' : ''}${digits.slice(0, -places)}.${digits.slice(-places)}`.replace(/0+$/, '').replace(/\.$/, '')
}
