import { Problem } from '#kernel'
import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Letter, Safe, Tx, Vault } from '#platform'
import { normalContact, revealContact } from '../parties/index.ts'
import { hoursFor, isInitial, historySince, listContactHistory, lockPersons, numberKeyOf, permitMessages, requestFor, setOutcomes, tellLogged } from '../contacts/index.ts'
import type { ContactCase, HistoryEntry } from '../contacts/index.ts'
import { TemplateMissing, TemplateUnwritable, findWriter } from '../templates/index.ts'
import type { Writer, Written } from '../templates/index.ts'
import { decideContacts, findLaw } from '../policy/index.ts'
import type { ContactRequest, Decision } from '../policy/index.ts'
import { about, forgetParties } from './commands.ts'
import { fateOf, fenceSeconds, languageOf, retryAt, settleDue, unwritten } from './core.ts'
import type { Fate, MessageChannel, MessageReason } from './core.ts'
import { setFates, setNotSent, setSent } from './db.ts'
import type { Settled } from './db.ts'
import { isAnythingDue, lockDue } from './due.db.ts'
import type { DueMessage } from './due.db.ts'
import { listErasedRecipients } from './erasure.db.ts'
import { MessageCancelled, MessageFailed, MessageSent, MessageSuppressed } from './events.ts'

/** A message that may be sent now: written, addressed, and already counted. `permittedAt` is the agency's time of the decision. */
export interface Permitted { id: Id<'message'>, channel: MessageChannel, attempt: number, permittedAt: string, letter: Letter }

/** A message asked about: what is known of it, the words it would have, and what was asked. */
interface Asked { message: DueMessage, reminder: Written, request: ContactRequest }

/**
 * Puts messages that have fallen due before policy: those it allows are fenced off, counted as contacts and answered to be sent; the others
 * wait, are suppressed with the clause, or are cancelled. `isMore` says whether anything is still due, be it in somebody else's hands.
 */
export async function permitDue (tx: Tx, vault: Vault): Promise<{ permitted: Permitted[], isMore: boolean }> {
  const due = await lockDue(tx)
  if (due.length === 0) return { permitted: [], isMore: await isAnythingDue(tx) }
  await lockPersons(tx, due)
  const settled: Settled[] = []
  const toAsk: DueMessage[] = []
  for (const message of due) {
    const fate = settleDue({ ...message, isReachable: message.value !== null && message.contactPointState !== 'invalid' && !message.isWorkplace }, tx.ctx.now)
    if (fate === null) toAsk.push(message)
    else settled.push({ id: message.id, fate, decisionId: null })
  }
  const { asked, unwritable } = await prepare(tx, toAsk)
  for (const { id } of unwritable) settled.push({ id, fate: unwritten, decisionId: null })
  const decisions = await decideContacts(tx, asked.map(({ request }) => request))
  const toSend: { asked: Asked, decision: Decision }[] = []
  for (const [i, one] of asked.entries()) {
    const decision = decisions[i]!
    const fate = fateOf(decision.verdict, one.message.isOptedOut, hoursFor(one.request, one.message.channel, tx.ctx.now), tx.ctx.now)
    settled.push({ id: one.message.id, fate, decisionId: decision.id, templateVersion: one.reminder.templateVersion })
    if (fate.state === 'sending') toSend.push({ asked: one, decision })
  }
  await setFates(tx, settled, fenceSeconds)
  const safe = await vault.safeOf(tx)
  const permits = await permitMessages(tx, safe, toSend.map(({ asked: { message }, decision }) => ({ ...message, messageId: message.id, decisionId: decision.id })))
  tellFates(tx, due, settled)
  // The mailbox may have a letter whose sender died before he could say so, from after its party was erased.
  await forgetParties(tx, due.filter(({ value }) => value === null).map(({ partyId }) => partyId))
  const permitted = toSend.flatMap(({ asked: { message, reminder } }): Permitted[] => {
    const permit = permits.get(message.id)
    if (permit === undefined) return []
    return [{
      id: message.id, channel: message.channel, attempt: message.attempts + 1, permittedAt: tx.ctx.now.toISOString(),
      letter: { tenantId: tx.ctx.tenantId, permit, key: message.id, to: addressOf(safe, message), text: reminder.text, ...reminder.subject !== undefined && { subject: reminder.subject } },
    }]
  })
  return { permitted, isMore: await isAnythingDue(tx) }
}

const addressOf = (safe: Safe, { channel, contactPointId, value }: DueMessage): string => normalContact(channel === 'sms' ? 'phone' : 'email', revealContact(safe, { id: contactPointId, value })!)

/** The text of a reminder, by its code. */
const reminderCode = 'reminder'

