import { add, lesser, neg, noBuckets, sub, totalOf, zero } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Minor } from '#kernel'
import { linesFor, negated } from './core.ts'
import type { DatedLine, LedgerAccount, Line } from './core.ts'

/*
 * Which ledger accounts an event moves: one function for each event, and no other place that says it. Amounts are in minor units of one currency;
 * what is zero has no line.
 */

const line = (debit: LedgerAccount, credit: LedgerAccount, amount: Minor): Line => ({ debit, credit, amount })
const moving = (...lines: readonly Line[]): Line[] => lines.filter(({ amount }) => amount !== zero)
const only = (bucket: Bucket, amount: Minor): Buckets => ({ ...noBuckets, [bucket]: amount })

/** Where money for the agency comes in: at the bank, or on its way there. */
export type Till = 'T.BANK' | 'T.CLEARING'

/** A debt is placed with these parts. */
export const placed = (parts: Buckets): Line[] => linesFor(parts, (claim, amount) => line(claim, 'C.PLACED', amount))

/** Interest is added to a debt. */
export const interestAccrued = (amount: Minor): Line[] => moving(line('D.INTEREST', 'C.ACCRUED', amount))

/** A late fee, or a fee for a returned payment, is added to a debt. */
export const feeCharged = (amount: Minor): Line[] => moving(line('D.PENALTY', 'C.CHARGED', amount))

/** A charge is added to a debt. */
export const charged = (kind: 'interest' | 'lateFee', amount: Minor): Line[] => kind === 'interest' ? interestAccrued(amount) : feeCharged(amount)

/** The agency pays costs of the debt out of its own pocket: the debtor owes them, and the lender owes them to the agency. */
export const costsAdvanced = (amount: Minor): Line[] => moving(line('D.COSTS', 'C.CHARGED', amount), line('O.COSTS_ADVANCED', 'O.BANK', amount))

/** Money comes in, and nobody knows yet what for. */
export const receivedUnidentified = (amount: Minor, till: Till): Line[] => moving(line(till, 'T.UNAPPLIED', amount))

/** A payment to the agency settles parts of a debt: from where the money is, to the lender; what is overpaid is the debtor's. */
export const paidToAgency = (allocated: Buckets, overpaid: Minor, from: Till | 'T.UNAPPLIED'): Line[] => [
  ...moving(line(from, 'T.CLIENT', totalOf(allocated)), line(from, 'T.REFUND', overpaid)),
  ...linesFor(allocated, (claim, amount) => line('C.COLLECTED_AGENCY', claim, amount)),
]

/** A payment to the lender settles parts of a debt: it touches no trust account. */
export const paidToLender = (allocated: Buckets): Line[] => linesFor(allocated, (claim, amount) => line('C.COLLECTED_DIRECT', claim, amount))

/** The bank has settled what was on its way. */
export const cleared = (amount: Minor): Line[] => moving(line('T.BANK', 'T.CLEARING', amount))

/** Costs the agency advanced are taken off the top of what a payment brought the lender. */
export const costsRecovered = (amount: Minor): Line[] => moving(line('T.CLIENT', 'T.AGENCY', amount), line('O.DUE_FROM_TRUST', 'O.COSTS_ADVANCED', amount))

/** Commission and its VAT are earned: `withheld` of them out of trust money, commission first, and the rest on the lender's account. Below zero, where a scale falls as a sum grows, they are given back. */
export function commissionEarned ({ commission, vat }: { commission: Minor, vat: Minor }, withheld: Minor): Line[] {
  if (commission < zero) return negated(commissionEarned({ commission: neg(commission), vat: neg(vat) }, neg(withheld)))
  const income = lesser(commission, withheld)
  const tax = sub(withheld, income)
  return moving(
    line('T.CLIENT', 'T.AGENCY', withheld), line('O.DUE_FROM_TRUST', 'O.COMMISSION_INCOME', income), line('O.DUE_FROM_TRUST', 'O.VAT_OUTPUT', tax),
    line('O.AR', 'O.COMMISSION_INCOME', sub(commission, income)), line('O.AR', 'O.VAT_OUTPUT', sub(vat, tax)),
  )
}

/** Costs the agency advanced go on the lender's account. */
export const costsInvoiced = (amount: Minor): Line[] => moving(line('O.AR', 'O.COSTS_ADVANCED', amount))

/** Trust money is passed on to the lender; net of commission or gross, it is the same movement. */
export const remitted = (amount: Minor): Line[] => moving(line('T.CLIENT', 'T.BANK', amount))

/** The agency's share leaves trust for the agency's own bank account. */
export const swept = (amount: Minor): Line[] => moving(line('T.AGENCY', 'T.BANK', amount), line('O.BANK', 'O.DUE_FROM_TRUST', amount))

/** What the lender owes the agency is kept from its trust money. */
export const offset = (amount: Minor): Line[] => moving(line('T.CLIENT', 'T.AGENCY', amount), line('O.DUE_FROM_TRUST', 'O.AR', amount))

