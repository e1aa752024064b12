import fc from 'fast-check'
import t from 'tap'
import type { Test } from 'tap'
import { compareR, formatR, ratio, rational, sumR } from '../../src/kernel/index.ts'
import { chargeVerdict } from '../../src/modules/policy/charges.core.ts'
import type { Quantity } from '../../src/modules/policy/charges.core.ts'
import { chargeFlagMeanings, chargeTypes } from '../../src/modules/policy/charges.facts.core.ts'
import type { Charge, ChargeFacts, ChargeType, Component } from '../../src/modules/policy/charges.facts.core.ts'
import { decideCharges, recompute, selectPacks } from '../../src/modules/policy/index.ts'
import type { ChargeVerdict, StoredDecision } from '../../src/modules/policy/index.ts'
import { fieldsOf, readPack } from '../../src/modules/policy/pack.core.ts'
import { library } from '../../src/modules/policy/library.core.ts'
import { strangeId, world } from '../world.ts'
import { packs } from './policy.rows.ts'

const on = '2026-11-01'
const rate = (rates: Partial<Record<Component, string>>, more: object = {}): Charge => ({ act: 'chargeRate', on, rates, ...more })
const sum = (chargeType: ChargeType, amount: number, currency: string, more: object = {}): Charge => ({ act: 'chargeSum', on, chargeType, amount, currency, ...more })
const plan = (months: number): Charge => ({ act: 'agreePlan', on, months })

/** What a row expects: how much at most (a rate as text, minor units, months; null: none is known), and the rules that deny. */
type Row = [promise: string, packs: string, facts: ChargeFacts, charge: Charge, maximum: string | number | null, ...rules: string[]]

const plainOf = (quantity: Quantity | null): string | number | null => quantity === null ? null : 'ratePercent' in quantity ? quantity.ratePercent : 'months' in quantity ? quantity.months : quantity.amount

function check (t: Pick<Test, 'equal' | 'same'>, rows: Row[]): void {
  for (const [promise, names, facts, charge, maximum, ...rules] of rows) {
    const verdict = chargeVerdict(packs(names), facts, charge)
    t.equal(verdict.verdict, rules.length === 0 ? 'allowed' : 'denied', promise)
    t.same(verdict.reasons.map(({ rule }) => rule).sort(), rules.sort(), `${promise}: why`)
    t.equal(plainOf(verdict.maximum), maximum, `${promise}: at most`)
  }
}

const agreed = { isTermRateAgreed: true, isOverdueRateAgreed: true }
const privately: ChargeFacts = { lenderType: 'privateLender', rates: { lpr1yAtContract: '3.85', lpr1yNow: '3.45', termRate: '9' }, ...agreed }
const bank: ChargeFacts = { lenderType: 'bank', product: 'cashLoan', contractOn: '2026-01-05', rates: { contractRate: '6' } }
const assisted: ChargeFacts = { ...bank, product: 'internetAssistedLoan' }

