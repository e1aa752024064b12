import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { cancelCallTask } from './calls.commands.ts'
import { CallTaskEnded, callReasons, callStates } from './calls.core.ts'
import { findCallTask, listCallTasks } from './calls.db.ts'
import { cancelMessage } from './commands.ts'
import { MessageStateRefused, messageChannels, messageReasons, messageStates } from './core.ts'
import { findMessage, listMessages } from './db.ts'

/** A message about a debt and what became of it. */
export const Message = Type.Object({
  id: IdOf('message'), accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: IdOf('contactPoint'), channel: OneOf(messageChannels, 'How it goes out.'),
  step: Type.Integer({ description: 'The step it is of, by its days past due.' }), template: Type.String({ description: 'The code of its text.', examples: ['reminder'] }),
  bundleId: Nullable(Type.Unsafe<Id<'message'>>({ ...IdOf('message'), description: 'The message it went out with: its own, or that of another debt with which it made one. Null: it has not gone out.' })), state: OneOf(messageStates, 'Where it stands.'), plannedAt: Instant,
  dueAt: Nullable(Instant), attempts: Type.Integer({ description: 'How often it was handed to its provider.' }), decisionId: Nullable(IdOf('policyDecision')),
  templateVersion: Nullable(Type.String({ description: 'The text it was last written by: the id of a template\'s version, or `builtin:` and the name of one of ours. Null until it is written.', examples: ['builtin:reminder.sms.en.1'] })),
  reason: Nullable(OneOf(messageReasons, 'Why it was not sent, or not yet.')), rule: Nullable(Type.String({ description: 'The rule that made it wait or forbade it.' })),
  clause: Nullable(Type.String({ description: 'Where the law says so.' })), sentAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Message' })

const CallTask = Type.Object({
  id: IdOf('callTask'), accountId: IdOf('account'), partyId: IdOf('party'), contactPointId: IdOf('contactPoint'), step: Type.Integer({ description: 'The step that asks for it, by its days past due.' }),
  state: OneOf(callStates, '`planned`: its day has not come; `open`: a collector is asked to call; `done`: somebody did; `cancelled`: its reason is gone.'), reason: Nullable(OneOf(callReasons, 'Why it is no longer asked for.')),
  plannedAt: Instant, openedAt: Nullable(Instant), endedAt: Nullable(Instant), createdAt: Instant,
}, { title: 'CallTask' })

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

  app.get('/v1/call-tasks', {
    config: { scope: 'outreach:read' },
    schema: {
      operationId: 'listCallTasks', tags, summary: 'List calls that are asked for', description: 'Calls that a strategy asks collectors to make, by id: planned, asked for, made, and no longer wanted. A queue with `isCallDue` serves the debts that have an open one.',
      querystring: Type.Object({ ...PageQuery, accountId: Type.Optional(IdOf('account')), state: Type.Optional(OneOf(callStates, 'Only those that stand so.')) }, closed),
      response: { 200: Page(CallTask, 'CallTaskPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    return await listCallTasks(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
  }))

  const callPath = Type.Object({ callTaskId: IdOf('callTask') })

  app.get('/v1/call-tasks/:callTaskId', {
    config: { scope: 'outreach:read' },
    schema: { operationId: 'getCallTask', tags, summary: 'Read a call that is asked for', description: 'One call: when it is planned, and what became of it.', params: callPath, response: { 200: CallTask, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const call = await findCallTask(tx, req.params.callTaskId)
    if (call === null) throw NotFound()
    return call
  }))

  app.post('/v1/call-tasks/:callTaskId/cancel', {
    config: { scope: 'outreach:write' },
    schema: {
      operationId: 'cancelCallTask', tags, summary: 'Cancel a call that is asked for', description: 'Cancels a call that is planned or asked for, for good.', params: callPath,
      response: { 200: CallTask, ...problems(NotFound, CallTaskEnded) },
    },
  }, async req => await req.tx(async tx => await cancelCallTask(tx, req.params.callTaskId)))
}
