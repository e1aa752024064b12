import type { Id } from '#kernel'
import { job } from '#platform'
import type { EventRow } from '#platform'
import { PlacementActivated, PlacementClosed, PlacementRecalled, PlacementReopened, PlacementReturned } from '../placements/index.ts'
import { chargeDue, chargeToEnd, openSchedules } from './commands.ts'
import { restSchedules, wakeSchedules } from './db.ts'
import { chargeSchedules } from './tables.ts'

const accountsOf = (events: readonly EventRow[], ...types: { name: string }[]): Id<'account'>[] =>
  events.flatMap(({ type, accountId }) => accountId !== null && types.some(({ name }) => name === type) ? [accountId] : [])

/** Begins to charge debts that are placed, charges those whose placement ended up to that day and rests, and goes on with those that a reversal brought back. */
export const followPlacements = job({
  name: 'charges.followPlacements', on: [PlacementActivated, PlacementReopened, PlacementRecalled, PlacementReturned, PlacementClosed], batchMax: 2_000,
  async run (tx, events) {
    await openSchedules(tx, accountsOf(events, PlacementActivated, PlacementReopened))
    await wakeSchedules(tx, accountsOf(events, PlacementReopened))
    const ended = accountsOf(events, PlacementRecalled, PlacementReturned, PlacementClosed)
    await chargeToEnd(tx, ended)
    await restSchedules(tx, ended)
  },
})

/** How many transactions of one agency's night run side by side: while the database works for one, this process prepares the other. */
const lanes = 2

/** Adds the night's interest and late fees, each debt at midnight of its own calendar. Many debts a transaction; killed anywhere, it goes on where it was. */
export const accrueNightly = job({
  name: 'charges.accrueNightly', due: chargeSchedules,
  async run ({ tx, isOver }) {
    const drain = async (): Promise<boolean> => {
      while (await tx(chargeDue)) if (isOver()) return true
      return false
    }
    // All lanes end before one's failure is told: nothing is left running behind a job that is over.
    const ends = await Promise.allSettled(Array.from({ length: lanes }, drain))
    const failed = ends.find(end => end.status === 'rejected')
    if (failed !== undefined) throw failed.reason
    return ends.some(end => end.status === 'fulfilled' && end.value)
  },
})
