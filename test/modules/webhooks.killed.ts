import { guardedAgent } from '../../src/platform/http/guard.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { openVault } from '../../src/platform/secrets/vault.ts'
import { jobs } from '../../src/worker.ts'
import type { Id } from '../../src/kernel/index.ts'

/** A worker of its own that delivers for one agency, for a test to kill: `node webhooks.killed.js <database> <vault> <agency>`. */
const [url, masterKey, tenantId] = process.argv.slice(2) as [string, string, Id<'tenant'>]
const db = openDatabase({ url, poolMax: 2, prepare: true })
const nowhere = { send: async () => await Promise.reject(new Error('nobody mails here')) }
const machine = {
  db, vault: openVault(masterKey), jobs, onFailure: () => undefined,
  outside: { email: nowhere, sms: nowhere, http: guardedAgent({ allowPrivate: true }), allowPrivate: true, publicUrl: '' },
}
await runJob(machine, 'webhooks.deliver', tenantId, 60_000)
await db.close()
