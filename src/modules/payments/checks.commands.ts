import { dayIn } from '#kernel'
import type { CalendarDay, ProblemType } from '#kernel'
import { NotAllowed } from '#platform'
import type { Tx } from '#platform'
import type { AccountRow } from '../accounts/index.ts'
import { findTenant } from '../tenants/index.ts'
import { PaymentInFuture } from './core.ts'
import type { Receiver } from './core.ts'

/** A lender's key reports and undoes what came into the lender's own hands. Throws `NotAllowed`. */
export function checkHands (tx: Tx, receivedBy: Receiver): void {
  if (tx.ctx.lenderId !== null && receivedBy !== 'lender') throw NotAllowed({ receivedBy })
}

/** Refuses a day that has begun neither in the debtor's calendar nor in the agency's own. Throws `PaymentInFuture`, or the refusal given. */
export async function checkBegun (tx: Tx, account: Pick<AccountRow, 'timeZone'>, on: CalendarDay, refusal: ProblemType = PaymentInFuture): Promise<void> {
  if (on <= dayIn(account.timeZone, tx.ctx.now)) return
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  if (on > today) throw refusal({ today })
}
