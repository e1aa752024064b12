import { Problem } from '#kernel'
import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Letter, Safe, Tx, Vault } from '#platform'
import { recipientLines, writeLetters } from '../letters/index.ts'
import type { LetterToWrite } from '../letters/index.ts'
import { normalContact, revealContact, revealName } from '../parties/index.ts'
import { hoursFor, isInitial, historySince, listContactHistory, lockPersons, numberKeyOf, permitMessages, requestFor, setOutcomes, tellLogged } from '../contacts/index.ts'
import type { HistoryEntry, PlacedCase } from '../contacts/index.ts'
import { optOutUrl } from '../optOuts/index.ts'
import { TemplateMissing, TemplateUnwritable, findWriter } from '../templates/index.ts'
import type { Writer, Written } from '../templates/index.ts'
import { decideContacts, findLaw } from '../policy/index.ts'
import type { ContactRequest, Decision, Law } from '../policy/index.ts'
import { about, forgetParties } from './commands.ts'
import { bundle, fateOf, fenceSeconds, languageOf, retryAt, settleDue, unwritten } from './core.ts'
import type { Fate, MessageReason, ProviderChannel } from './core.ts'
import { setFates, setNotSent, setSent } from './db.ts'
import type { Settled } from './db.ts'
import { isAnythingDue, lockDue } from './due.db.ts'
import type { DueMessage } from './due.db.ts'
import { listErasedRecipients } from './erasure.db.ts'
import { MessageCancelled, MessageFailed, MessageSent, MessageSuppressed } from './events.ts'

/** Messages that go out as one, known by `id`, the first one's: which try it is, and the agency's time of the decision. */
export interface HandedOver { id: Id<'message'>, messageIds: Id<'message'>[], attempt: number, permittedAt: string }

/** What may go out now as one: written, addressed, and already counted. */
export interface Permitted extends HandedOver { channel: ProviderChannel, letter: Letter }

/** What is known of the ways out: where borrowers reach us, and the channels whose providers send a repeat again. */
export interface Ways { publicUrl: string, repeating: readonly ProviderChannel[] }

/** What was asked about messages that can go out as one: the first of them, all of them, the words they would have, and what was asked. */
interface Asked { first: DueMessage, messages: DueMessage[], bundleId: Id<'message'>, written: Written, request: ContactRequest }

/**
 * Puts messages that have fallen due before policy: those of one person about debts of one lender as one. What it allows is fenced off, counted as a contact and answered to be sent; the
 * others wait, are suppressed with the clause, or are cancelled. `isMore` says whether anything is still due, be it in somebody else's hands.
 */
