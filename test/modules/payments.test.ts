import fc from 'fast-check'
import t from 'tap'
import { buckets, lessBuckets, minor, noBuckets, totalOf } from '#kernel'
import type { Bucket, Buckets } from '#kernel'
import { allocate, checkPayment, checkRepeat, closeCodeOf, isSettled } from '../../src/modules/payments/core.ts'
import type { PaymentFacts } from '../../src/modules/payments/core.ts'
import { books, checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { As } from '../world.ts'

const standing = { on: '2026-01-05', dueOn: '2025-12-20', disputed: noBuckets }
const owed: Buckets = { principal: 1_000_00, interest: 30_00, penalty: 50_00, costs: 40_00 }

t.test('a payment settles the parts of a debt in the agreed order', async t => {
  const lawful: Bucket[] = ['costs', 'penalty', 'interest', 'principal']
  const table: [amount: number, order: Bucket[], allocated: number[], overpaid: number, why: string][] = [
    [540_00, lawful, [420_00, 30_00, 50_00, 40_00], 0, 'postings.json PAY_AGENCY_ALLOCATED: costs 40, penalty 50, interest 30, principal 420'],
    [1, lawful, [0, 0, 0, 1], 0, 'a cent goes to the first'],
    [40_00, lawful, [0, 0, 0, 40_00], 0, 'the second gets nothing until the first is settled'],
    [40_01, lawful, [0, 0, 1, 40_00], 0, ''],
    [1_120_00, lawful, [1_000_00, 30_00, 50_00, 40_00], 0, 'all of it'],
    [1_130_00, lawful, [1_000_00, 30_00, 50_00, 40_00], 10_00, 'what is left is overpaid'],
    [1_010_00, ['principal', 'interest', 'costs', 'penalty'], [1_000_00, 10_00, 0, 0], 0, 'BGB 497(3): interest after principal'],
  ]
  for (const [amount, order, [principal, interest, penalty, costs], overpaid, why] of table) {
    t.same(allocate(owed, minor(amount), order, standing), { allocated: { principal, interest, penalty, costs }, overpaid }, why)
  }
})

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 500) }
const anyPart = fc.integer({ min: 0, max: 1_000_000_00 }).map(minor)
const anyOwed = fc.record({ principal: anyPart, interest: anyPart, penalty: anyPart, costs: anyPart })
const anyOrder = fc.shuffledSubarray([...buckets], { minLength: 4 })
const anyAmount = fc.integer({ min: 1, max: 5_000_000_00 }).map(minor)

t.test('invariants 11 to 14 of an allocation', async t => {
  fc.assert(fc.property(anyOwed, anyAmount, anyAmount, anyOrder, (owed, amount, more, order) => {
    const { allocated, overpaid } = allocate(owed, amount, order, standing)
    // 11, 12: nothing below zero, no part above what it owes, and every cent is somewhere.
    const isBounded = buckets.every(bucket => allocated[bucket] >= 0 && allocated[bucket] <= owed[bucket]) && totalOf(allocated) + overpaid === amount
    // 13: a later part gets money only when all before it are settled; a larger payment gives no part less.
    const firstOpen = order.findIndex(bucket => allocated[bucket] < owed[bucket])
    const isWaterfall = firstOpen === -1 || (order.slice(firstOpen + 1).every(bucket => allocated[bucket] === 0) && overpaid === 0)
    const larger = allocate(owed, minor(amount + more), order, standing)
    const isMonotone = buckets.every(bucket => larger.allocated[bucket] >= allocated[bucket])
    // 14: two payments on one day are one payment.
    const second = allocate(lessBuckets(owed, allocated), more, order, standing)
    const isSplittable = buckets.every(bucket => allocated[bucket] + second.allocated[bucket] === larger.allocated[bucket]) && overpaid + second.overpaid === larger.overpaid
    return isBounded && isWaterfall && isMonotone && isSplittable
  }), runs)
})

t.test('what an account cannot take is refused by name', async t => {
  const account = { currency: 'CNY' }, placement = { placedOn: '2026-01-05' }
  t.throws(() => checkPayment(account, placement, { currency: 'USD', receivedOn: '2026-01-06' }), { code: 'currency-mismatch' })
  t.throws(() => checkPayment(account, placement, { currency: 'CNY', receivedOn: '2026-01-04' }), { code: 'payment-before-placement' })
  t.doesNotThrow(() => checkPayment(account, placement, { currency: 'CNY', receivedOn: '2026-01-05' }))
})

