import { createHmac } from 'node:crypto'
import { problem } from '#kernel'
import type { Id } from '#kernel'

export const EndpointLimitReached = problem('endpoint-limit-reached', 409, 'There are as many endpoints as one owner may have.', 'Delete an endpoint that is no longer used.')
export const EndpointPaused = problem('endpoint-paused', 409, 'The endpoint is paused.', 'Resume it first; what happened in the meantime has been kept for it.')
export const EndpointActive = problem('endpoint-active', 409, 'The endpoint is not paused.', 'Nothing needs to be done.')
export const FilterMatchesNothing = problem('filter-matches-nothing', 422, 'A filter names no kind of event.', 'Correct the filters named in `errors`; the kinds of events are in the `webhooks` section of /openapi.json.')
export const SecretRefused = problem('webhook-secret-refused', 422, 'The signing secret is not fit for use.', 'Send `whsec_` and the base64 of 24 to 64 random bytes, or leave the secret out and take ours.')
export const ReplayTooLarge = problem('replay-too-large', 422, 'The replay would send more events at once than is allowed.', 'Replay in steps with `after` and `upTo`; the most at once is in `detail`.')
export const TooManyWaiters = problem('too-many-waiters', 429, 'Too many requests are already waiting for events.', 'Wait with one request at a time, and ask again after the seconds in Retry-After.')

/** How many endpoints the agency, and each lender, may have. */
export const endpointsMax = 20
/** How many events one replay may set out. */
export const replayMax = 100_000
/** An endpoint that took nothing for this long is paused. */
export const failingHoursMax = 72
/** After this many failures in a row an endpoint is left alone for a while: 5 s, doubling, at most 5 minutes. Other deliveries show that it is not one event's fault. */
export const failuresBeforeHold = 10
export const holdSecondsMin = 5
export const holdSecondsMax = 300

export const deliveryStates = ['pending', 'retrying', 'delivered', 'exhausted'] as const
/** Why an endpoint is paused: it failed for too long, it answered 410, or somebody asked for it. */
export const pauseReasons = ['failing', 'gone', 'requested'] as const

const secretPrefix = 'whsec_'

/** A signing secret holds 24 to 64 bytes (Standard Webhooks, "Signature scheme"). */
export const secretBytesMin = 24
export const secretBytesMax = 64

/** Seconds before each attempt, counted from the one before. Ten attempts within about 76 hours. */
export const attemptDelaysSeconds = [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400] as const

/** A receiver's Retry-After is honoured up to this many seconds. */
export const retryAfterSecondsMax = 86_400

/** The share of a delay by which it may be lengthened, so that receivers are not met by everything at once. */
export const jitterShare = 0.1

/** What a webhook endpoint may subscribe to: an event's name, or all of a noun's events as `payment.*`. */
export const eventFilterPattern = '^[a-z][A-Za-z]{0,40}\\.([a-z][A-Za-z]{0,40}|\\*)$'

/** What an attempt came to: `gone` means that the receiver wants no more (410). */
export type Outcome = 'delivered' | 'retry' | 'gone'

/** A signing secret made from 24 to 64 random bytes, as the receiver keeps it. Throws a plain Error on any other length. */
export function newSecret (bytes: Uint8Array): string {
  checkLength(bytes)
  return secretPrefix + Buffer.from(bytes).toString('base64')
}

/**
 * The `webhook-signature` header: `v1,<base64>` for each secret, separated by spaces, so that old and new secrets both verify while
 * one replaces the other. Signs `id.timestamp.body` by HMAC-SHA-256 (Standard Webhooks). Throws a plain Error on a malformed secret.
 */