/**
 * Gathers what policy is asked with: each person's contacts but for earlier tries of the same message, and the words that would go out. A message that no text can be
 * written for is set apart from the others.
 */
async function prepare (tx: Tx, messages: readonly DueMessage[]): Promise<{ asked: Asked[], unwritable: DueMessage[] }> {
  const asked: Asked[] = []
  const unwritable: DueMessage[] = []
  if (messages.length === 0) return { asked, unwritable }
  const history = await listContactHistory(tx, { personKeys: messages.map(message => message.personKey), valueIndexes: messages.map(message => message.valueIndex) }, historySince(tx.ctx.now))
  const law = await findLaw(tx)
  const write = await findWriter(tx, [...new Set(messages.map(({ lenderId }) => lenderId))])
  for (const message of messages) {
    const of: ContactCase & DueMessage = { ...message, numberKey: numberKeyOf(message.valueIndex), history: historyOf(message, history) }
    const reminder = reminderFor(write, message, isInitial(of))
    if (reminder === null) {
      unwritable.push(message)
      continue
    }
    const { disclosures, optOutMethod } = reminder
    asked.push({ message, reminder, request: requestFor(law, of, { channel: message.channel, at: tx.ctx.now.toISOString(), collector: tx.ctx.tenantId, disclosures, ...optOutMethod !== undefined && { optOutMethod } }) })
  }
  return { asked, unwritable }
}

/** Writes a reminder from the open balance; null when there is no text for it, or the text cannot be written of this debt. */
function reminderFor (write: Writer, { channel, language, jurisdiction, lenderId, agency, lender, reference, owed, currency, dueOn }: DueMessage, isInitial: boolean): Written | null {
  try {
    return write({
      code: reminderCode, channel, language: languageOf(language, jurisdiction), jurisdiction, isInitial, lenderId,
      variables: { agency: { name: agency, contact: null }, lender: { name: lender }, debts: [{ reference, owed, currency, dueOn }], paymentHint: null, optOutUrl: null },
    })
  } catch (error) {
    if (error instanceof Problem && (error.code === TemplateMissing.code || error.code === TemplateUnwritable.code)) return null
    throw error
  }
}

const historyOf = ({ id, personKey, valueIndex }: DueMessage, history: readonly HistoryEntry[]): HistoryEntry[] => {
  const number = numberKeyOf(valueIndex)
  return history.filter(past => past.messageId !== id && (past.personKey === personKey || past.numberKey === number))
}

function tellFates (tx: Tx, due: readonly DueMessage[], settled: readonly Settled[]): void {
  const fates = new Map(settled.map(({ id, fate }) => [id, fate]))
  for (const message of due) {
    const fate: Fate = fates.get(message.id)!
    if (fate.state === 'cancelled') emit(tx, MessageCancelled, message, { ...about(message), reason: fate.reason })
    if (fate.state === 'suppressed') emit(tx, MessageSuppressed, message, { ...about(message), reason: fate.reason, rule: fate.rule, clause: fate.clause })
    if (fate.state === 'failed') emit(tx, MessageFailed, message, { ...about(message), reason: fate.reason })
  }
}

/** What a provider did with a message: took it, or did not and perhaps never will. */
export type HandOver = { message: Permitted } & ({ isTaken: true, providerId: string | null } | { isTaken: false, isFinal: boolean })

/** Writes down what providers did with messages, each contact once. What was not taken is tried again later or given up. */
export async function recordHandOvers (tx: Tx, handOvers: readonly HandOver[]): Promise<void> {
  const sent = await setSent(tx, handOvers.flatMap(one => one.isTaken ? [{ id: one.message.id, providerId: one.providerId, sentAt: one.message.permittedAt }] : []))
  for (const message of sent) emit(tx, MessageSent, message, { ...about(message), sentAt: message.sentAt })
  const failed = await setNotSent(tx, handOvers.flatMap(one => {
    if (one.isTaken) return []
    const reason: MessageReason = one.isFinal ? 'providerRefused' : 'providerFailed'
    return [{ id: one.message.id, attempt: one.message.attempt, reason, dueAt: one.isFinal ? null : retryAt(one.message.attempt, tx.ctx.now)?.toISOString() ?? null }]
  }))
  for (const message of failed) emit(tx, MessageFailed, message, { ...about(message), reason: message.reason! })
  for (const attempt of await setOutcomes(tx, sent.map(({ id }) => id), 'sent')) tellLogged(tx, attempt)
  for (const attempt of await setOutcomes(tx, failed.map(({ id }) => id), 'undelivered')) tellLogged(tx, attempt)
  // A party may have been erased while its message was on the way.
  await forgetParties(tx, await listErasedRecipients(tx, handOvers.map(({ message }) => message.id)))
}
