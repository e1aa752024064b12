/**
 * Contacts with people: which may be made now, and which were made.
 *
 * Whoever means to call, visit or write asks for a permit first. Policy is asked with every contact the agency has had with the person, whichever lender's debt it
 * was about; where it allows the contact, its place is held and a signed permit answered, good for one contact that begins within five minutes and within the
 * lawful hours. Places are held one after the other for each person and number, so that however many ask at once no cap is passed. The record of the contact uses the permit
 * up; a permit that nobody used gives its place back.
 *
 * What a contact was recorded with names how long the law wants that recording kept. Whoever looks at a debt sees how often its people were contacted about any debt, beside what
 * each rule that counts allows; and it is told when a contact or a message leaves one place under a limit.
 *
 * What happened is recorded whatever the law thinks of it. What the agency began without a permit is put before policy as it was then, and told as a breach.
 *
 * What must never happen: two contacts where one was left, a contact of a `contactOnly` party about the debt, a permit that another agency made or that was used
 * before, a name or a number in an event or a decision.
 *
 * Held to: 12 CFR 1006.6 and 1006.14; GB/T 45251-2025, 5.3; 民法典 1033.
 */
export { api } from './api.ts'
export { historySince, hoursFor, requestFor } from './asking.commands.ts'
export type { PlacedCase } from './asking.commands.ts'
export { isInitial } from './asking.core.ts'
export { candidatesOf } from './asking.zones.core.ts'
export { logContactAttempt, tellLogged } from './commands.ts'
export type { ContactLog } from './commands.ts'
export { ContactInFuture, OutcomeRefused, ResultRefused, attemptChannels, attemptOutcomes, contactResults, directions } from './core.ts'
export type { AttemptChannel, AttemptOutcome, ContactResult, Direction } from './core.ts'
export { hoursRead, hoursWritten, isHeldAt, isOptedOutOf, listContactHistory, lockPersons, numberKeyOf, personKeyOf, returnMessages, sayingsRead, sayingsWritten, setDelivered, setOutcomes, zonesRead, zonesWritten } from './db.ts'
export type { AttemptRow, HistoryEntry, PermittedContact } from './db.ts'
export { ContactAttemptBreached, ContactAttemptLogged, ContactPressureHigh, PermitDenied, RecordingDeletionDue, RightPartyReached } from './events.ts'
export * as jobs from './jobs.ts'
export { PermitExpired, PermitMismatch, PermitRefused, PermitUsed, permitPattern } from './permits.core.ts'
export { permitMessages, requestPermit } from './permits.commands.ts'
export type { PermitAnswer, PermitRequest } from './permits.commands.ts'
export { forgetRecordings } from './recordings.commands.ts'
