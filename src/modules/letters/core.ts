import { addDays, idOf, problem, uuidOf } from '#kernel'
import type { CalendarDay, Id, PermitToken } from '#kernel'
import { attemptOf } from '../contacts/permits.core.ts'
import type { Paper } from './sheets.core.ts'

/** The life of a letter: see the essay. `batched` is in a batch that is not posted yet. */
export const letterStates = ['waiting', 'batched', 'posted', 'returned', 'withdrawn'] as const
export type LetterState = typeof letterStates[number]

/** The life of a batch: `made` when its PDF was read to the end for the first time. */
export const letterBatchStates = ['open', 'made', 'posted', 'cancelled'] as const
export type LetterBatchState = typeof letterBatchStates[number]

/** Why a letter was not posted. */
export const withdrawalReasons = ['placementEnded', 'nothingOwed', 'onHold', 'unreachable', 'optedOut', 'notPrinted'] as const
export type WithdrawalReason = typeof withdrawalReasons[number]

/** Why the post brought a letter back. */
export const returnReasons = ['unknownAddress', 'moved', 'refused', 'deceased', 'other'] as const
export type ReturnReason = typeof returnReasons[number]

export const LetterStateRefused = problem('letter-state-refused', 409, 'Only a letter that was posted can come back.', 'Read the letter: `state` says where it stands.')
export const LetterBatchStateRefused = problem('letter-batch-state-refused', 409, 'The state of the batch does not allow that.', 'Read the batch: one whose PDF was read to the end can be posted, one that was not posted can be cancelled, and one that was cancelled has no letters.')
export const PostedOnRefused = problem('posted-on-refused', 422, 'The letters cannot have been posted on that day.', 'Give the day they were handed to the post, by the agency\'s calendar: not before the batch was made, and not in the future.')

/** The most letters of one batch. */
export const batchMax = 1_000
/** How long a letter waits to be printed: what allowed it does not last. */
export const waitDaysMax = 14
/** How long a letter may be, in characters: what a template may write. */
export const letterTextMax = 100_000
/** How much of an address there may be: lines, and characters of one. */
export const recipientLinesMax = 10
export const recipientLineMax = 400

/** What a letter that waits is judged by before it is printed. */
export interface WaitingFacts { isWorked: boolean, isOwed: boolean, isHeld: boolean, isReachable: boolean, isOptedOut: boolean, isOverdue: boolean }

/** Why a waiting letter is not to be printed any more; null: it is. */
export function withdrawalOf ({ isWorked, isOwed, isHeld, isReachable, isOptedOut, isOverdue }: WaitingFacts): WithdrawalReason | null {
  if (!isWorked) return 'placementEnded'
  if (!isOwed) return 'nothingOwed'
  if (isHeld) return 'onHold'
  if (!isReachable) return 'unreachable'
  if (isOptedOut) return 'optedOut'
  return isOverdue ? 'notPrinted' : null
}

/** Refuses to post a batch whose PDF nobody has, or on a day it cannot have been. Throws `LetterBatchStateRefused`, `PostedOnRefused`. */
export function checkPosting (batch: { state: LetterBatchState, madeOn: CalendarDay | null }, postedOn: CalendarDay, today: CalendarDay): void {
  if (batch.state !== 'made' || batch.madeOn === null) throw LetterBatchStateRefused({ state: batch.state })
  const refuse = (message: string): never => { throw PostedOnRefused({ madeOn: batch.madeOn, today }, { violations: [{ pointer: '/postedOn', message }] }) }
  if (postedOn < batch.madeOn) refuse('must not be before the batch was made')
  if (postedOn > today) refuse('must not be in the future')
}

/** Refuses to cancel what was posted, or was cancelled before. Throws `LetterBatchStateRefused`. */
export function checkCancelling ({ state }: { state: LetterBatchState }): void {
  if (state !== 'open' && state !== 'made') throw LetterBatchStateRefused({ state })
}

/** Refuses a return of what was not posted. Throws `LetterStateRefused`. */
export function checkReturn ({ state }: { state: LetterState }): void {
  if (state !== 'posted') throw LetterStateRefused({ state })
}

/** The contact that a permit counts. */
export const attemptIn = (permit: PermitToken): Id<'contactAttempt'> => attemptOf(idOf('permit', uuidOf(permit.split('.')[0]!)))

/** The last moment of waiting for a letter, by when it was written. */
export const waitsUntil = (writtenAt: Date): Date => new Date(`${addDays(writtenAt.toISOString().slice(0, 10), waitDaysMax)}T${writtenAt.toISOString().slice(11)}`)

/**
 * The lines of an address as they are printed: the name, and what was stored as one text, which has its own lines or is one. Blanks at the ends and empty lines are no part of it.
 */
export const recipientLines = (name: string, address: string): string[] => [name, ...address.split(/\r?\n/)].map(line => line.trim().replace(/\s+/g, ' ')).filter(line => line !== '')

/** Where a letter goes, as it is sealed. */
export const joinRecipient = (lines: readonly string[]): string => lines.join('\n')
export const splitRecipient = (text: string): string[] => text.split('\n')

/** What people without the right to see an address are shown of it: the name and the rest masked each in its way, by functions of the caller's. */
export const maskedRecipient = ([name = '', ...address]: readonly string[], mask: { name (name: string): string, address (address: string): string }): string =>
  [mask.name(name), ...address.length === 0 ? [] : [mask.address(address.join(', '))]].join(', ')

/** What a cover sheet says of its batch. */
export interface Cover { id: Id<'letterBatch'>, agency: string, createdAt: string, letters: Record<Paper, number>, erased: number, illegible: number, pages: number, sheets: number, duplex: boolean }

/** The facts on the cover sheet, name by name. */
export function coverFacts ({ id, agency, createdAt, letters, erased, illegible, pages, sheets, duplex }: Cover): [name: string, value: string][] {
  return [
    ['Batch', id], ['Agency', agency], ['Taken', createdAt], ['Letters to print', String(letters.a4 + letters.letter)],
    ['on A4, window of an envelope DL', String(letters.a4)], ['on US Letter, window of an envelope #10', String(letters.letter)],
    ...erased === 0 ? [] : [['Erased since, and not printed', String(erased)] as [string, string]],
    ...illegible === 0 ? [] : [['With characters that no font has: look for [U+', String(illegible)] as [string, string]],
    ['Pages, with this one', String(pages)], ['Sheets, with this one', String(sheets)], ['Print', duplex ? 'on both sides, turned at the long edge' : 'on one side'],
  ]
}
