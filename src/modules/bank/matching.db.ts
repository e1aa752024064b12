import { and, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { cutPage, idOf, minor, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { CursorInvalid, bigints, literal, plannedAnew, uuids } from '#platform'
import type { Tx } from '#platform'
import { referenceDays } from './core.ts'
import type { BankMove } from './core.ts'
import { bankLines, bankMatches } from './tables.ts'

/** What arrives at the bank less what leaves it, of postings `p`. */
export const atBank = sql`(case when p.debit = 'T.BANK' then p.amount else 0 end - case when p.credit = 'T.BANK' then p.amount else 0 end)`
/** Postings `p` that move something at the bank: as the index over them says it. */
export const movesBank = sql`'T.BANK' in (p.debit, p.credit)`

/** The UUID inside an id of ours that a reference is, with or without prefix and hyphens: banks take 35 characters. */
const named = sql`case when r.reference ~ '^([a-z]{3}_)?[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}$' then right(replace(r.reference, '-', ''), 32)::uuid end`
/** The number of a statement that a reference is. */
const numbered = sql`case when r.reference ~ '^[0-9]{1,15}$' then r.reference::bigint end`

/** Lines of no match yet, booked from a day on, kept from being matched by hand meanwhile; those that somebody is at are left to them. */
const openLines = (tx: Tx, since: CalendarDay): SQL => sql`mine as materialized (
  select l.id, l.amount, l.currency, l.booked_on, l.reference, l.bank_reference from bank_lines l
  where l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.matched_at is null and l.booked_on >= ${since}::date for no key update skip locked
)`

/** Keeps those of `pairs` in which a line and an entry have nobody but each other. Entries are asked again whether they are free: another import may run. */
const keepSingle = (tx: Tx, rule: SQL): SQL => sql`
  single as (select line_id, entry_id, amount, count(*) over (partition by line_id) as entries, count(*) over (partition by entry_id) as lines from pairs),
  kept as (
    insert into bank_matches (tenant_id, entry_id, bank_line_id, amount, rule, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, entry_id, line_id, amount, ${rule}, ${tx.ctx.now.toISOString()}::timestamptz from single where entries = 1 and lines = 1
    on conflict do nothing returning bank_line_id
  )
  update bank_lines l set matched_at = ${tx.ctx.now.toISOString()}::timestamptz from kept where l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.id = kept.bank_line_id`

/**
 * Matches lines to what their reference names: a payment (when it was received at the bank, or cleared), its reversal, a receipt, a refund, a cure of trust, a remittance (by its id or its statement's number), or any entry of the journal by its id;
 * of the same amount, within a month. Answers how many were matched. What is found is looked up by keys alone: a planner that does not know how many lines there
 * are would compare each with each.
 */
export async function matchByReference (tx: Tx, since: CalendarDay): Promise<number> {
  const tenant = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const days = literal(referenceDays)
  const line = sql`o.id as line_id, o.amount, o.currency, o.booked_on`
  const { rowCount } = await tx.execute(sql`${plannedAnew}
    with ${openLines(tx, since)}, open as materialized (
      select distinct l.id, l.amount, l.currency, l.booked_on, r.reference, ${named} as named, ${numbered} as numbered
      from mine l cross join lateral (values (l.reference), (l.bank_reference)) r (reference) where r.reference is not null
    ), found as (
      select ${line}, e.id as entry_id from open o join payments p on p.tenant_id = ${tenant} and p.reference = o.reference and p.amount = abs(o.amount)
        join journal_entries e on e.tenant_id = ${tenant} and e.cause_id = p.id and e.kind in ('payment', 'paymentReversal', 'clearing', 'clearingReversal')
      union
      select ${line}, e.id from open o join receipts c on c.tenant_id = ${tenant} and c.reference = o.reference
        join journal_entries e on e.tenant_id = ${tenant} and e.cause_id = c.id and e.kind in ('receipt', 'clearing')
      union
      select ${line}, f.entry_id from open o join refunds f on f.tenant_id = ${tenant} and f.reference = o.reference
      union
      select ${line}, f.entry_id from open o join refunds f on f.tenant_id = ${tenant} and f.id = o.named
      union
      select ${line}, c.entry_id from open o join trust_cures c on c.tenant_id = ${tenant} and c.reference = o.reference
      union
      select ${line}, m.entry_id from open o join remittances m on m.tenant_id = ${tenant} and m.id = o.named
      union
      select ${line}, m.entry_id from open o join statements s on s.tenant_id = ${tenant} and s.number = o.numbered join remittances m on m.tenant_id = ${tenant} and m.statement_id = s.id
      union
      select ${line}, e.id from open o join journal_entries e on e.tenant_id = ${tenant} and e.id = o.named
    ), pairs as (
      select f.line_id, f.entry_id, f.amount from found f
        join journal_entries e on e.tenant_id = ${tenant} and e.id = f.entry_id and e.effective_on between f.booked_on - ${days} and f.booked_on + ${days}
        cross join lateral (select sum(${atBank}) as amount from postings p where p.tenant_id = ${tenant} and p.entry_id = f.entry_id and p.currency = f.currency) moved
      where moved.amount = f.amount and not exists (select from bank_matches b where b.tenant_id = ${tenant} and b.entry_id = f.entry_id)
    ), ${keepSingle(tx, sql`'reference'`)}`)
  return rowCount ?? 0
}

/**
 * Matches lines to entries of the same amount and day, where there is one of each, and they do not carry two references that differ. Answers how many were matched.
 * Both sides are counted together instead of joined, for the reason above.
 */
export async function matchByAmount (tx: Tx, since: CalendarDay): Promise<number> {
  const tenant = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const { rowCount } = await tx.execute(sql`${plannedAnew}
    with ${openLines(tx, since)}, moved as (
      select p.entry_id, p.currency, p.effective_on, sum(${atBank}) as amount from postings p
      where p.tenant_id = ${tenant} and ${movesBank} and p.effective_on in (select distinct booked_on from mine)
        and not exists (select from bank_matches b where b.tenant_id = ${tenant} and b.entry_id = p.entry_id)
      group by p.entry_id, p.currency, p.effective_on
    ), alone as (
      select min(line_id) as line_id, min(entry_id)::uuid as entry_id, amount, min(reference) as reference, min(bank_reference) as bank_reference from (
        select id::text as line_id, null as entry_id, booked_on, currency, amount, reference, bank_reference from mine
        union all select null, entry_id::text, effective_on, currency, amount, null, null from moved
      ) both_sides group by booked_on, currency, amount having count(line_id) = 1 and count(entry_id) = 1
    ), pairs as (
      select a.line_id::uuid as line_id, a.entry_id, a.amount from alone a join journal_entries e on e.tenant_id = ${tenant} and e.id = a.entry_id
        left join payments p on p.tenant_id = ${tenant} and p.id = e.cause_id
        left join refunds f on f.tenant_id = ${tenant} and f.id = e.cause_id
        left join trust_cures c on c.tenant_id = ${tenant} and c.id = e.cause_id
        cross join lateral (select coalesce(p.reference, f.reference, c.reference) as reference) own
      where own.reference is null or coalesce(a.reference, a.bank_reference) is null or own.reference in (a.reference, a.bank_reference)
    ), ${keepSingle(tx, sql`'amountAndDay'`)}`)
  return rowCount ?? 0
}

/** What entries move at the bank, and whether they are matched. Entries that do not exist are left out. */
export async function findMoves (tx: Tx, entryIds: readonly Id<'journalEntry'>[]): Promise<Map<Id<'journalEntry'>, BankMove>> {
  const { rows } = await tx.execute(sql`select e.id, b.bank_line_id, moved.currency, moved.amount from journal_entries e
    left join lateral (select p.currency, sum(${atBank}) as amount from postings p where p.tenant_id = e.tenant_id and p.entry_id = e.id and ${movesBank} group by p.currency) moved on true
    left join bank_matches b on b.tenant_id = e.tenant_id and b.entry_id = e.id
    where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.id = any(${uuids(entryIds)})`)
  return new Map(rows.map(row => {
    const entryId = idOf('journalEntry', String(row['id']))
    const line = row['bank_line_id']
    return [entryId, { entryId, currency: row['currency'] === null ? null : String(row['currency']), amount: minor(Number(row['amount'] ?? 0)), lineId: typeof line === 'string' ? idOf('bankLine', line) : null }]
  }))
}

/** Matches a line to entries by hand; answers how many entries were still free. The line's lock is held. */
export async function insertMatches (tx: Tx, lineId: Id<'bankLine'>, moves: readonly BankMove[]): Promise<number> {
  const now = tx.ctx.now.toISOString()
  const { rowCount } = await tx.execute(sql`insert into bank_matches (tenant_id, entry_id, bank_line_id, amount, rule, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, entry_id, ${uuidOf(lineId)}::uuid, amount, 'hand', ${now}::timestamptz
    from unnest(${uuids(moves.map(move => move.entryId))}, ${bigints(moves.map(({ amount }) => amount))}) as m (entry_id, amount) on conflict do nothing`)
  await tx.update(bankLines).set({ matchedAt: now }).where(and(eq(bankLines.tenantId, tx.ctx.tenantId), eq(bankLines.id, lineId)))
  return rowCount ?? 0
}

/** Undoes what a line is matched to; answers the entries. The line's lock is held. */
export async function deleteMatches (tx: Tx, lineId: Id<'bankLine'>): Promise<Id<'journalEntry'>[]> {
  const rows = await tx.delete(bankMatches).where(and(eq(bankMatches.tenantId, tx.ctx.tenantId), eq(bankMatches.bankLineId, lineId))).returning({ entryId: bankMatches.entryId })
  await tx.update(bankLines).set({ matchedAt: null }).where(and(eq(bankLines.tenantId, tx.ctx.tenantId), eq(bankLines.id, lineId)))
  return rows.map(({ entryId }) => entryId)
}

/** An entry of the journal that moves money at the bank and is matched to no line. */
export interface UnmatchedEntry { journalEntryId: Id<'journalEntry'>, lenderId: Id<'lender'> | null, accountId: Id<'account'> | null, kind: string, effectiveOn: CalendarDay, currency: string, amount: number }

const cursorText = /^(\d{4}-\d{2}-\d{2})\.([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/

/** Entries that move money at the bank and are matched to no line, by their day, from a day on. */
export async function listUnmatchedEntries (tx: Tx, { from }: { from?: CalendarDay }, { limit, after }: { limit: number, after: string | null }): Promise<PageOf<UnmatchedEntry>> {
  const cursor = after === null ? null : cursorText.exec(after)
  if (after !== null && cursor === null) throw CursorInvalid()
  // Along the index over postings at the bank: what is asked of each entry is asked for the page alone.
  const { rows } = await tx.execute(sql`
    select b.entry_id, b.effective_on, b.lender_id, b.currency, e.account_id, e.kind, moved.amount from (
      select distinct on (p.effective_on, p.entry_id) p.tenant_id, p.entry_id, p.effective_on, p.lender_id, p.currency from postings p
      where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and ${movesBank} and not exists (select from bank_matches m where m.tenant_id = p.tenant_id and m.entry_id = p.entry_id)
        ${from === undefined ? sql`` : sql`and p.effective_on >= ${from}::date`}
        ${cursor === null ? sql`` : sql`and (p.effective_on, p.entry_id) > (${cursor[1]}::date, ${cursor[2]}::uuid)`}
      order by p.effective_on, p.entry_id limit ${literal(limit + 1)}
    ) b
    join journal_entries e on e.tenant_id = b.tenant_id and e.id = b.entry_id
    cross join lateral (select sum(${atBank}) as amount from postings p where p.tenant_id = b.tenant_id and p.entry_id = b.entry_id and ${movesBank}) moved
    order by b.effective_on, b.entry_id`)
  const found = rows.map(row => ({
    journalEntryId: idOf('journalEntry', String(row['entry_id'])), lenderId: typeof row['lender_id'] === 'string' ? idOf('lender', row['lender_id']) : null, accountId: typeof row['account_id'] === 'string' ? idOf('account', row['account_id']) : null,
    kind: String(row['kind']), effectiveOn: String(row['effective_on']), currency: String(row['currency']), amount: minor(Number(row['amount'])),
  }))
  return cutPage(found, limit, ({ effectiveOn, journalEntryId }) => `${effectiveOn}.${uuidOf(journalEntryId)}`)
}
