import fc from 'fast-check'
import t from 'tap'
import { buckets, lessBuckets, minor, noBuckets, totalOf } from '#kernel'
import type { Bucket, Buckets } from '#kernel'
import { allocate } from '../../src/modules/payments/core.ts'
import { chosenOrder, defaultOrder, disputedDays, disputedOn } from '../../src/modules/payments/orders.core.ts'
import { allocationVerdict, selectPacks } from '../../src/modules/policy/index.ts'
import { checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As, Lender, World } from '../world.ts'

const principalFirst: Bucket[] = ['principal', 'interest', 'penalty', 'costs']

t.test('mandatory law goes before what was agreed; where it yields or is silent, the agreement; where neither says anything, our default', async t => {
  const table: [jurisdiction: string, product: string, agreed: Bucket[] | undefined, order: readonly Bucket[], source: string, clause: string | null][] = [
    ['DE', 'consumerLoan', principalFirst, ['costs', 'principal', 'penalty', 'interest'], 'law', '§ 497 Abs. 3 BGB'],
    ['DE', 'consumerLoan', undefined, ['costs', 'principal', 'penalty', 'interest'], 'law', '§ 497 Abs. 3 BGB'],
    ['DE', 'invoice', undefined, ['costs', 'penalty', 'interest', 'principal'], 'law', '§ 367 Abs. 1 BGB'],
    ['CN', 'consumerLoan', undefined, ['costs', 'penalty', 'interest', 'principal'], 'law', '民法典 第561条'],
    ['CN', 'consumerLoan', principalFirst, principalFirst, 'agreement', null],
    ['US', 'consumerLoan', principalFirst, principalFirst, 'agreement', null],
    ['US', 'consumerLoan', undefined, defaultOrder, 'default', null],
    ['AQ', 'consumerLoan', principalFirst, principalFirst, 'agreement', null],
    ['AQ', 'consumerLoan', undefined, defaultOrder, 'default', null],
  ]
  for (const [jurisdiction, product, agreed, order, source, clause] of table) {
    const packs = selectPacks({ jurisdiction, product, borrowerType: 'consumer', collectorRole: 'agency', on: '2026-01-05' })
    const verdict = allocationVerdict(packs, { borrowerType: 'consumer', product, balance: {}, ...agreed !== undefined && { agreedOrder: agreed } }, { on: '2026-01-05', payment: 1, currency: 'EUR' })
    t.same(chosenOrder(agreed, verdict), { order: [...order], source, clause }, `${jurisdiction} ${product} ${agreed === undefined ? 'nothing agreed' : 'agreed'}`)
  }
  const advice = { rule: 'X', pack: 'X', clause: 'X', says: 'X', strength: 'advisory' as const }
  t.match(chosenOrder(principalFirst, { isAgreed: false, order: [...defaultOrder], rule: advice }), { source: 'agreement' }, 'what only advises does not go before an agreement')
})

t.test('what is due is settled before principal that is not, and what is disputed last of all', async t => {
  const owed: Buckets = { principal: 1_000_00, interest: 30_00, penalty: 50_00, costs: 40_00 }
  const lawful: Bucket[] = ['costs', 'penalty', 'interest', 'principal']
  const table: [amount: number, order: Bucket[], dueOn: string, disputed: Partial<Buckets>, allocated: number[], overpaid: number, why: string][] = [
    [100_00, principalFirst, '2026-01-05', {}, [100_00, 0, 0, 0], 0, 'principal due today is due'],
    [100_00, principalFirst, '2026-01-06', {}, [0, 30_00, 50_00, 20_00], 0, 'due tomorrow, it comes after what was charged'],
    [200_00, principalFirst, '2026-01-06', {}, [80_00, 30_00, 50_00, 40_00], 0, 'and is paid in advance with the rest'],
    [90_00, lawful, '2025-12-20', { penalty: 50_00 }, [20_00, 30_00, 0, 40_00], 0, 'a disputed penalty is passed over'],
    [90_00, lawful, '2025-12-20', { penalty: 20_00 }, [0, 20_00, 30_00, 40_00], 0, 'as far as it is disputed'],
    [1_070_01, lawful, '2025-12-20', { penalty: 50_00 }, [1_000_00, 30_00, 1, 40_00], 0, 'and settled when nothing else is left (Regulation Z, comment 53-3)'],
    [1_000_00, lawful, '2025-12-20', { principal: 300_00, costs: 40_00 }, [880_00, 30_00, 50_00, 40_00], 0, 'of two disputed parts the first in the order first: 780.00, then 40.00 of costs and 180.00 of principal'],
    [100_00, lawful, '2025-12-20', { costs: 9_999_99 }, [20_00, 30_00, 50_00, 0], 0, 'more than is open is all that is open'],
    [1_130_00, lawful, '2025-12-20', { principal: 1_000_00 }, [1_000_00, 30_00, 50_00, 40_00], 10_00, 'a payment of all settles what is disputed too'],
    [50_00, principalFirst, '2026-02-01', { interest: 30_00 }, [0, 0, 50_00, 0], 0, 'in advance and disputed at once'],
    [1_100_00, principalFirst, '2026-02-01', { interest: 30_00 }, [1_000_00, 10_00, 50_00, 40_00], 0, 'what is paid in advance comes before what is disputed'],
  ]
  for (const [amount, order, dueOn, disputed, allocated, left, why] of table) {
    const answer = allocate(owed, amount, order, { on: '2026-01-05', dueOn, disputed: { ...noBuckets, ...disputed } })
    t.same(answer, { allocated: Object.fromEntries(['principal', 'interest', 'penalty', 'costs'].map((part, i) => [part, allocated[i]])), overpaid: left }, why)
  }
})

