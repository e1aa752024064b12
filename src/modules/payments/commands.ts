import { add, bucketsOf, lessBuckets, neg, noBuckets, withTotal, zero } from '#kernel'
import type { Buckets, CalendarDay, Id, Minor } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { findAccount, listAccounts, lockAccount } from '../accounts/index.ts'
import { accrueThrough, chargeForReturn } from '../charges/index.ts'
import { accrueCommission, clawBackCommission, findAccrual } from '../commissions/index.ts'
import type { CommissionEntry } from '../commissions/index.ts'
import { ReversalTooEarly, coverShortfall, movedBy, post, reversalOf } from '../ledger/index.ts'
import type { Entry } from '../ledger/index.ts'
import { findAgreement } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { closePlacement, findLastPlacement, findPlacement, reopenPlacement } from '../placements/index.ts'
import type { PlacementRow } from '../placements/index.ts'
import type { PaymentInput, PaymentReversalInput } from './api.ts'
import { checkBegun, checkHands } from './checks.commands.ts'
import { clearingDueAt } from './clearing.commands.ts'
import { tillOf } from './clearing.core.ts'
import type { Source } from './clearing.core.ts'
import { AccountAmbiguous, PaymentAlreadyReversed, allocate, cameBack, checkPayment, checkRepeat, closeCodeOf, isSettled } from './core.ts'
import type { Receiver } from './core.ts'
import { changedBy, correct, givenBack, isLate, isOfTail, liveAgain } from './corrections.commands.ts'
import type { CorrectionRow } from './corrections.db.ts'
import { findPayment, findPaymentByReference, insertPayment, insertReversal, lockPayment } from './db.ts'
import type { PaymentRow } from './db.ts'
import { PaymentPosted, PaymentReversed, RecoveryRecorded } from './events.ts'
import { paymentLines } from './life.core.ts'
import type { Fact } from './life.core.ts'
import { orderOf } from './orders.commands.ts'
import { disputedOn } from './orders.core.ts'
import { lockReceipt } from './receipts.db.ts'
import { loseRefund } from './refunds.commands.ts'
import { PaymentRefunded } from './refunds.core.ts'
import { endOf, paidUnder } from './tail.commands.ts'
import { isAfterEnd } from './tail.core.ts'
import { undoApplication } from './unapplied.commands.ts'

/**
 * Records money received for a debt: brings its charges up to the day, settles its parts in the agreed order, books the money, earns the
 * commission, and closes a debt that owes nothing any more. One that arrives late has the debt's life computed anew from its day, and the difference posted. A payment already recorded under its reference is answered as it is.
 * A debt whose placement has ended takes what was received until then, and in its tail.
 * Throws `NotFound`, `AccountAmbiguous`, `NotAllowed` (a lender's key speaks of its own hands only), `PaymentDuplicate`, `AccountNotPlaced`, `TailOver`,
 * `CurrencyMismatch`, `PaymentBeforePlacement`, `PaymentInFuture`, `ClearingNotApplicable`, `ClearedTooEarly`.
 */
export async function receivePayment (tx: Tx, input: PaymentInput): Promise<PaymentRow> {
  checkHands(tx, input.receivedBy)
  return (await receive(tx, input)).payment
}

/** What receiving a payment came to; `correction` when it arrived late and changed what was there. */
export interface Received { payment: PaymentRow, before: Buckets, after: Buckets, correction: Omit<CorrectionRow, 'createdAt'> | null }

/** Receives a payment in a transaction that will be taken back, and answers all that came of it. Throws what `receivePayment` does. */
export async function rehearsePayment (tx: Tx, input: PaymentInput): Promise<Received> {
  checkHands(tx, input.receivedBy)
  return await receive(tx, input)
}

/** Receives a payment that nobody made, in a transaction that will be taken back, and answers what the agency would earn by it. Throws what `receivePayment` does, but for whose hands it came into. */
export async function previewCommission (tx: Tx, accountId: Id<'account'>, { amount, receivedBy, on }: { amount: Minor, receivedBy: Receiver, on: CalendarDay }): Promise<{ payment: PaymentRow, entry: CommissionEntry }> {
  const account = await findAccount(tx, accountId)
  if (account === null) throw NotFound()
  const { payment } = await receive(tx, { accountId, amount, currency: account.currency, receivedOn: on, receivedBy, method: 'other' })
  return { payment, entry: (await findAccrual(tx, payment.id))! }
}

/** Where the money of a payment is, when it is not new: in a receipt. */
export interface FromReceipt { receiptId: Id<'receipt'>, till: Source, clearedOn: CalendarDay | null }

