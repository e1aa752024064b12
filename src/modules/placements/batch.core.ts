import { problem } from '#kernel'
import type { Minor, Problem } from '#kernel'
import type { RowError } from './mapping.core.ts'

/** The life of a batch: its rows arrive, wait to be placed, are placed. */
export const batchStates = ['receiving', 'processing', 'processed'] as const
export type BatchState = typeof batchStates[number]

/** What became of a row. */
export const rowOutcomes = ['accepted', 'duplicate', 'rejected'] as const
export type RowOutcome = typeof rowOutcomes[number]

/** The most rows one batch holds, and the most characters of one row. */
export const rowsMax = 1_000_000
export const rowCharactersMax = 64 * 1024
/** A part is full at so many rows or characters: it is placed in one transaction. */
export const partRowsMax = 1_000
export const partCharactersMax = 1024 * 1024
/** The most errors that one row lists. */
export const errorsMax = 20
/** The most columns of a file. */
export const columnsMax = 500
/** How long rows may go on arriving before what was received is removed. */
export const receivingHoursMax = 1

export const CsvMalformed = problem('csv-malformed', 400, 'The body is not a CSV file.', 'Send cells separated as `delimiter` says, quoted where they hold it, with the names of the columns in the first line; `detail` says where reading stopped.')
export const BatchEmpty = problem('batch-empty', 422, 'The batch has no rows.', 'Send at least one row.')
export const BatchTooLong = problem('batch-too-long', 413, 'The batch has more rows than one batch may have.', `Split it: a batch has at most ${rowsMax} rows.`)
export const MappingMissing = problem('mapping-missing', 422, 'Rows of columns need a column mapping.', 'Give `mapping` or `mappingId`: it says which column fills which field.')

// These two are outcomes of a row, never of the batch.
export const RowTooLong = problem('row-too-long', 422, 'The row is longer than a row may be.', `Send at most ${rowCharactersMax} characters a row.`)
export const RowUnreadable = problem('row-unreadable', 422, 'The cells of the row cannot be read as the mapping says.', 'Correct the cells that `errors` names by their columns, or the mapping.')

/** What is wrong with a row, as its outcome says it. */
export interface RowRefusal { readonly code: string, readonly errors: readonly RowError[] }

/** A refusal as the outcome of a row. `columnAt` tells the column behind a pointer. */
export const rowRefusalOf = ({ code, refusal }: Problem, columnAt: (pointer: string) => string | null = () => null): RowRefusal =>
  ({ code, errors: (refusal.violations ?? []).slice(0, errorsMax).map(({ pointer, message }) => ({ pointer, column: columnAt(pointer), message })) })

/** A row as it waits in a part. `earlier` is the row of the same batch with the same reference; null: this is the first. */
export interface WaitingRow { readonly earlier: number | null, readonly content: RowContent }
/** JSON as it was sent; the cells of a file; or a row that could not even be taken apart. */
export type RowContent = { readonly json: string } | { readonly cells: readonly string[] } | { readonly refusal: RowRefusal }

/** Writes a row as one line without line breaks of its own. */
export const lineOf = ({ earlier, content }: WaitingRow): string => {
  const text = 'json' in content ? `J${content.json}` : 'cells' in content ? `C${JSON.stringify(content.cells)}` : `R${JSON.stringify(content.refusal)}`
  return earlier === null ? text : `${earlier}${text}`
}

const waiting = /^(\d*)([JCR])/

/** Reads a line that `lineOf` wrote. */
export function rowOf (line: string): WaitingRow {
  const [head, earlier, kind] = waiting.exec(line) as unknown as [string, string, string]
  const text = line.slice(head.length)
  return {
    earlier: earlier === '' ? null : Number(earlier),
    content: kind === 'J' ? { json: text } : kind === 'C' ? { cells: JSON.parse(text) as string[] } : { refusal: JSON.parse(text) as RowRefusal },
  }
}

/** Cuts text that arrives in pieces into lines. A line longer than `rowCharactersMax` is answered as null, and what is beyond is not kept. */
export function lineCutter (): { cut (piece: string): (string | null)[], end (): (string | null)[] } {
  let rest = ''
  let isSkipping = false
  const finish = (line: string): string | null => {
    if (!isSkipping) return line.length > rowCharactersMax ? null : line
    isSkipping = false
    return null
  }
  return {
    cut (piece) {
      const lines: (string | null)[] = []
      let from = 0
      for (let at = piece.indexOf('\n'); at !== -1; at = piece.indexOf('\n', from)) {
        lines.push(finish(rest + piece.slice(from, at)))
        rest = ''
        from = at + 1
      }
      if (!isSkipping) rest += piece.slice(from)
      if (rest.length > rowCharactersMax) {
        isSkipping = true
        rest = ''
      }
      return lines
    },
    end: () => rest === '' && !isSkipping ? [] : [finish(rest)],
  }
}

/** What a batch amounts to in one currency: of every row whose balance could be read, and of those accepted. */
export interface BatchTotal { readonly currency: string, readonly receivedAmount: Minor, readonly acceptedAmount: Minor }

/** The most that a total counts to. A million rows of the largest balances are more than a number holds: such a total is capped. */
export const amountMax = Number.MAX_SAFE_INTEGER

/** How many rows have their outcome, and which. */
export interface Counts { readonly doneCount: number, readonly acceptedCount: number, readonly duplicateCount: number, readonly rejectedCount: number }

/** A row done: its outcome, and what it amounts to when that could be read. */
export interface DoneRow { readonly outcome: RowOutcome, readonly amount: { readonly currency: string, readonly total: Minor } | null }

/** Counts rows done. Totals are by currency: different currencies are never added. */
export function tally (rows: readonly DoneRow[]): Counts & { readonly totals: readonly BatchTotal[] } {
  const counts = { accepted: 0, duplicate: 0, rejected: 0 }
  const totals = new Map<string, { currency: string, receivedAmount: Minor, acceptedAmount: Minor }>()
  for (const { outcome, amount } of rows) {
    counts[outcome]++
    if (amount === null) continue
    const { currency } = amount
    let total = totals.get(currency)
    if (total === undefined) totals.set(currency, total = { currency, receivedAmount: 0, acceptedAmount: 0 })
    total.receivedAmount = Math.min(total.receivedAmount + amount.total, amountMax)
    if (outcome === 'accepted') total.acceptedAmount = Math.min(total.acceptedAmount + amount.total, amountMax)
  }
  return { doneCount: rows.length, acceptedCount: counts.accepted, duplicateCount: counts.duplicate, rejectedCount: counts.rejected, totals: [...totals.values()].sort((a, b) => a.currency < b.currency ? -1 : 1) }
}

/** Whether what arrived is what the lender said it sends; null where the lender said nothing. An amount is compared when all of it is in one currency. */
export function controlOf (expected: { count: number | null, amount: Minor | null }, rowCount: number, totals: readonly BatchTotal[]): { isCountMatched: boolean | null, isAmountMatched: boolean | null } {
  const received = totals.length === 0 ? 0 : totals.length === 1 ? totals[0]!.receivedAmount : null
  return {
    isCountMatched: expected.count === null ? null : expected.count === rowCount,
    isAmountMatched: expected.amount === null ? null : expected.amount === received,
  }
}
