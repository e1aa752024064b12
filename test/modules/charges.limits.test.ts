import { sql } from 'drizzle-orm'
import fc from 'fast-check'
import t from 'tap'
import { compareR, divR, rational, wholeR } from '#kernel'
import type { Id } from '#kernel'
import { chargeThrough } from '../../src/modules/charges/core.ts'
import { noAccrual } from '../../src/modules/charges/accrual.core.ts'
import { askDays, asksBetween, compounds, limitsOn, within } from '../../src/modules/charges/limits.core.ts'
import type { InterestRules } from '../../src/modules/charges/accrual.core.ts'
import { typeOn, typesAfter } from '../../src/modules/lenders/core.ts'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import type { Agency, World } from '../world.ts'

const decisionId = 'dec_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' as Id<'policyDecision'>
const terms = (more: Partial<InterestRules> = {}): InterestRules => ({ rate: '24', unit: 'pct_year', dayCount: 'ACT/365F', values: [], ...more })

t.test('a rate is held in its limit, whatever it is a rate of', async t => {
  const table: [why: string, given: Partial<InterestRules>, max: string | null, cap: string | undefined][] = [
    ['no limit', {}, null, undefined], ['a limit', {}, '12.4', '12.4'], ['a lower agreed cap stays', { cap: '10' }, '12.4', '10'], ['a higher one gives way', { cap: '20' }, '12.4', '12.4'],
    ['nothing is allowed', {}, '0', '0'], ['per cent a month', { unit: 'pct_month' }, '12', '1'], ['per cent a day', { unit: 'pct_day' }, '36.5', '0.1'], ['per ten thousand a day', { unit: 'per10k_day' }, '36.5', '10'],
  ]
  for (const [why, given, max, cap] of table) t.equal(within(terms(given), { max, decisionId }).cap, cap, why)
  t.match(within(terms({ floor: '8' }), { max: '5', decisionId }), { cap: '5', floor: '5' }, 'no agreed floor lifts a rate over the law')
  fc.assert(fc.property(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: 0, max: 5_000 }), (agreed, max) => {
    const capped = within(terms({ cap: String(agreed / 100) }), { max: String(max / 100), decisionId }).cap!
    return compareR(rational(capped), divR(wholeR(Math.min(agreed, max)), wholeR(100))) === 0
  }))
})

t.test('the law is asked again each half-year, and what it said holds until then', async t => {
  t.same(asksBetween('2026-01-05', '2026-06-30'), [])
  t.same(asksBetween('2026-01-05', '2027-07-01'), ['2026-07-01', '2027-01-01', '2027-07-01'])
  const limits = [{ from: '2026-01-05' }, { from: '2026-07-01' }]
  t.same(['2026-01-01', '2026-01-05', '2026-06-30', '2026-07-01', '2030-01-01'].map(day => limitsOn(limits, day)?.from), ['2026-01-05', '2026-01-05', '2026-01-05', '2026-07-01', '2026-07-01'])
  t.equal(limitsOn([], '2026-01-01'), null)
  const types = { type: 'bank', formerTypes: [{ type: null, before: '2026-01-05' }, { type: 'trust', before: '2026-08-15' }] }
  t.same(askDays('2026-01-05', '2026-02-01', types), ['2026-01-05', '2026-07-01', '2026-08-15'], 'and when the lender became another, with the half-years before it')
})

t.test('a lender is of a type from a day on, or always was', async t => {
  const today = '2026-09-01'
  const unknown = { type: null, formerTypes: [] }
  t.same(typesAfter(unknown, 'bank', null, today), { type: 'bank', formerTypes: [] })
  const bank = typesAfter(unknown, 'bank', '2026-03-01', today)
  t.same(bank, { type: 'bank', formerTypes: [{ type: null, before: '2026-03-01' }] })
  const trust = typesAfter(bank, 'trust', '2026-06-01', today)
  t.same(['2026-02-28', '2026-03-01', '2026-05-31', '2026-06-01', '2027-01-01'].map(day => typeOn(trust, day)), [null, 'bank', 'bank', 'trust', 'trust'])
  t.same(typesAfter(trust, 'trust', '2026-05-01', today), { type: 'trust', formerTypes: [{ type: null, before: '2026-03-01' }, { type: 'bank', before: '2026-05-01' }] }, 'it was earlier')
  t.same(typesAfter(trust, 'trust', '2026-07-01', today).formerTypes.at(-1), { type: 'bank', before: '2026-06-01' }, 'it was already')
  t.same(typesAfter(trust, 'bank', null, today), { type: 'bank', formerTypes: [] }, 'all of it was wrong')
  t.throws(() => typesAfter(trust, 'bank', '2026-09-02', today), { code: 'lender-type-refused' })
})