export function sign (secrets: readonly string[], id: string, timestampSeconds: number, body: string | Buffer): string {
  if (secrets.length === 0) throw new Error('a webhook is signed with at least one secret')
  return secrets.map(secret => {
    const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${timestampSeconds}.`).update(body)
    return `v1,${mac.digest('base64')}`
  }).join(' ')
}

function keyOf (secret: string): Buffer {
  const base64 = secret.slice(secretPrefix.length)
  const key = Buffer.from(base64, 'base64')
  if (!secret.startsWith(secretPrefix) || key.toString('base64') !== base64) throw new Error('malformed webhook secret')
  checkLength(key)
  return key
}

function checkLength ({ length }: Uint8Array): void {
  if (length < secretBytesMin || length > secretBytesMax) throw new Error(`a webhook secret holds ${secretBytesMin} to ${secretBytesMax} bytes, not ${length}`)
}

/**
 * When to try again after `attemptsMade` attempts (0 before the first), or null when they are exhausted.
 * `jitter` (0 to 1) lengthens the delay by up to a tenth; a longer Retry-After of the receiver (seconds) is honoured up to a day.
 */
export function nextAttempt (attemptsMade: number, now: Date, jitter: number, retryAfterSeconds = 0): Date | null {
  const delay = attemptDelaysSeconds[attemptsMade]
  if (delay === undefined) return null
  const seconds = Math.max(delay, Math.min(retryAfterSeconds, retryAfterSecondsMax))
  return new Date(now.getTime() + Math.round(seconds * (1 + jitterShare * jitter) * 1000))
}

/** The seconds a Retry-After header asks for, given as seconds or as an HTTP date (RFC 9110, 10.2.3); 0 when absent, past or unreadable. */
export function retryAfterOf (header: string | undefined, now: Date): number {
  if (header === undefined) return 0
  if (/^\d{1,9}$/.test(header)) return Number(header)
  const seconds = Math.ceil((Date.parse(header) - now.getTime()) / 1000)
  return seconds > 0 ? seconds : 0
}

/**
 * What an attempt came to, by the HTTP status or the error that took its place. Only 2xx is delivered; a redirect is not followed
 * and counts as a failure; 410 asks for no more (Standard Webhooks, "Deliverability").
 */
export function outcomeOf (answer: number | Error): Outcome {
  if (typeof answer !== 'number') return 'retry'
  if (answer >= 200 && answer < 300) return 'delivered'
  return answer === 410 ? 'gone' : 'retry'
}

/** Whether an event type is subscribed to: no filters mean all events, `payment.*` means all of that noun's. */
export function isSubscribed (filters: readonly string[], type: string): boolean {
  return filters.length === 0 || filters.some(filter => filter.endsWith('.*') ? type.startsWith(filter.slice(0, -1)) : filter === type)
}

/** The kinds of events that filters subscribe to, of those there are; null: all. */
export const typesFor = (filters: readonly string[], known: readonly string[]): string[] | null =>
  filters.length === 0 ? null : known.filter(type => isSubscribed(filters, type))

/** Throws `FilterMatchesNothing` naming each filter that no kind of event answers to. */
export function checkFilters (filters: readonly string[], known: readonly string[], pointer: string): void {
  const violations = filters.flatMap((filter, i) => known.some(type => isSubscribed([filter], type)) ? [] : [{ pointer: `${pointer}/${i}`, message: `no kind of event is \`${filter}\`` }])
  if (violations.length > 0) throw FilterMatchesNothing({}, { violations })
}

/** A signing secret that a caller chose. Throws `SecretRefused`. */
export function checkSecret (secret: string): string {
  try {
    keyOf(secret)
    return secret
  } catch {
    throw SecretRefused()
  }
}

/** What fan-out must know of an endpoint. */
export interface Subscription { id: Id<'webhookEndpoint'>, lenderId: Id<'lender'> | null, filters: readonly string[], afterSequence: number }

/** The kind of event that goes to the one endpoint it names, whatever that subscribed to. */
export const testType = 'webhook.test'

/**
 * Whether an endpoint gets an event: one that happened after it was made, that its owner may know, and that it subscribed to.
 * A test goes to the endpoint it tests and to no other; what happens to an endpoint is told to the others.
 */
