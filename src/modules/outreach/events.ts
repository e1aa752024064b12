import { Type } from 'typebox'
import { IdOf, Instant, OneOf } from '#kernel'
import type { Id } from '#kernel'
import { event } from '#platform'
import { callReasons } from './calls.core.ts'
import { messageChannels, messageReasons } from './core.ts'

const message = {
  messageId: IdOf('message'), accountId: IdOf('account'), channel: OneOf(messageChannels, 'How it goes out.'),
  step: Type.Integer({ description: 'The reminder, by its days past due.' }),
}
const reason = OneOf(messageReasons, 'Why.')
const law = { rule: Type.String({ description: 'The rule that forbids it.' }), clause: Type.String({ description: 'Where the law says so.' }) }

export const MessageScheduled = event('message.scheduled', 1, 'A reminder was planned.', Type.Object({ ...message, plannedAt: Instant }))
export const MessageSent = event('message.sent', 1, 'A reminder was handed to its provider, or laid ready to be posted.', Type.Object({
  ...message, bundleId: Type.Unsafe<Id<'message'>>({ ...IdOf('message'), description: 'The message it went out with: its own, or that of another debt with which it made one.' }), sentAt: Instant,
}))
export const MessageDelivered = event('message.delivered', 1, 'The provider says that a reminder reached its recipient.', Type.Object(message))
export const MessageBounced = event('message.bounced', 1, 'The provider says that the address of a reminder is no good. Nothing more is sent there.', Type.Object(message))
export const MessageReplied = event('message.replied', 1, 'Somebody answered a reminder. What they wrote is not kept here.', Type.Object({
  ...message, contactAttemptId: IdOf('contactAttempt'), isOptOut: Type.Boolean({ description: 'True when the answer was a refusal of further contact.' }),
}))
export const MessageSuppressed = event('message.suppressed', 1, 'A reminder was not sent because the law or the recipient forbids it.', Type.Object({ ...message, reason, ...law }))
export const MessageCancelled = event('message.cancelled', 1, 'A reminder lost its reason: the debt was paid, disputed, held or taken back, or somebody cancelled it.', Type.Object({ ...message, reason }))
export const MessageFailed = event('message.failed', 1, 'A reminder could not be handed to its provider, or the provider could not deliver it, and it was given up.', Type.Object({ ...message, reason }))
export const MessageOptedOut = event('message.optedOut', 1, 'The recipient of reminders opted out. Nothing more is sent there.', Type.Object({
  accountId: IdOf('account'), contactPointId: IdOf('contactPoint'), channel: OneOf(messageChannels, 'Of what kind of message.'),
}))

const call = { callTaskId: IdOf('callTask'), accountId: IdOf('account'), step: Type.Integer({ description: 'The step that asks for it, by its days past due.' }) }

export const CallTaskOpened = event('callTask.opened', 1, 'A collector is asked to call about a debt.', Type.Object(call))
export const CallTaskDone = event('callTask.done', 1, 'Somebody called about a debt as was asked.', Type.Object(call))
export const CallTaskCancelled = event('callTask.cancelled', 1, 'A call is no longer asked for: its reason is gone, or somebody cancelled it.', Type.Object({ ...call, reason: OneOf(callReasons, 'Why.') }))
