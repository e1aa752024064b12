import { sql } from 'drizzle-orm'
import { check, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { document, id, instant, lenderId, tenantId } from '#platform'
import { channels, purposes } from './facts.core.ts'
import { questionKinds } from './questions.core.ts'
import type { Answer, Question } from './questions.core.ts'
import { verdicts } from './verdict.core.ts'

/**
 * Decisions of policy, never changed: what was asked, by which packs, and the whole answer. Those on contacts are the agency's alone: their facts tell of contacts
 * across lenders. Only contacts have a channel, a purpose and an earliest instant. No personal data: people, numbers and addresses are ids or hashes. Facts and answer are `json`, not `jsonb`: kept to the byte.
 */
export const policyDecisions = pgTable('policy_decisions', {
  tenantId: tenantId(), id: id('policyDecision').notNull(), accountId: id('account'), lenderId: lenderId(), partyId: id('party'),
  kind: text({ enum: questionKinds }).notNull(), channel: text({ enum: channels }), purpose: text({ enum: purposes }),
  verdict: text({ enum: verdicts }).notNull(), earliestAt: instant(),
  packVersions: document<Record<string, string>>(), facts: json().$type<Pick<Question, 'facts' | 'action'>>().notNull(), body: json().$type<Answer>().notNull(),
  decidedAt: instant().notNull(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] }), check('a contact has a channel', sql`(${t.kind} = 'contact') = (${t.channel} is not null and ${t.purpose} is not null)`)])
