import type { Id } from '#kernel'
import { job } from '#platform'
import { PaymentReversed } from '../payments/index.ts'
import { coverShortfall } from './commands.ts'
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

/** Passes money on when schedules say so: one schedule a transaction. */
export const followSchedules = job({
  name: 'remittances.followSchedules', due: remittanceSchedules,
  async run ({ tx, isOver }) {
    while (await tx(followSchedule)) if (isOver()) return true
    return false
  },
})

/** What a reversal's event says that matters here. */
interface Reversed { paymentId: Id<'payment'>, currency: string, receivedBy: string }

/** Looks, after payments were undone, whether money that had been passed on is missing now. */
export const coverShortfalls = job({
  name: 'remittances.coverShortfalls', on: [PaymentReversed],
  async run (tx, events) {
    const purses = new Map<string, { lenderId: Id<'lender'>, reversed: Reversed }>()
    for (const { lenderId, data } of events) {
      // What is in the outbox was emitted with the event's own schema.
      const reversed = data as Reversed
      if (lenderId !== null && reversed.receivedBy === 'agency') purses.set(`${lenderId} ${reversed.currency}`, { lenderId, reversed })
    }
    for (const [, { lenderId, reversed }] of [...purses].sort(([a], [b]) => a < b ? -1 : 1)) await coverShortfall(tx, lenderId, reversed.currency, reversed.paymentId)
  },
})
