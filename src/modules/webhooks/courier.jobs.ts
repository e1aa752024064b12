import { randomUUID } from 'node:crypto'
import { Problem } from '#kernel'
import type { Id } from '#kernel'
import type { Outside } from '#platform'
import { outcomeOf, retryAfterOf, sign } from './core.ts'
import type { Answer } from './core.ts'

type Http = Outside['http']

/** How long an attempt may take in all, from the connection to the end of the answer. */
export const attemptTimeoutMs = 15_000
/** How much of an answer is kept. */
export const answerBytesMax = 1024
/** How long a delivery may wait in hand for its turn at the endpoint; then it is left to a later turn. Shorter than the lease by more than an attempt. */
const patienceMs = 15_000
/** Attempts under way at once: in the process, and at one endpoint at first and at most. It gains one with each success and loses half with each failure. */
const attemptsAtOnceMax = 512
const widthFirst = 2
const widthMax = 8
/** After so many failures in a row an endpoint's deliveries in hand are put back at once. */
const missesMax = 10
/**
 * An endpoint with so many deliveries waiting in hand is given no more: few until it has taken so many in a row, and again after a failure, so
 * that those who hang do not fill the hands; then enough to keep it busy while the next ones are fetched.
 */
const waitingEnoughAtFirst = 16
const takenToProve = 16
const waitingEnough = 640
/** The deliveries of one agency that are in hand at most. */
const inHandMax = 4096
/** Answers are written down together: when there are so many, when no more are expected, or after this long. */
const answersEnough = 400
const gatherMs = 5

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

interface Lane { waiting: Parcel[], busy: number, width: number, misses: number, taken: number }

/**
 * One agency's deliveries in this process. A job's slice fills it, and what is still under way when the slice is over is written down
 * without it: a slow receiver occupies a socket, never a worker.
 */
export interface Desk {
  /** Deliveries taken and not yet written down. */
  readonly inHand: Map<Id<'delivery'>, Id<'webhookEndpoint'>>
  /** Endpoints that have enough waiting; all of them when the agency has. */
  full (): { endpoints: Id<'webhookEndpoint'>[], isFull: boolean }
  /** Whether an endpoint has lately taken what it was sent. */
  isProven (endpointId: Id<'webhookEndpoint'>): boolean
  /** Attempts under way at an endpoint. */
  underWayAt (endpointId: Id<'webhookEndpoint'>): number
  send (parcels: readonly Parcel[]): void
  /** Puts back what waits for an endpoint that is to get nothing now. */
  putBack (endpointId: Id<'webhookEndpoint'>): void
  /** Runs a turn after the one before: `work` gets the answers that have come in. They are forgotten when it is done, and kept when it throws. */
  turn<T> (work: (answered: readonly Answered[]) => Promise<T>): Promise<T>
  /** Waits until answers are worth writing down, or for so long. */
  wait (ms: number): Promise<void>
  /** While a slice is at it, answers are the slice's to write down; otherwise `onAnswers` is called for them. */
  open (onAnswers: () => Promise<void>): () => void
}

export interface Courier {
  /** Names the process in the leases of endpoints. */
  readonly id: string
  deskOf (tenantId: Id<'tenant'>): Desk
  /** Waits until nothing is under way, at most as long as an attempt may take. */
  drain (): Promise<void>
}

const couriers = new WeakMap<Http, Courier>()

/** The courier that sends through a dispatcher: one for the process. */
export function courierOf (http: Http): Courier {
  let courier = couriers.get(http)
  if (courier === undefined) {
    courier = newCourier(http)
    couriers.set(http, courier)
  }
  return courier
}

/** Waits until what is under way through a dispatcher has been written down: for a process that ends. */
export const drainWebhooks = async (http: Http): Promise<void> => { await couriers.get(http)?.drain() }

/** All attempts of the process. A lane that finds it full waits its turn. */
interface Traffic { underWay: number, readonly blocked: Map<Lane, () => void> }

function newCourier (http: Http): Courier {
  const traffic: Traffic = { underWay: 0, blocked: new Map() }
  const desks = new Map<Id<'tenant'>, Desk & { isIdle (): boolean }>()
  return {
    id: randomUUID(),
    deskOf (tenantId) {
      let desk = desks.get(tenantId)
      if (desk === undefined) {
        for (const [id, other] of desks) if (other.isIdle()) desks.delete(id)
        desk = newDesk(http, traffic)
        desks.set(tenantId, desk)
      }
      return desk
    },
    async drain () {
      const until = performance.now() + attemptTimeoutMs + 1_000
      while (performance.now() < until && [...desks.values()].some(desk => !desk.isIdle())) await new Promise(resolve => setTimeout(resolve, 20))
    },
  }
}

