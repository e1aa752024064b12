import { eq, sql } from 'drizzle-orm'
import pg from 'pg'
import t from 'tap'
import { stages as accountStages } from '../../src/modules/accounts/core.ts'
import { QueueFilter, checkHolder, checkQueue, checkReadyAt, contactOf, workOutcomes, zoneOf, zoneText } from '../../src/modules/queues/core.ts'
import type { HeldLease, Ordering } from '../../src/modules/queues/core.ts'
import { workCompletions, workItems } from '../../src/modules/queues/tables.ts'
import { events, tenants } from '../../src/platform/tables.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import type { Id } from '../../src/kernel/index.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As, Lender, World } from '../world.ts'

interface Item { workItemId: Id<'workItem'>, accountId: Id<'account'>, priority: number, balance: { total: number }, why: { daysPastDue: number, attempts: number }, contactableUntil: string | null }
interface Granted { lease: { id: Id<'lease'>, state: string, holderId: string, expiresAt: string | null } | null, items: Item[] }
interface Queue { id: Id<'queue'>, state: string, scannedCount: number, items: Record<string, number> }
type Staff = { key: string, staffId: Id<'staff'> }

t.test('amounts of different currencies do not compare, so a queue that compares them names one', async t => {
  const cases: [QueueFilter, Ordering, string | null][] = [
    [{}, 'age', null],
    [{}, 'balance', '/filter/currencies'],
    [{ currencies: ['CNY', 'USD'] }, 'balance', '/filter/currencies'],
    [{ currencies: ['CNY'] }, 'balance', null],
    [{ balanceMin: 100 }, 'age', '/filter/currencies'],
    [{ balanceMin: 200, balanceMax: 100, currencies: ['CNY'] }, 'age', '/filter/balanceMax'],
    [{ currencies: ['XXQ'] }, 'balance', '/filter/currencies'],
  ]
  for (const [filter, ordering, pointer] of cases) {
    if (pointer === null) t.doesNotThrow(() => checkQueue(filter, ordering))
    else t.throws(() => checkQueue(filter, ordering), { code: 'queue-refused', refusal: { violations: [{ pointer }] } }, JSON.stringify(filter))
  }
})

t.test('a filter names the stages that debts have', async t => {
  const { items } = QueueFilter.properties.stages as unknown as { items: { enum: string[] } }
  t.same(items.enum, accountStages)
})

t.test('a zone is read as it was written, whatever its region is called', async t => {
  for (const zone of [
    { jurisdiction: 'CN', region: null, timeZone: 'Asia/Shanghai' }, { jurisdiction: 'US', region: 'MA', timeZone: 'America/New_York' }, { jurisdiction: 'US', region: 'a|b', timeZone: 'America/New_York' },
  ]) t.same(zoneOf(zoneText(zone)), zone)
})

t.test('only the holder of a live lease works with it', async t => {
  const now = new Date('2026-01-05T09:00:00Z')
  const held: HeldLease = { state: 'held', holderKind: 'staff', holderId: 'stf_1', dueAt: '2026-01-05T09:05:00Z' }
  const mine = { kind: 'staff', id: 'stf_1' }
  t.doesNotThrow(() => checkHolder(held, mine, now))
  t.throws(() => checkHolder(held, { kind: 'staff', id: 'stf_2' }, now), { code: 'lease-not-yours' })
  t.throws(() => checkHolder(held, { kind: 'service', id: 'stf_1' }, now), { code: 'lease-not-yours' })
  t.throws(() => checkHolder({ ...held, dueAt: '2026-01-05T09:00:00Z' }, mine, now), { code: 'lease-expired' }, 'at its end it has lapsed, whether or not the job has run')
  t.throws(() => checkHolder({ ...held, state: 'expired', dueAt: null }, mine, now), { code: 'lease-expired' })
  t.throws(() => checkHolder({ ...held, state: 'completed', dueAt: null }, mine, now), { code: 'lease-ended' })
})

