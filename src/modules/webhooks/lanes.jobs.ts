import type { Id } from '#kernel'
import { attempt } from './attempt.jobs.ts'
import type { Answered, Http, Parcel } from './attempt.jobs.ts'

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

/** What waits for one endpoint, and how it has been answering: failures and successes in a row. */
interface Lane { waiting: Parcel[], busy: number, width: number, misses: number, taken: number }

/** All attempts of the process. A lane that finds it full waits its turn. */
export interface Traffic { underWay: number, readonly blocked: Map<Lane, () => void> }

/** The deliveries of one agency on their way, in a lane for each endpoint: a slow endpoint fills its own lane and nobody else's. */
export interface Lanes {
  send (parcels: readonly Parcel[]): void
  /** Puts back what waits for an endpoint that is to get nothing now. */
  putBack (endpointId: Id<'webhookEndpoint'>): void
  /** Endpoints that have enough waiting. */
  full (): Id<'webhookEndpoint'>[]
  /** Whether an endpoint has lately taken what it was sent. */
  isProven (endpointId: Id<'webhookEndpoint'>): boolean
  /** Attempts under way at an endpoint. */
  underWayAt (endpointId: Id<'webhookEndpoint'>): number
}

/** Opens lanes. `onAnswer` hears of every attempt that is over, `onDrop` of deliveries that will not be attempted now. */
export function newLanes (http: Http, traffic: Traffic, onAnswer: (answered: Answered) => void, onDrop: (parcels: readonly Parcel[]) => void): Lanes {
  const lanes = new Map<Id<'webhookEndpoint'>, Lane>()

  const advance = (lane: Lane): void => {
    while (lane.busy < lane.width && lane.waiting.length > 0) {
      if (traffic.underWay >= attemptsAtOnceMax) {
        traffic.blocked.set(lane, () => advance(lane))
        return
      }
      const parcel = lane.waiting.shift()!
      if (performance.now() - parcel.takenAt > patienceMs) onDrop([parcel])
      else void begin(parcel, lane)
    }
  }
  const begin = async (parcel: Parcel, lane: Lane): Promise<void> => {
    lane.busy++
    traffic.underWay++
    const answered = await attempt(http, parcel)
    lane.busy--
    traffic.underWay--
    learn(lane, answered)
    if (lane.misses >= missesMax || answered.answer.outcome === 'gone') onDrop(lane.waiting.splice(0))
    advance(lane)
    const [next] = traffic.blocked
    if (next !== undefined) {
      traffic.blocked.delete(next[0])
      next[1]()
    }
    onAnswer(answered)
  }

  return {
    send (parcels) {
      const touched = new Set<Lane>()
      for (const parcel of parcels) {
        const lane = lanes.get(parcel.endpointId) ?? { waiting: [], busy: 0, width: parcel.isFailing ? 1 : widthFirst, misses: 0, taken: 0 }
        lane.waiting.push(parcel)
        lanes.set(parcel.endpointId, lane)
        touched.add(lane)
      }
      for (const lane of touched) advance(lane)
    },
    putBack (endpointId) { onDrop(lanes.get(endpointId)?.waiting.splice(0) ?? []) },
    full: () => [...lanes].filter(([, lane]) => lane.waiting.length >= (lane.taken >= takenToProve ? waitingEnough : waitingEnoughAtFirst)).map(([id]) => id),
    isProven: endpointId => (lanes.get(endpointId)?.taken ?? 0) >= takenToProve,
    underWayAt: endpointId => lanes.get(endpointId)?.busy ?? 0,
  }
}

function learn (lane: Lane, { answer }: Answered): void {
  if (answer.outcome === 'delivered') {
    lane.misses = 0
    lane.taken++
    lane.width = Math.min(widthMax, lane.width + 1)
  } else {
    lane.misses++
    lane.taken = 0
    lane.width = Math.max(1, lane.width >> 1)
  }
}
