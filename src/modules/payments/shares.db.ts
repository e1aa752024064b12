import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { literal, uuids } from '#platform'
import type { Tx } from '#platform'
import type { ReceiptRow } from './receipts.db.ts'

/** How many debts one allocation takes. */
export const debtsMax = 50

/** Borrowers as one lender knows them: a person with two debts is two parties with one hash of the identity. */
const borrowers = sql`account_parties b join parties p on p.tenant_id = b.tenant_id and p.id = b.party_id`
const owes = sql`b.role in ('borrower', 'coBorrower')`

/** The debts at work of a borrower with the lender of that record, in the currency of a receipt and placed when it came in: by id, one more than are taken at most. */
export async function listDebtsOf (tx: Tx, partyId: Id<'party'>, { currency, receivedOn }: ReceiptRow): Promise<Id<'account'>[]> {
  const { rows } = await tx.execute(sql`select distinct a.id from parties one
    join ${borrowers} on p.tenant_id = one.tenant_id and p.lender_id = one.lender_id and (p.id = one.id or p.identity_index = one.identity_index)
    join accounts a on a.tenant_id = b.tenant_id and a.id = b.account_id
    where one.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and one.id = ${uuidOf(partyId)}::uuid and ${owes} and a.closed_at is null and a.currency = ${currency} and a.placed_on <= ${receivedOn}::date
    order by a.id limit ${literal(debtsMax + 1)}`)
  return rows.map(row => idOf('account', String(row['id'])))
}

/** A borrower whom all the debts have in common, with the lender of them all; null when there is none. */
export async function findCommonBorrower (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Id<'party'> | null> {
  const { rows: [row] } = await tx.execute(sql`select min(p.id::text) as id from ${borrowers}
    where b.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and b.account_id = any(${uuids(accountIds)}) and ${owes}
    group by p.lender_id, coalesce(p.identity_index, uuid_send(p.id)) having count(distinct b.account_id) = ${accountIds.length} order by 1 limit 1`)
  return row === undefined ? null : idOf('party', String(row['id']))
}

/** True when there is such a party. */
export async function isParty (tx: Tx, partyId: Id<'party'>): Promise<boolean> {
  const { rows } = await tx.execute(sql`select from parties where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id = ${uuidOf(partyId)}::uuid`)
  return rows.length > 0
}
