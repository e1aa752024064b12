import { addR, lesser, minor, mulR, rational, roundR, subR, wholeR, zero, zeroR } from '#kernel'
import type { Minor, Rational } from '#kernel'

/** A band of a scale by the size of the base: up to and including `upTo` (null: no end), `fixed` and a `rate` of what lies above the band before. */
export interface FeeBand { upTo: Minor | null, fixed?: Minor, rate?: string }

/** What a fee comes to: a sum, a share of its base, or what the band says that the base lies in. */
export type FeeAmount = { kind: 'flat', amount: Minor } | { kind: 'share', rate: string } | { kind: 'bands', bands: readonly FeeBand[] }

/**
 * A rule for late fees. `repeat` takes the place of `amount` when the same kind of violation was charged before within the window. A fee is never more than
 * the sum associated with its violation when `capByAssociatedAmount` says so (12 CFR 1026.52(b)(2)(i)): of a late payment, the whole of the payment that was
 * missed. `cumulativeCap` bounds all fees together, those already charged included. With `antiPyramiding` no fee is due where nothing but an earlier fee
 * is unpaid (16 CFR 444.4; 12 CFR 1026.36(c)(2)).
 */
export interface FeeRule {
  amount: FeeAmount, repeat?: FeeAmount, capByAssociatedAmount?: boolean, min?: Minor, max?: Minor, cumulativeCap?: { max: Minor, charged: Minor }, antiPyramiding?: boolean
}

/**
 * Something that may cause a fee. `causedBy` names the event or transaction behind it: for one of those there is one fee (52(b)(2)(ii)), the highest, and none
 * when it was charged before. `base` is what a share is of: never an earlier fee.
 */
export interface Violation {
  type: string, causedBy: string, base: Minor, associatedAmount?: Minor, isRepeat?: boolean, wasCharged?: boolean, onlyFeesUnpaid?: boolean, isExempt?: boolean
}

/** Why a violation brings no fee, or less. */
export const feeReasons = ['chargedBefore', 'sameEvent', 'onlyFeesUnpaid', 'associatedAmount', 'min', 'max', 'cumulativeCap'] as const
export type FeeReason = typeof feeReasons[number]

/** What a violation may bring: `fee` by itself, in its bounds; `charged` with all the others beside it. `exact` is the sum before bounds and rounding. */
export interface AssessedFee { exact: Rational, fee: Minor, charged: Minor, reasons: FeeReason[] }

function amountOf (amount: FeeAmount, base: Minor): Rational {
  if (amount.kind === 'flat') return wholeR(amount.amount)
  if (amount.kind === 'share') return mulR(wholeR(base), rational(amount.rate))
  let below = zeroR
  for (const { upTo, fixed = zero, rate = '0' } of amount.bands) {
    if (upTo === null || base <= upTo) return addR(wholeR(fixed), mulR(subR(wholeR(base), below), rational(rate)))
    below = wholeR(upTo)
  }
  throw new RangeError('the last band has an end')
}

/** A fee by itself: its amount, the sum associated with it, and its bounds. */
function assess (rule: FeeRule, violation: Violation): AssessedFee {
  if (violation.wasCharged === true) return { exact: zeroR, fee: zero, charged: zero, reasons: ['chargedBefore'] }
  if (rule.antiPyramiding === true && violation.onlyFeesUnpaid === true) return { exact: zeroR, fee: zero, charged: zero, reasons: ['onlyFeesUnpaid'] }
  const exact = amountOf(violation.isRepeat === true ? rule.repeat ?? rule.amount : rule.amount, violation.base)
  const reasons: FeeReason[] = []
  let fee = minor(roundR(exact))
  const bound = (reason: FeeReason, isBeyond: boolean, value: Minor): void => {
    if (!isBeyond) return
    fee = value
    reasons.push(reason)
  }
  bound('min', rule.min !== undefined && fee < rule.min, rule.min ?? zero)
  bound('max', rule.max !== undefined && fee > rule.max, rule.max ?? zero)
  const { associatedAmount } = violation
  bound('associatedAmount', rule.capByAssociatedAmount === true && associatedAmount !== undefined && fee > associatedAmount, associatedAmount ?? zero)
  return { exact, fee, charged: fee, reasons }
}

/** Assesses violations in their order: one fee for one cause, the highest (of equal ones the first); all together within the cumulative cap, but for the exempt. */
export function assessFees (rule: FeeRule, violations: readonly Violation[]): AssessedFee[] {
  const alone = violations.map(violation => assess(rule, violation))
  const highest = new Map<string, number>()
  violations.forEach(({ causedBy }, i) => {
    const best = highest.get(causedBy)
    if (best === undefined || alone[i]!.fee > alone[best]!.fee) highest.set(causedBy, i)
  })
  let room = rule.cumulativeCap === undefined ? null : rule.cumulativeCap.max - rule.cumulativeCap.charged
  return alone.map((assessed, i) => {
    const { causedBy, isExempt } = violations[i]!
    if (highest.get(causedBy) !== i) return { ...assessed, charged: zero, reasons: [...assessed.reasons, 'sameEvent'] }
    if (room === null || isExempt === true) return assessed
    const charged = lesser(assessed.fee, minor(Math.max(0, room)))
    room -= charged
    return charged === assessed.fee ? assessed : { ...assessed, charged, reasons: [...assessed.reasons, 'cumulativeCap'] }
  })
}

/** How much of what was charged lies above a cap that has fallen since, and must be given back (12 CFR 1026.52(a)(1)-3). */
export const toCredit = ({ max, charged }: { max: Minor, charged: Minor }): Minor => minor(Math.max(0, charged - max))

/** Statutory sums for late payment, with their source: what a creditor may ask for beside interest, by the size of the debt in minor units. */
export const statutoryFees: Record<string, { currency: string, source: string, amount: FeeAmount, max?: Minor }> = {
  'gb-late-payment': {
    currency: 'GBP', source: 'Late Payment of Commercial Debts (Interest) Act 1998, section 5A',
    amount: { kind: 'bands', bands: [{ upTo: 999_99, fixed: 40_00 }, { upTo: 9_999_99, fixed: 70_00 }, { upTo: null, fixed: 100_00 }] },
  },
  'eu-late-payment': { currency: 'EUR', source: 'Directive 2011/7/EU, article 6(1)', amount: { kind: 'flat', amount: 40_00 } },
  'be-consumer': {
    currency: 'EUR', source: 'Code de droit economique, article XIX.4', max: 2_000_00,
    amount: { kind: 'bands', bands: [{ upTo: 150_00, fixed: 20_00 }, { upTo: 500_00, fixed: 30_00, rate: '0.1' }, { upTo: null, fixed: 65_00, rate: '0.05' }] },
  },
}

