import { problem } from '#kernel'

/** The life of a placement: see domain. Agreements that accept by themselves go straight to `active`. */
export const placementStates = ['offered', 'active', 'declined', 'recalled', 'returned', 'closed'] as const
export type PlacementState = typeof placementStates[number]

/** Why a placement ended. */
export const closeCodes = [
  'paidInFull', 'settledInFull', 'paidToLender', 'partiallyPaidExhausted', 'exhaustedNoPayment', 'untraceable', 'deceased', 'bankrupt', 'incarcerated', 'identityTheft',
  'disputeUpheld', 'timeBarred', 'uneconomical', 'withdrawnByLender', 'sold', 'invalidData', 'duplicate', 'statutoryMoratorium', 'legalRestriction', 'writtenOff',
  'transferredToLegal', 'termEnded', 'agencyConflict', 'other',
] as const
export type CloseCode = typeof closeCodes[number]

export const PlacementStateRefused = problem('placement-state-refused', 409, 'The placement is not in a state in which this can be done.', 'Read the placement: `state` says where it stands.')

const successors: Record<PlacementState, readonly PlacementState[]> = {
  offered: ['active', 'declined'], active: ['recalled', 'returned', 'closed'], closed: ['active'], declined: [], recalled: [], returned: [],
}

/** Refuses a step that the life of a placement does not have. Throws `PlacementStateRefused`. */
export function checkStep (from: PlacementState, to: PlacementState): void {
  if (!successors[from].includes(to)) throw PlacementStateRefused({ state: from })
}
