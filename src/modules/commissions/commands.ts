import { add, bucketsOf, dayIn, daysBetween, rational, sum, totalOf, zero } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import type { Tx } from '#platform'
import { daysPastDue, lockAccount } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { chargeToEnd } from '../charges/index.ts'
import { findPlaced, findRecalled, listAdvancedCosts, reverse } from '../ledger/index.ts'
import { findAgreement, lockLender } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { findPlacement } from '../placements/index.ts'
import { accrue, book, clawBack, isSame } from './booking.commands.ts'
import type { PlanInForce } from './booking.commands.ts'
import { explainCommission, explainRecallFee, noPast, pastWith, recoveredOf, recoveryOf, withheldOf } from './core.ts'
import type { Past } from './core.ts'
import { findAccrual, listAccruals, recoveredBy } from './db.ts'
import type { CommissionEntry } from './db.ts'
import { monthsOf, pastOfMonth, restateMonth } from './months.commands.ts'
import type { Settled } from './months.commands.ts'
import { isByMonth, isCumulative, planOfTerms } from './plan.core.ts'
import type { Situation } from './plan.core.ts'
import { findPlan, findPlanInForce } from './plans.db.ts'

/** A payment on which commission is earned: what it settled of the account, under the agreement the debt was placed under. */
export interface Recovered {
  account: AccountRow, agreement: Agreement, placement: { placedOn: CalendarDay, placementNumber: number }, paymentId: Id<'payment'>, allocated: Buckets,
  receivedBy: 'agency' | 'lender', receivedOn: CalendarDay
}

/** The plan a debt is under: the lender's newest on the day of its placement, or the agreement's own terms. */
export async function planFor (tx: Tx, { lenderId, currency }: AccountRow, agreement: Agreement, placedOn: CalendarDay): Promise<PlanInForce> {
  const plan = await findPlanInForce(tx, lenderId, currency, placedOn)
  return plan === null ? { planId: null, terms: planOfTerms(agreement.terms) } : { planId: plan.id, terms: plan.terms }
}

/**
 * Books the commission on a payment, once, and what of costs that the agency had advanced it has back by it: withheld from trust money or put on the lender's account, as agreed. Where it depends on what the debt
 * earned before, or the lender's debts in the month, a payment that arrives late has those after it earn anew: `restated` is the last that was, where it may be another debt's. The caller holds the account's lock;
 * where a month counts, the lender's is taken.
 */
export async function accrueCommission (tx: Tx, recovered: Recovered, changed: Changed = unchanged): Promise<{ entry: CommissionEntry, restated: Id<'commissionEntry'> | null }> {
  const { account, agreement, placement, receivedBy, receivedOn, paymentId } = recovered
  const plan = await planFor(tx, account, agreement, placement.placedOn)
  const byMonth = isByMonth(plan.terms)
  if (byMonth) await lockLender(tx, account.lenderId)
  const at = await situationOf(tx, account, placement, receivedBy, receivedOn)
  const advanced = recovered.allocated.costs === zero ? [] : await listAdvancedCosts(tx, account.id)
  const earlier = isCumulative(plan.terms) || advanced.length > 0 ? (await listAccruals(tx, account.id)).filter(entry => entry.effectiveOn <= receivedOn) : []
  const costsRecovered = recoveredOf(recovered.allocated.costs, receivedOn, advanced, sum(earlier.map(recoveredBy)))
  const past = byMonth ? await pastOfMonth(tx, account, receivedOn, paymentId) : isCumulative(plan.terms) ? pastOf(earlier) : noPast
  const entry = await accrue(tx, recovered, plan, { at, past, costsRecovered, number: 1, correctionId: null })
  const restated = byMonth ? await restateByMonth(tx, account, agreement, plan, changed, advanced.length > 0, receivedOn) : null
  const isRestated = byMonth ? restated !== null : await restate(tx, account, agreement, plan, changed, advanced.length > 0)
  return { entry: isRestated ? (await findAccrual(tx, paymentId))! : entry, restated }
}

const pastOf = (entries: readonly CommissionEntry[]): Past =>
  entries.reduce((past, entry) => pastWith(past, bucketsOf(entry), { earned: entry, exact: rational(entry.exact) }), noPast)

