import { Problem } from '#kernel'
import type { Id } from '#kernel'
import type { Outside } from '#platform'
import { outcomeOf, retryAfterOf, sign } from './core.ts'
import type { Answer } from './core.ts'

/** How a process reaches the world. */
export type Http = Outside['http']

/** How long an attempt may take in all, from the connection to the end of the answer. */
export const attemptTimeoutMs = 15_000
/** How much of an answer is kept. */
const answerBytesMax = 1024

/** A delivery in hand: all that an attempt needs. The same bytes are signed and sent. */
export interface Parcel {
  id: Id<'delivery'>, endpointId: Id<'webhookEndpoint'>, tries: number, eventId: Id<'event'>, origin: string, path: string, secrets: readonly string[], body: Buffer
  /** Real time when it was taken in hand, by the database's clock and by this process's. */
  realTime: number, takenAt: number
  /** Whether the endpoint has been failing: it is tried with one delivery at first. */
  isFailing: boolean
}

/** An attempt that is over. */
export interface Answered { parcel: Parcel, answer: Answer, latencyMs: number, text: string | null, error: string | null }

/** One attempt: signs, posts, and reads the beginning of the answer. Never throws: what went wrong is the result. */
export async function attempt (http: Http, parcel: Parcel): Promise<Answered> {
  const { origin, path, body, eventId, secrets } = parcel
  const begun = performance.now()
  const realNow = parcel.realTime + begun - parcel.takenAt
  const seconds = Math.floor(realNow / 1000)
  const headers = {
    'content-type': 'application/json', 'user-agent': 'Recoup-Webhooks/1',
    'webhook-id': eventId, 'webhook-timestamp': String(seconds), 'webhook-signature': sign(secrets, eventId, seconds, body),
  }
  const { status, retryAfter, text, error } = await post(http, { origin, path, body, headers })
  return {
    parcel, text, error, latencyMs: Math.round(performance.now() - begun),
    answer: { outcome: outcomeOf(status ?? new Error(error ?? '')), status, retryAfterSeconds: retryAfterOf(retryAfter, new Date(realNow)) },
  }
}

interface Reply { status: number | null, retryAfter: string | undefined, text: string | null, error: string | null }

/**
 * Posts, and keeps the first KiB of the answer; the rest is read and forgotten, so that the connection can be used again. The answer is the
 * status: one that breaks off after it, stalls or goes on for too long is as long as it got. Redirects are not followed.
 */
const post = async (http: Http, request: { origin: string, path: string, body: Buffer, headers: Record<string, string> }): Promise<Reply> => await new Promise(resolve => {
  const chunks: Buffer[] = []
  let size = 0
  let status: number | null = null
  let retryAfter: string | undefined
  let abort: (() => void) | undefined
  let isOver = false
  const end = (error: string | null): void => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    const text = Buffer.concat(chunks).subarray(0, answerBytesMax).toString('utf8').replaceAll('\0', '\ufffd')
    resolve(status === null ? { status, retryAfter, text: null, error } : { status, retryAfter, text, error: null })
  }
  const timer = setTimeout(() => {
    end('timeout')
    abort?.()
  }, attemptTimeoutMs)
  http.dispatch({ ...request, method: 'POST' }, {
    onRequestStart (controller) {
      abort = () => controller.abort(new Error('timeout'))
      // Its time may have run out while it waited for a connection.
      if (isOver) abort()
    },
    onResponseStart (_controller, code, answered) {
      if (code < 200) return
      status = code
      retryAfter = [answered['retry-after']].flat()[0]
    },
    onResponseData (_controller, chunk) {
      if (size < answerBytesMax) chunks.push(chunk)
      size += chunk.length
    },
    onResponseEnd: () => end(null),
    onResponseError: (_controller, error) => end(nameOf(error)),
  })
})

/** What went wrong, by its code: never an address or what a library says of one. */
function nameOf (error: unknown): string {
  if (error instanceof Problem) return `${error.code}: ${String(error.details['reason'] ?? '')}`
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'connection failed'
}
