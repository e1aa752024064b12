import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { texts, uuids } from '#platform'
import type { Tx } from '#platform'
import type { FormerType } from '../lenders/index.ts'
import type { ChargeCase, Limits } from './limits.core.ts'

const textOrNull = (value: unknown): string | null => typeof value === 'string' ? value : null

/** The cases of accounts, as the law asks for them. */
export async function listCases (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Map<Id<'account'>, ChargeCase>> {
  const { rows } = await tx.execute(sql`select a.id, a.product, a.jurisdiction, a.region, a.contract_on, a.due_on, a.currency, l.type as lender_type, l.former_types,
      (select y.kind from account_parties b join parties y on y.tenant_id = b.tenant_id and y.id = b.party_id where b.tenant_id = a.tenant_id and b.account_id = a.id and b.role = 'borrower' order by b.party_id limit 1) as borrower_kind
    from accounts a join lenders l on l.tenant_id = a.tenant_id and l.id = a.lender_id
    where a.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and a.id = any(${uuids(accountIds)})`)
  return new Map(rows.map(row => [idOf('account', String(row['id'])), {
    borrowerKind: row['borrower_kind'] === 'company' ? 'company' as const : 'person' as const, 
    // What is stored was written as such: a named boundary.
    lender: { type: textOrNull(row['lender_type']), formerTypes: row['former_types'] as FormerType[] }, product: String(row['product']), jurisdiction: String(row['jurisdiction']),
    region: textOrNull(row['region']), contractOn: textOrNull(row['contract_on']), dueOn: String(row['due_on']), currency: String(row['currency']),
  }]))
}

/** Of debts that are charged within limits: their agreements and what was found so far. The accounts' locks are held. */
export async function listLimits (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<{ accountId: Id<'account'>, lenderId: Id<'lender'>, agreementId: Id<'agreement'>, limits: Limits[] }[]> {
  const { rows } = await tx.execute(sql`select account_id, lender_id, agreement_id, limits from charge_schedules
    where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and account_id = any(${uuids(accountIds)}) and limits <> '[]'::jsonb order by account_id`)
  return rows.map(row => ({
    accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])), agreementId: idOf('agreement', String(row['agreement_id'])), limits: row['limits'] as Limits[],
  }))
}

/** Puts limits in the place of those found before. The accounts' locks are held. */
export async function setLimits (tx: Tx, limits: ReadonlyMap<Id<'account'>, readonly Limits[]>): Promise<void> {
  const rows = [...limits]
  await tx.execute(sql`update charge_schedules s set limits = l.limits::jsonb
    from unnest(${uuids(rows.map(([accountId]) => accountId))}, ${texts(rows.map(([, found]) => JSON.stringify(found)))}) as l (account_id, limits)
    where s.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and s.account_id = l.account_id`)
}
