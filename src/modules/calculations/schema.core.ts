import { Type } from 'typebox'
import { OneOf, minor, problem, rational, roundR, roundingModes } from '#kernel'
import type { Minor, Rational, RoundingMode } from '#kernel'

export const CalculationRefused = problem('calculation-refused', 422, 'The inputs cannot be calculated with.', 'Correct every value named in `errors`.')

/** The most years a calculation spans. */
export const yearsMax = 100

/** An exact value: a decimal or a fraction. */
export const Exact = (description: string) =>
  Type.String({ pattern: '^-?[0-9]{1,60}(\\.[0-9]{1,100}|/[1-9][0-9]{0,59})?$', description: `${description} Exact: a decimal, or a fraction such as \`1/3\`.`, examples: ['12.25'] })

/** A sum of money of either sign in minor units. */
export const Money = (description: string) => Type.Integer({ minimum: -Number.MAX_SAFE_INTEGER, maximum: Number.MAX_SAFE_INTEGER, description, examples: [150_000] })

/** A sum of money, zero or more, in minor units. */
export const Sum = (description: string) => Type.Integer({ minimum: 0, maximum: 1_000_000_000_000, description, examples: [150_000] })

export const Mode = OneOf(roundingModes, 'How a value between two becomes one of them. `half_up` is half away from zero, `half_down` half towards it; `up` is away from zero, `down` towards it.')

/** Rounds an exact sum of minor units; refuses one beyond the range of exact integers. Throws `CalculationRefused`. */
export function rounded (value: Rational, mode: RoundingMode, pointer: string): Minor {
  const whole = roundR(value, mode)
  if (whole > BigInt(Number.MAX_SAFE_INTEGER) || whole < -BigInt(Number.MAX_SAFE_INTEGER)) throw refusal(pointer, 'leads beyond the range of exact integers')
  return minor(whole)
}

/** A refusal that names one value. */
export const refusal = (pointer: string, message: string) => CalculationRefused({}, { violations: [{ pointer, message }] })

/** Reads an exact value; refuses what is written in another way. Throws `CalculationRefused`. */
export function exactOf (text: string, pointer: string): Rational {
  try {
    return rational(text)
  } catch {
    throw refusal(pointer, 'is not an exact value')
  }
}
