import { bucketsOf, lessBuckets, noBuckets } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import type { Tx } from '#platform'
import type { AccountRow } from '../accounts/index.ts'
import { accrueThrough } from '../charges/index.ts'
import { restateCommission } from '../commissions/index.ts'
import { coverShortfall, movedBy, post, reversalOf } from '../ledger/index.ts'
import type { Entry, EntryKind, Line } from '../ledger/index.ts'
import { findAgreement } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { AccountNotPlaced, findLastPlacement } from '../placements/index.ts'
import type { PlacementRow } from '../placements/index.ts'
import { changedBy, correct, findPast, isLate, owedThen, relive } from './corrections.commands.ts'
import type { Past } from './corrections.commands.ts'
import { isCorrected } from './corrections.db.ts'
import type { Fact } from './life.core.ts'

/** A change of what is owed that is no payment: what caused it, and the day it takes effect. */
export interface Movement { kind: EntryKind, causeId: string, on: CalendarDay }

/** What a movement came to: its entry, its lines, and what is owed now. */
export interface Moved { journalEntryId: Id<'journalEntry'>, lines: readonly Line[], owed: Buckets }

/**
 * Changes what is owed, on a day: brings the debt's charges up to it, has the caller decide on the lines by what was owed at its end (throwing when they cannot be),
 * and posts them. One that is late has the debt's life computed anew, and its commission. The caller holds the account's lock and has checked the day.
 * Throws `AccountNotPlaced` when the debt was never placed.
 */
export async function moveDebt (tx: Tx, account: AccountRow, movement: Movement, decide: (owed: Buckets) => readonly Line[]): Promise<Moved> {
  const { id: accountId, lenderId, currency } = account
  const { kind, causeId, on } = movement
  const under = await placedUnder(tx, account)
  const entryOf = (lines: readonly Line[]): Entry => ({ lenderId, accountId, kind, causeId, effectiveOn: on, currency, lines })
  // What is not at work may not have followed a rate that was corrected meanwhile.
  const past = account.closedAt !== null || await isLate(tx, accountId, on) ? await findPast(tx, account) : null
  if (past === null) {
    const owed = bucketsOf(await accrueThrough(tx, account, on))
    const lines = decide(owed)
    const entry = entryOf(lines)
    const [journalEntryId] = await post(tx, [entry])
    await follow(tx, account, under, entry, null)
    return { journalEntryId: journalEntryId!, lines, owed: plus(owed, movedBy(lines)) }
  }
  const lines = decide(owedThen(account, past, on))
  return await moveLate(tx, account, under, past, { kind: 'movement', on, lines }, entryOf(lines), 'adjustment')
}

/**
 * Undoes a movement, once: the exact opposite of its entry, effective on a day not before it. `check` is asked with what was owed at the end of that day and what the
 * undoing moves. What was booked may be corrected since: then the debt's life says what is left to undo. The caller holds the account's lock.
 * Throws `AlreadyReversed`, `ReversalTooEarly`, `AccountNotPlaced`.
 */
export async function undoMovement (tx: Tx, account: AccountRow, of: Id<'journalEntry'>, movement: Movement, check: (owed: Buckets, moved: Buckets) => void): Promise<Moved> {
  const under = await placedUnder(tx, account)
  const { kind, causeId, on } = movement
  const entry = await reversalOf(tx, of, { kind, causeId, effectiveOn: on })
  const isOld = await isLate(tx, account.id, on)
  const current = isOld ? account : await accrueThrough(tx, account, on)
  const past = isOld || account.closedAt !== null || await isCorrected(tx, account.id) ? await findPast(tx, current) : null
  const owed = past === null ? bucketsOf(current) : owedThen(current, past, on)
  check(owed, movedBy(entry.lines))
  if (past !== null) {
    // What was posted for an earlier placement is no part of this one's life.
    const fact: Fact = past.lines.some(({ entryId }) => entryId === of) ? { kind: 'undoing', movementId: of, on } : { kind: 'movement', on, lines: entry.lines }
    return await moveLate(tx, current, under, past, fact, entry, 'adjustmentReversal')
  }
  const [journalEntryId] = await post(tx, [entry])
  await follow(tx, current, under, entry, null)
  return { journalEntryId: journalEntryId!, lines: entry.lines, owed: plus(bucketsOf(current), movedBy(entry.lines)) }
}

interface Under { placement: PlacementRow, agreement: Agreement }

async function moveLate (tx: Tx, account: AccountRow, under: Under, past: Past, fact: Fact, entry: Entry, cause: 'adjustment' | 'adjustmentReversal'): Promise<Moved> {
  const relived = relive(account, past, fact)
  const { journalEntryId, correction } = await correct(tx, relived, { cause, causeId: entry.causeId, on: fact.on, entry, paymentId: null })
  await follow(tx, account, under, entry, correction)
  return { journalEntryId: journalEntryId!, lines: entry.lines, owed: relived.life.owed }
}

/** Has commission, and what was recovered of costs, follow a correction, or costs that were advanced or taken back: payments since their day may have recovered them, whether or not they settle other parts. */
async function follow (tx: Tx, account: AccountRow, { placement, agreement }: Under, { causeId, lines }: Entry, correction: Corrected): Promise<void> {
  if (correction === null && !lines.some(({ debit, credit }) => debit === 'O.COSTS_ADVANCED' || credit === 'O.COSTS_ADVANCED')) return
  await restateCommission(tx, { account, agreement, placement }, changedBy(correction))
  await coverShortfall(tx, account.lenderId, account.currency, { causeId: correction?.id ?? causeId, because: 'correction' })
}

type Corrected = Parameters<typeof changedBy>[0]

async function placedUnder (tx: Tx, { id: accountId }: AccountRow): Promise<Under> {
  const placement = await findLastPlacement(tx, accountId)
  const agreement = placement === null ? null : await findAgreement(tx, placement.agreementId)
  if (placement === null || agreement === null) throw AccountNotPlaced({ accountId })
  return { placement, agreement }
}

const plus = (a: Buckets, b: Buckets): Buckets => lessBuckets(a, lessBuckets(noBuckets, b))
