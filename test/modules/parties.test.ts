import pg from 'pg'
import { pino } from 'pino'
import t from 'tap'
import { addressFault, checkConsent, normalContact, normalIdentity } from '../../src/modules/parties/core.ts'
import type { ContactChannel, PartyInput } from '../../src/modules/parties/core.ts'
import { addParties, contactPointsOf, listOptOuts, revealContact } from '../../src/modules/parties/index.ts'
import { reveals } from '../../src/modules/parties/tables.ts'
import { events } from '../../src/platform/index.ts'
import { idempotencyKeys } from '../../src/platform/tables.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, Lender } from '../world.ts'

t.test('one address is one address however it is written, so that it is found and an opt-out holds', async t => {
  const same: [ContactChannel, string, string][] = [
    ['phone', '+86 138-0013-8000', '+8613800138000'], ['phone', '＋８６１３８００１３８０００', '+8613800138000'], ['phone', '+44 (0)20 7946 0000', '+442079460000'],
    ['email', ' Li.Wei@Example.COM ', 'li.wei@example.com'], ['postal', ' 1 High  Street,\tLeeds ', '1 High Street, Leeds'],
  ]
  for (const [channel, written, normal] of same) t.equal(normalContact(channel, written), normal, written)
  t.equal(normalIdentity('11010119900307 013x'), '11010119900307013X')
})

t.test('an address that cannot be used is known before anything is sent to it', async t => {
  const usable: [ContactChannel, string][] = [['phone', '+1 (212) 555-0100'], ['phone', '+8613800138000'], ['email', 'a@b.co'], ['email', '李@例子.中国'], ['postal', 'anywhere']]
  const unusable: [ContactChannel, string][] = [
    ['phone', '13800138000'], ['phone', '+0123456789'], ['phone', '+12'], ['phone', '+1234567890123456'], ['phone', '+86 138 0013 8000 ext 5'],
    ['email', 'a@b'], ['email', 'a b@c.de'], ['email', 'a@b.co, c@d.co'], ['email', '<a@b.co>'],
  ]
  for (const [channel, value] of usable) t.equal(addressFault(channel, value), null, value)
  for (const [channel, value] of unusable) t.type(addressFault(channel, value), 'string', value)
})

t.test('consent is to a kind of contact that uses the address', async t => {
  t.doesNotThrow(() => checkConsent('phone', 'sms'))
  t.throws(() => checkConsent('phone', 'email'), { code: 'consent-refused', refusal: { violations: [{ pointer: '/channel' }] } })
  t.throws(() => checkConsent('email', 'letter'), { code: 'consent-refused' })
})

interface ContactPoint { id: string, value: string | null, state: string }
interface Party { id: string, name: string | null, identity: string | null, contactPoints: ContactPoint[], erasedAt: string | null }

const secrets = { name: '欧阳明月', identity: '110101199003070134', phone: '+8613912345678', email: 'mingyue.ouyang@example.com', postal: '上海市浦东新区世纪大道一百号三楼' }
const person = {
  name: secrets.name, identity: secrets.identity,
  contactPoints: [{ channel: 'phone' as const, value: secrets.phone }, { channel: 'email' as const, value: secrets.email }, { channel: 'postal' as const, value: secrets.postal }],
}

