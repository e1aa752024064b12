import { job } from '#platform'
import { finishBatches, placeNextPart, sweepBatches } from './batch.commands.ts'
import { meetDeadlines } from './deadlines.commands.ts'
import { placementBatches, placements } from './tables.ts'

/** How many parts of an agency are placed at once: while the database writes two, the next is made ready. */
const lanes = 3

/** Places batches part by part, each part in a transaction of its own: a crash loses nothing and doubles nothing. Removes batches that never arrived whole. */
export const processBatches = job({
  name: 'placements.processBatches', due: placementBatches,
  async run ({ tx, vault, isOver }) {
    await tx(sweepBatches)
    let isMore = false
    const lane = async (): Promise<void> => {
      while (await tx(async tx => await placeNextPart(tx, vault))) {
        if (!isOver()) continue
        isMore = true
        return
      }
      // Whichever lane places the last part comes here after it.
      await tx(finishBatches)
    }
    const ended = await Promise.allSettled(Array.from({ length: lanes }, lane))
    for (const end of ended) if (end.status === 'rejected') throw end.reason
    return isMore
  },
})

/** Expires offers that nobody answered, tells terms to end and ends them, and completes recalls and returns. */
export const meetPlacementDeadlines = job({
  name: 'placements.meetDeadlines', due: placements,
  async run ({ tx, isOver }) {
    while (await tx(meetDeadlines)) if (isOver()) return true
    return false
  },
})
