import { sql } from 'drizzle-orm'
import { idOf, minor, uuidOf } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import { days, literal, uuids } from '#platform'
import type { Tx } from '#platform'

/** A payment that clears, with what is needed to post it. */
export interface Clears { paymentId: Id<'payment'>, accountId: Id<'account'>, lenderId: Id<'lender'>, amount: Minor, currency: string, clearedOn: CalendarDay }

/** How many payments clear by themselves in one transaction. */
export const clearMax = 500

/** Payments whose day of clearing is over, with their accounts, locked. What somebody else has in hand is left for the next round. */
export async function lockClearable (tx: Tx): Promise<Clears[]> {
  const { rows } = await tx.execute(sql`select p.id, p.account_id, p.lender_id, p.amount, p.currency, p.clears_on
    from payments p join accounts a on a.tenant_id = p.tenant_id and a.id = p.account_id
    where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.due_at <= ${tx.ctx.now.toISOString()}::timestamptz
    order by p.due_at limit ${literal(clearMax)} for no key update of a, p skip locked`)
  return rows.map(row => ({
    paymentId: idOf('payment', String(row['id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])),
    amount: minor(Number(row['amount'])), currency: String(row['currency']), clearedOn: String(row['clears_on']),
  }))
}

/** Notes the days on which payments cleared, and the entries that say so; nothing is due for them any more. */
export async function setCleared (tx: Tx, cleared: readonly { paymentId: Id<'payment'>, clearedOn: CalendarDay, entryId: Id<'journalEntry'> }[]): Promise<void> {
  await tx.execute(sql`update payments p set cleared_on = c.cleared_on, clearing_entry_id = c.entry_id, due_at = null
    from unnest(${uuids(cleared.map(c => c.paymentId))}, ${days(cleared.map(c => c.clearedOn))}, ${uuids(cleared.map(c => c.entryId))}) as c (id, cleared_on, entry_id)
    where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.id = c.id`)
}
