import t from 'tap'
import { checkRecorded, recordedFacts } from '../../src/modules/limitations/core.ts'
import type { Recorded } from '../../src/modules/limitations/core.ts'
import { events } from '../../src/platform/tables.ts'
import { strangeId, world } from '../world.ts'

t.test('only what has happened is recorded, and only what lasts has an end', async t => {
  const check = (kind: Recorded['kind'], on: string, until: string | null = null) => () => { checkRecorded({ kind, on, until }, '2026-01-05') }
  t.doesNotThrow(check('judgment', '2026-01-05'))
  t.doesNotThrow(check('suspension', '2026-01-01', '2026-01-01'))
  t.throws(check('judgment', '2026-01-06'), { code: 'limitation-event-in-future', refusal: { violations: [{ pointer: '/on' }] } })
  t.throws(check('lawsuit', '2026-01-01', '2026-01-06'), { code: 'limitation-event-in-future', refusal: { violations: [{ pointer: '/until' }] } })
  t.throws(check('lawsuit', '2026-01-02', '2026-01-01'), { code: 'limitation-event-refused' })
  for (const kind of ['judgment', 'acknowledgement', 'partialPayment', 'criminalReport', 'enforcementAct'] as const) t.throws(check(kind, '2026-01-01', '2026-01-02'), { code: 'limitation-event-refused' }, kind)
})

t.test('what the law is asked with: the latest title, what may begin the time anew, and obstacles', async t => {
  const recorded: Recorded[] = [
    { kind: 'judgment', on: '2025-01-01', until: null }, { kind: 'acknowledgement', on: '2025-02-01', until: null }, { kind: 'lawsuit', on: '2025-03-01', until: '2025-04-01' }, { kind: 'suspension', on: '2025-05-01', until: null },
  ]
  t.same(recordedFacts(recorded, null), {
    titledOn: '2025-01-01', events: [{ type: 'acknowledgement', on: '2025-02-01' }, { type: 'lawsuit', on: '2025-03-01', endedOn: '2025-04-01' }], suspensions: [{ from: '2025-05-01', to: null }],
  })
  t.equal(recordedFacts(recorded, '2025-06-01').titledOn, '2025-06-01', 'the title the debt came with')
  t.equal(recordedFacts(recorded, '2024-06-01').titledOn, '2025-01-01')
  t.same(recordedFacts([], null), { titledOn: null, events: [], suspensions: [] })
})

