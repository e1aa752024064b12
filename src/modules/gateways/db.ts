import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter } from '#platform'
import type { Database, Tx } from '#platform'
import { replayWindowSeconds } from './core.ts'
import type { CallbackOutcome, callbackTypes } from './core.ts'
import { gatewayEvents, gateways } from './tables.ts'

/** A gateway as the API shows it. */
const shown = { id: gateways.id, channel: gateways.channel, createdAt: gateways.createdAt }

/** The agency a gateway belongs to; null when there is no such gateway. */
export async function findOwner (db: Database, id: Id<'gateway'>): Promise<Id<'tenant'> | null> {
  const [row] = await db.installation(async tx => await tx.select({ tenantId: gateways.tenantId }).from(gateways).where(eq(gateways.id, id)))
  return row?.tenantId ?? null
}

/** Gateways by id. */
export async function listGateways (tx: Tx, page: { limit: number, after: string | null }): Promise<PageOf<Pick<typeof gateways.$inferSelect, keyof typeof shown>>> {
  const rows = await tx.select(shown).from(gateways).where(and(eq(gateways.tenantId, tx.ctx.tenantId), pageAfter(gateways.id, page))).orderBy(asc(gateways.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

export async function insertGateway (tx: Tx, gateway: Pick<typeof gateways.$inferInsert, 'id' | 'channel' | 'secret'>) {
  const [row] = await tx.insert(gateways).values({ tenantId: tx.ctx.tenantId, createdAt: tx.ctx.now.toISOString(), ...gateway }).returning(shown)
  return row!
}

/** Gives a gateway another secret. Throws `NotFound`. */
export async function setSecret (tx: Tx, id: Id<'gateway'>, secret: Buffer) {
  const [row] = await tx.update(gateways).set({ secret }).where(and(eq(gateways.tenantId, tx.ctx.tenantId), eq(gateways.id, id))).returning(shown)
  if (row === undefined) throw NotFound()
  return row
}

/** A gateway with its secret, and whether a timestamp is near enough to the present: real time, whatever clock the agency lives by. */
export async function findForCallback (tx: Tx, id: Id<'gateway'>, timestampSeconds: number) {
  const [row] = await tx.select({ id: gateways.id, channel: gateways.channel, secret: gateways.secret, isFresh: sql<boolean>`abs(extract(epoch from now()) - ${timestampSeconds}::double precision) <= ${replayWindowSeconds}` })
    .from(gateways).where(and(eq(gateways.tenantId, tx.ctx.tenantId), eq(gateways.id, id)))
  return row ?? null
}

/** Keeps that a provider told of something; null when it had before. Two at once wait for each other here. */
export async function insertGatewayEvent (tx: Tx, event: { gatewayId: Id<'gateway'>, eventId: string, type: typeof callbackTypes[number] }): Promise<Id<'gatewayEvent'> | null> {
  const [row] = await tx.insert(gatewayEvents).values({ tenantId: tx.ctx.tenantId, id: newId('gatewayEvent'), outcome: 'unknown', receivedAt: tx.ctx.now.toISOString(), ...event })
    .onConflictDoNothing().returning({ id: gatewayEvents.id })
  return row?.id ?? null
}

export async function setOutcome (tx: Tx, id: Id<'gatewayEvent'>, outcome: CallbackOutcome): Promise<void> {
  await tx.update(gatewayEvents).set({ outcome }).where(and(eq(gatewayEvents.tenantId, tx.ctx.tenantId), eq(gatewayEvents.id, id)))
}
