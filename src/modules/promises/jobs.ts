import type { Id } from '#kernel'
import { job } from '#platform'
import type { EventRow } from '#platform'
import { PaymentPosted, PaymentReversed } from '../payments/index.ts'
import { PlacementClosed, PlacementRecalled, PlacementReturned } from '../placements/index.ts'
import { DisputeResolved } from '../protection/index.ts'
import { cancelDisputed, judgeDue, judgePromises } from './commands.ts'
import { findReceivedDays } from './db.ts'
import { promises } from './tables.ts'

/** The boundary of an event's data. */
const payment = (data: unknown): Id<'payment'> => (data as { paymentId: Id<'payment'> }).paymentId
const isUpheld = (data: unknown): boolean => (data as { outcome: string }).outcome === 'upheld'

const accountsOf = (events: readonly EventRow[]): Id<'account'>[] => [...new Set(events.flatMap(({ accountId }) => accountId === null ? [] : [accountId]))]

/** Judges promises again when money comes in or goes back, and cancels what is open when work on the debt ends or a dispute about it is upheld. */
export const followDebts = job({
  name: 'promises.followDebts', on: [PaymentPosted, PaymentReversed, PlacementClosed, PlacementRecalled, PlacementReturned, DisputeResolved],
  async run (tx, events) {
    const moved = events.filter(({ type }) => type === PaymentPosted.name || type === PaymentReversed.name)
    const upheld = events.filter(({ type, data }) => type === DisputeResolved.name && isUpheld(data))
    await judgePromises(tx, accountsOf(events), await findReceivedDays(tx, moved.map(({ data }) => payment(data))))
    await cancelDisputed(tx, upheld.flatMap(({ accountId, occurredAt }) => accountId === null ? [] : [{ accountId, until: occurredAt }]))
  },
})

/** Judges promises when the last day of grace is over in the borrower's calendar. */
export const judgePromisesDue = job({
  name: 'promises.judgePromises', due: promises,
  async run ({ tx, isOver }) {
    while (await tx(judgeDue)) if (isOver()) return true
    return false
  },
})
