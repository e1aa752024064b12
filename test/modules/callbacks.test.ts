import { createHmac } from 'node:crypto'
import { and, eq } from 'drizzle-orm'
import t from 'tap'
import type { Test } from 'tap'
import type { Id } from '../../src/kernel/index.ts'
import { isRefusal } from '../../src/modules/callbacks/core.ts'
import { gatewayEvents } from '../../src/modules/callbacks/tables.ts'
import { stateAfter } from '../../src/modules/outreach/core.ts'
import type { MessageState, ReceiptKind } from '../../src/modules/outreach/core.ts'
import { contactPoints } from '../../src/modules/parties/tables.ts'
import { events } from '../../src/platform/index.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { strangeId, world } from '../world.ts'
import type { Agency } from '../world.ts'

/** The signature of a callback in our own shape, as its description says. */
const signCallback = (secret: string, seconds: string, body: Buffer): string => `v1,${createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('base64')}`

interface Message { id: Id<'message'>, channel: string, state: string, sentAt: string | null, reason: string | null }

t.test('a refusal is seen in every language we know, as all that is said or as its first word, and not where it is part of another sentence', async t => {
  const refused = ['STOP', 'stop', ' Stop. ', 'STOP!', '"stop"', 'Stop texting me', 'STOP, please', 'unsubscribe', 'Cancel', '退订', '退订,谢谢', '退訂', 'TD', 'td', 'TD', 'T', '拒收!', 'STOPP', 'Abmelden bitte', 'ARRÊT', 'baja', '配信停止', 'रोको', '\n\nSTOP\n\n> On Monday you wrote: pay']
  const others = ['', 'Stopped by your office today', 'I cannot stop thinking of it', 'Cancel my meeting, I pay today', 'Thanks', '今天还款', 'Table for two', 'Ok\nSTOP', 'tdx', 'The end']
  t.same(refused.filter(text => !isRefusal(text)), [])
  t.same(others.filter(isRefusal), [])
})

t.test('receipts come in any order and end alike', async t => {
  const last = (...kinds: ReceiptKind[]): MessageState => kinds.reduce<MessageState>((state, kind) => stateAfter(state, kind) ?? state, 'sent')
  t.equal(last('failed', 'delivered'), 'delivered', 'a carrier tries again after a failure')
  t.equal(last('delivered', 'failed'), 'delivered')
  t.equal(last('delivered', 'bounced'), 'bounced')
  t.equal(last('bounced', 'delivered'), 'bounced')
  t.equal(last('failed', 'bounced', 'delivered'), 'bounced')
  const cases: [MessageState, ReceiptKind, ReceiptKind | null][] = [
    ['sending', 'delivered', 'delivered'], ['scheduled', 'delivered', 'delivered'], ['cancelled', 'delivered', 'delivered'], ['sending', 'failed', 'failed'],
    ['scheduled', 'failed', null], ['failed', 'failed', null], ['delivered', 'delivered', null],
  ]
  for (const [state, kind, after] of cases) t.equal(stateAfter(state, kind), after, `${state} ${kind}`)
})

