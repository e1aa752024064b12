import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { document, id, instant, tenantId } from '#platform'
import { channels, purposes } from './facts.core.ts'
import type { StoredDecision } from './core.ts'
import { verdicts } from './verdict.core.ts'
import type { Verdict } from './verdict.core.ts'

/**
 * Decisions of policy, never changed: what was asked, by which packs, and the whole answer. The agency's alone: the facts tell of contacts
 * across lenders. No personal data: people, numbers and addresses are ids or hashes.
 */
export const policyDecisions = pgTable('policy_decisions', {
  tenantId: tenantId(), id: id('policyDecision').notNull(), accountId: id('account'), partyId: id('party'),
  channel: text({ enum: channels }).notNull(), purpose: text({ enum: purposes }).notNull(),
  verdict: text({ enum: verdicts }).notNull(), earliestAt: instant(),
  packVersions: document<Record<string, string>>(), facts: document<Pick<StoredDecision, 'facts' | 'action'>>(), body: document<Verdict>(),
  decidedAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] })])
