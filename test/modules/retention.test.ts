import { eq, sql } from 'drizzle-orm'
import t from 'tap'
import { contactAttempts } from '../../src/modules/contacts/tables.ts'
import { selectPacks } from '../../src/modules/policy/index.ts'
import { nextLook, stateOf, termsOf } from '../../src/modules/retention/core.ts'
import type { ClosedDebt } from '../../src/modules/retention/core.ts'
import { deleteDue } from '../../src/modules/retention/commands.ts'
import { retentions } from '../../src/modules/retention/tables.ts'
import { events, jobStates } from '../../src/platform/tables.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As, Lender, World } from '../world.ts'

const debt = (more: Partial<ClosedDebt> = {}): ClosedDebt => ({
  borrowerType: 'consumer', lenderType: null, product: 'consumerLoan', closedOn: '2026-02-10', lastContactOn: null, lastPaymentOn: null, lastRecordingOn: null, lastPromiseOn: null, recordingsKeptUntil: null, settledOn: null, ...more,
})

t.test('until when each category is kept, by the law of the place, and when the longest term has run out', async t => {
  const found = (jurisdiction: string, more: Partial<ClosedDebt> = {}) => {
    const of = debt(more)
    const packs = selectPacks({ jurisdiction, borrowerType: of.borrowerType, ...of.lenderType !== null && { lenderType: of.lenderType }, product: of.product, collectorRole: 'agency', on: of.closedOn })
    const { terms, lastOn } = termsOf(packs, of)
    return [lastOn, terms.map(({ category, keepUntil, deleteBy, rule }) => [category, keepUntil, deleteBy, rule])]
  }
  const us = ['personalData', null, null, null]
  t.same(found('US'), ['2029-02-10', [['complianceRecord', '2029-02-10', null, 'US.F.100A.RECORD'], us]], '12 CFR 1006.100(a): three years after the last collection activity, here the closing')
  t.same(found('US', { closedOn: '2028-02-29' }), ['2031-02-28', [['complianceRecord', '2031-02-28', null, 'US.F.100A.RECORD'], us]], 'from a leap day')
  t.same(found('US', { lastContactOn: '2026-04-01', lastRecordingOn: '2026-04-01' }), ['2029-04-01', [['callRecording', '2029-04-01', null, 'US.F.100B.CALLREC'], ['complianceRecord', '2029-04-01', null, 'US.F.100A.RECORD'], us]], 'a call after the closing')
  t.same(found('US', { lastPaymentOn: '2026-03-05' })[0], '2029-03-05', 'and a payment')
  const cn = ['personalData', null, '2026-03-12', 'CN.PIPL.21.RETURN']
  t.same(found('CN', { lenderType: 'consumerFinance' }), ['2031-02-10', [['collectionRecord', '2031-02-10', null, 'CN.CFC.RECORD'], cn]], 'five years of consumer finance hold what 个人信息保护法 21 wants gone')
  t.same(found('CN'), ['2031-02-10', [['collectionRecord', '2031-02-10', null, 'CN.CFC.RECORD'], cn]], 'so they do of a lender of whom it is not known')
  t.same(found('CN', { lenderType: 'bank' }), ['2026-03-12', [cn]], 'where nothing is to be kept, until the entrustment is wound up')
  t.same(found('CN', { lenderType: 'bank', recordingsKeptUntil: '2027-01-01' })[0], '2027-01-01', 'never less than was said of a recording when it was made')
  const card = { lenderType: 'bank', product: 'creditCard', lastContactOn: '2026-01-20', lastRecordingOn: '2026-01-20' }
  t.same(found('CN', card), ['2028-01-20', [['collectionCallRecording', '2028-01-20', null, 'CN.CC.68.RECORD'], cn]], '信用卡业务监督管理办法 68')
  t.same(found('CN', { ...card, lastPromiseOn: '2026-01-20' }), [null, [['collectionCallRecording', '2028-01-20', null, 'CN.CC.68.RECORD'], ['oralPlanRecording', null, null, 'CN.CC.70.ORAL_RECORD'], cn]], '70: what was promised is kept until it is settled')
  t.same(found('CN', { ...card, lastPromiseOn: '2026-01-20', settledOn: '2026-02-10' })[0], '2028-01-20', 'and it was')
  t.same(found('GB'), [null, [['personalData', null, null, null]]], 'a law that says nothing deletes nothing')
  t.same(found('BR'), [null, [['personalData', null, null, 'RECOUP.NO_PACK']]], 'nor does one that we do not have')
})

