import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import t from 'tap'
import { bigints, booleans, byteStrings, days, integers, newId, smallints, texts, uuids, write } from '#platform'
import { idOf } from '#kernel'
import { world } from '../world.ts'

t.test('ids sort as they were made, and no two are the same', async t => {
  const ids = Array.from({ length: 50_000 }, () => newId('account'))
  t.equal(new Set(ids).size, ids.length)
  t.same(ids, [...ids].sort())
  t.same(ids.filter(id => !/^acc_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/.test(id)), [], 'UUIDs of version 7')
  t.ok(Math.abs(parseInt(ids[0]!.slice(4, 17).replace('-', ''), 16) - Date.now()) < 60_000, 'with the time in front')
})

t.test('the database reads the arrays that we write', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const nullable = <T>(value: fc.Arbitrary<T>) => fc.array(fc.option(value), { maxLength: 20 })
  // What text may hold in PostgreSQL: any character but NUL.
  const anyText = fc.string({ unit: 'binary', maxLength: 30 }).filter(text => !text.includes('\0') && !/\p{Surrogate}/u.test(text))
  const anyDay = fc.date({ min: new Date('0001-01-01T00:00:00Z'), max: new Date('9999-12-31T00:00:00Z'), noInvalidDate: true }).map(date => date.toISOString().slice(0, 10))
  const bounded = (bits: number) => fc.integer({ min: -(2 ** (bits - 1)), max: 2 ** (bits - 1) - 1 })

  await w.tx(us, async tx => {
    const read = async (array: ReturnType<typeof texts>, as: string): Promise<unknown[]> =>
      // eslint-disable-next-line no-restricted-syntax -- the test's own words
      (await tx.execute(sql`select v::${sql.raw(as)} as v from unnest(${array}) with ordinality u (v, n) order by n`)).rows.map(row => row['v'])
    const checks: [name: string, fc.IAsyncProperty<[unknown]>][] = [
      ['texts', fc.asyncProperty(nullable(anyText), async values => { t.strictSame(await read(texts(values), 'text'), values) })],
      ['uuids', fc.asyncProperty(nullable(fc.uuid()), async values => { t.strictSame(await read(uuids(values.map(id => id === null ? null : idOf('account', id))), 'text'), values) })],
      ['bytes', fc.asyncProperty(nullable(fc.uint8Array({ maxLength: 40 })), async values => { t.strictSame(await read(byteStrings(values.map(value => value === null ? null : Buffer.from(value))), 'bytea'), values.map(value => value === null ? null : Buffer.from(value))) })],
      ['days', fc.asyncProperty(nullable(anyDay), async values => { t.strictSame(await read(days(values), 'text'), values) })],
      ['bigints', fc.asyncProperty(nullable(fc.maxSafeInteger()), async values => { t.strictSame(await read(bigints(values), 'text'), values.map(value => value === null ? null : String(value + 0))) })],
      ['integers', fc.asyncProperty(nullable(bounded(32)), async values => { t.strictSame(await read(integers(values), 'int'), values) })],
      ['smallints', fc.asyncProperty(nullable(bounded(16)), async values => { t.strictSame(await read(smallints(values), 'int'), values) })],
      ['booleans', fc.asyncProperty(nullable(fc.boolean()), async values => { t.strictSame(await read(booleans(values), 'boolean'), values) })],
    ]
    for (const [name, property] of checks) await t.resolves(fc.assert(property as fc.IAsyncProperty<[unknown]>, { numRuns: 30 }), name)
  })

  t.test('what is written behind is there for the next query and gone with the transaction', async t => {
    const name = (text: string) => sql`update tenants set name = ${text} where tenant_id = ${us.id.slice(4)}::uuid`
    const nameNow = async () => (await w.ok<{ name: string }>(us, 'GET', '/v1/tenant')).name
    await w.tx(us, async tx => {
      write(tx, name('first'))
      write(tx, name('second'))
      t.same((await tx.execute(sql`select name from tenants where tenant_id = ${us.id.slice(4)}::uuid`)).rows, [{ name: 'second' }], 'in order')
      write(tx, name('third'))
    })
    t.equal(await nameNow(), 'third', 'the commit takes along what no query took')
    await t.rejects(w.tx(us, async tx => {
      write(tx, name('fourth'))
      await tx.execute(sql`select 1`)
      throw new Error('no')
    }), { message: 'no' })
    await t.rejects(w.tx(us, async tx => { write(tx, sql`select 1 / 0`) }), 'a write that fails fails the commit')
    await t.rejects(w.db.withTenant({ tenantId: us.id, actor: { kind: 'system', id: null }, livemode: false, hasTestClock: true }, async tx => { write(tx, name('fifth')) }, { readOnly: true }), /read-only/)
    t.equal(await nameNow(), 'third')
    await w.tx(us, async tx => { await tx.execute(sql`select 1`) })
  })
})
