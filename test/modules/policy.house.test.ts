import t from 'tap'
import { decide } from '../../src/modules/policy/core.ts'
import type { Action, Facts } from '../../src/modules/policy/facts.core.ts'
import { checkExemption, housePack, packsIn, plainLaw } from '../../src/modules/policy/house.core.ts'
import type { Exemption, HouseRules, HouseRulesInput } from '../../src/modules/policy/house.core.ts'
import { library, selectPacks } from '../../src/modules/policy/library.core.ts'
import { answer, recompute } from '../../src/modules/policy/questions.core.ts'
import type { Id } from '../../src/kernel/index.ts'
import { world } from '../world.ts'
import type { As } from '../world.ts'

const bank = 'len_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' as Id<'lender'>
const noSundays = { code: 'SUNDAY', says: 'No calls on Sundays.', kind: 'timeWindow', channels: ['call'], windows: [{ days: [1, 2, 3, 4, 5, 6], from: '09:00', to: '19:00' }] }
const quiet: HouseRulesInput = { code: 'QUIET', title: 'Quieter than the law', jurisdiction: 'CN', effectiveFrom: '2026-01-01', rules: [noSundays as never] }
const own = (input: Partial<HouseRulesInput> = {}, edition = 1, lenderId: Id<'lender'> | null = null): HouseRules => ({ pack: housePack({ ...quiet, ...input }, lenderId, edition), lenderId, edition })
const selection = { jurisdiction: 'CN', product: 'consumerLoan', borrowerType: 'consumer', lenderType: 'bank', collectorRole: 'agency', on: '2026-01-11' }
const facts: Facts = { timeZones: ['Asia/Shanghai'], borrowerType: 'consumer', history: [] }
/** Sunday, 11 January 2026, 15:00 in Shanghai. */
const call: Action = { at: '2026-01-11T07:00:00Z', channel: 'call', debts: ['D1'], party: 'borrower', person: 'P1', number: 'N1', collector: 'A' }
const names = (packs: readonly { id: string, version: string }[]): string[] => packs.map(({ id, version }) => `${id}:${version}`)

t.test('own rules come on top of the law, from their day on, for those they are for; the newest edition holds', async t => {
  const law = names(selectPacks(selection))
  const cases: [own: HouseRules[], asked: Id<'lender'> | null, on: string, added: string[]][] = [
    [[], bank, '2026-01-11', []],
    [[own()], bank, '2026-01-11', ['ZZ.OWN.QUIET:2026-01-01.1']],
    [[own()], bank, '2025-12-31', []],
    [[own({ effectiveTo: '2026-01-10' })], bank, '2026-01-11', []],
    [[own(), own({ effectiveFrom: '2026-01-10' }, 2)], bank, '2026-01-11', ['ZZ.OWN.QUIET:2026-01-10.2']],
    [[own(), own({ effectiveFrom: '2026-01-12' }, 2)], bank, '2026-01-11', ['ZZ.OWN.QUIET:2026-01-01.1']],
    [[own({ rules: [] }, 2), own()], bank, '2026-01-11', []],
    [[own({}, 1, bank)], bank, '2026-01-11', ['ZZ.0D7F5C1B2E44.QUIET:2026-01-01.1']],
    [[own({}, 1, bank)], 'len_other' as Id<'lender'>, '2026-01-11', []],
    [[own({}, 1, bank), own()], bank, '2026-01-11', ['ZZ.0D7F5C1B2E44.QUIET:2026-01-01.1', 'ZZ.OWN.QUIET:2026-01-01.1']],
    [[own({ jurisdiction: 'US' })], bank, '2026-01-11', []],
    [[own({ products: ['creditCard'] })], bank, '2026-01-11', []],
    [[own({}, 10), own({}, 9)], bank, '2026-01-11', ['ZZ.OWN.QUIET:2026-01-01.10']],
  ]
  for (const [own, asked, on, added] of cases) t.same(names(packsIn({ own, exemptions: [] }, { ...selection, on }, asked)).filter(name => !law.includes(name)), added)
  t.same(packsIn(plainLaw, selection, bank), selectPacks(selection))
})

t.test('own rules only tighten: what they forbid waits, and where there is no law they are none', async t => {
  t.equal(decide(selectPacks(selection), facts, call).verdict, 'allowed')
  const law = { own: [own()], exemptions: [] }
  t.match(decide(packsIn(law, selection, bank), facts, call), { verdict: 'wait', earliestAllowedAt: '2026-01-12T01:00:00Z', reasons: [{ rule: 'ZZ.OWN.QUIET.SUNDAY', says: 'No calls on Sundays.' }] })
  t.same(packsIn({ own: [own({ jurisdiction: 'BR' })], exemptions: [] }, { ...selection, jurisdiction: 'BR' }, bank), [], 'a country whose law we do not have')
})

