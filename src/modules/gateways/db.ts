import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, pageAfter } from '#platform'
import type { Database, Tx } from '#platform'
import type { GatewayChannel } from './adapter.core.ts'
import type { GatewayState } from './core.ts'
import { gateways } from './tables.ts'

/** A gateway as the API shows it. */
const shown = { id: gateways.id, channel: gateways.channel, adapter: gateways.adapter, state: gateways.state, url: gateways.url, senderId: gateways.senderId, createdAt: gateways.createdAt }
export type GatewayRow = Pick<typeof gateways.$inferSelect, keyof typeof shown>

/** The agency a gateway belongs to; null when there is no such gateway. */
export async function findGatewayOwner (db: Database, id: Id<'gateway'>): Promise<Id<'tenant'> | null> {
  const [row] = await db.installation(async tx => await tx.select({ tenantId: gateways.tenantId }).from(gateways).where(eq(gateways.id, id)))
  return row?.tenantId ?? null
}

const one = (tx: Tx, id: Id<'gateway'>) => and(eq(gateways.tenantId, tx.ctx.tenantId), eq(gateways.id, id))

/** Gateways by id. */
export async function listGateways (tx: Tx, page: { limit: number, after: string | null }): Promise<PageOf<GatewayRow>> {
  const rows = await tx.select(shown).from(gateways).where(and(eq(gateways.tenantId, tx.ctx.tenantId), pageAfter(gateways.id, page))).orderBy(asc(gateways.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** A gateway, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockGateway (tx: Tx, id: Id<'gateway'>): Promise<GatewayRow> {
  const [row] = await tx.select(shown).from(gateways).where(one(tx, id)).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

export async function insertGateway (tx: Tx, gateway: Omit<typeof gateways.$inferInsert, 'tenantId' | 'createdAt'>): Promise<GatewayRow> {
  const [row] = await tx.insert(gateways).values({ tenantId: tx.ctx.tenantId, createdAt: tx.ctx.now.toISOString(), ...gateway }).returning(shown)
  return row!
}

/** Gives a gateway another state, or other sealed values. */
export async function setGateway (tx: Tx, id: Id<'gateway'>, change: { state: GatewayState } | { secret: Buffer } | { credentials: Buffer }): Promise<GatewayRow> {
  const [row] = await tx.update(gateways).set(change).where(one(tx, id)).returning(shown)
  return row!
}

/** Disables the active gateway of a channel; null when there is none. */
export async function setActiveDisabled (tx: Tx, channel: GatewayChannel): Promise<GatewayRow | null> {
  const [row] = await tx.update(gateways).set({ state: 'disabled' }).where(and(eq(gateways.tenantId, tx.ctx.tenantId), eq(gateways.channel, channel), eq(gateways.state, 'active'))).returning(shown)
  return row ?? null
}

/** The active gateways of the agency with what is sealed: one for each channel at most. */
export async function listActive (tx: Tx) {
  return await tx.select({ ...shown, credentials: gateways.credentials }).from(gateways).where(and(eq(gateways.tenantId, tx.ctx.tenantId), eq(gateways.state, 'active')))
}

/** A gateway with what its callbacks are checked by, and the present in seconds: real time, whatever clock the agency lives by. Null when there is none. */
export async function findForCallback (tx: Tx, id: Id<'gateway'>) {
  const [row] = await tx.select({ ...shown, secret: gateways.secret, credentials: gateways.credentials, nowSeconds: sql<number>`extract(epoch from now())::double precision` }).from(gateways).where(one(tx, id))
  return row ?? null
}
