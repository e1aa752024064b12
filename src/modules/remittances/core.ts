import { add, addDays, addMonths, greater, lesser, neg, problem, sub, zero } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Id, Minor } from '#kernel'
import type { RemittanceBasis } from '../lenders/core.ts'

export const PeriodInFuture = problem('period-in-future', 422, 'The day has not begun in the agency\'s calendar.', 'State what has happened: give a day up to today.')
export const InvoiceOverpaid = problem('invoice-overpaid', 422, 'The invoice is not open for so much.', 'Read the invoice: `open` is what is still to be paid.')
export const SettlementDuplicate = problem('settlement-duplicate', 409, 'The lender has another payment of an invoice with this reference.', 'Send the payment under a reference of its own, or exactly as it was sent the first time.')

export const OffsetNotAgreed = problem('offset-not-agreed', 409, 'The agreement does not say that invoices may be kept from trust money.', 'Agree on `combined` remittance first, or have the lender pay the invoice.')
export const OffsetExceedsHeld = problem('offset-exceeds-held', 422, 'Not so much is held for the lender that has cleared and that it does not owe to trust.', 'Offset no more than `free`.')

/** Documents whose numbers have no gaps, each kind for itself. */
export const documentKinds = ['statement', 'invoice', 'creditNote'] as const
export type DocumentKind = typeof documentKinds[number]

/** What bills commission and advanced costs, or gives them back. */
export const invoiceKinds = ['invoice', 'creditNote'] as const

/** What settles an invoice: a payment of the lender's, an offset against its trust money, or a credit note; and an offset put back, which opens it again. */
export const settlementKinds = ['payment', 'offset', 'credit', 'offsetUndone'] as const

/** How often a lender's money is passed on: at the end of each day, of each week (Sunday), or of each month. */
export const frequencies = ['daily', 'weekly', 'monthly'] as const
export type Frequency = typeof frequencies[number]

/** What one entry of the journal means to a lender: what it collected of debts, what it earned the agency, what of advanced costs it put on the lender's account, and what it did to what is held and billed. */
export interface Source extends Buckets {
  entryId: Id<'journalEntry'>, kind: string, sourceId: string, accountId: Id<'account'> | null, lenderReference: string | null, effectiveOn: CalendarDay, correctsEntryId: Id<'journalEntry'> | null,
  collected: Minor, collectedDirect: Minor, commission: Minor, vat: Minor, vatRate: string | null, costsBilled: Minor, held: Minor, billed: Minor
  /** The invoice that bills what this entry corrects. */
  correctsInvoiceId: Id<'invoice'> | null
}

/** An entry as a line of a statement. */
export interface StatementLine extends Omit<Source, 'correctsInvoiceId'> { line: number, invoiceId: Id<'invoice'> | null }

/** What stands on a lender's accounts now, in minor units, each in the direction it normally has. */
export interface Position { client: Minor, clientDue: Minor, agency: Minor, clearing: Minor, receivable: Minor }

/** What a remittance does, each amount zero or more. */
export interface Settled { shortfall: Minor, netted: Minor, offset: Minor, remitted: Minor, swept: Minor }

const notBelowZero = (amount: Minor): Minor => greater(amount, zero)

/**
 * Decides what a remittance does. Only cleared money moves: as much as is on its way to the bank stays behind. What the lender owes to trust is made good
 * first; then, where the agreement says so, what it owes the agency; the rest is passed on, never more than the statement states. `billable` is what
 * invoices are open for. The agency takes its own share out only while no lender owes to trust (`isTrustShort`: another one does).
 */
