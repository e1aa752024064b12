import { neg, zero } from '#kernel'
import type { Minor } from '#kernel'
import type { Line } from '../ledger/core.ts'

/*
 * Which ledger accounts a remittance and what goes with it move. Amounts are in minor units, zero or more; what is zero has no line.
 */

const moving = (amount: Minor, ...lines: readonly Pick<Line, 'debit' | 'credit'>[]): Line[] => amount === zero ? [] : lines.map(line => ({ ...line, amount }))

/** Trust money is passed on to the lender; net of commission or gross, it is the same movement. */
export const remitted = (amount: Minor): Line[] => moving(amount, { debit: 'T.CLIENT', credit: 'T.BANK' })

/** The agency's share leaves trust for the agency's own bank account. */
export const swept = (amount: Minor): Line[] => moving(amount, { debit: 'T.AGENCY', credit: 'T.BANK' }, { debit: 'O.BANK', credit: 'O.DUE_FROM_TRUST' })

/** What the lender owes the agency is kept from its trust money. */
export const offset = (amount: Minor): Line[] => moving(amount, { debit: 'T.CLIENT', credit: 'T.AGENCY' }, { debit: 'O.DUE_FROM_TRUST', credit: 'O.AR' })

/** What a lender's trust money is short of becomes a debt of the lender's to trust, so that no other lender's money stands in for it. */
export const shortfallOwed = (amount: Minor): Line[] => moving(amount, { debit: 'T.CLIENT_DUE', credit: 'T.CLIENT' })

/** The lender's debt to trust is made good out of money that came in for it since. */
export const netted = (amount: Minor): Line[] => moving(amount, { debit: 'T.CLIENT', credit: 'T.CLIENT_DUE' })

/** The lender pays the agency's invoices. */
export const invoicesPaid = (amount: Minor): Line[] => moving(amount, { debit: 'O.BANK', credit: 'O.AR' })

const opposite = ({ debit, credit, amount }: Line): Line => ({ debit: credit, credit: debit, amount })

/** By how much the VAT of a document, computed once on the whole, differs from that of its parts: below zero it is given back. Out of trust money, or on the lender's account. */
export function taxRounded (difference: Minor, from: 'trust' | 'account'): Line[] {
  if (difference < zero) return taxRounded(neg(difference), from).map(opposite)
  return from === 'account' ? moving(difference, { debit: 'O.AR', credit: 'O.VAT_OUTPUT' })
    : moving(difference, { debit: 'T.CLIENT', credit: 'T.AGENCY' }, { debit: 'O.DUE_FROM_TRUST', credit: 'O.VAT_OUTPUT' })
}
