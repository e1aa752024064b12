import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { holidaysAround } from '../policy/holidays.core.ts'
import type { Action, Attempt, Facts, Flag, GivenConsent, WeeklyWindow } from '../policy/index.ts'
import { candidatesOf } from './asking.zones.core.ts'
import type { AttemptChannel, Direction } from './core.ts'

/** How far back contacts are looked for: longer than any rule of any pack counts. All of them are kept with each decision. */
export const historyDays = 35

/** A contact recorded or permitted earlier, of whatever debt, and of others beside it. */
export interface PastContact { accountId: string, alsoAbout?: readonly string[], personKey: string, numberKey: string | null, channel: AttemptChannel, direction: Direction, outcome: Attempt['outcome'], at: string }

/** A saying about contact at closed hours, or more often; of one debt, or of all (null); good until an instant, or for good (null). */
export interface ConsentSaid { kind: 'time' | 'frequency', state: 'granted' | 'withdrawn', accountId: string | null, at: string, until: string | null }

/** The consents that hold for a debt, of what was said of it and of all debts: each was granted and not taken back since, be it for this debt alone. */
export const consentsOf = (sayings: readonly ConsentSaid[], channel: AttemptChannel): GivenConsent[] => sayings
  .filter(({ state, kind }, i) => state === 'granted' && !sayings.slice(i + 1).some(later => later.state === 'withdrawn' && later.kind === kind))
  .map(({ kind, accountId, at, until }) => ({ type: kind, at, channels: [channel], ...accountId !== null && { debts: [accountId] }, ...until !== null && { until } }))

/** When a person said they may be contacted, and when not; no windows: they said nothing of it. */
export interface SaidHours { requested: WeeklyWindow[], inconvenient: WeeklyWindow[] }

/** What the law asks before a contact person is approached: whether the borrower can be reached, and what passed between us and the person. */
export interface Reach { isBorrowerPhoneInvalid: boolean, failuresToReach: number, locationContacts: number, hasRefused: boolean }

/** So many failures in a row and the borrower is out of contact (CBA guideline, ch. 3). */
const failuresOutOfContact = 3

/** Whom a contact is with, and about what. */
export interface ContactCase {
  accountId: Id<'account'>
  /** The other debts that a message is about. */
  alsoAbout?: readonly Id<'account'>[]
  jurisdiction: string, region: string | null, timeZone: string, borrowerKind: 'person' | 'company'
  /** Where the party may be besides, by its numbers and addresses: the zones of each. */
  otherZones: readonly (readonly string[])[]
  /** What the party has to do with the debt. */
  role: 'borrower' | 'coBorrower' | 'guarantor' | 'legalRepresentative' | 'heir' | 'contactOnly'
  personKey: string
  /** The address or number used, as a hash; null when it is not known. */
  numberKey: string | null
  isWorkplace: boolean, isOptedOut: boolean
  /** What the person said at the address of hours and of how often, in the order it was said. */
  sayings: readonly ConsentSaid[]
  /** When the person said they may be contacted, and when not. */
  hours: SaidHours
  /** Kinds of the holds at work on the debt. */
  holds: readonly string[]
  history: readonly PastContact[]
  /** What is known of reaching the borrower and of this party, when it is a contact person. */
  reach?: Reach | undefined
}

/** Where a person is reached. */
export const contactPlaces = ['home', 'workplace', 'public', 'other'] as const

/** Where and how somebody is met, as far as it is said: how many collectors go on a visit, and whether they enter. */
export interface Circumstances { place?: typeof contactPlaces[number] | undefined, collectors?: number | undefined, entersPremises?: boolean | undefined }

/** What a contact says of itself. */
export interface Saying extends Circumstances { channel: AttemptChannel, at: string, collector: string, disclosures: string[], optOutMethod?: string }

/** What a hold means to the law; a claim whose time has run out stands among them. */
const flagOfHold: Record<string, Flag> = {
  represented: 'attorneyKnown', ceaseContact: 'ceaseWritten', deceased: 'borrowerDeceased', breathingSpace: 'moratoriumActive', dispute: 'disputedOnValidGrounds', timeBarred: 'timeBarred',
}

