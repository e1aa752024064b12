/** Reasons for which work on a debt stands still, in part or whole. Several may be active at once; their effects add up. */
export const holdKinds = ['dispute', 'breathingSpace', 'hardshipReview', 'bankruptcy', 'deceased', 'ceaseContact', 'represented', 'complaint', 'identityTheft', 'lenderRequest', 'disaster', 'bereavement'] as const
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
}

/** What a hold of a kind stops. A dispute stops contact everywhere: the strictest of the packs' answers (12 CFR 1006.38, CONC 7.14.1R). */
export const effectsOf = (kind: HoldKind): HoldEffects => effects[kind]

/** How a dispute stands. */
export const disputeStates = ['open', 'upheld', 'partlyUpheld', 'rejected', 'withdrawn'] as const
export const disputeOutcomes = ['upheld', 'partlyUpheld', 'rejected', 'withdrawn'] as const
export const disputeReasons = ['notMine', 'wrongAmount', 'alreadyPaid', 'goodsOrServices', 'fraud', 'other'] as const
