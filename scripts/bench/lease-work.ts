import { execFile, execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import autocannon from 'autocannon'
import pg from 'pg'
import type { SQL } from 'drizzle-orm'
import { idOf, uuidOf } from '../../src/kernel/index.ts'
import { takeItems } from '../../src/modules/queues/leases.db.ts'
import { dialect } from '../../src/platform/db/tx.ts'
import type { Tx } from '../../src/platform/db/tx.ts'
import { agency, call, median } from './stage.ts'
import type { Finding, Stage } from './stage.ts'

const itemCount = 1_000_000
const roundSeconds = 5
const rounds = 3
const connections = 32

/** A zone of which it is about noon now: work is only lent out by day. The sign of these names is turned round. */
function noonZone (): string {
  const ahead = 12 - new Date().getUTCHours()
  return ahead === 0 ? 'Etc/GMT' : `Etc/GMT${ahead > 0 ? '-' : '+'}${Math.abs(ahead)}`
}

/** One lease of one item from a million through the API, against 32 clients that each run the same statement under row security. */
export async function leaseWork (stage: Stage): Promise<Finding> {
  const ours = await stage.serve('api')
  const { tenantId, key, lenderId } = await agency(ours.address)
  const queue = await call<{ id: string }>(ours.address, key, 'POST', '/v1/queues', { name: 'Bench', filter: { currencies: ['USD'] }, ordering: 'balance' })
  const zone = noonZone()
  await load(stage.admin, { tenantId, lenderId, queueId: queue.id, zone })

  const pull = async () => {
    await stage.admin.query('vacuum work_items')
    const result = await autocannon({
      url: `${ours.address}/v1/queues/${queue.id}/leases`, method: 'POST', connections, duration: roundSeconds,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ count: 1, ttlSeconds: 3600 }),
    })
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} refusals and ${result.errors} errors while pulling`)
    return result
  }
  const script = await scriptOf(tenantId, queue.id, `CN||${zone}`)
  const plain = async () => {
    await stage.admin.query('vacuum work_items')
    return await script.run(stage.url)
  }
  await pull()
  const found = { ours: [] as number[], p99: [] as number[], plain: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    const result = await pull()
    found.ours.push(result.requests.average)
    found.p99.push(result.latency.p99)
    found.plain.push(await plain())
  }
  const { rows } = await stage.admin.query<{ n: string }>("select count(*) as n from (select from work_items where state = 'leased' group by lease_id having count(*) > 1) shared")
  if (rows[0]!.n !== '0') throw new Error('a lease of one item holds two')
  script.remove()
  await ours.stop()
  return { name: 'lease one of 1,000,000', unit: 'leases/s', ours: median(found.ours), plain: median(found.plain), goal: 0.5, note: `p99 ${median(found.p99)} ms, against ${script.by}` }
}

/** A million debts of one lender at work, and an item for each. */
async function load (admin: pg.Client, of: { tenantId: string, lenderId: string, queueId: string, zone: string }): Promise<void> {
  await admin.query('begin')
  await admin.query("set local session_replication_role = 'replica'")
  await admin.query(`insert into accounts (tenant_id, id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, time_zone, due_on, stage, principal, interest, penalty, costs, placed_on, created_at)
    select a.tenant_id, uuidv7(), a.lender_id, a.id, 'L' || n, 'card', 'USD', 'CN', $2, '2026-01-01', 'early', 100 + hashint4(n) & 1048575, 0, 0, 0, '2026-02-01', now()
    from agreements a cross join generate_series(1, $3::int) n where a.tenant_id = $1`, [uuidOf(of.tenantId), of.zone, itemCount])
  await admin.query(`insert into placements (tenant_id, id, account_id, lender_id, agreement_id, placement_number, state, placed_on, term_ends_on, created_at)
    select tenant_id, uuidv7(), id, lender_id, agreement_id, 1, 'active', placed_on, '2027-01-01', now() from accounts where tenant_id = $1`, [uuidOf(of.tenantId)])
  // Without figures of the new rows they would be joined one by one.
  await admin.query('analyze accounts, placements')
  await admin.query(`insert into work_items (tenant_id, id, queue_id, account_id, placement_id, zone, priority, state, created_at)
    select a.tenant_id, uuidv7(), $2, a.id, p.id, a.jurisdiction || '||' || a.time_zone, a.principal, 'ready', now()
    from accounts a join placements p on p.tenant_id = a.tenant_id and p.account_id = a.id where a.tenant_id = $1`, [uuidOf(of.tenantId), uuidOf(of.queueId)])
  await admin.query('commit')
  await admin.query('vacuum analyze accounts, placements, work_items, queues')
}

/** The statement of a lease as the API sends it, with its values in place; each run makes a lease id of its own. */
async function statementFor (tenantId: string, queueId: string, zone: string): Promise<string> {
  let taken: SQL | undefined
  const tx = { ctx: { tenantId, now: new Date() }, execute: async (statement: SQL) => { taken = statement; return { rows: [] } } }
  const lease = { id: idOf('lease', 'ID'), holder: { kind: 'service', id: 'bench' }, count: 1, dueAt: new Date(Date.now() + 3_600_000).toISOString() }
  // A transaction that only keeps the statement it is asked to run.
  await takeItems(tx as unknown as Tx, idOf('queue', uuidOf(queueId)), [lease], [{ zone, closesAt: null, head: Number.MAX_SAFE_INTEGER }], false)
  const { sql, params } = dialect.sqlToQuery(taken!)
  const literal = (value: unknown): string => Array.isArray(value) ? value[0] === 'ID' ? 'array[uuidv7()]' : `'{${value.map(one => `"${String(one)}"`).join(',')}}'` : `'${String(value)}'`
  return sql.replace(/\$(\d+)/g, (_, n) => literal(params[Number(n) - 1])).replace(/\s+/g, ' ').trim()
}

const scopeFor = (tenantId: string): string => `select set_config('role', 'recoup_app', true), set_config('app.tenant_id', '${uuidOf(tenantId)}', true), set_config('app.lender_id', '', true)`

interface Plain { by: string, run (url: string): Promise<number>, remove (): void }

/** Runs the statement with pgbench where it is installed, otherwise with as many plain connections from here. */
async function scriptOf (tenantId: string, queueId: string, zone: string): Promise<Plain> {
  const statement = await statementFor(tenantId, queueId, zone)
  try {
    execFileSync('pgbench', ['--version'], { stdio: 'ignore' })
  } catch {
    return { by: 'plain connections', run: async url => await runPlain(url, scopeFor(tenantId), statement), remove: () => undefined }
  }
  const folder = mkdtempSync(join(tmpdir(), 'recoup-pgbench-'))
  const file = join(folder, 'lease.sql')
  writeFileSync(file, `begin;\n${scopeFor(tenantId)};\n${statement};\ncommit;\n`)
  return {
    by: 'pgbench',
    async run (url) {
      const { stdout } = await promisify(execFile)('pgbench', ['-n', '-M', 'prepared', '-c', String(connections), '-j', '2', '-T', String(roundSeconds), '-f', file, url])
      return Number(/tps = ([\d.]+)/.exec(stdout)![1])
    },
    remove: () => rmSync(folder, { recursive: true }),
  }
}

async function runPlain (url: string, scope: string, statement: string): Promise<number> {
  const clients = await Promise.all(Array.from({ length: connections }, async () => {
    const client = new pg.Client({ connectionString: url })
    await client.connect()
    return client
  }))
  let count = 0
  const until = performance.now() + roundSeconds * 1000
  await Promise.all(clients.map(async client => {
    while (performance.now() < until) {
      await client.query('begin')
      await client.query(scope)
      await client.query({ name: 'lease', text: statement })
      await client.query('commit')
      count++
    }
    await client.end()
  }))
  return count / roundSeconds
}
