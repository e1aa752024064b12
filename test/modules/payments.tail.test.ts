import t from 'tap'
import { Problem, noBuckets } from '#kernel'
import type { Buckets } from '#kernel'
import { live } from '../../src/modules/payments/life.core.ts'
import type { Beginning, Course, Fact } from '../../src/modules/payments/life.core.ts'
import { checkTail } from '../../src/modules/payments/tail.core.ts'
import { books, checkBooks } from '../books.ts'
import { world } from '../world.ts'

t.test('a tail has a last day, and a refusal says since when it is over', async t => {
  const cases: [endedOn: string, tailDays: number, receivedOn: string, overSince: string | null][] = [
    ['2026-01-15', 10, '2026-01-16', null], ['2026-01-15', 10, '2026-01-25', null], ['2026-01-15', 10, '2026-01-26', '2026-01-26'], ['2026-02-27', 2, '2026-03-02', '2026-03-02'],
    ['2026-01-15', 0, '2026-01-15', null], ['2026-01-15', 0, '2026-01-16', '2026-01-16'],
  ]
  for (const [endedOn, tailDays, receivedOn, overSince] of cases) {
    try {
      checkTail({ endedOn, tailDays }, receivedOn)
      t.equal(overSince, null, `${receivedOn} counts`)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      t.match(error, { code: 'tail-over', status: 422, details: { endedOn, tailDays, overSince } })
    }
  }
})

t.test('a recall takes what is owed at the end of its day, and gives back what is paid after it: whatever is known late', async t => {
  const beginning: Beginning = {
    opening: { ...noBuckets, principal: 100_00, interest: 5_00 }, order: ['interest', 'principal', 'penalty', 'costs'], disputes: [], terms: { interest: null, lateFees: [] }, pauses: [], timeZone: 'UTC', dueOn: '2026-01-01', placedOn: '2026-01-05',
    limits: [], position: { chargedThroughOn: '2026-01-05', interest: { exact: { n: 0n, d: 1n }, posted: 0, capitalized: 0, stretch: null }, fees: { pending: [], charged: 0, lastOn: {} } },
  }
  const course: Course = { postingDays: [], through: '2026-01-31', workedThrough: '2026-01-10', isOurs: false, isRecalled: true }
  const pay = (paymentId: string, day: number, amount: number, receivedBy: 'agency' | 'lender' = 'lender'): Fact => ({ kind: 'payment', paymentId, on: `2026-01-${String(day).padStart(2, '0')}`, amount, receivedBy })
  const undo = (paymentId: string, day: number): Fact => ({ kind: 'reversal', paymentId, on: `2026-01-${day}`, returned: null })
  const paid = (principal: number, interest: number, overpaid = 0) => ({ allocated: { ...noBuckets, principal, interest } as Buckets, overpaid })
  const cases: [what: string, facts: Fact[], recalled: number, payments: Record<string, ReturnType<typeof paid>>][] = [
    ['nothing paid', [], 105_00, {}],
    ['paid before', [pay('a', 8, 25_00)], 80_00, { a: paid(20_00, 5_00) }],
    ['paid on the day', [pay('a', 10, 25_00)], 80_00, { a: paid(20_00, 5_00) }],
    ['paid after', [pay('a', 12, 25_00)], 80_00, { a: paid(20_00, 5_00) }],
    ['more than was recalled', [pay('a', 12, 100_00), pay('b', 13, 10_00)], 0, { a: paid(95_00, 5_00), b: paid(5_00, 0, 5_00) }],
    ['paid after, and undone', [pay('a', 12, 25_00), undo('a', 14)], 105_00, { a: paid(20_00, 5_00) }],
    ['undone, and paid again', [pay('a', 12, 105_00), undo('a', 14), pay('b', 15, 110_00)], 0, { a: paid(100_00, 5_00), b: paid(100_00, 5_00, 5_00) }],
    ['one of before undone after', [pay('a', 8, 25_00), undo('a', 14), pay('b', 15, 105_00)], 0, { a: paid(20_00, 5_00), b: paid(100_00, 5_00) }],
    ['one of before told last', [pay('b', 15, 100_00), pay('a', 8, 25_00)], 0, { a: paid(20_00, 5_00), b: paid(80_00, 0, 20_00) }],
  ]
  for (const [what, facts, recalled, payments] of cases) {
    const { owed, lines, allocations } = live(beginning, facts, course)
    const net = (account: string): number => lines.reduce((sum, { debit, credit, amount }) => sum + (debit === account ? amount : credit === account ? -amount : 0), 0)
    t.same(owed, noBuckets, `${what}: nothing stays on the books`)
    t.equal(net('C.RECALLED'), recalled, `${what}: what is with the lender`)
    t.same(Object.fromEntries(allocations), payments, `${what}: what payments settle`)
  }
})

