import { Type } from 'typebox'
import { Amount, Currency, Day, IdOf, OneOf } from '#kernel'
import { event } from '#platform'
import { chargeKinds, waiverReasons } from './core.ts'

const which = { chargeId: IdOf('charge'), accountId: IdOf('account'), amount: Amount, currency: Currency }

export const InterestAccrued = event('charge.interestAccrued', 1, 'Interest was added to a debt.', Type.Object({
  ...which, fromOn: Type.Unsafe<string>({ ...Day, description: 'The first day it is charged for.' }), toOn: Type.Unsafe<string>({ ...Day, description: 'The last day it is charged for.' }),
}))
export const LateFeeAssessed = event('charge.lateFeeAssessed', 1, 'A late fee was added to a debt.', Type.Object({ ...which, effectiveOn: Type.Unsafe<string>({ ...Day, description: 'The day it took effect.' }) }))
export const ChargeWaived = event('charge.waived', 1, 'A charge was taken back.', Type.Object({ ...which, kind: OneOf(chargeKinds, 'What was waived.'), reason: OneOf(waiverReasons, 'Why.') }))