const flagsOf = (holds: readonly string[]): NonNullable<Facts['flags']> =>
  Object.fromEntries(holds.flatMap(kind => flagOfHold[kind] === undefined ? [] : [[flagOfHold[kind], true]]))

/** What is claimed of a contact by who is contacted. Whoever refused, or opted out, is not approached again. */
function claimsOf ({ role, reach, isOptedOut }: ContactCase): NonNullable<Facts['flags']> {
  if (role === 'guarantor') return { isGuarantor: true }
  if (role !== 'contactOnly') return {}
  const hasRefused = isOptedOut || reach?.hasRefused === true
  const isPhoneInvalid = reach?.isBorrowerPhoneInvalid === true
  const isUnreachable = isPhoneInvalid || (reach?.failuresToReach ?? 0) >= failuresOutOfContact
  return { ...isPhoneInvalid && { borrowerPhoneInvalid: true }, ...isUnreachable && { borrowerUnreachable: true }, ...hasRefused && { contactPersonRefused: true, thirdPartyRefused: true } }
}

/** The facts a contact is judged by. People and numbers are hashes, debts are ids: nothing personal is kept with the decision. */
export function factsOf (of: ContactCase, { channel, collector, at }: Pick<Saying, 'channel' | 'collector' | 'at'>): Facts {
  const { jurisdiction, region, timeZone, otherZones, borrowerKind, numberKey, isOptedOut, sayings, hours, holds, history, reach } = of
  const { timeZones, isCut } = candidatesOf(timeZone, otherZones, Date.parse(at))
  const publicHolidays = holidaysAround(jurisdiction, region, dayIn(timeZone, new Date(at)))
  return {
    timeZones, ...publicHolidays !== undefined && { publicHolidays }, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', consents: consentsOf(sayings, channel),
    ...hours.requested.length > 0 && { requestedWindows: hours.requested }, ...hours.inconvenient.length > 0 && { inconvenientWindows: hours.inconvenient },
    // Said, so that whoever reads the decision knows that zones between these were left out.
    ...reach !== undefined && { consecutiveFailuresToReach: reach.failuresToReach, priorLocationContactsWithPerson: reach.locationContacts },
    flags: { ...flagsOf(holds), ...claimsOf(of), ...isCut && { timeZonesBetweenLeftOut: true } },
    optedOutAddresses: isOptedOut && numberKey !== null ? [numberKey] : [],
    history: history.map(({ accountId, alsoAbout = [], personKey, numberKey, ...past }) => ({ ...past, person: personKey, debts: [accountId, ...alsoAbout], collector, ...numberKey !== null && { number: numberKey } })),
  }
}

/** Outcomes by which the person learned something. */
const conveying: readonly string[] = ['conversation', 'voicemail', 'sent', 'delivered', 'replied', 'visited']

/** True when nothing was yet conveyed to the person about the debt, or about one of several: what is said now is the first communication. */
export function isInitial ({ accountId, alsoAbout = [], personKey, history }: ContactCase): boolean {
  const known = new Set(history.flatMap(past => past.personKey === personKey && conveying.includes(past.outcome) ? [past.accountId, ...past.alsoAbout ?? []] : []))
  return [accountId, ...alsoAbout].some(debt => !known.has(debt))
}

/** The contact that is asked about. To write to somebody who opted out disturbs their peace (民法典 1033), whatever else the law of a place says. */
export const actionOf = (of: ContactCase, { channel, at, collector, disclosures, optOutMethod, place, collectors, entersPremises }: Saying): Action => ({
  at, channel, collector, disclosures, debts: [of.accountId, ...of.alsoAbout ?? []], party: of.role, person: of.personKey, purpose: of.role === 'contactOnly' ? 'locationInformation' : 'demandPayment',
  stage: isInitial(of) ? 'initial' : 'subsequent', disclosesDebt: of.role !== 'contactOnly', intrudesPrivatePeace: of.isOptedOut,
  ...of.numberKey !== null && { number: of.numberKey, address: of.numberKey }, ...place !== undefined ? { place } : of.isWorkplace && { place: 'workplace' as const },
  ...optOutMethod !== undefined && { optOutMethod }, ...channel === 'visit' && collectors !== undefined && { collectors }, ...entersPremises !== undefined && { entersPrivatePremises: entersPremises },
})
