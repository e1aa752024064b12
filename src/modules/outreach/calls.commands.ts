import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { CallTaskEnded } from './calls.core.ts'
import { cancelUnfitCalls, lockCallTask, openDueCalls, reviveFitCalls, setCallCancelled, setCallsDone } from './calls.db.ts'
import type { CallFacts, CallTaskRow } from './calls.db.ts'
import { CallTaskCancelled, CallTaskDone, CallTaskOpened } from './events.ts'

const about = ({ id, accountId, step }: Pick<CallFacts, 'id' | 'accountId' | 'step'>) => ({ callTaskId: id, accountId, step })

const tellOpened = (tx: Tx, calls: readonly CallFacts[]): void => { for (const call of calls) emit(tx, CallTaskOpened, call, about(call)) }
const tellCancelled = (tx: Tx, calls: readonly CallFacts[]): void => { for (const call of calls) emit(tx, CallTaskCancelled, call, { ...about(call), reason: call.reason! }) }

/** Asks for the calls that fell due, a batch at a time; answers how many there were. */
export async function openCalls (tx: Tx): Promise<number> {
  const calls = await openDueCalls(tx)
  tellOpened(tx, calls.filter(({ state }) => state === 'open'))
  tellCancelled(tx, calls.filter(({ state }) => state === 'cancelled'))
  return calls.length
}

/** Brings the calls that are asked for into line with how accounts stand now. Safe to repeat, late, and in any order. */
export async function reconcileCalls (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  tellCancelled(tx, await cancelUnfitCalls(tx, accountIds))
  tellOpened(tx, await reviveFitCalls(tx, accountIds))
}

/** Ends the calls that are asked for of some debts, because they were made. Safe to repeat. */
export async function endCalls (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  for (const call of await setCallsDone(tx, accountIds)) emit(tx, CallTaskDone, call, about(call))
}

/** Cancels a call that is planned or asked for. Throws `NotFound` and `CallTaskEnded`. */
export async function cancelCallTask (tx: Tx, id: Id<'callTask'>): Promise<CallTaskRow> {
  const call = await lockCallTask(tx, id)
  if (call.state !== 'planned' && call.state !== 'open') throw CallTaskEnded({ state: call.state })
  const cancelled = await setCallCancelled(tx, id)
  if (call.state === 'open') emit(tx, CallTaskCancelled, call, { ...about(call), reason: 'requested' })
  return cancelled
}
