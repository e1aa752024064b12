import { eq } from 'drizzle-orm'
import t from 'tap'
import { capsWithin, checkRange, tightest } from '../../src/modules/contacts/report.core.ts'
import type { Cap } from '../../src/modules/contacts/report.core.ts'
import { firstOf, lastPlacesOf } from '../../src/modules/contacts/pressure.core.ts'
import { plainLaw, selectPacks } from '../../src/modules/policy/index.ts'
import type { Attempt, RuleCount } from '../../src/modules/policy/index.ts'
import { events } from '../../src/platform/tables.ts'
import { world } from '../world.ts'

t.test('what was made of a person in the same moment counts towards the last place', async t => {
  const packs = selectPacks({ jurisdiction: 'AU', on: '2026-01-07' })
  const action = { at: '2026-01-07T01:00:00Z', channel: 'sms' as const, debts: ['acc_1'], party: 'borrower' as const, person: 'ann', collector: 'us' }
  const made: Attempt = { at: action.at, channel: 'sms', direction: 'out', outcome: 'pending', person: 'ann', debts: ['acc_1'], collector: 'us' }
  const facts = { timeZones: ['Australia/Sydney'], history: [] }
  t.same(lastPlacesOf({ packs, facts, action }, [], made), [], 'the first of three')
  t.match(lastPlacesOf({ packs, facts, action }, [made], made), [{ rule: 'AU.FREQ.3W', count: 2, limit: 3 }], 'the second')
  t.same(lastPlacesOf({ packs, facts, action }, [made, made], made), [], 'the third: none is left')
})

t.test('of equal alerts the first is told', async t => {
  const count = (more: Partial<RuleCount> = {}): RuleCount => ({ rule: 'A', pack: 'P', clause: 'c', strength: 'mandatory', timeZone: 'UTC', count: 2, limit: 3, windowFrom: '2026-01-01', windowTo: '2026-01-01', ...more })
  const alerts = [
    { personKey: 'ann', count: count() }, { personKey: 'ann', count: count({ timeZone: 'Asia/Shanghai' }) }, { personKey: 'bob', count: count() }, { personKey: 'ann', count: count({ debt: 'd' }) }, { personKey: 'ann', count: count({ windowTo: '2026-01-02' }) },
  ]
  t.same(firstOf(alerts), [alerts[0], alerts[2], alerts[3], alerts[4]])
})

t.test('a report is of 92 days at most', async t => {
  t.doesNotThrow(() => { checkRange('2026-01-01', '2026-01-01') })
  t.doesNotThrow(() => { checkRange('2026-01-01', '2026-04-02') })
  for (const [from, to] of [['2026-01-01', '2026-04-03'], ['2026-01-02', '2026-01-01']] as const) t.throws(() => { checkRange(from, to) }, { code: 'report-too-long' })
})

t.test('the limits of a report are those of the rules in force within it', async t => {
  const rules = (from: string, to: string) => capsWithin(plainLaw, from, to).map(({ rule }) => rule)
  t.ok(rules('2026-01-29', '2026-01-30').includes('CN.CBA.FREQ.UNANSWERED'), 'from the day it came into force')
  t.notOk(rules('2026-01-01', '2026-01-29').includes('CN.CBA.FREQ.UNANSWERED'))
  t.match(capsWithin(plainLaw, '2026-01-01', '2026-01-01').find(({ rule }) => rule === 'US.F.14B2A.7IN7'), { limit: 7, window: 'rollingDays', days: 7, jurisdiction: 'US', regions: null, isByDebt: true, isByNumber: false, excluded: ['busy', 'notInService'] })
  const [own] = capsWithin(plainLaw, '2026-01-01', '2026-01-01').map(cap => ({ ...cap, channels: ['call'] }))
  const cap = (rule: string, more: Partial<Cap>): Cap => ({ ...own!, rule, ...more })
  const caps = [cap('A', { window: 'calendarDay', limit: 3 }), cap('B', { window: 'calendarDay', limit: 2 }), cap('C', { window: 'rollingDays', days: 7, limit: 7 }), cap('D', { window: 'calendarDay', limit: 1, channels: ['sms'] }), cap('E', { window: 'calendarDay', limit: 1 })]
  const limits = ['A', 'B', 'C', 'D'].map(rule => ({ on: '2026-01-01', rule, highest: 1, personsOneBelow: 0, personsAtLimit: 0 }))
  t.same(tightest(caps, limits, { on: '2026-01-01', channel: 'call' }), { limitPerDay: 2, limitPerWeek: 7 }, 'of those that counted anybody on the channel')
  t.same(tightest(caps, limits, { on: '2026-01-02', channel: 'call' }), { limitPerDay: null, limitPerWeek: null })
})

