import { json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { document, id, instant, tenantId } from '#platform'
import { channels, purposes } from './facts.core.ts'
import type { StoredDecision } from './core.ts'
import { verdicts } from './verdict.core.ts'
import type { Verdict } from './verdict.core.ts'

/**
 * Decisions of policy, never changed: what was asked, by which packs, and the whole answer. The agency's alone: the facts tell of contacts
 * across lenders. No personal data: people, numbers and addresses are ids or hashes. Facts and answer are `json`, not `jsonb`: kept to the byte.
 */
export const policyDecisions = pgTable('policy_decisions', {
  tenantId: tenantId(), id: id('policyDecision').notNull(), accountId: id('account'), partyId: id('party'),
  channel: text({ enum: channels }).notNull(), purpose: text({ enum: purposes }).notNull(),
  verdict: text({ enum: verdicts }).notNull(), earliestAt: instant(),
  packVersions: document<Record<string, string>>(), facts: json().$type<Pick<StoredDecision, 'facts' | 'action'>>().notNull(), body: json().$type<Verdict>().notNull(),
  decidedAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] })])
