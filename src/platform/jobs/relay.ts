import { setTimeout as sleep } from 'node:timers/promises'
import { idPattern } from '#kernel'
import type { Id } from '#kernel'
import { forgetAnswers } from '../api/idempotency.ts'
import type { Database } from '../db/database.ts'
import type { Queues, Tick } from './backend.ts'
import { passOver } from './passing.ts'
import { runJob } from './run.ts'
import type { Machine } from './run.ts'
import { clockJobName } from './clock.ts'
import { findWork } from './sweep.ts'
import type { Wake } from './sweep.ts'

/** How often the sweep looks for work that no notification told of. */
export const sweepMs = 1_000

/** How often answers kept for an Idempotency-Key are looked through for those that have been kept long enough. */
const forgetMs = 600_000

/** How long notifications are gathered before the database is asked what there is to do. */
const gatherMs = 10

const isTenantId = new RegExp(idPattern('tenant'))

/** What workers may be called for. An agency whose clock is on its way lives through that job alone: it runs all the others, in order. */
function callable (wakes: readonly Wake[]): Wake[] {
  const travelling = new Set(wakes.filter(({ job }) => job === clockJobName).map(({ tenantId }) => tenantId))
  return wakes.filter(({ job, tenantId }) => job === clockJobName || !travelling.has(tenantId))
}

/** What the installation does at intervals, whichever worker's turn it is. */
export const ticksFor = (db: Database, sweep: () => Promise<void>): Tick[] => [
  { name: 'sweep', everyMs: sweepMs, run: sweep },
  { name: 'forgetAnswers', everyMs: forgetMs, run: async () => await db.installation(forgetAnswers) },
]

/** A worker: wakes on notifications and on the sweep, and runs what the database says is to be done. */
export async function startWorker (machine: Machine, queues: Queues, options: { concurrency: number, onError (error: unknown): void }) {
  const { db, jobs } = machine
  let waiting: Set<Id<'tenant'>> | 'all' = new Set()
  let relaying: Promise<void> | undefined
  let isClosed = false

  const wakeFor = async (only?: readonly Id<'tenant'>[]): Promise<void> => await queues.wake(await passOver(db, jobs, callable(await findWork(db, jobs, only))))
  /** Asks for the agencies gathered so far; those told of meanwhile are gathered for the next time. */
  const relay = async (): Promise<void> => {
    await sleep(gatherMs)
    const only = waiting === 'all' ? undefined : [...waiting]
    waiting = new Set()
    await wakeFor(only).catch(options.onError)
    relaying = isIdle() ? undefined : relay()
  }
  const isIdle = (): boolean => isClosed || (waiting !== 'all' && waiting.size === 0)
  const gather = (payload: string): void => {
    const tenants = payload.split(',').filter((id): id is Id<'tenant'> => isTenantId.test(id))
    if (tenants.length === 0) waiting = 'all'
    else if (waiting !== 'all') for (const tenant of tenants) waiting.add(tenant)
    relaying ??= relay()
  }

  await queues.work({
    concurrency: options.concurrency,
    onWake: async ({ job, tenantId }) => {
      const isMore = await runJob(machine, job, tenantId)
      // What a reader of events has written may be due at once: it need not wait for the sweep.
      if (jobs.some(({ name, kind }) => name === job && kind === 'event')) gather(tenantId)
      return isMore
    },
    ticks: ticksFor(db, async () => await wakeFor()),
    onError: options.onError,
  })
  const listener = await db.listen('recoup_events', gather, () => gather(''))

  return {
    async close (): Promise<void> {
      isClosed = true
      await listener.close()
      await relaying
      await queues.close()
    },
  }
}
