import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, idOf, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { PolicyCount, PolicyReason, verdictParts } from '../policy/index.ts'
import { contactPlaces } from './asking.core.ts'
import { logContactAttempt } from './commands.ts'
import { ContactInFuture, OutcomeRefused, ResultRefused, attemptChannels, attemptOutcomes, contactResults, directions } from './core.ts'
import { listAttempts } from './db.ts'
import type { AttemptRow } from './db.ts'
import { releasePermit, requestPermit } from './permits.commands.ts'
import { pressureRoutes } from './pressure.api.ts'
import { reportRoutes } from './report.api.ts'
import { PermitExpired, PermitMismatch, PermitNotOpen, PermitRefused, PermitUsed, permitOf, permitPattern } from './permits.core.ts'

const circumstances = {
  place: Type.Optional(OneOf(contactPlaces, 'Where the person is reached. Left out: where the contact point is, if that is known.')),
  collectors: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'How many collectors go on a visit. Left out: one.' })),
  entersPremises: Type.Optional(Type.Boolean({ description: 'A home, a private place or an office is entered. Left out: it is not.' })),
}

const ContactAttemptInput = Type.Object({
  accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: Type.Optional(IdOf('contactPoint')),
  channel: OneOf(attemptChannels, 'By which channel.'), direction: OneOf(directions, '`out`: begun by the agency; `in`: by the party.'),
  outcome: OneOf(attemptOutcomes, 'What became of it.'),
  permit: Type.Optional(Type.String({ pattern: permitPattern, description: 'The `token` of the permit by which it was made. Left out: nobody allowed it, and it is told as a breach when the agency began it.' })),
  result: Type.Optional(OneOf(contactResults, 'What it led to, when somebody was reached.')), ...circumstances,
  durationSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 86_400, description: 'How long it lasted.' })),
  recordingReference: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$', description: 'Where the recording is found: an id or path of the recorder\'s, nothing personal.', examples: ['rec/2026/03/31/7f1c'] })),
  at: Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description: 'When it happened. Left out: now.', examples: ['2026-03-31T08:00:00Z'] })),
}, {
  title: 'ContactAttemptInput', ...closed, examples: [{
    accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', partyId: 'pty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', channel: 'call', direction: 'out', outcome: 'noAnswer',
  }],
})

/** A contact as it was recorded. */
export const ContactAttempt = Type.Object({
  id: IdOf('contactAttempt'), accountId: IdOf('account'), alsoAbout: Type.Array(IdOf('account'), { description: 'Other debts of the same lender\'s that a message was about.' }), partyId: IdOf('party'), contactPointId: Nullable(IdOf('contactPoint')), messageId: Nullable(IdOf('message')),
  channel: OneOf(attemptChannels, 'By which channel.'), direction: OneOf(directions, '`out`: begun by the agency; `in`: by the party.'),
  outcome: OneOf([...attemptOutcomes, 'pending', 'unused'], 'What became of it. `pending`: it was permitted, and nothing is known of it yet; it counts. `unused`: its permit ran out, and it counts for nothing.'), at: Instant,
  result: Nullable(OneOf(contactResults, 'What it led to.')), durationSeconds: Nullable(Type.Integer({ description: 'How long it lasted.' })),
  recordingReference: Nullable(Type.String({ description: 'Where the recording is found.' })), recordingKeptUntil: Nullable(Type.String({ format: 'date', description: 'The day until which the law wants the recording kept.' })),
  permitId: Nullable(IdOf('permit')), collectorId: Nullable(IdOf('staff')),
  wasLawful: Type.Boolean({ description: 'False when the law would have refused it, or a hold stopped contact.' }), decisionId: Nullable(IdOf('policyDecision')), createdAt: Instant,
}, { title: 'ContactAttempt' })

const PermitInput = Type.Object({
  accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: Type.Optional(IdOf('contactPoint')), channel: OneOf(attemptChannels, 'By which channel.'), ...circumstances,
  at: Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description: 'An instant to come that is only asked about: no permit is given for it. Left out: now.', examples: ['2026-03-31T08:00:00Z'] })),
}, {
  title: 'PermitInput', ...closed, examples: [{
    accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', partyId: 'pty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', contactPointId: 'cpt_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', channel: 'call',
  }],
})