/** Receives a payment, made of a receipt or new. Throws what `receivePayment` does, but for whose hands it came into. */
export async function receive (tx: Tx, input: PaymentInput, from: FromReceipt | null = null): Promise<Received> {
  const account = await lockAccount(tx, input.accountId ?? await findDebtor(tx, input))
  const till = from?.till ?? tillOf(input)
  const { clearsOn = null } = input
  const known = input.reference === undefined ? null : await findPaymentByReference(tx, account.lenderId, input.reference)
  if (known !== null) {
    checkRepeat(known, { ...input, accountId: account.id, till, clearsOn })
    return { payment: known, before: account, after: account, correction: null }
  }
  const { placement, agreement, endedOn } = await paidUnder(tx, account, input.receivedOn)
  checkPayment(account, placement, input)
  await checkBegun(tx, account, input.receivedOn)

  const paymentId = newId('payment')
  const { amount, currency, receivedOn, receivedBy, method, reference = null } = input
  const { id: accountId, lenderId } = account
  const { disputes, ...settling } = await orderOf(tx, account, placement)
  // Whatever comes to a debt whose placement has ended is lived with all else: it knows what was recalled, and that nothing accrues.
  const relived = endedOn !== null || await isLate(tx, accountId, receivedOn) ? await liveAgain(tx, account, { kind: 'payment', paymentId, on: receivedOn, amount, receivedBy, ...till !== null && { till } }) : null
  const owed = relived === null ? await accrueThrough(tx, account, receivedOn) : account
  const allocation = relived?.life.allocations.get(paymentId) ?? allocate(owed, amount, settling.order, { on: receivedOn, dueOn: account.dueOn, disputed: disputedOn(disputes, receivedOn) })
  const { allocated, overpaid } = allocation
  const lines = paymentLines(receivedBy, allocation, till ?? undefined, placement.state === 'recalled' && endedOn !== null && isAfterEnd({ endedOn }, receivedOn))
  const entry: Entry | null = lines.length === 0 ? null : { lenderId, accountId, kind: 'payment', causeId: paymentId, effectiveOn: receivedOn, currency, lines }
  const { journalEntryId, correction } = relived === null
    ? { journalEntryId: await postOne(tx, entry), correction: null }
    : await correct(tx, relived, { cause: 'payment', causeId: paymentId, on: receivedOn, entry, paymentId })
  const payment = await insertPayment(tx, {
    id: paymentId, accountId, lenderId, placementId: placement.id, amount, currency, receivedOn, receivedBy, method, reference, receiptId: from?.receiptId ?? null, ...allocated, overpaid, till, clearsOn,
    clearedOn: from?.clearedOn ?? null, dueAt: await clearingDueAt(tx, clearsOn), journalEntryId, allocation: settling,
  })
  const concerns = { accountId, lenderId }
  emit(tx, PaymentPosted, concerns, { paymentId, accountId, amount, currency, receivedOn, receivedBy, overpaid, isPending: till === 'T.CLEARING' })
  const { entry: { commission, vat }, restated } = await accrueCommission(tx, { account, agreement, placement, paymentId, allocated, receivedBy, receivedOn }, changedBy(correction))
  const balance = relived?.life.owed ?? lessBuckets(owed, allocated)
  emit(tx, RecoveryRecorded, concerns, { paymentId, accountId, currency, receivedBy, allocated: withTotal(allocated), overpaid, commission, vat, balance: withTotal(balance) })
  if (isSettled(balance)) await closePlacement(tx, accountId, closeCodeOf(receivedBy))
  const restatedBy = correction?.id ?? restated
  if (restatedBy !== null) await coverShortfall(tx, lenderId, currency, { causeId: restatedBy, because: 'correction' })
  return { payment, before: account, after: balance, correction }
}

const postOne = async (tx: Tx, entry: Entry | null): Promise<Id<'journalEntry'> | null> => entry === null ? null : (await post(tx, [entry]))[0]!

/**
 * Undoes a payment, once: the exact opposite of what was booked for it, of its clearing and of its commission, effective on a day not before it was received and cleared.
 * What was applied by mistake of a receipt is the receipt's again. What had been refunded of it is the agency's loss. A debt that had been closed because nothing was owed is worked again when something is; what comes back to one that was recalled leaves the books as the rest of it did. Throws `NotFound`, `NotAllowed`, `PaymentAlreadyReversed`,
 * `PaymentRefunded` (it cannot be given back twice), `ReversalTooEarly`, `PaymentInFuture`.
 */
