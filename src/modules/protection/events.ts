import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { disputeOutcomes, disputeReasons, holdKinds } from './core.ts'

const hold = { holdId: IdOf('hold'), accountId: IdOf('account'), kind: OneOf(holdKinds, 'Why work stands still.') }
const dispute = { disputeId: IdOf('dispute'), accountId: IdOf('account'), holdId: IdOf('hold') }

export const HoldPlaced = event('hold.placed', 1, 'Work on a debt stands still, in part or whole.', Type.Object({ ...hold, startsAt: Instant, endsAt: Nullable(Instant) }))
export const HoldReleased = event('hold.released', 1, 'A hold on a debt is over. Others may still be active.', Type.Object({
  ...hold, reason: OneOf(['released', 'ended', 'resolved'], '`released` by somebody, `ended` by time, `resolved` with its dispute.'),
}))
export const DisputeOpened = event('dispute.opened', 1, 'A debt is contested. Contact stops until it is resolved.', Type.Object({ ...dispute, reason: OneOf(disputeReasons, 'What is contested.') }))
export const DisputeResolved = event('dispute.resolved', 1, 'A dispute came to its end, and its hold with it.', Type.Object({ ...dispute, outcome: OneOf(disputeOutcomes, 'How it ended.') }))
