import t from 'tap'
import { Problem } from '../../src/kernel/index.ts'
import type { Id } from '../../src/kernel/index.ts'
import { checkPlan, isFor, ourSteps, stepDays, strategyFor } from '../../src/modules/strategies/core.ts'
import type { Placed, Plan, StrategyCriteria } from '../../src/modules/strategies/core.ts'

t.test('steps count from the due day, and from the hand-over when the first of them has passed', async t => {
  const steps = [3, 7, 15].map(daysPastDue => ({ daysPastDue }))
  const days = (dueOn: string, startedOn: string): string[] => stepDays(steps, dueOn, startedOn).map(({ step, on }) => `${step.daysPastDue} ${on}`)
  t.same(days('2026-01-01', '2026-01-02'), ['3 2026-01-04', '7 2026-01-08', '15 2026-01-16'])
  t.same(days('2026-01-01', '2026-01-04'), ['3 2026-01-04', '7 2026-01-08', '15 2026-01-16'], 'on the day of the first')
  t.same(days('2026-01-01', '2026-01-05'), ['3 2026-01-08', '7 2026-01-12', '15 2026-01-20'], 'an old debt is not reminded of three times at once')
  t.same(days('2026-02-20', '2026-02-01'), ['3 2026-02-23', '7 2026-02-27', '15 2026-03-07'], 'handed over before it was due')
})

t.test('where there is no strategy, a debt is reminded of by e-mail and SMS 3, 7 and 15 days past due', async t => {
  t.same(ourSteps.map(({ daysPastDue, channel }) => `${daysPastDue} ${channel}`), ['3 email', '3 sms', '7 email', '7 sms', '15 email', '15 sms'])
})

t.test('a plan that contradicts itself is refused at the place where it does', async t => {
  const step = { daysPastDue: 3, channel: 'sms' as const }
  const plan = (more: Partial<Plan>): Plan => ({ steps: [step], appliesTo: {}, ...more })
  const refused: [plan: Plan, pointer: string][] = [
    [plan({ steps: [step, { ...step, hour: 12 }] }), '/steps/1'],
    [plan({ steps: [{ daysPastDue: 3, channel: 'call', template: 'reminder' }] }), '/steps/0/template'],
    [plan({ appliesTo: { currencies: ['XYQ'] } }), '/appliesTo/currencies/0'],
    [plan({ appliesTo: { balanceMin: 1 } }), '/appliesTo/currencies'],
    [plan({ appliesTo: { balanceMax: 1, currencies: ['USD', 'CNY'] } }), '/appliesTo/currencies'],
    [plan({ appliesTo: { balanceMin: 2, balanceMax: 1, currencies: ['USD'] } }), '/appliesTo/balanceMax'],
  ]
  for (const [of, pointer] of refused) t.match(t.throws(() => checkPlan(of)) instanceof Problem && thrown(() => checkPlan(of)), [{ pointer }], pointer)
  t.same(checkPlan(plan({ steps: [{ daysPastDue: 9, channel: 'call' }, { daysPastDue: 9, channel: 'email' }, step] })).steps.map(({ daysPastDue, channel }) => `${daysPastDue} ${channel}`), ['3 sms', '9 email', '9 call'], 'in the order in which they come')
})

function thrown (work: () => void): unknown {
  try {
    work()
  } catch (error) {
    return error instanceof Problem ? error.refusal.violations : error
  }
  return null
}

t.test('a strategy is for the debts that meet every condition it names', async t => {
  const debt: Placed = { lenderId: 'len_1' as Id<'lender'>, product: 'card', jurisdiction: 'US', currency: 'USD', owed: 100 }
  const cases: [criteria: StrategyCriteria, isFor: boolean][] = [
    [{}, true],
    [{ lenderIds: ['len_1' as Id<'lender'>], products: ['card'], jurisdictions: ['US'], currencies: ['USD'], balanceMin: 100, balanceMax: 100 }, true],
    [{ lenderIds: ['len_2' as Id<'lender'>] }, false], [{ products: ['loan'] }, false], [{ jurisdictions: ['CN'] }, false], [{ currencies: ['CNY'] }, false],
    [{ currencies: ['USD'], balanceMin: 101 }, false], [{ currencies: ['USD'], balanceMax: 99 }, false],
  ]
  for (const [criteria, expected] of cases) t.equal(isFor(criteria, debt), expected, JSON.stringify(criteria))
})

t.test('of several the highest rank is followed, and of equals the oldest', async t => {
  const debt: Placed = { lenderId: 'len_1' as Id<'lender'>, product: 'card', jurisdiction: 'US', currency: 'USD', owed: 100 }
  const of = (strategyId: string, rank: number, appliesTo: StrategyCriteria = {}) => ({ strategyId, rank, appliesTo })
  t.equal(strategyFor([of('a', 0), of('b', 5), of('c', 9, { products: ['loan'] })], debt)?.strategyId, 'b')
  t.equal(strategyFor([of('b', 5), of('a', 5)], debt)?.strategyId, 'a')
  t.equal(strategyFor([of('c', 9, { products: ['loan'] })], debt), null)
})