t.test('a debt is looked at when its terms end, at least once a year, and not while it is held', async t => {
  const now = new Date('2026-02-10T00:00:00Z')
  const look = (endsAt: string | null, isHeld = false) => nextLook(endsAt === null ? null : new Date(endsAt), isHeld, now)?.toISOString() ?? null
  t.equal(look('2026-03-01T00:00:00Z'), '2026-03-01T00:00:00.000Z')
  t.equal(look('2031-03-01T00:00:00Z'), '2027-02-10T00:00:00.000Z')
  t.equal(look(null), '2027-02-10T00:00:00.000Z')
  t.equal(look('2026-01-01T00:00:00Z'), '2026-01-01T00:00:00.000Z', 'at once')
  t.equal(look('2026-03-01T00:00:00Z', true), null)
})

t.test('how the records of a debt stand', async t => {
  const now = new Date('2026-02-10T00:00:00Z')
  const of = (more: Partial<Parameters<typeof stateOf>[0]>) => stateOf({ isOpen: false, isHeld: false, endsAt: '2026-03-01T00:00:00Z', hasPeople: true, ...more }, now)
  t.equal(of({}), 'kept')
  t.equal(of({ isOpen: true, isHeld: true }), 'open')
  t.equal(of({ isHeld: true }), 'held')
  t.equal(of({ endsAt: null }), 'unknown')
  t.equal(of({ endsAt: '2026-02-10T00:00:00Z' }), 'waiting')
  t.equal(of({ hasPeople: false, isHeld: true }), 'deleted')
})

interface Retention { state: string, endsAt: string | null, holdIds: string[], deadlines: { category: string, keepUntil: string | null, decisionId: string }[] }
interface Due { data: { accountId: string, endsAt: string }[], nextCursor: string | null }

let people = 0
/** A debt in the United States, of a person of its own unless one is given. */
const owed = (identity = `5500000${String(++people).padStart(2, '0')}`) => ({
  jurisdiction: 'US', timeZone: 'America/New_York', dueOn: '2025-12-20',
  parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Ann Lee', identity, contactPoints: [{ channel: 'phone' as const, value: `+12125550${100 + people}` }] }],
})

const start = async (w: World, now = '2026-01-05T15:00:00Z') => {
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'America/New_York', now })
  return { us, bank: await w.lender(us, { termDays: 3_650 }) }
}
const closedDebt = async (w: World, us: Agency, bank: Lender, identity?: string) => {
  const { accountId, placementId } = await w.account(us, bank, owed(identity))
  const { data: [party] } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  await w.ok(us, 'POST', `/v1/placements/${placementId}/return`)
  return { accountId, partyId: party!.partyId }
}
const retentionOf = async (w: World, as: As, accountId: string) => await w.ok<Retention>(as, 'GET', `/v1/accounts/${accountId}/retention`)
const isErased = async (w: World, us: Agency, partyId: string) => (await w.ok<{ erasedAt: string | null }>(us, 'GET', `/v1/parties/${partyId}`)).erasedAt !== null
const told = async (w: World, us: Agency, type: string) => (await w.tx(us, async tx => await tx.select({ data: events.data }).from(events).where(eq(events.type, type)).orderBy(events.sequence))).map(({ data }) => data)

