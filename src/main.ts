import { join } from 'node:path'
import closeWithGrace from 'close-with-grace'
import { buildApp, buildHealth } from './app.ts'
import { ConfigError, readConfig } from './config.ts'
import type { Config } from './config.ts'
import { openDeps, openLog, openPlaces } from './deps.ts'
import type { Places } from './deps.ts'
import { EmbeddedError } from './platform/db/embedded.ts'
import { DatabaseTooOld, migrate } from './platform/db/migrate.ts'
import { pgError } from './platform/db/tx.ts'
import { QueueUnreachable, migrateQueues } from './platform/jobs/backend.ts'
import { startWorker } from './platform/jobs/relay.ts'
import { reasonOf } from './platform/reason.ts'

const verbs = ['serve', 'api', 'worker', 'migrate', 'demo'] as const
type Verb = typeof verbs[number]

/** How long a process may take to finish what it has in hand. */
const graceMs = 30_000

/** Brings database and queue to this version. */
async function prepare (places: Places): Promise<void> {
  await migrate(places.directUrl)
  await migrateQueues(places.store)
}

/**
 * Serves the API, the worker, or both, until told to stop. `serve` and everything on embedded defaults migrate on the way;
 * `api` and `worker` on a configured database leave that to `migrate`, and are not ready until it has run.
 */
async function serve (config: Config, verb: 'serve' | 'api' | 'worker', fresh: boolean): Promise<void> {
  const log = openLog(config)
  const places = await openPlaces(config, { fresh })
  if (config.DATABASE_URL === '' || verb === 'serve') await prepare(places)
  const deps = await openDeps(config, places, log)
  // In the order they close: no new requests, no new work, then what both stood on.
  const closers = [deps.close, places.stop]

  if (verb !== 'api') {
    const worker = await startWorker(deps.machine, deps.queues, {
      concurrency: config.WORKER_CONCURRENCY, onError: error => log.error({ reason: reasonOf(error) }, 'the queue failed; the sweep finds what it dropped'),
    })
    closers.unshift(worker.close)
  }
  if (verb === 'worker' && config.WORKER_PORT !== 0) {
    const health = await buildHealth({ db: deps.db, queues: deps.queues, machine: deps.machine })
    await health.listen({ host: config.HOST, port: config.WORKER_PORT })
    closers.unshift(async () => { await health.close() })
  }
  if (verb !== 'worker') {
    const app = await buildApp(deps.server, { db: deps.db, machine: deps.machine, queues: deps.queues, vault: deps.vault })
    const address = await app.listen({ host: config.HOST, port: config.PORT })
    closers.unshift(async () => { await app.close() })
    if (config.NODE_ENV !== 'production') welcome(config, address)
  }
  closeWithGrace({ delay: graceMs, logger: false }, async ({ err, signal }) => {
    if (err === undefined) log.info({ signal }, 'stopping')
    else log.fatal({ reason: reasonOf(err), stack: framesOf(err) }, 'crashed')
    for (const close of closers) await close().catch((error: unknown) => log.error({ reason: reasonOf(error) }, 'did not close'))
  })
}

/** Where a newcomer finds what was made for him. */
function welcome (config: Config, address: string): void {
  const key = config.RECOUP_OPERATOR_KEY === '' ? `\nThe operator's key is in ${join(config.RECOUP_DATA_DIR, 'operator-key')}` : ''
  process.stderr.write(`Recoup is at ${address}, its reference at ${address}/docs${key}\n`)
}

/** Where an error came from, without its message: that may quote people's data. */
const framesOf = (error: Error): string[] => (error.stack ?? '').split('\n').filter(line => line.startsWith('    at ')).map(line => line.trim())

async function runMigrations (config: Config): Promise<void> {
  const places = await openPlaces(config)
  try {
    await prepare(places)
    process.stderr.write('The database is at this version.\n')
  } finally {
    await places.stop()
  }
}

async function main (args: string[]): Promise<void> {
  const verb = (args[0] ?? 'serve') as Verb
  if (!verbs.includes(verb)) throw new ConfigError(`unknown verb: say one of ${verbs.join(', ')}`)
  const config = readConfig(process.env)
  if (verb === 'migrate') await runMigrations(config)
  else if (verb === 'demo') await (await import('../scripts/demo.ts')).demo(config, args.slice(1))
  else await serve(config, verb, args.includes('--fresh'))
}

/** One sentence that says what to change, where the reader can; null for a fault of ours. */
function advice (error: unknown): string | null {
  if (error instanceof ConfigError || error instanceof DatabaseTooOld || error instanceof EmbeddedError || error instanceof QueueUnreachable) return error.message
  const { code, message } = pgError(error)
  if (code === 'EADDRINUSE') return 'another program listens on that port already: end it, or set PORT (WORKER_PORT for a worker) to another'
  if (code === 'EACCES') return `${message ?? 'access denied'}: give the user who starts Recoup that right, or choose another PORT or RECOUP_DATA_DIR`
  if (code !== undefined && ['ECONNREFUSED', 'ENOTFOUND', 'EHOSTUNREACH', 'ETIMEDOUT', '28P01', '28000', '3D000', '57P03'].includes(code)) return `DATABASE_URL or REDIS_URL does not lead to a server that lets us in (${message ?? code})`
  return null
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // What is the reader's to mend is one sentence, without a stack.
  process.stderr.write(`recoup: ${advice(error) ?? [reasonOf(error), ...error instanceof Error ? framesOf(error) : []].join('\n    ')}\n`)
  process.exit(1)
})
