import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Balance, CountryCode, Currency, IdOf, OneOf, closed, isCurrency, problem } from '#kernel'
import type { Violation } from '#kernel'

/** In which order a queue serves: the largest balance first, or the oldest debt first. */
export const orderings = ['balance', 'age'] as const
export type Ordering = typeof orderings[number]

export const itemStates = ['ready', 'leased', 'deferred', 'done', 'suppressed'] as const
export const leaseStates = ['held', 'completed', 'released', 'expired'] as const
export type LeaseState = typeof leaseStates[number]

/** Stages a filter may name: those of a debt, in order. */
const stages = ['preDue', 'early', 'amicable', 'preLegal', 'legal', 'enforcement'] as const

const list = { minItems: 1, maxItems: 100, uniqueItems: true } as const

/** Which debts a queue holds. Every condition named must hold; what is left out does not matter. */
export const QueueFilter = Type.Object({
  lenderIds: Type.Optional(Type.Array(IdOf('lender'), { ...list, description: 'Debts of these lenders.' })),
  jurisdictions: Type.Optional(Type.Array(CountryCode, { ...list, description: 'Debts under these countries\' law.' })),
  currencies: Type.Optional(Type.Array(Currency, { ...list, description: 'Debts in these currencies.' })),
  stages: Type.Optional(Type.Array(OneOf(stages, 'How far along the debt is.'), { ...list, description: 'Debts in these stages.' })),
  languages: Type.Optional(Type.Array(Type.String({ pattern: '^[a-z]{2}(-[A-Z]{2})?$', description: 'A language, BCP 47; `zh` covers `zh-CN`.' }), { ...list, description: 'Debts of which a party speaks one of these.' })),
  isCallDue: Type.Optional(Type.Literal(true, { description: 'Debts that a strategy asks to be called about now. What a collector put off stays until it is done.' })),
  balanceMin: Type.Optional(Type.Unsafe<number>({ ...Balance, description: 'Debts of at least this much, in minor units of the one currency named.' })),
  balanceMax: Type.Optional(Type.Unsafe<number>({ ...Balance, description: 'Debts of at most this much, in minor units of the one currency named.' })),
}, { title: 'QueueFilter', ...closed, description: 'Which debts the queue holds: all conditions named must hold.' })
export type QueueFilter = Static<typeof QueueFilter>

export const QueueRefused = problem('queue-refused', 422, 'The filter or the order of the queue contradicts itself.', 'Correct every value named in `errors`. Amounts of different currencies do not compare: name exactly one currency.')
export const QueuesTooMany = problem('queues-too-many', 409, 'The agency has as many queues as it may have.', 'Change a queue that is no longer needed.')
export const LeaseExpired = problem('lease-expired', 409, 'The lease has lapsed and its work has gone back to the queue.', 'Pull a new lease. Send a heartbeat before `expiresAt` to keep one.')
export const LeaseEnded = problem('lease-ended', 409, 'The lease has ended.', 'Pull a new lease.')
export const LeaseNotYours = problem('lease-not-yours', 403, 'Somebody else holds this lease.', 'Only its holder keeps a lease and completes its work; a manager may release it.')
export const WorkItemNotLeased = problem('work-item-not-leased', 409, 'The work item is not on lease.', 'Pull a lease that holds it; a completed item is not completed again.')
export const NextActionRefused = problem('next-action-refused', 422, 'The time of the next action cannot be used.', 'Give a `readyAt` after now and within a year.')

export const PromiseMisplaced = problem('promise-misplaced', 422, 'A promise comes with the outcome `promised`.', 'Complete the item with `promised`, or leave `promise` out.')
export const PartyMissing = problem('party-missing', 422, 'Nobody who owes the debt is known, so the call has to say who was called.', 'Name who was called with `partyId`.')

/** The most queues an agency has: every placement is held against each. */
export const queuesMax = 200
/** The most items one lease holds, and how long it lasts before it must be kept alive. */
export const leaseItemsMax = 50
export const leaseSecondsMin = 30
export const leaseSecondsMax = 3_600
/** How far work can be put off. */
export const deferDaysMax = 366

