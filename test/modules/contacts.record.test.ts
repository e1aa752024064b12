import { eq } from 'drizzle-orm'
import t from 'tap'
import type { PastContact } from '../../src/modules/contacts/asking.core.ts'
import { lastPlaces, pressureOf } from '../../src/modules/contacts/pressure.core.ts'
import { keptUntil } from '../../src/modules/contacts/recordings.core.ts'
import { selectPacks } from '../../src/modules/policy/index.ts'
import type { RuleCount } from '../../src/modules/policy/index.ts'
import { events } from '../../src/platform/tables.ts'
import type { Id } from '../../src/kernel/index.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, World } from '../world.ts'

t.test('pressure is counted by the borrower\'s calendar: today, seven days and thirty, today among them', async t => {
  const past = (at: string, more: Partial<PastContact> = {}): PastContact => ({ accountId: 'acc_1', personKey: 'ann', numberKey: null, channel: 'call', direction: 'out', outcome: 'noAnswer', at, ...more })
  // 10 March, 01:00 in Shanghai, is still 9 March in UTC.
  const now = new Date('2026-03-09T17:00:00Z')
  const counted = (at: string) => pressureOf([past(at)], 'ann', 'Asia/Shanghai', now).map(({ today, last7Days, last30Days }) => [today, last7Days, last30Days])
  t.same(counted('2026-03-09T16:00:00Z'), [[1, 1, 1]], 'the first minute of today')
  t.same(counted('2026-03-09T15:59:00Z'), [[0, 1, 1]], 'yesterday')
  t.same(counted('2026-03-03T16:00:00Z'), [[0, 1, 1]], 'the first of the seven days')
  t.same(counted('2026-03-03T15:59:00Z'), [[0, 0, 1]], 'the day before')
  t.same(counted('2026-02-08T16:00:00Z'), [[0, 0, 1]], 'the first of the thirty')
  t.same(counted('2026-02-08T15:59:00Z'), [], 'the day before')
  t.same(pressureOf([past('2026-03-09T16:10:00Z'), past('2026-03-09T16:20:00Z', { accountId: 'acc_2' }), past('2026-03-09T16:30:00Z', { direction: 'in' }), past('2026-03-09T16:40:00Z', { channel: 'sms' }), past('2026-03-09T16:50:00Z', { personKey: 'bob' })], 'ann', 'Asia/Shanghai', now), [
    { channel: 'call', direction: 'out', today: 2, last7Days: 2, last30Days: 2 }, { channel: 'call', direction: 'in', today: 1, last7Days: 1, last30Days: 1 }, { channel: 'sms', direction: 'out', today: 1, last7Days: 1, last30Days: 1 },
  ], 'of one person, about whatever debt')
})

t.test('a limit is near when a contact leaves one place, not before and not after', async t => {
  const count = (count: number, more: Partial<RuleCount> = {}): RuleCount => ({ rule: 'A', pack: 'P', clause: 'c', strength: 'mandatory', timeZone: 'UTC', count, limit: 3, windowFrom: '2026-01-01', windowTo: '2026-01-01', ...more })
  t.same(lastPlaces([count(0)], [count(1)]), [])
  t.same(lastPlaces([count(1)], [count(2)]), [count(2)])
  t.same(lastPlaces([count(2)], [count(3)]), [], 'none is left')
  t.same(lastPlaces([count(2)], [count(2)]), [], 'a contact that did not count')
  t.same(lastPlaces([], [count(1, { limit: 2 })]), [count(1, { limit: 2 })], 'the first of two')
  t.same(lastPlaces([count(2, { debt: 'b' })], [count(2, { debt: 'a' }), count(2, { debt: 'b' })]), [count(2, { debt: 'a' })], 'by debt')
})

