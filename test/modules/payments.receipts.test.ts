import { sql } from 'drizzle-orm'
import t from 'tap'
import { checkReceiptRepeat, leftOf, takenOf, tillNow } from '../../src/modules/payments/receipts.core.ts'
import { books, checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { As } from '../world.ts'

t.test('a receipt gives no more than is left of it', async t => {
  const receipt = { amount: 540_00, applied: 300_00, returned: 40_00 }
  t.equal(leftOf(receipt), 200_00)
  t.equal(takenOf(receipt, undefined), 200_00, 'all that is left')
  t.equal(takenOf(receipt, 200_00), 200_00)
  t.throws(() => takenOf(receipt, 200_01), { code: 'receipt-overdrawn' })
  t.throws(() => takenOf({ ...receipt, returned: 240_00 }, 1), { code: 'receipt-used-up' })
  t.equal(tillNow({ till: 'T.CLEARING', clearedOn: null }), 'T.CLEARING')
  t.equal(tillNow({ till: 'T.CLEARING', clearedOn: '2026-01-05' }), 'T.BANK')
  const known = { amount: 1, currency: 'CNY', receivedOn: '2026-01-05', method: 'cash', till: 'T.BANK' as const }
  t.doesNotThrow(() => checkReceiptRepeat(known, { ...known }))
  for (const other of [{ amount: 2 }, { currency: 'USD' }, { receivedOn: '2026-01-04' }, { method: 'card' }, { till: 'T.CLEARING' as const }]) t.throws(() => checkReceiptRepeat(known, { ...known, ...other }), { code: 'receipt-duplicate' }, Object.keys(other)[0]!)
})

interface Receipt { id: string, left: number, applied: number, returned: number, payer: string | null, hasPayer: boolean, isPending: boolean, clearedOn: string | null, code?: string, status?: number }
interface Payment { id: string, clearing: string, clearedOn: string | null, receiptId: string, allocated: Record<string, number>, code?: string, status?: number }

t.test('money that nobody can place', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const terms = { commission: { base: ['principal' as const], rate: '0.3', vatRate: '0.2' } }
  const bank = await w.lender(us, terms)
  const other = await w.lender(us, terms)
  let receipts = 0
  const body = (more: object = {}) => ({ amount: 540_00, currency: 'CNY', receivedOn: '2026-01-05', method: 'check', reference: `BK-${++receipts}`, ...more })
  const receive = async (more: object = {}, as: As = us): Promise<Receipt> => await (await w.call(as, 'POST', '/v1/receipts', body(more))).json()
  const apply = async (id: string, accountId: string, amount?: number, as: As = us): Promise<Payment> => await (await w.call(as, 'POST', `/v1/receipts/${id}/applications`, { accountId, ...amount !== undefined && { amount } })).json()
  const undo = async (id: string, reason: string): Promise<Payment> => await (await w.call(us, 'POST', `/v1/payments/${id}/reverse`, { reason, reversedOn: '2026-01-05' })).json()
  const debt = async (lender = bank) => (await w.account(us, lender, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })).accountId
  const read = async (id: string, as: As = us): Promise<Receipt> => await (await w.call(as, 'GET', `/v1/receipts/${id}`)).json()
  const trust = async () => Object.fromEntries(Object.entries(await checkBooks(t, w, us, 'trust')).filter(([name, amount]) => name.startsWith('T.') && amount !== 0))
  const remit = async (): Promise<number> => {
    await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-05' })
    await w.settle(us)
    return (await w.ok<{ data: { amount: number }[] }>(us, 'GET', '/v1/remittances')).data.reduce((sum, { amount }) => sum + amount, 0)
  }

  t.test('is in trust and no lender\'s, until payments are made of it', async t => {
    // postings.json: PAY_AGENCY_RECEIVED, then PAY_AGENCY_ALLOCATED in two parts.
    const receipt = await receive({ pending: true })
    t.match(receipt, { amount: 540_00, applied: 0, returned: 0, left: 540_00, isPending: true, clearedOn: null })
    t.same(await trust(), { 'T.CLEARING': 540_00, 'T.UNAPPLIED': -540_00 })
    t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/trust/reconciliation')).data, [{ currency: 'CNY', clearing: 540_00, unapplied: 540_00, assets: 540_00, liabilities: 540_00, clients: 0, difference: 0, clientDifference: 0 }])
    const [one, two] = [await debt(), await debt(other)]
    const first = await apply(receipt.id, one, 340_00)
    t.match(first, { receiptId: receipt.id, clearing: 'pending', clearedOn: null, allocated: { principal: 340_00 }, receivedBy: 'agency', receivedOn: '2026-01-05' })
    t.same(await trust(), { 'T.CLEARING': 540_00, 'T.UNAPPLIED': -200_00, 'T.CLIENT': -217_60, 'T.AGENCY': -122_40 })
    t.match(await apply(receipt.id, two, 200_01), { status: 422, code: 'receipt-overdrawn' })
    t.match(await apply(receipt.id, two), { allocated: { principal: 200_00 } }, 'all that is left, for another lender\'s debt')
    t.match(await apply(receipt.id, two), { status: 409, code: 'receipt-used-up' })
    t.match(await read(receipt.id), { applied: 540_00, left: 0 })
    t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/trust/reconciliation')).data, [{ difference: 0, clientDifference: 0, unapplied: 0, clearing: 540_00 }])

    t.equal(await remit(), 0, 'what is on its way is passed on to nobody')
    t.match((await w.call(us, 'POST', `/v1/payments/${first.id}/clear`, { clearedOn: '2026-01-05' })).json(), { status: 409, code: 'clears-with-receipt', resolution: { path: `/v1/receipts/${receipt.id}/clear` } })
    t.match(await w.ok(us, 'POST', `/v1/receipts/${receipt.id}/clear`, { clearedOn: '2026-01-05' }), { isPending: false, clearedOn: '2026-01-05' })
    t.match((await w.call(us, 'POST', `/v1/receipts/${receipt.id}/clear`, { clearedOn: '2026-01-05' })).json(), { status: 409, code: 'receipt-already-cleared' })
    t.match(await w.ok(us, 'GET', `/v1/payments/${first.id}`), { clearing: 'cleared', clearedOn: '2026-01-05' })
    t.same(await trust(), { 'T.BANK': 540_00, 'T.CLIENT': -345_60, 'T.AGENCY': -194_40 })
    await w.liveUntil(us, '2026-01-06T09:00:00Z')
    await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-06' })
    await w.settle(us)
    t.same(await trust(), {}, 'and then to those whose it is')
  })

  t.test('applied by mistake, it is the receipt\'s again; returned by the bank, it is gone', async t => {
    const receipt = await receive()
    const [one, two] = [await debt(), await debt()]
    const wrong = await apply(receipt.id, one)
    t.match(wrong, { clearing: 'cleared', clearedOn: '2026-01-05' })
    await undo(wrong.id, 'clerical')
    t.match(await read(receipt.id), { applied: 0, left: 540_00 })
    t.same(await trust(), { 'T.BANK': 540_00, 'T.UNAPPLIED': -540_00 })
    const right = await apply(receipt.id, two)
    await undo(right.id, 'nsf')
    t.match(await read(receipt.id), { applied: 540_00, left: 0 })
    t.same(await trust(), {})
  })

  t.test('of a receipt on its way, a mistake undone after it cleared is at the bank', async t => {
    const receipt = await receive({ pending: true })
    const [one, two] = [await debt(), await debt()]
    const wrong = await apply(receipt.id, one, 500_00)
    const bounced = await apply(receipt.id, two, 10_00)
    await undo(bounced.id, 'nsf')
    await w.ok(us, 'POST', `/v1/receipts/${receipt.id}/clear`, { clearedOn: '2026-01-05' })
    await undo(wrong.id, 'clerical')
    t.same(await trust(), { 'T.BANK': 530_00, 'T.UNAPPLIED': -530_00 })
    t.match(await w.ok(us, 'POST', `/v1/receipts/${receipt.id}/return`, { returnedOn: '2026-01-06' }), { applied: 10_00, returned: 530_00, left: 0 })
    t.same(await trust(), {})
  })

  t.test('is given back when its owner cannot be found, more than once if need be', async t => {
    const receipt = await receive()
    const wrong = await apply(receipt.id, await debt(), 40_00)
    const giveBack = async (returnedOn: string): Promise<Receipt> => await (await w.call(us, 'POST', `/v1/receipts/${receipt.id}/return`, { returnedOn })).json()
    t.match(await giveBack('2026-01-04'), { status: 422, code: 'reversal-too-early' })
    t.match(await giveBack('2026-02-04'), { status: 422, code: 'payment-in-future' })
    t.match(await giveBack('2026-01-06'), { applied: 40_00, returned: 500_00, left: 0 })
    t.match(await giveBack('2026-01-06'), { status: 409, code: 'receipt-used-up' })
    await undo(wrong.id, 'clerical')
    t.match(await giveBack('2026-01-06'), { applied: 0, returned: 540_00, left: 0 })
    t.same(await trust(), {})
    const told = (await w.ok<{ data: { type: string, lenderId?: string, data: { object: object } }[] }>(us, 'GET', '/v1/events?types=receipt.*&limit=200')).data.slice(-4)
    t.same(told.map(({ type }) => type), ['receipt.received', 'receipt.applied', 'receipt.returned', 'receipt.returned'])
  })

  t.test('a debt placed after the money came in cannot take it, nor one in another currency; nothing is used up by a refusal', async t => {
    const receipt = await receive()
    const young = (await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-06' })).accountId
    t.match(await apply(receipt.id, young), { status: 422, code: 'payment-before-placement' })
    const dollars = await receive({ currency: 'USD' })
    t.match(await apply(dollars.id, await debt()), { status: 409, code: 'currency-mismatch' })
    t.match(await apply(receipt.id, strangeId('account')), { status: 404 })
    t.match(await apply(strangeId('receipt'), await debt()), { status: 404 })
    t.match(await read(receipt.id), { left: 540_00 })
    await w.ok(us, 'POST', `/v1/receipts/${receipt.id}/return`, { returnedOn: '2026-01-06' })
  })

  t.test('eight applications at once use it up once', async t => {
    const receipt = await receive()
    const accountId = await debt()
    const replies = await Promise.all(Array.from({ length: 8 }, async () => await apply(receipt.id, accountId, 100_00)))
    t.equal(replies.filter(({ code }) => code === undefined).length, 5)
    t.match(await read(receipt.id), { applied: 500_00, left: 40_00 })
    await trust()
    const [first] = replies.filter(({ code }) => code === undefined)
    // A mistake undone and a payment made, at once: each waits for the other's receipt, none for the other's account.
    await Promise.all([undo(first!.id, 'clerical'), apply(receipt.id, accountId, 40_00)])
    t.match(await read(receipt.id), { applied: 440_00, left: 100_00 })
    await trust()
  })

  t.test('who paid is kept sealed and told to those who may know', async t => {
    const receipt = await receive({ reference: 'BK-P', payer: 'ZHANG WEI, loan 17' })
    t.match(receipt, { hasPayer: true, payer: null }, 'an answer that is kept has nothing personal in it')
    t.match(await read(receipt.id), { payer: 'ZHANG WEI, loan 17' })
    const { key } = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'service', name: 'Books', scopes: ['receipts:read'] })
    t.match(await read(receipt.id, { key }), { hasPayer: true, payer: null })
    const open = (await w.ok<{ data: Receipt[] }>(us, 'GET', '/v1/receipts?isOpen=true&limit=200')).data
    t.match(open.at(-1), { id: receipt.id, payer: 'ZHANG WEI, loan 17' })
    t.ok(open.every(({ left }) => left > 0))
    t.ok((await w.ok<{ data: Receipt[] }>(us, 'GET', '/v1/receipts?isOpen=false&limit=200')).data.every(({ left }) => left === 0))
    const { rows } = await w.tx(us, async tx => await tx.execute(sql`select r::text as whole, (select string_agg(data::text, '') from events) as events from receipts r`))
    t.notMatch(JSON.stringify(rows), 'ZHANG')
  })

  t.test('a reference names it once', async t => {
    const first = await receive({ reference: 'BK-ONCE' })
    t.match(await receive({ reference: 'BK-ONCE' }), { id: first.id })
    t.match(await receive({ reference: 'BK-ONCE', amount: 1 }), { status: 409, code: 'receipt-duplicate' })
    const many = await Promise.all(Array.from({ length: 6 }, async () => await receive({ reference: 'BK-RACE' })))
    t.equal(new Set(many.map(({ id }) => id)).size, 1, 'six at once are one')
    t.match(await receive({ receivedOn: '2026-02-01' }), { status: 422, code: 'payment-in-future' })
  })

  t.test('no lender hears or sees anything of it, nor another agency', async t => {
    const receipt = await receive()
    for (const as of [bank, other]) {
      t.match(await receive({}, as), { status: 403 })
      t.match(await read(receipt.id, as), { status: 403 })
      t.match(await apply(receipt.id, await debt(), 1, as), { status: 403 })
      t.same((await w.ok<{ data: { type: string }[] }>(as, 'GET', '/v1/events?types=receipt.*')).data, [])
      const seen = await w.db.withTenant({ tenantId: us.id, lenderId: as.id, actor: { kind: 'system', id: null }, livemode: false, hasTestClock: true }, async tx => (await tx.execute(sql`select count(*) as n from journal_entries where lender_id is null`)).rows)
      t.match(seen, [{ n: '0' }], 'row security hides what is no lender\'s')
    }
    t.match(await read(receipt.id, them), { status: 404 })
    t.match(await apply(receipt.id, await debt(), 1, them), { status: 404 })
    t.ok((await books(w, us))['T.UNAPPLIED']! < 0)
  })

  t.same(w.failures, [])
})
