import t from 'tap'
import { cureOf } from '../../src/modules/ledger/cures.core.ts'
import { checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import { csvOf } from './bank.fixture.ts'

interface Cure { id: string, by: string, amount: number, reference: string, journalEntryId: string }

t.test('nobody pays more into trust than he owes it', async t => {
  t.same(cureOf('agency', 220_00, { agency: -220_00, clientDue: 320_00 }), [{ debit: 'T.BANK', credit: 'T.AGENCY', amount: 220_00 }, { debit: 'O.DUE_FROM_TRUST', credit: 'O.BANK', amount: 220_00 }])
  t.same(cureOf('lender', 320_00, { agency: -220_00, clientDue: 320_00 }), [{ debit: 'T.BANK', credit: 'T.CLIENT_DUE', amount: 320_00 }])
  const refused: [by: 'agency' | 'lender', amount: number, agency: number, clientDue: number][] = [['agency', 220_01, -220_00, 320_00], ['agency', 1, 50_00, 320_00], ['lender', 320_01, -220_00, 320_00], ['lender', 1, -220_00, 0]]
  for (const [by, amount, agency, clientDue] of refused) t.throws(() => cureOf(by, amount, { agency, clientDue }), { code: 'cure-exceeds-shortfall' }, `${by} ${amount}`)
})

t.test('CURE_AGENCY, CURE_CLIENT: what was returned after it was passed on is paid back, told on the statement, and found at the bank', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, { commission: { base: ['principal'], rate: '0.3', vatRate: '0.2' } })
  const other = await w.lender(us)
  const { accountId } = await w.account(us, bank, { placedOn: '2026-01-05' })
  const cure = async (body: object) => await w.call(us, 'POST', '/v1/trust/cures', { lenderId: bank.id, currency: 'CNY', by: 'agency', amount: 100_00, curedOn: '2026-01-07', reference: 'CU-1', ...body })
  const code = async (body: object) => (await cure(body)).json<{ code: string }>().code
  const remit = async (through: string): Promise<void> => {
    await w.ok(us, 'POST', '/v1/remittance-runs', { through })
    await w.settle(us)
  }

  // 500.00: commission 150.00, VAT 30.00; 320.00 are passed on, and then the bank takes the 500.00 back.
  const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 500_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'directDebit' })
  t.equal(await code({ amount: 1, curedOn: '2026-01-05' }), 'cure-exceeds-shortfall', 'trust is short of nothing yet')
  await remit('2026-01-05')
  await w.liveUntil(us, '2026-01-07T09:00:00Z')
  await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-06' })
  await w.settle(us)
  t.match(await checkBooks(t, w, us, 'returned'), { 'T.BANK': -500_00, 'T.AGENCY': 180_00, 'T.CLIENT_DUE': 320_00 })

  t.equal(await code({ amount: 180_01 }), 'cure-exceeds-shortfall')
  t.equal(await code({ by: 'lender', amount: 320_01 }), 'cure-exceeds-shortfall')
  t.equal(await code({ currency: 'USD' }), 'cure-exceeds-shortfall', 'each currency for itself')
  t.equal(await code({ lenderId: other.id }), 'cure-exceeds-shortfall', 'and each lender')
  t.equal(await code({ curedOn: '2026-01-08' }), 'cure-in-future')
  t.equal((await cure({ lenderId: strangeId('lender') })).statusCode, 404)
  t.equal((await w.call(bank, 'POST', '/v1/trust/cures', {})).statusCode, 403)

  const first = (await cure({ amount: 100_00 })).json<Cure>()
  t.match(first, { lenderId: bank.id, by: 'agency', amount: 100_00, curedOn: '2026-01-07', reference: 'CU-1' })
  t.equal((await cure({ amount: 100_00 })).json<Cure>().id, first.id, 'sent again it is answered')
  for (const change of [{ amount: 80_00 }, { by: 'lender' }, { curedOn: '2026-01-06' }, { currency: 'USD' }]) t.equal(await code(change), 'cure-duplicate', JSON.stringify(change))
  const rest = await Promise.all(['a', 'b', 'c'].map(async reference => (await cure({ amount: 80_00, reference })).statusCode))
  t.same(rest.sort(), [201, 422, 422], 'of many at once exactly one wins')
  t.match(await checkBooks(t, w, us, 'CURE_AGENCY'), { 'T.BANK': -320_00, 'T.AGENCY': 0, 'T.CLIENT_DUE': 320_00 })
  t.equal((await cure({ by: 'lender', amount: 320_00, reference: 'CU-2' })).statusCode, 201)
  t.match(await checkBooks(t, w, us, 'CURE_CLIENT'), { 'T.BANK': 0, 'T.CLIENT_DUE': 0 })

  const page = await w.ok<{ data: Cure[], nextCursor: string }>(us, 'GET', '/v1/trust/cures?limit=2')
  t.match(page.data, [{ id: first.id }, { amount: 80_00 }])
  t.match(await w.ok(us, 'GET', `/v1/trust/cures?limit=2&cursor=${page.nextCursor}`), { data: [{ by: 'lender', amount: 320_00 }], nextCursor: null })
  t.same((await w.ok<{ data: Cure[] }>(us, 'GET', `/v1/trust/cures?lenderId=${other.id}`)).data, [])
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/events?types=trust.cured')).data, [{ data: { object: { by: 'agency', amount: 100_00 } } }, {}, { data: { object: { by: 'lender' } } }])

  await remit('2026-01-07')
  const [, statement] = (await w.ok<{ data: { id: string }[] }>(us, 'GET', '/v1/statements')).data
  t.match(statement, { openingHeld: 0, collected: -500_00, closingHeld: 0, remitted: 0 })
  const lines = (await w.ok<{ data: { kind: string, held: number, sourceId: string }[] }>(us, 'GET', `/v1/statements/${statement!.id}/lines`)).data
  t.match(lines.filter(({ kind }) => kind === 'trustCure'), [{ held: 320_00, sourceId: /^cur_/ }], 'what the agency puts back is its own affair')

  // The bank says the same: a cure by its reference, and another by amount and day.
  const said = csvOf([
    { on: '2026-01-05', amount: '500.00' }, { on: '2026-01-05', amount: '-320.00' }, { on: '2026-01-05', amount: '-180.00' }, { on: '2026-01-06', amount: '-500.00' },
    { on: '2026-01-08', amount: '100.00', reference: 'CU-1' }, { on: '2026-01-07', amount: '80.00' }, { on: '2026-01-07', amount: '320.00', reference: 'CU-2' },
  ])
  t.equal((await w.call(us, 'POST', '/v1/bank-statements?account=main', said, { 'content-type': 'text/csv' })).json<{ matchedCount: number }>().matchedCount, 7)
  await w.liveUntil(us, '2026-01-08T09:00:00Z')
  t.match(await w.ok(us, 'GET', '/v1/trust/reconciliation'), { data: [{ bank: 0, difference: 0, statement: { balance: 0, onlyInLedger: { count: 0 }, onlyAtBank: { count: 0 }, difference: 0 } }] })
  t.same(w.failures, [])
})

