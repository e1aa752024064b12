import { and, asc, eq, gt, inArray, or, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { buckets, cutPage, idOf, minor, noBuckets, uuidOf } from '#kernel'
import type { Buckets, Id, Minor } from '#kernel'
import { NotFound, bigints, days, newId, pageAfter, smallints, texts, uuids, write } from '#platform'
import type { Tx } from '#platform'
import { claimAccounts, movedBy } from './core.ts'
import type { DatedLine, Entry, EntryKind, LedgerAccount, Line } from './core.ts'
import { journalEntries, postings } from './tables.ts'

/** The lines of entries, column by column. */
function columnsOf (ids: readonly Id<'journalEntry'>[], entries: readonly Entry[]) {
  const columns = { entryIds: [] as string[], numbers: [] as number[], lenderIds: [] as (string | null)[], debits: [] as string[], credits: [] as string[], amounts: [] as Minor[], currencies: [] as string[], effectiveOns: [] as string[] }
  for (let i = 0; i < entries.length; i++) {
    const { lenderId, currency, lines, effectiveOn } = entries[i]!
    for (let n = 0; n < lines.length; n++) {
      const line = lines[n]!
      const { debit, credit, amount } = line
      columns.entryIds.push(ids[i]!)
      columns.numbers.push(n + 1)
      columns.lenderIds.push(lenderId)
      columns.debits.push(debit)
      columns.credits.push(credit)
      columns.amounts.push(amount)
      columns.currencies.push(currency)
      columns.effectiveOns.push('on' in line ? line.on : effectiveOn)
    }
  }
  return columns
}

/** The one statement that writes entries with their lines, however many. With `moves`, the accounts' balances follow. */
function entriesStatement (tx: Tx, ids: readonly Id<'journalEntry'>[], entries: readonly Entry[], moves: boolean): SQL {
  const { entryIds, numbers, lenderIds, debits, credits, amounts, currencies, effectiveOns } = columnsOf(ids, entries)
  return sql`with entry as (
      insert into journal_entries (tenant_id, id, lender_id, account_id, kind, cause_id, effective_on, recorded_at, reversal_of)
      select ${uuidOf(tx.ctx.tenantId)}::uuid, id, lender_id, account_id, kind, cause_id, effective_on, ${tx.ctx.now.toISOString()}::timestamptz, reversal_of
      from unnest(${uuids(ids)}, ${uuids(entries.map(e => e.lenderId))}, ${uuids(entries.map(e => e.accountId))}, ${texts(entries.map(e => e.kind))},
        ${uuids(entries.map(e => e.causeId))}, ${days(entries.map(e => e.effectiveOn))}, ${uuids(entries.map(e => e.reversalOf ?? null))})
        as e (id, lender_id, account_id, kind, cause_id, effective_on, reversal_of)
    )${moves ? movement(tx, entries) : sql``}
    insert into postings (tenant_id, entry_id, line, lender_id, debit, credit, amount, currency, effective_on)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, entry_id, line, lender_id, debit, credit, amount, currency, effective_on
    from unnest(${uuids(entryIds)}, ${smallints(numbers)}, ${uuids(lenderIds)}, ${texts(debits)}, ${texts(credits)}, ${bigints(amounts)}, ${texts(currencies)},
      ${days(effectiveOns)}) as p (entry_id, line, lender_id, debit, credit, amount, currency, effective_on)`
}

/** Writes entries with their lines and moves the balances of their accounts; the caller holds their locks. */
export async function insertEntries (tx: Tx, entries: readonly Entry[]): Promise<Id<'journalEntry'>[]> {
  const ids = entries.map(() => newId('journalEntry'))
  await tx.execute(entriesStatement(tx, ids, entries, true))
  return ids
}

/** Writes the entries of accounts that were inserted with their balances, with the transaction's next query. */
export const insertOpenings = (tx: Tx, entries: readonly Entry[]): void => { write(tx, entriesStatement(tx, entries.map(() => newId('journalEntry')), entries, false)) }

/** The part of the statement that moves the accounts' balances. */
function movement (tx: Tx, entries: readonly Entry[]): SQL {
  // Summed by account first: an update touches each row once, whatever the number of its matches.
  const linesOf = new Map<Id<'account'>, readonly Line[]>()
  for (const { accountId, lines } of entries) if (accountId !== null) linesOf.set(accountId, [...linesOf.get(accountId) ?? [], ...lines])
  const moves = [...linesOf].map(([accountId, lines]) => [accountId, movedBy(lines)] as const).filter(([, parts]) => buckets.some(bucket => parts[bucket] !== 0))
  if (moves.length === 0) return sql``
  const sums = (bucket: keyof Buckets) => bigints(moves.map(([, parts]) => parts[bucket]))
  return sql`, balance as (
      update accounts a set principal = a.principal + m.principal, interest = a.interest + m.interest, penalty = a.penalty + m.penalty, costs = a.costs + m.costs
      from unnest(${uuids(moves.map(([accountId]) => accountId))}, ${sums('principal')}, ${sums('interest')}, ${sums('penalty')}, ${sums('costs')})
        as m (id, principal, interest, penalty, costs)
      where a.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and a.id = m.id
    )`
}

/** An entry as it is stored, with its lines. */
export interface StoredEntry {
  id: Id<'journalEntry'>, lenderId: Id<'lender'> | null, accountId: Id<'account'> | null, kind: Entry['kind'], causeId: string, effectiveOn: string, recordedAt: string,
  reversalOf: Id<'journalEntry'> | null, currency: string, lines: DatedLine[]
}

const entryColumns = {
  id: journalEntries.id, lenderId: journalEntries.lenderId, accountId: journalEntries.accountId, kind: journalEntries.kind, causeId: journalEntries.causeId,
  effectiveOn: journalEntries.effectiveOn, recordedAt: journalEntries.recordedAt, reversalOf: journalEntries.reversalOf,
}

/** An entry with its lines. Throws `NotFound`. */
export async function findEntry (tx: Tx, id: Id<'journalEntry'>): Promise<StoredEntry> {
  const entries = await tx.select(entryColumns).from(journalEntries).where(and(eq(journalEntries.tenantId, tx.ctx.tenantId), eq(journalEntries.id, id)))
  const [entry] = await withLines(tx, entries)
  if (entry === undefined) throw NotFound()
  return entry
}

/** True when an entry has been reversed. */
export async function isReversed (tx: Tx, id: Id<'journalEntry'>): Promise<boolean> {
  const [row] = await tx.select({ id: journalEntries.id }).from(journalEntries).where(and(eq(journalEntries.tenantId, tx.ctx.tenantId), eq(journalEntries.reversalOf, id))).limit(1)
  return row !== undefined
}

/** The entries of an account by id, with their lines. */
export async function listEntries (tx: Tx, accountId: Id<'account'>, page: { limit: number, after: string | null }) {
  const rows = await tx.select(entryColumns).from(journalEntries)
    .where(and(eq(journalEntries.tenantId, tx.ctx.tenantId), eq(journalEntries.accountId, accountId), pageAfter(journalEntries.id, page)))
    .orderBy(asc(journalEntries.id)).limit(page.limit + 1)
  const { data, nextCursor } = cutPage(rows, page.limit, row => row.id)
  return { data: await withLines(tx, data), nextCursor }
}

async function withLines (tx: Tx, entries: Omit<StoredEntry, 'lines' | 'currency'>[]): Promise<StoredEntry[]> {
  if (entries.length === 0) return []
  const lines = await tx.select({ entryId: postings.entryId, debit: postings.debit, credit: postings.credit, amount: postings.amount, currency: postings.currency, on: postings.effectiveOn }).from(postings)
    .where(and(eq(postings.tenantId, tx.ctx.tenantId), inArray(postings.entryId, entries.map(entry => entry.id)))).orderBy(asc(postings.entryId), asc(postings.line))
  return entries.map(entry => {
    const own = lines.filter(line => line.entryId === entry.id)
    // What is in the table was checked when it was posted.
    return { ...entry, currency: own[0]!.currency, lines: own.map(({ debit, credit, amount, on }) => ({ debit: debit as LedgerAccount, credit: credit as LedgerAccount, amount, on })) }
  })
}

/** A movement as it is stored, with the entry it is part of and what caused that. */
export interface PostedLine extends DatedLine { entryId: Id<'journalEntry'>, kind: EntryKind, causeId: string, recordedAt: string, reversalOf: Id<'journalEntry'> | null }

/** Every movement of an account in the order it was written down. The caller holds the account's lock. */
export async function listPostedLines (tx: Tx, accountId: Id<'account'>): Promise<PostedLine[]> {
  const rows = await tx.select({
    entryId: journalEntries.id, kind: journalEntries.kind, causeId: journalEntries.causeId, recordedAt: journalEntries.recordedAt, reversalOf: journalEntries.reversalOf,
    debit: postings.debit, credit: postings.credit, amount: postings.amount, on: postings.effectiveOn,
  }).from(journalEntries).innerJoin(postings, and(eq(postings.tenantId, journalEntries.tenantId), eq(postings.entryId, journalEntries.id)))
    .where(and(eq(journalEntries.tenantId, tx.ctx.tenantId), eq(journalEntries.accountId, accountId))).orderBy(asc(journalEntries.recordedAt), asc(journalEntries.id), asc(postings.line))
  // What is in the table was checked when it was posted.
  return rows.map(row => ({ ...row, debit: row.debit as LedgerAccount, credit: row.credit as LedgerAccount }))
}

/** Costs that the agency advanced for an account and that were not undone, each with the day it took effect. */
export async function listAdvancedCosts (tx: Tx, accountId: Id<'account'>): Promise<{ on: string, amount: Minor }[]> {
  const { rows } = await tx.execute(sql`select p.effective_on as on, p.amount from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.account_id = ${uuidOf(accountId)}::uuid and e.kind = 'cost' and p.debit = 'O.COSTS_ADVANCED'
      and not exists (select from journal_entries r where r.tenant_id = e.tenant_id and r.reversal_of = e.id)
    order by p.effective_on, e.id`)
  return rows.map(row => ({ on: String(row['on']), amount: minor(Number(row['amount'])) }))
}

/** What an account owed at the end of a day, by what was known at an instant. Null bounds nothing. */
export async function findBalance (tx: Tx, accountId: Id<'account'>, asOf: string | null, knownAt: string | null): Promise<Buckets> {
  const { rows } = await tx.execute(sql`
    select claim, sum(change) as amount
    from journal_entries e
    join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    cross join lateral (values (p.debit, p.amount), (p.credit, -p.amount)) ends (claim, change)
    where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.account_id = ${uuidOf(accountId)}::uuid
      and (${asOf}::date is null or p.effective_on <= ${asOf}::date) and (${knownAt}::timestamptz is null or e.recorded_at <= ${knownAt}::timestamptz)
      and claim like 'D.%'
    group by claim`)
  const sums = new Map(rows.map(row => [String(row['claim']), minor(Number(row['amount']))]))
  return Object.fromEntries(buckets.map(bucket => [bucket, sums.get(claimAccounts[bucket]) ?? noBuckets[bucket]])) as Buckets
}

/** What an account was placed with, in all parts: its openings and the restatements since. */
export async function findPlaced (tx: Tx, accountId: Id<'account'>): Promise<Minor> {
  const { rows: [row] } = await tx.execute(sql`select coalesce(sum(case when p.debit like 'D.%' then p.amount else -p.amount end), 0) as placed
    from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.account_id = ${uuidOf(accountId)}::uuid and e.kind in ('placement', 'adjustment')`)
  return minor(Number(row?.['placed'] ?? 0))
}

/** What is held for a lender in one currency; below zero when more was passed on than is there. */
export async function findHeld (tx: Tx, lenderId: Id<'lender'>, currency: string): Promise<Minor> {
  const { rows: [row] } = await tx.execute(sql`select coalesce(sum(case when p.credit = 'T.CLIENT' then p.amount when p.debit = 'T.CLIENT' then -p.amount else 0 end), 0) as held
    from postings p where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.lender_id = ${uuidOf(lenderId)}::uuid and p.currency = ${currency} and left(p.debit, 1) in ('T', 'O')`)
  return minor(Number(row?.['held'] ?? 0))
}

/** What recalls took out of the books with them, by placement. */
export async function listRecalled (tx: Tx, placementIds: readonly Id<'placement'>[]): Promise<Map<Id<'placement'>, Buckets>> {
  const rows = await tx.select({ causeId: journalEntries.causeId, debit: postings.debit, credit: postings.credit, amount: postings.amount })
    .from(journalEntries).innerJoin(postings, and(eq(postings.tenantId, journalEntries.tenantId), eq(postings.entryId, journalEntries.id)))
    .where(and(eq(journalEntries.tenantId, tx.ctx.tenantId), eq(journalEntries.kind, 'recall'), inArray(journalEntries.causeId, placementIds.map(uuidOf))))
  // What is in the table was checked when it was posted.
  return new Map(placementIds.map(id => [id, movedBy(rows.filter(({ causeId }) => causeId === uuidOf(id)).map(({ debit, credit, amount }) => ({ debit: credit as LedgerAccount, credit: debit as LedgerAccount, amount })))]))
}

/** What a placement's recall on a day took out of the books, part by part: with it, or because the night had not got so far. */
export async function findRecalled (tx: Tx, placementId: Id<'placement'>, accountId: Id<'account'>, on: string): Promise<Buckets> {
  const rows = await tx.select({ debit: postings.debit, credit: postings.credit, amount: postings.amount })
    .from(journalEntries).innerJoin(postings, and(eq(postings.tenantId, journalEntries.tenantId), eq(postings.entryId, journalEntries.id)))
    .where(and(
      eq(journalEntries.tenantId, tx.ctx.tenantId), eq(journalEntries.accountId, accountId), eq(postings.debit, 'C.RECALLED'), eq(postings.effectiveOn, on),
      or(and(eq(journalEntries.kind, 'recall'), eq(journalEntries.causeId, uuidOf(placementId))), and(inArray(journalEntries.kind, ['accrual', 'lateFee']), gt(journalEntries.id, idOf('journalEntry', uuidOf(placementId))))),
    ))
  // What is in the table was checked when it was posted.
  return movedBy(rows.map(({ debit, credit, amount }) => ({ debit: credit as LedgerAccount, credit: debit as LedgerAccount, amount })))
}

/** What stands on each ledger account, debits less credits, by currency; of one lender or of all. */
export async function listTotals (tx: Tx, lenderId: Id<'lender'> | null): Promise<{ ledgerAccount: LedgerAccount, currency: string, debits: Minor, credits: Minor }[]> {
  const of = lenderId === null ? sql`` : sql`and p.lender_id = ${uuidOf(lenderId)}::uuid`
  const { rows } = await tx.execute(sql`
    select ledger_account, currency, sum(debits) as debits, sum(credits) as credits
    from postings p cross join lateral (values (p.debit, p.amount, 0), (p.credit, 0, p.amount)) ends (ledger_account, debits, credits)
    where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid ${of}
    group by ledger_account, currency order by ledger_account, currency`)
  return rows.map(row => ({ ledgerAccount: String(row['ledger_account']) as LedgerAccount, currency: String(row['currency']), debits: minor(Number(row['debits'])), credits: minor(Number(row['credits'])) }))
}
