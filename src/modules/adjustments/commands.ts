import { bucketsOf, lessBuckets, noBuckets, withTotal } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Place, Safe, Tx, Vault } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { setWaiverUndone } from '../charges/index.ts'
import { movedBy, movements } from '../ledger/index.ts'
import type { EntryKind, Line } from '../ledger/index.ts'
import { checkBegun, isSettled, moveDebt, orderOf, undoMovement } from '../payments/index.ts'
import type { Moved } from '../payments/index.ts'
import { AccountNotPlaced, closePlacement, findLastPlacement, reopenPlacement, requireActivePlacement } from '../placements/index.ts'
import type { AdjustmentReversalInput, BalanceAdjustmentInput, CostInput, DiscountInput, WriteOffInput } from './api.ts'
import { AdjustmentAlreadyReversed, AdjustmentInFuture, allParts, checkAdjustmentRepeat, checkOwed, checkPlaced, closeCodeOf, takenOf } from './core.ts'
import type { AdjustmentKind, Asked } from './core.ts'
import { findAdjustment, findAdjustmentByReference, insertAdjustment, lockAdjustment, setAdjustmentReversed } from './db.ts'
import type { AdjustmentRow } from './db.ts'
import { BalanceAdjusted } from './events.ts'

const notePlace = (id: Id<'adjustment'>): Place => ({ table: 'adjustments', column: 'note', id })

/** An adjustment as the API shows it: with its note when there is a safe to open it. */
export const showAdjustment = (safe: Safe | null, { principal, interest, penalty, costs, note, asked: _, reversedOn, reversedAt, reversalEntryId, ...adjustment }: AdjustmentRow) => ({
  ...adjustment, moved: withTotal({ principal, interest, penalty, costs }), hasNote: note !== null, note: note === null || safe === null ? null : safe.open(notePlace(adjustment.id), note),
  reversal: reversedOn === null ? null : { reversedOn, journalEntryId: reversalEntryId!, createdAt: reversedAt! },
})

const entryKinds = { cost: 'cost', discount: 'discount', writeOff: 'writeOff', balance: 'balanceAdjustment', waiver: 'waiver' } as const satisfies Record<AdjustmentKind, EntryKind>

/** What is said of every adjustment. */
interface Said { on: CalendarDay, reason: string, reference?: string, note?: string, authorizedBy?: string }

/** An adjustment about to be made: what was asked for, and the lines it comes to by what was owed on the day. */
interface Making { kind: AdjustmentKind, asked: Asked, lines: (owed: Buckets, order: readonly (keyof Buckets)[]) => readonly Line[] }

/** Adds costs that the agency paid out of its own pocket to a debt: the debtor owes them, and the lender until they are recovered. Throws what `adjust` does. */
export const addCosts = async (tx: Tx, vault: Vault, accountId: Id<'account'>, { amount, ...said }: CostInput): Promise<AdjustmentRow> =>
  await adjust(tx, vault, accountId, said, { kind: 'cost', asked: { amount }, lines: () => movements.costsAdvanced(amount) })

/** Takes off a debt what its lender forgoes, on the lender's word. A debt that then owes nothing is closed as settled. Throws `MoreThanOwed` and what `adjust` does. */
export const grantDiscount = async (tx: Tx, vault: Vault, accountId: Id<'account'>, { amount, parts, ...said }: DiscountInput): Promise<AdjustmentRow> =>
  await adjust(tx, vault, accountId, said, taking('discount', movements.discounted, { ...amount !== undefined && { amount }, ...parts !== undefined && { parts } }))

/** Takes off a debt what its lender gives up. A debt that then owes nothing is closed as written off. Throws `MoreThanOwed` and what `adjust` does. */
export const writeOffDebt = async (tx: Tx, vault: Vault, accountId: Id<'account'>, { amount, parts, ...said }: WriteOffInput): Promise<AdjustmentRow> =>
  await adjust(tx, vault, accountId, said, taking('writeOff', movements.writtenOff, { ...amount !== undefined && { amount }, ...parts !== undefined && { parts } }))

const taking = (kind: AdjustmentKind, lines: (parts: Buckets) => Line[], asked: Asked): Making => ({ kind, asked, lines: (owed, order) => lines(takenOf(owed, asked, order)) })

/** Raises and lowers parts of a debt to what they are. Throws `MoreThanOwed` and what `adjust` does. */
export const adjustBalance = async (tx: Tx, vault: Vault, accountId: Id<'account'>, { raised, lowered, ...said }: BalanceAdjustmentInput): Promise<AdjustmentRow> =>
  await adjust(tx, vault, accountId, said, {
    kind: 'balance', asked: { ...raised !== undefined && { raised }, ...lowered !== undefined && { lowered } },
    lines (owed) {
      checkOwed(owed, allParts(lowered ?? {}))
      return movements.adjusted(allParts(raised ?? {}), allParts(lowered ?? {}))
    },
  })

