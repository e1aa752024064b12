import fc from 'fast-check'
import t from 'tap'
import { allocationVerdict, answer, decideQuestions, legalOrderOf, recompute } from '../../src/modules/policy/index.ts'
import type { AllocationFacts, AllocationVerdict, OwedDebt, PaymentAsked, StoredDecision } from '../../src/modules/policy/index.ts'
import { library } from '../../src/modules/policy/library.core.ts'
import { readPack } from '../../src/modules/policy/pack.core.ts'
import { world } from '../world.ts'
import { packs } from './policy.rows.ts'

const asked = (payment: number, designates?: string): PaymentAsked => ({ on: '2026-11-01', payment, currency: 'EUR', ...designates !== undefined && { designates } })
const owed = { costs: 40, interest: 30, principal: 500, penalty: 20 }

t.test('parts of a debt are paid in the order of the law, or the one agreed where it lets it be', async t => {
  type Row = [promise: string, packs: string, facts: AllocationFacts, payment: number, settled: [costs: number, penalty: number, interest: number, principal: number, left: number], rule: string]
  const rows: Row[] = [
    ['costs, interest, principal', 'CN.CIVIL', { balance: { ...owed, penalty: 0 } }, 100, [40, 0, 30, 30, 0], 'CN.CC.561'],
    ['a penalty goes with interest, and before it', 'CN.CIVIL', { balance: owed }, 85, [40, 20, 25, 0, 0], 'CN.CC.561'],
    ['what is left of everything', 'CN.CIVIL', { balance: owed }, 600, [40, 20, 30, 500, 10], 'CN.CC.561'],
    ['what is left out of a balance is not owed', 'CN.CIVIL', { balance: { principal: 5 } }, 6, [0, 0, 0, 5, 1], 'CN.CC.561'],
    ['as agreed', 'CN.CIVIL', { balance: owed, agreedOrder: ['principal', 'interest', 'costs'] }, 545, [15, 0, 30, 500, 0], 'CN.CC.561'],
    ['what an agreement leaves out comes after', 'CN.CIVIL', { balance: owed, agreedOrder: ['principal'] }, 565, [40, 20, 5, 500, 0], 'CN.CC.561'],
    ['a law that lets nothing be agreed', 'DE', { balance: owed, product: 'creditCard', agreedOrder: ['principal', 'interest', 'costs'] }, 50, [40, 10, 0, 0, 0], 'DE.367'],
    ['any product but one', 'DE', { balance: owed, product: 'other' }, 100, [40, 20, 30, 10, 0], 'DE.367'],
    ['a consumer loan: interest last', 'DE', { balance: owed, product: 'consumerLoan' }, 545, [40, 5, 0, 500, 0], 'DE.497.3'],
  ]
  for (const [promise, names, facts, payment, [costs, penalty, interest, principal, left], rule] of rows) {
    const verdict = allocationVerdict(packs(names), facts, asked(payment))
    t.match(verdict, { verdict: 'allowed', parts: { costs, penalty, interest, principal }, debts: null, left, rule: { rule }, reasons: [], strength: 'advisory' }, promise)
  }
  t.match(allocationVerdict(packs('CN.CIVIL'), { balance: owed, agreedOrder: ['principal'] }, asked(1)), { isAgreed: true, order: ['principal', 'costs', 'penalty', 'interest'], packVersions: { 'CN.CIVIL': '2021-01-01.1' } })
  t.match(allocationVerdict(packs('DE'), { balance: owed, product: 'other', agreedOrder: ['principal'] }, asked(1)), { isAgreed: false, order: ['costs', 'penalty', 'interest', 'principal'] })
})

t.test('an order that is not known is refused, not guessed', async t => {
  const refused = { verdict: 'denied', order: [], parts: null, debts: null, left: null, rule: null, strength: 'mandatory' }
  t.match(allocationVerdict(packs('DE'), { balance: owed }, asked(1)), { ...refused, reasons: [{ rule: 'DE.497.3', facts: { missing: ['facts.product'] } }] }, 'which of two rules it is')
  t.match(allocationVerdict(packs('US.FDCPA'), { balance: owed }, asked(1)), { ...refused, reasons: [{ rule: 'RECOUP.NO_RULE' }] }, 'no law says')
  t.match(allocationVerdict([], { balance: owed }, asked(1)), { ...refused, reasons: [{ rule: 'RECOUP.NO_PACK' }] }, 'no law is known')
  t.match(allocationVerdict(packs('CN.CIVIL DE'), { balance: owed, product: 'consumerLoan' }, asked(1)), { ...refused, reasons: [{ rule: 'CN.CC.561' }, { rule: 'DE.497.3' }] }, 'two laws disagree')
  t.match(allocationVerdict(packs('CN.CIVIL DE'), { balance: owed, product: 'other' }, asked(1)), { verdict: 'allowed', rule: { rule: 'CN.CC.561' } }, 'two agree')
  t.match(legalOrderOf(packs('DE'), { product: 'consumerLoan' }), { order: ['costs', 'principal', 'penalty', 'interest'], isAgreed: false, rule: { rule: 'DE.497.3', clause: '§ 497 Abs. 3 BGB' } })
  t.match(legalOrderOf(packs('DE'), {}), { reasons: [{ rule: 'DE.497.3' }] })
})

