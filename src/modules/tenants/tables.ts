import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, id, instant, lenderId, sealed, sealedIn, tenantId } from '#platform'
import { roles } from './core.ts'

/** People who work for the agency. Their names and addresses are personal data. */
export const staff = pgTable('staff', {
  tenantId: tenantId(), id: id('staff').notNull(), name: sealed().notNull(), email: sealed().notNull(), emailIndex: bytes().notNull(),
  role: text({ enum: roles }).notNull(), createdAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] }), uniqueIndex().on(t.tenantId, t.emailIndex)])
sealedIn(staff, 'name', 'email')

/** Keys to the API. Only the hash of a key is kept: 256 random bits need no slow hash. */
export const apiKeys = pgTable('api_keys', {
  tenantId: tenantId(), id: id('apiKey').notNull(), hash: bytes().notNull(), hint: text().notNull(),
  kind: text({ enum: ['staff', 'service', 'lender'] }).notNull(), name: text().notNull(),
  staffId: id('staff'), lenderId: lenderId(), scopes: text().array().notNull(),
  expiresAt: instant(), revokedAt: instant(), lastUsedAt: instant(), rotatedFrom: id('apiKey'), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.hash),
  foreignKey({ columns: [t.tenantId, t.staffId], foreignColumns: [staff.tenantId, staff.id] }),
])

/** Test clocks of sandbox agencies. `dueAt` is set while the clock is on its way to `targetAt`. */
export const testClocks = pgTable('test_clocks', {
  tenantId: tenantId(), id: id('testClock').notNull(), targetAt: instant(), dueAt: instant(), advances: integer().notNull().default(0),
  createdAt: instant().notNull().default(sql`now()`),
}, t => [primaryKey({ columns: [t.tenantId, t.id] }), uniqueIndex().on(t.tenantId), index().on(t.tenantId, t.dueAt)])
