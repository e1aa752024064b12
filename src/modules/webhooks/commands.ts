import type { Id } from '#kernel'
import { NotFound, checkUrl, emit, eventTypes, newId } from '#platform'
import type { Place, Tx, Vault } from '#platform'
import { findLender } from '../lenders/index.ts'
import type { EndpointChange, EndpointInput, ReplayInput } from './api.ts'
import {
  EndpointActive, EndpointLimitReached, EndpointPaused, ReplayTooLarge, checkFilters, checkSecret, endpointsMax, newSecret, replayMax, typesFor,
} from './core.ts'
import {
  countReplay, earliestAttempt, findEndpoint, insertEndpoint, insertReplay, lockEndpoint, lockEndpointCount, realTimeIn, setEndpoint, setPaused, setResumed,
} from './db.ts'
import type { ReplayOf } from './db.ts'
import {
  WebhookEndpointCreated, WebhookEndpointDeleted, WebhookEndpointPaused, WebhookEndpointResumed, WebhookEndpointUpdated, WebhookSecretRotated, WebhookTested,
} from './events.ts'
import { setEndpointsDue } from './sending.db.ts'

/** Where an endpoint's signing secret is sealed. */
export const secretPlace = (id: Id<'webhookEndpoint'>, column: 'secret' | 'previous_secret'): Place => ({ table: 'webhook_endpoints', column, id })

const concerns = ({ lenderId }: { lenderId: Id<'lender'> | null }) => lenderId === null ? {} : { lenderId }
const eventNames = (): string[] => eventTypes().map(({ name }) => name)

/** A live agency sends to public https only; a sandbox also to private addresses, where the installation allows them. */
const checkAddress = (tx: Tx, url: string, allowPrivate: boolean): string => {
  const isLocal = allowPrivate && !tx.ctx.livemode
  return checkUrl(url, { allowPrivate: isLocal, httpsOnly: !isLocal })
}

/**
 * Adds an endpoint for the agency or for one lender; a lender's key adds its own. It hears of what happens from now on.
 * The secret is made from `random` unless the caller brings one, and shown only here.
 */
export async function createWebhookEndpoint (tx: Tx, vault: Vault, input: EndpointInput, random: Buffer, allowPrivate: boolean) {
  const lenderId = tx.ctx.lenderId ?? input.lenderId ?? null
  // For a lender no other lender exists.
  if (input.lenderId !== undefined && (input.lenderId !== lenderId || await findLender(tx, input.lenderId) === null)) throw NotFound()
  const url = checkAddress(tx, input.url, allowPrivate)
  const filters = [...new Set(input.filters ?? [])]
  checkFilters(filters, eventNames(), '/filters')
  const secret = input.secret === undefined ? newSecret(random) : checkSecret(input.secret)
  if (await lockEndpointCount(tx, lenderId) >= endpointsMax) throw EndpointLimitReached({ endpointsMax })
  const id = newId('webhookEndpoint')
  const safe = await vault.safeOf(tx)
  const endpoint = await insertEndpoint(tx, {
    id, lenderId, url, filters, description: input.description ?? null, apiVersion: input.apiVersion ?? 1, secret: safe.seal(secretPlace(id, 'secret'), secret),
  })
  emit(tx, WebhookEndpointCreated, concerns(endpoint), { webhookEndpointId: id })
  return { ...endpoint, secret }
}

/** Changes where an endpoint is, what it hears of or how it is described. At a new address it begins with a clean slate. */
export async function updateWebhookEndpoint (tx: Tx, id: Id<'webhookEndpoint'>, change: EndpointChange, allowPrivate: boolean) {
  const endpoint = await lockEndpoint(tx, id)
  const filters = change.filters && [...new Set(change.filters)]
  if (filters !== undefined) checkFilters(filters, eventNames(), '/filters')
  const url = change.url === undefined ? endpoint.url : checkAddress(tx, change.url, allowPrivate)
  const changed = await setEndpoint(tx, id, {
    url, ...filters !== undefined && { filters }, ...change.description !== undefined && { description: change.description },
    ...url !== endpoint.url && endpoint.state === 'active' && { failures: 0, failingSince: null, heldUntil: null, dueAt: earliestAttempt(tx, id) },
  })
  emit(tx, WebhookEndpointUpdated, concerns(endpoint), { webhookEndpointId: id })
  return changed
}

