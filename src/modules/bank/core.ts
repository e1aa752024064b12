import { createHash } from 'node:crypto'
import { minor, problem } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'

/** The most lines one file holds, the most of its violations that are named, and the most journal entries one line is matched to by hand. */
export const linesMax = 20_000
export const violationsMax = 100
export const matchedEntriesMax = 200

/** By how many days the books and the bank may differ when a reference names what was booked. */
export const referenceDays = 30

export const BankFileMalformed = problem('bank-file-malformed', 400, 'The body is neither a CSV file of bank lines nor a camt.053 document.', 'Send the file as the bank made it, in UTF-8; `detail` says where reading stopped.')
export const BankFileEmpty = problem('bank-file-empty', 422, 'The file has no lines and states no balance.', 'Send a file with at least one line, or one balance.')
export const BankFileTooLong = problem('bank-file-too-long', 413, 'The file has more lines than one file may have.', `Split it: a file has at most ${linesMax} lines.`)
export const BankRowsInvalid = problem('bank-rows-invalid', 422, 'Some lines of the file cannot be read.', 'Correct the values that `errors` names by their rows, counted from 1; nothing of the file was kept.')
export const BankStatementUnbalanced = problem('bank-statement-unbalanced', 422, 'The lines do not add up to the difference of the balances.', 'Send the whole file: closing less opening is what its lines sum to. Nothing of it was kept.')
export const BankAccountCurrency = problem('bank-account-currency', 409, 'The bank account is in another currency.', 'Give another `account` for each currency.')
export const BankLineChanged = problem('bank-line-changed', 409, 'A line with the bank\'s reference was imported before with another day or amount.', 'Ask the bank which of the two is right; `errors` names the rows.')
export const LineAlreadyMatched = problem('line-already-matched', 409, 'The bank line is matched already.', 'Undo its match first.')
export const EntryAlreadyMatched = problem('entry-already-matched', 409, 'A journal entry is matched to another bank line.', 'Undo that match first; `errors` names the entries.')
export const EntryNotAtBank = problem('entry-not-at-bank', 422, 'A journal entry moves nothing on the trust bank account in the currency of the line.', 'Name entries that move `T.BANK`; `errors` names those that do not.')
export const MatchUnequal = problem('match-unequal', 422, 'The journal entries do not sum to the amount of the line.', 'Name all the entries that the line is made of, and no others.')

/** How a file of bank lines is written. */
export const formats = ['csv', 'camt053'] as const

/** What a line was matched by: a reference that names what was booked, the only amount of its day, or a person. */
export const matchRules = ['reference', 'amountAndDay', 'hand'] as const
export type MatchRule = typeof matchRules[number]

/** A line of a file, read: below zero money left the account. `row` is its place in the file, from 1. */
export interface BankRow {
  row: number, bookedOn: CalendarDay, valueOn: CalendarDay | null, amount: Minor, reference: string | null, bankReference: string | null, text: string | null, returnReason: string | null
}

/** A statement of a file, read. Balances are null where the file states none. */
export interface ReadStatement { reference: string | null, currency: string, fromOn: CalendarDay, toOn: CalendarDay, openingBalance: Minor | null, closingBalance: Minor | null, rows: readonly BankRow[] }

/** What one body holds: statements of one bank account. */
export interface BankFile { format: typeof formats[number], statements: readonly ReadStatement[] }

/** Refuses statements whose lines are not what their balances differ by. Throws `BankStatementUnbalanced`. */
export function checkBalances (statements: readonly ReadStatement[]): void {
  const violations = statements.flatMap(({ openingBalance, closingBalance, rows }, i) => {
    if (openingBalance === null || closingBalance === null) return []
    // Lines may sum to more than money can hold.
    const moved = rows.reduce((sum, { amount }) => sum + BigInt(amount), 0n)
    const stated = BigInt(closingBalance) - BigInt(openingBalance)
    return moved === stated ? [] : [{ pointer: `/statements/${i}/closingBalance`, message: `lines sum to ${moved}, the balances differ by ${stated} (minor units)` }]
  })
  if (violations.length > 0) throw BankStatementUnbalanced({}, { violations: violations.slice(0, violationsMax) })
}

const hashed = (value: unknown): Buffer => createHash('sha256').update(JSON.stringify(value)).digest()

/**
 * What makes each line itself, in whatever file it comes: the bank's own reference, or where there is none all that it says; and how many of the same came
 * before it in its statement. So a line that comes again is the one that is known, and two equal payments of one day are two.
 */
export function keysOf (rows: readonly BankRow[]): Buffer[] {
  const seen = new Map<string, number>()
  return rows.map(({ bookedOn, amount, reference, bankReference, text }) => {
    const self = JSON.stringify(bankReference === null ? [bookedOn, amount, reference, text] : [bankReference])
    const occurrence = (seen.get(self) ?? 0) + 1
    seen.set(self, occurrence)
    return hashed([self, occurrence])
  })
}

/** What makes a statement itself: all it says. */
export const fingerprintOf = ({ reference, currency, fromOn, toOn, openingBalance, closingBalance, rows }: ReadStatement): Buffer =>
  hashed([reference, currency, fromOn, toOn, openingBalance, closingBalance, rows.map(({ row: _, ...facts }) => Object.values(facts))])

/** What entries of the journal move on the trust bank account; `lineId` where one is matched. */
export interface BankMove { entryId: Id<'journalEntry'>, currency: string | null, amount: Minor, lineId: Id<'bankLine'> | null }

/** Refuses to match a line to entries that are not what it is made of. Throws `EntryNotAtBank`, `EntryAlreadyMatched`, `MatchUnequal`. */
export function checkMatch (line: { amount: Minor, currency: string }, entryIds: readonly Id<'journalEntry'>[], moves: ReadonlyMap<Id<'journalEntry'>, BankMove>): void {
  const named = (refuses: (move: BankMove) => boolean, message: string) => entryIds.flatMap((id, i) => refuses(moves.get(id)!) ? [{ pointer: `/journalEntryIds/${i}`, message }] : [])
  const elsewhere = named(({ amount, currency }) => amount === 0 || currency !== line.currency, 'moves nothing on the trust bank account in this currency')
  if (elsewhere.length > 0) throw EntryNotAtBank({}, { violations: elsewhere })
  const taken = named(({ lineId }) => lineId !== null, 'is matched to another line')
  if (taken.length > 0) throw EntryAlreadyMatched({}, { violations: taken })
  const total = minor(entryIds.reduce((sum, id) => sum + moves.get(id)!.amount, 0))
  if (total !== line.amount) throw MatchUnequal({ amount: line.amount, entries: total })
}
