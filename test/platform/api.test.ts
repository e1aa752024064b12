import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { sql } from 'drizzle-orm'
import { problemTypes, uuidOf } from '../../src/kernel/index.ts'
import { forgetAnswers } from '../../src/platform/api/idempotency.ts'
import { ticksFor } from '../../src/platform/jobs/relay.ts'
import { openDatabase, systemPrincipal } from '../../src/platform/db/database.ts'
import { world } from '../world.ts'

t.test('what a caller gets wrong', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const countLenders = async (): Promise<number> => await w.tx(us, async tx => Number((await tx.execute(sql`select count(*) as n from lenders where tenant_id = ${uuidOf(us.id)}::uuid`)).rows[0]!['n']))

  const send = async (body: string | Buffer, headers: Record<string, string> = {}) => await w.app.inject({
    method: 'POST', url: '/v1/lenders', headers: { authorization: `Bearer ${us.key}`, 'content-type': 'application/json', ...headers }, payload: body,
  })

  const deep = `${'['.repeat(40)}1${']'.repeat(40)}`
  const hostile: [why: string, body: string | Buffer, status: number, code: string, headers?: Record<string, string>][] = [
    ['not JSON', '{"name":', 400, 'malformed-json'],
    ['two values', '{"name":"A"} {}', 400, 'malformed-json'],
    ['no body', '', 400, 'invalid-request'],
    ['an array', '[]', 400, 'invalid-request'],
    ['null', 'null', 400, 'invalid-request'],
    ['a number for a name', '{"name":1}', 400, 'invalid-request'],
    ['true for a name', '{"name":true}', 400, 'invalid-request'],
    ['null for a name', '{"name":null}', 400, 'invalid-request'],
    ['a list for a name', '{"name":["A"]}', 400, 'invalid-request'],
    ['an empty name', '{"name":""}', 400, 'invalid-request'],
    ['a name too long', JSON.stringify({ name: 'x'.repeat(201) }), 400, 'invalid-request'],
    ['an unknown field', '{"name":"A","nmae":"B"}', 400, 'invalid-request'],
    ['one key twice', '{"name":"A","name":"B"}', 400, 'duplicate-key'],
    ['a prototype key', '{"name":"A","__proto__":{"x":1}}', 400, 'forbidden-key'],
    ['NUL in a text', '{"name":"A\\u0000"}', 400, 'forbidden-character'],
    ['half a surrogate', '{"name":"\\ud800"}', 400, 'forbidden-character'],
    ['a control character', '{"name":"A\\u0007"}', 400, 'invalid-request'],
    ['bad UTF-8', Buffer.from([0x7b, 0x22, 0x6e, 0x22, 0x3a, 0x22, 0xff, 0x22, 0x7d]), 400, 'json-encoding-refused'],
    ['a byte order mark', Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]), 400, 'json-encoding-refused'],
    ['nesting without end', `{"name":${deep}}`, 400, 'json-too-deep'],
    ['a number beyond 2^53', '{"name":9007199254740993}', 400, 'number-too-large'],
    ['a form', 'name=A', 415, 'unsupported-media-type', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['XML', '<name>A</name>', 415, 'unsupported-media-type', { 'content-type': 'application/xml' }],
    ['more than a megabyte', JSON.stringify({ name: 'A', x: 'y'.repeat(1024 * 1024) }), 413, 'body-too-large'],
    ['a key with spaces', '{"name":"A"}', 400, 'idempotency-key-invalid', { 'idempotency-key': 'a b' }],
    ['a key without end', '{"name":"A"}', 400, 'idempotency-key-invalid', { 'idempotency-key': 'x'.repeat(201) }],
  ]
  t.test('is refused with one problem, and leaves nothing behind', async t => {
    const before = await countLenders()
    for (const [why, body, status, code, headers] of hostile) {
      const reply = await send(body, headers)
      t.match(reply.json(), { status, code, requestId: String }, why)
      t.equal(reply.statusCode, status, why)
      t.match(reply.headers['content-type'], /^application\/problem\+json/, why)
    }
    t.equal(await countLenders(), before)
  })

  t.test('has a pointer to the place', async t => {
    t.match((await send('{"nmae":"A"}')).json(), { errors: [{ pointer: '/name' }, { pointer: '/nmae' }] })
    t.match((await w.call(us, 'GET', '/v1/lenders?limit=0')).json(), { status: 400, errors: [{ pointer: '/query/limit' }] })
    t.match((await w.call(us, 'GET', '/v1/lenders?limit=201')).json(), { status: 400, errors: [{ pointer: '/query/limit' }] })
    t.match((await w.call(us, 'GET', '/v1/lenders?sort=name')).json(), { status: 400, errors: [{ pointer: '/query/sort' }] })
    t.match((await w.call(us, 'GET', '/v1/lenders/len_123')).json(), { status: 400, errors: [{ pointer: '/path/lenderId' }] })
    t.match((await w.call(us, 'GET', '/v1/lenders/acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44')).json(), { status: 400 }, 'an id of another kind')
  })

  t.test('a cursor that is not ours is 400, whatever it holds', async t => {
    for (const cursor of ['x', 'AAAA', Buffer.from("len_'; drop table lenders").toString('base64url'), Buffer.from('len_0').toString('base64url'), 'a'.repeat(201), '%00']) {
      t.equal((await w.call(us, 'GET', `/v1/lenders?cursor=${encodeURIComponent(cursor)}`)).statusCode, 400, cursor)
    }
  })

  t.test('a path that exists for other methods says which', async t => {
    const reply = await w.call(us, 'DELETE', '/v1/lenders')
    t.match(reply.json(), { status: 405, code: 'method-not-allowed' })
    t.match(reply.headers['allow'], /GET/)
    t.match((await w.call(us, 'GET', '/v1/nothing')).json(), { status: 404, code: 'not-found' })
    t.match((await w.call(us, 'GET', '/v1/lenders/%')).statusCode, 400)
  })

  t.test('a key that is missing, malformed or unknown says no more than that', async t => {
    for (const authorization of ['', 'Bearer', 'Bearer x', 'Basic YTpi', `Bearer ${us.key}x`, `bearer ${us.key}`, `Bearer ${'x'.repeat(500)}`]) {
      const reply = await w.app.inject({ method: 'GET', url: '/v1/lenders', headers: { authorization } })
      t.match(reply.json(), { status: 401, code: 'unauthenticated' }, authorization.slice(0, 20))
      t.equal(reply.headers['www-authenticate'], 'Bearer')
    }
  })

  t.test('a request id of the caller comes back when it is harmless, and another when it is not', async t => {
    t.equal((await w.call(us, 'GET', '/v1/lenders', undefined, { 'x-request-id': 'abc-1' })).headers['x-request-id'], 'abc-1')
    t.not((await w.call(us, 'GET', '/v1/lenders', undefined, { 'x-request-id': '{"a":1}' })).headers['x-request-id'], '{"a":1}')
  })

  t.test('every problem has a page', async t => {
    for (const { code } of problemTypes()) t.equal((await w.app.inject(`/problems/${code}`)).statusCode, 200, code)
    t.equal((await w.app.inject('/problems/nothing')).statusCode, 404)
  })
})

