import { dayIn, neg, sub } from '#kernel'
import type { Id, Minor } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { movements, post } from '../ledger/index.ts'
import { findAgreementsInForce, lockLender } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { offsetOf, spread } from './core.ts'
import { InvoiceOffset } from './events.ts'
import { findInvoice, findOpen, insertSettlements, listOffset } from './invoices.db.ts'
import type { SettlementRow } from './invoices.db.ts'
import { findPosition } from './sources.db.ts'

/**
 * Keeps an invoice, or part of it, from the trust money that is held for its lender and has cleared, where the agreement in force says so. Throws `NotFound`, `OffsetNotAgreed`,
 * `InvoiceOverpaid`, `OffsetExceedsHeld`.
 */
export async function offsetInvoice (tx: Tx, invoiceId: Id<'invoice'>, { amount: asked }: { amount?: Minor }): Promise<SettlementRow> {
  const found = await findInvoice(tx, invoiceId)
  if (found === null) throw NotFound()
  const { lenderId, currency } = found
  await lockLender(tx, lenderId)
  const { open } = await findOpen(tx, invoiceId)
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  const [agreement] = await findAgreementsInForce(tx, lenderId, [{ currency, on: today }])
  const amount = offsetOf({ open, asked, basis: agreement?.terms.remittance ?? 'gross', now: await findPosition(tx, lenderId, currency) })
  const id = newId('invoiceSettlement')
  await post(tx, [{ lenderId, accountId: null, kind: 'invoiceOffset', causeId: id, effectiveOn: today, currency, lines: movements.offset(amount) }])
  const [settlement] = await insertSettlements(tx, [{ id, invoiceId, lenderId, kind: 'offset', amount, settledOn: today, reference: null }])
  emit(tx, InvoiceOffset, { lenderId }, { invoiceId, settlementId: id, lenderId, amount, currency, open: sub(open, amount) })
  return settlement!
}

/** Opens the invoices again, newest first, whose offsets were put back. */
export async function reopenInvoices (tx: Tx, { lenderId, currency, amount }: { lenderId: Id<'lender'>, currency: string, amount: Minor }): Promise<void> {
  await lockLender(tx, lenderId)
  const settledOn = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  await insertSettlements(tx, spread(amount, await listOffset(tx, lenderId, currency)).map(({ of, amount: put }) => ({ invoiceId: of.id, lenderId, kind: 'offsetUndone', amount: neg(put), settledOn, reference: null })))
}
