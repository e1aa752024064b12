import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import autocannon from 'autocannon'
import { uuidOf } from '../../src/kernel/index.ts'
import { agency, call, median } from './stage.ts'
import type { Finding, Stage } from './stage.ts'

const itemCount = 1_000_000
const callers = 32
const rounds = 3
const roundSeconds = 5

/** The step at the heart of a lease, as a plain client would send it: take the first item that nobody holds. */
const statement = (tenantId: string, queueId: string): string => `with picked as (
  select w.id from work_items w where w.tenant_id = '${tenantId}' and w.queue_id = '${queueId}' and w.state = 'ready' and w.zone = 'US||America/New_York'
  order by w.priority desc, w.id limit 1 for update skip locked
), taken as (
  update work_items w set state = 'leased', lease_id = gen_random_uuid() from picked p where w.tenant_id = '${tenantId}' and w.id = p.id returning w.lease_id
) insert into leases (tenant_id, id, queue_id, holder_kind, holder_id, state, due_at, created_at)
  select '${tenantId}', lease_id, '${queueId}', 'service', 'bench', 'held', now() + interval '5 minutes', now() from taken;`

/** Leases of one work item out of a million through the API, against pgbench with the same number of callers running the same step. */
export async function leaseWork (stage: Stage): Promise<Finding> {
  const served = await stage.serve('api')
  const { tenantId, key, lenderId } = await agency(served.address, '2026-02-03T15:00:00Z')
  const queue = await call<{ id: string }>(served.address, key, 'POST', '/v1/queues', { name: 'All', ordering: 'balance', filter: { currencies: ['USD'] } })
  const [tenant, lender, queueId] = [tenantId, lenderId, queue.id].map(uuidOf) as [string, string, string]
  await stage.admin.query('set session_replication_role = replica')
  await stage.admin.query(`insert into accounts (tenant_id, id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, time_zone, due_on, stage, principal, interest, penalty, costs, placed_on, created_at)
    select a.tenant_id, uuidv7(), a.lender_id, a.id, 'R' || n, 'card', 'USD', 'US', 'America/New_York', '2026-01-01', 'early', 10000 + n % 100000, 0, 0, 0, '2026-02-01', now()
    from agreements a cross join generate_series(1, $3::int) n where a.tenant_id = $1 and a.lender_id = $2`, [tenant, lender, itemCount])
  await stage.admin.query(`insert into work_items (tenant_id, id, queue_id, account_id, placement_id, zone, priority, state, created_at)
    select tenant_id, uuidv7(), $2, id, uuidv7(), 'US||America/New_York', principal, 'ready', now() from accounts where tenant_id = $1`, [tenant, queueId])
  await stage.admin.query('set session_replication_role = origin')
  await stage.admin.query('vacuum analyze work_items')
  await stage.admin.query('vacuum analyze accounts')

  const latencies: number[] = []
  const ours = async (): Promise<number> => {
    const result = await autocannon({
      url: `${served.address}/v1/queues/${queue.id}/leases`, method: 'POST', connections: callers, duration: roundSeconds,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' }, body: JSON.stringify({ count: 1, ttlSeconds: 300 }),
    })
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} refusals and ${result.errors} errors while leasing`)
    latencies.push(result.latency.p99)
    return result.requests.average
  }
  const folder = mkdtempSync(join(tmpdir(), 'recoup-pgbench-'))
  writeFileSync(join(folder, 'lease.sql'), statement(tenant, queueId))
  const plain = async (): Promise<number> => {
    const bench = spawn('pgbench', ['-n', '-M', 'prepared', '-c', String(callers), '-j', '2', '-T', String(roundSeconds), '-f', join(folder, 'lease.sql'), stage.url], { stdio: ['ignore', 'pipe', 'pipe'] })
    let text = ''
    bench.stdout.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
    bench.on('error', () => undefined)
    await once(bench, 'close')
    const tps = /tps = ([0-9.]+)/.exec(text)?.[1]
    if (tps === undefined) throw new Error('pgbench is needed: install it with your PostgreSQL client (on Debian: postgresql-client, postgresql)')
    return Number(tps)
  }
  await ours()
  const found = { ours: [] as number[], plain: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    found.ours.push(await ours())
    found.plain.push(await plain())
  }
  await served.stop()
  rmSync(folder, { recursive: true, force: true })
  return { name: 'lease one of 1,000,000', unit: 'leases/s', ours: median(found.ours), plain: median(found.plain), goal: 0.5, note: `p99 ${median(latencies)} ms` }
}
