import { isCurrency, sub, zero } from '#kernel'
import type { Minor } from '#kernel'
import { BankFileMalformed, BankRowsInvalid } from './core.ts'
import type { ReadStatement } from './core.ts'
import { amountOf, decimalOf, readRows } from './rows.core.ts'
import type { RawRow } from './rows.core.ts'

/*
 * ISO 20022 camt.053, bank to customer statement: versions 02 to 08, of whose parts only those are read that say what moved and what stood.
 * Element names are the standard's.
 */

/** The versions that are read. */
export const camtNamespace = /^urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.0[2-8]$/

/** The elements that are looked at, beside statements and entries: others need not be kept. */
export const camtElements = new Set([
  'Id', 'IBAN', 'Othr', 'Acct', 'Ccy', 'FrToDt', 'FrDtTm', 'ToDtTm', 'FrDt', 'ToDt', 'Bal', 'Tp', 'CdOrPrtry', 'Cd', 'Amt', 'CdtDbtInd', 'Dt', 'DtTm', 'Sts', 'BookgDt', 'ValDt', 'AcctSvcrRef', 'NtryDtls', 'Btch', 'PmtInfId',
  'TxDtls', 'Refs', 'EndToEndId', 'InstrId', 'AmtDtls', 'TxAmt', 'RltdPties', 'Dbtr', 'Cdtr', 'Pty', 'Nm', 'RmtInf', 'Ustrd', 'Strd', 'CdtrRefInf', 'Ref', 'RtrInf', 'Rsn', 'Prtry', 'AddtlTxInf', 'AddtlNtryInf',
])

/** An element: its local name, the `Ccy` it carries, its own text, and its children. */
export interface Element { name: string, currency: string, text: string, children: Element[] }

const all = (element: Element, name: string): Element[] => element.children.filter(child => child.name === name)
const at = (element: Element | undefined, ...path: string[]): Element | undefined => path.reduce<Element | undefined>((found, name) => found?.children.find(child => child.name === name), element)
const textAt = (element: Element | undefined, ...path: string[]): string => at(element, ...path)?.text.trim() ?? ''
const first = (...texts: string[]): string => texts.find(text => text !== '') ?? ''

/** The day of a `Dt` or `DtTm`, as the bank writes it. */
const dayAt = (element: Element | undefined, ...path: string[]): string => first(textAt(element, ...path, 'Dt'), textAt(element, ...path, 'DtTm').slice(0, 10))

const isDebit = (element: Element | undefined, otherwise: boolean): boolean => {
  const word = textAt(element, 'CdtDbtInd')
  return word === '' ? otherwise : word === 'DBIT'
}

/** True for an entry that is booked: pending ones and mere information are in no balance. */
const isBooked = (entry: Element): boolean => ['BOOK', ''].includes(first(textAt(entry, 'Sts', 'Cd'), textAt(entry, 'Sts')))

/** The amount of one transaction of an entry: in its own place since version 04, inside its details before. */
const amountIn = (details: Element): Element | undefined => at(details, 'Amt') ?? at(details, 'AmtDtls', 'TxAmt', 'Amt')

const noNames = new Set(['NOTPROVIDED', 'NONREF'])
const reference = (text: string): string => noNames.has(text.toUpperCase()) ? '' : text

/** What a transaction says of itself: a reference both sides know, the bank's own, why it was returned, and what is for people to read. */
function detailsOf (details: Element | undefined): Pick<RawRow, 'reference' | 'bankReference' | 'text' | 'returnReason'> {
  const refs = at(details, 'Refs')
  const remitted = at(details, 'RmtInf')
  const parties = at(details, 'RltdPties')
  const names = ['Dbtr', 'Cdtr'].map(role => first(textAt(parties, role, 'Nm'), textAt(parties, role, 'Pty', 'Nm')))
  const words = remitted === undefined ? [] : all(remitted, 'Ustrd').map(({ text }) => text.trim())
  return {
    reference: first(reference(textAt(refs, 'EndToEndId')), textAt(remitted, 'Strd', 'CdtrRefInf', 'Ref'), reference(textAt(refs, 'InstrId'))),
    bankReference: reference(textAt(refs, 'AcctSvcrRef')), returnReason: first(textAt(details, 'RtrInf', 'Rsn', 'Cd'), textAt(details, 'RtrInf', 'Rsn', 'Prtry')),
    text: [...names, ...words, textAt(details, 'AddtlTxInf')].filter(text => text !== '').join(' / ').slice(0, 1_000),
  }
}

