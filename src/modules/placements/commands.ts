import { bucketsOf, dayIn, totalOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx, Vault } from '#platform'
import { lockAccount, setAccountClosed } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { movements, post } from '../ledger/index.ts'
import { findLender } from '../lenders/index.ts'
import { AccountNotPlaced, checkStep, endedSettled } from './core.ts'
import type { CloseCode, PlacementState } from './core.ts'
import { findLastPlacement, findPlacement, lockPlacement, setPlacementState } from './db.ts'
import type { PlacementRow } from './db.ts'
import { PlacementActivated, PlacementClosed, PlacementDeclined, PlacementRecalled, PlacementReopened, PlacementReturned } from './events.ts'
import type { PlacementInput } from './input.commands.ts'
import { placeAccounts } from './place.commands.ts'

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

const which = ({ id, accountId, placementNumber }: PlacementRow) => ({ placementId: id, accountId, placementNumber })
const whom = ({ accountId, lenderId }: PlacementRow) => ({ accountId, lenderId })

/** Takes a placement one step on, with its account under lock. Throws `NotFound`, `PlacementStateRefused`. */
async function step (tx: Tx, id: Id<'placement'>, state: PlacementState, closeCode: CloseCode | null = null): Promise<{ placement: PlacementRow, account: AccountRow }> {
  const found = await findPlacement(tx, id)
  if (found === null) throw NotFound()
  const account = await lockAccount(tx, found.accountId)
  checkStep((await lockPlacement(tx, id)).state, state)
  const endedAt = state === 'active' ? null : tx.ctx.now.toISOString()
  await setPlacementState(tx, id, { state, closeCode, endedAt })
  await setAccountClosed(tx, account.id, endedAt)
  return { account, placement: (await findPlacement(tx, id))! }
}

/** The agency takes an offered debt on and works it from now. */
export async function acceptPlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'active')
  emit(tx, PlacementActivated, whom(placement), which(placement))
  return placement
}

/** The agency does not take an offered debt. */
export async function declinePlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'declined')
  emit(tx, PlacementDeclined, whom(placement), which(placement))
  return placement
}

/** The lender takes a debt back: what is still owed leaves the agency's books. */
export async function recallPlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement, account } = await step(tx, id, 'recalled')
  const { lenderId, accountId } = placement
  const balance = bucketsOf(account)
  if (totalOf(balance) > 0) {
    await post(tx, [{
      lenderId, accountId, kind: 'recall', causeId: id, effectiveOn: today(tx, account), currency: account.currency,
      lines: movements.recalled(balance),
    }])
  }
  emit(tx, PlacementRecalled, whom(placement), which(placement))
  return placement
}

const today = (tx: Tx, { timeZone }: AccountRow): CalendarDay => dayIn(timeZone, tx.ctx.now)

/** The agency gives a debt back; what is owed stays to be seen. */
export async function returnPlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'returned')
  emit(tx, PlacementReturned, whom(placement), which(placement))
  return placement
}

/** Ends work on a debt for a reason; what is owed stays to be seen. */
export async function endPlacement (tx: Tx, id: Id<'placement'>, closeCode: CloseCode): Promise<PlacementRow> {
  const { placement } = await step(tx, id, 'closed', closeCode)
  emit(tx, PlacementClosed, whom(placement), { ...which(placement), closeCode })
  return placement
}

/** Ends the active placement of an account, and closes the account. The caller holds the account's lock. Nothing happens when none is active. */
export async function closePlacement (tx: Tx, accountId: Id<'account'>, closeCode: CloseCode): Promise<void> {
  const last = await findLastPlacement(tx, accountId)
  if (last?.state === 'active') await endPlacement(tx, last.id, closeCode)
}

/** Brings the closed placement of an account back to work after a reversal. The caller holds the account's lock. Nothing happens when the last placement is not closed, or was for another reason than that nothing was owed. */
export async function reopenPlacement (tx: Tx, accountId: Id<'account'>): Promise<void> {
  const last = await findLastPlacement(tx, accountId)
  if (last?.state !== 'closed' || !endedSettled(last.closeCode)) return
  const { placement } = await step(tx, last.id, 'active')
  emit(tx, PlacementReopened, whom(placement), which(placement))
}

/** The placement under which an account is being worked. Throws `AccountNotPlaced` (409). */
export async function requireActivePlacement (tx: Tx, accountId: Id<'account'>): Promise<{ placementId: Id<'placement'>, placedOn: CalendarDay, placementNumber: number, agreementId: Id<'agreement'> }> {
  const last = await findLastPlacement(tx, accountId)
  if (last?.state !== 'active') throw AccountNotPlaced({ accountId })
  const { id, placedOn, placementNumber, agreementId } = last
  return { placementId: id, placedOn, placementNumber, agreementId }
}
