import { Pool } from 'undici'
import { NotTaken, checkPermit } from '../outside.ts'
import type { Sender } from '../outside.ts'

/** How long one SMS may take in all. */
const sendTimeoutMsDefault = 15_000
const connectTimeoutMs = 5_000
const connectionsMax = 32
const answerBytesMax = 64 * 1024

/** A telephone number in digits, with its country or as the gateway's own country writes it. */
const number = /^\+?[0-9]{5,15}$/

/** Statuses by which a gateway says that this message will never be taken. Anything else may succeed later. */
const finalStatuses: readonly number[] = [400, 410, 422]

/** A connection to the SMS gateway that hands over messages and can be closed. */
export interface SmsSender extends Sender { close (): Promise<void> }

/**
 * Hands SMS to an HTTP gateway: POST `{to, text, key}` with the bearer token and `Idempotency-Key`, answered by `{id}`.
 * The key is the same at every attempt; a gateway that knows it drops the repeat. Redirects are not followed.
 */
export function smsSender ({ url, token, sendTimeoutMs = sendTimeoutMsDefault }: { url: string, token: string, sendTimeoutMs?: number }): SmsSender {
  const { origin, pathname, search } = new URL(url)
  const pool = new Pool(origin, {
    connections: connectionsMax, connect: { timeout: connectTimeoutMs }, headersTimeout: sendTimeoutMs, bodyTimeout: sendTimeoutMs, maxResponseSize: answerBytesMax,
  })
  return {
    async send (letter) {
      checkPermit(letter)
      const { key, to, text } = letter
      if (!number.test(to)) throw new NotTaken('not a telephone number', true)
      const { statusCode, body } = await pool.request({
        method: 'POST', path: pathname + search, signal: AbortSignal.timeout(sendTimeoutMs), body: JSON.stringify({ to, text, key }),
        headers: { 'content-type': 'application/json', 'idempotency-key': key, ...token !== '' && { authorization: `Bearer ${token}` } },
      }).catch(failed)
      const answer = await body.text().catch(failed)
      if (statusCode < 200 || statusCode > 299) throw new NotTaken(`SMS gateway ${statusCode}`, finalStatuses.includes(statusCode))
      return { providerId: idIn(answer) }
    },
    async close () { await pool.close() },
  }
}

/** No answer, or not all of one: whether it was taken is not known, so it is sent again under the same key. */
const failed = (error: unknown): never => {
  const { code, name } = error as { code?: string, name?: string }
  throw new NotTaken(`SMS gateway ${code ?? name ?? 'failed'}`, false)
}

/** The gateway's id for the message; null when it took the message and did not say. */
function idIn (answer: string): string | null {
  try {
    const { id } = JSON.parse(answer) as { id?: unknown }
    return typeof id === 'string' || typeof id === 'number' ? String(id).replace(/\p{Cc}/gu, ' ').slice(0, 200) : null
  } catch {
    return null
  }
}
