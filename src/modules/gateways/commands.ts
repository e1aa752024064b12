import type { Id } from '#kernel'
import { checkUrl, emit, newId } from '#platform'
import type { Place, Safe, Tx, Vault } from '#platform'
import type { GatewayInput } from './api.ts'
import type { Adapter, GatewayChannel } from './adapter.core.ts'
import { isSigned } from './callback.core.ts'
import type { Sent } from './callback.core.ts'
import { CallbackRefused, GatewaySecretForeign, adapters, checkCredentials, checkSettings, newGatewaySecret } from './core.ts'
import type { AdapterId, Credentials } from './core.ts'
import { findForCallback, insertGateway, listActive, lockGateway, setActiveDisabled, setGateway } from './db.ts'
import type { GatewayRow } from './db.ts'
import { GatewayActivated, GatewayCredentialsRotated, GatewayDisabled } from './events.ts'

const place = (id: Id<'gateway'>, column: 'secret' | 'credentials'): Place => ({ table: 'gateways', column, id })
const facts = ({ id, channel, adapter }: Pick<GatewayRow, 'id' | 'channel' | 'adapter'>) => ({ gatewayId: id, channel, adapter })

/** Whether what a provider sends is signed with a secret that we made. */
const hasOurSecret = (id: AdapterId): boolean => adapters[id].signing.key === 'secret'

const sealedCredentials = (safe: Safe, id: Id<'gateway'>, credentials: Credentials): Buffer => safe.seal(place(id, 'credentials'), JSON.stringify(credentials))
/** A boundary: what was sealed was checked. */
const openCredentials = (safe: Safe, id: Id<'gateway'>, sealed: Buffer | null): Credentials => sealed === null ? {} : JSON.parse(safe.open(place(id, 'credentials'), sealed)) as Credentials

/** A live agency's provider is on public https; a sandbox's may be on a private address, where the installation allows them. */
const checkAddress = (tx: Tx, url: string, allowPrivate: boolean): string => {
  const isLocal = allowPrivate && !tx.ctx.livemode
  return checkUrl(url, { allowPrivate: isLocal, httpsOnly: !isLocal })
}

async function takeOver (tx: Tx, channel: GatewayChannel): Promise<void> {
  const before = await setActiveDisabled(tx, channel)
  if (before !== null) emit(tx, GatewayDisabled, {}, facts(before))
}

/**
 * Adds a gateway that is active at once; the one active for its channel is disabled. Where the adapter signs with a secret of ours, it is made from `random` and shown only here.
 * Throws `GatewayUnfit` and `AddressForbidden`.
 */
export async function createGateway (tx: Tx, vault: Vault, { channel, adapter = 'recoup', credentials = {}, ...input }: GatewayInput, random: Buffer, allowPrivate: boolean) {
  const url = input.url ?? null
  const senderId = input.senderId ?? null
  checkSettings({ channel, adapter, credentials, url, senderId })
  await takeOver(tx, channel)
  const id = newId('gateway')
  const safe = await vault.safeOf(tx)
  const secret = hasOurSecret(adapter) ? newGatewaySecret(random) : null
  const gateway = await insertGateway(tx, {
    id, channel, adapter, state: 'active', url: url === null ? null : checkAddress(tx, url, allowPrivate), senderId,
    secret: secret === null ? null : safe.seal(place(id, 'secret'), secret), credentials: sealedCredentials(safe, id, credentials),
  })
  emit(tx, GatewayActivated, {}, facts(gateway))
  return { ...gateway, secret }
}

/** Makes a gateway the active one of its channel; the one before it is disabled. Throws `NotFound`. */
export async function activateGateway (tx: Tx, id: Id<'gateway'>): Promise<GatewayRow> {
  const gateway = await lockGateway(tx, id)
  if (gateway.state === 'active') return gateway
  await takeOver(tx, gateway.channel)
  emit(tx, GatewayActivated, {}, facts(gateway))
  return await setGateway(tx, id, { state: 'active' })
}

/** Gives a gateway no more messages. What it tells still counts. Throws `NotFound`. */
export async function disableGateway (tx: Tx, id: Id<'gateway'>): Promise<GatewayRow> {
  const gateway = await lockGateway(tx, id)
  if (gateway.state === 'disabled') return gateway
  emit(tx, GatewayDisabled, {}, facts(gateway))
  return await setGateway(tx, id, { state: 'disabled' })
}

/** Gives a gateway a new secret; what is signed with the old one is refused from now on. Throws `NotFound` and `GatewaySecretForeign`. */
export async function rotateGatewaySecret (tx: Tx, vault: Vault, id: Id<'gateway'>, random: Buffer) {
  const gateway = await lockGateway(tx, id)
  if (!hasOurSecret(gateway.adapter)) throw GatewaySecretForeign({ adapter: gateway.adapter })
  const secret = newGatewaySecret(random)
  const safe = await vault.safeOf(tx)
  emit(tx, GatewayCredentialsRotated, {}, facts(gateway))
  return { ...await setGateway(tx, id, { secret: safe.seal(place(id, 'secret'), secret) }), secret }
}

/** Gives a gateway other credentials, all of them at once. Throws `NotFound` and `GatewayUnfit`. */
export async function rotateGatewayCredentials (tx: Tx, vault: Vault, id: Id<'gateway'>, credentials: Credentials): Promise<GatewayRow> {
  const gateway = await lockGateway(tx, id)
  checkCredentials(gateway.adapter, credentials)
  emit(tx, GatewayCredentialsRotated, {}, facts(gateway))
  return await setGateway(tx, id, { credentials: sealedCredentials(await vault.safeOf(tx), id, credentials) })
}

/** A gateway open for sending. It lives in memory, for as long as the messages in hand. */
export interface OpenGateway { id: Id<'gateway'>, channel: GatewayChannel, adapter: Adapter, url: string | null, senderId: string | null, credentials: Credentials }

/** The agency's active gateways, open. */
export async function openGateways (tx: Tx, vault: Vault): Promise<OpenGateway[]> {
  const rows = await listActive(tx)
  if (rows.length === 0) return []
  const safe = await vault.safeOf(tx)
  return rows.map(({ id, channel, adapter, url, senderId, credentials }) => ({ id, channel, adapter: adapters[adapter], url, senderId, credentials: openCredentials(safe, id, credentials) }))
}

/** A gateway that has signed what it sent. */
export interface SignedGateway { id: Id<'gateway'>, channel: GatewayChannel, adapter: Adapter }

/** Checks that a gateway, active or not, sent exactly this just now. Throws `CallbackRefused`, always the same, whatever is wrong. */
export async function checkCallback (tx: Tx, vault: Vault, id: Id<'gateway'>, sent: Sent): Promise<SignedGateway> {
  const gateway = await findForCallback(tx, id)
  if (gateway === null) throw CallbackRefused()
  const safe = await vault.safeOf(tx)
  const adapter = adapters[gateway.adapter]
  const key = gateway.secret === null ? openCredentials(safe, id, gateway.credentials)[adapter.signing.key] : safe.open(place(id, 'secret'), gateway.secret)
  if (key === undefined || !isSigned(adapter, key, sent, gateway.nowSeconds)) throw CallbackRefused()
  return { id, channel: gateway.channel, adapter }
}
