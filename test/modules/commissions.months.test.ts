import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { Problem, noBuckets, roundR, wholeR, zeroR } from '#kernel'
import { explainCommission, noPast, pastWith } from '../../src/modules/commissions/core.ts'
import { feeOf } from '../../src/modules/commissions/fees.core.ts'
import { checkPlan } from '../../src/modules/commissions/plan.core.ts'
import type { Method, PlanTerms, Situation, Tier } from '../../src/modules/commissions/plan.core.ts'
import { checkBooks } from '../books.ts'
import { world } from '../world.ts'

const runs = Number(process.env['FC_RUNS'] ?? 1_000)
const at: Situation = { daysPastDue: 100, balanceAtPlacement: 1_000_00, placementNumber: 1, daysSincePlacement: 10, receivedBy: 'agency' }
const scale = (tiers: readonly Tier[], more: object = {}): Method => ({ kind: 'marginal', on: 'periodToDate', tiers, ...more })
const planOf = (...methods: Method[]): PlanTerms => ({ base: ['principal'], rows: methods.map((method, i) => ({ ...i < methods.length - 1 && { placementNumber: { from: i + 1, to: i + 2 } }, method })), vat: { rate: '0' }, recover: 'withhold' })
const whole = (method: Method, total: number): number => method.kind === 'marginal' || method.kind === 'slab' ? Number(roundR(feeOf({ ...method, on: 'payment' }, { amount: wholeR(total), before: zeroR, balanceAtPlacement: zeroR }).exact)) : 0
const thirty: Method = scale([{ upTo: 1_000_00, rate: '0.3' }, { upTo: null, rate: '0.2' }])

t.test('what payments of a month earn comes, in any order, to the scale of all that came in', async () => {
  const tiers = fc.array(fc.tuple(fc.integer({ min: 1, max: 500_00 }), fc.integer({ min: 0, max: 100 }), fc.constantFrom(0, 0, 5_00)), { minLength: 1, maxLength: 4 }).map(steps => {
    let upTo = 0
    return steps.map(([width, rate, flatOnEntry], i): Tier => ({ upTo: i === steps.length - 1 ? null : upTo += width, rate: `${rate}/300`, ...flatOnEntry > 0 && { flatOnEntry } }))
  })
  fc.assert(fc.property(tiers, fc.constantFrom('marginal' as const, 'slab' as const), fc.array(fc.integer({ min: 1, max: 300_00 }), { minLength: 1, maxLength: 12 }), (steps, kind, amounts) => {
    const method: Method = { kind, on: 'periodToDate', tiers: steps }
    let past = noPast
    for (const principal of amounts) {
      const allocated = { ...noBuckets, principal }
      past = pastWith(past, allocated, explainCommission({ allocated, terms: planOf(method), at, past }))
    }
    assert.equal(past.commission, whole(method, amounts.reduce((a, b) => a + b, 0)))
  }), { numRuns: runs })
})

t.test('what counts by the month is not bounded by payment or debt, and a recall is no payment of a month', async t => {
  const faults = (terms: PlanTerms): string[] => {
    try {
      checkPlan('EUR', terms)
      return []
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return error.refusal.violations!.map(({ pointer }) => pointer)
    }
  }
  const plan = planOf(thirty)
  t.same(faults({ ...plan, recallFee: { kind: 'fixed', amount: 5_00 } }), [])
  t.same(faults(planOf(thirty, { kind: 'flat', rate: '0.1' })), [])
  t.same(faults({ ...plan, perPayment: { min: 1 } }), ['/terms/perPayment'])
  t.same(faults({ ...plan, perClaim: { max: 1 } }), ['/terms/perClaim'])
  t.same(faults({ ...plan, recallFee: { kind: 'regularRate' } }), ['/terms/recallFee/kind'])
  t.same(faults(planOf(thirty, { kind: 'slab', on: 'claimToDate', tiers: [{ upTo: null, rate: '0.1' }] })), ['/terms/rows/1/method/on'])
})

