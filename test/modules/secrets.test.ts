import { eq } from 'drizzle-orm'
import pg from 'pg'
import t from 'tap'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { nextPosition, tableAt } from '../../src/modules/secrets/core.ts'
import { addParties, contactPointsOf, revealContact } from '../../src/modules/parties/index.ts'
import { parties } from '../../src/modules/parties/tables.ts'
import { dataKeys, events, openVault } from '../../src/platform/index.ts'
import { masterKeys, seal, unwrapDataKey } from '../../src/platform/secrets/envelope.ts'
import { resealAfter, sealedTables } from '../../src/platform/secrets/reseal.ts'
import { world } from '../world.ts'
import type { Agency, World } from '../world.ts'

t.test('a pass goes through every table once, and finds its way when tables come and go between two steps', async t => {
  const tables = [{ name: 'a' }, { name: 'c' }]
  t.equal(tableAt(tables, { tableName: null, afterId: null })?.name, 'a')
  t.equal(tableAt(tables, { tableName: 'c', afterId: 'x' })?.name, 'c')
  t.equal(tableAt(tables, { tableName: 'b', afterId: 'x' })?.name, 'c', 'b is no more')
  t.equal(tableAt(tables, { tableName: 'd', afterId: null }), null)
  t.same(nextPosition(tables, 'a', 'x'), { tableName: 'a', afterId: 'x' })
  t.same(nextPosition(tables, 'a', null), { tableName: 'c', afterId: null })
  t.equal(nextPosition(tables, 'c', null), null)
})

