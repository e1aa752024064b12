import { bucketsOf, lessBuckets, zero } from '#kernel'
import type { Buckets, CalendarDay, Id, Minor } from '#kernel'
import type { Tx } from '#platform'
import type { AccountRow } from '../accounts/index.ts'
import { accrue, clawBack, isSame } from './booking.commands.ts'
import { explainCommission, noPast, pastWith, recoveryOf, withheldOf } from './core.ts'
import type { Past } from './core.ts'
import { recoveredBy } from './db.ts'
import type { Accrual } from './db.ts'
import { listMonth } from './months.db.ts'
import { isByMonth, monthOf } from './plan.core.ts'
import type { PlanTerms } from './plan.core.ts'
import { listPlansOf } from './plans.db.ts'

/** The lender and currency whose payments of a month are counted together. */
type Pool = Pick<AccountRow, 'lenderId' | 'currency'>

/** What a payment settles now, where that is not what it earned by. */
export interface Settled { allocated: Buckets, costsRecovered: Minor }

/** The accruals of a month that count together, in the order their payments were received, with the terms each earns by. */
async function listPool (tx: Tx, { lenderId, currency }: Pool, month: string): Promise<{ accrual: Accrual, terms: PlanTerms }[]> {
  const plans = new Map((await listPlansOf(tx, lenderId, currency)).filter(({ terms }) => isByMonth(terms)).map(({ id, terms }) => [id, terms]))
  const accruals = await listMonth(tx, { lenderId, currency, planIds: [...plans.keys()], month })
  return accruals.map(accrual => ({ accrual, terms: plans.get(accrual.planId!)! }))
}

/** What a lender's payments of a month had come to before one. The lender's lock is held. */
export async function pastOfMonth (tx: Tx, pool: Pool, receivedOn: CalendarDay, paymentId: Id<'payment'>): Promise<Past> {
  const isBefore = (accrual: Accrual): boolean => accrual.effectiveOn < receivedOn || (accrual.effectiveOn === receivedOn && accrual.paymentId < paymentId)
  return (await listPool(tx, pool, monthOf(receivedOn))).filter(({ accrual }) => isBefore(accrual))
    .reduce((past, { accrual }) => pastWith(past, bucketsOf(accrual), { earned: accrual, exact: noPast.exact }), noPast)
}

/**
 * Goes through what a lender's payments of a month earned and replaces what is not what they earn now: each is given back and earns anew, both on the day it was received.
 * `settled` is what some of them settle now, by a correction of one debt. The lender's lock is held. Answers the last that was replaced; null when none was.
 */
export async function restateMonth (tx: Tx, { lenderId, currency }: Pool, month: string, settled: ReadonlyMap<Id<'payment'>, Settled>, correctionId: Id<'correction'> | null): Promise<Id<'commissionEntry'> | null> {
  let past = noPast
  let last: Id<'commissionEntry'> | null = null
  for (const { accrual, terms } of await listPool(tx, { lenderId, currency }, month)) {
    const { paymentId, accountId, agreementId, planId, situation: at, effectiveOn: receivedOn, number } = accrual
    const own = settled.get(paymentId)
    const { allocated, costsRecovered } = own ?? { allocated: bucketsOf(accrual), costsRecovered: recoveredBy(accrual) }
    const now = explainCommission({ allocated, costsRecovered, terms, at, past })
    if (!isSame(accrual, now, withheldOf(recoveryOf(terms.recover, at.receivedBy), now.earned, allocated, costsRecovered), costsRecovered)) {
      const by = own === undefined ? null : correctionId
      await clawBack(tx, accrual, receivedOn, by)
      const anew = await accrue(tx, { account: { id: accountId, lenderId, currency }, agreement: { id: agreementId }, paymentId, allocated, receivedOn }, { planId, terms }, { at, past, costsRecovered, number: number + 1, correctionId: by })
      last = anew.id
    }
    past = pastWith(past, allocated, now)
  }
  return last
}

/** The months in which payments settle otherwise than they earned by, with one more. */
export function monthsOf (accruals: readonly Accrual[], settled: ReadonlyMap<Id<'payment'>, Settled>, also: CalendarDay | null): string[] {
  const changed = accruals.filter(accrual => {
    const now = settled.get(accrual.paymentId)
    return now !== undefined && (now.costsRecovered !== recoveredBy(accrual) || Object.values(lessBuckets(now.allocated, bucketsOf(accrual))).some(amount => amount !== zero))
  })
  return [...new Set([...changed.map(({ effectiveOn }) => monthOf(effectiveOn)), ...also === null ? [] : [monthOf(also)]])].sort()
}
