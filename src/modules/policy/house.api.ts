import { Type } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { createHouseRules, endExemption, grantExemption } from './house.commands.ts'
import { ExemptionEnded, ExemptionInput, ExemptionPeriodRefused, HouseRulesInput, HouseRulesPast, HouseRulesRefused, RuleMandatory, RuleUnknown, exemptionReasons } from './house.core.ts'
import { findExemption, findHouseRules, listExemptions, listHouseRules } from './house.db.ts'
import type { HouseRulesRow } from './house.db.ts'
import { strengths } from './pack.core.ts'

const { code, title, lenderId: _, ...rest } = HouseRulesInput.properties

const HouseRules = Type.Object({
  id: IdOf('houseRules'), code, edition: Type.Integer({ description: 'Its edition: the newest in force holds.' }), title, lenderId: Nullable(IdOf('lender')), ...rest, effectiveTo: Nullable(rest.effectiveTo), createdAt: Instant,
}, { title: 'HouseRules' })

const Exemption = Type.Object({
  id: IdOf('policyExemption'), packId: ExemptionInput.properties.packId, ruleId: ExemptionInput.properties.ruleId, strength: OneOf(strengths, 'How far the rule binds.'), clause: Type.String({ description: 'Where the law says it.' }),
  lenderId: Nullable(IdOf('lender')), reason: OneOf(exemptionReasons, 'Why.'), explanation: ExemptionInput.properties.explanation, fromOn: Type.Unsafe<string>({ ...Day, description: 'The first day on which the rule is set aside.' }),
  expiresOn: ExemptionInput.properties.expiresOn, grantedById: Nullable(Type.String({ description: 'Who decided it: a member of staff, or the key of a service.' })), createdAt: Instant, endedAt: Nullable(Instant),
}, { title: 'PolicyExemption' })

const showRules = ({ input, ...row }: HouseRulesRow) => ({ ...input, ...row, effectiveTo: input.effectiveTo ?? null })

/** Rules that come on top of the law, and rules of the law that are set aside. */
export const houseRoutes: Api = app => {
  const tags = ['policy']

  app.post('/v1/house-rules', {
    config: { scope: 'policy:write' },
    schema: {
      operationId: 'createHouseRules', tags, summary: 'Set rules of your own',
      description: 'Keeps rules that come on top of the law from a day on: of the agency\'s, for all debts or one lender\'s, or of a lender\'s key for its own. They are asked with the law at every contact and charge, and only ever make it stricter. A set of a name that exists is its next edition: an edition is never changed, and decisions name the one they rest on.',
      body: HouseRulesInput, response: { 201: HouseRules, ...problems(NotFound, HouseRulesRefused, HouseRulesPast) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showRules(await createHouseRules(tx, req.body)))))

  app.get('/v1/house-rules', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'listHouseRules', tags, summary: 'List rules of your own', description: 'Every edition of every set, in the order they were made. A lender\'s key sees its own and those that are for every lender.',
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(HouseRules, 'HouseRulesPage') },
    },
  }, async req => await req.tx(async tx => {
    const { data, nextCursor } = await listHouseRules(tx, keyset(req.query))
    return { data: data.map(showRules), nextCursor }
  }))

  app.get('/v1/house-rules/:houseRulesId', {
    config: { scope: 'policy:read' },
    schema: { operationId: 'getHouseRules', tags, summary: 'Read rules of your own', description: 'One edition of a set.', params: Type.Object({ houseRulesId: IdOf('houseRules') }), response: { 200: HouseRules, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const rules = await findHouseRules(tx, req.params.houseRulesId)
    if (rules === null) throw NotFound()
    return showRules(rules)
  }))

  app.post('/v1/policy-exemptions', {
    config: { scope: 'exemptions:write' },
    schema: {
      operationId: 'grantExemption', tags, summary: 'Set a rule aside',
      description: 'Sets a rule of a pack aside until a day, for all debts or one lender\'s: a decision of whoever answers for compliance, kept with its reason. Only rules that are voluntary, advisory or a presumption yield; mandatory law never does. Decisions made meanwhile name the rule that was set aside.',
      body: ExemptionInput, response: { 201: Exemption, ...problems(NotFound, RuleUnknown, RuleMandatory, ExemptionPeriodRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await grantExemption(tx, req.body))))

  app.get('/v1/policy-exemptions', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'listExemptions', tags, summary: 'List rules set aside', description: 'Every decision to set a rule aside, in the order they were made, ended ones included.',
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(Exemption, 'PolicyExemptionPage') },
    },
  }, async req => await req.tx(async tx => await listExemptions(tx, keyset(req.query))))

  const path = Type.Object({ policyExemptionId: IdOf('policyExemption') })

  app.get('/v1/policy-exemptions/:policyExemptionId', {
    config: { scope: 'policy:read' },
    schema: { operationId: 'getExemption', tags, summary: 'Read a rule set aside', description: 'One decision to set a rule aside.', params: path, response: { 200: Exemption, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const exemption = await findExemption(tx, req.params.policyExemptionId)
    if (exemption === null) throw NotFound()
    return exemption
  }))

  app.post('/v1/policy-exemptions/:policyExemptionId/end', {
    config: { scope: 'exemptions:write' },
    schema: { operationId: 'endExemption', tags, summary: 'Take an exemption back', description: 'Ends an exemption before its day: the rule holds again at once.', params: path, response: { 200: Exemption, ...problems(NotFound, ExemptionEnded) } },
  }, async req => await req.tx(async tx => await endExemption(tx, req.params.policyExemptionId)))
}
