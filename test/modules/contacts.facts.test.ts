import t from 'tap'
import type { Id } from '../../src/kernel/index.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, World } from '../world.ts'

interface Answer { verdict: string, earliestAllowedAt: string | null, reasons: { rule: string }[], permit: { id: string, token: string } | null, decisionId: string }
interface Asked { accountId: Id<'account'>, partyId: Id<'party'>, contactPointId: string, channel: string }

/** An account with its borrower and their telephone number. */
async function opened (w: World, us: Agency, lenderId?: Awaited<ReturnType<World['lender']>>, input: object = {}): Promise<Asked> {
  const { accountId } = await w.account(us, lenderId ?? await w.lender(us), input)
  const { data: [borrower] } = await w.ok<{ data: { partyId: Id<'party'> }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  const { contactPoints } = await w.ok<{ contactPoints: { id: string, channel: string }[] }>(us, 'GET', `/v1/parties/${borrower!.partyId}`)
  return { accountId, partyId: borrower!.partyId, contactPointId: contactPoints.find(({ channel }) => channel === 'phone')!.id, channel: 'call' }
}

t.test('what people said reaches the law', async t => {
  const w = await world()
  t.teardown(w.close)
  const ask = async (us: Agency, body: object): Promise<Answer> => await w.ok<Answer>(us, 'POST', '/v1/permits', body)
  const say = async (us: Agency, body: object) => await w.ok<{ id: string }>(us, 'POST', '/v1/consents', { state: 'granted', source: 'call', channel: 'call', ...body })

  await t.test('consent to closed hours opens them for its channel, its debt and its time, and taking it back closes them at once', async t => {
    // 22:30 in Shanghai, when nobody is called (GB/T 45251-2025, 5.3: unless the parties agreed otherwise).
    const us = await w.agency({ now: '2026-01-05T14:30:00Z' })
    const call = await opened(w, us)
    t.match(await ask(us, call), { verdict: 'wait', earliestAllowedAt: '2026-01-06T00:00:00Z' })
    await say(us, { contactPointId: call.contactPointId, kind: 'frequency' })
    t.match(await ask(us, call), { verdict: 'wait' }, 'another kind of consent')
    await say(us, { contactPointId: call.contactPointId, channel: 'sms', kind: 'time' })
    t.match(await ask(us, call), { verdict: 'wait' }, 'another channel')
    const given = await say(us, { contactPointId: call.contactPointId, kind: 'time', until: '2026-01-05T15:00:00Z' })
    t.match(given, { kind: 'time', purpose: 'collection', accountId: null, until: '2026-01-05T15:00:00Z' })
    t.match(await ask(us, call), { verdict: 'allowed', permit: { token: /./ } })
    await w.liveUntil(us, '2026-01-05T15:00:00Z')
    t.match(await ask(us, call), { verdict: 'wait' }, 'it ended at 23:00')
    await say(us, { contactPointId: call.contactPointId, kind: 'time' })
    t.match(await ask(us, call), { verdict: 'allowed' })
    await say(us, { contactPointId: call.contactPointId, kind: 'time', state: 'withdrawn' })
    t.match(await ask(us, call), { verdict: 'wait' })
  })

  await t.test('consent or refusal for one debt leaves the other as it was', async t => {
    const us = await w.agency({ now: '2026-01-05T08:00:00Z' })
    const bank = await w.lender(us)
    const parties = [{ role: 'borrower', kind: 'person', name: 'Wang Fang', identity: '110101198001010011', contactPoints: [{ channel: 'phone', value: '+8613900001111' }] }]
    const [one, other] = [await opened(w, us, bank, { parties }), await opened(w, us, bank, { parties })]
    const optedOut = async (call: Asked): Promise<boolean> => (await ask(us, { ...call, at: '2026-01-06T02:00:00Z' })).reasons.some(({ rule }) => rule === 'RECOUP.OPTED_OUT')
    await say(us, { contactPointId: one.contactPointId, state: 'withdrawn', accountId: one.accountId })
    t.same([await optedOut(one), await optedOut(other)], [true, false])
    await say(us, { contactPointId: one.contactPointId, state: 'withdrawn' })
    t.same([await optedOut(one), await optedOut(other)], [true, true], 'the number is the same in both records')
    await say(us, { contactPointId: one.contactPointId, accountId: other.accountId })
    t.same([await optedOut(one), await optedOut(other)], [true, false])
    await say(us, { contactPointId: one.contactPointId, purpose: 'service' })
    t.same([await optedOut(one), await optedOut(other)], [true, false], 'that a receipt is welcome says nothing of collection')
  })

  await t.test('what makes no sense is refused', async t => {
    const us = await w.agency()
    const { contactPointId } = await opened(w, us)
    const refused = async (body: object) => (await w.call(us, 'POST', '/v1/consents', { contactPointId, channel: 'call', state: 'granted', source: 'call', ...body })).json<object>()
    t.match(await refused({ kind: 'time', purpose: 'service' }), { status: 422, code: 'consent-refused', errors: [{ pointer: '/purpose' }] })
    t.match(await refused({ until: '2026-01-05T09:00:00Z' }), { status: 422, code: 'consent-refused', errors: [{ pointer: '/until' }] })
    t.match(await refused({ accountId: strangeId('account') }), { status: 404 })
  })

  await t.test('a refusal of one debt cancels what is planned for it, and nothing else', async t => {
    const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
    const bank = await w.lender(us)
    const parties = [{ role: 'borrower', kind: 'person', name: 'Wang Fang', identity: '110101198001010029', contactPoints: [{ channel: 'phone', value: '+8613900002222' }] }]
    const debt = { parties, dueOn: '2026-01-04', placedOn: '2026-01-05' }
    const [one, other] = [await opened(w, us, bank, debt), await opened(w, us, bank, debt)]
    await w.settle(us)
    const states = async ({ accountId }: Asked): Promise<string[]> => [...new Set((await w.ok<{ data: { state: string }[] }>(us, 'GET', `/v1/messages?accountId=${accountId}`)).data.map(({ state }) => state))]
    t.same([await states(one), await states(other)], [['scheduled'], ['scheduled']])
    await say(us, { contactPointId: one.contactPointId, channel: 'sms', state: 'withdrawn', kind: 'time' })
    await w.settle(us)
    t.same([await states(one), await states(other)], [['scheduled'], ['scheduled']], 'taking back consent to the night is no refusal')
    await say(us, { contactPointId: one.contactPointId, channel: 'sms', state: 'withdrawn', accountId: one.accountId })
    await w.settle(us)
    t.same([await states(one), await states(other)], [['suppressed'], ['scheduled']])
  })

  await t.test('hours that a person said are inconvenient are closed, for every debt of theirs', async t => {
    // Tuesday, 10:00 in New York.
    const us = await w.agency({ jurisdiction: 'US', timeZone: 'America/New_York', now: '2026-01-06T15:00:00Z' })
    const place = { jurisdiction: 'US', region: 'NY', timeZone: 'America/New_York', currency: 'USD' }
    const parties = [{ role: 'borrower', kind: 'person', name: 'Al Green', identity: '078-05-1121', contactPoints: [{ channel: 'phone', value: '+12125550199' }] }]
    const call = await opened(w, us, await w.lender(us, { currency: 'USD' }), { ...place, parties })
    const other = await opened(w, us, await w.lender(us, { currency: 'USD' }), { ...place, parties })
    const path = `/v1/parties/${call.partyId}/contact-hours`
    t.match(await w.ok(us, 'GET', path), { requested: [], inconvenient: [], at: null })
    t.match(await ask(us, { ...call, at: '2026-01-06T15:01:00Z' }), { verdict: 'allowed' })
    const atWork = [{ days: [1, 2, 3, 4, 5], from: '09:00', to: '17:00' }]
    t.match(await w.ok(us, 'POST', path, { inconvenient: atWork, source: 'call' }), { requested: [], inconvenient: atWork, source: 'call', at: '2026-01-06T15:00:00Z' })
    // 17:00 in New York.
    t.match(await ask(us, call), { verdict: 'wait', earliestAllowedAt: '2026-01-06T22:00:00Z', reasons: [{ rule: 'US.F.6B1.TIME' }] })
    t.match(await ask(us, other), { verdict: 'wait', earliestAllowedAt: '2026-01-06T22:00:00Z' }, 'another lender\'s record of the same person')
    t.match((await w.call(us, 'POST', path, { inconvenient: [{ days: [8], from: '09:00', to: '17:00' }], source: 'call' })).json(), { status: 400 })
    await w.ok(us, 'POST', path, { requested: [{ days: [6], from: '10:00', to: '12:00' }], source: 'writing' })
    t.match(await w.ok(us, 'GET', path), { requested: [{ days: [6] }], inconvenient: atWork }, 'what is left out stays')
    await w.ok(us, 'POST', path, { inconvenient: [], source: 'call' })
    t.match(await ask(us, { ...call, at: '2026-01-06T15:01:00Z' }), { verdict: 'allowed' })
    const them = await w.agency()
    t.equal((await w.call(them, 'GET', path)).statusCode, 404)
    t.equal((await w.call(them, 'POST', path, { inconvenient: atWork, source: 'call' })).statusCode, 404)
  })

  await t.test('hours that a person asked for are kept to where the law says so', async t => {
    // Tuesday, 10:00 in London (CONC 7.9.4R).
    const us = await w.agency({ jurisdiction: 'GB', timeZone: 'Europe/London', now: '2026-01-06T10:00:00Z' })
    const call = await opened(w, us, await w.lender(us, { currency: 'GBP' }), { jurisdiction: 'GB', region: 'ENG', timeZone: 'Europe/London', currency: 'GBP', parties: [{ role: 'borrower', kind: 'person', name: 'Ann Lee', contactPoints: [{ channel: 'phone', value: '+447911123456' }] }] })
    const before = await ask(us, { ...call, at: '2026-01-06T10:01:00Z' })
    await w.ok(us, 'POST', `/v1/parties/${call.partyId}/contact-hours`, { requested: [{ days: [1, 2, 3, 4, 5], from: '18:00', to: '19:00' }], source: 'writing' })
    const after = await ask(us, call)
    t.match([before.verdict, after.verdict, after.earliestAllowedAt, after.reasons.map(({ rule }) => rule)], ['allowed', 'wait', '2026-01-06T18:00:00Z', ['UK.CONC.7.9.4']])
  })

  const withContactPerson = async (us: Agency, input: { currency: string }) => {
    const bank = await w.lender(us, { currency: input.currency })
    const borrower = { role: 'borrower', kind: 'person', name: 'Al Green', contactPoints: [{ channel: 'phone', value: input.currency === 'USD' ? '+12125550177' : '+8613900003333' }] }
    const friend = { role: 'contactOnly', kind: 'person', name: 'Bo Gray', contactPoints: [{ channel: 'phone', value: input.currency === 'USD' ? '+12125550178' : '+8613900004444' }] }
    const { accountId } = await w.account(us, bank, { ...input, parties: [borrower, friend] } as object)
    const { data } = await w.ok<{ data: { partyId: string, role: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
    const callTo = async (role: string) => {
      const { partyId } = data.find(one => one.role === role)!
      const { contactPoints: [phone] } = await w.ok<{ contactPoints: { id: string }[] }>(us, 'GET', `/v1/parties/${partyId}`)
      return { accountId, partyId, contactPointId: phone!.id, channel: 'call' }
    }
    return { borrower: await callTo('borrower'), friend: await callTo('contactOnly') }
  }
  const rulesOf = ({ reasons }: Answer): string[] => reasons.map(({ rule }) => rule)
  const log = async (us: Agency, body: object) => await w.ok(us, 'POST', '/v1/contact-attempts', { direction: 'out', outcome: 'noAnswer', ...body })

  await t.test('a contact person is approached when the borrower cannot be reached, and not again once they refused', async t => {
    const us = await w.agency({ now: '2026-01-05T08:00:00Z' })
    const { borrower, friend } = await withContactPerson(us, { currency: 'CNY' })
    t.match(rulesOf(await ask(us, friend)), ['CN.GBT.PARTY.DEBTOR_ONLY'])
    for (let i = 0; i < 2; i++) await log(us, borrower)
    t.match(rulesOf(await ask(us, friend)), ['CN.GBT.PARTY.DEBTOR_ONLY'], 'two failures are not out of contact')
    await log(us, borrower)
    const { permit, verdict } = await ask(us, friend)
    t.equal(verdict, 'allowed', 'three failures in a row (CBA guideline, ch. 3)')
    await w.liveUntil(us, '2026-01-05T08:01:00Z')
    await log(us, { ...borrower, direction: 'in', outcome: 'conversation' })
    t.match(rulesOf(await ask(us, friend)), ['CN.GBT.PARTY.DEBTOR_ONLY'], 'the borrower called back')
    await w.ok(us, 'POST', `/v1/contact-points/${borrower.contactPointId}/invalidate`, { reason: 'notInService' })
    t.match(await ask(us, friend), { verdict: 'allowed' }, 'the only number is invalid')
    await log(us, { ...friend, permit: permit!.token, outcome: 'conversation', result: 'refused' })
    t.match(rulesOf(await ask(us, friend)), ['CN.GBT.PARTY.REFUSED'])
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${(await ask(us, friend)).decisionId}`), { action: { purpose: 'locationInformation', disclosesDebt: false }, facts: { flags: { contactPersonRefused: true } } }, 'nothing of the debt is told')
  })

  await t.test('a person is asked where the borrower is once (15 USC 1692b(3)), a permit not yet used included', async t => {
    const us = await w.agency({ jurisdiction: 'US', timeZone: 'America/New_York', now: '2026-01-06T15:00:00Z' })
    const { friend } = await withContactPerson(us, { currency: 'USD', jurisdiction: 'US', region: 'NY', timeZone: 'America/New_York' } as { currency: string })
    const { verdict, permit } = await ask(us, friend)
    t.equal(verdict, 'allowed')
    t.match(rulesOf(await ask(us, friend)), ['US.B.3.ONCE'])
    await w.ok(us, 'POST', `/v1/permits/${permit!.id}/release`)
    t.match(await ask(us, friend), { verdict: 'allowed' }, 'given back, it was none')
  })

  await t.test('a visit is judged by who goes and whether they enter', async t => {
    const us = await w.agency({ now: '2026-02-05T08:00:00Z' })
    const { accountId, partyId } = await opened(w, us)
    const visit = { accountId, partyId, channel: 'visit' }
    t.match(rulesOf(await ask(us, visit)), ['CN.CBA.VISIT.TWO'], 'one goes, unless more are said to')
    t.match(await ask(us, { ...visit, collectors: 2, at: '2026-02-05T08:01:00Z' }), { verdict: 'allowed' })
    t.match(rulesOf(await ask(us, { ...visit, collectors: 2, entersPremises: true })), ['CN.CBA.VISIT.ENTRY'])
    t.match(await log(us, { ...visit, collectors: 1, outcome: 'visited', place: 'home' }), { wasLawful: false })
    t.match(await log(us, { ...visit, collectors: 2, outcome: 'visited', place: 'home' }), { wasLawful: true })
  })

  await t.test('hours at a workplace are kept to when that is where the person is', async t => {
    // Saturday, 12:00 in Sydney (RG 96, part 2, s. 4).
    const us = await w.agency({ jurisdiction: 'AU', timeZone: 'Australia/Sydney', now: '2026-01-10T01:00:00Z' })
    const call = await opened(w, us, await w.lender(us, { currency: 'AUD' }), { jurisdiction: 'AU', region: 'NSW', timeZone: 'Australia/Sydney', currency: 'AUD', parties: [{ role: 'borrower', kind: 'person', name: 'Ann Lee', contactPoints: [{ channel: 'phone', value: '+61412345678' }] }] })
    t.match(await ask(us, { ...call, at: '2026-01-10T01:01:00Z' }), { verdict: 'allowed' }, 'a mobile number, which tells no state')
    t.match(await ask(us, { ...call, place: 'workplace' }), { verdict: 'wait', earliestAllowedAt: '2026-01-11T22:00:00Z', reasons: [{ rule: 'AU.HRS.WORK' }] })
  })

  await t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})
