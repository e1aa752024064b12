import type { Id } from '#kernel'
import { job } from '#platform'
import { CallTaskCancelled, CallTaskDone, CallTaskOpened } from '../outreach/index.ts'
import { PartyErased } from '../parties/index.ts'
import { HoldPlaced, HoldReleased } from '../protection/index.ts'
import { PlacementActivated, PlacementClosed, PlacementRecalled, PlacementReopened, PlacementReturned } from '../placements/index.ts'
import { announceWork, expireLeases } from './commands.ts'
import { setNotesErased } from './completions.db.ts'
import { alignItems, lockFilling, setEmptyLeasesEnded, setFilled, setItemsAwake } from './filling.db.ts'
import { leases, queues, workItems } from './tables.ts'

/** Events read in one transaction. */
const eventsMax = 2_000

/** Keeps every queue in line with the debts as they come to work, leave it, or may not be contacted for a while: one statement for a batch of events. */
export const followAccounts = job({
  name: 'queues.followAccounts', batchMax: eventsMax,
  on: [PlacementActivated, PlacementReopened, PlacementClosed, PlacementRecalled, PlacementReturned, HoldPlaced, HoldReleased, CallTaskOpened, CallTaskDone, CallTaskCancelled],
  async run (tx, events) {
    const idsOf = (those: typeof events) => [...new Set(those.map(({ accountId }) => accountId).filter(id => id !== null))].sort()
    const accountIds = idsOf(events)
    const revivedIds = idsOf(events.filter(({ type }) => type === PlacementReopened.name))
    const calledIds = idsOf(events.filter(({ type }) => type === CallTaskOpened.name))
    const { available, losing } = await alignItems(tx, { accountIds, revivedIds, calledIds })
    if (losing.length > 0) await setEmptyLeasesEnded(tx, losing)
    await announceWork(tx, available)
  },
})

/** Destroys what collectors wrote about debts of parties whose personal data was erased. */
export const eraseNotes = job({
  name: 'queues.eraseNotes', on: [PartyErased],
  async run (tx, events) {
    await setNotesErased(tx, events.map(({ data }) => (data as { partyId: Id<'party'> }).partyId))
  },
})

/** Fills queues that were made or changed from the accounts there are, a stretch at a time. The stretch reached is committed with its items: a crash goes on from there. */
export const fillQueues = job({
  name: 'queues.fillQueues', due: queues,
  async run ({ tx, isOver }) {
    const fill = async (): Promise<boolean> => await tx(async tx => {
      const filling = await lockFilling(tx)
      if (filling === null) return false
      const { queueId, after, through } = filling
      if (through !== null) {
        const { available, losing } = await alignItems(tx, { queueId, after, through })
        if (losing.length > 0) await setEmptyLeasesEnded(tx, losing)
        await announceWork(tx, available)
      }
      await setFilled(tx, filling)
      return true
    })
    while (await fill()) if (isOver()) return true
    return false
  },
})

/** Ends leases that nobody kept alive and puts their work back: a collector whose program died loses no work to it. */
export const endLapsedLeases = job({
  name: 'queues.expireLeases', due: leases,
  async run ({ tx, isOver }) {
    while (await tx(expireLeases) > 0) if (isOver()) return true
    return false
  },
})

/** Brings back work that was put off, when its time has come. */
export const wakeItems = job({
  name: 'queues.wakeItems', due: workItems,
  async run ({ tx, isOver }) {
    const wake = async (): Promise<boolean> => await tx(async tx => {
      const available = await setItemsAwake(tx)
      await announceWork(tx, available)
      return available.length > 0
    })
    while (await wake()) if (isOver()) return true
    return false
  },
})