/** Deletes an endpoint: it gets nothing more, its secrets are destroyed, its deliveries can still be read one by one. */
export async function deleteWebhookEndpoint (tx: Tx, id: Id<'webhookEndpoint'>): Promise<void> {
  const endpoint = await lockEndpoint(tx, id)
  await setEndpoint(tx, id, { state: 'deleted', secret: Buffer.alloc(0), previousSecret: null, previousSecretExpiresAt: null, dueAt: null })
  emit(tx, WebhookEndpointDeleted, concerns(endpoint), { webhookEndpointId: id })
}

/** Gives an endpoint a new secret. For `overlapSeconds` of real time what is sent is signed with the old one too. */
export async function rotateWebhookSecret (tx: Tx, vault: Vault, id: Id<'webhookEndpoint'>, input: { overlapSeconds: number, secret?: string }, random: Buffer) {
  const endpoint = await lockEndpoint(tx, id)
  const secret = input.secret === undefined ? newSecret(random) : checkSecret(input.secret)
  const safe = await vault.safeOf(tx)
  const previous = safe.open(secretPlace(id, 'secret'), endpoint.secret)
  const rotated = await setEndpoint(tx, id, {
    secret: safe.seal(secretPlace(id, 'secret'), secret), previousSecret: safe.seal(secretPlace(id, 'previous_secret'), previous), previousSecretExpiresAt: realTimeIn(input.overlapSeconds),
  })
  emit(tx, WebhookSecretRotated, concerns(endpoint), { webhookEndpointId: id })
  return { ...rotated, secret }
}

/** Stops sending to an endpoint. What happens is kept for it. */
export async function pauseWebhookEndpoint (tx: Tx, id: Id<'webhookEndpoint'>) {
  const endpoint = await lockEndpoint(tx, id)
  if (endpoint.state === 'paused') throw EndpointPaused()
  emit(tx, WebhookEndpointPaused, concerns(endpoint), { webhookEndpointId: id, reason: 'requested' })
  return await setPaused(tx, id, 'requested')
}

/** Sends to a paused endpoint again, beginning with everything that was kept for it. */
export async function resumeWebhookEndpoint (tx: Tx, id: Id<'webhookEndpoint'>) {
  const endpoint = await lockEndpoint(tx, id)
  if (endpoint.state === 'active') throw EndpointActive()
  emit(tx, WebhookEndpointResumed, concerns(endpoint), { webhookEndpointId: id })
  return await setResumed(tx, id)
}

/** Sends a test to one endpoint, by the way every event goes. */
export async function testWebhookEndpoint (tx: Tx, id: Id<'webhookEndpoint'>) {
  const endpoint = await findEndpoint(tx, id)
  if (endpoint.state === 'paused') throw EndpointPaused({}, { resolution: { method: 'POST', path: `/v1/webhook-endpoints/${id}/resume` } })
  return { eventId: emit(tx, WebhookTested, concerns(endpoint), { webhookEndpointId: id }) }
}

/**
 * Sends events again: those of a range of the owner's sequence, of the kinds the endpoint subscribed to unless `types` names others, or single
 * ones. Events from before the endpoint was made can be had too. A paused endpoint gets them when it is resumed.
 */
export async function replayEvents (tx: Tx, id: Id<'webhookEndpoint'>, input: ReplayInput) {
  const endpoint = await findEndpoint(tx, id)
  const replay = selection(endpoint.filters, input)
  const count = await countReplay(tx, endpoint, replay, replayMax)
  if (count > replayMax) throw ReplayTooLarge({ replayMax })
  if ('eventIds' in replay && count < replay.eventIds.length) throw NotFound()
  const deliveries = await insertReplay(tx, endpoint, replay)
  await setEndpointsDue(tx, [id])
  return { deliveries }
}

function selection (filters: readonly string[], input: ReplayInput): ReplayOf {
  if ('eventIds' in input) return { eventIds: [...new Set(input.eventIds)] }
  if (input.types !== undefined) checkFilters(input.types, eventNames(), '/types')
  return { after: input.after, upTo: input.upTo ?? null, types: typesFor(input.types ?? filters, eventNames()) }
}
