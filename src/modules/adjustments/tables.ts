import { sql } from 'drizzle-orm'
import { char, foreignKey, index, jsonb, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { day, id, instant, minor, sealed, sealedIn, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { charges } from '../charges/tables.ts'
import { journalEntries } from '../ledger/tables.ts'
import { placements } from '../placements/tables.ts'
import { adjustmentKinds } from './core.ts'
import type { Asked } from './core.ts'

/**
 * Changes of what is owed that are no payments: by how much each part moved (`principal` to `costs`; below zero it was lowered), what was `asked` for, why, and on
 * whose word (`authorizedBy`: the lender's, for a discount). `reference` names it once with its lender. `chargeId` is the charge that a waiver took back. `note` is free text and may
 * hold anything: it is sealed. Undone once: `reversedOn`.
 */
export const adjustments = pgTable('adjustments', {
  tenantId: tenantId(), id: id('adjustment').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), placementId: id('placement').notNull(),
  kind: text({ enum: adjustmentKinds }).notNull(), reason: text().notNull(), authorizedBy: text(), reference: text(), note: sealed(), chargeId: id('charge'), asked: jsonb().$type<Asked>().notNull(), effectiveOn: day().notNull(),
  currency: char({ length: 3 }).notNull(), principal: minor().notNull(), interest: minor().notNull(), penalty: minor().notNull(), costs: minor().notNull(), entryId: id('journalEntry').notNull(), createdAt: instant().notNull(),
  reversedOn: day(), reversedAt: instant(), reversalEntryId: id('journalEntry'),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex().on(t.tenantId, t.lenderId, t.reference).where(sql`${t.reference} is not null`),
  index().on(t.tenantId, t.accountId, t.id),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.placementId], foreignColumns: [placements.tenantId, placements.id] }),
  foreignKey({ columns: [t.tenantId, t.chargeId], foreignColumns: [charges.tenantId, charges.id] }),
  foreignKey({ columns: [t.tenantId, t.entryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
  foreignKey({ columns: [t.tenantId, t.reversalEntryId], foreignColumns: [journalEntries.tenantId, journalEntries.id] }),
])
sealedIn(adjustments, 'note')
