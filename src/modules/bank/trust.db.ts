import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, minor, uuidOf } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import type { Tx } from '#platform'
import { atBank, movesBank } from './matching.db.ts'

const net = (account: string): SQL => sql`(case when p.debit = ${account} then p.amount else 0 end - case when p.credit = ${account} then p.amount else 0 end)`
const sumOf = (row: Record<string, unknown>, name: string): Minor => minor(Number(row[name] ?? 0))

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

/** What the bank says of one account at the end of a day: `statedOn` is the day of the balance it is reckoned from, null when no statement states one by then. */
export interface AtBank { account: string, currency: string, balance: Minor, statedOn: CalendarDay | null, lines: Minor }

/**
 * What stood on the trust bank accounts at the end of a day: the newest balance that the bank states by then, of the end of a statement or of the beginning of one,
 * and the lines since. `lines` are all lines by then.
 */
export async function listAtBank (tx: Tx, on: CalendarDay): Promise<AtBank[]> {
  const tenant = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const { rows } = await tx.execute(sql`
    with stated as (
      select distinct on (account) account, day, balance from (
        select account, id, to_on as day, closing_balance as balance, 1 as is_closing from bank_statements where tenant_id = ${tenant}
        union all select account, id, from_on - 1, opening_balance, 0 from bank_statements where tenant_id = ${tenant}
      ) b where balance is not null and day <= ${on}::date order by account, day desc, is_closing desc, id desc
    )
    select a.account, a.currency, s.day, coalesce(s.balance, 0) + coalesce(m.since, 0) as balance, coalesce(m.lines, 0) as lines
    from bank_accounts a left join stated s on s.account = a.account
    left join lateral (
      select sum(l.amount) as lines, sum(l.amount) filter (where l.booked_on > coalesce(s.day, '-infinity'::date)) as since
      from bank_lines l where l.tenant_id = ${tenant} and l.account = a.account and l.booked_on <= ${on}::date
    ) m on true
    where a.tenant_id = ${tenant} order by a.currency, a.account`)
  return rows.map(row => ({ account: String(row['account']), currency: String(row['currency']), balance: sumOf(row, 'balance'), statedOn: row['day'] === null ? null : String(row['day']), lines: sumOf(row, 'lines') }))
}

/** How many, and what they sum to. */
export interface Counted { count: number, amount: Minor }

/**
 * What is only in the ledger, and only at the bank, at the end of a day, by currency: a match counts when all of it has happened by then. Reckoned from sums: what there is on
 * each side, less what is matched.
 */
export async function listUnmatched (tx: Tx, on: CalendarDay): Promise<Map<string, { inLedger: Counted, atBank: Counted }>> {
  const tenant = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const { rows } = await tx.execute(sql`
    with settled as (
      select l.currency, count(*) as entries, sum(m.amount) as amount from bank_matches m
        join bank_lines l on l.tenant_id = ${tenant} and l.id = m.bank_line_id join journal_entries e on e.tenant_id = ${tenant} and e.id = m.entry_id
      where m.tenant_id = ${tenant} and l.booked_on <= ${on}::date group by l.id, l.currency having max(e.effective_on) <= ${on}::date
    )
    select currency, side, sum(count) as count, sum(amount) as amount from (
      select p.currency, 'inLedger' as side, count(distinct p.entry_id) as count, sum(${atBank}) as amount from postings p where p.tenant_id = ${tenant} and ${movesBank} and p.effective_on <= ${on}::date group by p.currency
      union all select currency, 'inLedger', -sum(entries), -sum(amount) from settled group by currency
      union all select l.currency, 'atBank', count(*), sum(l.amount) from bank_lines l where l.tenant_id = ${tenant} and l.booked_on <= ${on}::date group by l.currency
      union all select currency, 'atBank', -count(*), -sum(amount) from settled group by currency
    ) sides group by currency, side`)
  const found = new Map<string, { inLedger: Counted, atBank: Counted }>()
  for (const row of rows) {
    const currency = String(row['currency'])
    const sides = found.get(currency) ?? { inLedger: { count: 0, amount: 0 }, atBank: { count: 0, amount: 0 } }
    sides[row['side'] === 'inLedger' ? 'inLedger' : 'atBank'] = { count: Number(row['count']), amount: sumOf(row, 'amount') }
    found.set(currency, sides)
  }
  return found
}
