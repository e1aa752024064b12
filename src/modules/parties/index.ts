/**
 * Borrowers and others, and how they can be reached.
 *
 * Names, identity numbers and addresses are sealed with the agency's key and found by keyed hash; the API shows them masked unless the
 * key may reveal them, and each reveal is kept. Every lender has its own record of a borrower: two records of one person share a hash
 * that only the agency can see. What a person said about being contacted belongs to the address and outlives every record of it.
 *
 * What must never happen: personal data readable in the database, in an event, in a log; a lender learning of another's debt; a
 * `contactOnly` party collected from.
 */
export { api } from './api.ts'
export { addParties, addressHash, contactPointsOf, eraseParties, invalidateContactPoint, listOptOuts, recordConsent, recordReveals, revealContact, revealName } from './commands.ts'
export type { OptOut, RevealPurpose, Saying } from './commands.ts'
export { ContactPointInput, ContactPointRefused, PartyInput, PartyWasErased, addressFault, checkPartyInput, normalContact, revealPurposes } from './core.ts'
export type { ConsentChannel, ContactChannel } from './core.ts'
export { findConsent, lockParty } from './db.ts'
export type { ContactPointRow } from './db.ts'
export { ConsentGranted, ConsentWithdrawn, ContactHoursSet, ContactPointAdded, ContactPointInvalidated, ContactPointVerified, PartyErased } from './events.ts'
