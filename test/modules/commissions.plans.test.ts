import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Problem, compareR, minor, noBuckets, rational, roundR, wholeR, zeroR } from '#kernel'
import type { Buckets } from '#kernel'
import { explainCommission, noPast, pastWith } from '../../src/modules/commissions/core.ts'
import { feeOf, shareOfWhole } from '../../src/modules/commissions/fees.core.ts'
import { checkPlan, rowFor } from '../../src/modules/commissions/plan.core.ts'
import type { Method, PlanRow, PlanTerms, Situation, Tier } from '../../src/modules/commissions/plan.core.ts'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'

const runs = { numRuns: Number(process.env['FC_RUNS'] ?? 1_000) }
const at: Situation = { daysPastDue: 100, balanceAtPlacement: 1_000_00, placementNumber: 1, daysSincePlacement: 10, receivedBy: 'agency' }
const flat = (rate: string): Method => ({ kind: 'flat', rate })
const terms = (rows: PlanRow[], more: Partial<PlanTerms> = {}): PlanTerms => ({ base: ['principal'], rows, vat: { rate: '0' }, recover: 'withhold', ...more })
const faults = (rows: PlanRow[]): string[] => {
  try {
    checkPlan('EUR', terms(rows))
    return []
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    return error.refusal.violations!.map(({ pointer, message }) => `${pointer} ${message}`)
  }
}
const fee = (method: Method, amount: number, before = 0): number => Number(roundR(feeOf(method, { amount: wholeR(amount), before: wholeR(before), balanceAtPlacement: zeroR }).exact))

t.test('a plan with a gap is refused with a situation that none of its rows matches, and so is a row that is never reached', async t => {
  const row = (from: number, to: number | null, more: Partial<PlanRow> = {}): PlanRow => ({ daysPastDue: { from, to }, method: flat('0.2'), ...more })
  t.same(faults([row(0, 90), row(90, null)]), [])
  t.same(faults([row(0, 90), row(91, null)]), ['/terms/rows have a gap: none matches daysPastDue 90'])
  t.match(faults([row(1, null)]), [/gap: none matches daysPastDue 0/])
  t.match(faults([row(0, 90)]), [/gap: none matches daysPastDue 90/])
  t.match(faults([row(0, null), row(90, 180)]), [/rows\/1 is never reached/])
  t.same(faults([row(90, 180), { method: flat('0.1') }]), [], 'a row that matches everything may follow')
  t.same(faults([{ receivedBy: 'lender', method: flat('0.1') }, { method: flat('0.2') }]), [])
  t.match(faults([{ receivedBy: 'lender', method: flat('0.1') }]), [/gap: none matches .*receivedBy agency/])
  t.same(faults([
    { daysPastDue: { from: 0, to: 90 }, balanceAtPlacement: { from: 0, to: 500_00 }, method: flat('0.3') }, { daysPastDue: { from: 0, to: 90 }, balanceAtPlacement: { from: 500_00, to: null }, method: flat('0.2') },
    { daysPastDue: { from: 90, to: null }, method: flat('0.4') },
  ]), [])
  t.match(faults([
    { daysPastDue: { from: 0, to: 90 }, balanceAtPlacement: { from: 0, to: 500_00 }, method: flat('0.3') }, { daysPastDue: { from: 90, to: null }, method: flat('0.4') },
  ]), [/none matches daysPastDue 0, balanceAtPlacement 50000/])
  t.match(faults([{ method: { kind: 'slab', on: 'payment', tiers: [{ upTo: 100, rate: '0.5' }, { upTo: 100, rate: '0.2' }, { upTo: null, rate: '1.2' }] } }]), [/tiers\/1\/upTo must be above/, /tiers\/2\/rate is not between/])
  t.match(faults([{ method: { kind: 'marginal', on: 'payment', tiers: [{ upTo: 100, rate: '0.5' }] } }]), [/tiers\/0\/upTo of the last step is null/])
})

