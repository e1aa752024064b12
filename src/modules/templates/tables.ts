import { foreignKey, index, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { document, id, instant, lenderId, tenantId } from '#platform'
import { lenders } from '../lenders/tables.ts'
import { templateChannels } from './core.ts'
import type { Checked } from './law.core.ts'

/**
 * Texts of the agency's, by code, channel and language; of one lender's debts or (null) every lender's. `activeVersion` is the one that is used, in `jurisdictions` only; null: none
 * is, and ours is. `latestVersion` counts its versions.
 */
export const templates = pgTable('templates', {
  tenantId: tenantId(), id: id('template').notNull(), lenderId: lenderId(), code: text().notNull(), channel: text({ enum: templateChannels }).notNull(), language: text().notNull(),
  latestVersion: integer().notNull(), activeVersion: integer(), jurisdictions: text().array().notNull(), activatedAt: instant(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  unique().on(t.tenantId, t.lenderId, t.code, t.channel, t.language).nullsNotDistinct(),
  index().on(t.tenantId, t.code, t.id),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])

/** What a template says, version by version. A version is never changed: a message that was sent can be explained by its own. Append-only. */
export const templateVersions = pgTable('template_versions', {
  tenantId: tenantId(), id: id('templateVersion').notNull(), templateId: id('template').notNull(), number: integer().notNull(), subject: text(), text: text().notNull(), html: text(),
  createdById: text(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  unique().on(t.tenantId, t.templateId, t.number),
  foreignKey({ columns: [t.tenantId, t.templateId], foreignColumns: [templates.tenantId, templates.id] }),
])

/** When a version came into use, by whom, where, and what of it was checked against which law. Append-only. */
export const templateActivations = pgTable('template_activations', {
  tenantId: tenantId(), id: id('templateActivation').notNull(), templateVersionId: id('templateVersion').notNull(), jurisdictions: text().array().notNull(), checked: document<Checked[]>(),
  activatedById: text(), activatedAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.templateVersionId),
  foreignKey({ columns: [t.tenantId, t.templateVersionId], foreignColumns: [templateVersions.tenantId, templateVersions.id] }),
])
