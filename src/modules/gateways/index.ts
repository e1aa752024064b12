/**
 * Providers of SMS, and what we know of those of e-mail: the agency's own, spoken to in their own words.
 *
 * A provider is data: how a message is posted to it, how its answer is read, how its callbacks are signed and what they mean. An agency names one for a channel and gives
 * its credentials, which are sealed and never shown again. One is active for each channel; another takes its place at once, and what the one before tells of messages it
 * has, or of answers to them, still counts. An agency without one sends by the installation's.
 *
 * Credentials are opened in the transaction that permits the messages they are for, and forgotten with them. Nothing is posted without a permit, to an address inside the
 * network, or anywhere a redirect points. A provider that drops no repeats is not asked again when its answer was lost.
 *
 * What must never happen: an agency's message by another's provider, a credential in an answer, an event or a log, a message sent twice because we did not hear.
 */
export { gatewayChannels, toldKinds } from './adapter.core.ts'
export type { Adapter, GatewayChannel, ToldKind } from './adapter.core.ts'
export { api } from './api.ts'
export { callbackOf } from './callback.core.ts'
export type { Sent, Told } from './callback.core.ts'
export { checkCallback, openGateways } from './commands.ts'
export type { OpenGateway, SignedGateway } from './commands.ts'
export { CallbackRefused } from './core.ts'
export { findGatewayOwner } from './db.ts'
export { GatewayActivated, GatewayCredentialsRotated, GatewayDisabled } from './events.ts'
export { sendersOf } from './senders.jobs.ts'