t.test('a checked plan always has a row, and the first that matches is the one', async () => {
  const cut = fc.integer({ min: 1, max: 400 })
  const rows = fc.array(fc.record({ age: cut, balance: cut, receivedBy: fc.constantFrom(undefined, 'agency' as const, 'lender' as const) }), { minLength: 1, maxLength: 6 }).map(all => [
    ...all.map(({ age, balance, receivedBy }): PlanRow => ({ daysPastDue: { from: age, to: age + 50 }, balanceAtPlacement: { from: 0, to: balance }, ...receivedBy !== undefined && { receivedBy }, method: flat('0.2') })), { method: flat('0.1') } as PlanRow,
  ])
  fc.assert(fc.property(rows, fc.array(fc.tuple(fc.nat({ max: 500 }), fc.nat({ max: 500 }), fc.boolean()), { maxLength: 30 }), (plan, situations) => {
    if (faults(plan).length > 0) return
    for (const [daysPastDue, balanceAtPlacement, isAgency] of situations) {
      const here: Situation = { ...at, daysPastDue, balanceAtPlacement, receivedBy: isAgency ? 'agency' : 'lender' }
      const { index } = rowFor(plan, here)
      const naive = plan.findIndex(row => (row.daysPastDue === undefined || (daysPastDue >= row.daysPastDue.from && daysPastDue < row.daysPastDue.to!))
        && (row.balanceAtPlacement === undefined || balanceAtPlacement < row.balanceAtPlacement.to!) && (row.receivedBy === undefined || row.receivedBy === here.receivedBy))
      assert.equal(index, naive)
    }
  }), runs)
})

const tiers = fc.array(fc.tuple(fc.integer({ min: 1, max: 500_00 }), fc.integer({ min: 0, max: 100 })), { minLength: 1, maxLength: 5 }).map((steps): Tier[] => {
  let upTo = 0
  return steps.map(([width, rate], i) => ({ upTo: i === steps.length - 1 ? null : upTo += width, rate: `${rate}/100` }))
})
const sums = fc.integer({ min: 0, max: 2_000_00 })

t.test('invariant 33: slices are continuous and never fall; slabs that may not invert never fall either', async () => {
  fc.assert(fc.property(tiers, sums, sums, (scale, a, b) => {
    const [low, high] = [Math.min(a, b), Math.max(a, b)]
    for (const method of [{ kind: 'marginal', on: 'payment', tiers: scale }, { kind: 'slab', on: 'payment', tiers: scale, noInversion: true }] as const) assert(fee(method, low) <= fee(method, high), method.kind)
    const step = feeOf({ kind: 'marginal', on: 'payment', tiers: scale }, { amount: wholeR(low + 1), before: zeroR, balanceAtPlacement: zeroR }).exact
    const before = feeOf({ kind: 'marginal', on: 'payment', tiers: scale }, { amount: wholeR(low), before: zeroR, balanceAtPlacement: zeroR }).exact
    assert(compareR(step, { n: before.n + before.d, d: before.d }) <= 0, 'a cent more earns at most a cent more')
  }), runs)
  // NACM: 2,000.00 at 28 % is 560.00, a cent more at 20 % is 400.00.
  const nacm: Tier[] = [{ upTo: 300_00, rate: '0.5' }, { upTo: 2_000_00, rate: '0.28' }, { upTo: null, rate: '0.2' }]
  assert.equal(fee({ kind: 'slab', on: 'payment', tiers: nacm }, 2_000_01), 400_00)
  assert.equal(fee({ kind: 'slab', on: 'payment', tiers: nacm, noInversion: true }, 2_000_01), 560_00)
  assert.equal(Number(shareOfWhole(rational('0.25')).d), 5)
})

const paid = (amount: number): Buckets => ({ ...noBuckets, principal: minor(amount) })
const earnedInAll = (plan: PlanTerms, amounts: readonly number[]): number[] => {
  let past = noPast
  return amounts.map(amount => {
    const one = explainCommission({ allocated: paid(amount), terms: plan, at, past })
    past = pastWith(past, paid(amount), one)
    return one.earned.commission
  })
}
const total = (all: readonly number[]): number => all.reduce((sum, amount) => sum + amount, 0)

