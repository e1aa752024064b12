import type { Id } from '#kernel'
import { job } from '#platform'
import type { EventRow } from '#platform'
import { PaymentPosted, PaymentReversed } from '../payments/index.ts'
import { PlacementActivated } from '../placements/index.ts'
import { assessClaims, interruptClaims, voidInterruptions, warnDue } from './commands.ts'
import { limitations } from './tables.ts'

const named = (events: readonly EventRow[], type: { name: string }): (EventRow & { accountId: Id<'account'> })[] =>
  events.flatMap(event => event.type === type.name && event.accountId !== null ? [{ ...event, accountId: event.accountId }] : [])

/** The boundary of an event's data. */
const payment = (data: unknown): { paymentId: Id<'payment'>, receivedOn: string } => data as { paymentId: Id<'payment'>, receivedOn: string }

/** Finds the last day to sue for debts that are placed, and again when a payment begins the time anew or is undone. */
export const followClaims = job({
  name: 'limitations.followClaims', on: [PlacementActivated, PaymentPosted, PaymentReversed],
  async run (tx, events) {
    await assessClaims(tx, named(events, PlacementActivated).map(({ accountId }) => accountId))
    await interruptClaims(tx, named(events, PaymentPosted).map(({ accountId, data }) => ({ accountId, type: 'partialPayment', on: payment(data).receivedOn, at: null, partyId: null, source: payment(data).paymentId })))
    await voidInterruptions(tx, named(events, PaymentReversed).map(({ accountId, data }) => ({ accountId, source: payment(data).paymentId })))
  },
})

/** Tells 90 and 30 days before the last day to sue for a debt. */
export const warnOfTimeBars = job({
  name: 'limitations.warnOfTimeBars', due: limitations,
  async run ({ tx, isOver }) {
    while (await tx(warnDue)) if (isOver()) return true
    return false
  },
})
