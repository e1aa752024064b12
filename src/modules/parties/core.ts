import { Type } from 'typebox'
import type { Static } from 'typebox'
import { CountryCode, OneOf, Text, closed, problem } from '#kernel'
import type { Violation } from '#kernel'
import { isPhone, normalPhone } from './phone.core.ts'
import { phoneZones, placeZones } from './zones.core.ts'

export const partyKinds = ['person', 'company'] as const
/** How a party can be reached. */
export const contactChannels = ['phone', 'email', 'postal'] as const
export type ContactChannel = typeof contactChannels[number]
export const contactPointStates = ['unverified', 'verified', 'invalid'] as const
export type ContactPointState = typeof contactPointStates[number]
export const consentStates = ['granted', 'withdrawn'] as const
/** What is consented to or refused: being contacted at all, at otherwise closed times, or more often than the law has it. */
export const consentKinds = ['contact', 'time', 'frequency'] as const
/** What the contact is for: collecting, or a service such as a receipt or an answer that was asked for. */
export const consentPurposes = ['collection', 'service'] as const

/** The ways of contacting that a person can consent to or refuse, each at the addresses it uses. */
export const consentChannels = ['call', 'robocall', 'sms', 'im', 'email', 'letter', 'visit'] as const
export type ConsentChannel = typeof consentChannels[number]
const channelsAt: Record<ContactChannel, readonly ConsentChannel[]> = { phone: ['call', 'robocall', 'sms', 'im'], email: ['email'], postal: ['letter', 'visit'] }

/** How a person said it. */
export const consentSources = ['call', 'writing', 'reply', 'link', 'portal', 'visit', 'lender'] as const

/** Why personal data is read in the clear, why it is destroyed, and why an address is given up: words of ours, so that no free text holds more of it. */
export const revealPurposes = ['contact', 'identityCheck', 'correction', 'subjectRequest', 'legal'] as const
export const erasureReasons = ['subjectRequest', 'retentionEnded', 'placedInError'] as const
export const invalidReasons = ['wrongNumber', 'notInService', 'bounced', 'moved', 'other'] as const

export const ContactPointRefused = problem('contact-point-refused', 422, 'A contact point is not one that can be used.', 'Correct the value `errors` points to: phone numbers in full with their country (`+86...`), e-mail addresses as written.')
export const ContactPointExists = problem('contact-point-exists', 409, 'The party already has this contact point.', 'Read the party: the address is among its contact points.')
export const ContactPointUnchanged = problem('contact-point-unchanged', 409, 'The contact point already is in that state.', 'Read the party: `state` of the contact point says where it stands.')
export const ConsentRefused = problem('consent-refused', 422, 'That cannot be consented to or refused.', 'See `errors`. Name a kind of contact that uses the address: calls and messages a phone number, e-mail an e-mail address, letters and visits a postal one.')
export const PartyWasErased = problem('party-erased', 409, 'The personal data of the party was destroyed.', 'Place the debt again, or add the party anew, when there is a reason to hold the data.')

/** A way to reach a party, in the clear. */
export const ContactPointInput = Type.Object({
  channel: OneOf(contactChannels, 'How the party is reached here.'),
  value: Text(400, 'The number with its country code, the e-mail address, or the postal address.', ['+8613800138000']),
  isWorkplace: Type.Optional(Type.Boolean({ description: 'True when it is known to be where the party works.' })),
  place: Type.Optional(Type.Object({
    country: CountryCode, region: Type.Optional(Type.String({ pattern: '^[A-Z0-9]{1,3}$', description: 'State or province, ISO 3166-2 without the country.', examples: ['CA'] })),
  }, { ...closed, description: 'Where a postal address is. Only the time zones of the place are kept, beside the address itself: contact must be lawful in each of them.' })),
}, { ...closed, title: 'ContactPointInput', examples: [{ channel: 'phone', value: '+8613800138000' }] })
export type ContactPointInput = Static<typeof ContactPointInput>

/** A person or company, and how to reach them, as a lender places them. */
export const PartyInput = Type.Object({
  kind: OneOf(partyKinds, 'A person or a company.'),
  name: Text(200, 'Full name.', ['Li Wei']),
  identity: Type.Optional(Text(64, 'Number of the identity card, passport or company register.', ['110101199003070134'])),
  language: Type.Optional(Type.String({ pattern: '^[a-z]{2}(-[A-Z]{2})?$', description: 'Language to write in, BCP 47.', examples: ['zh-CN'] })),
  contactPoints: Type.Optional(Type.Array(ContactPointInput, { maxItems: 20, description: 'Ways to reach the party.' })),
}, { ...closed, title: 'PartyInput' })
export type PartyInput = Static<typeof PartyInput>

