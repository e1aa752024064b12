import { bucketsOf, neg } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import { emit } from '#platform'
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
export async function accrueCommission (tx: Tx, { account, agreement, paymentId, allocated, receivedBy, effectiveOn }: Recovered): Promise<CommissionEntry> {
  const { commission: terms, remittance } = agreement.terms
  const { id: accountId, lenderId, currency } = account
  const ageDays = daysPastDue(account.dueOn, account.placedOn)
  const rate = commissionRateOf(terms, ageDays)
  const { earned } = explainCommission({ allocated, parts: terms.base, rate, vatRate: terms.vatRate })
  const recoverFrom = recoveryOf(remittance, receivedBy)
  const withheld = withheldOf(recoverFrom, earned, allocated)
  const lines = commissionLines(earned, withheld)
  const [journalEntryId = null] = await post(tx, lines.length === 0 ? [] : [{ lenderId, accountId, kind: 'commission', causeId: paymentId, effectiveOn, currency, lines }])
  const entry = await insertCommissionEntry(tx, {
    lenderId, accountId, paymentId, agreementId: agreement.id, kind: 'accrual', effectiveOn, currency, ...allocated, daysPastDue: ageDays,
    ...earned, rate, vatRate: terms.vatRate, recoverFrom, withheld, journalEntryId,
  })
  emit(tx, CommissionAccrued, { accountId, lenderId }, factsOf(entry))
  return entry
}

/** Gives back exactly what a payment earned, once, when it is reversed. The caller holds the account's lock. Throws `AlreadyReversed`, `ReversalTooEarly`. */
export async function clawBackCommission (tx: Tx, { paymentId, effectiveOn }: { paymentId: Id<'payment'>, effectiveOn: CalendarDay }): Promise<CommissionEntry> {
  const accrual = await findAccrual(tx, paymentId)
  if (accrual === null) throw new Error(`payment ${paymentId} has no commission entry`)
  const { id: _id, createdAt: _createdAt, journalEntryId: accrualEntryId, ...original } = accrual
  const journalEntryId = accrualEntryId === null ? null : await reverse(tx, accrualEntryId, { kind: 'clawback', causeId: paymentId, effectiveOn })
  const entry = await insertCommissionEntry(tx, {
    ...original, ...negated(bucketsOf(original)), kind: 'clawback', effectiveOn,
    base: neg(original.base), commission: neg(original.commission), vat: neg(original.vat), withheld: neg(original.withheld), journalEntryId,
  })
  emit(tx, CommissionClawedBack, { accountId: entry.accountId, lenderId: entry.lenderId }, factsOf(entry))
  return entry
}

const factsOf = ({ id: commissionEntryId, paymentId, accountId, currency, base, commission, vat, recoverFrom }: CommissionEntry) =>
  ({ commissionEntryId, paymentId, accountId, currency, base, commission, vat, recoverFrom })
