import autocannon from 'autocannon'
import { uuidOf } from '../../src/kernel/index.ts'
import { agency, median } from './stage.ts'
import type { Finding, Stage } from './stage.ts'

const accountCount = 100_000
const roundSeconds = 4
const rounds = 5
const connections = 32

/** Reads of one account through the API, with key, isolation and schema, against a bare route with one prepared select. */
export async function readAccount (stage: Stage): Promise<Finding> {
  const ours = await stage.serve('api')
  const plain = await stage.run('bare', [])
  const { tenantId, key, lenderId } = await agency(ours.address)
  await stage.admin.query(`insert into accounts (tenant_id, id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, time_zone, due_on, stage, principal, interest, penalty, costs, placed_on, created_at)
    select a.tenant_id, gen_random_uuid(), a.lender_id, a.id, 'R' || n, 'card', 'USD', 'US', 'America/New_York', '2026-01-01', 'early', 10000 + n, 0, 0, 0, '2026-02-01', now()
    from agreements a cross join generate_series(1, $2::int) n where a.tenant_id = $1`, [uuidOf(tenantId), accountCount])
  await stage.admin.query('analyze accounts')
  const { rows } = await stage.admin.query<{ id: string }>('select id from accounts where lender_id = $1 limit 1000', [uuidOf(lenderId)])

  const fire = async (url: string, paths: string[], headers: Record<string, string>): Promise<number> => {
    const result = await autocannon({ url, connections, duration: roundSeconds, headers, requests: paths.map(path => ({ path })) })
    if (result.non2xx > 0 || result.errors > 0) throw new Error(`${result.non2xx} refusals and ${result.errors} errors while reading`)
    return result.requests.average
  }
  const readOurs = async () => await fire(ours.address, rows.map(({ id }) => `/v1/accounts/acc_${id}`), { authorization: `Bearer ${key}` })
  const readPlain = async () => await fire(plain.address, rows.map(({ id }) => `/accounts/${uuidOf(tenantId)}/${id}`), {})
  await readOurs()
  await readPlain()
  const found = { ours: [] as number[], plain: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    found.ours.push(await readOurs())
    found.plain.push(await readPlain())
  }
  await ours.stop()
  await plain.stop()
  return { name: 'read one account', unit: 'requests/s', ours: median(found.ours), plain: median(found.plain), goal: 0.8 }
}
