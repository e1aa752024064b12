import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import type { Tx } from '#platform'

const tenantOf = (tx: Tx) => sql`${uuidOf(tx.ctx.tenantId)}::uuid`
const idsOf = (ids: readonly string[]) => sql`${sql.param(ids.map(uuidOf))}::uuid[]`

/** What went out to parties, by the ids it went out by. */
export async function listLettersTo (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<Id<'message'>[]> {
  const { rows } = await tx.execute(sql`select distinct m.bundle_id as id from contact_points cp join messages m on m.tenant_id = cp.tenant_id and m.contact_point_id = cp.id
    where cp.tenant_id = ${tenantOf(tx)} and cp.party_id = any(${idsOf(partyIds)}) and m.bundle_id is not null`)
  return rows.map(row => idOf('message', String(row['id'])))
}

/** The parties among the recipients of messages whose personal data was erased. */
export async function listErasedRecipients (tx: Tx, messageIds: readonly Id<'message'>[]): Promise<Id<'party'>[]> {
  const { rows } = await tx.execute(sql`select distinct cp.party_id from messages m join contact_points cp on cp.tenant_id = m.tenant_id and cp.id = m.contact_point_id
    where m.tenant_id = ${tenantOf(tx)} and m.id = any(${idsOf(messageIds)}) and cp.value is null`)
  return rows.map(row => idOf('party', String(row['party_id'])))
}

/**
 * Takes the hash of the person's identity number out of the records of erased parties. In contacts it stays while another lender's record of
 * the same person does: by it they are counted together, and an erasure must not make room for more contacts. What was told of the person's limits goes with it.
 */
export async function setPersonsForgotten (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  await tx.execute(sql`update messages m set person_key = 'party:' || m.party_id from contact_points cp
    where cp.tenant_id = ${tenantOf(tx)} and cp.party_id = any(${idsOf(partyIds)}) and m.tenant_id = cp.tenant_id and m.contact_point_id = cp.id and m.person_key like 'identity:%'`)
  await tx.execute(sql`
    with gone as materialized (
      select distinct a.person_key from contact_attempts a
      where a.tenant_id = ${tenantOf(tx)} and a.party_id = any(${idsOf(partyIds)}) and a.person_key like 'identity:%'
        and not exists (select from parties p where p.tenant_id = a.tenant_id and p.identity_index = decode(split_part(a.person_key, ':', 2), 'hex'))
    ), alerts as (
      delete from contact_alerts l using gone where l.tenant_id = ${tenantOf(tx)} and l.person_key = gone.person_key
    )
    update contact_attempts a set person_key = 'party:' || a.party_id from gone where a.tenant_id = ${tenantOf(tx)} and a.person_key = gone.person_key`)
}
