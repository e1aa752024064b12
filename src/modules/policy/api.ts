import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import { CountryCode, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, cutPage, dayIn, isTimeZone, problems } from '#kernel'
import type { CalendarDay } from '#kernel'
import { InvalidRequest, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { AllocationVerdict } from './allocation.core.ts'
import { AllocationFacts, PaymentAsked } from './allocation.facts.core.ts'
import { ChargeVerdict } from './charges.core.ts'
import { Charge, ChargeFacts } from './charges.facts.core.ts'
import { findDecision } from './db.ts'
import { houseRoutes } from './house.api.ts'
import { listOwnPacks } from './house.db.ts'
import { Action, Facts } from './facts.core.ts'
import { PackNotInForce, library, nameOf, packsNamed, selectPacks } from './library.core.ts'
import { LimitationVerdict } from './limitation.core.ts'
import { LimitationFacts, PeriodAsked } from './limitation.facts.core.ts'
import { evidences, packHead, strengths } from './pack.core.ts'
import type { Pack } from './pack.core.ts'
import { answer, recompute } from './questions.core.ts'
import type { Question, QuestionKind, StoredDecision } from './questions.core.ts'
import { RetentionVerdict } from './retention.core.ts'
import { DataAct, RetentionFacts } from './retention.facts.core.ts'
import { Verdict } from './verdict.core.ts'

/** The id of a decision kept. */
export const PolicyDecisionId = IdOf('policyDecision')

const Word = (description: string, example: string) => Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,79}$', description, examples: [example] })

const Selection = Type.Object({
  jurisdiction: CountryCode,
  region: Type.Optional(Type.String({ pattern: '^[A-Z0-9]{1,3}$', description: 'The region, ISO 3166-2 without the country.', examples: ['MA'] })),
  product: Type.Optional(Word('The product.', 'creditCard')),
  lenderType: Type.Optional(Word('The kind of lender.', 'bank')),
  collectorRole: Type.Optional(OneOf(['agency', 'lender', 'servicer'], 'The role of whoever collects.')),
}, { ...closed, description: 'The case the law is chosen for: the borrower\'s place and what is known of the debt. What is left out keeps every pack that might apply.' })

const asked = {
  packs: Type.Optional(Type.Array(packHead.id, { minItems: 1, maxItems: 20, uniqueItems: true, description: 'The packs to ask, by id. Give these or `selection`.' })),
  selection: Type.Optional(Selection),
}
/** A kind of question: how it is asked, and how a decision on it is shown. */
function kindOf (kind: QuestionKind, title: string, says: string, { facts, action, verdict }: { facts: TSchema, action: TSchema, verdict: TSchema }) {
  const about = { kind: Type.Literal(kind, { description: says }) }
  const question = Type.Object({ ...about, ...asked, facts, action }, { title: `${title}Question`, ...closed })
  return { question, decision: Type.Object({ ...decided, ...about, facts, action, verdict }, { title: `${title}Decision` }), verdict }
}
const decided = { id: PolicyDecisionId, accountId: Nullable(IdOf('account')), partyId: Nullable(IdOf('party')), packVersions: Verdict.properties.packVersions, decidedAt: Instant }

const kinds = [
  kindOf('contact', 'Contact', 'A contact.', { facts: Facts, action: Action, verdict: Verdict }),
  kindOf('charge', 'Charge', 'A charge, or a plan of instalments.', { facts: ChargeFacts, action: Charge, verdict: ChargeVerdict }),
  kindOf('allocation', 'Allocation', 'In which order a payment settles what is owed.', { facts: AllocationFacts, action: PaymentAsked, verdict: AllocationVerdict }),
  kindOf('limitation', 'Limitation', 'Until when a claim can be brought to court, or a debt disputed.', { facts: LimitationFacts, action: PeriodAsked, verdict: LimitationVerdict }),
  kindOf('retention', 'Retention', 'Whether a record may be deleted, or personal data kept or entrusted further.', { facts: RetentionFacts, action: DataAct, verdict: RetentionVerdict }),
]

