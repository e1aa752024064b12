import type { Id } from '#kernel'
import type { Database, Principal } from '#platform'
import { leaseWork } from './commands.ts'
import type { Grant, LeaseRequest, Memory } from './commands.ts'
import { takenMax } from './leases.db.ts'

interface Waiting { principal: Principal, request: LeaseRequest, resolve (grant: Grant): void, reject (error: unknown): void }

/** The next requests in line that one transaction serves. */
function cutLine (line: Waiting[]): Waiting[] {
  let items = 0
  const end = line.findIndex(({ request }) => (items += request.count) > takenMax)
  return line.splice(0, end === -1 ? line.length : end)
}

/** How long what is known of a queue is believed, and of how many queues it is kept. */
const memoryMs = 10_000
const memoriesMax = 10_000

/** What this process knows of queues from leases that were committed. */
export interface Memories { recall (name: string): Memory | null, keep (name: string, memory: Memory): void }

function memories (): Memories {
  const kept = new Map<string, { memory: Memory, until: number }>()
  return {
    recall (name) {
      const found = kept.get(name)
      return found === undefined || found.until < performance.now() ? null : found.memory
    },
    keep (name, memory) {
      const found = kept.get(name)
      // Renewed by a fresh look only: what follows from an old one is not younger.
      const until = found !== undefined && found.memory.arrivals === memory.arrivals && found.until > performance.now() ? found.until : performance.now() + memoryMs
      if (kept.size >= memoriesMax) kept.delete(kept.keys().next().value!)
      kept.set(name, { memory, until })
    },
  }
}

/** Hands out work: `dispense` together with others, or by a transaction of the caller's with what is known (`known`). */
export interface Dispenser {
  dispense (principal: Principal, queueId: Id<'queue'>, request: LeaseRequest): Promise<Grant>
  known: Memories
  nameOf (principal: Principal, queueId: Id<'queue'>): string
}

/**
 * Hands out work. Requests of one queue that arrive while another is being served wait for it and are then served together, by one
 * transaction: hundreds of collectors who ask at once would otherwise fight over the same rows at the head of the queue.
 * Each is granted its own lease in the order of asking; when the transaction fails, each hears why.
 */
export function dispenser (db: Database): Dispenser {
  const lines = new Map<string, Waiting[]>()
  const known = memories()
  const nameOf: Dispenser['nameOf'] = ({ tenantId }, queueId) => `${tenantId} ${queueId}`

  const serve = async (name: string, line: Waiting[], queueId: Id<'queue'>): Promise<void> => {
    while (line.length > 0) {
      const batch = cutLine(line)
      const { tenantId, livemode, hasTestClock } = batch[0]!.principal
      try {
        const { grants, memory } = await db.withTenant({ tenantId, livemode, hasTestClock, actor: { kind: 'system', id: null } },
          async tx => await leaseWork(tx, queueId, batch.map(({ request }) => request), known.recall(name)))
        known.keep(name, memory)
        batch.forEach(({ resolve }, i) => resolve(grants[i]!))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    lines.delete(name)
  }

  return {
    known, nameOf,
    dispense: async (principal, queueId, request) => await new Promise((resolve, reject) => {
      const name = nameOf(principal, queueId)
      const waiting = { principal, request, resolve, reject }
      const line = lines.get(name)
      if (line !== undefined) {
        line.push(waiting)
        return
      }
      const begun = [waiting]
      lines.set(name, begun)
      void serve(name, begun, queueId)
    }),
  }
}
