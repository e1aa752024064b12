import { Type } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { attemptChannels, attemptOutcomes, contactResults, directions } from './core.ts'

const contact = { contactAttemptId: IdOf('contactAttempt'), accountId: IdOf('account'), partyId: IdOf('party'), channel: OneOf(attemptChannels, 'By which channel.'), at: Instant }
const wasLawful = Type.Boolean({ description: 'False when the law would have refused it, or a hold stopped contact.' })

export const ContactAttemptLogged = event('contactAttempt.logged', 1, 'A contact with a party was recorded.', Type.Object({
  ...contact, messageId: Nullable(IdOf('message')), direction: OneOf(directions, '`out`: begun by the agency; `in`: by the party.'),
  outcome: OneOf(attemptOutcomes, 'What became of it.'), result: Nullable(OneOf(contactResults, 'What it led to.')), wasLawful,
}))
export const ContactAttemptBreached = event('contactAttempt.breached', 1, 'A contact was made that nobody had allowed, or that the law would have refused.', Type.Object({
  ...contact, wasPermitted: Type.Boolean({ description: 'False when it had no permit.' }), wasLawful, decisionId: Nullable(IdOf('policyDecision')),
}))
export const RightPartyReached = event('contact.rightPartyReached', 1, 'A party that a debt concerns was spoken to, met, or answered.', Type.Object(contact))
export const RecordingDeletionDue = event('recording.deletionDue', 1, 'The recording of a contact is to be deleted by whoever stores it: the person it is of was erased, and its place is no longer known here.', Type.Object({ contactAttemptId: IdOf('contactAttempt'), accountId: IdOf('account') }))
export const PermitDenied = event('permit.denied', 1, 'A contact that somebody meant to make was not allowed then.', Type.Object({
  accountId: IdOf('account'), partyId: IdOf('party'), channel: OneOf(attemptChannels, 'By which channel.'), verdict: OneOf(['wait', 'denied'], '`wait`: later; `denied`: not until something changes.'),
  decisionId: IdOf('policyDecision'), rules: Type.Array(Type.String(), { description: 'The rules that stood in the way.' }), earliestAllowedAt: Nullable(Instant),
}))
export const ContactPressureHigh = event('contact.pressureHigh', 1, 'A contact left one place under a limit: one more is allowed within the window, and then none.', Type.Object({
  accountId: IdOf('account'), partyId: IdOf('party'), channel: OneOf(attemptChannels, 'The channel of the contact.'),
  rule: Type.String({ description: 'The rule that counts.' }), pack: Type.String({ description: 'The pack it is from.' }), clause: Type.String({ description: 'Where the law says so.' }),
  count: Type.Integer({ description: 'Contacts counted within the window.' }), limit: Type.Integer({ description: 'How many the rule allows.' }), windowFrom: Day, windowTo: Day,
}))
