import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { addDays, noBuckets, totalOf } from '#kernel'
import { beginCharging } from '../../src/modules/charges/core.ts'
import { live } from '../../src/modules/payments/life.core.ts'
import type { Beginning, Fact } from '../../src/modules/payments/life.core.ts'
import { refundOf } from '../../src/modules/payments/refunds.core.ts'
import type { Refundable } from '../../src/modules/payments/refunds.core.ts'
import { books, checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As, World } from '../world.ts'

interface Payment { id: string, overpaid: number, refunded: number, state: string, allocated: { total: number } }
interface Refund { id: string, amount: number, refundedOn: string, journalEntryId: string }

t.test('what can be refunded: what was overpaid, is not given back yet, and has arrived', async t => {
  const paid: Refundable = { overpaid: 100, refunded: 30, receivedOn: '2026-01-05', till: 'T.BANK', clearedOn: null, state: 'posted' }
  const table: [why: string, payment: Partial<Refundable>, asked: number | undefined, on: string, expected: number | string][] = [
    ['all that is left when nothing is said', {}, undefined, '2026-01-05', 70],
    ['part of it', {}, 20, '2026-01-09', 20],
    ['to the last cent', {}, 70, '2026-01-05', 70],
    ['not a cent more', {}, 71, '2026-01-05', 'refund-exceeds-overpaid'],
    ['nothing is left', { refunded: 100 }, undefined, '2026-01-05', 'nothing-to-refund'],
    ['nothing was overpaid', { overpaid: 0, refunded: 0 }, 1, '2026-01-05', 'nothing-to-refund'],
    ['not before it was received', {}, undefined, '2026-01-04', 'refund-too-early'],
    ['not while it is on its way', { till: 'T.CLEARING' }, undefined, '2026-01-09', 'refund-before-cleared'],
    ['not before it cleared', { till: 'T.CLEARING', clearedOn: '2026-01-08' }, undefined, '2026-01-07', 'refund-too-early'],
    ['once it has cleared', { till: 'T.CLEARING', clearedOn: '2026-01-08' }, undefined, '2026-01-08', 70],
    ['of what was a receipt, by the day that cleared', { till: 'T.UNAPPLIED', clearedOn: '2026-01-06' }, undefined, '2026-01-05', 'refund-too-early'],
    ['not of a payment undone', { state: 'reversed' }, undefined, '2026-01-05', 'payment-already-reversed'],
    ['not of what the lender received', { till: null }, undefined, '2026-01-05', 'refund-not-applicable'],
  ]
  for (const [why, payment, asked, on, expected] of table) {
    if (typeof expected === 'number') t.equal(refundOf({ ...paid, ...payment }, asked, on), expected, why)
    else t.throws(() => refundOf({ ...paid, ...payment }, asked, on), { code: expected }, why)
  }
})

t.test('what was refunded settles nothing in any life: it stays overpaid, whatever facts arrive in whatever order', async () => {
  const from = '2026-01-05'
  const terms = { interest: null, lateFees: [] }
  const beginning: Beginning = {
    opening: { ...noBuckets, principal: 1_000_00 }, timeZone: 'UTC', dueOn: from, placedOn: from, limits: [], terms, pauses: [], disputes: [], order: ['costs', 'penalty', 'interest', 'principal'],
    position: beginCharging(terms, { dueOn: from, placedOn: from }, []),
  }
  const fact = fc.record({ on: fc.nat({ max: 20 }), amount: fc.integer({ min: 1, max: 900_00 }), share: fc.nat({ max: 100 }), isUndone: fc.boolean() })
  fc.assert(fc.property(fc.array(fact, { minLength: 1, maxLength: 8 }), all => {
    const refunded = all.map(({ amount, share }) => Math.floor(amount * share / 100))
    const facts = all.flatMap(({ on, amount, isUndone }, i): Fact[] => [
      { kind: 'payment', paymentId: `p${i}`, on: addDays(from, on), amount, receivedBy: 'agency', refunded: refunded[i]! },
      ...isUndone ? [{ kind: 'reversal' as const, paymentId: `p${i}`, on: addDays(from, on + 1), returned: null }] : [],
    ])
    const { allocations, owed } = live(beginning, facts, { postingDays: [], through: addDays(from, 30), workedThrough: null, isOurs: true, isRecalled: false })
    let settled = 0
    for (const [i, { amount, isUndone }] of all.entries()) {
      const { allocated, overpaid } = allocations.get(`p${i}`)!
      assert(overpaid >= refunded[i]!)
      assert.equal(totalOf(allocated) + overpaid, amount)
      if (!isUndone) settled += totalOf(allocated)
    }
    assert.equal(totalOf(owed), 1_000_00 - settled)
  }), { numRuns: Number(process.env['FC_RUNS'] ?? 500) })
})

