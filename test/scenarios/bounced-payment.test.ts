import t from 'tap'
import { checkBooks } from '../books.ts'
import { receiver } from '../receiver.ts'
import { aDebt, world } from '../world.ts'
import type { Parts } from './story.ts'
import { storyOf } from './story.ts'

t.test('a payment that bounces leaves the debt as if it had never come', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai. 10 % a year by the days of 360: 3,600.00 earn exactly 1.00 a day. A late fee
  // of 30.00 after six days of grace: on the 12th. 25 % commission on principal and interest, 6 % VAT, withheld.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us, {
    commission: { base: ['principal', 'interest'], rate: '0.25', vatRate: '0.06' }, interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/360' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 6, amount: 30_00 }],
  })
  const story = storyOf(w, us, bank)
  const debt = { dueOn: '2026-01-01', balance: { principal: 3_600_00 } }
  const { accountId, placementId } = await w.account(us, bank, debt)
  // The same debt, on which nobody ever pays. Its borrower has no phone, so that only the other is asked by SMS.
  const { parties: [borrower] } = aDebt()
  const never = await w.account(us, bank, { ...debt, parties: [{ ...borrower!, contactPoints: [{ channel: 'email', value: 'never@example.com' }] }] })
  const owes = async (expected: Parts, ofNever: Parts, what: string): Promise<void> => {
    t.same(await story.owed(accountId), expected, what)
    t.same(await story.owed(never.accountId), ofNever, `${what}: and the debt nobody pays`)
  }
  /** What stands in trust and in the agency's own books. */
  const ours = async (what: string): Promise<Record<string, number>> =>
    Object.fromEntries(Object.entries(await checkBooks(t, w, us, what)).filter(([name, net]) => /^[TO]\./.test(name) && net !== 0))

  const hooks = await receiver()
  t.teardown(hooks.close)
  const endpoint = await w.ok<{ secret: string }>(bank, 'POST', '/v1/webhook-endpoints', { url: hooks.url, filters: ['payment.*', 'commission.*', 'recovery.*', 'placement.*'] })
  const heard = (from: number): [string, Record<string, unknown>][] => hooks.received.slice(from).map((_, i) => {
    const { type, data } = hooks.verified(from + i, endpoint.secret) as { type: string, data: { object: Record<string, unknown> } }
    return [type, data.object]
  })

  // 10 January: five days, 5.00. 905.00 come in: interest 5.00, principal 900.00; 2,700.00 are left.
  await story.morning('2026-01-10')
  await owes([3_600_00, 5_00, 0, 0, 3_605_00], [3_600_00, 5_00, 0, 0, 3_605_00], '10 January')
  const first = await story.pay(accountId, 905_00, '2026-01-10')
  t.same(story.settledParts(first), [900_00, 5_00, 0, 0, 905_00])
  // Commission: 25 % of 905.00 = 226.25; VAT 6 % of it = 13.575, rounded half up 13.58: 239.83. The lender is owed 905.00 - 239.83 = 665.17.
  t.same(await ours('received'), { 'T.BANK': 905_00, 'T.CLIENT': -665_17, 'T.AGENCY': -239_83, 'O.DUE_FROM_TRUST': 239_83, 'O.COMMISSION_INCOME': -226_25, 'O.VAT_OUTPUT': -13_58 })

  // 13 January: three days on 2,700.00 at 0.75, 2.25; the fee of the 12th. The bank returns the payment.
  await story.morning('2026-01-13')
  await owes([2_700_00, 2_25, 30_00, 0, 2_732_25], [3_600_00, 8_00, 30_00, 0, 3_638_00], '13 January')
  t.match(await story.reverse(first.id, '2026-01-13'), { state: 'reversed', reversal: { reason: 'nsf', reversedOn: '2026-01-13' } })
  // Back come 900.00 of principal and 5.00 of interest: 3,600.00, 5.00 + 2.25 = 7.25. A reversal computes nothing anew, so the 0.75 that
  // 900.00 would have earned in the three days it was thought to be paid stay unearned: that, and nothing else, is the difference.
  await owes([3_600_00, 7_25, 30_00, 0, 3_637_25], [3_600_00, 8_00, 30_00, 0, 3_638_00], 'returned')
  t.same(await ours('returned'), {}, 'nothing in trust, nothing earned, no VAT')
  t.same(await story.commission(accountId), [['accrual', 905_00, 226_25, 13_58], ['clawback', -905_00, -226_25, -13_58]], 'the very figures, not figures computed again')
  await w.settle(us)
  t.match(heard(0), [
    ['payment.posted', { paymentId: first.id, amount: 905_00 }], ['commission.accrued', { commission: 226_25, vat: 13_58 }],
    ['recovery.recorded', { allocated: { principal: 900_00, interest: 5_00 }, commission: 226_25, vat: 13_58, balance: { total: 2_700_00 } }],
    ['payment.reversed', { paymentId: first.id, amount: 905_00, reason: 'nsf', reversedOn: '2026-01-13' }], ['commission.clawedBack', { commission: -226_25, vat: -13_58 }],
    ['recovery.recorded', { allocated: { principal: -900_00, interest: -5_00 }, commission: -226_25, vat: -13_58, balance: { total: 3_637_25 } }],
  ])
  t.equal(hooks.received.length, 6)

  // 16 January: 1.00 a day again, 7.25 + 3.00 = 10.25. All of it comes in, 3,640.25, and the debt is closed. The same day it is found to have been somebody else's.
  await story.morning('2026-01-16')
  await owes([3_600_00, 10_25, 30_00, 0, 3_640_25], [3_600_00, 11_00, 30_00, 0, 3_641_00], '16 January')
  const second = await story.pay(accountId, 3_640_25, '2026-01-16')
  await w.settle(us)
  t.match(await story.placement(placementId), { state: 'closed', closeCode: 'paidInFull' })
  t.same((await story.reminders(accountId)).at(-1), '15 cancelled placementEnded', 'nobody is asked for what is paid')
  // Commission: 25 % of 3,610.25 = 902.5625, so 902.56; VAT 54.1536, so 54.15. The lender is owed 3,640.25 - 956.71 = 2,683.54.
  t.match(await ours('paid in full'), { 'T.BANK': 3_640_25, 'T.CLIENT': -2_683_54, 'T.AGENCY': -956_71 })
  await story.reverse(second.id, '2026-01-16')
  await w.settle(us)
  await owes([3_600_00, 10_25, 30_00, 0, 3_640_25], [3_600_00, 11_00, 30_00, 0, 3_641_00], 'taken back on the day: no night lies between')
  t.same(await ours('taken back'), {})
  t.match(await story.placement(placementId), { state: 'active', closeCode: null })
  t.same((await story.reminders(accountId)).at(-1), '15 scheduled in time', 'and is asked again')
  t.match(heard(6).map(([type]) => type), ['payment.posted', 'commission.accrued', 'recovery.recorded', 'placement.closed', 'payment.reversed', 'commission.clawedBack', 'recovery.recorded', 'placement.reopened'])

  // 26 January: ten days more, 20.25 and 21.00. Paid in full again, 3,650.25; returned on the 29th. For three days nothing was owed and nothing earned.
  await story.morning('2026-01-26')
  await owes([3_600_00, 20_25, 30_00, 0, 3_650_25], [3_600_00, 21_00, 30_00, 0, 3_651_00], '26 January')
  const third = await story.pay(accountId, 3_650_25, '2026-01-26')
  await story.morning('2026-01-29')
  await owes([0, 0, 0, 0, 0], [3_600_00, 24_00, 30_00, 0, 3_654_00], 'thought to be paid')
  await story.reverse(third.id, '2026-01-29')
  await owes([3_600_00, 20_25, 30_00, 0, 3_650_25], [3_600_00, 24_00, 30_00, 0, 3_654_00], 'returned after three days')
  t.same(await ours('returned after three days'), {})

  // 31 January: the 30th and the 31st bear interest again, 22.25, and there is still one late fee. 100.00 paid to the lender settle the fee, the interest
  // and 47.75 of principal; 25 % of 70.00 = 17.50 and VAT 1.05 go on its account. The lender takes the report back: it was another customer.
  await story.morning('2026-01-31')
  await owes([3_600_00, 22_25, 30_00, 0, 3_652_25], [3_600_00, 26_00, 30_00, 0, 3_656_00], '31 January')
  const direct = await story.pay(accountId, 100_00, '2026-01-31', 'lender')
  t.same(story.settledParts(direct), [47_75, 22_25, 30_00, 0, 100_00])
  t.same(await ours('paid to the lender'), { 'O.AR': 18_55, 'O.COMMISSION_INCOME': -17_50, 'O.VAT_OUTPUT': -1_05 })
  await w.ok(bank, 'POST', `/v1/payments/${direct.id}/reverse`, { reason: 'clerical', reversedOn: '2026-01-31' })
  await owes([3_600_00, 22_25, 30_00, 0, 3_652_25], [3_600_00, 26_00, 30_00, 0, 3_656_00], 'taken back by the lender')
  t.same(await ours('taken back by the lender'), {})

  // Reminders said what was owed in the morning they were sent. 8 January: 3,600.00 + 3.00. 12 January: 2,700.00 + 1.50 + 30.00. 20 January: 3,600.00 + 14.25 + 30.00.
  t.same(story.asked(), ['3603.00', '2731.50', '3644.25'])
  t.equal((await story.commission(accountId)).length, 8)
  t.same(w.failures, [])
})
