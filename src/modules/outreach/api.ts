import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { cancelMessage } from './commands.ts'
import { logContactAttempt } from './contacts.commands.ts'
import { listAttempts } from './contacts.db.ts'
import { ContactInFuture, MessageStateRefused, OutcomeRefused, attemptChannels, attemptOutcomes, directions, messageChannels, messageReasons, messageStates } from './core.ts'
import { findMessage, listMessages } from './db.ts'

/** A reminder and what became of it. */
export const Message = Type.Object({
  id: IdOf('message'), accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: IdOf('contactPoint'), channel: OneOf(messageChannels, 'How it goes out.'),
  step: Type.Integer({ description: 'The reminder, by its days past due.' }), state: OneOf(messageStates, 'Where it stands.'), plannedAt: Instant,
  dueAt: Nullable(Instant), attempts: Type.Integer({ description: 'How often it was handed to its provider.' }), decisionId: Nullable(IdOf('policyDecision')),
  reason: Nullable(OneOf(messageReasons, 'Why it was not sent, or not yet.')), rule: Nullable(Type.String({ description: 'The rule that made it wait or forbade it.' })),
  clause: Nullable(Type.String({ description: 'Where the law says so.' })), sentAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Message' })

const ContactAttemptInput = Type.Object({
  accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: Type.Optional(IdOf('contactPoint')),
  channel: OneOf(attemptChannels, 'By which channel.'), direction: OneOf(directions, '`out`: begun by the agency; `in`: by the party.'),
  outcome: OneOf(attemptOutcomes, 'What became of it.'),
  at: Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description: 'When it happened. Left out: now.', examples: ['2026-03-31T08:00:00Z'] })),
}, {
  title: 'ContactAttemptInput', ...closed, examples: [{
    accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', partyId: 'pty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', channel: 'call', direction: 'out', outcome: 'noAnswer',
  }],
})

/** A contact as it was recorded. */
export const ContactAttempt = Type.Object({
  id: IdOf('contactAttempt'), accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: Nullable(IdOf('contactPoint')), messageId: Nullable(IdOf('message')),
  channel: OneOf(attemptChannels, 'By which channel.'), direction: OneOf(directions, '`out`: begun by the agency; `in`: by the party.'),
  outcome: OneOf([...attemptOutcomes, 'pending'], 'What became of it. `pending`: a message that was permitted and of which nothing is known yet; it counts.'), at: Instant,
  wasLawful: Type.Boolean({ description: 'False when the law would have refused it, or a hold stopped contact.' }), decisionId: Nullable(IdOf('policyDecision')), createdAt: Instant,
}, { title: 'ContactAttempt' })

export const api: Api = app => {
  const tags = ['outreach']
  const path = Type.Object({ messageId: IdOf('message') })

  app.get('/v1/messages', {
    config: { scope: 'outreach:read' },
    schema: {
      operationId: 'listMessages', tags, summary: 'List reminders', description: 'Reminders by id: planned, sent, or not sent and why. Their text is written when they are sent and not kept.',
      querystring: Type.Object({ ...PageQuery, accountId: Type.Optional(IdOf('account')), state: Type.Optional(OneOf(messageStates, 'Only those that stand so.')) }, closed),
      response: { 200: Page(Message, 'MessagePage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    return await listMessages(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
  }))

  app.get('/v1/messages/:messageId', {
    config: { scope: 'outreach:read' },
    schema: { operationId: 'getMessage', tags, summary: 'Read a reminder', description: 'One reminder: when it is planned, what became of it, and the decision of policy behind it.', params: path, response: { 200: Message, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await findMessage(tx, req.params.messageId)))

  app.post('/v1/messages/:messageId/cancel', {
    config: { scope: 'outreach:write' },
    schema: {
      operationId: 'cancelMessage', tags, summary: 'Cancel a reminder', description: 'Cancels a reminder that is still scheduled, for good.', params: path,
      response: { 200: Message, ...problems(NotFound, MessageStateRefused) },
    },
  }, async req => await req.tx(async tx => await cancelMessage(tx, req.params.messageId)))

  app.post('/v1/contact-attempts', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'logContactAttempt', tags, summary: 'Record a contact',
      description: 'Records a contact that happened, by whatever channel and whoever began it. It is recorded whatever the law says of it; `wasLawful` and the decision say what that is, and later decisions count it.',
      body: ContactAttemptInput, response: { 201: ContactAttempt, ...problems(NotFound, OutcomeRefused, ContactInFuture) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await logContactAttempt(tx, req.body))))

  app.get('/v1/contact-attempts', {
    config: { scope: 'outreach:read' },
    schema: {
      operationId: 'listContactAttempts', tags, summary: 'List contacts of an account', description: 'Every recorded contact about a debt, newest first, messages included.',
      querystring: Type.Object({ ...PageQuery, accountId: IdOf('account') }, closed), response: { 200: Page(ContactAttempt, 'ContactAttemptPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const { accountId, ...query } = req.query
    if (await findAccount(tx, accountId) === null) throw NotFound()
    return await listAttempts(tx, accountId, keyset(query))
  }))
}
