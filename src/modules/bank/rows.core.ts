import { isCurrency, isDay, parseMinor } from '#kernel'
import type { Minor, Violation } from '#kernel'
import { BankRowsInvalid, violationsMax } from './core.ts'
import type { BankRow } from './core.ts'

/** A line as a file writes it. `isDebit`: the amount is without a sign, and money left the account. */
export interface RawRow { bookedOn: string, valueOn: string, amount: string, currency: string, isDebit: boolean, reference: string, bankReference: string, text: string, returnReason: string }

const referenceMax = 140
const textMax = 1_000
/** The largest amount of one line, in minor units: as for a payment. */
const amountMax = 1_000_000_000_000
/** What cannot be kept: control characters but tab and line break. */
const control = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

/** What banks write where they have no reference. */
const noReference = new Set(['', 'NONREF', 'NOTPROVIDED', 'NOT PROVIDED'])

const textOrNull = (text: string): string | null => text === '' ? null : text
const referenceOrNull = (text: string): string | null => noReference.has(text.toUpperCase()) ? null : text

/** Reads a decimal of a currency as minor units; null when it is none, has more digits than the currency, or is more than can be counted. */
export function decimalOf (text: string, currency: string): Minor | null {
  try {
    return parseMinor(text, currency)
  } catch {
    return null
  }
}

/** Reads the amount of a line; answers why it cannot be one. */
export function amountOf (text: string, currency: string): Minor | string {
  const amount = decimalOf(text, currency)
  if (amount === null) return 'is not a decimal amount of the currency'
  return Math.abs(amount) > amountMax ? 'is larger than one line may be' : amount
}

/** Reads lines of one currency. Lines that move nothing are left out. Throws `BankRowsInvalid`, which names what is wrong by its row. */
export function readRows (raw: readonly RawRow[], currency: string, firstRow = 1): BankRow[] {
  const violations: Violation[] = []
  const rows = raw.flatMap((one, i): BankRow[] => {
    const row = firstRow + i
    const wrong = (field: keyof RawRow, message: string): void => { if (violations.length < violationsMax) violations.push({ pointer: `/rows/${row}/${field}`, message }) }
    if (!isDay(one.bookedOn)) wrong('bookedOn', 'is not a day, YYYY-MM-DD')
    if (one.valueOn !== '' && !isDay(one.valueOn)) wrong('valueOn', 'is not a day, YYYY-MM-DD')
    if (!isCurrency(one.currency)) wrong('currency', 'is not a currency of ISO 4217')
    else if (one.currency !== currency) wrong('currency', `is not ${currency}, the currency of the account`)
    for (const field of ['reference', 'bankReference', 'returnReason'] as const) if (one[field].length > referenceMax || control.test(one[field])) wrong(field, `is longer than ${referenceMax} characters or has control characters`)
    if (one.text.length > textMax || control.test(one.text)) wrong('text', `is longer than ${textMax} characters or has control characters`)
    const amount = isCurrency(one.currency) ? amountOf(one.amount, one.currency) : 0
    if (typeof amount === 'string') wrong('amount', amount)
    if (typeof amount === 'string' || amount === 0) return []
    const { bookedOn, valueOn, reference, bankReference, text, returnReason } = one
    return [{
      row, bookedOn, valueOn: textOrNull(valueOn), amount: one.isDebit ? -amount : amount, reference: referenceOrNull(reference), bankReference: referenceOrNull(bankReference),
      text: textOrNull(text), returnReason: textOrNull(returnReason),
    }]
  })
  if (violations.length > 0) throw BankRowsInvalid({}, { violations })
  return rows
}
