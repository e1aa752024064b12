import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import type { Test } from 'tap'
import { noBuckets } from '#kernel'
import { negated } from '../../src/modules/ledger/core.ts'
import type { Line } from '../../src/modules/ledger/core.ts'
import { cleared, netOn } from '../../src/modules/ledger/movements.core.ts'
import { checkClearing, clearingOf, tillOf } from '../../src/modules/payments/clearing.core.ts'
import type { OnItsWay } from '../../src/modules/payments/clearing.core.ts'
import { reversalReasons } from '../../src/modules/payments/core.ts'
import { paymentLines } from '../../src/modules/payments/life.core.ts'
import { books, checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, Lender, World } from '../world.ts'

t.test('money is on its way when it is said to be, and never in the lender\'s hands', async t => {
  const agency = { receivedBy: 'agency' as const, receivedOn: '2026-01-05' }
  const lender = { receivedBy: 'lender' as const, receivedOn: '2026-01-05' }
  t.equal(tillOf(agency), 'T.BANK')
  t.equal(tillOf({ ...agency, pending: false }), 'T.BANK')
  t.equal(tillOf({ ...agency, pending: true }), 'T.CLEARING')
  t.equal(tillOf({ ...agency, clearsOn: '2026-01-05' }), 'T.CLEARING', 'a day on which it clears says so')
  t.equal(tillOf(lender), null)
  t.throws(() => tillOf({ ...lender, pending: true }), { code: 'clearing-not-applicable' })
  t.throws(() => tillOf({ ...lender, clearsOn: '2026-01-05' }), { code: 'clearing-not-applicable' })
  t.throws(() => tillOf({ ...agency, pending: false, clearsOn: '2026-01-05' }), { code: 'clearing-not-applicable' })
  t.throws(() => tillOf({ ...agency, clearsOn: '2026-01-04' }), { code: 'cleared-too-early' })
})

t.test('how money stands with the bank', async t => {
  const table: [till: OnItsWay['till'], clearedOn: string | null, reason: OnItsWay['reason'], stands: string | null][] = [
    [null, null, null, null], [null, null, 'nsf', null],
    ['T.BANK', null, null, 'cleared'], ['T.BANK', null, 'nsf', 'returned'], ['T.BANK', null, 'chargeback', 'returned'], ['T.BANK', null, 'clerical', 'cleared'], ['T.BANK', null, 'refund', 'cleared'],
    ['T.CLEARING', null, null, 'pending'], ['T.CLEARING', null, 'nsf', 'returned'], ['T.CLEARING', null, 'clerical', 'returned'],
    ['T.CLEARING', '2026-01-07', null, 'cleared'], ['T.CLEARING', '2026-01-07', 'nsf', 'returned'], ['T.CLEARING', '2026-01-07', 'refund', 'cleared'],
  ]
  for (const [till, clearedOn, reason, stands] of table) t.equal(clearingOf({ till, receivedOn: '2026-01-05', clearedOn, reason }), stands, `${till} ${clearedOn} ${reason}`)
})

t.test('invariant 8: pending money resolves at most once, and whether it is pending changes nobody\'s balance', async () => {
  const step = fc.oneof(fc.constant('clear' as const), fc.constantFrom(...reversalReasons))
  fc.assert(fc.property(fc.array(step, { maxLength: 8 }), fc.integer({ min: 1, max: 1_000_000_00 }), fc.nat({ max: 100 }), fc.boolean(), (steps, amount, percent, pending) => {
    const till = tillOf({ receivedBy: 'agency', receivedOn: '2026-01-05', pending })!
    const principal = Math.floor(amount * percent / 100)
    const own = paymentLines('agency', { allocated: { ...noBuckets, principal }, overpaid: amount - principal }, till)
    let state: OnItsWay = { till, receivedOn: '2026-01-05', clearedOn: null, reason: null }
    let stored: Line[] = own
    let posted: Line[] = own
    let resolved = 0
    for (const one of steps) {
      const before = clearingOf(state)
      if (one === 'clear') {
        try { checkClearing({ ...state, isUndone: state.reason !== null }, '2026-01-07') } catch { continue }
        state = { ...state, clearedOn: '2026-01-07' }
        stored = [...stored, ...cleared(amount)]
        posted = [...posted, ...cleared(amount)]
      } else if (state.reason === null) {
        // A reversal is the exact opposite of all that is stored.
        state = { ...state, reason: one }
        posted = [...posted, ...negated(stored)]
      }
      if (before === 'pending' && clearingOf(state) !== 'pending') resolved++
    }
    assert(resolved <= 1)
    const isUndone = state.reason !== null
    const isPending = clearingOf(state) === 'pending'
    assert.equal(netOn('T.CLEARING', posted), isPending ? amount : 0)
    assert.equal(netOn('T.BANK', posted), isUndone || isPending ? 0 : amount)
    for (const [account, held] of [['T.CLIENT', principal], ['T.REFUND', amount - principal], ['D.PRINCIPAL', principal]] as const) assert.equal(0 - netOn(account, posted), isUndone ? 0 : held, account)
  }), { numRuns: Number(process.env['FC_RUNS'] ?? 1_000) })
})

