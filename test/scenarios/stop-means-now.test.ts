import { eq } from 'drizzle-orm'
import t from 'tap'
import { tenants } from '../../src/platform/index.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { world } from '../world.ts'
import { storyOf } from './story.ts'

t.test('STOP means now: not after the next message, not only for one debt, and until the person says otherwise (民法典 1033; 12 CFR 1006.6(e))', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai (UTC + 8). Li Wei owes two banks, due on the 4th, and has one number and one e-mail address; Wang Fang owes one.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us)
  const other = await w.lender(us)
  const story = storyOf(w, us, bank)
  const at = async (time: string): Promise<void> => { await w.liveUntil(us, time) }
  const number = '+8613900000001'
  const debt = { dueOn: '2026-01-04', parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Li Wei', identity: '110101199003070038', contactPoints: [{ channel: 'phone' as const, value: number }, { channel: 'email' as const, value: 'li.wei@example.com' }] }] }
  const one = await w.account(us, bank, debt)
  const two = await w.account(us, other, debt)
  const wang = await w.account(us, bank, { dueOn: '2026-01-04', parties: [{ role: 'borrower', kind: 'person', name: 'Wang Fang', contactPoints: [{ channel: 'phone', value: '+8613900000002' }] }] })
  /** What a person said in a reply, as it is recorded when it comes in. */
  const says = async (value: string, state: 'withdrawn' | 'granted'): Promise<void> => { await w.ok(us, 'POST', '/v1/consents', { address: { channel: 'phone', value }, channel: 'sms', state, source: 'reply' }) }
  const texts = (to: string): number => w.sms.filter(letter => letter.to === to).length
  const mails = (): number => w.email.filter(letter => letter.to === 'li.wei@example.com').length

  // Wednesday the 7th, nine: a text and an e-mail for each debt.
  await at('2026-01-07T02:00:00Z')
  t.same([texts(number), mails(), texts('+8613900000002')], [2, 2, 1])

  // Sunday the 11th, at nine to the second, the next are due. The STOP came a moment before, and no job has run since: neither message goes out, though
  // nobody has yet looked at what was planned. E-mail was not refused.
  await w.liveUntil(us, '2026-01-11T00:59:59Z')
  await says(number, 'withdrawn')
  await w.tx(us, async tx => { await tx.update(tenants).set({ clockAt: '2026-01-11T01:00:00Z' }).where(eq(tenants.tenantId, us.id)) })
  while (await runJob(w.machine, 'outreach.sendDueMessages', us.id)) { /* another slice */ }
  t.same([texts(number), mails(), texts('+8613900000002')], [2, 4, 2], 'nothing went out between the word and its record')
  // What was planned for later goes at once and not on its day, for both debts; a lender learns of its own debt alone.
  await w.settle(us)
  for (const { accountId } of [one, two]) t.same(await story.reminders(accountId), ['3 sent 2026-01-07T01:00:00Z', '7 suppressed optedOut', '15 suppressed optedOut'])
  t.same((await story.told(one.accountId, 'message.suppressed')).map(({ data: { object } }) => [object['reason'], object['rule']]), [['optedOut', 'CN.CC.1033'], ['optedOut', 'CN.CC.1033']])
  t.same(await story.told(two.accountId, 'message.*'), [])

  // A collector who would write by hand is told the same, and what is open instead.
  const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${one.accountId}/parties`)
  const { contactPoints } = await w.ok<{ contactPoints: { id: string, channel: string }[] }>(us, 'GET', `/v1/parties/${party!.partyId}`)
  const permit = async (): Promise<{ verdict: string, reasons: { rule: string }[], permit: object | null }> =>
    await w.ok(us, 'POST', '/v1/permits', { accountId: one.accountId, partyId: party!.partyId, contactPointId: contactPoints.find(({ channel }) => channel === 'phone')!.id, channel: 'sms' })
  const refused = await permit()
  t.match(refused, { verdict: 'denied', permit: null })
  t.ok(refused.reasons.some(({ rule }) => rule === 'RECOUP.OPTED_OUT'))

  // Monday the 19th: the e-mails and Wang Fang's text go out, and no text to Li Wei. Nor about a third debt that is placed after the STOP.
  const three = await w.account(us, other, { ...debt, dueOn: '2026-01-10' })
  await at('2026-01-19T02:00:00Z')
  t.same([texts(number), texts('+8613900000002')], [2, 3])
  t.equal(mails(), 8, 'two debts thrice, the third on the 13th and the 17th')
  t.same((await story.reminders(three.accountId)).slice(0, 2), ['3 suppressed optedOut', '7 suppressed optedOut'])

  // The 20th: Li Wei wants texts again. What was refused stays unsent; the last reminder of the third debt, on the 25th, is a text again.
  await at('2026-01-20T02:00:00Z')
  await says(number, 'granted')
  t.match(await permit(), { verdict: 'allowed' })
  await at('2026-01-26T02:00:00Z')
  t.equal(texts(number), 3)
  t.same(await story.reminders(three.accountId), ['3 suppressed optedOut', '7 suppressed optedOut', '15 sent 2026-01-25T01:00:00Z'])
  t.same(await story.reminders(wang.accountId), ['3 sent 2026-01-07T01:00:00Z', '7 sent 2026-01-11T01:00:00Z', '15 sent 2026-01-19T01:00:00Z'])
  t.same(w.failures, [])
})
