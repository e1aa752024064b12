import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, minor, uuidOf } from '#kernel'
import type { Buckets, Id } from '#kernel'
import { literal, wireInstant } from '#platform'
import type { Tx } from '#platform'
import type { Ordering } from './core.ts'
import { isHeldAt } from './filling.db.ts'

/** A lease that lapsed, and how many items went back. */
export interface Lapsed { id: Id<'lease'>, queueId: Id<'queue'>, itemCount: number }

/** Ends leases whose time has passed, at most 500, and puts their items back. What another worker is at is left to it. */
export async function setLeasesLapsed (tx: Tx): Promise<Lapsed[]> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const now = sql`${tx.ctx.now.toISOString()}::timestamptz`
  const { rows } = await tx.execute(sql`
    with due as (
      select id from leases where tenant_id = ${tenantId} and due_at <= ${now} order by due_at limit 500 for no key update skip locked
    ), lapsed as (
      update leases l set state = 'expired', due_at = null, ended_at = ${now} from due where l.tenant_id = ${tenantId} and l.id = due.id returning l.id, l.queue_id
    ), returned as (
      update work_items w set state = 'ready' from due where w.tenant_id = ${tenantId} and w.lease_id = due.id and w.state = 'leased' returning w.lease_id
    )
    select id, queue_id, (select count(*) from returned r where r.lease_id = l.id) as items from lapsed l order by id`)
  return rows.map(row => ({ id: idOf('lease', String(row['id'])), queueId: idOf('queue', String(row['queue_id'])), itemCount: Number(row['items']) }))
}

/** What a lease is taken from: the queue's order, how often work came in, and whether leases of the agency have lapsed unnoticed. */
export interface Outlook { ordering: Ordering, arrivals: number, hasLapsed: boolean }

/*
 * The statement that takes work is planned once for each connection, and along the indexes whatever the statistics say: planning it anew
 * costs more than running it, and a plan made while the tables were small must do when they are large. Local to the transaction.
 */
const planOnce = sql`set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true), set_config('enable_bitmapscan', 'off', true),
      set_config('enable_hashjoin', 'off', true), set_config('enable_mergejoin', 'off', true)`

/** Looks at a queue before a lease; null when there is none. What follows in the transaction is planned for leases. */
export async function findOutlook (tx: Tx, queueId: Id<'queue'>): Promise<Outlook | null> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const { rows } = await tx.execute(sql`
    select ${planOnce}, q.ordering, q.arrivals, exists (select from leases l where l.tenant_id = ${tenantId} and l.due_at <= ${tx.ctx.now.toISOString()}::timestamptz) as has_lapsed
    from queues q where q.tenant_id = ${tenantId} and q.id = ${uuidOf(queueId)}::uuid`)
  const row = rows[0]
  // The table's own column, as it was written.
  return row === undefined ? null : { ordering: row['ordering'] as Ordering, arrivals: Number(row['arrivals']), hasLapsed: row['has_lapsed'] === true }
}

/** The zones in which a queue has work: one step along the index for each, however many items wait in it. */
export async function listReadyZones (tx: Tx, queueId: Id<'queue'>): Promise<string[]> {
  const ready = sql`w.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and w.queue_id = ${uuidOf(queueId)}::uuid and w.state = 'ready'`
  const { rows } = await tx.execute(sql`
    with recursive zones as (
      (select w.zone from work_items w where ${ready} order by w.zone limit 1)
      union all
      select (select w.zone from work_items w where ${ready} and w.zone > z.zone order by w.zone limit 1) from zones z where z.zone is not null
    ) select zone from zones where zone is not null`)
  return rows.map(row => String(row['zone']))
}

/** A zone in which people may be contacted now, until when (null: without end), and the priority that nothing in it exceeds. */
export interface OpenZone { zone: string, closesAt: string | null, head: number }

/** A lease to be granted: to whom, for how many items, until when. */
export interface NewLease { id: Id<'lease'>, holder: { kind: string, id: string }, count: number, dueAt: string }

/** An item taken on lease, with the debt as it stands. */
export interface TakenItem extends Buckets {
  id: Id<'workItem'>, leaseId: Id<'lease'>, zone: string, accountId: Id<'account'>, priority: number, attempts: number, closesAt: string | null, currency: string, dueOn: string, timeZone: string
}

