import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Day, add, addDays, closed, problem, sum, zero } from '#kernel'
import type { CalendarDay, Minor, Violation } from '#kernel'
import { liableRoles } from '../accounts/core.ts'
import type { PartyRole } from '../accounts/core.ts'
import { attemptChannels } from '../contacts/core.ts'
import type { Direction } from '../contacts/core.ts'

/** How a promise stands. `partiallyKept`: something was paid by the day that counts, and less than was promised. */
export const promiseStates = ['open', 'kept', 'partiallyKept', 'broken', 'cancelled', 'superseded'] as const
export type PromiseState = typeof promiseStates[number]

/** What a promise that is judged by what was paid can come to. */
export type Verdict = Extract<PromiseState, 'open' | 'kept' | 'partiallyKept' | 'broken'>

/** Why a promise is judged no more. */
export const cancelReasons = ['withdrawn', 'recordedInError', 'placementEnded', 'disputeUpheld', 'superseded'] as const
export type CancelReason = typeof cancelReasons[number]

/** Why somebody cancels a promise. */
export const givenReasons = ['withdrawn', 'recordedInError'] as const satisfies readonly CancelReason[]

/** By which channels promises are made: those of contacts. */
export const promiseChannels = attemptChannels

/** The most parts of one promise, and how many days after its day money is still in time: unless it is said, and at most. */
export const partsMax = 12
export const graceDaysDefault = 3
export const graceDaysMax = 14

/** What is promised: one amount on a day, or several parts. */
export const PromiseTerms = Type.Object({
  amount: Type.Optional(Type.Unsafe<number>({ ...Amount, description: 'How much, in minor units of the currency of the account. Comes with `promisedOn`.' })),
  promisedOn: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The day it is to be paid by, in the borrower\'s calendar.' })),
  parts: Type.Optional(Type.Array(Type.Object({
    amount: Type.Unsafe<number>({ ...Amount, description: 'How much, in minor units of the currency of the account.' }), on: Type.Unsafe<string>({ ...Day, description: 'The day it is to be paid by, in the borrower\'s calendar.' }),
  }, { title: 'PromisePartInput', ...closed, description: 'A part of what is promised.' }), { minItems: 1, maxItems: partsMax, description: `Instead of one amount: at most ${partsMax} parts, by day.` })),
  graceDays: Type.Optional(Type.Integer({ minimum: 0, maximum: graceDaysMax, description: `How many days after each day money is still in time. Left out: ${graceDaysDefault}.`, examples: [graceDaysDefault] })),
}, { title: 'PromiseTerms', ...closed, examples: [{ amount: 300_00, promisedOn: '2026-02-10' }] })
export type PromiseTerms = Static<typeof PromiseTerms>

/** An amount, in minor units, promised for a day or paid on it. */
export interface Dated { on: CalendarDay, amount: Minor }

/**
 * What a promise has come to. `paid` is what counts: received by the last day of grace of the part that is waited for or was missed, or of the last one. That day is `lastOn`: at its
 * end the promise is judged, or was; null: it is kept.
 */
export interface Judgment { state: Verdict, paid: Minor, lastOn: CalendarDay | null }

/**
 * Judges a promise by what was received since it was made. Parts add up: by the last day of grace of each there must have been received what all up to it come to. The first that is
 * missed ends the matter; what is received for all of them at once keeps the promise at once.
 */
export function judge (parts: readonly Dated[], received: readonly Dated[], today: CalendarDay, graceDays: number): Judgment {
  const paidBy = (day: CalendarDay): Minor => sum(received.filter(({ on }) => on <= day).map(({ amount }) => amount))
  let promised = zero
  let paid = zero
  for (const { on, amount } of parts) {
    promised = add(promised, amount)
    const lastOn = addDays(on, graceDays)
    paid = paidBy(lastOn)
    if (paid >= promised) continue
    if (today <= lastOn) return { state: 'open', paid, lastOn }
    return { state: paid > zero ? 'partiallyKept' : 'broken', paid, lastOn }
  }
  return { state: 'kept', paid, lastOn: null }
}

