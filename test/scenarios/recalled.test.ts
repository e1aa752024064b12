import t from 'tap'
import { checkBooks } from '../books.ts'
import { aDebt, world } from '../world.ts'
import type { Parts } from './story.ts'
import { storyOf } from './story.ts'

interface Grant { lease: { id: string } | null, items: { workItemId: string, accountId: string }[] }

t.test('a recall in the middle of everything', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai. 10 % a year by the days of 365: 7,300.00 earn exactly 2.00 a day. A late fee of
  // 40.00 after ten days of grace: on the 16th. 30 % commission on principal and interest, without VAT.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us, {
    commission: { base: ['principal', 'interest'], rate: '0.3', vatRate: '0' }, interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 10, amount: 40_00 }],
  })
  const story = storyOf(w, us, bank)
  const debt = { ...aDebt(), dueOn: '2026-01-04', balance: { principal: 7_300_00 } }
  const { accountId, placementId } = await w.account(us, bank, debt)
  // Another debt of the lender stays where it is: 3,650.00, which earn 1.00 a day.
  const stays = await w.account(us, bank, { dueOn: '2026-01-04', balance: { principal: 3_650_00 } })
  const owes = async (expected: Parts, what: string): Promise<void> => { t.same(await story.owed(accountId), expected, what) }
  const queue = await w.ok<{ id: string }>(us, 'POST', '/v1/queues', { name: 'All debts', ordering: 'balance', filter: { currencies: ['CNY'] } })
  const pull = async (count: number): Promise<Grant> => await w.ok<Grant>(us, 'POST', `/v1/queues/${queue.id}/leases`, { count, ttlSeconds: 600 })
  const complete = async (workItemId: string) => await w.call(us, 'POST', `/v1/work-items/${workItemId}/complete`, { outcome: 'noAnswer', nextAction: { readyAt: '2026-01-12T02:00:00Z' } })

  // 8 January: the reminder of the 7th has gone out; three days, 6.00. 1,000.00 come in: interest 6.00, principal 994.00; 6,306.00 are left.
  await story.morning('2026-01-08')
  t.same(await story.reminders(accountId), ['3 sent 2026-01-07T01:00:00Z', '7 scheduled in time', '15 scheduled in time'])
  const payment = await story.pay(accountId, 1_000_00, '2026-01-08')
  t.same(story.settledParts(payment), [994_00, 6_00, 0, 0, 1_000_00])
  // Commission 30 % of 1,000.00: the lender is owed 700.00.
  t.match(await checkBooks(t, w, us, 'paid in part'), { 'T.BANK': 1_000_00, 'T.CLIENT': -700_00, 'T.AGENCY': -300_00 })

  // 9 January: 630,600 * 10 / 36,500 = 172.77 cents, and no part of a cent is left from before: 1.73. A collector takes both debts in hand; then the lender takes one back.
  await story.morning('2026-01-09')
  await owes([6_306_00, 1_73, 0, 0, 6_307_73], 'when it is recalled')
  const { lease, items } = await pull(2)
  t.same(items.map(item => item.accountId), [accountId, stays.accountId], 'the larger first')
  t.match(await w.ok(bank, 'POST', `/v1/placements/${placementId}/recall`), { state: 'recalled', endedAt: '2026-01-09T02:00:00Z' })
  await w.settle(us)
  t.match((await complete(items[0]!.workItemId)).json(), { status: 409, code: 'work-item-not-leased' }, 'the call is not made: work is taken out of the collector\'s hands')
  t.match((await complete(items[1]!.workItemId)).json(), { state: 'deferred', leaseId: lease!.id }, 'the other debt is worked on')
  t.same(await story.reminders(accountId), ['3 sent 2026-01-07T01:00:00Z', '7 cancelled placementEnded', '15 cancelled placementEnded'])
  // What was owed has left: 6,306.00 + 1.73. What was recovered is still the lender's: 700.00.
  await owes([0, 0, 0, 0, 0], 'recalled')
  const recalled = { 'C.RECALLED': 6_307_73, 'C.COLLECTED_AGENCY': 1_000_00, 'T.BANK': 1_000_00, 'T.CLIENT': -700_00, 'T.AGENCY': -300_00 }
  t.match(await checkBooks(t, w, us, 'recalled'), recalled)

  // 12 January: money that comes now is no longer this agency's to record, whoever got it: no tail was agreed.
  await story.morning('2026-01-12')
  t.match(await story.payRefused(bank, accountId, 500_00, '2026-01-12', 'lender'), { status: 422, code: 'tail-over' })
  t.match(await story.payRefused(us, accountId, 500_00, '2026-01-12', 'agency'), { status: 422, code: 'tail-over' })
  t.match(await checkBooks(t, w, us, 'refused payments'), recalled, 'a refusal leaves no trace')

  // 20 January: past the reminders of the 11th and the 19th and the fee of the 16th. The debt that stayed has them all: 15 days at 1.00, and 40.00.
  await story.morning('2026-01-20')
  await owes([0, 0, 0, 0, 0], 'eleven days later')
  t.same((await story.charges(accountId)).map(({ kind, toOn, amount }) => [kind, toOn, amount]),
    [['interest', '2026-01-06', 2_00], ['interest', '2026-01-07', 2_00], ['interest', '2026-01-08', 2_00], ['interest', '2026-01-09', 1_73]], 'nothing was charged since')
  t.same(await story.owed(stays.accountId), [3_650_00, 15_00, 40_00, 0, 3_705_00])
  t.same(await story.reminders(stays.accountId), ['3 sent 2026-01-07T01:00:00Z', '7 sent 2026-01-11T01:00:00Z', '15 sent 2026-01-19T01:00:00Z'])
  t.same((await pull(2)).items.map(item => item.accountId), [stays.accountId], 'and nobody is offered the debt that is gone')
  t.match(await checkBooks(t, w, us, 'eleven days later'), { ...recalled, 'D.PRINCIPAL': 3_650_00, 'D.INTEREST': 15_00, 'D.PENALTY': 40_00 })
  const told = await story.told(accountId, 'placement.*,charge.*,message.*,contactAttempt.*,recovery.*')
  t.same(told.slice(told.findIndex(({ type }) => type === 'placement.recalled') + 1).map(({ type }) => type).filter(type => type !== 'message.cancelled'), [], 'nothing happened to the debt after it was taken back')

  // 21 January: the payment of the 8th is returned unpaid. What it earned the lender and the agency goes with it, and the debt stays with the lender.
  await story.morning('2026-01-21')
  await story.reverse(payment.id, '2026-01-21')
  await owes([0, 0, 0, 0, 0], 'nobody works the debt here: what comes back leaves the books as the rest did')
  t.match(await checkBooks(t, w, us, 'returned unpaid'), { 'C.COLLECTED_AGENCY': 0, 'T.BANK': 0, 'T.CLIENT': 0, 'T.AGENCY': 0, 'O.COMMISSION_INCOME': 0 })
  t.match(await story.placement(placementId), { state: 'recalled' })

  // 25 January: handed over a second time, with what the lender says it has come to: 7,300.00 and 20.00 of interest. It owes that, and begins anew.
  await story.morning('2026-01-25')
  const again = await w.account(us, bank, { ...debt, balance: { principal: 7_300_00, interest: 20_00 } })
  t.equal(again.accountId, accountId)
  t.match(await story.placement(again.placementId), { state: 'active', placementNumber: 2 })
  await owes([7_300_00, 20_00, 0, 0, 7_320_00], 'second hand')
  await checkBooks(t, w, us, 'second hand')
  // 6 February: twelve days at 2.00, 20.00 + 24.00; the fee eleven days after the hand-over, on the 5th. Reminders three, seven and fifteen days after it.
  await story.morning('2026-02-06')
  await owes([7_300_00, 44_00, 40_00, 0, 7_384_00], 'worked again')
  t.same((await story.reminders(accountId)).filter(line => !line.includes('cancelled')), ['3 sent 2026-01-07T01:00:00Z', '3 sent 2026-01-28T01:00:00Z', '7 sent 2026-02-01T01:00:00Z', '15 scheduled in time'])
  t.same((await pull(1)).items.map(item => item.accountId), [accountId])
  await checkBooks(t, w, us, 'worked again')
  t.same(w.failures, [])
})
