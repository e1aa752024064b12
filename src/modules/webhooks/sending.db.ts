import { and, asc, eq, inArray, isNull, ne, or, sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id, IdKind } from '#kernel'
import { expectOne, literal, newId, wireInstant } from '#platform'
import type { Tx } from '#platform'
import type { Health, Subscription, Told, deliveryStates } from './core.ts'
import { webhookEndpoints } from './tables.ts'

const tenantOf = (tx: Tx) => sql`${uuidOf(tx.ctx.tenantId)}::uuid`
const uuids = (ids: readonly string[]) => sql`${sql.param(ids.map(uuidOf))}::uuid[]`
const texts = (values: readonly (string | null)[]) => sql`${sql.param(values)}::text[]`
const numbers = (values: readonly (number | null)[]) => sql`${sql.param(values)}::int[]`
const instants = (values: readonly (Date | null)[]) => sql`${sql.param(values.map(at => at?.toISOString() ?? null))}::timestamptz[]`
const booleans = (values: readonly boolean[]) => sql`${sql.param(values)}::bool[]`

/** The endpoints that may hear of events of the agency and of these lenders. */
export async function listSubscriptions (tx: Tx, lenderIds: readonly Id<'lender'>[]): Promise<Subscription[]> {
  return await tx.select({
    id: webhookEndpoints.id, lenderId: webhookEndpoints.lenderId, filters: webhookEndpoints.filters, afterSequence: webhookEndpoints.afterSequence,
  }).from(webhookEndpoints).where(and(eq(webhookEndpoints.tenantId, tx.ctx.tenantId), ne(webhookEndpoints.state, 'deleted'),
    or(isNull(webhookEndpoints.lenderId), inArray(webhookEndpoints.lenderId, [...lenderIds]))))
}

/** One event for one endpoint. */
export interface NewDelivery { endpointId: Id<'webhookEndpoint'>, lenderId: Id<'lender'> | null, sequence: number, eventId: Id<'event'>, eventType: string }

/** Adds deliveries, due now. One that is there already stays as it is. */
export async function insertDeliveries (tx: Tx, rows: readonly NewDelivery[]): Promise<void> {
  const now = tx.ctx.now.toISOString()
  await tx.execute(sql`
    insert into deliveries (tenant_id, id, endpoint_id, lender_id, event_sequence, event_id, event_type, next_attempt_at, created_at)
    select ${tenantOf(tx)}, r.id, r.endpoint_id, r.lender_id, r.sequence, r.event_id, r.event_type, ${now}::timestamptz, ${now}::timestamptz
    from unnest(${uuids(rows.map(() => newId('delivery')))}, ${uuids(rows.map(row => row.endpointId))}, ${sql.param(rows.map(row => row.lenderId === null ? null : uuidOf(row.lenderId)))}::uuid[],
      ${sql.param(rows.map(row => row.sequence))}::bigint[], ${uuids(rows.map(row => row.eventId))}, ${texts(rows.map(row => row.eventType))})
      as r (id, endpoint_id, lender_id, sequence, event_id, event_type)
    on conflict do nothing`)
}

/**
 * Makes endpoints due that have got deliveries. Locks them first, in the order everybody does: who sends to them at this moment either
 * sees the new deliveries when it looks for the next deadline, or is waited for here.
 */
export async function setEndpointsDue (tx: Tx, ids: readonly Id<'webhookEndpoint'>[]): Promise<void> {
  if (ids.length === 0) return
  const mine = and(eq(webhookEndpoints.tenantId, tx.ctx.tenantId), inArray(webhookEndpoints.id, [...ids]), eq(webhookEndpoints.state, 'active'))
  await tx.select({ id: webhookEndpoints.id }).from(webhookEndpoints).where(mine).orderBy(asc(webhookEndpoints.id)).for('no key update')
  const dueAt = sql`greatest(${webhookEndpoints.heldUntil}, ${tx.ctx.now.toISOString()}::timestamptz)`
  await tx.update(webhookEndpoints).set({ dueAt }).where(and(mine, or(isNull(webhookEndpoints.dueAt), sql`${webhookEndpoints.dueAt} > ${dueAt}`)))
}

/** An endpoint as the courier finds it. `isMine`: nobody else sends there now. `realTime` is the database's clock, in ms. */
export interface Recipient extends Health {
  id: Id<'webhookEndpoint'>, lenderId: Id<'lender'> | null, url: string, state: 'active' | 'paused' | 'deleted', secret: Buffer, previousSecret: Buffer | null
  isDue: boolean, isMine: boolean, realTime: number
}

/** How many endpoints one turn looks at. */
const recipientsMax = 256

const idFrom = <K extends IdKind>(kind: K, value: unknown): Id<K> | null => typeof value === 'string' ? idOf(kind, value) : null
const dateOf = (value: unknown): Date | null => typeof value === 'string' ? new Date(wireInstant(value)) : null