t.test('a rule that was set aside is asked no more, is named by every decision, and that is made again to the byte', async t => {
  const exemption: Exemption = { packId: 'CN.GBT45251', ruleId: 'CN.GBT.TIME', lenderId: null, from: '2026-01-01', expiresOn: '2026-01-11' }
  const night: Action = { ...call, at: '2026-01-10T15:00:00Z' }
  const packs = (more: Partial<Exemption>, on = '2026-01-11') => packsIn({ own: [], exemptions: [{ ...exemption, ...more }] }, { ...selection, on }, bank)
  const rules = (of: ReturnType<typeof packs>): string[] => decide(of, facts, night).reasons.map(({ rule }) => rule)
  t.ok(rules(selectPacks(selection)).includes('CN.GBT.TIME'))
  t.notOk(rules(packs({})).includes('CN.GBT.TIME'))
  t.ok(rules(packs({ lenderId: 'len_other' as Id<'lender'> })).includes('CN.GBT.TIME'))
  t.ok(rules(packs({}, '2026-01-12')).includes('CN.GBT.TIME'), 'it ends with its day')
  t.ok(rules(packs({ from: '2026-01-12' })).includes('CN.GBT.TIME'))
  const without = [...packs({}), own().pack]
  const verdict = answer(without, { kind: 'contact', facts, action: night })
  t.match(verdict.packVersions, { 'CN.GBT45251': /-CN\.GBT\.TIME$/ })
  t.equal(JSON.stringify(recompute({ kind: 'contact', packVersions: verdict.packVersions, facts, action: night }, [own().pack])), JSON.stringify(verdict))
  t.throws(() => recompute({ kind: 'contact', packVersions: verdict.packVersions, facts, action: night }), /gone: ZZ\.OWN\.QUIET/)
})

t.test('what yields can be set aside for a year at most, what is mandatory never', async t => {
  const input = { packId: 'CN.GBT45251', ruleId: 'CN.GBT.TIME', reason: 'legalOpinion', explanation: 'x', expiresOn: '2026-06-30' } as const
  t.match(checkExemption(input, '2026-01-05'), { strength: 'voluntary' })
  const cases: [more: object, code: string][] = [
    [{ ruleId: 'CN.GBT.NONE' }, 'rule-unknown'], [{ packId: 'CN.NONE' }, 'rule-unknown'], [{ packId: 'US.FDCPA' }, 'rule-unknown'], [{ expiresOn: '2026-01-04' }, 'exemption-period-refused'], [{ expiresOn: '2027-02-01' }, 'exemption-period-refused'],
  ]
  for (const [more, code] of cases) t.throws(() => checkExemption({ ...input, ...more }, '2026-01-05'), { code }, JSON.stringify(more))
  for (const pack of library.filter(({ effectiveTo }) => effectiveTo === null)) {
    for (const { id, strength } of pack.rules) {
      const ask = () => checkExemption({ ...input, packId: pack.id, ruleId: id, expiresOn: '2027-05-01' }, '2027-01-05')
      if (strength === 'mandatory') t.throws(ask, { code: 'rule-mandatory' }, id)
      else t.doesNotThrow(ask, id)
    }
  }
})

