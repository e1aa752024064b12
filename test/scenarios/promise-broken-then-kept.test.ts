import t from 'tap'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'
import { storyOf } from './story.ts'

interface Grant { items: { workItemId: string, accountId: string }[] }
interface Promised { id: string, state: string, paid: number, judgedAt: string | null, graceEndsOn: string }

t.test('a promise is broken on its day, and kept when the bank tells of a payment of before', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, ten in the morning in Shanghai (02:00 UTC). 1,000.00 are owed, and nothing is added to it.
  const us = await w.agency({ now: '2026-01-05T02:00:00Z' })
  const bank = await w.lender(us)
  const story = storyOf(w, us, bank)
  const { accountId } = await w.account(us, bank)
  const queue = await w.ok<{ id: string }>(us, 'POST', '/v1/queues', { name: 'All debts' })
  await w.settle(us)
  const pull = async () => (await w.ok<Grant>(us, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 600 })).items
  const promised = async () => {
    await w.settle(us)
    const { data: [promise] } = await w.ok<{ data: Promised[] }>(bank, 'GET', `/v1/promises?accountId=${accountId}`)
    return promise!
  }
  const told = async () => (await story.told(accountId, 'promise.*')).map(({ type, data: { object } }) => [type, object['state'] ?? null, object['paid'] ?? null, object['previous'] ?? null])

  // The collector calls, and is promised 400.00 by Monday the 12th. Three days of grace: 13, 14, 15. It is judged as the 16th begins in Shanghai, at 16:00 UTC of the 15th; until then
  // nobody is to call.
  const [item] = await pull()
  t.match(await w.ok(us, 'POST', `/v1/work-items/${item!.workItemId}/complete`, { outcome: 'promised', promise: { amount: 400_00, promisedOn: '2026-01-12' } }), { state: 'deferred', readyAt: '2026-01-15T16:00:00Z' })
  t.match(await promised(), { state: 'open', paid: 0, judgedAt: '2026-01-15T16:00:00Z', graceEndsOn: '2026-01-15' })

  // 12 January: the day itself; nothing has come. 13 January: the first day of grace, nothing.
  for (const on of ['2026-01-12', '2026-01-13']) {
    await story.morning(on)
    t.match(await promised(), { state: 'open', paid: 0 }, on)
  }
  // 14 January: a card pays 400.00, and it is kept at once. 15 January: the card is charged back; what was kept is open again, for a day of grace is left.
  await story.morning('2026-01-14')
  const card = await story.pay(accountId, 400_00, '2026-01-14')
  t.match(await promised(), { state: 'kept', paid: 400_00, judgedAt: null })
  await story.morning('2026-01-15')
  await story.reverse(card.id, '2026-01-15')
  t.match(await promised(), { state: 'open', paid: 0, judgedAt: '2026-01-15T16:00:00Z' })

  // A second before the 16th it is open; as the 16th begins it is broken: 0.00 of 400.00. The work comes back.
  await w.liveUntil(us, '2026-01-15T15:59:59Z')
  t.match(await promised(), { state: 'open' })
  await w.liveUntil(us, '2026-01-15T16:00:00Z')
  t.match(await promised(), { state: 'broken', paid: 0, judgedAt: null })
  await story.morning('2026-01-16')
  t.match(await pull(), [{ workItemId: item!.workItemId }])

  // 19 January: the bank's file of last week arrives. 250.00 were received on the 13th: 250.00 of 400.00.
  await story.morning('2026-01-19')
  const transfer = await story.pay(accountId, 250_00, '2026-01-13')
  t.match(await promised(), { state: 'partiallyKept', paid: 250_00 })
  // 150.00 were received on the 16th, a day late: they count for nothing. 150.00 were received on the 15th, the last day: 250.00 + 150.00 = 400.00.
  await story.pay(accountId, 150_00, '2026-01-16')
  t.match(await promised(), { state: 'partiallyKept', paid: 250_00 })
  await story.pay(accountId, 150_00, '2026-01-15')
  t.match(await promised(), { state: 'kept', paid: 400_00 })

  // 20 January: the bank takes the 250.00 back. 150.00 of 400.00 are left, and its time is over.
  await story.morning('2026-01-20')
  await story.reverse(transfer.id, '2026-01-20')
  t.match(await promised(), { state: 'partiallyKept', paid: 150_00 })

  t.same(await told(), [
    ['promise.created', null, null, null],
    ['promise.kept', null, 400_00, 'open'], ['promise.reopened', null, 0, 'kept'],
    ['promise.broken', 'broken', 0, 'open'], ['promise.broken', 'partiallyKept', 250_00, 'broken'], ['promise.kept', null, 400_00, 'partiallyKept'], ['promise.broken', 'partiallyKept', 150_00, 'kept'],
  ])
  // What is owed knows nothing of promises: 1,000.00 - 150.00 - 150.00.
  t.same(await story.owed(accountId), [700_00, 0, 0, 0, 700_00])
  await checkBooks(t, w, us, 'at the end')
  t.same(w.failures, [])
})
