import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { uuids } from '#platform'
import type { Tx } from '#platform'
import type { ChargeCase } from './limits.core.ts'

const textOrNull = (value: unknown): string | null => typeof value === 'string' ? value : null

/** The cases of accounts, as the law asks for them. */
export async function listCases (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Map<Id<'account'>, ChargeCase>> {
  const { rows } = await tx.execute(sql`select a.id, a.product, a.jurisdiction, a.region, a.contract_on, a.due_on, a.currency, l.type as lender_type,
      (select y.kind from account_parties b join parties y on y.tenant_id = b.tenant_id and y.id = b.party_id where b.tenant_id = a.tenant_id and b.account_id = a.id and b.role = 'borrower' order by b.party_id limit 1) as borrower_kind
    from accounts a join lenders l on l.tenant_id = a.tenant_id and l.id = a.lender_id
    where a.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and a.id = any(${uuids(accountIds)})`)
  return new Map(rows.map(row => [idOf('account', String(row['id'])), {
    borrowerKind: row['borrower_kind'] === 'company' ? 'company' as const : 'person' as const, lenderType: textOrNull(row['lender_type']), product: String(row['product']), jurisdiction: String(row['jurisdiction']),
    region: textOrNull(row['region']), contractOn: textOrNull(row['contract_on']), dueOn: String(row['due_on']), currency: String(row['currency']),
  }]))
}
