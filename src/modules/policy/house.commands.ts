import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { findLender } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { ExemptionEnded, HouseRulesPast, checkExemption, housePack } from './house.core.ts'
import type { ExemptionInput, HouseRulesInput } from './house.core.ts'
import { insertExemption, insertHouseRules, lockExemption, setExemptionEnded } from './house.db.ts'
import type { ExemptionRow, HouseRulesRow } from './house.db.ts'
import { ExemptionGranted, ExemptionRevoked, HouseRulesChanged } from './events.ts'

/**
 * Keeps rules of the agency's, or of a lender's for its own debts, that come on top of the law from a day on: the next edition of their name. They only make the law
 * stricter. Throws `NotFound` (lender), `HouseRulesRefused` and `HouseRulesPast`.
 */
export async function createHouseRules (tx: Tx, { lenderId: asked, ...input }: HouseRulesInput): Promise<HouseRulesRow> {
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  const lenderId = tx.ctx.lenderId ?? asked ?? null
  if (lenderId !== null && await findLender(tx, lenderId) === null) throw NotFound()
  housePack(input, lenderId, 1)
  if (input.effectiveFrom < today) throw HouseRulesPast({ today }, { violations: [{ pointer: '/effectiveFrom', message: 'is before today' }] })
  const rules = await insertHouseRules(tx, lenderId, input)
  emit(tx, HouseRulesChanged, { ...lenderId !== null && { lenderId } }, { houseRulesId: rules.id, lenderId, code: rules.code, edition: rules.edition, effectiveFrom: input.effectiveFrom })
  return rules
}

/** Sets a rule of the law that yields aside until a day: a recorded decision of somebody who answers for it. Throws `NotFound` (lender), `RuleUnknown`, `RuleMandatory` and `ExemptionPeriodRefused`. */
export async function grantExemption (tx: Tx, input: ExemptionInput): Promise<ExemptionRow> {
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  if (input.lenderId !== undefined && await findLender(tx, input.lenderId) === null) throw NotFound()
  const exemption = await insertExemption(tx, input, checkExemption(input, today), today)
  emit(tx, ExemptionGranted, {}, { policyExemptionId: exemption.id, packId: exemption.packId, ruleId: exemption.ruleId, lenderId: exemption.lenderId, reason: exemption.reason, expiresOn: exemption.expiresOn })
  return exemption
}

/** Takes an exemption back: the rule holds again at once. Throws `NotFound` and `ExemptionEnded`. */
export async function endExemption (tx: Tx, id: Id<'policyExemption'>): Promise<ExemptionRow> {
  const { endedAt, expiresOn } = await lockExemption(tx, id)
  if (endedAt !== null || expiresOn < dayIn((await findTenant(tx)).timeZone, tx.ctx.now)) throw ExemptionEnded()
  const ended = await setExemptionEnded(tx, id)
  emit(tx, ExemptionRevoked, {}, { policyExemptionId: id, packId: ended.packId, ruleId: ended.ruleId, lenderId: ended.lenderId })
  return ended
}