t.test('a term that runs out', async t => {
  const w = await world()
  t.teardown(w.close)
  const { us, bank } = await start(w)
  const them = await start(w)
  const { accountId, placementId } = await w.account(us, bank, owed('550009999'))
  const theirs = await closedDebt(w, them.us, them.bank, '550009999')
  const rival = await w.lender(us)
  const { accountId: elsewhere } = await w.account(us, rival, owed('550009999'))
  const partyOf = async (id: string) => (await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${id}/parties`)).data[0]!.partyId
  const partyId = await partyOf(accountId)

  await t.test('is found when the debt is closed, with the decision that says so; a debt at work has none', async t => {
    await w.ok(us, 'POST', '/v1/contact-attempts', { accountId, partyId, channel: 'call', direction: 'in', outcome: 'conversation', recordingReference: 'rec/1' })
    await w.settle(us)
    t.match(await retentionOf(w, us, accountId), { state: 'open', endsAt: null, deadlines: [] })
    await w.ok(us, 'POST', `/v1/placements/${placementId}/return`)
    await w.settle(us)
    const found = await retentionOf(w, us, accountId)
    // 5 January 2029 ends in New York at 05:00 UTC.
    t.match(found, { state: 'kept', endsAt: '2029-01-06T05:00:00Z', holdIds: [], deadlines: [{ category: 'callRecording', keepUntil: '2029-01-05', rule: 'US.F.100B.CALLREC', clause: '12 CFR 1006.100(b)' }, { category: 'complianceRecord', keepUntil: '2029-01-05' }, { category: 'personalData', keepUntil: null }] })
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${found.deadlines[1]!.decisionId}`), { kind: 'retention', accountId, verdict: { verdict: 'wait', earliestOn: '2029-01-06' } })
    t.match(await told(w, us, 'retention.scheduled'), [{ accountId, endsAt: '2029-01-06T05:00:00.000Z' }])
    t.equal((await w.call(us, 'GET', `/v1/accounts/${strangeId('account')}/retention`)).statusCode, 404)
    t.equal((await w.call(them.us, 'GET', `/v1/accounts/${accountId}/retention`)).statusCode, 404)
    t.equal((await w.call(bank, 'GET', `/v1/accounts/${accountId}/retention`)).statusCode, 403, 'the agency\'s own')
  })

  await t.test('begins anew with what happens afterwards, and is asked about once for the same answer', async t => {
    await w.liveUntil(us, '2026-02-01T15:00:00Z')
    const before = await w.tx(us, async tx => Number((await tx.execute(sql`select count(*) from policy_decisions where kind = 'retention'`)).rows[0]!['count']))
    await w.ok(us, 'POST', '/v1/contact-attempts', { accountId, partyId, channel: 'call', direction: 'in', outcome: 'conversation' })
    await w.settle(us)
    t.match(await retentionOf(w, us, accountId), { endsAt: '2029-02-02T05:00:00Z', deadlines: [{ category: 'callRecording', keepUntil: '2029-01-05' }, { category: 'complianceRecord', keepUntil: '2029-02-01' }, {}] })
    await w.tx(us, async tx => { await tx.update(jobStates).set({ sequence: 0 }).where(eq(jobStates.job, 'retention.followDebts')) })
    await w.settle(us)
    t.equal(await w.tx(us, async tx => Number((await tx.execute(sql`select count(*) from policy_decisions where kind = 'retention'`)).rows[0]!['count'])), before + 3)
    t.equal((await told(w, us, 'retention.scheduled')).length, 2)
  })

  await t.test('is shown before, and stopped by a legal hold the day before', async t => {
    for (const to of ['2027-01-05', '2028-01-05', '2029-01-05', '2029-02-01']) await w.liveUntil(us, `${to}T15:00:00Z`)
    t.equal(await isErased(w, us, partyId), false)
    t.match(await w.ok<Due>(us, 'GET', '/v1/retention/due?before=2029-02-02T04:59:59Z'), { data: [] })
    t.match(await w.ok<Due>(us, 'GET', '/v1/retention/due?before=2029-02-02T05:00:00Z'), { data: [{ accountId, endsAt: '2029-02-02T05:00:00Z', deadlines: [{ category: 'callRecording' }, {}, {}] }], nextCursor: null })
    const hold = await w.ok<{ id: string }>(us, 'POST', '/v1/legal-holds', { accountId, reason: 'litigation' })
    await w.liveUntil(us, '2029-03-01T15:00:00Z')
    t.equal(await isErased(w, us, partyId), false)
    t.match(await retentionOf(w, us, accountId), { state: 'held', holdIds: [hold.id] })
    t.match(await w.ok<Due>(us, 'GET', '/v1/retention/due?before=2035-01-01T00:00:00Z'), { data: [] }, 'what is held is not to be deleted')
    await w.ok(us, 'POST', `/v1/legal-holds/${hold.id}/release`, { reason: 'matterEnded' })
    await w.settle(us)
    t.equal(await isErased(w, us, partyId), true)
  })

  await t.test('destroys what is known of the person with that lender, their recordings too, and says so by ids', async t => {
    t.match(await retentionOf(w, us, accountId), { state: 'deleted' })
    const attempts = await w.tx(us, async tx => await tx.select({ id: contactAttempts.id, reference: contactAttempts.recordingReference }).from(contactAttempts).where(eq(contactAttempts.accountId, accountId)).orderBy(contactAttempts.id))
    t.same(attempts.map(({ reference }) => reference), [null, null], 'that there were contacts stays')
    t.same(await told(w, us, 'recording.deletionDue'), [{ contactAttemptId: attempts[0]!.id, accountId }])
    t.same(await told(w, us, 'retention.deleted'), [{ accountId, partyIds: [partyId], partyCount: 1, recordingCount: 1, rules: ['US.F.100B.CALLREC', 'US.F.100A.RECORD'] }])
    t.match(await told(w, us, 'party.erased'), [{ partyId, reason: 'retentionEnded' }])
    t.equal(await isErased(w, us, await partyOf(elsewhere)), false, 'another lender\'s record of the same person is that lender\'s')
    t.equal((await w.ok<{ id: string }>(us, 'GET', `/v1/accounts/${accountId}`)).id, accountId, 'the debt stays')
    t.equal(await isErased(w, them.us, theirs.partyId), false, 'another agency is not touched')
  })
  t.same(w.failures, [])
})