t.test('invariants 32 and 34: what payments of a debt earn on a scale that counts on is what their sum earns, in any order, and never more than it', async () => {
  fc.assert(fc.property(tiers, fc.constantFrom('marginal' as const, 'slab' as const), fc.array(fc.integer({ min: 1, max: 400_00 }), { minLength: 1, maxLength: 8 }), (scale, kind, amounts) => {
    const plan = terms([{ method: { kind, on: 'claimToDate', tiers: scale, ...kind === 'slab' && { noInversion: true } } }])
    const each = earnedInAll(plan, amounts)
    assert.equal(total(each), total(earnedInAll(plan, [total(amounts)])))
    assert.equal(total(each), total(earnedInAll(plan, [...amounts].reverse())))
    assert(total(each) <= total(amounts) && each.every(commission => commission >= 0))
  }), runs)
  fc.assert(fc.property(fc.array(fc.integer({ min: 1, max: 400_00 }), { minLength: 1, maxLength: 8 }), fc.nat({ max: 300_00 }), fc.nat({ max: 300_00 }), (amounts, a, b) => {
    const plan = terms([{ method: flat('0.2') }], { perClaim: { min: Math.min(a, b), max: Math.max(a, b) } })
    const all = total(earnedInAll(plan, amounts))
    assert(all >= Math.min(a, b) && all <= Math.max(a, b))
  }), runs)
})