export async function permitDue (tx: Tx, vault: Vault, ways: Ways): Promise<{ permitted: Permitted[], isMore: boolean }> {
  const due = await lockDue(tx)
  if (due.length === 0) return { permitted: [], isMore: await isAnythingDue(tx) }
  await lockPersons(tx, due)
  const settled: Settled[] = []
  const toAsk: DueMessage[] = []
  for (const message of due) {
    const isReachable = message.value !== null && message.contactPointState !== 'invalid' && !message.isWorkplace
    const fate = settleDue({ ...message, isReachable, dropsRepeats: message.channel === 'letter' || !ways.repeating.includes(message.channel) }, tx.ctx.now)
    if (fate === null) toAsk.push(message)
    else settled.push({ id: message.id, fate, decisionId: null })
  }
  const safe = await vault.safeOf(tx)
  const { asked, unwritable } = await prepare(tx, bundle(toAsk), first => optOutLink(safe, ways.publicUrl, tx.ctx.tenantId, first))
  for (const { id } of unwritable) settled.push({ id, fate: unwritten, decisionId: null })
  const decisions = await decideContacts(tx, asked.map(({ request }) => request))
  const toSend: { asked: Asked, decision: Decision }[] = []
  for (const [i, one] of asked.entries()) {
    const decision = decisions[i]!
    const { first, messages, bundleId, written: { templateVersion } } = one
    const fate = fateOf(decision.verdict, first.isOptedOut, hoursFor(one.request, first.channel, tx.ctx.now), tx.ctx.now)
    for (const { id } of messages) settled.push({ id, fate, decisionId: decision.id, templateVersion, bundleId })
    if (fate.state === 'sending') toSend.push({ asked: one, decision })
  }
  await setFates(tx, settled, fenceSeconds)
  const permits = await permitMessages(tx, safe, toSend.map(({ asked: { first, messages, bundleId }, decision }) => ({
    ...first, messageId: bundleId, alsoAbout: messages.filter(({ accountId }) => accountId !== first.accountId).map(({ accountId }) => accountId), decisionId: decision.id,
  })))
  tellFates(tx, due, settled)
  // Of what was handed over and is given up without an answer nobody knows whether it arrived: it counts.
  const lost = new Set(settled.flatMap(({ id, fate }) => fate.state === 'failed' ? [id] : []))
  for (const attempt of await setOutcomes(tx, due.flatMap(({ id, bundleId }) => lost.has(id) && bundleId !== null ? [bundleId] : []), 'sent')) tellLogged(tx, attempt)
  // The mailbox may have a letter whose sender died before he could say so, from after its party was erased.
  await forgetParties(tx, due.filter(({ value }) => value === null).map(({ partyId }) => partyId))
  const permitted: Permitted[] = []
  const toPost: { sent: HandedOver, letter: LetterToWrite }[] = []
  for (const { asked: { first, messages, bundleId, written } } of toSend) {
    const permit = permits.get(bundleId)
    if (permit === undefined) continue
    const sent: HandedOver = { id: bundleId, messageIds: messages.map(({ id }) => id), attempt: first.attempts + 1, permittedAt: tx.ctx.now.toISOString() }
    const address = revealContact(safe, { id: first.contactPointId, value: first.value })!
    const { channel, accountId, lenderId, partyId, contactPointId, jurisdiction, name } = first
    if (channel === 'letter') {
      const { text, templateVersion, language } = written
      toPost.push({ sent, letter: { messageId: bundleId, permit, accountId, lenderId, partyId, contactPointId, recipient: recipientLines(revealName(safe, { id: partyId, name }) ?? '', address), country: jurisdiction, text, templateVersion, language } })
    } else permitted.push({ ...sent, channel, letter: { tenantId: tx.ctx.tenantId, permit, key: bundleId, to: normalContact(channel === 'sms' ? 'phone' : 'email', address), text: written.text, ...written.subject !== undefined && { subject: written.subject }, ...channel === 'email' && { unsubscribeUrl: optOutLink(safe, ways.publicUrl, tx.ctx.tenantId, first)! } } })
  }
  // A letter needs no provider: it is laid ready in this transaction.
  await writeLetters(tx, safe, toPost.map(({ letter }) => letter))
  await recordHandOvers(tx, toPost.map(({ sent }) => ({ message: sent, isTaken: true, providerId: null })))
  return { permitted, isMore: await isAnythingDue(tx) }
}

/**
 * Gathers what policy is asked with: each person's contacts but for earlier tries of the same message, and the words that would go out. Where no text can be written about all debts of
 * a bundle, the first goes alone; what no text can be written for at all is set apart.
 */
async function prepare (tx: Tx, bundles: readonly DueMessage[][], linkFor: (first: DueMessage) => string | null): Promise<{ asked: Asked[], unwritable: DueMessage[] }> {
  const asked: Asked[] = []
  const unwritable: DueMessage[] = []
  if (bundles.length === 0) return { asked, unwritable }
  const all = bundles.flat()
  const history = await listContactHistory(tx, { personKeys: all.map(({ personKey }) => personKey), valueIndexes: all.map(({ valueIndex }) => valueIndex) }, historySince(tx.ctx.now))
  const law = await findLaw(tx)
  const write = await findWriter(tx, [...new Set(all.map(({ lenderId }) => lenderId))])
  for (const whole of bundles) {
    const known: Known = { law, write, history, optOutUrl: linkFor(whole[0]!) }
    const one = ask(tx, known, whole) ?? (whole.length > 1 ? ask(tx, known, whole.slice(0, 1)) : null)
    if (one === null) unwritable.push(whole[0]!)
    else asked.push(one)
  }
  return { asked, unwritable }
}

/** The link by which the recipient of a message refuses further ones; a letter has none. */
const optOutLink = (safe: Safe, publicUrl: string, tenantId: Id<'tenant'>, { channel, valueIndex }: DueMessage): string | null => channel === 'letter' ? null : optOutUrl(safe, publicUrl, { tenantId, channel, valueIndex })

/** What messages are judged by and written from, beside themselves. */
interface Known { law: Law, write: Writer, history: readonly HistoryEntry[], optOutUrl: string | null }

/** What is asked about messages that go out as one; null when no text can be written for them. */
function ask (tx: Tx, { law, write, history, optOutUrl }: Known, messages: DueMessage[]): Asked | null {
  const first = messages[0]!
  const bundleId = first.bundleId ?? first.id
  const of: PlacedCase & DueMessage = {
    ...first, alsoAbout: messages.slice(1).map(({ accountId }) => accountId), otherProducts: messages.slice(1).map(({ product }) => product), numberKey: numberKeyOf(first.valueIndex),
    holds: [...new Set(messages.flatMap(({ holds }) => holds))], sayings: sayingsOf(messages), history: historyOf(first, bundleId, history),
  }
  const written = textFor(write, messages, isInitial(of), optOutUrl)
  if (written === null) return null
  const { disclosures, optOutMethod } = written
  const request = requestFor(law, of, { channel: first.channel, at: tx.ctx.now.toISOString(), collector: tx.ctx.tenantId, disclosures, ...optOutMethod !== undefined && { optOutMethod } })
  return { first, messages, bundleId, written, request }
}

