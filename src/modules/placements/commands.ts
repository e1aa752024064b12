import type { CalendarDay, Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx, Vault } from '#platform'
import { findLender } from '../lenders/index.ts'
import { AccountNotPlaced, endedSettled } from './core.ts'
import type { CloseCode } from './core.ts'
import { findLastPlacement, findPlacement } from './db.ts'
import type { PlacementRow } from './db.ts'
import { PlacementActivated, PlacementClosed, PlacementDeclined, PlacementReopened } from './events.ts'
import type { PlacementInput } from './input.commands.ts'
import { placeAccounts } from './place.commands.ts'
import { step, which, whom } from './steps.commands.ts'

/** The lender a hand-over is for: the one named, which for a lender's own key is itself. Throws `NotFound`: to a lender no other exists. */
export async function lenderFor (tx: Tx, named: Id<'lender'> | undefined): Promise<Id<'lender'>> {
  const lenderId = named ?? tx.ctx.lenderId
  if (lenderId === null || (tx.ctx.lenderId !== null && lenderId !== tx.ctx.lenderId) || await findLender(tx, lenderId) === null) {
    throw NotFound({}, { violations: [{ pointer: '/lenderId', message: lenderId === null ? 'is needed: the key is not a lender\'s' : 'names no lender' }] })
  }
  return lenderId
}

/** Places one debt. Throws what `placeAccounts` would answer for its row. */
export async function createPlacement (tx: Tx, vault: Vault, { lenderId: named, agreementId, ...input }: PlacementInput): Promise<PlacementRow> {
  const lenderId = await lenderFor(tx, named)
  const [outcome] = await placeAccounts(tx, vault, { lenderId, agreementId, batchId: null }, [input])
  if (outcome!.outcome !== 'accepted') throw outcome!.refusal
  return (await findPlacement(tx, outcome!.placementId!))!
}

/** The agency takes an offered debt on and works it from now. Throws what `step` does. */
export async function acceptPlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'accept')
  emit(tx, PlacementActivated, whom(placement), which(placement))
  return placement
}

/** The agency does not take an offered debt. Throws what `step` does. */
export async function declinePlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'decline')
  emit(tx, PlacementDeclined, whom(placement), which(placement))
  return placement
}

/** Ends work on a debt for a reason; what is owed stays to be seen. Throws what `step` does. */
export async function endPlacement (tx: Tx, id: Id<'placement'>, closeCode: CloseCode, act: 'close' | 'settle' = 'close'): Promise<PlacementRow> {
  const { placement } = await step(tx, id, act, () => ({ closeCode }))
  emit(tx, PlacementClosed, whom(placement), { ...which(placement), closeCode })
  return placement
}

/** Ends the active placement of an account, and closes the account. The caller holds the account's lock. Nothing happens when none is active. */
export async function closePlacement (tx: Tx, accountId: Id<'account'>, closeCode: CloseCode): Promise<void> {
  const last = await findLastPlacement(tx, accountId)
  if (last?.state === 'active') await endPlacement(tx, last.id, closeCode, 'settle')
}

/** Brings the closed placement of an account back to work after a reversal. The caller holds the account's lock. Nothing happens when the last placement is not closed, or was for another reason than that nothing was owed. */
export async function reopenPlacement (tx: Tx, accountId: Id<'account'>): Promise<void> {
  const last = await findLastPlacement(tx, accountId)
  if (last?.state !== 'closed' || !endedSettled(last.closeCode)) return
  const { placement } = await step(tx, last.id, 'reopen', () => ({ closeCode: null }))
  emit(tx, PlacementReopened, whom(placement), which(placement))
}

/** The placement under which an account is being worked. Throws `AccountNotPlaced` (409). */
export async function requireActivePlacement (tx: Tx, accountId: Id<'account'>): Promise<{ placementId: Id<'placement'>, placedOn: CalendarDay, placementNumber: number, agreementId: Id<'agreement'> }> {
  const last = await findLastPlacement(tx, accountId)
  if (last?.state !== 'active') throw AccountNotPlaced({ accountId })
  const { id, placedOn, placementNumber, agreementId } = last
  return { placementId: id, placedOn, placementNumber, agreementId }
}