const pay = async (w: World, us: Agency, accountId: string, amount: number, receivedOn: string, more: object = {}): Promise<Payment> =>
  await w.ok<Payment>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy: 'agency', method: 'bankTransfer', ...more })
const refund = async (w: World, as: As, id: string, body: object) => await w.call(as, 'POST', `/v1/payments/${id}/refund`, body)
const refused = async (w: World, as: As, id: string, body: object) => (await refund(w, as, id, body)).json<{ status: number, code: string }>()
const trustOf = async (w: World, us: Agency): Promise<Record<string, number>> => Object.fromEntries(Object.entries(await books(w, us)).filter(([name, net]) => /^T\.|^O\.(BAD|DUE)/.test(name) && net !== 0))

t.test('REFUND: what was overpaid goes back, once for a reference, to the cent and no further', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  const { accountId } = await w.account(us, bank, { placedOn: '2026-01-05' })
  const { id, overpaid, refunded } = await pay(w, us, accountId, 1_010_00, '2026-01-05')
  t.same({ overpaid, refunded }, { overpaid: 10_00, refunded: 0 })

  const before = await books(w, us)
  const first = (await refund(w, us, id, { amount: 4_00, refundedOn: '2026-01-05', reference: 'RF-1' })).json<Refund>()
  t.match(first, { paymentId: id, accountId, lenderId: bank.id, amount: 4_00, currency: 'CNY', refundedOn: '2026-01-05', reference: 'RF-1' })
  t.equal((await refund(w, us, id, { amount: 4_00, refundedOn: '2026-01-05', reference: 'RF-1' })).json<Refund>().id, first.id, 'sent again it is answered')
  t.match(await refused(w, us, id, { amount: 5_00, refundedOn: '2026-01-05', reference: 'RF-1' }), { status: 409, code: 'refund-duplicate' })
  const after = await checkBooks(t, w, us, 'part of it')
  t.same([before['T.BANK']! - after['T.BANK']!, after['T.REFUND']! - before['T.REFUND']!], [4_00, 4_00], 'it left the bank and is owed no more')
  t.match(await refused(w, us, id, { amount: 6_01, refundedOn: '2026-01-05' }), { status: 422, code: 'refund-exceeds-overpaid' })
  t.match(await refused(w, us, id, { refundedOn: '2026-01-04' }), { status: 422, code: 'refund-too-early' })
  t.match(await refused(w, us, id, { refundedOn: '2026-01-07' }), { status: 422, code: 'payment-in-future' })
  t.match(await refused(w, bank, id, { refundedOn: '2026-01-05' }), { status: 403, code: 'not-allowed' }, 'it is the agency that holds it')
  t.equal((await refund(w, us, strangeId('payment'), { refundedOn: '2026-01-05' })).statusCode, 404)

  const rest = await Promise.all([1, 2, 3, 4].map(async () => await refund(w, us, id, { refundedOn: '2026-01-05' })))
  t.same(rest.map(({ statusCode }) => statusCode).sort(), [201, 409, 409, 409], 'of many at once exactly one wins')
  t.equal(rest.find(({ statusCode }) => statusCode === 201)!.json<Refund>().amount, 6_00, 'all that was left')
  t.match(await w.ok(us, 'GET', `/v1/payments/${id}`), { overpaid: 10_00, refunded: 10_00, state: 'posted' })
  t.match(await refused(w, us, id, { refundedOn: '2026-01-05' }), { status: 409, code: 'nothing-to-refund' })
  t.equal((await checkBooks(t, w, us, 'all of it'))['T.REFUND'], 0)
  const page = await w.ok<{ data: Refund[], nextCursor: string | null }>(us, 'GET', `/v1/payments/${id}/refunds?limit=1`)
  t.match(page, { data: [{ id: first.id }] })
  t.match(await w.ok(us, 'GET', `/v1/payments/${id}/refunds?cursor=${page.nextCursor!}`), { data: [{ amount: 6_00 }], nextCursor: null })
  t.match((await w.ok<{ data: object[] }>(us, 'GET', '/v1/events?types=payment.refunded')).data, [{ data: { object: { refundId: first.id, left: 6_00 } } }, { data: { object: { amount: 6_00, left: 0 } } }])
  t.match((await refund(w, us, first.id.replace(/^rfd/, 'pay'), { refundedOn: '2026-01-05' })).statusCode, 404)

  const direct = await w.account(us, bank)
  const theirs = await pay(w, us, direct.accountId, 1_010_00, '2026-01-05', { receivedBy: 'lender' })
  t.match(await refused(w, us, theirs.id, { refundedOn: '2026-01-05' }), { status: 422, code: 'refund-not-applicable' })
  const pending = await pay(w, us, (await w.account(us, bank)).accountId, 1_010_00, '2026-01-05', { pending: true })
  t.match(await refused(w, us, pending.id, { refundedOn: '2026-01-05' }), { status: 409, code: 'refund-before-cleared' })
  await w.ok(us, 'POST', `/v1/payments/${pending.id}/clear`, { clearedOn: '2026-01-05' })
  t.equal((await refund(w, us, pending.id, { refundedOn: '2026-01-05' })).statusCode, 201)
  t.match(await refused(w, us, pending.id, { refundedOn: '2026-01-05', reference: 'RF-1' }), { status: 409, code: 'refund-duplicate' }, 'a reference is the lender\'s one')
  const [one, two] = [await pay(w, us, (await w.account(us, bank)).accountId, 1_010_00, '2026-01-05'), await pay(w, us, (await w.account(us, bank)).accountId, 1_010_00, '2026-01-05')]
  const named = await Promise.all([one, two].map(async paid => (await refund(w, us, paid.id, { refundedOn: '2026-01-05', reference: 'RF-9' })).statusCode))
  t.same(named.sort(), [201, 409], 'even when it is sent for two payments at once')
  await checkBooks(t, w, us, 'cleared and refunded')
})

