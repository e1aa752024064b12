import t from 'tap'
import { AddressForbidden } from '#platform'
import { strangeId, world } from '../world.ts'
import { webhooksOf } from './webhooks.world.ts'
import type { Delivery, Endpoint } from './webhooks.world.ts'

t.test('endpoints', async t => {
  const w = await world()
  t.teardown(w.close)
  const { receive, endpoint, show, happen, deliveries, log, lender, burst } = webhooksOf(w)

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
    const end = (await w.ok<{ nextAfter: number }>(mine, 'GET', '/v1/events')).nextAfter
    t.same(theirs.received.map(({ event }) => event.sequence), [end - 2, end - 1, end])
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
