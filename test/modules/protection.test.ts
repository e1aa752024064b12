import t from 'tap'
import { defaultEnd, effectsOf, endFor, holdEffectsOf, holdKinds, holdStateAt } from '../../src/modules/protection/core.ts'
import { listActiveHolds } from '../../src/modules/protection/index.ts'
import { holds } from '../../src/modules/protection/tables.ts'
import { setAccountClosed } from '../../src/modules/accounts/index.ts'
import { events, newId } from '../../src/platform/index.ts'
import { strangeId, world } from '../world.ts'

const now = new Date('2026-01-05T09:00:00Z')

t.test('every hold stops contact, but for one that only keeps records; and what several stop adds up', async t => {
  for (const kind of holdKinds.filter(kind => kind !== 'legalHold')) t.equal(effectsOf(kind).stopsContact, true, kind)
  t.same(effectsOf('legalHold'), { stopsContact: false, stopsInterest: false, stopsLateFees: false })
  const sums: [Parameters<typeof effectsOf>[0][], boolean, boolean, boolean][] = [
    [[], false, false, false], [['ceaseContact'], true, false, false], [['dispute'], true, false, true], [['breathingSpace'], true, true, true],
    [['ceaseContact', 'dispute'], true, false, true], [['represented', 'bankruptcy'], true, true, true],
  ]
  for (const [kinds, stopsContact, stopsInterest, stopsLateFees] of sums) {
    t.same(holdEffectsOf(kinds.map(effectsOf)), { stopsContact, stopsInterest, stopsLateFees }, kinds.join(' and '))
  }
})

t.test('a breathing space lasts 60 days of the borrower\'s calendar after today', async t => {
  // Registered on 5 January, the first day is the 6th and the sixtieth is 6 March: it ends as the 7th begins there.
  t.equal(defaultEnd('breathingSpace', 'Asia/Shanghai', now)?.toISOString(), '2026-03-06T16:00:00.000Z')
  // Sixty days on, clocks have gone forward: midnight in London is an hour earlier.
  t.equal(defaultEnd('breathingSpace', 'Europe/London', new Date('2026-02-20T23:30:00Z'))?.toISOString(), '2026-04-21T23:00:00.000Z')
  for (const kind of holdKinds.filter(kind => kind !== 'breathingSpace')) t.equal(defaultEnd(kind, 'Asia/Shanghai', now), null, kind)
})

t.test('a hold is active up to its end and not at it', async t => {
  const states: [string | null, string | null, string][] = [
    [null, null, 'active'], ['2026-01-05T09:00:00.001Z', null, 'active'], ['2026-01-05T09:00:00Z', null, 'ended'], ['2026-01-04T00:00:00Z', null, 'ended'],
    [null, '2026-01-05T08:00:00Z', 'released'], ['2026-01-04T00:00:00Z', '2026-01-03T00:00:00Z', 'released'],
  ]
  for (const [endsAt, releasedAt, state] of states) t.equal(holdStateAt({ endsAt, releasedAt }, now), state)
  t.throws(() => endFor('complaint', '2026-01-05T09:00:00Z', 'UTC', now), { code: 'hold-end-past', refusal: { violations: [{ pointer: '/endsAt' }] } })
  t.equal(endFor('complaint', '2026-01-05T17:00:01+08:00', 'UTC', now)?.toISOString(), '2026-01-05T09:00:01.000Z')
})