t.test('a correction cannot take back money that has been given back: the debt is owed again instead', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  const { accountId, placementId } = await w.account(us, bank, { balance: { principal: 100_00 }, placedOn: '2026-01-05' })
  await w.liveUntil(us, '2026-01-12T09:00:00Z')
  // 60.00 and 40.00 of 200.00 settle 100.00: 160.00 are overpaid, and 130.00 of them go back.
  const first = await pay(w, us, accountId, 60_00, '2026-01-06')
  const second = await pay(w, us, accountId, 200_00, '2026-01-08')
  t.equal((await refund(w, us, second.id, { amount: 130_00, refundedOn: '2026-01-09' })).statusCode, 201)
  await checkBooks(t, w, us, 'refunded')
  // The 60.00 come back: 70.00 are there to settle the 100.00, not 200.00.
  await w.ok(us, 'POST', `/v1/payments/${first.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-07' })
  await w.settle(us)
  t.match(await w.ok(us, 'GET', `/v1/payments/${second.id}`), { allocated: { total: 70_00 }, overpaid: 130_00, refunded: 130_00 })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 30_00, total: 30_00 }, closedAt: null })
  t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'active' })
  t.match(await checkBooks(t, w, us, 'corrected'), { 'T.REFUND': 0, 'T.BANK': 70_00 })
  t.match(await refused(w, us, second.id, { refundedOn: '2026-01-09' }), { code: 'nothing-to-refund' })
  // A late payment of 20.00 leaves it where it is too.
  await pay(w, us, accountId, 20_00, '2026-01-06')
  t.match(await w.ok(us, 'GET', `/v1/payments/${second.id}`), { allocated: { total: 70_00 }, overpaid: 130_00 })
  t.match(await checkBooks(t, w, us, 'and again'), { 'T.REFUND': 0, 'D.PRINCIPAL': 10_00 })
  t.same(w.failures, [])
})

t.test('the bank takes a refunded payment back whole: what was refunded is the agency\'s loss, in the same transaction', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  const { accountId } = await w.account(us, bank, { placedOn: '2026-01-05' })
  await w.liveUntil(us, '2026-01-12T09:00:00Z')
  const { id } = await pay(w, us, accountId, 1_010_00, '2026-01-06')
  await refund(w, us, id, { refundedOn: '2026-01-09', reference: 'RF-7' })
  t.match((await w.call(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'refund', reversedOn: '2026-01-10' })).json(), { status: 409, code: 'payment-refunded' }, 'nobody gives a payment back twice')
  await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'chargeback', reversedOn: '2026-01-08' })
  await w.settle(us)
  // Nothing is left in trust but what the agency owes it: the 10.00 that the debtor has.
  await checkBooks(t, w, us, 'taken back')
  t.same(await trustOf(w, us), { 'T.BANK': -10_00, 'T.AGENCY': 10_00, 'O.BAD_DEBT': 10_00, 'O.DUE_FROM_TRUST': -10_00 })
  const lost = (await w.ok<{ data: { kind: string, effectiveOn: string, lines: object[] }[] }>(us, 'GET', `/v1/accounts/${accountId}/journal-entries?limit=200`)).data.find(({ kind }) => kind === 'refundLost')
  t.match(lost, { effectiveOn: '2026-01-09', lines: [{ debit: 'T.AGENCY', credit: 'T.REFUND', amount: 10_00 }, { debit: 'O.BAD_DEBT', credit: 'O.DUE_FROM_TRUST', amount: 10_00 }] }, 'not before it was given back')
  for (const on of ['2026-01-08', '2026-01-09', '2026-01-12']) t.match((await w.ok<{ data: object[] }>(us, 'GET', `/v1/trust/reconciliation?on=${on}`)).data, [{ difference: 0, refund: 0 }], `${on}: nobody is owed what was given back`)
  t.match(await refused(w, us, id, { refundedOn: '2026-01-12' }), { code: 'payment-already-reversed' })
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { total: 1_000_00 }, closedAt: null })

  // The agency puts it back into trust.
  await w.ok(us, 'POST', '/v1/trust/cures', { lenderId: bank.id, currency: 'CNY', by: 'agency', amount: 10_00, curedOn: '2026-01-12', reference: 'CU-1' })
  await checkBooks(t, w, us, 'cured')
  t.same(await trustOf(w, us), { 'O.BAD_DEBT': 10_00 })

  // A payment that arrives late has the debt lived again, and what was refunded stays where it is.
  await pay(w, us, accountId, 50_00, '2026-01-05')
  t.match(await checkBooks(t, w, us, 'late'), { 'T.REFUND': 0, 'D.PRINCIPAL': 950_00, 'O.BAD_DEBT': 10_00 })
  t.same(w.failures, [])
})