t.test('China, private lending: what costs together is capped together, exactly', async t => {
  check(t, [
    ['interest to four times the rate of the contract\'s day', 'CN.SPC.PL', privately, rate({ interest: '15.4' }), '15.4'],
    ['and not a trifle more', 'CN.SPC.PL', privately, rate({ interest: '15.400000000001' }), '15.4', 'CN.PL.25'],
    ['overdue interest, penalty and fees are one sum', 'CN.SPC.PL', privately, rate({ overdueInterest: '9', penalty: '4', fees: '2.4' }), '15.4'],
    ['none of which may carry it over', 'CN.SPC.PL', privately, rate({ overdueInterest: '9', penalty: '4', fees: '2.5' }), '15.4', 'CN.PL.29'],
    ['interest of the term is apart from them', 'CN.SPC.PL', privately, rate({ interest: '15.4', penalty: '15.4' }), '15.4'],
    ['fractions are exact', 'CN.SPC.PL', { ...privately, rates: { lpr1yAtContract: '10/3' } }, rate({ interest: '40/3' }), '40/3'],
    ['nothing agreed: the rate of today', 'CN.SPC.PL', { ...privately, isTermRateAgreed: false, isOverdueRateAgreed: false }, rate({ overdueInterest: '3.46' }), '3.45', 'CN.PL.28.1'],
    ['only a term rate: that rate', 'CN.SPC.PL', { ...privately, isOverdueRateAgreed: false }, rate({ overdueInterest: '9' }), '9'],
    ['no term rate: no interest', 'CN.SPC.PL', { ...privately, isTermRateAgreed: false }, rate({ interest: '0.01' }), '0', 'CN.PL.24'],
    ['even where nothing at all was agreed', 'CN.SPC.PL', { ...privately, isTermRateAgreed: false, isOverdueRateAgreed: false }, rate({ interest: '0.01' }), '0', 'CN.PL.24'],
    ['a lender of another kind is another law\'s', 'CN.SPC.PL', { ...privately, lenderType: 'microLender' }, rate({ interest: '30' }), null],
    ['a lender of a kind not said may be private', 'CN.SPC.PL', { rates: privately.rates!, ...agreed }, rate({ interest: '30' }), '15.4', 'CN.PL.25'],
    ['what was agreed is not said', 'CN.SPC.PL', { lenderType: 'privateLender', rates: privately.rates! }, rate({ interest: '1' }), null, 'CN.PL.24'],
    ['nor whether a rate for the time after', 'CN.SPC.PL', { lenderType: 'privateLender', rates: privately.rates!, isTermRateAgreed: true }, rate({ overdueInterest: '1' }), null, 'CN.PL.28.2'],
    ['the base is not said', 'CN.SPC.PL', { lenderType: 'privateLender', ...agreed }, rate({ interest: '1' }), null, 'CN.PL.25'],
    ['a sum is no rate, and cannot be compared with one', 'CN.SPC.PL', privately, sum('fee', 100, 'CNY'), null, 'CN.PL.29'],
    ['a debt rolled over: two years and a half at 15.4%', 'CN.SPC.PL', { ...privately, originalPrincipal: 100_000_01, totalYears: '5/2' }, sum('rolledOverTotal', 138_500_01, 'CNY'), 138_500_01],
    ['not a cent more', 'CN.SPC.PL', { ...privately, originalPrincipal: 100_000_01, totalYears: '5/2' }, sum('rolledOverTotal', 138_500_02, 'CNY'), 138_500_01, 'CN.PL.27'],
    ['its years are not said', 'CN.SPC.PL', { ...privately, originalPrincipal: 1 }, sum('rolledOverTotal', 1, 'CNY'), null, 'CN.PL.27'],
    ['beyond the range of exact integers, the most there is', 'CN.SPC.PL', { ...privately, originalPrincipal: Number.MAX_SAFE_INTEGER, totalYears: '99' }, sum('rolledOverTotal', 1, 'CNY'), Number.MAX_SAFE_INTEGER],
    ['principal is what was paid out', 'CN.SPC.PL', { ...privately, disbursedAmount: 900 }, sum('principal', 901, 'CNY'), 900, 'CN.PL.26'],
    ['which is not said', 'CN.SPC.PL', privately, sum('principal', 901, 'CNY'), null, 'CN.PL.26'],
  ])
  t.match(chargeVerdict(packs('CN.SPC.PL'), {}, rate({ overdueInterest: '1' })).reasons, [{ rule: 'CN.PL.29', facts: { missing: ['facts.rates.lpr1yAtContract'] } }, { rule: 'CN.PL.28.1', facts: { missing: ['facts.isOverdueRateAgreed', 'facts.isTermRateAgreed'] } }, { rule: 'CN.PL.28.2' }])
})

