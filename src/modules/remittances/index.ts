/**
 * What lenders are told of their money, what is passed on to them, what the agency bills, and how trust money stands.
 *
 * A statement is made of the journal: every entry that moved what is held for a lender, what it owes, or what was collected for it, and that is on no
 * statement yet. So nothing is missed, nothing is told twice, and whatever comes late, a correction or a reversal, is a line of the next statement, pointing
 * at what it corrects. It begins with what the last one ended with. Documents are numbered without gaps, kept to the byte with their hash, and never change.
 *
 * With the statement, in the same transaction, commission of the period is billed, and costs that the agency advanced and could not keep from trust money, at cost and without VAT (VAT once on the whole; what an earlier invoice billed and is given back is a
 * credit note), what has cleared is passed on, net or gross as it was withheld or not, and the agency takes its share out of trust. Under a `combined`
 * agreement what the lender owes for money paid to it directly is kept from what is passed on (209 CMR 18.14(3): itemised in writing), or is kept by itself before; that is put back, and the invoice is open again, when the money it was kept from is returned.
 *
 * Money returned by a debtor's bank after it was passed on makes the lender a debtor of trust; what comes in for it next makes that good first, and the agency takes
 * nothing out while any lender owes to trust.
 *
 * What must never happen: one lender's money paying for another's, uncleared money passed on, a period stated twice, an issued document changed.
 */
export { api } from './api.ts'
export { PeriodInFuture } from './core.ts'
export { CreditNoteIssued, InvoiceIssued, InvoiceOffset, InvoicePaid, RemittanceSent, StatementIssued } from './events.ts'
export * as jobs from './jobs.ts'
