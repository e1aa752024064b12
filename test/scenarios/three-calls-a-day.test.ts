import t from 'tap'
import type { Id } from '../../src/kernel/index.ts'
import { world } from '../world.ts'

interface Answer { verdict: string, earliestAllowedAt: string | null, reasons: { rule: string }[], counts: { rule: string, count: number, limit: number }[], permit: { id: string, token: string, expiresAt: string } | null }
interface Attempt { outcome: string, wasLawful: boolean, permitId: string | null }

const rule = 'CN.GBT.FREQ.INTERACTIVE'

t.test('three answered calls a day and no fourth, whoever calls and about whichever debt (GB/T 45251-2025, 5.3)', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai (UTC + 8). Li Wei owes two lenders, and is one person in both their records.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const debt = { parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Li Wei', identity: '110101199003070038', contactPoints: [{ channel: 'phone' as const, value: '+8613900000001' }] }] }
  const borrowerOf = async (accountId: Id<'account'>) => {
    const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
    const { contactPoints: [point] } = await w.ok<{ contactPoints: { id: string }[] }>(us, 'GET', `/v1/parties/${party!.partyId}`)
    return { accountId, partyId: party!.partyId, contactPointId: point!.id, channel: 'call' }
  }
  const one = await borrowerOf((await w.account(us, await w.lender(us), debt)).accountId)
  const other = await borrowerOf((await w.account(us, await w.lender(us), debt)).accountId)
  const at = async (time: string): Promise<void> => { await w.liveUntil(us, time) }
  const ask = async (call: object): Promise<Answer> => await w.ok<Answer>(us, 'POST', '/v1/permits', call)
  const log = async (call: object, more: object): Promise<Attempt> => await w.ok<Attempt>(us, 'POST', '/v1/contact-attempts', { ...call, direction: 'out', outcome: 'conversation', ...more })
  /** A call that is permitted, made and recorded. */
  const call = async (of: object, outcome = 'conversation'): Promise<Attempt> => {
    const { verdict, permit } = await ask(of)
    t.equal(verdict, 'allowed')
    return await log(of, { outcome, permit: permit!.token })
  }
  const counted = ({ counts }: Answer): [number, number] | undefined => counts.filter(count => count.rule === rule).map(({ count, limit }): [number, number] => [count, limit])[0]

  // 09:00: a conversation about the first debt. 10:00: nobody answers, which counts for nothing here; 10:30: a conversation about the second debt.
  t.match(await call(one), { wasLawful: true, permitId: /^prm_/ })
  await at('2026-01-05T02:00:00Z')
  await call(one, 'noAnswer')
  await at('2026-01-05T02:30:00Z')
  await call(other)
  // 11:00: Li Wei calls back. A call that came in is none of ours.
  await at('2026-01-05T03:00:00Z')
  await log(one, { direction: 'in' })

  // 14:00: a permit is taken and the place of the third call is held: meanwhile there is none for a second collector. It is given back, and used by him.
  await at('2026-01-05T06:00:00Z')
  const taken = await ask(one)
  t.match(taken, { verdict: 'allowed' })
  t.same(counted(taken), [2, 3])
  t.match(await ask(other), { verdict: 'wait', permit: null, earliestAllowedAt: '2026-01-06T00:00:00Z', reasons: [{ rule }] })
  await w.ok(us, 'POST', `/v1/permits/${taken.permit!.id}/release`)
  await call(other)

  // The fourth waits until the next day's opening: at 14:01, in the evening, and in the night, when the hour stands in the way as well.
  for (const time of ['2026-01-05T06:01:00Z', '2026-01-05T13:59:00Z', '2026-01-05T15:59:00Z', '2026-01-05T16:01:00Z', '2026-01-05T23:59:59Z']) {
    await at(time)
    for (const of of [one, other]) t.match(await ask(of), { verdict: 'wait', permit: null, earliestAllowedAt: '2026-01-06T00:00:00Z' }, time)
  }

  // Tuesday, eight: three calls again. A fourth that somebody makes all the same is kept, as what it was, and told.
  await at('2026-01-06T00:00:00Z')
  for (const of of [one, other, one]) await call(of)
  t.match(await ask(one), { verdict: 'wait', earliestAllowedAt: '2026-01-07T00:00:00Z', reasons: [{ rule }] })
  t.match(await log(one, {}), { wasLawful: false, permitId: null })
  const { data: breaches } = await w.ok<{ data: { data: { object: object } }[] }>(us, 'GET', '/v1/events?types=contactAttempt.breached')
  t.match(breaches, [{ data: { object: { wasPermitted: false, wasLawful: false } } }])
  t.equal(breaches.length, 1, 'and no other call was a breach')
  t.same(w.failures, [])
})
