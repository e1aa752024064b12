import type { Id } from '#kernel'
import { job } from '#platform'
import { PartyErased } from '../parties/index.ts'
import { announceOverdue, forgetComplaintsOf } from './commands.ts'
import { complaints } from './tables.ts'

/** Tells once of each complaint that was not answered in time. */
export const tellOverdue = job({
  name: 'complaints.tellOverdue', due: complaints,
  async run ({ tx, isOver }) {
    while (await tx(announceOverdue)) if (isOver()) return true
    return false
  },
})

/** Destroys what was written of parties whose personal data was erased. */
export const forgetErased = job({
  name: 'complaints.forgetParties', on: [PartyErased],
  async run (tx, events) {
    // The boundary of an event's data.
    await forgetComplaintsOf(tx, events.map(({ data }) => (data as { partyId: Id<'party'> }).partyId))
  },
})
