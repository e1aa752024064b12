import { job } from '#platform'
import { interruptClaims } from '../limitations/index.ts'
import type { Interruption } from '../limitations/index.ts'
import { ContactAttemptLogged } from './events.ts'
import { interruptionBy } from './core.ts'
import type { Told } from './core.ts'
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

/** Has the time of debts begin anew for which a demand reached the borrower, or the borrower agreed to pay, where the law counts that. */
export const interruptByContact = job({
  name: 'contacts.interruptByContact', on: [ContactAttemptLogged],
  async run (tx, events) {
    await interruptClaims(tx, events.flatMap(({ accountId, data }): Interruption[] => {
      // The boundary of an event's data.
      const told = data as Told & Pick<Interruption, 'at' | 'partyId'>
      const type = interruptionBy(told)
      return type === null || accountId === null ? [] : [{ accountId, type, on: null, at: told.at, partyId: told.partyId, source: '' }]
    }))
  },
})