const { verdict, earliestAllowedAt, strength, otherChannels, localTimes, packVersions } = verdictParts

/** What asking for a permit came to. */
const PermitAnswer = Type.Object({
  verdict, earliestAllowedAt, strength,
  reasons: Type.Array(PolicyReason, { description: 'Every rule that stands in the way now: the law\'s and, of pack `RECOUP`, our own.' }),
  laterReasons: Type.Array(PolicyReason, { description: 'Rules that are met now and would stand in the way when the others have ended.' }),
  otherChannels, localTimes, counts: Type.Array(PolicyCount, { description: 'What was counted for each rule that counts, this contact not included.' }), packVersions,
  decisionId: IdOf('policyDecision'),
  permit: Nullable(Type.Object({
    id: IdOf('permit'), token: Type.String({ pattern: permitPattern, description: 'What the record of the contact is given: it is signed, and good once.' }), expiresAt: Instant,
  }, { title: 'Permit', description: 'The permit to begin this one contact before `expiresAt`.' })),
}, { title: 'PermitAnswer' })

/** A contact as the API shows it. */
const showAttempt = ({ id, permittedUntil, actorKind, actorId, ...attempt }: AttemptRow) =>
  ({ ...attempt, id, permitId: permittedUntil === null ? null : permitOf(id), collectorId: actorKind === 'staff' && actorId !== null ? idOf('staff', actorId) : null })

export const api: Api = (app, services) => {
  const { vault } = services
  pressureRoutes(app, services)
  reportRoutes(app, services)
  const tags = ['contacts']

  app.post('/v1/permits', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'requestPermit', tags, summary: 'Ask for a permit',
      description: 'Asks whether a contact may be made now. When it may, its place is held and a permit answered, good for one contact that begins before it expires; give its `token` when you record the contact. When not, `earliestAllowedAt`, `reasons` and `otherChannels` say when and how instead. What was decided is kept.',
      body: PermitInput, response: { 201: PermitAnswer, ...problems(NotFound) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => {
    const { verdict, ...answer } = await requestPermit(tx, vault, req.body)
    return { ...verdict, ...answer, counts: [...answer.counts] }
  })))

  app.post('/v1/permits/:permitId/release', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'releasePermit', tags, summary: 'Give a permit back', description: 'Gives the place of a permit back that will not be used. Left alone, it is given back half an hour after the permit expired.',
      params: Type.Object({ permitId: IdOf('permit') }), response: { 200: Type.Object({ id: IdOf('permit') }, { title: 'ReleasedPermit' }), ...problems(NotFound, PermitNotOpen) },
    },
  }, async req => await req.tx(async tx => await releasePermit(tx, req.params.permitId)))

  app.post('/v1/contact-attempts', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'logContactAttempt', tags, summary: 'Record a contact',
      description: 'Records a contact that happened, by whatever channel and whoever began it. It is recorded whatever the law says of it; `wasLawful` and the decision say what that is, and later decisions count it. One that the agency began uses up a permit; without one it is told as a breach.',
      body: ContactAttemptInput, response: { 201: ContactAttempt, ...problems(NotFound, OutcomeRefused, ResultRefused, ContactInFuture, PermitRefused, PermitUsed, PermitMismatch, PermitExpired) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showAttempt(await logContactAttempt(tx, vault, req.body)))))

  app.get('/v1/contact-attempts', {
    config: { scope: 'outreach:read' },
    schema: {
      operationId: 'listContactAttempts', tags, summary: 'List contacts of an account', description: 'Every recorded contact about a debt, newest first, messages included.',
      querystring: Type.Object({ ...PageQuery, accountId: IdOf('account') }, closed), response: { 200: Page(ContactAttempt, 'ContactAttemptPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const { accountId, ...query } = req.query
    if (await findAccount(tx, accountId) === null) throw NotFound()
    const { data, nextCursor } = await listAttempts(tx, accountId, keyset(query))
    return { data: data.map(showAttempt), nextCursor }
  }))
}
