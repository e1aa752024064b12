import { NotTaken, checkPermit } from '#platform'
import type { Outside, Sender } from '#platform'
import type { GatewayChannel } from './adapter.core.ts'
import type { OpenGateway } from './commands.ts'
import { answerOf, requestFor } from './core.ts'
import type { Outgoing } from './core.ts'

/** How long a message may take in all, from the connection to the end of the answer. */
const sendTimeoutMsDefault = 15_000
/** How much of an answer is read. */
const answerBytesMax = 64 * 1024

/** A telephone number in digits, with its country or as the gateway's own country writes it. */
const number = /^\+?[0-9]{5,15}$/

/**
 * What an agency's messages leave by: its own active gateway for a channel, where it has one that can be posted to, and the installation's sender otherwise. `publicUrl` is where
 * this API is reached from outside; without one a provider calls back where its own settings say.
 */
export function sendersOf (outside: Outside, own: readonly OpenGateway[], sendTimeoutMs: number = sendTimeoutMsDefault): Record<GatewayChannel, Sender> {
  const senderFor = (channel: GatewayChannel): Sender | null => {
    const gateway = own.find(one => one.channel === channel && (one.url ?? one.adapter.posting.address) !== null)
    return gateway === undefined ? null : gatewaySender(outside, gateway, sendTimeoutMs)
  }
  return { email: senderFor('email') ?? outside.email, sms: senderFor('sms') ?? outside.sms }
}

/**
 * Hands SMS to a provider by its adapter. Redirects are not followed. When an answer is lost, a provider that drops repeats is asked again; of another it is not known whether
 * it has the message, and nobody is written to twice: its callback may still say what became of it.
 */
const gatewaySender = ({ http, publicUrl }: Outside, { id, adapter, url, senderId, credentials }: OpenGateway, sendTimeoutMs: number): Sender => ({
  async send (letter) {
    checkPermit(letter)
    const { key, to, text } = letter
    if (!number.test(to)) throw new NotTaken('not a telephone number', true)
    // From outside nobody reaches an installation that has no address but this machine's.
    const callbackUrl = publicUrl.startsWith('https://') ? `${publicUrl}/v1/gateway-callbacks/${id}` : null
    const { status, answer, error, isBegun } = await post(http, requestFor(adapter, credentials, { to, text, key, from: senderId, url, callbackUrl }), sendTimeoutMs)
    if (status === null) throw new NotTaken(`${adapter.id} ${error ?? 'failed'}`, isBegun && !adapter.posting.dropsRepeats)
    const said = answerOf(adapter, status, answer)
    if (said.outcome !== 'taken') throw new NotTaken(`${adapter.id} ${said.code}`, said.outcome === 'final')
    return { providerId: said.providerId }
  },
})

interface Reply { status: number | null, answer: string, error: string | null, isBegun: boolean }

/** Posts, and reads the answer up to its limit. Its status is its word: one that breaks off after it, stalls or goes on for too long is as long as it got. Never throws. */
const post = async (http: Outside['http'], { method, url, headers, body }: Outgoing, timeoutMs: number): Promise<Reply> => await new Promise(resolve => {
  const { origin, pathname, search } = new URL(url)
  const pieces: Buffer[] = []
  let size = 0
  let status: number | null = null
  let isBegun = false
  let isOver = false
  let abort: (() => void) | undefined
  const end = (error: string | null): void => {
    if (isOver) return
    isOver = true
    clearTimeout(timer)
    resolve({ status, answer: Buffer.concat(pieces).toString('utf8'), error, isBegun })
  }
  const timer = setTimeout(() => {
    end('timeout')
    abort?.()
  }, timeoutMs)
  http.dispatch({ origin, path: pathname + search, method, headers, body }, {
    onRequestStart (controller) {
      abort = () => controller.abort(new Error('timeout'))
      // Its time may have run out while it waited for a connection.
      if (isOver) abort()
      else isBegun = true
    },
    onResponseStart (_controller, code) { if (code >= 200) status = code },
    onResponseData (_controller, chunk) {
      size += chunk.length
      if (size <= answerBytesMax) pieces.push(chunk)
    },
    onResponseEnd: () => end(null),
    onResponseError: (_controller, error) => end(nameOf(error)),
  })
})

/** What went wrong, by its code: never an address or what a library says of one. */
const nameOf = (error: unknown): string => {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code : 'connection failed'
}