/**
 * Refuses a queue that cannot mean what it says: amounts without the one currency they are in, a range that is empty, a currency that does
 * not exist. Throws `QueueRefused`.
 */
export function checkQueue (filter: QueueFilter, ordering: Ordering): void {
  const { currencies = [], balanceMin, balanceMax } = filter
  const faults: Violation[] = currencies.filter(currency => !isCurrency(currency)).map(currency => ({ pointer: '/filter/currencies', message: `${currency} is not a currency of ISO 4217` }))
  const comparesAmounts = ordering === 'balance' || balanceMin !== undefined || balanceMax !== undefined
  if (comparesAmounts && currencies.length !== 1) faults.push({ pointer: '/filter/currencies', message: 'must name exactly one currency, for amounts of different ones do not compare' })
  if (balanceMin !== undefined && balanceMax !== undefined && balanceMin > balanceMax) faults.push({ pointer: '/filter/balanceMax', message: 'is below balanceMin' })
  if (faults.length > 0) throw QueueRefused({}, { violations: faults })
}

/** What the law sees in an outcome: how the call ended, or null when there was none. */
type Contact = 'conversation' | 'noAnswer' | 'busy' | 'voicemail' | 'wrongNumber' | 'thirdParty' | 'notInService' | 'rejected' | 'dropped' | null

const outcomeContacts = {
  rightPartyReached: 'conversation', promised: 'conversation', refused: 'conversation', disputed: 'conversation', paid: 'conversation', callback: 'conversation',
  noAnswer: 'noAnswer', busy: 'busy', voicemail: 'voicemail', wrongNumber: 'wrongNumber', thirdParty: 'thirdParty', notInService: 'notInService',
  rejected: 'rejected', dropped: 'dropped', notContacted: null,
} as const satisfies Record<string, Contact>

export type WorkOutcome = keyof typeof outcomeContacts

/** How work on an item can end. */
export const workOutcomes = Object.keys(outcomeContacts) as [WorkOutcome, ...WorkOutcome[]]

/** How a call with this outcome counts for the rules on contacting people; null: nobody was called. */
export const contactOf = (outcome: WorkOutcome): Contact => outcomeContacts[outcome]

/** Checks until when work is put off. Throws `NextActionRefused` on a time that has passed or lies too far ahead. */
export function checkReadyAt (readyAt: Date, now: Date): void {
  if (readyAt <= now || readyAt.getTime() - now.getTime() > deferDaysMax * 86_400_000) throw NextActionRefused({ daysMax: deferDaysMax })
}

/** Whose hours hold for a debt: its law and its clock. */
export interface Zone { jurisdiction: string, region: string | null, timeZone: string }

/** A zone as work items carry it: `CN||Asia/Shanghai`. */
export const zoneText = ({ jurisdiction, region, timeZone }: Zone): string => `${jurisdiction}|${region ?? ''}|${timeZone}`

/** Reads what `zoneText` wrote; a region may hold any character. */
export function zoneOf (text: string): Zone {
  const first = text.indexOf('|')
  const last = text.lastIndexOf('|')
  const region = text.slice(first + 1, last)
  return { jurisdiction: text.slice(0, first), region: region === '' ? null : region, timeZone: text.slice(last + 1) }
}

/** A lease as it stands, for deciding who may do what with it. */
export interface HeldLease { state: LeaseState, holderKind: string, holderId: string, dueAt: string | null }

/** Refuses what only the holder of a live lease may do. Throws `LeaseNotYours`, `LeaseExpired` or `LeaseEnded`. */
export function checkHolder (lease: HeldLease, holder: { kind: string, id: string | null }, now: Date): void {
  if (lease.holderKind !== holder.kind || lease.holderId !== holder.id) throw LeaseNotYours()
  checkLive(lease, now)
}

/** Refuses a lease that has ended, or whose time has passed though nobody has come by yet. Throws `LeaseExpired` or `LeaseEnded`. */
export function checkLive ({ state, dueAt }: HeldLease, now: Date): void {
  if (state === 'expired' || (dueAt !== null && new Date(dueAt) <= now)) throw LeaseExpired()
  if (state !== 'held') throw LeaseEnded({ state })
}