/** What a caller asks: of which law, about what, knowing what. */
const PolicyQuestionSchema = Type.Union(kinds.map(({ question }) => question), {
  title: 'PolicyQuestion', description: 'A question to the law; `kind` says what about.', examples: [{
    kind: 'contact', selection: { jurisdiction: 'US', region: 'MA', product: 'consumerLoan', collectorRole: 'agency' },
    facts: {
      timeZones: ['America/New_York'], borrowerType: 'consumer',
      history: [{ at: '2026-04-08T14:00:00Z', channel: 'call', direction: 'out', outcome: 'conversation', person: 'P1', number: 'N1', debts: ['D1'], collector: 'A' }],
    },
    action: { at: '2026-04-09T14:00:00Z', channel: 'call', debts: ['D1'], party: 'borrower', person: 'P1', number: 'N1', collector: 'A', disclosures: ['fromDebtCollector'] },
  }, {
    kind: 'charge', selection: { jurisdiction: 'CN', lenderType: 'privateLender' }, facts: { borrowerType: 'consumer', rates: { lpr1yAtContract: '3.1' }, isTermRateAgreed: true, isOverdueRateAgreed: true },
    action: { act: 'chargeRate', on: '2026-04-09', rates: { overdueInterest: '8', penalty: '3', fees: '1.4' } },
  }, {
    kind: 'allocation', selection: { jurisdiction: 'DE', product: 'consumerLoan' }, facts: { balance: { costs: 40_00, interest: 30_00, principal: 500_00 } }, action: { on: '2026-04-09', payment: 100_00, currency: 'EUR' },
  }, {
    kind: 'limitation', packs: ['CN.CIVIL'], facts: { dueOn: '2022-06-30', events: [{ type: 'demandReached', on: '2024-05-10' }] }, action: { act: 'fileClaim', on: '2026-04-09' },
  }, {
    kind: 'retention', packs: ['US.FDCPA'], facts: { recordedOn: '2026-02-10' }, action: { act: 'delete', record: 'callRecording', on: '2029-01-15' },
  }],
})
type PolicyQuestion = Question & { packs?: string[], selection?: Static<typeof Selection> }

const { applies, ...summary } = packHead
const PackSummary = Type.Object({ ...summary, rules: Type.Integer({ description: 'How many rules it has.' }) }, { title: 'PolicyPackSummary' })

const PolicyRule = Type.Object({
  id: Type.String({ description: 'The rule.' }), kind: Type.String({ description: 'Its kind, which says what parameters it has.' }), clause: Type.String({ description: 'Where the law says so.' }),
  says: Type.String({ description: 'What it says.' }), strength: OneOf(strengths, 'How far it binds.'), evidence: OneOf(evidences, 'How well its text was read.'), source: Type.String({ description: 'Where the text was read.' }),
}, { title: 'PolicyRule', additionalProperties: true, description: 'A rule: what every rule has, and the parameters of its kind.' })

const PolicyPack = Type.Object({ ...packHead, rules: Type.Array(PolicyRule, { description: 'Its rules.' }) }, { title: 'PolicyPack' })

const PolicyDecision = Type.Union(kinds.map(({ decision }) => decision), { title: 'PolicyDecision', description: 'A decision as it was made: the same facts and packs give the same verdict at any time.' })
const PolicyAnswer = Type.Union(kinds.map(({ verdict }) => verdict), { title: 'PolicyAnswer', description: 'What the law says, as its kind of question is answered.' })

const Recomputation = Type.Object({ isSame: Type.Boolean({ description: 'Whether it is the answer that was kept, to the byte.' }), verdict: PolicyAnswer }, { title: 'PolicyRecomputation' })

/** Instants asked about lie within the years that time zones are known for. */
const yearMin = 1970
const yearMax = 2199

const refuse = (pointer: string, message: string): never => { throw InvalidRequest({}, { violations: [{ pointer, message }] }) }

/** The local day a question is about. */
function dayOf (question: Question): CalendarDay {
  if (question.kind !== 'contact') return question.action.on
  const zone = question.facts.timeZones?.[0]
  return dayIn(zone !== undefined && isTimeZone(zone) ? zone : 'UTC', new Date(question.action.at))
}

/** A question as it is asked of the packs: what the selection says of the case is known to the rules as well. */
function questionOf ({ packs: _packs, selection, ...question }: PolicyQuestion): Question {
  if (question.kind === 'contact') return question
  const { product, lenderType } = selection ?? {}
  // A named boundary: the facts of a kind stay those of the kind.
  return { ...question, facts: { ...product !== undefined && { product }, ...lenderType !== undefined && { lenderType }, ...question.facts } } as Question
}

