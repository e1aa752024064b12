import { Type } from 'typebox'
import { Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Ratio, SignedAmount, bucketsOf, buckets, closed, formatR, neg, negR, problems, rational, withTotal } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { findAgreement } from '../lenders/index.ts'
import { commissionKinds, explainCommission, explainRecallFee, negated, recoveries } from './core.ts'
import { findCommissionEntry, listCommissionEntries } from './db.ts'
import type { CommissionEntry as Row } from './db.ts'
import { PlanRow, planOfTerms } from './plan.core.ts'
import { api as plans } from './plans.api.ts'
import { findPlan } from './plans.db.ts'

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const Rate = Nullable(Type.Unsafe<string>({ ...Ratio, description: 'The share of the base that is commission, exactly; null where a scale or a fixed sum says more than a rate.' }))
const VatRate = Type.Unsafe<string>({ ...Ratio, description: 'The share of the commission that is VAT, exactly.' })

const CommissionEntry = Type.Object({
  id: IdOf('commissionEntry'), lenderId: IdOf('lender'), accountId: IdOf('account'), paymentId: Nullable(IdOf('payment')),
  placementId: Nullable(Type.Unsafe<Id<'placement'>>({ ...IdOf('placement'), description: 'The placement whose recall earned it.' })), agreementId: IdOf('agreement'),
  kind: OneOf(commissionKinds, '`accrual`: earned on a payment; `clawback`: given back because the payment was reversed, or settles other parts now, all amounts negative; `recallFee`: earned because the lender took the debt back.'),
  number: Type.Integer({ description: 'Counts the accruals of a payment: 1, and one more each time a late fact changed what it settles, or what its month had come to before it. A clawback has the number of its accrual.' }),
  correctionId: Nullable(IdOf('correction')), commissionPlanId: Nullable(IdOf('commissionPlan')), effectiveOn: Day, currency: Currency,
  base: signed('What commission is a share of, in minor units.'), rate: Rate, commission: signed('The commission, in minor units.'), vatRate: VatRate, vat: signed('VAT on it, in minor units.'),
  costsRecovered: signed('How much of the costs that were settled the agency had advanced and has back, in minor units: nothing is earned on it.'),
  recoverFrom: OneOf(recoveries, '`trust`: withheld from money the agency holds for the lender; `invoice`: put on the lender\'s account.'),
  withheld: signed('How much of commission and VAT was withheld; the rest is invoiced.'), journalEntryId: Nullable(IdOf('journalEntry')),
  recoveryEntryId: Nullable(Type.Unsafe<Id<'journalEntry'>>({ ...IdOf('journalEntry'), description: 'The entry that recovered the costs, or gave them back.' })), createdAt: Instant,
}, { title: 'CommissionEntry' })

const show = ({ principal: _p, interest: _i, penalty: _y, costs: _c, situation: _s, row: _r, pastRecovered: _pr, pastCollected: _pc, pastExact: _pe, pastCommission: _pm, exact: _e, planId, ...entry }: Row) =>
  ({ ...entry, commissionPlanId: planId })

const Situated = Type.Object({
  daysPastDue: Type.Integer({ description: 'How old the debt was when it was placed.' }), balanceAtPlacement: Type.Unsafe<number>({ ...SignedAmount, description: 'What it was placed with, in minor units.' }),
  placementNumber: Type.Integer({ description: 'How often it was placed with the agency.' }), daysSincePlacement: Type.Integer({ description: 'Days from placement to payment.' }), receivedBy: OneOf(['agency', 'lender'], 'Whose hands the money came into.'),
}, { description: 'What chose the row of the plan.' })

