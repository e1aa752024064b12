import { job } from '#platform'
import { clearDue as clearSome } from './clearing.commands.ts'
import { payments } from './tables.ts'

/** Clears payments whose day of clearing is over, unless they were undone before: many a transaction. Killed anywhere, it goes on where it was. */
export const clearDue = job({
  name: 'payments.clearDue', due: payments,
  async run ({ tx, isOver }) {
    while (await tx(clearSome)) if (isOver()) return true
    return false
  },
})
