import { fork } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbedded } from '../../src/platform/db/embedded.ts'
import { migrate } from '../../src/platform/db/migrate.ts'
import { migrateQueues } from '../../src/platform/jobs/backend.ts'

/** A server of its own with an agency and a lender, and the processes under measure. */
export interface Stage {
  url: string
  /** The database past the application: for loading rows and for the plain statements we are compared with. */
  admin: pg.Client
  /** Starts `main.js` with a verb against the stage's database; answers its address once it listens. */
  serve (verb: 'api' | 'serve' | 'worker'): Promise<Served>
  /** Starts another script of this folder that prints its address. */
  run (script: string, args: string[]): Promise<Served>
  close (): Promise<void>
}

export interface Served { address: string, process: ChildProcess, stop (): Promise<void> }

export const operatorKey = `rk_operator_${randomUUID()}${randomUUID()}`

/** A PostgreSQL as it is installed: durable, with room to work. */
const settings = { shared_buffers: '512MB', max_wal_size: '8GB', maintenance_work_mem: '256MB', max_connections: '150', checkpoint_timeout: '30min' }

/** Opens the stage in a folder of its own that goes when it closes. */
export async function openStage (): Promise<Stage> {
  const folder = mkdtempSync(join(tmpdir(), 'recoup-bench-'))
  const server = await startEmbedded({ dataDir: folder, settings })
  await migrate(server.url)
  await migrateQueues({ postgresUrl: server.url })
  const admin = new pg.Client({ connectionString: server.url })
  await admin.connect()
  const running = new Set<Served>()

  const start = async (path: string, args: string[]): Promise<Served> => {
    const child = fork(fileURLToPath(new URL(path, import.meta.url)), args, {
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      env: {
        ...process.env, DATABASE_URL: server.url, PORT: '0', HOST: '127.0.0.1', RECOUP_OPERATOR_KEY: operatorKey, RECOUP_DATA_DIR: folder, DATABASE_POOL_MAX: '32',
        RATE_LIMIT_KEY_PER_MINUTE: '1000000000', RATE_LIMIT_TENANT_PER_MINUTE: '1000000000', LOG_LEVEL: 'info', WEBHOOK_ALLOW_PRIVATE: 'true',
      },
    })
    const address = await addressOf(child)
    const served: Served = {
      address, process: child,
      async stop () {
        running.delete(served)
        if (child.exitCode !== null) return
        child.kill('SIGTERM')
        await once(child, 'exit')
      },
    }
    running.add(served)
    return served
  }

  return {
    url: server.url, admin,
    serve: async verb => await start('../../src/main.js', [verb]),
    run: async (script, args) => await start(`./${script}.js`, args),
    async close () {
      for (const served of running) await served.stop()
      await admin.end()
      await server.stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** The address a child names on its standard error; a worker names none and is taken as it starts. */
async function addressOf (child: ChildProcess): Promise<string> {
  let text = ''
  for await (const chunk of child.stderr!.setEncoding('utf8')) {
    text += String(chunk)
    const found = /http:\/\/[0-9.]+:[0-9]+/.exec(text)
    if (found !== null) {
      child.stderr!.resume()
      return found[0]
    }
  }
  throw new Error(`a process under measure ended: ${text.slice(-2_000)}`)
}

/** How often a process that just started and is too busy is asked again, and after how long. */
const busyMax = 100
const busyMs = 100

/** Fetches from a served process, again while it says that it is too busy to take the request. */
export async function patientFetch (url: string, init: RequestInit): Promise<Response> {
  for (let asked = 1; ; asked++) {
    const reply = await fetch(url, init)
    if (reply.status !== 503 || asked === busyMax) return reply
    await reply.body?.cancel()
    await new Promise(resolve => setTimeout(resolve, busyMs))
  }
}

/** Calls the API of a served process and expects success. */
export async function call<T> (address: string, key: string, method: string, path: string, body?: unknown): Promise<T> {
  const reply = await patientFetch(`${address}${path}`, {
    method, headers: { authorization: `Bearer ${key}`, ...body !== undefined && { 'content-type': 'application/json' } }, ...body !== undefined && { body: JSON.stringify(body) },
  })
  if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${await reply.text()}`)
  // The boundary of a JSON answer.
  return await reply.json() as T
}

export interface Agency { tenantId: string, key: string, lenderId: string }

/** Terms of the lender that benches place debts for. */
export const terms = {
  commission: { base: ['principal', 'interest'], rate: '0.25', vatRate: '0' }, interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/365F' },
  lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 10, amount: 25_00 }], allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 180,
}

/** An agency with a lender and an agreement, made through the API. `now` gives it a test clock. */
export async function agency (address: string, now?: string): Promise<Agency> {
  const made = await call<{ id: string, adminKey: { key: string } }>(address, operatorKey, 'POST', '/v1/tenants', {
    name: 'Bench', jurisdiction: 'US', timeZone: 'America/New_York', livemode: false, ...now !== undefined && { testClock: { now } },
  })
  const { key } = made.adminKey
  const lender = await call<{ id: string }>(address, key, 'POST', '/v1/lenders', { name: 'Bench lender', type: 'bank' })
  await call(address, key, 'POST', `/v1/lenders/${lender.id}/agreements`, { currency: 'USD', effectiveOn: '2020-01-01', terms })
  return { tenantId: made.id, key, lenderId: lender.id }
}

export const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]!
}

/** What a bench found: two rates of the same work, and the goal for their ratio. */
export interface Finding { name: string, unit: string, ours: number, plain: number, goal: number, note?: string }
