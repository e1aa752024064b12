import type { Id } from '#kernel'
import { findAnswers, keepAnswers } from '#platform'
import type { Answer, Database, Fingerprints, Principal, Vault } from '#platform'
import { leaseWork } from './commands.ts'
import type { Grant, LeaseRequest, Memory } from './commands.ts'
import { takenMax } from './leases.db.ts'

/** What an Idempotency-Key asks for: that the answer to a grant be kept for a repeat. */
export interface Keyed extends Fingerprints { answer (grant: Grant): Answer }

interface Waiting { principal: Principal, request: LeaseRequest, key: Keyed | null, resolve (grant: Grant): void, reject (error: unknown): void }

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
interface Memories { recall (name: string): Memory | null, keep (name: string, memory: Memory): void }

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

/** Hands out work. With a `key` the answer is kept for a repeat, which throws `Replay`, `IdempotencyKeyReused` or `IdempotencyInProgress`. */
export type Dispense = (principal: Principal, queueId: Id<'queue'>, request: LeaseRequest, key: Keyed | null) => Promise<Grant>

/**
 * Hands out work. Requests of one queue that arrive while another is being served wait for it and are then served together, by one
 * transaction: hundreds of collectors who ask at once would otherwise fight over the same rows at the head of the queue.
 * Each is granted its own lease in the order of asking; when the transaction fails, each hears why. Answers under an Idempotency-Key commit with the work.
 */
export function dispenser ({ db, vault }: { db: Database, vault: Vault }): Dispense {
  const lines = new Map<string, Waiting[]>()
  const known = memories()

  /** One transaction for a batch: what each is granted, or why not. */
  const grant = async (name: string, batch: readonly Waiting[], queueId: Id<'queue'>): Promise<(Grant | Error)[]> => {
    const { tenantId, livemode, hasTestClock } = batch[0]!.principal
    const { outcomes, memory } = await db.withTenant({ tenantId, livemode, hasTestClock, actor: { kind: 'system', id: null } }, async tx => {
      const inTheWay = await findAnswers(tx, vault, batch.map(({ key }) => key))
      const fresh = batch.filter((_, i) => inTheWay[i] === null)
      if (fresh.length === 0) return { outcomes: inTheWay as Error[], memory: null }
      const { grants, memory } = await leaseWork(tx, queueId, fresh.map(({ request }) => request), known.recall(name))
      keepAnswers(tx, vault, fresh.flatMap(({ key }, i) => key === null ? [] : [{ ...key, ...key.answer(grants[i]!) }]))
      const granted = grants.values()
      return { outcomes: inTheWay.map(error => error ?? granted.next().value!), memory }
    })
    if (memory !== null) known.keep(name, memory)
    return outcomes
  }

  const serve = async (name: string, line: Waiting[], queueId: Id<'queue'>): Promise<void> => {
    while (line.length > 0) {
      const batch = cutLine(line)
      try {
        const outcomes = await grant(name, batch, queueId)
        batch.forEach(({ resolve, reject }, i) => {
          const outcome = outcomes[i]!
          if (outcome instanceof Error) reject(outcome)
          else resolve(outcome)
        })
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    lines.delete(name)
  }

  return async (principal, queueId, request, key) => await new Promise((resolve, reject) => {
    const name = `${principal.tenantId} ${queueId}`
    const waiting = { principal, request, key, resolve, reject }
    const line = lines.get(name)
    if (line !== undefined) {
      line.push(waiting)
      return
    }
    const begun = [waiting]
    lines.set(name, begun)
    void serve(name, begun, queueId)
  })
}
