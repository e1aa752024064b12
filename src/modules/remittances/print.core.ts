import { formatMinor, sum, zero } from '#kernel'
import type { Minor } from '#kernel'
import { sumTaxes } from './billing.core.ts'
import type { Tax } from './billing.core.ts'
import type { IssuedDocument, IssuedLine } from './documents.core.ts'

/** A column of a printed table. `share` is its part of the page's width; numbers stand to the right. */
export interface Column { title: string, share: number, isNumber: boolean }

/** A printed table: `cells` answers a row's texts, in the order of the columns. */
export interface Table { title: string, columns: readonly Column[], rowCount: number, cells: (row: number) => string[] }

/** What is printed of a document: a heading, facts beside their names, and tables below each other. */
export interface Printout { title: string, fileName: string, from: string, to: string, issuedAt: string, facts: readonly (readonly [string, string])[], tables: readonly Table[] }

/** What kinds of entries are called on paper. */
const kindNames: Partial<Record<string, string>> = {
  payment: 'Payment', paymentReversal: 'Payment undone', correction: 'Correction', commission: 'Commission', clawback: 'Commission given back', remittance: 'Passed on', offset: 'Set off', invoiceOffset: 'Set off', offsetUnwound: 'Set-off put back',
  documentTax: 'VAT rounding', invoicePayment: 'Invoice paid', costRecovery: 'Costs recovered', costRestored: 'Costs given back', trustCure: 'Paid back to trust',
}

const titles = { statement: 'Statement', invoice: 'Invoice', creditNote: 'Credit note' } as const
const fileNames = { statement: 'statement', invoice: 'invoice', creditNote: 'credit-note' } as const

const text = (title: string, share: number): Column => ({ title, share, isNumber: false })
const number = (title: string, share: number): Column => ({ title, share, isNumber: true })

type MoneyField = 'collected' | 'collectedDirect' | 'commission' | 'vat' | 'costsBilled' | 'held' | 'billed'

/** What each line shows of itself before its amounts. */
const lineHead = ({ line, effectiveOn, kind, lenderReference }: IssuedLine): string[] => [String(line), effectiveOn, kindNames[kind] ?? kind, lenderReference ?? '']

function linesTable (lines: readonly IssuedLine[], currency: string, amounts: readonly (readonly [string, MoneyField])[]): Table {
  return {
    title: `Lines, in ${currency}`, columns: [number('No', 5), text('Day', 9), text('What', 15), text('Your reference', 19), ...amounts.map(([title]) => number(title, 10))], rowCount: lines.length,
    cells: row => [...lineHead(lines[row]!), ...amounts.map(([, field]) => formatMinor(lines[row]![field], currency))],
  }
}

/** A rate as a percentage when that is short, else as the ratio it is. */
function percent (rate: string): string {
  const match = /^(\d)(?:\.(\d{1,4}))?$/.exec(rate)
  if (match === null) return rate
  const digits = `${match[1]}${(match[2] ?? '').padEnd(4, '0')}`
  return `${Number(digits.slice(0, 3))}${`.${digits.slice(3)}`.replace(/\.?0+$/, '')} %`
}

function taxTable (taxes: readonly Tax[], currency: string, rounding: Minor = zero): Table {
  const rows = taxes.map(({ rate, base, vat }) => [percent(rate), formatMinor(base, currency), formatMinor(vat, currency)])
  if (rounding !== zero) rows.push(['Rounding', formatMinor(zero, currency), formatMinor(rounding, currency)])
  const total = [sum(taxes.map(({ base }) => base)), sum([...taxes.map(({ vat }) => vat), rounding])]
  rows.push(['Total', ...total.map(amount => formatMinor(amount, currency))])
  return { title: 'VAT by rate', columns: [text('Rate', 30), number(`Commission, ${currency}`, 35), number(`VAT, ${currency}`, 35)], rowCount: rows.length, cells: row => rows[row]! }
}

