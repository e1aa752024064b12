import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import type { Parts } from './story.ts'
import { storyOf } from './story.ts'

t.test('a debt paid in three', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai. 12 % a year on principal, a late fee of 50.00 after ten days of grace,
  // 20 % commission on principal and interest with 6 % VAT, withheld from what is remitted.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us, {
    commission: { base: ['principal', 'interest'], rate: '0.2', vatRate: '0.06' }, interest: { rate: '12', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 10, amount: 50_00 }],
  })
  const story = storyOf(w, us, bank)
  // 5,000.00 of principal and 80.00 of costs, due on 1 January.
  const { accountId, placementId } = await w.account(us, bank, { dueOn: '2026-01-01', balance: { principal: 5_000_00, costs: 80_00 } })
  const owes = async (expected: Parts, what: string): Promise<void> => { t.same(await story.owed(accountId), expected, what) }

  // 5 January: interest runs from the day after placement.
  await story.morning('2026-01-05')
  await owes([5_000_00, 0, 0, 80_00, 5_080_00], 'as placed')

  // 6 to 10 January: 500,000 * 12 / 36,500 = 164.3836 cents a day. Exact totals 164.38, 328.77, 493.15, 657.53, 821.92 round to
  // 164, 329, 493, 658, 822; what each night adds is the difference. Five times 164 would be two cents short.
  await story.morning('2026-01-10')
  t.same((await story.charges(accountId)).map(({ toOn, amount }) => [toOn, amount]),
    [['2026-01-06', 1_64], ['2026-01-07', 1_65], ['2026-01-08', 1_64], ['2026-01-09', 1_65], ['2026-01-10', 1_64]], 'night by night')
  await owes([5_000_00, 8_22, 0, 80_00, 5_088_22], 'five days of interest')

  // 10 January, 1,000.00: costs 80.00, interest 8.22, and 1,000.00 - 88.22 = 911.78 of principal; 5,000.00 - 911.78 = 4,088.22 are left.
  t.same(story.settledParts(await story.pay(accountId, 1_000_00, '2026-01-10')), [911_78, 8_22, 0, 80_00, 1_000_00])
  await owes([4_088_22, 0, 0, 0, 4_088_22], 'after the first instalment')
  // Commission: 20 % of 911.78 + 8.22 = 920.00 is 184.00, VAT 6 % of it 11.04: 195.04. The lender is owed 1,000.00 - 195.04 = 804.96.
  t.same(await story.commission(accountId), [['accrual', 920_00, 184_00, 11_04]])
  t.match(await checkBooks(t, w, us, 'first instalment'), { 'T.BANK': 1_000_00, 'T.CLIENT': -804_96, 'T.AGENCY': -195_04, 'O.COMMISSION_INCOME': -184_00, 'O.VAT_OUTPUT': -11_04, 'C.COLLECTED_AGENCY': 1_000_00 })

  // 15 January: five days on 408,822. Principal times days so far: 500,000 * 5 + 408,822 * 5 = 4,544,110; * 12 / 36,500 = 1,493.95, so 1,494;
  // less the 822 that were posted and paid: 6.72. No fee yet: grace ends with this day, ten days after the hand-over of the 5th.
  await story.morning('2026-01-15')
  await owes([4_088_22, 6_72, 0, 0, 4_094_94], 'the last day of grace')

  // 16 January: 2,500,000 + 408,822 * 6 = 4,952,932; * 12 / 36,500 = 1,628.36, so 1,628 - 822 = 8.06; and the fee.
  await story.morning('2026-01-16')
  await owes([4_088_22, 8_06, 50_00, 0, 4_146_28], 'a day after grace')

  // 25 January, 2,000.00. 2,500,000 + 408,822 * 15 = 8,632,330; * 12 / 36,500 = 2,838.03, so 2,838 - 822 = 20.16 of interest. No interest on the fee.
  await story.morning('2026-01-25')
  await owes([4_088_22, 20_16, 50_00, 0, 4_158_38], 'before the second instalment')
  // Penalty 50.00, interest 20.16, principal 2,000.00 - 70.16 = 1,929.84; 4,088.22 - 1,929.84 = 2,158.38 are left.
  t.same(story.settledParts(await story.pay(accountId, 2_000_00, '2026-01-25')), [1_929_84, 20_16, 50_00, 0, 2_000_00])
  await owes([2_158_38, 0, 0, 0, 2_158_38], 'after the second instalment')
  // Commission: the late fee bears none. 1,929.84 + 20.16 = 1,950.00; 20 % is 390.00, VAT 23.40: 413.40, with the first 608.44.
  t.same((await story.commission(accountId)).slice(1), [['accrual', 1_950_00, 390_00, 23_40]])
  t.match(await checkBooks(t, w, us, 'second instalment'), { 'T.BANK': 3_000_00, 'T.CLIENT': -2_391_56, 'T.AGENCY': -608_44, 'C.CHARGED': -50_00 })

  // 14 February: 20 days on 215,838 since the 25th. 8,632,330 + 4,316,760 = 12,949,090; * 12 / 36,500 = 4,257.24, so 4,257 - 2,838 = 14.19.
  await story.morning('2026-02-14')
  await owes([2_158_38, 14_19, 0, 0, 2_172_57], 'before the last instalment')
  t.same(story.settledParts(await story.pay(accountId, 2_172_57, '2026-02-14')), [2_158_38, 14_19, 0, 0, 2_172_57])
  t.match(await story.placement(placementId), { state: 'closed', closeCode: 'paidInFull' })
  // Commission: 20 % of 2,172.57 = 434.514, so 434.51; VAT 6 % of 434.51 = 26.0706, so 26.07: 460.58.
  t.same((await story.commission(accountId)).slice(2), [['accrual', 2_172_57, 434_51, 26_07]])

  // The end. In came 1,000.00 + 2,000.00 + 2,172.57 = 5,172.57, which is what was placed and charged: 5,080.00 + 42.57 of interest + 50.00.
  // Earned: 184.00 + 390.00 + 434.51 = 1,008.51 and VAT 11.04 + 23.40 + 26.07 = 60.51, together 1,069.02. The lender is owed 4,103.55.
  const atTheEnd = {
    'D.PRINCIPAL': 0, 'D.INTEREST': 0, 'D.PENALTY': 0, 'D.COSTS': 0, 'C.PLACED': -5_080_00, 'C.ACCRUED': -42_57, 'C.CHARGED': -50_00, 'C.COLLECTED_AGENCY': 5_172_57,
    'T.BANK': 5_172_57, 'T.CLIENT': -4_103_55, 'T.AGENCY': -1_069_02, 'O.DUE_FROM_TRUST': 1_069_02, 'O.COMMISSION_INCOME': -1_008_51, 'O.VAT_OUTPUT': -60_51,
  }
  t.same(await checkBooks(t, w, us, 'paid in full'), atTheEnd)

  // A month on: nothing is charged, sent or taken for a debt that is closed, and the days gone by can be asked for again.
  await w.liveUntil(us, '2026-03-15T02:00:00Z')
  t.same(await checkBooks(t, w, us, 'a month later'), atTheEnd)
  t.match(await story.payRefused(us, accountId, 1_00, '2026-03-15', 'agency'), { status: 409, code: 'account-not-placed' })
  for (const [on, expected] of [
    ['2026-01-09', [5_000_00, 6_58, 0, 80_00, 5_086_58]], ['2026-01-10', [4_088_22, 0, 0, 0, 4_088_22]], ['2026-01-16', [4_088_22, 8_06, 50_00, 0, 4_146_28]], ['2026-02-14', [0, 0, 0, 0, 0]],
  ] as [string, Parts][]) t.same(await story.owedAsOf(accountId, on), expected, `as of ${on}`)

  // Reminders count from the hand-over, for the debt was due before it: 8, 12 and 20 January, each saying what was owed that day.
  // 8 January: 5,080.00 + 4.93. 12 January: two days on 408,822: 2,500,000 + 817,644 = 3,317,644; * 12 / 36,500 = 1,090.73, so 1,091 - 822 = 2.69:
  // 4,090.91. 20 January: ten days: 6,588,220 * 12 / 36,500 = 2,165.99, so 2,166 - 822 = 13.44: 4,088.22 + 13.44 + 50.00 = 4,151.66.
  t.same(await story.reminders(accountId), ['3 sent 2026-01-08T01:00:00Z', '7 sent 2026-01-12T01:00:00Z', '15 sent 2026-01-20T01:00:00Z'])
  t.same(story.asked(), ['5084.93', '4090.91', '4151.66'])

  // What the lender was told of the money: each recovery with what it earned the agency and what was left.
  t.match((await story.told(accountId, 'recovery.recorded,charge.lateFeeAssessed,placement.closed')).map(({ type, data: { object } }) => [type, object]), [
    ['recovery.recorded', { allocated: { total: 1_000_00 }, commission: 184_00, vat: 11_04, balance: { total: 4_088_22 } }],
    ['charge.lateFeeAssessed', { amount: 50_00, effectiveOn: '2026-01-16' }],
    ['recovery.recorded', { allocated: { total: 2_000_00 }, commission: 390_00, vat: 23_40, balance: { total: 2_158_38 } }],
    ['recovery.recorded', { allocated: { total: 2_172_57 }, commission: 434_51, vat: 26_07, balance: { total: 0 } }],
    ['placement.closed', { closeCode: 'paidInFull' }],
  ])
  t.same(w.failures, [])
})
