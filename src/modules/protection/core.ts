import { addDays, dayIn, problem, startOfDay } from '#kernel'

/** Reasons for which work on a debt stands still, in part or whole. Several may be active at once; their effects add up. */
export const holdKinds = ['dispute', 'breathingSpace', 'hardshipReview', 'bankruptcy', 'deceased', 'ceaseContact', 'represented', 'complaint', 'identityTheft', 'lenderRequest', 'disaster', 'bereavement', 'legalHold'] as const
export type HoldKind = typeof holdKinds[number]

/** What a hold stops. */
export interface HoldEffects { stopsContact: boolean, stopsInterest: boolean, stopsLateFees: boolean }

const effects: Record<HoldKind, HoldEffects> = {
  dispute: { stopsContact: true, stopsInterest: false, stopsLateFees: true },
  breathingSpace: { stopsContact: true, stopsInterest: true, stopsLateFees: true },
  hardshipReview: { stopsContact: true, stopsInterest: false, stopsLateFees: true },
  bankruptcy: { stopsContact: true, stopsInterest: true, stopsLateFees: true },
  deceased: { stopsContact: true, stopsInterest: true, stopsLateFees: true },
  ceaseContact: { stopsContact: true, stopsInterest: false, stopsLateFees: false },
  represented: { stopsContact: true, stopsInterest: false, stopsLateFees: false },
  complaint: { stopsContact: true, stopsInterest: false, stopsLateFees: true },
  identityTheft: { stopsContact: true, stopsInterest: true, stopsLateFees: true },
  lenderRequest: { stopsContact: true, stopsInterest: false, stopsLateFees: true },
  disaster: { stopsContact: true, stopsInterest: true, stopsLateFees: true },
  bereavement: { stopsContact: true, stopsInterest: false, stopsLateFees: true },
  legalHold: { stopsContact: false, stopsInterest: false, stopsLateFees: false },
}

/** What a hold of a kind stops. A legal hold stops the deletion of records (`retention` asks for it) and nothing else. A dispute stops contact everywhere: the strictest of the packs' answers (12 CFR 1006.38, CONC 7.14.1R). */
export const effectsOf = (kind: HoldKind): HoldEffects => effects[kind]

/** What holds stop together: an overlay of all of them. */
export const holdEffectsOf = (holds: readonly HoldEffects[]): HoldEffects => ({
  stopsContact: holds.some(hold => hold.stopsContact), stopsInterest: holds.some(hold => hold.stopsInterest), stopsLateFees: holds.some(hold => hold.stopsLateFees),
})

/** A moratorium begins on the day after it is registered and lasts 60 days with that day (SI 2020/1311 reg. 26). */
const breathingSpaceDays = 60

/** When a hold of a kind ends if nobody says: at the end of the last day in the borrower's calendar, or (null) when it is released. */
export const defaultEnd = (kind: HoldKind, timeZone: string, now: Date): Date | null =>
  kind === 'breathingSpace' ? startOfDay(addDays(dayIn(timeZone, now), breathingSpaceDays + 1), timeZone) : null

export const HoldEndPast = problem('hold-end-past', 422, 'The end of the hold is not in the future.', 'Give an `endsAt` after now, or leave it out.')
export const HoldStartFuture = problem('hold-start-future', 422, 'The hold would begin later than now.', 'Leave `startsAt` out, or give an instant that is not after now.')
export const HoldNotActive = problem('hold-not-active', 409, 'The hold has ended or was released before.', 'Read the account\'s hold effects: they say what still stops.')
export const HoldOfDispute = problem('hold-of-dispute', 409, 'The hold belongs to a dispute and ends with it.', 'Resolve the dispute.')
export const HoldNotYours = problem('hold-not-yours', 403, 'A lender releases only what it asked for.', 'Ask the agency to release the hold: only those of kind `lenderRequest` are yours.')
export const HoldOfCompliance = problem('hold-of-compliance', 403, 'A legal hold is lifted by whoever answers for compliance.', 'Ask a compliance officer: `releaseLegalHold` lifts it, with a reason.')
export const DisputeStillOpen = problem('dispute-still-open', 409, 'A dispute about this account is open already.', 'Resolve the open dispute first, or leave it as it is.')
export const DisputeAlreadyResolved = problem('dispute-already-resolved', 409, 'The dispute has been resolved before.', 'Open another dispute when there is something new.')

/** How a hold stands at an instant. An end is part of what comes after it. */
export const holdStates = ['active', 'ended', 'released'] as const
export function holdStateAt ({ endsAt, releasedAt }: { endsAt: string | null, releasedAt: string | null }, now: Date): typeof holdStates[number] {
  if (releasedAt !== null) return 'released'
  return endsAt !== null && new Date(endsAt) <= now ? 'ended' : 'active'
}

/** The end of a new hold: what was asked for, or what its kind has. Throws `HoldEndPast`. */
export function endFor (kind: HoldKind, endsAt: string | undefined, timeZone: string, now: Date): Date | null {
  if (endsAt === undefined) return defaultEnd(kind, timeZone, now)
  const end = new Date(endsAt)
  if (end <= now) throw HoldEndPast({ now: now.toISOString() }, { violations: [{ pointer: '/endsAt', message: 'must be after now' }] })
  return end
}

/** When a new hold began: now, or at an earlier instant that was given. Throws `HoldStartFuture`. */
export function startFor (startsAt: string | undefined, now: Date): Date {
  const start = startsAt === undefined ? now : new Date(startsAt)
  if (start > now) throw HoldStartFuture({ now: now.toISOString() }, { violations: [{ pointer: '/startsAt', message: 'must not be after now' }] })
  return start
}

/** Kinds of hold that anybody at work on a debt places: that of a dispute comes with the dispute, and a legal hold from whoever answers for compliance. */
export const placeableHoldKinds = holdKinds.filter(kind => kind !== 'dispute' && kind !== 'legalHold')

/** Why records are kept beyond their term, and why no longer. */
export const legalHoldReasons = ['litigation', 'regulator', 'audit', 'evidence', 'other'] as const
export type LegalHoldReason = typeof legalHoldReasons[number]
export const legalHoldEndings = ['matterEnded', 'placedInError', 'other'] as const
export type LegalHoldEnding = typeof legalHoldEndings[number]

/** How a dispute stands. */
export const disputeStates = ['open', 'upheld', 'partlyUpheld', 'rejected', 'withdrawn'] as const
export const disputeOutcomes = ['upheld', 'partlyUpheld', 'rejected', 'withdrawn'] as const
export const disputeReasons = ['notMine', 'wrongAmount', 'alreadyPaid', 'goodsOrServices', 'fraud', 'other'] as const