/** The one spelling under which an identity number is found. */
export const normalIdentity = (identity: string): string => identity.normalize('NFKC').replace(/[^0-9A-Za-z]/g, '').toUpperCase()

/** The one spelling under which a contact point is found: a number in E.164, small letters, single spaces; full-width characters as plain ones. */
export function normalContact (channel: ContactChannel, value: string): string {
  const plain = value.normalize('NFKC').trim()
  if (channel === 'phone') return normalPhone(plain) ?? plain.replace(/[^0-9]/g, '')
  return channel === 'email' ? plain.toLowerCase() : plain.replace(/\s+/g, ' ')
}

/** One address: no quotes, comments or lists, so that it can stand in a header as it is. */
const emailAddress = /^[^\s@<>()[\],;:"\\]{1,64}@([\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}][\p{L}\p{N}-]{0,61}[\p{L}\p{N}]$/u
const emailLengthMax = 254
const isEmail = (value: string): boolean => value.length <= emailLengthMax && emailAddress.test(normalContact('email', value))

/** The time zones a contact point says its party may be in: those of the number's area or country, or of the place of a postal address; none when it does not tell. */
export const zonesOf = ({ channel, value, place }: ContactPointInput): readonly string[] =>
  channel === 'phone' ? phoneZones(normalContact('phone', value)) : channel === 'postal' && place !== undefined ? placeZones(place.country, place.region) : []

/** What is wrong with the place of an address, or null: only postal addresses have one, in a country that exists. */
export function placeFault ({ channel, place }: ContactPointInput): { pointer: string, message: string } | null {
  if (place === undefined) return null
  if (channel !== 'postal') return { pointer: '/place', message: 'is given of postal addresses only' }
  return placeZones(place.country).length > 0 ? null : { pointer: '/place/country', message: 'is not the code of a country' }
}

/** What is wrong with an address, or null: a phone number must be whole (E.164), an e-mail address one address. */
export function addressFault (channel: ContactChannel, value: string): string | null {
  if (channel === 'phone') return isPhone(value.normalize('NFKC').trim()) ? null : 'is not a phone number with its country code, such as +8613800138000'
  return channel !== 'email' || isEmail(value) ? null : 'is not an e-mail address'
}

/** What cannot be used of a party's contact points. `pointer` leads to the party. */
export const checkPartyInput = ({ contactPoints = [] }: PartyInput, pointer: string): Violation[] => contactPoints.flatMap((point, i) => pointFaults(point, `${pointer}/contactPoints/${i}`))

function pointFaults (point: ContactPointInput, pointer: string): Violation[] {
  const message = addressFault(point.channel, point.value)
  const fault = placeFault(point)
  return [...message === null ? [] : [{ pointer: `${pointer}/value`, message }], ...fault === null ? [] : [{ pointer: pointer + fault.pointer, message: fault.message }]]
}

/** Refuses a contact point that cannot be used. Throws `ContactPointRefused` pointing at what is wrong. */
export function checkContactPoint (point: ContactPointInput): void {
  const violations = pointFaults(point, '')
  if (violations.length > 0) throw ContactPointRefused({}, { violations })
}

/** Refuses an address that cannot be used. Throws `ContactPointRefused` pointing at it. */
export function checkAddress (channel: ContactChannel, value: string, pointer: string): void {
  const message = addressFault(channel, value)
  if (message !== null) throw ContactPointRefused({}, { violations: [{ pointer, message }] })
}

/** Refuses what cannot be said of consent: hours and numbers of contacts are of collection alone, and what ends has not ended. Throws `ConsentRefused`. */
export function checkTerms ({ kind, purpose, until }: { kind: typeof consentKinds[number], purpose: typeof consentPurposes[number], until: string | null }, now: Date): void {
  const refuse = (pointer: string, message: string): never => { throw ConsentRefused({}, { violations: [{ pointer, message }] }) }
  if (kind !== 'contact' && purpose !== 'collection') refuse('/purpose', 'must be collection: a service keeps to no hours or numbers')
  if (until !== null && new Date(until) <= now) refuse('/until', 'must be in the future')
}

/** Refuses consent to a kind of contact that does not use such an address. Throws `ConsentRefused`. */
export function checkConsent (address: ContactChannel, channel: ConsentChannel): void {
  if (!channelsAt[address].includes(channel)) throw ConsentRefused({ address, channels: channelsAt[address].join(' ') }, { violations: [{ pointer: '/channel', message: `must be one of ${channelsAt[address].join(', ')} at such an address` }] })
}
