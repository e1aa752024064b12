import { eq } from 'drizzle-orm'
import t from 'tap'
import { tenants } from '../../src/platform/tables.ts'
import { strangeId, world } from '../world.ts'

interface Promised { id: string, state: string, reason: string | null, supersededBy: string | null, paid: number, amount: number, judgedAt: string | null, takenBy: string | null, partyId: string }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  // Monday 5 January 2026, 16:00 in Shanghai. Debts of 1,000.00, placed for 180 days: to 4 July.
  const us = await w.agency({ now: '2026-01-05T08:00:00Z' })
  const lender = await w.lender(us)
  const debt = async (input: Parameters<typeof w.account>[2] = {}) => (await w.account(us, lender, { placedOn: '2026-01-05', ...input })).accountId
  const take = async (accountId: string, more: object = {}) => await w.ok<Promised>(us, 'POST', '/v1/promises', { accountId, amount: 300_00, promisedOn: '2026-01-20', ...more })
  const refused = async (accountId: string, more: object = {}) => (await w.call(us, 'POST', '/v1/promises', { accountId, amount: 300_00, promisedOn: '2026-01-20', ...more })).json<object>()
  const read = async (id: string) => {
    await w.settle(us)
    return await w.ok<Promised>(us, 'GET', `/v1/promises/${id}`)
  }
  const pay = async (accountId: string, amount: number, receivedOn: string) => await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy: 'agency', method: 'card' })
  const debtor = async (accountId: string) => (await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)).data[0]!.partyId
  const told = async (accountId: string) => (await w.ok<{ data: { type: string, data: { object: Record<string, unknown> } }[] }>(lender, 'GET', `/v1/events?accountId=${accountId}&types=promise.*&limit=200`)).data
    .map(({ type, data: { object } }) => [type.slice(8), object['reason'] ?? object['state'] ?? null])
  const called = async (accountId: string, direction: 'in' | 'out', channel = 'call') => (await w.ok<{ id: string }>(us, 'POST', '/v1/contact-attempts', { accountId, partyId: await debtor(accountId), channel, direction, outcome: channel === 'call' ? 'conversation' : 'replied' })).id

  await t.test('a promise is taken, of the borrower unless somebody else is named, and judged as the day after the last of grace begins for the borrower', async t => {
    const accountId = await debt()
    const promise = await take(accountId, { channel: 'call', graceDays: 2 })
    // 20 January and two days: judged as the 23rd begins in Shanghai.
    t.match(promise, { state: 'open', amount: 300_00, paid: 0, currency: 'CNY', parts: [{ on: '2026-01-20', amount: 300_00 }], graceDays: 2, graceEndsOn: '2026-01-22', judgedAt: '2026-01-22T16:00:00Z', partyId: await debtor(accountId), channel: 'call', takenBy: /^key_/ })
    t.match(await take(accountId), { graceDays: 3, graceEndsOn: '2026-01-23' }, 'three days unless it is said')
    t.equal((await w.call(us, 'POST', '/v1/promises', { accountId, amount: 1, promisedOn: '2026-01-20', graceDays: 15 })).statusCode, 400)
    t.equal((await w.call(us, 'POST', '/v1/promises', { accountId, parts: Array.from({ length: 13 }, (_, i) => ({ on: `2026-02-${String(i + 1).padStart(2, '0')}`, amount: 1 })) })).statusCode, 400)
    t.match(await refused(strangeId('account')), { status: 404 })
    t.equal((await w.call(us, 'GET', `/v1/promises/${strangeId('promise')}`)).statusCode, 404)
  })

  await t.test('what cannot be promised is refused, and leaves what was promised before as it was', async t => {
    // The borrower's claim is barred three years after it was due: after 10 February 2026.
    const accountId = await debt({ dueOn: '2023-02-10', parties: [
      { role: 'borrower', kind: 'person', name: 'Ada', identity: '110101199001011234' }, { role: 'contactOnly', kind: 'person', name: 'Aunt' },
    ] })
    await w.settle(us)
    const before = await take(accountId)
    const { data } = await w.ok<{ data: { partyId: string, role: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
    const aunt = data.find(({ role }) => role === 'contactOnly')!.partyId
    for (const [more, status, code] of [
      [{ promisedOn: '2026-01-04' }, 422, 'promise-in-past'], [{ amount: 1_000_01 }, 422, 'promise-above-balance'], [{ promisedOn: '2026-07-05' }, 422, 'promise-after-term'],
      [{ promisedOn: '2026-02-11' }, 422, 'promise-after-limitation'], [{ partyId: aunt }, 422, 'promise-by-contact-only'], [{ partyId: strangeId('party') }, 404, 'not-found'],
      [{ parts: [{ on: '2026-01-21', amount: 1 }] }, 422, 'promise-terms-refused'], [{ contactAttemptId: strangeId('contactAttempt') }, 422, 'promise-contact-mismatch'],
    ] as const) t.match(await refused(accountId, more), { status, code }, code)
    const other = await debt()
    t.match(await refused(accountId, { contactAttemptId: await called(other, 'in') }), { code: 'promise-contact-mismatch' }, 'a contact about another debt')
    t.match(await refused(other, { contactAttemptId: await called(other, 'in'), channel: 'sms' }), { code: 'promise-contact-mismatch', errors: [{ pointer: '/channel' }] })
    t.match(await read(before.id), { state: 'open' })
    const { accountId: closed, placementId } = await w.account(us, lender)
    await w.ok(us, 'POST', `/v1/placements/${placementId}/close`, { closeCode: 'untraceable' })
    t.match(await refused(closed), { status: 409, code: 'account-closed' })
    const cautious = await w.lender(us, { autoAccept: false })
    t.match(await refused((await w.account(us, cautious)).accountId), { status: 409, code: 'account-not-placed' })
    const nobody = await debt({ parties: [{ role: 'guarantor', kind: 'person', name: 'Gao' }] })
    t.match(await take(nobody), { partyId: await debtor(nobody) }, 'the first that owes it')
  })

  await t.test('while a hold stops contact a promise is taken from who came forward, and from nobody else; its days run on', async t => {
    const accountId = await debt()
    const out = await called(accountId, 'out')
    await w.ok(us, 'POST', '/v1/holds', { accountId, kind: 'ceaseContact' })
    t.match(await refused(accountId), { status: 409, code: 'promise-under-hold' })
    t.match(await refused(accountId, { contactAttemptId: out }), { status: 409, code: 'promise-under-hold' })
    t.match(await take(accountId, { contactAttemptId: await called(accountId, 'in') }), { state: 'open', channel: 'call', judgedAt: '2026-01-23T16:00:00Z' })
  })

  await t.test('a new promise stands in the place of the open one, and money counts for the last promise made before it', async t => {
    const accountId = await debt()
    await pay(accountId, 50_00, '2026-01-05')
    const first = await take(accountId)
    await pay(accountId, 60_00, '2026-01-05')
    t.match(await read(first.id), { state: 'open', paid: 60_00 }, 'what was recorded before it, on its day, does not count')
    const second = await take(accountId, { amount: 100_00 })
    t.match(await read(first.id), { state: 'superseded', reason: 'superseded', supersededBy: second.id, judgedAt: null, paid: 60_00 })
    await pay(accountId, 70_00, '2026-01-05')
    t.match(await read(second.id), { state: 'open', paid: 70_00 })
    await pay(accountId, 30_00, '2026-01-05')
    t.match(await read(second.id), { state: 'kept', paid: 100_00 })
    t.match(await read(first.id), { state: 'superseded', paid: 60_00 })
    t.same(await told(accountId), [['created', null], ['cancelled', 'superseded'], ['created', null], ['kept', null]])
  })

  await t.test('what opens again beside a later promise is superseded by it', async t => {
    const accountId = await debt()
    const first = await take(accountId)
    const { id } = await pay(accountId, 300_00, '2026-01-05')
    t.match(await read(first.id), { state: 'kept' })
    const second = await take(accountId, { amount: 200_00 })
    await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
    t.match(await read(first.id), { state: 'superseded', supersededBy: second.id, paid: 0 })
    t.match(await read(second.id), { state: 'open', paid: 0 })
  })

  await t.test('somebody takes a promise back once', async t => {
    const accountId = await debt()
    const { id } = await take(accountId)
    t.match(await w.ok(us, 'POST', `/v1/promises/${id}/cancel`, { reason: 'withdrawn' }), { state: 'cancelled', reason: 'withdrawn', judgedAt: null, decidedAt: /^2026-01-05/ })
    t.match((await w.call(us, 'POST', `/v1/promises/${id}/cancel`, { reason: 'withdrawn' })).json(), { status: 409, code: 'promise-not-open' })
    await pay(accountId, 300_00, '2026-01-05')
    t.match(await read(id), { state: 'cancelled', paid: 0 }, 'and what comes in judges it no more')
    t.same(await told(accountId), [['created', null], ['cancelled', 'withdrawn']])
  })

  await t.test('the end of the work, and a dispute that is upheld, cancel what is open; what is paid in full is kept', async t => {
    for (const [reason, end] of [
      ['placementEnded', async (_: string, placementId: string) => await w.ok(us, 'POST', `/v1/placements/${placementId}/close`, { closeCode: 'untraceable' })],
      ['placementEnded', async (_: string, placementId: string) => await w.ok(lender, 'POST', `/v1/placements/${placementId}/recall`)],
      ['placementEnded', async (_: string, placementId: string) => await w.ok(us, 'POST', `/v1/placements/${placementId}/return`)],
      ['disputeUpheld', async (accountId: string) => {
        const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/disputes', { accountId, reason: 'wrongAmount' })
        await w.ok(us, 'POST', `/v1/disputes/${id}/resolve`, { outcome: 'upheld' })
      }],
    ] as const) {
      const { accountId, placementId } = await w.account(us, lender)
      const { id } = await take(accountId)
      await end(accountId, placementId)
      t.match(await read(id), { state: 'cancelled', reason })
      t.same(await told(accountId), [['created', null], ['cancelled', reason]])
    }
    const rejected = await debt()
    const stays = await take(rejected)
    const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/disputes', { accountId: rejected, reason: 'wrongAmount' })
    await w.ok(us, 'POST', `/v1/disputes/${id}/resolve`, { outcome: 'rejected' })
    t.match(await read(stays.id), { state: 'open' })
    const paid = await debt()
    const whole = await take(paid, { amount: 1_000_00 })
    await pay(paid, 1_000_00, '2026-01-05')
    t.match(await read(whole.id), { state: 'kept', paid: 1_000_00 })
  })

  await t.test('a completed call carries its promise in one step: whole, or not at all', async t => {
    const theirs = await w.lender(us, { currency: 'USD' })
    const { accountId } = await w.account(us, theirs, { currency: 'USD', placedOn: '2026-01-05' })
    const queue = await w.ok<{ id: string }>(us, 'POST', '/v1/queues', { name: 'Dollars', filter: { currencies: ['USD'] } })
    await w.settle(us)
    const { items: [item] } = await w.ok<{ items: { workItemId: string }[] }>(us, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 600 })
    const complete = async (body: object) => (await w.call(us, 'POST', `/v1/work-items/${item!.workItemId}/complete`, body)).json<object>()
    t.match(await complete({ outcome: 'callback', promise: { amount: 1, promisedOn: '2026-01-20' } }), { status: 422, code: 'promise-misplaced' })
    t.match(await complete({ outcome: 'promised', promise: { amount: 1_000_01, promisedOn: '2026-01-20' } }), { status: 422, code: 'promise-above-balance' })
    t.match(await complete({ outcome: 'promised', promise: { amount: 1 } }), { status: 422, code: 'promise-terms-refused', errors: [{ pointer: '/promise/parts' }] })
    const attempts = async () => (await w.ok<{ data: { id: string }[] }>(us, 'GET', `/v1/contact-attempts?accountId=${accountId}`)).data
    t.same(await attempts(), [], 'a refusal leaves no call behind')
    // Parts by 20 and 30 January, no grace: the first is judged as the 21st begins, and the item comes back then.
    t.match(await complete({ outcome: 'promised', promise: { parts: [{ on: '2026-01-20', amount: 100_00 }, { on: '2026-01-30', amount: 50_00 }], graceDays: 0 } }), { state: 'deferred', readyAt: '2026-01-20T16:00:00Z' })
    const { data: [promise] } = await w.ok<{ data: object[] }>(us, 'GET', `/v1/promises?accountId=${accountId}`)
    t.match(promise, { amount: 150_00, currency: 'USD', channel: 'call', contactAttemptId: (await attempts())[0]!.id, partyId: await debtor(accountId), state: 'open' })
  })

  await t.test('what is said of the next time goes before the promise', async t => {
    const theirs = await w.lender(us, { currency: 'EUR' })
    await w.account(us, theirs, { currency: 'EUR' })
    const queue = await w.ok<{ id: string }>(us, 'POST', '/v1/queues', { name: 'Euros', filter: { currencies: ['EUR'] } })
    await w.settle(us)
    const { items: [item] } = await w.ok<{ items: { workItemId: string }[] }>(us, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 600 })
    t.match(await w.ok(us, 'POST', `/v1/work-items/${item!.workItemId}/complete`, { outcome: 'promised', promise: { amount: 1, promisedOn: '2026-01-20' }, nextAction: { readyAt: '2026-01-19T02:00:00Z' } }), { state: 'deferred', readyAt: '2026-01-19T02:00:00Z' })
  })

  await t.test('a lender reads the promises about its debts, not who took them, and takes none', async t => {
    const accountId = await debt()
    const { id } = await take(accountId)
    t.match(await w.ok(lender, 'GET', `/v1/promises/${id}`), { id, accountId, takenBy: null })
    t.match(await w.ok(lender, 'GET', `/v1/promises?accountId=${accountId}&state=open`), { data: [{ id, takenBy: null }], nextCursor: null })
    t.same((await w.ok<{ data: object[] }>(lender, 'GET', `/v1/promises?accountId=${accountId}&state=broken`)).data, [])
    const stranger = await w.lender(us)
    t.equal((await w.call(stranger, 'GET', `/v1/promises/${id}`)).statusCode, 404)
    t.same((await w.ok<{ data: object[] }>(stranger, 'GET', `/v1/promises?accountId=${accountId}`)).data, [])
    t.equal((await w.call(lender, 'POST', '/v1/promises', { accountId, amount: 1, promisedOn: '2026-01-20' })).statusCode, 403)
  })

  await t.test('parts are judged one after the other, each on its day, in the borrower\'s calendar', async t => {
    // New York is five hours behind UTC in January: the 10th ends there at 05:00 UTC of the 11th, the 12th at 05:00 of the 13th.
    const accountId = await debt({ jurisdiction: 'US', timeZone: 'America/New_York', placedOn: '2026-01-05' })
    const { id, judgedAt } = await w.ok<Promised>(us, 'POST', '/v1/promises', { accountId, parts: [{ on: '2026-01-10', amount: 100_00 }, { on: '2026-01-12', amount: 100_00 }], graceDays: 0 })
    t.equal(judgedAt, '2026-01-11T05:00:00Z')
    await w.liveUntil(us, '2026-01-10T15:00:00Z')
    await pay(accountId, 100_00, '2026-01-10')
    t.match(await read(id), { state: 'open', paid: 100_00, judgedAt: '2026-01-13T05:00:00Z' })
    await w.liveUntil(us, '2026-01-13T04:59:59Z')
    t.match(await read(id), { state: 'open' })
    await w.liveUntil(us, '2026-01-13T05:00:00Z')
    t.match(await read(id), { state: 'partiallyKept', paid: 100_00 })
    // A late word of 12 January's payment keeps it.
    await pay(accountId, 100_00, '2026-01-12')
    t.match(await read(id), { state: 'kept', paid: 200_00 })
    t.same(await told(accountId), [['created', null], ['broken', 'partiallyKept'], ['kept', null]])
    t.match(await take(accountId, { promisedOn: '2026-01-15' }), { state: 'open' })
  })

  await t.test('two who take a promise about one debt at once leave one of them open', async t => {
    const accountId = await debt()
    const replies = await Promise.all([1, 2, 3].map(async amount => await w.call(us, 'POST', '/v1/promises', { accountId, amount, promisedOn: '2026-01-20' })))
    t.same(replies.map(({ statusCode }) => statusCode), [201, 201, 201])
    t.same((await w.ok<{ data: Promised[] }>(us, 'GET', `/v1/promises?accountId=${accountId}`)).data.map(({ state }) => state).sort(), ['open', 'superseded', 'superseded'])
  })

  await t.test('facts decide, not when a job comes by: what had been missed is broken before anything takes its place, and what ended in time was not missed', async t => {
    // It is the 13th in Shanghai. By the end of that day, without grace; nothing runs until the 15th.
    const [missed, withdrawn] = [await debt(), await w.account(us, lender, { placedOn: '2026-01-05' })]
    const first = await take(missed, { promisedOn: '2026-01-13', graceDays: 0 })
    const ended = await take(withdrawn.accountId, { promisedOn: '2026-01-13', graceDays: 0 })
    await w.ok(us, 'POST', `/v1/placements/${withdrawn.placementId}/close`, { closeCode: 'withdrawnByLender' })
    await w.tx(us, async tx => await tx.update(tenants).set({ clockAt: '2026-01-14T20:00:00Z' }).where(eq(tenants.tenantId, us.id)))
    const second = await take(missed)
    t.match(await w.ok(us, 'GET', `/v1/promises/${first.id}`), { state: 'broken', supersededBy: null })
    t.match(await read(second.id), { state: 'open' })
    t.match(await read(ended.id), { state: 'cancelled', reason: 'placementEnded' })
    t.same(await told(missed), [['created', null], ['broken', 'broken'], ['created', null]])
  })

  t.same(w.failures, [])
})
