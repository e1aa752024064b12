import { add, addR, compareR, formatR, greater, lesser, minor, mulR, neg, rational, roundR, sub, sum, totalOf, wholeR, zero, zeroR } from '#kernel'
import type { Buckets, CalendarDay, Minor, Rational } from '#kernel'
import { adjusted, boundedFee, boundedTotal, feeOf } from './fees.core.ts'
import { adjustmentsFor, isCumulative, rowFor } from './plan.core.ts'
import type { Adjustment, Method, PlanTerms, Situation } from './plan.core.ts'

/** What an entry is: commission earned on a payment, given back because the payment was reversed, or earned because the lender took the debt back. */
export const commissionKinds = ['accrual', 'clawback', 'recallFee'] as const

/** How commission reaches the agency: withheld from trust money, or invoiced to the lender. */
export const recoveries = ['trust', 'invoice'] as const
export type Recovery = typeof recoveries[number]

/** What a payment earns. Minor units of the payment's currency; negative on a clawback. */
export interface Earned { base: Minor, commission: Minor, vat: Minor }

/** What earlier payments of the debt, or of the lender's month where the plan counts by it, came to: what they recovered of the parts that bear commission, all that they settled, their fees exactly, and what was booked. */
export interface Past { recovered: Minor, collected: Minor, exact: Rational, commission: Minor }
export const noPast: Past = { recovered: zero, collected: zero, exact: zeroR, commission: zero }

/** What commission is computed from. `costsRecovered`: so much of the costs that were settled the agency had advanced, and has back; nothing is earned on it. */
export interface CommissionInputs { allocated: Buckets, terms: PlanTerms, at: Situation, past: Past, costsRecovered?: Minor }

/** One step of the sum: `exact` is what came out, `amount` that rounded half up to minor units. */
export interface Step { name: 'base' | 'fee' | 'bounds' | 'commission' | 'vat' | 'total', formula: string, exact: string, amount: Minor }

/** What came of it: the row that was hit, its rate when it has one, the payment's fee exactly, and the sum step by step. */
export interface Explained { earned: Earned, row: number, rate: string | null, exact: Rational, steps: Step[] }

/**
 * Computes commission step by step: the base is what was allocated to the agreed parts of the debt, less costs recovered; the first row that matches the situation says how
 * the fee follows from it; bounds of a payment and of a debt hold it. Commission is rounded once, half away from zero: where it depends on earlier
 * payments of the debt, it is what brings all that was booked to the exact total so far, rounded; on those of the month, what brings the scale of all before, rounded, to the scale of all with it. VAT is the tax on the commission, rounded once.
 */
export function explainCommission ({ allocated, terms, at, past, costsRecovered = zero }: CommissionInputs): Explained {
  const excluded = terms.base.includes('costs') ? costsRecovered : zero
  const base = sub(sum(terms.base.map(bucket => allocated[bucket])), excluded)
  const { row, index } = rowFor(terms.rows, at)
  const adjustments = adjustmentsFor(terms, at)
  const fee = base === zero ? { exact: zeroR, steps: [] } : feeOf(row.method, { amount: wholeR(base), before: wholeR(past.recovered), balanceAtPlacement: wholeR(at.balanceAtPlacement) }, adjustments)
  const exact = base === zero ? zeroR : boundedFee(fee.exact, terms.perPayment ?? {})
  const total = boundedTotal(addR(past.exact, exact), wholeR(add(past.collected, totalOf(allocated))), base === zero && past.recovered === zero ? {} : terms.perClaim ?? {})
  const already = countedBefore(row.method, past, adjustments)
  const commission = isCumulative(terms) ? sub(minor(roundR(total)), past.commission) : sub(minor(roundR(addR(already, exact))), minor(roundR(already)))
  const exactVat = terms.vat.reverseCharge === true ? zeroR : mulR(wholeR(commission), rational(terms.vat.rate))
  const vat = minor(roundR(exactVat))
  const step = (name: Step['name'], formula: string, value: Rational, amount = minor(roundR(value))): Step => ({ name, formula, exact: formatR(value), amount })
  const bounds: Step[] = [
    ...compareR(exact, fee.exact) === 0 ? [] : [step('bounds', 'the bounds of a payment', exact)],
    ...isCumulative(terms) ? [step('bounds', `${formatR(addR(past.exact, exact))} earned by the debt in all`, total)] : [],
  ]
  return {
    earned: { base, commission, vat }, row: index, rate: row.method.kind === 'flat' ? formatR(adjusted(row.method.rate, adjustments)) : null, exact,
    steps: [
      step('base', `${terms.base.map(bucket => `${bucket} ${allocated[bucket]}`).join(' + ')}${excluded === zero ? '' : ` less ${excluded} of costs recovered`}`, wholeR(base)), ...fee.steps.map(({ formula, exact: value }) => step('fee', formula, value)), ...bounds,
      isCumulative(terms) ? step('commission', `${roundR(total)} less ${past.commission} booked before`, wholeR(commission))
        : already.n === 0n ? step('commission', `${formatR(exact)}, rounded`, exact) : step('commission', `${roundR(addR(already, exact))} less ${roundR(already)} for the month before`, wholeR(commission)),
      step('vat', terms.vat.reverseCharge === true ? 'reverse charge' : `${commission} * ${terms.vat.rate}`, exactVat), step('total', `${commission} + ${vat}`, wholeR(add(commission, vat))),
    ],
  }
}

