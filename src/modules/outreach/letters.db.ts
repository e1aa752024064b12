import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { texts, uuids } from '#platform'
import type { Tx } from '#platform'
import { factColumns, factsIn } from './db.ts'
import type { MessageFacts } from './db.ts'
import { isUnfit, lostReason } from './planning.db.ts'
import type { WithdrawalReason } from '../letters/index.ts'

/** Letters about accounts of which a debt has lost its reason, as they are named, by reason. */
export async function listUnfitLetters (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<ReadonlyMap<WithdrawalReason, Id<'message'>[]>> {
  const { rows } = await tx.execute(sql`select distinct m.bundle_id, case when pl.state <> 'active' or e.ended_at is not null then 'placementEnded' else 'onHold' end as reason
    from messages m join placements pl on pl.tenant_id = m.tenant_id and pl.id = m.placement_id join enrolments e on e.tenant_id = m.tenant_id and e.id = m.enrolment_id
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.account_id = any(${uuids(accountIds)}) and m.channel = 'letter' and m.state = 'sent' and ${isUnfit(tx, 'm')}`)
  const found = new Map<WithdrawalReason, Id<'message'>[]>()
  for (const row of rows) {
    const reason = row['reason'] === 'onHold' ? 'onHold' : 'placementEnded'
    found.set(reason, [...found.get(reason) ?? [], idOf('message', String(row['bundle_id']))])
  }
  return found
}

/** Cancels the messages of letters that are not sent, for a reason that concerns all of them. */
export async function setWithdrawn (tx: Tx, letters: readonly { messageId: Id<'message'>, reason: WithdrawalReason }[]): Promise<MessageFacts[]> {
  if (letters.length === 0) return []
  const { rows } = await tx.execute(sql`update messages m set state = 'cancelled', reason = l.reason, sent_at = null, due_at = null
    from unnest(${uuids(letters.map(({ messageId }) => messageId))}, ${texts(letters.map(({ reason }) => reason))}) as l (bundle_id, reason)
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.bundle_id = l.bundle_id and m.state = 'sent' returning ${factColumns}`)
  return rows.map(factsIn)
}

/** Cancels of letters that are not sent the messages about debts that lost their reason, or of which nothing is owed any more, and schedules the others at once. */
export async function setUnsent (tx: Tx, bundleIds: readonly Id<'message'>[]): Promise<{ cancelled: MessageFacts[], scheduled: MessageFacts[] }> {
  if (bundleIds.length === 0) return { cancelled: [], scheduled: [] }
  const isGone = sql`(a.principal + a.interest + a.penalty + a.costs = 0 or ${isUnfit(tx, 'm')})`
  const { rows } = await tx.execute(sql`update messages m set sent_at = null, bundle_id = null, attempts = 0, decision_id = null, state = case when ${isGone} then 'cancelled' else 'scheduled' end,
      reason = case when not ${isUnfit(tx, 'm')} and ${isGone} then 'nothingOwed' when ${isGone} then ${lostReason} end, due_at = case when ${isGone} then null else ${tx.ctx.now.toISOString()}::timestamptz end
    from placements pl, enrolments e, accounts a
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.bundle_id = any(${uuids(bundleIds)}) and m.state = 'sent' and pl.tenant_id = m.tenant_id and pl.id = m.placement_id
      and e.tenant_id = m.tenant_id and e.id = m.enrolment_id and a.tenant_id = m.tenant_id and a.id = m.account_id
    returning ${factColumns}, m.state`)
  const inState = (state: string): MessageFacts[] => rows.filter(row => row['state'] === state).map(factsIn)
  return { cancelled: inState('cancelled'), scheduled: inState('scheduled') }
}