export async function reversePayment (tx: Tx, paymentId: Id<'payment'>, { reason, reversedOn }: PaymentReversalInput): Promise<PaymentRow> {
  const found = await findPayment(tx, paymentId)
  if (found === null) throw NotFound()
  checkHands(tx, found.receivedBy)
  // Receipts are locked before accounts.
  const receipt = found.receiptId === null ? null : await lockReceipt(tx, found.receiptId)
  const account = await lockAccount(tx, found.accountId)
  const paid = await lockPayment(tx, paymentId)
  const { state, receivedOn, receivedBy, amount, currency, overpaid, refunded, clearingEntryId, journalEntryId: originalEntryId, ...parts } = paid
  if (state === 'reversed') throw PaymentAlreadyReversed()
  if (refunded > zero && reason === 'refund') throw PaymentRefunded({ refunded })
  if (reversedOn < receivedOn) throw ReversalTooEarly({ effectiveOn: receivedOn })
  await checkBegun(tx, account, reversedOn)

  const { id: accountId, lenderId } = account
  const { placement, agreement } = await placedBy(tx, found)
  const last = (await findLastPlacement(tx, accountId))!
  const endedOn = endOf(account, last)
  const isOwn = last.id === found.placementId
  const entry = originalEntryId === null ? null : await reversalOf(tx, originalEntryId, { kind: 'paymentReversal', causeId: paymentId, effectiveOn: reversedOn })
  // Its entry gives back what it settled at first; what it settles since a correction only the debt's life knows.
  const isReallocated = !isSettled(lessBuckets(movedBy(entry?.lines ?? []), bucketsOf(parts)))
  const fact: Fact = isOwn ? { kind: 'reversal', paymentId, on: reversedOn, returned: cameBack(receivedBy, reason) ? amount : null } : { kind: 'movement', on: reversedOn, lines: givenBack(paid, isOfTail(entry?.lines ?? [])) }
  // What is not at work may not have followed a rate that was corrected meanwhile.
  const relived = isReallocated || account.closedAt !== null || await isLate(tx, accountId, reversedOn) ? await liveAgain(tx, account, fact) : null
  const owed = relived === null ? await accrueThrough(tx, account, reversedOn) : account
  const { journalEntryId, correction } = relived === null
    ? { journalEntryId: await postOne(tx, entry), correction: null }
    : await correct(tx, relived, { cause: 'reversal', causeId: paymentId, on: reversedOn, entry, paymentId })
  if (clearingEntryId !== null) await post(tx, [await reversalOf(tx, clearingEntryId, { kind: 'clearingReversal', causeId: paymentId, effectiveOn: reversedOn })])
  if (receipt !== null) await undoApplication(tx, receipt, { ...found, isMistake: reason === 'clerical', on: reversedOn })
  if (refunded > zero) await loseRefund(tx, { ...found, refunded }, reversedOn)
  const reversed = await insertReversal(tx, found, { lenderId, reason, reversedOn, journalEntryId })
  const concerns = { accountId, lenderId }
  emit(tx, PaymentReversed, concerns, { paymentId, reversalId: reversed.reversal!.id, accountId, amount, currency, receivedBy, reason, reversedOn })
  const { commission, vat } = await clawBackCommission(tx, { account, agreement, placement, paymentId, effectiveOn: reversedOn }, changedBy(correction)) ?? { commission: zero, vat: zero }
  const taken = lessBuckets(noBuckets, bucketsOf(parts))
  // Not for a payment of an earlier placement, or of the tail: nothing is charged for either.
  const isFeeDue = isOwn && (last.state === 'active' || (last.state === 'closed' && !isAfterEnd({ endedOn: endedOn! }, receivedOn)))
  const fee = relived === null && isFeeDue && cameBack(receivedBy, reason) ? await chargeForReturn(tx, account, { id: paymentId, amount }, reversedOn) : zero
  const moved = movedBy(entry?.lines ?? [])
  const balance = relived?.life.owed ?? lessBuckets(owed, lessBuckets(noBuckets, { ...moved, penalty: add(moved.penalty, fee) }))
  emit(tx, RecoveryRecorded, concerns, { paymentId, accountId, currency, receivedBy, allocated: withTotal(taken), overpaid: neg(overpaid), commission, vat, balance: withTotal(balance) })
  if (account.closedAt !== null && isSettled(account) && !isSettled(balance)) await reopenPlacement(tx, accountId)
  await coverShortfall(tx, lenderId, currency, { causeId: reversed.reversal!.id, because: 'reversal' })
  return reversed
}

/** The placement a payment was received under, and its agreement. */
async function placedBy (tx: Tx, { placementId }: PaymentRow): Promise<{ placement: PlacementRow, agreement: Agreement }> {
  const placement = await findPlacement(tx, placementId)
  const agreement = placement === null ? null : await findAgreement(tx, placement.agreementId)
  if (placement === null || agreement === null) throw new Error(`placement ${placementId} has no agreement`)
  return { placement, agreement }
}

/** The one debt with the lender's reference. Throws `NotFound`, `AccountAmbiguous`. */
async function findDebtor (tx: Tx, { lenderReference, lenderId }: PaymentInput): Promise<Id<'account'>> {
  if (lenderReference === undefined) throw NotFound()
  const { data: [account, other] } = await listAccounts(tx, { lenderReference, ...lenderId !== undefined && { lenderId } }, { limit: 2, after: null })
  if (account === undefined) throw NotFound()
  if (other !== undefined) throw AccountAmbiguous()
  return account.id
}
