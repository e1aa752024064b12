/** The program with no work but placing batches: what follows a placement (charges, reminders, queues) is another's measure. */
import { buildApp } from '../../src/app.ts'
import { readConfig } from '../../src/config.ts'
import { openDeps, openLog, openPlaces } from '../../src/deps.ts'
import { jobs } from '../../src/modules/placements/index.ts'
import { startWorker } from '../../src/platform/jobs/relay.ts'

const config = readConfig(process.env)
const places = await openPlaces(config)
const deps = await openDeps(config, places, openLog(config))
const machine = { ...deps.machine, jobs: Object.values(jobs) }
const worker = await startWorker(machine, deps.queues, { concurrency: config.WORKER_CONCURRENCY, onError: () => undefined })
const app = await buildApp(deps.server, { db: deps.db, machine, queues: deps.queues, vault: deps.vault })
process.stderr.write(`${await app.listen({ port: 0, host: '127.0.0.1' })}\n`)
process.on('SIGTERM', () => { void worker.close().then(async () => await app.close()).then(async () => await deps.close()).then(() => { process.exit(0) }) })
