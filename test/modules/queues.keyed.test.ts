import { sql } from 'drizzle-orm'
import t from 'tap'
import { uuidOf } from '../../src/kernel/index.ts'
import { world } from '../world.ts'

interface Granted { lease: { id: string } | null, items: { accountId: string }[] }

t.test('pulling work under an Idempotency-Key', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us)
  const queue = await w.ok<{ id: string }>(us, 'POST', '/v1/queues', { name: 'Hot' })
  for (let i = 0; i < 60; i++) await w.account(us, lender)
  await w.settle(us)
  const pull = async (key: string, body: object = { count: 1, ttlSeconds: 300 }) => await w.call(us, 'POST', `/v1/queues/${queue.id}/leases`, body, { 'idempotency-key': key })
  const leased = async (): Promise<number> => await w.tx(us, async tx => Number((await tx.execute(sql`select count(*) as n from work_items where tenant_id = ${uuidOf(us.id)}::uuid and state = 'leased'`)).rows[0]!['n']))

  t.test('collectors who ask at once are served together: a transaction for each would have them fight over the head of the queue', async t => {
    const { withTenant } = w.db
    let units = 0
    w.db.withTenant = async (...args) => { units++; return await withTenant(...args) }
    const answers = await Promise.all(Array.from({ length: 40 }, async (_, i) => await pull(`together-${i}`)))
    w.db.withTenant = withTenant
    t.same(new Set(answers.map(({ statusCode }) => statusCode)), new Set([201]))
    t.equal(new Set(answers.flatMap(answer => answer.json<Granted>().items.map(({ accountId }) => accountId))).size, 40)
    t.ok(units <= 10, `${units} transactions`)
    const again = await Promise.all(answers.map(async (_, i) => await pull(`together-${i}`)))
    t.same(again.map(({ body }) => body), answers.map(({ body }) => body), 'each repeat gets its own answer, to the byte')
    t.ok(again.every(({ headers, statusCode }) => headers['idempotency-replayed'] === 'true' && statusCode === 201))
    t.equal(await leased(), 40)
  })

  t.test('one key many times at once takes work once, and the answers around it are not disturbed', async t => {
    const [twins, others] = await Promise.all([
      Promise.all(Array.from({ length: 10 }, async () => await pull('twin'))),
      Promise.all(Array.from({ length: 10 }, async (_, i) => await pull(`beside-${i}`))),
    ])
    t.same(new Set(others.map(({ statusCode }) => statusCode)), new Set([201]))
    const granted = twins.filter(({ statusCode }) => statusCode === 201)
    t.ok(granted.length > 0)
    t.equal(new Set(granted.map(({ body }) => body)).size, 1)
    for (const refused of twins.filter(({ statusCode }) => statusCode !== 201)) t.match(refused.json(), { status: 409, code: 'idempotency-in-progress' })
    t.equal(await leased(), 51)
    t.match((await pull('twin', { count: 2, ttlSeconds: 300 })).json(), { status: 422, code: 'idempotency-key-reused' })
    t.match((await pull('a b')).json(), { status: 400, code: 'idempotency-key-invalid' })
    t.equal(await leased(), 51)
  })

  t.test('an empty queue is an answer too, and no lease is kept for it', async t => {
    const taken = await pull('rest', { count: 50, ttlSeconds: 300 })
    t.equal(taken.json<Granted>().items.length, 9)
    const empty = await pull('empty')
    t.match(empty.json(), { lease: null, items: [] })
    const again = await pull('empty')
    t.equal(again.statusCode, 200)
    t.equal(again.body, empty.body)
    t.equal(again.headers['idempotency-replayed'], 'true')
  })
})
