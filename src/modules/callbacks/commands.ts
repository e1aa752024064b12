import type { Tx, Vault } from '#platform'
import type { GatewayChannel, SignedGateway, Told } from '../gateways/index.ts'
import { recordReceipt, recordReply } from '../outreach/index.ts'
import { addressHash, contactPointsOf, recordConsent } from '../parties/index.ts'
import { isRefusal } from './core.ts'
import { insertGatewayEvent, setOutcome } from './db.ts'

/** Does what a provider's word asks for, once for each event of its own. What names no message of ours is kept as received, and no more is done; a refusal of contact holds even then. */
export async function receiveGatewayCallback (tx: Tx, vault: Vault, { id: gatewayId, channel }: SignedGateway, callback: Told): Promise<void> {
  const { eventId, type } = callback
  const id = await insertGatewayEvent(tx, { gatewayId, eventId, type })
  if (id === null) return
  const isKnown = callback.type === 'reply' ? await receiveReply(tx, vault, channel, callback) : await recordReceipt(tx, channel, nameOf(callback), callback.type)
  if (isKnown) await setOutcome(tx, id, 'applied')
}

const nameOf = ({ messageId, providerId }: Told) => ({ ...messageId !== undefined && { messageId }, ...providerId !== undefined && { providerId } })

/** An answer is a contact that the party began; a refusal in it holds at once, for the address it came from and for the one that was written to. */
async function receiveReply (tx: Tx, vault: Vault, channel: GatewayChannel, callback: Extract<Told, { type: 'reply' }>): Promise<boolean> {
  const { from, text, subject = '' } = callback
  const isOptOut = callback.isOptOut === true || isRefusal(text) || isRefusal(subject)
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
