import fc from 'fast-check'
import t from 'tap'
import { addDays, addMonths } from '../../src/kernel/index.ts'
import { decideQuestions, limitationVerdict, recompute, retentionVerdict } from '../../src/modules/policy/index.ts'
import type { DataAct, LimitationFacts, LimitationVerdict, RetentionFacts, RetentionVerdict, StoredDecision } from '../../src/modules/policy/index.ts'
import { library } from '../../src/modules/policy/library.core.ts'
import { fieldsOf, readPack } from '../../src/modules/policy/pack.core.ts'
import { entrustmentFlagMeanings } from '../../src/modules/policy/retention.facts.core.ts'
import { world } from '../world.ts'
import { packs } from './policy.rows.ts'

const filed = (on: string) => ({ act: 'fileClaim', on }) as const
const event = (type: NonNullable<LimitationFacts['events']>[number]['type'], on: string, endedOn?: string) => ({ type, on, ...endedOn !== undefined && { endedOn } })

t.test('a claim can be brought until its last day, and not on the next', async t => {
  type Row = [promise: string, packs: string, facts: LimitationFacts, lastOn: string, knownOn?: string]
  const rows: Row[] = [
    ['China: three years', 'CN.CIVIL', { dueOn: '2022-06-30' }, '2025-06-30'],
    ['from a leap day to the last of February', 'CN.CIVIL', { dueOn: '2024-02-29' }, '2027-02-28'],
    ['of instalments: from the last', 'CN.CIVIL', { dueOn: '2020-01-20', lastInstalmentDueOn: '2024-12-20' }, '2027-12-20'],
    ['a demand that reached the borrower begins it anew', 'CN.CIVIL', { dueOn: '2022-06-30', events: [event('demandReached', '2025-06-30')] }, '2028-06-30'],
    ['a day later it does not', 'CN.CIVIL', { dueOn: '2022-06-30', events: [event('demandReached', '2025-07-01')] }, '2025-06-30'],
    ['one keeps it alive for the next, in whatever order they are told', 'CN.CIVIL', { dueOn: '2022-06-30', events: [event('partialPayment', '2027-01-01'), event('borrowerAgrees', '2025-01-01')] }, '2030-01-01'],
    ['proceedings: from their end', 'CN.CIVIL', { dueOn: '2021-06-30', events: [event('lawsuit', '2024-06-01', '2025-03-01')] }, '2028-03-01'],
    ['what interrupts elsewhere does not here', 'CN.CIVIL', { dueOn: '2022-06-30', events: [event('acknowledgement', '2025-01-01')] }, '2025-06-30'],
    ['what comes before the debt is due shortens nothing', 'CN.CIVIL', { dueOn: '2022-06-30', events: [event('demandReached', '2022-01-01')] }, '2025-06-30'],
    ['what is to come has not happened', 'CN.CIVIL', { dueOn: '2022-06-30', events: [event('demandReached', '2025-06-01')] }, '2025-06-30', '2025-05-31'],
    ['an obstacle in the last six months: six months from its end', 'CN.CIVIL', { dueOn: '2022-06-30', suspensions: [{ from: '2025-04-01', to: '2025-09-01' }] }, '2026-03-01'],
    ['that begins on the last day', 'CN.CIVIL', { dueOn: '2022-06-30', suspensions: [{ from: '2025-06-30', to: '2025-07-10' }] }, '2026-01-10'],
    ['that ends before them changes nothing', 'CN.CIVIL', { dueOn: '2022-06-30', suspensions: [{ from: '2024-01-01', to: '2024-12-29' }] }, '2025-06-30'],
    ['that begins too late changes nothing', 'CN.CIVIL', { dueOn: '2022-06-30', suspensions: [{ from: '2025-07-01', to: '2026-01-01' }] }, '2025-06-30'],
    ['a demand in the time an obstacle added', 'CN.CIVIL', { dueOn: '2022-06-30', suspensions: [{ from: '2025-04-01', to: '2025-09-01' }], events: [event('demandReached', '2026-02-28')] }, '2029-02-28'],
    ['Germany: from the end of the year', 'DE', { dueOn: '2022-01-01' }, '2025-12-31'],
    ['an instalment is a claim of its own', 'DE', { dueOn: '2022-01-01', lastInstalmentDueOn: '2024-12-20' }, '2025-12-31'],
    ['an acknowledgement begins it anew, from its day', 'DE', { dueOn: '2022-05-10', events: [event('acknowledgement', '2025-02-03')] }, '2028-02-03'],
    ['never sooner than it would have ended', 'DE', { dueOn: '2022-05-10', events: [event('partialPayment', '2022-06-01')] }, '2025-12-31'],
    ['a demand changes nothing there', 'DE', { dueOn: '2022-05-10', events: [event('demandReached', '2025-02-03')] }, '2025-12-31'],
    ['nor does an obstacle of another law', 'DE', { dueOn: '2022-05-10', suspensions: [{ from: '2025-10-01', to: '2026-10-01' }] }, '2025-12-31'],
    ['a judgment: thirty years', 'DE', { dueOn: '2009-01-01', titledOn: '2010-04-01' }, '2040-04-01'],
    ['and enforcement begins them anew', 'DE', { titledOn: '2010-04-01', events: [event('enforcementAct', '2020-05-05'), event('partialPayment', '2009-05-05')] }, '2050-05-05'],
  ]
  for (const [promise, names, facts, lastOn, knownOn] of rows) {
    const on = (day: string) => limitationVerdict(packs(names), facts, filed(day))
    t.match(on(knownOn ?? lastOn), { verdict: 'allowed', lastOn, reasons: [], strength: 'advisory' }, promise)
    if (knownOn === undefined) t.match(on(addDays(lastOn, 1)), { verdict: 'denied', lastOn, reasons: [{ facts: { windowTo: lastOn } }], strength: 'mandatory' }, `${promise}: and no longer`)
  }
  t.match(limitationVerdict(packs('DE'), { dueOn: '2022-05-10' }, filed('2026-01-01')), { periods: [{ rule: 'DE.195', pack: 'DE', clause: '§§ 195, 199 Abs. 1, 212, 193 BGB', lastOn: '2025-12-31' }], packVersions: { DE: '2021-10-01.1' } })
})

