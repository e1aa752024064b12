import { dayNumber, offsetRunAt, problem } from '#kernel'
import type { CalendarDay, Minor } from '#kernel'
import type { Verdict } from '../policy/index.ts'

/** How a message goes out: over to a provider, or into the next batch of letters. */
export const messageChannels = ['email', 'sms', 'letter'] as const
export type MessageChannel = typeof messageChannels[number]
/** Messages that a provider takes and tells of later. */
export const providerChannels = ['email', 'sms'] as const
export type ProviderChannel = typeof providerChannels[number]

/** The life of a message: see domain. `sending` is permitted and in hand; what law or an opt-out forbids is `suppressed`, what lost its reason is `cancelled`. */
export const messageStates = ['scheduled', 'sending', 'sent', 'delivered', 'bounced', 'suppressed', 'cancelled', 'failed'] as const
export type MessageState = typeof messageStates[number]

/** Why a message was not sent, or not yet. */
export const messageReasons = ['placementEnded', 'onHold', 'nothingOwed', 'requested', 'strategyChanged', 'law', 'optedOut', 'unreachable', 'unwritable', 'providerRefused', 'providerFailed', 'undelivered', 'bounced', 'notPrinted'] as const
export type MessageReason = typeof messageReasons[number]

export const MessageStateRefused = problem('message-state-refused', 409, 'The message can no longer be cancelled.', 'Read the message: `state` says what became of it. Only a scheduled one can be cancelled.')
const hourMs = 3_600_000
const dayMs = 86_400_000

/** The instant at which a step's day reaches its hour in a zone. An hour that the clocks skip becomes one beside it. */
export function stepInstant (day: CalendarDay, hour: number, zone: string): Date {
  const wall = dayNumber(day) * dayMs + hour * hourMs
  const near = wall - offsetRunAt(zone, wall).offsetMs
  return new Date(wall - offsetRunAt(zone, near).offsetMs)
}

/** The most debts that one message speaks of: an SMS has little room, and policy is asked about so many at once. */
export const bundleMax: Record<MessageChannel, number> = { email: 20, sms: 5, letter: 20 }

/** What messages must have in common to be one: the person at one address, one lender, one text in one language, one law; and that they were sent together before, or never were. */
export interface Bundled {
  bundleId: string | null, personKey: string, lenderId: string, valueIndex: Buffer, channel: MessageChannel, template: string, language: string | null
  jurisdiction: string, region: string | null, timeZone: string, borrowerKind: string, role: string, isOptedOut: boolean
}

/**
 * Puts messages together that can go out as one, in their order: of each person and each address one bundle, because the next must count it. What went out
 * together before stays together: its provider knows it by one key. What is left over waits for its turn.
 */
export function bundle<M extends Bundled> (messages: readonly M[]): M[][] {
  const bundles = new Map<string, M[]>()
  const taken = new Set<string>()
  for (const message of messages) {
    const { bundleId, personKey, lenderId, valueIndex, channel, template, language, jurisdiction, region, timeZone, borrowerKind, role, isOptedOut } = message
    const address = valueIndex.toString('hex')
    const name = bundleId !== null ? `${bundleId} ${isOptedOut}` : JSON.stringify([personKey, lenderId, address, channel, template, language, jurisdiction, region, timeZone, borrowerKind, role, isOptedOut])
    const known = bundles.get(name)
    if (known !== undefined) {
      if (bundleId !== null || known.length < bundleMax[channel]) known.push(message)
    } else if (!taken.has(personKey) && !taken.has(address)) {
      taken.add(personKey).add(address)
      bundles.set(name, [message])
    }
  }
  return [...bundles.values()]
}

/** What a provider says later of a message that it took. `bounced`: the address is no good, for ever. */
export const receiptKinds = ['delivered', 'failed', 'bounced'] as const
export type ReceiptKind = typeof receiptKinds[number]

/** Of two receipts the later word is the one with the higher rank, in whatever order they come: carriers try again after a failure, and mail that was taken still bounces. */
const rankOf = (state: MessageState): number => ['failed', 'delivered', 'bounced'].indexOf(state)

/**
 * What a receipt makes of a message that was handed over at least once; null: nothing. That it arrived holds whatever we thought of it. That it did not is no
 * news of a message that is still to be tried again, or that never counted as gone out.
 */
export function stateAfter (state: MessageState, kind: ReceiptKind): ReceiptKind | null {
  if (kind === 'failed' && state !== 'sent' && state !== 'sending') return null
  return rankOf(kind) > rankOf(state) || state === 'sent' ? kind : null
}

/** How often a message is handed to its provider at most, and how long it waits after each failure: minutes of the agency's time. */
export const sendsMax = 5
const retryMinutes = [1, 5, 30, 120] as const

