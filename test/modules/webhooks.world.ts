import { emit } from '#platform'
import type { Id } from '#kernel'
import { ApiKeyRevoked } from '../../src/modules/tenants/index.ts'
import { receiver } from '../receiver.ts'
import type { Receiver } from '../receiver.ts'
import { strangeId } from '../world.ts'
import type { Agency, As, World } from '../world.ts'

export interface Endpoint { id: Id<'webhookEndpoint'>, secret: string, state: string, pauseReason: string | null, failingSince: string | null, lenderId: string | null }
export interface Delivery { id: string, eventId: string, eventType: string, state: string, attempts: number, nextAttemptAt: string | null, lastStatus: number | null, lastError: string | null }
export interface Attempt { n: number, at: string, status: number | null, latencyMs: number, answer: string | null, error: string | null }

/** What tests of webhooks say again and again. */
export const webhooksOf = (w: World) => ({
  /** A receiver that is closed with the test. */
  async receive (t: { teardown (close: () => Promise<void>): unknown }): Promise<Receiver> {
    const made = await receiver()
    t.teardown(made.close)
    return made
  },
  endpoint: async (as: As, url: string, more: object = {}): Promise<Endpoint> => await w.ok<Endpoint>(as, 'POST', '/v1/webhook-endpoints', { url, ...more }),
  show: async (as: As, { id }: Endpoint): Promise<Endpoint> => await w.ok<Endpoint>(as, 'GET', `/v1/webhook-endpoints/${id}`),
  /** Something happens: a key is made. Answers its id. */
  happen: async (as: As): Promise<string> => (await w.ok<{ id: string }>(as, 'POST', '/v1/api-keys', { kind: 'service', name: 'x', scopes: ['tenant:read'] })).id,
  deliveries: async (as: As, { id }: Endpoint, query = ''): Promise<Delivery[]> => (await w.ok<{ data: Delivery[] }>(as, 'GET', `/v1/webhook-endpoints/${id}/deliveries?limit=200${query}`)).data,
  log: async (as: As, { id }: Delivery): Promise<Attempt[]> => (await w.ok<{ log: Attempt[] }>(as, 'GET', `/v1/deliveries/${id}`)).log.reverse(),
  async lender (us: Agency): Promise<{ id: Id<'lender'>, key: string }> {
    const { id } = await w.ok<{ id: Id<'lender'> }>(us, 'POST', '/v1/lenders', { name: 'First Harbour Bank' })
    const { key } = await w.ok<{ key: string }>(us, 'POST', `/v1/lenders/${id}/api-keys`, { name: 'their own' })
    return { id, key }
  },
  /** Makes many events at once. */
  async burst (us: Agency, count: number): Promise<void> {
    await w.tx(us, async tx => { for (let i = 0; i < count; i++) emit(tx, ApiKeyRevoked, {}, { apiKeyId: strangeId('apiKey') as Id<'apiKey'> }) })
  },
})