t.test('once', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const make = async (key: string, name: string, as = us) => await w.call(as, 'POST', '/v1/lenders', { name }, { 'idempotency-key': key })
  const named = async (name: string): Promise<number> => await w.tx(us, async tx => Number((await tx.execute(sql`select count(*) as n from lenders where tenant_id = ${uuidOf(us.id)}::uuid and name = ${name}`)).rows[0]!['n']))

  t.test('a repeat gets the answer given before, to the byte, and does nothing', async t => {
    const first = await make('k1', 'Once')
    const again = await make('k1', 'Once')
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.equal(first.headers['idempotency-replayed'], undefined)
    t.equal(again.statusCode, first.statusCode)
    t.equal(again.body, first.body)
    t.equal(await named('Once'), 1)
  })

  t.test('whatever is made, the repeat has the status and the text of the first', async t => {
    const queue = { name: 'All', ordering: 'balance', filter: { currencies: ['CNY'] } }
    const sandbox = await w.agency({ now: null })
    for (const [as, path, body] of [
      [us, '/v1/queues', queue], [us, '/v1/data-keys/rotate', undefined], [us, '/v1/staff', { name: 'Mei Tan', email: 'mei@example.com', role: 'collector' }], [sandbox, '/v1/test-clocks', { now: '2026-01-05T09:00:00Z' }],
    ] as const) {
      const twice = [await w.call(as, 'POST', path, body, { 'idempotency-key': path }), await w.call(as, 'POST', path, body, { 'idempotency-key': path })]
      t.same(twice.map(({ statusCode }) => statusCode), [201, 201], path)
      t.equal(twice[1]!.body, twice[0]!.body, path)
      t.equal(twice[1]!.headers['idempotency-replayed'], 'true', path)
    }
  })

  t.test('the same key for another body, or from another agency, is another matter', async t => {
    t.match((await make('k1', 'Other')).json(), { status: 422, code: 'idempotency-key-reused' })
    t.equal((await make('k1', 'Once', them)).statusCode, 201, 'keys of agencies do not meet')
  })

  t.test('of twenty at once one does the work, and nobody is told anything else', async t => {
    const replies = await Promise.all(Array.from({ length: 20 }, async () => await make('k2', 'Race')))
    t.equal(await named('Race'), 1)
    const done = replies.filter(reply => reply.statusCode === 201)
    t.ok(done.length >= 1)
    t.equal(new Set(done.map(reply => reply.body)).size, 1, 'one answer')
    for (const reply of replies.filter(reply => reply.statusCode !== 201)) t.match(reply.json(), { status: 409, code: 'idempotency-in-progress' })
  })

  t.test('a refusal is not kept: the same key works once the cause is gone', async t => {
    const agreement = { currency: 'XXX', terms: { commission: { base: ['principal'], rate: '0.2', vatRate: '0' }, interest: null, lateFees: [], allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 90 } }
    const { id } = (await make('k3', 'Terms')).json<{ id: string }>()
    t.match((await w.call(us, 'POST', `/v1/lenders/${id}/agreements`, agreement, { 'idempotency-key': 'k4' })).json(), { status: 422 })
    t.equal((await w.call(us, 'POST', `/v1/lenders/${id}/agreements`, { ...agreement, currency: 'USD' }, { 'idempotency-key': 'k4' })).statusCode, 201)
  })

  t.test('a crash between work and commit leaves neither, and the repeat does it', async t => {
    await t.rejects(w.tx(us, async tx => {
      await tx.execute(sql`insert into lenders (tenant_id, id, name, created_at) values (${uuidOf(us.id)}::uuid, gen_random_uuid(), 'Crash', now())`)
      throw new Error('crash')
    }))
    t.equal(await named('Crash'), 0)
    t.equal((await make('k5', 'Crash')).statusCode, 201)
    t.equal(await named('Crash'), 1)
  })

  t.test('answers are forgotten once they have been kept long enough, and not before', async t => {
    const kept = async (): Promise<number> => await w.tx(us, async tx => Number((await tx.execute(sql`select count(*) as n from idempotency_keys where tenant_id = ${uuidOf(us.id)}::uuid`)).rows[0]!['n']))
    await make('old', 'Old')
    await make('young', 'Young')
    const before = await kept()
    await w.db.installation(forgetAnswers)
    t.equal(await kept(), before, 'all are young')
    await w.tx(us, async tx => await tx.execute(sql`update idempotency_keys set created_at = now() - interval '49 hours' where tenant_id = ${uuidOf(us.id)}::uuid and key_hash = (select key_hash from idempotency_keys where tenant_id = ${uuidOf(us.id)}::uuid order by created_at desc offset 1 limit 1)`))
    await w.db.installation(forgetAnswers)
    t.equal(await kept(), before - 1)
    t.ok(ticksFor(w.db, async () => undefined).some(({ name }) => name === 'forgetAnswers'), 'and the worker does it by itself')
  })

  t.test('an answer with a secret in it is not readable in the database', async t => {
    const key = (await w.call(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'x' }, { 'idempotency-key': 'k6' })).json<{ key: string }>()
    const rows = await w.tx(us, async tx => (await tx.execute(sql`select encode(answer, 'escape') as a from idempotency_keys where tenant_id = ${uuidOf(us.id)}::uuid`)).rows)
    t.notMatch(JSON.stringify(rows), key.key)
  })
})

