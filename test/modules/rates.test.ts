import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import type { As } from '../world.ts'

interface Charge { kind: string, fromOn: string, toOn: string, base: number, rate: string, amount: number, supersededBy: string | null }
interface Correction { cause: string, causeId: string, fromOn: string, moved: Record<string, number>, journalEntryId: string | null }

t.test('reference rates are imported, corrected and told as they were known', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const lender = await w.lender(us)
  const record = async (as: As, values: object[], name = 'lpr1y') => await w.call(as, 'POST', '/v1/reference-rates', { name, source: 'announcement', values })
  const valuesOf = async (as: As, knownAt?: string) => (await w.ok<{ data: object[] }>(as, 'GET', `/v1/reference-rate-values?name=lpr1y${knownAt === undefined ? '' : `&knownAt=${knownAt}`}`)).data

  t.match((await record(us, [{ effectiveOn: '2026-01-20', value: '3.00' }, { effectiveOn: '2025-12-20', value: '3.10' }])).json(), { recorded: 2, unchanged: 0, fromOn: '2025-12-20' })
  t.match((await record(us, [{ effectiveOn: '2026-01-20', value: '3.00' }, { effectiveOn: '2025-12-20', value: '3.10' }])).json(), { recorded: 0, unchanged: 2, fromOn: null }, 'the same file again')
  t.match((await record(us, [{ effectiveOn: '2025-11-20', value: null }])).json(), { recorded: 0 }, 'what was never there cannot be taken back')
  await w.liveUntil(us, '2026-01-07T00:00:00Z')
  t.match((await record(us, [{ effectiveOn: '2025-12-20', value: '3.05' }, { effectiveOn: '2026-01-20', value: null }])).json(), { recorded: 2, fromOn: '2025-12-20' })
  t.same(await valuesOf(us), [{ effectiveOn: '2025-12-20', value: '3.05' }])
  t.same(await valuesOf(us, '2026-01-06T00:00:00Z'), [{ effectiveOn: '2025-12-20', value: '3.10' }, { effectiveOn: '2026-01-20', value: '3.00' }], 'as it was known on the 6th')
  t.equal((await w.ok<{ data: unknown[] }>(us, 'GET', '/v1/reference-rates?name=lpr1y')).data.length, 4, 'nothing recorded is lost')
  t.same(await valuesOf(them), [], 'another agency keeps its own')
  t.match((await record(us, [{ effectiveOn: '2026-01-20', value: '3' }, { effectiveOn: '2026-01-20', value: '4' }])).json(), { status: 422, code: 'rate-values-contradict', errors: [{ pointer: '/values/1/effectiveOn' }] })
  for (const [why, name, values] of [['a day that does not exist', 'lpr1y', [{ effectiveOn: '2026-02-30', value: '3' }]], ['a rate in words', 'lpr1y', [{ effectiveOn: '2026-02-20', value: 'three' }]], ['no value', 'lpr1y', []], ['a strange name', 'LPR 1Y', [{ effectiveOn: '2026-02-20', value: '3' }]]] as const) {
    t.equal((await record(us, [...values], name)).statusCode, 400, why)
  }
  t.equal((await record(lender, [{ effectiveOn: '2026-01-20', value: '9' }])).statusCode, 403, 'a lender sets no rates')
  t.equal((await w.call(lender, 'GET', '/v1/reference-rates')).statusCode, 403)
  t.same(w.failures, [])
})

