import { dayIn } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx } from '#platform'
import { lockLender } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { post } from './commands.ts'
import type { CureInput } from './cures.api.ts'
import { CureInFuture, checkCureRepeat, cureOf } from './cures.core.ts'
import { findCureByReference, findTrustOwed, insertCure } from './cures.db.ts'
import type { CureRow } from './cures.db.ts'
import { TrustCured } from './events.ts'

/**
 * Records that the agency or the lender paid back into trust what it owes to it since money was returned, or part of it. A cure already recorded under its reference is
 * answered as it is. Throws `NotFound`, `CureDuplicate`, `CureInFuture`, `CureExceedsShortfall`.
 */
export async function cureTrust (tx: Tx, { lenderId, currency, by, amount, curedOn, reference }: CureInput): Promise<CureRow> {
  await lockLender(tx, lenderId)
  const known = await findCureByReference(tx, lenderId, reference)
  if (known !== null) {
    checkCureRepeat(known, { currency, by, amount, curedOn })
    return known
  }
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  if (curedOn > today) throw CureInFuture({ today })
  const lines = cureOf(by, amount, await findTrustOwed(tx, lenderId, currency))
  const id = newId('trustCure')
  const [journalEntryId] = await post(tx, [{ lenderId, accountId: null, kind: 'trustCure', causeId: id, effectiveOn: curedOn, currency, lines }])
  emit(tx, TrustCured, { lenderId }, { trustCureId: id, lenderId, currency, by, amount, curedOn })
  return await insertCure(tx, { id, lenderId, currency, by, amount, curedOn, reference, journalEntryId: journalEntryId! })
}
