import { and, asc, desc, eq, gt, inArray, lt, lte, ne, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { cutPage, idPattern, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { CursorInvalid, NotFound, eventHeads, events, ownRows, pageAfter } from '#platform'
import type { Tx } from '#platform'
import type { Delivery, DeliveryAttempt, WebhookEndpoint } from './api.ts'
import type { deliveryStates, pauseReasons } from './core.ts'
import { testType } from './core.ts'
import { deliveries, deliveryAttempts, webhookEndpoints } from './tables.ts'

type Page = { limit: number, after: string | null }

/** Alive in its agency: a deleted endpoint is there only for its deliveries. */
const isEndpoint = (tx: Tx): SQL => and(eq(webhookEndpoints.tenantId, tx.ctx.tenantId), ne(webhookEndpoints.state, 'deleted'))!

const endpointColumns = {
  id: webhookEndpoints.id, lenderId: webhookEndpoints.lenderId, url: webhookEndpoints.url, filters: webhookEndpoints.filters, description: webhookEndpoints.description,
  apiVersion: webhookEndpoints.apiVersion, state: sql<'active' | 'paused'>`${webhookEndpoints.state}`, pauseReason: webhookEndpoints.pauseReason,
  pausedAt: webhookEndpoints.pausedAt, failingSince: webhookEndpoints.failingSince, previousSecretExpiresAt: webhookEndpoints.previousSecretExpiresAt,
  createdAt: webhookEndpoints.createdAt,
}

type NewEndpoint = Pick<typeof webhookEndpoints.$inferInsert, 'id' | 'lenderId' | 'url' | 'filters' | 'description' | 'apiVersion' | 'secret'>

/** Adds an endpoint that begins with the events after the present head. */
export async function insertEndpoint (tx: Tx, endpoint: NewEndpoint): Promise<WebhookEndpoint> {
  const { tenantId, now } = tx.ctx
  const [head] = await tx.select({ sequence: eventHeads.sequence }).from(eventHeads).where(and(eq(eventHeads.tenantId, tenantId), sql`${eventHeads.stream} = ${eventHeads.tenantId}`))
  const [row] = await tx.insert(webhookEndpoints)
    .values({ tenantId, ...endpoint, state: 'active', afterSequence: head?.sequence ?? 0, createdAt: now.toISOString() }).returning(endpointColumns)
  return row!
}

/** How many endpoints an owner has. Owners are counted one at a time, so that two requests do not both take the last place. */
export async function lockEndpointCount (tx: Tx, lenderId: Id<'lender'> | null): Promise<number> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`webhook endpoints of ${lenderId ?? tx.ctx.tenantId}`}, 0))`)
  return await tx.$count(webhookEndpoints, and(isEndpoint(tx), lenderId === null ? sql`${webhookEndpoints.lenderId} is null` : eq(webhookEndpoints.lenderId, lenderId)))
}

export async function findEndpoint (tx: Tx, id: Id<'webhookEndpoint'>): Promise<WebhookEndpoint> {
  const [row] = await tx.select(endpointColumns).from(webhookEndpoints).where(and(isEndpoint(tx), eq(webhookEndpoints.id, id)))
  if (row === undefined) throw NotFound()
  return row
}

/** An endpoint and its sealed secret, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockEndpoint (tx: Tx, id: Id<'webhookEndpoint'>): Promise<WebhookEndpoint & { secret: Buffer }> {
  const [row] = await tx.select({ ...endpointColumns, secret: webhookEndpoints.secret }).from(webhookEndpoints)
    .where(and(isEndpoint(tx), eq(webhookEndpoints.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

export async function listEndpoints (tx: Tx, page: Page): Promise<PageOf<WebhookEndpoint>> {
  const rows = await tx.select(endpointColumns).from(webhookEndpoints).where(and(isEndpoint(tx), ownRows(tx, webhookEndpoints.lenderId), pageAfter(webhookEndpoints.id, page))).orderBy(asc(webhookEndpoints.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

type EndpointChange = { [K in keyof typeof webhookEndpoints.$inferInsert]?: typeof webhookEndpoints.$inferInsert[K] | SQL }

export async function setEndpoint (tx: Tx, id: Id<'webhookEndpoint'>, change: EndpointChange): Promise<WebhookEndpoint> {
  const [row] = await tx.update(webhookEndpoints).set(change).where(and(eq(webhookEndpoints.tenantId, tx.ctx.tenantId), eq(webhookEndpoints.id, id))).returning(endpointColumns)
  return row!
}

/** The end of an overlap in so many seconds of real time: receivers verify by the wall clock, whatever a sandbox's clock says. */
export const realTimeIn = (seconds: number): SQL => sql`now() + make_interval(secs => ${seconds})`

/** The earliest attempt an endpoint has before it. */
export const earliestAttempt = (tx: Tx, id: Id<'webhookEndpoint'>): SQL =>
  sql`(select min(d.next_attempt_at) from deliveries d where d.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and d.endpoint_id = ${uuidOf(id)}::uuid and d.next_attempt_at is not null)`

/** Pauses an endpoint: nothing is due until it is resumed. */
export const setPaused = async (tx: Tx, id: Id<'webhookEndpoint'>, pauseReason: typeof pauseReasons[number]): Promise<WebhookEndpoint> =>
  await setEndpoint(tx, id, { state: 'paused', pauseReason, pausedAt: tx.ctx.now.toISOString(), dueAt: null })

/** Resumes an endpoint: what waits for it is due now, and its schedule begins anew. The caller holds its lock. */
export async function setResumed (tx: Tx, id: Id<'webhookEndpoint'>): Promise<WebhookEndpoint> {
  const { tenantId, now } = tx.ctx
  await tx.update(deliveries).set({ nextAttemptAt: now.toISOString(), tries: 0 })
    .where(and(eq(deliveries.tenantId, tenantId), eq(deliveries.endpointId, id), eq(deliveries.state, 'retrying'), sql`${deliveries.nextAttemptAt} is not null`))
  return await setEndpoint(tx, id, { state: 'active', pauseReason: null, pausedAt: null, failures: 0, failingSince: null, heldUntil: null, dueAt: earliestAttempt(tx, id) })
}

const deliveryColumns = {
  id: deliveries.id, webhookEndpointId: deliveries.endpointId, eventId: deliveries.eventId, eventType: deliveries.eventType, state: deliveries.state, attempts: deliveries.attempts,
  nextAttemptAt: deliveries.nextAttemptAt, lastStatus: deliveries.lastStatus, lastError: deliveries.lastError, lastAttemptAt: deliveries.lastAttemptAt,
  deliveredAt: deliveries.deliveredAt, createdAt: deliveries.createdAt,
}

const isDeliveryId = new RegExp(idPattern('delivery'))

/** An endpoint's deliveries, the newest event first. The cursor is the last delivery's id: a place in another stream is nobody's business. */
export async function listDeliveries (tx: Tx, endpointId: Id<'webhookEndpoint'>, state: typeof deliveryStates[number] | undefined, { limit, after }: Page): Promise<PageOf<Delivery>> {
  const { tenantId } = tx.ctx
  if (after !== null && !isDeliveryId.test(after)) throw CursorInvalid()
  const rows = await tx.select(deliveryColumns).from(deliveries)
    .where(and(eq(deliveries.tenantId, tenantId), eq(deliveries.endpointId, endpointId), state === undefined ? undefined : eq(deliveries.state, state),
      after === null ? undefined : lt(deliveries.eventSequence, sql`(select c.event_sequence from deliveries c where c.tenant_id = ${uuidOf(tenantId)}::uuid and c.id = ${uuidOf(after)}::uuid)`)))
    .orderBy(desc(deliveries.eventSequence)).limit(limit + 1)
  return cutPage(rows, limit, row => row.id)
}

/** The most attempts one answer shows; the newest come first. */
const attemptsShownMax = 100

export async function findDelivery (tx: Tx, id: Id<'delivery'>): Promise<Delivery & { log: DeliveryAttempt[] }> {
  const { tenantId } = tx.ctx
  const [row] = await tx.select(deliveryColumns).from(deliveries).where(and(eq(deliveries.tenantId, tenantId), eq(deliveries.id, id)))
  if (row === undefined) throw NotFound()
  const log = await tx.select({
    n: deliveryAttempts.n, at: deliveryAttempts.at, status: deliveryAttempts.status, latencyMs: deliveryAttempts.latencyMs, answer: deliveryAttempts.answer, error: deliveryAttempts.error,
  }).from(deliveryAttempts).where(and(eq(deliveryAttempts.tenantId, tenantId), eq(deliveryAttempts.deliveryId, id))).orderBy(desc(deliveryAttempts.n)).limit(attemptsShownMax)
  return { ...row, log }
}

/** Which events a replay is about: those of a range of the owner's own sequence and of some kinds (null: all), or single ones. */
export type ReplayOf = { after: number, upTo: number | null, types: readonly string[] | null } | { eventIds: readonly Id<'event'>[] }

/** The condition on events that a replay to an endpoint selects by. A lender's endpoint counts in the lender's sequence. */
function selected (tx: Tx, endpoint: { id: Id<'webhookEndpoint'>, lenderId: Id<'lender'> | null }, replay: ReplayOf): SQL {
  const own = endpoint.lenderId === null ? undefined : eq(events.lenderId, endpoint.lenderId)
  const mine = and(eq(events.tenantId, tx.ctx.tenantId), own)
  if ('eventIds' in replay) return and(mine, inArray(events.id, [...replay.eventIds]))!
  const { after, upTo, types } = replay
  const place = endpoint.lenderId === null ? events.sequence : events.lenderSequence
  return and(mine, gt(place, after), upTo === null ? undefined : lte(place, upTo),
    types === null ? undefined : sql`${events.type} = any(${sql.param(types)}::text[])`,
    ne(events.type, testType), sql`${events.data} ->> 'webhookEndpointId' is distinct from ${endpoint.id}`)!
}

/** How many events a replay selects, counted no further than one beyond `max`. */
export async function countReplay (tx: Tx, endpoint: { id: Id<'webhookEndpoint'>, lenderId: Id<'lender'> | null }, replay: ReplayOf, max: number): Promise<number> {
  const some = tx.select({ sequence: events.sequence }).from(events).where(selected(tx, endpoint, replay)).limit(max + 1).as('some')
  return await tx.$count(some)
}

/**
 * Sets events out to an endpoint again, now: makes deliveries that never were, and renews those that have ended or wait for a retry.
 * Those on their way already are left alone. Answers how many were set out.
 */
export async function insertReplay (tx: Tx, endpoint: { id: Id<'webhookEndpoint'>, lenderId: Id<'lender'> | null }, replay: ReplayOf): Promise<number> {
  const now = tx.ctx.now.toISOString()
  const which = selected(tx, endpoint, replay)
  const made = await tx.execute(sql`
    insert into deliveries (tenant_id, id, endpoint_id, lender_id, event_sequence, event_id, event_type, next_attempt_at, created_at)
    select ${events.tenantId}, gen_random_uuid(), ${uuidOf(endpoint.id)}::uuid, ${endpoint.lenderId === null ? null : uuidOf(endpoint.lenderId)}::uuid,
      ${events.sequence}, ${events.id}, ${events.type}, ${now}::timestamptz, ${now}::timestamptz
    from ${events} where ${which} on conflict do nothing`)
  const renewed = await tx.update(deliveries).set({ state: 'pending', tries: 0, nextAttemptAt: now, deliveredAt: null })
    .where(and(eq(deliveries.tenantId, tx.ctx.tenantId), eq(deliveries.endpointId, endpoint.id),
      inArray(deliveries.eventSequence, tx.select({ sequence: events.sequence }).from(events).where(which)),
      or(inArray(deliveries.state, ['delivered', 'exhausted']), and(eq(deliveries.state, 'retrying'), gt(deliveries.nextAttemptAt, now)))))
  return (made.rowCount ?? 0) + (renewed.rowCount ?? 0)
}
