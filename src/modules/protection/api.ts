import { Type } from 'typebox'
import type { Static, TOptional } from 'typebox'
import { Amount, IdOf, Instant, Nullable, OneOf, Page, PageQuery, buckets, closed, problems } from '#kernel'
import type { Bucket } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { AccountClosed } from '../accounts/index.ts'
import { placeLegalHold, releaseLegalHold } from './legal.commands.ts'
import { getHoldEffects, openDispute, placeHold, releaseHold, resolveDispute, showHold } from './commands.ts'
import {
  DisputeAlreadyResolved, DisputeStillOpen, HoldEndPast, HoldNotActive, HoldNotYours, HoldOfCompliance, HoldOfDispute, HoldStartFuture, disputeOutcomes, disputeReasons, disputeStates, holdKinds, holdStates,
  legalHoldEndings, legalHoldReasons, placeableHoldKinds,
} from './core.ts'
import { findDispute, findHold, listDisputes, listHolds } from './db.ts'

const Effects = {
  stopsContact: Type.Boolean({ description: 'Nobody contacts the borrower to collect.' }), stopsInterest: Type.Boolean({ description: 'Interest does not run.' }),
  stopsLateFees: Type.Boolean({ description: 'No late fee is charged.' }),
}

const HoldInputSchema = Type.Object({
  accountId: IdOf('account'), kind: OneOf(placeableHoldKinds, 'Why work stands still. A dispute\'s hold comes with `openDispute`.'),
  startsAt: Type.Optional(Type.Unsafe<string>({ ...Instant, description: 'Since when it has held, when it is told late: now when left out. What was charged meanwhile is computed anew.' })),
  endsAt: Type.Optional(Type.Unsafe<string>({ ...Instant, description: 'When it ends. Left out: a `breathingSpace` after 60 days in the borrower\'s calendar, any other when it is released.' })),
}, { title: 'HoldInput', ...closed, examples: [{ accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', kind: 'breathingSpace' }] })
export type HoldInput = Static<typeof HoldInputSchema>

/** A hold as the API shows it. */
export const Hold = Type.Object({
  id: IdOf('hold'), accountId: IdOf('account'), lenderId: IdOf('lender'), kind: OneOf(holdKinds, 'Why work stands still.'), ...Effects,
  state: OneOf(holdStates, '`ended` by time, or `released` before.'), startsAt: Instant, endsAt: Nullable(Instant), releasedAt: Nullable(Instant),
  reason: Nullable(OneOf(legalHoldReasons, 'Why records are kept: of a legal hold.')), releaseReason: Nullable(OneOf(legalHoldEndings, 'Why they are no longer: of a legal hold that was lifted.')), createdAt: Instant,
}, { title: 'Hold' })

const HoldEffects = Type.Object({ accountId: IdOf('account'), ...Effects, holds: Type.Array(Hold, { description: 'The active holds, by id.' }) }, { title: 'HoldEffects' })

const Disputed = Type.Object(Object.fromEntries(buckets.map(part => [part, Type.Optional(Amount)])) as Record<Bucket, TOptional<typeof Amount>>, {
  ...closed, title: 'DisputedParts', minProperties: 1, description: 'How much of which part is contested, in minor units of the debt\'s currency. As long as the dispute is open a payment settles everything else first: from the day it was opened, up to the day before it is resolved. Left out: no part in particular.',
})

const DisputeInputSchema = Type.Object({
  accountId: IdOf('account'), reason: OneOf(disputeReasons, 'What is contested.'), disputed: Type.Optional(Disputed),
}, { title: 'DisputeInput', ...closed, examples: [{ accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', reason: 'wrongAmount', disputed: { principal: 300_00 } }] })
export type DisputeInput = Static<typeof DisputeInputSchema>

const Dispute = Type.Object({
  id: IdOf('dispute'), accountId: IdOf('account'), lenderId: IdOf('lender'), holdId: IdOf('hold'), reason: OneOf(disputeReasons, 'What is contested.'), disputed: Nullable(Disputed),
  state: OneOf(disputeStates, 'How it stands, or ended.'), openedAt: Instant, resolvedAt: Nullable(Instant),
}, { title: 'Dispute' })

const tags = ['protection']
const { limit, cursor } = PageQuery
/** A list's page, from its query. */
const pageOf = ({ limit, cursor }: { limit?: number, cursor?: string }) => keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } })

export const api: Api = (app, services) => {
  const holdPath = Type.Object({ holdId: IdOf('hold') })

  app.post('/v1/holds', {
    config: { scope: 'disputes:write' },
    schema: {
      operationId: 'placeHold', tags, summary: 'Place a hold', description: 'Stops work on an account, from now on or since an earlier instant, in part or whole by the kind of hold. Several may be active: what they stop adds up.',
      body: HoldInputSchema, response: { 201: Hold, ...problems(NotFound, AccountClosed, HoldStartFuture, HoldEndPast) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await placeHold(tx, req.body))))

  app.get('/v1/holds', {
    config: { scope: 'disputes:read' },
    schema: {
      operationId: 'listHolds', tags, summary: 'List holds', description: 'Holds by id, those that are over included.',
      querystring: Type.Object({ limit, cursor, accountId: Type.Optional(IdOf('account')), activeOnly: Type.Optional(Type.Boolean({ description: 'Only those active now.' })) }, closed), response: { 200: Page(Hold, 'HoldPage') },
    },
  }, async req => await req.tx(async tx => {
    const page = await listHolds(tx, req.query, pageOf(req.query))
    return { ...page, data: page.data.map(hold => showHold(hold, tx.ctx.now)) }
  }))

  app.get('/v1/holds/:holdId', {
    config: { scope: 'disputes:read' },
    schema: { operationId: 'getHold', tags, summary: 'Read a hold', description: 'One hold, and how it stands.', params: holdPath, response: { 200: Hold, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const hold = await findHold(tx, req.params.holdId)
    if (hold === null) throw NotFound()
    return showHold(hold, tx.ctx.now)
  }))

  app.post('/v1/holds/:holdId/release', {
    config: { scope: 'disputes:write' },
    schema: {
      operationId: 'releaseHold', tags, summary: 'Release a hold', description: 'Ends a hold now. A lender\'s key releases those of kind `lenderRequest`; a dispute\'s ends with the dispute, and a legal hold is lifted with `releaseLegalHold`.', params: holdPath,
      response: { 200: Hold, ...problems(NotFound, HoldNotYours, HoldOfCompliance, HoldNotActive, HoldOfDispute) },
    },
  }, async req => await req.tx(async tx => await releaseHold(tx, req.params.holdId)))

  app.get('/v1/accounts/:accountId/hold-effects', {
    config: { scope: 'disputes:read' },
    schema: { operationId: 'getHoldEffects', tags, summary: 'What stands still on an account', description: 'What the active holds of an account stop together, now.', params: Type.Object({ accountId: IdOf('account') }), response: { 200: HoldEffects, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await getHoldEffects(tx, req.params.accountId)))

  legalHoldRoutes(app, services)
  disputeRoutes(app, services)
}

/** The body of a legal hold. */
const LegalHoldInputSchema = Type.Object({
  accountId: IdOf('account'), reason: OneOf(legalHoldReasons, 'Why the records are kept.'),
  endsAt: Type.Optional(Type.Unsafe<string>({ ...Instant, description: 'When it ends. Left out: when it is lifted.' })),
}, { title: 'LegalHoldInput', ...closed, examples: [{ accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', reason: 'litigation' }] })
export type LegalHoldInput = Static<typeof LegalHoldInputSchema>

const legalHoldRoutes: Api = app => {
  app.post('/v1/legal-holds', {
    config: { scope: 'retention:write' },
    schema: {
      operationId: 'placeLegalHold', tags, summary: 'Keep the records of a debt', description: 'Keeps everything about a debt and its people beyond the terms of the law, also once it is closed. Nothing else stops: work, interest and fees go on.',
      body: LegalHoldInputSchema, response: { 201: Hold, ...problems(NotFound, HoldEndPast) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await placeLegalHold(tx, req.body))))

  app.post('/v1/legal-holds/:holdId/release', {
    config: { scope: 'retention:write' },
    schema: {
      operationId: 'releaseLegalHold', tags, summary: 'Lift a legal hold', description: 'Ends a legal hold now: what its term has run out for is deleted soon after.', params: Type.Object({ holdId: IdOf('hold') }),
      body: Type.Object({ reason: OneOf(legalHoldEndings, 'Why the records need not be kept any longer.') }, { title: 'LegalHoldRelease', ...closed, examples: [{ reason: 'matterEnded' }] }),
      response: { 200: Hold, ...problems(NotFound, HoldNotActive) },
    },
  }, async req => await req.tx(async tx => await releaseLegalHold(tx, req.params.holdId, req.body.reason)))
}

const disputeRoutes: Api = app => {
  const disputePath = Type.Object({ disputeId: IdOf('dispute') })

  app.post('/v1/disputes', {
    config: { scope: 'disputes:write' },
    schema: {
      operationId: 'openDispute', tags, summary: 'Open a dispute', description: 'Notes that a debt is contested and places a hold: contact stops until the dispute is resolved.',
      body: DisputeInputSchema, response: { 201: Dispute, ...problems(NotFound, AccountClosed, DisputeStillOpen) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await openDispute(tx, req.body))))

  app.get('/v1/disputes', {
    config: { scope: 'disputes:read' },
    schema: {
      operationId: 'listDisputes', tags, summary: 'List disputes', description: 'Disputes by id.',
      querystring: Type.Object({ limit, cursor, accountId: Type.Optional(IdOf('account')), state: Type.Optional(OneOf(disputeStates, 'Only those in this state.')) }, closed), response: { 200: Page(Dispute, 'DisputePage') },
    },
  }, async req => await req.tx(async tx => await listDisputes(tx, req.query, pageOf(req.query))))

  app.get('/v1/disputes/:disputeId', {
    config: { scope: 'disputes:read' },
    schema: { operationId: 'getDispute', tags, summary: 'Read a dispute', description: 'One dispute, and how it stands.', params: disputePath, response: { 200: Dispute, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const dispute = await findDispute(tx, req.params.disputeId)
    if (dispute === null) throw NotFound()
    return dispute
  }))

  app.post('/v1/disputes/:disputeId/resolve', {
    config: { scope: 'disputes:write' },
    schema: {
      operationId: 'resolveDispute', tags, summary: 'Resolve a dispute', description: 'Ends a dispute with its outcome and releases its hold. What an upheld dispute does to the debt is decided apart.', params: disputePath,
      body: Type.Object({ outcome: OneOf(disputeOutcomes, 'How it ended.') }, { title: 'DisputeResolution', ...closed, examples: [{ outcome: 'rejected' }] }),
      response: { 200: Dispute, ...problems(NotFound, DisputeAlreadyResolved) },
    },
  }, async req => await req.tx(async tx => await resolveDispute(tx, req.params.disputeId, req.body.outcome)))
}
