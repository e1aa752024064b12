import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { newId, smallints, texts, uuids } from '#platform'
import type { Tx } from '#platform'
import { isHeldAt, personKeyOf, zonesRead, zonesWritten } from '../contacts/index.ts'
import type { MessageChannel } from './core.ts'
import { factColumns, factsIn } from './db.ts'
import type { MessageFacts } from './db.ts'

/** Somebody who owes a debt that follows something, and where: one address of each kind. */
export interface Target {
  enrolmentId: Id<'enrolment'>, strategyVersionId: Id<'strategyVersion'> | null, placementId: Id<'placement'>, accountId: Id<'account'>, lenderId: Id<'lender'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'>
  personKey: string, kind: 'phone' | 'email' | 'postal'
  borrowerKind: 'person' | 'company', product: string, jurisdiction: string, region: string | null, timeZone: string, otherZones: string[][], dueOn: string, placedOn: string
}

const text = (value: unknown): string | null => typeof value === 'string' ? value : null

/**
 * The borrowers of debts at work that follow something, each with the best e-mail address, phone number and postal address: a verified one before others, the first known before
 * later ones. No place of work, nothing invalid or erased. One address of a kind, so that whoever refuses it is left in peace.
 */
export async function listTargets (tx: Tx, enrolmentIds: readonly Id<'enrolment'>[]): Promise<Target[]> {
  const { rows } = await tx.execute(sql`
    select distinct on (e.id, cp.party_id, cp.channel) e.id as enrolment_id, e.strategy_version_id, pl.id as placement_id, pl.account_id, pl.lender_id, cp.party_id, cp.id as contact_point_id, ${personKeyOf('p')} as person_key,
      cp.channel, p.kind, a.product, a.jurisdiction, a.region, a.time_zone, ${zonesWritten('p', 'id')} as zones, a.due_on, pl.placed_on
    from enrolments e
    join placements pl on pl.tenant_id = e.tenant_id and pl.id = e.placement_id and pl.state = 'active'
    join accounts a on a.tenant_id = pl.tenant_id and a.id = pl.account_id
    join account_parties ap on ap.tenant_id = pl.tenant_id and ap.account_id = pl.account_id and ap.role = 'borrower'
    join parties p on p.tenant_id = ap.tenant_id and p.id = ap.party_id and p.erased_at is null
    join contact_points cp on cp.tenant_id = p.tenant_id and cp.party_id = p.id and cp.state <> 'invalid' and not cp.is_workplace and cp.value is not null
    where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.id = any(${uuids(enrolmentIds)}) and e.ended_at is null
    order by e.id, cp.party_id, cp.channel, (cp.state = 'verified') desc, cp.id`)
  return rows.map(row => ({
    enrolmentId: idOf('enrolment', String(row['enrolment_id'])), strategyVersionId: typeof row['strategy_version_id'] === 'string' ? idOf('strategyVersion', row['strategy_version_id']) : null,
    placementId: idOf('placement', String(row['placement_id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])),
    partyId: idOf('party', String(row['party_id'])), contactPointId: idOf('contactPoint', String(row['contact_point_id'])), personKey: String(row['person_key']),
    // What is in the table was checked when it was written.
    kind: row['channel'] as Target['kind'], borrowerKind: row['kind'] === 'company' ? 'company' : 'person', product: String(row['product']),
    jurisdiction: String(row['jurisdiction']), region: text(row['region']), timeZone: String(row['time_zone']), otherZones: zonesRead(row['zones']), dueOn: String(row['due_on']), placedOn: String(row['placed_on']),
  }))
}

/** A step about to be planned: whom it concerns, where, and when. */
export interface NewStep extends Pick<Target, 'enrolmentId' | 'placementId' | 'accountId' | 'lenderId' | 'partyId' | 'contactPointId'> { step: number, plannedAt: string }

/** A message about to be planned. */
export interface NewMessage extends NewStep { personKey: string, channel: MessageChannel, template: string }

/** Plans messages: one statement, however many. Answers those that were not planned before. */
export async function insertMessages (tx: Tx, planned: readonly NewMessage[]): Promise<MessageFacts[]> {
  if (planned.length === 0) return []
  const of = <T>(pick: (message: NewMessage) => T): T[] => planned.map(pick)
  const { rows } = await tx.execute(sql`insert into messages as m (tenant_id, id, enrolment_id, placement_id, account_id, lender_id, party_id, contact_point_id, person_key, channel, step, template, state, planned_at, due_at, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, id, enrolment_id, placement_id, account_id, lender_id, party_id, contact_point_id, person_key, channel, step, template, 'scheduled', planned_at, planned_at, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${uuids(of(() => newId('message')))}, ${uuids(of(m => m.enrolmentId))}, ${uuids(of(m => m.placementId))}, ${uuids(of(m => m.accountId))}, ${uuids(of(m => m.lenderId))}, ${uuids(of(m => m.partyId))}, ${uuids(of(m => m.contactPointId))},
      ${texts(of(m => m.personKey))}, ${texts(of(m => m.channel))}, ${smallints(of(m => m.step))}, ${texts(of(m => m.template))}, ${sql.param(of(m => m.plannedAt))}::timestamptz[])
      as planned (id, enrolment_id, placement_id, account_id, lender_id, party_id, contact_point_id, person_key, channel, step, template, planned_at)
    on conflict (tenant_id, contact_point_id, enrolment_id, channel, step) do nothing returning ${factColumns}`)
  return rows.map(factsIn)
}

/** Why a planned step of a debt has lost its reason: of its placement `pl`, what it follows `e`, and holds on the account of an alias. */
export const lostReason = sql`case when pl.state <> 'active' then 'placementEnded' when e.ended_at is not null then 'strategyChanged' else 'onHold' end`
/** True of a planned step `alias` that may not be carried out as things stand. */
export const isUnfit = (tx: Tx, alias: string) => sql`(pl.state <> 'active' or e.ended_at is not null or ${isHeldAt(tx.ctx.now, alias)})`

/** Cancels messages that are scheduled for debts no longer worked, on which contact is stopped, or that follow something else now. */
export async function cancelUnfit (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<MessageFacts[]> {
  const { rows } = await tx.execute(sql`update messages m
    set state = 'cancelled', due_at = null, claimed_until = null, rule = null, clause = null, reason = ${lostReason}
    from placements pl, enrolments e
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.account_id = any(${uuids(accountIds)}) and m.state = 'scheduled'
      and pl.tenant_id = m.tenant_id and pl.id = m.placement_id and e.tenant_id = m.tenant_id and e.id = m.enrolment_id and ${isUnfit(tx, 'm')}
    returning ${factColumns}`)
  return rows.map(factsIn)
}

/** Schedules again what was cancelled and may go out after all, as far as its time has not passed. What somebody cancelled by hand stays so. */
export async function reviveFit (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<MessageFacts[]> {
  const { rows } = await tx.execute(sql`update messages m set state = 'scheduled', due_at = m.planned_at, reason = null
    from placements pl, enrolments e
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.account_id = any(${uuids(accountIds)}) and m.state = 'cancelled' and m.reason in ('onHold', 'placementEnded')
      and m.planned_at > ${tx.ctx.now.toISOString()}::timestamptz and pl.tenant_id = m.tenant_id and pl.id = m.placement_id and e.tenant_id = m.tenant_id and e.id = m.enrolment_id and not ${isUnfit(tx, 'm')}
    returning ${factColumns}`)
  return rows.map(factsIn)
}
