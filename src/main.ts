import closeWithGrace from 'close-with-grace'
import { buildApp } from './app.ts'
import { ConfigError, readConfig } from './config.ts'
import type { Config } from './config.ts'
import { openDeps, openLog, openPlaces } from './deps.ts'
import { migrate } from './platform/db/migrate.ts'
import { migrateQueues } from './platform/jobs/backend.ts'
import { startWorker } from './platform/jobs/relay.ts'

const verbs = ['serve', 'api', 'worker', 'migrate', 'demo'] as const
type Verb = typeof verbs[number]

/** How long a process may take to finish what it has in hand. */
const graceMs = 30_000

/** Serves the API, the worker, or both, until told to stop. Embedded services are migrated on the way; configured ones are not. */
async function serve (config: Config, verb: 'serve' | 'api' | 'worker', fresh: boolean): Promise<void> {
  const log = openLog(config)
  const places = await openPlaces(config, { fresh })
  if (config.DATABASE_URL === '' || verb === 'serve') await migrate(places.directUrl)
  if ('postgresUrl' in places.store) await migrateQueues(places.store)
  const deps = await openDeps(config, places, log)
  const closers: (() => Promise<void>)[] = [deps.close, places.stop]

  if (verb !== 'api') {
    const worker = await startWorker(deps.machine, deps.queues, {
      concurrency: config.WORKER_CONCURRENCY, onError: error => log.error({ reason: error instanceof Error ? error.message : 'unknown' }, 'worker error'),
    })
    closers.unshift(worker.close)
  }
  if (verb !== 'worker') {
    const app = await buildApp(deps.server, { db: deps.db, machine: deps.machine, queues: deps.queues, vault: deps.vault })
    const address = await app.listen({ host: config.HOST, port: config.PORT })
    closers.unshift(async () => { await app.close() })
    log.info({ address }, 'listening')
    if (config.NODE_ENV !== 'production') process.stderr.write(`Recoup is at ${address}, its reference at ${address}/docs\n`)
  }
  closeWithGrace({ delay: graceMs, logger: false }, async ({ err }) => {
    if (err !== undefined) log.fatal({ reason: err.stack }, 'crashed')
    for (const close of closers) await close()
    log.flush()
  })
}

async function runMigrations (config: Config): Promise<void> {
  const places = await openPlaces(config)
  try {
    await migrate(places.directUrl)
    await migrateQueues(places.store)
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
  // @ts-expect-error the demo is not there yet: this line goes when it lands
  else if (verb === 'demo') await (await import('../scripts/demo.ts')).demo(config, args.slice(1))
  else await serve(config, verb, args.includes('--fresh'))
}

main(process.argv.slice(2)).catch((error: unknown) => {
  // A wrong configuration is the reader's to mend: one sentence, no stack.
  process.stderr.write(error instanceof ConfigError ? `recoup: ${error.message}\n` : `recoup: ${error instanceof Error ? error.stack ?? error.message : String(error)}\n`)
  process.exit(1)
})
