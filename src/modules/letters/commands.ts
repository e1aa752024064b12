import { dayIn } from '#kernel'
import type { CalendarDay, Id, PermitToken } from '#kernel'
import { emit, mask, newId } from '#platform'
import type { Place, Safe, Tx, Vault } from '#platform'
import { PartyWasErased, recordReveals } from '../parties/index.ts'
import type { RevealPurpose } from '../parties/index.ts'
import {
  LetterBatchStateRefused, attemptIn, batchMax, checkCancelling, checkPosting, checkReturn, joinRecipient, letterTextMax, maskedRecipient, recipientLineMax, recipientLinesMax, splitRecipient, waitsUntil, withdrawalOf,
} from './core.ts'
import type { ReturnReason, WithdrawalReason } from './core.ts'
import {
  findAgency, findContent, insertBatch, insertLetters, listByMessage, listContents, lockBatch, lockLetter, lockOverdue, lockReachable, lockUnprinted, lockWaiting, setBatch, setBatched, setCountsLowered, setForgotten, setPosted,
  setReturned, setWaitingAgain, setWithdrawn,
} from './db.ts'
import type { BatchRow, Content, LetterFacts, LetterRow, NewLetter, Unprinted } from './db.ts'
import { LetterPosted, LetterReturned, LetterWithdrawn } from './events.ts'
import { paperOf } from './sheets.core.ts'
import type { Paper } from './sheets.core.ts'

const recipientPlace = (id: Id<'letter'>): Place => ({ table: 'letters', column: 'recipient', id })
const bodyPlace = (id: Id<'letter'>): Place => ({ table: 'letters', column: 'body', id })

const about = ({ id, messageId, accountId }: Pick<LetterFacts, 'id' | 'messageId' | 'accountId'>) => ({ letterId: id, messageId, accountId })

function tellWithdrawn (tx: Tx, withdrawn: readonly LetterFacts[]): void {
  for (const letter of withdrawn) emit(tx, LetterWithdrawn, letter, { ...about(letter), reason: letter.reason! })
}

/**
 * A letter that is to be written. `recipient` is the address as it is printed, line by line, the name first (see `recipientLines`); `country` is where it goes, ISO 3166-1, and chooses paper and
 * envelope. `permit` is what policy allowed it with.
 */
export interface LetterToWrite {
  messageId: Id<'message'>, permit: PermitToken, accountId: Id<'account'>, lenderId: Id<'lender'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'>, recipient: readonly string[], country: string,
  text: string, templateVersion: string, language: string
}

/**
 * Writes letters, to wait for a batch: one for each message, however often it is asked to, unless the one before was withdrawn. Answers the letter of each message.
 *
 * Each must have been permitted in this transaction, or in one that committed before: its permit is that of a contact by letter, of the same message, which is still pending. So the caller settles the message, and what became of the contact, after this.
 * Without such a contact nothing is written and it throws: a caller without a permit is a fault of the program. A letter to an address that was erased meanwhile is written with nothing
 * in it, and withdrawn at once. From then on the letter is followed by its events: posted, returned, or withdrawn.
 */
export async function writeLetters (tx: Tx, safe: Safe, toWrite: readonly LetterToWrite[]): Promise<ReadonlyMap<Id<'message'>, Id<'letter'>>> {
  if (toWrite.length === 0) return new Map()
  const reachable = await lockReachable(tx, toWrite.map(({ contactPointId }) => contactPointId))
  const written = await insertLetters(tx, toWrite.map(letter => sealLetter(safe, letter, reachable.has(letter.contactPointId), tx.ctx.now)))
  tellWithdrawn(tx, written.filter(({ state }) => state === 'withdrawn'))
  const byMessage = await listByMessage(tx, toWrite.map(({ messageId }) => messageId))
  const unpermitted = toWrite.find(({ messageId }) => !byMessage.has(messageId))
  if (unpermitted !== undefined) throw new Error(`no pending contact permits the letter of ${unpermitted.messageId}`)
  return byMessage
}

