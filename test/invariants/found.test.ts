import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'

/*
 * What the auditor found, each by itself and as small as it can be told.
 */

const w = await world()
t.teardown(w.close)

const agency = async () => await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T06:00:00Z' })
const interest = { rate: '36.5', unit: 'pct_year' as const, dayCount: 'ACT/365F' as const }
type Us = Awaited<ReturnType<typeof agency>>
const pay = async (us: Us, accountId: string, amount: number, receivedOn: string, receivedBy = 'agency'): Promise<string> =>
  (await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy, method: 'cash' })).id
const undo = async (us: Us, id: string, reversedOn: string): Promise<void> => { await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'clerical', reversedOn }) }

t.test('a payment undone that is not missed, since another covers the debt, leaves the debt closed', async t => {
  const us = await agency()
  const { accountId, placementId } = await w.account(us, await w.lender(us), { timeZone: 'UTC', balance: { principal: 100_00 } })
  const first = await pay(us, accountId, 60_00, '2026-01-05')
  await w.liveUntil(us, '2026-01-06T06:00:00Z')
  await pay(us, accountId, 200_00, '2026-01-06')
  // 60.00 and 40.00 settle the debt, and 160.00 are overpaid. Without the 60.00, the 200.00 settle it alone, and 100.00 are.
  await undo(us, first, '2026-01-05')
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { total: 0 } })
  t.match(await checkBooks(t, w, us, 'not missed'), { 'T.REFUND': -100_00, 'C.COLLECTED_AGENCY': 100_00 })
  t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'closed' })
})

