import { timingSafeEqual } from 'node:crypto'
import { idOf, problem, uuidOf } from '#kernel'
import type { Id, PermitToken } from '#kernel'
import type { Reason, Verdict } from '../policy/verdict.core.ts'

export { permitPattern } from '#kernel'

export const PermitRefused = problem('permit-refused', 422, 'That is not a permit of this agency, or it was altered.', 'Ask for a permit, and give its `token` as it was answered.')
export const PermitUsed = problem('permit-used', 409, 'The permit was used before: it allows one contact.', 'Ask for another permit.')
export const PermitMismatch = problem('permit-mismatch', 422, 'The permit is for another contact.', 'Record the contact that was permitted, or leave `permit` out: it is then kept as one that nobody allowed.')
export const PermitExpired = problem('permit-expired', 422, 'The contact did not begin while the permit held.', 'Leave `permit` out: the contact is then kept as one that nobody allowed.')
export const PermitNotOpen = problem('permit-not-open', 409, 'The permit was used, or has run out.', 'Nothing needs to be done: it holds no place any more.')

/** How long a permitted contact has to begin. */
export const permitSeconds = 300
/** How long after that it may be recorded before its place is given back: a call lasts. */
export const reportSeconds = 1_800

/** A keyed hash of the agency's: nobody else can make one. */
export type Mac = (text: string) => Buffer

/** What a permit's token says: which permit, and until when its contact may begin (epoch milliseconds). */
interface Claims { id: Id<'permit'>, until: number }

/** The token of a permit: its id, the end of its time, and a keyed hash of both. A brand constructor, and the only one. */
export const permitToken = (id: Id<'permit'>, until: Date, mac: Mac): PermitToken =>
  `${id}.${until.getTime().toString(36)}.${mac(`${id} ${until.getTime()}`).toString('base64url')}` as PermitToken

/** The permit that a token is of. Throws `PermitRefused` when the agency did not make it. */
export function readPermit (token: string, mac: Mac): Claims {
  const [id = '', until = ''] = token.split('.')
  const claims: Claims = { id: idOf('permit', uuidOf(id)), until: Number.parseInt(until, 36) }
  if (!Number.isSafeInteger(claims.until) || !isSame(token, permitToken(claims.id, new Date(claims.until), mac))) throw PermitRefused({}, { violations: [{ pointer: '/permit', message: 'is not a permit of this agency' }] })
  return claims
}

/** Whether two texts are the same, to the character, in a time that does not tell where they differ. */
function isSame (a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** A permit is a contact that may happen: they share their id. */
export const permitOf = (id: Id<'contactAttempt'>): Id<'permit'> => idOf('permit', uuidOf(id))
export const attemptOf = (id: Id<'permit'>): Id<'contactAttempt'> => idOf('contactAttempt', uuidOf(id))

/** What stands in a contact's way beside the law. */
export interface Obstacles { isHeld: boolean, isOptedOut: boolean, isReachable: boolean, isWorked: boolean, isOwed: boolean }

const reason = (rule: string, says: string, lift: string): Reason => ({ rule, pack: 'RECOUP', clause: 'none', says, strength: 'mandatory', lift, facts: {}, ends: null })

/** Refusals of our own, which hold wherever the borrower is and whatever the law there says. */
export function ownReasons ({ isHeld, isOptedOut, isReachable, isWorked, isOwed }: Obstacles): Reason[] {
  return [
    ...isWorked ? [] : [reason('RECOUP.NOT_WORKED', 'The debt is not the agency\'s to work.', 'an active placement')],
    ...isOwed ? [] : [reason('RECOUP.NOTHING_OWED', 'Nothing is owed.', 'a balance')],
    ...isHeld ? [reason('RECOUP.ON_HOLD', 'A hold stops contact about the debt.', 'the end of the hold')] : [],
    ...isOptedOut ? [reason('RECOUP.OPTED_OUT', 'The person refused this kind of contact at this address.', 'consent given anew')] : [],
    ...isReachable ? [] : [reason('RECOUP.UNREACHABLE', 'The address is invalid, or was erased.', 'another contact point')],
  ]
}

/** The law's verdict with what else stands in the way: any of it denies. */
export const withOwn = (verdict: Verdict, own: readonly Reason[]): Verdict => own.length === 0
  ? verdict
  : { ...verdict, verdict: 'denied', earliestAllowedAt: null, strength: 'mandatory', reasons: [...own, ...verdict.reasons], otherChannels: own.every(({ rule }) => rule === 'RECOUP.OPTED_OUT' || rule === 'RECOUP.UNREACHABLE') ? verdict.otherChannels : [] }
