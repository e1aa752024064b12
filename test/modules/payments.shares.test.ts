import t from 'tap'
import { payDebts } from '../../src/modules/policy/index.ts'
import type { OwedDebt } from '../../src/modules/policy/index.ts'
import { criteriaFor, defaultCriteria, shareRules, sharingBy } from '../../src/modules/payments/shares.core.ts'
import type { ShareRule } from '../../src/modules/payments/shares.core.ts'
import { checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { As } from '../world.ts'

/** Three debts: one due and secured, one due earlier at twice the rate, and one that is the oldest and not due yet. */
const debts: OwedDebt[] = [
  { debt: 'a', amount: 100_00, isDue: true, dueOn: '2025-12-01', arisenOn: '2025-01-01', burden: '10' },
  { debt: 'b', amount: 200_00, isDue: true, dueOn: '2025-11-01', arisenOn: '2025-02-01', burden: '20', security: 1 },
  { debt: 'c', amount: 300_00, isDue: false, dueOn: '2026-02-01', arisenOn: '2024-01-01', burden: '10' },
]

t.test('money for several debts goes by the rule that was agreed, and first to the one the borrower named', async t => {
  const table: [rule: ShareRule | undefined, designated: string | undefined, amount: number, shares: number[], why: string][] = [
    ['dueFirst', undefined, 150_00, [0, 150_00, 0], 'due earliest'], ['dueFirst', undefined, 350_00, [100_00, 200_00, 50_00], 'then what is not due'],
    ['oldestFirst', undefined, 150_00, [0, 0, 150_00], 'arisen first, due or not'], ['dearestFirst', undefined, 250_00, [50_00, 200_00, 0], 'at the highest rate; of two at one rate the one due first'],
    ['proRata', undefined, 150_00, [25_00, 50_00, 75_00], 'in proportion to what is owed'], ['proRata', 'a', 150_00, [100_00, 20_00, 30_00], 'what was designated first, the rest in proportion'],
    ['proRata', undefined, 1, [0, 0, 1], 'every cent somewhere'], ['oldestFirst', 'a', 150_00, [100_00, 0, 50_00], 'designated, then the oldest'],
    [undefined, undefined, 150_00, [100_00, 50_00, 0], 'no rule: of what is due the less secured'], [undefined, 'c', 350_00, [50_00, 0, 300_00], 'no rule, but designated'], [undefined, undefined, 700_00, [100_00, 200_00, 300_00], 'enough for all'],
  ]
  for (const [rule, designated, amount, shares, why] of table) t.same(payDebts(debts, amount, { criteria: criteriaFor(rule) ?? defaultCriteria, designated }), { shares, missing: [] }, why)
  for (const rule of shareRules) t.same(payDebts(debts, 600_00, { criteria: criteriaFor(rule)! }).shares, [100_00, 200_00, 300_00], `${rule}: enough for all`)
})

t.test('a rule gives way to mandatory law that does not yield, and to no other', async t => {
  const law = { rule: 'X', pack: 'X', clause: 'article 1', says: 'X', strength: 'mandatory' as const }
  const order = ['due', 'proRata']
  t.match(sharingBy('proRata', { isAgreed: false, order, rule: law }), { criteria: order, source: 'law', clause: 'article 1' })
  t.match(sharingBy('proRata', { isAgreed: true, order: criteriaFor('proRata')!, rule: law }), { criteria: criteriaFor('proRata')!, source: 'agreement', clause: null })
  t.match(sharingBy('proRata', { isAgreed: false, order, rule: { ...law, strength: 'advisory' } }), { source: 'agreement' })
  t.match(sharingBy(undefined, { isAgreed: false, order, rule: { ...law, strength: 'advisory' } }), { criteria: order, source: 'law' })
  t.match(sharingBy(undefined, { isAgreed: false, order: [], rule: null }), { criteria: [...defaultCriteria], source: 'default', clause: null })
  t.match(sharingBy('dueFirst', { isAgreed: false, order: [], rule: null }), { criteria: criteriaFor('dueFirst')!, source: 'agreement' })
})

interface Allocation { amount: number, currency: string, criteria: string[], source: string, clause: string | null, policyDecisionId: string | null, left: number, shares: { accountId: string, amount: number, paymentId: string | null, allocated: { total: number } }[], code?: string }

t.test('a receipt for several debts', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ timeZone: 'UTC' })
  const them = await w.agency()
  const interest = (rate: string) => ({ interest: { rate, unit: 'pct_year' as const, dayCount: 'ACT/365F' as const } })
  const lender = await w.lender(us, interest('10'))
  const other = await w.lender(us)
  const { terms } = await w.ok<{ terms: object }>(us, 'GET', `/v1/agreements/${lender.agreementId}`)
  const dear = await w.ok<{ id: string }>(us, 'POST', `/v1/lenders/${lender.id}/agreements`, { currency: 'CNY', effectiveOn: '2000-01-01', terms: { ...terms, ...interest('20') } })
  let people = 0
  const person = () => ({ role: 'borrower' as const, kind: 'person' as const, name: 'Ada', identity: `P-${++people}` })
  const place = async (of: object, who: object, as = lender) => (await w.account(us, as, { product: 'invoice', placedOn: '2026-01-05', timeZone: 'UTC', ...of, parties: [who] } as never)).accountId
  /** The three debts of one person, as three placements and three records of the person. */
  const three = async (jurisdiction: string): Promise<string[]> => {
    const who = person()
    return [
      await place({ jurisdiction, dueOn: '2025-12-01', contractOn: '2025-01-01', balance: { principal: 100_00 }, agreementId: lender.agreementId }, who),
      await place({ jurisdiction, dueOn: '2025-11-01', contractOn: '2025-02-01', balance: { principal: 150_00, costs: 50_00 }, agreementId: dear.id }, who),
      await place({ jurisdiction, dueOn: '2026-02-01', contractOn: '2024-01-01', balance: { principal: 300_00 }, agreementId: lender.agreementId }, who),
    ]
  }
  const partyOf = async (accountId: string) => (await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)).data[0]!.partyId
  let receipts = 0
  const receive = async (amount: number, more: object = {}) => (await w.ok<{ id: string }>(us, 'POST', '/v1/receipts', { amount, currency: 'CNY', receivedOn: '2026-01-05', method: 'bankTransfer', reference: `BK-${++receipts}`, ...more })).id
  const share = async (receiptId: string, body: object, as: As = us, query = ''): Promise<Allocation> => await (await w.call(as, 'POST', `/v1/receipts/${receiptId}/allocations${query}`, body)).json()
  const try_ = async (receiptId: string, body: object) => await share(receiptId, body, us, '?dryRun=true')
  const sums = ({ shares }: Allocation, ids: string[]) => ids.map(id => shares.find(({ accountId }) => accountId === id)!.amount)

  t.test('goes by the rule named, or by the law', async t => {
    const receipt = await receive(150_00)
    const [american, chinese, german] = [await three('US'), await three('CN'), await three('DE')]
    const table: [ids: string[], more: object, shares: number[], source: string, clause: string | null][] = [
      [american, { rule: 'proRata' }, [25_00, 50_00, 75_00], 'agreement', null], [american, { rule: 'oldestFirst' }, [0, 0, 150_00], 'agreement', null], [american, { rule: 'dearestFirst', designatedAccountId: american[0] }, [100_00, 50_00, 0], 'agreement', null],
      [american, {}, [0, 150_00, 0], 'default', null], [chinese, {}, [0, 150_00, 0], 'law', '民法典 第560条'], [chinese, { rule: 'proRata' }, [25_00, 50_00, 75_00], 'agreement', null],
      [german, { rule: 'proRata' }, [0, 150_00, 0], 'law', '§ 366 BGB'], [german, { designatedAccountId: german[2], amount: 40_00 }, [0, 0, 40_00], 'law', '§ 366 BGB'],
    ]
    for (const [ids, more, shares, source, clause] of table) {
      const answer = await try_(receipt, { partyId: await partyOf(ids[0]!), ...more })
      t.match(answer, { source, clause, policyDecisionId: null, currency: 'CNY' }, JSON.stringify(more))
      t.same(sums(answer, ids), shares, JSON.stringify(more))
    }
    // The one at 20 % is secured: what is not goes before it.
    t.same(sums(await try_(receipt, { debts: german.map((accountId, i) => ({ accountId, ...i === 1 && { security: 500_00 } })) }), german), [100_00, 50_00, 0])
    t.match(await w.ok(us, 'GET', `/v1/receipts/${receipt}`), { left: 150_00, applied: 0 }, 'what was only asked is not done')
    t.same((await w.ok<{ data: object[] }>(us, 'GET', '/v1/payments')).data, [])
  })

  t.test('becomes payments, all of them at once, and what no debt needs stays', async t => {
    const ids = await three('US')
    const receipt = await receive(700_00, { pending: true })
    const done = await share(receipt, { debts: [...ids].reverse().map(accountId => ({ accountId })), amount: 150_00, rule: 'proRata' })
    t.same(sums(done, ids), [25_00, 50_00, 75_00])
    t.match(done, { amount: 150_00, left: 550_00, source: 'agreement', shares: ids.map(accountId => ({ accountId, paymentId: /^pay_/ })) })
    t.match(await w.ok(us, 'GET', `/v1/payments/${done.shares[1]!.paymentId!}`), { receiptId: receipt, accountId: ids[1], allocated: { costs: 50_00, principal: 0 }, clearing: 'pending', allocation: { source: 'agreement' } })
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${done.policyDecisionId!}`), { kind: 'allocation', accountId: null, facts: { agreedCriteria: ['borrowerDesignation', 'proRata'], debts: [{ amount: 100_00, burden: '10' }, { amount: 200_00, burden: '20' }, { amount: 300_00 }] } })
    const rest = await share(receipt, { partyId: await partyOf(ids[2]!) })
    t.same(sums(rest, ids), [75_00, 150_00, 225_00])
    t.match(rest, { amount: 550_00, left: 100_00 })
    t.match(await w.ok(us, 'GET', `/v1/receipts/${receipt}`), { left: 100_00, applied: 600_00 })
    for (const id of ids) t.match(await w.ok(us, 'GET', `/v1/accounts/${id}`), { balance: { total: 0 }, closedAt: String })
    t.match(await share(receipt, { partyId: await partyOf(ids[0]!) }), { status: 409, code: 'nothing-owed' }, 'no debt is at work any more')
    await w.ok(us, 'POST', `/v1/receipts/${receipt}/clear`, { clearedOn: '2026-01-05' })
    await checkBooks(t, w, us, 'shared out')
  })

  t.test('is refused whole or not at all', async t => {
    const ids = await three('US')
    const receipt = await receive(150_00)
    const all = { debts: ids.map(accountId => ({ accountId })) }
    const refused: [body: object, status: number, code: string][] = [
      [{ debts: [{ accountId: ids[0] }, { accountId: await place({}, person(), other) }] }, 422, 'debts-apart'], [{ debts: [{ accountId: ids[0] }, { accountId: await place({}, person()) }] }, 422, 'debts-apart'],
      [{ debts: [{ accountId: ids[0] }, { accountId: ids[0], security: 1 }] }, 400, 'invalid-request'], [{ ...all, designatedAccountId: (await three('US'))[0] }, 422, 'debts-apart'], [{ ...all, amount: 150_01 }, 422, 'receipt-overdrawn'],
      [{ debts: [{ accountId: strangeId('account') }] }, 404, 'not-found'], [{ partyId: strangeId('party') }, 404, 'not-found'], [{ ...all, partyId: await partyOf(ids[0]!) }, 400, 'invalid-request'], [{}, 400, 'invalid-request'],
    ]
    for (const [body, status, code] of refused) t.match(await share(receipt, body), { status, code }, JSON.stringify(body).slice(0, 80))
    t.equal((await w.call(them, 'POST', `/v1/receipts/${receipt}/allocations`, all)).statusCode, 404)
    t.equal((await w.call(lender, 'POST', `/v1/receipts/${receipt}/allocations`, all)).statusCode, 403, 'a receipt is no lender\'s')
    const foreign = await three('US')
    const dollars = await receive(50_00, { currency: 'USD' })
    t.match(await share(dollars, { debts: foreign.map(accountId => ({ accountId })) }), { status: 409, code: 'currency-mismatch' })
    t.match(await share(dollars, { partyId: await partyOf(foreign[0]!) }), { status: 409, code: 'nothing-owed' })
    const early = await receive(50_00, { receivedOn: '2026-01-04' })
    t.match(await share(early, all), { status: 422, code: 'payment-before-placement' })
    // One of three is recalled: the others could be paid, and are not.
    const [placement] = (await w.ok<{ data: { id: string }[] }>(us, 'GET', `/v1/placements?accountId=${ids[2]!}`)).data
    await w.ok(lender, 'POST', `/v1/placements/${placement!.id}/recall`, {})
    t.match(await share(receipt, { ...all, rule: 'oldestFirst', designatedAccountId: ids[0] }), { status: 409, code: 'account-not-placed' })
    t.match(await w.ok(us, 'GET', `/v1/receipts/${receipt}`), { left: 150_00, applied: 0 })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${ids[0]!}`), { balance: { total: 100_00 } })
    await share(receipt, { partyId: await partyOf(ids[0]!) })
    t.match(await share(receipt, all), { status: 409, code: 'receipt-used-up' })
  })

  t.test('shared out twice at once gives what there is, once', async t => {
    const ids = await three('US')
    const receipt = await receive(150_00)
    const body = { partyId: await partyOf(ids[0]!), rule: 'proRata' }
    const answers = await Promise.all([1, 2].map(async () => await w.call(us, 'POST', `/v1/receipts/${receipt}/allocations`, body)))
    t.same(answers.map(({ statusCode }) => statusCode).sort(), [201, 409])
    const two = [await receive(30_00), await receive(60_00)]
    t.same((await Promise.all(two.map(async id => await w.call(us, 'POST', `/v1/receipts/${id}/allocations`, body)))).map(({ statusCode }) => statusCode), [201, 201], 'two receipts for the same debts wait for each other')
    t.equal((await Promise.all(ids.map(async id => (await w.ok<{ balance: { total: number } }>(us, 'GET', `/v1/accounts/${id}`)).balance.total))).reduce((a, b) => a + b), 360_00)
  })

  t.test('that is found late is shared by what was owed when it came in', async t => {
    const ids = await three('US')
    const receipt = await receive(150_00)
    await w.liveUntil(us, '2026-01-08T09:00:00Z')
    // Interest has run since; on the 5th there was none.
    const done = await share(receipt, { partyId: await partyOf(ids[0]!), rule: 'proRata' })
    t.same(sums(done, ids), [25_00, 50_00, 75_00])
    await checkBooks(t, w, us, 'shared late')
  })
  t.same(w.failures, [])
})
