import { createHash, createHmac } from 'node:crypto'
import { eq } from 'drizzle-orm'
import { pino } from 'pino'
import t from 'tap'
import type { Test } from 'tap'
import { idOf } from '../../src/kernel/index.ts'
import type { Id } from '../../src/kernel/index.ts'
import { optOutUrl } from '../../src/modules/optOuts/index.ts'
import { nobodys, optOutToken, readOptOut, tenantOf } from '../../src/modules/optOuts/core.ts'
import type { Mac, OptOutLink } from '../../src/modules/optOuts/core.ts'
import { askPage, donePage, pageHeaders, pageLanguage, pageLanguages, refusalPage } from '../../src/modules/optOuts/pages.core.ts'
import { addressHash } from '../../src/modules/parties/index.ts'
import type { ConsentChannel } from '../../src/modules/parties/index.ts'
import { consentChannels } from '../../src/modules/parties/core.ts'
import { consents } from '../../src/modules/parties/tables.ts'
import { tenants } from '../../src/platform/index.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { openVault } from '../../src/platform/secrets/vault.ts'
import { publicUrl, strangeId, world } from '../world.ts'
import type { Agency, World } from '../world.ts'

const macWith = (key: string): Mac => text => createHmac('sha256', key).update(text).digest().subarray(0, 16)
const ours = macWith('ours')
const link: OptOutLink = { tenantId: 'ten_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', channel: 'email', valueIndex: Buffer.from('000102030405060708090a0b0c0d0e0f', 'hex') }
const token = optOutToken(link, ours)
const bytes = Buffer.from(token, 'base64url')
/** A token as the agency would make it of other bytes. */
const sealedAs = (said: Buffer, mac: Mac = ours): string => Buffer.concat([said, mac(said.toString('base64url'))]).toString('base64url')

t.test('a link says what it refuses, of every kind of contact, and is read for as long as there are messages with it', async t => {
  for (const channel of consentChannels) t.same(readOptOut(optOutToken({ ...link, channel }, ours), ours), { ...link, channel }, channel)
  t.equal(tenantOf(token), link.tenantId)
  t.equal(token, 'AQGas_BsHn01mlENf1wbLkQFAAECAwQFBgcICQoLDA0OD2C73llYNnt-YVlL0WT1dMw', 'links sent yesterday are laid out like this')
  t.equal(sealedAs(bytes.subarray(0, 34)), token)
  t.throws(() => optOutToken({ ...link, valueIndex: Buffer.alloc(15) }, ours), /length/)
})

t.test('nothing that the agency did not make to the character is read', async t => {
  t.ok(readOptOut(token, ours))
  const forged: string[] = []
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const other = Buffer.from(bytes)
    other[bit >> 3]! ^= 1 << (bit & 7)
    forged.push(other.toString('base64url'))
  }
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
  for (let i = 0; i < token.length; i++) for (const character of alphabet) if (character !== token[i]) forged.push(token.slice(0, i) + character + token.slice(i + 1))
  for (let length = 0; length < token.length; length++) forged.push(token.slice(0, length))
  forged.push(`${token}A`, `${token}=`, `${token}${token}`, ` ${token}`, `${token}\n`, token.replaceAll('_', '/'), token.toLowerCase(), 'ü'.repeat(67), '\0'.repeat(67), 'A'.repeat(1_000_000))
  forged.push(optOutToken(link, macWith('theirs')), sealedAs(bytes.subarray(0, 34), nobodys))
  // What the agency itself did not mean: a layout and a kind of contact that there are not.
  forged.push(sealedAs(Buffer.concat([Buffer.of(2), bytes.subarray(1, 34)])), sealedAs(Buffer.concat([bytes.subarray(0, 17), Buffer.of(0), bytes.subarray(18, 34)])), sealedAs(Buffer.concat([bytes.subarray(0, 17), Buffer.of(8), bytes.subarray(18, 34)])))
  t.equal(forged.length, 400 + 67 * 63 + 67 + 15)
  t.same(forged.filter(one => readOptOut(one, ours) !== null), [])
  t.equal(readOptOut(token, macWith('theirs')), null, 'another agency reads nothing of it')
})

