import type { CalendarDay, Id } from '#kernel'
import type { Tx } from '#platform'
import { AlreadyReversed, ReversalTooEarly, checkEntry } from './core.ts'
import type { Entry, EntryKind } from './core.ts'
import { findEntry, insertEntries, insertOpenings, isReversed } from './db.ts'

/**
 * Posts entries and moves the balances of their accounts. The caller has locked the accounts and decided that no part goes below zero
 * (the database refuses it otherwise). A second entry of a kind for the same cause is refused by the database.
 */
export async function post (tx: Tx, entries: readonly Entry[]): Promise<Id<'journalEntry'>[]> {
  if (entries.length === 0) return []
  for (const entry of entries) checkEntry(entry)
  return await insertEntries(tx, entries)
}

/** Posts the opening entries of accounts that were just inserted with their balances; they are written with the transaction's next query. */
export function postOpenings (tx: Tx, entries: readonly Entry[]): void {
  if (entries.length === 0) return
  for (const entry of entries) checkEntry(entry)
  insertOpenings(tx, entries)
}

/**
 * The entry that reverses another: the exact opposite of its stored lines, once, effective on a day not before the original's. The caller
 * holds the account's lock and posts it. Throws `AlreadyReversed`, `ReversalTooEarly`.
 */
export async function reversalOf (tx: Tx, id: Id<'journalEntry'>, by: { kind: EntryKind, causeId: string, effectiveOn: CalendarDay }): Promise<Entry> {
  const original = await findEntry(tx, id)
  if (await isReversed(tx, id)) throw AlreadyReversed({ journalEntryId: id })
  if (by.effectiveOn < original.effectiveOn) throw ReversalTooEarly({ effectiveOn: original.effectiveOn })
  const { lenderId, accountId, currency } = original
  const lines = original.lines.map(({ debit, credit, amount }) => ({ debit: credit, credit: debit, amount }))
  return { lenderId, accountId, currency, ...by, lines, reversalOf: id }
}

/** Reverses an entry: see `reversalOf`. Answers the entry that reverses it. */
export async function reverse (tx: Tx, id: Id<'journalEntry'>, by: { kind: EntryKind, causeId: string, effectiveOn: CalendarDay }): Promise<Id<'journalEntry'>> {
  const [reversal] = await post(tx, [await reversalOf(tx, id, by)])
  return reversal!
}
