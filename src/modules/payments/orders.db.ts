import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { uuids } from '#platform'
import type { Tx } from '#platform'
import type { Order, StoredDispute } from './orders.core.ts'
import { allocationOrders } from './tables.ts'

/** The order decided for a placement (null: not yet), and the disputes that name parts of its debt: one round trip. */
export async function findOrder (tx: Tx, placementId: Id<'placement'>, accountId: Id<'account'>): Promise<{ order: Order | null, disputes: StoredDispute[] }> {
  const tenantId = uuidOf(tx.ctx.tenantId)
  const { rows: [row] } = await tx.execute(sql`select
    (select jsonb_build_object('order', parts, 'source', source, 'clause', clause, 'policyDecisionId', policy_decision_id) from allocation_orders
      where tenant_id = ${tenantId}::uuid and placement_id = ${uuidOf(placementId)}::uuid) as chosen,
    (select jsonb_agg(jsonb_build_object('openedAt', opened_at, 'resolvedAt', resolved_at, 'disputed', disputed)) from disputes
      where tenant_id = ${tenantId}::uuid and account_id = ${uuidOf(accountId)}::uuid and disputed is not null) as disputes`)
  // What is stored was written as such: a named boundary.
  const chosen = (row?.['chosen'] ?? null) as Omit<Order, 'policyDecisionId'> & { policyDecisionId: string } | null
  return { order: chosen === null ? null : { ...chosen, policyDecisionId: idOf('policyDecision', chosen.policyDecisionId) }, disputes: (row?.['disputes'] ?? []) as StoredDispute[] }
}

/** Keeps the order in which payments settle the debt of a placement. The account's lock is held. */
export async function insertOrder (tx: Tx, placementId: Id<'placement'>, of: { accountId: Id<'account'>, lenderId: Id<'lender'> }, { order, ...from }: Order): Promise<void> {
  await tx.insert(allocationOrders).values({ tenantId: tx.ctx.tenantId, placementId, ...of, parts: order, ...from, createdAt: tx.ctx.now.toISOString() })
}

/** Those of the accounts with a dispute, past or open, that says how much of which part is disputed. */
export async function listDisputed (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Set<Id<'account'>>> {
  if (accountIds.length === 0) return new Set()
  const { rows } = await tx.execute(sql`select distinct account_id from disputes where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and account_id = any(${uuids(accountIds)}) and disputed is not null`)
  return new Set(rows.map(row => idOf('account', String(row['account_id']))))
}
