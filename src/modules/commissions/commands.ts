import { bucketsOf, neg } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx } from '#platform'
import { daysPastDue } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { post, reverse } from '../ledger/index.ts'
import { commissionRateOf } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { commissionLines, explainCommission, negated, recoveryOf, withheldOf } from './core.ts'
import { findAccrual, insertCommissionEntry } from './db.ts'
import type { CommissionEntry } from './db.ts'
import { CommissionAccrued, CommissionClawedBack } from './events.ts'

/** A payment on which commission is earned: what it settled of the account, under the agreement the debt was placed under. */
export interface Recovered { account: AccountRow, agreement: Agreement, paymentId: Id<'payment'>, allocated: Buckets, receivedBy: 'agency' | 'lender', effectiveOn: CalendarDay }

/** Books the commission on a payment, once: withheld from trust money or put on the lender's account, as agreed. The caller holds the account's lock. */
export const accrueCommission = async (tx: Tx, recovered: Recovered): Promise<CommissionEntry> => await accrue(tx, recovered, { number: 1, correctionId: null })

async function accrue (tx: Tx, recovered: Recovered, as: { number: number, correctionId: Id<'correction'> | null }): Promise<CommissionEntry> {
  const { account: { id: accountId, lenderId, currency }, agreement, paymentId, allocated, effectiveOn } = recovered
  const { ageDays, rate, earned, recoverFrom, withheld } = earnedBy(recovered)
  const id = newId('commissionEntry')
  const lines = commissionLines(earned, withheld)
  const [journalEntryId = null] = await post(tx, lines.length === 0 ? [] : [{ lenderId, accountId, kind: 'commission', causeId: id, effectiveOn, currency, lines }])
  const entry = await insertCommissionEntry(tx, {
    id, lenderId, accountId, paymentId, agreementId: agreement.id, kind: 'accrual', ...as, effectiveOn, currency, ...allocated, daysPastDue: ageDays,
    ...earned, rate, vatRate: agreement.terms.commission.vatRate, recoverFrom, withheld, journalEntryId,
  })
  emit(tx, CommissionAccrued, { accountId, lenderId }, factsOf(entry))
  return entry
}

/** What a payment earns, and where it is taken from. */
function earnedBy ({ account, agreement, allocated, receivedBy }: Recovered) {
  const { commission: terms, remittance } = agreement.terms
  const ageDays = daysPastDue(account.dueOn, account.placedOn)
  const rate = commissionRateOf(terms, ageDays)
  const { earned } = explainCommission({ allocated, parts: terms.base, rate, vatRate: terms.vatRate })
  const recoverFrom = recoveryOf(remittance, receivedBy)
  return { ageDays, rate, earned, recoverFrom, withheld: withheldOf(recoverFrom, earned, allocated) }
}

/** Gives back exactly what a payment earned, once, when it is reversed. The caller holds the account's lock. Throws `AlreadyReversed`, `ReversalTooEarly`. */
export async function clawBackCommission (tx: Tx, { paymentId, effectiveOn }: { paymentId: Id<'payment'>, effectiveOn: CalendarDay }): Promise<CommissionEntry> {
  const accrual = await findAccrual(tx, paymentId)
  if (accrual === null) throw new Error(`payment ${paymentId} has no commission entry`)
  return await clawBack(tx, accrual, effectiveOn, null)
}

async function clawBack (tx: Tx, accrual: CommissionEntry, effectiveOn: CalendarDay, correctionId: Id<'correction'> | null): Promise<CommissionEntry> {
  const { createdAt: _createdAt, journalEntryId: accrualEntryId, ...original } = accrual
  const id = newId('commissionEntry')
  const journalEntryId = accrualEntryId === null ? null : await reverse(tx, accrualEntryId, { kind: 'clawback', causeId: id, effectiveOn })
  const entry = await insertCommissionEntry(tx, {
    ...original, ...negated(bucketsOf(original)), id, kind: 'clawback', correctionId, effectiveOn,
    base: neg(original.base), commission: neg(original.commission), vat: neg(original.vat), withheld: neg(original.withheld), journalEntryId,
  })
  emit(tx, CommissionClawedBack, { accountId: entry.accountId, lenderId: entry.lenderId }, factsOf(entry))
  return entry
}

/**
 * Books the commission of a payment anew because a late fact changed what it settles: what it earned is given back and it earns on what it
 * settles now, both on the day it was received. Nothing happens when it earns the same. The caller holds the account's lock.
 */
export async function recomputeCommission (tx: Tx, recovered: Recovered, correctionId: Id<'correction'>): Promise<void> {
  const accrual = await findAccrual(tx, recovered.paymentId)
  if (accrual === null) throw new Error(`payment ${recovered.paymentId} has no commission entry`)
  const { earned: { base, commission, vat }, withheld } = earnedBy(recovered)
  if (base === accrual.base && commission === accrual.commission && vat === accrual.vat && withheld === accrual.withheld) return
  await clawBack(tx, accrual, accrual.effectiveOn, correctionId)
  await accrue(tx, recovered, { number: accrual.number + 1, correctionId })
}

const factsOf = ({ id: commissionEntryId, paymentId, accountId, currency, base, commission, vat, recoverFrom }: CommissionEntry) =>
  ({ commissionEntryId, paymentId, accountId, currency, base, commission, vat, recoverFrom })