t.test('China: banks, cards, heirs and what is forbidden by name', async t => {
  check(t, [
    ['an overdue rate of one and a half times', 'CN.FIN.RATE', bank, rate({ overdueInterest: '9' }), '9'],
    ['the least of two limits', 'CN.FIN.RATE', assisted, rate({ interest: '16', overdueInterest: '9' }), '9', 'CN.ZHUDAI.24'],
    ['both broken, both named', 'CN.FIN.RATE', assisted, rate({ interest: '16', overdueInterest: '9.5' }), '9', 'CN.ZHUDAI.24', 'CN.PBOC.251.OVERDUE'],
    ['a guarantee fee is a cost', 'CN.FIN.RATE', assisted, rate({ interest: '20', guaranteeFee: '4.1' }), '24', 'CN.ZHUDAI.24'],
    ['a contract before the rule', 'CN.FIN.RATE', { ...assisted, contractOn: '2025-09-30' }, rate({ interest: '30' }), null],
    ['on its first day', 'CN.FIN.RATE', { ...assisted, contractOn: '2025-10-01' }, rate({ interest: '30' }), '24', 'CN.ZHUDAI.24'],
    ['a contract of a day not said', 'CN.FIN.RATE', { lenderType: 'bank', product: 'internetAssistedLoan' }, rate({ interest: '30' }), '24', 'CN.ZHUDAI.24'],
    ['a fee in the name of collection', 'CN.CBA2026', {}, sum('collectionFeeInNameOfCollection', 1, 'CNY'), 0, 'CN.CBA.EXTRA_FEE'],
    ['a plan of five years', 'CN.CCARD2011', {}, plan(60), 60],
    ['and one month', 'CN.CCARD2011', {}, plan(61), 60, 'CN.CC.70.TERM'],
    ['an heir, up to the estate', 'CN.CIVIL', { estateValue: 100 }, sum('heirLiability', 100, 'CNY'), 100],
    ['and no further', 'CN.CIVIL', { estateValue: 99 }, sum('heirLiability', 100, 'CNY'), 99, 'CN.CC.1161'],
    ['an heir who renounced', 'CN.CIVIL', { estateValue: 100, flags: { heirRenounced: true } }, sum('heirLiability', 1, 'CNY'), 0, 'CN.CC.1161'],
    ['an estate nobody valued', 'CN.CIVIL', {}, sum('heirLiability', 1, 'CNY'), null, 'CN.CC.1161'],
  ])
})

t.test('the United States and Britain', async t => {
  const business = (debtAmount: number): ChargeFacts => ({ borrowerType: 'business', debtAmount })
  const moratorium: ChargeFacts = { flags: { moratoriumActive: true } }
  check(t, [
    ['no authority, no charge', 'US.FDCPA', {}, sum('collectionFee', 1, 'USD'), 0, 'US.F.808_1.FEE'],
    ['nor interest', 'US.FDCPA', {}, rate({ interest: '1' }), '0', 'US.F.808_1.FEE'],
    ['the agreement\'s', 'US.FDCPA', {}, sum('collectionFee', 1, 'USD', { authorizedByAgreement: true }), null],
    ['the law\'s', 'US.FDCPA', {}, rate({ interest: '1' }, { permittedByLaw: true }), null],
    ['a plan is no charge', 'US.FDCPA', {}, plan(900), null],
    ['in a moratorium nothing accrues', 'UK.BS', moratorium, rate({ penalty: '1' }), '0', 'UK.BS.7.CHARGES'],
    ['on a debt outside it, it does', 'UK.BS', moratorium, rate({ penalty: '1' }, { debtInMoratorium: false }), null],
    ['below a thousand pounds', 'UK.LPCDA', business(999_99), sum('latePaymentFixedSum', 40_00, 'GBP'), 40_00],
    ['at a thousand', 'UK.LPCDA', business(1000_00), sum('latePaymentFixedSum', 70_00, 'GBP'), 70_00],
    ['below ten thousand', 'UK.LPCDA', business(9_999_99), sum('latePaymentFixedSum', 100_00, 'GBP'), 70_00, 'UK.LP.5A'],
    ['at ten thousand', 'UK.LPCDA', business(10_000_00), sum('latePaymentFixedSum', 100_00, 'GBP'), 100_00],
    ['an authority is in business here', 'UK.LPCDA', { borrowerType: 'publicAuthority', debtAmount: 1 }, sum('latePaymentFixedSum', 40_00, 'GBP'), 40_00],
    ['a consumer owes none', 'UK.LPCDA', { borrowerType: 'consumer', debtAmount: 1 }, sum('latePaymentFixedSum', 1, 'GBP'), 0, 'UK.LP.5A'],
    ['nor somebody who may be one', 'UK.LPCDA', { debtAmount: 1 }, sum('latePaymentFixedSum', 1, 'GBP'), null, 'UK.LP.5A'],
    ['of a debt of a size not said', 'UK.LPCDA', { borrowerType: 'business' }, sum('latePaymentFixedSum', 1, 'GBP'), null, 'UK.LP.5A'],
    ['in euros', 'UK.LPCDA', business(1), sum('latePaymentFixedSum', 1, 'EUR'), null, 'UK.LP.5A'],
    ['eight points above the bank', 'UK.LPCDA', { borrowerType: 'business', rates: { boeReference: '4.75' } }, rate({ overdueInterest: '12.76' }), '12.75', 'UK.LP.6'],
  ])
  for (const type of chargeTypes.slice(0, -3)) check(t, [[`in a moratorium: no ${type}`, 'UK.BS', moratorium, sum(type, 1, 'GBP'), 0, 'UK.BS.7.CHARGES']])
  for (const type of chargeTypes.slice(-3)) check(t, [[`in a moratorium: ${type} is the debt itself`, 'UK.BS', moratorium, sum(type, 1, 'GBP'), null]])
})

