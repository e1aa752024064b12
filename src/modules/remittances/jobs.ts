import type { Id, Minor } from '#kernel'
import { job } from '#platform'
import { OffsetUnwound } from '../ledger/index.ts'
import { reopenInvoices } from './offsets.commands.ts'
import { followSchedule, goOnWithRun } from './runs.commands.ts'
import { remittanceRuns, remittanceSchedules } from './tables.ts'

/** Does the runs that were asked for: one lender's money in one currency a transaction. Killed anywhere, it goes on where it was. */
export const doRuns = job({
  name: 'remittances.doRuns', due: remittanceRuns,
  async run ({ tx, isOver }) {
    while (await tx(goOnWithRun)) if (isOver()) return true
    return false
  },
})

/** Opens invoices again whose offsets were put back because the money was returned. */
export const followUnwound = job({
  name: 'remittances.followUnwound', on: [OffsetUnwound],
  async run (tx, events) {
    // What is in the outbox was emitted with the event's own schema. Lenders are locked in one order, whatever that of the events.
    const all = events.map(({ data }) => data as { lenderId: Id<'lender'>, currency: string, amount: Minor }).sort((a, b) => a.lenderId < b.lenderId ? -1 : 1)
    for (const unwound of all) await reopenInvoices(tx, unwound)
  },
})

/** Passes money on when schedules say so: one schedule a transaction. */
export const followSchedules = job({
  name: 'remittances.followSchedules', due: remittanceSchedules,
  async run ({ tx, isOver }) {
    while (await tx(followSchedule)) if (isOver()) return true
    return false
  },
})