t.test('every outcome says whether anybody was called, and work is put off to a time that comes', async t => {
  t.same(workOutcomes.filter(outcome => contactOf(outcome) === null), ['notContacted'])
  t.equal(contactOf('promised'), 'conversation')
  t.equal(contactOf('voicemail'), 'voicemail')
  const now = new Date('2026-01-05T09:00:00Z')
  t.doesNotThrow(() => checkReadyAt(new Date('2026-01-05T09:00:01Z'), now))
  t.throws(() => checkReadyAt(now, now), { code: 'next-action-refused' })
  t.throws(() => checkReadyAt(new Date('2027-02-05T09:00:00Z'), now), { code: 'next-action-refused' })
})

const makeQueue = async (w: World, as: As, name: string, more: object = {}): Promise<Queue> => await w.ok<Queue>(as, 'POST', '/v1/queues', { name, ...more })
const pull = async (w: World, as: As, queue: { id: string }, count = 1, ttlSeconds = 300): Promise<Granted> => await w.ok<Granted>(as, 'POST', `/v1/queues/${queue.id}/leases`, { count, ttlSeconds })
const accountsOf = ({ items }: Granted): string[] => items.map(({ accountId }) => accountId)
const readQueue = async (w: World, as: As, { id }: { id: string }): Promise<Queue> => await w.ok<Queue>(as, 'GET', `/v1/queues/${id}`)
const complete = async (w: World, as: As, item: Item, body: object) => await w.call(as, 'POST', `/v1/work-items/${item.workItemId}/complete`, body)
const countEvents = async (w: World, us: Agency, type: string): Promise<number> => await w.tx(us, async tx => await tx.$count(events, eq(events.type, type)))

let staffCount = 0
async function member (w: World, us: Agency, role: string): Promise<Staff> {
  const { id } = await w.ok<{ id: Id<'staff'> }>(us, 'POST', '/v1/staff', { name: 'Somebody', email: `somebody${++staffCount}@example.com`, role })
  const { key } = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', staffId: id, name: role })
  return { key, staffId: id }
}

