import { emit } from '#platform'
import type { Tx } from '#platform'
import { post } from '../ledger/index.ts'
import { lockDuePlacements, setOutcomes } from './deadlines.db.ts'
import type { DuePlacement, Outcome } from './deadlines.db.ts'
import { PlacementClosed, PlacementExpired, PlacementRecalled, PlacementReturned, PlacementTermEnding } from './events.ts'
import { dueAct, dueAtOf, kept, stateAfter, stateOf } from './life.core.ts'
import { recallEntry, which, whom } from './steps.commands.ts'

/** How many deadlines one transaction meets. */
const deadlinesMax = 500

/**
 * Does what time brings to placements: offers that nobody answered expire, terms are told to end and end, recalls and returns take effect. A bounded number of
 * placements, each once; answers whether more may be due.
 */
export async function meetDeadlines (tx: Tx): Promise<boolean> {
  const due = await lockDuePlacements(tx, deadlinesMax)
  const met = due.map(placement => ({ placement, act: dueAct(datesOf(placement)) }))
  await setOutcomes(tx, met.map(({ placement, act }) => outcomeOf(placement, act, tx.ctx.now)))
  await post(tx, met.flatMap(({ placement, act }) => act === 'completeRecall' ? recallEntry(placement, placement, tx.ctx.now) : []))
  for (const { placement, act } of met) tell(tx, placement, act)
  return due.length === deadlinesMax
}

const datesOf = (placement: DuePlacement) => ({ ...placement, state: stateOf(placement) })

function outcomeOf (placement: DuePlacement, act: ReturnType<typeof dueAct>, now: Date): Outcome {
  const { id, accountId, termEndsOn, toldEndsOn } = placement
  const dates = datesOf(placement)
  if (act === null) throw new Error(`placement ${id} is due for nothing`)
  if (act === 'tellEnd') return { id, accountId, state: placement.state, toldEndsOn: termEndsOn, closeCode: null, hasEnded: false, dueAt: dueAtOf({ ...dates, toldEndsOn: termEndsOn }, placement.timeZone, now)!.toISOString() }
  const { state } = kept(stateAfter(dates.state, act, 'machine'))
  return { id, accountId, state, toldEndsOn, closeCode: act === 'endTerm' ? 'termEnded' : null, hasEnded: true, dueAt: null }
}

function tell (tx: Tx, placement: DuePlacement, act: ReturnType<typeof dueAct>): void {
  const told = which(placement)
  if (act === 'expire') emit(tx, PlacementExpired, whom(placement), told)
  if (act === 'tellEnd') emit(tx, PlacementTermEnding, whom(placement), { ...told, termEndsOn: placement.termEndsOn })
  if (act === 'endTerm') emit(tx, PlacementClosed, whom(placement), { ...told, closeCode: 'termEnded' })
  if (act === 'completeRecall') emit(tx, PlacementRecalled, whom(placement), told)
  if (act === 'completeReturn') emit(tx, PlacementReturned, whom(placement), told)
}
