import { dayIn, greater, lesser, neg, sub, zero } from '#kernel'
import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { lockLender } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { post } from './commands.ts'
import { findOffset, findTrustOwed } from './cures.db.ts'
import { findHeld } from './db.ts'
import { OffsetUnwound, TrustFellShort } from './events.ts'
import { offsetUnwound, shortfallOwed } from './movements.core.ts'

/** Why a lender's trust money is looked at: a payment was undone, or a fact that arrived late changed what was earned or overpaid. */
export interface ShortfallCause { causeId: string, because: 'reversal' | 'correction' }

/**
 * Makes good what a lender's trust money is short of, in the transaction that made it short: its account is never left in debit, so that no other lender's money stands
 * in for it. What had been kept from it for invoices since the last statement, and is still in trust as the agency's share, goes back first; the rest becomes a debt of the lender's to trust.
 * Whoever undoes or corrects calls it last. The lender's lock is taken: after those of accounts, never before.
 */
export async function coverShortfall (tx: Tx, lenderId: Id<'lender'>, currency: string, { causeId, because }: ShortfallCause): Promise<void> {
  await lockLender(tx, lenderId)
  const held = await findHeld(tx, lenderId, currency)
  if (held >= zero) return
  const short = neg(held)
  const { agency } = await findTrustOwed(tx, lenderId, currency)
  const unwound = lesser(short, lesser(greater(agency, zero), greater(await findOffset(tx, lenderId, currency), zero)))
  const owed = sub(short, unwound)
  const said = { lenderId, accountId: null, causeId, effectiveOn: dayIn((await findTenant(tx)).timeZone, tx.ctx.now), currency }
  await post(tx, [
    ...unwound === zero ? [] : [{ ...said, kind: 'offsetUnwound' as const, lines: offsetUnwound(unwound) }],
    ...owed === zero ? [] : [{ ...said, kind: 'shortfall' as const, lines: shortfallOwed(owed) }],
  ])
  if (unwound > zero) emit(tx, OffsetUnwound, { lenderId }, { lenderId, currency, amount: unwound })
  if (owed > zero) emit(tx, TrustFellShort, { lenderId }, { lenderId, currency, amount: owed, because })
}