/** Debts of these balances, placed in this order and in every queue that wants them. */
async function place (w: World, us: Agency, lender: Lender, balances: number[], more: object = {}): Promise<string[]> {
  const ids: string[] = []
  for (const principal of balances) ids.push((await w.account(us, lender, { balance: { principal }, ...more })).accountId)
  await w.settle(us)
  return ids
}

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)

  t.test('the highest priority goes first: by balance, or by age', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const byBalance = await makeQueue(w, us, 'By balance', { ordering: 'balance', filter: { currencies: ['CNY'] } })
    const byAge = await makeQueue(w, us, 'By age')
    const [small, large, middle] = await place(w, us, lender, [100_00, 300_00, 200_00])
    const [oldest] = await place(w, us, lender, [50_00], { dueOn: '2025-06-01' })
    const granted = await pull(w, us, byBalance, 4)
    t.same(accountsOf(granted), [large, middle, small, oldest])
    t.match(granted, {
      lease: { state: 'held', expiresAt: '2026-01-05T09:05:00Z' },
      items: [{ balance: { principal: 300_00, total: 300_00 }, priority: 300_00, why: { ordering: 'balance', balance: 300_00, daysPastDue: 16, age: 'S2', attempts: 0 }, channel: 'call', contactableUntil: '2026-01-05T14:00:00Z' }],
    })
    t.equal(accountsOf(await pull(w, us, byAge))[0], oldest, 'a debt may be in several queues')
    t.same(await pull(w, us, byBalance), { lease: null, items: [] }, 'what is on lease is nobody else\'s')
    const [larger] = await place(w, us, lender, [400_00])
    t.same(accountsOf(await pull(w, us, byBalance)), [larger], 'what comes in later and weighs more goes first')
    await place(w, us, lender, [10_00])
    await w.ok(us, 'POST', `/v1/leases/${granted.lease!.id}/release`)
    t.same(accountsOf(await pull(w, us, byBalance, 2)), [large, middle], 'and so does what is given back')
  })

  t.test('fifty collectors who ask at once never share an item, each with a transaction of its own or all in one', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Hot')
    await place(w, us, lender, Array.from({ length: 60 }, (_, i) => (i + 1) * 100))
    const answers = await Promise.all(Array.from({ length: 50 }, async (_, i) => await w.call(us, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 300 }, i % 2 === 0 ? {} : { 'idempotency-key': `pull-${i}` })))
    t.same([...new Set(answers.map(({ statusCode }) => statusCode))], [201])
    const taken = answers.flatMap(answer => accountsOf(answer.json()))
    t.equal(taken.length, 50)
    t.equal(new Set(taken).size, 50)
    t.equal(new Set(answers.map(answer => answer.json<Granted>().lease!.id)).size, 50)
    t.equal((await pull(w, us, queue, 50)).items.length, 10, 'the others are still there')
    const again = await w.call(us, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 300 }, { 'idempotency-key': 'pull-1' })
    t.same(again.json(), answers[1]!.json(), 'a repeat gets the lease it got before')
    t.same(w.failures, [])
  })

  t.test('a lease that nobody keeps alive lapses, and its work is anybody\'s at once', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const mei = await member(w, us, 'collector')
    const queue = await makeQueue(w, us, 'Lapsing')
    const [account] = await place(w, us, lender, [100_00])
    const first = await pull(w, mei, queue, 1, 60)
    t.equal(first.lease!.holderId, mei.staffId)
    // Her program has died. The clock moves on; no job has run.
    await w.tx(us, async tx => { await tx.update(tenants).set({ clockAt: '2026-01-05T09:01:00Z' }).where(eq(tenants.tenantId, us.id)) })
    const second = await pull(w, us, queue, 1, 60)
    t.same(accountsOf(second), [account])
    t.match((await complete(w, mei, first.items[0]!, { outcome: 'noAnswer' })).json(), { status: 403, code: 'lease-not-yours' }, 'the item is another\'s now')
    t.match((await w.call(mei, 'POST', `/v1/leases/${first.lease!.id}/heartbeat`, { ttlSeconds: 60 })).json(), { status: 409, code: 'lease-expired' })
    t.equal(await countEvents(w, us, 'lease.expired'), 1)
    await w.liveUntil(us, '2026-01-05T09:10:00Z')
    t.equal(await countEvents(w, us, 'lease.expired'), 2, 'the job ends what nobody asked after')
    t.match(await readQueue(w, us, queue), { items: { ready: 1, leased: 0 } })
    t.match((await complete(w, us, second.items[0]!, { outcome: 'noAnswer' })).json(), { status: 409, code: 'lease-expired' }, 'too late is too late')
  })

  t.test('a heartbeat keeps a lease, and only its holder gives it; a manager takes work back', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const [mei, jun, boss, reader] = [await member(w, us, 'collector'), await member(w, us, 'collector'), await member(w, us, 'manager'), await member(w, us, 'readonly')]
    const queue = await makeQueue(w, us, 'Kept')
    await place(w, us, lender, [100_00, 200_00])
    const { lease, items } = await pull(w, mei, queue, 2, 60)
    const path = `/v1/leases/${lease!.id}`
    t.match(await w.ok(mei, 'POST', `${path}/heartbeat`, { ttlSeconds: 600 }), { lease: { expiresAt: '2026-01-05T09:10:00Z' }, workItemIds: { length: 2 } })
    await w.liveUntil(us, '2026-01-05T09:05:00Z')
    t.match((await w.call(jun, 'POST', `${path}/heartbeat`, { ttlSeconds: 600 })).json(), { status: 403, code: 'lease-not-yours' })
    t.match((await w.call(jun, 'POST', `${path}/release`)).json(), { status: 403, code: 'lease-not-yours' })
    t.match((await w.call(reader, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 60 })).json(), { status: 403, code: 'not-allowed' })
    t.match(await w.ok(boss, 'GET', `/v1/queues/${queue.id}/leases`), { data: [{ id: lease!.id, holderId: mei.staffId, state: 'held' }] })
    t.match(await w.ok(boss, 'POST', `${path}/release`), { lease: { state: 'released', expiresAt: null }, workItemIds: [] })
    t.match((await complete(w, mei, items[0]!, { outcome: 'noAnswer' })).json(), { status: 409, code: 'lease-ended' })
    t.match((await w.call(mei, 'POST', `${path}/heartbeat`, { ttlSeconds: 60 })).json(), { status: 409, code: 'lease-ended' })
    t.equal((await pull(w, jun, queue, 2)).items.length, 2, 'what was taken back is there at once')
    t.match((await w.call(us, 'POST', `/v1/leases/${strangeId('lease')}/heartbeat`, { ttlSeconds: 60 })).json(), { status: 404 })
  })

  t.test('completing records the call, seals the note, and is done once', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const mei = await member(w, us, 'collector')
    const reader = await member(w, us, 'readonly')
    const queue = await makeQueue(w, us, 'Worked')
    await place(w, us, lender, [100_00, 200_00])
    const { lease, items } = await pull(w, mei, queue, 2)
    const [first, second] = items as [Item, Item]
    t.match((await complete(w, mei, first, { outcome: 'callback', nextAction: { readyAt: '2026-01-05T08:00:00Z' } })).json(), { status: 422, code: 'next-action-refused' })
    t.match(await w.ok(mei, 'POST', `/v1/work-items/${first.workItemId}/complete`, { outcome: 'callback', nextAction: { readyAt: '2026-01-06T02:00:00Z' }, note: 'His wife is ill.' }), { state: 'deferred', readyAt: '2026-01-06T02:00:00Z', attempts: 1 })
    t.match((await complete(w, mei, first, { outcome: 'callback' })).json(), { status: 409, code: 'work-item-not-leased' })
    t.match(await w.ok(mei, 'POST', `/v1/work-items/${second.workItemId}/complete`, { outcome: 'notContacted' }), { state: 'done', attempts: 0 })
    t.match((await w.call(mei, 'POST', `/v1/leases/${lease!.id}/heartbeat`, { ttlSeconds: 60 })).json(), { code: 'lease-ended', detail: 'state: completed' })
    t.match(await w.ok(us, 'GET', `/v1/contact-attempts?accountId=${first.accountId}`), { data: [{ channel: 'call', direction: 'out', outcome: 'conversation', wasLawful: true }] })
    t.same((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/contact-attempts?accountId=${second.accountId}`)).data, [], 'nobody was called')

    const completions = `/v1/work-items/${first.workItemId}/completions`
    t.match(await w.ok(us, 'GET', completions), { data: [{ outcome: 'callback', note: 'His wife is ill.', hasNote: true, completedBy: mei.staffId, leaseId: lease!.id }] })
    t.match(await w.ok(reader, 'GET', completions), { data: [{ note: null, hasNote: true }] }, 'a note is for those who may reveal personal data')
    const [stored] = await w.tx(us, async tx => await tx.select({ note: workCompletions.note }).from(workCompletions).where(eq(workCompletions.workItemId, first.workItemId)))
    t.notOk(stored!.note!.includes('wife'), 'it is sealed where it is kept')
    t.equal(await countEvents(w, us, 'workItem.completed'), 2)
    const { data } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${first.accountId}/parties`)
    await w.ok(us, 'POST', `/v1/parties/${data[0]!.partyId}/erase`, { reason: 'subjectRequest' })
    await w.settle(us)
    t.match(await w.ok(us, 'GET', completions), { data: [{ note: null, hasNote: false }] }, 'erasing a person erases what was written about them')

    t.same(accountsOf(await pull(w, mei, queue)), [], 'what was put off waits')
    await w.liveUntil(us, '2026-01-06T02:00:00Z')
    t.match(await pull(w, mei, queue), { items: [{ workItemId: first.workItemId, why: { attempts: 1 } }] }, 'and comes back at its time')
  })

  t.test('a debt that is closed or on hold is never served, not even before the job has heard of it', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Protected', { ordering: 'balance', filter: { currencies: ['CNY'] } })
    const held = await w.account(us, lender, { balance: { principal: 300_00 } })
    const recalled = await w.account(us, lender, { balance: { principal: 200_00 } })
    const free = await w.account(us, lender, { balance: { principal: 100_00 } })
    await w.settle(us)
    const hold = await w.ok<{ id: string }>(us, 'POST', '/v1/holds', { accountId: held.accountId, kind: 'represented' })
    await w.ok(lender, 'POST', `/v1/placements/${recalled.placementId}/recall`)
    const { lease, items } = await pull(w, us, queue, 3)
    t.same(items.map(({ accountId }) => accountId), [free.accountId], 'no job has run since')
    await w.settle(us)
    t.match(await readQueue(w, us, queue), { items: { ready: 0, leased: 1, suppressed: 2 } })
    await w.ok(us, 'POST', `/v1/holds/${hold.id}/release`)
    await w.settle(us)
    t.same(accountsOf(await pull(w, us, queue, 3)), [held.accountId], 'and is served again when the hold is over')

    await w.ok(us, 'POST', '/v1/disputes', { accountId: free.accountId, reason: 'wrongAmount' })
    await w.settle(us)
    t.match((await complete(w, us, items[0]!, { outcome: 'promised' })).json(), { status: 409, code: 'lease-ended' }, 'work is taken out of hands')
    t.match((await w.call(us, 'POST', `/v1/leases/${lease!.id}/heartbeat`, { ttlSeconds: 60 })).json(), { code: 'lease-ended' })
  })

  t.test('a hold that ends by time lets work come back by itself, to when it was put off', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Waiting')
    const [account] = await place(w, us, lender, [100_00])
    const { items } = await pull(w, us, queue)
    await w.ok(us, 'POST', `/v1/work-items/${items[0]!.workItemId}/complete`, { outcome: 'busy', nextAction: { readyAt: '2026-01-08T02:00:00Z' } })
    await w.ok(us, 'POST', '/v1/holds', { accountId: account, kind: 'bereavement', endsAt: '2026-01-07T02:00:00Z' })
    await w.settle(us)
    t.match(await readQueue(w, us, queue), { items: { suppressed: 1, deferred: 0 } })
    await w.liveUntil(us, '2026-01-07T03:00:00Z')
    t.match(await readQueue(w, us, queue), { items: { suppressed: 0, deferred: 1 } })
    await w.liveUntil(us, '2026-01-08T02:00:00Z')
    t.same(accountsOf(await pull(w, us, queue)), [account])
  })

  t.test('nobody is offered outside the hours of their own law and clock', async t => {
    const us = await w.agency({ now: '2026-01-05T15:00:00Z' })
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Hours', { ordering: 'balance', filter: { currencies: ['CNY'] } })
    // 23:00 in Shanghai, 10:00 in New York: the law of the debt's place and its clock decide, not the agency's. Of the third country no law is known.
    const [shanghai] = await place(w, us, lender, [300_00])
    const [newYork] = await place(w, us, lender, [100_00], { jurisdiction: 'US', timeZone: 'America/New_York' })
    await place(w, us, lender, [900_00], { jurisdiction: 'AQ', timeZone: 'America/New_York' })
    t.match(await pull(w, us, queue, 3), { items: { length: 1, 0: { accountId: newYork, contactableUntil: '2026-01-06T02:00:00Z' } } })
    await w.liveUntil(us, '2026-01-05T23:59:59Z')
    t.same(accountsOf(await pull(w, us, queue, 3)), [newYork], '07:59 in Shanghai; the first lease has lapsed')
    await w.liveUntil(us, '2026-01-06T00:00:00Z')
    t.match(await pull(w, us, queue, 3), { items: { length: 1, 0: { accountId: shanghai, contactableUntil: '2026-01-06T14:00:00Z' } } }, '08:00 in Shanghai')
  })

  t.test('of equal priority, whoever\'s hours end soonest goes first', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Closing', { ordering: 'balance', filter: { currencies: ['CNY'] } })
    const [west] = await place(w, us, lender, [100_00], { timeZone: 'Asia/Urumqi' })
    const [east] = await place(w, us, lender, [100_00])
    const [more] = await place(w, us, lender, [100_01], { timeZone: 'Asia/Urumqi' })
    t.same(accountsOf(await pull(w, us, queue, 3)), [more, east, west])
    const spread = await place(w, us, lender, [40_00, 10_00], { timeZone: 'Asia/Urumqi' })
    const near = await place(w, us, lender, [30_00, 20_00])
    const one = async () => accountsOf(await pull(w, us, queue))[0]
    t.same([await one(), await one(), await one(), await one(), await one()], [spread[0], near[0], near[1], spread[1], undefined], 'one by one, across zones')
  })

  t.test('another agency has no such queue, and a lender no queues at all', async t => {
    const us = await w.agency()
    const them = await w.agency()
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Ours')
    await place(w, us, lender, [100_00])
    const { lease, items } = await pull(w, us, queue)
    for (const [method, path, body] of [
      ['GET', `/v1/queues/${queue.id}`], ['PATCH', `/v1/queues/${queue.id}`, { name: 'Theirs' }], ['GET', `/v1/queues/${queue.id}/work-items`], ['GET', `/v1/queues/${queue.id}/leases`],
      ['POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 60 }], ['POST', `/v1/leases/${lease!.id}/heartbeat`, { ttlSeconds: 60 }], ['POST', `/v1/leases/${lease!.id}/release`],
      ['GET', `/v1/work-items/${items[0]!.workItemId}`], ['POST', `/v1/work-items/${items[0]!.workItemId}/complete`, { outcome: 'noAnswer' }],
    ] as const) {
      t.equal((await w.call(them, method, path, body)).statusCode, 404, `${method} ${path}`)
      t.equal((await w.call(lender, method, path, body)).statusCode, 403, `${method} ${path}`)
    }
    t.equal((await pull(w, us, queue)).lease, null, 'the item is still on its lease')
  })

  t.test('a new queue is filled from the debts there are, and a changed one anew', async t => {
    const us = await w.agency()
    const [lender, other] = [await w.lender(us), await w.lender(us)]
    const english = { parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Ann', language: 'en-GB' }] }
    const [small, large] = await place(w, us, lender, [100_00, 500_00])
    await place(w, us, lender, [500_00], english)
    await place(w, us, other, [500_00])
    const queue = await makeQueue(w, us, 'Big ones', { filter: { lenderIds: [lender.id], jurisdictions: ['CN'], stages: ['early'], currencies: ['CNY'], balanceMin: 200_00 }, ordering: 'balance' })
    t.equal(queue.state, 'filling')
    await w.settle(us)
    t.match(await readQueue(w, us, queue), { state: 'ready', scannedCount: 4, items: { ready: 2 } })
    const speaking = await makeQueue(w, us, 'English', { filter: { languages: ['en'] } })
    await w.settle(us)
    t.match(await readQueue(w, us, speaking), { items: { ready: 1 } })

    const { items, lease } = await pull(w, us, queue, 2)
    t.ok(items.some(({ accountId }) => accountId === large))
    await w.ok(us, 'PATCH', `/v1/queues/${queue.id}`, { filter: { currencies: ['CNY'], balanceMax: 200_00 } })
    await w.settle(us)
    t.match(await readQueue(w, us, queue), { state: 'ready', items: { ready: 1, leased: 0, suppressed: 2 } })
    t.match((await w.call(us, 'POST', `/v1/leases/${lease!.id}/heartbeat`, { ttlSeconds: 60 })).json(), { code: 'lease-ended' }, 'its work belongs there no more')
    t.same(accountsOf(await pull(w, us, queue, 5)), [small])
    t.match((await w.call(us, 'POST', '/v1/queues', { name: 'Big ones' })).json(), { status: 409, code: 'conflict' }, 'no two queues are called the same')
    t.match((await w.call(us, 'POST', '/v1/queues', { name: 'Any', ordering: 'balance' })).json(), { status: 422, code: 'queue-refused', errors: [{ pointer: '/filter/currencies' }] })
    t.match((await w.call(us, 'PATCH', `/v1/queues/${queue.id}`, {})).json(), { status: 400 })
    const page = await w.ok<{ data: { accountId: string }[], nextCursor: string }>(us, 'GET', `/v1/queues/${queue.id}/work-items?limit=2`)
    const rest = await w.ok<{ data: { accountId: string }[], nextCursor: null }>(us, 'GET', `/v1/queues/${queue.id}/work-items?limit=2&cursor=${page.nextCursor}`)
    t.equal(new Set([...page.data, ...rest.data].map(({ accountId }) => accountId)).size, 3)
    t.equal(rest.nextCursor, null)
  })

  t.test('a closed debt that is reopened is worked again, though work on it was done', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Again')
    const { accountId } = await w.account(us, lender, { balance: { principal: 100_00 } })
    await w.settle(us)
    const first = await pull(w, us, queue)
    await w.ok(us, 'POST', `/v1/work-items/${first.items[0]!.workItemId}/complete`, { outcome: 'paid' })
    const payment = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 100_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
    await w.settle(us)
    t.same(accountsOf(await pull(w, us, queue)), [])
    await w.ok(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'chargeback', reversedOn: '2026-01-05' })
    await w.settle(us)
    t.match(await pull(w, us, queue), { items: [{ workItemId: first.items[0]!.workItemId, balance: { total: 100_00 } }] })
  })

  t.test('work is announced once, however much came, until somebody finds the queue empty', async t => {
    const us = await w.agency()
    const lender = await w.lender(us)
    const queue = await makeQueue(w, us, 'Announced')
    await place(w, us, lender, [100_00, 200_00])
    await place(w, us, lender, [300_00])
    t.equal(await countEvents(w, us, 'workItem.available'), 1)
    t.equal((await pull(w, us, queue, 3)).items.length, 3)
    await place(w, us, lender, [400_00])
    t.equal(await countEvents(w, us, 'workItem.available'), 1, 'nobody has been sent away')
    t.equal((await pull(w, us, queue, 5)).items.length, 1)
    await place(w, us, lender, [500_00])
    t.equal(await countEvents(w, us, 'workItem.available'), 2)
  })
  t.same(w.failures, [])
})