t.test('who is left', async t => {
  const w = await world()
  t.teardown(w.close)

  await t.test('somebody with another debt of the lender at work is left whole until that has ended too', async t => {
    const { us, bank } = await start(w)
    const identity = '550008888'
    const first = await closedDebt(w, us, bank, identity)
    const { accountId, placementId } = await w.account(us, bank, owed(identity))
    await w.settle(us)
    for (const to of ['2027-01-05', '2028-01-05', '2029-01-05', '2029-01-07']) await w.liveUntil(us, `${to}T15:00:00Z`)
    t.match(await retentionOf(w, us, first.accountId), { state: 'waiting', endsAt: '2029-01-06T05:00:00Z' })
    t.equal(await isErased(w, us, first.partyId), false)
    await w.ok(us, 'POST', `/v1/placements/${placementId}/return`)
    for (const to of ['2030-01-07', '2031-01-07', '2032-01-07']) await w.liveUntil(us, `${to}T15:00:00Z`)
    t.equal(await isErased(w, us, first.partyId), false, 'its own term runs')
    await w.liveUntil(us, '2032-01-09T15:00:00Z')
    t.equal(await isErased(w, us, first.partyId), true)
    t.same((await told(w, us, 'retention.deleted')).map(data => (data as { accountId: string }).accountId).sort(), [first.accountId, accountId].sort())
    t.match(await retentionOf(w, us, accountId), { state: 'deleted' })
  })

  await t.test('a hold on one debt of a person keeps what is known of them by the others', async t => {
    const { us, bank } = await start(w)
    const [first, second] = [await closedDebt(w, us, bank, '550007777'), await closedDebt(w, us, bank, '550007777')]
    const hold = await w.ok<{ id: string }>(us, 'POST', '/v1/legal-holds', { accountId: second.accountId, reason: 'regulator', endsAt: '2029-03-01T00:00:00Z' })
    for (const to of ['2027-01-05', '2028-01-05', '2029-01-05', '2029-02-28']) await w.liveUntil(us, `${to}T15:00:00Z`)
    t.match(await retentionOf(w, us, first.accountId), { state: 'waiting' })
    t.match(await retentionOf(w, us, second.accountId), { state: 'held', holdIds: [hold.id] })
    t.same([await isErased(w, us, first.partyId), await isErased(w, us, second.partyId)], [false, false])
    await w.liveUntil(us, '2029-03-01T00:00:00Z')
    t.same([await isErased(w, us, first.partyId), await isErased(w, us, second.partyId)], [true, true], 'and no longer than it lasts')
  })

  await t.test('a debt that comes back to work has no terms, and those who owed it before go with it when it has ended again', async t => {
    const { us, bank } = await start(w)
    const { accountId, partyId } = await closedDebt(w, us, bank)
    await w.settle(us)
    t.match(await retentionOf(w, us, accountId), { state: 'kept' })
    await w.liveUntil(us, '2026-06-05T15:00:00Z')
    const { lenderReference } = await w.ok<{ lenderReference: string }>(us, 'GET', `/v1/accounts/${accountId}`)
    const again = await w.account(us, bank, { ...owed(), lenderReference })
    t.equal(again.accountId, accountId)
    await w.settle(us)
    t.match(await retentionOf(w, us, accountId), { state: 'open', endsAt: null })
    t.same(await w.tx(us, async tx => await tx.select().from(retentions)), [])
    await w.ok(us, 'POST', `/v1/placements/${again.placementId}/return`)
    await w.settle(us)
    t.match(await retentionOf(w, us, accountId), { state: 'kept', endsAt: '2029-06-06T04:00:00Z' })
    for (const to of ['2027-06-05', '2028-06-05', '2029-06-05']) await w.liveUntil(us, `${to}T15:00:00Z`)
    t.equal(await isErased(w, us, partyId), false)
    await w.liveUntil(us, '2029-06-06T15:00:00Z')
    t.equal(await isErased(w, us, partyId), true)
    t.match(await told(w, us, 'retention.deleted'), [{ accountId, partyCount: 2 }])
  })

  await t.test('where no law that we have tells, nothing is deleted by itself', async t => {
    const { us, bank } = await start(w)
    const { accountId, placementId } = await w.account(us, bank, { ...owed(), jurisdiction: 'GB', timeZone: 'Europe/London' })
    await w.ok(us, 'POST', `/v1/placements/${placementId}/return`)
    await w.settle(us)
    t.match(await retentionOf(w, us, accountId), { state: 'unknown', endsAt: null, deadlines: [{ category: 'personalData', keepUntil: null, deleteBy: null, rule: null, decisionId: /^dec_/ }] })
    for (const to of ['2027-01-05', '2028-01-05']) await w.liveUntil(us, `${to}T15:00:00Z`)
    t.match(await retentionOf(w, us, accountId), { state: 'unknown' })
    t.match(await w.tx(us, async tx => await tx.select({ dueAt: retentions.dueAt, askedAt: retentions.askedAt }).from(retentions)), [{ dueAt: /^2029-01/ }], 'but it is asked every year')
  })
  t.same(w.failures, [])
})