t.test('interest bears interest only where the agreement compounds and the law does not forbid it', async t => {
  const forbidden = { max: '0', decisionId }
  t.same([compounds(terms(), null), compounds(terms({ compounding: 'none' }), null), compounds(terms({ compounding: 'daily' }), null), compounds(terms({ compounding: 'daily' }), { from: '2026-01-01', interestOnInterest: { max: null, decisionId } }),
    compounds(terms({ compounding: 'daily' }), { from: '2026-01-01', interestOnInterest: forbidden })], [false, false, true, true, false])
  // 36.5 % on 10,000.00: 10.00 a day, and 0.01 more on each day's interest. Forbidden from the 4th on.
  const days = (limits: object[]) => chargeThrough(
    { chargedThroughOn: '2026-01-01', interest: noAccrual, fees: { pending: [], charged: 0, lastOn: {} } }, { timeZone: 'UTC', dueOn: '2026-01-01', placedOn: '2026-01-01', owed: { principal: 10_000_00, interest: 0, penalty: 0, costs: 0 }, limits: limits as never },
    { interest: terms({ rate: '36.5', compounding: 'daily' }), lateFees: [] }, [], '2026-01-05').charges.map(({ amount, base }) => [amount, base])
  t.same(days([]), [[10_00, 10_000_00], [10_01, 10_010_00], [10_02, 10_020_01], [10_03, 10_030_03]])
  t.same(days([{ from: '2026-01-01' }, { from: '2026-01-04', interestOnInterest: forbidden }]), [[10_00, 10_000_00], [10_01, 10_010_00], [20_00, 10_000_00]], 'simple again')
  t.same(days([{ from: '2026-01-01', interestOnInterest: forbidden }]), [[40_00, 10_000_00]], 'simple throughout')
})

interface Charge { kind: string, rate: string, amount: number, policyDecisionId: string | null }

async function lender (w: World, us: Agency, type: string | null, terms: object) {
  const { id } = await w.ok<{ id: Id<'lender'> }>(us, 'POST', '/v1/lenders', { name: 'A lender', ...type !== null && { type } })
  const { key } = await w.ok<{ key: string }>(us, 'POST', `/v1/lenders/${id}/api-keys`, { name: 'Core banking' })
  await w.ok(us, 'POST', `/v1/lenders/${id}/agreements`, {
    currency: 'CNY', effectiveOn: '2020-01-01',
    terms: { commission: { base: ['principal'], rate: '0.2', vatRate: '0' }, interest: null, lateFees: [], allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 900, ...terms },
  })
  return { id, key }
}