/** Locks the endpoints that have answered, and those that something is due for and that nobody else sends to; not the ones whose hands are full. */
export async function lockRecipients (tx: Tx, me: string, answered: readonly Id<'webhookEndpoint'>[], full: readonly Id<'webhookEndpoint'>[], isClaiming: boolean): Promise<Recipient[]> {
  const now = sql`${tx.ctx.now.toISOString()}::timestamptz`
  const isFree = sql`(e.leased_until is null or e.leased_until <= now() or e.leased_by = ${me}::uuid)`
  const due = sql`array(select e.id from webhook_endpoints e where e.tenant_id = ${tenantOf(tx)} and e.due_at <= ${now} and ${isFree} and not e.id = any(${uuids(full)}) order by e.due_at limit ${literal(recipientsMax)})`
  const { rows } = await tx.execute(sql`
    select e.id, e.lender_id, e.url, e.state, e.secret, case when e.previous_secret_expires_at > now() then e.previous_secret end as previous_secret,
      e.failures, e.failing_since, e.held_until, e.pause_reason, e.due_at <= ${now} as is_due, ${isFree} as is_mine, (extract(epoch from now()) * 1000)::float8 as real_time
    from webhook_endpoints e
    where e.tenant_id = ${tenantOf(tx)} and e.id = any(${isClaiming ? sql`${uuids(answered)} || ${due}` : uuids(answered)})
    order by e.id for no key update`)
  return rows.map(row => ({
    id: idOf('webhookEndpoint', String(row['id'])), lenderId: idFrom('lender', row['lender_id']), url: String(row['url']),
    state: row['state'] as Recipient['state'], secret: row['secret'] as Buffer, previousSecret: row['previous_secret'] as Buffer | null,
    failures: Number(row['failures']), failingSince: dateOf(row['failing_since']), heldUntil: dateOf(row['held_until']), pauseReason: row['pause_reason'] as Health['pauseReason'],
    isDue: row['is_due'] === true, isMine: row['is_mine'] === true, realTime: Number(row['real_time']),
  }))
}

/** A delivery to be attempted, with its event. */
export interface DueDelivery { id: Id<'delivery'>, endpointId: Id<'webhookEndpoint'>, tries: number, told: Told }

/**
 * The most deliveries that are fetched at once: for all endpoints, and for one that has not proven itself yet. The limit of a statement is written
 * out, since a planner that does not know it expects a tenth of the table: there is one statement for each power of two.
 */
const batchMax = 512
const shareAtFirst = 16

/** How many deliveries each of so many endpoints may get. */
function shareOf (endpoints: number, isProven: boolean): number {
  let share = isProven ? batchMax : shareAtFirst
  while (share > 1 && share * endpoints > batchMax) share /= 2
  return share
}

/** The deliveries due to endpoints, oldest first, the same number for each at most, without those already in hand. */
export async function listDueDeliveries (tx: Tx, endpointIds: readonly Id<'webhookEndpoint'>[], inHand: readonly Id<'delivery'>[], isProven: boolean): Promise<DueDelivery[]> {
  const { rows } = await tx.execute(sql`
    select d.id, d.endpoint_id, d.tries, d.next_attempt_at, v.id as event_id, v.type, v.version, case when d.lender_id is null then v.sequence else v.lender_sequence end as sequence,
      v.lender_id, v.account_id, v.occurred_at, v.recorded_at, v.correlation_id, v.livemode, v.data::text as data
    from unnest(${uuids(endpointIds)}) as e (id)
    cross join lateral (
      select d.id, d.endpoint_id, d.tries, d.next_attempt_at, d.event_sequence, d.lender_id from deliveries d
      where d.tenant_id = ${tenantOf(tx)} and d.endpoint_id = e.id and d.next_attempt_at <= ${tx.ctx.now.toISOString()}::timestamptz and d.id not in (select h.id from unnest(${uuids(inHand)}) as h (id))
      order by d.next_attempt_at, d.event_sequence limit ${literal(shareOf(endpointIds.length, isProven))}
    ) d
    cross join lateral (select v.* from events v where v.tenant_id = ${tenantOf(tx)} and v.sequence = d.event_sequence limit 1) v
    order by d.next_attempt_at, d.event_sequence`)
  return rows.map(row => ({
    id: idOf('delivery', String(row['id'])), endpointId: idOf('webhookEndpoint', String(row['endpoint_id'])), tries: Number(row['tries']),
    told: {
      id: idOf('event', String(row['event_id'])), type: String(row['type']), version: Number(row['version']), sequence: Number(row['sequence']), tenantId: tx.ctx.tenantId,
      lenderId: idFrom('lender', row['lender_id']), accountId: idFrom('account', row['account_id']),
      occurredAt: wireInstant(String(row['occurred_at'])), recordedAt: wireInstant(String(row['recorded_at'])), correlationId: String(row['correlation_id']),
      livemode: row['livemode'] === true, data: String(row['data']),
    },
  }))
}

/** What is written of an attempt, and what becomes of its delivery. */
export interface AttemptRow {
  id: Id<'delivery'>, state: typeof deliveryStates[number], nextAttemptAt: Date | null, status: number | null, latencyMs: number, answer: string | null, error: string | null
}

