import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'

interface Entry { kind: string, base: number, commission: number, vat: number, costsRecovered: number, withheld: number, recoveryEntryId: string | null }

t.test('COST_RECOVERY: costs that the agency advanced come off the top, earn nothing, and go back when the payment does', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us, { commission: { base: ['principal', 'interest', 'penalty', 'costs'], rate: '0.3', vatRate: '0.2' }, remittance: 'net' })
  // 1,000.00 and 90.00 of interest and penalty; The agency advances 40.00 of costs.
  const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00, interest: 30_00, penalty: 50_00 } })
  await w.ok(us, 'POST', `/v1/accounts/${accountId}/costs`, { amount: 40_00, on: '2026-01-05', reason: 'courtFee' })
  t.match(await checkBooks(t, w, us, 'advanced'), { 'D.COSTS': 40_00, 'O.COSTS_ADVANCED': 40_00, 'O.BANK': -40_00 })
  const pay = async (amount: number, receivedBy: 'agency' | 'lender') =>
    (await w.ok<{ id: string }>(receivedBy === 'agency' ? us : lender, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn: '2026-01-05', receivedBy, method: 'cash' })).id
  const entries = async () => (await w.ok<{ data: Entry[] }>(us, 'GET', `/v1/commission-entries?accountId=${accountId}`)).data

  // postings.json: of 540.00 the 40.00 are recovered; 30 % of 500.00 are 150.00, VAT 30.00; 320.00 are left for the lender.
  const first = await pay(540_00, 'agency')
  t.match(await entries(), [{ kind: 'accrual', base: 500_00, commission: 150_00, vat: 30_00, costsRecovered: 40_00, withheld: 180_00 }])
  t.match(await checkBooks(t, w, us, 'recovered'), { 'T.CLIENT': -320_00, 'T.AGENCY': -220_00, 'O.DUE_FROM_TRUST': 220_00, 'O.COSTS_ADVANCED': 0, 'O.COMMISSION_INCOME': -150_00, 'O.VAT_OUTPUT': -30_00 })
  const [accrual] = (await w.ok<{ data: (Entry & { id: string })[] }>(us, 'GET', `/v1/commission-entries?accountId=${accountId}`)).data
  t.match(await w.ok(us, 'GET', `/v1/commission-entries/${accrual!.id}/explanation`), { commission: 150_00, inputs: { costsRecovered: 40_00 } })

  // CLAWBACK: the payment comes back, and with it commission, VAT and the costs recovered.
  await w.ok(us, 'POST', `/v1/payments/${first}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
  await w.settle(us)
  t.match((await entries()).at(-1), { kind: 'clawback', base: -500_00, commission: -150_00, vat: -30_00, costsRecovered: -40_00 })
  t.match(await checkBooks(t, w, us, 'given back'), { 'T.CLIENT': 0, 'T.AGENCY': 0, 'O.COSTS_ADVANCED': 40_00, 'O.COMMISSION_INCOME': 0, 'O.VAT_OUTPUT': 0 })

  // Paid to the lender, costs are billed to it: 40.00, with the commission on the rest. Costs beyond what was advanced are the lender's own.
  await pay(240_00, 'lender')
  t.match((await entries()).at(-1), { kind: 'accrual', base: 200_00, commission: 60_00, vat: 12_00, costsRecovered: 40_00, withheld: 0 })
  t.match(await checkBooks(t, w, us, 'billed'), { 'O.AR': 112_00, 'O.COSTS_ADVANCED': 0, 'T.CLIENT': 0 })
  t.same(w.failures, [])
})

t.test('a cost told after a payment of its day or later is recovered of that payment, and given back when it is taken back, though the payment settles nothing else', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us, { commission: { base: ['principal'], rate: '0.3', vatRate: '0' }, remittance: 'net' })
  // 50.00 of costs are the lender's own: a payment of 20.00 settles part of them.
  const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00, costs: 50_00 } })
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 20_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' })
  t.match(await checkBooks(t, w, us, 'paid'), { 'T.CLIENT': -20_00 })
  const cost = await w.ok<{ id: string }>(us, 'POST', `/v1/accounts/${accountId}/costs`, { amount: 15_00, on: '2026-01-05', reason: 'courtFee' })
  t.match(await checkBooks(t, w, us, 'told'), { 'T.CLIENT': -5_00, 'T.AGENCY': -15_00, 'O.DUE_FROM_TRUST': 15_00, 'O.COSTS_ADVANCED': 0, 'O.BANK': -15_00 })
  await w.ok(us, 'POST', `/v1/adjustments/${cost.id}/reverse`, { reversedOn: '2026-01-05' })
  t.match(await checkBooks(t, w, us, 'taken back'), { 'T.CLIENT': -20_00, 'T.AGENCY': 0, 'O.DUE_FROM_TRUST': 0, 'O.COSTS_ADVANCED': 0, 'O.BANK': 0 })
  t.same(w.failures, [])
})