t.test('a job that dies', async t => {
  const w = await world()
  t.teardown(w.close)
  const { us, bank } = await start(w)
  const debts: { accountId: string, partyId: string }[] = []
  for (let i = 0; i < 3; i++) debts.push(await closedDebt(w, us, bank))
  await w.settle(us)
  for (const to of ['2027-01-05', '2028-01-05', '2029-01-05']) await w.liveUntil(us, `${to}T15:00:00Z`)
  // The terms have run out, and nobody has looked yet.
  await w.tx(us, async tx => { await tx.execute(sql`update tenants set clock_at = '2029-01-06T05:00:00Z'`) })
  const erased = async () => (await Promise.all(debts.map(async ({ partyId }) => await isErased(w, us, partyId)))).filter(is => is).length

  await t.test('leaves everything as it was, however often, and goes on', async t => {
    for (const _ of [1, 2]) {
      await t.rejects(w.tx(us, async tx => {
        await deleteDue(tx)
        throw new Error('killed')
      }), /killed/)
      t.equal(await erased(), 0)
      t.same(await told(w, us, 'retention.deleted'), [])
    }
    await w.settle(us)
    t.equal(await erased(), 3)
    t.equal((await told(w, us, 'retention.deleted')).length, 3)
  })

  await t.test('and done twice deletes once', async t => {
    await w.tx(us, async tx => { await tx.update(retentions).set({ dueAt: '2029-01-06T05:00:00Z' }) })
    await w.settle(us)
    t.equal((await told(w, us, 'retention.deleted')).length, 3)
    t.equal((await told(w, us, 'party.erased')).length, 3)
    t.same((await w.tx(us, async tx => await tx.select({ dueAt: retentions.dueAt }).from(retentions))).map(({ dueAt }) => dueAt), [null, null, null])
  })

  await t.test('what will be deleted is read page by page', async t => {
    const more = []
    for (let i = 0; i < 3; i++) more.push((await closedDebt(w, us, bank)).accountId)
    await w.settle(us)
    const seen: string[] = []
    for (let cursor: string | null = ''; cursor !== null;) {
      const page: Due = await w.ok<Due>(us, 'GET', `/v1/retention/due?before=2033-01-01T00:00:00Z&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      seen.push(...page.data.map(({ accountId }) => accountId))
      cursor = page.nextCursor
    }
    t.same(seen, more.sort())
    t.match((await w.call(us, 'GET', '/v1/retention/due?before=2033-01-01T00:00:00Z&cursor=eHh4')).json(), { status: 400, code: 'cursor-invalid' })
  })
  t.same(w.failures, [])
})