function sealLetter (safe: Safe, { permit, recipient, country, text, ...letter }: LetterToWrite, isReachable: boolean, now: Date): NewLetter {
  if (recipient.length === 0 || recipient.length > recipientLinesMax || recipient.some(line => line.length > recipientLineMax || /[\r\n]/.test(line))) throw new Error('an address has one to ten lines')
  if (text.length > letterTextMax) throw new Error('a letter is too long')
  const id = newId('letter')
  return {
    ...letter, id, contactAttemptId: attemptIn(permit), paper: paperOf(country), dueAt: isReachable ? waitsUntil(now).toISOString() : null,
    recipient: isReachable ? safe.seal(recipientPlace(id), joinRecipient(recipient)) : null, body: isReachable ? safe.seal(bodyPlace(id), text) : null,
  }
}

/** How often a batch looks for more letters where those it took had lost their reason: the rest is for the next batch. */
const roundsMax = 5

/**
 * Takes the oldest waiting letters into a batch, and withdraws those whose reason is gone since they were written. Batches that are taken at the same time share no letter. One that finds none
 * is cancelled at once.
 */
export async function createLetterBatch (tx: Tx, { limit = batchMax, duplex = false, sender = null }: { limit?: number, duplex?: boolean, sender?: string | null }): Promise<BatchRow> {
  const batch = await insertBatch(tx, { duplex, sender })
  let count = 0
  for (let round = 0; round < roundsMax && count < limit; round++) {
    const waiting = await lockWaiting(tx, limit - count)
    if (waiting.length === 0) break
    const judged = waiting.map(letter => ({ id: letter.id, reason: withdrawalOf(letter) }))
    const fit = judged.filter(({ reason }) => reason === null).map(({ id }) => id)
    await setBatched(tx, fit, batch.id)
    tellWithdrawn(tx, await setWithdrawn(tx, judged.flatMap(({ id, reason }) => reason === null ? [] : [{ id, reason }])))
    count += fit.length
  }
  return await setBatch(tx, batch.id, count === 0 ? { state: 'cancelled' } : { count })
}

/** A letter as it is printed; `content` is null when its party was erased. */
export interface OpenLetter extends Omit<Content, 'content'> { content: { recipient: string[], text: string } | null }

const openLetter = (safe: Safe, { content, ...letter }: Content): OpenLetter => ({
  ...letter, content: content === null ? null : { recipient: splitRecipient(safe.open(recipientPlace(letter.id), content.recipient)), text: safe.open(bodyPlace(letter.id), content.body) },
})

/** Where a batch is read on: letters of one paper, so many after one. */
export interface Stretch { batchId: Id<'letterBatch'>, paper: Paper, after: Id<'letter'> | null, limit: number }

/** Letters of a batch, for measuring what they take: nobody is shown them. */
export async function openLetters (tx: Tx, vault: Vault, { batchId, paper, after, limit }: Stretch): Promise<OpenLetter[]> {
  const contents = await listContents(tx, batchId, paper, after, limit)
  const safe = await vault.safeOf(tx)
  return contents.map(content => openLetter(safe, content))
}

/** Letters of a batch, to be printed. That they were read in the clear, and by whom, is written down in the same transaction. */
export async function revealLetters (tx: Tx, vault: Vault, stretch: Stretch): Promise<OpenLetter[]> {
  const opened = await openLetters(tx, vault, stretch)
  recordReveals(tx, opened.flatMap(({ partyId, content }) => content === null ? [] : [partyId]), { operation: 'getLetterBatchPdf', purpose: 'contact' })
  return opened
}

/** What a letter says and to whom, in the clear. That it was read, by whom and what for, is written down in the same transaction. Throws `NotFound`, `PartyWasErased`. */
export async function revealLetter (tx: Tx, vault: Vault, id: Id<'letter'>, purpose: RevealPurpose) {
  const { partyId, content } = openLetter(await vault.safeOf(tx), await findContent(tx, id))
  if (content === null) throw PartyWasErased()
  recordReveals(tx, [partyId], { operation: 'getLetterText', purpose })
  return { id, partyId, ...content }
}

/** A letter as the API shows it, its recipient masked. */
export function showLetter (safe: Safe, { recipient, ...letter }: LetterRow) {
  return { ...letter, recipient: recipient === null ? null : maskedRecipient(splitRecipient(safe.open(recipientPlace(letter.id), recipient)), mask) }
}

/** What a batch was printed as: how many letters, how many that had been erased, on how many pages, and the hash of it. */
export interface Print { letters: number, erased: number, pages: number, hash: Buffer }

