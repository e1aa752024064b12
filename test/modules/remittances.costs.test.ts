import { createHash } from 'node:crypto'
import t from 'tap'
import { billsOf } from '../../src/modules/remittances/billing.core.ts'
import { noEffect } from '../../src/modules/remittances/core.ts'
import type { Source } from '../../src/modules/remittances/core.ts'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'

interface Invoice { id: string, kind: string, commission: number, vat: number, costs: number, total: number, withheld: number, billed: number, open: number, hash: string, creditsId: string | null, taxes: object[] }

const source = (entryId: string, given: Partial<Source>): Source => ({
  ...noEffect, entryId: entryId as Source['entryId'], kind: 'commission', sourceId: entryId, accountId: null, lenderReference: null, effectiveOn: '2026-01-05', correctsEntryId: null, correctsInvoiceId: null, vatRate: null, ...given,
})
const costs = (entryId: string, amount: number, correctsInvoiceId: Source['correctsInvoiceId'] = null): Source => source(entryId, { kind: amount > 0 ? 'costRecovery' : 'costRestored', costsBilled: amount, billed: amount, correctsInvoiceId })
const earned = source('a', { commission: 168_00, vat: 33_60, vatRate: '0.2', billed: 201_60 })

t.test('costs are billed at cost, beside commission and without VAT', async t => {
  t.match(billsOf([earned, costs('b', 40_00)], new Map()), [{ kind: 'invoice', commission: 168_00, vat: 33_60, costs: 40_00, billed: 241_60, withheld: 0, difference: 0, taxes: [{ rate: '0.2', base: 168_00, vat: 33_60 }] }])
  t.same(billsOf([earned, costs('b', 40_00)], new Map())[0]!.taxes.length, 1, 'costs have no rate')
  t.match(billsOf([costs('b', 40_00)], new Map()), [{ kind: 'invoice', commission: 0, vat: 0, costs: 40_00, billed: 40_00, taxes: [] }], 'costs alone are an invoice')
  t.same(billsOf([costs('b', 40_00), costs('c', -40_00)], new Map()), [], 'billed and given back in one period: nothing to bill')
  t.match(billsOf([costs('c', -40_00, 'inv_1' as Source['correctsInvoiceId'])], new Map()), [{ kind: 'creditNote', creditsId: 'inv_1', commission: 0, vat: 0, costs: -40_00, billed: -40_00, taxes: [] }])
  t.match(billsOf([earned, costs('c', -40_00, 'inv_1' as Source['correctsInvoiceId'])], new Map()), [{ kind: 'invoice', costs: 0, billed: 201_60 }, { kind: 'creditNote', costs: -40_00, billed: -40_00 }], 'each on its own document')
  t.same(billsOf([source('d', { kind: 'costRecovery', held: -40_00 })], new Map()), [], 'costs kept from trust money are on the statement, and nobody owes them')
})

