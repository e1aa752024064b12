import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import pg from 'pg'
import { idOf, uuidOf } from '../../src/kernel/index.ts'
import type { Tx } from '../../src/platform/db/tx.ts'
import { lockAccount } from '../../src/modules/accounts/index.ts'
import { lockContactPoint, lockParty } from '../../src/modules/parties/db.ts'
import { lockPayment } from '../../src/modules/payments/db.ts'
import { world } from '../world.ts'

/*
 * A command that locks a row keeps others from changing it, not from naming it: a foreign key's check waits for `for update` and not for
 * `for no key update`. No command changes a key, and what is deleted locks itself.
 */

t.test('no module locks rows against those who only name them', async t => {
  const modules = fileURLToPath(new URL('../../../src/modules', import.meta.url))
  const files = readdirSync(modules, { recursive: true, encoding: 'utf8' }).filter(file => file.endsWith('.ts'))
  t.ok(files.length > 50)
  for (const file of files) t.notMatch(readFileSync(join(modules, file), 'utf8'), /\bfor\('update'|\bfor update\b/, file)
})

t.test('a row that a command has locked can be named meanwhile, and not changed', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  const { accountId } = await w.account(us, bank)
  const payment = await w.ok<{ id: `pay_${string}` }>(us, 'POST', '/v1/payments', { accountId, amount: 100, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
  const other = new pg.Client({ connectionString: w.url })
  await other.connect()
  t.teardown(async () => { await other.end() })
  const idIn = async (table: string): Promise<string> => (await other.query<{ id: string }>(`select id from ${table} where tenant_id = $1 limit 1`, [uuidOf(us.id)])).rows[0]!.id
  const rows: [table: string, id: string, lock: (tx: Tx) => Promise<unknown>][] = [
    ['accounts', uuidOf(accountId), async tx => await lockAccount(tx, accountId)],
    ['payments', uuidOf(payment.id), async tx => await lockPayment(tx, payment.id)],
  ]
  const partyId = await idIn('parties')
  rows.push(['parties', partyId, async tx => await lockParty(tx, idOf('party', partyId))])
  const pointId = await idIn('contact_points')
  rows.push(['contact_points', pointId, async tx => await lockContactPoint(tx, idOf('contactPoint', pointId))])
  for (const [table, id, lock] of rows) {
    await w.tx(us, async tx => {
      await lock(tx)
      const take = async (strength: string): Promise<unknown> => await other.query(`select from ${table} where tenant_id = $1 and id = $2 for ${strength} nowait`, [uuidOf(us.id), id])
      await t.resolves(take('key share'), `${table}: a foreign key`)
      await t.rejects(take('no key update'), { code: '55P03' }, `${table}: a change`)
    })
  }
})
