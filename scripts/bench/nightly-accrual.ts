import { uuidOf } from '../../src/kernel/index.ts'
import type { Id } from '../../src/kernel/index.ts'
import { jobs as charges } from '../../src/modules/charges/index.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import { guardedAgent } from '../../src/platform/http/guard.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import type { Machine } from '../../src/platform/jobs/run.ts'
import { openVault } from '../../src/platform/secrets/vault.ts'
import { agency, median } from './stage.ts'
import type { Finding, Stage } from './stage.ts'

const accountCount = 100_000
const nights = 3

/** One night's interest of many accounts (charges, journal entries, postings, events, balances), against one INSERT ... SELECT of the same rows. */
export async function nightlyAccrual ({ url, admin, serve }: Stage): Promise<Finding> {
  const api = await serve('api')
  const { tenantId } = await agency(api.address, '2026-03-01T00:00:00Z')
  await api.stop()
  await admin.query(accountsText, [uuidOf(tenantId), accountCount])
  await admin.query(placementsText, [uuidOf(tenantId)])
  await admin.query(schedulesText, [uuidOf(tenantId)])
  await admin.query('vacuum analyze')

  const db = openDatabase({ url, poolMax: 4, prepare: true })
  const nowhere = { send: async () => await Promise.reject(new Error('no provider')) }
  const machine: Machine = {
    db, vault: openVault(`bench:${Buffer.alloc(32, 7).toString('base64')}`), jobs: Object.values(charges),
    outside: { email: nowhere, sms: nowhere, http: guardedAgent({ allowPrivate: false }), allowPrivate: false, publicUrl: '' }, onFailure: (_job, _tenant, error) => { throw error },
  }
  const found = { ours: [] as number[], plain: [] as number[] }
  for (let night = 1; night <= nights; night++) {
    const on = `2026-03-0${night}`
    await admin.query('update tenants set clock_at = $2 where tenant_id = $1', [uuidOf(tenantId), `${on}T12:00:00Z`])
    const { rows: [before] } = await admin.query<{ sequence: string }>('select max(sequence) as sequence from event_heads where tenant_id = $1', [uuidOf(tenantId)])
    found.ours.push(await perSecond(async () => {
      // The boundary of an id that the API gave.
      while (await runJob(machine, 'charges.accrueNightly', tenantId as Id<'tenant'>, 600_000)) { /* another slice */ }
    }))
    await copyNight(admin, uuidOf(tenantId), on, before!.sequence)
    found.plain.push(await perSecond(async () => { await admin.query(plainText) }))
    await admin.query('update event_heads set sequence = sequence + $2 where tenant_id = $1', [uuidOf(tenantId), accountCount])
  }
  await machine.outside.http.close()
  await db.close()
  return { name: 'nightly accrual', unit: 'accounts/s', ours: median(found.ours), plain: median(found.plain), goal: 0.4 }
}

async function perSecond (work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return accountCount / (performance.now() - began) * 1_000
}

/** Lays the rows of a night aside under new keys, so that a plain statement can insert them again. */
async function copyNight (admin: Stage['admin'], tenantId: string, on: string, sequence: string): Promise<void> {
  await admin.query('drop table if exists night_charges, night_entries, night_postings, night_events')
  await admin.query(`create unlogged table night_charges as select *, uuidv7() as new_entry_id from charges where tenant_id = '${tenantId}' and to_on = '${on}'`)
  const { rows: [charged] } = await admin.query<{ n: string }>('select count(*) as n from night_charges where amount > 0')
  if (Number(charged!.n) !== accountCount) throw new Error(`${charged!.n} accounts were charged on ${on}`)
  await admin.query(`create unlogged table night_entries as select e.*, c.new_entry_id from journal_entries e join night_charges c on c.tenant_id = e.tenant_id and c.entry_id = e.id`)
  await admin.query(`create unlogged table night_postings as select p.*, e.new_entry_id from postings p join night_entries e on e.tenant_id = p.tenant_id and e.id = p.entry_id`)
  await admin.query(`create unlogged table night_events as select * from events where tenant_id = '${tenantId}' and sequence > ${sequence}`)
  await admin.query(`update night_events set sequence = sequence + ${accountCount}, lender_sequence = lender_sequence + ${accountCount}, id = uuidv7()`)
  await admin.query(`update night_entries set id = new_entry_id, cause_id = uuidv7()`)
  await admin.query(`update night_postings set entry_id = new_entry_id`)
  await admin.query(`update night_charges set id = uuidv7(), entry_id = new_entry_id, caused_by = 'plain ' || caused_by`)
  for (const table of ['night_charges', 'night_entries', 'night_postings', 'night_events']) {
    if (table !== 'night_events') await admin.query(`alter table ${table} drop column new_entry_id`)
    await admin.query(`analyze ${table}`)
  }
}

const plainText = `with entry as (insert into journal_entries select * from night_entries order by id), posting as (insert into postings select * from night_postings order by entry_id),
  charge as (insert into charges select * from night_charges order by id)
  insert into events select * from night_events order by sequence`

const accountsText = `insert into accounts (tenant_id, id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, time_zone, due_on, stage, principal, interest, penalty, costs, placed_on, created_at)
  select a.tenant_id, uuidv7(), a.lender_id, a.id, 'N' || n, 'card', 'USD', 'US', 'America/New_York', '2026-02-20', 'early', 100000 + n, 0, 0, 0, '2026-02-28', now()
  from agreements a cross join generate_series(1, $2::int) n where a.tenant_id = $1`

const placementsText = `insert into placements (tenant_id, id, account_id, lender_id, agreement_id, placement_number, state, placed_on, term_ends_on, created_at)
  select tenant_id, uuidv7(), id, lender_id, agreement_id, 1, 'active', placed_on, placed_on + 180, now() from accounts where tenant_id = $1 order by id`

const schedulesText = `insert into charge_schedules (tenant_id, account_id, lender_id, placement_id, agreement_id, charged_through_on, exact_interest, posted_interest, capitalized, fees, limits, due_at)
  select tenant_id, account_id, lender_id, id, agreement_id, placed_on, '0', 0, 0, jsonb_build_object('pending', jsonb_build_array(jsonb_build_object('code', 'late', 'turn', 1, 'onOrAfter', placed_on + 11)), 'charged', 0, 'lastOn', '{}'::jsonb), '[]'::jsonb, '2026-03-01T05:00:00Z' from placements where tenant_id = $1 order by account_id`