t.test('COMMISSION_INVOICE_GROSS: an invoice with costs is paid in full, and what is given back is credited', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, { commission: { base: ['principal', 'interest', 'penalty'], rate: '0.3', vatRate: '0.2' }, remittance: 'gross' })
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00, interest: 30_00, penalty: 75_00 }, placedOn: '2026-01-05' })
  await w.ok(us, 'POST', `/v1/accounts/${accountId}/costs`, { amount: 40_00, on: '2026-01-05', reason: 'courtFee' })
  const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 600_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'bankTransfer' })
  const run = async (through: string): Promise<Invoice[]> => {
    await w.ok(us, 'POST', '/v1/remittance-runs', { through })
    await w.settle(us)
    return (await w.ok<{ data: Invoice[] }>(us, 'GET', '/v1/invoices')).data
  }
  // Commission 30 % of 560.00 is 168.00, VAT 33.60, costs 40.00: 241.60.
  const [invoice] = await run('2026-01-05')
  t.match(invoice, { kind: 'invoice', commission: 168_00, vat: 33_60, costs: 40_00, total: 241_60, withheld: 0, billed: 241_60, open: 241_60, taxes: [{ rate: '0.2', base: 168_00, vat: 33_60 }] })
  t.match(await checkBooks(t, w, us, 'billed'), { 'O.AR': 241_60, 'O.COSTS_ADVANCED': 0, 'T.CLIENT': 0 })
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/events?types=invoice.issued')).data, [{ data: { object: { costs: 40_00, billed: 241_60 } } }])
  const document = await w.call(bank, 'GET', `/v1/invoices/${invoice!.id}/document`)
  const written = document.json<{ totals: object, lines: { costsBilled: number, kind: string, sourceId: string }[] }>()
  t.match(written, { totals: { commission: 168_00, vat: 33_60, costs: 40_00, total: 241_60, withheld: 0, billed: 241_60 } })
  t.match(written.lines.filter(({ costsBilled }) => costsBilled !== 0), [{ kind: 'costRecovery', costsBilled: 40_00, sourceId: /^cme_/ }])
  t.equal(createHash('sha256').update(document.rawPayload).digest('hex'), invoice!.hash, 'they are part of what the hash is of')
  const [statement] = (await w.ok<{ data: { id: string }[] }>(us, 'GET', '/v1/statements')).data
  const csv = (await w.call(us, 'GET', `/v1/statements/${statement!.id}/csv`)).body.split('\r\n').map(row => row.split(','))
  const column = csv[0]!.indexOf('costsBilled')
  t.same(csv.slice(1).filter(([, kind]) => kind === 'costRecovery').map(cells => cells[column]), ['40.00'])
  t.equal((await w.call(us, 'GET', `/v1/invoices/${invoice!.id}/pdf`)).statusCode, 200)

  const pay = async (amount: number) => await w.call(us, 'POST', `/v1/invoices/${invoice!.id}/payments`, { amount, paidOn: '2026-01-05' })
  t.equal((await pay(241_61)).json<{ code: string }>().code, 'invoice-overpaid')
  t.equal((await pay(200_00)).statusCode, 201)
  t.match(await checkBooks(t, w, us, 'partly paid'), { 'O.AR': 41_60 })

  // The payment comes back: commission, VAT and costs are given back on a credit note, and the costs are advanced again.
  await w.liveUntil(us, '2026-01-07T09:00:00Z')
  await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-06' })
  await w.settle(us)
  const [credited, note] = await run('2026-01-06')
  t.equal(note, undefined, 'the day it was written down is not over')
  t.match(credited, { open: 41_60 })
  const [first, creditNote] = await run('2026-01-07')
  t.match(creditNote, { kind: 'creditNote', creditsId: invoice!.id, commission: -168_00, vat: -33_60, costs: -40_00, total: -241_60, billed: -241_60 })
  t.match(first, { open: 0, hash: invoice!.hash }, 'what was open of the invoice is credited')
  t.match(await checkBooks(t, w, us, 'credited'), { 'O.AR': -200_00, 'O.COSTS_ADVANCED': 40_00, 'O.COMMISSION_INCOME': 0, 'O.VAT_OUTPUT': 0 })
  t.same(w.failures, [])
})

t.test('combined: costs that are billed are kept from what is passed on, as commission is', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, { commission: { base: ['principal'], rate: '0.3', vatRate: '0.2' }, remittance: 'combined' })
  const { accountId } = await w.account(us, bank, { placedOn: '2026-01-05' })
  await w.ok(us, 'POST', `/v1/accounts/${accountId}/costs`, { amount: 40_00, on: '2026-01-05', reason: 'courtFee' })
  // 240.00 to the lender: 40.00 of costs, 200.00 of principal: 60.00, 12.00 and 40.00 on its account. 180.00 to the agency: 64.80 withheld, 115.20 held, 112.00 of them kept.
  for (const [amount, receivedBy] of [[240_00, 'lender'], [180_00, 'agency']] as const) await w.ok(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn: '2026-01-05', receivedBy, method: 'cash' })
  await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-05' })
  await w.settle(us)
  t.match((await w.ok<{ data: Invoice[] }>(us, 'GET', '/v1/invoices')).data, [{ commission: 114_00, vat: 22_80, costs: 40_00, total: 176_80, withheld: 64_80, billed: 112_00, open: 0 }])
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/statements')).data, [{ setOff: 112_00, remitted: 3_20, closingBilled: 0, closingHeld: 0 }])
  t.match(await checkBooks(t, w, us, 'kept'), { 'O.AR': 0, 'T.CLIENT': 0, 'T.BANK': 0, 'O.COSTS_ADVANCED': 0 })
  t.same(w.failures, [])
})
