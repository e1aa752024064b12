import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Balance, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api, Tx } from '#platform'
import { AccountClosed } from '../accounts/index.ts'
import { AccountNotPlaced } from '../placements/index.ts'
import { cancelPromise, createPromise } from './commands.ts'
import {
  PromiseAboveBalance, PromiseAfterLimitation, PromiseAfterTerm, PromiseByContactOnly, PromiseContactMismatch, PromiseInPast, PromiseNotOpen, PromiseTerms, PromiseTermsRefused, PromiseUnderHold, PromiserMissing,
  cancelReasons, givenReasons, graceDaysDefault, promiseChannels, promiseStates,
} from './core.ts'
import { findPromise, listPromises } from './db.ts'
import type { PromiseRow } from './db.ts'

const channel = OneOf(promiseChannels, 'By which channel it was made.')

const PromiseInputSchema = Type.Object({
  accountId: IdOf('account'),
  partyId: Type.Optional(Type.Unsafe<Id<'party'>>({ ...IdOf('party'), description: 'Who promises. Left out: the party of the contact, or else the borrower.' })),
  ...PromiseTerms.properties,
  channel: Type.Optional(channel),
  contactAttemptId: Type.Optional(Type.Unsafe<Id<'contactAttempt'>>({ ...IdOf('contactAttempt'), description: 'The recorded contact in which it was made. Needed while a hold stops contact: it shows that the borrower began it.' })),
}, { title: 'PromiseInput', ...closed, examples: [{ accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', amount: 300_00, promisedOn: '2026-02-10', channel: 'call', graceDays: graceDaysDefault }] })
export type PromiseInput = Static<typeof PromiseInputSchema>

const nullable = <K extends 'contactAttempt' | 'promise'>(kind: K, description: string) => Type.Unsafe<Id<K> | null>({ ...Nullable(IdOf(kind)), description })
const instant = (description: string) => Type.Unsafe<string | null>({ ...Nullable(Instant), description })

const PromiseSchema = Type.Object({
  id: IdOf('promise'), accountId: IdOf('account'), placementId: IdOf('placement'), partyId: Type.Unsafe<Id<'party'>>({ ...IdOf('party'), description: 'Who promised.' }),
  amount: Type.Unsafe<number>({ ...Amount, description: 'All that is promised, in minor units.' }), currency: Currency,
  parts: Type.Array(Type.Object({ on: Day, amount: Amount }, { title: 'PromisePart' }), { description: 'What is promised for which day, by day.' }),
  graceDays: Type.Integer({ description: 'How many days after each day money is still in time.' }),
  graceEndsOn: Type.Unsafe<string>({ ...Day, description: 'The last day on which money for the last part is in time, in the borrower\'s calendar.' }),
  channel: Nullable(channel), contactAttemptId: nullable('contactAttempt', 'The contact in which it was made; null: none was named.'),
  state: OneOf(promiseStates, '`open` is waited for; `kept`, `partiallyKept` (less was received than promised) and `broken` are what it came to; `cancelled` and `superseded` are not judged.'),
  reason: Nullable(OneOf(cancelReasons, 'Why it is not judged; null: it is, or was.')), supersededBy: nullable('promise', 'The promise that stands in its place.'),
  paid: Type.Unsafe<number>({ ...Balance, description: 'What was received in time since it was made, in minor units: payments that are undone do not count.' }),
  judgedAt: instant('When it is judged next: as the day after the last day of grace begins for the borrower; null: it is not open.'), decidedAt: instant('When it came to its state; null: it is open.'),
  takenBy: Nullable(Type.String({ description: 'The member of staff who took it, or the key of a service; null for the keys of lenders.' })), createdAt: Instant,
}, { title: 'Promise' })

/** A promise as the API shows it: a lender does not learn who works for the agency. */
const show = (tx: Tx, { lenderId: _, madeOn: __, dueAt, takenBy, ...promise }: PromiseRow) => ({ ...promise, judgedAt: dueAt, takenBy: tx.ctx.lenderId === null ? takenBy : null })

/** What may stand in the way of taking a promise. */
export const promiseProblems = [
  AccountClosed, AccountNotPlaced, PromiseTermsRefused, PromiseInPast, PromiseAboveBalance, PromiseAfterTerm, PromiseAfterLimitation, PromiseUnderHold, PromiseByContactOnly, PromiseContactMismatch, PromiserMissing,
] as const

const tags = ['promises']
const promisePath = Type.Object({ promiseId: IdOf('promise') })

export const api: Api = app => {
  app.post('/v1/promises', {
    config: { scope: 'promises:write' },
    schema: {
      operationId: 'createPromise', tags, summary: 'Take a promise to pay', description: 'Notes that somebody promised to pay, an amount on a day or several parts. It is judged by what is received from then on to the end of its days of grace, and told as kept or broken. An open promise about the same debt is superseded.',
      body: PromiseInputSchema, response: { 201: PromiseSchema, ...problems(NotFound, ...promiseProblems) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => show(tx, await createPromise(tx, req.body)))))

  app.get('/v1/promises', {
    config: { scope: 'promises:read' },
    schema: {
      operationId: 'listPromises', tags, summary: 'List promises', description: 'Promises in the order they were made.',
      querystring: Type.Object({ ...PageQuery, accountId: Type.Optional(IdOf('account')), state: Type.Optional(OneOf(promiseStates, 'Only those in this state.')) }, closed), response: { 200: Page(PromiseSchema, 'PromisePage') },
    },
  }, async req => await req.tx(async tx => {
    const page = await listPromises(tx, req.query, keyset(req.query))
    return { ...page, data: page.data.map(promise => show(tx, promise)) }
  }))

  app.get('/v1/promises/:promiseId', {
    config: { scope: 'promises:read' },
    schema: { operationId: 'getPromise', tags, summary: 'Read a promise', description: 'One promise, and how it stands.', params: promisePath, response: { 200: PromiseSchema, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const promise = await findPromise(tx, req.params.promiseId)
    if (promise === null) throw NotFound()
    return show(tx, promise)
  }))

  app.post('/v1/promises/:promiseId/cancel', {
    config: { scope: 'promises:write' },
    schema: {
      operationId: 'cancelPromise', tags, summary: 'Cancel a promise', description: 'Ends an open promise that was taken back, or recorded by mistake. It counts neither as kept nor as broken.', params: promisePath,
      body: Type.Object({ reason: OneOf(givenReasons, 'Why.') }, { title: 'PromiseCancellation', ...closed, examples: [{ reason: 'withdrawn' }] }), response: { 200: PromiseSchema, ...problems(NotFound, PromiseNotOpen) },
    },
  }, async req => await req.tx(async tx => show(tx, await cancelPromise(tx, req.params.promiseId, req.body.reason))))
}
