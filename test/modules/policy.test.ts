import { sql } from 'drizzle-orm'
import t from 'tap'
import { decideContacts, recompute, recordDecisions, selectPacks } from '../../src/modules/policy/index.ts'
import type { StoredDecision, Verdict } from '../../src/modules/policy/index.ts'
import { grant, lenderScopes } from '../../src/modules/tenants/core.ts'
import { findTenant } from '../../src/platform/jobs/run.ts'
import { strangeId, world } from '../world.ts'
import { action, many, newYork, past } from './policy.rows.ts'

interface Problem { status: number, code: string, errors?: { pointer: string }[] }
interface PackPage { data: { id: string, version: string, rules: number, effectiveFrom: string, evidence: string }[], nextCursor: string | null }

const selection = { jurisdiction: 'US', region: 'MA', product: 'consumerLoan', collectorRole: 'agency' }
const talked = newYork({ borrowerType: 'consumer', history: [past('2027-05-05T16:00:00Z', 'conversation')] })
const call = action('2027-05-06T15:00:00Z', 'call')

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'America/New_York' })
  const them = await w.agency()
  const ask = async (body: object) => await w.call(us, 'POST', '/v1/policy-decisions', body)

  t.test('a question needs no account and leaves no trace', async t => {
    const reply = await ask({ kind: 'contact', selection, facts: talked, action: call })
    t.equal(reply.statusCode, 200)
    t.match(reply.json(), {
      verdict: 'wait', earliestAllowedAt: '2027-05-12T12:00:00Z', strength: 'presumption', otherChannels: ['sms', 'email', 'im', 'letter', 'visit'],
      reasons: [{ rule: 'US.F.14B2B.COOL', pack: 'US.FDCPA', ends: '2027-05-12T04:00:00Z', facts: { debt: 'loan-1' } }], laterReasons: [{ rule: 'US.F.6B1.TIME' }],
      packVersions: { 'US.FDCPA': '2021-11-30.1', 'US.MA': '2012-03-01.1' }, localTimes: [{ timeZone: 'America/New_York', localAt: '2027-05-06T11:00:00' }],
    })
    t.match((await ask({ kind: 'contact', packs: ['US.MA'], facts: talked, action: call })).json(), { verdict: 'allowed', reasons: [], packVersions: { 'US.MA': '2012-03-01.1' } }, 'packs may be named')
    const { rows } = await w.tx(us, async tx => await tx.execute(sql`select count(*)::int as n from policy_decisions`))
    t.same(rows, [{ n: 0 }])
  })

  t.test('what is left out is not known, and what is not known is refused', async t => {
    t.match((await ask({ kind: 'contact', selection, facts: {}, action: call })).json(), { verdict: 'denied', reasons: [{ facts: { missing: ['facts.timeZones'] } }] })
    t.match((await ask({ kind: 'contact', selection: { jurisdiction: 'BR' }, facts: talked, action: call })).json(), { verdict: 'denied', reasons: [{ rule: 'RECOUP.NO_PACK' }] })
    t.match((await ask({ kind: 'contact', selection, facts: newYork({ flags: { atorneyKnown: true, disputeMedium: 'email' } }), action: call })).json(), { unreadFlags: ['atorneyKnown', 'disputeMedium'] }, 'a claim nobody reads is named')
  })

  t.test('a question of the wrong shape is refused with a pointer', async t => {
    const refused = async (body: object, pointer: string) => { t.match((await ask(body)).json<Problem>(), { status: 400, errors: [{ pointer }] }, pointer) }
    const good = { kind: 'contact', packs: ['US.FDCPA'], facts: talked, action: call }
    await refused({ ...good, kind: 'fee' }, '/kind')
    await refused({ ...good, selection }, '/selection')
    await refused({ kind: 'contact', facts: talked, action: call }, '/selection')
    await refused({ ...good, action: { ...call, at: '1890-01-01T00:00:00Z' } }, '/action/at')
    await refused({ ...good, action: { ...call, at: '2027-05-06T23:59:60Z' } }, '/action/at')
    await refused({ ...good, action: { ...call, channel: 'pigeon' } }, '/action/channel')
    await refused({ ...good, action: { ...call, purpos: 'service' } }, '/action/purpos')
    await refused({ ...good, facts: { ...talked, flags: { 'Not a flag': true } } }, '/facts/flags/Not a flag')
    await refused({ ...good, facts: { ...talked, inconvenientWindows: [{ days: [8], from: '09:00', to: '10:00' }] } }, '/facts/inconvenientWindows/0/days/0')
    t.match((await ask({ ...good, packs: ['US.ZZ'] })).json(), { status: 422, code: 'pack-not-in-force' })
    t.match((await ask({ ...good, packs: ['CN.CBA2026'], action: { ...call, at: '2026-01-29T15:00:00Z' } })).json(), { status: 422, code: 'pack-not-in-force' })
  })

  t.test('packs are listed with their dates and evidence, and read whole', async t => {
    const first = await w.ok<PackPage>(us, 'GET', '/v1/policy-packs?limit=12')
    const second = await w.ok<PackPage>(us, 'GET', `/v1/policy-packs?limit=12&cursor=${first.nextCursor!}`)
    t.equal(first.data.length + second.data.length, 20)
    t.equal(second.nextCursor, null)
    t.equal(new Set([...first.data, ...second.data].map(({ id }) => id)).size, 20, 'pages neither repeat nor skip')
    t.match((await w.ok<PackPage>(us, 'GET', '/v1/policy-packs?jurisdiction=US')).data, [{ id: 'US.FDCPA', version: '2021-11-30.1', rules: 21, effectiveFrom: '2021-11-30', evidence: 'reproduction' }, { id: 'US.MA' }])
    t.match(await w.ok(us, 'GET', '/v1/policy-packs/US.MA'), { id: 'US.MA', regions: ['MA'], applies: { borrowerTypes: ['consumer'] }, rules: [{ id: 'US.MA.7041F', kind: 'frequency', limit: 2, window: { type: 'rollingDays', days: 7 } }] })
    t.match(await w.ok(us, 'GET', '/v1/policy-packs/US.MA?version=2012-03-01.1'), { id: 'US.MA' })
    t.match((await w.call(us, 'GET', '/v1/policy-packs/US.MA?version=2012-03-01.2')).json(), { status: 404 })
    t.match((await w.call(us, 'GET', '/v1/policy-packs/US.ZZ')).json(), { status: 404 })
    t.match((await w.call(us, 'GET', '/v1/policy-packs/us')).json(), { status: 400 })
  })

  t.test('a decision is kept whole, for its agency alone, and gives the same bytes again', async t => {
    const accountId = strangeId('account') as `acc_${string}`
    const packs = selectPacks({ ...selection, borrowerType: 'consumer', on: '2027-05-06' })
    const [kept] = await w.tx(us, async tx => await decideContacts(tx, [{ accountId, partyId: null, packs, facts: talked, action: call }]))
    const path = `/v1/policy-decisions/${kept!.id}`
    const shown = await w.ok<StoredDecision & { verdict: Verdict }>(us, 'GET', path)
    t.match(shown, { id: kept!.id, accountId, partyId: null, decidedAt: '2026-01-05T09:00:00Z', verdict: { verdict: 'wait', earliestAllowedAt: '2027-05-12T12:00:00Z' }, action: { channel: 'call' } })
    t.same(shown.verdict, kept!.verdict)
    const answer = await w.call(us, 'POST', '/v1/policy-decisions', { kind: 'contact', packs: Object.keys(shown.packVersions), facts: shown.facts, action: shown.action })
    t.equal(answer.body, JSON.stringify(shown.verdict), 'asked again: the same bytes')
    t.equal(JSON.stringify(recompute(shown)), JSON.stringify(kept!.verdict), 'made again: the same bytes')
    t.match((await w.call(them, 'GET', path)).json(), { status: 404 }, 'another agency has no such decision')
    t.match((await w.call('nobody', 'GET', path)).json(), { status: 401 })
    await t.rejects(w.tx(us, async tx => await tx.execute(sql`update policy_decisions set verdict = 'allowed'`)), { cause: { code: '42501' } }, 'nobody rewrites it')
    await t.rejects(w.tx(us, async tx => await tx.execute(sql`delete from policy_decisions`)), { cause: { code: '42501' } })
  })

  t.test('thousands are kept at once, in the order asked, allowed or not', async t => {
    const packs = selectPacks({ ...selection, on: '2027-05-06' })
    const requests = Array.from({ length: 2_500 }, (_, i) => ({
      accountId: null, partyId: null, packs, facts: newYork({ history: i % 2 === 0 ? [] : many(['2027-05-05', '2027-05-04'], 'voicemail') }), action: action('2027-05-06T15:00:00Z', 'sms', { debts: [`loan-${i}`, 'loan-1'] }),
    }))
    const decisions = await w.tx(us, async tx => await decideContacts(tx, requests))
    t.same(decisions.map(({ verdict }) => verdict.verdict), requests.map((_, i) => i % 2 === 0 ? 'allowed' : 'wait'))
    t.equal(new Set(decisions.map(({ id }) => id)).size, 2_500)
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${decisions[2_001]!.id}`), { verdict: { verdict: 'wait', reasons: [{ rule: 'US.MA.7041F' }] }, action: { debts: ['loan-2001', 'loan-1'] } })
    t.same(await w.tx(us, async tx => await decideContacts(tx, [])), [])
  })

  t.test('facts that name a person or a number are not kept', async t => {
    const verdict = (await ask({ kind: 'contact', packs: ['US.FDCPA'], facts: newYork(), action: call })).json<Verdict>()
    const telling = { accountId: null, partyId: null, question: { kind: 'contact' as const, facts: newYork(), action: { ...call, number: '+12025550100' } }, verdict }
    await t.rejects(w.tx(us, async tx => await recordDecisions(tx, [telling])), /ids or hashes only/)
  })

  t.test('a lender does not learn of contacts about its rivals\' debts', async t => {
    t.throws(() => grant(lenderScopes, ['outreach:read']), { code: 'scope-not-grantable' })
    const lender = await w.lender(us)
    const { accountId } = await w.account(us, lender)
    const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
    const { decisionId } = await w.ok<{ decisionId: string }>(us, 'POST', '/v1/permits', { accountId, partyId: party!.partyId, channel: 'call' })
    for (const path of [`/v1/policy-decisions/${decisionId}`, `/v1/policy-decisions/${decisionId}/recomputation`]) {
      t.equal((await w.call(us, 'GET', path)).statusCode, 200)
      t.match((await w.call(lender, 'GET', path)).json(), { status: 404 }, 'its facts tell of contacts across lenders')
    }
    const principal = (await findTenant(w.db, us.id))!
    const count = async (lenderId: `len_${string}` | null) => (await w.db.withTenant({ ...principal, lenderId }, async tx => await tx.execute(sql`select id from policy_decisions`))).rows.length
    t.ok(await count(null) > 0)
    t.equal(await count(strangeId('lender') as `len_${string}`), 0, 'not even past the API')
    const key = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'no policy', scopes: ['tenant:read'] })
    for (const path of ['/v1/policy-packs', '/v1/policy-packs/US.MA', `/v1/policy-decisions/${strangeId('policyDecision')}`]) t.match((await w.call(key, 'GET', path)).json(), { status: 403, code: 'not-allowed' }, path)
    t.match((await w.call(us, 'GET', `/v1/policy-decisions/${strangeId('policyDecision')}`)).json(), { status: 404 })
  })
  t.same(w.failures, [])
})