t.test('a refund is found at the bank by its reference or its id, and a line with another reference is not it', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  const refund = async (reference?: string): Promise<{ id: string, journalEntryId: string }> => {
    const { accountId } = await w.account(us, bank, { placedOn: '2026-01-05' })
    const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 1_010_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' })
    return await w.ok(us, 'POST', `/v1/payments/${id}/refund`, { refundedOn: '2026-01-05', ...reference !== undefined && { reference } })
  }
  const entries = [await refund('RF-1'), await refund()]
  const matches = async (): Promise<(string | undefined)[]> => (await w.ok<{ data: { matches: { journalEntryId: string }[] }[] }>(us, 'GET', '/v1/bank-lines')).data.map(line => line.matches[0]?.journalEntryId)
  const send = async (lines: Parameters<typeof csvOf>[0]) => { await w.call(us, 'POST', '/v1/bank-statements?account=main', csvOf(lines), { 'content-type': 'text/csv' }) }
  await send([{ on: '2026-01-09', amount: '-10.00', reference: 'RF-1' }, { on: '2026-01-09', amount: '-10.00', reference: entries[1]!.id.slice(4).replaceAll('-', '') }])
  t.same(await matches(), entries.map(({ journalEntryId }) => journalEntryId))
  await refund('RF-3')
  await send([{ on: '2026-01-05', amount: '-10.00', reference: 'RF-4' }])
  t.equal((await matches()).at(-1), undefined, 'the only one of its day and amount, and of another name')
})
