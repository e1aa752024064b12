import type { Id } from '#kernel'
import { NotFound } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import type { LegalHoldInput } from './api.ts'
import { beginHold, endHold, showHold } from './commands.ts'
import { HoldNotActive, endFor, holdStateAt } from './core.ts'
import type { LegalHoldEnding } from './core.ts'
import { lockHold } from './db.ts'

/** Keeps everything about a debt from being deleted, from now on; the debt may be closed. Throws `NotFound`, `HoldEndPast`. */
export async function placeLegalHold (tx: Tx, { accountId, reason, endsAt }: LegalHoldInput) {
  const account = await lockAccount(tx, accountId)
  return showHold(await beginHold(tx, account, 'legalHold', tx.ctx.now, endFor('legalHold', endsAt, account.timeZone, tx.ctx.now), reason), tx.ctx.now)
}

/** Lifts a legal hold. Throws `NotFound`, also of a hold that is another, and `HoldNotActive`. */
export async function releaseLegalHold (tx: Tx, id: Id<'hold'>, reason: LegalHoldEnding) {
  const hold = await lockHold(tx, id)
  if (hold.kind !== 'legalHold') throw NotFound()
  const state = holdStateAt(hold, tx.ctx.now)
  if (state !== 'active') throw HoldNotActive({ state })
  await endHold(tx, hold, 'released', reason)
  return showHold({ ...hold, releasedAt: tx.ctx.now.toISOString(), releaseReason: reason }, tx.ctx.now)
}
