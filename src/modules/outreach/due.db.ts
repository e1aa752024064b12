import { and, asc, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, minor, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { tenants, uuids } from '#platform'
import type { Tx } from '#platform'
import { accountParties, accounts } from '../accounts/tables.ts'
import { lenders } from '../lenders/tables.ts'
import { contactPoints, parties } from '../parties/tables.ts'
import { placements } from '../placements/tables.ts'
import { hoursRead, hoursWritten, isHeldAt, isOptedOutOf, sayingsRead, sayingsWritten, zonesRead, zonesWritten } from '../contacts/index.ts'
import { isBarredAt } from '../limitations/index.ts'
import { enrolments } from '../strategies/tables.ts'
import { messages } from './tables.ts'

/** One batch of messages: few enough to be handed over well within the fence. Limits are literals: a parameter costs the good plan. */
const dueMax = sql`100`

/** The most due messages looked at for one batch; of one person only the first is taken. */
const candidatesMax = sql`400`

/** The most messages taken beside the first of each person. */
const besideMax = sql`1000`

/** True when a message is due, whether or not somebody has it in hand. */
export async function isAnythingDue (tx: Tx): Promise<boolean> {
  const { rows } = await tx.execute(sql`select exists (select from messages where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and due_at <= ${tx.ctx.now.toISOString()}::timestamptz) as is_due`)
  return rows[0]?.['is_due'] === true
}

/** Takes messages that are due and in nobody's hands: the first of each person, because the next must count it. */
async function lockFirsts (tx: Tx): Promise<Id<'message'>[]> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const at = sql`${tx.ctx.now.toISOString()}::timestamptz`
  const isFree = sql`due_at <= ${at} and (claimed_until is null or claimed_until <= now())`
  // Asked again of the row once it is locked: it may have been cancelled since it was found.
  const { rows } = await tx.execute(sql`
    with due as materialized (
      select id, person_key, due_at from messages where tenant_id = ${tenantId} and ${isFree} order by due_at, id limit ${candidatesMax}
    ), firsts as materialized (
      select id from (select distinct on (person_key) id, due_at from due order by person_key, due_at, id) first order by due_at, id limit ${dueMax}
    )
    select m.id from messages m where m.tenant_id = ${tenantId} and m.id = any(array(select id from firsts)) and ${isFree} for no key update skip locked`)
  return rows.map(row => idOf('message', String(row['id'])))
}

/** Takes what is due and may go out as one with the first of a person: the same lender's, by the same channel and text. What went out with it before is waited for, the rest passed over where another has it. */
async function lockBeside (tx: Tx, firsts: readonly Id<'message'>[]): Promise<Id<'message'>[]> {
  const beside = (isBundled: SQL, wait: SQL): SQL => sql`
    select m.id from messages f join messages m on m.tenant_id = f.tenant_id and m.id <> f.id and ${isBundled}
    where f.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and f.id = any(${uuids(firsts)}) order by m.due_at, m.id ${wait}`
  const same = sql`m.person_key = f.person_key and m.lender_id = f.lender_id and m.channel = f.channel and m.template = f.template and m.due_at <= ${tx.ctx.now.toISOString()}::timestamptz and (m.claimed_until is null or m.claimed_until <= now())`
  const { rows: again } = await tx.execute(beside(sql`f.bundle_id is not null and m.bundle_id = f.bundle_id and m.due_at is not null`, sql`for no key update of m`))
  const { rows: fresh } = await tx.execute(beside(sql`f.bundle_id is null and m.bundle_id is null and ${same}`, sql`limit ${besideMax} for no key update of m skip locked`))
  return [...again, ...fresh].map(row => idOf('message', String(row['id'])))
}

/** A message that has fallen due, with everything it is judged by and written from. */
export type DueMessage = Awaited<ReturnType<typeof lockDue>>[number]

