import type { Id } from '#kernel'
import type { Database, Principal } from '#platform'
import { leaseWork } from './commands.ts'
import type { Grant, LeaseRequest } from './commands.ts'
import { takenMax } from './leases.db.ts'

interface Waiting { principal: Principal, request: LeaseRequest, resolve (grant: Grant): void, reject (error: unknown): void }

/** The next requests in line that one transaction serves. */
function cutLine (line: Waiting[]): Waiting[] {
  let items = 0
  const end = line.findIndex(({ request }) => (items += request.count) > takenMax)
  return line.splice(0, end === -1 ? line.length : end)
}

/**
 * Hands out work. Requests of one queue that arrive while another is being served wait for it and are then served together, by one
 * transaction: hundreds of collectors who ask at once would otherwise fight over the same rows at the head of the queue.
 * Each is granted its own lease in the order of asking; when the transaction fails, each hears why.
 */
export function dispenser (db: Database): (principal: Principal, queueId: Id<'queue'>, request: LeaseRequest) => Promise<Grant> {
  const lines = new Map<string, Waiting[]>()

  const serve = async (name: string, line: Waiting[], queueId: Id<'queue'>): Promise<void> => {
    while (line.length > 0) {
      const batch = cutLine(line)
      const { tenantId, livemode, hasTestClock } = batch[0]!.principal
      try {
        const grants = await db.withTenant({ tenantId, livemode, hasTestClock, actor: { kind: 'system', id: null } },
          async tx => await leaseWork(tx, queueId, batch.map(({ request }) => request)))
        batch.forEach(({ resolve }, i) => resolve(grants[i]!))
      } catch (error) {
        for (const { reject } of batch) reject(error)
      }
    }
    lines.delete(name)
  }

  return async (principal, queueId, request) => await new Promise((resolve, reject) => {
    const name = `${principal.tenantId} ${queueId}`
    const waiting = { principal, request, resolve, reject }
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
