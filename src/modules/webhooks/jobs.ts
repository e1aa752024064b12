import type { Id } from '#kernel'
import { emit, job } from '#platform'
import type { EventRow, Safe, Tx, Work } from '#platform'
import { secretPlace } from './commands.ts'
import { deliveryAfter, envelope, healthAfter, isSubscribed, pauseAtOf, receives, testType } from './core.ts'
import type { Health, Subscription } from './core.ts'
import type { Answered, Parcel } from './attempt.jobs.ts'
import { courierOf } from './courier.jobs.ts'
import type { Courier, Desk } from './courier.jobs.ts'
import { WebhookEndpointPaused } from './events.ts'
import {
  insertAttempts, insertDeliveries, isAnythingDue, listDueDeliveries, listSubscriptions, lockRecipients, setEndpointsDue, setRecipients,
} from './sending.db.ts'
import type { DueDelivery, NewDelivery, Recipient } from './sending.db.ts'
import { webhookEndpoints } from './tables.ts'

/** Makes the deliveries of every event, in one statement a batch: one for each endpoint that is to hear of it. They commit with the job's progress. */
export const fanOut = job({
  name: 'webhooks.fanOut', on: 'all',
  async run (tx, events) {
    const lenderIds = new Set(events.flatMap(({ lenderId }) => lenderId === null ? [] : [lenderId]))
    const subscriptions = await listSubscriptions(tx, [...lenderIds])
    const rows = match(subscriptions, events)
    if (rows.length === 0) return
    await insertDeliveries(tx, rows)
    await setEndpointsDue(tx, [...new Set(rows.map(row => row.endpointId))])
  },
})

/** Pairs events with the endpoints that get them. Filters are looked at once for each kind of event. */
function match (subscriptions: readonly Subscription[], events: readonly EventRow[]): NewDelivery[] {
  const byType = new Map<string, Subscription[]>()
  return events.flatMap(event => {
    const candidates = byType.get(event.type) ?? subscriptions.filter(({ filters }) => event.type === testType || isSubscribed(filters, event.type))
    byType.set(event.type, candidates)
    return candidates.filter(endpoint => receives(endpoint, event)).map(endpoint => ({
      endpointId: endpoint.id, lenderId: endpoint.lenderId, sequence: event.sequence, eventId: event.id, eventType: event.type,
    }))
  })
}

/** How often a slice that waits for slow receivers looks for new deliveries to others. */
const lookAgainMs = 100

/**
 * Sends what is due, and writes down what came of it. One transaction a turn records the answers that have come in and takes new deliveries in
 * hand. The slice ends when nothing is left or its time is over; attempts still under way then are written down when they end.
 */
export const deliver = job({
  name: 'webhooks.deliver', due: webhookEndpoints, attemptsMax: 50,
  async run (work) {
    const courier = courierOf(work.outside.http)
    const desk = courier.deskOf(work.tenantId)
    const close = desk.open(async () => { await desk.turn(async answered => await turn(work, courier, desk, answered, false)) })
    try {
      while (true) {
        const taken = await desk.turn(async answered => await turn(work, courier, desk, answered, true))
        if (taken === 0 && desk.inHand.size === 0 && !await work.tx(isAnythingDue)) return false
        if (work.isOver()) return taken > 0
        await desk.wait(lookAgainMs)
      }
    } finally {
      close()
    }
  },
})

/** Records answers and, if `isTaking`, takes new deliveries in hand, in one transaction. Answers how many were taken. */
async function turn (work: Work, courier: Courier, desk: Desk, answered: readonly Answered[], isTaking: boolean): Promise<number> {
  const full = desk.lanes.full()
  const takes = isTaking && !desk.isFull()
  if (!takes && answered.length === 0) return 0
  const { parcels, stopped } = await work.tx(async tx => {
    const recipients = await lockRecipients(tx, courier.id, [...new Set(answered.map(({ parcel }) => parcel.endpointId))], full, takes)
    const health = await record(tx, recipients, answered)
    const open = takes ? recipients.filter(({ id, state, isDue, isMine }) => state === 'active' && isDue && isMine && !full.includes(id) && mayGet(health.get(id)!, tx.ctx.now)) : []
    const parcels = open.length === 0 ? [] : await pack(tx, await work.vault.safeOf(tx), open, desk)
    const stopped = recipients.filter(({ id, state }) => state !== 'active' || !mayGet(health.get(id)!, tx.ctx.now)).map(({ id }) => id)
    await settle(tx, courier, recipients, health, leftInHand(desk, answered, parcels, stopped))
    return { parcels, stopped }
  })
  for (const id of stopped) desk.lanes.putBack(id)
  desk.send(parcels)
  return parcels.length
}

const mayGet = ({ pauseReason, heldUntil }: Health, now: Date): boolean => pauseReason === null && (heldUntil === null || heldUntil <= now)