/** The packs that a question names, or that its case selects, on the borrower's local day. */
function packsFor ({ packs, selection }: PolicyQuestion, question: Question): readonly Pack[] {
  const { kind, facts, action } = question
  const year = kind === 'contact' ? new Date(action.at).getUTCFullYear() : yearMin
  if (!(year >= yearMin && year <= yearMax)) refuse('/action/at', `must be an instant of the years ${yearMin} to ${yearMax}`)
  const on = dayOf(question)
  if (packs !== undefined && selection === undefined) return packsNamed(packs, on)
  if (selection === undefined || packs !== undefined) return refuse('/selection', 'give either `packs` or `selection`')
  return selectPacks({ ...selection, ...kind !== 'contact' && { product: facts.product, lenderType: facts.lenderType }, borrowerType: facts.borrowerType, on })
}

/** Answers as they are: the same bytes as are kept. */
const send = (reply: FastifyReply, value: unknown) => reply.type('application/json; charset=utf-8').serializer(JSON.stringify).send(value)

const summarise = ({ applies: _applies, rules, ...pack }: Pack) => ({ ...pack, rules: rules.length })

export const api: Api = (app, services) => {
  const tags = ['policy']
  houseRoutes(app, services)

  app.post('/v1/policy-decisions', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'decidePolicy', tags, summary: 'Ask what the law allows',
      description: 'Facts in, verdict out: a question that needs no account and leaves no trace. Of a contact it answers whether it is allowed now, from when, or why not; of a charge, whether and how much at most; of a payment, what it settles in which order; of a claim, until when it can be brought; of a record, from when it may be deleted; with every rule and clause that stands in the way.',
      body: PolicyQuestionSchema, response: { 200: PolicyAnswer, ...problems(PackNotInForce) },
    },
  }, async (req, reply) => {
    // The schema is what makes the type: its members are the kinds of question.
    const asked = req.body as PolicyQuestion
    const question = questionOf(asked)
    return await send(reply, answer(packsFor(asked, question), question))
  })

  app.get('/v1/policy-decisions/:policyDecisionId', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'getPolicyDecision', tags, summary: 'Read a decision', description: 'A decision that was made and kept, with the facts and packs it rests on.',
      params: Type.Object({ policyDecisionId: PolicyDecisionId }), response: { 200: PolicyDecision, ...problems(NotFound) },
    },
  }, async (req, reply) => await send(reply, await req.tx(async tx => await findDecision(tx, req.params.policyDecisionId))))

  app.get('/v1/policy-decisions/:policyDecisionId/recomputation', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'recomputePolicyDecision', tags, summary: 'Decide a decision again', description: 'Makes a kept decision anew, from the facts it was made of and the packs of that time, and says whether the answer is the same to the byte.',
      params: Type.Object({ policyDecisionId: PolicyDecisionId }), response: { 200: Recomputation, ...problems(NotFound) },
    },
  }, async (req, reply) => await send(reply, await req.tx(async tx => {
    const kept = await findDecision(tx, req.params.policyDecisionId)
    // A kept decision is a question of its kind with the packs it was put to.
    const verdict = recompute(kept as unknown as StoredDecision, await listOwnPacks(tx))
    return { isSame: JSON.stringify(verdict) === JSON.stringify(kept.verdict), verdict }
  })))

  app.get('/v1/policy-packs', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'listPolicyPacks', tags, summary: 'List policy packs', description: 'Every version of every pack, by id and version.',
      querystring: Type.Object({ ...PageQuery, jurisdiction: Type.Optional(packHead.jurisdiction) }, closed), response: { 200: Page(PackSummary, 'PolicyPackPage') },
    },
  }, async ({ query }) => {
    const { limit, after } = keyset(query)
    const packs = library.filter(pack => (query.jurisdiction === undefined || pack.jurisdiction === query.jurisdiction) && (after === null || nameOf(pack) > after))
    const page = cutPage(packs, limit, nameOf)
    return { ...page, data: page.data.map(summarise) }
  })

  app.get('/v1/policy-packs/:policyPackId', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'getPolicyPack', tags, summary: 'Read a policy pack', description: 'A pack with all its rules: the newest version, or the one asked for.',
      params: Type.Object({ policyPackId: packHead.id }), querystring: Type.Object({ version: Type.Optional(packHead.version) }, closed), response: { 200: PolicyPack, ...problems(NotFound) },
    },
  }, async ({ params, query }) => {
    const pack = library.findLast(({ id, version }) => id === params.policyPackId && (query.version === undefined || version === query.version))
    if (pack === undefined) throw NotFound()
    return { ...pack, rules: [...pack.rules] }
  })
}