t.test('a repeat is a repeat only when all of it is the same', async t => {
  const known: PaymentFacts = { accountId: 'acc_1', amount: 1_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash', till: 'T.BANK', clearsOn: null }
  t.doesNotThrow(() => checkRepeat(known, { ...known }))
  for (const other of [{ accountId: 'acc_2' }, { amount: 2_00 }, { currency: 'USD' }, { receivedOn: '2026-01-06' }, { receivedBy: 'lender' as const }, { method: 'card' }, { till: 'T.CLEARING' as const }, { clearsOn: '2026-01-09' }]) {
    t.throws(() => checkRepeat(known, { ...known, ...other }), { code: 'payment-duplicate' }, Object.keys(other)[0]!)
  }
})

t.test('a debt is closed by what settled it', async t => {
  t.equal(closeCodeOf('agency'), 'paidInFull')
  t.equal(closeCodeOf('lender'), 'paidToLender')
  t.ok(isSettled({ principal: 0, interest: 0, penalty: 0, costs: 0 }))
  for (const bucket of buckets) t.notOk(isSettled({ principal: 0, interest: 0, penalty: 0, costs: 0, [bucket]: 1 }), bucket)
})

interface Payment { id: string, state: string, allocated: Record<string, number>, overpaid: number, reversal: { reason: string, reversedOn: string } | null, journalEntryId: string | null }
interface Entry { kind: string, effectiveOn: string, reversalOf: string | null, id: string, lines: { debit: string, credit: string, amount: number }[] }

t.test('through the API', async t => {
  const w = await world()
  t.teardown(w.close)
  // Agencies begin at 17:00 on 5 January 2026 in Shanghai.
  const us = await w.agency()
  const them = await w.agency()
  const commission = { base: ['principal' as const, 'interest' as const, 'penalty' as const], rate: '0.3', vatRate: '0.2' }
  const lender = await w.lender(us, { commission })
  const other = await w.lender(us, { commission })

  const pay = async (accountId: string, amount: number, more: object = {}): Promise<Payment> =>
    await w.ok<Payment>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'bankTransfer', ...more })
  const refused = async (body: object, as: As = us) => (await w.call(as, 'POST', '/v1/payments', { amount: 1_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash', ...body })).json<Record<string, unknown>>()
  const balanceOf = async (accountId: string) => (await w.ok<{ balance: Record<string, number>, closedAt: string | null }>(us, 'GET', `/v1/accounts/${accountId}`))
  const entriesOf = async (accountId: string) => (await w.ok<{ data: Entry[] }>(us, 'GET', `/v1/accounts/${accountId}/journal-entries?limit=200`)).data
    .map(entry => ({ ...entry, lines: entry.lines.map(({ debit, credit, amount }) => ({ debit, credit, amount })) }))
  const happened = async (accountId: string) => (await w.ok<{ data: { type: string, data: Record<string, unknown> }[] }>(us, 'GET', `/v1/accounts/${accountId}/timeline?limit=200`)).data.reverse()
  const line = (debit: string, credit: string, amount: number) => ({ debit, credit, amount })

  t.test('the story of postings.json, figure by figure', async t => {
    const { accountId } = await w.account(us, lender, { balance: { principal: 1_000_00, interest: 30_00, penalty: 50_00, costs: 40_00 } })
    // 540.00 to the agency: costs 40, penalty 50, interest 30, principal 420. Commission 30 % of 500.00 (costs excluded) = 150.00, VAT 20 % = 30.00, withheld.
    const first = await pay(accountId, 540_00)
    t.match(first, { state: 'posted', allocated: { principal: 420_00, interest: 30_00, penalty: 50_00, costs: 40_00, total: 540_00 }, overpaid: 0, reversal: null })
    const [, payment, earned] = await entriesOf(accountId)
    t.same(payment?.lines, [
      line('T.BANK', 'T.CLIENT', 540_00), line('C.COLLECTED_AGENCY', 'D.PRINCIPAL', 420_00), line('C.COLLECTED_AGENCY', 'D.INTEREST', 30_00),
      line('C.COLLECTED_AGENCY', 'D.PENALTY', 50_00), line('C.COLLECTED_AGENCY', 'D.COSTS', 40_00),
    ])
    t.same(earned?.lines, [line('T.CLIENT', 'T.AGENCY', 180_00), line('O.DUE_FROM_TRUST', 'O.COMMISSION_INCOME', 150_00), line('O.DUE_FROM_TRUST', 'O.VAT_OUTPUT', 30_00)])
    t.match(await checkBooks(t, w, us, 'PAY_AGENCY, COMMISSION_NET'), { 'T.BANK': 540_00, 'T.CLIENT': -360_00, 'T.AGENCY': -180_00 })

    // 200.00 to the lender: principal. Commission 60.00 and VAT 12.00 on its account; trust is not touched.
    await pay(accountId, 200_00, { receivedBy: 'lender', method: 'cash' })
    t.same((await entriesOf(accountId)).slice(3).map(({ kind, lines }) => [kind, lines]), [
      ['payment', [line('C.COLLECTED_DIRECT', 'D.PRINCIPAL', 200_00)]], ['commission', [line('O.AR', 'O.COMMISSION_INCOME', 60_00), line('O.AR', 'O.VAT_OUTPUT', 12_00)]],
    ])
    t.match(await checkBooks(t, w, us, 'PAY_DIRECT, COMMISSION_INVOICE'), { 'T.BANK': 540_00, 'T.CLIENT': -360_00, 'O.AR': 72_00 })

    // 180.00 to the agency, returned unpaid: commission 54.00 and VAT 10.80 come and go with it.
    const second = await pay(accountId, 180_00)
    t.match(await checkBooks(t, w, us, 'PAY_AGENCY_2, COMMISSION_NET_2'), { 'T.BANK': 720_00, 'T.CLIENT': -475_20, 'T.AGENCY': -244_80 })
    const reversed = await w.ok<Payment>(us, 'POST', `/v1/payments/${second.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
    t.match(reversed, { id: second.id, state: 'reversed', reversal: { reason: 'nsf', reversedOn: '2026-01-05' } })
    const entries = await entriesOf(accountId)
    for (const entry of entries.slice(-2)) {
      const original = entries.find(({ id }) => id === entry.reversalOf)
      t.same(entry.lines, original?.lines.map(({ debit, credit, amount }) => line(credit, debit, amount)), `${entry.kind} is the exact opposite of ${original?.kind}`)
    }
    t.match(await checkBooks(t, w, us, 'NSF_BEFORE_REMIT'), { 'T.BANK': 540_00, 'T.CLIENT': -360_00, 'T.AGENCY': -180_00, 'O.COMMISSION_INCOME': -210_00, 'O.VAT_OUTPUT': -42_00 })
    t.match(await balanceOf(accountId), { balance: { principal: 380_00, total: 380_00 }, closedAt: null })

    const recoveries = (await happened(accountId)).filter(({ type }) => type === 'recovery.recorded').map(({ data }) => data)
    t.match(recoveries, [
      { receivedBy: 'agency', allocated: { total: 540_00, costs: 40_00 }, commission: 150_00, vat: 30_00, balance: { total: 580_00 } },
      { receivedBy: 'lender', allocated: { total: 200_00 }, commission: 60_00, vat: 12_00, balance: { total: 380_00 } },
      { receivedBy: 'agency', allocated: { total: 180_00 }, commission: 54_00, vat: 10_80, balance: { total: 200_00 } },
      { receivedBy: 'agency', allocated: { principal: -180_00, total: -180_00 }, commission: -54_00, vat: -10_80, balance: { total: 380_00 } },
    ])
    t.match((await happened(accountId)).map(({ type }) => type).slice(-4), ['recovery.recorded', 'payment.reversed', 'commission.clawedBack', 'recovery.recorded'])
  })

  t.test('a debt that owes nothing is closed by what settled it, and overpaid money is the debtor\'s', async t => {
    const { accountId, placementId } = await w.account(us, lender)
    const before = await books(w, us)
    t.match(await pay(accountId, 1_010_00), { allocated: { principal: 1_000_00 }, overpaid: 10_00 })
    t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'closed', closeCode: 'paidInFull' })
    const after = await checkBooks(t, w, us, 'OVERPAYMENT')
    t.equal((before['T.REFUND'] ?? 0) - after['T.REFUND']!, 10_00)
    t.match(await refused({ accountId }), { status: 409, code: 'account-not-placed' }, 'a closed debt takes no money')
    t.match((await happened(accountId)).map(({ type }) => type), ['placement.activated', 'payment.posted', 'commission.accrued', 'recovery.recorded', 'placement.closed'])

    const direct = await w.account(us, lender)
    t.match(await pay(direct.accountId, 1_000_01, { receivedBy: 'lender' }), { allocated: { principal: 1_000_00 }, overpaid: 1 }, 'recorded, and between lender and debtor')
    t.match(await w.ok(us, 'GET', `/v1/placements/${direct.placementId}`), { closeCode: 'paidToLender' })
    t.equal((await books(w, us))['T.REFUND'], after['T.REFUND'], 'money the agency never held touches no trust account')
  })

  t.test('a reversal brings a closed debt back to work', async t => {
    const { accountId, placementId } = await w.account(us, lender)
    const payment = await pay(accountId, 1_010_00)
    await w.ok(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'chargeback', reversedOn: '2026-01-05' })
    t.match(await balanceOf(accountId), { balance: { principal: 1_000_00, total: 1_000_00 }, closedAt: null })
    t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'active', closeCode: null })
    await checkBooks(t, w, us, 'reversal of an overpayment')
    t.match((await w.call(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })).json(), { status: 409, code: 'payment-already-reversed' })
    await pay(accountId, 1_000_00)
    t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'closed' }, 'and it can be paid again')
  })

  t.test('a debt closed for another reason stays closed when a payment is undone', async t => {
    const { accountId, placementId } = await w.account(us, lender)
    const payment = await pay(accountId, 400_00)
    await w.ok(us, 'POST', `/v1/placements/${placementId}/close`, { closeCode: 'deceased' })
    await w.ok(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'clerical', reversedOn: '2026-01-05' })
    t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'closed', closeCode: 'deceased' })
    const recalled = await w.account(us, lender)
    const undone = await pay(recalled.accountId, 400_00)
    await w.ok(us, 'POST', `/v1/placements/${recalled.placementId}/recall`)
    await w.ok(us, 'POST', `/v1/payments/${undone.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
    t.match(await w.ok(us, 'GET', `/v1/placements/${recalled.placementId}`), { state: 'recalled' })
    await checkBooks(t, w, us, 'reversal on a recalled debt')
  })

  t.test('a reference names a payment once, so that a bank file sent twice books nothing twice', async t => {
    const { accountId } = await w.account(us, lender)
    const reference = 'TXN-1'
    const first = await pay(accountId, 1_000_00, { reference })
    t.equal((await pay(accountId, 1_000_00, { reference })).id, first.id, 'answered, though the debt is closed by now')
    t.match(await refused({ accountId, amount: 1_000_01, reference }), { status: 409, code: 'payment-duplicate' })
    const second = await w.account(us, lender)
    t.match(await refused({ accountId: second.accountId, amount: 1_000_00, method: 'bankTransfer', reference }), { code: 'payment-duplicate' }, 'another debt of the lender')
    const elsewhere = await w.account(us, other)
    t.not((await pay(elsewhere.accountId, 1_000_00, { reference })).id, first.id, 'another lender counts for itself')
    const third = await w.account(us, lender)
    const many = await Promise.all(Array.from({ length: 8 }, async () => await pay(third.accountId, 100_00, { reference: 'TXN-2' })))
    t.equal(new Set(many.map(({ id }) => id)).size, 1, 'eight at once are one')
    t.match(await balanceOf(third.accountId), { balance: { total: 900_00 } })
    t.match((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/payments?reference=TXN-2&lenderId=${lender.id}`)).data, [{ id: many[0]!.id }])
    await checkBooks(t, w, us, 'repeats')
  })

  t.test('twenty payments at once on one debt: never below zero, and every cent is somewhere', async t => {
    const { accountId } = await w.account(us, lender)
    const before = await books(w, us)
    const replies = await Promise.all(Array.from({ length: 20 }, async (_, i) => await w.call(us, 'POST', '/v1/payments', {
      accountId, amount: 60_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card', reference: `P-${i}`,
    })))
    // 16 * 60.00 = 960.00; the 17th settles 40.00 and overpays 20.00; the last three find the debt closed.
    const paid = replies.filter(({ statusCode }) => statusCode === 201).map(reply => reply.json<Payment>())
    t.equal(paid.length, 17)
    t.equal(paid.reduce((sum, { allocated }) => sum + allocated['total']!, 0), 1_000_00)
    t.equal(paid.reduce((sum, { overpaid }) => sum + overpaid, 0), 20_00)
    t.match(replies.filter(({ statusCode }) => statusCode !== 201).map(reply => reply.json<object>()), [{ code: 'account-not-placed' }, { code: 'account-not-placed' }, { code: 'account-not-placed' }])
    t.match(await balanceOf(accountId), { balance: { total: 0 } })
    const after = await checkBooks(t, w, us, 'twenty at once')
    t.equal(after['T.BANK']! - before['T.BANK']!, 17 * 60_00)
  })

  t.test('two reversals at once: exactly one', async t => {
    const { accountId } = await w.account(us, lender)
    const payment = await pay(accountId, 300_00)
    const replies = await Promise.all(Array.from({ length: 6 }, async () => await w.call(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })))
    t.same(replies.map(({ statusCode }) => statusCode).sort(), [200, 409, 409, 409, 409, 409])
    t.match(await balanceOf(accountId), { balance: { total: 1_000_00 } })
    await checkBooks(t, w, us, 'six reversals at once')
  })

  t.test('every refusal leaves no trace', async t => {
    const { accountId } = await w.account(us, lender)
    const payment = await pay(accountId, 100_00)
    const before = await entriesOf(accountId)
    t.match(await refused({ accountId, currency: 'USD' }), { status: 409, code: 'currency-mismatch' })
    t.match(await refused({ accountId, receivedOn: '2026-01-04' }), { status: 422, code: 'payment-before-placement' })
    t.match(await refused({ accountId, receivedOn: '2026-01-06' }), { status: 422, code: 'payment-in-future' })
    t.match(await refused({ accountId: strangeId('account') }), { status: 404, code: 'not-found' })
    t.match(await refused({ lenderReference: 'no such debt' }), { status: 404 })
    t.match(await refused({ accountId, lenderReference: 'both' }), { status: 400, code: 'invalid-request' })
    t.match(await refused({}), { status: 400, code: 'invalid-request' })
    for (const amount of [0, -1, 1.5, '100', 1e15, null]) t.match(await refused({ accountId, amount }), { status: 400, errors: [{ pointer: '/amount' }] }, `amount ${amount}`)
    for (const more of [{ receivedOn: '2026-02-30' }, { receivedBy: 'court' }, { method: 'barter' }, { currency: 'yuan' }, { amout: 1 }, { reference: '' }]) t.match(await refused({ accountId, ...more }), { status: 400 }, JSON.stringify(more))
    const reverse = async (body: object, id = payment.id) => (await w.call(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05', ...body })).json<object>()
    t.match(await reverse({ reversedOn: '2026-01-04' }), { status: 422, code: 'reversal-too-early' })
    t.match(await reverse({ reversedOn: '2026-01-06' }), { status: 422, code: 'payment-in-future' })
    t.match(await reverse({ reason: 'regret' }), { status: 400 })
    t.match(await reverse({}, strangeId('payment')), { status: 404 })
    t.same(await entriesOf(accountId), before)
    t.match(await balanceOf(accountId), { balance: { total: 900_00 } })
  })

  t.test('a debt is found by its lender\'s number, when that names one debt', async t => {
    await w.account(us, lender, { lenderReference: 'SAME' })
    await w.account(us, other, { lenderReference: 'SAME' })
    const mine = await w.account(us, lender, { lenderReference: 'MINE' })
    t.match(await refused({ lenderReference: 'SAME' }), { status: 422, code: 'account-ambiguous' })
    t.match(await refused({ lenderReference: 'SAME', lenderId: other.id }), { lenderId: other.id, state: 'posted' })
    t.match(await refused({ lenderReference: 'MINE' }), { accountId: mine.accountId })
    t.match(await refused({ lenderReference: 'SAME', receivedBy: 'lender' }, lender), { lenderId: lender.id }, 'to a lender no other exists')
  })

  t.test('a lender reports its own money, sees its own, and touches nothing else', async t => {
    const { accountId } = await w.account(us, lender)
    const ours = await pay(accountId, 100_00)
    t.match(await refused({ accountId }, lender), { status: 403, code: 'not-allowed' }, 'a lender does not speak for the agency\'s hands')
    const theirs = await refused({ accountId, receivedBy: 'lender', amount: 50_00 }, lender)
    t.match(theirs, { state: 'posted', allocated: { principal: 50_00 } })
    const undo = async (as: As, id: string) => (await w.call(as, 'POST', `/v1/payments/${id}/reverse`, { reason: 'clerical', reversedOn: '2026-01-05' })).json<object>()
    t.match(await undo(lender, ours.id), { status: 403, code: 'not-allowed' })
    t.match(await undo(other, ours.id), { status: 404 })
    t.match(await undo(them, ours.id), { status: 404 })
    t.match(await refused({ accountId, receivedBy: 'lender' }, other), { status: 404 }, 'another lender\'s debt does not exist')
    t.match(await refused({ accountId }, them), { status: 404 }, 'nor does another agency\'s')
    t.match((await w.call(other, 'GET', `/v1/payments/${ours.id}`)).json(), { status: 404 })
    t.same((await w.ok<{ data: unknown[] }>(other, 'GET', `/v1/payments?accountId=${accountId}`)).data, [])
    t.match((await w.ok<{ data: Payment[] }>(lender, 'GET', `/v1/payments?accountId=${accountId}`)).data.map(({ id }) => id), [ours.id, theirs['id']])
    t.match(await undo(lender, String(theirs['id'])), { state: 'reversed' })
    await checkBooks(t, w, us, 'a lender at work')
  })

  t.test('a repeated Idempotency-Key answers what was answered, and books once', async t => {
    const { accountId } = await w.account(us, lender)
    const body = { accountId, amount: 10_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' }
    const first = await w.call(us, 'POST', '/v1/payments', body, { 'idempotency-key': 'pay-1' })
    const again = await w.call(us, 'POST', '/v1/payments', body, { 'idempotency-key': 'pay-1' })
    t.equal(again.statusCode, 201)
    t.same(again.json(), first.json())
    t.match(await balanceOf(accountId), { balance: { total: 990_00 } })
  })
  t.same(w.failures, [])
})

t.test('the day of a payment is charged before it is applied', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  // 100 % a year: 1,000.00 earns 2.7397... a day.
  const lender = await w.lender(us, { interest: { rate: '100', unit: 'pct_year', dayCount: 'ACT/365F' } })
  const { accountId } = await w.account(us, lender)
  const pay = async (amount: number, receivedOn: string) => await w.ok<Payment>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy: 'agency', method: 'card' })
  const balance = async () => (await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance

  // The 5th: placed, no interest yet. Five nights, the 6th to the 10th: 5 * 100000/365 = 1369.86 cents -> 13.70.
  await w.liveUntil(us, '2026-01-10T01:00:00Z')
  t.match(await balance(), { principal: 1_000_00, interest: 13_70 })
  // The 10th, 513.70: interest 13.70 and 500.00 of principal.
  t.match(await pay(513_70, '2026-01-10'), { allocated: { interest: 13_70, principal: 500_00 } })
  // Two nights on 500.00: (500000 + 2 * 50000) base days / 365 = 1643.83 -> 16.44 in all, 2.74 more.
  await w.liveUntil(us, '2026-01-12T01:00:00Z')
  t.match(await balance(), { principal: 500_00, interest: 2_74 })
  // A payment that arrives late, dated the 11th: by then 550000 / 365 = 1506.85 -> 15.07, 1.37 of it open. The rest, 1.37, is principal.
  t.match(await pay(2_74, '2026-01-11'), { allocated: { interest: 1_37, principal: 1_37 } })
  // So the 12th bore interest on 498.63 only: (550000 + 49863) / 365 = 1643.46 -> 16.43: 1.36 instead of 1.37.
  t.match(await balance(), { principal: 498_63, interest: 1_36 })
  // All of it on the 12th closes the debt; it bounces on the 14th. Between, nothing was owed and nothing accrues.
  const all = await pay(499_99, '2026-01-12')
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { closedAt: /^2026/ })
  await w.liveUntil(us, '2026-01-14T01:00:00Z')
  await w.ok(us, 'POST', `/v1/payments/${all.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-14' })
  t.match(await balance(), { principal: 498_63, interest: 1_36 })
  // Interest runs again from the 15th: two nights, (599863 + 99726) / 365 = 1916.68 -> 19.17 in all, 16.43 of it posted: 2.74 more.
  await w.liveUntil(us, '2026-01-16T01:00:00Z')
  t.match(await balance(), { principal: 498_63, interest: 4_10 })
  await checkBooks(t, w, us, 'a bounced settlement')
  t.same(w.failures, [])
})
