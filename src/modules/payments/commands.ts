import { bucketsOf, dayIn, lessBuckets, neg, noBuckets, totalOf, withTotal, zero } from '#kernel'
import type { Buckets, CalendarDay, Id, Minor } from '#kernel'
import { NotAllowed, NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { listAccounts, lockAccount } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { accrueThrough } from '../charges/index.ts'
import { accrueCommission, clawBackCommission } from '../commissions/index.ts'
import { ReversalTooEarly, linesFor, post, reverse } from '../ledger/index.ts'
import type { Line } from '../ledger/index.ts'
import { findAgreement } from '../lenders/index.ts'
import { closePlacement, reopenPlacement, requireActivePlacement } from '../placements/index.ts'
import { findTenant } from '../tenants/index.ts'
import type { PaymentInput, PaymentReversalInput } from './api.ts'
import { AccountAmbiguous, PaymentAlreadyReversed, PaymentInFuture, allocate, checkPayment, checkRepeat, closeCodeOf, isSettled } from './core.ts'
import type { Receiver } from './core.ts'
import { findPayment, findPaymentByReference, insertPayment, insertReversal, lockPayment } from './db.ts'
import type { PaymentRow } from './db.ts'
import { PaymentPosted, PaymentReversed, RecoveryRecorded } from './events.ts'

/**
 * Records money received for a debt: brings its charges up to the day, settles its parts in the agreed order, books the money, earns the
 * commission, and closes a debt that owes nothing any more. A payment already recorded under its reference is answered as it is.
 * Throws `NotFound`, `AccountAmbiguous`, `NotAllowed` (a lender's key speaks of its own hands only), `PaymentDuplicate`, `AccountNotPlaced`,
 * `CurrencyMismatch`, `PaymentBeforePlacement`, `PaymentInFuture`.
 */
export async function receivePayment (tx: Tx, input: PaymentInput): Promise<PaymentRow> {
  checkHands(tx, input.receivedBy)
  const account = await lockAccount(tx, input.accountId ?? await findDebtor(tx, input))
  const known = input.reference === undefined ? null : await findPaymentByReference(tx, account.lenderId, input.reference)
  if (known !== null) {
    checkRepeat(known, { ...input, accountId: account.id })
    return known
  }
  const placement = await requireActivePlacement(tx, account.id)
  checkPayment(account, placement, input)
  await checkBegun(tx, account, input.receivedOn)
  const agreement = await findAgreement(tx, placement.agreementId)
  if (agreement === null) throw new Error(`placement ${placement.placementId} has no agreement`)

  const owed = await accrueThrough(tx, account, input.receivedOn)
  const { allocated, overpaid } = allocate(owed, input.amount, agreement.terms.allocation)
  const paymentId = newId('payment')
  const { amount, currency, receivedOn, receivedBy, method, reference = null } = input
  const { id: accountId, lenderId } = account
  const lines = linesOf(receivedBy, allocated, overpaid)
  const [journalEntryId = null] = await post(tx, lines.length === 0 ? [] : [{ lenderId, accountId, kind: 'payment', causeId: paymentId, effectiveOn: receivedOn, currency, lines }])
  const payment = await insertPayment(tx, {
    id: paymentId, accountId, lenderId, placementId: placement.placementId, amount, currency, receivedOn, receivedBy, method, reference, ...allocated, overpaid, journalEntryId,
  })
  const concerns = { accountId, lenderId }
  emit(tx, PaymentPosted, concerns, { paymentId, accountId, amount, currency, receivedOn, receivedBy, overpaid })
  const { commission, vat } = await accrueCommission(tx, { account, agreement, paymentId, allocated, receivedBy, effectiveOn: receivedOn })
  const balance = lessBuckets(owed, allocated)
  emit(tx, RecoveryRecorded, concerns, { paymentId, accountId, currency, receivedBy, allocated: withTotal(allocated), overpaid, commission, vat, balance: withTotal(balance) })
  if (isSettled(balance)) await closePlacement(tx, accountId, closeCodeOf(receivedBy))
  return payment
}

/**
 * Undoes a payment, once: the exact opposite of what was booked for it and of its commission, effective on a day not before it was received.
 * A debt that had been closed because nothing was owed is worked again. Throws `NotFound`, `NotAllowed`, `PaymentAlreadyReversed`,
 * `ReversalTooEarly`, `PaymentInFuture`.
 */
export async function reversePayment (tx: Tx, paymentId: Id<'payment'>, { reason, reversedOn }: PaymentReversalInput): Promise<PaymentRow> {
  const found = await findPayment(tx, paymentId)
  if (found === null) throw NotFound()
  checkHands(tx, found.receivedBy)
  const account = await lockAccount(tx, found.accountId)
  const { state, receivedOn, receivedBy, amount, currency, overpaid, journalEntryId: originalEntryId, ...parts } = await lockPayment(tx, paymentId)
  if (state === 'reversed') throw PaymentAlreadyReversed()
  if (reversedOn < receivedOn) throw ReversalTooEarly({ effectiveOn: receivedOn })
  await checkBegun(tx, account, reversedOn)

  const owed = await accrueThrough(tx, account, reversedOn)
  const journalEntryId = originalEntryId === null ? null : await reverse(tx, originalEntryId, { kind: 'paymentReversal', causeId: paymentId, effectiveOn: reversedOn })
  const { id: accountId, lenderId } = account
  const reversed = await insertReversal(tx, paymentId, { lenderId, reason, reversedOn, journalEntryId })
  const concerns = { accountId, lenderId }
  emit(tx, PaymentReversed, concerns, { paymentId, reversalId: reversed.reversal!.id, accountId, amount, currency, receivedBy, reason, reversedOn })
  const { commission, vat } = await clawBackCommission(tx, { paymentId, effectiveOn: reversedOn })
  const taken = lessBuckets(noBuckets, bucketsOf(parts))
  emit(tx, RecoveryRecorded, concerns, {
    paymentId, accountId, currency, receivedBy, allocated: withTotal(taken), overpaid: neg(overpaid), commission, vat, balance: withTotal(lessBuckets(owed, taken)),
  })
  if (account.closedAt !== null && isSettled(account)) await reopenPlacement(tx, accountId)
  return reversed
}

/** A lender's key reports and undoes what came into the lender's own hands. Throws `NotAllowed`. */
function checkHands (tx: Tx, receivedBy: Receiver): void {
  if (tx.ctx.lenderId !== null && receivedBy !== 'lender') throw NotAllowed({ receivedBy })
}

/** The one debt with the lender's reference. Throws `NotFound`, `AccountAmbiguous`. */
async function findDebtor (tx: Tx, { lenderReference, lenderId }: PaymentInput): Promise<Id<'account'>> {
  if (lenderReference === undefined) throw NotFound()
  const { data: [account, other] } = await listAccounts(tx, { lenderReference, ...lenderId !== undefined && { lenderId } }, { limit: 2, after: null })
  if (account === undefined) throw NotFound()
  if (other !== undefined) throw AccountAmbiguous()
  return account.id
}

/** Refuses a day that has begun neither in the debtor's calendar nor in the agency's own. Throws `PaymentInFuture`. */
async function checkBegun (tx: Tx, account: AccountRow, on: CalendarDay): Promise<void> {
  if (on <= dayIn(account.timeZone, tx.ctx.now)) return
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  if (on > today) throw PaymentInFuture({ today })
}

/** Where the money went: into trust for the lender, or past the agency; what is overpaid into the agency's hands is the debtor's. */
function linesOf (receivedBy: Receiver, allocated: Buckets, overpaid: Minor): Line[] {
  if (receivedBy === 'lender') return linesFor(allocated, (claim, amount) => ({ debit: 'C.COLLECTED_DIRECT', credit: claim, amount }))
  const trust: Line[] = [{ debit: 'T.BANK', credit: 'T.CLIENT', amount: totalOf(allocated) }, { debit: 'T.BANK', credit: 'T.REFUND', amount: overpaid }]
  return [...trust.filter(({ amount }) => amount > zero), ...linesFor(allocated, (claim, amount) => ({ debit: 'C.COLLECTED_AGENCY', credit: claim, amount }))]
}
