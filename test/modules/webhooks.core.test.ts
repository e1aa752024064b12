import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { Webhook } from 'standardwebhooks'
import t from 'tap'
import { attemptDelaysSeconds, eventFilterPattern, isSubscribed, newSecret, nextAttempt, outcomeOf, retryAfterOf, sign } from '../../src/modules/webhooks/core.ts'

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
