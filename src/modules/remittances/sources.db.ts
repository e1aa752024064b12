import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, minor, uuidOf } from '#kernel'
import type { Id, Minor } from '#kernel'
import { literal } from '#platform'
import type { Tx } from '#platform'
import { isStated } from '../ledger/tables.ts'
import type { Position, Source } from './core.ts'
import { linesMax } from './db.ts'

type Row = Record<string, unknown>

const amountOf = (row: Row, name: string): Minor => minor(Number(row[name] ?? 0))
const textOf = (row: Row, name: string): string | null => typeof row[name] === 'string' ? row[name] : null
const idOrNull = <K extends 'account' | 'journalEntry' | 'invoice'>(kind: K, row: Row, name: string): Id<K> | null => {
  const value = textOf(row, name)
  return value === null ? null : idOf(kind, value)
}

/** What arrives on a ledger account less what leaves it. */
const net = (account: string): SQL => sql`(case when p.debit = ${account} then p.amount else 0 end - case when p.credit = ${account} then p.amount else 0 end)`
/** What a movement collected of one part of a debt. */
const collectedOf = (claim: string): SQL => sql`(case when p.credit = ${claim} and p.debit like 'C.COLLECTED%' then p.amount when p.debit = ${claim} and p.credit like 'C.COLLECTED%' then -p.amount else 0 end)`

/** What a movement put on the lender's account of costs that the agency had advanced. */
const costsBilled = sql`(case when p.debit = 'O.AR' and p.credit = 'O.COSTS_ADVANCED' then p.amount when p.debit = 'O.COSTS_ADVANCED' and p.credit = 'O.AR' then -p.amount else 0 end)`

/**
 * What happened to a lender's money in one currency, was written down before an instant, and is on no statement yet, in the order it was written down: every entry
 * of the journal that moved what is held for it, what it owes the agency, or what was collected for it. Nothing is looked for elsewhere, so nothing can be
 * missed. The lender's lock is held.
 */
export async function listSources (tx: Tx, lenderId: Id<'lender'>, currency: string, before: string): Promise<Source[]> {
  const { rows } = await tx.execute(sql`
    select e.id, e.kind, e.cause_id, e.account_id, e.effective_on, e.reversal_of, a.lender_reference, c.vat_rate, corrected.invoice_id as corrects_invoice_id, m.*
    from (select * from journal_entries where ${isStated}) e
    cross join lateral (
      select sum(${collectedOf('D.PRINCIPAL')}) as principal, sum(${collectedOf('D.INTEREST')}) as interest, sum(${collectedOf('D.PENALTY')}) as penalty, sum(${collectedOf('D.COSTS')}) as costs,
        sum(${net('C.COLLECTED_AGENCY')}) as collected, sum(${net('C.COLLECTED_DIRECT')}) as collected_direct, -sum(${net('O.COMMISSION_INCOME')}) as commission, -sum(${net('O.VAT_OUTPUT')}) as vat,
        sum(${costsBilled}) as costs_billed, -sum(${net('T.CLIENT')} + ${net('T.CLIENT_DUE')}) as held, sum(${net('O.AR')}) as billed,
        bool_or('O.AR' in (p.debit, p.credit) or p.debit like 'C.COLLECTED%' or p.credit like 'C.COLLECTED%'
          or ('T.CLIENT' in (p.debit, p.credit) and 'T.CLIENT_DUE' not in (p.debit, p.credit)) or ('T.CLIENT_DUE' in (p.debit, p.credit) and 'T.CLIENT' not in (p.debit, p.credit))) as concerns
      from postings p where p.tenant_id = e.tenant_id and p.entry_id = e.id and p.currency = ${currency}
    ) m
    left join accounts a on a.tenant_id = e.tenant_id and a.id = e.account_id
    left join commission_entries c on c.tenant_id = e.tenant_id and c.id = e.cause_id and e.kind in ('commission', 'clawback')
    left join statement_lines corrected on corrected.tenant_id = e.tenant_id and corrected.entry_id = e.reversal_of
    where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.lender_id = ${uuidOf(lenderId)}::uuid and e.recorded_at < ${before}::timestamptz and m.concerns
      and not exists (select from statement_lines s where s.tenant_id = e.tenant_id and s.entry_id = e.id)
    order by e.id limit ${literal(linesMax)}`)
  return rows.map(row => ({
    entryId: idOf('journalEntry', String(row['id'])), kind: String(row['kind']), sourceId: String(row['cause_id']), accountId: idOrNull('account', row, 'account_id'), lenderReference: textOf(row, 'lender_reference'),
    effectiveOn: String(row['effective_on']), correctsEntryId: idOrNull('journalEntry', row, 'reversal_of'), correctsInvoiceId: idOrNull('invoice', row, 'corrects_invoice_id'), vatRate: textOf(row, 'vat_rate'),
    principal: amountOf(row, 'principal'), interest: amountOf(row, 'interest'), penalty: amountOf(row, 'penalty'), costs: amountOf(row, 'costs'),
    collected: amountOf(row, 'collected'), collectedDirect: amountOf(row, 'collected_direct'), commission: amountOf(row, 'commission'), vat: amountOf(row, 'vat'),
    costsBilled: amountOf(row, 'costs_billed'), held: amountOf(row, 'held'), billed: amountOf(row, 'billed'),
  }))
}

/** What stands on a lender's accounts in one currency now. */
export async function findPosition (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<Position> {
  const { rows: [row = {}] } = await tx.execute(sql`
    select -sum(${net('T.CLIENT')}) as client, sum(${net('T.CLIENT_DUE')}) as client_due, -sum(${net('T.AGENCY')}) as agency, sum(${net('T.CLEARING')}) as clearing, sum(${net('O.AR')}) as receivable
    from postings p where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.lender_id = ${uuidOf(lenderId)}::uuid and p.currency = ${currency} and left(p.debit, 1) in ('T', 'O')`)
  return { client: amountOf(row, 'client'), clientDue: amountOf(row, 'client_due'), agency: amountOf(row, 'agency'), clearing: amountOf(row, 'clearing'), receivable: amountOf(row, 'receivable') }
}

/** True when a lender other than this one owes to trust in the currency: then the agency takes nothing out. */
export async function isTrustShort (tx: Tx, but: Id<'lender'>, currency: string): Promise<boolean> {
  const { rows } = await tx.execute(sql`select from postings p
    where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.currency = ${currency} and 'T.CLIENT_DUE' in (p.debit, p.credit) and p.lender_id <> ${uuidOf(but)}::uuid
    group by p.lender_id having sum(${net('T.CLIENT_DUE')}) > 0 limit 1`)
  return rows.length > 0
}
