import t from 'tap'
import { answerByOf, checkAcknowledged, checkComplaint, checkReportRange, checkResolution, checkResolved, placesHoldFor } from '../../src/modules/complaints/core.ts'
import type { Resolution, Severity } from '../../src/modules/complaints/core.ts'
import { complaints } from '../../src/modules/complaints/tables.ts'
import { setAccountClosed } from '../../src/modules/accounts/index.ts'
import { events, newId } from '../../src/platform/index.ts'
import { strangeId, world } from '../world.ts'
import type { As } from '../world.ts'

t.test('a complaint is answered within fifteen days after it was received', async t => {
  for (const [receivedOn, answerBy] of [['2026-01-05', '2026-01-20'], ['2026-02-20', '2026-03-07'], ['2028-02-20', '2028-03-06'], ['2025-12-31', '2026-01-15']] as const) t.equal(answerByOf(receivedOn), answerBy)
})

t.test('grave complaints hold the debt, others when somebody asks', async t => {
  const cases: [Severity, boolean, boolean][] = [['low', false, false], ['medium', false, false], ['high', false, true], ['critical', false, true], ['low', true, true], ['high', true, true]]
  for (const [severity, isAsked, isHeld] of cases) t.equal(placesHoldFor(severity, isAsked), isHeld, `${severity} ${isAsked}`)
})

t.test('a complaint has been received, from somebody its debt\'s own lender knows, and holds nothing without a debt', async t => {
  const plain = { receivedOn: '2026-01-05', accountOf: null, partyOf: null, isHoldAsked: false }
  for (const fine of [plain, { ...plain, accountOf: 'a' }, { ...plain, partyOf: 'a' }, { ...plain, accountOf: 'a', partyOf: 'a', isHoldAsked: true }]) checkComplaint(fine, '2026-01-05')
  const refused: [Partial<Parameters<typeof checkComplaint>[0]>, string[]][] = [
    [{ receivedOn: '2026-01-06' }, ['/receivedOn']], [{ accountOf: 'a', partyOf: 'b' }, ['/partyId']], [{ isHoldAsked: true }, ['/placesHold']],
    [{ isHoldAsked: true, partyOf: 'b', receivedOn: '2027-01-01' }, ['/receivedOn', '/placesHold']],
  ]
  for (const [what, pointers] of refused) t.throws(() => checkComplaint({ ...plain, ...what }, '2026-01-05'), { code: 'complaint-refused', refusal: { violations: pointers.map(pointer => ({ pointer })) } })
})

t.test('a fault has a cause and a share, what is not upheld has neither, and a redress is in money that exists', async t => {
  const upheld: Resolution = { outcome: 'upheld', rootCause: 'training', collectorShare: 40, redress: null }
  const rejected: Resolution = { outcome: 'rejected', rootCause: null, collectorShare: null, redress: null }
  const redress = { amount: 50_00, currency: 'CNY' }
  for (const fine of [upheld, rejected, { ...upheld, collectorShare: 0 }, { ...upheld, redress }, { ...rejected, redress }, { ...rejected, outcome: 'withdrawn' }, { ...upheld, outcome: 'partlyUpheld' }] as Resolution[]) checkResolution(fine)
  const refused: [Resolution, string[]][] = [
    [{ ...upheld, rootCause: null }, ['/rootCause']], [{ ...upheld, collectorShare: null }, ['/collectorShare']], [{ ...upheld, outcome: 'rejected' }, ['/rootCause', '/collectorShare']],
    [{ ...rejected, outcome: 'partlyUpheld' }, ['/rootCause', '/collectorShare']], [{ ...rejected, outcome: 'withdrawn', collectorShare: 0 }, ['/collectorShare']], [{ ...upheld, redress: { ...redress, currency: 'XQX' } }, ['/redress/currency']],
  ]
  for (const [resolution, pointers] of refused) t.throws(() => checkResolution(resolution), { code: 'complaint-resolution-refused', refusal: { violations: pointers.map(pointer => ({ pointer })) } })
})

