import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { CursorInvalid, NotFound, newId, pageAfter, rowById } from '#platform'
import type { Keyset, Tx } from '#platform'
import type { LeaseState, Ordering, QueueFilter } from './core.ts'
import { itemStates } from './core.ts'
import { leases, queues, workItems } from './tables.ts'

const queueColumns = {
  id: queues.id, name: queues.name, filter: queues.filter, ordering: queues.ordering, scannedCount: queues.scannedCount, filledAt: queues.filledAt,
  createdAt: queues.createdAt,
}

/** A queue as it is stored. `filledAt` is null while it is being filled. */
export interface QueueRow { id: Id<'queue'>, name: string, filter: QueueFilter, ordering: Ordering, scannedCount: number, filledAt: string | null, createdAt: string }

/** Adds a queue that is due to be filled at once. */
export async function insertQueue (tx: Tx, queue: Pick<QueueRow, 'name' | 'filter' | 'ordering'>): Promise<QueueRow> {
  const now = tx.ctx.now.toISOString()
  const [row] = await tx.insert(queues).values({ tenantId: tx.ctx.tenantId, id: newId('queue'), ...queue, dueAt: now, createdAt: now }).returning(queueColumns)
  return row!
}

export const findQueue: (tx: Tx, id: Id<'queue'>) => Promise<QueueRow | null> = rowById(queues, db => db.select(queueColumns).from(queues))

