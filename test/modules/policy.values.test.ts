import t from 'tap'
import { addDays } from '../../src/kernel/index.ts'
import { allocationVerdict, chargeVerdict, decide, limitationVerdict, retentionVerdict } from '../../src/modules/policy/index.ts'
import type { Action, Charge, ChargeFacts, Facts, LimitationFacts, OwedDebt } from '../../src/modules/policy/index.ts'
import { action, at, london, newYork, packs, shanghai } from './policy.rows.ts'

/** Values that a law states and that no story happens to need: each is read from its clause. `npm run test:mutation` says which are missing. */
const on = '2026-11-01'
const rate = (rates: Record<string, string>): Charge => ({ act: 'chargeRate', on, rates })
const sum = (chargeType: Extract<Charge, { act: 'chargeSum' }>['chargeType'], amount: number, currency: string): Charge => ({ act: 'chargeSum', on, chargeType, amount, currency })
const rulesOf = (names: string, facts: ChargeFacts, charge: Charge): string[] => chargeVerdict(packs(names), facts, charge).reasons.map(({ rule }) => rule)

/** Anlage 2 zu § 13 Abs. 1 RVG: the value up to which, and the simple fee, in cents. */
const values = [500, 1_000, 1_500, 2_000, 3_000, 4_000, 5_000, 6_000, 7_000, 8_000, 9_000, 10_000, 13_000, 16_000, 19_000, 22_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000]
const fees: Record<'2021' | '2025', number[]> = {
  2021: [49, 88, 127, 166, 222, 278, 334, 390, 446, 502, 558, 614, 666, 718, 770, 822, 874, 955, 1_036, 1_117, 1_198, 1_279],
  2025: [51.5, 93, 134.5, 176, 235.5, 295, 354.5, 414, 473.5, 533, 592.5, 652, 707, 762, 817, 872, 927, 1_013, 1_099, 1_185, 1_271, 1_357],
}

t.test('Germany: an agency costs what the table of Anlage 2 says for every value, to the cent', async t => {
  const most = (debtAmount: number, mandateOn: string, feeCase: ChargeFacts['feeCase'] = 'hard') => chargeVerdict(packs('DE'), { debtAmount, mandateOn, feeCase }, sum('collectionCost', 1, 'EUR')).maximum
  for (const [year, days] of [['2021', ['2021-10-01', '2025-05-31']], ['2025', ['2025-06-01']]] as const) {
    for (const mandateOn of days) {
      const costs = fees[year].map(fee => { const scaled = Math.round(fee * 130); return { amount: scaled + Math.min(2000, Math.round(scaled / 5)), currency: 'EUR' } })
      values.forEach((value, i) => {
        t.same(most(value * 100, mandateOn), costs[i]!, `${mandateOn}: up to ${value}`)
        t.same(most(value * 100 + 1, mandateOn), costs[i + 1] ?? null, `${mandateOn}: above ${value}`)
      })
    }
  }
  // 0.9 of 30.00 is 27.00, and 5.40; of 49.00 it is 44.10, and 8.82; half of 30.00 is 15.00, below which no fee falls.
  t.match(most(50_00, '2024-03-01', 'uncontestedNormal'), { amount: 32_40 })
  t.match(most(50_01, '2024-03-01', 'uncontestedNormal'), { amount: 52_92 })
  t.match(most(50_00, '2024-03-01', 'uncontestedSimple'), { amount: 18_00 })
  t.match(most(50_01, '2025-06-01', 'uncontestedNormal'), { amount: 55_62 })
  t.equal(most(50_00, '2025-06-01'), null, 'of the smallest claims the fee since 2025 is not known')
})

t.test('default interest and the fixed sum are owed by companies and by authorities alike, under either name', async t => {
  for (const borrowerType of ['business', 'publicAuthority'] as const) {
    const facts: ChargeFacts = { borrowerType, debtAmount: 1, rates: { basiszinssatz: '1.27', ecbMroReference: '2.15', boeReference: '4.75' } }
    for (const name of ['interest', 'overdueInterest']) {
      for (const [names, most, rule, over] of [['DE', '10.27', 'DE.288.2', '10.28'], ['EU.LPD', '10.15', 'EU.LPD.2_6', '10.16'], ['UK.LPCDA', '12.75', 'UK.LP.6', '12.76']] as const) {
        t.same(rulesOf(names, facts, rate({ [name]: most })), [], `${names}: ${borrowerType}, ${name}`)
        t.same(rulesOf(names, facts, rate({ [name]: over })), [rule], `${names}: ${borrowerType}, ${name}, a hundredth more`)
      }
    }
    // § 288 Abs. 5 BGB and art. 6 of Directive 2011/7: forty euros.
    for (const [names, rule] of [['DE', 'DE.288.5'], ['EU.LPD', 'EU.LPD.6']] as const) {
      t.same(rulesOf(names, facts, sum('latePaymentFixedSum', 40_00, 'EUR')), [], `${names}: ${borrowerType}`)
      t.same(rulesOf(names, facts, sum('latePaymentFixedSum', 40_01, 'EUR')), [rule], `${names}: ${borrowerType}, a cent more`)
    }
  }
})