t.test('a page speaks the language asked for', async t => {
  const cases: [accepted: string, language: string][] = [
    ['', 'en'], ['de', 'de'], ['de-AT,de;q=0.9,en;q=0.8', 'de'], ['zh-CN,zh;q=0.9', 'zh-CN'], ['zh-Hant-TW', 'zh-CN'], ['fr-FR,fr;q=0.9,de;q=0.2,en;q=0.1', 'de'], ['fr', 'en'], ['*', 'en'],
    ['en;q=0.1, DE ; q=0.5', 'de'], ['de;q=0,en', 'en'], ['de;q=x', 'en'], [';;,,=', 'en'], [`${'x'.repeat(600)},de`, 'en'],
  ]
  for (const [accepted, language] of cases) t.equal(pageLanguage(accepted), language, accepted.slice(0, 40))
})

t.test('a page has one button, runs and loads nothing, and repeats a name as text', async t => {
  const facts = { agency: '<b onclick="x">Müller & \'Söhne\'</b>', channel: 'email' as const }
  for (const language of pageLanguages) {
    for (const channel of consentChannels) for (const made of [askPage(language, { ...facts, channel }), donePage(language, { ...facts, channel })]) t.notMatch(made, /<b |undefined|onclick="/)
    const ask = askPage(language, facts)
    t.match(ask, `<html lang="${language}">`)
    t.match(ask, '&lt;b onclick=&quot;x&quot;&gt;Müller &amp; &#39;Söhne&#39;&lt;/b&gt;')
    t.equal(ask.match(/<button/g)!.length, 1)
    t.notMatch(donePage(language, facts), /<form|<button/)
    for (const made of [ask, donePage(language, facts), refusalPage(language, 404), refusalPage(language, 503)]) {
      t.notMatch(made, /<script|<img|<link|<iframe|https?:|\ssrc=|\shref=|\sstyle=|debt|Schuld|债/i, 'nor does it say what the messages are about')
      const [, style = ''] = /<style>(.*)<\/style>/.exec(made)!
      t.match(pageHeaders['content-security-policy'], `style-src 'sha256-${createHash('sha256').update(style).digest('base64')}';`)
    }
  }
})

const oneClick = 'List-Unsubscribe=One-Click'
const asForm = { 'content-type': 'application/x-www-form-urlencoded' }

/** What a mail provider, a scanner or a person's browser does, without a key. */
const visitor = (w: World) => ({
  get: async (path: string, headers: Record<string, string> = {}) => await w.app.inject({ method: 'GET', url: path, headers }),
  post: async (path: string, payload = oneClick, headers: Record<string, string> = asForm) => await w.app.inject({ method: 'POST', url: path, headers, payload }),
})

const linkTo = async (w: World, agency: Agency, value: string, channel: ConsentChannel = 'email', vault = w.vault): Promise<string> => await w.tx(agency, async tx => {
  const safe = await vault.safeOf(tx)
  const url = optOutUrl(safe, publicUrl, { tenantId: agency.id, channel, valueIndex: addressHash(safe, channel === 'email' ? 'email' : 'phone', value) })
  if (!url.startsWith(`${publicUrl}/v1/opt-outs/`)) throw new Error(url)
  return url.slice(publicUrl.length)
})

t.test('opting out by link', async t => {
  const lines: string[] = []
  const w = await world({ log: pino({ level: 'info' }, { write: line => { lines.push(line) } }) })
  t.teardown(w.close)
  const { get, post } = visitor(w)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const said = async (agency: Agency, path: string) => {
    const { valueIndex } = readIndex(path)
    return (await w.tx(agency, async tx => await tx.select().from(consents).where(eq(consents.tenantId, agency.id)))).filter(row => row.valueIndex.equals(valueIndex))
      .map(({ channel, kind, purpose, accountId, until, state, source }) => ({ channel, kind, purpose, accountId, until, state, source }))
  }
  const readIndex = (path: string): { valueIndex: Buffer } => ({ valueIndex: Buffer.from(path.split('/').at(-1)!, 'base64url').subarray(18, 34) })
  const withdrawn = { channel: 'email', kind: 'contact', purpose: 'collection', accountId: null, until: null, state: 'withdrawn', source: 'link' }

  t.test('opening the link says what it will do, and does nothing: scanners open every link', async t => {
    const path = await linkTo(w, us, 'opened@example.com')
    for (const method of ['GET', 'HEAD'] as const) {
      const reply = await w.app.inject({ method, url: path, headers: { accept: 'text/html', 'accept-language': 'de' } })
      t.equal(reply.statusCode, 200)
      t.match(reply.headers, {
        'content-type': 'text/html; charset=utf-8', 'content-security-policy': /^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$/,
        'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex, nofollow', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'set-cookie': undefined,
      })
    }
    const { body } = await get(path, { 'accept-language': 'de' })
    t.match(body, /<html lang="de">[^]*<h1>Keine E-Mails mehr von Agency [0-9a-f]{6}\?<\/h1>[^]*<form method="post"><input type="hidden" name="List-Unsubscribe" value="One-Click"><button type="submit">/)
    t.equal((await get(`${path}?utm_source=mail`)).statusCode, 200, 'what a mail program adds is no matter')
    t.same(await said(us, path), [])
  })

  t.test('one click, exactly as mail providers send it, withdraws consent for every debt: in either form of RFC 8058, answered by a page and no redirect', async t => {
    const urlencoded = await linkTo(w, us, 'urlencoded@example.com')
    const reply = await post(urlencoded)
    t.equal(reply.statusCode, 200)
    t.match(reply.headers, { 'content-type': 'text/html; charset=utf-8', location: undefined, 'set-cookie': undefined })
    t.match(reply.body, /<h1>No more e-mails from Agency [0-9a-f]{6}<\/h1>/)
    t.same(await said(us, urlencoded), [withdrawn])
    const parts = await linkTo(w, us, 'multipart@example.com')
    const multipart = '---FormBoundaryjWmhtjORrn\r\nContent-Disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n---FormBoundaryjWmhtjORrn--\r\n'
    t.equal((await post(parts, multipart, { 'content-type': 'multipart/form-data; boundary=-FormBoundaryjWmhtjORrn' })).statusCode, 200)
    t.same(await said(us, parts), [withdrawn])
    const more = await linkTo(w, us, 'more@example.com')
    t.equal((await post(more, `${oneClick}&x=1`)).statusCode, 200, 'a field too many is not held against a person who refuses')
    const sms = await linkTo(w, us, '+8613900001111', 'sms')
    await post(sms)
    t.same(await said(us, sms), [{ ...withdrawn, channel: 'sms' }])
    // The same number refused for another kind of contact, for a service, at some hours: none of it is what this link says.
    const address = { channel: 'phone', value: '+8613900001111' }
    for (const other of [{ purpose: 'service' }, { kind: 'time' }]) await w.ok(us, 'POST', '/v1/consents', { address, channel: 'call', state: 'withdrawn', source: 'call', ...other })
    await post(await linkTo(w, us, '+8613900001111', 'call'))
    t.same((await said(us, sms)).filter(({ source, channel }) => source === 'link' && channel === 'call'), [{ ...withdrawn, channel: 'call' }])
  })

  t.test('a second click says the same and records nothing, nor do clicks at once; what was agreed to since is refused anew', async t => {
    const path = await linkTo(w, us, 'twice@example.com')
    const replies = await Promise.all(Array.from({ length: 6 }, async () => await post(path)))
    replies.push(await post(path))
    t.same([...new Set(replies.map(({ statusCode, body }) => `${statusCode} ${body}`))].length, 1)
    t.same(await said(us, path), [withdrawn])
    const address = { channel: 'email', value: 'twice@example.com' }
    await w.ok(us, 'POST', '/v1/consents', { address, channel: 'email', state: 'granted', source: 'writing' })
    await post(path)
    t.equal((await said(us, path)).length, 3)
    // Agreed to for one debt only: the link is about all of them.
    const { accountId } = await w.account(us, bank)
    await w.ok(us, 'POST', '/v1/consents', { address, channel: 'email', state: 'granted', source: 'writing', accountId })
    await post(path)
    await post(path)
    t.equal((await said(us, path)).length, 5)
    await w.ok(us, 'POST', '/v1/consents', { address, channel: 'email', state: 'withdrawn', source: 'call', until: '2027-01-01T00:00:00Z' })
    await post(path)
    await post(path)
    t.equal((await said(us, path)).length, 7, 'a refusal for a time becomes one for good')
  })

  await wrongLinks(t)
  await wrongRequests(t)
  await outliving(t)
  t.test('no log has a link, and no work failed on the way', async t => {
    t.ok(lines.some(line => line.includes('/v1/opt-outs/:token')))
    t.same(lines.filter(line => /opt-outs\/[^:"]|example\.com/.test(line)), [])
    t.same(w.failures, [])
  })

  async function wrongLinks (t: Test): Promise<void> {
    t.test('a link that is not ours is refused alike, whatever is wrong with it, and changes nothing', async t => {
      const path = await linkTo(w, us, 'victim@example.com')
      const good = path.split('/').at(-1)!
      const at = (byte: number, value: Buffer): string => { const other = Buffer.from(good, 'base64url'); value.copy(other, byte); return other.toString('base64url') }
      const uuid = (id: Id<'tenant'>): Buffer => Buffer.from(id.slice(4).replaceAll('-', ''), 'hex')
      const wrong = {
        nonsense: 'x', short: good.slice(0, -1), long: `${good}A`, otherChannel: at(17, Buffer.of(3)), otherAddress: at(18, Buffer.of(Buffer.from(good, 'base64url')[18]! ^ 1)), otherAgency: at(1, uuid(them.id)), noAgency: at(1, uuid(idOf('tenant', strangeId('tenant').slice(4)))),
        otherVersion: at(0, Buffer.of(2)), forged: at(34, Buffer.alloc(16)), id: strangeId('contactPoint'), longest: 'A'.repeat(200), encoded: '%00%20',
      }
      for (const method of ['GET', 'POST'] as const) {
        const answers = new Set<string>()
        for (const [name, one] of Object.entries(wrong)) for (const accept of ['text/html,*/*;q=0.8', '*/*']) {
          const reply = await w.app.inject({ method, url: `/v1/opt-outs/${one}`, headers: { accept, ...method === 'POST' && asForm }, ...method === 'POST' && { payload: oneClick } })
          t.equal(reply.statusCode, 404, name)
          const { 'x-request-id': _, date: __, 'ratelimit-remaining': ___, 'ratelimit-reset': ____, ...headers } = reply.headers
          answers.add(`${accept} ${JSON.stringify(headers)} ${reply.body.replace(/"requestId":"[^"]*"/, '')}`)
        }
        t.equal(answers.size, 2, 'one page, and one problem for whoever reads no pages')
      }
      t.match((await get('/v1/opt-outs/x', { accept: 'text/html', 'accept-language': 'zh-CN' })), { statusCode: 404, headers: { 'content-type': 'text/html; charset=utf-8', 'x-robots-tag': 'noindex, nofollow' }, body: /此链接无效/ })
      t.match((await get('/v1/opt-outs/x')).json(), { code: 'not-found', status: 404 })
      for (const one of ['A'.repeat(201), 'A'.repeat(10_000)]) t.match((await post(`/v1/opt-outs/${one}`)).json(), { code: 'not-found', status: 404 }, 'longer than any id')
      t.match((await get('/v1/opt-outs/%zz')).json(), { code: 'invalid-request', status: 400 })
      t.same(await said(us, path), [])
      t.same(await w.tx(them, async tx => await tx.select().from(consents).where(eq(consents.tenantId, them.id))), [])
    })
  }

  async function wrongRequests (t: Test): Promise<void> {
    t.test('nothing but the click counts: not another method, not another body', async t => {
      const path = await linkTo(w, us, 'careful@example.com')
      for (const method of ['PUT', 'PATCH', 'DELETE', 'OPTIONS'] as const) t.match(await w.app.inject({ method, url: path }), { statusCode: 405, headers: { allow: 'GET, HEAD, POST' } }, method)
      const cases: [payload: string, type: string | undefined, status: number][] = [
        ['', undefined, 400], ['', 'application/x-www-form-urlencoded', 400], ['List-Unsubscribe=Two-Clicks', 'application/x-www-form-urlencoded', 400], ['list-unsubscribe=one-click', 'application/x-www-form-urlencoded', 400],
        ['x=1', 'application/x-www-form-urlencoded', 400], ['not parts', 'multipart/form-data; boundary=x', 400], ['not parts', 'multipart/form-data', 400], ['{"List-Unsubscribe":"One-Click"}', 'application/json', 415], [oneClick, 'text/plain', 415],
        [`${oneClick}&x=${'x'.repeat(5_000)}`, 'application/x-www-form-urlencoded', 413],
      ]
      for (const [payload, type, status] of cases) t.match((await post(path, payload, type === undefined ? {} : { 'content-type': type })).json(), { status }, `${type ?? 'no type'}: ${payload.slice(0, 40)}`)
      t.match(await post(path, 'x=1', { ...asForm, accept: 'text/html' }), { statusCode: 400, headers: { 'content-type': 'text/html; charset=utf-8' }, body: /<h1>That did not work<\/h1>/ })
      t.same(await said(us, path), [])
    })
  }

  async function outliving (t: Test): Promise<void> {
    /** Two debts with one person by two lenders, reminded by e-mail and SMS, and what is planned of each. */
    const debtor = async (agency: Agency, name: string, lenders: { id: Id<'lender'> }[]) => {
      const parties = [{ role: 'borrower' as const, kind: 'person' as const, name: 'Li Wei', contactPoints: [{ channel: 'email' as const, value: `${name}@example.com` }] }]
      return await Promise.all(lenders.map(async ({ id }) => (await w.account(agency, { id, key: '', agreementId: strangeId('agreement') as Id<'agreement'> }, { dueOn: '2026-01-05', parties })).accountId))
    }
    const states = async (agency: Agency, accountId: string): Promise<string[]> =>
      (await w.ok<{ data: { state: string, reason: string | null, rule: string | null }[] }>(agency, 'GET', `/v1/messages?accountId=${accountId}`)).data.map(({ state, reason, rule }) => `${state} ${reason} ${rule}`)
    const suppressed = Array<string>(3).fill('suppressed optedOut CN.CC.1033')
    const planned = Array<string>(3).fill('scheduled null null')

    t.test('what is scheduled is suppressed at once with the clause, for every debt of the address and for no other agency', async t => {
      const theirBank = await w.lender(them)
      const debts = await debtor(us, 'scheduled', [bank, await w.lender(us)])
      const [theirs] = await debtor(them, 'scheduled', [theirBank])
      for (const agency of [us, them]) await w.settle(agency)
      for (const accountId of debts) t.same(await states(us, accountId), planned)
      await post(await linkTo(w, us, 'scheduled@example.com'))
      for (const agency of [us, them]) await w.settle(agency)
      for (const accountId of debts) t.same(await states(us, accountId), suppressed)
      t.same(await states(them, theirs!), planned)
      t.same(await w.tx(them, async tx => await tx.select().from(consents).where(eq(consents.tenantId, them.id))), [])
      const told = await w.ok<{ data: { type: string, data: { object: object } }[] }>(us, 'GET', '/v1/events?types=consent.withdrawn&limit=200')
      t.match(told.data.at(-1), { data: { object: { channel: 'email', kind: 'contact', purpose: 'collection', accountId: null, contactPointId: null } } })
    })

    t.test('nothing goes out after the click, though no job has yet looked at what was planned', async t => {
      const other = await w.agency({ now: '2026-01-05T01:00:00Z' })
      const lender = await w.lender(other)
      const debts = [...await debtor(other, 'refuses', [lender]), ...await debtor(other, 'stays', [lender])]
      // Both are planned for nine in the morning in Shanghai, three days after the day the debt was due. A second before, one of them clicks.
      await w.liveUntil(other, '2026-01-08T00:59:59Z')
      await post(await linkTo(w, other, 'refuses@example.com'))
      await w.tx(other, async tx => { await tx.update(tenants).set({ clockAt: '2026-01-08T01:00:00Z' }).where(eq(tenants.tenantId, other.id)) })
      while (await runJob(w.machine, 'outreach.sendDueMessages', other.id)) { /* another slice */ }
      t.same(w.email.filter(({ tenantId }) => tenantId === other.id).map(({ to }) => to), ['stays@example.com'])
      await w.settle(other)
      t.same(await states(other, debts[0]!), suppressed)
    })

    t.test('a link works after its person was erased, and the refusal holds when the address comes back', async t => {
      const [accountId] = await debtor(us, 'erased', [bank])
      const path = await linkTo(w, us, 'erased@example.com')
      const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId!}/parties`)
      await w.ok(us, 'POST', `/v1/parties/${party!.partyId}/erase`, { reason: 'subjectRequest' })
      t.equal((await get(path)).statusCode, 200)
      t.equal((await post(path)).statusCode, 200)
      t.same(await said(us, path), [withdrawn])
      const [again] = await debtor(us, 'erased', [bank])
      await w.settle(us)
      await w.liveUntil(us, '2026-01-25T09:00:00Z')
      t.same(await states(us, again!), suppressed)
      t.same(w.email.filter(({ to }) => to === 'erased@example.com'), [])
    })

    t.test('a link works after the agency\'s data key was rotated and the installation\'s master key replaced', async t => {
      const path = await linkTo(w, us, 'rotated@example.com')
      await w.ok(us, 'POST', '/v1/data-keys/rotate')
      await w.settle(us)
      t.equal(await linkTo(w, us, 'rotated@example.com'), path)
      const next = openVault(`next:${Buffer.alloc(32, 8).toString('base64')},test:${Buffer.alloc(32, 7).toString('base64')}`)
      t.ok(await w.tx(us, async tx => await next.rewrapKeys(tx)) > 0)
      t.equal(await linkTo(w, us, 'rotated@example.com', 'email', next), path)
      t.equal((await post(path)).statusCode, 200)
      t.same(await said(us, path), [withdrawn])
    })
  }
})

t.test('each address may ask only so often, whatever it asks for, and a subscriber\'s many addresses count as one', async t => {
  const w = await world({ addressPerMinute: 3 })
  t.teardown(w.close)
  const us = await w.agency()
  const path = await linkTo(w, us, 'limited@example.com')
  const from = async (remoteAddress: string, url = path, headers: Record<string, string> = {}) => await w.app.inject({ method: 'GET', url, remoteAddress, headers })
  const statuses = async (...addresses: string[]): Promise<number[]> => { const all: number[] = []; for (const address of addresses) all.push((await from(address)).statusCode); return all }
  t.same((await from('203.0.113.1', '/v1/opt-outs/x')).statusCode, 404)
  t.same(await statuses('203.0.113.1', '::ffff:203.0.113.1', '203.0.113.1', '203.0.113.2'), [200, 200, 429, 200])
  t.same(await statuses('2001:db8:0:1::1', '2001:db8:0:1::2', '2001:db8:0:1:ffff::3', '2001:db8:0:1::4', '2001:db8:0:2::1'), [200, 200, 200, 429, 200])
  const refused = await from('203.0.113.1', path, { accept: 'text/html' })
  t.match(refused, { statusCode: 429, headers: { 'retry-after': /^[1-9][0-9]?$/, 'ratelimit-limit': '3', 'ratelimit-remaining': '0' }, body: /<h1>That did not work<\/h1>/ })
  t.match((await from('203.0.113.1')).json(), { code: 'too-many-requests' })
  t.equal((await w.app.inject({ method: 'GET', url: '/healthz', remoteAddress: '203.0.113.1' })).statusCode, 200, 'what is cheap is not counted')
})