const anyPart = fc.integer({ min: 0, max: 1_000_00 }).map(minor)
const anyParts = fc.record({ principal: anyPart, interest: anyPart, penalty: anyPart, costs: anyPart })

t.test('invariants 11 to 15 of an allocation, whatever is disputed or not due yet', async t => {
  const anyAmount = fc.integer({ min: 1, max: 5_000_00 }).map(minor)
  fc.assert(fc.property(anyParts, anyParts, anyAmount, anyAmount, fc.shuffledSubarray([...buckets], { minLength: 4 }), fc.constantFrom('2026-01-05', '2026-01-06'), (owed, disputed, amount, more, order, dueOn) => {
    const standing = { on: '2026-01-05', dueOn, disputed }
    const { allocated, overpaid } = allocate(owed, amount, order, standing)
    const isBounded = buckets.every(part => allocated[part] >= 0 && allocated[part] <= owed[part]) && totalOf(allocated) + overpaid === amount
    const undisputed = (part: Bucket): number => Math.max(0, owed[part] - disputed[part])
    // What is disputed gets money only once nothing else is open; principal in advance only once all that is due and undisputed is settled.
    const isLast = !buckets.some(part => allocated[part] > undisputed(part)) || buckets.every(part => allocated[part] >= undisputed(part))
    const isAfter = dueOn === '2026-01-05' || allocated.principal === 0 || buckets.every(part => part === 'principal' || allocated[part] >= undisputed(part))
    const larger = allocate(owed, minor(amount + more), order, standing)
    const isMonotone = buckets.every(part => larger.allocated[part] >= allocated[part])
    const second = allocate(lessBuckets(owed, allocated), more, order, standing)
    return isBounded && isLast && isAfter && isMonotone && buckets.every(part => allocated[part] + second.allocated[part] === larger.allocated[part])
  }), { numRuns: Number(process.env['FC_RUNS'] ?? 500) })
})

t.test('a day belongs to a dispute that is open as it ends', async t => {
  const disputes = disputedDays([
    { openedAt: '2026-01-05T16:30:00Z', resolvedAt: '2026-01-08T01:00:00Z', disputed: { principal: 5_00 } },
    { openedAt: '2026-01-10T01:00:00Z', resolvedAt: '2026-01-10T02:00:00Z', disputed: { costs: 1_00 } },
    { openedAt: '2026-01-20T01:00:00Z', resolvedAt: null, disputed: { interest: 2_00 } },
  ], 'Asia/Shanghai')
  const table: [on: string, disputed: Partial<Buckets>][] = [
    ['2026-01-05', {}], ['2026-01-06', { principal: 5_00 }], ['2026-01-07', { principal: 5_00 }], ['2026-01-08', {}], ['2026-01-10', {}], ['2026-01-19', {}], ['2026-01-20', { interest: 2_00 }], ['2030-01-01', { interest: 2_00 }],
  ]
  for (const [on, disputed] of table) t.same(disputedOn(disputes, on), { ...noBuckets, ...disputed }, on)
})

interface Payment { id: string, allocated: Buckets & { total: number }, overpaid: number, allocation: { order: Bucket[], source: string, clause: string | null, policyDecisionId: string }, code?: string }

const payer = (w: World, us: Agency) => async (accountId: string, amount: number, receivedOn: string, as: As = us, receivedBy = 'agency'): Promise<Payment> =>
  await w.ok(as, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy, method: 'cash' })
const owing = { principal: 1_000_00, interest: 30_00, penalty: 50_00, costs: 40_00 }
const german = { jurisdiction: 'DE', timeZone: 'UTC', placedOn: '2026-01-05', balance: owing }

