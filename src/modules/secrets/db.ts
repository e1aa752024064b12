import { and, asc, eq, lte } from 'drizzle-orm'
import { dataKeys } from '#platform'
import type { Tx } from '#platform'
import type { Position } from './core.ts'
import { resealings } from './tables.ts'

const columns = {
  version: resealings.version, tableName: resealings.tableName, afterId: resealings.afterId, isLastPass: resealings.isLastPass,
  startedAt: resealings.startedAt, doneAt: resealings.doneAt,
}

/** Takes the agency's resealing for this transaction, made if there is none: two rotations at once follow one another. */
export async function lockRotation (tx: Tx): Promise<void> {
  const now = tx.ctx.now.toISOString()
  await tx.insert(resealings).values({ tenantId: tx.ctx.tenantId, version: 1, isLastPass: false, startedAt: now })
    .onConflictDoUpdate({ target: resealings.tenantId, set: { startedAt: now } })
}

/** Begins bringing every sealed value under the key of this version, from the first table on. */
export async function setResealingBegun (tx: Tx, version: number): Promise<void> {
  await tx.update(resealings).set({ version, tableName: null, afterId: null, isLastPass: false, dueAt: tx.ctx.now.toISOString(), doneAt: null })
    .where(eq(resealings.tenantId, tx.ctx.tenantId))
}

/** The agency's resealing, if it is due and no other worker is at it. */
export async function lockDueResealing (tx: Tx) {
  const [row] = await tx.select(columns).from(resealings)
    .where(and(eq(resealings.tenantId, tx.ctx.tenantId), lte(resealings.dueAt, tx.ctx.now.toISOString()))).for('no key update', { skipLocked: true })
  return row ?? null
}

export async function findResealing (tx: Tx) {
  const [row] = await tx.select(columns).from(resealings).where(eq(resealings.tenantId, tx.ctx.tenantId))
  return row ?? null
}

/** Notes how far a pass has come, and when it goes on: null when all is done. */
export async function setResealing (tx: Tx, state: Position & { isLastPass: boolean, dueAt: string | null }): Promise<void> {
  await tx.update(resealings).set({ ...state, doneAt: state.dueAt === null ? tx.ctx.now.toISOString() : null }).where(eq(resealings.tenantId, tx.ctx.tenantId))
}

/** The agency's field keys by version: when each was made, never the keys. There are as many as there were rotations, and one. */
export const listFieldKeys = async (tx: Tx) => await tx.select({ version: dataKeys.version, createdAt: dataKeys.createdAt }).from(dataKeys)
  .where(and(eq(dataKeys.tenantId, tx.ctx.tenantId), eq(dataKeys.purpose, 'fields'))).orderBy(asc(dataKeys.version))