/**
 * Notes that the PDF of a batch was read to the end, the first time: from then on it can be posted. A print that is not of the batch as it stands, because it was cancelled or a letter was
 * taken out of it meanwhile, is none. Throws `LetterBatchStateRefused`.
 */
export async function makeLetterBatch (tx: Tx, id: Id<'letterBatch'>, { letters, erased, pages, hash }: Print): Promise<void> {
  const batch = await lockBatch(tx, id)
  if (batch.state === 'cancelled' || batch.count !== letters + erased) throw LetterBatchStateRefused({ state: batch.state })
  if (batch.state === 'open') await setBatch(tx, id, { state: 'made', pages, hash, madeAt: tx.ctx.now.toISOString() })
}

/** Notes that the letters of a batch were handed to the post. Throws `NotFound`, `LetterBatchStateRefused`, `PostedOnRefused`. */
export async function postLetterBatch (tx: Tx, id: Id<'letterBatch'>, postedOn: CalendarDay): Promise<BatchRow> {
  const batch = await lockBatch(tx, id)
  const { timeZone } = await findAgency(tx)
  checkPosting({ state: batch.state, madeOn: batch.madeAt === null ? null : dayIn(timeZone, new Date(batch.madeAt)) }, postedOn, dayIn(timeZone, tx.ctx.now))
  for (const letter of await setPosted(tx, id, postedOn)) emit(tx, LetterPosted, letter, { ...about(letter), postedOn })
  return await setBatch(tx, id, { state: 'posted', postedOn })
}

/** Dissolves a batch that was not posted: its letters wait again, for what is left of their time. Throws `NotFound`, `LetterBatchStateRefused`. */
export async function cancelLetterBatch (tx: Tx, id: Id<'letterBatch'>): Promise<BatchRow> {
  checkCancelling(await lockBatch(tx, id))
  tellWithdrawn(tx, await setWaitingAgain(tx, id))
  return await setBatch(tx, id, { state: 'cancelled' })
}

/** Notes that the post brought a letter back. Throws `NotFound`, `LetterStateRefused`. */
export async function returnLetter (tx: Tx, vault: Vault, id: Id<'letter'>, reason: ReturnReason) {
  const letter = await lockLetter(tx, id)
  checkReturn(letter)
  emit(tx, LetterReturned, letter, { ...about(letter), contactPointId: letter.contactPointId, reason })
  return showLetter(await vault.safeOf(tx), await setReturned(tx, id, reason))
}

/** How many overdue letters one transaction withdraws. */
const overdueMax = 500

/** Withdraws letters that nobody printed in time, a batch at a time; answers whether more may be overdue. */
export async function withdrawOverdue (tx: Tx): Promise<boolean> {
  const ids = await lockOverdue(tx, overdueMax)
  tellWithdrawn(tx, await setWithdrawn(tx, ids.map(id => ({ id, reason: 'notPrinted' }))))
  return ids.length === overdueMax
}

/** Withdraws letters that nobody has printed; those of a batch leave it. */
async function withdraw (tx: Tx, unprinted: readonly Unprinted[], reason: WithdrawalReason): Promise<void> {
  tellWithdrawn(tx, await setWithdrawn(tx, unprinted.map(({ id }) => ({ id, reason }))))
  await setCountsLowered(tx, unprinted.flatMap(({ batchId }) => batchId === null ? [] : [batchId]))
}

/**
 * Withdraws the letters of messages that lost their reason, as far as nobody has printed them: those that wait, and those of a batch whose PDF was never read, which they leave. What was printed or
 * posted is left as it is, and so is what was withdrawn before; a message without a letter is no matter.
 */
export async function withdrawLetters (tx: Tx, messageIds: readonly Id<'message'>[], reason: WithdrawalReason): Promise<void> {
  if (messageIds.length > 0) await withdraw(tx, await lockUnprinted(tx, { messageIds }), reason)
}

/** Destroys what was written to parties whose personal data was erased. What nobody has printed yet is withdrawn, and leaves its batch; what was printed stays a letter that was written. */
export async function forgetLettersTo (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  const unprinted = await lockUnprinted(tx, { partyIds })
  await setForgotten(tx, partyIds)
  await withdraw(tx, unprinted, 'unreachable')
}
