import { job } from '#platform'
import { returnUnused } from './permits.commands.ts'
import { contactAttempts } from './tables.ts'

/** Gives back the places of permits that were not used in time. */
export const returnPermits = job({
  name: 'contacts.returnPermits', due: contactAttempts,
  async run ({ tx, isOver }) {
    while (await tx(returnUnused)) if (isOver()) return true
    return false
  },
})
