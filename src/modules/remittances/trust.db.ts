import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, minor, uuidOf } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import type { Tx } from '#platform'
import type { Inflow } from './core.ts'

const net = (account: string): SQL => sql`(case when p.debit = ${account} then p.amount else 0 end - case when p.credit = ${account} then p.amount else 0 end)`
const sumOf = (row: Record<string, unknown>, name: string): Minor => minor(Number(row[name] ?? 0))

/** What is held for a lender in one currency that has cleared, with what came in for it day by day, newest first. */
export interface HeldFor { lenderId: Id<'lender'>, currency: string, held: Minor, inflows: Inflow[] }

/** What the agency holds for its lenders that has cleared and is not passed on. What was passed on is no inflow. */
export async function listHeld (tx: Tx): Promise<HeldFor[]> {
  const { rows } = await tx.execute(sql`
    with moved as (
      select p.lender_id, p.currency, p.effective_on, e.kind, ${net('T.CLIENT')} as client, ${net('T.CLEARING')} as clearing
      from postings p join journal_entries e on e.tenant_id = p.tenant_id and e.id = p.entry_id
      where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and left(p.debit, 1) in ('T', 'O') and ('T.CLIENT' in (p.debit, p.credit) or 'T.CLEARING' in (p.debit, p.credit))
    ), held as (
      select lender_id, currency, -sum(client) - sum(clearing) as held from moved group by lender_id, currency having -sum(client) - sum(clearing) > 0
    )
    select h.lender_id, h.currency, h.held, m.effective_on, -sum(m.client) as amount from held h join moved m on m.lender_id = h.lender_id and m.currency = h.currency
    where m.kind not in ('remittance', 'offset', 'shortfall', 'netting')
    group by h.lender_id, h.currency, h.held, m.effective_on order by h.lender_id, h.currency, m.effective_on desc`)
  const purses = new Map<string, HeldFor>()
  for (const row of rows) {
    const key = `${String(row['lender_id'])} ${String(row['currency'])}`
    const purse = purses.get(key) ?? { lenderId: idOf('lender', String(row['lender_id'])), currency: String(row['currency']), held: sumOf(row, 'held'), inflows: [] }
    purse.inflows.push({ on: String(row['effective_on']), amount: sumOf(row, 'amount') })
    purses.set(key, purse)
  }
  return [...purses.values()]
}

/** What stands on the trust accounts of one currency, each in the direction it normally has. */
export interface TrustTotals { currency: string, bank: Minor, clearing: Minor, clientDue: Minor, client: Minor, agency: Minor, refund: Minor, unapplied: Minor }

/** What stood on the trust accounts at the end of a day, by what was known of it now. */
export async function listTrustTotals (tx: Tx, on: CalendarDay): Promise<TrustTotals[]> {
  const { rows } = await tx.execute(sql`select p.currency, sum(${net('T.BANK')}) as bank, sum(${net('T.CLEARING')}) as clearing, sum(${net('T.CLIENT_DUE')}) as client_due,
      -sum(${net('T.CLIENT')}) as client, -sum(${net('T.AGENCY')}) as agency, -sum(${net('T.REFUND')}) as refund, -sum(${net('T.UNAPPLIED')}) as unapplied
    from postings p where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and left(p.debit, 1) = 'T' and left(p.debit, 1) in ('T', 'O') and p.effective_on <= ${on}::date
    group by p.currency order by p.currency`)
  return rows.map(row => ({
    currency: String(row['currency']), bank: sumOf(row, 'bank'), clearing: sumOf(row, 'clearing'), clientDue: sumOf(row, 'client_due'), client: sumOf(row, 'client'),
    agency: sumOf(row, 'agency'), refund: sumOf(row, 'refund'), unapplied: sumOf(row, 'unapplied'),
  }))
}

/** What is held for each lender at the end of a day; the second leg of the reconciliation. */
export async function listClients (tx: Tx, on: CalendarDay): Promise<{ lenderId: Id<'lender'>, currency: string, held: Minor, due: Minor }[]> {
  const { rows } = await tx.execute(sql`select p.lender_id, p.currency, -sum(${net('T.CLIENT')}) as held, sum(${net('T.CLIENT_DUE')}) as due
    from postings p where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and left(p.debit, 1) in ('T', 'O') and left(p.debit, 1) = 'T' and p.effective_on <= ${on}::date
    group by p.lender_id, p.currency having sum(${net('T.CLIENT')}) <> 0 or sum(${net('T.CLIENT_DUE')}) <> 0 order by p.lender_id, p.currency`)
  return rows.map(row => ({ lenderId: idOf('lender', String(row['lender_id'])), currency: String(row['currency']), held: sumOf(row, 'held'), due: sumOf(row, 'due') }))
}
