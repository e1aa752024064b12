import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { literal } from '#platform'
import type { Tx } from '#platform'
import type { RuleCount } from '../policy/index.ts'
import type { AttemptChannel } from './core.ts'
import { contactAlerts } from './tables.ts'

/** More parties and addresses than one debt has of use. */
const reachableMax = 60

/** The channels of each kind of contact point. */
const channelsAt = sql`(values ('phone', 'call'), ('phone', 'robocall'), ('phone', 'sms'), ('phone', 'im'), ('email', 'email'), ('postal', 'letter'), ('postal', 'visit')) as c (kind, channel)`

/** A way to reach a party. */
export interface Reachable { partyId: Id<'party'>, contactPointId: Id<'contactPoint'> | null, channel: AttemptChannel | null }

/** Each party of a debt with each way to reach it, the borrower first; a party that cannot be reached has one row without a way. */
export async function listReachable (tx: Tx, accountId: Id<'account'>): Promise<Reachable[]> {
  const { rows } = await tx.execute(sql`select ap.party_id, cp.id as contact_point_id, c.channel
    from account_parties ap
    left join (contact_points cp join ${channelsAt} on c.kind = cp.channel) on cp.tenant_id = ap.tenant_id and cp.party_id = ap.party_id and cp.state <> 'invalid' and cp.value is not null
    where ap.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and ap.account_id = ${uuidOf(accountId)}::uuid
    order by ap.role <> 'borrower', ap.party_id, cp.id, c.channel limit ${literal(reachableMax)}`)
  // What is in the tables was checked when it was written.
  return rows.map(row => ({
    partyId: idOf('party', String(row['party_id'])), contactPointId: typeof row['contact_point_id'] === 'string' ? idOf('contactPoint', row['contact_point_id']) : null, channel: row['channel'] as AttemptChannel | null,
  }))
}

/** Keeps that a person is one contact from these limits; answers those of which that was not yet known. */
export async function insertAlerts (tx: Tx, personKey: string, counts: readonly RuleCount[]): Promise<RuleCount[]> {
  const { tenantId, now } = tx.ctx
  const named = new Map(counts.map(count => [`${count.rule} ${count.debt ?? ''}`.trim(), count]))
  const rows = [...named].map(([name, { windowTo }]) => ({ tenantId, personKey, name, windowTo, at: now.toISOString() }))
  const fresh = await tx.insert(contactAlerts).values(rows).onConflictDoNothing().returning({ name: contactAlerts.name })
  return fresh.map(({ name }) => named.get(name)!)
}
