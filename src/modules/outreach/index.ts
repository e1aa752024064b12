/**
 * Messages to borrowers, and calls that collectors are asked to make.
 *
 * What a debt follows (see `strategies`) is planned step by step, each for its day and hour by the borrower's clock. A message is written from the open balance in the moment it is
 * sent, and cancelled when its reason is gone: paid, taken back, disputed or held. What is resolved in time is scheduled again. What is due to one person at one address about several
 * debts of one lender goes out as one message, counts once, and names them all; two lenders' debts never do. A call is asked for from its day on, until somebody reached the person.
 *
 * Policy is asked when a message falls due, each time it is tried, with every contact the agency has had with the person, whichever lender's
 * debt it was about. What it allows is fenced off and counted before it is sent; what it makes wait has the law's own hour as its new time; what
 * it forbids is suppressed and keeps the clause. An opt-out holds at once and for every debt. Contacts that happened are recorded whatever the law
 * thinks of them, and say whether it would have allowed them.
 *
 * When a party is erased, the letters kept for it go, and the hash its person was known by; that it was contacted stays.
 *
 * What must never happen: a message outside policy's answer, a second copy of one, two contacts where one was left, a `contactOnly` party
 * or a place of work reminded of a debt, a name or an address in an event.
 *
 * Held to: 12 CFR 1006.6, 1006.14 and 1006.18(e); GB/T 45251-2025, 5.3; 民法典 1033.
 */
export { api } from './api.ts'
export { endCalls } from './calls.commands.ts'
export { providerChannels, receiptKinds } from './core.ts'
export type { ProviderChannel, ReceiptKind } from './core.ts'
export { CallTaskCancelled, CallTaskDone, CallTaskOpened, MessageBounced, MessageCancelled, MessageDelivered, MessageFailed, MessageOptedOut, MessageReplied, MessageScheduled, MessageSent, MessageSuppressed } from './events.ts'
export * as jobs from './jobs.ts'
export { recordReceipt, recordReply } from './receipts.commands.ts'
