import { createHmac } from 'node:crypto'

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
