/** A worker process for jobs.test.ts, to be killed: the database's URL and the queue's store are its arguments. */
import { openDatabase } from '../../src/platform/db/database.ts'
import { guardedAgent } from '../../src/platform/http/guard.ts'
import { openQueues } from '../../src/platform/jobs/backend.ts'
import type { QueueStore } from '../../src/platform/jobs/backend.ts'
import { startWorker } from '../../src/platform/jobs/relay.ts'
import { openVault } from '../../src/platform/secrets/vault.ts'
import { hangs, testJobs } from './jobs.fixture.ts'

const [url, store] = process.argv.slice(2) as [string, string]
const nowhere = { send: async () => await Promise.reject(new Error('no provider')) }
const db = openDatabase({ url, poolMax: 4, prepare: true })
hangs.onHang = () => { process.stdout.write('hanging\n') }
const vault = openVault(`test:${Buffer.alloc(32, 7).toString('base64')}`)
const machine = { db, vault, jobs: testJobs, outside: { email: nowhere, sms: nowhere, http: guardedAgent({ allowPrivate: true }), allowPrivate: true, publicUrl: '' }, onFailure: () => undefined }
await startWorker(machine, await openQueues(JSON.parse(store) as QueueStore), { concurrency: 2, onError: () => undefined })
