/**
 * Letters to borrowers, printed in batches and taken to the post by hand.
 *
 * A message that policy permitted as a letter is written here in the transaction in which it is settled, sealed, and waits. Somebody takes a batch: the oldest letters, without those whose reason
 * is gone since. Reading the batch's PDF to its end makes it; then it can be posted, and until then dissolved. The post may bring a letter back. A letter that nobody prints within 14
 * days is withdrawn, because what allowed it does not last.
 *
 * ```
 * letter   waiting -> batched -> posted -> returned        batched -> waiting (its batch was cancelled)      waiting -> withdrawn
 * batch    open -> made -> posted                          open, made -> cancelled
 * ```
 *
 * The PDF is made of what is stored and of nothing else, page by page as it is read: the same batch is the same to the byte, and its hash is kept when it was read to the end for the first
 * time. Each letter begins on a new sheet with its address where the envelope has its window; before them is a sheet that counts them. When a party is erased, its letters lose recipient and text.
 * One that nobody has printed is withdrawn and leaves its batch. In a batch that was made it stays a letter that was written, its page is not printed again, and the cover sheet counts it as
 * erased; the PDF is then another than the hash says.
 *
 * What must never happen: a letter that no permit allows, a letter printed in two batches, a batch posted that nobody has printed, an address or a text in an event, an address readable without the
 * reading being kept, an envelope that says more than whom it is from.
 *
 * Held to: DIN 5008; ISO 269; 15 USC 1692f(8); CONC 7.9.6; GB/T 45251-2025, 5.5.
 */
export { api } from './api.ts'
export { withdrawLetters, writeLetters } from './commands.ts'
export type { LetterToWrite } from './commands.ts'
export { letterTextMax, recipientLines, returnReasons, withdrawalReasons } from './core.ts'
export type { ReturnReason, WithdrawalReason } from './core.ts'
export { LetterPosted, LetterReturned, LetterWithdrawn } from './events.ts'
export * as jobs from './jobs.ts'
