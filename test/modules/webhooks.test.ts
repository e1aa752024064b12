import { fork } from 'node:child_process'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { uuidOf } from '#kernel'
import { replayMax } from '../../src/modules/webhooks/core.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import type { Receiver } from '../receiver.ts'
import { strangeId, world } from '../world.ts'
import { webhooksOf } from './webhooks.world.ts'

t.test('deliveries', async t => {
  const w = await world()
  t.teardown(w.close)
  const { receive, endpoint, show, happen, deliveries, log, lender, burst } = webhooksOf(w)
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
    const start = (await w.ok<{ nextAfter: number }>(us, 'GET', '/v1/events')).nextAfter
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
    t.same(await replay({ after: start, upTo: start + 2 }), { deliveries: 2, came: ['apiKey.created', 'lender.created'] })
    t.same(await replay({ after: start }), { deliveries: 4, came: ['apiKey.created', 'lender.created', 'apiKey.created', 'apiKey.created'] }, 'in order, without itself')
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

  t.test('no work threw', async t => t.same(w.failures, []))
})
