import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import { Redis } from 'ioredis'
import pg from 'pg'
import t from 'tap'
import type { Test } from 'tap'
import { emit } from '#platform'
import { deadLetters, jobStates } from '../../src/platform/tables.ts'
import { migrateQueues, openQueues } from '../../src/platform/jobs/backend.ts'
import type { QueueStore, Queues } from '../../src/platform/jobs/backend.ts'
import { startWorker } from '../../src/platform/jobs/relay.ts'
import { findTenant, retryDeadLetter } from '../../src/platform/jobs/run.ts'
import type { Machine } from '../../src/platform/jobs/run.ts'
import { world } from '../world.ts'
import type { Agency, World } from '../world.ts'
import { ThingHappened, badThings, effects, items, makeTables, testJobs } from './jobs.fixture.ts'

/** Waits for something that workers bring about; their own clocks decide when. */
async function until (isSo: () => Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const began = performance.now()
  while (!await isSo()) {
    if (performance.now() - began > timeoutMs) throw new Error(`not within ${timeoutMs} ms`)
    await sleep(20)
  }
}

/** A world whose workers take their calls from a store. */
async function jobWorld (storeOf: (w: World) => QueueStore) {
  const w = await world()
  await makeTables(w.url)
  const machine: Machine = { ...w.machine, jobs: [...testJobs, ...w.machine.jobs] }
  const store = storeOf(w)
  await migrateQueues(store)
  const errors: unknown[] = []
  const count = async (agency: Agency, job: string): Promise<number> => await w.tx(agency, async tx =>
    await tx.$count(effects, and(eq(effects.tenantId, tx.ctx.tenantId), eq(effects.job, job))))
  return {
    ...w, machine, store, errors, count,
    /** Another worker, in this process, or one that sweeps never; answers how to stop it. */
    async worker ({ concurrency = 2, isSweeping = true } = {}): Promise<{ close (): Promise<void> }> {
      const queues = await openQueues(store)
      const blind: Queues = { ...queues, work: async options => await queues.work({ ...options, ticks: [] }) }
      return await startWorker(machine, isSweeping ? queues : blind, { concurrency, onError: error => { errors.push(error) } })
    },
    async happen (agency: Agency, things: number[]): Promise<void> {
      await w.tx(agency, async tx => { for (const thing of things) emit(tx, ThingHappened, {}, { thing }) })
    },
    /** Items due so many milliseconds from now by the database's clock, or at an instant. */
    async plan (agency: Agency, ids: { from: number, to: number }, due: number | string, flags: { isHanging?: boolean, isBad?: boolean } = {}): Promise<void> {
      const dueAt = typeof due === 'string' ? sql`${due}::timestamptz` : sql`now() + make_interval(secs => ${due / 1000})`
      await w.tx(agency, async tx => await tx.execute(sql`
        insert into test_items (tenant_id, id, due_at, is_hanging, is_bad)
        select ${items.tenantId.mapToDriverValue(tx.ctx.tenantId)}::uuid, n, ${dueAt}, ${flags.isHanging ?? false}, ${flags.isBad ?? false} from generate_series(${ids.from}::int, ${ids.to}::int) n`))
    },
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i)

function suite (t: Test, storeOf: (w: World) => QueueStore, readCalls: (store: QueueStore) => Promise<{ name: string, data: unknown }[]>): void {
  t.test('calls carry ids only, so that no queue holds anybody\'s data', async t => {
    const w = await jobWorld(storeOf)
    t.teardown(w.close)
    const us = await w.agency({ now: null })
    const queues = await openQueues(w.store)
    await queues.wake([{ job: 'test.doItems', tenantId: us.id }, { job: 'test.recordThings', tenantId: us.id }])
    await queues.wake([{ job: 'test.doItems', tenantId: us.id }])
    t.same(await queues.depth(), { waiting: 2, active: 0, failed: 0 }, 'a call that waits already is not made twice')
    t.strictSame((await readCalls(w.store)).sort((a, b) => a.name < b.name ? -1 : 1), [
      { name: 'test.doItems', data: { tenantId: us.id } }, { name: 'test.recordThings', data: { tenantId: us.id } }])
    await queues.close()
  })

  t.test('a call that leaves work behind is made again after all that wait; one that fails keeps no later one from being made', async t => {
    const w = await jobWorld(storeOf)
    const queues = await openQueues(w.store)
    t.teardown(async () => {
      await queues.close()
      await w.close()
    })
    const us = await w.agency({ now: null })
    const calls: string[] = []
    const errors: string[] = []
    await queues.wake(['a', 'b'].map(job => ({ job, tenantId: us.id })))
    await queues.work({
      concurrency: 1, ticks: [], onError: error => { errors.push(error.message) },
      onWake: async ({ job }) => {
        calls.push(job)
        if (job === 'c' && errors.length === 0) throw new Error('lost the database')
        return job === 'a' && calls.length < 4
      },
    })
    await until(async () => calls.length === 4)
    t.same(calls, ['a', 'b', 'a', 'a'])
    await queues.wake([{ job: 'c', tenantId: us.id }])
    await until(async () => errors.length === 1)
    await queues.wake([{ job: 'c', tenantId: us.id }])
    await until(async () => calls.length === 6)
    t.same(errors, ['lost the database'])
    await until(async () => Object.values(await queues.depth()).every(n => n === 0))
  })

  t.test('work', async t => {
    const w = await jobWorld(storeOf)
    const workers = [await w.worker(), await w.worker()]
    t.teardown(async () => {
      for (const worker of workers) await worker.close()
      await w.close()
    })

    t.test('each event takes effect once, whoever of two workers hears of it first', async t => {
      const us = await w.agency({ now: null })
      await Promise.all(range(0, 19).map(async n => await w.happen(us, range(1 + n * 10, 10 + n * 10))))
      await until(async () => await w.count(us, 'test.recordThings') === 200)
      t.same(w.failures, [], 'the key of an effect refused nothing')
    })

    t.test('a deadline fires when it has come, and not before', async t => {
      const us = await w.agency({ now: null })
      await w.plan(us, { from: 1, to: 3 }, -1_000)
      await w.plan(us, { from: 4, to: 4 }, 700)
      await until(async () => await w.count(us, 'test.doItems') === 4)
      const early = await w.tx(us, async tx => await tx.execute(sql`select 1 from test_effects where id = 4 and done_at < (select created_at from tenants)`))
      t.equal(early.rows.length, 0)
      t.same(w.failures, [])
    })

    t.test('a test clock lives its deadlines in order, each at its own time, while workers run', async t => {
      const us = await w.agency({ now: '2026-01-05T09:00:00Z' })
      for (const day of [3, 1, 2]) await w.plan(us, { from: day, to: day }, `2026-01-0${5 + day}T08:00:00Z`)
      await w.ok(us, 'POST', `/v1/test-clocks/${us.testClockId!}/advance`, { to: '2026-02-05T09:00:00Z' })
      await until(async () => (await w.ok<{ state: string }>(us, 'GET', `/v1/test-clocks/${us.testClockId!}`)).state === 'ready')
      const done = await w.tx(us, async tx => await tx.select({ id: effects.id, doneAt: effects.doneAt }).from(effects).where(eq(effects.tenantId, tx.ctx.tenantId)).orderBy(effects.doneAt))
      t.same(done, [1, 2, 3].map(day => ({ id: day, doneAt: `2026-01-0${5 + day}T08:00:00Z` })))
    })

    t.test('an event that makes its job throw is tried again, given up, and done when an operator retries it; the others do not wait for ever', async t => {
      const us = await w.agency({ now: null })
      const principal = (await findTenant(w.db, us.id))!
      badThings.add(`${us.id}/902`)
      await w.happen(us, [901, 902, 903])
      await until(async () => await w.count(us, 'test.recordThings') === 2)
      const [letter, ...more] = await w.tx(us, async tx => await tx.select().from(deadLetters).where(eq(deadLetters.tenantId, tx.ctx.tenantId)))
      t.match(letter, { job: 'test.recordThings', attempts: 2, error: 'Error: because it is', retriedAt: null })
      t.same(more, [])
      await t.rejects(retryDeadLetter(w.machine, principal, letter!.id), { message: 'a thing is bad' }, 'still bad: nothing is done and the letter stays')
      badThings.delete(`${us.id}/902`)
      await retryDeadLetter(w.machine, principal, letter!.id)
      await t.rejects(retryDeadLetter(w.machine, principal, letter!.id), { code: 'already-retried' })
      t.equal(await w.count(us, 'test.recordThings'), 3)
    })

    t.test('a deadline that makes its job throw leaves no effect, waits, becomes a dead letter, and is done when retried', async t => {
      const us = await w.agency({ now: null })
      await w.plan(us, { from: 1, to: 2 }, -1_000)
      await w.plan(us, { from: 3, to: 3 }, -1_000, { isBad: true })
      const letters = async () => await w.tx(us, async tx => await tx.select().from(deadLetters).where(eq(deadLetters.tenantId, tx.ctx.tenantId)))
      await until(async () => (await letters()).length === 1)
      t.equal(await w.count(us, 'test.doItems'), 0, 'effects and progress commit together')
      await w.tx(us, async tx => await tx.update(items).set({ isBad: false }).where(eq(items.tenantId, tx.ctx.tenantId)))
      await retryDeadLetter(w.machine, (await findTenant(w.db, us.id))!, (await letters())[0]!.id)
      await until(async () => await w.count(us, 'test.doItems') === 3)
      const states = await w.tx(us, async tx => await tx.select().from(jobStates).where(and(eq(jobStates.tenantId, tx.ctx.tenantId), eq(jobStates.job, 'test.doItems'))))
      t.match(states, [{ attempts: 0, error: null }], 'failures of long ago do not count towards giving up')
    })
    t.test('nothing went wrong in the queue itself', async t => t.same(w.errors, []))
  })

  t.test('an event wakes its job by its notification, without waiting for the sweep', async t => {
    const w = await jobWorld(storeOf)
    const worker = await w.worker({ isSweeping: false })
    t.teardown(async () => {
      await worker.close()
      await w.close()
    })
    const us = await w.agency({ now: null })
    await w.happen(us, [1])
    await until(async () => await w.count(us, 'test.recordThings') === 1)
    t.same(w.errors, [])
  })

  t.test('an agency with a long backlog does not delay another\'s first deadline by more than a turn or two', async t => {
    const w = await jobWorld(storeOf)
    const big = await w.agency({ now: null })
    const small = await w.agency({ now: null })
    // 250 batches of 20 ms at least: 5 s of work for the one worker there is.
    await w.plan(big, { from: 1, to: 25_000 }, -60_000)
    const worker = await w.worker({ concurrency: 1 })
    t.teardown(async () => {
      await worker.close()
      await w.close()
    })
    await until(async () => await w.count(big, 'test.doItems') > 0)
    await w.plan(small, { from: 1, to: 1 }, 0)
    await until(async () => await w.count(small, 'test.doItems') === 1)
    const left = await w.tx(big, async tx => await tx.$count(items, and(eq(items.tenantId, tx.ctx.tenantId), isNotNull(items.dueAt))))
    t.ok(left > 15_000, `${left} of 25,000 items of the big agency were still waiting`)
  })

  t.test('what a killed worker had in hand is found and done once by another', async t => {
    const w = await jobWorld(storeOf)
    const us = await w.agency({ now: null })
    await w.plan(us, { from: 1, to: 5 }, -1_000, { isHanging: true })
    const doomed = spawn(process.execPath, [fileURLToPath(new URL('./jobs.worker.js', import.meta.url)), w.url, JSON.stringify(w.store)], { stdio: ['ignore', 'pipe', 'inherit'] })
    t.teardown(() => doomed.kill('SIGKILL'))
    await once(doomed.stdout, 'data')
    doomed.kill('SIGKILL')
    await once(doomed, 'exit')
    await w.tx(us, async tx => await tx.update(items).set({ isHanging: false }).where(eq(items.tenantId, tx.ctx.tenantId)))
    const worker = await w.worker()
    t.teardown(async () => {
      await worker.close()
      await w.close()
    })
    await until(async () => await w.count(us, 'test.doItems') === 5)
    t.same(w.failures, [])
  })
}

// Most of both suites is waiting: they wait together.
t.jobs = 2

t.test('on PostgreSQL', { buffered: true }, async t => {
  suite(t, w => ({ postgresUrl: w.url }), async store => {
    const client = new pg.Client({ connectionString: 'postgresUrl' in store ? store.postgresUrl : '' })
    await client.connect()
    try {
      return (await client.query<{ name: string, data: unknown }>('select name, data from bullmq.job')).rows
    } finally {
      await client.end()
    }
  })
})

const redisServer = process.env['PATH']!.split(delimiter).map(folder => join(folder, 'redis-server')).find(path => existsSync(path))

t.test('on Redis', { buffered: true, skip: redisServer === undefined ? 'redis-server is not installed (apt-get install redis-server)' : false }, async t => {
  const folder = mkdtempSync(join(tmpdir(), 'recoup-redis-'))
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  const server = spawn(redisServer!, ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder], { stdio: 'ignore' })
  const redis = new Redis(port, '127.0.0.1')
  redis.on('error', () => undefined)
  t.teardown(async () => {
    redis.disconnect()
    server.kill()
    await once(server, 'exit')
    rmSync(folder, { recursive: true, force: true })
  })
  await until(async () => redis.status === 'ready')
  let databases = 0
  suite(t, () => ({ redisUrl: `redis://127.0.0.1:${port}/${databases++}` }), async store => {
    const reader = new Redis('redisUrl' in store ? store.redisUrl : '')
    try {
      const keys = (await reader.keys('bull:recoup-work:*/*')).filter(key => !key.endsWith(':lock'))
      return await Promise.all(keys.map(async key => {
        const [name, data] = await reader.hmget(key, 'name', 'data')
        return { name: String(name), data: JSON.parse(String(data)) as unknown }
      }))
    } finally {
      reader.disconnect()
    }
  })
})