/** When a message that its provider did not take is tried again after `attempts` tries; null when it is given up. */
export function retryAt (attempts: number, now: Date): Date | null {
  const minutes = retryMinutes[attempts - 1]
  return minutes === undefined || attempts >= sendsMax ? null : new Date(now.getTime() + minutes * 60_000)
}

/** How long a message that was handed over may stay without an answer before it is taken up again: longer than any provider is waited for. */
export const fenceSeconds = 60

/** A message is not begun in the last minute before the law closes: handing over takes time. */
export const closingMarginMs = 60_000

/** What is known of a message that has fallen due, apart from what the law says. */
export interface DueFacts {
  state: MessageState, attempts: number, plannedAt: string, isPlacementActive: boolean, isFollowed: boolean, isHeld: boolean, isOptedOut: boolean, isReachable: boolean, owed: Minor
  /** Whether who sends it, asked a second time, sends nothing. */
  dropsRepeats: boolean
}

/** What is to become of a message that has fallen due. */
export type Fate =
  | { state: 'sending' }
  | { state: 'scheduled', dueAt: string, reason: MessageReason | null, rule: string | null, clause: string | null }
  | { state: 'cancelled', reason: MessageReason }
  | { state: 'suppressed', reason: MessageReason, rule: string, clause: string }
  | { state: 'failed', reason: MessageReason }

/** A message for which no text could be written. */
export const unwritten = { state: 'suppressed', reason: 'unwritable', rule: 'RECOUP.UNWRITABLE', clause: 'There is no text for it, or its text cannot be written of this debt.' } as const satisfies Fate

/** The language a party is written to in: its own, or else that of the place. */
export const languageOf = (language: string | null, jurisdiction: string): string => language ?? (jurisdiction === 'CN' ? 'zh-CN' : 'en')

/** Settles a message without asking the law, when something of our own stands in the way; null: the law is asked. */
export function settleDue (facts: DueFacts, now: Date): Fate | null {
  if (!facts.isPlacementActive) return { state: 'cancelled', reason: 'placementEnded' }
  if (facts.owed === 0) return { state: 'cancelled', reason: 'nothingOwed' }
  if (!facts.isFollowed) return { state: 'cancelled', reason: 'strategyChanged' }
  if (facts.isHeld) return { state: 'cancelled', reason: 'onHold' }
  if (!facts.isReachable) return { state: 'suppressed', reason: 'unreachable', rule: 'RECOUP.UNREACHABLE', clause: 'The address is invalid, was erased, or is a place of work.' }
  // It was handed over, and nobody knows what became of it: a second copy would be worse than none.
  if (facts.state === 'sending' && !facts.dropsRepeats) return { state: 'failed', reason: 'providerFailed' }
  if (facts.state === 'sending' && facts.attempts >= sendsMax) return { state: 'failed', reason: 'providerFailed' }
  // Brought forward for an opt-out that was taken back before it was looked at.
  if (!facts.isOptedOut && new Date(facts.plannedAt) > now) return { state: 'scheduled', dueAt: facts.plannedAt, reason: null, rule: null, clause: null }
  return null
}

/**
 * What the law's answer makes of a message. An opt-out is honoured even where no pack has a rule for it. `closesAt` and `opensAt` are the
 * end of the lawful hours that run now and the beginning of the next; null: no end.
 */
export function fateOf ({ verdict, earliestAllowedAt, reasons, laterReasons }: Verdict, isOptedOut: boolean, hours: { closesAt: string | null, opensAt: string | null }, now: Date): Fate {
  const [first] = reasons
  if (verdict === 'denied' || (verdict === 'wait' && earliestAllowedAt === null)) {
    return { state: 'suppressed', reason: isOptedOut ? 'optedOut' : 'law', rule: first?.rule ?? 'RECOUP.UNKNOWN', clause: first?.clause ?? 'The law gives no reason.' }
  }
  if (isOptedOut) return { state: 'suppressed', reason: 'optedOut', rule: 'RECOUP.OPTED_OUT', clause: 'The recipient opted out.' }
  if (verdict === 'wait') {
    const reason = first ?? laterReasons[0]
    return { state: 'scheduled', dueAt: earliestAllowedAt!, reason: 'law', rule: reason?.rule ?? null, clause: reason?.clause ?? null }
  }
  if (hours.closesAt !== null && Date.parse(hours.closesAt) - now.getTime() < closingMarginMs && hours.opensAt !== null) {
    return { state: 'scheduled', dueAt: hours.opensAt, reason: 'law', rule: 'RECOUP.CLOSING', clause: 'The lawful hours end within a minute.' }
  }
  return { state: 'sending' }
}
