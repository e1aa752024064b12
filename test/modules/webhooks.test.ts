import { fork } from 'node:child_process'
import { sql } from 'drizzle-orm'
import t from 'tap'
import type { Test } from 'tap'
import { AddressForbidden, emit } from '#platform'
import { uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { ApiKeyRevoked } from '../../src/modules/tenants/index.ts'
import { replayMax } from '../../src/modules/webhooks/core.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { receiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As } from '../world.ts'

interface Endpoint { id: Id<'webhookEndpoint'>, secret: string, state: string, pauseReason: string | null, failingSince: string | null, lenderId: string | null }
interface Delivery { id: string, eventId: string, eventType: string, state: string, attempts: number, nextAttemptAt: string | null, lastStatus: number | null, lastError: string | null }
interface Attempt { n: number, at: string, status: number | null, latencyMs: number, answer: string | null, error: string | null }

t.test('webhooks', async t => {
  const w = await world()
  t.teardown(w.close)

  const receive = async (t: Test): Promise<Receiver> => {
    const made = await receiver()
    t.teardown(made.close)
    return made
  }
  const endpoint = async (as: As, url: string, more: object = {}): Promise<Endpoint> => await w.ok<Endpoint>(as, 'POST', '/v1/webhook-endpoints', { url, ...more })
  const show = async (as: As, { id }: Endpoint): Promise<Endpoint> => await w.ok<Endpoint>(as, 'GET', `/v1/webhook-endpoints/${id}`)
  /** Something happens: a key is made. Answers its id. */
  const happen = async (as: As): Promise<string> => (await w.ok<{ id: string }>(as, 'POST', '/v1/api-keys', { kind: 'service', name: 'x', scopes: ['tenant:read'] })).id
  const deliveries = async (as: As, { id }: Endpoint, query = ''): Promise<Delivery[]> => (await w.ok<{ data: Delivery[] }>(as, 'GET', `/v1/webhook-endpoints/${id}/deliveries?limit=200${query}`)).data
  const log = async (as: As, { id }: Delivery): Promise<Attempt[]> => (await w.ok<{ log: Attempt[] }>(as, 'GET', `/v1/deliveries/${id}`)).log.reverse()
  const lender = async (us: Agency): Promise<{ id: Id<'lender'>, key: string }> => {
    const { id } = await w.ok<{ id: Id<'lender'> }>(us, 'POST', '/v1/lenders', { name: 'First Harbour Bank' })
    const { key } = await w.ok<{ key: string }>(us, 'POST', `/v1/lenders/${id}/api-keys`, { name: 'their own' })
    return { id, key }
  }
  /** Makes many events at once. */
  const burst = async (us: Agency, count: number): Promise<void> => {
    await w.tx(us, async tx => { for (let i = 0; i < count; i++) emit(tx, ApiKeyRevoked, {}, { apiKeyId: strangeId('apiKey') as Id<'apiKey'> }) })
  }
  const at = (hours: number): string => new Date(Date.parse('2026-01-05T09:00:00Z') + hours * 3_600_000).toISOString()

  t.test('what happened arrives signed, as the same bytes the feed shows', async t => {
    const us = await w.agency()
    const them = await receive(t)
    await happen(us)
    const hook = await endpoint(us, `${them.url}?x=1`)
    const keyId = await happen(us)
    await w.settle(us)
    t.same(them.types(), ['apiKey.created'], 'not what was before it, nor its own making')
    t.match(them.verified(0, hook.secret), { type: 'apiKey.created', apiVersion: 1, tenantId: us.id, livemode: false, occurredAt: '2026-01-05T09:00:00Z', data: { object: { apiKeyId: keyId } } })
    const [first] = them.received
    t.equal(first!.id, first!.event.id)
    t.equal(first!.path, '/in?x=1')
    t.equal((await w.call(us, 'GET', `/v1/events/${first!.id}`)).body, first!.body)
    const [delivery] = await deliveries(us, hook)
    t.match(delivery, { eventId: first!.id, state: 'delivered', attempts: 1, lastStatus: 200, nextAttemptAt: null })
    await w.settle(us)
    t.equal(them.received.length, 1, 'and once')
    t.match((await w.call('nobody', 'GET', '/metrics')).body, /^recoup_oldest_due_seconds\{job="webhooks.deliver"\} 0$/m, 'and nothing lags')
  })

  t.test('an endpoint gets what its filters name, and new filters hold from then on', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url, { filters: ['lender.*'] })
    await happen(us)
    await lender(us)
    await w.settle(us)
    t.same(them.types(), ['lender.created'])
    await w.ok(us, 'PATCH', `/v1/webhook-endpoints/${hook.id}`, { filters: ['apiKey.created'], description: null })
    await happen(us)
    await w.ok(us, 'POST', '/v1/lenders', { name: 'Second' })
    await w.settle(us)
    t.same(them.types(), ['lender.created', 'apiKey.created'])
    const wrong = await w.call(us, 'PATCH', `/v1/webhook-endpoints/${hook.id}`, { filters: ['apiKey.*', 'apiKey.made'] })
    t.match(wrong.json(), { status: 422, code: 'filter-matches-nothing', errors: [{ pointer: '/filters/1' }] })
    for (const body of [{}, { url: '' }, { state: 'paused' }, { filters: ['*'] }]) t.equal((await w.call(us, 'PATCH', `/v1/webhook-endpoints/${hook.id}`, body)).statusCode, 400, JSON.stringify(body))
  })

  t.test('a lender hears of its own, in a sequence without gaps, and manages its own endpoints only', async t => {
    const us = await w.agency()
    const [mine, other] = [await lender(us), await lender(us)]
    const [theirs, ours] = [await receive(t), await receive(t)]
    const hook = await endpoint(mine, theirs.url)
    t.equal(hook.lenderId, mine.id)
    const named = await endpoint(us, theirs.url, { lenderId: other.id, filters: ['agreement.*'] })
    t.equal(named.lenderId, other.id)
    const agency = await endpoint(us, ours.url, { filters: ['apiKey.*'] })
    for (let i = 0; i < 3; i++) {
      await w.ok(us, 'POST', `/v1/lenders/${mine.id}/api-keys`, { name: `${i}` })
      await w.ok(us, 'POST', `/v1/lenders/${other.id}/api-keys`, { name: `${i}` })
      await happen(us)
    }
    await w.settle(us)
    t.same(theirs.types(), ['apiKey.created', 'apiKey.created', 'apiKey.created'])
    t.same(theirs.received.map(({ event }) => event.sequence), [4, 5, 6], 'lender.created, its key and its endpoint were before')
    t.ok(theirs.received.every(({ event }) => event['lenderId'] === mine.id))
    t.equal(ours.received.length, 9)
    t.same((await w.ok<{ data: Endpoint[] }>(mine, 'GET', '/v1/webhook-endpoints')).data.map(({ id }) => id), [hook.id])
    t.equal((await w.ok<{ data: Endpoint[] }>(us, 'GET', '/v1/webhook-endpoints')).data.length, 3)

    t.match((await w.call(mine, 'POST', '/v1/webhook-endpoints', { url: theirs.url, lenderId: other.id })).json(), { status: 404 })
    t.match((await w.call(us, 'POST', '/v1/webhook-endpoints', { url: theirs.url, lenderId: strangeId('lender') })).json(), { status: 404 })
    const [delivery] = await deliveries(us, agency)
    const stranger = await w.agency()
    for (const as of [mine, stranger]) {
      for (const [method, path, body] of [
        ['GET', ''], ['GET', '/deliveries'], ['PATCH', '', { description: 'x' }], ['DELETE', ''], ['POST', '/pause'], ['POST', '/resume'], ['POST', '/test'],
        ['POST', '/rotate-secret', { overlapSeconds: 0 }], ['POST', '/replay', { after: 0 }],
      ] as const) t.equal((await w.call(as, method, `/v1/webhook-endpoints/${agency.id}${path}`, body)).statusCode, 404, `${method} ${path}`)
      t.equal((await w.call(as, 'GET', `/v1/deliveries/${delivery!.id}`)).statusCode, 404)
      t.equal((await w.call(as, 'GET', `/v1/events/${delivery!.eventId}`)).statusCode, as === mine && ours.received[0]!.event['lenderId'] === mine.id && ours.received[0]!.id === delivery!.eventId ? 200 : 404)
    }
    const [own] = await deliveries(mine, hook)
    t.equal((await log(mine, own!)).length, 1, 'it reads its own attempts')
  })

  t.test('a receiver that is down is tried along the schedule with the same id and body, then paused with a word to the others, and gets everything when it is resumed', async t => {
    const us = await w.agency()
    const [down, up] = [await receive(t), await receive(t)]
    const [hook] = [await endpoint(us, down.url, { filters: ['apiKey.created'] }), await endpoint(us, up.url, { filters: ['webhookEndpoint.*'] })]
    down.reply = { status: 500, text: 'down for maintenance' }
    await happen(us)
    await w.liveUntil(us, at(71.9))
    t.equal((await show(us, hook)).state, 'active')
    t.equal((await show(us, hook)).failingSince, '2026-01-05T09:00:00Z')
    await w.liveUntil(us, at(73))
    const [delivery] = await deliveries(us, hook)
    t.match(delivery, { state: 'retrying', attempts: 9, lastStatus: 500 })
    const attempts = await log(us, delivery!)
    const seconds = attempts.map(({ at }) => (Date.parse(at) - Date.parse('2026-01-05T09:00:00Z')) / 1000)
    const least = [0, 5, 305, 2_105, 9_305, 27_305, 63_305, 113_705, 185_705]
    t.ok(seconds.every((second, i) => second >= least[i]! && second <= least[i]! * 1.1 + 1), `attempts at ${seconds.join(', ')} s`)
    t.match(attempts[0], { n: 1, status: 500, answer: 'down for maintenance', error: null })
    t.equal(new Set(down.received.map(({ id, body }) => id + body)).size, 1)
    for (const i of down.received.keys()) t.doesNotThrow(() => down.verified(i, hook.secret))
    t.match(await show(us, hook), { state: 'paused', pauseReason: 'failing', pausedAt: '2026-01-08T09:00:00Z' })
    t.same(up.received.map(({ event }) => [event.type, event.data.object]), [['webhookEndpoint.paused', { webhookEndpointId: hook.id, reason: 'failing' }]])

    await happen(us)
    await w.liveUntil(us, at(200))
    t.equal(down.received.length, 9, 'a paused endpoint is left alone')
    t.match((await w.call(us, 'POST', `/v1/webhook-endpoints/${hook.id}/test`)).json(), { status: 409, code: 'endpoint-paused', resolution: { method: 'POST' } })
    down.reply = 200
    await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook.id}/resume`)
    await w.settle(us)
    t.equal(new Set(down.ids()).size, 2, 'what was tried before and what came in the meantime')
    t.ok((await deliveries(us, hook)).every(({ state }) => state === 'delivered'))
    t.match((await w.call(us, 'POST', `/v1/webhook-endpoints/${hook.id}/resume`)).json(), { status: 409, code: 'endpoint-active' })
  })

  t.test('one event that a receiver cannot take holds up no other, and is given up after its last attempt', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url, { filters: ['apiKey.created'] })
    const bad = await happen(us)
    them.reply = ({ event }) => event.data.object['apiKeyId'] === bad ? 422 : 200
    for (let day = 0; day < 5; day++) {
      await w.liveUntil(us, at(24 * day + 1))
      await happen(us)
      await w.settle(us)
    }
    t.match(await show(us, hook), { state: 'active', failingSince: null })
    const all = await deliveries(us, hook)
    t.equal(all.filter(({ state }) => state === 'delivered').length, 5)
    t.match(await deliveries(us, hook, '&state=exhausted'), [{ attempts: 10, lastStatus: 422, nextAttemptAt: null }])
  })

  t.test('a receiver that answers 410 is paused at once; what it refused is kept', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url)
    them.reply = 410
    await happen(us)
    await happen(us)
    await w.settle(us)
    t.match(await show(us, hook), { state: 'paused', pauseReason: 'gone' })
    const told = them.received.length
    await w.liveUntil(us, at(100))
    t.equal(them.received.length, told)
    them.reply = 200
    await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook.id}/resume`)
    await w.settle(us)
    t.ok((await deliveries(us, hook)).every(({ state }) => state === 'delivered'))
  })

  t.test('a receiver that asks for time with 429 and Retry-After gets it, also from what happens in the meantime', async t => {
    const us = await w.agency()
    const them = await receive(t)
    await endpoint(us, them.url, { filters: ['apiKey.created'] })
    them.reply = { status: 429, headers: { 'retry-after': '3600' } }
    await happen(us)
    await w.settle(us)
    them.reply = 200
    await happen(us)
    await w.liveUntil(us, at(0.9))
    t.equal(them.received.length, 1)
    await w.liveUntil(us, at(1.2))
    t.equal(them.received.length, 3)
    t.equal(new Set(them.ids()).size, 2)
  })

  t.test('a slow receiver does not delay a fast one, nor keep a worker', async t => {
    const us = await w.agency()
    const [slow, fast] = [await receive(t), await receive(t)]
    const answers: (() => void)[] = []
    slow.reply = (_received, res) => {
      answers.push(() => res.writeHead(200).end())
      return undefined
    }
    const hook = await endpoint(us, slow.url)
    await endpoint(us, fast.url)
    await burst(us, 40)
    while (await runJob(w.machine, 'webhooks.fanOut', us.id)) { /* another slice */ }
    await runJob(w.machine, 'webhooks.deliver', us.id, 200)
    await fast.until(40)
    await burst(us, 10)
    while (await runJob(w.machine, 'webhooks.fanOut', us.id)) { /* another slice */ }
    await runJob(w.machine, 'webhooks.deliver', us.id, 200)
    await fast.until(50)
    t.equal(slow.received.length, 2, 'meanwhile the slow one has what it can bear')
    slow.reply = 200
    for (const answer of answers) answer()
    await w.settle(us)
    t.equal(new Set(slow.ids()).size, 51, 'and gets everything in its own time')
    t.ok((await deliveries(us, hook)).every(({ state }) => state === 'delivered'))
  })

  t.test('a worker killed between sending and writing down loses nothing: the event comes again with the same id', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url, { filters: ['apiKey.created'] })
    await happen(us)
    await runJob(w.machine, 'webhooks.fanOut', us.id)
    const child = fork(new URL('webhooks.killed.js', import.meta.url), [w.url, `test:${Buffer.alloc(32, 7).toString('base64')}`, us.id])
    const dead = new Promise(resolve => child.once('exit', resolve))
    them.reply = () => {
      child.kill('SIGKILL')
      return 200
    }
    await dead
    t.equal(them.received.length, 1)
    t.match(await deliveries(us, hook), [{ state: 'pending', attempts: 0 }])
    t.equal(await runJob(w.machine, 'webhooks.deliver', us.id, 0), false, 'its lease has not run out')
    t.equal(them.received.length, 1)
    // A minute of real time later.
    await w.tx(us, async tx => await tx.execute(sql`update webhook_endpoints set leased_until = now() where tenant_id = ${uuidOf(us.id)}::uuid`))
    them.reply = 200
    await w.settle(us)
    t.same(them.ids(), [them.ids()[0], them.ids()[0]])
    t.match(await deliveries(us, hook), [{ state: 'delivered', attempts: 1 }])
  })

  t.test('an event has one delivery to an endpoint, however often it is fanned out', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url)
    await burst(us, 30)
    await Promise.all([1, 2, 3].map(async () => await runJob(w.machine, 'webhooks.fanOut', us.id)))
    await w.settle(us)
    await w.tx(us, async tx => await tx.execute(sql`update job_states set sequence = 0 where tenant_id = ${uuidOf(us.id)}::uuid and job = 'webhooks.fanOut'`))
    await w.settle(us)
    t.equal(them.received.length, 30)
    t.equal((await deliveries(us, hook)).length, 30)
  })

  t.test('events can be had again: by range, by kind, by id, and from before the endpoint was made', async t => {
    const us = await w.agency()
    const them = await receive(t)
    await happen(us)
    await lender(us)
    const hook = await endpoint(us, them.url, { filters: ['apiKey.*', 'lender.*'] })
    await happen(us)
    await w.settle(us)
    const [first] = them.received
    const replay = async (body: object): Promise<{ deliveries: number, came: string[] }> => {
      const before = them.received.length
      const { deliveries } = await w.ok<{ deliveries: number }>(us, 'POST', `/v1/webhook-endpoints/${hook.id}/replay`, body)
      await w.settle(us)
      return { deliveries, came: them.types().slice(before) }
    }
    t.same(await replay({ eventIds: [first!.id] }), { deliveries: 1, came: ['apiKey.created'] })
    t.same([them.received[1]!.id, them.received[1]!.body], [first!.id, first!.body], 'the same id and the same bytes')
    t.match(await deliveries(us, hook), [{ state: 'delivered', attempts: 2 }])
    t.same(await replay({ after: 0, types: ['lender.*'] }), { deliveries: 1, came: ['lender.created'] })
    t.same(await replay({ after: 1, upTo: 3 }), { deliveries: 2, came: ['apiKey.created', 'lender.created'] })
    t.same(await replay({ after: 0 }), { deliveries: 5, came: ['apiKey.created', 'apiKey.created', 'lender.created', 'apiKey.created', 'apiKey.created'] }, 'in order, without itself')
    t.same(await replay({ after: 1_000_000 }), { deliveries: 0, came: [] })

    const path = `/v1/webhook-endpoints/${hook.id}/replay`
    t.match((await w.call(us, 'POST', path, { after: 0, types: ['key.*'] })).json(), { status: 422, code: 'filter-matches-nothing', errors: [{ pointer: '/types/0' }] })
    t.match((await w.call(us, 'POST', path, { eventIds: [strangeId('event')] })).json(), { status: 404 })
    for (const body of [{}, { upTo: 3 }, { after: -1 }, { eventIds: [] }, { after: 0, eventIds: [first!.id] }]) t.equal((await w.call(us, 'POST', path, body)).statusCode, 400, JSON.stringify(body))
  })

  t.test('a replay larger than anybody means is refused', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url)
    await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook.id}/pause`)
    await w.tx(us, async tx => await tx.execute(sql`
      insert into events (tenant_id, sequence, id, type, version, data, actor_kind, correlation_id, livemode, occurred_at)
      select ${uuidOf(us.id)}::uuid, n, gen_random_uuid(), 'apiKey.revoked', 1, '{}', 'system', 'x', false, now() from generate_series(1000, ${1000 + replayMax}::int) n`))
    t.match((await w.call(us, 'POST', `/v1/webhook-endpoints/${hook.id}/replay`, { after: 0 })).json(), { status: 422, code: 'replay-too-large' })
  })

  t.test('a paused endpoint loses nothing', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url, { filters: ['apiKey.created'] })
    t.match(await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook.id}/pause`), { state: 'paused', pauseReason: 'requested' })
    t.match((await w.call(us, 'POST', `/v1/webhook-endpoints/${hook.id}/pause`)).json(), { status: 409, code: 'endpoint-paused' })
    const kept = [await happen(us), await happen(us)]
    await w.settle(us)
    t.equal(them.received.length, 0)
    t.match(await deliveries(us, hook), [{ state: 'pending' }, { state: 'pending' }])
    await w.ok(us, 'POST', `/v1/webhook-endpoints/${hook.id}/resume`)
    await w.settle(us)
    t.same(them.received.map(({ event }) => event.data.object['apiKeyId']), kept)
  })

  t.test('while a secret is replaced receivers verify with either; afterwards with the new one alone', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url, { filters: ['apiKey.created'], secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw' })
    t.equal(hook.secret, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'a caller may bring its own')
    const { secret } = await w.ok<Endpoint>(us, 'POST', `/v1/webhook-endpoints/${hook.id}/rotate-secret`, { overlapSeconds: 3600 })
    await happen(us)
    await w.settle(us)
    for (const good of [hook.secret, secret]) t.doesNotThrow(() => them.verified(0, good))
    const last = await w.ok<Endpoint>(us, 'POST', `/v1/webhook-endpoints/${hook.id}/rotate-secret`, { overlapSeconds: 0 })
    await happen(us)
    await w.settle(us)
    t.doesNotThrow(() => them.verified(1, last.secret))
    for (const dead of [hook.secret, secret]) t.throws(() => them.verified(1, dead))
    for (const { body } of [await w.call(us, 'GET', `/v1/webhook-endpoints/${hook.id}`), await w.call(us, 'GET', '/v1/webhook-endpoints')]) t.notMatch(body, /whsec_/, 'a secret is shown once')
    t.match((await w.call(us, 'POST', '/v1/webhook-endpoints', { url: them.url, secret: 'whsec_c2hvcnQ=' })).json(), { status: 422, code: 'webhook-secret-refused' })
  })

  t.test('a test goes to the endpoint it tests, whatever that subscribed to, and to no other', async t => {
    const us = await w.agency()
    const [tested, other] = [await receive(t), await receive(t)]
    const hook = await endpoint(us, tested.url, { filters: ['lender.*'] })
    await endpoint(us, other.url, { filters: ['webhook.test'] })
    const { eventId } = await w.ok<{ eventId: string }>(us, 'POST', `/v1/webhook-endpoints/${hook.id}/test`)
    await w.settle(us)
    t.same(tested.ids(), [eventId])
    t.match(tested.verified(0, hook.secret), { type: 'webhook.test', data: { object: { webhookEndpointId: hook.id } } })
    t.equal(other.received.length, 0)
  })

  t.test('the log keeps what the receiver said, and no redirect is followed', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url, { filters: ['apiKey.created'] })
    const answers: [reply: Receiver['reply'], expected: object][] = [
      [{ status: 200, text: 'x'.repeat(5000) }, { status: 200, answer: 'x'.repeat(1024), error: null }],
      [{ status: 200, text: 'a\0b\u00e9' }, { status: 200, answer: 'a\ufffdb\u00e9' }],
      [{ status: 307, headers: { location: `${them.url}/elsewhere` } }, { status: 307, answer: '' }],
      [(_received, res) => void res.socket!.destroy(), { status: null, answer: null, error: 'UND_ERR_SOCKET' }],
      [(_received, res) => void res.writeHead(200, { 'content-length': '100' }).write('part', () => res.socket!.destroy()), { status: 200, answer: 'part', error: null }],
    ]
    for (const [reply, expected] of answers) {
      them.reply = reply
      await happen(us)
      await w.settle(us)
      const [newest] = await deliveries(us, hook)
      t.match((await log(us, newest!))[0], { n: 1, at: '2026-01-05T09:00:00Z', ...expected }, JSON.stringify(expected).slice(0, 60))
    }
    t.notOk(them.received.some(({ path }) => path.includes('elsewhere')))
    await them.close()
    await happen(us)
    await w.settle(us)
    t.match(await deliveries(us, hook, '&state=retrying'), [{ lastError: 'ECONNREFUSED', lastStatus: null }, { lastError: 'UND_ERR_SOCKET' }, { lastStatus: 307 }])
  })

  t.test('deliveries are listed newest first, page by page', async t => {
    const us = await w.agency()
    const them = await receive(t)
    const hook = await endpoint(us, them.url)
    await burst(us, 5)
    await w.settle(us)
    const path = `/v1/webhook-endpoints/${hook.id}/deliveries`
    const page = await w.ok<{ data: Delivery[], nextCursor: string }>(us, 'GET', `${path}?limit=3`)
    const rest = await w.ok<{ data: Delivery[], nextCursor: null }>(us, 'GET', `${path}?limit=3&cursor=${page.nextCursor}`)
    t.same([...page.data, ...rest.data].map(({ eventId }) => eventId), (await w.ok<{ data: { id: string }[] }>(us, 'GET', '/v1/events?types=apiKey.revoked')).data.map(({ id }) => id).reverse())
    t.equal(rest.nextCursor, null)
    for (const query of ['cursor=AAAA', `cursor=${Buffer.from(hook.id).toString('base64url')}`, 'state=lost', 'sort=up']) t.equal((await w.call(us, 'GET', `${path}?${query}`)).statusCode, 400, query)
  })

  t.test('there is no way inside: a live agency sends to public https addresses only', async t => {
    const live = await w.agency({ livemode: true })
    const url = 'https://hooks.example.com/in'
    for (const address of ['http://hooks.example.com/in', 'https://127.0.0.1/in', 'https://[::1]/', 'https://169.254.169.254/latest', 'https://localhost/', 'https://10.0.0.1/', 'https://user:pw@example.com/', 'ftp://example.com/']) {
      t.match((await w.call(live, 'POST', '/v1/webhook-endpoints', { url: address })).json(), { status: 422, code: AddressForbidden.code }, address)
    }
    const hook = await endpoint(live, url)
    t.match((await w.call(live, 'PATCH', `/v1/webhook-endpoints/${hook.id}`, { url: 'http://10.0.0.1/' })).json(), { status: 422, code: AddressForbidden.code })
    t.match(await show(live, hook), { url })
  })

  t.test('an owner has at most 20 endpoints, and a deleted one is gone', async t => {
    const us = await w.agency()
    const bank = await lender(us)
    const them = await receive(t)
    const made = await Promise.all(Array.from({ length: 22 }, async () => await w.call(us, 'POST', '/v1/webhook-endpoints', { url: them.url, filters: ['lender.*'] })))
    t.equal(made.filter(({ statusCode }) => statusCode === 201).length, 20, 'also when they are made at once')
    t.match(made.find(({ statusCode }) => statusCode !== 201)!.json(), { status: 409, code: 'endpoint-limit-reached' })
    t.equal((await w.call(bank, 'POST', '/v1/webhook-endpoints', { url: them.url })).statusCode, 201, 'a lender has its own')
    const gone = made.find(({ statusCode }) => statusCode === 201)!.json<Endpoint>()
    t.equal((await w.call(us, 'DELETE', `/v1/webhook-endpoints/${gone.id}`)).statusCode, 204)
    for (const [method, path] of [['GET', ''], ['DELETE', ''], ['GET', '/deliveries'], ['POST', '/resume']] as const) t.equal((await w.call(us, method, `/v1/webhook-endpoints/${gone.id}${path}`)).statusCode, 404)
    await w.ok(us, 'POST', '/v1/lenders', { name: 'Next' })
    await w.settle(us)
    t.equal(them.received.length, 19)
    t.equal((await w.call(us, 'POST', '/v1/webhook-endpoints', { url: them.url })).statusCode, 201)
  })

  t.test('a repeated creation answers the same endpoint and the same secret', async t => {
    const us = await w.agency()
    const body = { url: 'http://127.0.0.1:9/in' }
    const [first, again] = [await w.call(us, 'POST', '/v1/webhook-endpoints', body, { 'idempotency-key': 'hook-1' }), await w.call(us, 'POST', '/v1/webhook-endpoints', body, { 'idempotency-key': 'hook-1' })]
    t.same(again.json(), first.json())
    t.equal(again.headers['idempotency-replayed'], 'true')
  })

  t.test('no work threw', async t => t.same(w.failures, []))
})
