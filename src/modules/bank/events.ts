import { Type } from 'typebox'
import { Currency, IdOf, SignedAmount } from '#kernel'
import { event } from '#platform'

export const BankStatementImported = event('bankStatement.imported', 1, 'A statement of a trust bank account was imported. Lines that were known are not new.', Type.Object({
  bankStatementId: IdOf('bankStatement'), currency: Currency, lineCount: Type.Integer({ description: 'Lines it has.' }), newCount: Type.Integer({ description: 'Lines that were not known before.' }),
}))

const amount = Type.Unsafe<number>({ ...SignedAmount, description: 'What moved at the bank; below zero, money left the account.' })
const entries = Type.Array(IdOf('journalEntry'), { description: 'The entries of the journal.' })

export const BankLineMatched = event('bankLine.matched', 1, 'Somebody matched a line of a bank statement to entries of the journal.', Type.Object({ bankLineId: IdOf('bankLine'), amount, currency: Currency, journalEntryIds: entries }))

export const BankLineUnmatched = event('bankLine.unmatched', 1, 'A match of a line of a bank statement was undone.', Type.Object({ bankLineId: IdOf('bankLine'), amount, currency: Currency, journalEntryIds: entries }))
