import t from 'tap'
import pg from 'pg'
import { Problem } from '../../src/kernel/index.ts'
import type { Id } from '../../src/kernel/index.ts'
import { acceptPlacement } from '../../src/modules/placements/commands.ts'
import { meetDeadlines } from '../../src/modules/placements/deadlines.commands.ts'
import { acts, answerByAfter, dueAtOf, extendedTo, placementStates, sides, stateAfter, withinTerm } from '../../src/modules/placements/life.core.ts'
import type { Dates } from '../../src/modules/placements/life.core.ts'
import { events } from '../../src/platform/tables.ts'
import { aDebt, world } from '../world.ts'

t.test('the life of a placement has no other steps than these, each by its own side', async t => {
  const taken: string[] = []
  const refusals = new Set<string>()
  for (const act of acts) {
    for (const side of sides) {
      for (const from of placementStates) {
        try {
          taken.push(`${side} ${act}: ${from} -> ${stateAfter(from, act, side)}`)
        } catch (error) {
          if (!(error instanceof Problem)) throw error
          refusals.add(error.code)
        }
      }
    }
  }
  t.same(taken, [
    'agency accept: offered -> active',
    'agency decline: offered -> declined', 'agency decline: infoRequested -> declined',
    'agency requestInformation: offered -> infoRequested',
    'lender provideInformation: infoRequested -> offered',
    'machine expire: offered -> expired',
    'agency extend: active -> active',
    'machine endTerm: active -> closed',
    'agency recall: active -> recalled', 'agency recall: recallPending -> recalled', 'agency recall: recallContested -> recalled', 'agency recall: returnRequested -> recalled',
    'lender recall: active -> recalled', 'lender recall: recallPending -> recalled', 'lender recall: recallContested -> recalled', 'lender recall: returnRequested -> recalled',
    'agency announceRecall: active -> recallPending', 'agency announceRecall: returnRequested -> recallPending',
    'lender announceRecall: active -> recallPending', 'lender announceRecall: returnRequested -> recallPending',
    'agency contestRecall: recallPending -> recallContested',
    'lender withdrawRecall: recallPending -> active', 'lender withdrawRecall: recallContested -> active',
    'lender confirmRecall: recallContested -> recalled',
    'machine completeRecall: recallPending -> recalled', 'machine completeRecall: recallContested -> recalled',
    'agency return: active -> returned',
    'agency requestReturn: active -> returnRequested',
    'lender acceptReturn: returnRequested -> returned', 'lender refuseReturn: returnRequested -> active',
    'machine completeReturn: returnRequested -> returned',
    'agency close: active -> closed',
    'machine settle: active -> closed', 'machine settle: recallPending -> closed', 'machine settle: recallContested -> closed', 'machine settle: returnRequested -> closed',
    'machine reopen: closed -> active',
  ])
  t.same([...refusals].sort(), ['placement-state-refused', 'placement-step-not-yours'])
})

