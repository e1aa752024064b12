import { add, formatR, lesser, mulR, neg, rational, roundR, minor, sub, sum, totalOf, wholeR, zero } from '#kernel'
import type { Bucket, Buckets, Minor } from '#kernel'
import type { AgreementTerms } from '../lenders/index.ts'
import type { Line } from '../ledger/index.ts'

/** What an entry is: commission earned on a payment, or given back because the payment was reversed. */
export const commissionKinds = ['accrual', 'clawback'] as const

/** How commission reaches the agency: withheld from trust money, or invoiced to the lender. */
export const recoveries = ['trust', 'invoice'] as const
export type Recovery = typeof recoveries[number]

/** What commission is computed from. */
export interface CommissionInputs { allocated: Buckets, parts: readonly Bucket[], rate: string, vatRate: string }

/** What a payment earns. Minor units of the payment's currency; negative on a clawback. */
export interface Earned { base: Minor, commission: Minor, vat: Minor }

/** One step of the sum: `exact` is what came out, `amount` that rounded half up to minor units. */
export interface Step { name: 'base' | 'commission' | 'vat' | 'total', formula: string, exact: string, amount: Minor }

/**
 * Computes commission step by step: the base is what was allocated to the agreed parts of the debt, commission its share at the rate, VAT the
 * tax on the commission; each rounded once, half away from zero.
 */
export function explainCommission ({ allocated, parts, rate, vatRate }: CommissionInputs): { earned: Earned, steps: Step[] } {
  const base = sum(parts.map(bucket => allocated[bucket]))
  const exact = mulR(wholeR(base), rational(rate))
  const commission = minor(roundR(exact))
  const exactVat = mulR(wholeR(commission), rational(vatRate))
  const vat = minor(roundR(exactVat))
  const total = add(commission, vat)
  return {
    earned: { base, commission, vat },
    steps: [
      { name: 'base', formula: parts.map(bucket => `${bucket} ${allocated[bucket]}`).join(' + '), exact: String(base), amount: base },
      { name: 'commission', formula: `${base} * ${rate}`, exact: formatR(exact), amount: commission },
      { name: 'vat', formula: `${commission} * ${vatRate}`, exact: formatR(exactVat), amount: vat },
      { name: 'total', formula: `${commission} + ${vat}`, exact: String(total), amount: total },
    ],
  }
}

/** Where commission is taken from: trust money when the agreement remits net and the agency holds the money, else an invoice. */
export const recoveryOf = (remittance: AgreementTerms['remittance'], receivedBy: 'agency' | 'lender'): Recovery => remittance === 'net' && receivedBy === 'agency' ? 'trust' : 'invoice'

/** How much of commission and VAT is withheld: never more than this payment brought the lender, so that no other payment pays for it. */
export const withheldOf = (recovery: Recovery, { commission, vat }: Earned, allocated: Buckets): Minor =>
  recovery === 'trust' ? lesser(add(commission, vat), totalOf(allocated)) : zero

/** The movements that book commission and its VAT, `withheld` of it out of trust money and the rest on the lender's account. */
export function commissionLines ({ commission, vat }: Earned, withheld: Minor): Line[] {
  const income = lesser(commission, withheld)
  const tax = sub(withheld, income)
  const lines: Line[] = [
    { debit: 'T.CLIENT', credit: 'T.AGENCY', amount: withheld },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.COMMISSION_INCOME', amount: income },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.VAT_OUTPUT', amount: tax },
    { debit: 'O.AR', credit: 'O.COMMISSION_INCOME', amount: sub(commission, income) },
    { debit: 'O.AR', credit: 'O.VAT_OUTPUT', amount: sub(vat, tax) },
  ]
  return lines.filter(({ amount }) => amount > zero)
}

/** The same parts, taken away. */
export const negated = ({ principal, interest, penalty, costs }: Buckets): Buckets => ({ principal: neg(principal), interest: neg(interest), penalty: neg(penalty), costs: neg(costs) })
