import { buckets, lesser, noBuckets, problem, sub, totalOf, zero } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Minor } from '#kernel'

export const MoreThanOwed = problem('more-than-owed', 409, 'Less is owed of this part of the debt.', 'Read what was owed on the day: no part of a debt goes below zero. What has been paid must be given back first.')
export const AdjustmentInFuture = problem('adjustment-in-future', 422, 'The day has not begun, neither for the debtor nor for the agency.', 'Record what has happened: give a day up to today.')
export const AdjustmentBeforePlacement = problem('adjustment-before-placement', 422, 'The day is before the placement.', 'What happened before the debt was placed belongs into the balance that was placed.')
export const AdjustmentDuplicate = problem('adjustment-duplicate', 409, 'The lender has another adjustment with this reference.', 'Send the adjustment under a reference of its own, or exactly as it was sent the first time.')
export const AdjustmentAlreadyReversed = problem('adjustment-already-reversed', 409, 'The adjustment has been undone before.', 'An adjustment is undone once; read it to see when.')

/** What changes what is owed and is no payment: costs the agency advances, what the lender forgoes or gives up, a balance that was wrong, a charge taken back. */
export const adjustmentKinds = ['cost', 'discount', 'writeOff', 'balance', 'waiver'] as const
export type AdjustmentKind = typeof adjustmentKinds[number]

/** Why, by kind. */
export const costReasons = ['courtFee', 'service', 'enforcement', 'tracing', 'translation', 'other'] as const
export const discountReasons = ['settlement', 'earlyPayment', 'hardship', 'goodwill', 'other'] as const
export const writeOffReasons = ['uncollectible', 'deceased', 'bankrupt', 'timeBarred', 'uneconomical', 'fraud', 'other'] as const
export const balanceReasons = ['lenderCorrection', 'courtDecision', 'disputeUpheld', 'error', 'other'] as const

/** So much of each part of a debt; a part left out is nothing. */
export type SomeParts = Partial<Record<Bucket, Minor>>

/** All parts of what was said of some. */
export const allParts = (some: SomeParts): Buckets => ({ ...noBuckets, ...some })

/** Refuses to take more of a part than is owed of it. Throws `MoreThanOwed`. */
export function checkOwed (owed: Buckets, taken: Buckets): void {
  for (const part of buckets) if (taken[part] > owed[part]) throw MoreThanOwed({ part, owed: owed[part], asked: taken[part] })
}

/**
 * What of each part is taken: the parts that are named, or one amount in the order in which a payment settles them. Never more than a part owes.
 * Throws `MoreThanOwed`.
 */
export function takenOf (owed: Buckets, { amount, parts }: { amount?: Minor, parts?: SomeParts }, order: readonly Bucket[]): Buckets {
  if (parts !== undefined) {
    const taken = allParts(parts)
    checkOwed(owed, taken)
    return taken
  }
  const taken = { ...noBuckets }
  let left = amount ?? zero
  for (const part of order) {
    taken[part] = lesser(left, owed[part])
    left = sub(left, taken[part])
  }
  if (left > zero) throw MoreThanOwed({ owed: totalOf(owed), asked: amount ?? zero })
  return taken
}

/** Refuses a day before the debt was placed. Throws `AdjustmentBeforePlacement`. */
export function checkPlaced (on: CalendarDay, placedOn: CalendarDay): void {
  if (on < placedOn) throw AdjustmentBeforePlacement({ placedOn })
}

/** What makes two reports the same adjustment. */
export interface AdjustmentFacts { accountId: string, kind: AdjustmentKind, effectiveOn: CalendarDay, reason: string, authorizedBy: string | null, asked: Asked }

/** What was asked for: an amount, parts, or parts raised and lowered. Kept as it was said, so that a repeat is known. */
export interface Asked { amount?: Minor, parts?: SomeParts, raised?: SomeParts, lowered?: SomeParts }

const wordsOf = (asked: Asked): string => JSON.stringify([asked.amount ?? null, ...[asked.parts, asked.raised, asked.lowered].map(some => some === undefined ? null : allParts(some)).map(parts => parts === null ? null : buckets.map(part => parts[part]))])

/** Refuses to take an adjustment for a repeat of one that differs from it. Throws `AdjustmentDuplicate`. */
export function checkAdjustmentRepeat (known: AdjustmentFacts, repeated: AdjustmentFacts): void {
  const isSame = known.accountId === repeated.accountId && known.kind === repeated.kind && known.effectiveOn === repeated.effectiveOn && known.reason === repeated.reason
    && known.authorizedBy === repeated.authorizedBy && wordsOf(known.asked) === wordsOf(repeated.asked)
  if (!isSame) throw AdjustmentDuplicate()
}

/** Why a debt is closed that an adjustment has left with nothing to owe. */
export const closeCodeOf = (kind: AdjustmentKind): 'settledInFull' | 'writtenOff' | 'other' => kind === 'writeOff' ? 'writtenOff' : kind === 'balance' ? 'other' : 'settledInFull'
