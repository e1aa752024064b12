import fc from 'fast-check'
import t from 'tap'
import { compareR, divR, rational, wholeR } from '#kernel'
import type { Id } from '#kernel'
import { asksBetween, limitsOn, within } from '../../src/modules/charges/limits.core.ts'
import type { InterestRules } from '../../src/modules/charges/accrual.core.ts'
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
  t.equal((await w.call(soon.of, 'GET', `/v1/policy-decisions/${first!.policyDecisionId!}`)).statusCode, 403, 'decisions are the agency\'s to read')
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
