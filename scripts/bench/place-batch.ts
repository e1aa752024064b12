import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { agency, call, median } from './stage.ts'
import type { Finding, Stage } from './stage.ts'

const accountCount = 100_000
const rounds = 3
const pollMs = 50

/** What a placed batch leaves, a table that is referred to before those that refer to it. */
const tables = ['placement_batches', 'accounts', 'parties', 'contact_points', 'account_parties', 'placements', 'journal_entries', 'postings', 'placement_rows', 'events']

const row = (n: number): string => JSON.stringify({
  lenderReference: `L-${String(n).padStart(8, '0')}`, product: 'card', currency: 'USD', jurisdiction: 'US', timeZone: 'America/New_York', dueOn: '2026-01-05', placedOn: '2026-01-20',
  balance: { principal: 100_00 + n, interest: n % 50_00 },
  parties: [{ role: 'borrower', kind: 'person', name: `Borrower ${n}`, contactPoints: [{ channel: 'phone', value: `+1212555${String(n % 10_000).padStart(4, '0')}` }, { channel: 'email', value: `borrower${n}@example.com` }] }],
})

/** Placement of a batch through the API, from the first byte to the last account, against COPY of the same rows into the same tables with their indexes and keys. */
export async function placeBatch (stage: Stage): Promise<Finding> {
  let served = await stage.run('placing', [])
  const { key, lenderId } = await agency(served.address)
  await served.stop()
  const body = Array.from({ length: accountCount }, (_, i) => row(i + 1)).join('\n')
  const folder = mkdtempSync(join(tmpdir(), 'recoup-copy-'))
  chmodSync(folder, 0o777)
  const truncate = async (): Promise<void> => {
    await stage.admin.query(`truncate ${tables.join(', ')}, placement_parts, charge_schedules, messages, work_items, deliveries, job_states cascade`)
    await stage.admin.query('checkpoint')
  }

  const ours = async (): Promise<number> => {
    const start = performance.now()
    const reply = await fetch(`${served.address}/v1/placement-batches?lenderId=${lenderId}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' }, body })
    if (!reply.ok) throw new Error(`the batch was refused: ${await reply.text()}`)
    let batch = await reply.json() as { id: string, state: string, acceptedCount: number }
    while (batch.state !== 'processed') {
      await new Promise(resolve => setTimeout(resolve, pollMs))
      batch = await call(served.address, key, 'GET', `/v1/placement-batches/${batch.id}`)
    }
    if (batch.acceptedCount !== accountCount) throw new Error(`${batch.acceptedCount} of ${accountCount} were placed`)
    return accountCount / (performance.now() - start) * 1_000
  }
  const plain = async (): Promise<number> => {
    const start = performance.now()
    for (const table of tables) await stage.admin.query(`copy ${table} from '${join(folder, table)}'`)
    return accountCount / (performance.now() - start) * 1_000
  }

  const found = { ours: [] as number[], plain: [] as number[] }
  for (let i = 0; i < rounds; i++) {
    await truncate()
    served = await stage.run('placing', [])
    found.ours.push(await ours())
    await served.stop()
    if (i === 0) for (const table of tables) await stage.admin.query(`copy (select * from ${table}) to '${join(folder, table)}'`)
    await truncate()
    found.plain.push(await plain())
  }
  await truncate()
  rmSync(folder, { recursive: true, force: true })
  return { name: 'place 100,000 accounts', unit: 'accounts/s', ours: median(found.ours), plain: median(found.plain), goal: 0.8 }
}
