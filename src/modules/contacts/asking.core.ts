import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { holidaysAround } from '../policy/holidays.core.ts'
import type { Action, Attempt, Facts, Flag } from '../policy/index.ts'
import { candidatesOf } from './asking.zones.core.ts'
import type { AttemptChannel, Direction } from './core.ts'

/** How far back contacts are looked for: longer than any rule of any pack counts. All of them are kept with each decision. */
export const historyDays = 35

/** A contact recorded or permitted earlier, of whatever debt. */
export interface PastContact { accountId: string, personKey: string, numberKey: string | null, channel: AttemptChannel, direction: Direction, outcome: Attempt['outcome'], at: string }

/** Whom a contact is with, and about what. */
export interface ContactCase {
  accountId: Id<'account'>, jurisdiction: string, region: string | null, timeZone: string, borrowerKind: 'person' | 'company'
  /** Where the party may be besides, by its numbers and addresses: the zones of each. */
  otherZones: readonly (readonly string[])[]
  /** What the party has to do with the debt. */
  role: 'borrower' | 'coBorrower' | 'guarantor' | 'legalRepresentative' | 'heir' | 'contactOnly'
  personKey: string
  /** The address or number used, as a hash; null when it is not known. */
  numberKey: string | null
  isWorkplace: boolean, isOptedOut: boolean
  /** Kinds of the holds at work on the debt. */
  holds: readonly string[]
  history: readonly PastContact[]
}

/** What a contact says of itself. */
export interface Saying { channel: AttemptChannel, at: string, collector: string, disclosures: string[], optOutMethod?: string, collectors?: number }

/** What a hold means to the law. */
const flagOfHold: Record<string, Flag> = {
  represented: 'attorneyKnown', ceaseContact: 'ceaseWritten', deceased: 'borrowerDeceased', breathingSpace: 'moratoriumActive', dispute: 'disputedOnValidGrounds',
}

const flagsOf = (holds: readonly string[]): NonNullable<Facts['flags']> =>
  Object.fromEntries(holds.flatMap(kind => flagOfHold[kind] === undefined ? [] : [[flagOfHold[kind], true]]))

/** The facts a contact is judged by. People and numbers are hashes, debts are ids: nothing personal is kept with the decision. */
export function factsOf ({ jurisdiction, region, timeZone, otherZones, borrowerKind, numberKey, isOptedOut, holds, history }: ContactCase, { collector, at }: Pick<Saying, 'collector' | 'at'>): Facts {
  const { timeZones, isCut } = candidatesOf(timeZone, otherZones, Date.parse(at))
  const publicHolidays = holidaysAround(jurisdiction, region, dayIn(timeZone, new Date(at)))
  return {
    timeZones, ...publicHolidays !== undefined && { publicHolidays }, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', consents: [],
    // Said, so that whoever reads the decision knows that zones between these were left out.
    flags: { ...flagsOf(holds), ...isCut && { timeZonesBetweenLeftOut: true } },
    optedOutAddresses: isOptedOut && numberKey !== null ? [numberKey] : [],
    history: history.map(({ accountId, personKey, numberKey, ...past }) => ({ ...past, person: personKey, debts: [accountId], collector, ...numberKey !== null && { number: numberKey } })),
  }
}

/** Outcomes by which the person learned something. */
const conveying: readonly string[] = ['conversation', 'voicemail', 'sent', 'delivered', 'replied', 'visited']

/** True when nothing was yet conveyed to the person about the debt: what is said now is the first communication. */
export const isInitial = ({ accountId, personKey, history }: ContactCase): boolean =>
  !history.some(past => past.accountId === accountId && past.personKey === personKey && conveying.includes(past.outcome))

/** The contact that is asked about. To write to somebody who opted out disturbs their peace (民法典 1033), whatever else the law of a place says. */
export const actionOf = (of: ContactCase, { channel, at, collector, disclosures, optOutMethod, collectors }: Saying): Action => ({
  at, channel, collector, disclosures, debts: [of.accountId], party: of.role, person: of.personKey, purpose: of.role === 'contactOnly' ? 'locationInformation' : 'demandPayment',
  stage: isInitial(of) ? 'initial' : 'subsequent', disclosesDebt: of.role !== 'contactOnly', intrudesPrivatePeace: of.isOptedOut,
  ...of.numberKey !== null && { number: of.numberKey, address: of.numberKey }, ...of.isWorkplace && { place: 'workplace' as const },
  ...optOutMethod !== undefined && { optOutMethod }, ...collectors !== undefined && { collectors },
})
