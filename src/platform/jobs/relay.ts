import { idPattern } from '#kernel'
import type { Id } from '#kernel'
import type { Queues } from './backend.ts'
import { runJob } from './run.ts'
import type { Machine } from './run.ts'
import { findWork } from './sweep.ts'

/** How often the sweep looks for work that no notification told of. */
export const sweepMs = 1_000

/** How long notifications are gathered before the database is asked what there is to do. */
const gatherMs = 10

const isTenantId = new RegExp(idPattern('tenant'))

/** A worker: wakes on notifications and on the sweep, and runs what the database says is to be done. */
export async function startWorker (machine: Machine, queues: Queues, options: { concurrency: number, onError (error: unknown): void }) {
  const { db, jobs } = machine
  let waiting: Set<Id<'tenant'>> | 'all' = new Set()
  let timer: NodeJS.Timeout | undefined
  let relayed: Promise<void> = Promise.resolve()

  const relay = (): void => {
    timer = undefined
    const only = waiting === 'all' ? undefined : [...waiting]
    waiting = new Set()
    relayed = relayed.then(async () => await queues.wake(await findWork(db, jobs, only))).catch(options.onError)
  }
  const gather = (payload: string): void => {
    const tenants = payload.split(',').filter((id): id is Id<'tenant'> => isTenantId.test(id))
    if (tenants.length === 0) waiting = 'all'
    else if (waiting !== 'all') for (const tenant of tenants) waiting.add(tenant)
    timer ??= setTimeout(relay, gatherMs)
  }

  await queues.work({
    concurrency: options.concurrency,
    onWake: async ({ job, tenantId }) => {
      const isMore = await runJob(machine, job, tenantId)
      // What a reader of events has written may be due at once: it need not wait for the sweep.
      if (jobs.some(({ name, kind }) => name === job && kind === 'event')) gather(tenantId)
      return isMore
    },
    ticks: [{ name: 'sweep', everyMs: sweepMs, run: async () => await queues.wake(await findWork(db, jobs)) }],
    onError: options.onError,
  })
  const listener = await db.listen('recoup_events', gather, () => gather(''))

  return {
    async close (): Promise<void> {
      await listener.close()
      clearTimeout(timer)
      await relayed
      await queues.close()
      clearTimeout(timer)
    },
  }
}
