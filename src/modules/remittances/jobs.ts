import type { Id } from '#kernel'
import { job } from '#platform'
import type { EventRow } from '#platform'
import { CommissionClawedBack } from '../commissions/index.ts'
import { LedgerCorrected, PaymentReversed } from '../payments/index.ts'
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

/** What the events say that matters here. */
interface Undone { currency: string, receivedBy?: string }

/**
 * Looks, after payments were undone, settle other parts since a fact arrived late, or earn anew, whether money that had been passed on is missing now.
 * The event that brought it to light is the shortfall's cause: there may be several for one payment.
 */
export const coverShortfalls = job({
  name: 'remittances.coverShortfalls', on: [PaymentReversed, LedgerCorrected, CommissionClawedBack],
  async run (tx, events) {
    const purses = new Map<string, { lenderId: Id<'lender'>, currency: string, because: EventRow }>()
    for (const event of events) {
      // What is in the outbox was emitted with the event's own schema.
      const { currency, receivedBy } = event.data as Undone
      if (event.lenderId !== null && receivedBy !== 'lender') purses.set(`${event.lenderId} ${currency}`, { lenderId: event.lenderId, currency, because: event })
    }
    for (const [, { lenderId, currency, because }] of [...purses].sort(([a], [b]) => a < b ? -1 : 1)) {
      await coverShortfall(tx, lenderId, currency, { causeId: because.id, because: because.type === PaymentReversed.name ? 'reversal' : 'correction' })
    }
  },
})
