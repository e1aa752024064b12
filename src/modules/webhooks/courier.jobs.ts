import { randomUUID } from 'node:crypto'
import type { Id } from '#kernel'
import { attemptTimeoutMs } from './attempt.jobs.ts'
import type { Answered, Http, Parcel } from './attempt.jobs.ts'
import { newLanes } from './lanes.jobs.ts'
import type { Lanes, Traffic } from './lanes.jobs.ts'

/** The deliveries of one agency that are in hand at most. */
const inHandMax = 4096
/** Answers are written down together: when there are so many, when no more are expected, or after this long. */
const answersEnough = 400
const gatherMs = 10

/**
 * One agency's deliveries in this process. A job's slice fills it, and what is still under way when the slice is over is written down
 * without it: a slow receiver occupies a socket, never a worker.
 */
export interface Desk {
  readonly lanes: Lanes
  /** Deliveries taken and not yet written down. */
  readonly inHand: Map<Id<'delivery'>, Id<'webhookEndpoint'>>
  /** Whether the agency has as many in hand as it may. */
  isFull (): boolean
  send (parcels: readonly Parcel[]): void
  /** Runs a turn after the one before: `work` gets the answers that have come in. They are forgotten when it is done, and kept when it throws. */
  turn<T> (work: (answered: readonly Answered[]) => Promise<T>): Promise<T>
  /** Waits until answers are worth writing down, or for so long. */
  wait (ms: number): Promise<void>
  /** While a slice is at it, answers are the slice's to write down; otherwise `onAnswers` is called for them. Answers how to end the slice. */
  open (onAnswers: () => Promise<void>): () => void
  isIdle (): boolean
}

/** What sends through one dispatcher. */
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

function newCourier (http: Http): Courier {
  const traffic: Traffic = { underWay: 0, blocked: new Map() }
  const desks = new Map<Id<'tenant'>, Desk>()
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

function newDesk (http: Http, traffic: Traffic): Desk {
  const inHand: Desk['inHand'] = new Map()
  const box = newBox(() => inHand.size)
  const drop = (parcels: readonly Parcel[]): void => { for (const { id } of parcels) inHand.delete(id) }
  const lanes = newLanes(http, traffic, box.put, drop)
  let turns: Promise<unknown> = Promise.resolve()
  let turnsUnderWay = 0

  const runTurn = async <T>(work: (answered: readonly Answered[]) => Promise<T>): Promise<T> => {
    const taken = box.take()
    try {
      const result = await work(taken)
      drop(taken.map(({ parcel }) => parcel))
      return result
    } catch (error) {
      box.putBack(taken)
      throw error
    }
  }

  return {
    lanes, inHand,
    isFull: () => inHand.size >= inHandMax,
    isIdle: () => inHand.size === 0 && turnsUnderWay === 0 && !box.isOpen(),
    send (parcels) {
      for (const { id, endpointId } of parcels) inHand.set(id, endpointId)
      lanes.send(parcels)
    },
    async turn (work) {
      turnsUnderWay++
      const mine = turns.then(async () => await runTurn(work))
      turns = mine.catch(() => undefined)
      try {
        return await mine
      } finally {
        turnsUnderWay--
      }
    },
    wait: box.wait,
    open: box.open,
  }
}

/** Where answers are gathered until somebody writes them down. `expected`: how many deliveries have not been written down. */
function newBox (expected: () => number) {
  let answers: Answered[] = []
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

  return {
    put (answered: Answered): void {
      answers.push(answered)
      if (answers.length >= answersEnough || answers.length === expected()) callOut()
      else timer ??= setTimeout(callOut, gatherMs)
    },
    take (): Answered[] {
      const taken = answers
      answers = []
      return taken
    },
    putBack (taken: readonly Answered[]): void { answers = [...taken, ...answers] },
    isOpen: () => slices > 0,
    async wait (ms: number): Promise<void> {
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
    open (record: () => Promise<void>) {
      slices++
      onAnswers = record
      return (): void => {
        slices--
        if (slices === 0 && answers.length > 0) timer ??= setTimeout(callOut, gatherMs)
      }
    },
  }
}
