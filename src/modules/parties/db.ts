import { sql } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { Id } from '#kernel'
import type { Tx } from '#platform'
import type { ContactChannel } from './core.ts'

/** A party ready to be stored: everything personal sealed. */
export interface NewParty {
  id: Id<'party'>, kind: string, name: Buffer, identity: Buffer | null, identityIndex: Buffer | null, language: string | null
}
export interface NewContactPoint { id: Id<'contactPoint'>, partyId: Id<'party'>, channel: ContactChannel, value: Buffer, valueIndex: Buffer, isWorkplace: boolean }

/** Inserts parties of one lender with their contact points: two statements, however many there are. */
export async function insertParties (tx: Tx, lenderId: Id<'lender'>, parties: readonly NewParty[], points: readonly NewContactPoint[]): Promise<void> {
  const tenantId = uuidOf(tx.ctx.tenantId)
  const lender = uuidOf(lenderId)
  const now = tx.ctx.now.toISOString()
  if (parties.length > 0) {
    await tx.execute(sql`insert into parties (tenant_id, id, lender_id, kind, name, identity, identity_index, language, created_at)
      select ${tenantId}::uuid, id, ${lender}::uuid, kind, name, identity, identity_index, language, ${now}::timestamptz
      from unnest(${sql.param(parties.map(p => uuidOf(p.id)))}::uuid[], ${sql.param(parties.map(p => p.kind))}::text[], ${sql.param(parties.map(p => p.name))}::bytea[],
        ${sql.param(parties.map(p => p.identity))}::bytea[], ${sql.param(parties.map(p => p.identityIndex))}::bytea[], ${sql.param(parties.map(p => p.language))}::text[])
        as p (id, kind, name, identity, identity_index, language)`)
  }
  if (points.length > 0) {
    await tx.execute(sql`insert into contact_points (tenant_id, id, party_id, lender_id, channel, value, value_index, is_workplace, state, created_at)
      select ${tenantId}::uuid, id, party_id, ${lender}::uuid, channel, value, value_index, is_workplace, 'unverified', ${now}::timestamptz
      from unnest(${sql.param(points.map(p => uuidOf(p.id)))}::uuid[], ${sql.param(points.map(p => uuidOf(p.partyId)))}::uuid[], ${sql.param(points.map(p => p.channel))}::text[],
        ${sql.param(points.map(p => p.value))}::bytea[], ${sql.param(points.map(p => p.valueIndex))}::bytea[], ${sql.param(points.map(p => p.isWorkplace))}::boolean[])
        as p (id, party_id, channel, value, value_index, is_workplace)`)
  }
}