t.test('limits', async t => {
  const w = await world({ keyPerMinute: 5 })
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  t.test('a key at its limit is told when to come back, and nobody else notices', async t => {
    const statuses: number[] = []
    for (let i = 0; i < 7; i++) statuses.push((await w.call(us, 'GET', '/v1/tenant')).statusCode)
    t.same(statuses, [200, 200, 200, 200, 200, 429, 429])
    const refused = await w.call(us, 'GET', '/v1/tenant')
    t.match(refused.json(), { code: 'too-many-requests' })
    t.match(refused.headers, { 'ratelimit-limit': '5', 'ratelimit-remaining': '0', 'retry-after': /^[1-9][0-9]?$/ })
    t.equal((await w.call(them, 'GET', '/v1/tenant')).statusCode, 200)
  })
})

t.test('when a dependency is down', async t => {
  t.test('a database that is away is 503 with Retry-After, never a 500', async t => {
    const w = await world()
    const us = await w.agency()
    await w.db.close()
    const reply = await w.call(us, 'GET', '/v1/lenders')
    t.match(reply.json(), { status: 503, code: 'database-unavailable' })
    t.ok(Number(reply.headers['retry-after']) > 0)
    t.equal((await w.app.inject('/healthz')).statusCode, 200, 'the process itself is well')
    t.equal((await w.app.inject('/readyz')).statusCode, 503)
    await w.app.close().catch(() => undefined)
  })

  t.test('a database that takes the call and never answers is given up in time', async t => {
    const hole = createServer(() => undefined).listen(0, '127.0.0.1')
    await once(hole, 'listening')
    t.teardown(() => hole.close())
    const db = openDatabase({ url: `postgres://x:x@127.0.0.1:${(hole.address() as AddressInfo).port}/x`, poolMax: 1, prepare: true })
    const tenant = systemPrincipal({ id: '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', livemode: true, hasTestClock: false })
    await t.rejects(db.withTenant(tenant, async tx => await tx.execute(sql`select 1`), { readOnly: true }), { code: 'database-unavailable' })
  })
})