t.test('a complaint is acknowledged once and decided after that, but one that is withdrawn ends as it is', async t => {
  checkAcknowledged('open')
  t.throws(() => checkAcknowledged('acknowledged'), { code: 'complaint-already-acknowledged' })
  t.throws(() => checkAcknowledged('resolved'), { code: 'complaint-already-resolved' })
  for (const outcome of ['upheld', 'partlyUpheld', 'rejected', 'withdrawn'] as const) {
    checkResolved('acknowledged', outcome, '/x')
    t.throws(() => checkResolved('resolved', outcome, '/x'), { code: 'complaint-already-resolved' })
    if (outcome === 'withdrawn') checkResolved('open', outcome, '/x')
    else t.throws(() => checkResolved('open', outcome, '/x'), { code: 'complaint-not-acknowledged', refusal: { resolution: { method: 'POST', path: '/x' } } })
  }
})

t.test('a report is of a year at most, forwards', async t => {
  for (const [from, to] of [['2026-01-01', '2026-01-01'], ['2028-01-01', '2028-12-31'], ['2026-01-01', '2027-01-01']] as const) checkReportRange(from, to)
  for (const [from, to] of [['2026-01-02', '2026-01-01'], ['2026-01-01', '2027-01-02']] as const) t.throws(() => checkReportRange(from, to), { code: 'complaint-report-too-long', refusal: { violations: [{ pointer: '/to' }] } })
})