t.test('what cannot be told is not told', async t => {
  const denied = (names: string, facts: LimitationFacts, rule: string, missing: string[]) => {
    t.match(limitationVerdict(packs(names), facts, filed('2026-01-01')), { verdict: 'denied', lastOn: null, reasons: [{ rule, facts: { missing } }], strength: 'mandatory' }, rule)
  }
  denied('CN.CIVIL', {}, 'CN.CC.188', ['facts.dueOn'])
  denied('DE', { lastInstalmentDueOn: '2025-01-01' }, 'DE.195', ['facts.dueOn'])
  denied('US.FDCPA', { dueOn: '2025-01-01' }, 'RECOUP.NO_RULE', ['rules'])
  denied('CN.CIVIL', { dueOn: '2025-01-01', titledOn: '2025-06-01' }, 'RECOUP.NO_RULE', ['rules'])
  t.match(limitationVerdict([], { dueOn: '2025-01-01' }, filed('2026-01-01')), { verdict: 'denied', lastOn: null, reasons: [{ rule: 'RECOUP.NO_PACK' }] })
  t.match(limitationVerdict(packs('CN.CIVIL'), { dueOn: '2022-06-30', suspensions: [{ from: '2025-06-01', to: null }] }, filed('2030-01-01')), { verdict: 'allowed', lastOn: null, periods: [{ rule: 'CN.CC.188', lastOn: null }] }, 'while an obstacle goes on, nothing is barred')
  t.match(limitationVerdict(packs('CN.CIVIL DE'), { dueOn: '2022-06-30' }, filed('2025-10-01')), { verdict: 'denied', lastOn: '2025-06-30', reasons: [{ rule: 'CN.CC.188' }], periods: [{ lastOn: '2025-06-30' }, { lastOn: '2025-12-31' }] }, 'of two periods the earlier')
})

