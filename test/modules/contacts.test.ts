import { createHmac } from 'node:crypto'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { attemptOf, permitSeconds, permitToken, readPermit, reportSeconds } from '../../src/modules/contacts/permits.core.ts'
import { contactAttempts } from '../../src/modules/contacts/tables.ts'
import { events } from '../../src/platform/tables.ts'
import type { Id } from '../../src/kernel/index.ts'
import { world } from '../world.ts'
import type { Agency, World } from '../world.ts'

interface Answer {
  verdict: string, earliestAllowedAt: string | null, reasons: { rule: string, clause: string, ends: string | null }[], otherChannels: string[], localTimes: { localAt: string }[], decisionId: string
  counts: { rule: string, count: number, limit: number }[], permit: { id: Id<'permit'>, token: string, expiresAt: string } | null
}
interface Attempt { id: string, outcome: string, result: string | null, wasLawful: boolean, permitId: string | null, durationSeconds: number | null, recordingReference: string | null }

t.test('a permit is read only as it was written, and by the agency that wrote it', async t => {
  const mac = (key: string) => (text: string): Buffer => createHmac('sha256', key).update(text).digest()
  const id = 'prm_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' as Id<'permit'>
  const until = new Date('2026-01-05T09:05:00Z')
  const token = permitToken(id, until, mac('ours'))
  t.same(readPermit(token, mac('ours')), { id, until: until.getTime() })
  t.throws(() => readPermit(token.replace('prm_01', 'prm_02'), mac('ours')), { code: 'permit-refused' })
  t.throws(() => readPermit(token.replace(until.getTime().toString(36), (until.getTime() + 1).toString(36)), mac('ours')), { code: 'permit-refused' })
  t.throws(() => readPermit(`${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`, mac('ours')), { code: 'permit-refused' })
  for (const nonsense of ['', 'x', 'a.b.c', `${id}..`]) t.throws(() => readPermit(nonsense, mac('ours')), { code: 'permit-refused' })
})