/** Writes the answers down. Answers each endpoint's health after them; one that has failed for too long is found out here, whether it answered or not. */
async function record (tx: Tx, recipients: readonly Recipient[], answered: readonly Answered[]): Promise<Map<Id<'webhookEndpoint'>, Health>> {
  const { now } = tx.ctx
  const health = new Map<Id<'webhookEndpoint'>, Health>(recipients.map(({ id, pauseReason, failures, failingSince, heldUntil }) => [id, { pauseReason, failures, failingSince, heldUntil }]))
  for (const { parcel, answer } of answered) health.set(parcel.endpointId, healthAfter(health.get(parcel.endpointId)!, answer, now))
  for (const [id, state] of health) {
    const pauseAt = pauseAtOf(state)
    if (state.pauseReason === null && pauseAt !== null && pauseAt <= now) health.set(id, { ...state, pauseReason: 'failing' })
  }
  if (answered.length > 0) {
    await insertAttempts(tx, answered.map(({ parcel, answer, latencyMs, text, error }) => ({
      id: parcel.id, ...deliveryAfter(parcel, answer, now), status: answer.status, latencyMs, answer: text, error,
    })))
  }
  return health
}

/** Takes due deliveries in hand: builds each event's text and looks up where it goes and with which secrets it is signed. */
async function pack (tx: Tx, safe: Safe, recipients: readonly Recipient[], desk: Desk): Promise<Parcel[]> {
  const byId = new Map(recipients.map(({ id, url, secret, previousSecret, failures, realTime }) => {
    const { origin, pathname, search } = new URL(url)
    const secrets = [safe.open(secretPlace(id, 'secret'), secret), ...previousSecret === null ? [] : [safe.open(secretPlace(id, 'previous_secret'), previousSecret)]]
    return [id, { origin, path: pathname + search, secrets, realTime, isFailing: failures > 0 }]
  }))
  const takenAt = performance.now()
  const bodies = new Map<string, Buffer>()
  const due = [...await fetch(tx, desk, [...byId.keys()], true), ...await fetch(tx, desk, [...byId.keys()], false)]
  return due.map(({ id, endpointId, tries, told }) => {
    // The same event in the same stream is one text, however many endpoints get it.
    const name = `${told.id}/${told.sequence}`
    const body = bodies.get(name) ?? Buffer.from(envelope(told))
    bodies.set(name, body)
    return { id, endpointId, tries, eventId: told.id, body, takenAt, ...byId.get(endpointId)! }
  })
}

/** Fetches what is due to the endpoints that have proven themselves, or to those that have not, beside what is in hand already. */
async function fetch (tx: Tx, desk: Desk, endpointIds: readonly Id<'webhookEndpoint'>[], isProven: boolean): Promise<DueDelivery[]> {
  const ids = new Set(endpointIds.filter(id => desk.lanes.isProven(id) === isProven))
  const inHand = [...desk.inHand].filter(([, endpointId]) => ids.has(endpointId)).map(([id]) => id)
  return ids.size === 0 ? [] : await listDueDeliveries(tx, [...ids], inHand, isProven)
}

/** How many deliveries each endpoint will have in hand after the turn; one that gets nothing now, only those under way. */
function leftInHand (desk: Desk, answered: readonly Answered[], parcels: readonly Parcel[], stopped: readonly Id<'webhookEndpoint'>[]): Map<Id<'webhookEndpoint'>, number> {
  const left = new Map<Id<'webhookEndpoint'>, number>()
  const add = (id: Id<'webhookEndpoint'>, n: number): void => { left.set(id, (left.get(id) ?? 0) + n) }
  for (const id of desk.inHand.values()) add(id, 1)
  for (const { parcel } of answered) add(parcel.endpointId, -1)
  for (const { endpointId } of parcels) add(endpointId, 1)
  for (const id of stopped) left.set(id, desk.lanes.underWayAt(id))
  return left
}

/** Writes the endpoints: health, next deadline, and whether this process keeps them for itself. Says so when one is paused. */
async function settle (tx: Tx, courier: Courier, recipients: readonly Recipient[], health: ReadonlyMap<Id<'webhookEndpoint'>, Health>, left: ReadonlyMap<Id<'webhookEndpoint'>, number>): Promise<void> {
  await setRecipients(tx, courier.id, recipients.map(({ id, isMine }) => {
    const after = health.get(id)!
    return { id, isMine, isKept: (left.get(id) ?? 0) > 0, pauseAt: pauseAtOf(after), ...after }
  }))
  for (const { id, lenderId, state } of recipients) {
    const { pauseReason } = health.get(id)!
    if (state === 'active' && pauseReason !== null) emit(tx, WebhookEndpointPaused, lenderId === null ? {} : { lenderId }, { webhookEndpointId: id, reason: pauseReason })
  }
}
