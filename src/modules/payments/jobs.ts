import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { job } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { HoldPlaced } from '../protection/index.ts'
import { ReferenceRateChanged } from '../rates/index.ts'
import { clearDue as clearSome } from './clearing.commands.ts'
import { goOnRecomputing, recompute } from './recomputations.commands.ts'
import { insertRecomputation } from './recomputations.db.ts'
import { payments, recomputations } from './tables.ts'

/** What a hold's event says that matters here. */
interface Placed { accountId: Id<'account'>, startsAt: string }

/** Computes debts anew when a hold began before it was placed: what was charged meanwhile may be too much. */
export const followHolds = job({
  name: 'payments.followHolds', on: [HoldPlaced],
  async run (tx, events) {
    for (const { id, occurredAt, data } of events) {
      // What is in the outbox was emitted with the event's own schema.
      const { accountId, startsAt } = data as Placed
      const account = Date.parse(startsAt) < Date.parse(occurredAt) ? await findAccount(tx, accountId) : null
      if (account !== null) await recompute(tx, accountId, { cause: 'hold', eventId: id, fromOn: dayIn(account.timeZone, new Date(startsAt)) })
    }
  },
})

/** What a rate's event says. */
interface Changed { name: string, fromOn: string }

/** Notes which rates were recorded anew: the debts that follow them are many, and are computed piece by piece. */
export const noteRates = job({
  name: 'payments.noteRates', on: [ReferenceRateChanged],
  async run (tx, events) {
    for (const { id, data } of events) {
      const { name, fromOn } = data as Changed
      await insertRecomputation(tx, id, name, fromOn)
    }
  },
})

/** Computes the debts anew that follow a rate which was corrected, some at a time. Killed anywhere, it goes on where it was. */
export const followRates = job({
  name: 'payments.followRates', due: recomputations,
  async run ({ tx, isOver }) {
    while (await tx(goOnRecomputing)) if (isOver()) return true
    return false
  },
})

/** Clears payments whose day of clearing is over, unless they were undone before: many a transaction. Killed anywhere, it goes on where it was. */
export const clearDue = job({
  name: 'payments.clearDue', due: payments,
  async run ({ tx, isOver }) {
    while (await tx(clearSome)) if (isOver()) return true
    return false
  },
})
