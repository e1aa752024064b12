import { Type } from 'typebox'
import { Currency, Day, IdOf, Instant, Page, PageQuery, SignedAmount, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { CommissionPlanRefused, PlanInput, PlanTerms, SimulationTooLarge } from './plan.core.ts'
import { createCommissionPlan, differenceOf, simulatePlan } from './plans.commands.ts'
import { findPlan, listPlans } from './plans.db.ts'

const Plan = Type.Object({
  id: IdOf('commissionPlan'), lenderId: IdOf('lender'), currency: Currency, version: Type.Integer({ description: 'Version within the lender and currency.' }),
  validFrom: Type.Unsafe<string>({ ...Day, description: 'The first day of placement it holds for.' }), terms: PlanTerms, createdAt: Instant,
}, { title: 'CommissionPlan' })

const SimulationInput = Type.Object({
  from: Type.Unsafe<string>({ ...Day, description: 'The first day of the period, by which payments were received.' }), to: Type.Unsafe<string>({ ...Day, description: 'The last day of the period.' }),
}, { title: 'CommissionSimulationInput', ...closed, examples: [{ from: '2026-01-01', to: '2026-03-31' }] })

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const Sums = (description: string) => Type.Object({ commission: signed('Commission, in minor units.'), vat: signed('VAT on it, in minor units.') }, { description })

const Simulation = Type.Object({
  commissionPlanId: IdOf('commissionPlan'), currency: Currency, from: Day, to: Day, payments: Type.Integer({ description: 'Payments of the period that earn.' }), recovered: signed('What they recovered of the plan\'s base.'),
  earned: Sums('What was earned.'), simulated: Sums('What the plan would have earned.'), difference: Sums('What the plan would have earned more.'),
  rows: Type.Array(Type.Object({
    row: Type.Integer({ description: 'The place of the row in the plan, from 0.' }), payments: Type.Integer({ description: 'Payments it matches.' }), recovered: signed('What they recovered.'), commission: signed('What they would have earned.'),
  }), { description: 'The same by row.' }),
}, { title: 'CommissionSimulation' })

export const api: Api = app => {
  const tags = ['commissions']
  const lenderPath = Type.Object({ lenderId: IdOf('lender') })
  const path = Type.Object({ commissionPlanId: IdOf('commissionPlan') })

  app.post('/v1/lenders/:lenderId/commission-plans', {
    config: { scope: 'lenders:write' },
    schema: {
      operationId: 'createCommissionPlan', tags, summary: 'Agree a commission plan', description: 'Adds the next version of what the agency earns of a lender\'s debts in a currency. It holds for debts placed from its day on; those placed before keep theirs. Rows are refused when they have a gap, or when one is never reached.',
      params: lenderPath, body: PlanInput, response: { 201: Plan, ...problems(NotFound, CommissionPlanRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createCommissionPlan(tx, req.params.lenderId, req.body))))

  app.get('/v1/commission-plans', {
    config: { scope: 'commissions:read' },
    schema: {
      operationId: 'listCommissionPlans', tags, summary: 'List commission plans', description: 'Every version of every plan, by id. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')) }, closed), response: { 200: Page(Plan, 'CommissionPlanPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    return await listPlans(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
  }))

  app.get('/v1/commission-plans/:commissionPlanId', {
    config: { scope: 'commissions:read' },
    schema: { operationId: 'getCommissionPlan', tags, summary: 'Read a commission plan', description: 'One version of a plan.', params: path, response: { 200: Plan, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const plan = await findPlan(tx, req.params.commissionPlanId)
    if (plan === null) throw NotFound()
    return plan
  }))

  app.post('/v1/commission-plans/:commissionPlanId/simulations', {
    config: { scope: 'commissions:read' },
    schema: {
      operationId: 'simulateCommissionPlan', tags, summary: 'Try a commission plan', description: 'Replays the lender\'s payments of a period under a plan, and shows what it would have earned beside what was earned. Nothing is booked.',
      params: path, body: SimulationInput, response: { 200: Simulation, ...problems(NotFound, SimulationTooLarge) },
    },
  }, async req => {
    const simulated = await req.rehearse(async tx => ({ simulation: await simulatePlan(tx, req.params.commissionPlanId, req.body), plan: (await findPlan(tx, req.params.commissionPlanId))! }))
    const { simulation, plan } = simulated
    return { commissionPlanId: plan.id, currency: plan.currency, ...req.body, ...simulation, difference: differenceOf(simulation) }
  })
}
