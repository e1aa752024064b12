import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import { Presets, SingleBar } from 'cli-progress'
import { addDays } from '../src/kernel/index.ts'
import { buildApp } from '../src/app.ts'
import { ConfigError } from '../src/config.ts'
import type { Config } from '../src/config.ts'
import { openDeps, openLog, openPlaces } from '../src/deps.ts'
import type { Places } from '../src/deps.ts'
import { migrate } from '../src/platform/db/migrate.ts'
import { migrateQueues } from '../src/platform/jobs/backend.ts'
import { client } from './demo/client.ts'
import { advance, liveDay, work } from './demo/life.ts'
import type { Cast } from './demo/life.ts'
import { ownStory, storyOfFile } from './demo/portfolio.ts'
import type { Story } from './demo/portfolio.ts'
import { openReceiver } from './demo/receiver.ts'
import type { Receiver } from './demo/receiver.ts'
import { printReport, report } from './demo/report.ts'

const firstDay = '2026-01-05'
const timeZone = 'America/New_York'

/** The terms the demonstration's lender agreed to. */
const terms = {
  commission: { base: ['principal', 'interest', 'penalty'], bands: [{ fromDays: 0, toDays: 30, rate: '0.15' }, { fromDays: 30, toDays: null, rate: '0.25' }], vatRate: '0' },
  interest: { rate: '8', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 14, amount: 15_00 }],
  allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 365,
}

function readArgs (args: string[]) {
  const { values } = parseArgs({
    args, options: {
      file: { type: 'string' }, mapping: { type: 'string' }, days: { type: 'string', default: '120' }, accounts: { type: 'string', default: '150' }, seed: { type: 'string', default: '20260105' },
      exit: { type: 'boolean', default: false }, fresh: { type: 'boolean', default: false },
    },
  })
  const whole = (name: 'days' | 'accounts' | 'seed', max: number): number => {
    const value = Number(values[name])
    if (!Number.isInteger(value) || value < 1 || value > max) throw new ConfigError(`--${name} must be a whole number from 1 to ${max}`)
    return value
  }
  if ((values.file === undefined) !== (values.mapping === undefined)) throw new ConfigError('--file and --mapping go together: the mapping says what the columns of the file are')
  return { ...values, days: whole('days', 366), accounts: whole('accounts', 10_000), seed: whole('seed', 4_294_967_295) }
}

const serveArgs = (places: Places): Record<string, string> => 'redisUrl' in places.store ? { REDIS_URL: places.store.redisUrl } : {}

/** A worker in a process of its own, started again when it dies: killing it changes no figure. */
function keepWorker (config: Config, places: Places): { pid (): number | undefined, stop (): Promise<void> } {
  let worker: ChildProcess
  let isOver = false
  const start = (): void => {
    worker = spawn(process.execPath, [fileURLToPath(new URL('../src/main.js', import.meta.url)), 'worker'], {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: {
        ...process.env, ...serveArgs(places), DATABASE_URL: places.databaseUrl, DATABASE_DIRECT_URL: places.directUrl, RECOUP_OPERATOR_KEY: places.operatorKey, RECOUP_MASTER_KEY: places.masterKey,
        RECOUP_DATA_DIR: config.RECOUP_DATA_DIR, WEBHOOK_ALLOW_PRIVATE: 'true', LOG_LEVEL: 'error',
      },
    })
    worker.once('exit', () => {
      if (isOver) return
      start()
      process.stderr.write(`The worker ended; another goes on as process ${String(worker.pid)}.\n`)
    })
  }
  start()
  return {
    pid: () => worker.pid,
    async stop () {
      isOver = true
      if (worker.exitCode !== null || worker.signalCode !== null) return
      worker.kill('SIGTERM')
      await once(worker, 'exit')
    },
  }
}

/** The API and a worker on the configured or embedded services. */
async function openStack (config: Config, fresh: boolean) {
  const log = openLog({ ...config, LOG_LEVEL: process.env['LOG_LEVEL'] === undefined ? 'silent' : config.LOG_LEVEL })
  const places = await openPlaces(config, { fresh })
  await migrate(places.directUrl)
  await migrateQueues(places.store)
  const deps = await openDeps({ ...config, WEBHOOK_ALLOW_PRIVATE: true, RATE_LIMIT_KEY_PER_MINUTE: 1_000_000, RATE_LIMIT_TENANT_PER_MINUTE: 1_000_000 }, places, log)
  const app = await buildApp(deps.server, { db: deps.db, machine: deps.machine, queues: deps.queues, vault: deps.vault })
  let address: string
  try {
    address = await app.listen({ host: config.HOST, port: config.PORT })
  } catch (error) {
    // Something else is at the usual port: the demonstration takes any.
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    address = await app.listen({ host: config.HOST, port: 0 })
  }
  const worker = keepWorker(config, places)
  return {
    address, operatorKey: places.operatorKey, workerPid: worker.pid,
    async close () {
      await worker.stop()
      await app.close()
      await deps.close()
      await places.stop()
    },
  }
}

interface Key { id: string, key: string }