t.test('over a socket', async t => {
  const w = await world()
  t.teardown(w.close)
  const address = new URL(await w.app.listen({ host: '127.0.0.1', port: 0 }))

  t.test('a slow sender of headers is let go', { timeout: 20_000 }, async t => {
    const socket = connect(Number(address.port), '127.0.0.1')
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n')
    socket.resume()
    await once(socket, 'close')
    t.pass('closed by the server')
  })

  t.test('figures for Prometheus name operations, never an agency', async t => {
    await w.call('operator', 'GET', '/v1/tenants')
    const text = (await w.app.inject('/metrics')).body
    t.match(text, /recoup_http_request_seconds_count\{operation="listTenants",status="200"\}/)
    t.match(text, /recoup_oldest_unread_event_seconds/)
    t.notMatch(text, /ten_|acc_/)
  })

  t.test('the reference page and the document need no key and no network', async t => {
    const page = await w.app.inject('/docs/')
    t.equal(page.statusCode, 200)
    t.notMatch(page.body, /https?:\/\/(?!localhost)[a-z]/i, 'nothing is fetched from elsewhere')
    t.equal((await w.app.inject('/openapi.json')).json<{ openapi: string }>().openapi, '3.1.0')
  })

  t.test('the operator key opens the operations and nothing of an agency', async t => {
    t.equal((await w.call('operator', 'GET', '/v1/operations/jobs')).statusCode, 200)
    t.match((await w.call('operator', 'GET', '/v1/lenders')).json(), { status: 403 })
  })
})