t.test('the report of an agency', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ now: '2026-01-04T08:00:00Z' })
  const them = await w.agency({ now: '2026-01-04T08:00:00Z' })
  const bank = await w.lender(us)
  const person = async (agency: typeof us, lender: typeof bank, n: number, more: object = {}) => {
    const { accountId } = await w.account(agency, lender, { dueOn: '2026-01-03', parties: [{ role: 'borrower', kind: 'person', name: '李雷', identity: `11010119900307${8510 + n}`, contactPoints: [{ channel: 'phone', value: `+861380013800${n}` }] }], ...more })
    const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(agency, 'GET', `/v1/accounts/${accountId}/parties`)
    const { contactPoints: [point] } = await w.ok<{ contactPoints: { id: string }[] }>(agency, 'GET', `/v1/parties/${party!.partyId}`)
    return { accountId, partyId: party!.partyId, contactPointId: point!.id, channel: 'call' }
  }
  const [ann, bob] = [await person(us, bank, 1), await person(us, bank, 2)]
  const other = await person(us, await w.lender(us), 1)
  const log = async (of: object, more: object = {}, as = us) => { await w.ok(as, 'POST', '/v1/contact-attempts', { ...of, direction: 'out', outcome: 'conversation', ...more }) }
  const report = async (from: string, to: string, as: Parameters<typeof w.ok>[0] = us) => await w.ok<{ days: object[], limits: object[], denials: object[] }>(as, 'GET', `/v1/reports/contact-pressure?from=${from}&to=${to}`)

  // On the fourth: one call to Ann. On the fifth: two to her, about two debts, three to Bob and one he does not answer; a fourth permit for him is not given.
  await log(ann, { at: '2026-01-04T07:00:00Z' })
  await w.liveUntil(us, '2026-01-05T08:00:00Z')
  await log(ann, { at: '2026-01-05T07:00:00Z' })
  const { permit } = await w.ok<{ permit: { token: string } }>(us, 'POST', '/v1/permits', other)
  await log(other, { permit: permit.token })
  for (const at of ['2026-01-05T05:00:00Z', '2026-01-05T06:00:00Z', '2026-01-05T07:00:00Z']) await log(bob, { at })
  await log(bob, { at: '2026-01-05T07:30:00Z', outcome: 'noAnswer' })
  await log(bob, { at: '2026-01-05T07:40:00Z', direction: 'in' })
  t.match(await w.ok(us, 'POST', '/v1/permits', bob), { verdict: 'wait' })
  await log(await person(them, await w.lender(them), 3), {}, them)

  await t.test('counts contacts and people by the borrowers\' days, over lenders, beside what the law allows', async t => {
    const { days, limits, denials } = await report('2026-01-05', '2026-01-05')
    t.same(days, [{ on: '2026-01-05', channel: 'call', attempts: 6, persons: 2, highestPerDay: 4, limitPerDay: 3, highestPerWeek: 4, limitPerWeek: null, breaches: 5 }])
    t.same(limits, [{ on: '2026-01-05', rule: 'CN.GBT.FREQ.INTERACTIVE', pack: 'CN.GBT45251', clause: (limits[0] as { clause: string }).clause, window: 'calendarDay', windowDays: 1, limit: 3, highest: 3, personsOneBelow: 1, personsAtLimit: 1 }])
    t.same(denials, [{ on: '2026-01-05', channel: 'call', rule: 'CN.GBT.FREQ.INTERACTIVE', count: 1 }])
    t.match(await report('2026-01-04', '2026-01-05'), { days: [{ on: '2026-01-04', attempts: 1, persons: 1, highestPerDay: 1 }, { on: '2026-01-05', highestPerWeek: 4 }] })
    t.same((await report('2026-01-06', '2026-01-06')).days, [])
  })

  await t.test('names nobody, is the agency\'s own, and is bounded', async t => {
    const text = JSON.stringify(await report('2026-01-01', '2026-01-31'))
    for (const id of [ann.accountId, ann.partyId, bob.partyId]) t.notOk(text.includes(id))
    t.match(await report('2026-01-05', '2026-01-05', them), { days: [], denials: [] })
    t.match((await report('2026-01-04', '2026-01-04', them)).days, [{ attempts: 1, persons: 1 }])
    t.equal((await w.call(bank, 'GET', '/v1/reports/contact-pressure?from=2026-01-05&to=2026-01-05')).statusCode, 403)
    t.match((await w.call(us, 'GET', '/v1/reports/contact-pressure?from=2026-01-01&to=2026-04-03')).json(), { status: 422, code: 'report-too-long' })
  })

  await t.test('windows look back before the first day', async t => {
    const sydney = await person(us, bank, 4, { jurisdiction: 'AU', timeZone: 'Australia/Sydney' })
    for (const at of ['2025-12-29T02:00:00Z', '2025-12-30T02:00:00Z', '2026-01-04T02:00:00Z']) await log(sydney, { at })
    t.match((await report('2026-01-04', '2026-01-04')).limits, [{ rule: 'AU.FREQ.10M', highest: 1 }, { rule: 'AU.FREQ.3W', highest: 3, personsOneBelow: 0, personsAtLimit: 1 }, { rule: 'CN.GBT.FREQ.INTERACTIVE', highest: 1 }])
    t.match((await report('2026-01-04', '2026-01-04')).days, [{ attempts: 2, persons: 2, highestPerWeek: 3, limitPerWeek: 3 }])
  })
  t.same(w.failures, [])
})

