import { dayIn, neg, zero } from '#kernel'
import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { lockLender } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { post } from './commands.ts'
import { findHeld } from './db.ts'
import { TrustFellShort } from './events.ts'
import { shortfallOwed } from './movements.core.ts'

/** Why a lender's trust money is looked at: a payment was undone, or a fact that arrived late changed what was earned or overpaid. */
export interface ShortfallCause { causeId: string, because: 'reversal' | 'correction' }

/**
 * Makes what a lender's trust money is short of a debt of the lender's to trust, in the transaction that made it short: its account is never left in debit, so that
 * no other lender's money stands in for it. Whoever undoes or corrects calls it last. The lender's lock is taken: after those of accounts, never before.
 */
export async function coverShortfall (tx: Tx, lenderId: Id<'lender'>, currency: string, { causeId, because }: ShortfallCause): Promise<void> {
  await lockLender(tx, lenderId)
  const held = await findHeld(tx, lenderId, currency)
  if (held >= zero) return
  const amount = neg(held)
  await post(tx, [{ lenderId, accountId: null, kind: 'shortfall', causeId, effectiveOn: dayIn((await findTenant(tx)).timeZone, tx.ctx.now), currency, lines: shortfallOwed(amount) }])
  emit(tx, TrustFellShort, { lenderId }, { lenderId, currency, amount, because })
}
