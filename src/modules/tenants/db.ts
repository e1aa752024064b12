import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter, rowById, tenants } from '#platform'
import type { Database, InstallationTx, StoredKey, Tx } from '#platform'
import { apiKeys, staff, testClocks } from './tables.ts'
import type { Role } from './core.ts'

const tenantColumns = {
  tenantId: tenants.tenantId, name: tenants.name, livemode: tenants.livemode, jurisdiction: tenants.jurisdiction, timeZone: tenants.timeZone,
  clockAt: tenants.clockAt, createdAt: tenants.createdAt,
}

export async function insertTenant (tx: Tx, tenant: Omit<typeof tenants.$inferInsert, 'tenantId'>) {
  const [row] = await tx.insert(tenants).values({ tenantId: tx.ctx.tenantId, ...tenant }).returning(tenantColumns)
  return row!
}

/** The transaction's own agency. */
export async function findTenant (tx: Tx) {
  const [row] = await tx.select(tenantColumns).from(tenants).where(eq(tenants.tenantId, tx.ctx.tenantId))
  if (row === undefined) throw NotFound()
  return row
}

/** All agencies, for the operator. */
export async function listTenants (tx: InstallationTx, page: { limit: number, after: string | null }): Promise<PageOf<Awaited<ReturnType<typeof findTenant>>>> {
  const rows = await tx.select(tenantColumns).from(tenants).where(pageAfter(tenants.tenantId, page)).orderBy(asc(tenants.tenantId)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.tenantId)
}

export async function insertStaff (tx: Tx, member: { id: Id<'staff'>, name: Buffer, email: Buffer, emailIndex: Buffer, role: Role }) {
  const row = { tenantId: tx.ctx.tenantId, createdAt: tx.ctx.now.toISOString(), ...member }
  await tx.insert(staff).values(row)
  return row
}

const staffColumns = { id: staff.id, name: staff.name, email: staff.email, role: staff.role, createdAt: staff.createdAt }

export async function listStaff (tx: Tx, page: { limit: number, after: string | null }) {
  const rows = await tx.select(staffColumns).from(staff).where(and(eq(staff.tenantId, tx.ctx.tenantId), pageAfter(staff.id, page))).orderBy(asc(staff.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

export const findStaff = rowById(staff, db => db.select(staffColumns).from(staff))

const keyColumns = {
  id: apiKeys.id, kind: apiKeys.kind, name: apiKeys.name, hint: apiKeys.hint, staffId: apiKeys.staffId, lenderId: apiKeys.lenderId, scopes: apiKeys.scopes,
  expiresAt: apiKeys.expiresAt, revokedAt: apiKeys.revokedAt, lastUsedAt: apiKeys.lastUsedAt, createdAt: apiKeys.createdAt,
}

export async function insertKey (tx: Tx, key: Omit<typeof apiKeys.$inferInsert, 'tenantId' | 'id' | 'createdAt'>) {
  const [row] = await tx.insert(apiKeys).values({ tenantId: tx.ctx.tenantId, id: newId('apiKey'), createdAt: tx.ctx.now.toISOString(), ...key }).returning(keyColumns)
  return row!
}

export async function lockKey (tx: Tx, id: Id<'apiKey'>) {
  const [row] = await tx.select(keyColumns).from(apiKeys).where(and(eq(apiKeys.tenantId, tx.ctx.tenantId), eq(apiKeys.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

export async function listKeys (tx: Tx, page: { limit: number, after: string | null }) {
  const rows = await tx.select(keyColumns).from(apiKeys).where(and(eq(apiKeys.tenantId, tx.ctx.tenantId), pageAfter(apiKeys.id, page))).orderBy(asc(apiKeys.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Ends a key in so many seconds of real time: a test clock moves no key's expiry. Never later than it would have ended. */
export async function setKeyExpiry (tx: Tx, id: Id<'apiKey'>, seconds: number): Promise<void> {
  await tx.update(apiKeys).set({ expiresAt: sql`least(${apiKeys.expiresAt}, now() + make_interval(secs => ${seconds}))` })
    .where(and(eq(apiKeys.tenantId, tx.ctx.tenantId), eq(apiKeys.id, id)))
}

export async function setKeyRevoked (tx: Tx, id: Id<'apiKey'>) {
  const [row] = await tx.update(apiKeys).set({ revokedAt: sql`now()` }).where(and(eq(apiKeys.tenantId, tx.ctx.tenantId), eq(apiKeys.id, id))).returning(keyColumns)
  return row!
}

/** The key with a hash, across agencies, as authentication needs it; null when there is none or it is revoked. */
export async function findKeyByHash (db: Database, hash: Buffer): Promise<StoredKey | null> {
  const [row] = await db.installation(tx => tx.select({
    keyId: apiKeys.id, tenantId: apiKeys.tenantId, hash: apiKeys.hash, kind: apiKeys.kind, staffId: apiKeys.staffId, lenderId: apiKeys.lenderId,
    scopes: apiKeys.scopes, expiresAt: apiKeys.expiresAt, livemode: tenants.livemode, clockAt: tenants.clockAt,
  }).from(apiKeys).innerJoin(tenants, eq(tenants.tenantId, apiKeys.tenantId)).where(and(eq(apiKeys.hash, hash), isNull(apiKeys.revokedAt))))
  if (row === undefined) return null
  const { clockAt, scopes, expiresAt, ...key } = row
  return { ...key, scopes: new Set(scopes), expiresAt: expiresAt === null ? null : new Date(expiresAt), hasTestClock: clockAt !== null }
}

export async function setKeysUsed (tx: Tx, ids: Id<'apiKey'>[]): Promise<void> {
  await tx.update(apiKeys).set({ lastUsedAt: sql`now()` }).where(and(eq(apiKeys.tenantId, tx.ctx.tenantId), sql`${apiKeys.id} = any(${sql.param(ids.map(uuidOf))}::uuid[])`))
}

export async function insertTestClock (tx: Tx, now: Date): Promise<Id<'testClock'>> {
  const id = newId('testClock')
  await tx.insert(testClocks).values({ tenantId: tx.ctx.tenantId, id })
  await tx.update(tenants).set({ clockAt: now.toISOString() }).where(eq(tenants.tenantId, tx.ctx.tenantId))
  return id
}

const clockColumns = { id: testClocks.id, nowAt: tenants.clockAt, targetAt: testClocks.targetAt }

export async function findTestClock (tx: Tx) {
  const [row] = await tx.select(clockColumns).from(testClocks).innerJoin(tenants, eq(tenants.tenantId, testClocks.tenantId)).where(eq(testClocks.tenantId, tx.ctx.tenantId))
  return row ?? null
}

export async function lockTestClock (tx: Tx, id: Id<'testClock'>) {
  const [row] = await tx.select(clockColumns).from(testClocks).innerJoin(tenants, eq(tenants.tenantId, testClocks.tenantId))
    .where(and(eq(testClocks.tenantId, tx.ctx.tenantId), eq(testClocks.id, id))).for('no key update', { of: testClocks })
  if (row === undefined) throw NotFound()
  return row
}

/** Sends a clock on its way; null: it has arrived. */
export async function setClockTarget (tx: Tx, id: Id<'testClock'>, targetAt: string | null): Promise<void> {
  await tx.update(testClocks).set({ targetAt, dueAt: targetAt === null ? null : tx.ctx.now.toISOString(), advances: sql`${testClocks.advances} + 1` })
    .where(and(eq(testClocks.tenantId, tx.ctx.tenantId), eq(testClocks.id, id)))
}