const debt = (name: string, more: Partial<OwedDebt> = {}): OwedDebt => ({ debt: name, amount: 100, isDue: true, dueOn: '2025-01-01', ...more })

t.test('among several debts each rule decides where those before it say nothing', async t => {
  type Row = [promise: string, packs: string, debts: OwedDebt[], payment: PaymentAsked, settled: number[], more?: Partial<AllocationFacts>]
  const rows: Row[] = [
    ['the borrower says which', 'DE', [debt('a'), debt('b', { isDue: false })], asked(60, 'b'), [0, 60]],
    ['what is left of that goes as the law has it', 'DE', [debt('a'), debt('b', { isDue: false }), debt('c', { dueOn: '2024-01-01' })], asked(130, 'b'), [0, 100, 30]],
    ['due before not due', 'CN.CIVIL', [debt('a', { isDue: false, dueOn: '2024-01-01' }), debt('b', { security: 9 })], asked(60), [0, 60]],
    ['least secured first', 'CN.CIVIL', [debt('a', { security: 2, burden: '30' }), debt('b', { security: 1 }), debt('c', { security: 2 })], asked(130), [30, 100, 0]],
    ['the heavier burden, exactly', 'CN.CIVIL', [debt('a', { burden: '0.3333', dueOn: '2024-01-01' }), debt('b', { burden: '1/3' })], asked(60), [0, 60]],
    ['what was due earlier', 'CN.CIVIL', [debt('a'), debt('b', { dueOn: '2024-12-31' })], asked(60), [0, 60]],
    ['all not due: the same', 'CN.CIVIL', [debt('a', { isDue: false, dueOn: '2027-02-01' }), debt('b', { isDue: false, dueOn: '2027-01-01' })], asked(60), [0, 60]],
    ['the older, not the one due earlier', 'DE', [debt('a', { arisenOn: '2024-06-01' }), debt('b', { dueOn: '2025-05-01', arisenOn: '2024-01-01' })], asked(60), [0, 60]],
    ['its age, where only its day is known, is that', 'DE', [debt('a'), debt('b', { dueOn: '2024-12-01' })], asked(60), [0, 60]],
    ['in proportion, and every cent somewhere', 'CN.CIVIL', [debt('a'), debt('b', { amount: 200 }), debt('c', { dueOn: '2026-01-01' })], asked(100), [33, 67, 0]],
    ['a rank is paid whole before the next', 'CN.CIVIL', [debt('a', { dueOn: '2026-01-01' }), debt('b'), debt('c')], asked(230), [30, 100, 100]],
    ['as agreed', 'CN.CIVIL', [debt('a'), debt('b'), debt('c', { dueOn: '2026-01-01' })], asked(130, 'b'), [0, 30, 100], { agreedDebts: ['c', 'b'] }],
    ['by what was agreed to decide', 'CN.CIVIL', [debt('a', { burden: '9' }), debt('b')], asked(60), [30, 30], { agreedCriteria: ['proRata'] }],
    ['where that may not be agreed', 'DE', [debt('a', { burden: '9' }), debt('b')], asked(60), [60, 0], { agreedCriteria: ['proRata'] }],
    ['where nothing may be agreed', 'DE', [debt('a'), debt('b')], asked(60, 'a'), [60, 0], { agreedDebts: ['b'] }],
    ['enough for all needs no order', 'CN.CIVIL', [debt('a', { dueOn: undefined } as object), debt('b')], asked(200), [100, 100]],
  ]
  for (const [promise, names, debts, payment, settled, more] of rows) {
    const verdict = allocationVerdict(packs(names), { debts: debts.map(one => JSON.parse(JSON.stringify(one)) as OwedDebt), ...more }, payment)
    t.match(verdict, { verdict: 'allowed', parts: null, debts: debts.map(({ debt }, i) => ({ debt, amount: settled[i] })) }, promise)
  }
  const { dueOn: _dueOn, ...undated } = debt('a')
  const refused = (debts: OwedDebt[], payment: PaymentAsked, missing: string[]) => { t.match(allocationVerdict(packs('CN.CIVIL'), { debts }, payment), { verdict: 'denied', debts: null, left: null, reasons: [{ rule: 'CN.CC.560', facts: { missing } }] }) }
  refused([undated, debt('b')], asked(60), ['facts.debts.dueOn'])
  refused([debt('a'), debt('a')], asked(60), ['facts.debts'])
  refused([debt('a'), debt('b')], asked(200, 'c'), ['facts.debts'])
  t.match(allocationVerdict(packs('US.FDCPA'), { debts: [debt('a')] }, asked(1)), { verdict: 'denied', reasons: [{ rule: 'RECOUP.NO_RULE' }] })
})