t.test('deadlines are the ends of days in the calendar of the debt', async t => {
  const dates: Dates = { state: 'active', answerBy: null, termEndsOn: '2026-07-04', toldEndsOn: null }
  const cases: [what: string, change: Partial<Dates>, zone: string, now: string, dueAt: string | null][] = [
    ['an offer', { state: 'offered', answerBy: '2026-01-15' }, 'Asia/Shanghai', '2026-01-05T09:00:00Z', '2026-01-15T16:00:00.000Z'],
    ['an offer across a clock change', { state: 'offered', answerBy: '2026-03-08' }, 'America/New_York', '2026-03-01T09:00:00Z', '2026-03-09T04:00:00.000Z'],
    ['one that waits for information', { state: 'infoRequested', answerBy: '2026-01-15' }, 'Asia/Shanghai', '2026-01-05T09:00:00Z', null],
    ['a term, 14 days before its last', {}, 'Asia/Shanghai', '2026-01-05T09:00:00Z', '2026-06-19T16:00:00.000Z'],
    ['a term with less than 14 days left is told at once', {}, 'Asia/Shanghai', '2026-06-30T09:00:00Z', '2026-06-30T09:00:00.000Z'],
    ['a term that was told', { toldEndsOn: '2026-07-04' }, 'Asia/Shanghai', '2026-06-20T00:00:00Z', '2026-07-04T16:00:00.000Z'],
    ['a term that was told and extended since', { toldEndsOn: '2026-07-01' }, 'Asia/Shanghai', '2026-06-01T00:00:00Z', '2026-06-19T16:00:00.000Z'],
    ['a term that is over ends with the day', { toldEndsOn: '2026-07-04' }, 'Asia/Shanghai', '2026-08-01T17:00:00Z', '2026-08-02T16:00:00.000Z'],
    ['a recall', { state: 'recallPending', answerBy: '2026-01-10' }, 'UTC', '2026-01-05T09:00:00Z', '2026-01-11T00:00:00.000Z'],
    ['a recall that is contested', { state: 'recallContested', answerBy: '2026-01-10' }, 'UTC', '2026-01-05T09:00:00Z', '2026-01-11T00:00:00.000Z'],
    ['a return', { state: 'returnRequested', answerBy: '2026-01-10' }, 'UTC', '2026-01-05T09:00:00Z', '2026-01-11T00:00:00.000Z'],
    ['an end', { state: 'recalled', answerBy: '2026-01-10' }, 'UTC', '2026-01-05T09:00:00Z', null],
  ]
  for (const [what, change, zone, now, dueAt] of cases) t.equal(dueAtOf({ ...dates, ...change }, zone, new Date(now))?.toISOString() ?? null, dueAt, what)
  t.equal(answerByAfter('2026-01-15', '2026-01-08', '2026-01-12'), '2026-01-19', 'the four days that the answer took')
  t.equal(withinTerm('2026-01-05', 7, '2026-07-04'), '2026-01-12')
  t.equal(withinTerm('2026-07-01', 7, '2026-07-04'), '2026-07-04', 'nothing outlives the term')
  t.equal(withinTerm('2026-07-06', 7, '2026-07-04'), '2026-07-06', 'nor ends before today')
})

t.test('a term is extended forwards, and by no more in all than was agreed', async t => {
  const at = { termEndsOn: '2026-07-04', extendedDays: 60 }
  t.equal(extendedTo('2026-08-03', at, 90, '2026-07-01'), 90)
  for (const [until, today] of [['2026-07-04', '2026-07-01'], ['2026-08-04', '2026-07-01'], ['2026-07-05', '2026-07-06']] as const) t.throws(() => extendedTo(until, at, 90, today), { code: 'extension-refused', refusal: { violations: [{ pointer: '/until' }] } })
})

