import { add, dayIn, sub, zero } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { lockLender } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { explainCommission, noPast, pastWith } from './core.ts'
import { CommissionPlanCreated } from './events.ts'
import { SimulationTooLarge, checkPlan, isByMonth, isCumulative, monthOf } from './plan.core.ts'
import type { PlanInput } from './plan.core.ts'
import { findPlan, insertPlan, listEarned, simulatedMax } from './plans.db.ts'
import type { CommissionPlan } from './plans.db.ts'

/** Adds the next version of a lender's plan for a currency: it holds for debts placed from its day on. Throws `NotFound`, `CommissionPlanRefused`. */
export async function createCommissionPlan (tx: Tx, lenderId: Id<'lender'>, { currency, validFrom, terms }: PlanInput): Promise<CommissionPlan> {
  checkPlan(currency, terms)
  await lockLender(tx, lenderId)
  const plan = await insertPlan(tx, { lenderId, currency, terms, validFrom: validFrom ?? dayIn((await findTenant(tx)).timeZone, tx.ctx.now) })
  emit(tx, CommissionPlanCreated, { lenderId }, { commissionPlanId: plan.id, lenderId, currency, version: plan.version, validFrom: plan.validFrom })
  return plan
}

/** What a row of a plan would have earned. */
export interface SimulatedRow { row: number, payments: number, recovered: Minor, commission: Minor }

/** What payments of a period earned, and what they would have earned under another plan. */
export interface Simulation { payments: number, recovered: Minor, earned: { commission: Minor, vat: Minor }, simulated: { commission: Minor, vat: Minor }, rows: SimulatedRow[] }

/**
 * Replays the payments of a period under a plan, debt by debt: a scale that counts on begins with the first payment of the period, and one that counts by the month takes the payments in the order they were received. Nothing is booked.
 * Throws `NotFound`, `SimulationTooLarge`.
 */
export async function simulatePlan (tx: Tx, planId: Id<'commissionPlan'>, { from, to }: { from: CalendarDay, to: CalendarDay }): Promise<Simulation> {
  const plan = await findPlan(tx, planId)
  if (plan === null) throw NotFound()
  const earned = await listEarned(tx, { lenderId: plan.lenderId, currency: plan.currency, from, to })
  if (earned.length > simulatedMax) throw SimulationTooLarge({ max: simulatedMax })
  const rows = plan.terms.rows.map((_, row): SimulatedRow => ({ row, payments: 0, recovered: zero, commission: zero }))
  const sum: Simulation = { payments: earned.length, recovered: zero, earned: { commission: zero, vat: zero }, simulated: { commission: zero, vat: zero }, rows }
  let past = noPast
  const byMonth = isByMonth(plan.terms)
  // Each with those it counts on with: of its debt, or of its month.
  const groupOf = ({ accountId, receivedOn }: typeof earned[number]): string => byMonth ? monthOf(receivedOn) : accountId
  if (byMonth) earned.sort((a, b) => `${a.receivedOn} ${a.paymentId}` < `${b.receivedOn} ${b.paymentId}` ? -1 : 1)
  let group = ''
  for (const payment of earned) {
    const { situation, commission, vat, costsRecovered, principal, interest, penalty, costs } = payment
    const allocated = { principal, interest, penalty, costs }
    if (groupOf(payment) !== group) past = noPast
    group = groupOf(payment)
    const now = explainCommission({ allocated, costsRecovered, terms: plan.terms, at: situation, past: byMonth || isCumulative(plan.terms) ? past : noPast })
    past = pastWith(past, allocated, now)
    const row = rows[now.row]!
    Object.assign(row, { payments: row.payments + 1, recovered: add(row.recovered, now.earned.base), commission: add(row.commission, now.earned.commission) })
    sum.recovered = add(sum.recovered, now.earned.base)
    sum.earned = { commission: add(sum.earned.commission, commission), vat: add(sum.earned.vat, vat) }
    sum.simulated = { commission: add(sum.simulated.commission, now.earned.commission), vat: add(sum.simulated.vat, now.earned.vat) }
  }
  return sum
}

/** What a simulation changes: what the plan would have earned more. */
export const differenceOf = ({ earned, simulated }: Simulation): { commission: Minor, vat: Minor } =>
  ({ commission: sub(simulated.commission, earned.commission), vat: sub(simulated.vat, earned.vat) })
