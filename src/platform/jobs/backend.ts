import { createPostgresBackend, createRedisBackend, withBackend } from 'bullmq'
import type { Job, Processor, Queue, Worker, WorkerOptions } from 'bullmq'
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

/** A worker that did not renew its lock for this long is taken for dead, and its call goes to another worker after at most two more checks. */
const lockMs = 6_000
const stalledCheckMs = 2_000
/** How long a worker that lost its connection waits before it asks again. */
const retryMs = 1_000
/** How long the store may take to answer a call, and to be reached when a process starts. */
const answerTimeoutMs = 5_000
const openTimeoutMs = 15_000

/**
 * A call is gone once it has run, whatever became of it: while one is kept, further calls by its name are dropped.
 * It is not repeated by the queue either: the database knows what is left to do and when to try again, and the sweep asks it.
 */
const callOptions = { removeOnComplete: true, removeOnFail: true } as const

/** BullMQ's own history of events, which nobody reads. */
const streams = { events: { maxLen: 100 } }

type Make = {
  queue (name: string): Queue
  worker (name: string, processor: Processor, options: Partial<WorkerOptions>): Worker
}

const makers = (store: QueueStore): Make => {
  if ('redisUrl' in store) {
    const { Queue, Worker } = withBackend(createRedisBackend)
    // A producer must fail fast while Redis is away: the row is in the database and the sweep will call again. A worker waits.
    const producer = { url: store.redisUrl, enableOfflineQueue: false, maxRetriesPerRequest: 1, commandTimeout: answerTimeoutMs }
    return {
      queue: name => new Queue(name, { connection: producer, streams }) as unknown as Queue,
      worker: (name, processor, options) => new Worker(name, processor, { ...options, connection: { url: store.redisUrl, maxRetriesPerRequest: null } }) as unknown as Worker,
    }
  }
  const { Queue, Worker } = withBackend(createPostgresBackend)
  const connection = { ...postgresConnection(store.postgresUrl), max: 3, query_timeout: answerTimeoutMs }
  return {
    queue: name => new Queue(name, { connection, streams }) as unknown as Queue,
    worker: (name, processor, options) => new Worker(name, processor, { ...options, connection }) as unknown as Worker,
  }
}

// A call that a power cut swallows is made again by the sweep: it need not wait for the disk.
const postgresConnection = (connectionString: string) => ({
  connectionString, schema, application_name: 'recoup-queue', connectionTimeoutMillis: answerTimeoutMs, keepAlive: true, options: '-c synchronous_commit=off',
})

/** Creates BullMQ's own tables. Only the PostgreSQL store has any. */
export async function migrateQueues (store: QueueStore): Promise<void> {
  if ('redisUrl' in store) return
  const { Queue } = withBackend(createPostgresBackend)
  const queue = new Queue(workQueue, { connection: { ...postgresConnection(store.postgresUrl), max: 2, migrate: true } })
  await queue.waitUntilReady()
  await queue.close()
}

/** Opens the queues as a producer; `work` makes this process a worker too. Throws when the store is not reached in time. */
export async function openQueues (store: QueueStore): Promise<Queues> {
  const make = makers(store)
  const calls = make.queue(workQueue)
  const clock = make.queue(clockQueue)
  const workers: Worker[] = []
  for (const queue of [calls, clock]) queue.on('error', () => undefined)
  await inTime(Promise.all([calls.waitUntilReady(), clock.waitUntilReady()]))

  const wake = async (wakes: readonly Wake[]): Promise<void> => {
    if (wakes.length === 0) return
    // A call is named for what it wakes: a million reasons to run one job make one call, and no two workers run it at once.
    await calls.addBulk(wakes.map(({ job, tenantId }) => ({ name: job, data: { tenantId }, opts: { ...callOptions, jobId: `${job}/${tenantId}` } })))
  }

  return {
    wake,
    async work ({ concurrency, onWake, ticks, onError }) {
      const wakeOf = (call: Job): Wake => ({ job: call.name, tenantId: (call.data as { tenantId: Id<'tenant'> }).tenantId })
      const onCall: Processor = async call => await onWake(wakeOf(call))
      const onTick: Processor = async call => { await ticks.find(tick => tick.name === call.name)?.run() }
      const options = { lockDuration: lockMs, stalledInterval: stalledCheckMs, maxStalledCount: 5, runRetryDelay: retryMs }
      const caller = make.worker(workQueue, onCall, { ...options, concurrency })
      // More is left: to the back of the queue with it, so that every agency gets its turn. If this call is lost, the sweep makes it.
      caller.on('completed', (call, isMore) => { if (isMore === true) wake([wakeOf(call)]).catch(onError) })
      workers.push(caller, make.worker(clockQueue, onTick, { ...options, concurrency: 1 }))
      for (const worker of workers) worker.on('error', onError).on('failed', (_call, error) => onError(error))
      for (const tick of ticks) await clock.upsertJobScheduler(tick.name, { every: tick.everyMs }, { name: tick.name, data: {}, opts: callOptions })
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

/** The store of the queue was not reached when a process started. */
export class QueueUnreachable extends Error {}

async function inTime (opening: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => { timer = setTimeout(() => reject(new QueueUnreachable(`the job queue did not answer in ${openTimeoutMs / 1000} s: check that REDIS_URL is right and its server up`)), openTimeoutMs) })
  try {
    await Promise.race([opening, late])
  } finally {
    clearTimeout(timer)
  }
}
