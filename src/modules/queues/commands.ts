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
import { setAnnounced, setUnannounced } from './filling.db.ts'
import { findOutlook, setLeasesLapsed, takeItems } from './leases.db.ts'
import type { NewLease, OpenZone, TakenItem } from './leases.db.ts'

/** Adds a queue. It is filled from the accounts there are in the background. */
export async function createQueue (tx: Tx, { name, filter = {}, ordering }: QueueInput): Promise<QueueRow> {
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
  for (const queueId of await setAnnounced(tx, [...new Set(ids)])) emit(tx, WorkItemAvailable, {}, { queueId })
}

/** Ends leases whose time has passed, at most `max`, and puts their work back; answers how many. */
export async function expireLeases (tx: Tx, max: number): Promise<number> {
  const lapsed = await setLeasesLapsed(tx, max)
  for (const { id, queueId, itemCount } of lapsed) emit(tx, LeaseExpired, {}, { leaseId: id, queueId, itemCount })
  await announceWork(tx, lapsed.filter(({ itemCount }) => itemCount > 0).map(({ queueId }) => queueId))
  return lapsed.length
}

/** What somebody asks of a queue. */
export interface LeaseRequest { holder: { kind: string, id: string }, count: number, ttlSeconds: number }

/** A lease as it is granted; null when the queue has nothing that may be contacted now. */
export interface Grant { lease: LeaseRow | null, items: TakenItem[], ordering: Ordering }

/** The most leases that one look at a queue ends because their time has passed; the job ends the others. */
const lapsedMax = 100

/**
 * Lends out the first work of a queue whose debtors may be contacted now, to each who asks in turn, for as long as there is any. Leases that
 * have lapsed give their work back first. Who asks for more than there is gets what there is. Throws `NotFound`.
 */
export async function leaseWork (tx: Tx, queueId: Id<'queue'>, requests: readonly LeaseRequest[]): Promise<Grant[]> {
  const now = tx.ctx.now
  const leases = requests.map(({ holder, count, ttlSeconds }): NewLease => ({ id: newId('lease'), holder, count, dueAt: new Date(now.getTime() + ttlSeconds * 1000).toISOString() }))
  const { ordering, items } = await takeFrom(tx, queueId, leases)
  return leases.map(({ id, holder, dueAt }) => {
    const own = items.filter(item => item.leaseId === id)
    const lease: LeaseRow = { id, queueId, holderKind: holder.kind, holderId: holder.id, state: 'held', dueAt, createdAt: now.toISOString(), endedAt: null }
    return { lease: own.length === 0 ? null : lease, items: own, ordering }
  })
}

async function takeFrom (tx: Tx, queueId: Id<'queue'>, leases: readonly NewLease[]): Promise<{ ordering: Ordering, items: TakenItem[] }> {
  const items: TakenItem[] = []
  const wanted = leases.reduce((sum, { count }) => sum + count, 0)
  const look = async () => {
    const outlook = await findOutlook(tx, queueId)
    if (outlook === null) throw NotFound()
    return outlook
  }
  let outlook = await look()
  if (outlook.hasLapsed && await expireLeases(tx, lapsedMax) > 0) outlook = await look()
  const { ordering } = outlook
  const take = async (zones: readonly string[], isWide: boolean): Promise<void> => {
    const open = openZones(zones, tx.ctx.now)
    if (open.length > 0) items.push(...await takeItems(tx, queueId, wantedStill(leases, items), open, isWide))
  }
  await take(outlook.zones, false)
  // Fewer than asked for: others were quicker at the best zones, or the queue is empty. If it was said to have work, what came since counts.
  if (items.length < wanted && outlook.zones.length > 1) await take(outlook.zones, true)
  if (items.length < wanted && await setUnannounced(tx, queueId)) await take((await look()).zones, true)
  return { ordering, items }
}

/** What each lease still lacks. */
const wantedStill = (leases: readonly NewLease[], items: readonly TakenItem[]): NewLease[] => items.length === 0
  ? [...leases]
  : leases.map(lease => ({ ...lease, count: lease.count - items.filter(item => item.leaseId === lease.id).length })).filter(({ count }) => count > 0)

/** Zones whose calling hours were looked up, by zone and minute: hours begin and end on the minute. */
const hours = new Map<string, OpenZone | null>()
const hoursMax = 10_000

/** The zones in which a borrower may be called at an instant, with the end of their hours. A country whose law is not known is never open. */
function openZones (zones: readonly string[], now: Date): OpenZone[] {
  const minute = Math.floor(now.getTime() / 60_000)
  return zones.map(zone => {
    const name = `${minute} ${zone}`
    let open = hours.get(name)
    if (open === undefined) {
      open = hoursOf(zone, now)
      if (hours.size >= hoursMax) hours.clear()
      hours.set(name, open)
    }
    return open
  }).filter(open => open !== null)
}

function hoursOf (zone: string, now: Date): OpenZone | null {
  const { jurisdiction, region, timeZone } = zoneOf(zone)
  // The packs for any product and kind of borrower: what all of them allow, each of them does.
  const window = openWindow(selectPacks({ jurisdiction, region, on: dayIn(timeZone, now) }), [timeZone], 'call', now)
  return window === null || new Date(window.opensAt) > now ? null : { zone, closesAt: window.closesAt }
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
