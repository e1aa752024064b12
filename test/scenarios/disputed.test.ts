import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import type { Parts } from './story.ts'
import { storyOf } from './story.ts'

t.test('a dispute stops contact and late fees but not interest; a hold on top of it freezes that too', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai. 10 % a year by the days of 365: 7,300.00 earn exactly 2.00 a day. A late fee of
  // 5 % of the open principal after seven days of grace: on the 13th. Two debts alike; only one is disputed.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us, { interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 7, rate: '0.05' }] })
  const story = storyOf(w, us, bank)
  const debt = { dueOn: '2026-01-04', balance: { principal: 7_300_00 } }
  const { accountId, placementId } = await w.account(us, bank, debt)
  const free = await w.account(us, bank, debt)
  const owes = async (expected: Parts, ofFree: Parts, what: string): Promise<void> => {
    t.same(await story.owed(accountId), expected, what)
    t.same(await story.owed(free.accountId), ofFree, `${what}: and the debt nobody disputes`)
  }
  const stops = async () => await w.ok(us, 'GET', `/v1/accounts/${accountId}/hold-effects`)
  const queue = await w.ok<{ id: string }>(us, 'POST', '/v1/queues', { name: 'All debts' })
  /** The debts a collector is offered; the lease is given back at once. */
  const offered = async (): Promise<string[]> => {
    const { lease, items } = await w.ok<{ lease: { id: string } | null, items: { accountId: string }[] }>(us, 'POST', `/v1/queues/${queue.id}/leases`, { count: 5, ttlSeconds: 600 })
    if (lease !== null) await w.ok(us, 'POST', `/v1/leases/${lease.id}/release`)
    return items.map(item => item.accountId).sort()
  }
  const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  const call = async () => await w.ok(us, 'POST', '/v1/contact-attempts', { accountId, partyId: party!.partyId, channel: 'call', direction: 'out', outcome: 'noAnswer' })

  // 9 January: four days, 8.00. The reminder of the 7th has gone out. The borrower says the debt is not theirs.
  await story.morning('2026-01-09')
  await owes([7_300_00, 8_00, 0, 0, 7_308_00], [7_300_00, 8_00, 0, 0, 7_308_00], '9 January')
  t.same(await offered(), [accountId, free.accountId].sort())
  const dispute = await w.ok<{ id: string }>(bank, 'POST', '/v1/disputes', { accountId, reason: 'notMine' })
  await w.settle(us)
  t.match(await stops(), { stopsContact: true, stopsInterest: false, stopsLateFees: true })
  t.same(await story.reminders(accountId), ['3 sent 2026-01-07T01:00:00Z', '7 cancelled onHold', '15 cancelled onHold'])
  t.same(await offered(), [free.accountId], 'no collector is offered it')
  t.match(await call(), { wasLawful: false }, 'a call made all the same is on record as one that was not allowed')
  await checkBooks(t, w, us, 'disputed')

  // 15 January: ten days of interest, 20.00, on both; the fee of the 13th, 5 % of 7,300.00 = 365.00, on the other alone. The police report is in:
  // the agency takes it for a theft of identity, and interest stands still as well, from the first day that begins so: the 16th.
  await story.morning('2026-01-15')
  await owes([7_300_00, 20_00, 0, 0, 7_320_00], [7_300_00, 20_00, 365_00, 0, 7_685_00], '15 January')
  const theft = await w.ok<{ id: string }>(us, 'POST', '/v1/holds', { accountId, kind: 'identityTheft' })
  t.match(await stops(), { stopsContact: true, stopsInterest: true, stopsLateFees: true })

  // 20 January: still 20.00; the other has 15 days. A debtor may pay under protest: 1,480.00 to the lender settle the interest and 1,460.00 of
  // principal; 5,840.00 are left, which earn 1.60 a day.
  await story.morning('2026-01-20')
  await owes([7_300_00, 20_00, 0, 0, 7_320_00], [7_300_00, 30_00, 365_00, 0, 7_695_00], '20 January')
  t.same(story.settledParts(await story.pay(accountId, 1_480_00, '2026-01-20', 'lender')), [1_460_00, 20_00, 0, 0, 1_480_00])
  await checkBooks(t, w, us, 'paid under protest')

  // 22 January: the theft is ruled out and its hold released at ten; the day began on hold and bears nothing. The dispute goes on.
  await story.morning('2026-01-22')
  await w.ok(us, 'POST', `/v1/holds/${theft.id}/release`)
  t.match(await stops(), { stopsContact: true, stopsInterest: false, stopsLateFees: true })
  await owes([5_840_00, 0, 0, 0, 5_840_00], [7_300_00, 34_00, 365_00, 0, 7_699_00], '22 January')

  // 26 January: the 23rd to the 26th, 4 * 1.60 = 6.40. The dispute is rejected at ten. No fee yet: this day began on hold.
  await story.morning('2026-01-26')
  await owes([5_840_00, 6_40, 0, 0, 5_846_40], [7_300_00, 42_00, 365_00, 0, 7_707_00], '26 January')
  t.match(await w.ok(us, 'POST', `/v1/disputes/${dispute.id}/resolve`, { outcome: 'rejected' }), { state: 'rejected' })
  await w.settle(us)
  t.match(await stops(), { stopsContact: false, stopsInterest: false, stopsLateFees: false, holds: [] })
  t.same(await offered(), [accountId, free.accountId].sort(), 'and a collector may call')
  t.match(await call(), { wasLawful: true })

  // 27 January: 8.00 of interest, and the fee on the first day that begins free, on what is open then: 5 % of 5,840.00 = 292.00.
  await story.morning('2026-01-27')
  await owes([5_840_00, 8_00, 292_00, 0, 6_140_00], [7_300_00, 44_00, 365_00, 0, 7_709_00], '27 January')
  // Interest day by day: ten days at 2.00, seven at nothing (the 16th to the 22nd), five at 1.60.
  const days = (await story.charges(accountId)).filter(({ kind }) => kind === 'interest').map(({ fromOn, toOn, days, amount }) => [fromOn, toOn, days, amount])
  const day = (n: number): string => `2026-01-${String(n).padStart(2, '0')}`
  t.same(days, [...[6, 7, 8, 9, 10, 11, 12, 13, 14, 15].map(n => [day(n), day(n), 1, 2_00]), ...[23, 24, 25, 26, 27].map(n => [day(n), day(n), 1, 1_60])])
  // Reminders whose time passed on hold are not sent late; the other debt had all three.
  t.same(await story.reminders(accountId), ['3 sent 2026-01-07T01:00:00Z', '7 cancelled onHold', '15 cancelled onHold'])
  t.same(await story.reminders(free.accountId), ['3 sent 2026-01-07T01:00:00Z', '7 sent 2026-01-11T01:00:00Z', '15 sent 2026-01-19T01:00:00Z'])
  await checkBooks(t, w, us, 'resolved')

  // 28 January: disputed again, for the fee; 9.60. On the 29th, 11.20, the lender gives way: the fee is waived and the debt closed as it stands.
  await story.morning('2026-01-28')
  const again = await w.ok<{ id: string }>(bank, 'POST', '/v1/disputes', { accountId, reason: 'wrongAmount' })
  await story.morning('2026-01-29')
  await w.ok(us, 'POST', `/v1/disputes/${again.id}/resolve`, { outcome: 'upheld' })
  const fee = (await story.charges(accountId)).find(({ kind }) => kind === 'lateFee')
  await w.ok(us, 'POST', `/v1/charges/${fee!.id}/waive`, { reason: 'disputeUpheld' })
  t.match(await w.ok(us, 'POST', `/v1/placements/${placementId}/close`, { closeCode: 'disputeUpheld' }), { state: 'closed', closeCode: 'disputeUpheld' })
  await owes([5_840_00, 11_20, 0, 0, 5_851_20], [7_300_00, 48_00, 365_00, 0, 7_713_00], '29 January')
  t.match(await checkBooks(t, w, us, 'upheld'), { 'C.WAIVED': 292_00, 'C.COLLECTED_DIRECT': 1_480_00 })

  // 5 February: seven days more for the other debt, 14.00; what is closed earns nothing, and nobody is offered it.
  await story.morning('2026-02-05')
  await owes([5_840_00, 11_20, 0, 0, 5_851_20], [7_300_00, 62_00, 365_00, 0, 7_727_00], '5 February')
  t.same(await offered(), [free.accountId])
  await checkBooks(t, w, us, 'a week after')

  t.match((await story.told(accountId, 'dispute.*,hold.*,charge.lateFeeAssessed,charge.waived,placement.*')).map(({ type, data: { object } }) => [type, object]), [
    ['placement.activated', {}],
    ['hold.placed', { kind: 'dispute' }], ['dispute.opened', { reason: 'notMine' }], ['hold.placed', { kind: 'identityTheft' }], ['hold.released', { kind: 'identityTheft', reason: 'released' }],
    ['hold.released', { kind: 'dispute', reason: 'resolved' }], ['dispute.resolved', { outcome: 'rejected' }], ['charge.lateFeeAssessed', { amount: 292_00, effectiveOn: '2026-01-27' }],
    ['hold.placed', { kind: 'dispute' }], ['dispute.opened', { reason: 'wrongAmount' }], ['hold.released', { kind: 'dispute' }], ['dispute.resolved', { outcome: 'upheld' }],
    ['charge.waived', { amount: 292_00, kind: 'lateFee', reason: 'disputeUpheld' }], ['placement.closed', { closeCode: 'disputeUpheld' }],
  ])
  t.same(w.failures, [])
})