t.test('a payment is never more nor less than what it settles and what is left', async t => {
  const some = fc.record({ amount: fc.integer({ min: 0, max: 300 }), isDue: fc.boolean(), dueOn: fc.constantFrom('2025-01-01', '2025-06-01'), security: fc.integer({ min: 0, max: 1 }), burden: fc.constantFrom('0', '5') })
  fc.assert(fc.property(fc.array(some, { minLength: 1, maxLength: 8 }), fc.integer({ min: 1, max: 1500 }), (all, payment) => {
    const debts = all.map((one, i) => ({ ...one, debt: `d${i}` }))
    const { debts: settled, left } = allocationVerdict(packs('CN.CIVIL'), { debts }, asked(payment))
    t.equal(settled!.reduce((total, { amount }) => total + amount, 0) + left!, payment)
    t.ok(settled!.every(({ amount }, i) => amount >= 0 && amount <= debts[i]!.amount))
    const turned = allocationVerdict(packs('CN.CIVIL'), { debts: [...debts].reverse() }, asked(payment)).debts!.reverse()
    t.ok(settled!.every(({ amount }, i) => Math.abs(amount - turned[i]!.amount) <= 1), 'the order in which debts are named moves a cent at most')
  }), { numRuns: 200 })
})

t.test('a rule that replaces one that is not there stops the boot', async t => {
  const german = library.find(({ id }) => id === 'DE')!
  t.throws(() => readPack({ ...german, rules: german.rules.filter(({ id }) => id !== 'DE.367') }), /replaces DE.367, which is not there/)
})

t.test('over HTTP: an order is asked, decided and kept', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const ask = async (body: object) => await w.call(us, 'POST', '/v1/policy-decisions', { kind: 'allocation', ...body })
  const question = { facts: { balance: owed }, action: asked(100) }
  t.match((await ask({ ...question, selection: { jurisdiction: 'DE', product: 'consumerLoan' } })).json(), { verdict: 'allowed', rule: { rule: 'DE.497.3' }, parts: { costs: 40, principal: 60, interest: 0, penalty: 0 }, left: 0 })
  t.match((await ask({ ...question, packs: ['DE'], facts: {} })).json(), { status: 400 }, 'one debt or several')
  t.match((await ask({ ...question, packs: ['DE'], facts: { balance: owed, debts: [debt('a')] } })).json(), { status: 400 }, 'and not both')
  t.match((await ask({ ...question, packs: ['DE'], action: { ...asked(100), payment: 0 } })).json(), { status: 400, errors: [{ pointer: '/action/payment' }] })
  const request = { accountId: null, partyId: null, packs: packs('CN.CIVIL'), facts: { debts: [debt('a'), debt('b')] }, action: asked(31) }
  const [kept] = await w.tx(us, async tx => await decideQuestions(tx, 'allocation', [request]))
  const shown = await w.ok<StoredDecision & { verdict: AllocationVerdict }>(us, 'GET', `/v1/policy-decisions/${kept!.id}`)
  t.match(shown, { kind: 'allocation', facts: request.facts, action: request.action, verdict: { debts: [{ debt: 'a', amount: 16 }, { debt: 'b', amount: 15 }] } })
  t.equal(JSON.stringify(recompute(shown)), JSON.stringify(answer(request.packs, { kind: 'allocation', ...request })), 'the same bytes')
  await t.rejects(w.tx(us, async tx => await decideQuestions(tx, 'allocation', [{ ...request, facts: { debts: [debt('+86 138 0013 8000')] } }])), /ids only/)
  t.same(w.failures, [])
})
