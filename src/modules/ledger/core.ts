import { add, buckets, minor, neg, noBuckets, problem, sub, zero } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Id, Minor } from '#kernel'

export const AlreadyReversed = problem('already-reversed', 409, 'The entry has been reversed before.', 'A reversal happens once; read the entry that reversed it.')
export const ReversalTooEarly = problem('reversal-too-early', 422, 'A reversal cannot take effect before what it reverses.', 'Give a day on or after the one the original took effect.')

/** What an entry records. */
export const entryKinds = [
  'placement', 'accrual', 'lateFee', 'cost', 'waiver', 'adjustment', 'payment', 'paymentReversal', 'correction', 'commission', 'clawback', 'recall', 'writeOff', 'refund', 'remittance',
  'documentTax', 'offset', 'sweep', 'shortfall', 'netting', 'invoicePayment', 'clearing', 'clearingReversal', 'receipt', 'receiptApplied', 'receiptRestored', 'receiptReturn', 'discount', 'balanceAdjustment', 'adjustmentReversal', 'costRecovery', 'costRestored', 'refundLost', 'trustCure', 'invoiceOffset', 'offsetUnwound',
] as const
export type EntryKind = typeof entryKinds[number]

/** The ledger account that holds each part of a debt (book CLAIM, debit-normal). */
export const claimAccounts = { principal: 'D.PRINCIPAL', interest: 'D.INTEREST', penalty: 'D.PENALTY', costs: 'D.COSTS' } as const satisfies Record<Bucket, string>

/** The ledger accounts of the three books: CLAIM (what debtors owe), TRUST (other people's money), OPS (the agency's own). */
export const ledgerAccounts = [
  ...Object.values(claimAccounts), 'C.PLACED', 'C.ACCRUED', 'C.CHARGED', 'C.COLLECTED_AGENCY', 'C.COLLECTED_DIRECT', 'C.DISCOUNTED', 'C.WRITTEN_OFF', 'C.WAIVED', 'C.RECALLED', 'C.ADJUSTED',
  'T.BANK', 'T.CLEARING', 'T.CLIENT_DUE', 'T.UNAPPLIED', 'T.CLIENT', 'T.REFUND', 'T.AGENCY',
  'O.BANK', 'O.AR', 'O.DUE_FROM_TRUST', 'O.COSTS_ADVANCED', 'O.COMMISSION_INCOME', 'O.VAT_OUTPUT', 'O.ROUNDING', 'O.BAD_DEBT',
] as const
export type LedgerAccount = typeof ledgerAccounts[number]

/** One movement: the amount leaves `credit` and arrives at `debit`, in the same book. */
export interface Line { debit: LedgerAccount, credit: LedgerAccount, amount: Minor }

/** A movement with the day it took effect. */
export interface DatedLine extends Line { on: CalendarDay }

/**
 * A fact about money, to be posted. `causeId` is the UUID or id of what caused it: one entry of a kind for each cause. Without a lender it is of
 * money that is no lender's yet. Its lines take effect on
 * `effectiveOn`, but for those that carry a day of their own.
 */
export interface Entry {
  lenderId: Id<'lender'> | null, accountId: Id<'account'> | null, kind: EntryKind, causeId: string, effectiveOn: CalendarDay, currency: string, lines: readonly (Line | DatedLine)[],
  reversalOf?: Id<'journalEntry'>
}

/** The lines that carry each part of a sum from or to the debt; parts of zero have none. */
export const linesFor = (parts: Buckets, line: (claim: LedgerAccount, amount: Minor) => Line): Line[] =>
  buckets.filter(bucket => parts[bucket] > 0).map(bucket => line(claimAccounts[bucket], parts[bucket]))

/** The opposite of lines: exactly what was stored, never computed again. */
export const negated = <L extends Line>(lines: readonly L[]): L[] => lines.map(line => ({ ...line, debit: line.credit, credit: line.debit }))

/**
 * What is missing: the movements that, added to those there are, make the ones there should be, day by day. Movements of one day between the
 * same two accounts are one, in the direction that is left; what is equal on both sides is not among them.
 */
export function differenceOf (stored: readonly DatedLine[], wanted: readonly DatedLine[]): DatedLine[] {
  const missing = new Map<string, DatedLine>()
  const count = ({ on, debit, credit, amount }: DatedLine, sign: 1 | -1): void => {
    const isForward = debit < credit
    const [first, second] = isForward ? [debit, credit] : [credit, debit]
    const key = `${on} ${first} ${second}`
    const known = missing.get(key)?.amount ?? zero
    missing.set(key, { on, debit: first, credit: second, amount: minor(known + (isForward ? sign : -sign) * amount) })
  }
  for (const line of wanted) count(line, 1)
  for (const line of stored) count(line, -1)
  return [...missing.values()].filter(({ amount }) => amount !== zero)
    .map(({ on, debit, credit, amount }) => amount > 0 ? { on, debit, credit, amount } : { on, debit: credit, credit: debit, amount: neg(amount) })
    .sort((a, b) => a.on < b.on ? -1 : a.on > b.on ? 1 : 0)
}

/** By how much lines change each part of a debt. */
export function movedBy (lines: readonly Line[]): Buckets {
  const moved = { ...noBuckets }
  for (const { debit, credit, amount } of lines) {
    for (const bucket of buckets) {
      if (debit === claimAccounts[bucket]) moved[bucket] = add(moved[bucket], amount)
      if (credit === claimAccounts[bucket]) moved[bucket] = sub(moved[bucket], amount)
    }
  }
  return moved
}

const bookOf = (account: LedgerAccount): 'CLAIM' | 'TRUST' | 'OPS' => account.startsWith('T.') ? 'TRUST' : account.startsWith('O.') ? 'OPS' : 'CLAIM'

/** Asserts what the caller's code must guarantee: an entry has lines, each moves something, within one book. */
export function checkEntry ({ kind, lines }: Entry): void {
  if (lines.length === 0) throw new Error(`a ${kind} entry without lines`)
  for (const { debit, credit, amount } of lines) {
    if (minor(amount) <= 0 || debit === credit || bookOf(debit) !== bookOf(credit)) throw new Error(`a ${kind} entry moves ${amount} from ${credit} to ${debit}`)
  }
}