t.test('permits', async t => {
  const w = await world()
  t.teardown(w.close)
  // 16:00 in Shanghai.
  const open = async (now = '2026-01-05T08:00:00Z'): Promise<{ us: Agency, accountId: Id<'account'>, call: { accountId: Id<'account'>, partyId: string, contactPointId: string, channel: string } }> => {
    const us = await w.agency({ now })
    const { accountId } = await w.account(us, await w.lender(us))
    return { us, accountId, call: { ...await borrowerOf(w, us, accountId), channel: 'call' } }
  }
  const ask = async (us: Agency, body: object): Promise<Answer> => await w.ok<Answer>(us, 'POST', '/v1/permits', body)
  const count = async (us: Agency, type: string): Promise<number> => await w.tx(us, async tx => await tx.$count(events, eq(events.type, type)))
  const log = async (us: Agency, body: object) => await w.call(us, 'POST', '/v1/contact-attempts', { direction: 'out', outcome: 'conversation', ...body })

  await t.test('allow one contact, which uses them up', async t => {
    const { us, call } = await open()
    const { verdict, permit, counts, localTimes } = await ask(us, call)
    t.match({ verdict, permit, localTimes }, { verdict: 'allowed', permit: { id: /^prm_/, expiresAt: '2026-01-05T08:05:00Z' }, localTimes: [{ localAt: /T16:00:00/ }] })
    t.same(counts, [], 'nothing was counted yet')
    const logged = await log(us, { ...call, permit: permit!.token, result: 'promise', durationSeconds: 184, recordingReference: 'rec/1' })
    t.match(logged.json(), { outcome: 'conversation', result: 'promise', wasLawful: true, permitId: permit!.id, durationSeconds: 184, recordingReference: 'rec/1', id: attemptOf(permit!.id) })
    t.equal(await count(us, 'contactAttempt.breached'), 0)
    t.equal(await count(us, 'contact.rightPartyReached'), 1)
    t.match((await log(us, { ...call, permit: permit!.token })).json(), { status: 409, code: 'permit-used' })
    t.match(await ask(us, call), { counts: [{ count: 1, limit: 3 }] })
  })

  await t.test('never pass a cap, however many ask at once, and a place that is given back can be had again', async t => {
    const { us, call } = await open()
    const answers = await Promise.all(Array.from({ length: 50 }, async () => await ask(us, call)))
    const given = answers.flatMap(({ permit }) => permit ?? [])
    t.equal(given.length, 3, 'three calls a day (GB/T 45251-2025, 5.3)')
    t.equal(answers.filter(({ verdict }) => verdict === 'wait').length, 47)
    const refused = answers.find(({ permit }) => permit === null)!
    t.match(refused, { verdict: 'wait', earliestAllowedAt: '2026-01-06T00:00:00Z', counts: [{ count: 3, limit: 3 }] })
    t.ok(refused.reasons.some(({ rule }) => rule === 'CN.GBT.FREQ.INTERACTIVE'))
    t.equal(await count(us, 'permit.denied'), 47)
    await w.ok(us, 'POST', `/v1/permits/${given[0]!.id}/release`)
    t.match((await w.call(us, 'POST', `/v1/permits/${given[0]!.id}/release`)).json(), { status: 409, code: 'permit-not-open' })
    t.match(await ask(us, call), { verdict: 'allowed' })
    t.match(await ask(us, call), { verdict: 'wait' })
  })

  await t.test('give their places back by themselves when nobody used them', async t => {
    const { us, call } = await open()
    const given = [await ask(us, call), await ask(us, call), await ask(us, call)]
    t.match(await ask(us, call), { verdict: 'wait' })
    await w.liveUntil(us, new Date(Date.parse('2026-01-05T08:00:00Z') + (permitSeconds + reportSeconds) * 1_000 - 1_000).toISOString())
    t.match(await ask(us, call), { verdict: 'wait' }, 'a call lasts, and may yet be recorded')
    await w.liveUntil(us, new Date(Date.parse('2026-01-05T08:00:00Z') + (permitSeconds + reportSeconds) * 1_000).toISOString())
    t.match(await ask(us, call), { verdict: 'allowed' })
    const list = await w.ok<{ data: Attempt[] }>(us, 'GET', `/v1/contact-attempts?accountId=${call.accountId}`)
    t.same(list.data.map(({ outcome }) => outcome), ['pending'], 'what did not happen is not in the record')
    const late = await log(us, { ...call, permit: given[0]!.permit!.token, at: '2026-01-05T08:04:00Z' })
    t.match(late.json(), { wasLawful: true, permitId: given[0]!.permit!.id }, 'a contact that was recorded late is one all the same')
    t.match((await log(us, { ...call, permit: given[1]!.permit!.token, at: '2026-01-05T08:06:00Z' })).json(), { status: 422, code: 'permit-expired' })
  })

  await t.test('answer when and how instead', async t => {
    const { us, call } = await open('2026-01-05T14:30:00Z')
    // 22:30 in Shanghai: no call, and no message either.
    t.match(await ask(us, call), { verdict: 'wait', permit: null, earliestAllowedAt: '2026-01-06T00:00:00Z', reasons: [{ clause: /./ }] })
    const asked = await ask(us, { ...call, at: '2026-01-06T01:00:00Z' })
    t.match(asked, { verdict: 'allowed', permit: null }, 'an instant to come is asked about and holds nothing')
    t.equal(await w.tx(us, async tx => await tx.$count(contactAttempts)), 0)
  })

  await t.test('end with the lawful hours', async t => {
    // 21:57 in Shanghai.
    const { us, call } = await open('2026-01-05T13:57:00Z')
    t.match(await ask(us, call), { permit: { expiresAt: '2026-01-05T14:00:00Z' } })
  })

  await t.test('are not given where something of our own stands in the way', async t => {
    const { us, accountId, call } = await open()
    const rules = async (): Promise<string[]> => (await ask(us, call)).reasons.map(({ rule }) => rule)
    const hold = await w.ok<{ id: string }>(us, 'POST', '/v1/holds', { accountId, kind: 'lenderRequest' })
    t.same(await rules(), ['RECOUP.ON_HOLD'])
    await w.ok(us, 'POST', `/v1/holds/${hold.id}/release`)
    t.same(await rules(), [])
    await w.ok(us, 'POST', '/v1/consents', { contactPointId: call.contactPointId, channel: 'call', state: 'withdrawn', source: 'call' })
    t.ok((await rules()).includes('RECOUP.OPTED_OUT'))
    await w.ok(us, 'POST', `/v1/contact-points/${call.contactPointId}/invalidate`, { reason: 'wrongNumber' })
    t.ok((await rules()).includes('RECOUP.UNREACHABLE'))
    await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
    t.match(await rules(), ['RECOUP.NOT_WORKED', 'RECOUP.NOTHING_OWED'])
  })

  await t.test('are for one contact of one agency', async t => {
    const { us, call } = await open()
    const { us: them, call: theirs } = await open()
    const { permit } = await ask(us, call)
    t.match((await log(them, { ...theirs, permit: permit!.token })).json(), { status: 422, code: 'permit-refused' }, 'another agency\'s key')
    t.match((await w.call(them, 'POST', `/v1/permits/${permit!.id}/release`)).json(), { status: 404 })
    t.match((await w.call(them, 'POST', '/v1/permits', call)).json(), { status: 404 })
    t.match((await log(us, { ...call, channel: 'sms', outcome: 'sent', permit: permit!.token })).json(), { status: 422, code: 'permit-mismatch', errors: [{ pointer: '/channel' }] })
    t.match((await log(us, { ...call, direction: 'in', permit: permit!.token })).json(), { code: 'permit-mismatch', errors: [{ pointer: '/direction' }] })
    t.match((await log(us, { accountId: call.accountId, partyId: call.partyId, channel: 'call', permit: permit!.token })).json(), { code: 'permit-mismatch', errors: [{ pointer: '/contactPointId' }] })
    t.match((await log(us, { ...call, permit: 'prm_x' })).json(), { status: 400 })
    t.match((await log(us, { ...call, permit: permit!.token })).json(), { wasLawful: true }, 'and still good after all that')
  })

  await t.test('two who record with one permit at once: one does', async t => {
    const { us, call } = await open()
    const { permit } = await ask(us, call)
    const statuses = (await Promise.all(Array.from({ length: 8 }, async () => await log(us, { ...call, permit: permit!.token })))).map(({ statusCode }) => statusCode).sort()
    t.same(statuses, [201, ...Array.from({ length: 7 }, () => 409)])
  })

  await t.test('a contact that nobody allowed is kept, counted, and told as a breach', async t => {
    const { us, call } = await open()
    t.match((await log(us, call)).json(), { wasLawful: true, permitId: null })
    t.equal(await count(us, 'contactAttempt.breached'), 1)
    t.match((await log(us, { ...call, direction: 'in' })).json(), { wasLawful: true, permitId: null })
    t.equal(await count(us, 'contactAttempt.breached'), 1, 'who calls us needs no permit')
    t.match(await ask(us, call), { counts: [{ count: 1 }] })
    t.match((await log(us, { ...call, outcome: 'noAnswer', result: 'promise' })).json(), { status: 422, code: 'result-refused' })
  })

  await t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})

/** The borrower of an account and its telephone number. */
async function borrowerOf (w: World, us: Agency, accountId: Id<'account'>): Promise<{ accountId: Id<'account'>, partyId: string, contactPointId: string }> {
  const { data: [borrower] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  const { partyId } = borrower!
  const { contactPoints } = await w.ok<{ contactPoints: { id: string, channel: string }[] }>(us, 'GET', `/v1/parties/${partyId}`)
  return { accountId, partyId, contactPointId: contactPoints.find(({ channel }) => channel === 'phone')!.id }
}
