import { and, eq, sql } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, newId } from '#platform'
import type { Tx } from '#platform'
import { actionDefaults } from './facts.core.ts'
import type { Answer, Question } from './questions.core.ts'
import { policyDecisions } from './tables.ts'

/** A decision to keep: whom it concerns, what was asked, and the answer. */
export interface NewDecision { accountId: Id<'account'> | null, lenderId?: Id<'lender'> | null, partyId: Id<'party'> | null, question: Question, verdict: Answer }

/** Decisions written by one statement at most. */
const insertMax = 1_000

/** Keeps decisions, in their order, a thousand to a statement. */
export async function insertDecisions (tx: Tx, decisions: readonly NewDecision[]): Promise<Id<'policyDecision'>[]> {
  const ids = decisions.map(() => newId('policyDecision'))
  for (let from = 0; from < decisions.length; from += insertMax) await insertSome(tx, ids.slice(from, from + insertMax), decisions.slice(from, from + insertMax))
  return ids
}

async function insertSome (tx: Tx, ids: readonly string[], decisions: readonly NewDecision[]): Promise<void> {
  const column = <T>(read: (decision: NewDecision) => T) => sql.param(decisions.map(read))
  const uuid = (id: string | null): string | null => id === null ? null : uuidOf(id)
  const contact = <T>(read: (action: Extract<Question, { kind: 'contact' }>['action']) => T) => column(({ question }) => question.kind === 'contact' ? read(question.action) : null)
  await tx.execute(sql`
    insert into ${policyDecisions} (tenant_id, id, account_id, lender_id, party_id, kind, channel, purpose, verdict, earliest_at, pack_versions, facts, body, decided_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, d.id, d.account_id, d.lender_id, d.party_id, d.kind, d.channel, d.purpose, d.verdict, d.earliest_at, d.pack_versions::jsonb, d.facts::json, d.body::json, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(
      ${sql.param(ids.map(uuidOf))}::uuid[], ${column(d => uuid(d.accountId))}::uuid[], ${column(d => uuid(d.lenderId ?? null))}::uuid[], ${column(d => uuid(d.partyId))}::uuid[], ${column(d => d.question.kind)}::text[], ${contact(action => action.channel)}::text[],
      ${contact(action => action.purpose ?? actionDefaults.purpose)}::text[], ${column(d => d.verdict.verdict)}::text[], ${column(d => 'earliestAllowedAt' in d.verdict ? d.verdict.earliestAllowedAt : null)}::timestamptz[],
      ${column(d => JSON.stringify(d.verdict.packVersions))}::text[], ${column(({ question: { facts, action } }) => JSON.stringify({ facts, action }))}::text[], ${column(d => JSON.stringify(d.verdict))}::text[]
    ) as d (id, account_id, lender_id, party_id, kind, channel, purpose, verdict, earliest_at, pack_versions, facts, body)`)
}

/** A decision kept. Throws `NotFound`. */
export async function findDecision (tx: Tx, id: Id<'policyDecision'>) {
  const [row] = await tx.select({
    id: policyDecisions.id, kind: policyDecisions.kind, accountId: policyDecisions.accountId, partyId: policyDecisions.partyId, asked: policyDecisions.facts, verdict: policyDecisions.body, decidedAt: policyDecisions.decidedAt,
  }).from(policyDecisions).where(and(eq(policyDecisions.tenantId, tx.ctx.tenantId), eq(policyDecisions.id, id)))
  if (row === undefined) throw NotFound()
  const { asked, ...decision } = row
  return { ...decision, ...asked, packVersions: decision.verdict.packVersions }
}