t.test('callbacks', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  const sms = await w.ok<{ id: string, secret: string }>(us, 'POST', '/v1/gateways', { channel: 'sms' })
  const email = await w.ok<{ id: string, secret: string }>(us, 'POST', '/v1/gateways', { channel: 'email' })
  const seconds = (): string => String(Math.floor(Date.now() / 1_000))
  const post = async (gateway: { id: string, secret: string }, body: object, { at = seconds(), signature }: { at?: string, signature?: string } = {}) => {
    const text = JSON.stringify(body)
    return await w.call('nobody', 'POST', `/v1/gateway-callbacks/${gateway.id}`, text, { 'gateway-timestamp': at, 'gateway-signature': signature ?? signCallback(gateway.secret, at, Buffer.from(text)) })
  }
  let phones = 0
  /** A debt by phone and e-mail whose first reminders have gone out. */
  const reminded = async (dueOn = '2026-01-02') => {
    const phone = `+861360000${String(++phones).padStart(4, '0')}`
    const mail = `reader${phones}@example.com`
    const { accountId } = await w.account(us, bank, { dueOn, parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', contactPoints: [{ channel: 'phone', value: phone }, { channel: 'email', value: mail }] }] })
    await w.settle(us)
    const first = async (channel: string): Promise<Message> => (await messagesOf(accountId)).find(message => message.channel === channel)!
    return { accountId, phone, mail, first }
  }
  const messagesOf = async (accountId: string): Promise<Message[]> => (await w.ok<{ data: Message[] }>(us, 'GET', `/v1/messages?accountId=${accountId}`)).data
  const attemptsOf = async (accountId: string): Promise<{ outcome: string, direction: string, messageId: string | null }[]> => (await w.ok<{ data: { outcome: string, direction: string, messageId: string | null }[] }>(us, 'GET', `/v1/contact-attempts?accountId=${accountId}`)).data
  const eventsOf = async (of: Agency, type: string, accountId: string): Promise<unknown[]> => await w.tx(of, async tx => (await tx.select({ data: events.data, accountId: events.accountId }).from(events).where(and(eq(events.tenantId, of.id), eq(events.type, type)))).filter(row => row.accountId === accountId).map(({ data }) => data))

  await signatures(t)
  await receipts(t)
  await replies(t)
  t.test('and no work failed on the way', async t => { t.same(w.failures, []) })

  async function signatures (t: Test): Promise<void> {
    t.test('only what the gateway itself signed just now is believed, and a refusal never says what was wrong', async t => {
      const { first } = await reminded()
      const body = { eventId: 'forged', type: 'delivered', messageId: (await first('sms')).id }
      const old = String(Number(seconds()) - 400)
      const ahead = String(Number(seconds()) + 400)
      const tries = [
        await post(sms, body, { signature: '' }), await post(sms, body, { signature: 'v1,AAAA' }), await post({ ...sms, secret: email.secret }, body), await post(sms, body, { at: old }), await post(sms, body, { at: ahead }),
        await post(sms, body, { at: '' }), await post(sms, body, { at: 'now' }), await post({ id: strangeId('gateway'), secret: sms.secret }, body), await post(sms, body, { signature: signCallback(sms.secret, seconds(), Buffer.from(JSON.stringify({ ...body, type: 'bounced' }))) }),
      ]
      for (const reply of tries) t.match(reply.json(), { status: 401, code: 'callback-refused', detail: undefined })
      t.match(await first('sms'), { state: 'sent' })
      t.match((await post(sms, { ...body, extra: 1 })).json(), { status: 400 })
      t.match((await post(sms, { ...body, text: 'x'.repeat(70_000) })).json(), { status: 413 })
      t.match((await w.call('nobody', 'POST', `/v1/gateway-callbacks/${sms.id}`, 'a=b', { 'content-type': 'application/x-www-form-urlencoded' })).json(), { status: 401, code: 'callback-refused', detail: undefined })
      t.equal((await w.call('nobody', 'POST', `/v1/gateway-callbacks/${sms.id}`, 'a=b', { 'content-type': 'text/plain' })).statusCode, 415)
    })

    t.test('a secret is shown once, and a rotated one signs no more', async t => {
      const { secret: old, id } = await w.ok<{ id: string, secret: string }>(us, 'POST', '/v1/gateways', { channel: 'sms' })
      t.notMatch((await w.call(us, 'GET', '/v1/gateways')).body, /secret|gws_/)
      const { secret } = await w.ok<{ secret: string }>(us, 'POST', `/v1/gateways/${id}/rotate-secret`)
      const body = { eventId: 'e', type: 'delivered', messageId: strangeId('message') }
      t.equal((await post({ id, secret: old }, body)).statusCode, 401)
      t.equal((await post({ id, secret }, body)).statusCode, 202)
    })
  }

  async function receipts (t: Test): Promise<void> {
    t.test('a message that arrived is delivered, once, however often and however concurrently its provider says so', async t => {
      const { accountId, first } = await reminded()
      const { id } = await first('sms')
      const all = await Promise.all(Array.from({ length: 5 }, async () => await post(sms, { eventId: `d-${id}`, type: 'delivered', providerId: `local-${id}` })))
      t.same(all.map(({ statusCode }) => statusCode), [202, 202, 202, 202, 202])
      await post(sms, { eventId: `d2-${id}`, type: 'failed', messageId: id })
      t.match(await first('sms'), { state: 'delivered' })
      t.equal((await eventsOf(us, 'message.delivered', accountId)).length, 1)
      t.match((await attemptsOf(accountId)).find(({ messageId }) => messageId === id), { outcome: 'delivered' })
    })

    t.test('an address that bounced is given up, and nothing more goes there', async t => {
      const { accountId, first, mail } = await reminded()
      const { id } = await first('email')
      await post(email, { eventId: `b-${id}`, type: 'bounced', messageId: id })
      await post(email, { eventId: `b2-${id}`, type: 'bounced', messageId: id })
      t.match(await first('email'), { state: 'bounced', reason: 'bounced' })
      t.match((await attemptsOf(accountId)).find(({ messageId }) => messageId === id), { outcome: 'undelivered' })
      const states = await w.tx(us, async tx => await tx.select({ state: contactPoints.state, channel: contactPoints.channel }).from(contactPoints).where(eq(contactPoints.state, 'invalid')))
      t.same(states, [{ state: 'invalid', channel: 'email' }])
      await w.liveUntil(us, '2026-01-12T09:00:00Z')
      t.equal(w.email.filter(({ to }) => to === mail).length, 1)
      t.ok((await messagesOf(accountId)).some(({ channel, reason }) => channel === 'email' && reason === 'unreachable'))
    })

    t.test('a receipt that comes before our own record makes it: the message is not sent again', async t => {
      const { accountId } = await w.account(us, bank, { dueOn: '2026-01-11', parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', contactPoints: [{ channel: 'phone', value: '+8613600009999' }] }] })
      await w.settle(us)
      const real = w.machine.outside.sms
      let handed = 0
      // The provider takes the message and tells its sender nothing; its receipt is there at once.
      w.machine.outside.sms = { async send ({ key }) {
        handed++
        await post(sms, { eventId: `early-${key}`, type: 'delivered', messageId: key })
        throw new Error('the connection broke')
      } }
      await w.liveUntil(us, '2026-01-15T09:00:00Z')
      w.machine.outside.sms = real
      while (await runJob(w.machine, 'outreach.sendDueMessages', us.id)) { /* another slice */ }
      t.equal(handed, 1)
      t.match((await messagesOf(accountId))[0], { state: 'delivered' })
      t.equal((await eventsOf(us, 'message.sent', accountId)).length, 1)
      t.match(await attemptsOf(accountId), [{ outcome: 'delivered' }])
    })

    t.test('what names no message of ours is kept as received and changes nothing', async t => {
      for (const name of [{ messageId: strangeId('message') }, { providerId: 'nobody-knows' }, {}]) t.equal((await post(sms, { eventId: JSON.stringify(name), type: 'bounced', ...name })).statusCode, 202)
      const kept = await w.tx(us, async tx => await tx.select({ outcome: gatewayEvents.outcome }).from(gatewayEvents).where(eq(gatewayEvents.type, 'bounced')))
      t.equal(kept.filter(({ outcome }) => outcome === 'unknown').length, 3)
    })
  }

  async function replies (t: Test): Promise<void> {
    t.test('an answer is a contact that the party began, and its text is nowhere', async t => {
      const { accountId, phone } = await reminded('2026-01-12')
      t.equal((await post(sms, { eventId: 'r1', type: 'reply', from: phone, text: 'I pay on Friday' })).statusCode, 202)
      t.match((await attemptsOf(accountId))[0], { outcome: 'replied', direction: 'in', messageId: null })
      t.match(await eventsOf(us, 'message.replied', accountId), [{ isOptOut: false }])
      t.notMatch(JSON.stringify(await w.tx(us, async tx => await tx.select().from(events))), /Friday|\+86136/)
    })

    t.test('STOP ends what is scheduled at once, and one from an address we never wrote to holds as well', async t => {
      const { accountId, phone } = await reminded('2026-01-12')
      const before = w.sms.length
      for (let n = 0; n < 2; n++) await post(sms, { eventId: 'stop-1', type: 'reply', from: phone, text: '退订' })
      await w.settle(us)
      t.same((await messagesOf(accountId)).filter(({ channel }) => channel === 'sms').map(({ state }) => state).sort(), ['sent', 'suppressed', 'suppressed'])
      t.match(await eventsOf(us, 'message.replied', accountId), [{ isOptOut: true }])
      t.equal((await eventsOf(us, 'message.replied', accountId)).length, 1)
      await post(sms, { eventId: 'stop-2', type: 'reply', from: '+8613700001234', text: 'STOP' })
      const stranger = await w.account(us, bank, { dueOn: '2026-01-02', parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', contactPoints: [{ channel: 'phone', value: '+86 137 0000 1234' }] }] })
      await w.liveUntil(us, '2026-02-10T09:00:00Z')
      t.same((await messagesOf(stranger.accountId)).map(({ state, reason }) => `${state} ${reason}`), ['suppressed optedOut', 'suppressed optedOut', 'suppressed optedOut'])
      t.same(w.sms.slice(before).filter(({ to }) => to === phone || to === '+8613700001234'), [])
    })
  }
})
