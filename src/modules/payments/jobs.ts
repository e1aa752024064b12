import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { job } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { LenderUpdated } from '../lenders/index.ts'
import { HoldPlaced, HoldReleased } from '../protection/index.ts'
import { ReferenceRateChanged } from '../rates/index.ts'
import { clearDue as clearSome } from './clearing.commands.ts'
import { listDisputed } from './orders.db.ts'
import { goOnRecomputing, recompute } from './recomputations.commands.ts'
import { insertRecomputation } from './recomputations.db.ts'
import { payments, recomputations } from './tables.ts'

/** What a hold's event says that matters here; only one placed says since when. */
interface Told { accountId: Id<'account'>, kind: string, startsAt?: string }

/**
 * Computes debts anew when a hold began before it was placed: what was charged meanwhile may be too much. And when a dispute that says what is disputed was opened or resolved:
 * the whole day counts, and something may have been paid on it before.
 */
export const followHolds = job({
  name: 'payments.followHolds', on: [HoldPlaced, HoldReleased],
  async run (tx, events) {
    // What is in the outbox was emitted with the event's own schema.
    const told = events.map(({ id, occurredAt, data }) => ({ id, occurredAt, startsAt: occurredAt, ...data as Told }))
    const disputed = await listDisputed(tx, told.filter(({ kind }) => kind === 'dispute').map(({ accountId }) => accountId))
    const late = told.filter(({ accountId, kind, startsAt, occurredAt }) => Date.parse(startsAt) < Date.parse(occurredAt) || (kind === 'dispute' && disputed.has(accountId)))
    const zones = await lockZones(tx, late.map(({ accountId }) => accountId))
    for (const { id, accountId, startsAt } of late) await recompute(tx, accountId, { cause: 'hold', eventId: id, fromOn: dayIn(zones.get(accountId)!, new Date(startsAt)) })
  },
})

/** Locks accounts in the order of their ids, all before any lender, and answers their zones. */
async function lockZones (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Map<Id<'account'>, string>> {
  const zones = new Map<Id<'account'>, string>()
  for (const accountId of [...new Set(accountIds)].sort()) zones.set(accountId, (await lockAccount(tx, accountId)).timeZone)
  return zones
}

/** What a rate's event says. */
interface Changed { name: string, fromOn: string }

/** Notes which rates were recorded anew: the debts that follow them are many, and are computed piece by piece. */
export const noteRates = job({
  name: 'payments.noteRates', on: [ReferenceRateChanged],
  async run (tx, events) {
    for (const { id, data } of events) {
      const { name, fromOn } = data as Changed
      await insertRecomputation(tx, id, { rateName: name, debtsOf: null, fromOn })
    }
  },
})

/** What a lender's event says that matters here. */
interface Updated { lenderId: Id<'lender'>, isTypeChanged: boolean, typeSince: string | null }

/** Notes which lenders are of another type: other laws may concern their debts. */
export const noteLenders = job({
  name: 'payments.noteLenders', on: [LenderUpdated],
  async run (tx, events) {
    for (const { id, data } of events) {
      const { lenderId, isTypeChanged, typeSince } = data as Updated
      if (isTypeChanged) await insertRecomputation(tx, id, { rateName: null, debtsOf: lenderId, fromOn: typeSince })
    }
  },
})

/** Computes the debts anew that follow a rate which was corrected, or whose lender is of another type, some at a time. Killed anywhere, it goes on where it was. */
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