export function receives (endpoint: Subscription, event: { sequence: number, type: string, lenderId: Id<'lender'> | null, data: unknown }): boolean {
  if (event.sequence <= endpoint.afterSequence) return false
  if (endpoint.lenderId !== null && endpoint.lenderId !== event.lenderId) return false
  const isAboutIt = (event.data as { webhookEndpointId?: unknown }).webhookEndpointId === endpoint.id
  if (event.type === testType) return isAboutIt
  return !isAboutIt && isSubscribed(endpoint.filters, event.type)
}

/** What came of an attempt. */
export interface Answer { outcome: Outcome, status: number | null, retryAfterSeconds: number }

const after = (now: Date, seconds: number): Date => new Date(now.getTime() + seconds * 1000)

/** A delivery after an attempt. A receiver that is gone keeps its delivery: it goes out should the endpoint be resumed. */
export function deliveryAfter ({ id, tries }: { id: Id<'delivery'>, tries: number }, answer: Answer, now: Date): { state: 'delivered' | 'retrying' | 'exhausted', nextAttemptAt: Date | null } {
  if (answer.outcome === 'delivered') return { state: 'delivered', nextAttemptAt: null }
  if (answer.outcome === 'gone') return { state: 'retrying', nextAttemptAt: now }
  // The end of an id is random: it spreads the retries, and a test clock lives through the same ones twice.
  const jitter = parseInt(id.slice(-4), 16) / 0xffff
  const nextAttemptAt = nextAttempt(tries + 1, now, jitter, answer.retryAfterSeconds)
  return { state: nextAttemptAt === null ? 'exhausted' : 'retrying', nextAttemptAt }
}

/** How an endpoint has been answering. */
export interface Health { pauseReason: typeof pauseReasons[number] | null, failures: number, failingSince: Date | null, heldUntil: Date | null }

const later = (a: Date | null, b: Date): Date => a !== null && a > b ? a : b

/** When an endpoint that goes on failing is paused; null while it does not fail. */
export const pauseAtOf = ({ failingSince }: Pick<Health, 'failingSince'>): Date | null => failingSince && after(failingSince, failingHoursMax * 3600)

/** An endpoint's health after one more attempt. A receiver that asks for time (429, 503 with Retry-After) gets it from all its deliveries. */
export function healthAfter (health: Health, { outcome, status, retryAfterSeconds }: Answer, now: Date): Health {
  if (outcome === 'delivered') return { ...health, failures: 0, failingSince: null }
  const failures = health.failures + 1
  const failingSince = health.failingSince ?? now
  let { heldUntil } = health
  if (status === 429 || (status === 503 && retryAfterSeconds > 0)) {
    heldUntil = later(heldUntil, after(now, Math.min(Math.max(retryAfterSeconds, holdSecondsMin), retryAfterSecondsMax)))
  }
  if (failures >= failuresBeforeHold) {
    heldUntil = later(heldUntil, after(now, Math.min(holdSecondsMin * 2 ** Math.min(failures - failuresBeforeHold, 10), holdSecondsMax)))
  }
  const isOverdue = pauseAtOf({ failingSince })! <= now
  return { failures, failingSince, heldUntil, pauseReason: outcome === 'gone' ? 'gone' : isOverdue ? 'failing' : health.pauseReason }
}

/** An event as it is told: `sequence` is its place in the listener's own stream, `data` the facts as JSON text. */
export interface Told {
  id: Id<'event'>, type: string, version: number, sequence: number, tenantId: Id<'tenant'>, lenderId: Id<'lender'> | null, accountId: Id<'account'> | null
  occurredAt: string, recordedAt: string, correlationId: string, livemode: boolean, data: string
}

/** The one text of an event, in webhooks and in the feed. Made anew from the stored row it is the same, byte for byte. */
export function envelope ({ id, type, version, sequence, tenantId, lenderId, accountId, occurredAt, recordedAt, correlationId, livemode, data }: Told): string {
  const head = JSON.stringify({
    id, type, apiVersion: version, sequence, tenantId, ...lenderId !== null && { lenderId }, ...accountId !== null && { accountId },
    occurredAt, recordedAt, correlationId, livemode,
  })
  return `${head.slice(0, -1)},"data":{"object":${data}}}`
}