interface Answer { lastOn: string | null, isBarred: boolean, unknown: string | null, decisionId: string }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ now: '2026-01-05T08:00:00Z' })
  const them = await w.agency()
  const bank = await w.lender(us)
  const debt = async (more: object = {}) => (await w.account(us, bank, { dueOn: '2023-06-30', ...more })).accountId
  const german = { jurisdiction: 'DE', timeZone: 'Europe/Berlin' }
  const evidence = { kind: 'signedDocument', reference: 'file/1' }
  const record = async (accountId: string, kind: string, on: string, more: object = {}) => await w.ok<Answer>(us, 'POST', `/v1/accounts/${accountId}/limitation-events`, { kind, on, evidence, ...more })
  const lastOn = async (accountId: string) => (await w.ok<{ lastOn: string | null }>(us, 'GET', `/v1/accounts/${accountId}/limitation`)).lastOn

  await t.test('an acknowledgement begins the time anew where the law counts it, with a decision that is kept either way', async t => {
    const [there, here] = [await debt(german), await debt()]
    await w.settle(us)
    t.match(await record(there, 'acknowledgement', '2026-01-04'), { accountId: there, kind: 'acknowledgement', until: null, evidence, lastOn: '2029-01-04', isBarred: false, unknown: null })
    const before = await w.ok<Answer>(us, 'GET', `/v1/accounts/${here}/limitation`)
    const found = await record(here, 'acknowledgement', '2026-01-04')
    t.equal(found.lastOn, '2026-06-30', '民法典 195 names agreement to perform')
    t.not(found.decisionId, before.decisionId)
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${found.decisionId}`), { kind: 'limitation', accountId: here, facts: { events: [{ type: 'acknowledgement', on: '2026-01-04' }] } })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${here}/limitation`), { lastOn: '2026-06-30', decisionId: found.decisionId, events: [{ kind: 'acknowledgement', on: '2026-01-04', until: null, evidence }] })
    t.match((await w.tx(us, async tx => await tx.select({ type: events.type, data: events.data }).from(events))).filter(({ type }) => type === 'limitation.eventRecorded').map(({ data }) => data), [{ accountId: there, lastOn: '2029-01-04' }, { accountId: here, lastOn: '2026-06-30' }])
  })

  await t.test('a judgment has its own term; where no law that we have gives one, nothing is told', async t => {
    t.match(await record(await debt(german), 'judgment', '2026-01-02'), { lastOn: '2056-01-02', unknown: null })
    t.match(await record(await debt(), 'judgment', '2026-01-02'), { lastOn: null, isBarred: false, unknown: /none of the laws asked says/ })
  })

  await t.test('an obstacle in the last six months puts the end off, and none is told while it goes on', async t => {
    const accountId = await debt()
    t.match(await record(accountId, 'suspension', '2026-01-01'), { lastOn: null, unknown: null })
    t.equal(await lastOn(accountId), null)
    t.match(await record(accountId, 'suspension', '2026-01-01', { until: '2026-01-05' }), { until: '2026-01-05', lastOn: '2026-07-05' }, '民法典 194: six months from the day it ended')
    t.equal(await lastOn(accountId), '2026-07-05')
    t.match((await w.call(us, 'POST', `/v1/accounts/${accountId}/limitation-events`, { kind: 'suspension', on: '2026-01-01', until: '2026-01-04', evidence })).json(), { status: 409, code: 'limitation-event-exists' })
  })

  await t.test('proceedings begin it anew from their end, and a part payment made elsewhere from its day', async t => {
    t.match(await record(await debt(), 'lawsuit', '2025-11-03', { until: '2025-12-15' }), { lastOn: '2028-12-15' })
    t.match(await record(await debt(), 'partialPayment', '2025-11-03'), { lastOn: '2028-11-03' })
    t.match(await record(await debt({ dueOn: '2020-06-30' }), 'partialPayment', '2025-11-03'), { lastOn: '2023-06-30', isBarred: true }, 'nothing revives what is over')
  })

  await t.test('what no law that we have tells stays unknown, with the reason', async t => {
    t.match(await record(await debt({ jurisdiction: 'US', timeZone: 'America/New_York' }), 'acknowledgement', '2026-01-04'), { lastOn: null, isBarred: false, unknown: /none of the laws asked says/, decisionId: /^dec_/ })
  })

  await t.test('is refused by name, and is nobody else\'s', async t => {
    const accountId = await debt()
    const post = async (as: Parameters<typeof w.call>[0], body: object, id: string = accountId) => (await w.call(as, 'POST', `/v1/accounts/${id}/limitation-events`, { kind: 'judgment', on: '2026-01-02', evidence: { kind: 'courtDocument' }, ...body })).json<object>()
    t.match(await post(us, { on: '2026-01-06' }), { status: 422, code: 'limitation-event-in-future' })
    t.match(await post(us, { until: '2026-01-03' }), { status: 422, code: 'limitation-event-refused' })
    t.match(await post(us, { evidence: { kind: 'other', reference: 'a name and a street' } }), { status: 400 })
    t.match(await post(us, { kind: 'demandReached' }), { status: 400 }, 'contacts are followed by themselves')
    t.match(await post(them, {}), { status: 404 })
    t.match(await post(us, {}, strangeId('account')), { status: 404 })
    t.match(await post(bank, {}), { status: 403 })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/limitation`), { events: [] }, 'a refusal leaves no trace')
    t.match(await post(us, {}), { kind: 'judgment', evidence: { kind: 'courtDocument', reference: null } })
    t.match(await post(us, {}), { status: 409, code: 'limitation-event-exists' })
  })
  t.same(w.failures, [])
})