/**
 * Books what the agency earns because the lender took a debt back, where its plan has a fee for that: on the lender's account, once for the placement. A
 * debt of which nothing was owed earns nothing.
 */
export async function chargeRecallFee (tx: Tx, placementId: Id<'placement'>): Promise<CommissionEntry | null> {
  const found = await findPlacement(tx, placementId)
  if (found === null) return null
  const account = await lockAccount(tx, found.accountId)
  const agreement = await findAgreement(tx, found.agreementId)
  const endedOn = dayIn(account.timeZone, new Date(found.endedAt!))
  await chargeToEnd(tx, [account.id])
  const recalled = await findRecalled(tx, placementId, account.id, endedOn)
  if (agreement === null || totalOf(recalled) === 0) return null
  const { planId, terms } = await planFor(tx, account, agreement, found.placedOn)
  const at = await situationOf(tx, account, found, 'lender', endedOn)
  const past = isCumulative(terms) ? pastOf(await listAccruals(tx, account.id)) : noPast
  const explained = explainRecallFee({ allocated: recalled, terms, at, past })
  if (explained === null) return null
  const { id: accountId, lenderId, currency } = account
  const facts = { lenderId, accountId, paymentId: null, placementId, agreementId: agreement.id, kind: 'recallFee' as const, number: 1, correctionId: null, effectiveOn: endedOn, currency, ...recalled, planId, situation: at, costsRecovered: zero }
  return await book(tx, facts, terms, explained, past, 'invoice', zero)
}

const situationOf = async (tx: Tx, account: AccountRow, { placedOn, placementNumber }: Recovered['placement'], receivedBy: Situation['receivedBy'], on: CalendarDay): Promise<Situation> => ({
  daysPastDue: daysPastDue(account.dueOn, placedOn), balanceAtPlacement: await findPlaced(tx, account.id), placementNumber, daysSincePlacement: daysBetween(placedOn, on), receivedBy,
})

/**
 * Gives back exactly what a payment earned, once, when it is reversed; nothing when the plan's window for it is over, which is answered as null.
 * Costs recovered of it are given back in any case. What
 * later payments earned by it, of its debt or its month, is booked anew. The caller holds the account's lock. Throws `AlreadyReversed`, `ReversalTooEarly`.
 */
export async function clawBackCommission (tx: Tx, { account, agreement, placement, paymentId, effectiveOn }: Pick<Recovered, 'account' | 'agreement' | 'placement' | 'paymentId'> & { effectiveOn: CalendarDay }, changed: Changed = unchanged): Promise<CommissionEntry | null> {
  const plan = await planFor(tx, account, agreement, placement.placedOn)
  const earnedUnder = await planOf(tx, paymentId, plan)
  // Another debt's payment may have had this one earn anew until the lender's lock is held.
  if (isByMonth(earnedUnder.terms) || isByMonth(plan.terms)) await lockLender(tx, account.lenderId)
  const accrual = await findAccrual(tx, paymentId)
  if (accrual === null) throw new Error(`payment ${paymentId} has no commission entry`)
  const follow = async (): Promise<void> => {
    const areCostsMoved = accrual.costsRecovered !== zero
    if (isByMonth(earnedUnder.terms)) await restateByMonth(tx, account, agreement, earnedUnder, changed, areCostsMoved, accrual.effectiveOn)
    else await restate(tx, account, agreement, plan, changed, areCostsMoved)
  }
  const { clawback } = plan.terms
  if (clawback !== undefined && daysBetween(accrual.effectiveOn, effectiveOn) > clawback.withinDays) {
    if (accrual.recoveryEntryId !== null) await reverse(tx, accrual.recoveryEntryId, { kind: 'costRestored', causeId: accrual.id, effectiveOn })
    await follow()
    return null
  }
  const entry = await clawBack(tx, { ...accrual, isRestored: false }, effectiveOn, null)
  await follow()
  return entry
}

/** The plan a payment earned under: nearly always the one in force. */
async function planOf (tx: Tx, paymentId: Id<'payment'>, inForce: PlanInForce): Promise<PlanInForce> {
  const planId = (await findAccrual(tx, paymentId))?.planId ?? null
  const plan = planId === null || planId === inForce.planId ? null : await findPlan(tx, planId)
  return plan === null ? inForce : { planId: plan.id, terms: plan.terms }
}

