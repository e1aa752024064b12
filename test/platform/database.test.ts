import { randomUUID } from 'node:crypto'
import { sql } from 'drizzle-orm'
import pg from 'pg'
import t from 'tap'
import { idOf, uuidOf } from '#kernel'
import { literal } from '#platform'
import { buildHealth } from '../../src/app.ts'
import { findAccount } from '../../src/modules/accounts/index.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import { gatherReads } from '../../src/platform/db/gather.ts'
import { DatabaseTooOld, checkVersion, migrate } from '../../src/platform/db/migrate.ts'
import { findTenant } from '../../src/platform/jobs/run.ts'
import { tenants } from '../../src/platform/tables.ts'
import { world } from '../world.ts'

async function run (url: string, ...texts: string[]): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    for (const text of texts) await client.query(text)
  } finally {
    await client.end()
  }
}

t.test('a PostgreSQL older than our statements is refused by name', async t => {
  for (const version of [150_010, 170_006]) t.throws(() => { checkVersion(version) }, new DatabaseTooOld(`DATABASE_URL leads to PostgreSQL ${version / 10_000 | 0}: 18 or later is needed.`))
  for (const version of [180_000, 190_001]) checkVersion(version)
})

t.test('instants are written in UTC, whatever the server is set to', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ now: '2026-01-05T09:00:00Z' })
  const name = new URL(w.url).pathname.slice(1)
  await run(w.url, `alter database ${name} set timezone to 'Asia/Tokyo'`, `alter database ${name} set datestyle to 'SQL, DMY'`)
  const db = openDatabase({ url: w.url, poolMax: 2, prepare: true })
  t.teardown(db.close)
  const principal = (await findTenant(db, us.id))!
  for (const readOnly of [true, false]) {
    const [row] = await db.withTenant(principal, async tx => {
      t.equal(tx.ctx.now.toISOString(), '2026-01-05T09:00:00.000Z')
      return await tx.select({ clockAt: tenants.clockAt }).from(tenants)
    }, { readOnly })
    t.same(row, { clockAt: '2026-01-05T09:00:00Z' })
  }
})

t.test('reads by key that are asked for at once travel together, each with its own answer and its own error', async t => {
  const w = await world()
  t.teardown(w.close)
  const agencies = [await w.agency(), await w.agency()] as const
  const accounts = await Promise.all(agencies.map(async agency => {
    const lender = await w.lender(agency)
    return await Promise.all(Array.from({ length: 20 }, async () => (await w.account(agency, lender)).accountId))
  }))
  const db = openDatabase({ url: w.url, poolMax: 4, prepare: true })
  t.teardown(db.close)
  const principals = await Promise.all(agencies.map(async ({ id }) => (await findTenant(db, id))!))
  const read = async (who: 0 | 1, id: string) => await db.withTenant(principals[who]!, async tx => (await findAccount(tx, idOf('account', id)))?.id ?? null, { readOnly: true })
  const asked = accounts.flatMap((ids, whose) => ids.flatMap(id => ([0, 1] as const).map(async who => t.equal(await read(who, uuidOf(id)), who === whose ? id : null, 'an agency reads its own and no other'))))
  await Promise.all([...asked, t.rejects(read(0, 'nonsense'), { code: '22P02' }, 'a read that is refused')])
})

t.test('reads travel with those of their own scope only, and those that a refusal hit go again alone', async t => {
  const sent: string[][] = []
  const read = gatherReads(async statements => {
    const texts = statements.map(({ text }) => text)
    sent.push(texts)
    if (texts.includes('bad')) throw new Error(texts.length > 2 ? 'refused' : 'refused alone')
    return statements.map(({ text }) => ({ rows: [[text]], fields: [], rowCount: 1 }))
  }, error => error instanceof Error && error.message === 'refused')
  const ask = async (scope: string, text: string): Promise<unknown> => (await read({ text: 'scope', values: [scope] }, { text, values: [] })).rows[0]![0]
  const answers = await Promise.allSettled([ask('a', 'one'), ask('b', 'two'), ask('a', 'bad'), ask('a', 'three')])
  t.same(answers.map(answer => answer.status === 'fulfilled' ? answer.value : String(answer.reason)), ['one', 'two', 'Error: refused alone', 'three'])
  t.same(sent, [['scope', 'one', 'bad', 'three'], ['scope', 'two'], ['scope', 'one'], ['scope', 'bad'], ['scope', 'three']])
})

t.test('an ordinary role can migrate and run it, even one called like our own schema', async t => {
  const server = process.env['RECOUP_TEST_DATABASE_URL']!
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const url = new URL(server)
  const role = 'recoup'
  await run(server, `do $$ begin create role ${role} login createrole password 'recoup'; exception when duplicate_object then null; end $$`,
    // In a cluster of its own it would have made the two itself.
    `grant recoup_app, recoup_relay to ${role} with admin option`, `create database ${name} owner ${role}`)
  t.teardown(async () => await run(server, `drop database ${name} with (force)`))
  Object.assign(url, { username: role, password: 'recoup', pathname: `/${name}` })
  await migrate(url.href)
  const db = openDatabase({ url: url.href, poolMax: 2, prepare: true })
  t.teardown(db.close)
  const { rows } = await db.installation(tx => tx.execute(sql`select count(*)::int as n from tenants`))
  t.same(rows, [{ n: 0 }])
  await t.rejects(db.installation(tx => tx.execute(sql`select name from staff`)), { cause: { code: '42501' } }, 'and the walls stand')
})

t.test('a database that is there but not migrated is told apart from one that is not there', async t => {
  const server = new URL(process.env['RECOUP_TEST_DATABASE_URL']!)
  const name = `t_${randomUUID().replaceAll('-', '')}`
  await run(server.href, `create database ${name}`)
  t.teardown(async () => await run(server.href, `drop database ${name} with (force)`))
  const w = await world()
  t.teardown(w.close)
  const cases: [string, object][] = [
    [new URL(`/${name}`, server).href, { status: 'unready', checks: { database: true, migrations: false, queue: true } }],
    ['postgres://nobody@127.0.0.1:1/nothing', { status: 'unready', checks: { database: false, migrations: false, queue: true } }],
    [w.url, { status: 'ready', checks: { database: true, migrations: true, queue: true } }],
  ]
  for (const [url, answer] of cases) {
    const db = openDatabase({ url, poolMax: 2, prepare: true })
    const health = await buildHealth({ db, queues: null, machine: w.machine })
    const reply = await health.inject('/readyz')
    t.same(reply.json(), answer)
    t.equal(reply.statusCode, 'ready' === (answer as { status: string }).status ? 200 : 503)
    await health.close()
    await db.close()
  }
})

t.test('a literal limit is a whole number and nothing else', async t => {
  t.doesNotThrow(() => literal(200))
  for (const n of [1.5, NaN, Infinity]) t.throws(() => literal(n))
})
