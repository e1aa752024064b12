import { Type } from 'typebox'
import { Day, IdOf, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { exemptionReasons } from './house.core.ts'

const exemption = {
  policyExemptionId: IdOf('policyExemption'), packId: Type.String({ description: 'The pack.' }), ruleId: Type.String({ description: 'The rule of it.' }), lenderId: Nullable(IdOf('lender')),
}

export const HouseRulesChanged = event('houseRules.changed', 1, 'Rules that come on top of the law were set.', Type.Object({
  houseRulesId: IdOf('houseRules'), lenderId: Nullable(IdOf('lender')), code: Type.String({ description: 'The name of the set.' }), edition: Type.Integer({ description: 'Its edition.' }), effectiveFrom: Day,
}))
export const ExemptionGranted = event('policyExemption.granted', 1, 'A rule of the law that yields was set aside until a day.', Type.Object({ ...exemption, reason: OneOf(exemptionReasons, 'Why.'), expiresOn: Day }))
export const ExemptionRevoked = event('policyExemption.revoked', 1, 'A rule that had been set aside holds again.', Type.Object(exemption))