/** Writes attempts down, each under the next number of its delivery. What is delivered stays delivered, whatever a straggler says. */
export async function insertAttempts (tx: Tx, rows: readonly AttemptRow[]): Promise<void> {
  const now = sql`${tx.ctx.now.toISOString()}::timestamptz`
  await tx.execute(sql`
    with answered as (
      select * from unnest(${uuids(rows.map(row => row.id))}, ${texts(rows.map(row => row.state))}, ${instants(rows.map(row => row.nextAttemptAt))}, ${numbers(rows.map(row => row.status))},
        ${numbers(rows.map(row => row.latencyMs))}, ${texts(rows.map(row => row.answer))}, ${texts(rows.map(row => row.error))})
        as r (id, state, next_attempt_at, status, latency_ms, answer, error) where ${expectOne(sql`r.latency_ms`)}
    ), noted as (
      update deliveries d set
        state = case when d.state = 'delivered' then d.state else r.state end, next_attempt_at = case when d.state = 'delivered' then null else r.next_attempt_at end,
        attempts = d.attempts + 1, tries = d.tries + 1, last_status = r.status, last_error = r.error, last_attempt_at = ${now},
        delivered_at = case when r.state = 'delivered' then ${now} else d.delivered_at end
      from answered r where d.tenant_id = ${tenantOf(tx)} and d.id = r.id
      returning d.id, d.attempts, d.lender_id, r.status, r.latency_ms, r.answer, r.error
    )
    insert into delivery_attempts (tenant_id, delivery_id, n, lender_id, at, status, latency_ms, answer, error)
    select ${tenantOf(tx)}, id, attempts, lender_id, ${now}, status, latency_ms, answer, error from noted`)
}

/** An endpoint after a turn: its health, and whether the courier keeps it for itself. */
export interface RecipientAfter extends Health { id: Id<'webhookEndpoint'>, isMine: boolean, isKept: boolean, pauseAt: Date | null }

/** How long a courier may keep an endpoint without being heard of, in seconds of real time; kept ones are renewed when this much is gone. */
const leaseSeconds = 60
const renewSeconds = 15

/** Writes endpoints after a turn, with the time their next delivery is due. The caller holds their locks. */
export async function setRecipients (tx: Tx, me: string, rows: readonly RecipientAfter[]): Promise<void> {
  if (rows.length === 0) return
  const dueAt = sql`case when e.state = 'active' and r.pause_reason is null and next.at is not null then least(r.pause_at, greatest(r.held_until, next.at)) end`
  const leasedUntil = sql`case when not r.is_mine or (r.is_kept and e.leased_by = ${me}::uuid and e.leased_until > now() + make_interval(secs => ${leaseSeconds - renewSeconds})) then e.leased_until
    when r.is_kept then now() + make_interval(secs => ${leaseSeconds}) end`
  const leasedBy = sql`case when not r.is_mine then e.leased_by when r.is_kept then ${me}::uuid end`
  const isPaused = sql`e.state = 'active' and r.pause_reason is not null`
  await tx.execute(sql`
    update webhook_endpoints e set failures = r.failures, failing_since = r.failing_since, held_until = r.held_until, due_at = ${dueAt}, leased_by = ${leasedBy}, leased_until = ${leasedUntil},
      state = case when ${isPaused} then 'paused' else e.state end, pause_reason = case when ${isPaused} then r.pause_reason else e.pause_reason end,
      paused_at = case when ${isPaused} then ${tx.ctx.now.toISOString()}::timestamptz else e.paused_at end
    from unnest(${uuids(rows.map(row => row.id))}, ${numbers(rows.map(row => row.failures))}, ${instants(rows.map(row => row.failingSince))}, ${instants(rows.map(row => row.heldUntil))},
      ${instants(rows.map(row => row.pauseAt))}, ${texts(rows.map(row => row.pauseReason))}, ${booleans(rows.map(row => row.isMine))}, ${booleans(rows.map(row => row.isKept))})
      as r (id, failures, failing_since, held_until, pause_at, pause_reason, is_mine, is_kept)
    left join lateral (
      select min(d.next_attempt_at) as at from deliveries d where d.tenant_id = ${tenantOf(tx)} and d.endpoint_id = r.id and d.next_attempt_at is not null
    ) next on true
    where e.tenant_id = ${tenantOf(tx)} and e.id = r.id and (e.failures, e.failing_since, e.held_until, e.due_at, e.leased_by, e.leased_until, e.state = 'active' and r.pause_reason is not null)
      is distinct from (r.failures, r.failing_since, r.held_until, ${dueAt}, ${leasedBy}, ${leasedUntil}, false)`)
}

/** Whether anything is due to any endpoint of the agency. */
export async function isAnythingDue (tx: Tx): Promise<boolean> {
  const { rows } = await tx.execute(sql`select exists (select from webhook_endpoints where tenant_id = ${tenantOf(tx)} and due_at <= ${tx.ctx.now.toISOString()}::timestamptz) as is_due`)
  return rows[0]?.['is_due'] === true
}

