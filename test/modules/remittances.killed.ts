import { openDatabase } from '../../src/platform/db/database.ts'
import { guardedAgent } from '../../src/platform/http/guard.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { openVault } from '../../src/platform/secrets/vault.ts'
import { jobs } from '../../src/worker.ts'
import type { Id } from '../../src/kernel/index.ts'

/** A worker of its own that passes money on for one agency, for a test to kill: `node remittances.killed.js <database> <agency>`. */
const [url, tenantId] = process.argv.slice(2) as [string, Id<'tenant'>]
const db = openDatabase({ url, poolMax: 2, prepare: true })
const nowhere = { send: async () => await Promise.reject(new Error('nobody mails here')) }
const vault = openVault(`test:${Buffer.alloc(32, 7).toString('base64')}`)
await runJob({ db, vault, jobs, onFailure: () => undefined, outside: { email: nowhere, sms: nowhere, http: guardedAgent({ allowPrivate: true }), allowPrivate: true, publicUrl: '' } }, 'remittances.doRuns', tenantId, 60_000)
await db.close()