/** An agency with a test clock, a lender with its terms and key, two collectors and a queue: all through the API. */
async function castFor (address: string, operatorKey: string, currency: string, day: string): Promise<Cast & { agencyKey: string, lenderKey: string }> {
  const operator = client(address, operatorKey)
  const made = await operator.post<{ adminKey: Key, testClockId: string }>('/v1/tenants', { name: 'Harbour Recoveries', jurisdiction: 'US', timeZone, livemode: false, testClock: { now: `${day}T14:00:00Z` } })
  const agency = client(address, made.adminKey.key)
  const lender = await agency.post<{ id: string }>('/v1/lenders', { name: 'First Harbour Bank', type: 'bank' })
  await agency.post(`/v1/lenders/${lender.id}/agreements`, { currency, effectiveOn: '2000-01-01', terms })
  const lenderKey = await agency.post<Key>(`/v1/lenders/${lender.id}/api-keys`, { name: 'Core banking' })
  const collectors = []
  for (const [name, email] of [['Mei Tan', 'mei@example.com'], ['Tom Reyes', 'tom@example.com']]) {
    const member = await agency.post<{ id: string }>('/v1/staff', { name, email, role: 'collector' })
    collectors.push(client(address, (await agency.post<Key>('/v1/api-keys', { kind: 'staff', staffId: member.id, name })).key))
  }
  const queue = await agency.post<{ id: string }>('/v1/queues', { name: 'All debts', ordering: 'balance', filter: { currencies: [currency] } })
  return {
    operator, agency, lender: client(address, lenderKey.key), collectors, lenderId: lender.id, testClockId: made.testClockId, queueId: queue.id, timeZone,
    agencyKey: made.adminKey.key, lenderKey: lenderKey.key,
  }
}

async function live (cast: Cast, story: Story): Promise<number> {
  const bar = new SingleBar({ format: '{bar} {percentage}% | {day} | {calls} calls', stream: process.stderr, noTTYOutput: false, hideCursor: true }, Presets.shades_classic)
  const days = everyDay(story)
  bar.start(days.length, 0, { day: days[0]!.on, calls: 0 })
  const bounced = new Map<string, string[]>()
  let calls = 0
  try {
    for (const day of days) {
      await liveDay(cast, day, bounced)
      calls += await work(cast, day.on)
      bar.increment(1, { day: day.on, calls })
    }
    // A day more, so that what the last one caused falls due.
    await advance(cast, `${addDays(days.at(-1)!.on, 1)}T15:00:00Z`)
  } finally {
    bar.stop()
  }
  return calls
}

/** The story's days with the empty ones between, on which collectors work too; of a long story only its own days. */
function everyDay ({ days }: Story): Story['days'] {
  const byDay = new Map(days.map(day => [day.on, day]))
  const last = days.at(-1)!.on
  const all: Story['days'] = []
  for (let on = days[0]!.on; on <= last; on = addDays(on, 1)) all.push(byDay.get(on) ?? { on, batch: null, acts: [] })
  return all
}

/** `npm run demo`: lives a portfolio through the public API and reconciles it to the cent; exit code 1 when it does not. Leaves the stack running unless `--exit`. */
export async function demo (config: Config, args: string[]): Promise<void> {
  const options = readArgs(args)
  const story = options.file === undefined ? ownStory(options.seed, firstDay, options.accounts, options.days) : storyOfFile(options.file, options.mapping!)
  const stack = await openStack(config, options.fresh)
  const receiver = await openReceiver()
  const close = async (): Promise<void> => {
    await receiver.close()
    await stack.close()
  }
  const grace = closeWithGrace({ delay: 30_000, logger: false }, async () => { await close() })
  process.stderr.write(`Recoup is at ${stack.address}, its worker is process ${String(stack.workerPid())}: kill it, nothing is lost.\n${story.accounts} debts, ${story.days[0]!.on} to ${story.days.at(-1)!.on}\n`)

  try {
    await tell(stack, receiver, story, options, config)
  } catch (error) {
    grace.uninstall()
    await close()
    throw error
  }
  if (!options.exit) return
  grace.uninstall()
  await close()
}

async function tell (stack: Awaited<ReturnType<typeof openStack>>, receiver: Receiver, story: Story, options: { exit: boolean }, config: Config): Promise<void> {
  const cast = await castFor(stack.address, stack.operatorKey, story.currency, story.days[0]!.on)
  const endpoint = await cast.lender.post<{ secret: string }>('/v1/webhook-endpoints', { url: receiver.url })
  receiver.trust(endpoint.secret)
  const { data } = await cast.lender.get<{ data: { sequence: number, type: string }[] }>('/v1/events?limit=200')
  const since = data.at(-1)?.sequence ?? 0
  const calls = await live(cast, story)
  const result = await report(cast, receiver, story.currency, since)
  process.stdout.write(printReport(result, calls))
  if (!result.isReconciled) process.exitCode = 1
  if (options.exit) return
  process.stdout.write(`
Still running. The agency's key: ${cast.agencyKey}
The lender's key:                ${cast.lenderKey}
Look around:  curl -H "Authorization: Bearer ${cast.lenderKey}" "${stack.address}/v1/accounts?limit=2"
The reference: ${stack.address}/docs   The mailbox: ${stack.address}/v1/operations/mailbox (operator key in ${config.RECOUP_DATA_DIR}/operator-key)
End with Ctrl+C.
`)
}