/** A queue, kept from changing until the transaction ends; leases are still taken from it. Throws `NotFound`. */
export async function lockQueue (tx: Tx, id: Id<'queue'>): Promise<QueueRow> {
  const [row] = await tx.select(queueColumns).from(queues).where(and(eq(queues.tenantId, tx.ctx.tenantId), eq(queues.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

export const countQueues = async (tx: Tx): Promise<number> => await tx.$count(queues, eq(queues.tenantId, tx.ctx.tenantId))

export async function listQueues (tx: Tx, page: Keyset): Promise<PageOf<QueueRow>> {
  const rows = await tx.select(queueColumns).from(queues).where(and(eq(queues.tenantId, tx.ctx.tenantId), pageAfter(queues.id, page))).orderBy(asc(queues.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Changes a queue and has it filled again from the first account on. */
export async function setQueue (tx: Tx, id: Id<'queue'>, { name, filter, ordering }: Pick<QueueRow, 'name' | 'filter' | 'ordering'>, isRefilled: boolean): Promise<QueueRow> {
  const refill = isRefilled ? { dueAt: tx.ctx.now.toISOString(), fillAfter: null, scannedCount: 0, filledAt: null } : {}
  const [row] = await tx.update(queues).set({ name, filter, ordering, ...refill }).where(and(eq(queues.tenantId, tx.ctx.tenantId), eq(queues.id, id))).returning(queueColumns)
  return row!
}

/** How many items of a queue stand in each state. */
export async function countItems (tx: Tx, queueId: Id<'queue'>): Promise<Record<typeof itemStates[number], number>> {
  const rows = await tx.select({ state: workItems.state, count: sql<string>`count(*)` }).from(workItems)
    .where(and(eq(workItems.tenantId, tx.ctx.tenantId), eq(workItems.queueId, queueId))).groupBy(workItems.state)
  const counts = new Map(rows.map(({ state, count }) => [state, Number(count)]))
  return Object.fromEntries(itemStates.map(state => [state, counts.get(state) ?? 0])) as Record<typeof itemStates[number], number>
}

const itemColumns = {
  id: workItems.id, queueId: workItems.queueId, accountId: workItems.accountId, placementId: workItems.placementId, state: workItems.state, priority: workItems.priority,
  leaseId: workItems.leaseId, attempts: workItems.attempts, readyAt: workItems.readyAt, createdAt: workItems.createdAt,
}

/** An item as it is stored. */
export interface WorkItemRow {
  id: Id<'workItem'>, queueId: Id<'queue'>, accountId: Id<'account'>, placementId: Id<'placement'>, state: typeof itemStates[number], priority: number,
  leaseId: Id<'lease'> | null, attempts: number, readyAt: string | null, createdAt: string
}

/** The items of a queue by account, in one state or in any. */
export async function listWorkItems (tx: Tx, queueId: Id<'queue'>, state: typeof itemStates[number] | undefined, page: Keyset): Promise<PageOf<WorkItemRow>> {
  const rows = await tx.select(itemColumns).from(workItems).where(and(
    eq(workItems.tenantId, tx.ctx.tenantId), eq(workItems.queueId, queueId), afterItem(page), state === undefined ? undefined : eq(workItems.state, state),
  )).orderBy(asc(workItems.accountId), asc(workItems.placementId)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => `${uuidOf(row.accountId)}:${uuidOf(row.placementId)}`)
}

const itemKey = /^([0-9a-f-]{36}):([0-9a-f-]{36})$/

function afterItem ({ after }: Keyset) {
  if (after === null) return undefined
  const [, accountId, placementId] = itemKey.exec(after) ?? []
  if (accountId === undefined || placementId === undefined) throw CursorInvalid()
  return sql`(${workItems.accountId}, ${workItems.placementId}) > (${accountId}::uuid, ${placementId}::uuid)`
}

export const findWorkItem: (tx: Tx, id: Id<'workItem'>) => Promise<WorkItemRow | null> = rowById(workItems, db => db.select(itemColumns).from(workItems))

/** An item, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockWorkItem (tx: Tx, id: Id<'workItem'>): Promise<WorkItemRow> {
  const [row] = await tx.select(itemColumns).from(workItems).where(and(eq(workItems.tenantId, tx.ctx.tenantId), eq(workItems.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Ends work on an item: done, or put off until `readyAt`. `isAttempt` counts a call. */
export async function setItemWorked (tx: Tx, id: Id<'workItem'>, readyAt: string | null, isAttempt: boolean): Promise<WorkItemRow> {
  const [row] = await tx.update(workItems)
    .set({ state: readyAt === null ? 'done' : 'deferred', readyAt, dueAt: readyAt, ...isAttempt && { attempts: sql`least(${workItems.attempts} + 1, 32767)` } })
    .where(and(eq(workItems.tenantId, tx.ctx.tenantId), eq(workItems.id, id))).returning(itemColumns)
  return row!
}

const leaseColumns = {
  id: leases.id, queueId: leases.queueId, holderKind: leases.holderKind, holderId: leases.holderId, state: leases.state, dueAt: leases.dueAt, createdAt: leases.createdAt, endedAt: leases.endedAt,
}

/** A lease as it is stored. `dueAt` is when it lapses; null once it has ended. */
export interface LeaseRow {
  id: Id<'lease'>, queueId: Id<'queue'>, holderKind: string, holderId: string, state: LeaseState, dueAt: string | null, createdAt: string, endedAt: string | null
}

/** A lease, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockLease (tx: Tx, id: Id<'lease'>): Promise<LeaseRow> {
  const [row] = await tx.select(leaseColumns).from(leases).where(and(eq(leases.tenantId, tx.ctx.tenantId), eq(leases.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** The leases of a queue that are held, by id. */
export async function listHeldLeases (tx: Tx, queueId: Id<'queue'>, page: Keyset): Promise<PageOf<LeaseRow>> {
  const rows = await tx.select(leaseColumns).from(leases)
    .where(and(eq(leases.tenantId, tx.ctx.tenantId), eq(leases.queueId, queueId), sql`${leases.dueAt} is not null`, pageAfter(leases.id, page))).orderBy(asc(leases.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** The items a lease still holds, by id. */
export const listLeasedItems = async (tx: Tx, leaseId: Id<'lease'>): Promise<Id<'workItem'>[]> => (await tx.select({ id: workItems.id }).from(workItems)
  .where(and(eq(workItems.tenantId, tx.ctx.tenantId), eq(workItems.leaseId, leaseId), sql`${workItems.state} = 'leased'`)).orderBy(asc(workItems.id))).map(({ id }) => id)

/** Keeps a lease until `dueAt`. */
export async function setLeaseKept (tx: Tx, id: Id<'lease'>, dueAt: string): Promise<LeaseRow> {
  const [row] = await tx.update(leases).set({ dueAt }).where(and(eq(leases.tenantId, tx.ctx.tenantId), eq(leases.id, id))).returning(leaseColumns)
  return row!
}

/** Ends a lease. Its items are the caller's to return. */
export async function setLeaseEnded (tx: Tx, id: Id<'lease'>, state: 'completed' | 'released'): Promise<LeaseRow> {
  const [row] = await tx.update(leases).set({ state, dueAt: null, endedAt: tx.ctx.now.toISOString() }).where(and(eq(leases.tenantId, tx.ctx.tenantId), eq(leases.id, id))).returning(leaseColumns)
  return row!
}

/** Puts the items a lease still holds back into its queue; answers how many. */
export async function setItemsReturned (tx: Tx, leaseId: Id<'lease'>): Promise<number> {
  const { rowCount } = await tx.update(workItems).set({ state: 'ready' })
    .where(and(eq(workItems.tenantId, tx.ctx.tenantId), eq(workItems.leaseId, leaseId), sql`${workItems.state} = 'leased'`))
  return rowCount ?? 0
}
