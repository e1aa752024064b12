import { Type } from 'typebox'
import type { Static } from 'typebox'
import { CountryCode, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, cutPage, dayIn, isTimeZone, problems } from '#kernel'
import { InvalidRequest, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { decide } from './core.ts'
import { findDecision } from './db.ts'
import { Action, Facts } from './facts.core.ts'
import { PackNotInForce, library, nameOf, packsNamed, selectPacks } from './library.core.ts'
import { evidences, packHead, strengths } from './pack.core.ts'
import type { Pack } from './pack.core.ts'
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

/** What a caller asks: of which law, about which contact, knowing what. */
export const PolicyQuestion = Type.Object({
  kind: OneOf(['contact'], 'What is asked about.'),
  packs: Type.Optional(Type.Array(packHead.id, { minItems: 1, maxItems: 20, uniqueItems: true, description: 'The packs to ask, by id. Give these or `selection`.' })),
  selection: Type.Optional(Selection),
  facts: Facts, action: Action,
}, {
  title: 'PolicyQuestion', ...closed, examples: [{
    kind: 'contact', selection: { jurisdiction: 'US', region: 'MA', product: 'consumerLoan', collectorRole: 'agency' },
    facts: {
      timeZones: ['America/New_York'], borrowerType: 'consumer',
      history: [{ at: '2026-04-08T14:00:00Z', channel: 'call', direction: 'out', outcome: 'conversation', person: 'P1', number: 'N1', debts: ['D1'], collector: 'A' }],
    },
    action: { at: '2026-04-09T14:00:00Z', channel: 'call', debts: ['D1'], party: 'borrower', person: 'P1', number: 'N1', collector: 'A', disclosures: ['fromDebtCollector'] },
  }],
})
type PolicyQuestion = Static<typeof PolicyQuestion>

const { applies, ...summary } = packHead
const PackSummary = Type.Object({ ...summary, rules: Type.Integer({ description: 'How many rules it has.' }) }, { title: 'PolicyPackSummary' })

const PolicyRule = Type.Object({
  id: Type.String({ description: 'The rule.' }), kind: Type.String({ description: 'Its kind, which says what parameters it has.' }), clause: Type.String({ description: 'Where the law says so.' }),
  says: Type.String({ description: 'What it says.' }), strength: OneOf(strengths, 'How far it binds.'), evidence: OneOf(evidences, 'How well its text was read.'), source: Type.String({ description: 'Where the text was read.' }),
}, { title: 'PolicyRule', additionalProperties: true, description: 'A rule: what every rule has, and the parameters of its kind.' })

const PolicyPack = Type.Object({ ...packHead, rules: Type.Array(PolicyRule, { description: 'Its rules.' }) }, { title: 'PolicyPack' })

const PolicyDecision = Type.Object({
  id: PolicyDecisionId, accountId: Nullable(IdOf('account')), partyId: Nullable(IdOf('party')), facts: Facts, action: Action, verdict: Verdict,
  packVersions: Verdict.properties.packVersions, decidedAt: Instant,
}, { title: 'PolicyDecision', description: 'A decision as it was made: the same facts and packs give the same verdict at any time.' })

/** Instants asked about lie within the years that time zones are known for. */
const yearMin = 1970
const yearMax = 2199

const refuse = (pointer: string, message: string): never => { throw InvalidRequest({}, { violations: [{ pointer, message }] }) }

/** The packs that a question names, or that its case selects, on the borrower's local day. */
function packsFor ({ packs, selection, facts, action }: PolicyQuestion): readonly Pack[] {
  const at = new Date(action.at)
  const year = at.getUTCFullYear()
  if (!(year >= yearMin && year <= yearMax)) refuse('/action/at', `must be an instant of the years ${yearMin} to ${yearMax}`)
  const zone = facts.timeZones?.[0]
  const on = dayIn(zone !== undefined && isTimeZone(zone) ? zone : 'UTC', at)
  if (packs !== undefined && selection === undefined) return packsNamed(packs, on)
  if (selection === undefined || packs !== undefined) return refuse('/selection', 'give either `packs` or `selection`')
  return selectPacks({ ...selection, borrowerType: facts.borrowerType, on })
}

const summarise = ({ applies: _applies, rules, ...pack }: Pack) => ({ ...pack, rules: rules.length })

export const api: Api = app => {
  const tags = ['policy']

  app.post('/v1/policy-decisions', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'decidePolicy', tags, summary: 'Ask what the law allows',
      description: 'Facts in, verdict out: a contact that needs no account and leaves no trace. Answers whether it is allowed now, from when, or why not, with every rule and clause that stands in the way.',
      body: PolicyQuestion, response: { 200: Verdict, ...problems(PackNotInForce) },
    },
  }, async req => decide(packsFor(req.body), req.body.facts, req.body.action))

  app.get('/v1/policy-decisions/:policyDecisionId', {
    config: { scope: 'policy:read' },
    schema: {
      operationId: 'getPolicyDecision', tags, summary: 'Read a decision', description: 'A decision made for a contact of the agency, with the facts and packs it rests on.',
      params: Type.Object({ policyDecisionId: PolicyDecisionId }), response: { 200: PolicyDecision, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => await findDecision(tx, req.params.policyDecisionId)))

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