t.test('a recording is kept for the longest term of the law of its day', async t => {
  const until = (selection: { jurisdiction: string, product?: string, lenderType?: string }, on: string) => keptUntil(selectPacks({ ...selection, on, borrowerType: 'consumer' }), on)
  t.equal(until({ jurisdiction: 'US' }, '2026-02-10'), '2029-02-10', '12 CFR 1006.100(b): three years from the call')
  t.equal(until({ jurisdiction: 'US' }, '2028-02-29'), '2031-02-28')
  t.equal(until({ jurisdiction: 'CN', product: 'creditCard', lenderType: 'bank' }, '2026-02-10'), '2028-02-10', '信用卡业务监督管理办法 68: two years')
  t.equal(until({ jurisdiction: 'CN' }, '2026-02-10'), '2031-02-10', 'of an unknown lender: the five years of consumer finance, the longest')
  t.equal(until({ jurisdiction: 'GB' }, '2026-02-10'), null, 'a law that says nothing')
  t.equal(until({ jurisdiction: 'BR' }, '2026-02-10'), null, 'a country whose law we do not have')
})

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  // 16:00 in Shanghai.
  const us = await w.agency({ now: '2026-01-05T08:00:00Z' })
  const first = await w.account(us, await w.lender(us), debtOf('L-1'))
  const second = await w.account(us, await w.lender(us), debtOf('L-2'))
  const call = { ...await borrowerOf(w, us, first.accountId), channel: 'call' }
  const other = { ...await borrowerOf(w, us, second.accountId), channel: 'call' }
  const told = async () => (await w.tx(us, async tx => await tx.select({ data: events.data }).from(events).where(eq(events.type, 'contact.pressureHigh')))).map(({ data }) => data)
  const log = async (body: object) => await w.ok<{ recordingKeptUntil: string | null }>(us, 'POST', '/v1/contact-attempts', { direction: 'out', outcome: 'conversation', ...body })
  const pressure = async (accountId: string) => (await w.ok<{ data: Pressure[] }>(us, 'GET', `/v1/accounts/${accountId}/contact-pressure`)).data[0]!

  await t.test('one person\'s contacts add up over lenders, and what is left of each limit is told', async t => {
    await log(call)
    t.same(await told(), [])
    const { permit } = await w.ok<{ permit: { id: string, token: string } }>(us, 'POST', '/v1/permits', other)
    t.match(await told(), [{ accountId: second.accountId, rule: 'CN.GBT.FREQ.INTERACTIVE', count: 2, limit: 3, windowFrom: '2026-01-05', windowTo: '2026-01-05' }])
    const { contacts, channels, role } = await pressure(first.accountId)
    t.same(contacts, [{ channel: 'call', direction: 'out', today: 2, last7Days: 2, last30Days: 2 }])
    t.equal(role, 'borrower')
    t.match(channels.find(({ channel }) => channel === 'call'), { verdict: 'allowed', earliestAllowedAt: null, counts: [{ rule: 'CN.GBT.FREQ.INTERACTIVE', count: 2, limit: 3 }] })
    t.notOk(JSON.stringify(await pressure(first.accountId)).includes(second.accountId), 'the other debt is not named')
    await w.ok(us, 'POST', `/v1/permits/${permit.id}/release`)
    await w.ok(us, 'POST', '/v1/permits', other)
    t.equal((await told()).length, 1, 'once for each person, rule and window')
    await log(call)
    t.match((await pressure(first.accountId)).channels.find(({ channel }) => channel === 'call'), { verdict: 'wait', earliestAllowedAt: '2026-01-06T00:00:00Z', counts: [{ count: 3, limit: 3 }] })
  })

  await t.test('what stands in the way beside the law closes every channel', async t => {
    const hold = await w.ok<{ id: string }>(us, 'POST', '/v1/holds', { accountId: first.accountId, kind: 'lenderRequest' })
    const { channels } = await pressure(first.accountId)
    t.ok(channels.length > 0 && channels.every(({ verdict }) => verdict === 'denied'))
    await w.ok(us, 'POST', `/v1/holds/${hold.id}/release`)
    t.equal((await w.call(us, 'GET', `/v1/accounts/${strangeId('account')}/contact-pressure`)).statusCode, 404)
  })

  await t.test('a contact that names its recording knows how long the law wants it kept', async t => {
    t.equal((await log({ ...call, at: '2026-01-04T08:00:00Z' })).recordingKeptUntil, null, 'no recording')
    t.equal((await log({ ...call, at: '2026-01-04T17:00:00Z', direction: 'in', recordingReference: 'rec/1' })).recordingKeptUntil, '2031-01-05', 'five years from the day in Shanghai')
  })

  await t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})

interface Pressure { role: string, contacts: object[], channels: { channel: string, verdict: string }[] }

const debtOf = (lenderReference: string) => ({
  lenderReference, parties: [{ role: 'borrower' as const, kind: 'person' as const, name: '李雷', identity: '110101199003078515', contactPoints: [{ channel: 'phone' as const, value: '+8613800138000' }] }],
})

/** The borrower of an account and its telephone number. */
async function borrowerOf (w: World, us: Agency, accountId: Id<'account'>): Promise<{ accountId: Id<'account'>, partyId: string, contactPointId: string }> {
  const { data: [borrower] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  const { partyId } = borrower!
  const { contactPoints } = await w.ok<{ contactPoints: { id: string, channel: string }[] }>(us, 'GET', `/v1/parties/${partyId}`)
  return { accountId, partyId, contactPointId: contactPoints.find(({ channel }) => channel === 'phone')!.id }
}