/** The lines of an entry: of a batch each transaction is one, when their amounts are given and sum to the entry's; otherwise the entry is one line. */
function linesOf (entry: Element): RawRow[] {
  const amount = at(entry, 'Amt')
  const currency = amount?.currency ?? ''
  const debit = isDebit(entry, false)
  const ownReference = reference(textAt(entry, 'AcctSvcrRef'))
  const common = { bookedOn: first(dayAt(entry, 'BookgDt'), dayAt(entry, 'ValDt')), valueOn: dayAt(entry, 'ValDt'), currency }
  const transactions = all(entry, 'NtryDtls').flatMap(details => all(details, 'TxDtls'))
  const whole: RawRow = { ...common, amount: amount?.text.trim() ?? '', isDebit: debit, reference: '', bankReference: ownReference, text: textAt(entry, 'AddtlNtryInf').slice(0, 1_000), returnReason: '' }
  if (transactions.length <= 1) {
    const details = detailsOf(transactions[0])
    return [{ ...whole, ...details, bankReference: first(details.bankReference, ownReference), text: first(details.text, whole.text) }]
  }
  const parts = transactions.map((details): RawRow => {
    const said = detailsOf(details)
    return { ...common, ...said, amount: amountIn(details)?.text.trim() ?? '', currency: amountIn(details)?.currency ?? '', isDebit: isDebit(details, debit), bankReference: first(said.bankReference, ownReference) }
  })
  return isSumOf(whole, parts) ? parts : [{ ...whole, reference: textAt(entry, 'NtryDtls', 'Btch', 'PmtInfId') }]
}

const signedOf = ({ amount, currency, isDebit: debit }: RawRow): bigint | null => {
  const read = isCurrency(currency) ? amountOf(amount, currency) : ''
  return typeof read === 'string' ? null : BigInt(debit ? -read : read)
}

function isSumOf (whole: RawRow, parts: readonly RawRow[]): boolean {
  const amounts = parts.map(part => part.currency === whole.currency ? signedOf(part) : null)
  return amounts.every(amount => amount !== null) && amounts.reduce((sum, amount) => sum + amount, 0n) === signedOf(whole)
}

/** A balance of one of the kinds, in the order of preference; null when the statement states none. */
function balanceOf (statement: Element, currency: string, kinds: readonly string[]): { amount: Minor, on: string } | null {
  for (const kind of kinds) {
    const found = all(statement, 'Bal').find(balance => textAt(balance, 'Tp', 'CdOrPrtry', 'Cd') === kind)
    if (found === undefined) continue
    const amount = at(found, 'Amt')
    const read = amount?.currency === currency ? decimalOf(amount.text.trim(), currency) : null
    if (read === null || read < zero) throw BankRowsInvalid({}, { violations: [{ pointer: `/balances/${kind}`, message: `is not a decimal amount of ${currency}` }] })
    return { amount: isDebit(found, false) ? sub(zero, read) : read, on: dayAt(found, 'Dt') }
  }
  return null
}

/** How entries of a statement are gathered while it is read, so that no more of it is kept than its lines. */
export interface StatementReader { add: (entry: Element) => void, end: (statement: Element) => ReadStatement, rowCount: () => number }

/** Begins to read a statement whose first line has the number `firstRow`. Throws `BankRowsInvalid`, `BankFileMalformed` when it ends. */
export function statementReader (firstRow: number): StatementReader {
  const raw: RawRow[] = []
  return {
    rowCount: () => raw.length,
    add (entry) { if (isBooked(entry)) for (const line of linesOf(entry)) raw.push(line) },
    end (statement) {
      const currency = first(textAt(statement, 'Acct', 'Ccy'), at(statement, 'Bal', 'Amt')?.currency ?? '', raw[0]?.currency ?? '')
      if (!isCurrency(currency)) throw BankRowsInvalid({}, { violations: [{ pointer: '/account/currency', message: 'is not a currency of ISO 4217' }] })
      const rows = readRows(raw, currency, firstRow)
      const opening = balanceOf(statement, currency, ['OPBD', 'PRCD'])
      const closing = balanceOf(statement, currency, ['CLBD'])
      const days = rows.map(({ bookedOn }) => bookedOn).sort()
      // Not the day of an opening balance: some banks write the last day before, others the first.
      const from = first(textAt(statement, 'FrToDt', 'FrDtTm').slice(0, 10), textAt(statement, 'FrToDt', 'FrDt'), days[0] ?? '', closing?.on ?? '')
      const to = first(closing?.on ?? '', textAt(statement, 'FrToDt', 'ToDtTm').slice(0, 10), textAt(statement, 'FrToDt', 'ToDt'), days.at(-1) ?? '')
      if (from === '' || to === '') throw BankFileMalformed({ reason: 'a statement of no day' })
      const fromOn = [from, ...days.slice(0, 1)].sort()[0]!
      return {
        reference: first(textAt(statement, 'Id')).slice(0, 140) || null, currency, fromOn, toOn: [to, fromOn, ...days.slice(-1)].sort().at(-1)!,
        openingBalance: opening?.amount ?? null, closingBalance: closing?.amount ?? null, rows,
      }
    },
  }
}

/** What names the account a statement is of: its IBAN, or another number. */
export const accountOf = (statement: Element): string => first(textAt(statement, 'Acct', 'Id', 'IBAN'), textAt(statement, 'Acct', 'Id', 'Othr', 'Id'))