/** What a scale that counts by the month comes to without the payment; zero of any other. */
function countedBefore (method: Method, { recovered }: Past, adjustments: readonly Adjustment[]): Rational {
  const counts = (method.kind === 'marginal' || method.kind === 'slab') && method.on === 'periodToDate' && recovered !== zero
  return counts ? feeOf({ ...method, on: 'payment' }, { amount: wholeR(recovered), before: zeroR, balanceAtPlacement: zeroR }, adjustments).exact : zeroR
}

/** What a recall earns: a fixed sum, or what a payment of all that is recalled would have earned. `allocated` is what was recalled. Null: the plan has no fee for it. */
export function explainRecallFee ({ allocated, terms, at, past }: CommissionInputs): Explained | null {
  const { recallFee } = terms
  if (recallFee === undefined) return null
  if (recallFee.kind === 'regularRate') return explainCommission({ allocated, terms: withoutBounds(terms), at, past })
  const exactVat = terms.vat.reverseCharge === true ? zeroR : mulR(wholeR(recallFee.amount), rational(terms.vat.rate))
  const vat = minor(roundR(exactVat))
  const base = sum(terms.base.map(bucket => allocated[bucket]))
  return {
    earned: { base, commission: recallFee.amount, vat }, row: rowFor(terms.rows, at).index, rate: null, exact: wholeR(recallFee.amount),
    steps: [
      { name: 'base', formula: terms.base.map(bucket => `${bucket} ${allocated[bucket]}`).join(' + '), exact: formatR(wholeR(base)), amount: base },
      { name: 'fee', formula: 'fixed on recall', exact: formatR(wholeR(recallFee.amount)), amount: recallFee.amount }, { name: 'commission', formula: `${recallFee.amount}`, exact: formatR(wholeR(recallFee.amount)), amount: recallFee.amount },
      { name: 'vat', formula: terms.vat.reverseCharge === true ? 'reverse charge' : `${recallFee.amount} * ${terms.vat.rate}`, exact: formatR(exactVat), amount: vat },
      { name: 'total', formula: `${recallFee.amount} + ${vat}`, exact: formatR(wholeR(add(recallFee.amount, vat))), amount: add(recallFee.amount, vat) },
    ],
  }
}

/** A plan without what depends on what was collected: nothing is, on a recall. */
const withoutBounds = ({ perClaim: _, ...terms }: PlanTerms): PlanTerms => terms

/** What earlier payments came to with one more. */
export const pastWith = (past: Past, allocated: Buckets, { earned: { base, commission }, exact }: Pick<Explained, 'earned' | 'exact'>): Past =>
  ({ recovered: add(past.recovered, base), collected: add(past.collected, totalOf(allocated)), exact: addR(past.exact, exact), commission: add(past.commission, commission) })

/** Where commission is taken from: trust money when it is to be withheld and the agency holds the money, else an invoice. */
export const recoveryOf = (recover: PlanTerms['recover'], receivedBy: 'agency' | 'lender'): Recovery => recover === 'withhold' && receivedBy === 'agency' ? 'trust' : 'invoice'

/** How much of commission and VAT is withheld: never more than this payment brought the lender once costs were recovered of it, so that no other payment pays for it. */
export const withheldOf = (recovery: Recovery, { commission, vat }: Earned, allocated: Buckets, costsRecovered: Minor = zero): Minor =>
  recovery === 'trust' ? lesser(add(commission, vat), sub(totalOf(allocated), costsRecovered)) : zero

/** How much of the costs that a payment settled the agency had advanced by its day, and had not recovered by an earlier payment: they come off the top. */
export const recoveredOf = (settled: Minor, receivedOn: CalendarDay, advanced: readonly { on: CalendarDay, amount: Minor }[], before: Minor): Minor =>
  lesser(settled, greater(zero, sub(sum(advanced.filter(({ on }) => on <= receivedOn).map(({ amount }) => amount)), before)))

/** The same parts, taken away. */
export const negated = ({ principal, interest, penalty, costs }: Buckets): Buckets => ({ principal: neg(principal), interest: neg(interest), penalty: neg(penalty), costs: neg(costs) })