t.test('a fill that is interrupted goes on where it was: every debt once', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us)
  const admin = new pg.Client({ connectionString: w.url })
  await admin.connect()
  t.teardown(async () => { await admin.end() })
  // More debts than two stretches hold, past the API for speed.
  await admin.query(`with a as (
      insert into accounts (tenant_id, id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, time_zone, due_on, stage, principal, interest, penalty, costs, placed_on, created_at)
      select tenant_id, uuidv7(), lender_id, id, 'R' || n, 'loan', 'CNY', 'CN', 'Asia/Shanghai', '2025-12-20', 'early', n, 0, 0, 0, '2026-01-05', now()
      from agreements cross join generate_series(1, 4500) n where tenant_id = $1 returning *)
    insert into placements (tenant_id, id, account_id, lender_id, agreement_id, placement_number, state, placed_on, term_ends_on, created_at)
    select tenant_id, uuidv7(), id, lender_id, agreement_id, 1, 'active', placed_on, '2026-07-01', now() from a`, [us.id.slice(4)])
  const queue = await makeQueue(w, us, 'Thousands', { ordering: 'balance', filter: { currencies: ['CNY'] } })
  const fill = async (budgetMs: number) => await runJob(w.machine, 'queues.fillQueues', us.id, budgetMs)

  t.equal(await fill(0), true, 'one stretch, and there is more')
  t.match(await readQueue(w, us, queue), { state: 'filling', scannedCount: 2000, items: { ready: 2000 } })
  t.equal((await pull(w, us, queue, 5)).items.length, 5, 'what is in it already may be pulled')
  // The next stretch dies when all but its end is written.
  await admin.query(`create function fail() returns trigger language plpgsql as $$ begin raise exception 'power cut'; end $$`)
  await admin.query('create trigger fail before update of fill_after on queues for each row execute function fail()')
  await fill(60_000)
  t.equal(w.failures.length, 1)
  t.match(await readQueue(w, us, queue), { scannedCount: 2000, items: { ready: 1995, leased: 5 } }, 'nothing of it is left')
  await admin.query('drop trigger fail on queues')
  await admin.query('update job_states set retry_at = null')
  t.equal(await fill(60_000), false)
  t.match(await readQueue(w, us, queue), { state: 'ready', scannedCount: 4500, items: { ready: 4495, leased: 5 } })
  t.equal(await w.tx(us, async tx => Number((await tx.select({ n: sql<string>`count(distinct ${workItems.accountId})` }).from(workItems))[0]!.n)), 4500)
  t.equal(await countEvents(w, us, 'workItem.available'), 1)
  t.equal((await pull(w, us, queue)).items[0]!.priority, 4500, 'the largest is on top, wherever it was found')
  void lender
})
