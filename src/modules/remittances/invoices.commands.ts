import { sub } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { movements, post } from '../ledger/index.ts'
import { lockLender } from '../lenders/index.ts'
import { InvoiceOverpaid, SettlementDuplicate } from './core.ts'
import { InvoicePaid } from './events.ts'
import type { InvoicePaymentInput } from './invoices.api.ts'
import { findInvoice, findOpen, findSettlementByReference, insertSettlements } from './invoices.db.ts'
import type { SettlementRow } from './invoices.db.ts'

/**
 * Records that a lender paid an invoice, or part of it, into the agency's own bank account. A payment already recorded under its reference is answered as it is.
 * Throws `NotFound`, `InvoiceOverpaid`, `SettlementDuplicate`.
 */
export async function payInvoice (tx: Tx, invoiceId: Id<'invoice'>, { amount, paidOn, ...input }: InvoicePaymentInput): Promise<SettlementRow> {
  const reference = input.reference ?? null
  const found = await findInvoice(tx, invoiceId)
  if (found === null) throw NotFound()
  const { lenderId, currency } = found
  await lockLender(tx, lenderId)
  const known = reference === null ? null : await findSettlementByReference(tx, lenderId, reference)
  if (known !== null) {
    if (known.invoiceId !== invoiceId || known.amount !== amount || known.settledOn !== paidOn) throw SettlementDuplicate()
    return known
  }
  const { open } = await findOpen(tx, invoiceId)
  if (amount > open) throw InvoiceOverpaid({ open })
  const id = newId('invoiceSettlement')
  await post(tx, [{ lenderId, accountId: null, kind: 'invoicePayment', causeId: id, effectiveOn: paidOn, currency, lines: movements.clientPaidInvoices(amount) }])
  const [settlement] = await insertSettlements(tx, [{ id, invoiceId, lenderId, kind: 'payment', amount, settledOn: paidOn, reference }])
  emit(tx, InvoicePaid, { lenderId }, { invoiceId, settlementId: id, lenderId, amount, currency, open: sub(open, amount) })
  return settlement!
}
