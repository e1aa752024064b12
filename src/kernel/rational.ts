/** An exact ratio in lowest terms, `d` above zero: what everything unposted is computed in. */
export interface Rational { readonly n: bigint, readonly d: bigint }

/**
 * How an exact value becomes a whole number. `half_up` is half away from zero, `half_down` half towards it; `down` is towards zero, `up` away from
 * it. `ceil`, `floor`, `half_ceil` and `half_floor` look at the number line instead and treat -x unlike x: they are here to say what other systems
 * do, and no money of ours is rounded by them.
 */
export const roundingModes = ['half_up', 'half_even', 'half_odd', 'half_down', 'half_ceil', 'half_floor', 'down', 'up', 'ceil', 'floor'] as const
export type RoundingMode = typeof roundingModes[number]

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

const written = /^(-?)(\d{1,60})(?:\.(\d{1,100})|\/(\d{1,60}))?$/

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
  const rounded = twice !== 0n && isAway(mode, n < 0n, twice - d, quotient) ? quotient + 1n : quotient
  return n < 0n ? -rounded : rounded
}

/** Whether a value between two whole numbers becomes the one further from zero. `beyondHalf` is below, at or above zero as the rest is below, at or above a half. */
function isAway (mode: RoundingMode, isNegative: boolean, beyondHalf: bigint, quotient: bigint): boolean {
  if (mode === 'up') return true
  if (mode === 'down') return false
  if (mode === 'ceil') return !isNegative
  if (mode === 'floor') return isNegative
  if (beyondHalf !== 0n) return beyondHalf > 0n
  switch (mode) {
    case 'half_up': return true
    case 'half_down': return false
    case 'half_even': return quotient % 2n === 1n
    case 'half_odd': return quotient % 2n === 0n
    case 'half_ceil': return !isNegative
    case 'half_floor': return isNegative
  }
}

/** Rounds an exact value to so many decimals; negative ones are tens, hundreds and so on. */
export const roundToDecimals = (value: Rational, decimals: number, mode: RoundingMode = 'half_up'): Rational =>
  roundToIncrement(value, decimals >= 0 ? ratio(1n, 10n ** BigInt(decimals)) : wholeR(10n ** BigInt(-decimals)), mode)

/** Rounds an exact value to a multiple of an increment above zero, such as 0.05 for cash. Throws a RangeError on another increment. */
export function roundToIncrement (value: Rational, increment: Rational, mode: RoundingMode = 'half_up'): Rational {
  if (increment.n <= 0n) throw new RangeError('an increment is above zero')
  return mulR(wholeR(roundR(divR(value, increment), mode)), increment)
}

/** Writes an exact value with exactly so many decimals. Throws a RangeError when it has more. */
export function formatFixed (value: Rational, decimals: number): string {
  const { n, d } = mulR(value, wholeR(10n ** BigInt(decimals)))
  if (d !== 1n) throw new RangeError(`more than ${decimals} decimals`)
  const digits = String(n < 0n ? -n : n).padStart(decimals + 1, '0')
  return `${n < 0n ? '-' : ''}${decimals === 0 ? digits : `${digits.slice(0, -decimals)}.${digits.slice(-decimals)}`}`
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

/** A value to a whole power; a negative one is the inverse. */
export function powerR ({ n, d }: Rational, exponent: number): Rational {
  const e = BigInt(Math.abs(exponent))
  // Powers of a ratio in lowest terms are in lowest terms.
  return exponent < 0 ? ratio(d ** e, n ** e) : { n: n ** e, d: d ** e }
}

/** The most bits that an exact power may have below the stroke; a longer one is cut off after `powerDecimals`. */
const exactPowerBits = 12_000
const powerDecimals = 80

/** A value above zero to a whole power, zero or more: exact while that is short, else cut off after 80 decimals, so that no power takes long. */
export function powerCut (value: Rational, exponent: number): Rational {
  if (exponent * value.d.toString(2).length <= exactPowerBits) return powerR(value, exponent)
  // Digits for the whole part that is to come, for each product's cut, and for the decimals kept.
  const wholeDigits = Math.ceil(exponent * (value.n / value.d).toString(2).length / 3)
  const scale = 10n ** BigInt(powerDecimals + wholeDigits + 10)
  let result = scale
  let square = value.n * scale / value.d
  for (let left = exponent; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) result = result * square / scale
    square = square * square / scale
  }
  const kept = 10n ** BigInt(powerDecimals)
  return ratio(result * kept / scale, kept)
}

/** The `degree`-th root of a positive value, cut off after so many decimals. Throws a RangeError on a negative one. */
export function rootR ({ n, d }: Rational, degree: number, decimals = 40): Rational {
  if (n < 0n) throw new RangeError('a root of a negative value')
  if (n === 0n) return zeroR
  const k = BigInt(degree)
  const scale = 10n ** BigInt(decimals)
  // The whole root of n * scale^k / d, by Newton from above.
  const radicand = n * scale ** k / d
  let root = 1n << (BigInt(radicand.toString(2).length) / k + 1n)
  for (;;) {
    const next = ((k - 1n) * root + radicand / root ** (k - 1n)) / k
    if (next >= root) return ratio(root, scale)
    root = next
  }
}