t.test('over HTTP', async t => {
  const lines: string[] = []
  const w = await world({ log: pino({ level: 'trace' }, { write: line => { lines.push(line) } }) })
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const rival = await w.lender(us)
  const staff = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: 'Mei Tan', email: 'mei@example.com', role: 'collector' })
  const mei = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', staffId: staff.id, name: 'Mei' })
  const reader = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'reader', scopes: ['parties:read'] })
  const party = async (of: Agency, by: Lender, input: Partial<PartyInput> = {}) => (await w.tx(of, async tx => await addParties(tx, w.vault, by.id, [{ kind: 'person', name: 'Li Wei', ...input }])))[0]!
  const shown = async (id: string): Promise<Party> => await w.ok<Party>(us, 'GET', `/v1/parties/${id}`)
  const eventsOf = async (type: string) => (await w.tx(us, async tx => await tx.select({ type: events.type, data: events.data, lenderId: events.lenderId }).from(events))).filter(row => row.type === type)

  t.test('a party is shown masked, and the length of what is hidden does not show', async t => {
    const id = await party(us, bank, person)
    const read = await shown(id)
    t.match(read, { id, lenderId: bank.id, name: '欧**', identity: '****0134', erasedAt: null })
    t.same(read.contactPoints.map(({ value, state }) => [value, state]), [['****5678', 'unverified'], ['m****@example.com', 'unverified'], ['上海市浦东新****', 'unverified']])
    t.notOk('valueIndex' in read.contactPoints[0]!, 'the hash stays inside')
    t.equal((await w.call(us, 'GET', `/v1/parties?identity=${secrets.identity}`)).statusCode, 404, 'nothing is searched by URL')
    t.equal((await w.call(them, 'GET', `/v1/parties/${id}`)).statusCode, 404)
    t.equal((await w.call(bank, 'GET', `/v1/parties/${id}`)).statusCode, 200)
    t.equal((await w.call(rival, 'GET', `/v1/parties/${id}`)).statusCode, 404, 'another lender of the same agency has no such party')
  })

  t.test('reading in the clear takes a scope of its own, and each reading is kept with who, whose and what for', async t => {
    const id = await party(us, bank, person)
    const path = `/v1/parties/${id}/reveal`
    t.match((await w.call(reader, 'POST', path, { purpose: 'contact' })).json(), { status: 403, code: 'not-allowed' })
    t.match((await w.call(bank, 'POST', path, { purpose: 'contact' })).json(), { status: 403 }, 'a lender\'s key reveals nothing')
    t.match((await w.call(mei, 'POST', path, {})).json(), { status: 400, errors: [{ pointer: '/purpose' }] })
    t.match((await w.call(them, 'POST', path, { purpose: 'contact' })).json(), { status: 404 })
    t.same((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/parties/${id}/reveals`)).data, [], 'a refused reading is none')
    const clear = await w.ok<Party>(mei, 'POST', path, { purpose: 'contact' })
    t.match(clear, { name: secrets.name, identity: secrets.identity })
    t.same(clear.contactPoints.map(({ value }) => value), [secrets.phone, secrets.email, secrets.postal])
    t.match((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/parties/${id}/reveals`)).data, [{ partyId: id, actorKind: 'staff', actorId: staff.id, operation: 'revealParty', purpose: 'contact' }])
  })

  t.test('a repeated reading is another reading, and its answer is kept nowhere', async t => {
    const id = await party(us, bank, person)
    const kept = async (): Promise<number> => (await w.tx(us, async tx => await tx.select({ keyHash: idempotencyKeys.keyHash }).from(idempotencyKeys))).length
    const before = await kept()
    for (let i = 0; i < 2; i++) await w.call(mei, 'POST', `/v1/parties/${id}/reveal`, { purpose: 'legal' }, { 'idempotency-key': 'read-once' })
    t.equal((await w.tx(us, async tx => await tx.select().from(reveals))).filter(row => row.partyId === id).length, 2)
    t.equal(await kept(), before)
  })

  t.test('a person is found by what is known of them, in any spelling; a lender finds its own record only', async t => {
    const mine = await party(us, bank, { name: 'A', identity: 'AB 12-34 56', contactPoints: [{ channel: 'phone', value: '+1 212 555 0147' }, { channel: 'email', value: 'A@Example.com' }] })
    const other = await party(us, rival, { name: 'A', identity: 'ab123456', contactPoints: [{ channel: 'phone', value: '+12125550147' }] })
    await party(them, await w.lender(them), { name: 'A', identity: 'AB123456' })
    const find = async (as: Parameters<typeof w.ok>[0], body: object) => (await w.ok<{ data: { partyId: string }[] }>(as, 'POST', '/v1/party-searches', body)).data.map(({ partyId }) => partyId)
    t.same(await find(us, { identity: 'AB123456' }), [mine, other])
    t.same(await find(us, { phone: '+1 (212) 555-0147' }), [mine, other])
    t.same(await find(us, { email: 'a@EXAMPLE.com' }), [mine])
    t.same(await find(bank, { identity: 'AB123456' }), [mine])
    t.same(await find(rival, { phone: '+12125550147' }), [other])
    t.same(await find(us, { identity: 'nobody' }), [])
    const first = await w.ok<{ data: { partyId: string }[], nextCursor: string }>(us, 'POST', '/v1/party-searches', { phone: '+12125550147', limit: 1 })
    t.same([first.data[0]?.partyId, ...await find(us, { phone: '+12125550147', cursor: first.nextCursor })], [mine, other], 'in pages')
    t.match((await w.call(us, 'POST', '/v1/party-searches', { name: 'A' })).json(), { status: 400 }, 'there is no search by name')
    t.match((await w.call(us, 'POST', '/v1/party-searches', { phone: '+1', email: 'a@b.co' })).json(), { status: 400 })
  })

  t.test('a contact point is added once, found right or given up, and each says so', async t => {
    const id = await party(us, bank)
    const path = `/v1/parties/${id}/contact-points`
    t.match((await w.call(mei, 'POST', path, { channel: 'phone', value: '138 0000 0000' })).json(), { status: 422, code: 'contact-point-refused', errors: [{ pointer: '/value' }] })
    const added = await w.ok<ContactPoint>(mei, 'POST', path, { channel: 'phone', value: '+8613800000000', isWorkplace: true })
    t.match(added, { value: '****0000', state: 'unverified', isWorkplace: true })
    t.match((await w.call(mei, 'POST', path, { channel: 'phone', value: '+86 138 0000 0000' })).json(), { status: 409, code: 'contact-point-exists' })
    const race = await Promise.all([1, 2].map(async () => (await w.call(mei, 'POST', path, { channel: 'email', value: 'race@example.com' })).statusCode))
    t.same(race.sort(), [201, 409], 'two at once add it once')
    t.equal((await w.ok<ContactPoint>(mei, 'POST', `/v1/contact-points/${added.id}/verify`)).state, 'verified')
    t.match((await w.call(mei, 'POST', `/v1/contact-points/${added.id}/verify`)).json(), { status: 409, code: 'contact-point-unchanged' })
    t.equal((await w.ok<ContactPoint>(mei, 'POST', `/v1/contact-points/${added.id}/invalidate`, { reason: 'wrongNumber' })).state, 'invalid')
    t.match((await w.call(mei, 'POST', `/v1/contact-points/${added.id}/invalidate`, { reason: 'wrongNumber' })).json(), { code: 'contact-point-unchanged' })
    for (const type of ['contactPoint.added', 'contactPoint.verified', 'contactPoint.invalidated']) {
      const told = (await eventsOf(type)).find(({ data }) => JSON.stringify(data).includes(added.id))
      t.match(told, { lenderId: bank.id }, type)
    }
    t.equal((await w.call(reader, 'POST', path, { channel: 'email', value: 'a@b.co' })).statusCode, 403)
    t.equal((await w.call(bank, 'POST', path, { channel: 'email', value: 'a@b.co' })).statusCode, 403)
    t.equal((await w.call(them, 'POST', path, { channel: 'email', value: 'a@b.co' })).statusCode, 404)
    t.equal((await w.call(them, 'POST', `/v1/contact-points/${added.id}/verify`)).statusCode, 404)
    t.equal((await w.call(us, 'POST', `/v1/contact-points/${strangeId('contactPoint')}/invalidate`, { reason: 'moved' })).statusCode, 404)
  })

  t.test('a refusal belongs to the address: it holds in every lender\'s record, and what was said last counts', async t => {
    const phone = '+8613711112222'
    const here = await party(us, bank, { contactPoints: [{ channel: 'phone', value: phone }] })
    const there = await party(us, rival, { contactPoints: [{ channel: 'phone', value: phone }] })
    const [point] = (await shown(here)).contactPoints
    const optOuts = async () => await w.tx(us, async tx => {
      const points = await contactPointsOf(tx, [there])
      return (await listOptOuts(tx, points.map(({ valueIndex }) => valueIndex))).map(({ channel }) => channel).sort()
    })
    t.same(await optOuts(), [])
    const said = { contactPointId: point!.id, channel: 'sms', source: 'reply' }
    t.match(await w.ok(mei, 'POST', '/v1/consents', { ...said, state: 'withdrawn' }), { channel: 'sms', state: 'withdrawn', source: 'reply' })
    t.same(await optOuts(), ['sms'])
    await w.ok(mei, 'POST', '/v1/consents', { address: { channel: 'phone', value: '+86 137-1111-2222' }, channel: 'call', state: 'withdrawn', source: 'call' })
    t.same(await optOuts(), ['call', 'sms'], 'said of the bare address, it holds for the records of it')
    await w.ok(mei, 'POST', '/v1/consents', { ...said, state: 'granted' })
    t.same(await optOuts(), ['call'], 'two sayings of one moment count in their order')
    const all = await w.ok<{ data: { channel: string, state: string }[] }>(us, 'GET', `/v1/contact-points/${point!.id}/consents`)
    t.same(all.data.map(({ channel, state }) => `${channel} ${state}`), ['sms granted', 'call withdrawn', 'sms withdrawn'])
    t.match(await eventsOf('consent.withdrawn'), [{ data: { contactPointId: point!.id, channel: 'sms' }, lenderId: bank.id }, { data: { contactPointId: null, channel: 'call' }, lenderId: null }])
    t.match((await w.call(mei, 'POST', '/v1/consents', { ...said, state: 'granted', channel: 'email' })).json(), { status: 422, code: 'consent-refused', errors: [{ pointer: '/channel' }] })
    t.match((await w.call(mei, 'POST', '/v1/consents', { address: { channel: 'email', value: 'x' }, channel: 'email', state: 'granted', source: 'call' })).json(), { code: 'contact-point-refused', errors: [{ pointer: '/address/value' }] })
    t.equal((await w.call(mei, 'POST', '/v1/consents', { ...said, contactPointId: strangeId('contactPoint'), state: 'granted' })).statusCode, 404)
    t.equal((await w.call(bank, 'GET', `/v1/contact-points/${point!.id}/consents`)).statusCode, 403, 'what a person said belongs to the agency')
    t.equal((await w.call(them, 'GET', `/v1/contact-points/${point!.id}/consents`)).statusCode, 404)
  })

  t.test('outreach opens a contact point with the safe of its agency and with no other', async t => {
    const id = await party(us, bank, person)
    const [point] = await w.tx(us, async tx => await contactPointsOf(tx, [id]))
    t.equal(await w.tx(us, async tx => revealContact(await w.vault.safeOf(tx), point!)), secrets.phone)
    await t.rejects(w.tx(them, async tx => revealContact(await w.vault.safeOf(tx), point!)))
  })

  t.test('erasure destroys the values for good, and keeps the refusals', async t => {
    const id = await party(us, bank, person)
    const [phone] = (await shown(id)).contactPoints
    await w.ok(us, 'POST', `/v1/parties/${id}/reveal`, { purpose: 'subjectRequest' })
    await w.call(us, 'POST', '/v1/party-searches', { identity: secrets.identity }, { 'idempotency-key': 'search-before' })
    await w.call(mei, 'POST', `/v1/parties/${id}/contact-points`, { channel: 'email', value: 'second.address@example.com' }, { 'idempotency-key': 'add-before' })
    await w.ok(us, 'POST', '/v1/consents', { contactPointId: phone!.id, channel: 'call', state: 'withdrawn', source: 'writing' })
    const sealed = await w.tx(us, async tx => (await contactPointsOf(tx, [id])).map(({ value, valueIndex }) => ({ value: value!, valueIndex })))

    t.equal((await w.call(mei, 'POST', `/v1/parties/${id}/erase`, { reason: 'subjectRequest' })).statusCode, 403)
    t.equal((await w.call(them, 'POST', `/v1/parties/${id}/erase`, { reason: 'subjectRequest' })).statusCode, 404)
    const race = await Promise.all([1, 2].map(async () => (await w.call(us, 'POST', `/v1/parties/${id}/erase`, { reason: 'subjectRequest' })).statusCode))
    t.same(race.sort(), [200, 409], 'two at once erase once')
    t.match(await shown(id), { id, name: null, identity: null, contactPoints: [{ value: null }, { value: null }, { value: null }, { value: null }], erasedAt: '2026-01-05T09:00:00Z' })
    t.match(await eventsOf('party.erased'), [{ data: { partyId: id, reason: 'subjectRequest' }, lenderId: bank.id }])

    t.match((await w.call(us, 'POST', `/v1/parties/${id}/reveal`, { purpose: 'contact' })).json(), { status: 409, code: 'party-erased' })
    t.match((await w.call(us, 'POST', `/v1/contact-points/${phone!.id}/verify`)).json(), { code: 'party-erased' })
    t.match((await w.call(us, 'POST', `/v1/parties/${id}/contact-points`, { channel: 'email', value: 'a@b.co' })).json(), { code: 'party-erased' })
    t.same(await w.tx(us, async tx => await contactPointsOf(tx, [id])), [])
    for (const known of [{ phone: secrets.phone }, { email: secrets.email }, { identity: secrets.identity }]) {
      const found = await w.ok<{ data: { partyId: string }[] }>(us, 'POST', '/v1/party-searches', known)
      t.ok(found.data.length > 0, 'others with the same are found')
      t.notOk(found.data.some(({ partyId }) => partyId === id), 'not even a search tells that it was theirs')
    }
    t.same((await w.tx(us, async tx => await listOptOuts(tx, [sealed[0]!.valueIndex]))).map(({ channel }) => channel), ['call'], 'the refusal outlives the number')

    const stored = await everyRow(w.url)
    for (const { value } of sealed) t.notOk(stored.includes(value.toString('hex')), 'no row holds the sealed value any more')
    const answers = await w.tx(us, async tx => (await tx.select({ answer: idempotencyKeys.answer }).from(idempotencyKeys)).map(({ answer }) => w.vault.openBytes('idempotency', answer).toString()))
    t.ok(answers.length >= 2)
    for (const value of Object.values(secrets)) t.notOk(answers.some(answer => answer.includes(value)), 'no kept answer holds a value')
  })

  t.test('personal data is in no column, event or log line, however it was handled', async t => {
    await w.call(us, 'POST', '/v1/party-searches', { email: secrets.email, typo: secrets.phone })
    await w.call(us, 'POST', `/v1/parties/${strangeId('party')}/contact-points`, { channel: 'email', value: secrets.email })
    const stored = await everyRow(w.url)
    const log = lines.join('')
    t.ok(stored.includes('contactPoint.added') && log.includes('/v1/party-searches'), 'there is something to look through')
    for (const value of [...Object.values(secrets), 'mei@example.com', 'second.address@example.com']) {
      t.notOk(stored.includes(value) || stored.includes(Buffer.from(value).toString('hex')), `a row holds ${value}`)
      t.notOk(log.includes(value) || log.includes(encodeURIComponent(value)), `the log holds ${value}`)
    }
  })
  t.same(w.failures, [])
})

/** Every row of every table as text, whoever it belongs to. */
async function everyRow (url: string): Promise<string> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    const { rows: tables } = await client.query<{ name: string }>("select quote_ident(relname) as name from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')")
    let text = ''
    for (const { name } of tables) {
      const { rows } = await client.query<{ row: string }>(`select r::text as row from ${name} r`)
      text += rows.map(({ row }) => row).join('\n')
    }
    return text
  } finally {
    await client.end()
  }
}
