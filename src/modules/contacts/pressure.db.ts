import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { literal, uuids } from '#platform'
import type { Tx } from '#platform'
import type { RuleCount } from '../policy/index.ts'
import type { AttemptChannel } from './core.ts'
import { alertName } from './pressure.core.ts'
import type { KeptDecision } from './pressure.core.ts'
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

/** Keeps that persons are one contact from limits; answers those of which that was not yet known, in the order given. No two may be the same. */
export async function insertAlerts<T extends { personKey: string, count: RuleCount }> (tx: Tx, alerts: readonly T[]): Promise<T[]> {
  if (alerts.length === 0) return []
  const { tenantId, now } = tx.ctx
  const rows = alerts.map(({ personKey, count }) => ({ tenantId, personKey, name: alertName(count), windowTo: count.windowTo, at: now.toISOString() }))
  const key = ({ personKey, name, windowTo }: Omit<typeof rows[number], 'tenantId' | 'at'>): string => `${personKey} ${name} ${windowTo}`
  const fresh = await tx.insert(contactAlerts).values(rows).onConflictDoNothing().returning({ personKey: contactAlerts.personKey, name: contactAlerts.name, windowTo: contactAlerts.windowTo })
  const names = new Set(fresh.map(key))
  return alerts.filter((_, i) => names.has(key(rows[i]!)))
}

/** Decisions on contacts as they were kept, by id. */
export async function listContactDecisions (tx: Tx, ids: readonly Id<'policyDecision'>[]): Promise<Map<Id<'policyDecision'>, KeptDecision>> {
  const { rows } = await tx.execute(sql`select id, pack_versions, facts from policy_decisions where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id = any(${uuids(ids)}) and kind = 'contact'`)
  // What is in the table was checked when it was written. JSON travels as text.
  const read = <T>(value: unknown): T => (typeof value === 'string' ? JSON.parse(value) : value) as T
  return new Map(rows.map(row => [idOf('policyDecision', String(row['id'])), { packVersions: read(row['pack_versions']), ...read<Pick<KeptDecision, 'facts' | 'action'>>(row['facts']) }]))
}