interface Shown { id: Id<'placement'>, accountId: string, state: string, answerBy: string | null, termEndsOn: string }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  // Midnight in Shanghai is 16:00 UTC. It is 17:00 there on 5 January.
  const place = async (as: Parameters<typeof w.ok>[0], input: object = {}) => await w.ok<Shown>(as, 'POST', '/v1/placements', { ...aDebt(), ...input })
  const act = async (as: Parameters<typeof w.ok>[0], { id }: { id: string }, verb: string, body?: object) => (await w.call(as, 'POST', `/v1/placements/${id}/${verb}`, body)).json<Shown & { code: string, status: number }>()
  const read = async (as: Parameters<typeof w.ok>[0], { id }: { id: string }) => await w.ok<Shown>(as, 'GET', `/v1/placements/${id}`)
  const told = async (us: Parameters<typeof w.tx>[0], { accountId }: { accountId: string }) =>
    (await w.tx(us, async tx => await tx.select({ type: events.type, accountId: events.accountId, sequence: events.sequence }).from(events))).filter(row => row.accountId === accountId && row.type.startsWith('placement.'))
      .sort((a, b) => a.sequence - b.sequence).map(({ type }) => type.slice('placement.'.length))

  await t.test('an offer that nobody answers expires at the end of its last day, and can be placed again', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { autoAccept: false })
    const input = aDebt()
    const offered = await place(bank, input)
    t.match(offered, { state: 'offered', answerBy: '2026-01-15', information: null })
    await w.liveUntil(us, '2026-01-15T15:59:59Z')
    t.match(await read(us, offered), { state: 'offered' })
    await w.liveUntil(us, '2026-01-15T16:00:00Z')
    t.match(await read(us, offered), { state: 'expired', endedAt: '2026-01-15T16:00:00Z', answerBy: null })
    t.same(await told(us, offered), ['offered', 'expired'])
    t.match(await act(us, offered, 'accept'), { status: 409, code: 'placement-state-refused' })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${offered.accountId}`), { closedAt: '2026-01-15T16:00:00Z' })
    t.match(await place(bank, input), { state: 'offered', placementNumber: 2 })
  })

  await t.test('an answer after the last day is refused although the machine has not got there', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { autoAccept: false, offerDays: 1 })
    const offered = await place(bank)
    await w.tx(us, async tx => { await tx.execute("update tenants set clock_at = '2026-01-06T16:00:00Z'") })
    for (const [verb, body] of [['accept'], ['decline'], ['request-information', { questions: ['contractCopy'] }]] as const) t.match(await act(us, offered, verb, body), { status: 409, code: 'placement-deadline-passed' })
    await w.settle(us)
    t.match(await read(us, offered), { state: 'expired' })
  })

  await t.test('of an answer and the end of its time one happens, whoever comes first', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { autoAccept: false, offerDays: 1 })
    const [inTime, tooLate] = [await place(bank), await place(bank)]
    await w.tx(us, async tx => {
      // The agency accepts before midnight, and is not done when the time is over.
      await acceptPlacement(tx, inTime.id)
      await w.tx(us, async tx => { await tx.execute("update tenants set clock_at = '2026-01-06T16:00:00Z'") })
      t.equal(await w.tx(us, meetDeadlines), false)
      t.match(await read(us, tooLate), { state: 'expired' })
    })
    t.equal(await w.tx(us, meetDeadlines), false)
    t.match(await read(us, inTime), { state: 'active', endedAt: null })
    t.same([await told(us, inTime), await told(us, tooLate)], [['offered', 'activated'], ['offered', 'expired']])
  })

  await t.test('an answer that waits for the machine to end a time finds it ended', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { autoAccept: false, offerDays: 1 })
    const offered = await place(bank)
    await w.settle(us)
    await w.tx(us, async tx => { await tx.execute("update tenants set clock_at = '2026-01-06T16:00:00Z'") })
    const admin = new pg.Client({ connectionString: w.url })
    await admin.connect()
    t.teardown(async () => { await admin.end() })
    let answer: ReturnType<typeof act> | undefined
    await w.tx(us, async tx => {
      await meetDeadlines(tx)
      answer = act(us, offered, 'accept')
      while ((await admin.query("select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")).rowCount === 0) { /* the answer takes its moment to get there */ }
    })
    t.match(await answer, { status: 409, code: 'placement-state-refused' })
    t.same(await told(us, offered), ['offered', 'expired'])
  })

  await t.test('the time to decide stands still while the lender is asked', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { autoAccept: false })
    const offered = await place(bank)
    t.match(await act(bank, offered, 'request-information', { questions: ['contractCopy'] }), { status: 403, code: 'placement-step-not-yours' })
    await w.liveUntil(us, '2026-01-08T09:00:00Z')
    t.match(await act(us, offered, 'request-information', { questions: ['contractCopy', 'Since when is it unpaid?'] }), { state: 'infoRequested', answerBy: null, information: { askedOn: '2026-01-08', answers: null } })
    t.match(await act(us, offered, 'accept'), { status: 409, code: 'placement-state-refused' })
    t.match(await act(us, offered, 'provide-information', { answers: ['yes', 'no'] }), { status: 403, code: 'placement-step-not-yours' })
    t.match(await act(bank, offered, 'provide-information', { answers: ['yes'] }), { status: 422, code: 'answers-refused' })
    await w.liveUntil(us, '2026-02-07T09:00:00Z')
    // Thirty days from 8 January to 7 February: the last day was 15 January.
    t.match(await act(bank, offered, 'provide-information', { answers: ['sent', 'December'] }), { state: 'offered', answerBy: '2026-02-14', information: { answers: ['sent', 'December'] } })
    t.match(await act(bank, offered, 'provide-information', { answers: ['sent', 'December'] }), { status: 409, code: 'placement-state-refused' })
    await w.liveUntil(us, '2026-02-14T16:00:00Z')
    t.same(await told(us, offered), ['offered', 'infoRequested', 'infoProvided', 'expired'])
  })

  await t.test('a term is told to end, ends with its last day, and what was due is lost to nobody', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { termDays: 30, interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' } })
    const placed = await place(bank)
    t.match(placed, { termEndsOn: '2026-02-04', extendedDays: 0 })
    await w.liveUntil(us, '2026-01-20T16:00:00Z')
    t.same(await told(us, placed), ['activated', 'termEnding'], '21 January in Shanghai is 14 days before 4 February')
    await w.liveUntil(us, '2026-02-04T15:59:59Z')
    t.match(await read(us, placed), { state: 'active' })
    await w.liveUntil(us, '2026-02-10T00:00:00Z')
    t.match(await read(us, placed), { state: 'closed', closeCode: 'termEnded', endedAt: '2026-02-04T16:00:00Z' })
    t.same(await told(us, placed), ['activated', 'termEnding', 'closed'])
    // 1.00 a day from 6 January to 5 February, the day on which it ended: 31 days.
    t.match(await w.ok(us, 'GET', `/v1/accounts/${placed.accountId}`), { balance: { principal: 1_000_00, interest: 31_00 }, closedAt: '2026-02-04T16:00:00Z' })
    for (const verb of ['recall', 'return']) t.match(await act(us, placed, verb), { status: 409, code: 'placement-state-refused' })
    t.match(await act(us, placed, 'extend', { until: '2026-03-01', reason: 'plan' }), { status: 409, code: 'placement-state-refused' })
  })

  await t.test('a term goes on as long as the agreement allows, and is told again', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { termDays: 30, extensionDaysMax: 40 })
    const placed = await place(bank)
    t.match(await act(bank, placed, 'extend', { until: '2026-02-24', reason: 'agreed' }), { status: 403, code: 'placement-step-not-yours' })
    t.match(await act(us, placed, 'extend', { until: '2026-02-24', reason: 'plan' }), { state: 'active', termEndsOn: '2026-02-24', extendedDays: 20 })
    t.match(await act(us, placed, 'extend', { until: '2026-03-17', reason: 'plan' }), { status: 422, code: 'extension-refused' })
    await w.liveUntil(us, '2026-02-20T00:00:00Z')
    t.match(await act(us, placed, 'extend', { until: '2026-03-16', reason: 'legalStep' }), { termEndsOn: '2026-03-16', extendedDays: 40 })
    await w.liveUntil(us, '2026-03-16T16:00:00Z')
    t.match(await read(us, placed), { state: 'closed', closeCode: 'termEnded' })
    t.same(await told(us, placed), ['activated', 'termExtended', 'termEnding', 'termExtended', 'termEnding', 'closed'])
  })

  await t.test('a debt that a reversal brings back after its term is worked for that day, and ends again', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { termDays: 30 })
    const placed = await place(bank)
    const paid = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId: placed.accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
    t.match(await read(us, placed), { state: 'closed', closeCode: 'paidInFull' })
    await w.liveUntil(us, '2026-02-20T09:00:00Z')
    await w.ok(us, 'POST', `/v1/payments/${paid.id}/reverse`, { reason: 'nsf', reversedOn: '2026-02-20' })
    await w.settle(us)
    t.match(await read(us, placed), { state: 'active', closeCode: null })
    await w.liveUntil(us, '2026-02-20T16:00:00Z')
    t.match(await read(us, placed), { state: 'closed', closeCode: 'termEnded', endedAt: '2026-02-20T16:00:00Z' })
    t.same(await told(us, placed), ['activated', 'closed', 'reopened', 'termEnding', 'closed'])
  })
  await t.test('a worker that is killed at a deadline leaves nothing half-done, and one that runs twice does nothing twice', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { termDays: 30, recallContestDays: 5, returnNeedsConsent: true })
    const careful = await w.lender(us, { autoAccept: false, offerDays: 5 })
    const [recalled, returned] = [await place(bank), await place(bank)]
    const offered = await place(careful)
    await act(bank, recalled, 'recall')
    await act(us, returned, 'return-request')
    await w.settle(us)
    await w.tx(us, async tx => { await tx.execute("update tenants set clock_at = '2026-01-15T16:00:00Z'") })
    await t.rejects(w.tx(us, async tx => {
      await meetDeadlines(tx)
      throw new Error('killed')
    }), { message: 'killed' })
    t.same([await told(us, offered), (await read(us, recalled)).state, (await read(us, returned)).state], [['offered'], 'recallPending', 'returnRequested'])
    await Promise.all([w.tx(us, meetDeadlines), w.tx(us, meetDeadlines)])
    await w.tx(us, meetDeadlines)
    await w.settle(us)
    t.same([await told(us, offered), await told(us, recalled), await told(us, returned)], [['offered', 'expired'], ['activated', 'recallRequested', 'recalled'], ['activated', 'returnRequested', 'returned']])
    t.equal((await w.ok<{ data: { kind: string }[] }>(us, 'GET', `/v1/accounts/${recalled.accountId}/journal-entries`)).data.filter(({ kind }) => kind === 'recall').length, 1)
  })

  await t.test('a recall that may be contested leaves the debt at work until its time is over', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { recallContestDays: 5 })
    const placed = await place(bank)
    t.match(await act(bank, placed, 'recall', { reason: 'strategy' }), { state: 'recallPending', answerBy: '2026-01-10', recall: { askedOn: '2026-01-05', reason: 'strategy', contestReason: null } })
    t.match(await act(bank, placed, 'recall'), { status: 409, code: 'placement-state-refused' }, 'once')
    t.match(await act(bank, placed, 'confirm-recall'), { status: 409 }, 'nobody contests it')
    t.match(await act(us, placed, 'close', { closeCode: 'untraceable' }), { status: 409 }, 'the agency does not end it otherwise')
    for (const [state, n] of [['recallPending', 1], ['active', 0]] as const) t.equal((await w.ok<{ data: unknown[] }>(us, 'GET', `/v1/placements?state=${state}&accountId=${placed.accountId}`)).data.length, n)
    await w.ok(us, 'POST', '/v1/payments', { accountId: placed.accountId, amount: 100_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'card' })
    await w.liveUntil(us, '2026-01-10T16:00:00Z')
    t.match(await read(us, placed), { state: 'recalled', endedAt: '2026-01-10T16:00:00Z', recall: { reason: 'strategy' } })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${placed.accountId}`), { balance: { total: 0 } })
    t.same(await told(us, placed), ['activated', 'recallRequested', 'recalled'])
  })

  await t.test('a contested recall is withdrawn, confirmed, or takes effect when its time is over', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { recallContestDays: 5 })
    const contested = async () => {
      const placed = await place(bank)
      await act(bank, placed, 'recall')
      t.match(await act(bank, placed, 'contest-recall', { reason: 'promiseRunning' }), { status: 403, code: 'placement-step-not-yours' })
      t.match(await act(us, placed, 'contest-recall', { reason: 'paymentPending', evidence: 'BK-17' }), { state: 'recallContested', answerBy: '2026-01-10', recall: { contestReason: 'paymentPending', contestEvidence: 'BK-17' } })
      t.match(await act(us, placed, 'contest-recall', { reason: 'other' }), { status: 409, code: 'placement-state-refused' })
      for (const verb of ['withdraw-recall', 'confirm-recall']) t.match(await act(us, placed, verb), { status: 403, code: 'placement-step-not-yours' })
      return placed
    }
    const [withdrawn, confirmed, forgotten, urgent] = [await contested(), await contested(), await contested(), await contested()]
    t.match(await act(bank, withdrawn, 'withdraw-recall'), { state: 'active', answerBy: null, recall: null })
    t.match(await act(bank, confirmed, 'confirm-recall'), { state: 'recalled' })
    t.match(await act(bank, urgent, 'recall', { mandatory: true, reason: 'regulator' }), { state: 'recalled', recall: { reason: 'regulator' } }, 'what is mandatory waits for nobody')
    await w.tx(us, async tx => { await tx.execute("update tenants set clock_at = '2026-01-10T16:00:00Z'") })
    t.match(await act(bank, forgotten, 'withdraw-recall'), { status: 409, code: 'placement-deadline-passed' })
    await w.settle(us)
    t.same(await Promise.all([withdrawn, confirmed, forgotten].map(async one => await told(us, one))), [
      ['activated', 'recallRequested', 'recallContested', 'recallWithdrawn'], ['activated', 'recallRequested', 'recallContested', 'recalled'], ['activated', 'recallRequested', 'recallContested', 'recalled'],
    ])
    await w.liveUntil(us, '2026-07-04T16:00:00Z')
    t.match(await read(us, withdrawn), { state: 'closed', closeCode: 'termEnded' }, 'the term has gone on meanwhile')
  })

  await t.test('a debt paid in full while its recall runs is closed, and a recall never outlives the term', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { recallContestDays: 60, termDays: 30 })
    const [paid, late] = [await place(bank), await place(bank)]
    for (const one of [paid, late]) t.match(await act(bank, one, 'recall'), { state: 'recallPending', answerBy: '2026-02-04' })
    await w.ok(bank, 'POST', '/v1/payments', { accountId: paid.accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'lender', method: 'card' })
    t.match(await read(us, paid), { state: 'closed', closeCode: 'paidToLender' })
    await w.liveUntil(us, '2026-02-04T16:00:00Z')
    t.same(await told(us, late), ['activated', 'recallRequested', 'recalled'])
    t.same(await told(us, paid), ['activated', 'recallRequested', 'closed'])
  })

  await t.test('where the agreement says so a debt is returned only when its lender agrees, or does not answer', async t => {
    const us = await w.agency()
    const bank = await w.lender(us, { returnNeedsConsent: true, returnAnswerDays: 3 })
    const asked = async () => {
      const placed = await place(bank)
      t.match(await act(us, placed, 'return'), { status: 409, code: 'return-needs-consent', resolution: { method: 'POST', path: `/v1/placements/${placed.id}/return-request` } })
      t.match(await act(bank, placed, 'return-request'), { status: 403, code: 'placement-step-not-yours' })
      t.match(await act(us, placed, 'return-request'), { state: 'returnRequested', answerBy: '2026-01-08' })
      t.match(await act(us, placed, 'accept-return'), { status: 403, code: 'placement-step-not-yours' })
      return placed
    }
    const [accepted, refused, forgotten, recalled] = [await asked(), await asked(), await asked(), await asked()]
    t.match(await act(bank, accepted, 'accept-return'), { state: 'returned' })
    t.match(await act(bank, refused, 'refuse-return'), { state: 'active', answerBy: null })
    t.match(await act(bank, recalled, 'recall'), { state: 'recalled' })
    await w.liveUntil(us, '2026-01-08T16:00:00Z')
    t.same(await Promise.all([accepted, refused, forgotten, recalled].map(async one => await told(us, one))), [
      ['activated', 'returnRequested', 'returned'], ['activated', 'returnRequested', 'returnRefused'], ['activated', 'returnRequested', 'returned'], ['activated', 'returnRequested', 'recalled'],
    ])
    const plain = await w.lender(us)
    t.match(await act(us, await place(plain), 'return-request'), { state: 'returned' }, 'elsewhere at once')
  })
  t.same(w.failures, [])
})
