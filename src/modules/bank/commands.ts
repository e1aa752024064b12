import { addDays } from '#kernel'
import type { Id } from '#kernel'
import { emit, newId } from '#platform'
import type { Safe, Tx } from '#platform'
import { BankAccountCurrency, BankLineChanged, checkBalances, fingerprintOf, keysOf, referenceDays, violationsMax } from './core.ts'
import type { BankFile, ReadStatement } from './core.ts'
import { findBankStatementByHash, insertBankLines, insertBankStatement, listChanged, lockBankAccount, newLineIds, setNewCount, textPlace } from './db.ts'
import type { BankStatementRow, NewLine } from './db.ts'
import { BankStatementImported } from './events.ts'
import { matchByAmount, matchByReference } from './matching.db.ts'

/** What came of a file: its statements, and how many bank lines, of this file or earlier ones, found what they are. */
export interface Imported { statements: BankStatementRow[], matchedCount: number }

/**
 * Imports a file of one bank account: keeps each statement once and each line once, in whatever files it comes, and matches what can be matched without
 * doubt; all of it or nothing. Throws `BankStatementUnbalanced`, `BankAccountCurrency`, `BankLineChanged`.
 */
export async function importBankStatements (tx: Tx, safe: Safe, account: string, { format, statements }: BankFile): Promise<Imported> {
  checkBalances(statements)
  const kept: BankStatementRow[] = []
  for (const statement of statements) kept.push(await importOne(tx, safe, account, format, statement))
  const firstOn = statements.map(({ fromOn }) => fromOn).sort()[0]!
  const since = addDays(firstOn, -referenceDays)
  const matchedCount = await matchByReference(tx, since) + await matchByAmount(tx, since)
  return { statements: kept, matchedCount }
}

async function importOne (tx: Tx, safe: Safe, account: string, format: BankFile['format'], read: ReadStatement): Promise<BankStatementRow> {
  const { reference, currency, fromOn, toOn, openingBalance, closingBalance, rows } = read
  const known = await lockBankAccount(tx, account, currency)
  if (known !== currency) throw BankAccountCurrency({ account, currency: known })
  const hash = fingerprintOf(read)
  const before = await findBankStatementByHash(tx, account, hash)
  if (before !== null) return before
  const id: Id<'bankStatement'> = newId('bankStatement')
  const statement = { id, account, currency, format, reference, fromOn, toOn, openingBalance, closingBalance, lineCount: rows.length }
  await insertBankStatement(tx, { ...statement, hash })
  const keys = keysOf(rows)
  const ids = newLineIds(rows.length)
  const lines = rows.map((row, i): NewLine => ({ ...row, id: ids[i]!, key: keys[i]!, text: row.text === null ? null : safe.seal(textPlace(ids[i]!), row.text) }))
  const newCount = await insertBankLines(tx, statement, lines)
  if (newCount < lines.length) {
    const changed = await listChanged(tx, account, lines)
    if (changed.length > 0) throw BankLineChanged({}, { violations: changed.slice(0, violationsMax).map(row => ({ pointer: `/rows/${row}`, message: 'was imported before with another day or amount' })) })
  }
  emit(tx, BankStatementImported, {}, { bankStatementId: id, currency, lineCount: rows.length, newCount })
  return await setNewCount(tx, id, newCount)
}