t.test('rules of one\'s own through the API', async t => {
  const w = await world()
  t.teardown(w.close)
  // Sunday, 15:00 in Shanghai.
  const us = await w.agency({ now: '2026-01-11T07:00:00Z' })
  const lender = await w.lender(us)
  const other = await w.lender(us)
  const them = await w.agency()
  const { accountId } = await w.account(us, lender, { placedOn: '2026-01-10' })
  const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  const ask = async () => await w.ok<{ verdict: string, decisionId: string, reasons: { rule: string }[] }>(us, 'POST', '/v1/permits', { accountId, partyId: party!.partyId, channel: 'call' })
  const set = async (as: As, more: object = {}) => await w.call(as, 'POST', '/v1/house-rules', { ...quiet, effectiveFrom: '2026-01-11', ...more })

  await t.test('they hold at once, and decisions rest on the edition of their time', async t => {
    t.match(await ask(), { verdict: 'allowed' })
    t.match((await set(us)).json(), { id: /^hsr_/, edition: 1, lenderId: null, code: 'QUIET', rules: [{ code: 'SUNDAY' }] })
    const refused = await ask()
    t.match(refused, { verdict: 'wait', reasons: [{ rule: 'ZZ.OWN.QUIET.SUNDAY' }] })
    t.match((await set(us, { rules: [] })).json(), { edition: 2 })
    t.match(await ask(), { verdict: 'allowed' })
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${refused.decisionId}/recomputation`), { isSame: true, verdict: { verdict: 'wait' } })
  })

  await t.test('a lender sets them for its own debts, and sees no other lender\'s', async t => {
    const theirs = (await set(other, { lenderId: lender.id })).json<{ id: string, lenderId: string }>()
    t.equal(theirs.lenderId, other.id, 'a lender speaks for itself')
    t.match(await ask(), { verdict: 'allowed' }, 'another lender\'s debts')
    const mine = (await set(lender)).json<{ id: string }>()
    t.match(await ask(), { verdict: 'wait' })
    t.match((await w.call(lender, 'GET', `/v1/house-rules/${theirs.id}`)).json(), { status: 404 })
    const seen = await w.ok<{ data: { id: string, lenderId: string | null }[] }>(lender, 'GET', '/v1/house-rules')
    t.same(seen.data.map(({ lenderId }) => lenderId), [null, null, lender.id])
    t.match((await w.call(them, 'GET', `/v1/house-rules/${mine.id}`)).json(), { status: 404 })
    t.same((await w.ok<{ data: object[] }>(them, 'GET', '/v1/house-rules')).data, [])
  })

  await t.test('sets of a name made at once are editions one after the other', async t => {
    const editions = (await Promise.all(Array.from({ length: 8 }, async () => (await set(us, { code: 'MANY' })).json<{ edition: number }>().edition))).sort()
    t.same(editions, [1, 2, 3, 4, 5, 6, 7, 8])
  })

  await t.test('what cannot be kept is refused with a pointer, and nothing stays behind', async t => {
    const before = (await w.ok<{ data: object[] }>(us, 'GET', '/v1/house-rules')).data.length
    const cases: [more: object, answer: object][] = [
      [{ effectiveFrom: '2026-01-10' }, { code: 'house-rules-past', errors: [{ pointer: '/effectiveFrom' }] }],
      [{ effectiveTo: '2026-01-01' }, { code: 'house-rules-refused', errors: [{ pointer: '/effectiveTo' }] }],
      [{ rules: [{ ...noSundays, windows: [] }] }, { code: 'house-rules-refused', errors: [{ pointer: '/rules/0' }] }],
      [{ rules: [noSundays, noSundays] }, { code: 'house-rules-refused', errors: [{ pointer: '/rules' }] }],
      [{ rules: [{ code: 'X', says: 'x', kind: 'limitation', years: 1 }] }, { status: 400 }],
      [{ rules: [{ code: 'X', says: 'x', kind: 'denyIf', when: { field: 'action.nonsense', eq: true }, lift: null }] }, { code: 'house-rules-refused', errors: [{ pointer: '/rules/0' }] }],
      [{ rules: [{ code: 'X', says: 'x', kind: 'denyIf', act: 'keepPersonalData', when: { field: 'flags.consentGiven', eq: true }, lift: null }] }, { code: 'house-rules-refused' }],
      [{ lenderId: 'len_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' }, { status: 404 }],
    ]
    for (const [more, expected] of cases) t.match((await set(us, more)).json(), expected, JSON.stringify(more))
    t.equal((await w.ok<{ data: object[] }>(us, 'GET', '/v1/house-rules')).data.length, before)
  })

  await t.test('only compliance sets a rule aside, with reason and end, and takes it back', async t => {
    const exempt = { packId: 'CN.GBT45251', ruleId: 'CN.GBT.TIME', reason: 'legalOpinion', explanation: 'Counsel, 2 January 2026.', expiresOn: '2026-06-30' }
    const staff = async (role: string) => {
      const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: 'Somebody', email: `${role}@example.com`, role })
      return await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', staffId: id, name: role })
    }
    for (const role of ['manager', 'collector', 'finance', 'readonly']) t.match((await w.call(await staff(role), 'POST', '/v1/policy-exemptions', exempt)).json(), { status: 403 }, role)
    t.match((await w.call(lender, 'POST', '/v1/policy-exemptions', exempt)).json(), { status: 403 })
    const compliance = await staff('compliance')
    const granted = await w.ok<{ id: string }>(compliance, 'POST', '/v1/policy-exemptions', exempt)
    t.match(granted, { id: /^exm_/, strength: 'voluntary', fromOn: '2026-01-11', endedAt: null, grantedById: /^stf_/ })
    t.match((await w.call(compliance, 'POST', '/v1/policy-exemptions', { ...exempt, packId: 'US.FDCPA', ruleId: 'US.F.6B1.TIME' })).json(), { status: 422, code: 'rule-mandatory' })
    t.match(await w.ok(us, 'GET', `/v1/policy-exemptions/${granted.id}`), { explanation: 'Counsel, 2 January 2026.' })
    t.match((await w.call(them, 'GET', `/v1/policy-exemptions/${granted.id}`)).json(), { status: 404 })
    t.match(await w.ok(compliance, 'POST', `/v1/policy-exemptions/${granted.id}/end`), { endedAt: '2026-01-11T07:00:00Z' })
    t.match((await w.call(compliance, 'POST', `/v1/policy-exemptions/${granted.id}/end`)).json(), { status: 409, code: 'exemption-ended' })
  })
})
