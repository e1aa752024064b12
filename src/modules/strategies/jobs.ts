import type { Id } from '#kernel'
import { job } from '#platform'
import { PlacementActivated } from '../placements/index.ts'
import { enrolPlaced } from './commands.ts'

/** Enrols debts as they come to work. */
export const enrolDebts = job({
  name: 'strategies.enrolDebts', on: [PlacementActivated],
  async run (tx, events) {
    await enrolPlaced(tx, [...new Set(events.flatMap(({ accountId }): Id<'account'>[] => accountId === null ? [] : [accountId]))])
  },
})