t.test('a scale by the month', async t => {
  const w = await world()
  t.teardown(w.close)
  interface Entry { id: string, paymentId: string, kind: string, number: number, commission: number, effectiveOn: string, createdAt: string }
  const begin = async (method: Method, debts: number, more: object = {}) => {
    const us = await w.agency({ timeZone: 'UTC', jurisdiction: 'US', now: '2026-03-01T06:00:00Z' })
    const lender = await w.lender(us, { remittance: 'net' })
    const plan = await w.ok<{ id: string }>(us, 'POST', `/v1/lenders/${lender.id}/commission-plans`, { currency: 'CNY', validFrom: '2020-01-01', terms: { ...planOf(method), ...more } })
    const accounts: string[] = []
    for (let i = 0; i < debts; i++) accounts.push((await w.account(us, lender, { timeZone: 'UTC', balance: { principal: 100_000_00 } })).accountId)
    const entries = async (): Promise<Entry[]> => (await w.ok<{ data: Entry[] }>(us, 'GET', `/v1/commission-entries?lenderId=${lender.id}&limit=200`)).data
    return {
      us, lender, plan, accounts, entries,
      pay: async (debt: number, amount: number, receivedOn: string, receivedBy = 'agency') => (await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId: accounts[debt], amount, currency: 'CNY', receivedOn, receivedBy, method: 'cash' })).id,
      reverse: async (id: string, reversedOn: string) => await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'clerical', reversedOn }),
      earned: async (): Promise<number> => (await entries()).reduce((sum, { commission }) => sum + commission, 0),
      of: async (paymentId: string) => (await entries()).filter(entry => entry.paymentId === paymentId).map(({ kind, number, commission }) => [kind, number, commission]),
    }
  }

  await t.test('counts all debts of the lender, begins anew with the month, and follows what is told late or undone; what was issued stays', async t => {
    const { us, lender, plan, accounts, entries, pay, reverse, earned, of } = await begin(thirty, 2)
    await w.liveUntil(us, '2026-04-02T06:00:00Z')
    // 600.00 at 30 %; of the next 600.00, 400.00 at 30 % and 200.00 at 20 %.
    const [first, second, april] = [await pay(0, 600_00, '2026-03-05'), await pay(1, 600_00, '2026-03-10'), await pay(1, 600_00, '2026-04-01')]
    t.same([await of(first), await of(second), await of(april)], [[['accrual', 1, 180_00]], [['accrual', 1, 160_00]], [['accrual', 1, 180_00]]])
    await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-04-02' })
    await w.settle(us)
    const statement = async () => (await w.ok<{ data: { id: string }[] }>(us, 'GET', `/v1/statements?lenderId=${lender.id}`)).data[0]!
    const issued = await w.ok<object>(us, 'GET', `/v1/statements/${(await statement()).id}`)

    // 500.00 of the 2nd come first: 150.00. Then 600.00 are 500.00 at 30 % and 100.00 at 20 %, and the last 600.00 are all at 20 %.
    await w.liveUntil(us, '2026-04-03T06:00:00Z')
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accounts[0]!}/commission-preview?amount=50000&receivedBy=agency&on=2026-03-02`), { commission: 150_00 })
    const late = await pay(0, 500_00, '2026-03-02')
    t.same(await of(late), [['accrual', 1, 150_00]])
    t.same(await of(first), [['accrual', 1, 180_00], ['clawback', 1, -180_00], ['accrual', 2, 170_00]])
    t.same(await of(second), [['accrual', 1, 160_00], ['clawback', 1, -160_00], ['accrual', 2, 120_00]], 'of another debt')
    t.same(await of(april), [['accrual', 1, 180_00]])
    t.equal(await earned(), 440_00 + 180_00, '30 % of 1,000.00 and 20 % of 700.00')
    t.same(await w.ok(us, 'GET', `/v1/statements/${(await statement()).id}`), issued, 'what was issued stays')
    await checkBooks(t, w, us, 'told late')

    const last = (await entries()).find(({ paymentId, kind, number }) => paymentId === second && kind === 'accrual' && number === 2)!
    t.match(await w.ok(lender, 'GET', `/v1/commission-entries/${last.id}/explanation`), { commission: 120_00, inputs: { before: { recovered: 1_100_00, commission: 320_00 } } })
    const { steps } = await w.ok<{ steps: { name: string, formula: string, amount: number }[] }>(us, 'GET', `/v1/commission-entries/${last.id}/explanation`)
    t.same(steps.filter(({ name }) => name === 'commission').map(({ formula, amount }) => [formula, amount]), [['44000 less 32000 for the month before', 120_00]])
    t.match(await w.ok(us, 'POST', `/v1/commission-plans/${plan.id}/simulations`, { from: '2026-03-01', to: '2026-04-30' }), { payments: 4, earned: { commission: 620_00 }, simulated: { commission: 620_00 } })

    await reverse(late, '2026-04-03')
    t.same((await of(second)).slice(3), [['clawback', 2, -120_00], ['accrual', 3, 160_00]])
    t.equal(await earned(), 340_00 + 180_00)
    await reverse(second, '2026-04-03')
    t.equal(await earned(), 180_00 + 180_00)
    await checkBooks(t, w, us, 'undone')
  })

  await t.test('a slab that the month reaches later gives back what the month had earned too much', async t => {
    // 50 % up to 1,000.00 and 10 % of all once it is more.
    const { us, pay, of, earned } = await begin({ kind: 'slab', on: 'periodToDate', tiers: [{ upTo: 1_000_00, rate: '0.5' }, { upTo: null, rate: '0.1' }] }, 2)
    await w.liveUntil(us, '2026-03-10T06:00:00Z')
    const [first, second] = [await pay(0, 1_000_00, '2026-03-05'), await pay(1, 1_000_00, '2026-03-06')]
    // All of 2,000.00 earns 200.00: the second gives 300.00 of the first's 500.00 back.
    t.same([await of(first), await of(second)], [[['accrual', 1, 500_00]], [['accrual', 1, -300_00]]])
    t.equal(await earned(), 200_00)
    await checkBooks(t, w, us, 'a slab')
  })

  await t.test('many at once, on many debts, come to the scale of all', async t => {
    const { us, pay, earned } = await begin(scale([{ upTo: 500_00, rate: '1/3' }, { upTo: 900_00, rate: '1/7' }, { upTo: null, rate: '0.05' }]), 6)
    await w.liveUntil(us, '2026-03-20T06:00:00Z')
    const amounts = [123_45, 200_01, 99_99, 310_07, 77_77, 250_50]
    await Promise.all(amounts.map(async (amount, i) => await pay(i, amount, `2026-03-${String(2 + (i * 5) % 7).padStart(2, '0')}`)))
    t.equal(await earned(), whole(scale([{ upTo: 500_00, rate: '1/3' }, { upTo: 900_00, rate: '1/7' }, { upTo: null, rate: '0.05' }]), amounts.reduce((a, b) => a + b, 0)))
    await checkBooks(t, w, us, 'many at once')
  })

  await t.test('in whatever order payments are told and undone, a month earns the scale of what is left of it', async t => {
    const method = scale([{ upTo: 300_00, rate: '1/3' }, { upTo: 700_00, rate: '0.2' }, { upTo: null, rate: '1/9' }])
    const told = fc.array(fc.record({ debt: fc.nat({ max: 2 }), amount: fc.integer({ min: 1, max: 300_00 }), day: fc.integer({ min: 1, max: 40 }), isUndone: fc.boolean(), by: fc.constantFrom('agency', 'lender') }), { minLength: 2, maxLength: 7 })
    await fc.assert(fc.asyncProperty(told, async payments => {
      const { us, pay, reverse, earned } = await begin(method, 3)
      await w.liveUntil(us, '2026-04-10T06:00:00Z')
      const dayOf = (day: number): string => new Date(Date.UTC(2026, 2, day)).toISOString().slice(0, 10)
      const left = new Map<string, number>()
      for (const { debt, amount, day, isUndone, by } of payments) {
        const id = await pay(debt, amount, dayOf(day), by)
        if (isUndone) await reverse(id, '2026-04-10')
        else left.set(dayOf(day).slice(0, 7), (left.get(dayOf(day).slice(0, 7)) ?? 0) + amount)
      }
      assert.equal(await earned(), [...left.values()].reduce((sum, total) => sum + whole(method, total), 0))
      await checkBooks(t, w, us, 'told in any order')
    }), { numRuns: Math.min(runs, 8), endOnFailure: true })
  })
  t.same(w.failures, [])
})