t.test('through the API', async t => {
  const w = await world()
  t.teardown(w.close)
  // Nine in the morning of 5 January 2026 in Shanghai.
  const us = await w.agency({ now: '2026-01-05T01:00:00Z' })
  const bank = await w.lender(us)
  const other = await w.lender(us)
  const scale = { kind: 'marginal', on: 'claimToDate', tiers: [{ upTo: 500_00, rate: '0.3' }, { upTo: null, rate: '0.1' }] }
  const plan = { base: ['principal'], rows: [{ daysPastDue: { from: 0, to: 365 }, method: scale }, { method: { kind: 'fixed', amount: 25_00 } }], vat: { rate: '0.2' }, recover: 'withhold', clawback: { withinDays: 30 } }
  const agree = async (body: object) => await w.call(us, 'POST', `/v1/lenders/${bank.id}/commission-plans`, { currency: 'CNY', validFrom: '2026-01-01', terms: plan, ...body })
  const pay = async (accountId: string, amount: number, receivedOn: string) =>
    await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy: 'agency', method: 'cash' })
  const entries = async (accountId: string) => (await w.ok<{ data: { id: string, kind: string, commission: number, vat: number, rate: string | null, commissionPlanId: string | null }[] }>(us, 'GET', `/v1/commission-entries?accountId=${accountId}`)).data

  t.test('a version is added, never changed; a lender sees its own and no other\'s', async t => {
    const first = await agree({})
    t.equal(first.statusCode, 201)
    t.match(first.json(), { version: 1, currency: 'CNY', validFrom: '2026-01-01' })
    t.match((await agree({ terms: { ...plan, rows: [{ daysPastDue: { from: 1, to: null }, method: scale }] } })).json(), { status: 422, code: 'commission-plan-refused', errors: [{ pointer: '/terms/rows' }] })
    t.match((await agree({ currency: 'XXX' })).json(), { code: 'commission-plan-refused', errors: [{ pointer: '/currency' }] })
    const seen = async (as: Parameters<typeof w.ok>[0]) => (await w.ok<{ data: { version: number }[] }>(as, 'GET', '/v1/commission-plans')).data.length
    t.same([await seen(us), await seen(bank), await seen(other)], [1, 1, 0])
    t.equal((await w.call(other, 'GET', `/v1/commission-plans/${first.json<{ id: string }>().id}`)).statusCode, 404)
  })

  t.test('payments climb the scale; one that arrives late, or is undone, has those after it earn anew', async t => {
    const { accountId } = await w.account(us, bank, { balance: { principal: 2_000_00 } })
    await w.liveUntil(us, '2026-01-20T02:00:00Z')
    // 400.00 at 30 %: 120.00. 300.00: 100.00 at 30 % and 200.00 at 10 %: 50.00. VAT of a fifth.
    await pay(accountId, 400_00, '2026-01-10')
    const second = await pay(accountId, 300_00, '2026-01-15')
    t.match(await entries(accountId), [{ commission: 120_00, vat: 24_00, rate: null, commissionPlanId: /^cpl_/ }, { commission: 50_00, vat: 10_00 }])
    const [, entry] = await entries(accountId)
    const why = await w.ok<{ inputs: object, steps: { name: string, amount: number }[] }>(us, 'GET', `/v1/commission-entries/${entry!.id}/explanation`)
    t.match(why.inputs, { row: 0, hit: { method: scale }, before: { recovered: 400_00, commission: 120_00 }, situation: { daysPastDue: 16, balanceAtPlacement: 2_000_00, daysSincePlacement: 10 } })
    t.match(why.steps.at(-1), { name: 'total', amount: 60_00 })
    // 200.00 of the 12th arrive late: 100.00 at 30 % and 100.00 at 10 %: 40.00. The 300.00 after it are all at 10 %: 30.00.
    await pay(accountId, 200_00, '2026-01-12')
    t.same((await entries(accountId)).map(({ kind, commission }) => [kind, commission]), [['accrual', 120_00], ['accrual', 50_00], ['accrual', 40_00], ['clawback', -50_00], ['accrual', 30_00]])
    // The 300.00 come back: in all 600.00 earn 150.00 + 10.00.
    await w.ok(us, 'POST', `/v1/payments/${second.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-16' })
    t.equal(total((await entries(accountId)).map(({ commission }) => commission)), 160_00)
    t.equal(total((await entries(accountId)).map(({ vat }) => vat)), 32_00)
    await checkBooks(t, w, us, 'a scale that counts on')
  })

  t.test('after its window nothing is given back', async t => {
    const { accountId } = await w.account(us, bank, { placedOn: '2026-01-20', balance: { principal: 1_000_00 } } as object)
    const payment = await pay(accountId, 100_00, '2026-01-20')
    await w.liveUntil(us, '2026-03-01T02:00:00Z')
    await w.ok(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'chargeback', reversedOn: '2026-02-20' })
    t.same((await entries(accountId)).map(({ kind, commission }) => [kind, commission]), [['accrual', 30_00]])
  })

  t.test('a debt placed before a plan keeps what it was placed under, and a plan can be tried on payments of the past', async t => {
    const { accountId } = await w.account(us, other, { balance: { principal: 1_000_00 } })
    await pay(accountId, 500_00, '2026-03-01')
    const later = await w.ok<{ id: string }>(us, 'POST', `/v1/lenders/${other.id}/commission-plans`, { currency: 'CNY', validFrom: '2026-03-02', terms: { ...plan, rows: [{ method: flat('0.4') }] } })
    await pay(accountId, 100_00, '2026-03-01')
    // 20 % by the agreement, also after the plan was agreed.
    t.match(await entries(accountId), [{ commission: 100_00, rate: '0.2', commissionPlanId: null }, { commission: 20_00, rate: '0.2' }])
    const tried = await w.ok(us, 'POST', `/v1/commission-plans/${later.id}/simulations`, { from: '2026-03-01', to: '2026-03-31' })
    // 600.00 at 40 %: 240.00 instead of 120.00; VAT 48.00 instead of none.
    t.match(tried, { payments: 2, recovered: 600_00, earned: { commission: 120_00, vat: 0 }, simulated: { commission: 240_00, vat: 48_00 }, difference: { commission: 120_00, vat: 48_00 }, rows: [{ row: 0, payments: 2, commission: 240_00 }] })
    t.equal((await entries(accountId)).length, 2, 'nothing is booked')
  })

  t.test('what a payment would earn can be asked before it comes', async t => {
    const { accountId } = await w.account(us, bank, { placedOn: '2026-03-01', balance: { principal: 1_000_00 } } as object)
    const preview = await w.ok(bank, 'GET', `/v1/accounts/${accountId}/commission-preview?amount=60000&receivedBy=agency&on=2026-03-01`)
    // 500.00 at 30 %, 100.00 at 10 %: 160.00, VAT 32.00; 600.00 less 192.00 would be passed on.
    t.match(preview, { allocated: { principal: 600_00 }, base: 600_00, commission: 160_00, vat: 32_00, total: 192_00, withheld: 192_00, lenderReceives: 408_00, recoverFrom: 'trust' })
    t.same(await entries(accountId), [], 'nothing is booked')
    t.match((await w.call(us, 'GET', `/v1/accounts/${accountId}/commission-preview?amount=0&receivedBy=agency&on=2026-03-01`)).json(), { status: 400, errors: [{ pointer: '/amount' }] })
  })
  t.same(w.failures, [])
})

t.test('a recall earns what the plan says, once, on the lender\'s account, and can explain itself', async t => {
  const w = await world()
  t.teardown(w.close)
  const recall = async (recallFee: PlanTerms['recallFee'], paid = 0) => {
    const us = await w.agency()
    const lender = await w.lender(us, { remittance: 'net' })
    await w.ok(us, 'POST', `/v1/lenders/${lender.id}/commission-plans`, {
      currency: 'CNY', validFrom: '2026-01-01', terms: terms([{ method: flat('0.2') }], { vat: { rate: '0.06' }, ...recallFee !== undefined && { recallFee } }),
    })
    const { accountId, placementId } = await w.account(us, lender, { balance: { principal: 1_000_00, interest: 50_00 } })
    if (paid > 0) await w.ok(us, 'POST', '/v1/payments', { accountId, amount: paid, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'cash' })
    await w.ok(us, 'POST', `/v1/placements/${placementId}/recall`)
    await w.settle(us)
    await w.settle(us)
    const { data } = await w.ok<{ data: { id: string, kind: string, paymentId: string | null, placementId: string | null, base: number, commission: number, vat: number, recoverFrom: string }[] }>(us, 'GET', `/v1/commission-entries?accountId=${accountId}`)
    return { us, lender, placementId, fees: data.filter(({ kind }) => kind === 'recallFee'), net: await checkBooks(t, w, us, 'recalled') }
  }
  // 20 % of the 1,000.00 of principal that were recalled: 200.00, and 12.00 VAT. Interest bears no commission under this plan.
  const regular = await recall({ kind: 'regularRate' })
  t.match(regular.fees, [{ paymentId: null, placementId: regular.placementId, base: 1_000_00, commission: 200_00, vat: 12_00, recoverFrom: 'invoice' }])
  t.match(regular.net, { 'O.AR': 212_00, 'O.COMMISSION_INCOME': -200_00, 'O.VAT_OUTPUT': -12_00 })
  t.match(await w.ok(regular.lender, 'GET', `/v1/commission-entries/${regular.fees[0]!.id}/explanation`), { kind: 'recallFee', total: 212_00, inputs: { allocated: { principal: 1_000_00, interest: 50_00 } } })
  t.match((await w.ok<{ data: object[] }>(regular.us, 'GET', '/v1/events?types=commission.accrued')).data, [{ data: { object: { kind: 'recallFee', paymentId: null, placementId: regular.placementId } } }])

  const fixed = await recall({ kind: 'fixed', amount: 35_00 }, 550_00)
  t.match(fixed.fees, [{ base: 500_00, commission: 35_00, vat: 2_10 }])
  const { steps } = await w.ok<{ steps: { name: string, amount: number }[] }>(fixed.us, 'GET', `/v1/commission-entries/${fixed.fees[0]!.id}/explanation`)
  t.same(steps.map(({ name, amount }) => [name, amount]), [['base', 500_00], ['fee', 35_00], ['commission', 35_00], ['vat', 2_10], ['total', 37_10]])
  t.same((await recall(undefined)).fees, [], 'a plan without a fee')
  t.same(w.failures, [])
})
