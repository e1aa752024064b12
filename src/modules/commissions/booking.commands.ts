import { bucketsOf, formatR, neg, zero } from '#kernel'
import type { Buckets, CalendarDay, Id, Minor } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx } from '#platform'
import type { AccountRow } from '../accounts/index.ts'
import { movements, post, reverse } from '../ledger/index.ts'
import type { Entry } from '../ledger/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { explainCommission, negated, recoveryOf, withheldOf } from './core.ts'
import type { Earned, Explained, Past, Recovery } from './core.ts'
import { insertCommissionEntry, recoveredBy } from './db.ts'
import type { Accrual, CommissionEntry } from './db.ts'
import { CommissionAccrued, CommissionClawedBack } from './events.ts'
import type { PlanTerms, Situation } from './plan.core.ts'

/** The plan a debt is under: the lender's newest on the day of its placement, or the agreement's own terms. */
export interface PlanInForce { planId: Id<'commissionPlan'> | null, terms: PlanTerms }

/** A payment that earns. */
export interface Accrued { paymentId: Id<'payment'>, account: Pick<AccountRow, 'id' | 'lenderId' | 'currency'>, agreement: Pick<Agreement, 'id'>, allocated: Buckets, receivedOn: CalendarDay }

/** Books what a payment earns by a plan, where its debt or month had come to `past` before it, and the costs recovered by it. */
export async function accrue (tx: Tx, { account: { id: accountId, lenderId, currency }, agreement, paymentId, allocated, receivedOn }: Accrued, { planId, terms }: PlanInForce,
  { at, past, costsRecovered, ...as }: { at: Situation, past: Past, costsRecovered: Minor, number: number, correctionId: Id<'correction'> | null }): Promise<CommissionEntry> {
  const explained = explainCommission({ allocated, costsRecovered, terms, at, past })
  const recoverFrom = recoveryOf(terms.recover, at.receivedBy)
  const facts = { ...as, lenderId, accountId, paymentId, placementId: null, agreementId: agreement.id, kind: 'accrual' as const, effectiveOn: receivedOn, currency, ...allocated, planId, situation: at, costsRecovered }
  return await book(tx, facts, terms, explained, past, recoverFrom, withheldOf(recoverFrom, explained.earned, allocated, costsRecovered))
}

/** Books what was earned, with all it was computed from. */
export async function book (tx: Tx, as: EntryFacts, terms: PlanTerms, { earned, row, rate, exact }: Explained, past: Past, recoverFrom: Recovery, withheld: Minor): Promise<CommissionEntry> {
  const { lenderId, accountId, currency, effectiveOn, costsRecovered } = as
  const id = newId('commissionEntry')
  const recovery = recoverFrom === 'trust' ? movements.costsRecovered(costsRecovered) : movements.costsInvoiced(costsRecovered)
  const recoveryEntryId = await postSome(tx, { lenderId, accountId, kind: 'costRecovery', causeId: id, effectiveOn, currency, lines: recovery })
  const journalEntryId = await postSome(tx, { lenderId, accountId, kind: 'commission', causeId: id, effectiveOn, currency, lines: movements.commissionEarned(earned, withheld) })
  const entry = await insertCommissionEntry(tx, {
    id, ...as, row, pastRecovered: past.recovered, pastCollected: past.collected, pastExact: formatR(past.exact), pastCommission: past.commission,
    ...earned, rate, exact: formatR(exact), vatRate: terms.vat.reverseCharge === true ? '0' : terms.vat.rate, recoverFrom, withheld, journalEntryId, recoveryEntryId,
  })
  emit(tx, CommissionAccrued, { accountId, lenderId }, factsOf(entry))
  return entry
}

type EntryFacts = Omit<CommissionEntry, 'id' | 'row' | 'pastRecovered' | 'pastCollected' | 'pastExact' | 'pastCommission' | keyof Earned | 'rate' | 'exact' | 'vatRate' | 'recoverFrom' | 'withheld' | 'journalEntryId' | 'recoveryEntryId' | 'createdAt'>

/** Posts an entry that may move nothing; null then. */
async function postSome (tx: Tx, entry: Entry): Promise<Id<'journalEntry'> | null> {
  const [id = null] = await post(tx, entry.lines.length === 0 ? [] : [entry])
  return id
}

/** Gives back what was booked: the exact opposite. Throws `AlreadyReversed`, `ReversalTooEarly`. */
export async function clawBack (tx: Tx, accrual: CommissionEntry & { isRestored: boolean }, effectiveOn: CalendarDay, correctionId: Id<'correction'> | null): Promise<CommissionEntry> {
  const { createdAt: _createdAt, journalEntryId: accrualEntryId, recoveryEntryId: originalRecoveryId, isRestored, ...original } = accrual
  const id = newId('commissionEntry')
  const journalEntryId = accrualEntryId === null ? null : await reverse(tx, accrualEntryId, { kind: 'clawback', causeId: id, effectiveOn })
  const recoveryEntryId = originalRecoveryId === null || isRestored ? null : await reverse(tx, originalRecoveryId, { kind: 'costRestored', causeId: id, effectiveOn })
  const entry = await insertCommissionEntry(tx, {
    ...original, ...negated(bucketsOf(original)), id, kind: 'clawback', correctionId, effectiveOn,
    base: neg(original.base), commission: neg(original.commission), vat: neg(original.vat), withheld: neg(original.withheld), costsRecovered: isRestored ? zero : neg(original.costsRecovered), journalEntryId, recoveryEntryId,
  })
  emit(tx, CommissionClawedBack, { accountId: entry.accountId, lenderId: entry.lenderId }, factsOf(entry))
  return entry
}

/** True when an entry is what would be booked now. */
export const isSame = (entry: Accrual, { earned: { base, commission, vat } }: Explained, withheld: number, costsRecovered: Minor): boolean =>
  base === entry.base && commission === entry.commission && vat === entry.vat && withheld === entry.withheld && costsRecovered === recoveredBy(entry)

const factsOf = ({ id: commissionEntryId, kind, paymentId, placementId, accountId, currency, base, commission, vat, costsRecovered, recoverFrom }: CommissionEntry) =>
  ({ commissionEntryId, kind, paymentId, placementId, accountId, currency, base, commission, vat, costsRecovered, recoverFrom })