const interest = { rate: '36.5', unit: 'pct_year' as const, dayCount: 'ACT/365F' as const }

t.test('payments after a recall', async t => {
  const w = await world()
  t.teardown(w.close)
  // 1,000.00 earn 1.00 a day. Of interest and principal the agency earns a fifth, in the ten days after a debt left its hands as well.
  const begin = async (tailDays?: number) => {
    const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T06:00:00Z' })
    const lender = await w.lender(us, { interest, lateFees: [{ code: 'returned', trigger: 'returnedPayment', amount: 8_00 }] })
    await w.ok(us, 'POST', `/v1/lenders/${lender.id}/commission-plans`, {
      currency: 'CNY', validFrom: '2020-01-01', terms: { base: ['principal', 'interest'], rows: [{ method: { kind: 'flat', rate: '0.2' } }], vat: { rate: '0' }, recover: 'withhold', ...tailDays !== undefined && { tailDays } },
    })
    const { accountId, placementId } = await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 1_000_00 } })
    const body = (amount: number, receivedOn: string, receivedBy = 'agency') => ({ accountId, amount, currency: 'CNY', receivedOn, receivedBy, method: 'cash' })
    return {
      us, lender, accountId, placementId, body,
      pay: async (...of: Parameters<typeof body>) => await w.ok<{ id: string, allocated: Record<string, number>, overpaid: number }>(us, 'POST', '/v1/payments', body(...of)),
      refused: async (...of: Parameters<typeof body>) => (await w.call(us, 'POST', '/v1/payments', body(...of))).json<object>(),
      reverse: async (id: string, reversedOn: string, reason = 'nsf') => await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason, reversedOn }),
      end: async (step = 'recall', more: object = {}) => await w.ok(us, 'POST', `/v1/placements/${placementId}/${step}`, more),
      owed: async () => (await w.ok<{ balance: { total: number } }>(us, 'GET', `/v1/accounts/${accountId}`)).balance.total,
      day: async (day: string) => { await w.liveUntil(us, `${day}T06:00:00Z`) },
    }
  }
  const recalled = async (tailDays?: number) => {
    const debt = await begin(tailDays)
    await debt.day('2026-01-15')
    await debt.end()
    await debt.day('2026-01-20')
    t.match(await books(w, debt.us), { 'C.RECALLED': 1_010_00, 'D.PRINCIPAL': 0, 'D.INTEREST': 0 })
    return debt
  }

  await t.test('in its tail a payment settles what was recalled, earns, and can be undone as it was booked', async t => {
    const { us, accountId, body, pay, reverse, owed, day } = await recalled(10)
    t.match(await w.ok(us, 'POST', '/v1/payments?dryRun=true', body(300_00, '2026-01-20')), { allocated: { interest: 10_00, principal: 290_00 }, overpaid: 0, balance: { before: { total: 0 }, after: { total: 0 } }, correction: null })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/commission-preview?amount=30000&receivedBy=agency&on=2026-01-20`), { commission: 60_00 })
    const paid = await pay(300_00, '2026-01-20')
    t.match(paid, { allocated: { interest: 10_00, principal: 290_00 }, overpaid: 0 })
    t.match(await checkBooks(t, w, us, 'paid in the tail'), { 'C.RECALLED': 710_00, 'C.COLLECTED_AGENCY': 300_00, 'C.ACCRUED': -10_00, 'T.BANK': 300_00, 'T.CLIENT': -240_00, 'O.COMMISSION_INCOME': -60_00 })
    t.equal(await owed(), 0, 'what is owed is the lender\'s to know')
    await day('2026-01-22')
    await reverse(paid.id, '2026-01-22')
    // No fee for the return: nothing is charged any more.
    t.match(await checkBooks(t, w, us, 'undone'), { 'C.RECALLED': 1_010_00, 'C.COLLECTED_AGENCY': 0, 'C.ACCRUED': -10_00, 'T.BANK': 0, 'T.CLIENT': 0, 'T.AGENCY': 0, 'O.COMMISSION_INCOME': 0 })
    t.equal((await books(w, us))['C.CHARGED'] ?? 0, 0)
    // The 25th is the last day. 800.00 to the lender, and then 300.00 of which 210.00 are still to be settled.
    await day('2026-01-26')
    t.match(await pay(800_00, '2026-01-25', 'lender'), { overpaid: 0 })
    t.match(await pay(300_00, '2026-01-25'), { allocated: { principal: 210_00, interest: 0 }, overpaid: 90_00 })
    t.match(await checkBooks(t, w, us, 'all of it'), { 'C.RECALLED': 0, 'C.COLLECTED_DIRECT': 800_00, 'C.COLLECTED_AGENCY': 210_00, 'T.REFUND': -90_00 })
  })

  await t.test('after the tail a payment is refused with the day since when, and what to do', async t => {
    const { us, body, refused, day } = await recalled(10)
    await day('2026-01-26')
    t.match(await refused(100_00, '2026-01-26'), { status: 422, code: 'tail-over', detail: 'endedOn: 2026-01-15, tailDays: 10, overSince: 2026-01-26' })
    const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/receipts', { amount: 100_00, currency: 'CNY', receivedOn: '2026-01-26', method: 'cash', reference: 'R-1' })
    t.match((await w.call(us, 'POST', `/v1/receipts/${id}/applications`, { accountId: body(1, '').accountId })).json(), { code: 'tail-over' })
    t.match((await w.call(us, 'GET', `/v1/accounts/${body(1, '').accountId}/commission-preview?amount=30000&receivedBy=agency&on=2026-01-26`)).json(), { code: 'tail-over' })
    await w.ok(us, 'POST', `/v1/receipts/${id}/return`, { returnedOn: '2026-01-26' })
    t.match(await checkBooks(t, w, us, 'given back'), { 'C.RECALLED': 1_010_00, 'T.BANK': 0 })
    const none = await recalled()
    t.match(await none.refused(100_00, '2026-01-16'), { code: 'tail-over', detail: /tailDays: 0, overSince: 2026-01-16/ }, 'no tail was agreed')
  })

  await t.test('a payment of a day before the recall, or of its day, is told late in any case: the recall takes less, and what was paid since settles otherwise', async t => {
    const { us, pay, reverse, owed } = await recalled(10)
    const tail = await pay(600_00, '2026-01-20')
    t.match(tail, { allocated: { interest: 10_00, principal: 590_00 } })
    // 500.00 of the 10th: 5.00 of interest and 495.00; then five days on 505.00 are 2.525, by the cent 2.53 after the 5.00. The recall takes 507.53, and 92.47 of the 600.00 are too much.
    const late = await pay(500_00, '2026-01-10')
    t.match(late, { allocated: { interest: 5_00, principal: 495_00 }, overpaid: 0 })
    t.match(await w.ok(us, 'GET', `/v1/payments/${tail.id}`), { allocated: { interest: 2_53, principal: 505_00 }, overpaid: 92_47 })
    // A fifth of 1,007.53, each rounded by itself: 100.00 and 101.51.
    t.match(await checkBooks(t, w, us, 'told late'), { 'C.RECALLED': 0, 'C.ACCRUED': -7_53, 'C.COLLECTED_AGENCY': 1_007_53, 'T.REFUND': -92_47, 'O.COMMISSION_INCOME': -201_51 })
    t.equal(await owed(), 0)
    await reverse(late.id, '2026-01-10', 'clerical')
    t.match(await checkBooks(t, w, us, 'undone for its own day'), { 'C.RECALLED': 410_00, 'C.ACCRUED': -10_00, 'C.COLLECTED_AGENCY': 600_00, 'T.REFUND': 0, 'O.COMMISSION_INCOME': -120_00 })
    const none = await recalled()
    t.match(await none.pay(1_100_00, '2026-01-15', 'lender'), { allocated: { interest: 10_00, principal: 1_000_00 }, overpaid: 90_00 }, 'on the day, and without a tail')
    t.match(await checkBooks(t, w, none.us, 'paid on the day'), { 'C.RECALLED': 0, 'C.COLLECTED_DIRECT': 1_010_00 })
    t.match(await none.refused(1_00, '2026-01-04'), { code: 'payment-before-placement' })
  })

  await t.test('a payment of before that comes back after the recall leaves the books as the rest did, and can be settled in the tail', async t => {
    const { us, pay, reverse, day, end } = await begin(10)
    const paid = await pay(400_00, '2026-01-05')
    await day('2026-01-15')
    await end()
    await day('2026-01-18')
    await reverse(paid.id, '2026-01-18')
    // 600.00 earn 0.60 a day: 6.00 in ten days; the 400.00 come to it.
    t.match(await checkBooks(t, w, us, 'came back'), { 'C.RECALLED': 1_006_00, 'C.ACCRUED': -6_00 })
    t.match(await pay(1_010_00, '2026-01-18'), { allocated: { total: 1_006_00 }, overpaid: 4_00 })
    t.match(await checkBooks(t, w, us, 'settled in the tail'), { 'C.RECALLED': 0, 'T.REFUND': -4_00 })
  })

  await t.test('two at once settle no more than was recalled', async t => {
    const { us, pay } = await recalled(10)
    const both = await Promise.all([pay(700_00, '2026-01-18'), pay(700_00, '2026-01-19')])
    const settled = await Promise.all(both.map(async ({ id }) => await w.ok<{ allocated: { total: number }, overpaid: number }>(us, 'GET', `/v1/payments/${id}`)))
    t.same(settled.map(({ allocated: { total }, overpaid }) => [total, overpaid]), [[700_00, 0], [310_00, 390_00]], 'whichever came first')
    t.match(await checkBooks(t, w, us, 'two at once'), { 'C.RECALLED': 0, 'T.REFUND': -390_00 })
  })

  await t.test('a debt that was given back, or closed while something was owed, takes payments in its tail and stays closed', async t => {
    for (const [step, more] of [['return', {}], ['close', { closeCode: 'termEnded' }], ['close', { closeCode: 'exhaustedNoPayment' }]] as const) {
      const { us, placementId, pay, reverse, refused, day, end, owed } = await begin(10)
      await day('2026-01-15')
      await end(step, more)
      await day('2026-01-26')
      const paid = await pay(1_010_00, '2026-01-25')
      t.match(paid, { allocated: { interest: 10_00, principal: 1_000_00 }, overpaid: 0 })
      t.equal(await owed(), 0)
      await reverse(paid.id, '2026-01-26')
      t.equal(await owed(), 1_010_00, 'without a fee')
      t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: step === 'return' ? 'returned' : 'closed' })
      t.match(await refused(1_00, '2026-01-26'), { code: 'tail-over' })
      t.match(await pay(500_00, '2026-01-10'), { allocated: { interest: 5_00, principal: 495_00 } })
      // 505.00 and 2.53.
      t.equal(await owed(), 507_53)
      t.match(await checkBooks(t, w, us, step), { 'C.ACCRUED': -7_53, 'D.PRINCIPAL': 505_00 })
    }
  })

  await t.test('a debt that is settled takes what was paid while something was owed, and no more', async t => {
    const { us, placementId, pay, refused, day } = await begin(10)
    await day('2026-01-15')
    const settling = await pay(1_010_00, '2026-01-15')
    await day('2026-01-18')
    t.match(await refused(1_00, '2026-01-16'), { status: 409, code: 'account-not-placed' })
    t.match(await refused(1_00, '2026-01-15'), { code: 'account-not-placed' }, 'at the end of that day nothing was owed')
    t.match(await pay(500_00, '2026-01-10', 'lender'), { allocated: { interest: 5_00, principal: 495_00 } })
    t.match(await w.ok(us, 'GET', `/v1/payments/${settling.id}`), { allocated: { interest: 2_53, principal: 505_00 }, overpaid: 502_47 })
    t.match(await w.ok(us, 'GET', `/v1/placements/${placementId}`), { state: 'closed', closeCode: 'paidInFull' })
    t.match(await checkBooks(t, w, us, 'settled'), { 'D.PRINCIPAL': 0, 'D.INTEREST': 0, 'T.REFUND': -502_47 })
  })

  await t.test('placed again, a debt takes payments under its new placement; one of the tail that comes back goes where it came from', async t => {
    const { us, lender, accountId, pay, reverse, refused, day } = await recalled(10)
    const tail = await pay(300_00, '2026-01-20')
    await day('2026-01-21')
    const { lenderReference } = await w.ok<{ lenderReference: string }>(us, 'GET', `/v1/accounts/${accountId}`)
    await w.account(us, lender, { lenderReference, timeZone: 'UTC', balance: { principal: 200_00 } })
    t.match(await refused(1_00, '2026-01-20'), { code: 'payment-before-placement' })
    await reverse(tail.id, '2026-01-21')
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 200_00, total: 200_00 } })
    t.match(await pay(250_00, '2026-01-21'), { allocated: { principal: 200_00 }, overpaid: 50_00 })
    await day('2026-01-22')
    t.match(await checkBooks(t, w, us, 'placed again'), { 'C.RECALLED': 1_010_00, 'D.PRINCIPAL': 0 })
  })

  await t.test('when all is passed on and paid nothing is left on any account but the lender\'s record of it', async t => {
    const { us, pay, day } = await recalled(10)
    await pay(700_00, '2026-01-18')
    await pay(310_00, '2026-01-20')
    await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-20' })
    await w.settle(us)
    await day('2026-01-21')
    const net = await checkBooks(t, w, us, 'at the end')
    t.same(Object.entries(net).filter(([name, amount]) => amount !== 0 && /^[DT]\.|C\.RECALLED|O\.(AR|DUE)/.test(name)), [])
  })
  t.same(w.failures, [])
})
