import type { Id } from '#kernel'
import { job } from '#platform'
import { PartyErased } from '../parties/index.ts'
import { forgetLettersTo, withdrawOverdue } from './commands.ts'
import { letters } from './tables.ts'

/** Withdraws letters that nobody printed in time: what allowed them does not last. */
export const withdrawUnprinted = job({
  name: 'letters.withdrawUnprinted', due: letters,
  async run ({ tx, isOver }) {
    while (await tx(withdrawOverdue)) if (isOver()) return true
    return false
  },
})

/** Destroys what was written to parties whose personal data was erased. */
export const forgetErased = job({
  name: 'letters.forgetParties', on: [PartyErased],
  async run (tx, events) {
    // The boundary of an event's data.
    await forgetLettersTo(tx, events.map(({ data }) => (data as { partyId: Id<'party'> }).partyId))
  },
})
