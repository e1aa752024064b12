import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import {
  attemptDelaysSeconds, checkFilters, checkSecret, deliveryAfter, envelope, eventFilterPattern, failuresBeforeHold, healthAfter, isSubscribed, newSecret, nextAttempt, outcomeOf, pauseAtOf,
  receives, retryAfterOf, sign, typesFor,
} from '../../src/modules/webhooks/core.ts'
import type { Answer, Health, Told } from '../../src/modules/webhooks/core.ts'
import { idOf } from '../../src/kernel/index.ts'

const now = new Date('2026-03-31T08:00:00Z')
const secondsTo = (at: Date | null): number | null => at && (at.getTime() - now.getTime()) / 1000

t.test('a signature verifies with the public library, so that receivers need no code of ours', async t => {
  // The library refuses timestamps far from its own clock.
  const seconds = Math.floor(Date.now() / 1000)
  fc.assert(fc.property(fc.uint8Array({ minLength: 24, maxLength: 64 }), fc.string({ unit: 'binary', minLength: 1 }), fc.boolean(), (bytes, text, asBytes) => {
    const secret = newSecret(bytes)
    const body = JSON.stringify({ text })
    const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': String(seconds), 'webhook-signature': sign([secret], 'evt_1', seconds, asBytes ? Buffer.from(body) : body) }
    t.same(new Webhook(secret).verify(body, headers), { text })
    t.throws(() => new Webhook(secret).verify(`${body} `, headers))
    t.throws(() => new Webhook(secret).verify(body, { ...headers, 'webhook-id': 'evt_2' }))
    t.throws(() => new Webhook(secret).verify(body, { ...headers, 'webhook-timestamp': String(seconds - 1) }))
  }), { numRuns: 50 })
})

