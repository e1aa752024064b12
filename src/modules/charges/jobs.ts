import type { Id } from '#kernel'
import { job } from '#platform'
import type { EventRow } from '#platform'
import { PlacementActivated, PlacementReopened } from '../placements/index.ts'
import { chargeDue, openSchedules } from './commands.ts'
import { wakeSchedules } from './db.ts'
import { chargeSchedules } from './tables.ts'

const accountsOf = (events: readonly EventRow[], name: string): Id<'account'>[] =>
  events.filter(({ type, accountId }) => type === name && accountId !== null).map(({ accountId }) => accountId!)

/** Begins to charge debts that are placed, and goes on with those that a reversal brought back. The night's work ends a schedule whose debt is closed. */
export const followPlacements = job({
  name: 'charges.followPlacements', on: [PlacementActivated, PlacementReopened], batchMax: 2_000,
  async run (tx, events) {
    await openSchedules(tx, accountsOf(events, PlacementActivated.name))
    await wakeSchedules(tx, accountsOf(events, PlacementReopened.name))
  },
})

/** Adds the night's interest and late fees, each debt at midnight of its own calendar. Many debts a transaction; killed anywhere, it goes on where it was. */
export const accrueNightly = job({
  name: 'charges.accrueNightly', due: chargeSchedules,
  async run ({ tx, isOver }) {
    while (await tx(chargeDue)) if (isOver()) return true
    return false
  },
})
