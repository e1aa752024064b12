/**
 * What the bank says of trust money: the third leg it stands on, beside the ledger and the sum of what is held for each lender.
 *
 * A file of a trust bank account is imported whole or not at all: every line is read, and together they are what the balances differ by. A line is kept once,
 * known by the bank's own reference or by all it says; so files may come twice and may overlap. What the bank writes beside a line may name people: it is sealed.
 *
 * Lines are matched to entries of the journal that move `T.BANK`: at once where a reference names the payment, its reversal or refund, the cure, the remittance or the entry, and the
 * amount is the same; or where amount and day are the same and there is one of each. The rest is for people, who match a line to entries that sum to it, and
 * undo a match that was wrong. A match moves no money. A line that returns a payment suggests to reverse it, and does not.
 *
 * Reconciled at the end of a day: what the bank says, with what only the ledger has and without what only the bank has, is what the ledger
 * says.
 *
 * What must never happen: a line kept twice, half a file, an entry matched twice, a match whose sums differ.
 */
export { api } from './api.ts'
export { BankLineMatched, BankLineUnmatched, BankStatementImported } from './events.ts'
