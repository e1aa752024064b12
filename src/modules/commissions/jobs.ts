import type { Id } from '#kernel'
import { job } from '#platform'
import { PlacementRecalled } from '../placements/index.ts'
import { chargeRecallFee } from './commands.ts'

/** Books what recalls earn, where plans have a fee for them. */
export const followRecalls = job({
  name: 'commissions.followRecalls', on: [PlacementRecalled],
  async run (tx, events) {
    // What is in the outbox was emitted with the event's own schema.
    for (const { data } of events) await chargeRecallFee(tx, (data as { placementId: Id<'placement'> }).placementId)
  },
})
