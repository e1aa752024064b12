import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, minor, uuidOf } from '#kernel'
import type { Id, Minor } from '#kernel'
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
    where m.kind not in ('remittance', 'offset', 'invoiceOffset', 'offsetUnwound', 'shortfall', 'netting')
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
