import t from 'tap'
import { capacityOf, checkAssessment, frequencies, monthly, validUntilOf } from '../../src/modules/complaints/hardship.core.ts'
import type { Asked, Frequency } from '../../src/modules/complaints/hardship.core.ts'
import { hardshipAssessments } from '../../src/modules/complaints/tables.ts'
import { formatR } from '../../src/kernel/index.ts'
import { events, newId } from '../../src/platform/index.ts'
import { strangeId, world } from '../world.ts'
import type { As } from '../world.ts'

const a = (amount: number, frequency: Frequency) => ({ amount, frequency })

t.test('every rhythm is a month\'s exactly: a year has 52 weeks and 12 months', async t => {
  const exact: Record<Frequency, string> = { weekly: '1300/3', fortnightly: '650/3', fourWeekly: '325/3', monthly: '100', quarterly: '100/3', yearly: '25/3' }
  for (const frequency of frequencies) t.equal(formatR(monthly([a(100, frequency)])), exact[frequency], frequency)
  t.equal(formatR(monthly([a(100, 'weekly'), a(100, 'weekly'), a(100, 'weekly')])), '1300', 'nothing is rounded on the way')
  t.equal(formatR(monthly([])), '0')
})

t.test('nobody is said to have a cent that is not there', async t => {
  const cases: [income: ReturnType<typeof a>[], expenses: ReturnType<typeof a>[], share: string, disposable: number, instalment: number, why: string][] = [
    // 5,000.00 less 2,400.00 and 300.00 * 52 / 12 = 1,300.00: half of 1,300.00.
    [[a(5_000_00, 'monthly')], [a(2_400_00, 'monthly'), a(300_00, 'weekly')], '1/2', 1_300_00, 650_00, 'whole sums stay whole'],
    [[a(100, 'weekly')], [], '1', 433, 433, '433.33 is 433'],
    [[a(200, 'weekly')], [], '1', 866, 866, '866.67 is 866 as well'],
    [[a(100, 'weekly'), a(100, 'weekly'), a(100, 'weekly')], [], '1', 1300, 1300, 'rounded once, not three times'],
    [[], [a(100, 'weekly')], '1/2', -434, 0, 'a deficit of 433.33 is not made to look smaller, and nothing is asked for'],
    [[a(5, 'quarterly')], [], '0.6', 1, 1, 'the instalment is of 5/3, not of 1'],
    [[a(1_001, 'yearly')], [a(83, 'monthly')], '1/2', 0, 0, 'five twelfths of a cent'],
    [[a(100, 'monthly')], [a(100, 'monthly')], '1', 0, 0, 'nothing'], [[], [], '1/2', 0, 0, 'nobody'],
    [Array.from({ length: 30 }, () => a(1_000_000_000_000, 'weekly')), [], '1', 130_000_000_000_000, 130_000_000_000_000, 'the most that can be said'],
  ]
  for (const [income, expenses, agreedShare, disposable, instalment, why] of cases) t.match(capacityOf({ income, expenses, agreedShare }), { disposable, instalment }, why)
})

t.test('a band tells how much of the income is left, each from its edge on', async t => {
  const bands: [number, string][] = [[1_001, 'none'], [1_000, 'none'], [999, 'low'], [901, 'low'], [900, 'medium'], [751, 'medium'], [750, 'high'], [1, 'high']]
  for (const [spent, band] of bands) t.equal(capacityOf({ income: [a(1_000, 'monthly')], expenses: [a(spent, 'monthly')], agreedShare: '1/2' }).band, band, String(spent))
  t.equal(capacityOf({ income: [], expenses: [], agreedShare: '1/2' }).band, 'none')
})

t.test('an assessment is of a party of the debt, consented to before, and good for a while', async t => {
  const now = new Date('2026-01-05T09:00:00Z')
  const fine: Asked = { isOfDebt: true, consentedAt: '2026-01-05T09:00:00Z', currency: 'CNY', agreedShare: '1/2', validUntil: '2026-07-04', holdUntil: null }
  t.equal(validUntilOf(undefined, '2026-01-05'), '2026-07-04', '180 days on')
  t.equal(validUntilOf('2026-02-01', '2026-01-05'), '2026-02-01')
  for (const more of [{}, { consentedAt: null }, { agreedShare: '1' }, { agreedShare: '0.01' }, { validUntil: '2026-01-05' }, { validUntil: '2027-01-06' }, { holdUntil: '2026-01-05' }]) checkAssessment({ ...fine, ...more }, '2026-01-05', now)
  const refused: [Partial<Asked>, string[]][] = [
    [{ isOfDebt: false }, ['/partyId']], [{ consentedAt: '2026-01-05T09:00:01Z' }, ['/consent/at']], [{ currency: 'XQX' }, ['/currency']], [{ agreedShare: '0' }, ['/agreedShare']], [{ agreedShare: '-1/2' }, ['/agreedShare']],
    [{ agreedShare: '1.01' }, ['/agreedShare']], [{ validUntil: '2026-01-04' }, ['/validUntil']], [{ validUntil: '2027-01-07' }, ['/validUntil']], [{ holdUntil: '2026-01-04', currency: 'XQX' }, ['/currency', '/holdUntil']],
  ]
  for (const [more, pointers] of refused) t.throws(() => checkAssessment({ ...fine, ...more }, '2026-01-05', now), { code: 'hardship-refused', refusal: { violations: pointers.map(pointer => ({ pointer })) } })
})

