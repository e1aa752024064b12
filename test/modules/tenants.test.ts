import t from 'tap'
import { checkAdvance, grant, lenderScopes, roleScopes } from '../../src/modules/tenants/core.ts'
import { strangeId, world } from '../world.ts'

t.test('a key never carries more than its kind may', async t => {
  t.same(grant(lenderScopes, undefined), [...lenderScopes].sort())
  t.same(grant(lenderScopes, ['accounts:read', 'accounts:read']), ['accounts:read'])
  t.throws(() => grant(lenderScopes, ['keys:write']), { code: 'scope-not-grantable' })
  for (const role of ['manager', 'collector', 'compliance', 'finance', 'readonly'] as const) t.notOk(roleScopes[role].includes('keys:write'), `${role} makes no keys`)
})

t.test('a test clock moves forward, at most a year at once', async t => {
  const now = new Date('2026-01-05T09:00:00Z')
  t.throws(() => checkAdvance(now, now), { code: 'clock-backwards' })
  t.throws(() => checkAdvance(now, new Date('2027-02-05T09:00:00Z')), { code: 'clock-too-far' })
  t.doesNotThrow(() => checkAdvance(now, new Date('2026-04-05T09:00:00Z')))
})

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()

  t.test('only the operator makes agencies', async t => {
    const body = { name: 'X', jurisdiction: 'US', timeZone: 'America/New_York', livemode: true }
    t.match((await w.call(us, 'POST', '/v1/tenants', body)).json(), { status: 403, code: 'not-allowed' })
    t.match((await w.call('nobody', 'POST', '/v1/tenants', body)).json(), { status: 401, code: 'unauthenticated' })
    t.match((await w.call('operator', 'POST', '/v1/tenants', { ...body, timeZone: 'Mars/Olympus' })).json(), { status: 400, errors: [{ pointer: '/timeZone' }] })
    t.match((await w.call('operator', 'POST', '/v1/tenants', { ...body, testClock: { now: '2026-01-01T00:00:00Z' } })).json(), { status: 409, code: 'not-a-sandbox' })
  })

  t.test('a repeated creation answers the same agency and the same key, so that a lost answer loses no agency', async t => {
    const body = { name: 'Twice', jurisdiction: 'US', timeZone: 'America/New_York', livemode: true }
    const first = await w.call('operator', 'POST', '/v1/tenants', body, { 'idempotency-key': 'make-twice' })
    const again = await w.call('operator', 'POST', '/v1/tenants', body, { 'idempotency-key': 'make-twice' })
    t.equal(first.statusCode, 201)
    t.equal(again.statusCode, 201)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.same(again.json(), first.json())
    t.match((await w.call('operator', 'POST', '/v1/tenants', { ...body, name: 'Other' }, { 'idempotency-key': 'make-twice' })).json(), { status: 422, code: 'idempotency-key-reused' })
  })

  t.test('a revoked key is dead at once, and a rotated one overlaps with its successor', async t => {
    const key = await w.ok<{ id: string, key: string }>(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'import', scopes: ['tenant:read'] })
    t.equal((await w.call(key, 'GET', '/v1/tenant')).statusCode, 200)
    const successor = await w.ok<{ id: string, key: string, scopes: string[] }>(us, 'POST', `/v1/api-keys/${key.id}/rotate`, { overlapSeconds: 60 })
    t.same(successor.scopes, ['tenant:read'])
    t.equal((await w.call(key, 'GET', '/v1/tenant')).statusCode, 200, 'the old key still works')
    t.equal((await w.call(successor, 'GET', '/v1/tenant')).statusCode, 200)
    await w.ok(us, 'POST', `/v1/api-keys/${successor.id}/revoke`)
    t.equal((await w.call(successor, 'GET', '/v1/tenant')).statusCode, 401)
    t.match((await w.call(us, 'POST', `/v1/api-keys/${successor.id}/revoke`)).json(), { code: 'key-revoked' })
    t.match((await w.call(them, 'POST', `/v1/api-keys/${key.id}/revoke`)).json(), { status: 404 }, 'another agency has no such key')
    t.notMatch((await w.call(us, 'GET', '/v1/api-keys')).body, key.key, 'a key is shown once')
  })

  t.test('a member of staff gets what their role may, and their address is masked', async t => {
    const mei = await w.ok<{ id: string, email: string }>(us, 'POST', '/v1/staff', { name: 'Mei Tan', email: 'mei.tan@example.com', role: 'collector' })
    t.not(mei.email, 'mei.tan@example.com')
    const key = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', staffId: mei.id, name: 'Mei' })
    t.match((await w.call(key, 'GET', '/v1/staff')).json(), { status: 403 })
    t.match((await w.call(us, 'POST', '/v1/api-keys', { kind: 'staff', staffId: strangeId('staff'), name: 'nobody' })).json(), { status: 404 })
  })

  t.test('advancing a clock ends where it was told, and says so', async t => {
    await w.liveUntil(us, '2026-02-05T09:00:00Z')
    t.match(await w.ok(us, 'GET', `/v1/test-clocks/${us.testClockId!}`), { state: 'ready', nowAt: '2026-02-05T09:00:00Z' })
    t.match((await w.call(us, 'POST', `/v1/test-clocks/${us.testClockId!}/advance`, { to: '2026-01-05T09:00:00Z' })).json(), { code: 'clock-backwards' })
    t.match((await w.call(them, 'GET', `/v1/test-clocks/${us.testClockId!}`)).json(), { status: 404 })
  })
  t.same(w.failures, [])
})