// eslint-disable-next-line max-lines-per-function -- one closure over what a desk has in hand
function newDesk (http: Http, traffic: Traffic): Desk & { isIdle (): boolean } {
  const inHand: Desk['inHand'] = new Map()
  const lanes = new Map<Id<'webhookEndpoint'>, Lane>()
  let answers: Answered[] = []
  let turns: Promise<unknown> = Promise.resolve()
  let turnsUnderWay = 0
  let slices = 0
  let onAnswers: () => Promise<void> = async () => undefined
  let wake: (() => void) | undefined
  let timer: NodeJS.Timeout | undefined

  const callOut = (): void => {
    clearTimeout(timer)
    timer = undefined
    if (slices > 0) wake?.()
    // What could not be written down will be sent again when the lease has run out: at least once.
    else void onAnswers().catch(() => undefined)
  }
  const answered = (answer: Answered): void => {
    answers.push(answer)
    if (answers.length >= answersEnough || answers.length === inHand.size) callOut()
    else timer ??= setTimeout(callOut, gatherMs)
  }
  const drop = (parcels: readonly Parcel[]): void => { for (const { id } of parcels) inHand.delete(id) }

  const advance = (endpointId: Id<'webhookEndpoint'>, lane: Lane): void => {
    while (lane.busy < lane.width && lane.waiting.length > 0) {
      if (traffic.underWay >= attemptsAtOnceMax) {
        traffic.blocked.set(lane, () => advance(endpointId, lane))
        return
      }
      const parcel = lane.waiting.shift()!
      if (performance.now() - parcel.takenAt > patienceMs) drop([parcel])
      else void begin(parcel, endpointId, lane)
    }
  }
  const begin = async (parcel: Parcel, endpointId: Id<'webhookEndpoint'>, lane: Lane): Promise<void> => {
    lane.busy++
    traffic.underWay++
    const result = await attempt(http, parcel)
    lane.busy--
    traffic.underWay--
    if (result.answer.outcome === 'delivered') {
      lane.misses = 0
      lane.width = Math.min(widthMax, lane.width + 1)
      lane.taken++
    } else {
      lane.misses++
      lane.taken = 0
      lane.width = Math.max(1, lane.width >> 1)
    }
    if (lane.misses >= missesMax || result.answer.outcome === 'gone') drop(lane.waiting.splice(0))
    advance(endpointId, lane)
    const [next] = traffic.blocked
    if (next !== undefined) {
      traffic.blocked.delete(next[0])
      next[1]()
    }
    answered(result)
  }

  return {
    inHand,
    isIdle: () => inHand.size === 0 && slices === 0 && turnsUnderWay === 0,
    full: () => ({
      endpoints: [...lanes].filter(([, lane]) => lane.waiting.length >= (lane.taken >= takenToProve ? waitingEnough : waitingEnoughAtFirst)).map(([id]) => id), isFull: inHand.size >= inHandMax,
    }),
    isProven: endpointId => (lanes.get(endpointId)?.taken ?? 0) >= takenToProve,
    underWayAt: endpointId => lanes.get(endpointId)?.busy ?? 0,
    send (parcels) {
      const touched = new Set<Id<'webhookEndpoint'>>()
      for (const parcel of parcels) {
        inHand.set(parcel.id, parcel.endpointId)
        const lane = lanes.get(parcel.endpointId) ?? { waiting: [], busy: 0, width: parcel.isFailing ? 1 : widthFirst, misses: 0, taken: 0 }
        lane.waiting.push(parcel)
        lanes.set(parcel.endpointId, lane)
        touched.add(parcel.endpointId)
      }
      for (const id of touched) advance(id, lanes.get(id)!)
    },
    putBack (endpointId) { drop(lanes.get(endpointId)?.waiting.splice(0) ?? []) },
    async turn (work) {
      turnsUnderWay++
      const mine = turns.then(async () => {
        const taken = answers
        answers = []
        try {
          const result = await work(taken)
          drop(taken.map(({ parcel }) => parcel))
          return result
        } catch (error) {
          answers = [...taken, ...answers]
          throw error
        }
      })
      turns = mine.catch(() => undefined)
      try {
        return await mine
      } finally {
        turnsUnderWay--
      }
    },
    async wait (ms) {
      // Answers without a timer were called out while nobody listened.
      if (answers.length > 0 && timer === undefined) return
      await new Promise<void>(resolve => {
        const late = setTimeout(resolve, ms)
        wake = () => {
          clearTimeout(late)
          resolve()
        }
      })
      wake = undefined
    },
    open (record) {
      slices++
      onAnswers = record
      return () => {
        slices--
        if (slices === 0 && answers.length > 0) timer ??= setTimeout(callOut, gatherMs)
      }
    },
  }
}

/** One attempt: signs, posts, and reads the beginning of the answer. Never throws: what went wrong is the result. */
async function attempt (http: Http, parcel: Parcel): Promise<Answered> {
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