interface Assessment { id: string, band: string | null, validUntil: string, destroyedAt: string | null, holdId: string | null, consent: { consentId: string | null, source: string, at: string }, capacity: { disposable: number, instalment: number } }
interface List { data: Assessment[] }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bank = await w.lender(us)
  const said = {
    currency: 'CNY', income: [{ kind: 'salary', amount: 5_000_00, frequency: 'monthly' }], expenses: [{ kind: 'housing', amount: 2_400_00, frequency: 'monthly' }, { kind: 'food', amount: 300_00, frequency: 'weekly' }], circumstances: ['illness'],
  }
  const plain = { ...said, consent: { source: 'call', at: '2026-01-05T08:30:00Z' } }
  const debt = async () => {
    const { accountId } = await w.account(us, bank)
    const { data } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
    return { accountId, partyId: data[0]!.partyId }
  }
  const assess = async (body: object) => await w.ok<Assessment>(us, 'POST', '/v1/hardship-assessments', { ...plain, ...body })
  const reveal = async (as: As, id: string) => await w.call(as, 'POST', `/v1/hardship-assessments/${id}/reveal`, { purpose: 'contact' })
  const figures = /500000|240000|30000|130000|65000|illness|salary/

  t.test('it answers what can be paid, keeps it sealed, and tells nobody a figure', async t => {
    const { accountId, partyId } = await debt()
    const made = await assess({ accountId, partyId })
    t.match(made, { band: 'high', validUntil: '2026-07-04', holdId: null, consent: { consentId: null, source: 'call', at: '2026-01-05T08:30:00Z' }, agreedShare: '1/2', capacity: { disposable: 1_300_00, instalment: 650_00 } })
    t.match((await assess({ accountId, partyId, agreedShare: '0.4' })).capacity, { instalment: 520_00 })
    const [stored] = await w.tx(us, async tx => await tx.select({ figures: hardshipAssessments.figures }).from(hardshipAssessments))
    t.notMatch(stored!.figures!.toString('latin1'), figures)
    const shown = [await w.call(us, 'GET', `/v1/hardship-assessments/${made.id}`), await w.call(us, 'GET', `/v1/hardship-assessments?accountId=${accountId}`), await w.call(us, 'GET', `/v1/hardship-assessments?partyId=${partyId}`)]
    for (const { statusCode, body } of shown) {
      t.equal(statusCode, 200)
      t.match(body, made.id)
      t.notMatch(body, figures)
    }
    const told = (await w.tx(us, async tx => await tx.select({ type: events.type, data: events.data, lenderId: events.lenderId }).from(events))).filter(({ type }) => type.startsWith('hardship.'))
    t.match(told[0], { type: 'hardship.assessed', lenderId: null, data: { hardshipAssessmentId: made.id, accountId, partyId, holdId: null, band: 'high' } })
    t.notMatch(JSON.stringify(told), figures)
    t.notMatch((await w.call(bank, 'GET', `/v1/accounts/${accountId}/timeline`)).body, /hardship/, 'least of all the lender')
  })

  t.test('who reads the figures is written down', async t => {
    const { accountId, partyId } = await debt()
    const { id } = await assess({ accountId, partyId })
    t.match((await reveal(us, id)).json(), { ...said, capacity: { disposable: 1_300_00, instalment: 650_00 } })
    t.match(await w.ok(us, 'GET', `/v1/parties/${partyId}/reveals`), { data: [{ operation: 'revealHardshipAssessment', purpose: 'contact' }] })
  })

  t.test('without consent there is none: the party\'s own, to a service, and still holding', async t => {
    const { accountId, partyId } = await debt()
    const points = async (party: string) => (await w.ok<{ contactPoints: { id: string, channel: string }[] }>(us, 'GET', `/v1/parties/${party}`)).contactPoints.find(({ channel }) => channel === 'email')!.id
    const consent = async (contactPointId: string, more: object = {}) => (await w.ok<{ id: string }>(us, 'POST', '/v1/consents', { contactPointId, channel: 'email', state: 'granted', source: 'writing', purpose: 'service', ...more })).id
    const own = await points(partyId)
    const body = { ...said, accountId, partyId }
    t.equal((await w.call(us, 'POST', '/v1/hardship-assessments', body)).statusCode, 400)
    const consentId = await consent(own, { until: '2026-01-06T00:00:00Z' })
    t.match(await w.ok(us, 'POST', '/v1/hardship-assessments', { ...body, consentId }), { consent: { consentId, source: 'writing', at: '2026-01-05T09:00:00Z' } })
    const ofAnother = await consent(own, { accountId: (await debt()).accountId })
    // Refused at the end: what was consented to before holds no longer.
    for (const wrong of [await consent(await points((await debt()).partyId)), await consent(own, { purpose: 'collection' }), ofAnother, await consent(own, { state: 'withdrawn' }), consentId, strangeId('consent')]) {
      t.match((await w.call(us, 'POST', '/v1/hardship-assessments', { ...body, consentId: wrong })).json(), { status: 422, code: 'hardship-consent-missing' })
    }
    t.match((await w.call(us, 'POST', '/v1/hardship-assessments', { ...plain, accountId, partyId: (await debt()).partyId, consent: { source: 'call', at: '2026-01-05T09:00:01Z' } })).json(), { status: 422, code: 'hardship-refused', errors: [{ pointer: '/partyId' }, { pointer: '/consent/at' }] })
  })

  t.test('it can hold the debt until the end of a day', async t => {
    const { accountId, partyId } = await debt()
    const { holdId } = await assess({ accountId, partyId, holdUntil: '2026-02-05' })
    // The end of 5 February in Shanghai.
    t.match(await w.ok(us, 'GET', `/v1/holds/${holdId!}`), { kind: 'hardshipReview', state: 'active', endsAt: '2026-02-05T16:00:00Z' })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/hold-effects`), { stopsContact: true, stopsLateFees: true })
  })

  t.test('collectors assess and read, lenders and those who only look do not, and others\' do not exist', async t => {
    const { accountId, partyId } = await debt()
    const { id } = await assess({ accountId, partyId })
    for (const [role, reads, writes] of [['compliance', 200, 201], ['manager', 200, 201], ['collector', 200, 201], ['readonly', 403, 403], ['finance', 403, 403]] as const) {
      const member = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: role, email: `${role}.h@example.com`, role })
      const key = await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', name: 'own', staffId: member.id })
      t.equal((await reveal(key, id)).statusCode, reads, role)
      t.equal((await w.call(key, 'POST', '/v1/hardship-assessments', { ...plain, accountId, partyId })).statusCode, writes, role)
    }
    t.equal((await w.call(bank, 'GET', `/v1/hardship-assessments/${id}`)).statusCode, 403)
    t.equal((await w.call(them, 'GET', `/v1/hardship-assessments/${id}`)).statusCode, 404)
    t.equal((await reveal(them, id)).statusCode, 404)
    t.equal((await w.call(them, 'POST', '/v1/hardship-assessments', { ...plain, accountId, partyId })).statusCode, 404)
  })

  t.test('the figures are destroyed with the personal data of their party', async t => {
    const { accountId, partyId } = await debt()
    const { id } = await assess({ accountId, partyId })
    const other = await debt()
    const kept = await assess(other)
    await w.ok(us, 'POST', `/v1/parties/${partyId}/erase`, { reason: 'subjectRequest' })
    await w.settle(us)
    t.match((await reveal(us, id)).json(), { status: 409, code: 'hardship-destroyed' })
    t.match(await w.ok(us, 'GET', `/v1/hardship-assessments/${id}`), { band: null, destroyedAt: '2026-01-05T09:00:00Z' })
    t.equal((await reveal(us, kept.id)).statusCode, 200)
    t.match((await w.call(us, 'POST', '/v1/hardship-assessments', { ...plain, accountId, partyId })).json(), { status: 409, code: 'party-erased' })
  })

  t.test('it is destroyed when its last day has ended, by itself, however many there are', async t => {
    const { accountId, partyId } = await debt()
    const { id } = await assess({ accountId, partyId, validUntil: '2026-01-20' })
    const row = { tenantId: us.id, accountId: accountId as `acc_${string}`, partyId: partyId as `pty_${string}`, consentSource: 'call' as const, consentedAt: '2026-01-05T09:00:00Z', currency: 'CNY', figures: Buffer.from('x'), band: 'low' as const, validUntil: '2026-01-20', dueAt: '2026-01-20T16:00:00Z', assessedAt: '2026-01-05T09:00:00Z' }
    await w.tx(us, async tx => { await tx.insert(hardshipAssessments).values(Array.from({ length: 501 }, () => ({ ...row, id: newId('hardshipAssessment') }))) })
    await w.liveUntil(us, '2026-01-20T15:59:59Z')
    t.equal((await reveal(us, id)).statusCode, 200, 'good to the last second')
    await w.liveUntil(us, '2026-01-20T16:00:00Z')
    t.match((await reveal(us, id)).json(), { status: 409, code: 'hardship-destroyed' })
    const left = (await w.tx(us, async tx => await tx.select({ figures: hardshipAssessments.figures, band: hardshipAssessments.band, validUntil: hardshipAssessments.validUntil }).from(hardshipAssessments))).filter(({ validUntil }) => validUntil === '2026-01-20')
    t.equal(left.length, 502)
    t.ok(left.every(({ figures, band }) => figures === null && band === null))
    t.match((await w.ok<List>(us, 'GET', `/v1/hardship-assessments?accountId=${accountId}&limit=1`)).data, [{ id, band: null, destroyedAt: '2026-01-20T16:00:00Z' }])
  })
  t.same(w.failures, [])
})
