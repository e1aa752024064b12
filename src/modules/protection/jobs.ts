import { job } from '#platform'
import { announceEnds } from './commands.ts'
import { holds } from './tables.ts'

/** Says that holds have ended by time. A hold stops nothing from its end on, whether or not this has run. */
export const endHolds = job({
  name: 'protection.endHolds', due: holds,
  async run ({ tx, isOver }) {
    while (await tx(announceEnds)) if (isOver()) return true
    return false
  },
})
