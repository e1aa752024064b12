import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import type { Tx } from '#platform'

/** True of a debt `a`, worked under `p`, that a queue `q` is to hold. What somebody put off, or has in hand, stays though its call is not asked for any more. */
const matches = sql`
  (q.filter->'lenderIds' is null or jsonb_exists(q.filter->'lenderIds', 'len_' || a.lender_id))
  and (q.filter->'jurisdictions' is null or jsonb_exists(q.filter->'jurisdictions', a.jurisdiction))
  and (q.filter->'currencies' is null or jsonb_exists(q.filter->'currencies', a.currency))
  and (q.filter->'stages' is null or jsonb_exists(q.filter->'stages', a.stage))
  and (q.filter->'balanceMin' is null or a.principal + a.interest + a.penalty + a.costs >= (q.filter->>'balanceMin')::bigint)
  and (q.filter->'balanceMax' is null or a.principal + a.interest + a.penalty + a.costs <= (q.filter->>'balanceMax')::bigint)
  and (q.filter->'languages' is null or exists (
    select from account_parties ap join parties y on y.tenant_id = ap.tenant_id and y.id = ap.party_id
    where ap.tenant_id = a.tenant_id and ap.account_id = a.id and ap.role <> 'contactOnly'
      and (jsonb_exists(q.filter->'languages', y.language) or jsonb_exists(q.filter->'languages', split_part(y.language, '-', 1)))))
  and (q.filter->'isCallDue' is null or exists (select from call_tasks c where c.tenant_id = a.tenant_id and c.account_id = a.id and c.state = 'open')
    or exists (select from work_items o where o.tenant_id = a.tenant_id and o.queue_id = q.id and o.account_id = a.id and o.placement_id = p.id
      and (o.state in ('deferred', 'leased') or (o.state = 'ready' and o.ready_at is not null))))`

/** Where a queue puts a debt: the higher goes first. An older debt has more days behind it. */
const priority = sql`case q.ordering when 'balance' then a.principal + a.interest + a.penalty + a.costs else date '2100-01-01' - a.due_on end`

/** `zoneText` of a debt. */
const zone = sql`a.jurisdiction || '|' || coalesce(a.region, '') || '|' || a.time_zone`

/** True of a debt `a` on which nobody may be contacted at an instant. */
export const isHeldAt = (now: string): SQL => sql`exists (
  select from holds h where h.tenant_id = a.tenant_id and h.account_id = a.id and h.stops_contact
    and h.released_at is null and h.starts_at <= ${now}::timestamptz and (h.ends_at is null or h.ends_at > ${now}::timestamptz))`

/** Debts, and the queues they are held against: some by id against all, or a stretch by id against one. */
export type Scope = { accountIds: readonly Id<'account'>[], revivedIds?: readonly Id<'account'>[], calledIds?: readonly Id<'account'>[] } | { queueId: Id<'queue'>, after: Id<'account'> | null, through: Id<'account'> }

const noUuid = '00000000-0000-0000-0000-000000000000'

const among = (scope: Scope, column: SQL): SQL => 'queueId' in scope
  ? sql`${column} > ${scope.after === null ? noUuid : uuidOf(scope.after)}::uuid and ${column} <= ${uuidOf(scope.through)}::uuid`
  : sql`${column} = any(${sql.param(scope.accountIds.map(uuidOf))}::uuid[])`

/**
 * Brings queues in line with the debts: adds an item for each debt at work that a queue is to hold, brings back what was taken out and may
 * be worked again, and takes out what is closed, on hold or no longer matches, leased or not. Work that is done stays done, but for debts
 * that were revived, and in queues of calls for those that are to be called again. Safe to run again and in any order: it looks at how things are, not at what happened.
 * Answers the queues that got work, or in which work moved, and the leases that lost some.
 */
export async function alignItems (tx: Tx, scope: Scope): Promise<{ available: Id<'queue'>[], losing: Id<'lease'>[] }> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const now = tx.ctx.now.toISOString()
  const queue = 'queueId' in scope ? sql`and q.id = ${uuidOf(scope.queueId)}::uuid` : sql``
  const revived = sql`w.account_id = any(${sql.param('queueId' in scope ? [] : (scope.revivedIds ?? []).map(uuidOf))}::uuid[])`
  const called = sql`(w.account_id = any(${sql.param('queueId' in scope ? [] : (scope.calledIds ?? []).map(uuidOf))}::uuid[]) and exists (select from queues q where q.tenant_id = w.tenant_id and q.id = w.queue_id and q.filter->'isCallDue' is not null))`
  const waits = sql`w.ready_at > ${now}::timestamptz`
  const returns = sql`w.state = 'suppressed' or (w.state = 'done' and (${revived} or ${called}))`
  const { rows } = await tx.execute(sql`
    with wanted as materialized (
      select q.id as queue_id, a.id as account_id, p.id as placement_id, ${zone} as zone, ${priority} as priority
      from accounts a
      join placements p on p.tenant_id = a.tenant_id and p.account_id = a.id and p.state = 'active'
      join queues q on q.tenant_id = a.tenant_id ${queue}
      where a.tenant_id = ${tenantId} and ${among(scope, sql`a.id`)} and a.closed_at is null and not ${isHeldAt(now)} and ${matches}
    ), withdrawn as (
      update work_items w set state = 'suppressed', due_at = null
      from queues q
      where q.tenant_id = ${tenantId} ${queue} and w.tenant_id = q.tenant_id and w.queue_id = q.id and ${among(scope, sql`w.account_id`)}
        and w.state in ('ready', 'leased', 'deferred')
        and not exists (select from wanted x where x.queue_id = w.queue_id and x.account_id = w.account_id and x.placement_id = w.placement_id)
      returning old.state, w.lease_id
    ), added as (
      insert into work_items as w (tenant_id, id, queue_id, account_id, placement_id, zone, priority, state, created_at)
      select ${tenantId}, uuidv7(), queue_id, account_id, placement_id, zone, priority, 'ready', ${now}::timestamptz from wanted order by queue_id, account_id
      on conflict (tenant_id, queue_id, account_id, placement_id) do update set
        zone = excluded.zone, priority = excluded.priority,
        state = case when ${returns} then case when ${waits} then 'deferred' else 'ready' end else w.state end,
        due_at = case when (${returns}) and ${waits} then w.ready_at else w.due_at end
      where ${returns} or w.zone <> excluded.zone or w.priority <> excluded.priority
      returning w.queue_id, w.state
    )
    select distinct 'queue' as kind, queue_id as id from added where state = 'ready'
    union all select distinct 'lease', lease_id from withdrawn where state = 'leased'`)
  const ids = (kind: string) => rows.filter(row => row['kind'] === kind).map(row => String(row['id']))
  return { available: ids('queue').map(id => idOf('queue', id)), losing: ids('lease').map(id => idOf('lease', id)) }
}

