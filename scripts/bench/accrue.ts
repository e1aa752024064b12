import { uuidOf } from '../../src/kernel/index.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import { findTenant, runJob } from '../../src/platform/jobs/run.ts'
import type { Machine } from '../../src/platform/jobs/run.ts'
import { openVault } from '../../src/platform/secrets/vault.ts'
import { guardedAgent } from '../../src/platform/http/guard.ts'
import { jobs } from '../../src/worker.ts'
import { agency, median } from './stage.ts'
import type { Finding, Stage } from './stage.ts'
import type { Id } from '../../src/kernel/index.ts'

const accountCount = 100_000
const rounds = 3

/** One night's interest of 100,000 accounts, with its charges, journal, balances and events, against one INSERT ... SELECT of the rows it leaves. */
export async function accrue (stage: Stage): Promise<Finding> {
  const served = await stage.serve('api')
  const { tenantId, lenderId } = await agency(served.address, '2026-03-01T08:00:00Z')
  await served.stop()
  const tenant = uuidOf(tenantId)
  await stage.admin.query('set session_replication_role = replica')
  await stage.admin.query(`insert into accounts (tenant_id, id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, time_zone, due_on, stage, principal, interest, penalty, costs, placed_on, created_at)
    select a.tenant_id, uuidv7(), a.lender_id, a.id, 'R' || n, 'card', 'USD', 'US', 'America/New_York', '2026-01-01', 'early', 100000 + n, 0, 0, 0, '2026-02-28', now()
    from agreements a cross join generate_series(1, $3::int) n where a.tenant_id = $1 and a.lender_id = $2`, [tenant, uuidOf(lenderId), accountCount])
  await stage.admin.query(`insert into placements (tenant_id, id, account_id, lender_id, agreement_id, placement_number, state, placed_on, term_ends_on, created_at)
    select tenant_id, uuidv7(), id, lender_id, agreement_id, 1, 'active', '2026-02-28', '2026-12-31', now() from accounts where tenant_id = $1`, [tenant])
  await stage.admin.query(`insert into charge_schedules (tenant_id, account_id, lender_id, placement_id, agreement_id, charged_through_on, base_days, posted_interest, late_fee_on, due_at)
    select tenant_id, account_id, lender_id, id, agreement_id, '2026-02-28', 0, 0, '2026-12-25', '2026-03-01T05:00:00Z' from placements where tenant_id = $1`, [tenant])
  await stage.admin.query('set session_replication_role = origin')
  await stage.admin.query('vacuum analyze')

  const db = openDatabase({ url: stage.url, poolMax: 4, prepare: true })
  const machine: Machine = {
    db, jobs, tracing: null, vault: openVault(`bench:${Buffer.alloc(32, 7).toString('base64')}`),
    outside: { email: nowhere, sms: nowhere, http: guardedAgent({ allowPrivate: true }), allowPrivate: true },
    onFailure: (job, _tenant, error) => { throw new Error(`${job} failed: ${String(error)}`) },
  }
  if (await findTenant(db, tenantId as Id<'tenant'>) === null) throw new Error('the agency is gone')

  const ours = async (): Promise<number> => {
    const start = performance.now()
    while (await runJob(machine, 'charges.accrueNightly', tenantId as Id<'tenant'>, 60_000)) { /* another slice */ }
    return accountCount / (performance.now() - start) * 1_000
  }
  const found = { ours: [] as number[], plain: [] as number[] }
  for (let round = 1; round <= rounds; round++) {
    const day = `2026-03-0${round}`
    await stage.admin.query('update tenants set clock_at = $2 where tenant_id = $1', [tenant, `${day}T08:00:00Z`])
    found.ours.push(await ours())
    found.plain.push(await insertAgain(stage, tenant, day))
  }
  await db.close()
  await machine.outside.http.close()
  return { name: 'accrue a night of 100,000', unit: 'accounts/s', ours: median(found.ours), plain: median(found.plain), goal: 0.4 }
}

const nowhere = { send: async () => await Promise.reject(new Error('nothing is sent here')) }

/** Inserts the rows a night left once more, under other ids, in one statement; answers accounts a second. */
async function insertAgain ({ admin }: Stage, tenant: string, day: string): Promise<number> {
  const { rows: [kept] } = await admin.query<{ n: string, head: string }>('select count(*) as n, (select sequence from event_heads where tenant_id = $1 and stream = $1) as head from charges where tenant_id = $1 and to_on = $2', [tenant, day])
  if (Number(kept!.n) !== accountCount) throw new Error(`${kept!.n} of ${accountCount} accounts were charged`)
  await admin.query('drop table if exists again_charges, again_entries, again_postings, again_events, again_ids')
  await admin.query('create unlogged table again_charges as select * from charges where tenant_id = $1 and to_on = $2'.replace('$1', `'${tenant}'`).replace('$2', `'${day}'`))
  await admin.query('create unlogged table again_ids as select entry_id as old, uuidv7() as new from again_charges order by entry_id')
  await admin.query('create unlogged table again_entries as select e.* from journal_entries e join again_ids i on i.old = e.id')
  await admin.query('create unlogged table again_postings as select p.* from postings p join again_ids i on i.old = p.entry_id')
  await admin.query(`create unlogged table again_events as select * from events where tenant_id = '${tenant}' and sequence > ${Number(kept!.head) - accountCount}`)
  await admin.query('update again_entries e set id = i.new, cause_id = uuidv7() from again_ids i where i.old = e.id')
  await admin.query('update again_postings p set entry_id = i.new from again_ids i where i.old = p.entry_id')
  await admin.query(`update again_charges c set id = uuidv7(), entry_id = i.new, caused_by = 'again ' || caused_by from again_ids i where i.old = c.entry_id`)
  await admin.query(`update again_events set id = uuidv7(), sequence = sequence + ${accountCount}, lender_sequence = lender_sequence + ${accountCount}`)
  for (const table of ['again_charges', 'again_entries', 'again_postings', 'again_events']) await admin.query(`analyze ${table}`)
  const start = performance.now()
  await admin.query(`with entries as (insert into journal_entries select * from again_entries order by id), lines as (insert into postings select * from again_postings order by entry_id),
    made as (insert into charges select * from again_charges order by id) insert into events select * from again_events order by sequence`)
  const rate = accountCount / (performance.now() - start) * 1_000
  await admin.query(`update event_heads set sequence = sequence + ${accountCount} where tenant_id = $1`, [tenant])
  return rate
}
