import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import type { Parts } from './story.ts'
import { storyOf } from './story.ts'

t.test('a breathing space of 60 days stops contact, interest and fees, and then everything resumes (SI 2020/1311, reg. 7, 11 and 26)', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 2 February 2026, ten in London. 10 % a year by the days of 365: 7,300.00 earn exactly 2.00 a day. A late fee of 25.00 after twenty days of grace from
  // 27 January: on 16 February. A second debt of the same borrower is due only on 27 March: its reminders come on 30 March, 3 April and 11 April.
  const us = await w.agency({ jurisdiction: 'GB', timeZone: 'Europe/London', now: '2026-01-28T10:00:00Z' })
  const bank = await w.lender(us, { currency: 'GBP', interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 20, amount: 25_00 }] })
  const story = storyOf(w, us, bank)
  const debt = {
    currency: 'GBP', jurisdiction: 'GB', region: 'ENG', timeZone: 'Europe/London', balance: { principal: 7_300_00 },
    parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Ann Lee', identity: 'QQ123456C', contactPoints: [{ channel: 'phone' as const, value: '+447911123456' }] }],
  }
  const { accountId } = await w.account(us, bank, { ...debt, dueOn: '2026-01-27' })
  const later = await w.account(us, bank, { ...debt, dueOn: '2026-03-27' })
  const at = async (time: string): Promise<void> => { await w.liveUntil(us, time) }
  const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  const { contactPoints: [point] } = await w.ok<{ contactPoints: { id: string }[] }>(us, 'GET', `/v1/parties/${party!.partyId}`)
  const permit = async (channel: string): Promise<{ verdict: string, permit: { id: string } | null, reasons: { rule: string }[] }> =>
    await w.ok(us, 'POST', '/v1/permits', { accountId, partyId: party!.partyId, ...channel !== 'visit' && { contactPointId: point!.id }, channel })
  const owes = async (expected: Parts, what: string): Promise<void> => { t.same(await story.owed(accountId), expected, what) }

  // 2 February: five days since the hand-over, 10.00. The reminder of 30 January has gone out; that of 3 February has not.
  await at('2026-02-02T10:00:00Z')
  await owes([7_300_00, 10_00, 0, 0, 7_310_00], '2 February')
  t.match(await permit('call'), { verdict: 'allowed' })
  t.same(await story.reminders(accountId), ['3 sent 2026-01-30T09:00:00Z', '7 scheduled in time', '15 scheduled in time'])

  // It is registered at noon. The moratorium is 60 days: 3 February to 3 April, both included; it ends as 4 April begins, which in London is 23:00 UTC since the
  // clocks went forward on 29 March. Contact stops at once.
  await at('2026-02-02T12:00:00Z')
  for (const of of [accountId, later.accountId]) t.match(await w.ok(us, 'POST', '/v1/holds', { accountId: of, kind: 'breathingSpace' }), { endsAt: '2026-04-03T23:00:00Z' })
  await w.settle(us)
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/hold-effects`), { stopsContact: true, stopsInterest: true, stopsLateFees: true })
  t.same(await story.reminders(accountId), ['3 sent 2026-01-30T09:00:00Z', '7 cancelled onHold', '15 cancelled onHold'])
  t.same(await story.reminders(later.accountId), ['3 cancelled onHold', '7 cancelled onHold', '15 cancelled onHold'])

  // Sixty days: whoever asks on any of them, and by whatever channel, hears of the regulation; nothing is added to the debt.
  for (const time of ['2026-02-03T10:00:00Z', '2026-02-16T10:00:00Z', '2026-02-17T10:00:00Z', '2026-03-30T10:00:00Z', '2026-04-03T10:00:00Z', '2026-04-03T22:59:59Z']) {
    await at(time)
    await owes([7_300_00, 10_00, 0, 0, 7_310_00], time)
    for (const channel of ['call', 'sms', 'letter', 'visit']) t.match(await permit(channel), { verdict: 'denied', permit: null, reasons: [{ rule: 'RECOUP.ON_HOLD' }, { rule: 'UK.BS.11' }] }, `${channel} ${time}`)
  }
  t.equal(w.sms.length, 1, 'no message in sixty days')
  await checkBooks(t, w, us, 'in the moratorium')

  // 4 April: contact may be made again; interest for this day, 2.00, and the fee whose day had come meanwhile. Nothing is charged for the days between.
  await at('2026-04-03T23:00:00Z')
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/hold-effects`), { stopsContact: false, stopsInterest: false, stopsLateFees: false, holds: [] })
  await at('2026-04-04T10:00:00Z')
  t.match(await permit('call'), { verdict: 'allowed', permit: { id: /^prm_/ } })
  await owes([7_300_00, 12_00, 25_00, 0, 7_337_00], '4 April')
  await at('2026-04-06T10:00:00Z')
  await owes([7_300_00, 16_00, 25_00, 0, 7_341_00], '6 April')

  // What was planned for the sixty days is not sent late; what is planned for after them is sent: 11 April at nine, British Summer Time.
  await at('2026-04-12T10:00:00Z')
  t.same(await story.reminders(accountId), ['3 sent 2026-01-30T09:00:00Z', '7 cancelled onHold', '15 cancelled onHold'])
  t.same(await story.reminders(later.accountId), ['3 cancelled onHold', '7 cancelled onHold', '15 sent 2026-04-11T08:00:00Z'])
  t.equal(w.sms.length, 2)
  t.same((await story.told(accountId, 'hold.*')).map(({ type, data: { object } }) => [type, object['reason']]), [['hold.placed', undefined], ['hold.released', 'ended']])
  await checkBooks(t, w, us, 'after it')
  t.same(w.failures, [])
})
