import { addR, compareR, divR, formatR, mulR, rational, subR, wholeR, zeroR } from '#kernel'
import type { Minor, Rational } from '#kernel'
import type { Adjustment, Method, Tier } from './plan.core.ts'

/** Bounds and extras of each payment's fee, in minor units: first `fixed` is added, then the fee is held between `min` and `max`. */
export interface PaymentTerms { fixed?: Minor, min?: Minor, max?: Minor }

/** What a fee is computed from: a recovery, what was recovered before it of the same debt or period, and the balance at placement. */
export interface FeeInput { amount: Rational, before: Rational, balanceAtPlacement: Rational }

/** What came out of one line of a computation: the sum as a formula, and its exact value in minor units. */
export interface FeeStep { formula: string, exact: Rational }

/** A rate with its adjustments, never below zero. */
export const adjusted = (rate: string, adjustments: readonly Adjustment[]): Rational => {
  const changed = adjustments.reduce((value, { op, value: by }) => op === 'times' ? mulR(value, rational(by)) : addR(value, rational(by)), rational(rate))
  return compareR(changed, zeroR) < 0 ? zeroR : changed
}

/** The fee of one recovery, exactly, with the sums it was made of. */
export function feeOf (method: Method, { amount, before, balanceAtPlacement }: FeeInput, adjustments: readonly Adjustment[] = []): { exact: Rational, steps: FeeStep[] } {
  if (method.kind === 'fixed') return one('fixed', wholeR(method.amount))
  if (method.kind === 'flat') {
    const rate = adjusted(method.rate, adjustments)
    return one(`${formatR(amount)} * ${formatR(rate)}`, mulR(amount, rate))
  }
  const scale = (sum: Rational) => method.kind === 'marginal' ? marginal(method.tiers, sum, adjustments) : slab(method.tiers, sum, adjustments, method.noInversion === true)
  if (method.on === 'payment') return scale(amount)
  if (method.on === 'balanceAtPlacement') {
    if (balanceAtPlacement.n === 0n) return one('nothing was placed', zeroR)
    const { exact, steps } = scale(balanceAtPlacement)
    const share = mulR(amount, divR(exact, balanceAtPlacement))
    return { exact: share, steps: [...steps, { formula: `${formatR(amount)} / ${formatR(balanceAtPlacement)} of it`, exact: share }] }
  }
  const after = scale(addR(before, amount))
  // Before the first sum no step has been entered, and nothing is due for entering one.
  const already = before.n === 0n ? zeroR : scale(before).exact
  const exact = subR(after.exact, already)
  return { exact, steps: before.n === 0n ? after.steps : [...after.steps, { formula: `less ${formatR(already)} for ${formatR(before)} before`, exact }] }
}

const one = (formula: string, exact: Rational): { exact: Rational, steps: FeeStep[] } => ({ exact, steps: [{ formula, exact }] })

/** The steps of a scale that a sum reaches into, each with the part of the sum that lies in it. The first is always entered. */
function entered (tiers: readonly Tier[], sum: Rational): { tier: Tier, slice: Rational }[] {
  let lower = zeroR
  const reached: { tier: Tier, slice: Rational }[] = []
  for (const tier of tiers) {
    if (reached.length > 0 && compareR(sum, lower) <= 0) break
    const upper = tier.upTo === null || compareR(wholeR(tier.upTo), sum) >= 0 ? sum : wholeR(tier.upTo)
    reached.push({ tier, slice: subR(upper, lower) })
    lower = upper
  }
  return reached
}

function marginal (tiers: readonly Tier[], sum: Rational, adjustments: readonly Adjustment[]) {
  const steps = entered(tiers, sum).map(({ tier, slice }): FeeStep => {
    const rate = adjusted(tier.rate, adjustments)
    const flat = tier.flatOnEntry ?? 0
    return { formula: `${formatR(slice)} * ${formatR(rate)}${flat === 0 ? '' : ` + ${flat}`}`, exact: addR(mulR(slice, rate), wholeR(flat)) }
  })
  return { exact: steps.reduce((total, { exact }) => addR(total, exact), zeroR), steps }
}

function slab (tiers: readonly Tier[], sum: Rational, adjustments: readonly Adjustment[], noInversion: boolean) {
  const reached = entered(tiers, sum)
  const feeAt = (tier: Tier, whole: Rational): FeeStep => {
    const rate = adjusted(tier.rate, adjustments)
    const flat = tier.flatOnEntry ?? 0
    return { formula: `${formatR(whole)} * ${formatR(rate)}${flat === 0 ? '' : ` + ${flat}`}`, exact: addR(mulR(whole, rate), wholeR(flat)) }
  }
  const own = feeAt(reached.at(-1)!.tier, sum)
  if (!noInversion) return { exact: own.exact, steps: [own] }
  // The most that a smaller sum earns lies at the end of a step below.
  const below = reached.slice(0, -1).map(({ tier }) => feeAt(tier, wholeR(tier.upTo!))).reduce((most, step) => compareR(step.exact, most.exact) > 0 ? step : most, own)
  return below === own ? { exact: own.exact, steps: [own] } : { exact: below.exact, steps: [own, { formula: `not less than ${below.formula}`, exact: below.exact }] }
}

/** A payment's fee with what is added to each and the bounds it is held in, in that order. */
export function boundedFee (exact: Rational, { fixed, min, max }: PaymentTerms): Rational {
  const whole = addR(exact, wholeR(fixed ?? 0))
  const atLeast = min !== undefined && compareR(whole, wholeR(min)) < 0 ? wholeR(min) : whole
  return max !== undefined && compareR(atLeast, wholeR(max)) > 0 ? wholeR(max) : atLeast
}

/** Bounds of all that a debt may earn: between `min` and `max` minor units, and at most a share of what was collected. */
export interface ClaimTerms { min?: Minor, max?: Minor, maxShareOfCollected?: string }

/** What a debt has earned in all, held in its bounds. */
export function boundedTotal (total: Rational, collected: Rational, { min, max, maxShareOfCollected }: ClaimTerms): Rational {
  const held = boundedFee(total, { ...min !== undefined && { min }, ...max !== undefined && { max } })
  if (maxShareOfCollected === undefined) return held
  const most = mulR(collected, rational(maxShareOfCollected))
  return compareR(held, most) > 0 ? most : held
}

/** A fee that is added to what the debtor owes, seen as a share of all that is then collected: 25 % on top is 20 % of the whole. */
export const shareOfWhole = (addOn: Rational): Rational => divR(addOn, addR(wholeR(1), addOn))