/** Has what a debt's payments earned, and the costs recovered by them, follow what they settle since a correction and what was advanced. The caller holds the account's lock. */
export async function restateCommission (tx: Tx, { account, agreement, placement }: Pick<Recovered, 'account' | 'agreement' | 'placement'>, changed: Changed): Promise<void> {
  const plan = await planFor(tx, account, agreement, placement.placedOn)
  if (!isByMonth(plan.terms)) await restate(tx, account, agreement, plan, changed, true)
  else {
    await lockLender(tx, account.lenderId)
    await restateByMonth(tx, account, agreement, plan, changed, true, null)
  }
}

/** The same where a month counts: has all payments of the months concerned follow, those of other debts as well. The lender's lock is held. Answers the last that was replaced, or null. */
async function restateByMonth (tx: Tx, account: AccountRow, agreement: Agreement, plan: PlanInForce, { settled, correctionId }: Changed, areCostsMoved: boolean, also: CalendarDay | null): Promise<Id<'commissionEntry'> | null> {
  const isMoved = areCostsMoved || settled.size > 0
  const accruals = isMoved ? await listAccruals(tx, account.id) : []
  const advanced = isMoved ? await listAdvancedCosts(tx, account.id) : []
  const now = new Map<Id<'payment'>, Settled>()
  let before = zero
  for (const accrual of accruals) {
    const isOurs = accrual.planId === plan.planId && accrual.agreementId === agreement.id
    const allocated = settled.get(accrual.paymentId) ?? bucketsOf(accrual)
    const costsRecovered = accrual.isRestored ? zero : isOurs ? recoveredOf(allocated.costs, accrual.effectiveOn, advanced, before) : accrual.costsRecovered
    if (isOurs) now.set(accrual.paymentId, { allocated, costsRecovered })
    before = add(before, costsRecovered)
  }
  let last: Id<'commissionEntry'> | null = null
  for (const month of monthsOf(accruals, now, also)) last = await restateMonth(tx, account, month, now, correctionId) ?? last
  return last
}

/** What a late fact changed beside: what other payments of the debt settle now, and the correction that says so. */
export interface Changed { settled: ReadonlyMap<Id<'payment'>, Buckets>, correctionId: Id<'correction'> | null }
const unchanged: Changed = { settled: new Map(), correctionId: null }

/**
 * Goes through what a debt's payments earned, in the order they were received, and replaces what is not what they earn now: what each earned is given
 * back and it earns anew, both on the day it was received. Answers whether there was anything to look for.
 */
async function restate (tx: Tx, account: AccountRow, agreement: Agreement, plan: PlanInForce, { settled, correctionId }: Changed, areCostsMoved: boolean): Promise<boolean> {
  if (settled.size === 0 && !isCumulative(plan.terms) && !areCostsMoved) return false
  const advanced = await listAdvancedCosts(tx, account.id)
  let past = noPast
  let before = zero
  for (const accrual of await listAccruals(tx, account.id)) {
    const { paymentId, situation: at, effectiveOn: receivedOn, number } = accrual
    const allocated = settled.get(paymentId) ?? bucketsOf(accrual)
    // An earlier placement's plan was another: what it earned stays.
    const isOurs = accrual.planId === plan.planId && accrual.agreementId === agreement.id
    const costsRecovered = accrual.isRestored ? zero : isOurs ? recoveredOf(allocated.costs, receivedOn, advanced, before) : accrual.costsRecovered
    const now = isOurs ? explainCommission({ allocated, costsRecovered, terms: plan.terms, at, past: isCumulative(plan.terms) ? past : noPast }) : null
    if (now !== null && !isSame(accrual, now, withheldOf(recoveryOf(plan.terms.recover, at.receivedBy), now.earned, allocated, costsRecovered), costsRecovered)) {
      await clawBack(tx, accrual, receivedOn, correctionId)
      await accrue(tx, { account, agreement, paymentId, allocated, receivedOn }, plan, { at, past: isCumulative(plan.terms) ? past : noPast, costsRecovered, number: number + 1, correctionId })
    }
    before = add(before, costsRecovered)
    past = pastWith(past, allocated, now ?? { earned: accrual, exact: rational(accrual.exact) })
  }
  return true
}
