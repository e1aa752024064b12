import { and, asc, eq, inArray, isNotNull, isNull, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { Id, Minor, PageOf } from '#kernel'
import { NotFound, bigints, byteStrings, days, integers, newId, pageAfter, rowById, texts, uuids } from '#platform'
import type { Place, Tx } from '#platform'
import type { BankRow, MatchRule } from './core.ts'
import { bankAccounts, bankLines, bankMatches, bankStatements } from './tables.ts'

/** Makes a bank account known, or finds it, and keeps others from importing to it until the transaction ends. Answers its currency. */
export async function lockBankAccount (tx: Tx, account: string, currency: string): Promise<string> {
  const key = { tenantId: tx.ctx.tenantId, account }
  await tx.insert(bankAccounts).values({ ...key, currency, createdAt: tx.ctx.now.toISOString() }).onConflictDoNothing()
  const [row] = await tx.select({ currency: bankAccounts.currency }).from(bankAccounts).where(and(eq(bankAccounts.tenantId, key.tenantId), eq(bankAccounts.account, account))).for('no key update')
  return row!.currency
}

const statementColumns = {
  id: bankStatements.id, account: bankStatements.account, currency: bankStatements.currency, format: bankStatements.format, reference: bankStatements.reference, fromOn: bankStatements.fromOn, toOn: bankStatements.toOn,
  openingBalance: bankStatements.openingBalance, closingBalance: bankStatements.closingBalance, lineCount: bankStatements.lineCount, newCount: bankStatements.newCount, createdAt: bankStatements.createdAt,
}

/** A statement of a bank account, or null. */
export const findBankStatement = rowById(bankStatements, db => db.select(statementColumns).from(bankStatements))

/** A statement of a bank account. */
export type BankStatementRow = NonNullable<Awaited<ReturnType<typeof findBankStatement>>>

/** The statement of an account that says the same, or null. The account's lock is held. */
export async function findBankStatementByHash (tx: Tx, account: string, hash: Buffer): Promise<BankStatementRow | null> {
  const [row] = await tx.select(statementColumns).from(bankStatements).where(and(eq(bankStatements.tenantId, tx.ctx.tenantId), eq(bankStatements.account, account), eq(bankStatements.hash, hash)))
  return row ?? null
}

/** Keeps a statement. The account's lock is held. */
export async function insertBankStatement (tx: Tx, statement: Omit<BankStatementRow, 'newCount' | 'createdAt'> & { hash: Buffer }): Promise<void> {
  await tx.insert(bankStatements).values({ tenantId: tx.ctx.tenantId, ...statement, newCount: 0, createdAt: tx.ctx.now.toISOString() })
}

/** Notes how many lines of a statement were new. */
export async function setNewCount (tx: Tx, id: Id<'bankStatement'>, newCount: number): Promise<BankStatementRow> {
  const [row] = await tx.update(bankStatements).set({ newCount }).where(and(eq(bankStatements.tenantId, tx.ctx.tenantId), eq(bankStatements.id, id))).returning(statementColumns)
  return row!
}

/** Statements by id: in the order they were imported. */
export async function listBankStatements (tx: Tx, { account }: { account?: string }, page: { limit: number, after: string | null }): Promise<PageOf<BankStatementRow>> {
  const rows = await tx.select(statementColumns).from(bankStatements)
    .where(and(eq(bankStatements.tenantId, tx.ctx.tenantId), pageAfter(bankStatements.id, page), account === undefined ? undefined : eq(bankStatements.account, account)))
    .orderBy(asc(bankStatements.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** A line to be kept, unless it is known. */
export interface NewLine extends Omit<BankRow, 'text'> { id: Id<'bankLine'>, key: Buffer, text: Buffer | null }

/** Where the text of a line is sealed. */
export const textPlace = (id: Id<'bankLine'>): Place => ({ table: 'bank_lines', column: 'text', id })

/** How many lines one statement of the database inserts. */
const insertMax = 5_000

/** Keeps those lines of a statement that are not known; answers how many they were. The account's lock is held. */
export async function insertBankLines (tx: Tx, { id, account, currency }: Pick<BankStatementRow, 'id' | 'account' | 'currency'>, lines: readonly NewLine[]): Promise<number> {
  let newCount = 0
  for (let from = 0; from < lines.length; from += insertMax) {
    const rows = lines.slice(from, from + insertMax)
    const { rowCount } = await tx.execute(sql`insert into bank_lines (tenant_id, id, account, bank_statement_id, row, key, booked_on, value_on, amount, currency, reference, bank_reference, text, return_reason, created_at)
      select ${uuidOf(tx.ctx.tenantId)}::uuid, id, ${account}, ${uuidOf(id)}::uuid, row, key, booked_on, value_on, amount, ${currency}, reference, bank_reference, text, return_reason, ${tx.ctx.now.toISOString()}::timestamptz
      from unnest(${uuids(rows.map(r => r.id))}, ${integers(rows.map(r => r.row))}, ${byteStrings(rows.map(r => r.key))}, ${days(rows.map(r => r.bookedOn))}, ${days(rows.map(r => r.valueOn))}, ${bigints(rows.map(r => r.amount))},
        ${texts(rows.map(r => r.reference))}, ${texts(rows.map(r => r.bankReference))}, ${byteStrings(rows.map(r => r.text))}, ${texts(rows.map(r => r.returnReason))})
        as l (id, row, key, booked_on, value_on, amount, reference, bank_reference, text, return_reason)
      on conflict (tenant_id, account, key) do nothing`)
    newCount += rowCount ?? 0
  }
  return newCount
}

/** The rows of lines that are known with another day or amount, in their order. */
export async function listChanged (tx: Tx, account: string, lines: readonly Pick<NewLine, 'row' | 'key' | 'bookedOn' | 'amount'>[]): Promise<number[]> {
  const { rows } = await tx.execute(sql`select n.row from unnest(${integers(lines.map(l => l.row))}, ${byteStrings(lines.map(l => l.key))}, ${days(lines.map(l => l.bookedOn))}, ${bigints(lines.map(l => l.amount))}) as n (row, key, booked_on, amount)
    join bank_lines l on l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.account = ${account} and l.key = n.key and (l.booked_on, l.amount) <> (n.booked_on, n.amount) order by n.row`)
  return rows.map(({ row }) => Number(row))
}

const lineColumns = {
  id: bankLines.id, account: bankLines.account, bankStatementId: bankLines.bankStatementId, row: bankLines.row, bookedOn: bankLines.bookedOn, valueOn: bankLines.valueOn, amount: bankLines.amount, currency: bankLines.currency,
  reference: bankLines.reference, bankReference: bankLines.bankReference, returnReason: bankLines.returnReason, matchedAt: bankLines.matchedAt, createdAt: bankLines.createdAt,
}

/** A line with its sealed text, or null. */
export const findBankLine = rowById(bankLines, db => db.select({ ...lineColumns, text: bankLines.text }).from(bankLines))

/** A line without its text. */
export type BankLineRow = Omit<NonNullable<Awaited<ReturnType<typeof findBankLine>>>, 'text'>

/** A line, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockBankLine (tx: Tx, id: Id<'bankLine'>): Promise<BankLineRow> {
  const [row] = await tx.select(lineColumns).from(bankLines).where(and(eq(bankLines.tenantId, tx.ctx.tenantId), eq(bankLines.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Which lines a list is to hold. */
export interface LineFilter { account?: string, bankStatementId?: Id<'bankStatement'>, matched?: boolean }

/** Lines by id: in the order they were imported. */
export async function listBankLines (tx: Tx, { account, bankStatementId, matched }: LineFilter, page: { limit: number, after: string | null }): Promise<PageOf<BankLineRow>> {
  const rows = await tx.select(lineColumns).from(bankLines).where(and(
    eq(bankLines.tenantId, tx.ctx.tenantId), pageAfter(bankLines.id, page), account === undefined ? undefined : eq(bankLines.account, account),
    bankStatementId === undefined ? undefined : eq(bankLines.bankStatementId, bankStatementId), matchedIs(matched),
  )).orderBy(asc(bankLines.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

const matchedIs = (matched: boolean | undefined): SQL | undefined => matched === undefined ? undefined : matched ? isNotNull(bankLines.matchedAt) : isNull(bankLines.matchedAt)

/** What a line was matched to. */
export interface MatchRow { bankLineId: Id<'bankLine'>, journalEntryId: Id<'journalEntry'>, amount: Minor, rule: MatchRule }

/** What lines are matched to. */
export async function listMatches (tx: Tx, lineIds: readonly Id<'bankLine'>[]): Promise<MatchRow[]> {
  if (lineIds.length === 0) return []
  return await tx.select({ bankLineId: bankMatches.bankLineId, journalEntryId: bankMatches.entryId, amount: bankMatches.amount, rule: bankMatches.rule }).from(bankMatches)
    .where(and(eq(bankMatches.tenantId, tx.ctx.tenantId), inArray(bankMatches.bankLineId, [...lineIds]))).orderBy(asc(bankMatches.bankLineId), asc(bankMatches.entryId))
}

/** The payments that lines which give money back are about: known by the reference, of the amount, not undone yet, and the only one such. */
export async function listReturned (tx: Tx, lines: readonly BankLineRow[]): Promise<Map<Id<'bankLine'>, Id<'payment'>>> {
  const back = lines.filter(({ returnReason, amount, matchedAt }) => returnReason !== null && amount < 0 && matchedAt === null)
  if (back.length === 0) return new Map()
  const { rows } = await tx.execute(sql`select l.id, min(p.id::text) as payment_id
    from unnest(${uuids(back.map(l => l.id))}, ${texts(back.map(l => l.reference))}, ${texts(back.map(l => l.bankReference))}, ${bigints(back.map(l => -l.amount))}, ${texts(back.map(l => l.currency))}) as l (id, reference, bank_reference, amount, currency)
    join payments p on p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.reference in (l.reference, l.bank_reference) and p.amount = l.amount and p.currency = l.currency and p.received_by = 'agency' and p.state = 'posted'
    group by l.id having count(*) = 1`)
  return new Map(rows.map(row => [idOf('bankLine', String(row['id'])), idOf('payment', String(row['payment_id']))]))
}

/** Ids for so many lines, in their order. */
export const newLineIds = (count: number): Id<'bankLine'>[] => Array.from({ length: count }, () => newId('bankLine'))
