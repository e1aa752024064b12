import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { RecordingDeletionDue } from './events.ts'
import { setRecordingsForgotten } from './recordings.db.ts'
import type { Forgotten } from './recordings.db.ts'

/** Forgets where the recordings of contacts with parties are, and tells whoever stores them to delete them. That there were contacts stays on record. Safe to repeat. */
export async function forgetRecordings (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<Forgotten[]> {
  const forgotten = await setRecordingsForgotten(tx, partyIds)
  for (const { contactAttemptId, accountId, lenderId } of forgotten) emit(tx, RecordingDeletionDue, { accountId, lenderId }, { contactAttemptId, accountId })
  return forgotten
}
