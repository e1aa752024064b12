import { fork } from 'node:child_process'
import { world } from './world.ts'
import type { World, Agency } from './world.ts'
import { runJob } from '../src/platform/jobs/run.ts'
import { sign, newSecret, envelope } from '../src/modules/webhooks/core.ts'
import { readFeed } from '../src/modules/webhooks/feed.db.ts'
import { emit } from '../src/platform/index.ts'
import { ApiKeyRevoked } from '../src/modules/tenants/index.ts'
import { sql } from 'drizzle-orm'
import { randomBytes } from 'node:crypto'

const N = Number(process.env['N'] ?? 20000)
const E = Number(process.env['E'] ?? 1)
async function port () {
  const child = fork('/tmp/wh_receiver.mjs'); return await new Promise<number>(r => child.once('message', m => r(m as number)))
}
async function emitMany (w: World, us: Agency, n: number) {
  for (let i = 0; i < n; i += 500) await w.tx(us, async tx => { for (let k = 0; k < 500; k++) emit(tx, ApiKeyRevoked, {}, { apiKeyId: 'key_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' as never }) })
}
const w = await world()
await w.db.installation(tx => tx.execute(sql`select 1`))
if (process.env['SLOW']) { const { default: pg } = await import('pg'); const c = new pg.Client({ connectionString: w.url }); await c.connect(); await c.query(`alter database ${new URL(w.url).pathname.slice(1)} set log_min_duration_statement = -1`); const d = new URL(w.url).pathname.slice(1); await c.query(`alter database ${d} set session_preload_libraries = 'auto_explain'`); await c.query(`alter database ${d} set auto_explain.log_min_duration = ${process.env['SLOW']}`); await c.query(`alter database ${d} set auto_explain.log_analyze = on`); await c.query(`alter database ${d} set auto_explain.log_nested_statements = on`);  await c.query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()`); await c.end() }
const us = await w.agency({ now: null })
const ports: number[] = []
for (let i = 0; i < Math.min(E, 1); i++) ports.push(await port())
for (let e = 0; e < E; e++) await w.ok(us, 'POST', '/v1/webhook-endpoints', { url: `http://127.0.0.1:${ports[e % ports.length]}/in${e}` })
const secret = newSecret(randomBytes(32))

import { readFileSync } from 'node:fs'
async function pgCpu () {
  const { rows } = await w.db.installation(tx => tx.execute(sql`select pid from pg_stat_activity where datname = current_database()`))
  let t = 0
  for (const r of rows) try { const f = readFileSync(`/proc/${String(r['pid'])}/stat`, 'utf8').split(') ')[1]!.split(' '); t += Number(f[11]) + Number(f[12]) } catch {}
  return t / 100
}
async function bare (n: number) {
  const told = (await w.tx(us, tx => readFeed(tx, { after: 10, limit: 200, types: null, accountId: null }))).told
  const http = w.machine.outside.http
  let i = 0
  const cpu = process.cpuUsage()
  const begun = performance.now()
  await Promise.all(Array.from({ length: 8 }, async () => {
    while (i < n) {
      const t = told[i++ % 200]!
      const body = Buffer.from(envelope(t)); const s = Math.floor(Date.now() / 1000)
      const r = await http.request({ origin: `http://127.0.0.1:${ports[0]}`, path: '/in', method: 'POST', body, headers: { 'content-type': 'application/json', 'webhook-id': t.id, 'webhook-timestamp': String(s), 'webhook-signature': sign([secret], t.id, s, body) } })
      await r.body.dump()
    }
  }))
  const c = process.cpuUsage(cpu); console.log('bare cpu', ((c.user + c.system) / 1e6).toFixed(2))
  return n / ((performance.now() - begun) / 1000)
}
async function drain (n: number) {
  await emitMany(w, us, n / E)
  let b = performance.now()
  while (await runJob(w.machine, 'webhooks.fanOut', us.id, 60_000)) {}
  const fan = n / ((performance.now() - b) / 1000)
  if (process.env['EXPL']) await w.tx(us, async tx => {
    const T = us.id.slice(4)
    const q = (x: string) => tx.execute(sql.raw(x)).then(r => console.log(r.rows.map(x => Object.values(x).join(' ')).join('\n')))
    const { rows } = await tx.execute(sql`select id from webhook_endpoints limit 1`)
    await q(`select relname, relpages, reltuples from pg_class where relname like 'deliveries%'`)
    await q(`select attname, null_frac, n_distinct from pg_stats where tablename='deliveries'`)
    await q(`explain select d.id, d.next_attempt_at, d.event_sequence from unnest(array['${rows[0]!['id']}']::uuid[]) e(id) cross join lateral (select d.id, d.endpoint_id, d.tries, d.next_attempt_at, d.event_sequence, d.lender_id from deliveries d
	      where d.tenant_id = '${T}'::uuid and d.endpoint_id = e.id and d.next_attempt_at <= now() order by d.next_attempt_at, d.event_sequence limit 512) d`)
    await q(`set local enable_seqscan = off`)
    await q(`explain select d.id, d.next_attempt_at, d.event_sequence from unnest(array['${rows[0]!['id']}']::uuid[]) e(id) cross join lateral (select d.id, d.endpoint_id, d.tries, d.next_attempt_at, d.event_sequence, d.lender_id from deliveries d
	      where d.tenant_id = '${T}'::uuid and d.endpoint_id = e.id and d.next_attempt_at <= now() order by d.next_attempt_at, d.event_sequence limit 512) d`)
  })
  b = performance.now()
  const cpu = process.cpuUsage()
  const pg0 = await pgCpu()
  while (await runJob(w.machine, 'webhooks.deliver', us.id, 60_000)) {}
  const rate = n / ((performance.now() - b) / 1000)
  const c = process.cpuUsage(cpu)
  const { rows } = await w.tx(us, tx => tx.execute(sql`select state, count(*) from deliveries group by 1`))
  console.log('fanout/s', Math.round(fan), 'drain/s', Math.round(rate), 'cpu s', ((c.user + c.system) / 1e6).toFixed(2), 'pg cpu', ((await pgCpu()) - pg0).toFixed(2), 'of', (n / rate).toFixed(2), JSON.stringify(rows))
  return rate
}
await emitMany(w, us, 1000)
await drain(2000); await bare(2000)
const ds: number[] = [], bs: number[] = []
for (let i = 0; i < Number(process.env['R'] ?? 3); i++) { bs.push(await bare(N)); console.log('bare/s', Math.round(bs.at(-1)!)); ds.push(await drain(N)) }
const med = (x: number[]) => x.sort((a, b) => a - b)[x.length >> 1]!
console.log('ratio', (med(ds) / med(bs)).toFixed(3), w.failures)
if (process.env['KEEP']) { console.log(w.url, us.id); process.exit() }
await w.close(); process.exit()