t.test('Germany and the Union', async t => {
  const consumer: ChargeFacts = { borrowerType: 'consumer', rates: { basiszinssatz: '1.27' } }
  const business: ChargeFacts = { borrowerType: 'business', rates: { basiszinssatz: '1.27', ecbMroReference: '2.15' } }
  const cost = (debtAmount: number, more: ChargeFacts = {}): ChargeFacts => ({ debtAmount, mandateOn: '2025-06-01', feeCase: 'uncontestedNormal', ...more })
  const old = { mandateOn: '2025-05-31' } as const
  check(t, [
    ['five points for a consumer', 'DE', consumer, rate({ interest: '6.27' }), '6.27'],
    ['by either name', 'DE', consumer, rate({ overdueInterest: '6.28' }), '6.27', 'DE.288.1'],
    ['a base below zero', 'DE', { borrowerType: 'consumer', rates: { basiszinssatz: '-0.88' } }, rate({ interest: '4.12' }), '4.12'],
    ['a base so far below that nothing is left', 'DE', { borrowerType: 'consumer', rates: { basiszinssatz: '-7' } }, rate({ interest: '0' }), '0'],
    ['more that was agreed', 'DE', { ...consumer, flags: { higherContractOrDamage: true } }, rate({ interest: '9' }), null],
    ['nine without a consumer', 'DE', business, rate({ interest: '10.28' }), '10.27', 'DE.288.2'],
    ['an authority is no consumer', 'DE', { ...business, borrowerType: 'publicAuthority' }, rate({ interest: '10.28' }), '10.27', 'DE.288.2'],
    ['whoever it is, the less of both', 'DE', { rates: { basiszinssatz: '1.27' } }, rate({ interest: '10.27' }), '6.27', 'DE.288.1'],
    ['no interest on interest', 'DE', business, sum('interestOnInterest', 1, 'EUR'), 0, 'DE.289'],
    ['forty euros of a business', 'DE', business, sum('latePaymentFixedSum', 40_01, 'EUR'), 40_00, 'DE.288.5'],
    ['none of a consumer', 'DE', consumer, sum('latePaymentFixedSum', 1, 'EUR'), 0, 'DE.288.5'],
    ['the Union\'s floor where no national rule speaks', 'EU.LPD', business, rate({ interest: '10.15' }), '10.15'],
    ['it gives way to one that does', 'DE EU.LPD', business, rate({ interest: '10.27' }), '10.27'],
    ['whether its own facts are known or not', 'DE EU.LPD', { borrowerType: 'business', rates: { basiszinssatz: '1.27' } }, rate({ interest: '10.27' }), '10.27'],
    ['and grants nothing to a consumer', 'EU.LPD', consumer, rate({ interest: '1' }), '0', 'EU.LPD.2_6'],
    ['nor perhaps to one', 'EU.LPD', { rates: { ecbMroReference: '2.15' } }, rate({ interest: '1' }), null, 'EU.LPD.2_6'],
    ['a collection in a simple case: 0.5 of 51.50 is 25.75, and 5.15', 'DE', cost(500_00, { feeCase: 'uncontestedSimple' }), sum('collectionCost', 30_90, 'EUR'), 30_90],
    ['of a claim of a cent more than the first step', 'DE', cost(500_01), sum('collectionCost', 1, 'EUR'), 100_44],
    ['hard, of 1000: 1.3 of 93.00 is 120.90, and 20', 'DE', cost(1000_00, { feeCase: 'hard' }), sum('collectionCost', 140_91, 'EUR'), 140_90, 'DE.RVG'],
    ['of 50,000, every step: 0.9 of 1,357.00 is 1,221.30, and 20', 'DE', cost(50_000_00), sum('collectionCost', 1, 'EUR'), 1_241_30],
    ['beyond the table', 'DE', cost(50_000_01), sum('collectionCost', 1, 'EUR'), null, 'DE.RVG'],
    ['the table before, to its last day', 'DE', cost(500_00, old), sum('collectionCost', 52_92, 'EUR'), 52_92],
    ['its fee of the smallest claims: 0.5 of 30 is 15, and 3', 'DE', cost(50_00, { ...old, feeCase: 'uncontestedSimple' }), sum('collectionCost', 18_00, 'EUR'), 18_00],
    ['which is not known of the table since', 'DE', cost(50_00), sum('collectionCost', 1, 'EUR'), null, 'DE.RVG'],
    ['before any table', 'DE', cost(500_00, { mandateOn: '2021-09-30' }), sum('collectionCost', 1, 'EUR'), null, 'DE.RVG'],
    ['by another name', 'DE', cost(500_00), sum('collectionFee', 56, 'EUR'), 55_62],
    ['with nothing known', 'DE', {}, sum('collectionCost', 1, 'EUR'), null, 'DE.RVG'],
  ])
  t.same(chargeVerdict(packs('DE'), {}, sum('collectionCost', 1, 'EUR')).reasons[0]!.facts.missing, ['facts.debtAmount', 'facts.mandateOn', 'facts.feeCase'])
})

