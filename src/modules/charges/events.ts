import { Type } from 'typebox'
import { Amount, Currency, Day, IdOf, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { chargeKinds, waiverReasons } from './core.ts'
import { limitedKinds } from './limits.core.ts'

const which = { chargeId: IdOf('charge'), accountId: IdOf('account'), amount: Amount, currency: Currency }

export const InterestAccrued = event('charge.interestAccrued', 1, 'Interest was added to a debt.', Type.Object({
  ...which, fromOn: Type.Unsafe<string>({ ...Day, description: 'The first day it is charged for.' }), toOn: Type.Unsafe<string>({ ...Day, description: 'The last day it is charged for.' }),
}))
export const LateFeeAssessed = event('charge.lateFeeAssessed', 1, 'A late fee was added to a debt.', Type.Object({ ...which, effectiveOn: Type.Unsafe<string>({ ...Day, description: 'The day it took effect.' }) }))
export const ChargeRefused = event('charge.refused', 1, 'The law does not allow what was agreed: a debt is charged the maximum at most, or nothing.', Type.Object({
  accountId: IdOf('account'), kind: OneOf(limitedKinds, 'What is limited.'), from: Type.Unsafe<string>({ ...Day, description: 'The first day it is.' }),
  maximum: Nullable(Type.String({ description: 'The most that is charged: interest in per cent a year, a fee in minor units; `0`: nothing.' })),
  rules: Type.Array(Type.String(), { description: 'The rules that stand in the way; the decision says what they say.' }), policyDecisionId: IdOf('policyDecision'),
}))
export const ChargeWaived = event('charge.waived', 1, 'A charge was taken back.', Type.Object({ ...which, kind: OneOf(chargeKinds, 'What was waived.'), reason: OneOf(waiverReasons, 'Why.') }))