t.test('a last day of rest moves to the next workday where the law says so, and never by a calendar that is not known', async t => {
  const newYear = ['2022-12-26', '2023-01-01', '2023-01-02', '2025-01-01', '2025-12-25', '2028-01-01', '2028-04-14', '2028-04-17', '2040-04-02']
  const chinese = ['2025-01-01', '2025-10-01', '2025-10-02', '2025-10-03', '2025-10-04', '2025-10-05', '2025-10-06', '2025-10-07', '2025-10-08']
  type Row = [promise: string, packs: string, facts: LimitationFacts, lastOn: string, movedFrom: string | null, missing?: string[]]
  const rows: Row[] = [
    ['BGB 193: a Saturday, then a Sunday and a holiday', 'DE', { dueOn: '2019-05-10', publicHolidays: newYear.filter(day => day !== '2023-01-02') }, '2023-01-02', '2022-12-31'],
    ['and a holiday after them', 'DE', { dueOn: '2019-05-10', publicHolidays: newYear }, '2023-01-03', '2022-12-31'],
    ['a workday stays', 'DE', { dueOn: '2022-05-10', publicHolidays: newYear }, '2025-12-31', null],
    ['no calendar: it stays, and is said to', 'DE', { dueOn: '2019-05-10' }, '2022-12-31', null, ['facts.publicHolidays']],
    ['nor one of the year it moves into', 'DE', { dueOn: '2019-05-10', publicHolidays: ['2022-12-26'] }, '2022-12-31', null, ['facts.publicHolidays']],
    ['nor any of its own year', 'DE', { dueOn: '2019-05-10', publicHolidays: ['2023-01-01'] }, '2022-12-31', null, ['facts.publicHolidays']],
    ['begun anew, it moves from where it then ends: Good Friday to the Tuesday after Easter', 'DE', { dueOn: '2022-05-10', events: [event('acknowledgement', '2025-04-14')], publicHolidays: newYear }, '2028-04-18', '2028-04-14'],
    ['what happens on the day it moved to is in time', 'DE', { dueOn: '2019-05-10', events: [event('acknowledgement', '2023-01-03')], publicHolidays: [...newYear, '2026-01-01'] }, '2026-01-05', '2026-01-03'],
    ['a day later it is not', 'DE', { dueOn: '2019-05-10', events: [event('acknowledgement', '2023-01-04')], publicHolidays: newYear }, '2023-01-03', '2022-12-31'],
    ['a judgment: thirty years, to a Sunday and a holiday after it', 'DE', { titledOn: '2010-04-01', publicHolidays: newYear }, '2040-04-03', '2040-04-01'],
    ['Civil Code 203: out of a holiday of a week', 'CN.CIVIL', { dueOn: '2022-10-03', publicHolidays: chinese, workedWeekends: ['2025-09-28', '2025-10-11'] }, '2025-10-09', '2025-10-03'],
    ['a weekend', 'CN.CIVIL', { dueOn: '2022-10-18', publicHolidays: chinese, workedWeekends: ['2025-09-28', '2025-10-11'] }, '2025-10-20', '2025-10-18'],
    ['a Saturday that is worked stays', 'CN.CIVIL', { dueOn: '2022-10-11', publicHolidays: chinese, workedWeekends: ['2025-09-28', '2025-10-11'] }, '2025-10-11', null],
    ['nobody knows whether it is worked: it stays, and is said to', 'CN.CIVIL', { dueOn: '2022-10-11', publicHolidays: chinese }, '2025-10-11', null, ['facts.workedWeekends']],
    ['a holiday of weekdays needs no such decree', 'CN.CIVIL', { dueOn: '2022-10-07', publicHolidays: chinese }, '2025-10-09', '2025-10-07'],
  ]
  for (const [promise, names, facts, lastOn, movedFrom, missing = []] of rows) {
    t.match(limitationVerdict(packs(names), facts, filed(lastOn)), { verdict: 'allowed', lastOn, periods: [{ lastOn, movedFrom, missing }] }, promise)
    t.same(limitationVerdict(packs(names), facts, filed(addDays(lastOn, 1))).reasons.map(({ facts: of }) => of), [{ windowTo: lastOn, ...missing.length > 0 && { missing } }], `${promise}: and no longer`)
  }
})

