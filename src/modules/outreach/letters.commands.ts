import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { returnMessages } from '../contacts/index.ts'
import { withdrawLetters } from '../letters/index.ts'
import type { WithdrawalReason } from '../letters/index.ts'
import { about, tellScheduled } from './commands.ts'
import { listUnfitLetters, setUnsent, setWithdrawn } from './letters.db.ts'
import { MessageCancelled } from './events.ts'

/** Withdraws letters that speak of debts which lost their reason, as far as nobody has printed them. Safe to repeat. */
export async function withdrawUnfit (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  for (const [reason, messageIds] of await listUnfitLetters(tx, accountIds)) await withdrawLetters(tx, messageIds, reason)
}

/** A letter that is not sent: what it was written for, and why. */
export interface Withdrawn { messageId: Id<'message'>, reason: WithdrawalReason }

/** Why nothing is written in place of a letter: what stands in the way is of the address or the post, and not of one debt. */
const isFinal = (reason: WithdrawalReason): boolean => reason === 'notPrinted' || reason === 'unreachable' || reason === 'optedOut'

/** Follows letters that were not sent: gives the place of each contact back, cancels what has lost its reason, and plans the other debts that a letter spoke of anew. */
export async function followWithdrawn (tx: Tx, letters: readonly Withdrawn[]): Promise<void> {
  await returnMessages(tx, letters.map(({ messageId }) => messageId))
  for (const message of await setWithdrawn(tx, letters.filter(({ reason }) => isFinal(reason)))) emit(tx, MessageCancelled, message, { ...about(message), reason: message.reason! })
  const { cancelled, scheduled } = await setUnsent(tx, letters.filter(({ reason }) => !isFinal(reason)).map(({ messageId }) => messageId))
  for (const message of cancelled) emit(tx, MessageCancelled, message, { ...about(message), reason: message.reason! })
  tellScheduled(tx, scheduled)
}
