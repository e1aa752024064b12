import type { Id } from '#kernel'
import { job } from '#platform'
import { PartyErased } from '../parties/index.ts'
import { announceOverdue, forgetComplaintsOf } from './commands.ts'
import { destroyDue, forgetHardshipOf } from './hardship.commands.ts'
import { complaints, hardshipAssessments } from './tables.ts'

/** Tells once of each complaint that was not answered in time. */
export const tellOverdue = job({
  name: 'complaints.tellOverdue', due: complaints,
  async run ({ tx, isOver }) {
    while (await tx(announceOverdue)) if (isOver()) return true
    return false
  },
})

/** Destroys the figures of assessments that are no longer good. */
export const destroyExpired = job({
  name: 'complaints.destroyExpired', due: hardshipAssessments,
  async run ({ tx, isOver }) {
    while (await tx(destroyDue)) if (isOver()) return true
    return false
  },
})

/** Destroys what was written of parties, and what they earn and spend, once their personal data was erased. */
export const forgetErased = job({
  name: 'complaints.forgetParties', on: [PartyErased],
  async run (tx, events) {
    // The boundary of an event's data.
    const partyIds = events.map(({ data }) => (data as { partyId: Id<'party'> }).partyId)
    await forgetComplaintsOf(tx, partyIds)
    await forgetHardshipOf(tx, partyIds)
  },
})