interface Payment { id: string, clearing: string | null, clearedOn: string | null, clearsOn: string | null, state: string }
interface Entry { id: string, kind: string, effectiveOn: string, reversalOf: string | null, lines: { debit: string, credit: string, amount: number }[] }

const terms = { commission: { base: ['principal' as const, 'interest' as const, 'penalty' as const], rate: '0.3', vatRate: '0.2' } }
const actions = (w: World, us: Agency) => ({
  pay: async (accountId: string, amount: number, more: object = {}): Promise<Payment> =>
    await w.ok<Payment>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'check', pending: true, ...more }),
  clear: async (id: string, clearedOn: string): Promise<Payment & { code?: string, status?: number }> => await (await w.call(us, 'POST', `/v1/payments/${id}/clear`, { clearedOn })).json(),
  undo: async (id: string, reversedOn: string, reason = 'nsf'): Promise<Payment & { code?: string }> => await (await w.call(us, 'POST', `/v1/payments/${id}/reverse`, { reason, reversedOn })).json(),
  entriesOf: async (accountId: string): Promise<Entry[]> => (await w.ok<{ data: Entry[] }>(us, 'GET', `/v1/accounts/${accountId}/journal-entries?limit=200`)).data,
  async remit (through: string): Promise<number> {
    await w.ok(us, 'POST', '/v1/remittance-runs', { through })
    await w.settle(us)
    return (await w.ok<{ data: { amount: number, sentOn: string }[] }>(us, 'GET', '/v1/remittances')).data.reduce((sum, { amount }) => sum + amount, 0)
  },
})
const line = (debit: string, credit: string, amount: number) => ({ debit, credit, amount })
const linesOf = (entry: Entry | undefined) => entry?.lines.map(({ debit, credit, amount }) => ({ debit, credit, amount }))

const begin = async (t: Test): Promise<{ w: World, us: Agency, bank: Lender }> => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  return { w, us, bank: await w.lender(us, terms) }
}

t.test('what is on its way settles the debt at once and is passed on when it has cleared', async t => {
  const { w, us, bank } = await begin(t)
  const { pay, clear, undo, entriesOf, remit } = actions(w, us)
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
  // 540.00 of principal: commission 162.00 and VAT 32.40, so 345.60 for the lender.
  const payment = await pay(accountId, 540_00)
  t.match(payment, { clearing: 'pending', clearedOn: null, clearsOn: null, state: 'posted' })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 460_00 } }, 'the debtor has paid')
  t.match(await checkBooks(t, w, us, 'on its way'), { 'T.CLEARING': 540_00, 'T.CLIENT': -345_60, 'T.AGENCY': -194_40 })
  t.equal(await remit('2026-01-05'), 0, 'pending money is never passed on')
  t.same((await w.ok<{ data: object[] }>(us, 'GET', '/v1/trust/ageing')).data, [], 'and its time does not run')
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/statements')).data, [{ collected: 540_00, remitted: 0, closingHeld: 345_60 }])

  await w.liveUntil(us, '2026-01-07T09:00:00Z')
  t.match(await clear(payment.id, '2026-01-04'), { status: 422, code: 'cleared-too-early' })
  t.match(await clear(payment.id, '2026-01-08'), { status: 422, code: 'payment-in-future' })
  t.match(await clear(strangeId('payment'), '2026-01-07'), { status: 404 })
  t.match(await clear(payment.id, '2026-01-07'), { clearing: 'cleared', clearedOn: '2026-01-07' })
  t.match(await clear(payment.id, '2026-01-07'), { status: 409, code: 'payment-already-cleared' })
  const clearing = (await entriesOf(accountId)).find(({ kind }) => kind === 'clearing')
  t.same(linesOf(clearing), [line('T.BANK', 'T.CLEARING', 540_00)], 'PAY_CLEARED')
  t.match((await w.ok<{ data: { type: string, data: object }[] }>(us, 'GET', `/v1/accounts/${accountId}/timeline`)).data[0], { type: 'payment.cleared', data: { paymentId: payment.id, amount: 540_00, clearedOn: '2026-01-07' } })
  t.equal(await remit('2026-01-07'), 345_60)
  t.match(await checkBooks(t, w, us, 'passed on'), { 'T.BANK': 0, 'T.CLEARING': 0, 'T.CLIENT': 0, 'T.AGENCY': 0 })

  t.test('returned after it was passed on, both entries are undone to the cent', async t => {
    t.match(await undo(payment.id, '2026-01-06'), { code: 'reversal-too-early' }, 'the bank cannot take back what it did not have')
    t.match(await undo(payment.id, '2026-01-07'), { clearing: 'returned', clearedOn: '2026-01-07', state: 'reversed' })
    const entries = await entriesOf(accountId)
    for (const kind of ['paymentReversal', 'clearingReversal']) {
      const undoing = entries.find(entry => entry.kind === kind)!
      const original = entries.find(({ id }) => id === undoing.reversalOf)
      t.same(linesOf(undoing), linesOf(original)!.map(({ debit, credit, amount }) => line(credit, debit, amount)), kind)
    }
    await w.settle(us)
    t.match(await checkBooks(t, w, us, 'returned'), { 'T.BANK': -540_00, 'T.CLEARING': 0, 'T.CLIENT_DUE': 345_60, 'T.AGENCY': 194_40 })
    t.match(await clear(payment.id, '2026-01-07'), { code: 'payment-already-reversed' })
  })
  t.same(w.failures, [])
})