t.test('what comes back to a debt that was recalled leaves the books when it comes or when the debt did, whichever is later: no part is ever below zero', async t => {
  const us = await agency()
  const lender = await w.lender(us, { interest })
  const { accountId, placementId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  const paid = await pay(us, accountId, 500_00, '2026-01-05')
  await w.liveUntil(us, '2026-01-15T06:00:00Z')
  await w.ok(lender, 'POST', `/v1/placements/${placementId}/recall`, {})
  await w.liveUntil(us, '2026-01-16T06:00:00Z')
  await undo(us, paid, '2026-01-05')
  // 1.00 a day on 1,000.00: 5.00 on the 10th, 10.00 on the 15th, when all of it goes.
  const owed = async (on: string) => (await w.ok<{ balance: Record<string, number> }>(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=${on}`)).balance
  t.match(await owed('2026-01-10'), { principal: 1_000_00, interest: 5_00 })
  t.match(await owed('2026-01-14'), { principal: 1_000_00, interest: 9_00 })
  t.match(await owed('2026-01-15'), { total: 0 })
})

t.test('a payment that a late one moved to other parts gives back the parts it settles now, also when it is undone in time', async t => {
  const us = await agency()
  const lender = await w.lender(us, { interest, allocation: ['principal', 'interest', 'penalty', 'costs'] })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00, costs: 50_00 } })
  await w.liveUntil(us, '2026-01-10T06:00:00Z')
  const paid = await pay(us, accountId, 300_00, '2026-01-10')
  // 950.00 of the 7th are told late: the 300.00 settle the last 50.00 of principal, then interest and costs. Interest: 1.00 on the 6th and 7th, 0.05 after that.
  await pay(us, accountId, 950_00, '2026-01-07', 'lender')
  t.match(await w.ok(us, 'GET', `/v1/payments/${paid}`), { allocated: { principal: 50_00, interest: 2_15, costs: 50_00 }, overpaid: 197_85 })
  await undo(us, paid, '2026-01-10')
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 50_00, interest: 2_15, penalty: 0, costs: 50_00 } })
  await checkBooks(t, w, us, 'moved and undone')
})

t.test('a fact told late and undone for its own day leaves the interest of every day as it was, also where the debt owed no principal meanwhile', async t => {
  const us = await agency()
  const { accountId } = await w.account(us, await w.lender(us, { interest }), { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-12T06:00:00Z')
  const owed = async () => (await w.ok<{ balance: Record<string, number> }>(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=2026-01-09`)).balance
  t.match(await owed(), { interest: 4_00 })
  await undo(us, await pay(us, accountId, 2_000_00, '2026-01-06'), '2026-01-06')
  await w.settle(us)
  t.match(await owed(), { interest: 4_00 })
})

t.test('money that turns out to be overpaid after it was passed on is made the lender\'s debt to trust, not another lender\'s loss', async t => {
  const us = await agency()
  const lender = await w.lender(us, { commission: { base: ['principal'], rate: '0', vatRate: '0' } })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-08T06:00:00Z')
  await pay(us, accountId, 900_00, '2026-01-08')
  await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-08' })
  await w.settle(us)
  // The lender tells of 500.00 of the 6th: of the 900.00, 400.00 are the debtor's, and the lender has them.
  await pay(us, accountId, 500_00, '2026-01-06', 'lender')
  await w.settle(us)
  t.match(await checkBooks(t, w, us, 'overpaid after it was passed on'), { 'T.REFUND': -400_00, 'T.CLIENT': 0, 'T.CLIENT_DUE': 400_00 })
  t.match((await w.ok<{ data: { type: string, data: { object: object } }[] }>(us, 'GET', '/v1/events?types=trust.*')).data, [{ type: 'trust.fellShort', data: { object: { amount: 400_00, because: 'correction' } } }])
})

t.test('a payment that came back on the day of the placement is charged for once, and what comes late after it is taken', async t => {
  const us = await agency()
  const lender = await w.lender(us, { interest, lateFees: [{ code: 'returned', trigger: 'returnedPayment', amount: 8_00 }] })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  const paid = await pay(us, accountId, 10_00, '2026-01-05')
  await w.ok(us, 'POST', `/v1/payments/${paid}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
  await w.liveUntil(us, '2026-01-10T06:00:00Z')
  // Late by three days, it settles the fee and 2.00 of interest first, then 490.00 of principal: three days at 0.51 are 1.53.
  await pay(us, accountId, 500_00, '2026-01-07')
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 510_00, interest: 1_53, penalty: 0 } })
  await checkBooks(t, w, us, 'returned on the first day')
})

t.test('a rate that follows an index earns nothing before the first value of it that is known, and that value from its own day on, however late it is told', async t => {
  const us = await agency()
  const follow = (reset: 'floatingDaily' | 'floatingSemiannual') => ({ interest: { index: 'houseRate', marginPoints: '5', reset, unit: 'pct_year' as const, dayCount: 'ACT/365F' as const } })
  const debt = async (reset: 'floatingDaily' | 'floatingSemiannual') => (await w.account(us, await w.lender(us, follow(reset)), { timeZone: 'UTC', balance: { principal: 1_000_00 } })).accountId
  const [daily, semiannual] = [await debt('floatingDaily'), await debt('floatingSemiannual')]
  await w.liveUntil(us, '2026-01-15T06:00:00Z')
  await w.ok(us, 'POST', '/v1/reference-rates', { name: 'houseRate', source: 'the house', values: [{ effectiveOn: '2026-01-10', value: '31.5' }] })
  await w.settle(us)
  // 1.00 a day from the 10th to the 15th. The other rate is read each 1 January and 1 July: on 1 January nothing was known.
  t.match(await w.ok(us, 'GET', `/v1/accounts/${daily}`), { balance: { interest: 6_00 } })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${daily}/balance?asOf=2026-01-09`), { balance: { interest: 0 } })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${semiannual}`), { balance: { interest: 0 } })
  await checkBooks(t, w, us, 'an index told late')
})

t.test('a payment of an earlier placement that comes back is owed again under this one, without a fee, also when that is told late and another late fact comes after it', async t => {
  const us = await agency()
  const lender = await w.lender(us, { interest, lateFees: [{ code: 'returned', trigger: 'returnedPayment', amount: 8_00 }] })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 100_00 }, lenderReference: 'AGAIN' })
  const first = await pay(us, accountId, 100_00, '2026-01-05')
  await w.liveUntil(us, '2026-01-06T06:00:00Z')
  await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 }, lenderReference: 'AGAIN' })
  await w.liveUntil(us, '2026-01-16T06:00:00Z')
  // 1.00 a day for ten days, and since the 11th 0.10 more for five: 10.50.
  await w.ok(us, 'POST', `/v1/payments/${first}/reverse`, { reason: 'nsf', reversedOn: '2026-01-11' })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 1_100_00, interest: 10_50, penalty: 0 } })
  await checkBooks(t, w, us, 'of an earlier placement')
  // By the 12th 5.00 and 1.10 of interest, which leave 100.00 for principal. Then four days at 1.00.
  const late = await pay(us, accountId, 106_10, '2026-01-12')
  t.match(await w.ok(us, 'GET', `/v1/payments/${late}`), { allocated: { interest: 6_10, principal: 100_00 } })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 1_000_00, interest: 4_00, penalty: 0 } })
  await checkBooks(t, w, us, 'and a late payment after it')
})

t.test('what was recovered of advanced costs stays recovered when a later payment brings none, also where commission depends on earlier payments', async t => {
  const us = await agency()
  const lender = await w.lender(us)
  const plan = { base: ['principal'], vat: { rate: '0' }, recover: 'withhold', rows: [{ method: { kind: 'marginal', on: 'claimToDate', tiers: [{ upTo: 300_00, rate: '0.4' }, { upTo: null, rate: '0.15' }] } }] }
  await w.ok(us, 'POST', `/v1/lenders/${lender.id}/commission-plans`, { currency: 'CNY', validFrom: '2020-01-01', terms: plan })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  await w.ok(us, 'POST', `/v1/accounts/${accountId}/costs`, { amount: 40_00, on: '2026-01-05', reason: 'courtFee' })
  await pay(us, accountId, 140_00, '2026-01-05')
  t.match(await checkBooks(t, w, us, 'recovered'), { 'O.COSTS_ADVANCED': 0, 'T.AGENCY': -80_00 })
  await pay(us, accountId, 100_00, '2026-01-05')
  t.match(await checkBooks(t, w, us, 'and another'), { 'O.COSTS_ADVANCED': 0, 'T.AGENCY': -120_00 })
})

t.test('a debt that was closed when a rate was corrected follows it once something of it is undone', async t => {
  const us = await agency()
  const rate = async (value: string) => { await w.ok(us, 'POST', '/v1/reference-rates', { name: 'otherRate', source: 'the house', values: [{ effectiveOn: '2026-01-01', value }] }) }
  await rate('36.5')
  const lender = await w.lender(us, { interest: { index: 'otherRate', reset: 'floatingDaily', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-10T06:00:00Z')
  const paid = await pay(us, accountId, 1_005_00, '2026-01-10')
  await w.settle(us)
  await rate('18.25')
  await w.settle(us)
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { total: 0 } })
  await undo(us, paid, '2026-01-10')
  // Five days at 0.50.
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 1_000_00, interest: 2_50 } })
  await checkBooks(t, w, us, 'corrected while closed')
})

t.test('no charge is waived of a debt that its lender took back: it left the books as it stood', async t => {
  const us = await agency()
  const lender = await w.lender(us, { interest })
  const { accountId, placementId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
  await w.liveUntil(us, '2026-01-10T06:00:00Z')
  const [charge] = (await w.ok<{ data: { id: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/charges`)).data
  await w.ok(lender, 'POST', `/v1/placements/${placementId}/recall`, {})
  await w.settle(us)
  t.match((await w.call(us, 'POST', `/v1/charges/${charge!.id}/waive`, { reason: 'goodwill', waivedOn: '2026-01-09' })).json(), { status: 409, code: 'account-not-placed' })
  t.match(await checkBooks(t, w, us, 'recalled'), { 'C.RECALLED': 1_005_00, 'C.WAIVED': undefined })
})

t.test('nothing failed on the way', async t => { t.same(w.failures, []) })
