import { exponentOf } from './currencies.ts'
import { mulR, ratio, rational, roundR, wholeR } from './rational.ts'
import type { Rational, RoundingMode } from './rational.ts'

export { exponentOf, isCurrency } from './currencies.ts'

/** Money in minor units (cents, fen): a safe integer. Its currency stands beside it. */
export type Minor = number & { readonly minor?: true }

/** Names a whole number as money. Throws a RangeError on fractions and beyond 2^53 - 1. */
export function minor (value: number | bigint): Minor {
  const amount = Number(value)
  if (!Number.isSafeInteger(amount)) throw new RangeError('not an amount in minor units')
  // Minus zero is zero: it would otherwise reach the wire as -0.
  return amount + 0
}

export const zero: Minor = 0

export const add = (a: Minor, b: Minor): Minor => minor(a + b)
export const sub = (a: Minor, b: Minor): Minor => minor(a - b)
export const neg = (a: Minor): Minor => minor(-a)
export const sum = (all: readonly Minor[]): Minor => all.reduce(add, zero)
export const lesser = (a: Minor, b: Minor): Minor => a < b ? a : b
export const greater = (a: Minor, b: Minor): Minor => a > b ? a : b

/** A share of an amount, rounded once. */
export const shareOf = (amount: Minor, share: Rational, mode: RoundingMode = 'half_up'): Minor => minor(roundR(mulR(wholeR(amount), share), mode))

/** Tax on the base of one document, rounded once. */
export const taxOn = (base: Minor, rate: string, mode: RoundingMode = 'half_up'): Minor => shareOf(base, rational(rate), mode)

/** What a document taxes, and the tax on it; or how much of both has been credited. Minor units. */
export interface Taxed { base: Minor, tax: Minor }

/**
 * Tax that is given back with a part of a document's base: the part's own, rounded, but never more than is left; the part that completes the document takes
 * all that is left, so that the parts' tax sums to the document's. Throws a RangeError when more is credited than the document's base.
 */
export function taxOnCredit (document: Taxed, credited: Taxed, part: Minor, rate: string, mode: RoundingMode = 'half_up'): Minor {
  const openBase = sub(document.base, credited.base)
  const openTax = sub(document.tax, credited.tax)
  if (part < 0 || part > openBase) throw new RangeError('more is credited than is left of the document')
  return part === openBase ? openTax : lesser(taxOn(part, rate, mode), openTax)
}

/** A sum in whole units of a currency as minor units of it, exactly. Throws a RangeError on an unknown currency. */
export const minorUnitsOf = (value: Rational, currency: string): Rational => mulR(value, wholeR(10n ** BigInt(exponentOf(currency))))

/** A sum of one currency in another, rounded once: `rate` is what one whole unit of `from` is in whole units of `to`. Throws a RangeError on an unknown currency. */
export const convert = (amount: Minor, from: string, to: string, rate: Rational, mode: RoundingMode = 'half_up'): Minor =>
  minor(roundR(minorUnitsOf(mulR(ratio(BigInt(amount), 10n ** BigInt(exponentOf(from))), rate), to), mode))

/** The nearest sums at or below and at or above an amount that are multiples of `step` minor units: what can be paid out where not every unit can. */
export const payableOf = (amount: Minor, step: number): { below: Minor, above: Minor } => {
  const steps = ratio(BigInt(amount), BigInt(step))
  return { below: minor(roundR(steps, 'floor') * BigInt(step)), above: minor(roundR(steps, 'ceil') * BigInt(step)) }
}

/**
 * Splits an amount by weights so that the parts sum to it exactly: largest fractional remainder first, ties in the order given,
 * nothing for a weight of zero; a negative amount is the mirror of the positive one. Throws a RangeError on a negative weight or no weight at all.
 */
export function split (amount: Minor, weights: readonly (bigint | number)[]): Minor[] {
  if (amount < 0) return split(neg(amount), weights).map(neg)
  const exact = weights.map(BigInt)
  const total = exact.reduce((a, b) => a + b, 0n)
  if (total <= 0n || exact.some(weight => weight < 0n)) throw new RangeError('weights must be zero or more, and not all zero')
  const shares = exact.map((weight, i) => ({ i, whole: BigInt(amount) * weight / total, rest: BigInt(amount) * weight % total }))
  let left = BigInt(amount) - shares.reduce((a, share) => a + share.whole, 0n)
  for (const share of [...shares].sort((a, b) => a.rest === b.rest ? a.i - b.i : a.rest > b.rest ? -1 : 1)) {
    if (left === 0n) break
    share.whole += 1n
    left -= 1n
  }
  return shares.map(share => minor(share.whole))
}

const decimalText = /^(-?)(\d{1,16})(?:\.(\d{1,8}))?$/

/** Reads a decimal sum of a currency exactly. Throws a RangeError on more digits than the currency has, or anything else. */
export function parseMinor (text: string, currency: string): Minor {
  const exponent = exponentOf(currency)
  const match = decimalText.exec(text)
  if (match === null) throw new RangeError('not a decimal amount')
  const [, minus, whole, decimals = ''] = match
  const digits = decimals.replace(/0+$/, '')
  if (digits.length > exponent) throw new RangeError(`${currency} has ${exponent} digits after the point`)
  return minor(BigInt(`${minus}${whole}${digits.padEnd(exponent, '0')}`))
}

/** Writes an amount as a decimal of its currency. */
export function formatMinor (amount: Minor, currency: string): string {
  const exponent = exponentOf(currency)
  const digits = String(Math.abs(amount)).padStart(exponent + 1, '0')
  const sign = amount < 0 ? '-' : ''
  return exponent === 0 ? sign + digits : `${sign}${digits.slice(0, -exponent)}.${digits.slice(-exponent)}`
}
