import { problem } from '#kernel'

/** The ways of contact that are recorded. */
export const attemptChannels = ['call', 'robocall', 'sms', 'email', 'im', 'letter', 'visit'] as const
export type AttemptChannel = typeof attemptChannels[number]
export const directions = ['out', 'in'] as const
export type Direction = typeof directions[number]

/** What became of a contact, in the words of the laws that count them. */
export const attemptOutcomes = [
  'conversation', 'voicemail', 'noAnswer', 'busy', 'notInService', 'rejected', 'dropped', 'wrongNumber', 'thirdParty',
  'sent', 'delivered', 'undelivered', 'replied', 'visited', 'notMet',
] as const
export type AttemptOutcome = typeof attemptOutcomes[number]

/** What was learned from whoever was reached: what a contact led to, beside how it ended. */
export const contactResults = [
  'rightParty', 'promise', 'paid', 'refused', 'callback', 'disputed', 'hardship', 'represented', 'deceased', 'insolvent', 'optedOut', 'wrongPerson', 'messageLeft', 'languageBarrier', 'other',
] as const
export type ContactResult = typeof contactResults[number]

/** Outcomes by which somebody was reached, so that there is a result. */
const reaching: readonly AttemptOutcome[] = ['conversation', 'replied', 'visited', 'thirdParty', 'wrongNumber']

export const OutcomeRefused = problem('outcome-refused', 422, 'That outcome does not belong to that kind of contact.', 'Choose one of the outcomes in `detail`.')
export const ResultRefused = problem('result-refused', 422, 'Nobody was reached, so there is no result.', 'Leave `result` out, or correct `outcome`.')
export const ContactInFuture = problem('contact-in-future', 422, 'A contact is recorded once it has happened.', 'Give an instant that has passed, or leave `at` out.')

const spoken: readonly AttemptOutcome[] = ['conversation', 'voicemail', 'noAnswer', 'busy', 'notInService', 'rejected', 'dropped', 'wrongNumber', 'thirdParty']
const written: readonly AttemptOutcome[] = ['sent', 'delivered', 'undelivered', 'replied', 'wrongNumber', 'thirdParty']
const outcomesOf: Record<AttemptChannel, readonly AttemptOutcome[]> = {
  call: spoken, robocall: spoken, sms: written, email: written, im: written, letter: written, visit: ['conversation', 'visited', 'notMet', 'thirdParty'],
}

/** What is recorded of a contact. */
export interface AttemptSaid { channel: AttemptChannel, outcome: AttemptOutcome, result?: ContactResult | undefined, at: Date }

/** Checks what is recorded of a contact. Throws `OutcomeRefused`, `ResultRefused` and `ContactInFuture`. */
export function checkAttempt ({ channel, outcome, result, at }: AttemptSaid, now: Date): void {
  if (!outcomesOf[channel].includes(outcome)) throw OutcomeRefused({ channel, outcomes: outcomesOf[channel].join(' ') }, { violations: [{ pointer: '/outcome', message: `must be one of ${outcomesOf[channel].join(', ')}` }] })
  if (result !== undefined && !reaching.includes(outcome)) throw ResultRefused({ outcome }, { violations: [{ pointer: '/result', message: `is of a contact that reached somebody: ${reaching.join(', ')}` }] })
  if (at > now) throw ContactInFuture({}, { violations: [{ pointer: '/at', message: 'must not be in the future' }] })
}

/** What is told of a contact that was recorded. */
export interface Told { direction: Direction, outcome: AttemptOutcome, result: ContactResult | null }

/**
 * What a contact with somebody who owes a debt is to its limitation: a promise is agreement to pay, whoever began the contact; what the agency said or wrote is a demand once it
 * reached them. A voicemail, or a message of which only the sending is known, reached nobody yet.
 */
export function interruptionBy ({ direction, outcome, result }: Told): 'borrowerAgrees' | 'demandReached' | null {
  if (result === 'wrongPerson' || result === 'messageLeft') return null
  const isMet = outcome === 'conversation' || outcome === 'replied' || outcome === 'visited'
  if (isMet && result === 'promise') return 'borrowerAgrees'
  return direction === 'out' && (isMet || outcome === 'delivered') ? 'demandReached' : null
}