interface Hold { id: string, kind: string, state: string, endsAt: string | null, releasedAt: string | null }
interface Dispute { id: string, holdId: string, state: string, resolvedAt: string | null }
interface Effects { stopsContact: boolean, stopsInterest: boolean, stopsLateFees: boolean, holds: Hold[] }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const rival = await w.lender(us)
  const debt = async () => (await w.account(us, bank)).accountId
  const effects = async (account: string) => await w.ok<Effects>(us, 'GET', `/v1/accounts/${account}/hold-effects`)
  const told = async (account: string) => (await w.tx(us, async tx => await tx.select({ type: events.type, data: events.data, accountId: events.accountId, lenderId: events.lenderId, occurredAt: events.occurredAt }).from(events).orderBy(events.sequence)))
    .filter(event => event.accountId === account && /^(hold|dispute)\./.test(event.type))

  t.test('a dispute stops contact until it is resolved, and says so to the lender', async t => {
    const account = await debt()
    const dispute = await w.ok<Dispute>(us, 'POST', '/v1/disputes', { accountId: account, reason: 'wrongAmount' })
    t.match(dispute, { state: 'open', resolvedAt: null })
    t.match(await effects(account), { stopsContact: true, stopsInterest: false, stopsLateFees: true, holds: [{ id: dispute.holdId, kind: 'dispute', state: 'active', endsAt: null }] })
    t.match(await w.ok(us, 'POST', `/v1/disputes/${dispute.id}/resolve`, { outcome: 'rejected' }), { id: dispute.id, state: 'rejected', resolvedAt: '2026-01-05T09:00:00Z' })
    t.match(await effects(account), { stopsContact: false, stopsInterest: false, stopsLateFees: false, holds: [] })
    t.match(await w.ok(us, 'GET', `/v1/holds/${dispute.holdId}`), { state: 'released', releasedAt: '2026-01-05T09:00:00Z' })
    t.match((await told(account)).map(({ type, data }) => [type, data]), [
      ['hold.placed', { holdId: dispute.holdId, kind: 'dispute', endsAt: null }], ['dispute.opened', { disputeId: dispute.id, reason: 'wrongAmount' }],
      ['hold.released', { holdId: dispute.holdId, reason: 'resolved' }], ['dispute.resolved', { disputeId: dispute.id, outcome: 'rejected' }],
    ])
    t.ok((await told(account)).every(event => event.lenderId === bank.id))
    t.match((await w.call(us, 'POST', `/v1/disputes/${dispute.id}/resolve`, { outcome: 'upheld' })).json(), { status: 409, code: 'dispute-already-resolved' })
    t.match(await w.ok(us, 'POST', '/v1/disputes', { accountId: account, reason: 'notMine' }), { state: 'open' }, 'another may follow')
  })

  t.test('an account has one open dispute, even when two come at once', async t => {
    const account = await debt()
    const body = { accountId: account, reason: 'alreadyPaid' }
    const race = await Promise.all([1, 2, 3].map(async () => await w.call(us, 'POST', '/v1/disputes', body)))
    t.same(race.map(({ statusCode }) => statusCode).sort(), [201, 409, 409])
    const open = race.find(({ statusCode }) => statusCode === 201)!.json<Dispute>()
    t.match((await w.call(us, 'POST', '/v1/disputes', body)).json(), { code: 'dispute-still-open', resolution: { method: 'POST', path: `/v1/disputes/${open.id}/resolve` } })
    t.equal((await effects(account)).holds.length, 1)
    const ends = await Promise.all(['upheld', 'rejected'].map(async outcome => await w.call(us, 'POST', `/v1/disputes/${open.id}/resolve`, { outcome })))
    t.same(ends.map(({ statusCode }) => statusCode).sort(), [200, 409], 'and it is resolved once')
    t.equal((await told(account)).filter(({ type }) => type === 'hold.released').length, 1)
  })

  t.test('a dispute\'s hold ends with the dispute and not before', async t => {
    const account = await debt()
    const dispute = await w.ok<Dispute>(us, 'POST', '/v1/disputes', { accountId: account, reason: 'fraud' })
    t.match((await w.call(us, 'POST', `/v1/holds/${dispute.holdId}/release`)).json(), { status: 409, code: 'hold-of-dispute', resolution: { path: `/v1/disputes/${dispute.id}/resolve` } })
    t.match((await w.call(us, 'POST', '/v1/holds', { accountId: account, kind: 'dispute' })).json(), { status: 400, errors: [{ pointer: '/kind' }] }, 'nor is one placed without')
  })

  t.test('a hold is released once, by whoever may', async t => {
    const account = await debt()
    const hold = await w.ok<Hold>(us, 'POST', '/v1/holds', { accountId: account, kind: 'hardshipReview', endsAt: '2026-02-05T00:00:00Z' })
    t.match(hold, { state: 'active', endsAt: '2026-02-05T00:00:00Z', stopsContact: true, stopsInterest: false, stopsLateFees: true })
    t.match((await w.call(bank, 'POST', `/v1/holds/${hold.id}/release`)).json(), { status: 403, code: 'hold-not-yours' })
    const race = await Promise.all([1, 2].map(async () => (await w.call(us, 'POST', `/v1/holds/${hold.id}/release`)).statusCode))
    t.same(race.sort(), [200, 409])
    t.match((await w.call(us, 'POST', `/v1/holds/${hold.id}/release`)).json(), { code: 'hold-not-active' })
    const own = await w.ok<Hold>(bank, 'POST', '/v1/holds', { accountId: account, kind: 'lenderRequest' })
    t.match(await w.ok(bank, 'POST', `/v1/holds/${own.id}/release`), { state: 'released' }, 'a lender takes back what it asked for')
  })

  t.test('an end in the past and a closed account are refused by name', async t => {
    const account = await debt()
    t.match((await w.call(us, 'POST', '/v1/holds', { accountId: account, kind: 'complaint', endsAt: '2026-01-05T09:00:00Z' })).json(), { status: 422, code: 'hold-end-past', errors: [{ pointer: '/endsAt' }] })
    await w.tx(us, async tx => { await setAccountClosed(tx, account, '2026-01-04T00:00:00Z') })
    t.match((await w.call(us, 'POST', '/v1/holds', { accountId: account, kind: 'complaint' })).json(), { status: 409, code: 'account-closed' })
    t.match((await w.call(us, 'POST', '/v1/disputes', { accountId: account, reason: 'other' })).json(), { status: 409, code: 'account-closed' })
    t.same(await told(account), [], 'a refusal leaves no trace')
  })

  t.test('a legal hold keeps records and stops nothing else, on a closed debt as well; compliance alone places and lifts it, with a reason', async t => {
    const account = await debt()
    await w.tx(us, async tx => { await setAccountClosed(tx, account, '2026-01-04T00:00:00Z') })
    const collector = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: 'Mei Tan', email: 'mei.tan@example.com', role: 'collector' })
    const officer = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: 'Ann Lee', email: 'ann.lee@example.com', role: 'compliance' })
    const keyOf = async (staffId: string) => await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', name: 'own', staffId })
    const [working, complying] = [await keyOf(collector.id), await keyOf(officer.id)]
    const body = { accountId: account, reason: 'litigation' }
    for (const as of [working, bank]) t.equal((await w.call(as, 'POST', '/v1/legal-holds', body)).statusCode, 403)
    t.match((await w.call(us, 'POST', '/v1/holds', { accountId: account, kind: 'legalHold' })).json(), { status: 400, errors: [{ pointer: '/kind' }] }, 'nor as one of those that anybody places')
    t.match((await w.call(complying, 'POST', '/v1/legal-holds', { ...body, endsAt: '2026-01-05T09:00:00Z' })).json(), { status: 422, code: 'hold-end-past' })
    const hold = await w.ok<Hold>(complying, 'POST', '/v1/legal-holds', body)
    t.match(hold, { kind: 'legalHold', state: 'active', reason: 'litigation', releaseReason: null, endsAt: null })
    t.match(await effects(account), { stopsContact: false, stopsInterest: false, stopsLateFees: false, holds: [{ id: hold.id }] })
    t.match((await w.call(us, 'POST', `/v1/holds/${hold.id}/release`)).json(), { status: 403, code: 'hold-of-compliance' })
    t.equal((await w.call(working, 'POST', `/v1/legal-holds/${hold.id}/release`, { reason: 'matterEnded' })).statusCode, 403)
    t.match(await w.ok(complying, 'POST', `/v1/legal-holds/${hold.id}/release`, { reason: 'matterEnded' }), { state: 'released', releaseReason: 'matterEnded' })
    t.match(await w.ok(us, 'GET', `/v1/holds/${hold.id}`), { state: 'released', reason: 'litigation', releaseReason: 'matterEnded' })
    t.match((await w.call(complying, 'POST', `/v1/legal-holds/${hold.id}/release`, { reason: 'other' })).json(), { status: 409, code: 'hold-not-active' })
    const other = await w.ok<Hold>(us, 'POST', '/v1/holds', { accountId: await debt(), kind: 'complaint' })
    t.equal((await w.call(complying, 'POST', `/v1/legal-holds/${other.id}/release`, { reason: 'other' })).statusCode, 404, 'other holds are not lifted that way')
  })

  t.test('holds and disputes of others do not exist', async t => {
    const account = await debt()
    const dispute = await w.ok<Dispute>(bank, 'POST', '/v1/disputes', { accountId: account, reason: 'other' })
    const hold = await w.ok<Hold>(us, 'POST', '/v1/holds', { accountId: account, kind: 'deceased' })
    for (const as of [them, rival]) {
      t.equal((await w.call(as, 'GET', `/v1/disputes/${dispute.id}`)).statusCode, 404)
      t.equal((await w.call(as, 'POST', `/v1/disputes/${dispute.id}/resolve`, { outcome: 'rejected' })).statusCode, 404)
      t.equal((await w.call(as, 'GET', `/v1/holds/${hold.id}`)).statusCode, 404)
      t.equal((await w.call(as, 'POST', `/v1/holds/${hold.id}/release`)).statusCode, 404)
      t.equal((await w.call(as, 'GET', `/v1/accounts/${account}/hold-effects`)).statusCode, 404)
      t.equal((await w.call(as, 'POST', '/v1/holds', { accountId: account, kind: 'lenderRequest' })).statusCode, 404)
      t.equal((await w.call(as, 'POST', '/v1/disputes', { accountId: account, reason: 'other' })).statusCode, 404)
      t.same((await w.ok<{ data: unknown[] }>(as, 'GET', `/v1/holds?accountId=${account}`)).data, [])
      t.same((await w.ok<{ data: unknown[] }>(as, 'GET', `/v1/disputes?accountId=${account}`)).data, [])
    }
    t.match(await w.ok(bank, 'GET', `/v1/accounts/${account}/hold-effects`), { stopsInterest: true }, 'the lender itself sees them')
    t.equal((await w.call(us, 'POST', '/v1/holds', { accountId: strangeId('account'), kind: 'deceased' })).statusCode, 404)
    t.match(await w.ok(us, 'GET', `/v1/disputes?accountId=${account}&state=open`), { data: [{ id: dispute.id }], nextCursor: null })
    t.match(await w.ok(us, 'GET', `/v1/disputes?accountId=${account}&state=upheld`), { data: [] })
    const first = await w.ok<{ data: Hold[], nextCursor: string }>(us, 'GET', `/v1/holds?accountId=${account}&limit=1`)
    t.match(await w.ok(us, 'GET', `/v1/holds?accountId=${account}&limit=1&cursor=${first.nextCursor}`), { data: [{ id: hold.id }], nextCursor: null })
  })

  t.test('a hold ends at its instant by itself, and its end is told exactly once', async t => {
    const account = await debt()
    const space = await w.ok<Hold>(us, 'POST', '/v1/holds', { accountId: account, kind: 'breathingSpace' })
    t.equal(space.endsAt, '2026-03-06T16:00:00Z')
    const short = await w.ok<Hold>(us, 'POST', '/v1/holds', { accountId: account, kind: 'lenderRequest', endsAt: '2026-01-20T00:00:00Z' })
    const gone = await w.ok<Hold>(us, 'POST', '/v1/holds', { accountId: account, kind: 'complaint', endsAt: '2026-01-21T00:00:00Z' })
    await w.ok(us, 'POST', `/v1/holds/${gone.id}/release`)
    const active = async () => (await w.ok<{ data: Hold[] }>(us, 'GET', `/v1/holds?accountId=${account}&activeOnly=true`)).data.map(({ id }) => id)
    t.same(await active(), [space.id, short.id])
    await w.liveUntil(us, '2026-01-20T00:00:00Z')
    t.same(await active(), [space.id])
    t.match(await effects(account), { stopsInterest: true })
    t.match((await w.call(us, 'POST', `/v1/holds/${short.id}/release`)).json(), { code: 'hold-not-active', detail: 'state: ended' })
    t.same((await w.tx(us, async tx => await listActiveHolds(tx, [account]))).map(({ id }) => id), [space.id])
    await w.liveUntil(us, '2026-03-06T15:59:59Z')
    t.same(await active(), [space.id], 'to the last second')
    await w.liveUntil(us, '2026-03-06T16:00:00Z')
    t.match(await effects(account), { stopsContact: false, stopsInterest: false, stopsLateFees: false, holds: [] })
    await w.liveUntil(us, '2026-04-01T00:00:00Z')
    t.match((await told(account)).filter(({ type }) => type === 'hold.released').map(({ data, occurredAt }) => [data, occurredAt]), [
      [{ holdId: gone.id, reason: 'released' }, '2026-01-05T09:00:00Z'], [{ holdId: short.id, reason: 'ended' }, '2026-01-20T00:00:00Z'], [{ holdId: space.id, reason: 'ended' }, '2026-03-06T16:00:00Z'],
    ])
  })

  t.test('many ends at once are all told, each once, in more than one transaction', async t => {
    const account = await debt()
    const endsAt = '2026-04-02T00:00:00Z'
    const row = { tenantId: us.id, accountId: account, lenderId: bank.id, kind: 'complaint' as const, ...effectsOf('complaint'), startsAt: '2026-04-01T00:00:00Z', endsAt, dueAt: endsAt, createdAt: '2026-04-01T00:00:00Z' }
    await w.tx(us, async tx => { await tx.insert(holds).values(Array.from({ length: 501 }, () => ({ ...row, id: newId('hold') }))) })
    await w.liveUntil(us, '2026-04-03T00:00:00Z')
    const ends = (await told(account)).filter(({ type }) => type === 'hold.released').map(({ data }) => JSON.stringify(data))
    t.equal(ends.length, 501)
    t.equal(new Set(ends).size, 501)
  })
  t.same(w.failures, [])
})
