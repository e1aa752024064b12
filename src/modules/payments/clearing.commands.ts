import { addDays, startOfDay } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { movements, post } from '../ledger/index.ts'
import { findTenant } from '../tenants/index.ts'
import type { ClearingInput } from './api.ts'
import { checkBegun, checkHands } from './checks.commands.ts'
import { ClearsWithReceipt, checkClearing } from './clearing.core.ts'
import { clearMax, lockClearable, setCleared } from './clearing.db.ts'
import type { Clears } from './clearing.db.ts'
import { findPayment, lockPayment } from './db.ts'
import type { PaymentRow } from './db.ts'
import { PaymentCleared } from './events.ts'

/** When money clears by itself: when the day given for it is over in the agency's calendar; null without one. */
export const clearingDueAt = async (tx: Tx, clearsOn: CalendarDay | null): Promise<string | null> =>
  clearsOn === null ? null : startOfDay(addDays(clearsOn, 1), (await findTenant(tx)).timeZone).toISOString()

/**
 * Records that the bank has settled a payment that was on its way, once. What it settled of its debt stays as it is; from now on it can be passed on.
 * Throws `NotFound`, `NotAllowed`, `ClearingNotApplicable`, `PaymentAlreadyReversed`, `PaymentAlreadyCleared`, `ClearedTooEarly`, `PaymentInFuture`, `ClearsWithReceipt`.
 */
export async function clearPayment (tx: Tx, paymentId: Id<'payment'>, { clearedOn }: ClearingInput): Promise<PaymentRow> {
  const found = await findPayment(tx, paymentId)
  if (found === null) throw NotFound()
  checkHands(tx, found.receivedBy)
  const account = await lockAccount(tx, found.accountId)
  const payment = await lockPayment(tx, paymentId)
  checkClearing({ ...payment, isUndone: payment.state === 'reversed' }, clearedOn)
  await checkBegun(tx, account, clearedOn)
  const { accountId, lenderId, amount, currency, receiptId } = payment
  if (receiptId !== null) throw ClearsWithReceipt({ receiptId }, { resolution: { method: 'POST', path: `/v1/receipts/${receiptId}/clear` } })
  await clear(tx, [{ paymentId, accountId, lenderId, amount, currency, clearedOn }])
  return (await findPayment(tx, paymentId))!
}

/** Clears what is due to clear by itself, a bounded number of payments; answers whether more may be due. */
export async function clearDue (tx: Tx): Promise<boolean> {
  const due = await lockClearable(tx)
  await clear(tx, due)
  return due.length === clearMax
}

/** Posts that payments cleared. Their accounts are locked, and they are on their way. */
export async function clear (tx: Tx, all: readonly Clears[]): Promise<void> {
  if (all.length === 0) return
  const ids = await post(tx, all.map(({ paymentId, accountId, lenderId, amount, currency, clearedOn }) =>
    ({ lenderId, accountId, kind: 'clearing', causeId: paymentId, effectiveOn: clearedOn, currency, lines: movements.cleared(amount) })))
  await setCleared(tx, all.map(({ paymentId, clearedOn }, i) => ({ paymentId, clearedOn, entryId: ids[i]! })))
  for (const { paymentId, accountId, lenderId, amount, currency, clearedOn } of all) emit(tx, PaymentCleared, { accountId, lenderId }, { paymentId, accountId, amount, currency, clearedOn })
}
