import t from 'tap'
import type { Id } from '../../src/kernel/index.ts'
import { aDebt, world } from '../world.ts'

/*
 * A debt of New York whose borrower answers a telephone number of California. Nobody knows where he is: what is lawful must be so in both places. New York's hours are
 * 08:00 to 21:00 (12 CFR 1006.6(b)(1)); California's begin three hours later, so that what is left is 11:00 to 21:00 in New York, 08:00 to 18:00 in California.
 * In the night to Sunday, 8 March 2026, the clocks of both are put forward: 08:00 in California is 16:00 UTC before and 15:00 UTC after.
 */
t.test('a borrower who may be in two zones is contacted when both are awake', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'America/New_York', now: '2026-03-06T13:30:00Z' })
  const bank = await w.lender(us, { currency: 'USD' })
  const debt = {
    ...aDebt(), currency: 'USD', jurisdiction: 'US', region: 'NY', timeZone: 'America/New_York', placedOn: '2026-03-06', dueOn: '2026-03-05',
    parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Al Green', identity: '078-05-1120', contactPoints: [{ channel: 'phone' as const, value: '+14155550123' }, { channel: 'email' as const, value: 'al@example.com' }] }],
  }
  const { accountId } = await w.account(us, bank, debt)
  const { data: [borrower] } = await w.ok<{ data: { partyId: Id<'party'> }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  const { partyId } = borrower!
  const { contactPoints } = await w.ok<{ contactPoints: { id: string, channel: string, timeZones: string[] }[] }>(us, 'GET', `/v1/parties/${partyId}`)
  const phone = contactPoints.find(({ channel }) => channel === 'phone')!
  t.same(phone.timeZones, ['America/Los_Angeles'])
  const ask = async (at?: string, contactPointId = phone.id) => await w.ok<{ verdict: string, permit: { expiresAt: string } | null }>(us, 'POST', '/v1/permits', { accountId, partyId, contactPointId, channel: 'call', ...at !== undefined && { at } })

  // Friday, 08:30 in New York: 05:30 in California.
  t.match(await ask(), { verdict: 'wait', permit: null, earliestAllowedAt: '2026-03-06T16:00:00Z', reasons: [{ rule: 'US.F.6B1.TIME' }], localTimes: [{ timeZone: 'America/New_York', localAt: '2026-03-06T08:30:00' }, { timeZone: 'America/Los_Angeles', localAt: '2026-03-06T05:30:00' }] })
  t.match(await ask('2026-03-06T15:59:59Z'), { verdict: 'wait' })
  await w.liveUntil(us, '2026-03-06T16:00:00Z')
  t.match(await ask(), { verdict: 'allowed', permit: { expiresAt: '2026-03-06T16:05:00Z' } })

  // Saturday, 20:57 in New York: it goes to bed first, and the permit ends then.
  await w.liveUntil(us, '2026-03-08T01:57:00Z')
  t.match(await ask(), { verdict: 'allowed', permit: { expiresAt: '2026-03-08T02:00:00Z' } })
  // 21:00 in New York, 18:00 in California. The clocks are changed meanwhile: Sunday's 08:00 in California comes fourteen hours less one later.
  await w.liveUntil(us, '2026-03-08T02:00:00Z')
  t.match(await ask(), { verdict: 'wait', earliestAllowedAt: '2026-03-08T15:00:00Z' })

  // The reminder of the third day, Sunday: planned for California's morning, not for nine in New York, and sent then.
  const reminders = await w.ok<{ data: { channel: string, step: number, plannedAt: string }[] }>(us, 'GET', `/v1/messages?accountId=${accountId}`)
  t.same([...new Set(reminders.data.filter(({ step }) => step === 3).map(({ plannedAt }) => plannedAt))], ['2026-03-08T15:00:00Z'], 'by e-mail too: what counts is where he is')
  await w.liveUntil(us, '2026-03-08T14:59:00Z')
  t.same([w.sms.length, w.email.length], [0, 0])
  await w.liveUntil(us, '2026-03-08T15:00:00Z')
  t.same([w.sms.length, w.email.length], [1, 1])

  // Monday: the number is somebody else's. What is left is New York, whose morning is enough.
  const other = await w.ok<{ id: string }>(us, 'POST', `/v1/parties/${partyId}/contact-points`, { channel: 'phone', value: '+12125550123' })
  await w.ok(us, 'POST', `/v1/contact-points/${phone.id}/invalidate`, { reason: 'wrongNumber' })
  await w.liveUntil(us, '2026-03-09T12:30:00Z')
  t.match(await ask(undefined, other.id), { verdict: 'allowed', localTimes: [{ timeZone: 'America/New_York', localAt: '2026-03-09T08:30:00' }] })
  // A house in Hawaii, six hours behind: 08:00 there is 14:00 in New York.
  await w.ok(us, 'POST', `/v1/parties/${partyId}/contact-points`, { channel: 'postal', value: '1 Ala Moana, Honolulu', place: { country: 'US', region: 'HI' } })
  t.match(await ask(undefined, other.id), { verdict: 'wait', earliestAllowedAt: '2026-03-09T18:00:00Z' })
  t.match((await w.call(us, 'POST', `/v1/parties/${partyId}/contact-points`, { channel: 'postal', value: 'Nowhere', place: { country: 'XX' } })).json(), { status: 422, code: 'contact-point-refused', errors: [{ pointer: '/place/country' }] })
  t.same(w.failures, [])
})
