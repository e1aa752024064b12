import { Type } from 'typebox'
import { IdOf, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { consentChannels, consentKinds, consentPurposes, contactChannels, erasureReasons, invalidReasons } from './core.ts'

const point = { contactPointId: IdOf('contactPoint'), partyId: IdOf('party'), channel: OneOf(contactChannels, 'How the party is reached there.') }
const consent = {
  consentId: IdOf('consent'), contactPointId: Nullable(IdOf('contactPoint')), channel: OneOf(consentChannels, 'The kind of contact.'),
  kind: OneOf(consentKinds, '`contact`: to be contacted at all; `time`: at otherwise closed times; `frequency`: more often.'), purpose: OneOf(consentPurposes, 'What the contact is for.'),
  accountId: Nullable(Type.String({ description: 'The only debt it is said of; null: of every debt.' })),
}

export const ContactPointAdded = event('contactPoint.added', 1, 'A way to reach a party became known.', Type.Object(point))
export const ContactPointVerified = event('contactPoint.verified', 1, 'A contact point was found to be right.', Type.Object(point))
export const ContactPointInvalidated = event('contactPoint.invalidated', 1, 'A contact point was found to be of no use. Nothing more is sent there.', Type.Object({ ...point, reason: OneOf(invalidReasons, 'Why.') }))
export const ConsentGranted = event('consent.granted', 1, 'A person agreed to a kind of contact at an address of theirs.', Type.Object(consent))
export const ConsentWithdrawn = event('consent.withdrawn', 1, 'A person refused a kind of contact at an address of theirs, or took back what they had agreed to.', Type.Object(consent))
export const ContactHoursSet = event('party.contactHoursSet', 1, 'A person said when they may be contacted, or when not. It holds for every debt.', Type.Object({ contactHoursId: IdOf('contactHours'), partyId: IdOf('party') }))
export const PartyErased = event('party.erased', 1, 'The personal data of a party was destroyed. Ids, money and refusals of contact remain.', Type.Object({ partyId: IdOf('party'), reason: OneOf(erasureReasons, 'Why.') }))