/**
 * Takes the first items of a queue that wait in the open zones, and grants the leases in their order until the items run out. One statement:
 * whoever else is taking items passes over those it has locked, so none is ever taken twice. Of equal priority the zone that closes soonest
 * goes first. An item of a debt that is closed or on hold is passed over. `head` spares the walk over the index entries of what was taken
 * before, which stay at its beginning until they are vacuumed.
 *
 * Limits are written into the statement: as parameters they would be planned for an unknown number and turn the step along the index into a
 * sort of everything. `isWide` asks every zone for its items, not only as many zones as items are wanted: dearer, and needed when others
 * have just taken what the best zones had.
 */
export async function takeItems (tx: Tx, queueId: Id<'queue'>, leases: readonly NewLease[], open: readonly OpenZone[], isWide: boolean): Promise<TakenItem[]> {
  const slots = leases.flatMap(lease => Array.from({ length: lease.count }, () => lease))
  const each = (read: (lease: NewLease) => string) => sql.param(slots.map(read))
  const limit = sql`limit ${literal(sizeFor(slots.length))}`
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const now = tx.ctx.now.toISOString()
  const ready = (of: SQL) => sql`w.tenant_id = ${tenantId} and w.queue_id = ${uuidOf(queueId)}::uuid and w.state = 'ready' and w.zone = ${of}.zone and w.priority <= ${of}.head`
  const { rows } = await tx.execute(sql`
    with open as (
      select zone, closes_at, head from unnest(${sql.param(open.map(({ zone }) => zone))}::text[], ${sql.param(open.map(({ closesAt }) => closesAt ?? 'infinity'))}::timestamptz[],
        ${sql.param(open.map(({ head }) => head))}::bigint[]) o (zone, closes_at, head)
    ), best as materialized (
      select o.zone, o.closes_at, o.head from open o
      cross join lateral (select w.priority from work_items w where ${ready(sql`o`)} order by w.priority desc, w.id limit 1) h
      order by h.priority desc, o.closes_at ${isWide ? sql`` : limit}
    ), picked as materialized (
      select p.*, b.closes_at, row_number() over (order by p.priority desc, b.closes_at, p.id) as n
      from best b cross join lateral (
        select w.id, w.priority, a.currency, a.principal, a.interest, a.penalty, a.costs, a.due_on, a.time_zone
        from work_items w join accounts a on a.tenant_id = w.tenant_id and a.id = w.account_id
        where ${ready(sql`b`)} and a.closed_at is null and not ${isHeldAt(now)}
        order by w.priority desc, w.id ${limit} for no key update of w skip locked) p
    ), taken as (
      update work_items w set state = 'leased', lease_id = (${each(({ id }) => uuidOf(id))}::uuid[])[p.n] from picked p
      where w.tenant_id = ${tenantId} and w.id = p.id and p.n <= ${slots.length}::int
      returning w.lease_id, w.zone, w.account_id, w.attempts, p.*
    ), granted as (
      insert into leases (tenant_id, id, queue_id, holder_kind, holder_id, state, due_at, created_at)
      select distinct on (lease_id) ${tenantId}, lease_id, ${uuidOf(queueId)}::uuid, (${each(({ holder }) => holder.kind)}::text[])[n], (${each(({ holder }) => holder.id)}::text[])[n], 'held', (${each(({ dueAt }) => dueAt)}::timestamptz[])[n], ${now}::timestamptz from taken order by lease_id
      on conflict (tenant_id, id) do nothing
    )
    select *, nullif(closes_at, 'infinity') as closing from taken order by n`)
  return rows.map(toTaken)
}

/** The most items one statement takes. */
export const takenMax = 256

/** The limit a statement is written with for so many items: few enough different ones that each stays prepared. What is locked beyond need is let go with the commit. */
const sizeFor = (items: number): number => [1, 2, 4, 8, 16, 32, 64, 128].find(size => size >= items) ?? takenMax

const toTaken = (row: Record<string, unknown>): TakenItem => ({
  id: idOf('workItem', String(row['id'])), leaseId: idOf('lease', String(row['lease_id'])), zone: String(row['zone']), accountId: idOf('account', String(row['account_id'])),
  priority: Number(row['priority']), attempts: Number(row['attempts']), closesAt: typeof row['closing'] === 'string' ? wireInstant(row['closing']) : null,
  currency: String(row['currency']), principal: minor(Number(row['principal'])), interest: minor(Number(row['interest'])), penalty: minor(Number(row['penalty'])), costs: minor(Number(row['costs'])),
  dueOn: String(row['due_on']), timeZone: String(row['time_zone']),
})
