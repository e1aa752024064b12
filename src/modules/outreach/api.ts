import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { cancelMessage } from './commands.ts'
import { MessageStateRefused, messageChannels, messageReasons, messageStates } from './core.ts'
import { findMessage, listMessages } from './db.ts'

/** A reminder and what became of it. */
export const Message = Type.Object({
  id: IdOf('message'), accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: IdOf('contactPoint'), channel: OneOf(messageChannels, 'How it goes out.'),
  step: Type.Integer({ description: 'The reminder, by its days past due.' }), state: OneOf(messageStates, 'Where it stands.'), plannedAt: Instant,
  dueAt: Nullable(Instant), attempts: Type.Integer({ description: 'How often it was handed to its provider.' }), decisionId: Nullable(IdOf('policyDecision')),
  templateVersion: Nullable(Type.String({ description: 'The text it was last written by: the id of a template\'s version, or `builtin:` and the name of one of ours. Null until it is written.', examples: ['builtin:reminder.sms.en.1'] })),
  reason: Nullable(OneOf(messageReasons, 'Why it was not sent, or not yet.')), rule: Nullable(Type.String({ description: 'The rule that made it wait or forbade it.' })),
  clause: Nullable(Type.String({ description: 'Where the law says so.' })), sentAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Message' })

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
}