t.test('returned before it cleared, it was never at the bank', async t => {
  const { w, us, bank } = await begin(t)
  const { pay, clear, undo, entriesOf, remit } = actions(w, us)
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
  // postings.json NSF_BEFORE_REMIT: 180.00 of principal, commission 54.00 and VAT 10.80.
  const payment = await pay(accountId, 180_00)
  t.match(await undo(payment.id, '2026-01-05'), { clearing: 'returned', clearedOn: null })
  const entries = await entriesOf(accountId)
  t.same(entries.slice(-2).map(entry => [entry.kind, linesOf(entry)]), [
    ['paymentReversal', [line('T.CLIENT', 'T.CLEARING', 180_00), line('D.PRINCIPAL', 'C.COLLECTED_AGENCY', 180_00)]],
    ['clawback', [line('T.AGENCY', 'T.CLIENT', 64_80), line('O.COMMISSION_INCOME', 'O.DUE_FROM_TRUST', 54_00), line('O.VAT_OUTPUT', 'O.DUE_FROM_TRUST', 10_80)]],
  ])
  t.match(await clear(payment.id, '2026-01-05'), { code: 'payment-already-reversed' })
  t.equal(await remit('2026-01-05'), 0)
  const net = await checkBooks(t, w, us, 'never arrived')
  t.same(Object.entries(net).filter(([name, amount]) => /^[TO]/.test(name) && amount !== 0), [])

  t.test('of money at the bank, NSF_BEFORE_REMIT takes it from there', async t => {
    const cash = await pay(accountId, 180_00, { pending: false, method: 'cash' })
    t.match(cash, { clearing: 'cleared', clearedOn: '2026-01-05' })
    t.match(await clear(cash.id, '2026-01-05'), { code: 'payment-already-cleared' })
    await undo(cash.id, '2026-01-05')
    t.same(linesOf((await entriesOf(accountId)).findLast(({ kind }) => kind === 'paymentReversal')), [line('T.CLIENT', 'T.BANK', 180_00), line('D.PRINCIPAL', 'C.COLLECTED_AGENCY', 180_00)])
    await checkBooks(t, w, us, 'NSF_BEFORE_REMIT')
  })

  t.test('what the lender received never clears, and a lender clears nothing of the agency\'s', async t => {
    const direct = await pay(accountId, 10_00, { receivedBy: 'lender', pending: false })
    t.match(direct, { clearing: null, clearedOn: null })
    t.match(await clear(direct.id, '2026-01-05'), { code: 'clearing-not-applicable' })
    t.match((await w.call(us, 'POST', '/v1/payments', { accountId, amount: 1, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'lender', method: 'check', pending: true })).json(), { status: 422, code: 'clearing-not-applicable' })
    t.match((await w.call(us, 'POST', '/v1/payments', { accountId, amount: 1, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'check', clearsOn: '2026-01-04' })).json(), { status: 422, code: 'cleared-too-early' })
    const ours = await pay(accountId, 10_00)
    t.match((await w.call(bank, 'POST', `/v1/payments/${ours.id}/clear`, { clearedOn: '2026-01-05' })).json(), { status: 403, code: 'not-allowed' })
    t.match(await w.ok(bank, 'GET', `/v1/payments/${ours.id}`), { clearing: 'pending' })
  })

  t.test('a repeat says the same of its way to the bank', async t => {
    const first = await pay(accountId, 10_00, { reference: 'CHQ-1', clearsOn: '2026-01-09' })
    t.match(await pay(accountId, 10_00, { reference: 'CHQ-1', clearsOn: '2026-01-09' }), { id: first.id, clearsOn: '2026-01-09' })
    const other = (await w.call(us, 'POST', '/v1/payments', { accountId, amount: 10_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'check', reference: 'CHQ-1' })).json<{ code: string }>()
    t.equal(other.code, 'payment-duplicate')
  })
  t.same(w.failures, [])
})