/** What was said at the address about any of the debts, once each and in the order it was said. */
function sayingsOf (messages: readonly DueMessage[]): DueMessage['sayings'] {
  if (messages.length === 1) return messages[0]!.sayings
  return [...new Map(messages.flatMap(({ sayings }) => sayings).map(saying => [JSON.stringify(saying), saying])).values()].sort((a, b) => Date.parse(a.at) - Date.parse(b.at))
}

/** Writes a message from the open balances; null when there is no text for it, or the text cannot be written of these debts. */
function textFor (write: Writer, messages: readonly DueMessage[], isInitial: boolean, optOutUrl: string | null): Written | null {
  const { channel, template, language, jurisdiction, lenderId, agency, lender } = messages[0]!
  try {
    return write({
      code: template, channel, language: languageOf(language, jurisdiction), jurisdiction, isInitial, lenderId,
      variables: {
        agency: { name: agency, contact: null }, lender: { name: lender }, debts: messages.map(({ reference, owed, currency, dueOn }) => ({ reference, owed, currency, dueOn })), paymentHint: null, optOutUrl,
      },
    })
  } catch (error) {
    if (error instanceof Problem && (error.code === TemplateMissing.code || error.code === TemplateUnwritable.code)) return null
    throw error
  }
}

const historyOf = ({ personKey, valueIndex }: DueMessage, bundleId: Id<'message'>, history: readonly HistoryEntry[]): HistoryEntry[] => {
  const number = numberKeyOf(valueIndex)
  return history.filter(past => past.messageId !== bundleId && (past.personKey === personKey || past.numberKey === number))
}

function tellFates (tx: Tx, due: readonly DueMessage[], settled: readonly Settled[]): void {
  const fates = new Map<Id<'message'>, Fate>(settled.map(({ id, fate }) => [id, fate]))
  for (const message of due) {
    const fate = fates.get(message.id)
    // What is left over has its turn when what goes out now counts.
    if (fate === undefined) continue
    if (fate.state === 'cancelled') emit(tx, MessageCancelled, message, { ...about(message), reason: fate.reason })
    if (fate.state === 'suppressed') emit(tx, MessageSuppressed, message, { ...about(message), reason: fate.reason, rule: fate.rule, clause: fate.clause })
    if (fate.state === 'failed') emit(tx, MessageFailed, message, { ...about(message), reason: fate.reason })
  }
}

/** What a provider did with a message: took it, or did not and perhaps never will. */
export type HandOver = { message: HandedOver } & ({ isTaken: true, providerId: string | null } | { isTaken: false, isFinal: boolean })

/** Writes down what providers did with messages, each contact once. What was not taken is tried again later or given up. */
export async function recordHandOvers (tx: Tx, handOvers: readonly HandOver[]): Promise<void> {
  const bundles = new Map(handOvers.flatMap(({ message }) => message.messageIds.map(id => [id, message.id] as const)))
  const sent = await setSent(tx, handOvers.flatMap(one => one.isTaken ? one.message.messageIds.map(id => ({ id, providerId: one.providerId, sentAt: one.message.permittedAt })) : []))
  for (const message of sent) emit(tx, MessageSent, message, { ...about(message), bundleId: bundles.get(message.id)!, sentAt: message.sentAt })
  const failed = await setNotSent(tx, handOvers.flatMap(one => {
    if (one.isTaken) return []
    const reason: MessageReason = one.isFinal ? 'providerRefused' : 'providerFailed'
    const dueAt = one.isFinal ? null : retryAt(one.message.attempt, tx.ctx.now)?.toISOString() ?? null
    return one.message.messageIds.map(id => ({ id, attempt: one.message.attempt, reason, dueAt }))
  }))
  for (const message of failed) emit(tx, MessageFailed, message, { ...about(message), reason: message.reason! })
  const named = (messages: readonly { id: Id<'message'> }[]): Id<'message'>[] => [...new Set(messages.map(({ id }) => bundles.get(id)!))]
  for (const attempt of await setOutcomes(tx, named(sent), 'sent')) tellLogged(tx, attempt)
  for (const attempt of await setOutcomes(tx, named(failed), 'undelivered')) tellLogged(tx, attempt)
  // A party may have been erased while its message was on the way.
  await forgetParties(tx, await listErasedRecipients(tx, [...bundles.keys()]))
}