t.test('China: everything that an assisted loan costs is a cost, and a company without a licence is a private lender', async t => {
  const assisted: ChargeFacts = { lenderType: 'bank', product: 'internetAssistedLoan', contractOn: '2026-01-05', rates: { contractRate: '20' } }
  for (const name of ['interest', 'overdueInterest', 'penalty', 'fees', 'guaranteeFee']) {
    t.same(rulesOf('CN.FIN.RATE', assisted, rate({ [name]: '24' })), [], `${name}: 24%`)
    t.same(rulesOf('CN.FIN.RATE', assisted, rate({ [name]: '24.01' })), ['CN.ZHUDAI.24'], `${name}: more`)
  }
  for (const lenderType of ['privateLender', 'nonLicensedCompany']) {
    const agreed = { isTermRateAgreed: true, isOverdueRateAgreed: true }
    const lender: ChargeFacts = { lenderType, rates: { lpr1yAtContract: '3.5', lpr1yNow: '3', termRate: '9' }, originalPrincipal: 100_00, totalYears: '1', disbursedAmount: 100_00, ...agreed }
    const bites = (rule: string, charge: Charge, more: ChargeFacts = {}) => { t.same(rulesOf('CN.SPC.PL', { ...lender, ...more }, charge), [rule], `${lenderType}: ${rule}`) }
    bites('CN.PL.25', rate({ interest: '14.01' }))
    bites('CN.PL.29', rate({ penalty: '14.01' }))
    bites('CN.PL.28.1', rate({ overdueInterest: '3.01' }), { isTermRateAgreed: false, isOverdueRateAgreed: false })
    bites('CN.PL.28.2', rate({ overdueInterest: '9.01' }), { isOverdueRateAgreed: false })
    bites('CN.PL.24', rate({ interest: '0.01' }), { isTermRateAgreed: false })
    bites('CN.PL.27', sum('rolledOverTotal', 114_01, 'CNY'))
    bites('CN.PL.26', sum('principal', 100_01, 'CNY'))
  }
})

t.test('limitation: exactly what begins it anew, and obstacles in exactly the last six months', async t => {
  const last = (names: string, facts: LimitationFacts) => limitationVerdict(packs(names), facts, { act: 'fileClaim', on: '2025-06-30' }).lastOn
  const all = ['demandReached', 'partialPayment', 'borrowerAgrees', 'acknowledgement', 'assignmentNoticeReached', 'lawsuit', 'arbitration', 'paymentOrder', 'criminalReport', 'enforcementAct'] as const
  const begins = (names: string) => all.filter(type => last(names, { dueOn: '2022-06-30', events: [{ type, on: '2025-02-03' }] }) === '2028-02-03')
  // 民法典 195; 诉讼时效规定 8, 10, 11, 13, 17: a demand, agreement, suit, arbitration, a payment order, a report to the police, notice of assignment.
  t.same(begins('CN.CIVIL'), all.filter(type => type !== 'acknowledgement' && type !== 'enforcementAct'))
  // § 212 Abs. 1 BGB: acknowledgement, by part payment or otherwise, and acts of enforcement.
  t.same(begins('DE'), ['partialPayment', 'acknowledgement', 'enforcementAct'])
  // 民法典 194: within the last six months, and six months from the end of the obstacle.
  t.equal(last('CN.CIVIL', { dueOn: '2022-06-30', suspensions: [{ from: '2024-11-01', to: '2025-01-10' }] }), '2025-07-10')
  t.equal(last('CN.CIVIL', { dueOn: '2022-06-30', suspensions: [{ from: '2024-11-01', to: '2024-12-29' }] }), '2025-06-30')
})