t.test('money clears by itself when its day is over, unless it was undone', async t => {
  const { w, us, bank } = await begin(t)
  const { pay, clear, undo } = actions(w, us)
  const { accountId } = await w.account(us, bank, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
  const kept = await pay(accountId, 100_00, { clearsOn: '2026-01-07' })
  const bounced = await pay(accountId, 200_00, { clearsOn: '2026-01-07' })
  const early = await pay(accountId, 300_00, { clearsOn: '2026-01-07' })
  const open = await pay(accountId, 50_00)
  // The 7th is over at 16:00 UTC in Shanghai.
  await w.liveUntil(us, '2026-01-07T15:59:00Z')
  t.match(await w.ok(us, 'GET', `/v1/payments/${kept.id}`), { clearing: 'pending', clearsOn: '2026-01-07' })
  await clear(early.id, '2026-01-06')
  await undo(bounced.id, '2026-01-07')
  await w.liveUntil(us, '2026-01-09T09:00:00Z')
  t.match(await w.ok(us, 'GET', `/v1/payments/${kept.id}`), { clearing: 'cleared', clearedOn: '2026-01-07' })
  t.match(await w.ok(us, 'GET', `/v1/payments/${early.id}`), { clearing: 'cleared', clearedOn: '2026-01-06' })
  t.match(await w.ok(us, 'GET', `/v1/payments/${bounced.id}`), { clearing: 'returned', clearedOn: null })
  t.match(await w.ok(us, 'GET', `/v1/payments/${open.id}`), { clearing: 'pending' }, 'without a day it waits')
  t.match(await checkBooks(t, w, us, 'cleared by themselves'), { 'T.BANK': 400_00, 'T.CLEARING': 50_00 })
  const late = await pay(accountId, 10_00, { receivedOn: '2026-01-06', clearsOn: '2026-01-06' })
  await w.settle(us)
  t.match(await w.ok(us, 'GET', `/v1/payments/${late.id}`), { clearing: 'cleared', clearedOn: '2026-01-06' }, 'a day that was over when it was recorded')
  t.same(w.failures, [])
})

t.test('a payment that arrives late is on its way as any other, and what it changes moves no money', async t => {
  const { w, us } = await begin(t)
  const { pay, clear, entriesOf } = actions(w, us)
  const lender = await w.lender(us, { ...terms, interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00 }, placedOn: '2026-01-05' })
  // 1.00 a day on 1,000.00. On the 15th 10.00 of interest; 1,010.00 settle all of it.
  await w.liveUntil(us, '2026-01-15T09:00:00Z')
  const second = await pay(accountId, 500_00, { receivedOn: '2026-01-15' })
  await clear(second.id, '2026-01-15')
  // Late: 505.00 on the 10th, still on its way: 5.00 and 500.00; after that 0.50 a day. On the 15th 2.50 and 497.50 of the 500.00.
  const first = await pay(accountId, 505_00, { receivedOn: '2026-01-10' })
  t.match(first, { clearing: 'pending', allocated: { interest: 5_00, principal: 500_00 } })
  t.match(await w.ok(us, 'GET', `/v1/payments/${second.id}`), { clearing: 'cleared', allocated: { interest: 2_50, principal: 497_50 } })
  t.match(await books(w, us), { 'T.CLEARING': 505_00, 'T.BANK': 500_00 })
  t.same(linesOf((await entriesOf(accountId)).find(({ kind }) => kind === 'correction'))!.filter(({ debit }) => debit.startsWith('T.')), [])
  await checkBooks(t, w, us, 'late and pending')

  // 3.00 are owed by then. Late again, 10.00 in cash on the 5th: more than is owed. What is left of the payment that is still on its way, and of the one that cleared, is the debtor's.
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 10_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' })
  t.match(await checkBooks(t, w, us, 'a cleared payment is overpaid by a late one'), { 'T.CLEARING': 505_00, 'T.BANK': 510_00 })
  t.ok(((await books(w, us))['T.REFUND'] ?? 0) < 0)
  t.same(w.failures, [])
})
