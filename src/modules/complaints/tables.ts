import { sql } from 'drizzle-orm'
import { char, check, foreignKey, index, pgTable, primaryKey, smallint, text } from 'drizzle-orm/pg-core'
import { day, id, instant, lenderId, minor, sealed, sealedIn, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { consents, parties } from '../parties/tables.ts'
import { holds } from '../protection/tables.ts'
import { staff } from '../tenants/tables.ts'
import { complaintCategories, complaintChannels, complaintOutcomes, complaintStates, rootCauses, severities } from './core.ts'
import { capacityBands, consentSources } from './hardship.core.ts'

/**
 * Complaints about the agency's conduct. `lenderId` is that of the debt it is about; null: the agency's own matter. `text` is null once the party's data was erased. `answerBy` is the last day
 * to answer; `dueAt` is when that day ends where the borrower is, null once it was told (`overdueAt`) or answered in time.
 */
export const complaints = pgTable('complaints', {
  tenantId: tenantId(), id: id('complaint').notNull(), lenderId: lenderId(), accountId: id('account'), partyId: id('party'), staffId: id('staff'), holdId: id('hold'),
  receivedOn: day().notNull(), channel: text({ enum: complaintChannels }).notNull(), category: text({ enum: complaintCategories }).notNull(), severity: text({ enum: severities }).notNull(),
  text: sealed(), state: text({ enum: complaintStates }).notNull(), answerBy: day().notNull(), dueAt: instant(), overdueAt: instant(),
  outcome: text({ enum: complaintOutcomes }), rootCause: text({ enum: rootCauses }), collectorShare: smallint(), redressAmount: minor(), redressCurrency: char({ length: 3 }),
  openedAt: instant().notNull(), acknowledgedAt: instant(), resolvedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.lenderId, t.id),
  index().on(t.tenantId, t.staffId, t.id),
  index().on(t.tenantId, t.partyId),
  index().on(t.tenantId, t.receivedOn),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
  foreignKey({ columns: [t.tenantId, t.staffId], foreignColumns: [staff.tenantId, staff.id] }),
  foreignKey({ columns: [t.tenantId, t.holdId], foreignColumns: [holds.tenantId, holds.id] }),
  check('a share is a percentage', sql`${t.collectorShare} between 0 and 100`),
])
sealedIn(complaints, 'text')

/**
 * What people can pay, assessed with their consent (`consentId`, or said otherwise) and of no lender's. `figures` is what came in and went out and why, sealed; it and `band` are null once
 * destroyed, which `dueAt` says when: at the end of `validUntil` where the borrower is, or before with the party's data.
 */
export const hardshipAssessments = pgTable('hardship_assessments', {
  tenantId: tenantId(), id: id('hardshipAssessment').notNull(), accountId: id('account').notNull(), partyId: id('party').notNull(), holdId: id('hold'),
  consentId: id('consent'), consentSource: text({ enum: consentSources }).notNull(), consentedAt: instant().notNull(), currency: char({ length: 3 }).notNull(), figures: sealed(), band: text({ enum: capacityBands }),
  validUntil: day().notNull(), dueAt: instant(), assessedAt: instant().notNull(), destroyedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.partyId, t.id),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
  foreignKey({ columns: [t.tenantId, t.holdId], foreignColumns: [holds.tenantId, holds.id] }),
  foreignKey({ columns: [t.tenantId, t.consentId], foreignColumns: [consents.tenantId, consents.id] }),
])
sealedIn(hardshipAssessments, 'figures')