t.test('records are kept to the end of the last day of their term, and not one more', async t => {
  for (const [names, record, recordedOn, lastKept] of [
    ['CN.PIPL', 'piImpactAssessment', '2026-05-01', '2029-05-01'], ['CN.CCARD2011', 'collectionCallRecording', '2026-05-01', '2028-05-01'],
    ['CN.CFC2024', 'collectionRecord', '2026-05-01', '2031-05-01'], ['US.FDCPA', 'callRecording', '2026-05-01', '2029-05-01'],
  ] as const) {
    const verdict = (on: string) => retentionVerdict(packs(names), { recordedOn }, { act: 'delete', record, on })
    t.match(verdict(lastKept), { verdict: 'wait', earliestOn: addDays(lastKept, 1) }, record)
    t.match(verdict(addDays(lastKept, 1)), { verdict: 'allowed' }, `${record}: the day after`)
  }
})

t.test('among several debts each step of the order decides by itself, in China as in Germany', async t => {
  const debt = (name: string, more: Partial<OwedDebt> = {}): OwedDebt => ({ debt: name, amount: 100, isDue: true, dueOn: '2025-01-01', security: 5, burden: '5', ...more })
  const paid = (names: string, first: Partial<OwedDebt>, second: Partial<OwedDebt>, designates?: string) =>
    allocationVerdict(packs(names), { debts: [debt('a', first), debt('b', second)] }, { on, payment: 60, currency: 'EUR', ...designates !== undefined && { designates } }).debts?.map(({ amount }) => amount)
  for (const names of ['CN.CIVIL', 'DE']) {
    // What decides sends the payment to `b`, and whatever comes after it to `a`.
    t.same(paid(names, {}, { isDue: false, security: 9, burden: '1', dueOn: '2026-01-01' }, 'b'), [0, 60], `${names}: the borrower says`)
    t.same(paid(names, { isDue: false, security: 1, burden: '9', dueOn: '2024-01-01' }, {}), [0, 60], `${names}: due`)
    t.same(paid(names, { burden: '9', dueOn: '2024-01-01' }, { security: 1 }), [0, 60], `${names}: less secured`)
    t.same(paid(names, { dueOn: '2024-01-01' }, { burden: '9' }), [0, 60], `${names}: the heavier burden`)
    t.same(paid(names, {}, { dueOn: '2024-01-01' }), [0, 60], `${names}: the earlier`)
    t.same(paid(names, {}, {}), [30, 30], `${names}: in proportion`)
  }
})

t.test('a rule of several conditions needs every one of them', async t => {
  const bites = (rule: string, names: string, facts: Facts, asked: Action) => decide(packs(names), facts, asked).reasons.some(reason => reason.rule === rule)
  const agent = (more: Partial<Action> = {}, channel: Action['channel'] = 'visit') => action('2027-05-06T11:00:00Z', channel, { actor: 'enforcementAgent', purpose: 'takeControlOfGoods', ...more })
  const none: [rule: string, names: string, facts: Facts, asked: Action][] = [
    ['CN.CBA.VISIT.ENTRY', 'CN.CBA2026', shanghai(), action('2027-05-06T04:00:00Z', 'call', { entersPrivatePremises: true })],
    ['EU.CSD.10_2', 'EU.CSD', at('Europe/Berlin'), action('2027-05-06T11:00:00Z', 'letter')],
    ['UK.BS.12.4', 'UK.BS', london(), agent()],
    ['UK.BS.12.4', 'UK.BS', london({ moratoriumActive: true }), agent({ actor: 'lender' })],
    ['UK.BS.12.4', 'UK.BS', london({ moratoriumActive: true }), agent({}, 'letter')],
    ['UK.CONC.7.15.7', 'UK.CONC', london(), action('2027-05-06T11:00:00Z', 'letter', { purpose: 'threatenLegalAction' })],
    ['US.F.6B3.WORK', 'US.FDCPA', newYork(), action('2027-05-06T15:00:00Z', 'call', { place: 'workplace' })],
    ['US.F.26.TIMEBARRED', 'US.FDCPA', newYork(), action('2027-05-06T15:00:00Z', 'letter', { purpose: 'bringLegalAction' })],
  ]
  for (const [rule, names, facts, asked] of none) t.notOk(bites(rule, names, facts, asked), rule)
  t.ok(bites('UK.BS.12.4', 'UK.BS', london({ moratoriumActive: true }), agent()), 'and has them')
  t.same(rulesOf('UK.BS', {}, sum('fee', 1, 'GBP')), [], 'without a moratorium charges run')
})
