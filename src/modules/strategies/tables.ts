import { sql } from 'drizzle-orm'
import { foreignKey, index, integer, pgTable, primaryKey, text, unique, uniqueIndex } from 'drizzle-orm/pg-core'
import { document, id, instant, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { placements } from '../placements/tables.ts'
import type { StrategyCriteria, StrategyStep } from './core.ts'

/** Strategies of the agency's. `activeVersion` is the one that debts placed from now on follow; null: none is. `latestVersion` counts its versions. */
export const strategies = pgTable('strategies', {
  tenantId: tenantId(), id: id('strategy').notNull(), name: text().notNull(), rank: integer().notNull(), latestVersion: integer().notNull(), activeVersion: integer(),
  activatedAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  unique().on(t.tenantId, t.name),
])

/** What a strategy says, version by version. A version is never changed: what was done can be explained by its own. Append-only. */
export const strategyVersions = pgTable('strategy_versions', {
  tenantId: tenantId(), id: id('strategyVersion').notNull(), strategyId: id('strategy').notNull(), number: integer().notNull(), steps: document<StrategyStep[]>(), appliesTo: document<StrategyCriteria>(),
  createdById: text(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  unique().on(t.tenantId, t.strategyId, t.number),
  foreignKey({ columns: [t.tenantId, t.strategyId], foreignColumns: [strategies.tenantId, strategies.id] }),
])

/** That a placement follows a version of a strategy, or (null) what is done where none is for it; until `endedAt`, when another took its place. */
export const enrolments = pgTable('enrolments', {
  tenantId: tenantId(), id: id('enrolment').notNull(), placementId: id('placement').notNull(), accountId: id('account').notNull(), strategyVersionId: id('strategyVersion'),
  enrolledById: text(), enrolledAt: instant().notNull(), endedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex('enrolments_open').on(t.tenantId, t.placementId).where(sql`${t.endedAt} is null`),
  index().on(t.tenantId, t.accountId, t.id),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.strategyVersionId], foreignColumns: [strategyVersions.tenantId, strategyVersions.id] }),
])
