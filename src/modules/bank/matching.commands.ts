import type { Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import type { BankMatchInput } from './api.ts'
import { EntryAlreadyMatched, LineAlreadyMatched, checkMatch } from './core.ts'
import { lockBankLine } from './db.ts'
import { BankLineMatched, BankLineUnmatched } from './events.ts'
import { deleteMatches, findMoves, insertMatches } from './matching.db.ts'

/** Matches a bank line to entries of the journal that sum to it. Throws `NotFound`, `LineAlreadyMatched`, `EntryNotAtBank`, `EntryAlreadyMatched`, `MatchUnequal`. */
export async function matchBankLine (tx: Tx, lineId: Id<'bankLine'>, { journalEntryIds }: BankMatchInput): Promise<void> {
  const { amount, currency, matchedAt } = await lockBankLine(tx, lineId)
  if (matchedAt !== null) throw LineAlreadyMatched()
  const moves = await findMoves(tx, journalEntryIds)
  const strange = journalEntryIds.flatMap((id, i) => moves.has(id) ? [] : [{ pointer: `/journalEntryIds/${i}`, message: 'names no journal entry' }])
  if (strange.length > 0) throw NotFound({}, { violations: strange })
  checkMatch({ amount, currency }, journalEntryIds, moves)
  // One that somebody else matched a moment ago is only seen now.
  if (await insertMatches(tx, lineId, [...moves.values()]) < moves.size) throw EntryAlreadyMatched()
  emit(tx, BankLineMatched, {}, { bankLineId: lineId, amount, currency, journalEntryIds })
}

/** Undoes what a bank line was matched to, by whatever rule; nothing when it was not. Throws `NotFound`. */
export async function unmatchBankLine (tx: Tx, lineId: Id<'bankLine'>): Promise<void> {
  const { amount, currency, matchedAt } = await lockBankLine(tx, lineId)
  if (matchedAt === null) return
  emit(tx, BankLineUnmatched, {}, { bankLineId: lineId, amount, currency, journalEntryIds: await deleteMatches(tx, lineId) })
}
