import t from 'tap'
import { checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, World } from '../world.ts'

interface Invoice { id: string, billed: number, open: number, state: string }

const terms = { commission: { base: ['principal' as const], rate: '0.3', vatRate: '0.2' }, remittance: 'combined' as const }
const pay = async (w: World, us: Agency, accountId: string, amount: number, receivedOn: string, receivedBy = 'agency'): Promise<string> =>
  (await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy, method: 'cash' })).id
const run = async (w: World, us: Agency, through: string): Promise<void> => {
  await w.ok(us, 'POST', '/v1/remittance-runs', { through })
  await w.settle(us)
}
const offset = async (w: World, us: Agency, id: string, body: object = {}) => await w.call(us, 'POST', `/v1/invoices/${id}/offsets`, body)
const code = async (reply: ReturnType<typeof offset>): Promise<string> => (await reply).json<{ code: string }>().code

t.test('an invoice is kept from trust money by itself, once, told on the next statement, and put back when that money is returned', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, terms)
  const net = await w.lender(us, { ...terms, remittance: 'net' })
  const { accountId } = await w.account(us, bank, { placedOn: '2026-01-05' })
  await pay(w, us, accountId, 200_00, '2026-01-05', 'lender')
  await pay(w, us, (await w.account(us, net, { placedOn: '2026-01-05' })).accountId, 200_00, '2026-01-05', 'lender')
  await run(w, us, '2026-01-05')
  const [invoice, other] = (await w.ok<{ data: Invoice[] }>(us, 'GET', '/v1/invoices')).data.sort((a, b) => a.id < b.id ? -1 : 1) as [Invoice, Invoice]
  const ours = (await w.ok<{ data: Invoice[] }>(bank, 'GET', '/v1/invoices')).data[0]!.id === invoice.id ? invoice : other
  const theirs = ours === invoice ? other : invoice
  await w.liveUntil(us, '2026-01-06T09:00:00Z')
  t.equal(await code(offset(w, us, ours.id)), 'offset-exceeds-held', 'nothing is held')
  // 180.00: 64.80 are withheld, 115.20 held.
  const returned = await pay(w, us, accountId, 180_00, '2026-01-06')
  t.equal(await code(offset(w, us, theirs.id)), 'offset-not-agreed')
  t.equal(await code(offset(w, us, ours.id, { amount: 72_01 })), 'invoice-overpaid')
  t.equal((await offset(w, us, strangeId('invoice'))).statusCode, 404)
  t.equal((await w.call(bank, 'POST', `/v1/invoices/${ours.id}/offsets`, {})).statusCode, 403)
  t.match((await offset(w, us, ours.id, { amount: 22_00 })).json(), { invoiceId: ours.id, kind: 'offset', amount: 22_00, settledOn: '2026-01-06' })
  const rest = await Promise.all([1, 2, 3].map(async () => (await offset(w, us, ours.id)).statusCode))
  t.same(rest.sort(), [201, 422, 422], 'of many at once exactly one wins')
  t.match(await w.ok(us, 'GET', `/v1/invoices/${ours.id}`), { open: 0, state: 'settled' })
  t.match(await checkBooks(t, w, us, 'OFFSET_DIRECT'), { 'T.CLIENT': -43_20, 'T.AGENCY': -136_80 })

  await w.ok(us, 'POST', `/v1/payments/${returned}/reverse`, { reason: 'nsf', reversedOn: '2026-01-06' })
  await w.settle(us)
  t.match(await checkBooks(t, w, us, 'OFFSET_UNWIND'), { 'T.CLIENT': 0, 'T.AGENCY': 0, 'T.BANK': 0, 'O.AR': 144_00 })
  t.match(await w.ok(us, 'GET', `/v1/invoices/${ours.id}`), { open: 72_00, state: 'open' })
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/events?types=trust.offsetUnwound,invoice.offset')).data, [{ data: { object: { amount: 22_00, open: 50_00 } } }, { data: { object: { amount: 50_00, open: 0 } } }, { data: { object: { amount: 72_00 } } }])

  // Kept again of other money and passed on: that has left trust, so what is returned now the lender owes to it.
  const second = await pay(w, us, accountId, 180_00, '2026-01-06')
  t.equal((await offset(w, us, ours.id)).statusCode, 201)
  await run(w, us, '2026-01-06')
  const [, statement] = (await w.ok<{ data: { id: string }[] }>(bank, 'GET', '/v1/statements')).data
  t.match(statement, { setOff: 72_00, remitted: 43_20, closingHeld: 0, closingBilled: 0 })
  const lines = (await w.ok<{ data: { kind: string, held: number, billed: number }[] }>(bank, 'GET', `/v1/statements/${statement!.id}/lines?limit=200`)).data
  t.same(lines.filter(({ kind }) => /ffset/.test(kind)).map(({ kind, held, billed }) => [kind, held, billed]),
    [['invoiceOffset', -22_00, -22_00], ['invoiceOffset', -50_00, -50_00], ['offsetUnwound', 72_00, 72_00], ['invoiceOffset', -72_00, -72_00]], 'itemised: kept, put back, and kept again')
  await w.ok(us, 'POST', `/v1/payments/${second}/reverse`, { reason: 'nsf', reversedOn: '2026-01-06' })
  await w.settle(us)
  t.match(await checkBooks(t, w, us, 'returned after it was passed on'), { 'T.CLIENT': 0, 'T.CLIENT_DUE': 115_20, 'T.AGENCY': 64_80 })
  t.match(await w.ok(us, 'GET', `/v1/invoices/${ours.id}`), { open: 0, state: 'settled' })
  t.same(w.failures, [])
})
