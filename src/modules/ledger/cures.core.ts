import { greater, neg, problem, zero } from '#kernel'
import type { CalendarDay, Minor } from '#kernel'
import type { Line } from './core.ts'
import { curedByAgency, curedByLender } from './movements.core.ts'

export const CureInFuture = problem('cure-in-future', 422, 'The day has not begun in the agency\'s calendar.', 'Record what has been paid in.')
export const CureExceedsShortfall = problem('cure-exceeds-shortfall', 422, 'Trust is not short of so much by them.', 'Read the trust reconciliation: pay in no more than is owed to trust, `short`.')
export const CureDuplicate = problem('cure-duplicate', 409, 'The lender has another cure with this reference.', 'Send the cure under a reference of its own, or exactly as it was sent the first time.')

/** Who pays back what trust is short of: the agency its share of what was returned, the lender what had been passed on to it. */
export const curers = ['agency', 'lender'] as const
export type Curer = typeof curers[number]

/** What stands on a lender's trust accounts: the agency's share (below zero: the agency owes it to trust), and what the lender owes to trust. */
export interface TrustOwed { agency: Minor, clientDue: Minor }

/** The lines of money paid back into trust, never more than the one who pays owes to it. Throws `CureExceedsShortfall`. */
export function cureOf (by: Curer, amount: Minor, { agency, clientDue }: TrustOwed): Line[] {
  const short = greater(by === 'agency' ? neg(agency) : clientDue, zero)
  if (amount > short) throw CureExceedsShortfall({ short })
  return by === 'agency' ? curedByAgency(amount) : curedByLender(amount)
}

/** What makes two reports the same cure. */
export interface CureFacts { currency: string, by: Curer, amount: Minor, curedOn: CalendarDay }

/** Refuses to take a cure for a repeat of one that differs from it. Throws `CureDuplicate`. */
export function checkCureRepeat (known: CureFacts, repeated: CureFacts): void {
  const isSame = known.currency === repeated.currency && known.by === repeated.by && known.amount === repeated.amount && known.curedOn === repeated.curedOn
  if (!isSame) throw CureDuplicate()
}
