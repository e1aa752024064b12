import { eq } from 'drizzle-orm'
import t from 'tap'
import { tenants } from '../../src/platform/index.ts'
import { aDebt, world } from '../world.ts'
import type { Message } from './story.ts'

const count = 1_000
/** A provider that takes 25 messages in ten seconds: 150 a minute. */
const atOnce = 25
const paceMs = 10_000

t.test('a campaign of 1,000 messages started at 21:55 sends none after 22:00 and continues at 08:00 (GB/T 45251-2025, 5.3)', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, nine in the morning in Shanghai (UTC + 8). A thousand debts, due on the 4th: each by phone alone, so that the 7th is a campaign of 1,000.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us)
  const rows = Array.from({ length: count }, (_, n) => JSON.stringify({
    ...aDebt(), dueOn: '2026-01-04', parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', contactPoints: [{ channel: 'phone', value: `+86137${String(n).padStart(8, '0')}` }] }],
  }))
  const placed = await w.call(us, 'POST', `/v1/placement-batches?lenderId=${bank.id}`, rows.join('\n'), { 'content-type': 'application/x-ndjson' })
  t.match(placed.json(), { acceptedCount: count })
  await w.settle(us)

  const setClock = async (to: Date): Promise<void> => { await w.tx(us, async tx => { await tx.update(tenants).set({ clockAt: to.toISOString() }).where(eq(tenants.tenantId, us.id)) }) }
  const scheduled = async (): Promise<Message[]> => {
    const all: Message[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: { data: Message[], nextCursor: string | null } = await w.ok(us, 'GET', `/v1/messages?state=scheduled&limit=200${cursor === '' ? '' : `&cursor=${cursor}`}`)
      all.push(...page.data)
      cursor = page.nextCursor
    }
    return all.filter(({ step }) => step === 3)
  }

  /** When each message was in the provider's hands, by the agency's time. */
  const handed: Date[] = []
  const takeFrom = (start: string): void => {
    const before = handed.length
    w.machine.outside.sms = { send: async () => {
      const n = handed.length - before
      const at = new Date(Date.parse(start) + Math.floor(n / atOnce) * paceMs)
      handed.push(at)
      // As it hands over, time goes on.
      if (n % atOnce === 0) await setClock(at)
      return { providerId: null }
    } }
  }

  // Wednesday the 7th. The workers were down all day and come up at 21:55 with a thousand messages due since nine. They go out by the hundred, forty seconds
  // each: at 21:55:00, 21:55:40, ... the seventh hundred is begun at 21:59:00 or a little before. What would begin in the last minute is left.
  await setClock(new Date('2026-01-07T13:55:00Z'))
  t.equal((await scheduled()).length, count, 'a thousand are due')
  takeFrom('2026-01-07T13:55:00Z')
  await w.settle(us)
  const before = handed.length
  t.equal(before, 700, 'what could be begun in time')
  t.equal(handed.filter(at => at >= new Date('2026-01-07T14:00:00Z')).length, 0, 'none after 22:00')
  const waiting = await scheduled()
  t.equal(waiting.length, count - before, 'nothing is lost')
  t.same([...new Set(waiting.map(({ dueAt, reason }) => `${dueAt} ${reason}`))], ['2026-01-08T00:00:00Z law'], 'the others wait for eight in the morning')

  // All night nothing: at 22:00, at midnight, and to the last minute before eight.
  takeFrom('2026-01-07T14:00:00Z')
  for (const at of ['2026-01-07T14:00:00Z', '2026-01-07T16:00:00Z', '2026-01-07T23:59:00Z']) await w.liveUntil(us, at)
  t.equal(handed.length, before, 'silence')

  // At eight it goes on, and each borrower had one message.
  takeFrom('2026-01-08T00:00:00Z')
  await w.liveUntil(us, '2026-01-08T01:00:00Z')
  t.equal(handed.length, count)
  t.equal((await scheduled()).length, 0)
  t.same([...new Set(handed.slice(before).map(at => at.toISOString().slice(0, 16)))], ['2026-01-08T00:00', '2026-01-08T00:01'], '300 at 150 a minute')
  t.same(w.failures, [])
})
