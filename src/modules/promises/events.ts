import { Type } from 'typebox'
import { Amount, Balance, Currency, Day, IdOf, Nullable, OneOf } from '#kernel'
import type { Id } from '#kernel'
import { event } from '#platform'
import { cancelReasons, promiseStates } from './core.ts'

const which = { promiseId: IdOf('promise'), accountId: IdOf('account'), partyId: IdOf('party'), amount: Amount, currency: Currency }
const judged = {
  ...which, paid: Type.Unsafe<number>({ ...Balance, description: 'What was received in time, in minor units.' }),
  previous: OneOf(promiseStates, 'How it stood before: what was told may turn out otherwise when a payment is told late, or is undone.'),
}

export const PromiseCreated = event('promise.created', 1, 'Somebody promised to pay, on a day or in parts.', Type.Object({
  ...which, parts: Type.Array(Type.Object({ on: Day, amount: Amount }), { description: 'What is promised for which day.' }),
  graceEndsOn: Type.Unsafe<string>({ ...Day, description: 'The last day on which money for the last part is in time.' }),
}))
export const PromiseKept = event('promise.kept', 1, 'What was promised was received in time.', Type.Object(judged))
export const PromiseBroken = event('promise.broken', 1, 'The days of grace of a promise, or of a part of it, are over, and what was promised was not received, or less of it.', Type.Object({
  ...judged, state: OneOf(['broken', 'partiallyKept'], '`partiallyKept`: some of it was received.'),
  missedOn: Type.Unsafe<string>({ ...Day, description: 'The last day of grace that was missed.' }),
}))
export const PromiseReopened = event('promise.reopened', 1, 'A promise that had been told as kept or broken is waited for again: a payment was undone, or told late, and its time is not over.', Type.Object(judged))
export const PromiseCancelled = event('promise.cancelled', 1, 'A promise is not waited for any more, and nothing is held against who made it.', Type.Object({
  ...which, state: OneOf(['cancelled', 'superseded'], '`superseded`: a later promise stands in its place.'), reason: OneOf(cancelReasons, 'Why.'),
  supersededBy: Nullable(Type.Unsafe<Id<'promise'>>({ ...IdOf('promise'), description: 'The promise that stands in its place.' })),
}))
