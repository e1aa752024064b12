import { job } from '#platform'
import { followSchedule, goOnWithRun } from './runs.commands.ts'
import { remittanceRuns, remittanceSchedules } from './tables.ts'

/** Does the runs that were asked for: one lender's money in one currency a transaction. Killed anywhere, it goes on where it was. */
export const doRuns = job({
  name: 'remittances.doRuns', due: remittanceRuns,
  async run ({ tx, isOver }) {
    while (await tx(goOnWithRun)) if (isOver()) return true
    return false
  },
})

/** Passes money on when schedules say so: one schedule a transaction. */
export const followSchedules = job({
  name: 'remittances.followSchedules', due: remittanceSchedules,
  async run ({ tx, isOver }) {
    while (await tx(followSchedule)) if (isOver()) return true
    return false
  },
})
