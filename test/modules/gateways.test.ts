import { createHmac } from 'node:crypto'
import { createServer } from 'node:http'
import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { sql } from 'drizzle-orm'
import t from 'tap'
import type { Test } from 'tap'
import { idOf } from '../../src/kernel/index.ts'
import type { PermitToken } from '../../src/kernel/index.ts'
import { adapters } from '../../src/modules/gateways/core.ts'
import { sendersOf } from '../../src/modules/gateways/index.ts'
import { guardedAgent } from '../../src/platform/http/guard.ts'
import type { Letter } from '../../src/platform/outside.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, Lender } from '../world.ts'

interface Posted { path: string, headers: IncomingHttpHeaders, body: string }
type Answer = { status: number, text?: string, headers?: Record<string, string> } | 'hangUp'
interface Provider { url: string, posted: Posted[], answer: (posted: Posted) => Answer }

/** A provider's server on this machine: keeps what is posted, and answers as the test says. */
async function provider (t: Test, answer: Provider['answer']): Promise<Provider> {
  const self: Provider = { url: '', posted: [], answer }
  const server = createServer((req, res: ServerResponse) => {
    const pieces: Buffer[] = []
    req.on('data', (piece: Buffer) => pieces.push(piece))
    req.on('end', () => {
      const one = { path: req.url ?? '', headers: req.headers, body: Buffer.concat(pieces).toString('utf8') }
      self.posted.push(one)
      const chosen = self.answer(one)
      if (chosen === 'hangUp') req.socket.destroy()
      else res.writeHead(chosen.status, { 'content-type': 'application/json', ...chosen.headers }).end(chosen.text)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  self.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  t.teardown(async () => {
    server.closeAllConnections()
    await new Promise(resolve => server.close(resolve))
  })
  return self
}

const publicUrl = 'https://recoup.example.com'
const account = { accountSid: 'AC00000000000000000000000000000001', authToken: 'twilio-token-1' }
const sidOf = ({ body }: Posted): string => `SM${createHmac('md5', 'x').update(body).digest('hex')}`
const takes = (posted: Posted): Answer => ({ status: 201, text: JSON.stringify({ sid: sidOf(posted), status: 'queued' }) })
const formOf = ({ body }: Posted): Record<string, string> => Object.fromEntries(new URLSearchParams(body))

interface Gateway { id: string, state: string, secret: string | null }
interface Message { id: string, channel: string, state: string, reason: string | null, attempts: number }

t.test('gateways', async t => {
  const w = await world()
  t.teardown(w.close)
  Object.assign(w.machine.outside, { publicUrl })
  const twilioAt = (url: string, more: object = {}) => ({ channel: 'sms', adapter: 'twilio', url, credentials: account, senderId: '+15017122661', ...more })
  const make = async (of: Agency, body: object): Promise<Gateway> => await w.ok(of, 'POST', '/v1/gateways', body)
  /** A callback as Twilio sends it. */
  const tell = async (gateway: { id: string }, fields: Record<string, string>, { token = account.authToken, query = '', signature, from = '198.51.100.7' }: { token?: string, query?: string, signature?: string, from?: string } = {}) => {
    const path = `/v1/gateway-callbacks/${gateway.id}${query}`
    const signed = publicUrl + path + Object.keys(fields).sort().map(name => name + fields[name]!).join('')
    return await w.app.inject({
      method: 'POST', url: path, remoteAddress: from, payload: new URLSearchParams(fields).toString(),
      headers: { 'content-type': 'application/x-www-form-urlencoded', 'x-twilio-signature': signature ?? createHmac('sha1', token).update(signed).digest('base64') },
    })
  }
  let phones = 0
  /** A debt whose first reminder, by SMS, falls due at once. */
  const reminded = async (of: Agency, lender: Lender) => {
    const phone = `+861370000${String(++phones).padStart(4, '0')}`
    const { accountId } = await w.account(of, lender, { dueOn: '2026-01-02', parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', contactPoints: [{ channel: 'phone', value: phone }] }] })
    await w.settle(of)
    const all = async (): Promise<Message[]> => (await w.ok<{ data: Message[] }>(of, 'GET', `/v1/messages?accountId=${accountId}`)).data
    return { accountId, phone, all, first: async (): Promise<Message> => (await all())[0]! }
  }

  await sending(t)
  await settings(t)
  await callbacks(t)
  t.test('and no work failed on the way', async t => { t.same(w.failures, []) })

  async function sending (t: Test): Promise<void> {
    t.test('each agency\'s messages go out by its own provider, in its words and with its credentials, and never by another\'s', async t => {
      const [us, them, others] = [await w.agency(), await w.agency(), await w.agency()]
      const ours = await provider(t, takes)
      const theirs = await provider(t, () => ({ status: 202, text: '{"id":"sms-1"}' }))
      const gateway = await make(us, twilioAt(ours.url))
      await make(them, { channel: 'sms', url: `${theirs.url}/send?v=2`, credentials: { token: 'their-token' } })
      const before = w.sms.length
      const [a, b, c] = [await reminded(us, await w.lender(us)), await reminded(them, await w.lender(them)), await reminded(others, await w.lender(others))]
      const message = await a.first()
      t.match([message.state, (await b.first()).state, (await c.first()).state], ['sent', 'sent', 'sent'])
      t.equal(ours.posted.length, 1)
      t.match(ours.posted[0], { path: `/2010-04-01/Accounts/${account.accountSid}/Messages.json`, headers: { authorization: `Basic ${Buffer.from(`${account.accountSid}:${account.authToken}`).toString('base64')}` } })
      t.match(formOf(ours.posted[0]!), { To: a.phone, From: '+15017122661', StatusCallback: `${publicUrl}/v1/gateway-callbacks/${gateway.id}?message=${message.id}` })
      t.equal(theirs.posted.length, 1)
      t.match(theirs.posted[0], { path: '/send?v=2', headers: { authorization: 'Bearer their-token', 'idempotency-key': (await b.first()).id } })
      t.match(JSON.parse(theirs.posted[0]!.body), { to: b.phone, key: (await b.first()).id })
      t.same(w.sms.slice(before).map(({ to }) => to), [c.phone], 'only who has no gateway of its own sends by the installation\'s')
      t.notMatch(ours.posted[0]!.body + JSON.stringify(ours.posted[0]!.headers), /prm_/, 'the permit stays here')
    })

    t.test('what a provider refuses for good is given up, and what it may take later is tried again', async t => {
      const us = await w.agency()
      const server = await provider(t, () => ({ status: 400, text: '{"code":21610}' }))
      await make(us, twilioAt(server.url))
      const bank = await w.lender(us)
      t.match(await (await reminded(us, bank)).first(), { state: 'failed', reason: 'providerRefused', attempts: 1 }, 'the recipient opted out at the carrier')
      server.answer = () => ({ status: 302, headers: { location: 'http://127.0.0.1:1/' } })
      const { first } = await reminded(us, bank)
      t.match(await first(), { state: 'scheduled', attempts: 1 }, 'a redirect is followed nowhere')
      server.answer = takes
      await w.liveUntil(us, '2026-01-05T09:05:00Z')
      t.match(await first(), { state: 'sent', attempts: 2 })
    })

    t.test('when an answer is lost, a provider that drops repeats is asked again under the same key, and of another nobody is written to twice', async t => {
      const [us, them] = [await w.agency(), await w.agency()]
      let calls = 0
      const drops = await provider(t, () => ++calls === 1 ? 'hangUp' : { status: 200, text: '{"id":"x"}' })
      const repeats = await provider(t, () => 'hangUp')
      await make(us, { channel: 'sms', url: drops.url })
      const gateway = await make(them, twilioAt(repeats.url))
      const [a, b] = [await reminded(us, await w.lender(us)), await reminded(them, await w.lender(them))]
      await w.liveUntil(us, '2026-01-05T09:05:00Z')
      await w.liveUntil(them, '2026-01-05T12:00:00Z')
      t.match(await a.first(), { state: 'sent', attempts: 2 })
      t.same(new Set(drops.posted.map(({ headers }) => headers['idempotency-key'])), new Set([(await a.first()).id]))
      const lost = await b.first()
      t.match(lost, { state: 'failed', attempts: 1 })
      t.equal(repeats.posted.length, 1)
      t.equal((await tell(gateway, { MessageSid: 'SM77', MessageStatus: 'delivered' }, { query: `?message=${lost.id}` })).statusCode, 200)
      t.match(await b.first(), { state: 'delivered' }, 'and what became of it is still heard')
    })

    t.test('a provider that nobody answers for has not been given the message: it is tried again', async t => {
      const us = await w.agency()
      const gone = await provider(t, takes)
      await make(us, twilioAt('http://127.0.0.1:1'))
      const { first } = await reminded(us, await w.lender(us))
      t.match(await first(), { state: 'scheduled', attempts: 1 })
      await make(us, twilioAt(gone.url))
      await w.liveUntil(us, '2026-01-05T09:05:00Z')
      t.match(await first(), { state: 'sent', attempts: 2 }, 'by the gateway that took its place')
      t.equal(gone.posted.length, 1)
    })
  }

  async function settings (t: Test): Promise<void> {
    t.test('credentials are sealed, and shown in no answer, list or event', async t => {
      const us = await w.agency()
      const made = await w.call(us, 'POST', '/v1/gateways', twilioAt('https://api.example.com'))
      t.equal(made.statusCode, 201)
      t.match(made.json(), { adapter: 'twilio', state: 'active', url: 'https://api.example.com/', senderId: '+15017122661', secret: null })
      const rotated = await w.call(us, 'POST', `/v1/gateways/${made.json<Gateway>().id}/rotate-credentials`, { credentials: { ...account, authToken: 'twilio-token-2' } })
      t.equal(rotated.statusCode, 200)
      const seen = [made.body, rotated.body, (await w.call(us, 'GET', '/v1/gateways')).body, (await w.call(us, 'GET', '/v1/events?limit=100')).body]
      const stored = await w.tx(us, async tx => (await tx.execute(sql`select g::text as line from gateways g union all select e.data::text from events e`)).rows.map(({ line }) => String(line)))
      t.notMatch([...seen, ...stored].join(), /twilio-token|AC0000/)
      t.notMatch([...seen, ...stored].join(), Buffer.from('twilio-token').toString('hex'))
      t.match(seen[3], /gateway\.activated.*gateway\.credentialsRotated/s)
    })

    t.test('one gateway is active for a channel: another takes its place, and gives it back', async t => {
      const us = await w.agency()
      const states = async () => Object.fromEntries((await w.ok<{ data: Gateway[] }>(us, 'GET', '/v1/gateways')).data.map(({ id, state }) => [id, state]))
      const [first, mail, second] = [await make(us, { channel: 'sms' }), await make(us, { channel: 'email' }), await make(us, twilioAt('https://api.example.com'))]
      t.same(await states(), { [first.id]: 'disabled', [mail.id]: 'active', [second.id]: 'active' })
      for (let n = 0; n < 2; n++) t.match(await w.ok(us, 'POST', `/v1/gateways/${first.id}/activate`), { state: 'active' })
      t.same(await states(), { [first.id]: 'active', [mail.id]: 'active', [second.id]: 'disabled' })
      for (let n = 0; n < 2; n++) t.match(await w.ok(us, 'POST', `/v1/gateways/${first.id}/disable`), { state: 'disabled' })
      const both = await Promise.all(Array.from({ length: 4 }, async (_, n) => await w.call(us, 'POST', '/v1/gateways', { channel: 'sms', url: `https://sms${n}.example.com` })))
      t.ok(both.every(({ statusCode }) => statusCode === 201 || statusCode === 409), 'whoever comes too late is told')
      t.equal(Object.values(await states()).filter(state => state === 'active').length, 2)
    })

    t.test('what cannot work is refused, with its reason', async t => {
      const us = await w.agency()
      const live = await w.agency({ livemode: true })
      const refusal = async (body: object, of: Agency = us) => {
        const { status, code, errors } = (await w.call(of, 'POST', '/v1/gateways', body)).json<{ status: number, code: string, errors?: { pointer: string }[] }>()
        return [status, code, ...(errors ?? []).map(({ pointer }) => pointer)]
      }
      t.same(await refusal({ channel: 'sms', adapter: 'carrierPigeon' }), [400, 'invalid-request', '/adapter'])
      t.same(await refusal({ channel: 'sms', adapter: 'twilio', senderId: '+1', credentials: { accountSid: 'AC' } }), [422, 'gateway-unfit', '/credentials/authToken'])
      t.same(await refusal({ ...twilioAt('https://api.example.com'), credentials: { ...account, password: 'x' } }), [400, 'invalid-request', '/credentials/password'])
      t.same(await refusal({ ...twilioAt('https://api.example.com'), credentials: { ...account, authToken: 'a\nb' } }), [400, 'invalid-request', '/credentials/authToken'])
      for (const url of ['http://sms.example.com', 'https://127.0.0.1/', 'https://10.0.0.8/', 'https://169.254.169.254/latest', 'https://intranet', 'https://u:p@sms.example.com', 'ftp://sms.example.com', 'nowhere']) {
        t.same(await refusal({ channel: 'sms', url }, live), [422, 'address-forbidden'], url)
      }
      t.same((await w.ok<{ data: unknown[] }>(live, 'GET', '/v1/gateways')).data, [], 'a refusal disables nothing and leaves nothing')
      const { id } = await make(us, twilioAt('https://api.example.com'))
      t.match((await w.call(us, 'POST', `/v1/gateways/${id}/rotate-secret`)).json(), { status: 409, code: 'gateway-secret-foreign' })
      t.match((await w.call(us, 'POST', `/v1/gateways/${id}/rotate-credentials`, { credentials: { token: 'x' } })).json(), { status: 422, code: 'gateway-unfit' })
    })
  }

  async function callbacks (t: Test): Promise<void> {
    const us = await w.agency()
    const them = await w.agency()
    const server = await provider(t, takes)
    const gateway = await make(us, twilioAt(server.url))
    const theirs = await make(them, twilioAt(server.url, { credentials: { ...account, authToken: 'their-token' } }))
    const bank = await w.lender(us)

    t.test('a provider tells in its own words what became of a message, once, and is answered in them', async t => {
      const { first } = await reminded(us, bank)
      const sid = sidOf(server.posted.at(-1)!)
      for (let n = 0; n < 3; n++) {
        const reply = await tell(gateway, { MessageSid: sid, MessageStatus: 'delivered', From: '+15017122661', AFieldOfTomorrow: 'x' })
        t.match(reply, { statusCode: 200, body: /<Response><\/Response>$/ })
        t.match(reply.headers['content-type'], /^text\/xml/)
      }
      t.match(await first(), { state: 'delivered' })
      t.equal((await tell(gateway, { MessageSid: sid, MessageStatus: 'sent' })).statusCode, 200, 'what is on its way is no news')
      const other = await reminded(us, bank)
      await tell(gateway, { MessageSid: 'SM-unknown-to-us', MessageStatus: 'undelivered', ErrorCode: '30005' }, { query: `?message=${(await other.first()).id}` })
      t.match(await other.first(), { state: 'bounced' })
    })

    t.test('what its provider did not sign, at this address, for this agency, is not believed, and the refusal never says why', async t => {
      const { first } = await reminded(us, bank)
      const fields = { MessageSid: sidOf(server.posted.at(-1)!), MessageStatus: 'undelivered' }
      const query = `?message=${(await first()).id}`
      const tries = [
        await tell(gateway, fields, { signature: '' }), await tell(gateway, fields, { signature: 'AAAA' }), await tell(gateway, fields, { token: 'their-token' }), await tell(theirs, fields),
        await tell({ id: strangeId('gateway') }, fields), await tell({ id: 'gtw_none' }, fields),
        await tell(gateway, fields, { query, signature: createHmac('sha1', account.authToken).update(`${publicUrl}/v1/gateway-callbacks/${gateway.id}${Object.entries(fields).sort().map(pair => pair.join('')).join('')}`).digest('base64') }),
      ]
      t.same(tries.map(({ statusCode }) => statusCode), [401, 401, 401, 401, 401, 400, 401])
      t.equal(new Set(tries.filter(({ statusCode }) => statusCode === 401).map(reply => JSON.stringify({ ...reply.json<object>(), requestId: '' }))).size, 1, 'all alike')
      t.equal((await tell(theirs, { ...fields, MessageStatus: 'delivered' }, { token: 'their-token', query })).statusCode, 200, 'another agency may say so of its own')
      t.match(await first(), { state: 'sent' }, 'and touches nothing of ours')
      t.equal((await tell(gateway, { ...fields, Body: 'x'.repeat(70_000) })).statusCode, 413)
      t.match((await tell(gateway, { MessageStatus: 'delivered' })).json(), { status: 400 }, 'signed, and yet nothing of Twilio\'s')
    })

    t.test('STOP in a provider\'s words ends what is scheduled at once, also by a gateway that is no longer used', async t => {
      const [a, b] = [await reminded(us, bank), await reminded(us, bank)]
      await make(us, { channel: 'sms' })
      const from = { To: '+15017122661', NumMedia: '0', SmsStatus: 'received' }
      t.equal((await tell(gateway, { ...from, MessageSid: 'SMstop1', From: a.phone, Body: '退订' })).statusCode, 200)
      t.equal((await tell(gateway, { ...from, MessageSid: 'SMstop2', From: b.phone, Body: 'basta ya', OptOutType: 'STOP' })).statusCode, 200)
      await w.settle(us)
      for (const { all } of [a, b]) t.same((await all()).map(({ state }) => state).sort(), ['sent', 'suppressed', 'suppressed'])
      t.notMatch(JSON.stringify(await w.tx(us, async tx => (await tx.execute(sql`select * from gateway_events`)).rows)), /basta|退订|\+8613/)
    })

    t.test('new credentials hold for both ways, from now on', async t => {
      const { id } = await make(us, twilioAt(server.url))
      await w.ok(us, 'POST', `/v1/gateways/${id}/rotate-credentials`, { credentials: { ...account, authToken: 'new-token' } })
      await reminded(us, bank)
      t.equal(server.posted.at(-1)!.headers.authorization, `Basic ${Buffer.from(`${account.accountSid}:new-token`).toString('base64')}`)
      const fields = { MessageSid: 'SMx', MessageStatus: 'delivered' }
      t.equal((await tell({ id }, fields)).statusCode, 401)
      t.equal((await tell({ id }, fields, { token: 'new-token' })).statusCode, 200)
    })

    t.test('who is refused again and again is not heard, before anything is looked up, and nobody else is any the less', async t => {
      const { id } = await make(us, twilioAt(server.url))
      const fields = { MessageSid: 'SMy', MessageStatus: 'delivered' }
      const [stranger, honest] = ['203.0.113.9', '198.51.100.8']
      for (let n = 0; n < 60; n++) t.equal((await tell({ id }, fields, { signature: 'no', from: stranger })).statusCode, 401)
      const refused = await tell({ id }, fields, { from: stranger })
      t.match(refused.json(), { status: 429, code: 'too-many-requests' })
      t.ok(Number(refused.headers['retry-after']) >= 1 && Number(refused.headers['retry-after']) <= 60)
      t.equal((await tell({ id }, fields, { from: honest })).statusCode, 200, 'another caller')
      t.equal((await tell(theirs, fields, { token: 'their-token', from: stranger })).statusCode, 200, 'another agency by the same address')
      for (let n = 0; n < 60; n++) await tell({ id }, fields, { signature: 'no', from: `2001:db8:1:2::${n.toString(16)}` })
      t.equal((await tell({ id }, fields, { from: '2001:db8:1:2:ffff::1' })).statusCode, 429, 'a network of IPv6 is one caller')
      t.equal((await tell({ id }, fields, { from: '2001:db8:1:3::1' })).statusCode, 200)
      // Strangers who name gateways that do not exist.
      for (let n = 0; n < 600; n++) await tell({ id: `gtw_019ab3f0-6c1e-7d35-9a51-${n.toString(16).padStart(12, '0')}` }, fields, { from: '192.0.2.1' })
      t.equal((await tell({ id }, fields, { from: '192.0.2.1' })).statusCode, 429)
    })
  }
})

t.test('one gateway may tell so much in a minute, and another\'s share is its own', async t => {
  const w = await world({ keyPerMinute: 30 })
  t.teardown(w.close)
  const us = await w.agency()
  const [one, two] = [await w.ok<Gateway>(us, 'POST', '/v1/gateways', { channel: 'sms' }), await w.ok<Gateway>(us, 'POST', '/v1/gateways', { channel: 'email' })]
  const tell = async ({ id, secret }: Gateway, n: number) => {
    const body = JSON.stringify({ eventId: `e-${n}`, type: 'delivered', messageId: strangeId('message') })
    const at = String(Math.floor(Date.now() / 1_000))
    return await w.call('nobody', 'POST', `/v1/gateway-callbacks/${id}`, body, { 'gateway-timestamp': at, 'gateway-signature': `v1,${createHmac('sha256', secret!).update(`${at}.${body}`).digest('base64')}` })
  }
  const replies = []
  for (let n = 0; n < 31; n++) replies.push(await tell(one, n))
  t.same(replies.slice(0, 30).map(({ statusCode }) => statusCode), Array(30).fill(202))
  t.equal(replies[30]!.statusCode, 429)
  t.ok(Number(replies[30]!.headers['retry-after']) >= 1)
  t.equal((await tell(two, 0)).statusCode, 202)
})

t.test('a provider whose name leads inside the network is not reached, and one that keeps silent is not waited for', async t => {
  const letter: Letter = { tenantId: idOf('tenant', strangeId('tenant').slice(4)), permit: `${strangeId('permit')}.abc.${'A'.repeat(22)}` as PermitToken, key: strangeId('message'), to: '+8613800138000', text: 'pay' }
  const silent = createServer(() => undefined)
  await new Promise<void>(resolve => silent.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`
  const send = async (allowPrivate: boolean) => {
    const http = guardedAgent({ allowPrivate })
    const nobody = { send: async () => { throw new Error('not by the installation') } }
    const { sms } = sendersOf({ http, allowPrivate, publicUrl: 'http://127.0.0.1', email: nobody, sms: nobody } as unknown as Parameters<typeof sendersOf>[0], [{ id: idOf('gateway', strangeId('gateway').slice(4)), channel: 'sms', adapter: adapters.recoup, url, senderId: null, credentials: {} }], 300)
    try {
      await sms.send(letter)
      return 'sent'
    } catch (error) {
      return { text: (error as Error).message, isFinal: (error as { isFinal?: boolean }).isFinal }
    } finally {
      await http.destroy()
    }
  }
  t.same(await send(false), { text: 'recoup address-forbidden', isFinal: false })
  t.same(await send(true), { text: 'recoup timeout', isFinal: false })
  silent.closeAllConnections()
  silent.close()
})
