import { dayIn, noBuckets, zero } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { ChargeAlreadyWaived, ChargeNotOpen, ChargeSuperseded, ChargeWaived, WaiverTooEarly, findCharge, lockCharge, setChargeWaived } from '../charges/index.ts'
import type { Charge } from '../charges/index.ts'
import { movements } from '../ledger/index.ts'
import { checkBegun, moveDebt } from '../payments/index.ts'
import { AccountNotPlaced, findLastPlacement } from '../placements/index.ts'
import type { WaiverInput } from './waivers.api.ts'
import { record } from './commands.ts'
import { AdjustmentInFuture } from './core.ts'

/**
 * Takes a charge back, whole and once, on a day: today in the debtor's calendar unless another is given. Interest goes on from where it was: what was waived is not
 * charged again. One dated back has payments since then settle other parts. A debt that owes nothing any more is closed as settled. Throws `NotFound`, `ChargeAlreadyWaived`, `ChargeNotOpen`,
 * `AccountNotPlaced` (the debt is out of the agency's hands), `ChargeSuperseded`, `WaiverTooEarly`, `AdjustmentInFuture`.
 */
export async function waiveCharge (tx: Tx, chargeId: Id<'charge'>, { reason, waivedOn }: WaiverInput): Promise<Charge> {
  const found = await findCharge(tx, chargeId)
  if (found === null) throw NotFound()
  const account = await lockAccount(tx, found.accountId)
  const { kind, amount, currency, waivedAt, supersededBy, toOn } = await lockCharge(tx, chargeId)
  if (supersededBy !== null) throw ChargeSuperseded({ correctionId: supersededBy })
  if (waivedAt !== null) throw ChargeAlreadyWaived({ waivedAt })
  const part = kind === 'interest' ? 'interest' : 'penalty'
  if (amount === zero) throw ChargeNotOpen({ amount, open: account[part] })
  const today = dayIn(account.timeZone, tx.ctx.now)
  const on = waivedOn ?? (toOn > today ? toOn : today)
  if (on < toOn) throw WaiverTooEarly({ toOn })
  if (waivedOn !== undefined) await checkBegun(tx, account, on, AdjustmentInFuture)
  const { id: accountId, lenderId } = account
  const placement = await findLastPlacement(tx, accountId)
  if (placement?.state !== 'active' && placement?.state !== 'closed') throw AccountNotPlaced({ accountId })
  const id = newId('adjustment')
  const moved = await moveDebt(tx, account, { kind: 'waiver', causeId: id, on }, owed => {
    if (owed[part] < amount) throw ChargeNotOpen({ amount, open: owed[part] })
    return movements.waived(part, amount)
  })
  const charge = await setChargeWaived(tx, chargeId, reason, moved.journalEntryId)
  emit(tx, ChargeWaived, { accountId, lenderId }, { chargeId, accountId, amount, currency, kind, reason })
  await record(tx, account, moved, {
    id, accountId, lenderId, placementId: placement.id, kind: 'waiver', reason, authorizedBy: null, reference: null, note: null, chargeId, asked: { amount }, effectiveOn: on, currency,
    ...noBuckets, [part]: -amount, journalEntryId: moved.journalEntryId,
  })
  return charge
}