t.test('a rate that was published wrong is corrected, and every debt that follows it is computed anew, once', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const record = async (effectiveOn: string, value: string) => await w.ok(us, 'POST', '/v1/reference-rates', { name: 'courtRate', source: 'mncourts.gov', values: [{ effectiveOn, value }] })
  await record('2025-01-01', '26.5')
  const lender = await w.lender(us, {
    commission: { base: ['principal'], rate: '0.2', vatRate: '0' }, interest: { index: 'courtRate', marginPoints: '10', unit: 'pct_year', dayCount: 'ACT/365F', reset: 'floatingDaily' },
  })
  const fixed = await w.lender(us, { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00 } })
  const other = await w.account(us, fixed, { balance: { principal: 1_000_00 } })
  // 36.5 % a year on 1,000.00 is 1.00 a day. On the 15th 10.00 are owed; 110.00 settle them and 100.00 of principal; 0.90 a day from the 16th.
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 110_00, currency: 'CNY', receivedOn: '2026-01-15', receivedBy: 'agency', method: 'cash' })
  await w.liveUntil(us, '2026-01-25T09:00:00Z')
  const balanceOf = async (id: string) => (await w.ok<{ balance: { principal: number, interest: number } }>(us, 'GET', `/v1/accounts/${id}`)).balance
  t.match(await balanceOf(accountId), { principal: 900_00, interest: 9_00 })

  // From the 11th on it was 8.25 + 10 = 18.25 %: 0.50 a day. By the 15th 5.00 + 2.50 are owed; 102.50 settle principal, 897.50 are left: 0.44875 a day, 4.4875 in ten days.
  await record('2026-01-11', '8.25')
  await w.settle(us)
  t.match(await balanceOf(accountId), { principal: 897_50, interest: 4_49 })
  t.match(await balanceOf(other.accountId), { interest: 20_00 }, 'a fixed rate follows nothing')
  const corrections = (await w.ok<{ data: Correction[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)).data
  t.match(corrections, [{ cause: 'referenceRate', causeId: /^evt_/, fromOn: '2026-01-11', moved: { principal: -2_50, interest: -4_51 } }])
  const entries = (await w.ok<{ data: { kind: string, commission: number }[] }>(us, 'GET', `/v1/commission-entries?accountId=${accountId}`)).data
  t.same(entries.map(({ kind, commission }) => [kind, commission]), [['accrual', 20_00], ['clawback', -20_00], ['accrual', 20_50]], 'commission follows what the payment settles now')
  t.match((await w.ok<{ data: { type: string, data: object }[] }>(us, 'GET', '/v1/events?types=ledger.corrected')).data, [{ data: { object: { cause: 'referenceRate', paymentId: null, accountId } } }])

  // Corrected back to what was wrong: the debt is what it was, to the cent.
  await record('2026-01-11', '26.5')
  await w.settle(us)
  t.match(await balanceOf(accountId), { principal: 900_00, interest: 9_00 })
  const live = (await w.ok<{ data: Charge[] }>(us, 'GET', `/v1/accounts/${accountId}/charges?limit=200`)).data.filter(({ supersededBy }) => supersededBy === null)
  t.equal(live.reduce((sum, { amount }) => sum + amount, 0), 19_00)
  await record('2026-06-01', '1')
  await w.settle(us)
  t.equal((await w.ok<{ data: Correction[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)).data.length, 2, 'what is to come corrects nothing')
  await checkBooks(t, w, us, 'rates corrected')
  t.same(w.failures, [])
})

t.test('a rate that is not known yet earns nothing until it is, and then from the first day', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us, { interest: { index: 'basiszinssatz', marginPoints: '5', unit: 'pct_year', dayCount: 'ACT/365F', reset: 'floatingSemiannual' } })
  const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance, { interest: 0 })
  await w.ok(us, 'POST', '/v1/reference-rates', { name: 'basiszinssatz', source: 'Bundesbank', values: [{ effectiveOn: '2026-01-01', value: '1.25' }] })
  await w.settle(us)
  // 1,000.00 at 6.25 %: 1.7123 in ten days. A lender that reports a payment meets the same rate.
  t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance, { interest: 1_71 })
  await w.ok(lender, 'POST', '/v1/payments', { accountId, amount: 1_71, currency: 'CNY', receivedOn: '2026-01-15', receivedBy: 'lender', method: 'cash' })
  await w.liveUntil(us, '2026-01-25T09:00:00Z')
  t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance, { principal: 1_000_00, interest: 1_71 }, '3.42 in twenty days')
  await checkBooks(t, w, us, 'rates known late')
  t.same(w.failures, [])
})

t.test('a hold that began earlier takes back what was charged meanwhile', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us, { interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 5, amount: 25_00 }] })
  const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-20T09:00:00Z')
  t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance, { interest: 15_00, penalty: 25_00 })
  t.match((await w.call(us, 'POST', '/v1/holds', { accountId, kind: 'bankruptcy', startsAt: '2026-01-21T00:00:00Z' })).json(), { status: 422, code: 'hold-start-future', errors: [{ pointer: '/startsAt' }] })
  // The court opened proceedings on the 8th at noon in Shanghai: the 9th is the first day without interest. 3.00 for the 6th to the 8th.
  await w.ok(us, 'POST', '/v1/holds', { accountId, kind: 'bankruptcy', startsAt: '2026-01-08T04:00:00Z' })
  await w.settle(us)
  t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance, { principal: 1_000_00, interest: 3_00, penalty: 0 })
  t.match((await w.ok<{ data: Correction[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)).data, [{ cause: 'hold', fromOn: '2026-01-08', moved: { interest: -12_00, penalty: -25_00 } }])
  await w.liveUntil(us, '2026-01-30T09:00:00Z')
  t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance, { interest: 3_00 })
  await checkBooks(t, w, us, 'a hold that began earlier')
  t.same(w.failures, [])
})
