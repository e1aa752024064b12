import type { Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { AccountClosed, findAccount, lockAccount } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import type { DisputeInput, HoldInput } from './api.ts'
import { DisputeAlreadyResolved, DisputeStillOpen, HoldNotActive, HoldNotYours, HoldOfCompliance, HoldOfDispute, endFor, holdEffectsOf, holdStateAt, startFor } from './core.ts'
import type { HoldKind, LegalHoldEnding, LegalHoldReason, disputeOutcomes } from './core.ts'
import { findOpenDispute, insertDispute, insertHold, listActiveHolds, lockDispute, lockHold, setDisputeResolved, setHoldReleased, takeEndedHolds } from './db.ts'
import type { HoldRow } from './db.ts'
import { DisputeOpened, DisputeResolved, HoldPlaced, HoldReleased } from './events.ts'

/** A hold as the API shows it. */
export const showHold = (hold: HoldRow, now: Date) => ({ ...hold, state: holdStateAt(hold, now) })

async function lockOpenAccount (tx: Tx, id: Id<'account'>): Promise<AccountRow> {
  const account = await lockAccount(tx, id)
  if (account.closedAt !== null) throw AccountClosed({ closedAt: account.closedAt })
  return account
}

/** Begins a hold on an account whose lock the caller holds. */
export async function beginHold (tx: Tx, { id: accountId, lenderId }: AccountRow, kind: HoldKind, start: Date, end: Date | null, reason?: LegalHoldReason): Promise<HoldRow> {
  const hold = await insertHold(tx, { accountId, lenderId, kind, startsAt: start.toISOString(), endsAt: end === null ? null : end.toISOString(), ...reason !== undefined && { reason } })
  emit(tx, HoldPlaced, { accountId, lenderId }, { holdId: hold.id, accountId, kind, startsAt: hold.startsAt, endsAt: hold.endsAt })
  return hold
}

/**
 * Places a hold on an account, from now on or since an earlier instant: then what was charged meanwhile is computed anew by a job. Throws `NotFound`, `AccountClosed`,
 * `HoldStartFuture`, `HoldEndPast`.
 */
export async function placeHold (tx: Tx, { accountId, kind, startsAt, endsAt }: HoldInput) {
  const account = await lockOpenAccount(tx, accountId)
  return showHold(await beginHold(tx, account, kind, startFor(startsAt, tx.ctx.now), endFor(kind, endsAt, account.timeZone, tx.ctx.now)), tx.ctx.now)
}

/** Ends a hold whose lock the caller holds. */
export async function endHold (tx: Tx, { id, accountId, lenderId, kind }: HoldRow, reason: 'released' | 'resolved', why: LegalHoldEnding | null = null): Promise<void> {
  await setHoldReleased(tx, id, tx.ctx.now.toISOString(), why)
  emit(tx, HoldReleased, { accountId, lenderId }, { holdId: id, accountId, kind, reason })
}

/** Ends a hold now. A lender ends only what it asked for. Throws `NotFound`, `HoldOfDispute`, `HoldOfCompliance`, `HoldNotYours`, `HoldNotActive`. */
export async function releaseHold (tx: Tx, id: Id<'hold'>) {
  const hold = await lockHold(tx, id)
  if (tx.ctx.lenderId !== null && hold.kind !== 'lenderRequest') throw HoldNotYours({ kind: hold.kind })
  if (hold.kind === 'legalHold') throw HoldOfCompliance()
  const state = holdStateAt(hold, tx.ctx.now)
  if (state !== 'active') throw HoldNotActive({ state })
  if (hold.kind === 'dispute') throw await holdOfDispute(tx, hold.accountId)
  await endHold(tx, hold, 'released')
  return showHold({ ...hold, releasedAt: tx.ctx.now.toISOString() }, tx.ctx.now)
}

async function holdOfDispute (tx: Tx, accountId: Id<'account'>) {
  const dispute = await findOpenDispute(tx, accountId)
  return dispute === null ? HoldOfDispute() : HoldOfDispute({ disputeId: dispute.id }, { resolution: { method: 'POST', path: `/v1/disputes/${dispute.id}/resolve` } })
}

/** Opens a dispute about an account; contact stops until it is resolved, and what is disputed of it, when that is said, is paid last meanwhile. Throws `NotFound`, `AccountClosed`, `DisputeStillOpen`. */
export async function openDispute (tx: Tx, { accountId, reason, disputed }: DisputeInput) {
  const account = await lockOpenAccount(tx, accountId)
  const open = await findOpenDispute(tx, accountId)
  if (open !== null) throw DisputeStillOpen({ disputeId: open.id }, { resolution: { method: 'POST', path: `/v1/disputes/${open.id}/resolve` } })
  const hold = await beginHold(tx, account, 'dispute', tx.ctx.now, null)
  const { lenderId } = account
  const dispute = await insertDispute(tx, { accountId, lenderId, holdId: hold.id, reason, disputed: disputed ?? null })
  emit(tx, DisputeOpened, { accountId, lenderId }, { disputeId: dispute.id, accountId, holdId: hold.id, reason })
  return dispute
}

/** Ends a dispute, and its hold with it. Throws `NotFound`, `DisputeAlreadyResolved`. */
export async function resolveDispute (tx: Tx, id: Id<'dispute'>, outcome: typeof disputeOutcomes[number]) {
  const { state, accountId, lenderId, holdId } = await lockDispute(tx, id)
  if (state !== 'open') throw DisputeAlreadyResolved({ state })
  const resolved = await setDisputeResolved(tx, id, outcome)
  await endHold(tx, await lockHold(tx, holdId), 'resolved')
  emit(tx, DisputeResolved, { accountId, lenderId }, { disputeId: id, accountId, holdId, outcome })
  return resolved
}

/** What stands still on an account now, and by which holds. Throws `NotFound`. */
export async function getHoldEffects (tx: Tx, accountId: Id<'account'>) {
  if (await findAccount(tx, accountId) === null) throw NotFound()
  const holds = await listActiveHolds(tx, [accountId])
  return { accountId, ...holdEffectsOf(holds), holds: holds.map(hold => showHold(hold, tx.ctx.now)) }
}

/** How many ends one transaction announces. */
const endsMax = 500

/** Announces holds whose end has come, each once. Answers whether more may be due. */
export async function announceEnds (tx: Tx): Promise<boolean> {
  const ended = await takeEndedHolds(tx, endsMax)
  for (const { id, accountId, lenderId, kind } of ended) emit(tx, HoldReleased, { accountId, lenderId }, { holdId: id, accountId, kind, reason: 'ended' })
  return ended.length === endsMax
}
