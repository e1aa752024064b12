import { Type } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf, dayIn, problems } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { recordLimitationEvent } from './commands.ts'
import { LimitationEventExists, LimitationEventInFuture, LimitationEventRefused, evidenceKinds, interruptionTypes, recordedKinds } from './core.ts'
import { findLimitation, listInterruptions, listRecorded } from './db.ts'

const kind = OneOf(recordedKinds, 'What happened: a judgment, something that begins the time anew under one law or another, or (`suspension`) an obstacle to pursuing the claim.')
const dayOf = (description: string) => Type.Unsafe<string>({ ...Day, pattern: '^(19|2[01])', description })
const until = Type.Unsafe<string | null>({ ...Nullable(Day), description: 'The last day of proceedings or of an obstacle; null: they go on, or it is something that does not last.' })
const reference = { pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$', description: 'Where it is found: a file number or path of your own, nothing personal.', examples: ['file/2026/0311'] }
const Evidence = Type.Object({ kind: OneOf(evidenceKinds, 'What there is to show for it.'), reference: Nullable(Type.String(reference)) }, { title: 'LimitationEvidence' })

const LimitationEventInput = Type.Object({
  kind, on: dayOf('The day it happened, or the first day of an obstacle.'), until: Type.Optional(dayOf('The last day of proceedings or of an obstacle, once it has come. Left out: they go on.')),
  evidence: Type.Object({ kind: OneOf(evidenceKinds, 'What there is to show for it.'), reference: Type.Optional(Type.String(reference)) }, { title: 'LimitationEvidenceInput', additionalProperties: false, description: 'What there is to show for it.' }),
}, { title: 'LimitationEventInput', additionalProperties: false, examples: [{ kind: 'acknowledgement', on: '2026-03-11', evidence: { kind: 'signedDocument', reference: 'file/2026/0311' } }] })

const LimitationEvent = Type.Object({ kind, on: Day, until, evidence: Evidence }, { title: 'LimitationEvent' })

const RecordedLimitationEvent = Type.Object({
  accountId: IdOf('account'), ...LimitationEvent.properties,
  lastOn: Type.Unsafe<string | null>({ ...Nullable(Day), description: 'The last day on which the claim can be brought from now on; null: no law that we have says, or an obstacle goes on.' }),
  isBarred: Type.Boolean({ description: 'True when that day has passed.' }), unknown: Nullable(Type.String({ description: 'Why no day can be told; null: it can, or an obstacle goes on.' })), decisionId: IdOf('policyDecision'),
}, { title: 'RecordedLimitationEvent' })

const Limitation = Type.Object({
  accountId: IdOf('account'),
  lastOn: Type.Unsafe<string | null>({ ...Nullable(Day), description: 'The last day on which the claim can be brought; null: no law that we have says.' }),
  isBarred: Type.Boolean({ description: 'True when that day has passed in the borrower\'s calendar.' }),
  decisionId: Type.Unsafe<string | null>({ ...Nullable(IdOf('policyDecision')), description: 'The decision that says so; read it with `getPolicyDecision`.' }),
  assessedAt: Type.Unsafe<string | null>({ ...Nullable(Instant), description: 'When it was found; null: not yet.' }),
  interruptions: Type.Array(Type.Object({ type: OneOf(interruptionTypes, 'What happened.'), on: Day }), { description: 'What happened that one law or another has begin the time anew, by day. Which of it does, the decision says.' }),
  events: Type.Array(LimitationEvent, { description: 'What people recorded of the claim, by day.' }),
}, { title: 'AccountLimitation' })

export const api: Api = app => {
  app.get('/v1/accounts/:accountId/limitation', {
    config: { scope: 'accounts:read' },
    schema: {
      operationId: 'findLimitation', tags: ['accounts'], summary: 'Until when a debt can be sued for',
      description: 'The last day on which the claim can be brought to court, by the law of the borrower\'s place, from the day it was due and what began the time anew since: payments, and contacts that reached the borrower. Kept up as they happen.',
      params: Type.Object({ accountId: IdOf('account') }), response: { 200: Limitation, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const { accountId } = req.params
    const account = await findAccount(tx, accountId)
    if (account === null) throw NotFound()
    const { lastOn = null, decisionId = null, assessedAt = null } = await findLimitation(tx, accountId) ?? {}
    return { accountId, lastOn, decisionId, assessedAt, isBarred: lastOn !== null && dayIn(account.timeZone, tx.ctx.now) > lastOn, interruptions: await listInterruptions(tx, accountId), events: await listRecorded(tx, accountId) }
  }))

  app.post('/v1/accounts/:accountId/limitation-events', {
    config: { scope: 'limitations:write' },
    schema: {
      operationId: 'recordLimitationEvent', tags: ['accounts'], summary: 'Record what happened to a claim',
      description: 'Records a judgment, a written acknowledgement, a part payment that was made elsewhere, proceedings, or an obstacle to pursuing the claim, and finds the last day to sue again by the law of the borrower\'s place. What had not ended is recorded again with `until`. Payments and contacts recorded here are followed by themselves.',
      params: Type.Object({ accountId: IdOf('account') }), body: LimitationEventInput, response: { 201: RecordedLimitationEvent, ...problems(NotFound, LimitationEventInFuture, LimitationEventRefused, LimitationEventExists) },
    },
  }, async (req, reply) => {
    const { evidence, until = null, ...event } = req.body
    return await reply.code(201).send(await req.tx(async tx => await recordLimitationEvent(tx, req.params.accountId, { ...event, until, evidence: { kind: evidence.kind, reference: evidence.reference ?? null } })))
  })
}
