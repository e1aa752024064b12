import { dayIn } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Place, Safe, Tx, Vault } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { ReversalTooEarly, movements, post } from '../ledger/index.ts'
import { findTenant } from '../tenants/index.ts'
import { clear } from './clearing.commands.ts'
import { ClearedTooEarly } from './clearing.core.ts'
import { receive } from './commands.ts'
import { PaymentInFuture } from './core.ts'
import type { PaymentRow } from './db.ts'
import { ReceiptApplied, ReceiptCleared, ReceiptReceived, ReceiptReturned } from './events.ts'
import type { ReceiptApplicationInput, ReceiptInput } from './receipts.api.ts'
import { ReceiptAlreadyCleared, checkReceiptRepeat, leftOf, takenOf, tillNow } from './receipts.core.ts'
import { findReceipt, findReceiptByReference, insertReceipt, listPendingOf, lockReceipt, setReceipt } from './receipts.db.ts'
import type { ReceiptRow } from './receipts.db.ts'
import { takeOut } from './unapplied.commands.ts'

const payerPlace = (id: Id<'receipt'>): Place => ({ table: 'receipts', column: 'payer', id })

/** A receipt as the API shows it: with its payer when there is a safe to open it. */
export const showReceipt = (safe: Safe | null, { payer, till, ...receipt }: ReceiptRow) => ({
  ...receipt, left: leftOf(receipt), isPending: till === 'T.CLEARING' && receipt.clearedOn === null, clearedOn: till === 'T.BANK' ? receipt.receivedOn : receipt.clearedOn,
  hasPayer: payer !== null, payer: payer === null || safe === null ? null : safe.open(payerPlace(receipt.id), payer),
})

/** Refuses a day that has not begun in the agency's calendar. Throws `PaymentInFuture`. */
async function checkToday (tx: Tx, on: CalendarDay): Promise<void> {
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  if (on > today) throw PaymentInFuture({ today })
}

/**
 * Records money that nobody can place yet: it is in trust and no lender's. A receipt already recorded under its reference is answered as it is.
 * Throws `PaymentInFuture`, `ReceiptDuplicate`.
 */
export async function createReceipt (tx: Tx, vault: Vault, { amount, currency, receivedOn, method, reference, payer, pending = false }: ReceiptInput): Promise<ReceiptRow> {
  const till = pending ? 'T.CLEARING' : 'T.BANK'
  await checkToday(tx, receivedOn)
  const id = newId('receipt')
  const receipt = await insertReceipt(tx, { id, amount, currency, receivedOn, method, reference, till, payer: payer === undefined ? null : (await vault.safeOf(tx)).seal(payerPlace(id), payer) })
  if (receipt === null) {
    const known = (await findReceiptByReference(tx, reference))!
    checkReceiptRepeat(known, { amount, currency, receivedOn, method, till })
    return known
  }
  await post(tx, [{ lenderId: null, accountId: null, kind: 'receipt', causeId: id, effectiveOn: receivedOn, currency, lines: movements.receivedUnidentified(amount, till) }])
  emit(tx, ReceiptReceived, {}, { receiptId: id, amount, currency, receivedOn, isPending: pending })
  return receipt
}

/**
 * Makes a payment of unidentified money, all that is left or so much: received on the day the money was. It clears with the receipt.
 * Throws `NotFound`, `ReceiptUsedUp`, `ReceiptOverdrawn` and what `receivePayment` does.
 */
export async function applyReceipt (tx: Tx, receiptId: Id<'receipt'>, { accountId, amount }: ReceiptApplicationInput): Promise<PaymentRow> {
  const receipt = await lockReceipt(tx, receiptId)
  return (await applyPart(tx, receipt, accountId, takenOf(receipt, amount))).payment
}

/** Makes a payment of part of a receipt whose lock is held; answers the receipt as it then stands. Throws what `receivePayment` does. */
export async function applyPart (tx: Tx, receipt: ReceiptRow, accountId: Id<'account'>, amount: Minor): Promise<{ payment: PaymentRow, receipt: ReceiptRow }> {
  const { id: receiptId, currency, receivedOn, method } = receipt
  const isPending = tillNow(receipt) === 'T.CLEARING'
  const { payment } = await receive(tx, { accountId, amount, currency, receivedOn, receivedBy: 'agency', method }, { receiptId, ...isPending ? { till: 'T.CLEARING', clearedOn: null } : { till: 'T.UNAPPLIED', clearedOn: receipt.clearedOn ?? receivedOn } })
  const after = await takeOut(tx, receipt, payment.id, amount)
  emit(tx, ReceiptApplied, { accountId }, { receiptId, paymentId: payment.id, accountId, amount, currency, left: leftOf(after) })
  return { payment, receipt: after }
}

/**
 * Records that the bank has settled unidentified money that was on its way, with every payment made of it. Once.
 * Throws `NotFound`, `ReceiptAlreadyCleared`, `ClearedTooEarly`, `PaymentInFuture`.
 */
export async function clearReceipt (tx: Tx, receiptId: Id<'receipt'>, { clearedOn }: { clearedOn: CalendarDay }): Promise<ReceiptRow> {
  const receipt = await lockReceipt(tx, receiptId)
  const { till, receivedOn, amount, currency } = receipt
  if (tillNow(receipt) === 'T.BANK') throw ReceiptAlreadyCleared({ clearedOn: till === 'T.BANK' ? receivedOn : receipt.clearedOn })
  if (clearedOn < receivedOn) throw ClearedTooEarly({ receivedOn })
  await checkToday(tx, clearedOn)
  for (const { accountId } of await listPendingOf(tx, receiptId)) await lockAccount(tx, accountId)
  // Looked for again: one may have been undone while its account was waited for.
  await clear(tx, (await listPendingOf(tx, receiptId)).map(payment => ({ ...payment, clearedOn })))
  const left = leftOf(receipt)
  await post(tx, left === 0 ? [] : [{ lenderId: null, accountId: null, kind: 'clearing', causeId: receiptId, effectiveOn: clearedOn, currency, lines: movements.cleared(left) }])
  emit(tx, ReceiptCleared, {}, { receiptId, amount, currency, clearedOn })
  return await setReceipt(tx, receiptId, { clearedOn })
}

/** Gives back what is left of unidentified money. Throws `NotFound`, `ReceiptUsedUp`, `ReversalTooEarly`, `PaymentInFuture`. */
export async function returnReceipt (tx: Tx, receiptId: Id<'receipt'>, { returnedOn }: { returnedOn: CalendarDay }): Promise<ReceiptRow> {
  const receipt = await lockReceipt(tx, receiptId)
  const { receivedOn, clearedOn, currency, returned } = receipt
  const amount = takenOf(receipt, undefined)
  if (returnedOn < (clearedOn ?? receivedOn)) throw ReversalTooEarly({ effectiveOn: clearedOn ?? receivedOn })
  await checkToday(tx, returnedOn)
  const receiptReturnId = newId('receiptReturn')
  await post(tx, [{ lenderId: null, accountId: null, kind: 'receiptReturn', causeId: receiptReturnId, effectiveOn: returnedOn, currency, lines: movements.unidentifiedReturned(amount, tillNow(receipt)) }])
  emit(tx, ReceiptReturned, {}, { receiptId, receiptReturnId, amount, currency, returnedOn })
  return await setReceipt(tx, receiptId, { returned: returned + amount })
}

/** A receipt. Throws `NotFound`. */
export async function getReceipt (tx: Tx, receiptId: Id<'receipt'>): Promise<ReceiptRow> {
  const receipt = await findReceipt(tx, receiptId)
  if (receipt === null) throw NotFound()
  return receipt
}
