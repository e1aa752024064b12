import { parsePhoneNumberFromString } from 'libphonenumber-js/min'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { OneOf, Text, closed, problem } from '#kernel'
import type { Violation } from '#kernel'

export const partyKinds = ['person', 'company'] as const
/** How a party can be reached. */
export const contactChannels = ['phone', 'email', 'postal'] as const
export type ContactChannel = typeof contactChannels[number]
export const contactPointStates = ['unverified', 'verified', 'invalid'] as const
export const consentStates = ['granted', 'withdrawn'] as const

export const ContactPointRefused = problem('contact-point-refused', 422, 'A contact point is not one that can be used.', 'Correct the value `errors` points to: phone numbers in full with their country (`+86...`), e-mail addresses as written.')

const ContactPointInputSchema = Type.Object({
  channel: OneOf(contactChannels, 'How the party is reached here.'),
  value: Text(400, 'The number with its country code, the e-mail address, or the postal address.', ['+8613800138000']),
  isWorkplace: Type.Optional(Type.Boolean({ description: 'True when it is known to be where the party works.' })),
}, { ...closed, title: 'ContactPointInput' })
export type ContactPointInput = Static<typeof ContactPointInputSchema>

/** A person or company, and how to reach them, as a lender places them. */
export const PartyInput = Type.Object({
  kind: OneOf(partyKinds, 'A person or a company.'),
  name: Text(200, 'Full name.', ['Li Wei']),
  identity: Type.Optional(Text(64, 'Number of the identity card, passport or company register.', ['110101199003070134'])),
  language: Type.Optional(Type.String({ pattern: '^[a-z]{2}(-[A-Z]{2})?$', description: 'Language to write in, BCP 47.', examples: ['zh-CN'] })),
  contactPoints: Type.Optional(Type.Array(ContactPointInputSchema, { maxItems: 20, description: 'Ways to reach the party.' })),
}, { ...closed, title: 'PartyInput' })
export type PartyInput = Static<typeof PartyInput>

/** The one spelling under which an identity number is found. */
export const normalIdentity = (identity: string): string => identity.replace(/[^0-9A-Za-z]/g, '').toUpperCase()

/** A number as `+` and digits (E.164), or null when it names no country or is no number there. */
function phoneOf (value: string): string | null {
  const phone = parsePhoneNumberFromString(value, { extract: false })
  return phone === undefined || phone.ext !== undefined || !phone.isValid() ? null : phone.number
}

/** The one spelling under which a contact point is found: a number in E.164, small letters, single spaces. */
export function normalContact (channel: ContactChannel, value: string): string {
  if (channel === 'phone') return parsePhoneNumberFromString(value, { extract: false })?.number ?? value.replace(/[^0-9]/g, '')
  return channel === 'email' ? value.trim().toLowerCase() : value.trim().replace(/\s+/g, ' ')
}

/** One address: no quotes, comments or lists, so that it can stand in a header as it is. */
const emailAddress = /^[^\s@<>()[\],;:"\\]{1,64}@([\p{L}\p{N}]([\p{L}\p{N}-]{0,61}[\p{L}\p{N}])?\.)+[\p{L}][\p{L}\p{N}-]{0,61}[\p{L}\p{N}]$/u
const emailLengthMax = 254

/** What cannot be used of a party's contact points: numbers without a country or too short for it, addresses that are none. `pointer` leads to the party. */
export const checkPartyInput = ({ contactPoints = [] }: PartyInput, pointer: string): Violation[] => contactPoints.flatMap(({ channel, value }, i) => {
  const message = channel === 'phone' && phoneOf(value) === null
    ? 'is not a phone number in full with its country, such as +8613800138000'
    : channel === 'email' && (value.length > emailLengthMax || !emailAddress.test(value)) ? 'is not an e-mail address' : null
  return message === null ? [] : [{ pointer: `${pointer}/contactPoints/${i}/value`, message }]
})