/** The master key of `world()`. */
const testMaster = `test:${Buffer.alloc(32, 7).toString('base64')}`
const newMaster = `new:${Buffer.alloc(32, 8).toString('base64')}`

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const phone = '+8613912345678'
  const add = async () => (await w.tx(us, async tx => await addParties(tx, w.vault, bank.id, [{ kind: 'person', name: '欧阳明月', identity: '110101199003070134', contactPoints: [{ channel: 'phone', value: phone }] }])))[0]!
  const clear = async (id: string) => await w.ok<{ name: string, contactPoints: { value: string }[] }>(us, 'POST', `/v1/parties/${id}/reveal`, { purpose: 'legal' })
  const told = async (type: string) => (await w.tx(us, async tx => await tx.select({ type: events.type, data: events.data }).from(events))).filter(row => row.type === type)

  // An endpoint with two secrets, and a deleted one: its secret is destroyed and stays so.
  const [hook, deleted] = await Promise.all([1, 2].map(async () => await w.ok<{ id: string }>(us, 'POST', '/v1/webhook-endpoints', { url: 'https://hooks.example.com/recoup' })))
  await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook!.id}/rotate-secret`, { overlapSeconds: 60 })
  await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook!.id}/pause`)
  await w.call(us, 'DELETE', `/v1/webhook-endpoints/${deleted!.id}`)
  await w.ok(us, 'POST', '/v1/staff', { name: 'Mei Tan', email: 'mei@example.com', role: 'collector' })

  t.test('values sealed before stay readable, and are brought under the new key until none of the old is left', async t => {
    const before = await add()
    t.equal((await w.call(bank, 'POST', '/v1/data-keys/rotate')).statusCode, 403)
    t.match(await w.ok(us, 'GET', '/v1/data-keys'), { data: [{ version: 1 }], resealing: null })
    t.match(await w.ok(us, 'POST', '/v1/data-keys/rotate'), { version: 2 })
    const after = await add()
    for (const id of [before, after]) t.match(await clear(id), { name: '欧阳明月', contactPoints: [{ value: phone }] })
    t.ok(await sealedUnder(w.url, us.id, 1) > 0, 'until the job has run, the old key is in use')
    t.match(await w.ok(us, 'GET', '/v1/data-keys'), { resealing: { version: 2, state: 'running' } })
    await w.settle(us)
    t.equal(await sealedUnder(w.url, us.id, 1), 0)
    t.ok(await sealedUnder(w.url, us.id, 2) >= 2 * 3 + 2)
    for (const id of [before, after]) t.match(await clear(id), { name: '欧阳明月', contactPoints: [{ value: phone }] })
    t.equal((await w.ok<{ data: { name: string }[] }>(us, 'GET', '/v1/staff')).data[0]?.name, 'Mei Tan')
    await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook!.id}/rotate-secret`, { overlapSeconds: 60 })
    t.equal((await w.ok<{ data: unknown[] }>(us, 'POST', '/v1/party-searches', { phone })).data.length, 2, 'what is found by hash is found as before')
    t.match(await w.ok(us, 'GET', '/v1/data-keys'), { data: [{ version: 1 }, { version: 2 }], resealing: { state: 'waiting', doneAt: null } })
  })

  t.test('a process that sealed with the old key a moment longer is made good by the last pass', async t => {
    const late = await add()
    await sealAgainUnder(w, us, late, 1)
    t.ok(await sealedUnder(w.url, us.id, 1) > 0)
    t.same(await told('dataKey.takenUp'), [])
    await w.liveUntil(us, '2026-01-05T10:00:00Z')
    t.equal(await sealedUnder(w.url, us.id, 1), 0)
    t.match(await told('dataKey.takenUp'), [{ data: { version: 2 } }])
    t.match(await w.ok(us, 'GET', '/v1/data-keys'), { resealing: { state: 'done', doneAt: '2026-01-05T09:10:00Z' } })
  })

  t.test('a process that has not heard of a rotation reads what is sealed with the new key all the same', async t => {
    const elsewhere = openVault(testMaster)
    await w.tx(us, async tx => { await elsewhere.safeOf(tx) })
    await w.ok(us, 'POST', '/v1/data-keys/rotate')
    const id = await add()
    const value = await w.tx(us, async tx => {
      const safe = await elsewhere.safeOf(tx)
      return revealContact(safe, (await contactPointsOf(tx, [id]))[0]!)
    })
    t.equal(value, phone)
  })

  t.test('two rotations at once make two versions, and the values end under the last', async t => {
    const made = await Promise.all([1, 2].map(async () => await w.ok<{ version: number }>(us, 'POST', '/v1/data-keys/rotate')))
    t.same(made.map(({ version }) => version).sort(), [4, 5])
    await w.settle(us)
    for (const version of [1, 2, 3, 4]) t.equal(await sealedUnder(w.url, us.id, version), 0)
    t.ok(await sealedUnder(w.url, us.id, 5) > 0)
  })

  t.test('a rotation that was rolled back leaves no key in memory that nothing would open', async t => {
    await t.rejects(w.tx(us, async tx => {
      await w.vault.addKeys(tx)
      await addParties(tx, w.vault, bank.id, [{ kind: 'person', name: 'nobody' }])
      throw new Error('rolled back')
    }), { message: 'rolled back' })
    t.match(await clear(await add()), { name: '欧阳明月' })
  })

  t.test('a value that is erased while a step is at it stays erased', async t => {
    const id = await add()
    await w.ok(us, 'POST', '/v1/data-keys/rotate')
    const table = sealedTables().find(({ name }) => name === 'parties')!
    let step: Promise<string | null> = Promise.resolve('not begun')
    await w.tx(us, async tx => {
      await tx.update(parties).set({ name: null, identity: null }).where(eq(parties.id, idOf('party', uuidOf(id))))
      // The step reads the values that are still committed, and waits for this transaction before it writes them back.
      step = w.tx(us, async other => await resealAfter(other, await w.vault.safeOf(other), table, null))
      await waiting(w.url)
    })
    t.equal(await step, null)
    const rows = await w.tx(us, async tx => await tx.select({ id: parties.id, name: parties.name, identity: parties.identity }).from(parties))
    t.match(rows.find(row => row.id === id), { name: null, identity: null })
    t.equal(rows.filter(({ name }) => name === null).length, 1, 'and no other is touched')
  })

  t.test('retiring a master key brings every agency\'s keys under the new one', async t => {
    const both = openVault(`${newMaster},${testMaster}`)
    t.match((await w.call(us, 'POST', '/v1/operations/master-key-rewraps', {})).json(), { status: 403 })
    t.match(await w.ok('operator', 'POST', '/v1/operations/master-key-rewraps', {}), { agencies: 2, rewrapped: 0, nextCursor: null }, 'nothing to do under the same key')
    const counts = await Promise.all([us, them].map(async tenant => await w.tx(tenant, async tx => await both.rewrapKeys(tx))))
    t.ok(counts.every(count => count >= 2), 'the field keys and the index key')
    t.equal(await w.tx(us, async tx => await both.rewrapKeys(tx)), 0, 'safe to run again')
    const rows = await w.tx(us, async tx => await tx.select({ masterKeyId: dataKeys.masterKeyId }).from(dataKeys))
    t.same([...new Set(rows.map(({ masterKeyId }) => masterKeyId))], ['new'])
    const after = openVault(newMaster)
    const index = await w.tx(us, async tx => (await after.safeOf(tx)).index('phone', phone))
    t.same(index, await w.tx(us, async tx => (await w.vault.safeOf(tx)).index('phone', phone)), 'the same keys, wrapped anew')
    await t.rejects(w.tx(us, async tx => await openVault(testMaster).safeOf(tx)), /master key new is not configured/)
  })
  t.same(w.failures, [])
})

/** How many values of an agency are sealed with a version of its key, in whatever column of bytes. */
async function sealedUnder (url: string, tenantId: string, version: number): Promise<number> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: columns } = await client.query<{ table: string, name: string }>(`
      select quote_ident(c.relname) as table, quote_ident(a.attname) as name from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind = 'r' and a.atttypid = 'bytea'::regtype and not a.attisdropped and c.relname <> 'idempotency_keys'`)
    let count = 0
    for (const { table, name } of columns) {
      const { rows } = await client.query<{ n: string }>(`select count(*) as n from ${table} where tenant_id = $1 and substring(${name} from 1 for 3) = $2 and length(${name}) > 31`, [uuidOf(tenantId), Buffer.of(1, version >> 8, version & 255)])
      count += Number(rows[0]!.n)
    }
    return count
  } finally {
    await client.end()
  }
}

/** Puts a party's name back under an older key, as a process would that had not heard of the rotation. */
async function sealAgainUnder (w: World, of: Agency, id: Id<'party'>, version: number): Promise<void> {
  await w.tx(of, async tx => {
    const stored = (await tx.select().from(dataKeys)).find(row => row.purpose === 'fields' && row.version === version)!
    const key = unwrapDataKey(masterKeys(testMaster), { tenantId: of.id, purpose: 'fields', version }, stored)
    await tx.update(parties).set({ name: seal({ version, key }, { tenantId: of.id, table: 'parties', column: 'name', id }, '欧阳明月') }).where(eq(parties.id, id))
  })
}

/** Waits until some transaction waits for a lock. */
async function waiting (url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    while ((await client.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).rowCount === 0) { /* the server takes its time */ }
  } finally {
    await client.end()
  }
}
