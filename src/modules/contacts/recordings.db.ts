import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { uuids } from '#platform'
import type { Tx } from '#platform'

/** A contact whose recording is to be deleted. */
export interface Forgotten { contactAttemptId: Id<'contactAttempt'>, accountId: Id<'account'>, lenderId: Id<'lender'> }

/** Takes the references of recordings out of the contacts with parties; answers the contacts that had one. */
export async function setRecordingsForgotten (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<Forgotten[]> {
  if (partyIds.length === 0) return []
  const { rows } = await tx.execute(sql`update contact_attempts set recording_reference = null where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and party_id = any(${uuids(partyIds)}) and recording_reference is not null
    returning id, account_id, lender_id`)
  return rows.map(row => ({ contactAttemptId: idOf('contactAttempt', String(row['id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])) }))
}
