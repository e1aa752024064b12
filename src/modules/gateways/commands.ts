import type { Id } from '#kernel'
import { newId } from '#platform'
import type { Place, Tx, Vault } from '#platform'
import { recordReceipt, recordReply } from '../outreach/index.ts'
import type { ProviderChannel } from '../outreach/index.ts'
import { addressHash, contactPointsOf, recordConsent } from '../parties/index.ts'
import type { Callback } from './api.ts'
import { CallbackRefused, isRefusal, isSigned, newGatewaySecret } from './core.ts'
import { findForCallback, insertGateway, insertGatewayEvent, setOutcome, setSecret } from './db.ts'

const secretPlace = (id: Id<'gateway'>): Place => ({ table: 'gateways', column: 'secret', id })

/** Adds a gateway for a channel. Its secret is made from `random` and shown only here. */
export async function createGateway (tx: Tx, vault: Vault, channel: ProviderChannel, random: Buffer) {
  const id = newId('gateway')
  const secret = newGatewaySecret(random)
  const safe = await vault.safeOf(tx)
  return { ...await insertGateway(tx, { id, channel, secret: safe.seal(secretPlace(id), secret) }), secret }
}

/** Gives a gateway a new secret; what is signed with the old one is refused from now on. Throws `NotFound`. */
export async function rotateGatewaySecret (tx: Tx, vault: Vault, id: Id<'gateway'>, random: Buffer) {
  const secret = newGatewaySecret(random)
  const safe = await vault.safeOf(tx)
  return { ...await setSecret(tx, id, safe.seal(secretPlace(id), secret)), secret }
}

/** A gateway that has signed what it sent. */
export interface Signed { id: Id<'gateway'>, channel: ProviderChannel }

/** What a callback says of who sent it and when. */
export interface Signature { gatewayId: Id<'gateway'>, timestamp: string, signature: string, body: Buffer }

/** Checks that a gateway sent exactly these bytes just now. Throws `CallbackRefused`, always the same, whatever is wrong. */
export async function checkCallback (tx: Tx, vault: Vault, { gatewayId, timestamp, signature, body }: Signature): Promise<Signed> {
  const gateway = /^[0-9]{1,12}$/.test(timestamp) ? await findForCallback(tx, gatewayId, Number(timestamp)) : null
  if (gateway === null || !gateway.isFresh) throw CallbackRefused()
  const safe = await vault.safeOf(tx)
  if (!isSigned(safe.open(secretPlace(gatewayId), gateway.secret), timestamp, body, signature)) throw CallbackRefused()
  return gateway
}

/** Does what a provider's word asks for, once for each event of its own. What names no message of ours is kept as received, and no more is done; a refusal of contact holds even then. */
export async function receiveGatewayCallback (tx: Tx, vault: Vault, { id: gatewayId, channel }: Signed, callback: Callback): Promise<void> {
  const { eventId, type } = callback
  const id = await insertGatewayEvent(tx, { gatewayId, eventId, type })
  if (id === null) return
  const isKnown = callback.type === 'reply' ? await receiveReply(tx, vault, channel, callback) : await recordReceipt(tx, vault, channel, nameOf(callback), callback.type)
  if (isKnown) await setOutcome(tx, id, 'applied')
}

const nameOf = ({ messageId, providerId }: Callback) => ({ ...messageId !== undefined && { messageId }, ...providerId !== undefined && { providerId } })

/** An answer is a contact that the party began; a refusal in it holds at once, for the address it came from and for the one that was written to. */
async function receiveReply (tx: Tx, vault: Vault, channel: ProviderChannel, callback: Extract<Callback, { type: 'reply' }>): Promise<boolean> {
  const { from, text, subject = '' } = callback
  const isOptOut = isRefusal(text) || isRefusal(subject)
  const valueIndex = addressHash(await vault.safeOf(tx), channel === 'sms' ? 'phone' : 'email', from)
  const message = await recordReply(tx, vault, channel, { ...nameOf(callback), valueIndex, isOptOut })
  if (!isOptOut) return message !== null
  const points = message === null ? [] : await contactPointsOf(tx, [message.partyId])
  const written = points.find(({ id }) => id === message?.contactPointId)
  const withdrawn = { channel, state: 'withdrawn', source: 'reply' } as const
  if (written !== undefined) await recordConsent(tx, { ...withdrawn, valueIndex: written.valueIndex, contactPoint: written })
  if (written === undefined || !written.valueIndex.equals(valueIndex)) await recordConsent(tx, { ...withdrawn, valueIndex })
  return true
}
