import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq'
import type { Processor, Queue, Worker, WorkerOptions } from 'bullmq'
import type { Wake } from './sweep.ts'
import type { Id } from '#kernel'

/** Where BullMQ keeps its jobs: Redis when there is one, else its own schema in PostgreSQL. */
export type QueueStore = { redisUrl: string } | { postgresUrl: string }

/** Recurring work of the installation, run by exactly one worker at each tick. */
export interface Tick { name: string, everyMs: number, run (): Promise<void> }

/**
 * The wake-up calls. Nothing lives here: what is to be done is found in the database, and a lost, doubled or late call changes
 * only when it is done. Payloads carry ids only.
 */
export interface Queues {
  /** Asks workers to run jobs; a call for a job that is already waiting is dropped. */
  wake (wakes: readonly Wake[]): Promise<void>
  /** Starts working: `onWake` runs one slice, and answers whether the job must be called again. */
  work (options: { concurrency: number, onWake (wake: Wake): Promise<boolean>, ticks: readonly Tick[], onError (error: Error): void }): Promise<void>
  /** Calls waiting, in hand, and failed. */
  depth (): Promise<{ waiting: number, active: number, failed: number }>
  /** Stops taking calls, finishes the slices in hand, and disconnects. */
  close (): Promise<void>
}

const workQueue = 'recoup-work'
const clockQueue = 'recoup-clock'
const schema = 'bullmq'

/** How often a call whose slice threw is made again by the queue; after that the sweep finds the work. */
const callAttempts = 3
/** A worker that did not renew its lock for this long is taken for dead and its call goes to another. */
const lockMs = 30_000

const callOptions = { removeOnComplete: true, removeOnFail: { count: 1_000, age: 7 * 86_400 }, attempts: callAttempts, backoff: { type: 'exponential', delay: 500 } } as const

const addTimeoutMs = 5_000

type Make = {
  queue (name: string): Queue
  worker (name: string, processor: Processor, options: Partial<WorkerOptions>): Worker
}

const makers = (store: QueueStore): Make => {
  if ('redisUrl' in store) {
    const { Queue, Worker } = withBackend(createRedisBackend)
    // A producer must fail fast while Redis is away: the row is in the database and the sweep will call again. A worker waits.
    const producer = { url: store.redisUrl, enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: addTimeoutMs }
    return {
      queue: name => new Queue(name, { connection: producer }) as unknown as Queue,
      worker: (name, processor, options) => new Worker(name, processor, { ...options, connection: { url: store.redisUrl, maxRetriesPerRequest: null } }) as unknown as Worker,
    }
  }
  const { Queue, Worker } = withBackend(createPostgresBackend)
  const connection = { connectionString: store.postgresUrl, schema, max: 3, application_name: 'recoup-queue', connectionTimeoutMillis: addTimeoutMs, skipMigrations: true }
  return {
    queue: name => new Queue(name, { connection }) as unknown as Queue,
    worker: (name, processor, options) => new Worker(name, processor, { ...options, connection }) as unknown as Worker,
  }
}

/** Creates BullMQ's own tables. Only the PostgreSQL store has any. */
export async function migrateQueues (store: QueueStore): Promise<void> {
  if ('redisUrl' in store) return
  const { Queue } = withBackend(createPostgresBackend)
  const queue = new Queue(workQueue, { connection: { connectionString: store.postgresUrl, schema, max: 2, migrate: true } })
  await queue.waitUntilReady()
  await queue.close()
}

/** Opens the queues as a producer; `work` makes this process a worker too. */
export async function openQueues (store: QueueStore): Promise<Queues> {
  const make = makers(store)
  const calls = make.queue(workQueue)
  const clock = make.queue(clockQueue)
  const workers: Worker[] = []
  for (const queue of [calls, clock]) queue.on('error', () => undefined)
  await calls.waitUntilReady()
  await clock.waitUntilReady()

  const wake = async (wakes: readonly Wake[]): Promise<void> => {
    if (wakes.length === 0) return
    // A call is named for what it wakes, so that a million reasons to run one job make one call.
    await calls.addBulk(wakes.map(({ job, tenantId }) => ({ name: job, data: { tenantId }, opts: { ...callOptions, jobId: `${job}/${tenantId}` } })))
  }

  return {
    wake,
    async work ({ concurrency, onWake, ticks, onError }) {
      const onCall: Processor = async call => {
        const wakeUp: Wake = { job: call.name, tenantId: (call.data as { tenantId: Id<'tenant'> }).tenantId }
        // More is left: go to the back of the queue, so that every agency gets its turn. This call still holds its name, so the next has another.
        if (await onWake(wakeUp)) await calls.add(call.name, call.data, { ...callOptions, jobId: `${wakeUp.job}/${wakeUp.tenantId}/${call.id === `${wakeUp.job}/${wakeUp.tenantId}` ? 'on' : ''}` })
      }
      const options = { lockDuration: lockMs, stalledInterval: lockMs / 2, maxStalledCount: 5 }
      const onTick: Processor = async call => await ticks.find(tick => tick.name === call.name)?.run()
      workers.push(make.worker(workQueue, onCall, { ...options, concurrency }), make.worker(clockQueue, onTick, { ...options, concurrency: 1 }))
      for (const worker of workers) worker.on('error', onError)
      for (const tick of ticks) await clock.upsertJobScheduler(tick.name, { every: tick.everyMs }, { name: tick.name, data: {}, opts: { removeOnComplete: true, removeOnFail: true } })
      await Promise.all(workers.map(async worker => await worker.waitUntilReady()))
    },
    async depth () {
      const counts = await calls.getJobCounts('waiting', 'delayed', 'prioritized', 'active', 'failed')
      return { waiting: (counts['waiting'] ?? 0) + (counts['delayed'] ?? 0) + (counts['prioritized'] ?? 0), active: counts['active'] ?? 0, failed: counts['failed'] ?? 0 }
    },
    async close () {
      await Promise.all(workers.map(async worker => await worker.close()))
      await Promise.all([calls.close(), clock.close()])
    },
  }
}