t.test('an answer names every limit, kept or not, with what was asked of it', async t => {
  const verdict = chargeVerdict(packs('CN.FIN.RATE'), { ...assisted, flags: { moratoriumActiv: true } }, rate({ interest: '10', overdueInterest: '9.5' }))
  t.match(verdict, {
    verdict: 'denied', strength: 'mandatory', packVersions: { 'CN.FIN.RATE': '2004-01-01.1' }, unreadFlags: ['moratoriumActiv'],
    limits: [
      { rule: 'CN.PBOC.251.OVERDUE', pack: 'CN.FIN.RATE', of: ['overdueInterest'], asked: { ratePercent: '9.5' }, maximum: { ratePercent: '9' } },
      { rule: 'CN.ZHUDAI.24', of: ['interest', 'overdueInterest'], asked: { ratePercent: '19.5' }, maximum: { ratePercent: '24' } },
    ],
    reasons: [{ rule: 'CN.PBOC.251.OVERDUE', clause: '银发〔2003〕251号 三', facts: { fields: ['overdueInterest'] } }],
  })
  t.match(chargeVerdict([], {}, plan(1)), { verdict: 'denied', maximum: null, strength: 'mandatory', reasons: [{ rule: 'RECOUP.NO_PACK' }] }, 'no law known is no leave')
  t.match(chargeVerdict(packs('US.FDCPA'), {}, sum('fee', 1, 'USD')).reasons, [{ lift: /express authority/, facts: { fields: ['action.authorizedByAgreement', 'action.permittedByLaw'] } }])
})

t.test('a charge is allowed exactly when it is within every maximum, however it is cut into components', async t => {
  const part = fc.integer({ min: 0, max: 20_000 }).map(n => formatR(ratio(BigInt(n), 1000n)))
  fc.assert(fc.property(part, part, part, (overdueInterest, penalty, fees) => {
    const all = { overdueInterest, penalty, fees }
    const total = sumR(Object.values(all).map(rational))
    const { verdict, maximum } = chargeVerdict(packs('CN.SPC.PL'), privately, rate(all))
    t.equal(verdict === 'allowed', compareR(total, rational('15.4')) <= 0, JSON.stringify(all))
    t.same(maximum, { ratePercent: '15.4' })
  }), { numRuns: 200 })
})

t.test('every claim about a charge has a rule that reads it, and a rule reads none but these', async t => {
  const read = new Set(library.flatMap(({ rules }) => rules).flatMap(rule => rule.kind === 'denyChargeIf' ? fieldsOf(rule.when) : rule.kind === 'rateCap' && rule.unless !== undefined ? [`flags.${rule.unless}`] : rule.kind === 'liabilityCap' ? [`flags.${rule.zeroIf}`] : []))
  for (const flag of Object.keys(chargeFlagMeanings)) t.ok(read.has(`flags.${flag}`), flag)
  const pack = library.find(({ id }) => id === 'UK.BS')!
  const rule = pack.rules.find(({ kind }) => kind === 'denyChargeIf')!
  t.throws(() => readPack({ ...pack, rules: [...pack.rules, { ...rule, id: 'UK.BS.X', when: { field: 'action.channel', eq: 'visit' } }] }), /reads action.channel, which no charge has/)
})