/** An offset is taken back: it has no money to stand on any more. */
export const offsetUnwound = (amount: Minor): Line[] => negated(offset(amount))

/** What was booked of the lender's trust money is undone after it was passed on: the lender becomes a debtor of trust instead. */
export const undoneAfterRemittance = (stored: readonly Line[]): Line[] => negated(stored).map(({ debit, credit, amount }) =>
  line(debit === 'T.CLIENT' ? 'T.CLIENT_DUE' : debit, credit === 'T.CLIENT' ? 'T.CLIENT_DUE' : credit, amount))

/** What a lender's trust money is short of becomes a debt of the lender's to trust, so that no other lender's money stands in for it. */
export const shortfallOwed = (amount: Minor): Line[] => moving(line('T.CLIENT_DUE', 'T.CLIENT', amount))

/** The agency pays its share of what was returned back into trust. */
export const curedByAgency = (amount: Minor): Line[] => negated(swept(amount))

/** The lender pays back what was returned after it had been passed on. */
export const curedByLender = (amount: Minor): Line[] => moving(line('T.BANK', 'T.CLIENT_DUE', amount))

/** The lender's debt to trust is kept from its next remittance. */
export const curedByNetting = (amount: Minor): Line[] => moving(line('T.CLIENT', 'T.CLIENT_DUE', amount))

/** The lender forgoes parts of a debt, as agreed with the debtor. */
export const discounted = (parts: Buckets): Line[] => linesFor(parts, (claim, amount) => line('C.DISCOUNTED', claim, amount))

/** The lender gives parts of a debt up. */
export const writtenOff = (parts: Buckets): Line[] => linesFor(parts, (claim, amount) => line('C.WRITTEN_OFF', claim, amount))

/** A charge is taken back. */
export const waived = (bucket: Bucket, amount: Minor): Line[] => linesFor(only(bucket, amount), (claim, part) => line('C.WAIVED', claim, part))

/** Parts of a debt leave the agency's books with its placement. */
export const recalled = (parts: Buckets): Line[] => linesFor(parts, (claim, amount) => line('C.RECALLED', claim, amount))

/** A charge is added for days before a debt was recalled, and leaves the books with the rest of it, on that day. */
export const chargedAfterRecall = (kind: 'interest' | 'lateFee', amount: Minor, recalledOn: CalendarDay): (Line | DatedLine)[] =>
  [...charged(kind, amount), ...recalled(only(kind === 'interest' ? 'interest' : 'penalty', amount)).map(moved => ({ ...moved, on: recalledOn }))]

/** A payment after a recall: what it settles comes back into the books for it. `paid` are the lines of the payment itself. */
export const paidAfterRecall = (allocated: Buckets, paid: readonly Line[]): Line[] => [...paid, ...negated(recalled(allocated))]

/** Parts of a debt are raised or lowered to what they are. */
export const adjusted = (raised: Buckets, lowered: Buckets): Line[] => [
  ...linesFor(raised, (claim, amount) => line(claim, 'C.ADJUSTED', amount)),
  ...linesFor(lowered, (claim, amount) => line('C.ADJUSTED', claim, amount)),
]

/** More than is owed comes in: it is the debtor's. */
export const overpaid = (amount: Minor, till: Till): Line[] => moving(line(till, 'T.REFUND', amount))

/** What a debtor overpaid is given back. */
export const refunded = (amount: Minor): Line[] => moving(line('T.REFUND', 'T.BANK', amount))

/** What was refunded to a debtor is taken back by the bank with the payment it was overpaid in: nobody can be asked for it but the agency, whose loss it is. */
export const refundLost = (amount: Minor): Line[] => moving(line('T.AGENCY', 'T.REFUND', amount), line('O.BAD_DEBT', 'O.DUE_FROM_TRUST', amount))

/** Money that nobody could be found for goes back where it came from. */
export const unidentifiedReturned = (amount: Minor, till: Till): Line[] => negated(receivedUnidentified(amount, till))

/** The lender pays the agency's invoices. */
export const clientPaidInvoices = (amount: Minor): Line[] => moving(line('O.BANK', 'O.AR', amount))

/** By how much the VAT of a document, computed once on the whole, differs from that of its parts; below zero it is given back. Out of trust money, or on the lender's account. */
export function taxRounded (difference: Minor, from: 'trust' | 'account'): Line[] {
  if (difference < zero) return negated(taxRounded(neg(difference), from))
  return from === 'account' ? moving(line('O.AR', 'O.VAT_OUTPUT', difference)) : moving(line('T.CLIENT', 'T.AGENCY', difference), line('O.DUE_FROM_TRUST', 'O.VAT_OUTPUT', difference))
}

/** By how much lines change one ledger account, debits less credits. */
export const netOn = (account: LedgerAccount, lines: readonly Line[]): Minor =>
  lines.reduce((net, { debit, credit, amount }) => debit === account ? add(net, amount) : credit === account ? sub(net, amount) : net, zero)