t.test('what is charged is what the law allows at most, and each charge names the decision it rests on', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  await w.ok(us, 'POST', '/v1/reference-rates', { name: 'lpr1y', source: 'PBC', values: [{ effectiveOn: '2025-05-20', value: '3.00' }, { effectiveOn: '2025-10-20', value: '3.10' }] })
  const interest = { rate: '24', unit: 'pct_year', dayCount: 'ACT/365F' }
  const charged = async (type: string | null, agreed: object, debt: object = {}) => {
    const of = await lender(w, us, type, agreed)
    const { accountId } = await w.account(us, { ...us, ...of } as never, { balance: { principal: 3_650_00 }, ...debt })
    return { of, accountId }
  }
  const contractOn = '2025-06-01'
  const table = {
    // Fa Shi [2020] 17, articles 25, 28, 29: four times the one-year loan prime rate on the day of the contract: 12 % a year, 1.20 a day.
    capped: await charged('privateLender', { interest }, { contractOn }),
    within: await charged('privateLender', { interest: { ...interest, rate: '10' } }, { contractOn }),
    unknownContract: await charged('privateLender', { interest: { ...interest, rate: '10' } }),
    // Banks: half above the contract's rate at most (PBC [2003] 251). 9 %, 0.90 a day.
    bank: await charged('bank', { interest: { ...interest, contractRate: '6' } }),
    bankUnknown: await charged('bank', { interest }),
    finance: await charged('consumerFinance', { interest }),
    nobody: await charged(null, { interest }),
    fees: await charged('privateLender', { interest: null, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 1, amount: 10_00 }] }, { contractOn }),
  }
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  const chargesOf = async (accountId: string) => (await w.ok<{ data: Charge[] }>(us, 'GET', `/v1/accounts/${accountId}/charges?limit=200`)).data
  const sums: [keyof typeof table, number, string][] = [
    ['capped', 12_00, '10 days at 12 %'], ['within', 10_00, 'what is agreed is less'], ['unknownContract', 0, 'the day of the contract is not known: nothing is known to be allowed'],
    ['bank', 9_00, 'one and a half times the contract'], ['bankUnknown', 0, 'nobody said what the contract says'], ['finance', 24_00, 'no limit concerns a finance company'], ['nobody', 0, 'a lender of no kind may be of any'],
    ['fees', 0, 'a fee of which nobody knows what it is of a year'],
  ]
  for (const [name, sum, why] of sums) t.equal((await chargesOf(table[name].accountId)).reduce((total, { amount }) => total + amount, 0), sum, `${name}: ${why}`)
  const [first] = await chargesOf(table.capped.accountId)
  t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${first!.policyDecisionId!}`), { kind: 'charge', accountId: table.capped.accountId, verdict: { verdict: 'denied', maximum: { ratePercent: '12' } } })
  const refused = (await w.ok<{ data: { accountId: string, data: { object: { maximum: string, kind: string } } }[] }>(us, 'GET', '/v1/events?types=charge.refused&limit=200')).data
  t.same(refused.map(({ accountId, data: { object } }) => [Object.entries(table).find(([, one]) => one.accountId === accountId)![0], object.kind, object.maximum]).sort(), [
    ['bank', 'interest', '9'], ['bankUnknown', 'interest', '0'], ['capped', 'interest', '12'], ['fees', 'lateFee', '0'], ['nobody', 'interest', '0'], ['unknownContract', 'interest', '0'],
  ])

  // A lender that reports a payment before the night has begun to charge asks the law itself.
  const soon = await charged('privateLender', { interest }, { contractOn, placedOn: '2026-01-05' })
  await w.ok(soon.of, 'POST', '/v1/payments', { accountId: soon.accountId, amount: 12_00, currency: 'CNY', receivedOn: '2026-01-15', receivedBy: 'lender', method: 'cash' })
  t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${soon.accountId}`)).balance, { principal: 3_650_00, interest: 0 })
  t.equal((await w.call(soon.of, 'GET', `/v1/policy-decisions/${first!.policyDecisionId!}`)).statusCode, 404, 'another lender\'s decision does not exist')
  await checkBooks(t, w, us, 'limits')
  t.same(w.failures, [])
})

t.test('legal rates change with the half-year: the law is asked again, and a late fact finds what it said then', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'DE', timeZone: 'Europe/Berlin', now: '2026-06-25T08:00:00Z' })
  await w.ok(us, 'POST', '/v1/reference-rates', { name: 'basiszinssatz', source: 'Bundesbank', values: [{ effectiveOn: '2026-01-01', value: '2.30' }, { effectiveOn: '2026-07-01', value: '-1.35' }] })
  const of = await lender(w, us, 'bank', { interest: { rate: '12', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, { ...us, ...of } as never, { jurisdiction: 'DE', timeZone: 'Europe/Berlin', balance: { principal: 3_650_00 } })
  await w.liveUntil(us, '2026-07-10T08:00:00Z')
  // BGB 288: five points over the base rate: 7.30 % until 30 June, five days of 0.73; 3.65 % from 1 July, ten days of 0.365: 3.65 + 3.65.
  const owed = async () => (await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance
  t.match(await owed(), { interest: 7_30 })
  const rates = (await w.ok<{ data: Charge[] }>(us, 'GET', `/v1/accounts/${accountId}/charges?limit=200`)).data.map(({ rate }) => rate)
  t.same([...new Set(rates)], ['7.3', '3.65'])
  // 368.65 had come in on the 30th: of a consumer loan it settles principal first, whatever was agreed (BGB 497(3)).
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 365_00 + 3_65, currency: 'CNY', receivedOn: '2026-06-30', receivedBy: 'agency', method: 'cash' })
  // 3.65 until then, and ten days at 3.65 % of 3,281.35: 3.28135.
  t.match(await owed(), { principal: 3_281_35, interest: 6_93 })
  await checkBooks(t, w, us, 'half-years')
  t.same(w.failures, [])
})