t.test('messages', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'AU', timeZone: 'Australia/Sydney', now: '2026-01-05T01:00:00Z' })
  const { accountId } = await w.account(us, await w.lender(us), debtOf('L-1'))
  const told = async () => (await w.tx(us, async tx => await tx.select({ data: events.data }).from(events).where(eq(events.type, 'contact.pressureHigh')))).map(({ data }) => data)
  const sent = async () => (await w.ok<{ data: object[] }>(us, 'GET', `/v1/messages?accountId=${accountId}&state=sent`)).data.length

  await t.test('a message that leaves one place under a limit is told, like a call', async t => {
    await w.liveUntil(us, '2026-01-08T09:00:00Z')
    t.equal(await sent(), 1)
    t.same(await told(), [])
    await w.liveUntil(us, '2026-01-12T09:00:00Z')
    t.equal(await sent(), 2, 'two of three within seven days')
    t.match(await told(), [{ accountId, channel: 'sms', rule: 'AU.FREQ.3W', count: 2, limit: 3 }])
    t.equal((await told()).length, 1)
  })

  await t.test('where nobody said how many collectors go, one goes: a visit that needs two is not shown as open', async t => {
    const china = await w.agency({ now: '2026-02-05T08:00:00Z' })
    const { accountId } = await w.account(china, await w.lender(china), {
      parties: [{ role: 'borrower', kind: 'person', name: '李雷', contactPoints: [{ channel: 'postal', value: '北京市海淀区中关村大街1号' }] }],
    })
    const { data: [borrower] } = await w.ok<{ data: { channels: { channel: string, verdict: string }[] }[] }>(china, 'GET', `/v1/accounts/${accountId}/contact-pressure`)
    t.match(Object.fromEntries(borrower!.channels.map(({ channel, verdict }) => [channel, verdict])), { letter: 'allowed', visit: 'denied' })
  })

  await t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})

const debtOf = (lenderReference: string, more: object = {}) => ({
  lenderReference, jurisdiction: 'AU', timeZone: 'Australia/Sydney', dueOn: '2026-01-05',
  parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Ann Lee', identity: '123456782', contactPoints: [{ channel: 'phone' as const, value: '+61412345678' }] }], ...more,
})