export const PromiseTermsRefused = problem('promise-terms-refused', 422, 'What is promised is not said, said twice, or its parts are not in order.', 'Give `amount` and `promisedOn`, or `parts` with each day after the one before.')
export const PromiseInPast = problem('promise-in-past', 422, 'A day of the promise has passed in the borrower\'s calendar.', 'Give days from today on. What has been paid is recorded as a payment.')
export const PromiseAboveBalance = problem('promise-above-balance', 422, 'More is promised than is owed.', 'Read the account: `balance` says what is owed.')
export const PromiseAfterTerm = problem('promise-after-term', 422, 'A day of the promise is after the term of the placement.', 'Give days up to `termEndsOn` of the placement: the debt may be with somebody else after it.')
export const PromiseAfterLimitation = problem('promise-after-limitation', 422, 'A day of the promise is after the last day to sue for the debt.', 'Give days up to that day: `findLimitation` tells it.')
export const PromiseUnderHold = problem('promise-under-hold', 409, 'A hold stops contact about the debt, and nothing shows that the borrower came forward.', 'Record the contact that the borrower began, and name it with `contactAttemptId`.')
export const PromiseByContactOnly = problem('promise-by-contact-only', 422, 'The party has nothing to do with paying the debt.', 'A party whose role is `contactOnly` is never asked for money: take promises from those who owe the debt, or who speak for them.')
export const PromiseContactMismatch = problem('promise-contact-mismatch', 422, 'The contact was not with that party about that debt, or by another channel.', 'Name the contact in which the promise was made, and leave `partyId` and `channel` out: the contact tells them.')
export const PromiserMissing = problem('promiser-missing', 422, 'Nobody who owes the debt is known, so the promise has to say whose it is.', 'Name who promised with `partyId`.')
export const PromiseNotOpen = problem('promise-not-open', 409, 'The promise is not open any more.', 'Read it: `state` says what it came to.')

/** The parts of what is promised, by day; `within` is where the terms stand in the request. Throws `PromiseTermsRefused`. */
export function partsOf ({ amount, promisedOn, parts }: PromiseTerms, within = ''): Dated[] {
  if (parts === undefined && amount !== undefined && promisedOn !== undefined) return [{ on: promisedOn, amount }]
  const refuse = (violations: Violation[]) => PromiseTermsRefused({}, { violations })
  if (parts === undefined || amount !== undefined || promisedOn !== undefined) throw refuse([{ pointer: `${within}/parts`, message: 'stands instead of amount and promisedOn, which come together' }])
  const misplaced = parts.flatMap(({ on }, i) => i > 0 && on <= parts[i - 1]!.on ? [{ pointer: `${within}/parts/${i}/on`, message: 'is not after the part before' }] : [])
  if (misplaced.length > 0) throw refuse(misplaced)
  return parts.map(({ on, amount }) => ({ on, amount }))
}

/** What limits a promise: today in the borrower's calendar, what is owed in minor units, the last day of the placement's term, and the last day to sue; null: not known. */
export interface Bounds { today: CalendarDay, owed: Minor, termEndsOn: CalendarDay, lastToSueOn: CalendarDay | null }

/** Checks parts, by day, against what limits them. Throws `PromiseInPast`, `PromiseAboveBalance`, `PromiseAfterTerm`, `PromiseAfterLimitation`. */
export function checkPromise (parts: readonly Dated[], { today, owed, termEndsOn, lastToSueOn }: Bounds): void {
  const amount = sum(parts.map(part => part.amount))
  const [firstOn, lastOn] = [parts[0]!.on, parts.at(-1)!.on]
  if (firstOn < today) throw PromiseInPast({ on: firstOn, today })
  if (amount > owed) throw PromiseAboveBalance({ amount, owed })
  if (lastOn > termEndsOn) throw PromiseAfterTerm({ on: lastOn, termEndsOn })
  if (lastToSueOn !== null && lastOn > lastToSueOn) throw PromiseAfterLimitation({ on: lastOn, lastToSueOn })
}

/** Whether a promise may be taken while contact is stopped: a hold stops those who collect, and nobody who comes forward. Throws `PromiseUnderHold`. */
export function checkHeld (stopsContact: boolean, began: Direction | null): void {
  if (stopsContact && began !== 'in') throw PromiseUnderHold()
}

/** Whose promise it is: the party named, or the first that owes the debt in the order of the roles; null: the party named has nothing to do with the debt. Throws `PromiserMissing`, `PromiseByContactOnly`. */
export function promiserOf<P extends string> (parties: readonly { partyId: P, role: PartyRole }[], named: P | undefined): P | null {
  const party = named === undefined ? liableRoles.flatMap(role => parties.filter(party => party.role === role))[0] : parties.find(({ partyId }) => partyId === named)
  if (party === undefined && named === undefined) throw PromiserMissing()
  if (party?.role === 'contactOnly') throw PromiseByContactOnly()
  return party?.partyId ?? null
}

/** What becomes of a promise by its judgment. What stays open on a debt that is not worked is cancelled, and so is what was still open when work on it ended (`wasOpenAtEnd`). */
export function outcomeOf ({ state }: Judgment, { isWorked, wasOpenAtEnd }: { isWorked: boolean, wasOpenAtEnd: boolean }): Verdict | 'cancelled' {
  if (state === 'kept' || isWorked) return state
  return state === 'open' || wasOpenAtEnd ? 'cancelled' : state
}