const balanceOf = async (w: World, us: Agency, accountId: string) => (await w.ok<{ balance: { principal: number, interest: number } }>(us, 'GET', `/v1/accounts/${accountId}`)).balance
const correctionsOf = async (w: World, us: Agency, accountId: string) => (await w.ok<{ data: { cause: string, causeId: string, fromOn: string, moved: Record<string, number> }[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)).data
const refusalsOf = async (w: World, us: Agency, accountId: string) =>
  (await w.ok<{ data: { accountId: string, data: { object: { kind: string, from: string, maximum: string, rules: string[] } } }[] }>(us, 'GET', '/v1/events?types=charge.refused&limit=200')).data.filter(event => event.accountId === accountId).map(({ data }) => data.object)
const decisionsOf = async (w: World, us: Agency) => Number((await w.tx(us, async tx => await tx.execute(sql`select count(*) from policy_decisions`))).rows[0]!['count'])

t.test('a rate that limits are made of is known late, or corrected: the law is asked anew and the debt is lived again, once', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const record = async (value: string | null) => {
    await w.ok(us, 'POST', '/v1/reference-rates', { name: 'lpr1y', source: 'PBC', values: [{ effectiveOn: '2025-05-20', value }] })
    await w.settle(us)
  }
  const interest = { rate: '24', unit: 'pct_year', dayCount: 'ACT/365F' }
  const of = await lender(w, us, 'privateLender', { interest })
  const finance = await lender(w, us, 'consumerFinance', { interest })
  const debt = { balance: { principal: 3_650_00 }, contractOn: '2025-06-01' }
  const { accountId } = await w.account(us, { ...us, ...of } as never, debt)
  const later = await w.account(us, { ...us, ...of } as never, { ...debt, contractOn: '2025-05-19' })
  const free = await w.account(us, { ...us, ...finance } as never, debt)
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  t.match(await balanceOf(w, us, accountId), { interest: 0 }, 'nobody knows what is allowed')
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 50_00, currency: 'CNY', receivedOn: '2026-01-15', receivedBy: 'agency', method: 'cash' })
  t.match(await balanceOf(w, us, accountId), { principal: 3_600_00 })

  // Four times 3.00: 12 % a year from the first day, 1.20 a day: 12.00 in ten days, which the payment settles first.
  await record('3.00')
  t.match(await balanceOf(w, us, accountId), { principal: 3_612_00, interest: 0 })
  t.match(await correctionsOf(w, us, accountId), [{ cause: 'referenceRate', causeId: /^evt_/, fromOn: '2025-05-20', moved: { principal: 12_00, interest: 0 } }])
  t.match(await balanceOf(w, us, later.accountId), { interest: 0 }, 'on the day of its contract it is not known still')
  t.match(await balanceOf(w, us, free.accountId), { interest: 24_00 }, 'a debt that no limit concerns is what it was')
  t.match(await refusalsOf(w, us, accountId), [{ from: '2026-01-05', maximum: '0' }, { from: '2026-01-05', maximum: '12', rules: ['CN.PL.29'] }], 'both answers are kept and told')
  const live = (await w.ok<{ data: (Charge & { supersededBy: string | null })[] }>(us, 'GET', `/v1/accounts/${accountId}/charges?limit=200`)).data.filter(({ supersededBy }) => supersededBy === null)
  t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${live[0]!.policyDecisionId!}`), { facts: { rates: { lpr1yAtContract: '3.00' } }, verdict: { maximum: { ratePercent: '12' } } })

  // Everything again from the start: nothing is kept, posted or told twice.
  const before = await decisionsOf(w, us)
  await w.tx(us, async tx => await tx.execute(sql`update recomputations set due_at = ${tx.ctx.now.toISOString()}::timestamptz, reached = null`))
  await w.settle(us)
  t.equal(await decisionsOf(w, us), before)
  t.equal((await correctionsOf(w, us, accountId)).length, 1)

  // It was 2.50: 1.00 a day; and a night later it is charged by that.
  await record('2.50')
  t.match(await balanceOf(w, us, accountId), { principal: 3_610_00, interest: 0 })
  await w.liveUntil(us, '2026-01-25T09:00:00Z')
  t.match(await balanceOf(w, us, accountId), { principal: 3_610_00, interest: 9_89 }, 'ten days of 0.989')
  await record(null)
  t.match(await balanceOf(w, us, accountId), { principal: 3_600_00, interest: 0 }, 'taken back: nothing is known to be allowed')
  t.equal((await correctionsOf(w, us, accountId)).length, 3)
  await checkBooks(t, w, us, 'limits known late')
  t.same(w.failures, [])
})

t.test('interest and its limit may follow one rate: a correction moves both, in one entry', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'DE', timeZone: 'Europe/Berlin', now: '2026-06-25T08:00:00Z' })
  const record = async (effectiveOn: string, value: string) => {
    await w.ok(us, 'POST', '/v1/reference-rates', { name: 'basiszinssatz', source: 'Bundesbank', values: [{ effectiveOn, value }] })
    await w.settle(us)
  }
  const of = await lender(w, us, 'bank', { interest: { index: 'basiszinssatz', marginPoints: '9', unit: 'pct_year', dayCount: 'ACT/365F', reset: 'floatingSemiannual', compounding: 'daily' } })
  const { accountId } = await w.account(us, { ...us, ...of } as never, { jurisdiction: 'DE', timeZone: 'Europe/Berlin', balance: { principal: 3_650_00 } })
  await w.liveUntil(us, '2026-07-10T08:00:00Z')
  t.match(await balanceOf(w, us, accountId), { interest: 0 })
  // Nine points are agreed, five allowed (BGB 288): 7.30 % for five days, 0.73 each. Compounding is forbidden (BGB 289), so it stays simple.
  await record('2026-01-01', '2.30')
  t.match(await balanceOf(w, us, accountId), { interest: 10_95 }, 'the value holds on after June: fifteen days')
  await record('2026-07-01', '-1.35')
  t.match(await balanceOf(w, us, accountId), { interest: 7_30 }, '3.65 % for the ten days of July')
  t.same((await correctionsOf(w, us, accountId)).map(({ cause, fromOn, moved }) => [cause, fromOn, moved['interest']]), [['referenceRate', '2026-01-01', 10_95], ['referenceRate', '2026-07-01', -3_65]])
  const told = await refusalsOf(w, us, accountId)
  t.same(told.filter(({ kind }) => kind === 'interestOnInterest').map(({ from, maximum, rules }) => [from, maximum, rules]), [['2026-06-25', '0', ['DE.289']], ['2026-07-01', '0', ['DE.289']]], 'with the rule that forbids it')
  t.same(told.filter(({ kind }) => kind === 'interest').map(({ from, maximum }) => [from, maximum]), [['2026-06-25', '0'], ['2026-07-01', '0'], ['2026-06-25', '7.3'], ['2026-07-01', '7.3'], ['2026-07-01', '3.65']])
  await checkBooks(t, w, us, 'index and limit')
  t.same(w.failures, [])
})

t.test('a lender of another type: other laws concern its debts, from a day on or from the beginning', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  await w.ok(us, 'POST', '/v1/reference-rates', { name: 'lpr1y', source: 'PBC', values: [{ effectiveOn: '2025-05-20', value: '3.00' }] })
  const of = await lender(w, us, null, { interest: { rate: '24', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const other = await lender(w, us, null, { interest: { rate: '24', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const debt = { balance: { principal: 3_650_00 }, contractOn: '2025-06-01' }
  const { accountId } = await w.account(us, { ...us, ...of } as never, debt)
  const theirs = await w.account(us, { ...us, ...other } as never, debt)
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  t.match(await balanceOf(w, us, accountId), { interest: 0 }, 'a lender of no kind may be of any')
  const change = async (body: object) => await w.call(us, 'PATCH', `/v1/lenders/${of.id}`, body)

  t.match((await change({ type: 'consumerFinance' })).json(), { id: of.id, name: 'A lender', type: 'consumerFinance', formerTypes: [] })
  await w.settle(us)
  t.match(await balanceOf(w, us, accountId), { interest: 24_00 }, 'it always was: ten days of 2.40')
  t.match((await change({ type: 'privateLender', typeSince: '2026-01-11' })).json(), { type: 'privateLender', formerTypes: [{ type: 'consumerFinance', before: '2026-01-11' }] })
  await w.settle(us)
  t.match(await balanceOf(w, us, accountId), { interest: 18_00 }, 'five days of 2.40, and from the 11th on five of 1.20')
  t.match(await balanceOf(w, us, theirs.accountId), { interest: 0 }, 'another lender\'s debts are what they were')
  const since = await w.account(us, { ...us, ...of } as never, { ...debt, placedOn: '2026-01-05' })
  await w.liveUntil(us, '2026-01-16T09:00:00Z')
  t.match([await balanceOf(w, us, accountId), await balanceOf(w, us, since.accountId)], [{ interest: 19_20 }, { interest: 19_20 }], 'a debt placed since, for the same day, is charged alike')
  t.same((await correctionsOf(w, us, accountId)).map(({ cause, fromOn, moved }) => [cause, fromOn, moved['interest']]), [['lenderType', '2026-01-05', 24_00], ['lenderType', '2026-01-11', -6_00]])

  t.match((await change({ name: 'Another name' })).json(), { name: 'Another name', type: 'privateLender' })
  t.match((await change({ type: 'privateLender', typeSince: '2026-01-11' })).json(), { name: 'Another name' }, 'what is as it was is no change')
  await w.settle(us)
  t.same((await w.ok<{ data: { data: { object: object } }[] }>(us, 'GET', '/v1/events?types=lender.updated')).data.map(({ data: { object } }) => object), [
    { lenderId: of.id, isTypeChanged: true, typeSince: null }, { lenderId: of.id, isTypeChanged: true, typeSince: '2026-01-11' }, { lenderId: of.id, isTypeChanged: false, typeSince: null },
  ])
  t.match((await change({ type: 'bank', typeSince: '2026-01-17' })).json(), { status: 422, code: 'lender-type-refused', errors: [{ pointer: '/typeSince' }] }, 'what is to come is told when it has')
  t.match((await change({ typeSince: '2026-01-11' })).json(), { status: 422, code: 'lender-type-refused' })
  t.equal((await change({})).statusCode, 400)
  t.equal((await change({ name: '' })).statusCode, 400)
  t.equal((await w.call(of, 'PATCH', `/v1/lenders/${of.id}`, { name: 'Mine' })).statusCode, 403, 'a lender does not say itself what it is')
  t.equal((await w.call(await w.agency(), 'PATCH', `/v1/lenders/${of.id}`, { name: 'Mine' })).statusCode, 404)
  await checkBooks(t, w, us, 'lender of another type')
  t.same(w.failures, [])
})

t.test('an agreement that compounds is charged compound interest where no law forbids it', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const of = await lender(w, us, 'consumerFinance', { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F', compounding: 'daily' } })
  const { accountId } = await w.account(us, { ...us, ...of } as never, { balance: { principal: 10_000_00 } })
  await w.liveUntil(us, '2026-01-09T09:00:00Z')
  t.match(await balanceOf(w, us, accountId), { interest: 40_06 }, '10.00, 10.01, 10.02, 10.03')
  t.same(await refusalsOf(w, us, accountId), [])
  await checkBooks(t, w, us, 'compound')
  t.same(w.failures, [])
})

t.test('rules of the agency\'s own bound what is charged, and a lender\'s its debts alone', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const cap = (constant: string) => [{ code: 'RATE', says: 'No more than that.', kind: 'rateCap', base: 'constant', constant, components: ['overdueInterest'] }]
  const of = await lender(w, us, 'consumerFinance', { interest: { rate: '24', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const other = await lender(w, us, 'consumerFinance', { interest: { rate: '24', unit: 'pct_year', dayCount: 'ACT/365F' } })
  await w.ok(us, 'POST', '/v1/house-rules', { code: 'CAP', title: 'Ours', jurisdiction: 'CN', effectiveFrom: '2026-01-05', rules: cap('0.2') })
  await w.ok(us, 'POST', '/v1/house-rules', { code: 'LESS', title: 'Theirs', lenderId: of.id, jurisdiction: 'CN', effectiveFrom: '2026-01-05', rules: cap('0.1') })
  const [theirs, ours, early] = [await w.account(us, { ...us, ...of } as never, { balance: { principal: 3_650_00 } }), await w.account(us, { ...us, ...other } as never, { balance: { principal: 3_650_00 } }), await w.account(us, { ...us, ...other } as never, { balance: { principal: 3_650_00 }, placedOn: '2026-01-04' })]
  // The lender's own report may be what begins to charge: the agency's rules bind it as well.
  await w.ok(other, 'POST', '/v1/payments', { accountId: ours.accountId, amount: 1, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'lender', method: 'cash' })
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  t.match([await balanceOf(w, us, theirs.accountId), await balanceOf(w, us, ours.accountId)], [{ interest: 10_00 }, { principal: 3_649_99, interest: 20_00 }], 'ten days of 1.00; of 2.00')
  t.match(await balanceOf(w, us, early.accountId), { interest: 26_40 }, 'a debt of the day before is charged as the law was, until it is asked again')
  t.match(await refusalsOf(w, us, theirs.accountId), [{ kind: 'interest', maximum: '10', rules: [/^ZZ\.OWN\.CAP\.RATE$/, /^ZZ\..*\.LESS\.RATE$/] }])
  t.same(w.failures, [])
})