function figuresTable (title: string, currency: string, figures: readonly (readonly [string, Minor])[]): Table {
  return { title, columns: [text('', 70), number(currency, 30)], rowCount: figures.length, cells: row => [figures[row]![0], formatMinor(figures[row]![1], currency)] }
}

/** What is printed of a document as it was issued: nothing else is asked, so that it is the same for ever. */
export function printoutOf (document: IssuedDocument): Printout {
  const { kind, id, number, agencyName, lenderName, currency, fromOn, toOn, issuedAt } = document
  const facts: [string, string][] = [['Number', String(number)], ['Period', `${fromOn} to ${toOn}`], ['Issued', issuedAt], ['Currency', currency], ['Id', id]]
  const tables = document.kind === 'statement' ? statementTables(document) : invoiceTables(document)
  if (document.kind !== 'statement') facts.push(['Statement', document.statementId], ...document.creditsId === null ? [] : [['Credits', document.creditsId] as [string, string]])
  return { title: `${titles[kind]} No ${number}`, fileName: `${fileNames[kind]}-${number}.pdf`, from: agencyName, to: lenderName, issuedAt, facts, tables }
}

function statementTables ({ currency, opening, totals, closing, lines }: Extract<IssuedDocument, { kind: 'statement' }>): Table[] {
  const taxed = sumTaxes(lines.flatMap(({ vatRate, commission, vat }) => vatRate === null ? [] : [{ rate: vatRate, base: commission, vat }]))
  const rounding = sum(lines.filter(({ vatRate }) => vatRate === null).map(({ vat }) => vat))
  return [
    figuresTable('Summary', currency, [
      ['Opening: held for you', opening.held], ['Opening: you owe', opening.billed], ['Collected by us', totals.collected], ['Paid to you directly', totals.collectedDirect], ['Commission', totals.commission], ['VAT', totals.vat], ['Costs billed, without VAT', sum(lines.map(({ costsBilled }) => costsBilled))],
      ['Set off', totals.setOff], ['Passed on to you', totals.remitted], ['Closing: held for you', closing.held], ['Closing: you owe', closing.billed],
    ]),
    taxTable(taxed, currency, rounding),
    linesTable(lines, currency, [['Collected', 'collected'], ['Paid direct', 'collectedDirect'], ['Commission', 'commission'], ['VAT', 'vat'], ['Held', 'held'], ['You owe', 'billed']]),
  ]
}

function invoiceTables ({ currency, totals, taxes, lines }: Exclude<IssuedDocument, { kind: 'statement' }>): Table[] {
  return [
    figuresTable('Summary', currency, [['Commission', totals.commission], ['VAT', totals.vat], ['Costs, without VAT', totals.costs], ['Total', totals.total], ['Withheld from trust money', totals.withheld], ['To be paid', totals.billed]]),
    taxTable(taxes, currency),
    linesTable(lines, currency, [['Collected', 'collected'], ['Commission', 'commission'], ['VAT', 'vat'], ['Costs', 'costsBilled'], ['Held', 'held'], ['You owe', 'billed']]),
  ]
}

/** Rows of one table that stand on one page. */
export interface Piece { table: number, from: number, to: number }

/** Heights in the unit of the page: what the first page and the others have room for, and what a table's title with its column names, and a row, take. */
export interface Heights { first: number, other: number, head: number, row: number }

/**
 * Lays tables out on pages: a table goes on where the one before ended, its head is repeated on every page it reaches, and no head stands at the foot of a
 * page without a row. There is always one page.
 */
export function pagesOf (rowCounts: readonly number[], { first, other, head, row }: Heights): Piece[][] {
  const pages: Piece[][] = [[]]
  let left = first
  for (const [table, rowCount] of rowCounts.entries()) {
    let from = 0
    do {
      if (left < head + row) {
        pages.push([])
        left = other
      }
      const to = Math.min(rowCount, from + Math.max(1, Math.floor((left - head) / row)))
      pages.at(-1)!.push({ table, from, to })
      left -= head + (to - from) * row
      from = to
    } while (from < rowCount)
  }
  return pages
}
