import { addR, compareR, minor, mulR, rational, roundR, roundRatio, wholeR } from '#kernel'
import type { Rational } from '#kernel'
import type { ChargeFacts } from './charges.facts.core.ts'
import type { RuleOf } from './pack.core.ts'
import type { Missing } from './reason.core.ts'

type Rule = RuleOf<'agencyCostCap'>
type Table = Rule['versions'][number]

/** The fee of a table for a claim of so many minor units: the first step's, and one more for every step begun; null beyond the table, or where it is not known. */
function tableFee ({ first, steps, small }: Table, claim: number): number | null {
  if (small !== null && claim <= small.upTo) return small.fee
  let fee = first.fee
  let reached = first.upTo
  for (const step of steps) {
    if (claim <= reached) return fee
    const within = Math.min(claim, step.upTo) - reached
    fee += Number(roundRatio(BigInt(within), BigInt(step.each), 'up')) * step.fee
    reached = step.upTo
  }
  return claim <= reached ? fee : null
}

const nearest = (value: Rational): Rational => wholeR(minor(roundR(value, 'half_up')))
const lesser = (a: Rational, b: Rational): Rational => compareR(a, b) < 0 ? a : b

/**
 * The most that a collection may cost: the fee of the table in force when the agency was mandated, times the factor of the case, and the flat rate
 * for expenses; each rounded to the nearest minor unit (section 2(2) RVG). The facts it lacks, when it cannot be known.
 */
export function feeOf ({ versions, factors, flat }: Rule, { debtAmount, mandateOn, feeCase }: ChargeFacts): Rational | Missing {
  const missing = [...debtAmount === undefined ? ['facts.debtAmount'] : [], ...mandateOn === undefined ? ['facts.mandateOn'] : [], ...feeCase === undefined ? ['facts.feeCase'] : []]
  if (debtAmount === undefined || mandateOn === undefined || feeCase === undefined) return { missing }
  const table = versions.find(({ from, to }) => from <= mandateOn && (to === null || mandateOn <= to))
  const full = table === undefined ? null : tableFee(table, debtAmount)
  if (table === undefined || full === null) return { missing: [table === undefined ? 'rules.versions' : 'rules.fee'] }
  const scaled = nearest(mulR(wholeR(full), rational(factors[feeCase])))
  const fee = compareR(scaled, wholeR(table.feeMin)) < 0 ? wholeR(table.feeMin) : scaled
  return addR(fee, lesser(nearest(mulR(fee, rational(flat.share))), wholeR(flat.max)))
}
