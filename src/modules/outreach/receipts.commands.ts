import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx, Vault } from '#platform'
import { logContactAttempt, setDelivered, setOutcomes, tellLogged } from '../contacts/index.ts'
import { contactPointsOf, invalidateContactPoint } from '../parties/index.ts'
import { about } from './commands.ts'
import { stateAfter } from './core.ts'
import type { ProviderChannel, ReceiptKind } from './core.ts'
import { findByProviderId, findLastTo, lockBundle, setReceived } from './db.ts'
import type { MessageRow } from './db.ts'
import { MessageBounced, MessageDelivered, MessageFailed, MessageReplied, MessageSent } from './events.ts'

/** How a provider names a message: by our id, which it was given as the key, or by its own. */
export interface MessageName { messageId?: Id<'message'>, providerId?: string }

/** The messages that were handed over as one, kept from changing, the one they are named by first; none when it is none of ours, or never left. */
async function lockHanded (tx: Tx, channel: ProviderChannel, { messageId, providerId }: MessageName): Promise<MessageRow[]> {
  const id = messageId ?? (providerId === undefined ? null : await findByProviderId(tx, channel, providerId))
  const messages = id === null ? [] : await lockBundle(tx, id)
  return messages.filter(message => message.channel === channel)
}

/**
 * Writes down what a provider says of a message it took, in whatever order and however often it says so, for each debt it was about. A receipt that overtakes our own record of the
 * hand-over makes it, so that the message is not sent again. An address that is no good for ever is given up. Answers false when there is no such message.
 */
export async function recordReceipt (tx: Tx, channel: ProviderChannel, name: MessageName, kind: ReceiptKind): Promise<boolean> {
  return await receiveAll(tx, await lockHanded(tx, channel, name), kind)
}

/** What the post brought back: the address is no good, or nobody took it there. */
export async function recordReturn (tx: Tx, messageId: Id<'message'>, isAddressWrong: boolean): Promise<void> {
  await receiveAll(tx, await lockBundle(tx, messageId), isAddressWrong ? 'bounced' : 'failed')
}

async function receiveAll (tx: Tx, messages: readonly MessageRow[], kind: ReceiptKind): Promise<boolean> {
  const [first] = messages
  if (first === undefined) return false
  let state: ReceiptKind | null = null
  for (const message of messages) state = await receive(tx, message, first.id, kind) ?? state
  if (state === null) return true
  const outcome = state === 'delivered' ? 'delivered' : 'undelivered'
  for (const attempt of await setOutcomes(tx, [first.bundleId!], outcome)) tellLogged(tx, attempt)
  await setDelivered(tx, first.bundleId!, outcome)
  if (state === 'bounced') for (const message of messages) await giveUp(tx, message)
  return true
}

async function receive (tx: Tx, message: MessageRow, bundleId: Id<'message'>, kind: ReceiptKind): Promise<ReceiptKind | null> {
  const state = stateAfter(message.state, kind)
  if (state === null) return null
  const sentAt = message.sentAt ?? tx.ctx.now.toISOString()
  await setReceived(tx, message.id, state, sentAt)
  if (message.sentAt === null) emit(tx, MessageSent, message, { ...about(message), bundleId, sentAt })
  if (state === 'delivered') emit(tx, MessageDelivered, message, about(message))
  if (state === 'bounced') emit(tx, MessageBounced, message, about(message))
  if (state === 'failed') emit(tx, MessageFailed, message, { ...about(message), reason: 'undelivered' })
  return state
}

/** Gives up an address that bounced; one that was given up or erased before is left as it is. */
async function giveUp (tx: Tx, { partyId, contactPointId }: MessageRow): Promise<void> {
  const point = (await contactPointsOf(tx, [partyId])).find(({ id }) => id === contactPointId)
  if (point !== undefined && point.state !== 'invalid') await invalidateContactPoint(tx, contactPointId, 'bounced')
}

/** What came back from an address, given by its hash. The text is judged by the caller and goes no further. */
export interface Reply extends MessageName { valueIndex: Buffer, isOptOut: boolean }

/** Records an answer as a contact that the party began, about the debt of the message it answers, or else of the last one sent there. Answers that message; null when there is none. */
export async function recordReply (tx: Tx, vault: Vault, channel: ProviderChannel, { valueIndex, isOptOut, ...name }: Reply): Promise<MessageRow | null> {
  const lastTo = async (): Promise<MessageRow[]> => {
    const messageId = await findLastTo(tx, channel, valueIndex)
    return messageId === null ? [] : await lockHanded(tx, channel, { messageId })
  }
  const message = (await lockHanded(tx, channel, name))[0] ?? (await lastTo())[0]
  if (message === undefined) return null
  const { accountId, partyId, contactPointId } = message
  const attempt = await logContactAttempt(tx, vault, { accountId, partyId, contactPointId, channel, direction: 'in', outcome: 'replied', ...isOptOut && { result: 'optedOut' } })
  emit(tx, MessageReplied, message, { ...about(message), contactAttemptId: attempt.id, isOptOut })
  return message
}
