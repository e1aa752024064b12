import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { openWindow, selectPacks } from '../policy/index.ts'
import type { QueueChange, QueueInput } from './api.ts'
import { QueuesTooMany, checkHolder, checkLive, checkQueue, queuesMax, zoneOf } from './core.ts'
import type { Ordering } from './core.ts'
import { countQueues, insertQueue, listLeasedItems, lockLease, lockQueue, setItemsReturned, setLeaseEnded, setLeaseKept, setQueue } from './db.ts'
import type { LeaseRow, QueueRow } from './db.ts'
import { LeaseExpired, WorkItemAvailable } from './events.ts'
import { setArrived, setUnannounced } from './filling.db.ts'
import { findOutlook, listReadyZones, setLeasesLapsed, takeItems } from './leases.db.ts'
import type { NewLease, OpenZone, Outlook, TakenItem } from './leases.db.ts'

/** Adds a queue. It is filled from the accounts there are in the background. */
export async function createQueue (tx: Tx, { name, filter = {}, ordering = 'age' }: QueueInput): Promise<QueueRow> {
  checkQueue(filter, ordering)
  if (await countQueues(tx) >= queuesMax) throw QueuesTooMany({ queuesMax })
  return await insertQueue(tx, { name, filter, ordering })
}

/** Changes a queue. With another filter or order it is filled again in the background: what no longer belongs is taken out, on lease or not. */
export async function changeQueue (tx: Tx, id: Id<'queue'>, change: QueueChange): Promise<QueueRow> {
  const { name, filter, ordering } = await lockQueue(tx, id)
  const changed = { name: change.name ?? name, filter: change.filter ?? filter, ordering: change.ordering ?? ordering }
  checkQueue(changed.filter, changed.ordering)
  return await setQueue(tx, id, changed, change.filter !== undefined || change.ordering !== undefined)
}

/** Says once that queues have work, until somebody finds them empty. */
export async function announceWork (tx: Tx, ids: readonly Id<'queue'>[]): Promise<void> {
  if (ids.length === 0) return
  for (const queueId of await setArrived(tx, [...new Set(ids)])) emit(tx, WorkItemAvailable, {}, { queueId })
}

/** Ends leases whose time has passed, a few hundred at once, and puts their work back; answers how many. */
export async function expireLeases (tx: Tx): Promise<number> {
  const lapsed = await setLeasesLapsed(tx)
  for (const { id, queueId, itemCount } of lapsed) emit(tx, LeaseExpired, {}, { leaseId: id, queueId, itemCount })
  await announceWork(tx, lapsed.filter(({ itemCount }) => itemCount > 0).map(({ queueId }) => queueId))
  return lapsed.length
}

/** What somebody asks of a queue. */
export interface LeaseRequest { holder: { kind: string, id: string }, count: number, ttlSeconds: number }

/** A lease as it is granted; null when the queue has nothing that may be contacted now. */
export interface Grant { lease: LeaseRow | null, items: TakenItem[], ordering: Ordering }

/**
 * What is known of a queue from the lease before: in which zones it has work, and in each the priority that nothing exceeds (null: it has
 * nothing any more). Good for as long as no work has come in, which `arrivals` tells, and only after the transaction that made it was committed.
 */
export interface Memory { arrivals: number, heads: ReadonlyMap<string, number | null> }

/** Leases granted, in the order of the requests, and what is now known of the queue. */
export interface Granted { grants: Grant[], memory: Memory }

/**
 * Lends out the first work of a queue whose debtors may be contacted now, to each who asks in turn, for as long as there is any. Leases that
 * have lapsed give their work back first. Who asks for more than there is gets what there is. Throws `NotFound`.
 */
export async function leaseWork (tx: Tx, queueId: Id<'queue'>, requests: readonly LeaseRequest[], known: Memory | null): Promise<Granted> {
  const now = tx.ctx.now
  const leases = requests.map(({ holder, count, ttlSeconds }): NewLease => ({ id: newId('lease'), holder, count, dueAt: instantText(new Date(now.getTime() + ttlSeconds * 1000)) }))
  const { ordering, arrivals } = await lookAt(tx, queueId)
  const { items, heads } = await takeFrom(tx, queueId, leases, known?.arrivals === arrivals ? known.heads : null)
  const byLease = new Map<string, TakenItem[]>(leases.map(({ id }) => [id, []]))
  for (const item of items) byLease.get(item.leaseId)!.push(item)
  const grants = leases.map(({ id, holder, dueAt }): Grant => {
    const own = byLease.get(id)!
    const lease: LeaseRow = { id, queueId, holderKind: holder.kind, holderId: holder.id, state: 'held', dueAt, createdAt: instantText(now), endedAt: null }
    return { lease: own.length === 0 ? null : lease, items: own, ordering }
  })
  return { grants, memory: { arrivals, heads } }
}

/** An instant as the database would show it: no zeros at the end of its seconds. */
const instantText = (instant: Date): string => instant.toISOString().replace(/\.?0+Z$/, 'Z')