const Explanation = Type.Object({
  commissionEntryId: IdOf('commissionEntry'), paymentId: Nullable(IdOf('payment')), kind: OneOf(commissionKinds, 'What is explained. A clawback is the mirror of its accrual.'), currency: Currency,
  inputs: Type.Object({
    agreementId: IdOf('agreement'), commissionPlanId: Nullable(Type.Unsafe<Id<'commissionPlan'>>({ ...IdOf('commissionPlan'), description: 'The plan; null: the agreement\'s own terms.' })),
    allocated: Type.Unsafe<ReturnType<typeof withTotal>>({ ...Type.Object(Object.fromEntries([...buckets, 'total'].map(part => [part, signed(`What the payment settled: ${part}, in minor units.`)]))), description: 'What the payment settled, or what was recalled, part by part.' }),
    baseParts: Type.Array(OneOf(buckets, 'A part of the debt.'), { description: 'The parts on which commission is earned.' }), situation: Situated,
    row: Type.Integer({ description: 'The place of the row that was hit, from 0.' }), hit: PlanRow,
    before: Type.Object({ recovered: signed('What earlier payments recovered of those parts.'), commission: signed('What they had earned.') }, { description: 'What earlier payments of the debt, or of the lender\'s month, had come to, where the plan counts on them.' }),
    costsRecovered: signed('How much of the costs that were settled the agency had advanced: nothing is earned on it.'), vatRate: VatRate,
  }, { description: 'Everything the figures follow from.' }),
  steps: Type.Array(Type.Object({
    name: OneOf(['base', 'fee', 'bounds', 'commission', 'vat', 'total'], 'What the step arrives at.'), formula: Type.String({ description: 'The sum, in minor units.' }),
    exact: Type.String({ description: 'What comes out, exactly: a decimal or a fraction.' }), amount: signed('Rounded half up to minor units.'),
  }), { description: 'The sum, step by step.' }),
  commission: signed('The commission as it was booked.'), vat: signed('The VAT as it was booked.'), total: signed('Commission and VAT.'),
}, { title: 'CommissionExplanation' })

export const api: Api = (app, services) => {
  plans(app, services)
  const tags = ['commissions']
  const path = Type.Object({ commissionEntryId: IdOf('commissionEntry') })

  app.get('/v1/commission-entries', {
    config: { scope: 'commissions:read' },
    schema: {
      operationId: 'listCommissionEntries', tags, summary: 'List commission', description: 'Commission earned and given back, in the order it was booked. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, accountId: Type.Optional(IdOf('account')), lenderId: Type.Optional(IdOf('lender')), paymentId: Type.Optional(IdOf('payment')) }, closed),
      response: { 200: Page(CommissionEntry, 'CommissionEntryPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    const page = await listCommissionEntries(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    return { ...page, data: page.data.map(show) }
  }))

  app.get('/v1/commission-entries/:commissionEntryId', {
    config: { scope: 'commissions:read' },
    schema: { operationId: 'getCommissionEntry', tags, summary: 'Read commission', description: 'One entry.', params: path, response: { 200: CommissionEntry, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const entry = await findCommissionEntry(tx, req.params.commissionEntryId)
    if (entry === null) throw NotFound()
    return show(entry)
  }))

  app.get('/v1/commission-entries/:commissionEntryId/explanation', {
    config: { scope: 'commissions:read' },
    schema: {
      operationId: 'explainCommission', tags, summary: 'Why commission is what it is', description: 'Everything the figures follow from, the band of the agreement that was hit, and the sum step by step.',
      params: path, response: { 200: Explanation, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const entry = await findCommissionEntry(tx, req.params.commissionEntryId)
    const agreement = entry === null ? null : await findAgreement(tx, entry.agreementId)
    if (entry === null || agreement === null) throw NotFound()
    const { paymentId, kind, currency, agreementId, planId, vatRate, commission, vat, situation, row } = entry
    const terms = planId === null ? planOfTerms(agreement.terms) : (await findPlan(tx, planId))!.terms
    const past = { recovered: entry.pastRecovered, collected: entry.pastCollected, exact: rational(entry.pastExact), commission: entry.pastCommission }
    const isUndone = kind === 'clawback'
    const explain = kind === 'recallFee' ? explainRecallFee : explainCommission
    const { steps } = explain({ allocated: isUndone ? negated(bucketsOf(entry)) : bucketsOf(entry), costsRecovered: isUndone ? neg(entry.costsRecovered) : entry.costsRecovered, terms, at: situation, past })!
    return {
      commissionEntryId: entry.id, paymentId, kind, currency, commission, vat, total: commission + vat, steps: isUndone ? steps.map(step => ({ ...step, exact: formatR(negR(rational(step.exact))), amount: neg(step.amount) })) : steps,
      inputs: {
        agreementId, commissionPlanId: planId, allocated: withTotal(entry), baseParts: terms.base, situation, row, hit: terms.rows[row]!, before: { recovered: past.recovered, commission: past.commission }, costsRecovered: entry.costsRecovered, vatRate,
      },
    }
  }))
}