t.test('more that happened never ends a period sooner', async t => {
  const day = fc.integer({ min: 0, max: 2_500 }).map(n => addDays('2021-01-01', n))
  const events = fc.array(fc.record({ type: fc.constantFrom('demandReached', 'partialPayment', 'acknowledgement', 'enforcementAct'), on: day }), { maxLength: 6 })
  const holidays = Array.from({ length: 20 }, (_, n) => `${2020 + n}-01-01`)
  fc.assert(fc.property(events, day, fc.constantFrom('CN.CIVIL', 'DE'), fc.boolean(), (all, dueOn, names, isKnown) => {
    const last = (some: typeof all) => limitationVerdict(packs(names), { dueOn, events: some, ...isKnown && { publicHolidays: holidays, workedWeekends: [] } }, filed('2099-01-01')).lastOn!
    t.ok(last(all) >= last(all.slice(1)))
    t.ok(last([]) >= addMonths(dueOn, 36))
    t.equal(last(all), last([...all].reverse()))
  }), { numRuns: 200 })
})

t.test('the time to dispute ends thirty days after a receipt assumed on the fifth business day', async t => {
  const ends = (on: string, publicHolidays?: string[]) => limitationVerdict(packs('US.FDCPA'), publicHolidays === undefined ? {} : { publicHolidays }, { act: 'endValidationPeriod', on })
  for (const [on, holidays, lastOn] of [
    ['2026-06-01', [], '2026-07-08'], ['2026-06-01', ['2026-06-19'], '2026-07-08'], ['2026-06-01', ['2026-06-08'], '2026-07-09'], ['2026-09-04', ['2026-09-07'], '2026-10-14'],
    // From a Saturday: Monday is the first of the five.
    ['2026-06-06', [], '2026-07-12'],
  ] as const) t.match(ends(on, [...holidays]), { verdict: 'allowed', lastOn, periods: [{ rule: 'US.F.34.VALIDATION' }] }, on)
  t.match(ends('2026-06-01'), { verdict: 'denied', lastOn: null, reasons: [{ rule: 'US.F.34.VALIDATION', facts: { missing: ['facts.publicHolidays'] } }] })
  t.match(limitationVerdict(packs('DE'), { publicHolidays: [] }, { act: 'endValidationPeriod', on: '2026-06-01' }), { verdict: 'denied', reasons: [{ rule: 'RECOUP.NO_RULE' }] })
})

const deleted = (record: Extract<DataAct, { act: 'delete' }>['record'], on: string): DataAct => ({ act: 'delete', record, on })