async function lookAt (tx: Tx, queueId: Id<'queue'>): Promise<Outlook> {
  const outlook = await findOutlook(tx, queueId)
  if (outlook === null) throw NotFound()
  return outlook.hasLapsed && await expireLeases(tx) > 0 ? await lookAt(tx, queueId) : outlook
}

async function takeFrom (tx: Tx, queueId: Id<'queue'>, leases: readonly NewLease[], known: Memory['heads'] | null): Promise<{ items: TakenItem[], heads: Map<string, number | null> }> {
  const wanted = leases.reduce((sum, { count }) => sum + count, 0)
  const items: TakenItem[] = []
  let heads = new Map(known)
  const take = async (isWide: boolean): Promise<void> => {
    const open = openZones(heads, tx.ctx.now)
    if (open.length === 0) return
    const lacking = wantedStill(leases, items)
    const taken = await takeItems(tx, queueId, lacking, open, isWide)
    for (const { zone, priority } of taken) heads.set(zone, priority)
    items.push(...taken)
    // Every open zone was asked for as much as was wanted and there was less: they have nothing more.
    if (items.length < wanted && (isWide || open.length <= lacking.length)) for (const { zone } of open) heads.set(zone, null)
  }
  const takeAnew = async (): Promise<void> => {
    heads = new Map((await listReadyZones(tx, queueId)).map(zone => [zone, headMax]))
    await take(false)
    // The best zones had less than was wanted, for others were there as well: ask them all.
    if (items.length < wanted) await take(true)
  }
  if (known !== null) await take(false)
  // What is known may be outdated in one way: others let go of work that they had locked. Nobody is sent away on its strength alone.
  const isExhausted = known !== null && openZones(known, tx.ctx.now).length === 0
  if (items.length < wanted && !isExhausted) await takeAnew()
  // If the queue was said to have work, what came since counts; if not, nobody needs to be told that it has none.
  if (items.length < wanted && await setUnannounced(tx, queueId)) await takeAnew()
  return { items, heads }
}

/** Above every priority. */
const headMax = Number.MAX_SAFE_INTEGER

/** What each lease still lacks. */
const wantedStill = (leases: readonly NewLease[], items: readonly TakenItem[]): NewLease[] => items.length === 0
  ? [...leases]
  : leases.map(lease => ({ ...lease, count: lease.count - items.filter(item => item.leaseId === lease.id).length })).filter(({ count }) => count > 0)

/** When calling hours end in zones that were looked up, by zone and minute (hours begin and end on the minute): null is without end, undefined closed. */
const hours = new Map<string, string | null | undefined>()
const hoursMax = 10_000

/** The zones that have work and in which a borrower may be called at an instant. A country whose law is not known is never open. */
function openZones (heads: Memory['heads'], now: Date): OpenZone[] {
  const minute = Math.floor(now.getTime() / 60_000)
  const open: OpenZone[] = []
  for (const [zone, head] of heads) {
    const name = `${minute} ${zone}`
    if (!hours.has(name)) {
      if (hours.size >= hoursMax) hours.clear()
      hours.set(name, closingOf(zone, now))
    }
    const closesAt = hours.get(name)
    if (head !== null && closesAt !== undefined) open.push({ zone, closesAt, head })
  }
  return open
}

function closingOf (zone: string, now: Date): string | null | undefined {
  const { jurisdiction, region, timeZone } = zoneOf(zone)
  // The packs for any product and kind of borrower: what all of them allow, each of them does.
  const window = openWindow(selectPacks({ jurisdiction, region, on: dayIn(timeZone, now) }), [timeZone], 'call', now)
  return window === null || new Date(window.opensAt) > now ? undefined : window.closesAt
}

/** A lease that is held, with what it still holds. */
export interface Held { lease: LeaseRow, workItemIds: Id<'workItem'>[] }

/** Keeps a lease alive for `ttlSeconds` from now; answers what it still holds. Only its holder may. Throws `NotFound`, `LeaseNotYours`, `LeaseExpired` or `LeaseEnded`. */
export async function heartbeatLease (tx: Tx, id: Id<'lease'>, ttlSeconds: number): Promise<Held> {
  checkHolder(await lockLease(tx, id), tx.ctx.actor, tx.ctx.now)
  const lease = await setLeaseKept(tx, id, new Date(tx.ctx.now.getTime() + ttlSeconds * 1000).toISOString())
  return { lease, workItemIds: await listLeasedItems(tx, id) }
}

/** Gives a lease back before its time. Its holder may, and whoever `mayTakeBack`. Throws `NotFound`, `LeaseNotYours`, `LeaseExpired` or `LeaseEnded`. */
export async function releaseLease (tx: Tx, id: Id<'lease'>, mayTakeBack: boolean): Promise<Held> {
  const lease = await lockLease(tx, id)
  if (mayTakeBack) checkLive(lease, tx.ctx.now)
  else checkHolder(lease, tx.ctx.actor, tx.ctx.now)
  if (await setItemsReturned(tx, id) > 0) await announceWork(tx, [lease.queueId])
  return { lease: await setLeaseEnded(tx, id, 'released'), workItemIds: [] }
}