export function settle ({ basis, stated, billable, now, isTrustShort }: { basis: RemittanceBasis, stated: Minor, billable: Minor, now: Position, isTrustShort: boolean }): Settled {
  const shortfall = notBelowZero(neg(now.client))
  const owed = add(now.clientDue, shortfall)
  const cleared = notBelowZero(sub(add(now.client, shortfall), now.clearing))
  const netted = lesser(cleared, owed)
  const free = lesser(sub(cleared, netted), notBelowZero(stated))
  const offset = basis === 'combined' ? lesser(free, lesser(notBelowZero(billable), notBelowZero(now.receivable))) : zero
  const swept = isTrustShort || owed > netted ? zero : notBelowZero(sub(add(now.agency, offset), now.clearing))
  return { shortfall, netted, offset, remitted: sub(free, offset), swept }
}

/** What an offset asked for by itself looks at: what is open of the invoice, how much of it, and what stands on the lender's accounts. */
export interface OffsetAsked { open: Minor, asked: Minor | undefined, basis: RemittanceBasis, now: Position }

/** How much of an invoice is kept from cleared trust money: so much, or as much as can be. Throws `OffsetNotAgreed`, `InvoiceOverpaid`, `OffsetExceedsHeld`. */
export function offsetOf ({ open, asked, basis, now }: OffsetAsked): Minor {
  if (basis !== 'combined') throw OffsetNotAgreed()
  if (open === zero || (asked ?? zero) > open) throw InvoiceOverpaid({ open })
  const free = lesser(notBelowZero(sub(sub(now.client, now.clearing), now.clientDue)), notBelowZero(now.receivable))
  if (free === zero || (asked ?? zero) > free) throw OffsetExceedsHeld({ free })
  return asked ?? lesser(open, free)
}

const sunday = 7
/** The day of the week of a day: Monday 1 to Sunday 7. */
const weekdayOf = (day: CalendarDay): number => new Date(`${day}T00:00:00Z`).getUTCDay() || sunday

/** The first day after the period that a day is in: when it is over. */
export function periodAfter (every: Frequency, day: CalendarDay): CalendarDay {
  switch (every) {
    case 'daily': return addDays(day, 1)
    case 'weekly': return addDays(day, sunday + 1 - weekdayOf(day))
    case 'monthly': return addMonths(`${day.slice(0, 7)}-01`, 1)
  }
}

/** What came in for a lender on a day, less what was kept of it. */
export interface Inflow { on: CalendarDay, amount: Minor }

/** Money that has been held since a day. */
export interface Held { since: CalendarDay, amount: Minor }

/**
 * Since when what is held has been held: what was passed on is taken to be what came in first, so that what is left is what came in last. Inflows are
 * newest first. Answers oldest first.
 */
export function agesOf (held: Minor, inflows: readonly Inflow[]): Held[] {
  const ages: Held[] = []
  let left = held
  for (const { on, amount } of inflows) {
    if (left <= zero) break
    const taken = lesser(left, notBelowZero(amount))
    if (taken > zero) ages.push({ since: on, amount: taken })
    left = sub(left, taken)
  }
  return ages.reverse()
}

/** What a lender has to its credit: by how much its invoices are open for more than what it owes by all that is stated. Credits beyond what was open settle what is billed later. */
export const creditOf = (open: Minor, stated: Minor): Minor => notBelowZero(sub(open, stated))

/** Splits a settlement over what is open, oldest first; what nothing is open for is left out. */
export function spread<T extends { open: Minor }> (amount: Minor, open: readonly T[]): { of: T, amount: Minor }[] {
  let left = amount
  return open.flatMap(of => {
    const taken = lesser(left, notBelowZero(of.open))
    left = sub(left, taken)
    return taken > zero ? [{ of, amount: taken }] : []
  })
}

/** Nothing of any part: what a line has that settles no debt. */
export const noEffect: Record<Bucket | 'collected' | 'collectedDirect' | 'commission' | 'vat' | 'costsBilled' | 'held' | 'billed', Minor> =
  { principal: zero, interest: zero, penalty: zero, costs: zero, collected: zero, collectedDirect: zero, commission: zero, vat: zero, costsBilled: zero, held: zero, billed: zero }