/** Ends the leases among these that hold nothing any more: all their work was taken back. */
export async function setEmptyLeasesEnded (tx: Tx, ids: readonly Id<'lease'>[]): Promise<void> {
  await tx.execute(sql`
    update leases l set state = 'released', due_at = null, ended_at = ${tx.ctx.now.toISOString()}::timestamptz
    where l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.id = any(${sql.param(ids.map(uuidOf))}::uuid[]) and l.state = 'held'
      and not exists (select from work_items w where w.tenant_id = l.tenant_id and w.lease_id = l.id and w.state = 'leased')`)
}

/** A queue being filled, and the stretch of accounts whose turn it is; `through` is null when none are left. */
export interface Filling { queueId: Id<'queue'>, after: Id<'account'> | null, through: Id<'account'> | null, count: number }

/** Takes a queue that is due to be filled, out of the way of other workers, with its next stretch of at most 2,000 accounts; null when none is due. */
export async function lockFilling (tx: Tx): Promise<Filling | null> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const { rows } = await tx.execute(sql`
    with filling as (
      select id, fill_after from queues where tenant_id = ${tenantId} and due_at <= ${tx.ctx.now.toISOString()}::timestamptz
      order by due_at, id limit 1 for no key update skip locked
    )
    select f.id, f.fill_after, s.through, s.count from filling f cross join lateral (
      select (array_agg(id order by id desc))[1] as through, count(*) as count from (
        select a.id from accounts a where a.tenant_id = ${tenantId} and a.id > coalesce(f.fill_after, ${noUuid}::uuid) order by a.id limit 2000) n) s`)
  const row = rows[0]
  if (row === undefined) return null
  const account = (value: unknown) => value === null ? null : idOf('account', String(value))
  return { queueId: idOf('queue', String(row['id'])), after: account(row['fill_after']), through: account(row['through']), count: Number(row['count']) }
}

/** Notes how far a queue has been filled; a stretch with no account in it was the last. */
export async function setFilled (tx: Tx, { queueId, through, count }: Filling): Promise<void> {
  const now = tx.ctx.now.toISOString()
  const progress = through === null ? sql`fill_after = null, filled_at = ${now}::timestamptz, due_at = null` : sql`fill_after = ${uuidOf(through)}::uuid, scanned_count = scanned_count + ${count}::int`
  await tx.execute(sql`update queues set ${progress} where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id = ${uuidOf(queueId)}::uuid`)
}

/** Makes deferred items whose time has come ready, at most 1,000 of them; answers their queues, and none when none was due. */
export async function setItemsAwake (tx: Tx): Promise<Id<'queue'>[]> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const { rows } = await tx.execute(sql`
    with due as (
      select id from work_items where tenant_id = ${tenantId} and due_at <= ${tx.ctx.now.toISOString()}::timestamptz order by due_at limit 1000 for no key update skip locked
    ), awake as (
      update work_items w set state = 'ready', due_at = null from due where w.tenant_id = ${tenantId} and w.id = due.id returning w.queue_id
    )
    select distinct queue_id from awake`)
  return rows.map(row => idOf('queue', String(row['queue_id'])))
}

/**
 * Notes that work came into queues and marks them as announced; answers those that were not. Their rows are locked whether announced or
 * not, so that somebody who finds one empty at the same moment either sees the new work or takes the mark away first.
 */
export async function setArrived (tx: Tx, ids: readonly Id<'queue'>[]): Promise<Id<'queue'>[]> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const { rows } = await tx.execute(sql`
    with known as (
      select id, announced_at from queues where tenant_id = ${tenantId} and id = any(${sql.param(ids.map(uuidOf))}::uuid[]) order by id for no key update
    )
    update queues q set arrivals = q.arrivals + 1, announced_at = coalesce(known.announced_at, ${tx.ctx.now.toISOString()}::timestamptz) from known
    where q.tenant_id = ${tenantId} and q.id = known.id returning q.id, known.announced_at is null as is_first`)
  return rows.filter(row => row['is_first'] === true).map(row => idOf('queue', String(row['id'])))
}

/** Takes the mark away: the queue was found empty. True when there was one. */
export async function setUnannounced (tx: Tx, id: Id<'queue'>): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    update queues set announced_at = null where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id = ${uuidOf(id)}::uuid and announced_at is not null`)
  return (rowCount ?? 0) > 0
}
