import { and, eq } from 'drizzle-orm'
import type { Id } from '#kernel'
import { newId } from '#platform'
import type { Tx } from '#platform'
import type { CallbackOutcome, callbackTypes } from './core.ts'
import { gatewayEvents } from './tables.ts'

/** Keeps that a provider told of something; null when it had before. Two at once wait for each other here. */
export async function insertGatewayEvent (tx: Tx, event: { gatewayId: Id<'gateway'>, eventId: string, type: typeof callbackTypes[number] }): Promise<Id<'gatewayEvent'> | null> {
  const [row] = await tx.insert(gatewayEvents).values({ tenantId: tx.ctx.tenantId, id: newId('gatewayEvent'), outcome: 'unknown', receivedAt: tx.ctx.now.toISOString(), ...event })
    .onConflictDoNothing().returning({ id: gatewayEvents.id })
  return row?.id ?? null
}

export async function setOutcome (tx: Tx, id: Id<'gatewayEvent'>, outcome: CallbackOutcome): Promise<void> {
  await tx.update(gatewayEvents).set({ outcome }).where(and(eq(gatewayEvents.tenantId, tx.ctx.tenantId), eq(gatewayEvents.id, id)))
}