t.test('a record is kept for its term, and to the end of its last day', async t => {
  type Row = [promise: string, packs: string, facts: RetentionFacts, act: DataAct, expected: string | null, rule?: string]
  const rows: Row[] = [
    ['on the last day of the term', 'CN.CCARD2011', { recordedOn: '2025-03-10' }, deleted('collectionCallRecording', '2027-03-10'), '2027-03-11', 'CN.CC.68.RECORD'],
    ['on the day after', 'CN.CCARD2011', { recordedOn: '2025-03-10' }, deleted('collectionCallRecording', '2027-03-11'), 'allowed'],
    ['from the last activity, not from the record', 'US.FDCPA', { recordedOn: '2026-02-10', lastCollectionActivityOn: '2027-05-01' }, deleted('complianceRecord', '2029-06-01'), '2030-05-02', 'US.F.100A.RECORD'],
    ['a recording from the call', 'US.FDCPA', { recordedOn: '2024-02-29', lastCollectionActivityOn: '2027-05-01' }, deleted('callRecording', '2026-01-01'), '2027-03-01', 'US.F.100B.CALLREC'],
    ['of a day not known', 'US.FDCPA', { recordedOn: '2020-02-10' }, deleted('complianceRecord', '2029-06-01'), null, 'US.F.100A.RECORD'],
    ['until a debt is settled, which it is not', 'CN.CCARD2011', { settledOn: null }, deleted('oralPlanRecording', '2099-01-01'), null, 'CN.CC.70.ORAL_RECORD'],
    ['nor known to be', 'CN.CCARD2011', {}, deleted('oralPlanRecording', '2099-01-01'), null, 'CN.CC.70.ORAL_RECORD'],
    ['on the day it is', 'CN.CCARD2011', { settledOn: '2026-05-01' }, deleted('oralPlanRecording', '2026-05-01'), '2026-05-02', 'CN.CC.70.ORAL_RECORD'],
    ['and after', 'CN.CCARD2011', { settledOn: '2026-05-01' }, deleted('oralPlanRecording', '2026-05-02'), 'allowed'],
    ['five years for consumer finance', 'CN.CFC2024', { recordedOn: '2024-05-01' }, deleted('collectionRecord', '2029-05-01'), '2029-05-02', 'CN.CFC.RECORD'],
    ['an assessment', 'CN.PIPL', { recordedOn: '2026-05-01' }, deleted('piImpactAssessment', '2029-05-02'), 'allowed'],
    ['a record that no law asked keeps', 'CN.PIPL', {}, deleted('callRecording', '2029-05-02'), 'allowed'],
    ['personal data while entrusted', 'CN.PIPL', {}, { act: 'keepPersonalData', on: '2026-05-01' }, 'allowed'],
    ['and when that has ended', 'CN.PIPL', { flags: { entrustmentEnded: true } }, { act: 'keepPersonalData', on: '2026-05-01' }, null, 'CN.PIPL.21.RETURN'],
    ['entrusted further', 'CN.PIPL', {}, { act: 'subEntrust', on: '2026-05-01' }, null, 'CN.PIPL.21.SUB'],
    ['with consent', 'CN.PIPL', { flags: { processorConsentToSub: true } }, { act: 'subEntrust', on: '2026-05-01' }, 'allowed'],
  ]
  for (const [promise, names, facts, act, expected, rule] of rows) {
    const verdict = retentionVerdict(packs(names), facts, act)
    t.match(verdict, { verdict: expected === 'allowed' ? 'allowed' : expected === null ? 'denied' : 'wait', earliestOn: expected === 'allowed' ? null : expected }, promise)
    t.same(verdict.reasons.map(({ rule }) => rule), rule === undefined ? [] : [rule], `${promise}: why`)
  }
  t.match(retentionVerdict([], {}, deleted('callRecording', '2026-01-01')), { verdict: 'denied', reasons: [{ rule: 'RECOUP.NO_PACK' }] })
  t.match(retentionVerdict(packs('CN.PIPL'), { flags: { entrustmentEnd: true } }, { act: 'keepPersonalData', on: '2026-05-01' }), { verdict: 'allowed', unreadFlags: ['entrustmentEnd'] })
  t.match(retentionVerdict(packs('CN.PIPL'), {}, { act: 'subEntrust', on: '2026-05-01' }).reasons, [{ lift: /consent/, facts: { fields: ['flags.processorConsentToSub'] } }])
})