/** Takes messages that have fallen due, at most a batch: of each person the first, and what may go out with it; with all that is known of them. */
export async function lockDue (tx: Tx) {
  const { tenantId, now } = tx.ctx
  const at = sql`${now.toISOString()}::timestamptz`
  const said = { point: 'contact_points', channel: sql`messages.channel`, accountId: sql`messages.account_id`, now }
  const firsts = await lockFirsts(tx)
  if (firsts.length === 0) return []
  const ids = [...firsts, ...await lockBeside(tx, firsts)]
  // The messages first, then one row of each by its key: left to itself and without fresh statistics, the planner starts with every placement.
  await tx.execute(sql`select set_config('join_collapse_limit', '1', true)`)
  const rows = await tx.select({
    id: messages.id, accountId: messages.accountId, lenderId: messages.lenderId, partyId: messages.partyId, contactPointId: messages.contactPointId, personKey: messages.personKey,
    channel: messages.channel, step: messages.step, template: messages.template, bundleId: messages.bundleId, state: messages.state, attempts: messages.attempts, plannedAt: messages.plannedAt,
    agency: tenants.name, lender: lenders.name, reference: accounts.lenderReference, product: accounts.product, currency: accounts.currency, jurisdiction: accounts.jurisdiction,
    region: accounts.region, timeZone: accounts.timeZone, dueOn: accounts.dueOn,
    owed: sql<string>`${accounts.principal} + ${accounts.interest} + ${accounts.penalty} + ${accounts.costs}`,
    name: parties.name, language: parties.language, borrowerKind: parties.kind, role: accountParties.role,
    value: contactPoints.value, valueIndex: contactPoints.valueIndex, isWorkplace: contactPoints.isWorkplace, contactPointState: contactPoints.state,
    isPlacementActive: sql<boolean>`${placements.state} = 'active'`, isFollowed: sql<boolean>`${enrolments.endedAt} is null`, isHeld: sql<boolean>`${isHeldAt(now, 'messages')}`,
    zones: sql<string | null>`${zonesWritten('messages', 'party_id')}`,
    holds: sql<string | null>`nullif(concat_ws(',', (select string_agg(h.kind, ',') from holds h where h.tenant_id = messages.tenant_id and h.account_id = messages.account_id
      and h.released_at is null and h.starts_at <= ${at} and (h.ends_at is null or h.ends_at > ${at})), case when ${isBarredAt(now, 'accounts')} then 'timeBarred' end), '')`,
    isOptedOut: isOptedOutOf(said), sayings: sayingsWritten(said), hours: hoursWritten(sql`messages.person_key`, sql`messages.tenant_id`),
  }).from(messages)
    .innerJoin(tenants, eq(tenants.tenantId, messages.tenantId))
    .innerJoin(accounts, and(eq(accounts.tenantId, messages.tenantId), eq(accounts.id, messages.accountId)))
    .innerJoin(lenders, and(eq(lenders.tenantId, messages.tenantId), eq(lenders.id, messages.lenderId)))
    .innerJoin(parties, and(eq(parties.tenantId, messages.tenantId), eq(parties.id, messages.partyId)))
    .innerJoin(accountParties, and(eq(accountParties.tenantId, messages.tenantId), eq(accountParties.accountId, messages.accountId), eq(accountParties.partyId, messages.partyId)))
    .innerJoin(contactPoints, and(eq(contactPoints.tenantId, messages.tenantId), eq(contactPoints.id, messages.contactPointId)))
    .innerJoin(placements, and(eq(placements.tenantId, messages.tenantId), eq(placements.id, messages.placementId)))
    .innerJoin(enrolments, and(eq(enrolments.tenantId, messages.tenantId), eq(enrolments.id, messages.enrolmentId)))
    .where(and(eq(messages.tenantId, tenantId), sql`${messages.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`)).orderBy(asc(messages.dueAt), asc(messages.id))
  return rows.map(({ owed, holds, zones, sayings, hours, ...row }) => ({ ...row, hours: hoursRead(hours), sayings: sayingsRead(sayings), otherZones: zonesRead(zones), owed: minor(Number(owed)), holds: holds?.split(',') ?? [] }))
}