t.test('over HTTP: a charge is asked, decided and kept', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'CN' })
  const them = await w.agency()
  const ask = async (body: object) => await w.call(us, 'POST', '/v1/policy-decisions', { kind: 'charge', ...body })
  const charge = rate({ overdueInterest: '9', penalty: '7' })

  t.test('by the packs of its case, which the rules know too', async t => {
    const selection = { jurisdiction: 'CN', lenderType: 'privateLender' }
    t.match((await ask({ selection, facts: { rates: { lpr1yAtContract: '3.85' }, ...agreed }, action: charge })).json(), {
      verdict: 'denied', maximum: { ratePercent: '15.4' }, reasons: [{ rule: 'CN.PL.29' }], packVersions: { 'CN.SPC.PL': '2021-01-01.1', 'CN.CIVIL': '2021-01-01.1' },
    })
    t.notOk('CN.SPC.PL' in (await ask({ selection: { ...selection, lenderType: 'bank' }, facts: { rates: { contractRate: '10' } }, action: charge })).json<ChargeVerdict>().packVersions)
    t.match((await ask({ selection: { jurisdiction: 'BR' }, facts: {}, action: charge })).json(), { verdict: 'denied', maximum: null, reasons: [{ rule: 'RECOUP.NO_PACK' }] })
  })

  t.test('a question of the wrong shape is told what its own kind takes', async t => {
    const refused = async (body: object, pointer: string) => { t.match((await ask(body)).json(), { status: 400, errors: [{ pointer }] }, pointer) }
    const good = { packs: ['US.FDCPA'], facts: {}, action: sum('fee', 100, 'USD') }
    await refused({ ...good, action: { ...good.action, amount: 1.5 } }, '/action/amount')
    await refused({ ...good, action: { ...good.action, rates: { interest: '1' } } }, '/action/rates')
    await refused({ ...good, action: { ...charge, rates: {} } }, '/action/rates')
    await refused({ ...good, action: { ...charge, rates: { interest: '-1' } } }, '/action/rates/interest')
    await refused({ ...good, action: { ...charge, rates: { interest: 1 } } }, '/action/rates/interest')
    await refused({ ...good, action: { ...good.action, on: '2026-02-30' } }, '/action/on')
    await refused({ ...good, action: { ...good.action, on: '1890-01-01' } }, '/action/on')
    await refused({ ...good, facts: { history: [] } }, '/facts/history')
    await refused({ ...good, selection: { jurisdiction: 'US' } }, '/selection')
    t.equal((await ask(good)).statusCode, 200)
    t.equal((await ask({ ...good, packs: ['CN.CBA2026'], action: { ...good.action, on: '2026-01-29' } })).json<{ code: string }>().code, 'pack-not-in-force')
  })

  t.test('what was decided is kept whole, and gives the same bytes again', async t => {
    const accountId = strangeId('account') as `acc_${string}`
    const packs = selectPacks({ jurisdiction: 'CN', lenderType: 'privateLender', borrowerType: 'consumer', on })
    const requests = [charge, rate({ interest: '1' }), plan(12)].map(action => ({ accountId, partyId: null, packs, facts: privately, action }))
    const kept = await w.tx(us, async tx => await decideCharges(tx, requests))
    t.same(kept.map(({ verdict }) => verdict.verdict), ['denied', 'allowed', 'allowed'])
    const shown = await w.ok<StoredDecision & { verdict: ChargeVerdict, packVersions: Record<string, string> }>(us, 'GET', `/v1/policy-decisions/${kept[0]!.id}`)
    t.match(shown, { kind: 'charge', accountId, partyId: null, facts: privately, action: charge, decidedAt: '2026-01-05T09:00:00Z', verdict: { maximum: { ratePercent: '15.4' }, reasons: [{ rule: 'CN.PL.29' }] } })
    t.equal(JSON.stringify(recompute(shown)), JSON.stringify(kept[0]!.verdict), 'made again')
    t.equal((await ask({ packs: Object.keys(shown.packVersions), facts: shown.facts, action: shown.action })).body, JSON.stringify(shown.verdict), 'asked again')
    t.match((await w.call(them, 'GET', `/v1/policy-decisions/${kept[0]!.id}`)).json(), { status: 404 })
  })
  t.same(w.failures, [])
})