t.test('of several terms the longest holds, and one without end over all', async t => {
  const pack = library.find(({ id }) => id === 'CN.CCARD2011')!
  const kept = (years: number) => readPack({ ...pack, evidence: 'reproduction', rules: [{ ...pack.rules.find(({ id }) => id === 'CN.CC.68.RECORD')!, years }] })
  const until = readPack({ ...pack, rules: [{ ...pack.rules.find(({ kind }) => kind === 'retentionEvent')!, record: 'collectionCallRecording' }] })
  t.match(retentionVerdict([kept(5), kept(2)], { recordedOn: '2025-03-10' }, deleted('collectionCallRecording', '2026-01-01')), { verdict: 'wait', earliestOn: '2030-03-11', reasons: [{}, {}] })
  t.match(retentionVerdict([kept(5), until], { recordedOn: '2025-03-10', settledOn: null }, deleted('collectionCallRecording', '2026-01-01')), { verdict: 'denied', earliestOn: null })
})

t.test('every claim about personal data has a rule that reads it, and a rule reads none but these', async t => {
  const read = new Set(library.flatMap(({ rules }) => rules).flatMap(rule => rule.kind === 'denyIf' && rule.act !== undefined ? fieldsOf(rule.when) : []))
  t.same([...read].sort(), Object.keys(entrustmentFlagMeanings).map(flag => `flags.${flag}`).sort())
  const pack = library.find(({ id }) => id === 'CN.PIPL')!
  t.throws(() => readPack({ ...pack, rules: pack.rules.map(rule => rule.kind === 'denyIf' ? { ...rule, when: { field: 'flags.moratoriumActive', eq: true } } : rule) }), /which no act with personal data has/)
})

t.test('over HTTP: periods and records are asked, decided and kept', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const ask = async (body: object) => await w.call(us, 'POST', '/v1/policy-decisions', body)
  const claim = { kind: 'limitation', packs: ['CN.CIVIL'], facts: { dueOn: '2022-06-30' }, action: filed('2025-07-01') }
  t.match((await ask(claim)).json<LimitationVerdict>(), { verdict: 'denied', lastOn: '2025-06-30' })
  t.match((await ask({ ...claim, packs: undefined, selection: { jurisdiction: 'CN' } })).json<LimitationVerdict>(), { lastOn: '2025-06-30' })
  t.match((await ask({ ...claim, action: { ...claim.action, act: 'forget' } })).json(), { status: 400, errors: [{ pointer: '/action/act' }] })
  t.match((await ask({ ...claim, facts: { dueOn: '0001-01-01' } })).json(), { status: 400, errors: [{ pointer: '/facts/dueOn' }] })
  const record = { kind: 'retention', packs: ['US.FDCPA'], facts: { recordedOn: '2026-02-10' }, action: deleted('callRecording', '2029-01-15') }
  t.match((await ask(record)).json<RetentionVerdict>(), { verdict: 'wait', earliestOn: '2029-02-11', reasons: [{ rule: 'US.F.100B.CALLREC' }] })
  t.match((await ask({ ...record, action: { ...record.action, record: 'diary' } })).json(), { status: 400, errors: [{ pointer: '/action/record' }] })
  const [kept] = await w.tx(us, async tx => await decideQuestions(tx, 'retention', [{ accountId: null, partyId: null, packs: packs('US.FDCPA'), facts: record.facts, action: record.action }]))
  const [barred] = await w.tx(us, async tx => await decideQuestions(tx, 'limitation', [{ accountId: null, partyId: null, packs: packs('CN.CIVIL'), facts: claim.facts, action: claim.action }]))
  for (const { id, verdict } of [kept!, barred!]) {
    const shown = await w.ok<StoredDecision & { verdict: object }>(us, 'GET', `/v1/policy-decisions/${id}`)
    t.same(shown.verdict, verdict)
    t.equal(JSON.stringify(recompute(shown)), JSON.stringify(verdict), 'the same bytes')
  }
  t.same(w.failures, [])
})