/**
 * Records an adjustment of a debt at work, on its day; one that is late has the debt's life computed anew. One already recorded under its reference is answered as it is.
 * Throws `NotFound`, `AccountNotPlaced`, `AdjustmentDuplicate`, `AdjustmentInFuture`, `AdjustmentBeforePlacement`.
 */
async function adjust (tx: Tx, vault: Vault, accountId: Id<'account'>, { on, reason, note, ...said }: Said, { kind, asked, lines }: Making): Promise<AdjustmentRow> {
  const { authorizedBy, reference } = { authorizedBy: said.authorizedBy ?? null, reference: said.reference ?? null }
  const account = await lockAccount(tx, accountId)
  const known = reference === null ? null : await findAdjustmentByReference(tx, account.lenderId, reference)
  if (known !== null) {
    checkAdjustmentRepeat(known, { accountId, kind, effectiveOn: on, reason, authorizedBy, asked })
    return known
  }
  const { placementId, placedOn, agreementId } = await requireActivePlacement(tx, accountId)
  checkPlaced(on, placedOn)
  await checkBegun(tx, account, on, AdjustmentInFuture)
  const { order } = await orderOf(tx, account, { id: placementId, placedOn, agreementId })
  const id = newId('adjustment')
  const moved = await moveDebt(tx, account, { kind: entryKinds[kind], causeId: id, on }, owed => lines(owed, order))
  return await record(tx, account, moved, {
    id, accountId, lenderId: account.lenderId, placementId, kind, reason, authorizedBy, reference, note: note === undefined ? null : (await vault.safeOf(tx)).seal(notePlace(id), note), chargeId: null, asked, effectiveOn: on,
    currency: account.currency, ...movedBy(moved.lines), journalEntryId: moved.journalEntryId,
  })
}

/** Stores an adjustment that was posted, says so, and closes a debt that owes nothing any more. */
export async function record (tx: Tx, { id: accountId, lenderId, currency }: AccountRow, { owed }: Moved, adjustment: Parameters<typeof insertAdjustment>[1]): Promise<AdjustmentRow> {
  const row = await insertAdjustment(tx, adjustment)
  const { id: adjustmentId, kind, effectiveOn } = row
  emit(tx, BalanceAdjusted, { accountId, lenderId }, { adjustmentId, accountId, kind, isReversal: false, currency, effectiveOn, moved: withTotal(bucketsOf(row)), balance: withTotal(owed) })
  if (isSettled(owed)) await closePlacement(tx, accountId, closeCodeOf(kind))
  return row
}

/**
 * Undoes an adjustment, once: the exact opposite of what was booked, effective on a day not before it. What was added and has been paid since cannot be taken away. A debt that it had closed
 * is worked again. Throws `NotFound`, `AdjustmentAlreadyReversed`, `AccountNotPlaced` (the debt is out of the agency's hands), `ReversalTooEarly`, `AdjustmentInFuture`, `MoreThanOwed`.
 */
export async function reverseAdjustment (tx: Tx, id: Id<'adjustment'>, { reversedOn }: AdjustmentReversalInput): Promise<AdjustmentRow> {
  const found = await findAdjustment(tx, id)
  if (found === null) throw NotFound()
  const account = await lockAccount(tx, found.accountId)
  const { reversedOn: undoneOn, kind, accountId, lenderId, currency, journalEntryId, chargeId } = await lockAdjustment(tx, id)
  if (undoneOn !== null) throw AdjustmentAlreadyReversed({ reversedOn: undoneOn })
  const last = await findLastPlacement(tx, accountId)
  if (last?.state !== 'active' && last?.state !== 'closed') throw AccountNotPlaced({ accountId })
  await checkBegun(tx, account, reversedOn, AdjustmentInFuture)
  const { journalEntryId: reversalEntryId, lines, owed } = await undoMovement(tx, account, journalEntryId, { kind: 'adjustmentReversal', causeId: id, on: reversedOn }, (then, moved) => { checkOwed(then, lessBuckets(noBuckets, moved)) })
  const row = await setAdjustmentReversed(tx, id, reversedOn, reversalEntryId)
  if (chargeId !== null) await setWaiverUndone(tx, accountId, journalEntryId)
  emit(tx, BalanceAdjusted, { accountId, lenderId }, { adjustmentId: id, accountId, kind, isReversal: true, currency, effectiveOn: reversedOn, moved: withTotal(movedBy(lines)), balance: withTotal(owed) })
  if (last.state === 'active' && isSettled(owed)) await closePlacement(tx, accountId, 'other')
  if (account.closedAt !== null && isSettled(account) && !isSettled(owed)) await reopenPlacement(tx, accountId)
  return row
}