t.test('the order in which payments settle a debt', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ timeZone: 'UTC' })
  const them = await w.agency()
  const pay = payer(w, us)
  /** A lender whose agreement names an order, or none. */
  const lenderWith = async (allocation: Bucket[] | null): Promise<Lender> => {
    const lender = await w.lender(us, allocation === null ? {} : { allocation })
    if (allocation !== null) return lender
    const { terms } = await w.ok<{ terms: Record<string, unknown> }>(us, 'GET', `/v1/agreements/${lender.agreementId}`)
    const { allocation: _, ...rest } = terms
    const { id } = await w.ok<{ id: Lender['agreementId'] }>(us, 'POST', `/v1/lenders/${lender.id}/agreements`, { currency: 'CNY', effectiveOn: '2000-01-02', terms: rest })
    return { ...lender, agreementId: id }
  }
  const silent = await lenderWith(null)
  const greedy = await lenderWith(principalFirst)

  t.test('where nothing was agreed the law decides, and ours where it is silent', async t => {
    const table: [of: object, settled: Partial<Buckets>, source: string, clause: string | null][] = [
      [german, { costs: 40_00, principal: 60_00 }, 'law', '§ 497 Abs. 3 BGB'], [{ ...german, product: 'invoice' }, { costs: 40_00, penalty: 50_00, interest: 10_00 }, 'law', '§ 367 Abs. 1 BGB'],
      [{ ...german, jurisdiction: 'CN' }, { costs: 40_00, penalty: 50_00, interest: 10_00 }, 'law', '民法典 第561条'], [{ ...german, jurisdiction: 'US' }, { costs: 40_00, penalty: 50_00, interest: 10_00 }, 'default', null],
      [{ ...german, jurisdiction: 'AQ', dueOn: '2026-02-01' }, { costs: 40_00, penalty: 50_00, interest: 10_00 }, 'default', null],
    ]
    for (const [of, settled, source, clause] of table) {
      const { accountId } = await w.account(us, silent, of)
      t.match(await pay(accountId, 100_00, '2026-01-05'), { allocated: { ...noBuckets, ...settled, total: 100_00 }, allocation: { source, clause } }, JSON.stringify(of))
    }
  })

  t.test('mandatory law goes before what was agreed, and the answer is kept', async t => {
    const { accountId } = await w.account(us, greedy, german)
    const first = await pay(accountId, 100_00, '2026-01-05')
    t.match(first, { allocated: { costs: 40_00, principal: 60_00, interest: 0, penalty: 0 }, allocation: { order: ['costs', 'principal', 'penalty', 'interest'], source: 'law', clause: '§ 497 Abs. 3 BGB' } })
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${first.allocation.policyDecisionId}`), { kind: 'allocation', accountId, facts: { agreedOrder: principalFirst, product: 'consumerLoan', borrowerType: 'consumer' }, verdict: { isAgreed: false, rule: { rule: 'DE.497.3' } } })
    const [second, listed] = [await pay(accountId, 1_00, '2026-01-05'), await w.ok<{ data: Payment[] }>(us, 'GET', `/v1/payments?accountId=${accountId}`)]
    t.same(second.allocation, first.allocation, 'the law is asked once for a placement')
    t.same(listed.data.map(({ allocation }) => allocation), [first.allocation, first.allocation])
    t.same((await w.ok<Payment>(us, 'POST', `/v1/payments/${second.id}/reverse`, { reason: 'clerical', reversedOn: '2026-01-05' })).allocation, first.allocation)
    t.match(await w.ok(greedy, 'GET', `/v1/payments/${first.id}`), { allocation: first.allocation }, 'its lender sees it')
    for (const as of [them, silent]) t.equal((await w.call(as, 'GET', `/v1/payments/${first.id}`)).statusCode, 404)
    // 939.00 of principal are left, and a discount goes the same way: 939.00 of principal, then 11.00 of the penalty.
    t.match(await w.ok(us, 'POST', `/v1/accounts/${accountId}/discounts`, { amount: 951_00, on: '2026-01-05', reason: 'settlement', authorizedBy: 'L. Chen' }), { moved: { principal: -940_00, penalty: -11_00, interest: 0, costs: 0 } })
  })

  t.test('where the law yields the agreement holds, and principal that is not due comes last of what is open', async t => {
    const { accountId } = await w.account(us, greedy, { ...german, jurisdiction: 'CN' })
    t.match(await pay(accountId, 100_00, '2026-01-05'), { allocated: { principal: 100_00 }, allocation: { order: principalFirst, source: 'agreement', clause: null } })
    const early = await w.account(us, greedy, { ...german, jurisdiction: 'CN', dueOn: '2026-01-06' })
    t.match(await pay(early.accountId, 130_00, '2026-01-05'), { allocated: { interest: 30_00, penalty: 50_00, costs: 40_00, principal: 10_00 } })
  })

  t.test('two first payments at once find one order', async t => {
    const { accountId } = await w.account(us, greedy, german)
    const [one, two] = await Promise.all([pay(accountId, 40_00, '2026-01-05'), pay(accountId, 40_00, '2026-01-05', greedy, 'lender')])
    t.same(one.allocation, two.allocation)
    t.same([one.allocated.costs + two.allocated.costs, one.allocated.principal + two.allocated.principal], [40_00, 40_00])
  })

  t.test('an order that leaves a part out is refused', async t => {
    t.equal((await w.call(us, 'POST', `/v1/lenders/${greedy.id}/agreements`, { currency: 'CNY', terms: { commission: { base: ['principal'], rate: '0.1', vatRate: '0' }, interest: null, lateFees: [], allocation: ['costs', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 9 } })).statusCode, 400)
  })
  await checkBooks(t, w, us, 'orders')
  t.same(w.failures, [])
})

t.test('a disputed part', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-01-05T09:00:00Z' })
  const them = await w.agency()
  const lender = await w.lender(us)
  const other = await w.lender(us)
  const pay = payer(w, us)
  const { accountId } = await w.account(us, lender, { jurisdiction: 'US', timeZone: 'UTC', placedOn: '2026-01-05', balance: { principal: 1_000_00, penalty: 50_00 } })
  const settledBy = async ({ id }: Payment) => {
    const { allocated: { penalty, principal } } = await w.ok<Payment>(us, 'GET', `/v1/payments/${id}`)
    return { penalty, principal }
  }
  const dispute = async (as: As, of: object) => await w.call(as, 'POST', '/v1/disputes', { reason: 'wrongAmount', accountId, ...of })

  const first = await pay(accountId, 20_00, '2026-01-05')
  t.match(first.allocated, { penalty: 20_00 })
  t.equal((await dispute(us, { disputed: {} })).statusCode, 400, 'what is disputed is said or left out')
  t.equal((await dispute(us, { disputed: { penalty: 0 } })).statusCode, 400)
  for (const as of [them, other]) t.equal((await dispute(as, { disputed: { penalty: 50_00 } })).statusCode, 404)
  const { id } = (await dispute(us, { disputed: { penalty: 50_00 } })).json<{ id: string }>()
  await w.settle(us)
  t.same(await settledBy(first), { penalty: 0, principal: 20_00 }, 'the day of a dispute is its own from the beginning')
  t.match((await w.ok<{ data: object[] }>(us, 'GET', `/v1/accounts/${accountId}/corrections`)).data, [{ cause: 'hold', moved: { penalty: 20_00, principal: -20_00, total: 0 } }])
  t.match((await w.call(us, 'POST', '/v1/payments?dryRun=true', { accountId, amount: 1_000_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' })).json(), { allocated: { principal: 980_00, penalty: 20_00 } }, 'it is paid when nothing else is left')

  await w.liveUntil(us, '2026-01-07T09:00:00Z')
  const during = await pay(accountId, 100_00, '2026-01-07')
  t.match(during.allocated, { penalty: 0, principal: 100_00 })
  await w.liveUntil(us, '2026-01-10T09:00:00Z')
  t.match(await w.ok(us, 'POST', `/v1/disputes/${id}/resolve`, { outcome: 'rejected' }), { disputed: { penalty: 50_00 } })
  await w.settle(us)
  await w.liveUntil(us, '2026-01-12T09:00:00Z')
  const after = await pay(accountId, 60_00, '2026-01-12')
  t.match(after.allocated, { penalty: 50_00, principal: 10_00 }, 'once it is resolved it is a part like any other')

  const late = await pay(accountId, 30_00, '2026-01-08')
  t.match(late.allocated, { penalty: 0, principal: 30_00 }, 'what came in while it was disputed settles the rest, whenever it is told of')
  t.same(await settledBy(after), { penalty: 50_00, principal: 10_00 })
  t.match((await pay(accountId, 40_00, '2026-01-10')).allocated, { penalty: 40_00 }, 'and on the day of its end it is disputed no more')
  t.same(await settledBy(after), { penalty: 10_00, principal: 50_00 }, 'what was paid later makes room')
  t.same(await settledBy(during), { penalty: 0, principal: 100_00 })
  await w.ok(us, 'POST', `/v1/payments/${late.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-12' })
  // 1,050.00 less 20.00, 100.00, 60.00 and 40.00.
  t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 830_00, penalty: 0, total: 830_00 } })
  t.equal((await w.call(us, 'POST', '/v1/disputes', { accountId: strangeId('account'), reason: 'other', disputed: { penalty: 1 } })).statusCode, 404)
  await checkBooks(t, w, us, 'a disputed part')
  t.same(w.failures, [])
})
