import { sql } from 'drizzle-orm'
import { check, foreignKey, index, integer, json, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { day, document, id, instant, lenderId, tenantId } from '#platform'
import { lenders } from '../lenders/tables.ts'
import { channels, purposes } from './facts.core.ts'
import { exemptionReasons } from './house.core.ts'
import type { HouseRulesInput } from './house.core.ts'
import { strengths } from './pack.core.ts'
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

/**
 * Rules that an agency, or one lender for its own debts, sets on top of the law: each edition of a set by its `code`, never changed. Without a lender a set is for every
 * lender's debts, and every lender's requests read it: what is asked for them must know it.
 */
export const houseRules = pgTable('house_rules', {
  tenantId: tenantId(), id: id('houseRules').notNull(), lenderId: lenderId(), code: text().notNull(), edition: integer().notNull(), input: document<HouseRulesInput>(),
  actorKind: text().notNull(), actorId: text(), createdAt: instant().notNull(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  unique().on(t.tenantId, t.lenderId, t.code, t.edition).nullsNotDistinct(),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])

/** Rules of the law that yield, set aside until a day by somebody who answers for it. `endedAt`: it was taken back before. */
export const policyExemptions = pgTable('policy_exemptions', {
  tenantId: tenantId(), id: id('policyExemption').notNull(), lenderId: lenderId(), packId: text().notNull(), ruleId: text().notNull(), strength: text({ enum: strengths }).notNull(), clause: text().notNull(),
  reason: text({ enum: exemptionReasons }).notNull(), explanation: text().notNull(), fromOn: day().notNull(), expiresOn: day().notNull(),
  grantedById: text(), createdAt: instant().notNull(), endedAt: instant(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  index().on(t.tenantId, t.expiresOn),
  foreignKey({ columns: [t.tenantId, t.lenderId], foreignColumns: [lenders.tenantId, lenders.id] }),
])
