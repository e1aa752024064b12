import type { Id } from '#kernel'
import { job } from '#platform'
import type { EventRow } from '#platform'
import { ContactAttemptLogged } from '../contacts/index.ts'
import { PaymentPosted, PaymentReversed } from '../payments/index.ts'
import { PlacementActivated, PlacementClosed, PlacementDeclined, PlacementExpired, PlacementOffered, PlacementRecalled, PlacementReopened, PlacementReturned } from '../placements/index.ts'
import { HoldPlaced, HoldReleased } from '../protection/index.ts'
import { assessRetention, deleteDue } from './commands.ts'
import { retentions } from './tables.ts'

const accountsOf = (events: readonly EventRow[]): Id<'account'>[] => events.flatMap(({ accountId }) => accountId ?? [])

/** Finds how long what is kept of a debt is kept when it is closed, and again when it is opened or held, or when something happens that terms run from. */
export const followDebts = job({
  name: 'retention.followDebts',
  on: [PlacementOffered, PlacementActivated, PlacementReopened, PlacementClosed, PlacementRecalled, PlacementReturned, PlacementDeclined, PlacementExpired, HoldPlaced, HoldReleased, PaymentPosted, PaymentReversed, ContactAttemptLogged],
  async run (tx, events) {
    await assessRetention(tx, accountsOf(events))
  },
})

/** Deletes what is known of people when the terms of their debts have run out, and asks the law again about those that have not. */
export const deletePeople = job({
  name: 'retention.deletePeople', due: retentions,
  async run ({ tx, isOver }) {
    while (await tx(deleteDue)) if (isOver()) return true
    return false
  },
})