interface Complaint {
  id: string, accountId: string | null, lenderId: string | null, partyId: string | null, about: string | null, holdId: string | null, state: string, answerBy: string, overdueAt: string | null, hasText: boolean,
  outcome: string | null, rootCause: string | null, collectorShare: number | null, redress: unknown, resolvedAt: string | null
}
interface List { data: Complaint[] }
interface Report { complaints: number, overdue: number, rows: Record<string, unknown>[] }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const rival = await w.lender(us)
  const staff = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: 'Mei Tan', email: 'mei.tan@example.com', role: 'collector' })
  const words = 'He shouted at my mother'
  const plain = { receivedOn: '2026-01-05', channel: 'phone', category: 'conduct', severity: 'low', text: words }
  const debt = async (lender = bank) => {
    const { accountId } = await w.account(us, lender)
    const { data } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
    return { accountId, partyId: data[0]!.partyId }
  }
  const complain = async (more: object) => await w.ok<Complaint>(us, 'POST', '/v1/complaints', { ...plain, ...more })
  const told = async (complaintId: string) => (await w.tx(us, async tx => await tx.select({ type: events.type, data: events.data, lenderId: events.lenderId, occurredAt: events.occurredAt }).from(events).orderBy(events.sequence)))
    .filter(({ data }) => (data as { complaintId?: string }).complaintId === complaintId)
  const effects = async (account: string) => await w.ok<{ stopsContact: boolean, stopsLateFees: boolean, holds: { id: string, kind: string }[] }>(us, 'GET', `/v1/accounts/${account}/hold-effects`)
  const reveal = async (as: As, id: string) => await w.call(as, 'POST', `/v1/complaints/${id}/reveal`, { purpose: 'legal' })

  t.test('a grave complaint about a debt holds it until it is resolved, and says so without a word of what it says', async t => {
    const { accountId, partyId } = await debt()
    const complaint = await complain({ accountId, partyId, severity: 'critical', category: 'harassment', about: staff.id })
    t.match(complaint, { state: 'open', lenderId: bank.id, answerBy: '2026-01-20', about: staff.id, hasText: true, overdueAt: null, outcome: null })
    t.match(await effects(accountId), { stopsContact: true, stopsLateFees: true, holds: [{ id: complaint.holdId, kind: 'complaint' }] })
    t.match((await w.call(us, 'POST', `/v1/complaints/${complaint.id}/resolve`, { outcome: 'rejected' })).json(), { status: 409, code: 'complaint-not-acknowledged', resolution: { path: `/v1/complaints/${complaint.id}/acknowledge` } })
    t.match(await w.ok(us, 'POST', `/v1/complaints/${complaint.id}/acknowledge`), { state: 'acknowledged', acknowledgedAt: '2026-01-05T09:00:00Z' })
    t.match((await w.call(us, 'POST', `/v1/complaints/${complaint.id}/acknowledge`)).json(), { status: 409, code: 'complaint-already-acknowledged' })
    t.match((await w.call(us, 'POST', `/v1/complaints/${complaint.id}/resolve`, { outcome: 'upheld', redress: { amount: 1, currency: 'XQX' } })).json(), {
      status: 422, code: 'complaint-resolution-refused', errors: [{ pointer: '/rootCause' }, { pointer: '/collectorShare' }, { pointer: '/redress/currency' }],
    })
    t.equal((await effects(accountId)).holds.length, 1, 'a refusal leaves no trace')
    const end = { outcome: 'partlyUpheld', rootCause: 'training', collectorShare: 40, redress: { amount: 50_00, currency: 'CNY' } }
    t.match(await w.ok(us, 'POST', `/v1/complaints/${complaint.id}/resolve`, end), { state: 'resolved', ...end, resolvedAt: '2026-01-05T09:00:00Z', overdueAt: null })
    t.match(await effects(accountId), { stopsContact: false, holds: [] })
    t.match((await w.call(us, 'POST', `/v1/complaints/${complaint.id}/resolve`, end)).json(), { status: 409, code: 'complaint-already-resolved' })
    t.match((await w.call(us, 'POST', `/v1/complaints/${complaint.id}/acknowledge`)).json(), { status: 409, code: 'complaint-already-resolved' })
    t.match((await w.ok<{ balance: object }>(us, 'GET', `/v1/accounts/${accountId}`)).balance, { principal: 1_000_00 }, 'a redress posts nothing')
    const all = await told(complaint.id)
    t.match(all.map(({ type, data, lenderId }) => [type, data, lenderId]), [
      ['complaint.opened', { accountId, holdId: complaint.holdId, category: 'harassment', severity: 'critical', receivedOn: '2026-01-05', answerBy: '2026-01-20' }, bank.id],
      ['complaint.acknowledged', { accountId }, bank.id], ['complaint.resolved', { accountId, holdId: complaint.holdId, ...end }, bank.id],
    ])
    t.notMatch(JSON.stringify(all), new RegExp(`${words}|${staff.id}`))
    await w.liveUntil(us, '2026-01-05T10:00:00Z')
  })

  t.test('a lesser one holds the debt only when asked, one about no debt never does, and a hold that somebody released does not come in the way', async t => {
    const { accountId, partyId } = await debt()
    t.match(await complain({ accountId }), { holdId: null, partyId: null })
    t.match(await effects(accountId), { holds: [] })
    const asked = await complain({ accountId, placesHold: true })
    t.match(await effects(accountId), { holds: [{ id: asked.holdId }] })
    await w.ok(us, 'POST', `/v1/holds/${asked.holdId!}/release`)
    t.match(await w.ok(us, 'POST', `/v1/complaints/${asked.id}/resolve`, { outcome: 'withdrawn' }), { state: 'resolved', outcome: 'withdrawn', rootCause: null, collectorShare: null })
    t.match(await complain({ partyId, severity: 'critical' }), { accountId: null, lenderId: null, holdId: null })
    await w.tx(us, async tx => { await setAccountClosed(tx, accountId, '2026-01-04T00:00:00Z') })
    const closed = await complain({ accountId, severity: 'high' })
    t.match(await effects(accountId), { holds: [{ id: closed.holdId }] }, 'a closed debt is held as well, so that its records are kept')
    t.match((await w.call(us, 'POST', '/v1/complaints', { ...plain, placesHold: true, receivedOn: '2026-01-06' })).json(), { status: 422, code: 'complaint-refused', errors: [{ pointer: '/receivedOn' }, { pointer: '/placesHold' }] })
    t.match((await w.call(us, 'POST', '/v1/complaints', { ...plain, accountId, partyId: (await debt(rival)).partyId })).json(), { status: 422, code: 'complaint-refused', errors: [{ pointer: '/partyId' }] })
  })

  t.test('two who resolve at once: one does', async t => {
    const { accountId } = await debt()
    const complaint = await complain({ accountId, severity: 'high' })
    const ends = await Promise.all([1, 2].map(async () => (await w.call(us, 'POST', `/v1/complaints/${complaint.id}/resolve`, { outcome: 'withdrawn' })).statusCode))
    t.same(ends.sort(), [200, 409])
    t.equal((await told(complaint.id)).length, 2)
  })

  t.test('a lender sees the complaints about its own debts, never about whom, never what they say', async t => {
    const { accountId, partyId } = await debt()
    const complaint = await complain({ accountId, partyId, about: staff.id, category: 'fees' })
    const seen = await w.ok<Complaint>(bank, 'GET', `/v1/complaints/${complaint.id}`)
    t.match(seen, { id: complaint.id, about: null, category: 'fees' })
    t.notMatch(JSON.stringify(seen), new RegExp(`${words}|${staff.id}`))
    t.match((await w.ok<List>(bank, 'GET', `/v1/complaints?accountId=${accountId}`)).data, [{ id: complaint.id, about: null }])
    t.ok((await w.ok<List>(bank, 'GET', '/v1/complaints')).data.every(({ lenderId }) => lenderId === bank.id), 'and none that is about no debt')
    t.match((await w.call(bank, 'GET', `/v1/complaints?staffId=${staff.id}`)).json(), { status: 403, code: 'not-allowed' }, 'nor may it guess whom')
    t.equal((await reveal(bank, complaint.id)).statusCode, 403)
    t.equal((await w.call(bank, 'POST', '/v1/complaints', { ...plain, accountId })).statusCode, 403, 'it records none')
    for (const as of [them, rival]) {
      t.equal((await w.call(as, 'GET', `/v1/complaints/${complaint.id}`)).statusCode, 404)
      t.same((await w.ok<List>(as, 'GET', `/v1/complaints?accountId=${accountId}`)).data, [])
    }
    t.equal((await reveal(them, complaint.id)).statusCode, 404)
    for (const strange of [{ accountId: strangeId('account') }, { partyId: strangeId('party') }, { about: strangeId('staff') }]) t.equal((await w.call(us, 'POST', '/v1/complaints', { ...plain, ...strange })).statusCode, 404)
  })

  t.test('lists are narrowed to a debt, a state, a kind or a member of staff', async t => {
    const { accountId } = await debt()
    const fees = await complain({ accountId, category: 'fees', about: staff.id })
    const service = await complain({ accountId, category: 'service' })
    await w.ok(us, 'POST', `/v1/complaints/${service.id}/acknowledge`)
    const list = async (filter: string) => (await w.ok<List>(us, 'GET', `/v1/complaints?accountId=${accountId}${filter}`)).data.map(({ id }) => id)
    t.same(await list(''), [fees.id, service.id])
    t.same(await list('&state=acknowledged'), [service.id])
    t.same(await list('&category=fees'), [fees.id])
    t.same(await list(`&staffId=${staff.id}`), [fees.id])
    t.same(await list(`&staffId=${strangeId('staff')}`), [])
  })

  t.test('who reads what a complaint says is written down, and the text goes with the data of its party', async t => {
    const { accountId, partyId } = await debt()
    const other = await debt()
    const theirs = await complain({ accountId, partyId })
    const nameless = await complain({ accountId })
    const another = await complain({ accountId: other.accountId, partyId: other.partyId })
    t.match((await reveal(us, theirs.id)).json(), { complaintId: theirs.id, text: words })
    t.match((await reveal(us, nameless.id)).json(), { text: words })
    t.match(await w.ok(us, 'GET', `/v1/parties/${partyId}/reveals`), { data: [{ operation: 'revealComplaint', purpose: 'legal' }, { operation: 'revealComplaint', purpose: 'legal' }] })
    const stored = await w.tx(us, async tx => await tx.select({ text: complaints.text }).from(complaints))
    t.notMatch(stored.map(({ text }) => text?.toString('latin1')).join(), words, 'what is stored is sealed')
    await w.ok(us, 'POST', `/v1/parties/${partyId}/erase`, { reason: 'subjectRequest' })
    await w.settle(us)
    for (const gone of [theirs, nameless]) {
      t.match((await reveal(us, gone.id)).json(), { status: 409, code: 'complaint-text-destroyed' })
      t.match(await w.ok(us, 'GET', `/v1/complaints/${gone.id}`), { hasText: false, category: 'conduct' })
    }
    t.match((await reveal(us, another.id)).json(), { text: words }, 'others are kept')
    t.match((await w.call(us, 'POST', '/v1/complaints', { ...plain, partyId })).json(), { status: 409, code: 'party-erased' })
  })

  t.test('complaints are read and written by those who answer for them, and not by collectors', async t => {
    const keyOf = async (role: string) => {
      const member = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: role, email: `${role}.c@example.com`, role })
      return await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', name: 'own', staffId: member.id })
    }
    const may: [role: string, reads: number, writes: number][] = [['compliance', 200, 201], ['manager', 200, 201], ['collector', 403, 403], ['readonly', 200, 403]]
    for (const [role, reads, writes] of may) {
      const key = await keyOf(role)
      t.equal((await w.call(key, 'GET', '/v1/complaints')).statusCode, reads, role)
      t.equal((await w.call(key, 'POST', '/v1/complaints', { ...plain, category: 'other' })).statusCode, writes, role)
    }
  })

  t.test('an answer that is late is told once, when the last day has ended where the borrower is, or with the answer itself', async t => {
    const { accountId } = await debt()
    // Received on 5 January: the last day is the 20th, which ends in Shanghai at 16:00 in UTC.
    const unanswered = await complain({ accountId })
    const acknowledged = await complain({ accountId })
    await w.ok(us, 'POST', `/v1/complaints/${acknowledged.id}/acknowledge`)
    const inTime = await complain({ accountId })
    await w.liveUntil(us, '2026-01-20T15:59:59Z')
    await w.ok(us, 'POST', `/v1/complaints/${inTime.id}/resolve`, { outcome: 'withdrawn' })
    t.match(await w.ok(us, 'GET', `/v1/complaints/${unanswered.id}`), { overdueAt: null })
    await w.liveUntil(us, '2026-01-20T16:00:00Z')
    t.match(await w.ok(us, 'GET', `/v1/complaints/${unanswered.id}`), { overdueAt: '2026-01-20T16:00:00Z', state: 'open' })
    // What is recorded long after it was received is late at once, and an answer that comes first says so itself.
    const old = await complain({ accountId, receivedOn: '2026-01-01' })
    t.match(await w.ok(us, 'POST', `/v1/complaints/${old.id}/resolve`, { outcome: 'withdrawn' }), { overdueAt: '2026-01-20T16:00:00Z' })
    await w.liveUntil(us, '2026-03-01T00:00:00Z')
    await w.ok(us, 'POST', `/v1/complaints/${unanswered.id}/resolve`, { outcome: 'withdrawn' })
    const late = async ({ id }: Complaint) => (await told(id)).filter(({ type }) => type === 'complaint.overdue').map(({ data, occurredAt }) => [data, occurredAt])
    for (const one of [unanswered, acknowledged]) t.match(await late(one), [[{ complaintId: one.id, accountId, answerBy: '2026-01-20' }, '2026-01-20T16:00:00Z']])
    t.match((await told(old.id)).map(({ type }) => type), ['complaint.opened', 'complaint.overdue', 'complaint.resolved'])
    t.match((await w.ok<Complaint>(us, 'GET', `/v1/complaints/${unanswered.id}`)).overdueAt, '2026-01-20T16:00:00Z', 'and stays when it was told')
    t.same(await late(inTime), [])
  })

  t.test('many that are late at once are all told, each once, in more than one transaction', async t => {
    const { accountId } = await debt()
    const at = '2026-03-02T00:00:00Z'
    const row = { tenantId: us.id, accountId, lenderId: bank.id, receivedOn: '2026-02-14', answerBy: '2026-03-01', channel: 'email' as const, category: 'other' as const, severity: 'low' as const, state: 'open' as const, openedAt: at, dueAt: at }
    const rows = Array.from({ length: 501 }, () => ({ ...row, id: newId('complaint') }))
    await w.tx(us, async tx => { await tx.insert(complaints).values(rows) })
    await w.liveUntil(us, '2026-03-03T00:00:00Z')
    const ids = (await w.tx(us, async tx => await tx.select({ type: events.type, data: events.data }).from(events))).filter(({ type }) => type === 'complaint.overdue').map(({ data }) => (data as { complaintId: string }).complaintId)
    t.equal(ids.length, new Set(ids).size)
    t.ok(rows.every(({ id }) => ids.includes(id)))
  })

  t.test('the report counts by month, kind, end and share, and a lender\'s its own', async t => {
    const mine = await w.lender(us)
    const { accountId } = await debt(mine)
    // It is 3 March: what was received on 1 February was to be answered by the 16th, what was on the 20th is by 7 March.
    const upheld = await complain({ accountId, receivedOn: '2026-02-01', category: 'fees' })
    await complain({ accountId, receivedOn: '2026-02-20', category: 'fees', severity: 'high' })
    await complain({ accountId, receivedOn: '2026-03-02', category: 'service' })
    await w.settle(us)
    await w.ok(us, 'POST', `/v1/complaints/${upheld.id}/acknowledge`)
    await w.ok(us, 'POST', `/v1/complaints/${upheld.id}/resolve`, { outcome: 'upheld', rootCause: 'system', collectorShare: 50 })
    const report = await w.ok<Report>(mine, 'GET', '/v1/reports/complaints?from=2026-02-01&to=2026-03-31')
    const none = { outcome: null, rootCause: null, collectorShare: null, complaints: 1, overdue: 0 }
    t.same(report, {
      from: '2026-02-01', to: '2026-03-31', complaints: 3, overdue: 1, rows: [
        { month: '2026-02', category: 'fees', severity: 'high', ...none },
        { month: '2026-02', category: 'fees', severity: 'low', outcome: 'upheld', rootCause: 'system', collectorShare: 'major', complaints: 1, overdue: 1 },
        { month: '2026-03', category: 'service', severity: 'low', ...none },
      ],
    })
    for (const [collectorShare, band] of [[0, 'none'], [1, 'minor'], [49, 'minor'], [50, 'major'], [99, 'major'], [100, 'all']] as const) {
      await w.tx(us, async tx => { await tx.update(complaints).set({ collectorShare }) })
      t.equal((await w.ok<Report>(mine, 'GET', '/v1/reports/complaints?from=2026-02-01&to=2026-02-01')).rows[0]!['collectorShare'], band, String(collectorShare))
    }
    t.equal((await w.ok<Report>(mine, 'GET', '/v1/reports/complaints?from=2026-02-02&to=2026-03-01')).complaints, 1, 'both ends are of the range')
    t.ok((await w.ok<Report>(us, 'GET', '/v1/reports/complaints?from=2026-01-01&to=2026-03-31')).complaints > 501)
    t.match((await w.call(us, 'GET', '/v1/reports/complaints?from=2026-01-01&to=2027-06-01')).json(), { status: 422, code: 'complaint-report-too-long' })
  })
  t.same(w.failures, [])
})
