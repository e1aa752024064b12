import { bucketsOf, dayIn, totalOf } from '#kernel'
import type { Bucket, CalendarDay, Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { lockAccount, setAccountClosed } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { movements, post } from '../ledger/index.ts'
import type { Entry } from '../ledger/index.ts'
import { findPlacement, lockPlacement, setPlacement } from './db.ts'
import type { PlacementChange, PlacementRow } from './db.ts'
import { PlacementRecalled } from './events.ts'
import { checkInTime, dueAtOf, hasEnded, kept, stateAfter, stateOf } from './life.core.ts'
import type { Act, Side } from './life.core.ts'

/** Which placement an event tells of. */
export const which = ({ id, accountId, placementNumber }: Pick<PlacementRow, 'id' | 'accountId' | 'placementNumber'>) => ({ placementId: id, accountId, placementNumber })

/** Whom an event of a placement concerns. */
export const whom = ({ accountId, lenderId }: Pick<PlacementRow, 'accountId' | 'lenderId'>) => ({ accountId, lenderId })

/** What the machine does whoever calls: it follows from what happened. */
const ofMachine: readonly Act[] = ['settle', 'reopen']

/** A placement under lock, and the day it is for its debt. */
export interface Standing { placement: PlacementRow, today: CalendarDay }

/** A step that was taken. */
export interface Taken { placement: PlacementRow, account: AccountRow }

/** Takes a placement one step on, with its account under lock; `decide` says what changes with it. Throws `NotFound`, `PlacementStepNotYours`, `PlacementStateRefused`, `PlacementDeadlinePassed`, and what `decide` throws. */
export async function step (tx: Tx, id: Id<'placement'>, act: Act, decide: (at: Standing) => PlacementChange = () => ({})): Promise<Taken> {
  const found = await findPlacement(tx, id)
  if (found === null) throw NotFound()
  const side: Side = ofMachine.includes(act) ? 'machine' : tx.ctx.lenderId === null ? 'agency' : 'lender'
  const account = await lockAccount(tx, found.accountId)
  const placement = await lockPlacement(tx, id)
  const before = stateOf(placement)
  const state = stateAfter(before, act, side)
  checkInTime(act, { ...placement, state: before }, placement.dueAt, tx.ctx.now)
  const { timeZone } = account
  const change = decide({ placement, today: dayIn(timeZone, tx.ctx.now) })
  const endedAt = hasEnded(state) ? tx.ctx.now.toISOString() : null
  const dueAt = dueAtOf({ ...placement, ...change, state }, timeZone, tx.ctx.now)
  await setPlacement(tx, id, { ...change, ...kept(state), endedAt, dueAt: dueAt === null ? null : dueAt.toISOString() })
  await setAccountClosed(tx, account.id, endedAt)
  return { account, placement: (await findPlacement(tx, id))! }
}

/** The entry that takes what a recalled debt owes out of the books; none when it owes nothing. */
export function recallEntry (account: Pick<AccountRow, 'timeZone' | 'currency' | Bucket>, { id, lenderId, accountId }: Pick<PlacementRow, 'id' | 'lenderId' | 'accountId'>, now: Date): Entry[] {
  const balance = bucketsOf(account)
  return totalOf(balance) === 0 ? [] : [{
    lenderId, accountId, kind: 'recall', causeId: id, effectiveOn: dayIn(account.timeZone, now), currency: account.currency, lines: movements.recalled(balance),
  }]
}

/** Takes what is owed of a debt that was just recalled out of the books, and says so. */
export async function takeBack (tx: Tx, { placement, account }: Taken): Promise<PlacementRow> {
  await post(tx, recallEntry(account, placement, tx.ctx.now))
  emit(tx, PlacementRecalled, whom(placement), which(placement))
  return placement
}