t.test('the published example of Standard Webhooks gives the published signature', async t => {
  t.equal(sign(['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'], 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, '{"test": 2432232314}'), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=')
})

t.test('while a secret is replaced, receivers verify with the old and with the new one', async t => {
  const [old, next] = [newSecret(randomBytes(24)), newSecret(randomBytes(32))]
  const seconds = Math.floor(Date.now() / 1000)
  const headers = { 'webhook-id': 'evt_1', 'webhook-timestamp': String(seconds), 'webhook-signature': sign([next, old], 'evt_1', seconds, '{}') }
  t.match(headers['webhook-signature'], /^v1,\S{44} v1,\S{44}$/)
  for (const secret of [old, next]) t.same(new Webhook(secret).verify('{}', headers), {})
  t.throws(() => new Webhook(newSecret(randomBytes(24))).verify('{}', headers))
})

t.test('a secret that is too short, too long or not ours is never signed with', async t => {
  for (const length of [0, 23, 65]) t.throws(() => newSecret(Buffer.alloc(length)), { message: /24 to 64 bytes/ })
  for (const secret of ['', 'whsec_', 'whsec_c2hvcnQ=', 'c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0', `whsec_${'A'.repeat(32)}!`, 'A'.repeat(38)]) t.throws(() => sign([secret], 'evt_1', 1, '{}'), Error, secret)
  t.throws(() => sign([], 'evt_1', 1, '{}'), { message: /at least one/ })
})

t.test('attempts follow the schedule, and end', async t => {
  for (const [made, delay] of attemptDelaysSeconds.entries()) t.equal(secondsTo(nextAttempt(made, now, 0)), delay)
  t.equal(nextAttempt(attemptDelaysSeconds.length, now, 0), null)
  const total = attemptDelaysSeconds.reduce<number>((sum, delay) => sum + delay, 0)
  t.ok(total >= 72 * 3600, 'a receiver that is down for three days misses nothing')

  t.equal(secondsTo(nextAttempt(2, now, 1)), 330, 'jitter lengthens by a tenth at most')
  t.equal(secondsTo(nextAttempt(2, now, 0.5)), 315)
  t.equal(secondsTo(nextAttempt(2, now, 0, 600)), 600, 'the receiver may ask for more time')
  t.equal(secondsTo(nextAttempt(2, now, 0, 60)), 300, 'not for less')
  t.equal(secondsTo(nextAttempt(2, now, 0, 1e9)), 86_400, 'nor for more than a day')
})

t.test('Retry-After is read as seconds or as a date, and otherwise ignored', async t => {
  const expected: [header: string | undefined, seconds: number][] = [
    [undefined, 0], ['120', 120], ['0', 0], ['Tue, 31 Mar 2026 08:02:00 GMT', 120], ['Tue, 31 Mar 2026 07:00:00 GMT', 0], ['soon', 0], ['-5', 0], ['', 0], ['1'.repeat(400), 0],
  ]
  for (const [header, seconds] of expected) t.equal(retryAfterOf(header, now), seconds, String(header))
})

t.test('only 2xx is delivered and only 410 ends the matter; everything else is tried again', async t => {
  for (const status of [200, 201, 204, 299]) t.equal(outcomeOf(status), 'delivered')
  for (const status of [100, 301, 302, 307, 400, 401, 404, 409, 429, 500, 503]) t.equal(outcomeOf(status), 'retry')
  t.equal(outcomeOf(410), 'gone')
  t.equal(outcomeOf(new Error('ECONNRESET')), 'retry')
})

t.test('an endpoint gets the events it asked for, and all of them if it asked for none', async t => {
  const expected: [filters: string[], type: string, isSubscribed: boolean][] = [
    [[], 'payment.posted', true],
    [['payment.posted'], 'payment.posted', true], [['payment.posted'], 'payment.reversed', false], [['payment.post'], 'payment.posted', false],
    [['payment.*'], 'payment.reversed', true], [['payment.*'], 'paymentPlan.activated', false], [['plan.*'], 'paymentplan.activated', false],
    [['hold.*', 'payment.posted'], 'payment.posted', true], [['hold.*', 'payment.posted'], 'hold.placed', true], [['hold.*', 'payment.posted'], 'dispute.opened', false],
  ]
  for (const [filters, type, is] of expected) t.equal(isSubscribed(filters, type), is, `${filters.join()} ${type}`)
  for (const filter of ['payment.*', 'placementBatch.received']) t.match(filter, new RegExp(eventFilterPattern))
  for (const filter of ['*', 'payment', 'payment.', '.posted', '*.posted', 'payment.p*', 'payment.**', 'a.b.c']) t.notMatch(filter, new RegExp(eventFilterPattern))
})

t.test('a filter that no kind of event answers to is refused where it stands, so that a typing error is not silence', async t => {
  const known = ['payment.posted', 'payment.reversed', 'hold.placed']
  t.doesNotThrow(() => checkFilters(['payment.*', 'hold.placed'], known, '/filters'))
  t.throws(() => checkFilters(['payment.*', 'payment.post', 'holds.*'], known, '/filters'), {
    code: 'filter-matches-nothing', refusal: { violations: [{ pointer: '/filters/1' }, { pointer: '/filters/2' }] },
  })
  t.same(typesFor(['payment.*'], known), ['payment.posted', 'payment.reversed'])
  t.equal(typesFor([], known), null)
})

t.test('a secret brought along must be one that can be signed with', async t => {
  t.equal(checkSecret('whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'), 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')
  for (const secret of ['whsec_', 'whsec_c2hvcnQ=', `whsec_${Buffer.alloc(65).toString('base64')}`]) t.throws(() => checkSecret(secret), { code: 'webhook-secret-refused' }, secret)
})

const uuid = (n: number): string => `019ab3f0-6c1e-7d35-9a51-${String(n).padStart(12, '0')}`

t.test('an endpoint hears of what its owner may know, from when it was made, and never of itself', async t => {
  const [mine, other] = [idOf('lender', uuid(1)), idOf('lender', uuid(2))]
  const agency = { id: idOf('webhookEndpoint', uuid(3)), lenderId: null, filters: ['webhookEndpoint.*', 'hold.*'], afterSequence: 10 }
  const lender = { ...agency, id: idOf('webhookEndpoint', uuid(4)), lenderId: mine }
  const about = (id: string) => ({ webhookEndpointId: id })
  const expected: [who: typeof agency | typeof lender, event: { sequence?: number, type?: string, lenderId?: typeof mine | null, data?: unknown }, gets: boolean][] = [
    [agency, {}, true], [agency, { sequence: 10 }, false], [agency, { type: 'payment.posted' }, false], [agency, { lenderId: mine }, true], [agency, { lenderId: other }, true],
    [lender, {}, false], [lender, { lenderId: mine }, true], [lender, { lenderId: other }, false], [lender, { lenderId: mine, sequence: 9 }, false],
    [agency, { type: 'webhookEndpoint.paused', data: about(agency.id) }, false], [agency, { type: 'webhookEndpoint.paused', data: about(lender.id) }, true],
    [agency, { type: 'webhook.test', data: about(agency.id) }, true], [agency, { type: 'webhook.test', data: about(lender.id), lenderId: mine }, false],
    [lender, { type: 'webhook.test', data: about(lender.id), lenderId: mine }, true],
  ]
  for (const [who, event, gets] of expected) t.equal(receives(who, { sequence: 11, type: 'hold.placed', lenderId: null, data: {}, ...event }), gets, JSON.stringify({ lender: who.lenderId, ...event }))
})

const ok: Answer = { outcome: 'delivered', status: 200, retryAfterSeconds: 0 }
const failed: Answer = { outcome: 'retry', status: 500, retryAfterSeconds: 0 }
const gone: Answer = { outcome: 'gone', status: 410, retryAfterSeconds: 0 }
const well: Health = { pauseReason: null, failures: 0, failingSince: null, heldUntil: null }

t.test('an endpoint that fails again and again is left alone for longer and longer, so that it costs the others nothing', async t => {
  let health = well
  for (let i = 1; i < failuresBeforeHold; i++) health = healthAfter(health, failed, now)
  t.equal(health.heldUntil, null, 'a few failures may be the events\' fault')
  const holds: (number | null)[] = []
  for (let i = 0; i < 8; i++) {
    health = healthAfter({ ...health, heldUntil: null }, failed, now)
    holds.push(secondsTo(health.heldUntil))
  }
  t.same(holds, [5, 10, 20, 40, 80, 160, 300, 300])
  t.match(healthAfter(health, ok, now), { failures: 0, failingSince: null }, 'one success is enough')
})

t.test('a receiver that asks for time gets it, from all its deliveries', async t => {
  const expected: [status: number, retryAfterSeconds: number, held: number | null][] = [[429, 0, 5], [429, 120, 120], [429, 1e9, 86_400], [503, 60, 60], [503, 0, null], [500, 60, null]]
  for (const [status, retryAfterSeconds, held] of expected) t.equal(secondsTo(healthAfter(well, { outcome: 'retry', status, retryAfterSeconds }, now).heldUntil), held, `${status} ${retryAfterSeconds}`)
  const heldUntil = new Date(now.getTime() + 600_000)
  t.equal(healthAfter({ ...well, heldUntil }, { outcome: 'retry', status: 429, retryAfterSeconds: 10 }, now).heldUntil, heldUntil, 'never less than it asked for before')
  t.equal(healthAfter({ ...well, heldUntil }, ok, now).heldUntil, heldUntil, 'also when an earlier request still succeeds')
})

t.test('an endpoint is paused after 72 hours without one success, and at once when it is gone', async t => {
  const since = new Date(now.getTime() - 72 * 3_600_000)
  t.equal(healthAfter({ ...well, failures: 9, failingSince: since }, failed, now).pauseReason, 'failing')
  t.equal(healthAfter({ ...well, failures: 9, failingSince: new Date(since.getTime() + 1) }, failed, now).pauseReason, null)
  t.equal(healthAfter(well, gone, now).pauseReason, 'gone')
  t.equal(healthAfter({ ...well, failures: 9, failingSince: since }, ok, now).pauseReason, null)
  t.equal(pauseAtOf({ failingSince: since })?.getTime(), now.getTime())
  t.equal(pauseAtOf(well), null)
})

t.test('a delivery is tried along the schedule, and kept when its receiver is gone', async t => {
  const id = idOf('delivery', uuid(0))
  t.same(deliveryAfter({ id, tries: 0 }, ok, now), { state: 'delivered', nextAttemptAt: null })
  t.same(deliveryAfter({ id, tries: 0 }, failed, now), { state: 'retrying', nextAttemptAt: new Date(now.getTime() + 5_000) })
  t.same(deliveryAfter({ id, tries: 1 }, { ...failed, retryAfterSeconds: 900 }, now), { state: 'retrying', nextAttemptAt: new Date(now.getTime() + 900_000) })
  t.same(deliveryAfter({ id, tries: attemptDelaysSeconds.length - 1 }, failed, now), { state: 'exhausted', nextAttemptAt: null })
  t.same(deliveryAfter({ id, tries: 9 }, gone, now), { state: 'retrying', nextAttemptAt: now })
})

t.test('an event is one text: whoever is concerned is named, nobody else is, and the facts are the bytes that were stored', async t => {
  const told: Told = {
    id: idOf('event', uuid(5)), type: 'hold.placed', version: 1, sequence: 7, tenantId: idOf('tenant', uuid(6)), lenderId: null, accountId: null,
    occurredAt: '2026-03-31T08:00:00Z', recordedAt: '2026-03-31T08:00:00.5Z', correlationId: 'a"b', livemode: false, data: '{"b": 1, "a": 1e2}',
  }
  const facts = { id: told.id, type: 'hold.placed', apiVersion: 1, sequence: 7, tenantId: told.tenantId, occurredAt: told.occurredAt, recordedAt: told.recordedAt, correlationId: 'a"b', livemode: false, data: { object: { b: 1, a: 100 } } }
  t.same(JSON.parse(envelope(told)), facts)
  t.ok(envelope(told).endsWith(',"data":{"object":{"b": 1, "a": 1e2}}}'))
  const accountId = idOf('account', uuid(7)), lenderId = idOf('lender', uuid(8))
  t.same(JSON.parse(envelope({ ...told, accountId, lenderId })), { ...facts, accountId, lenderId })
})
