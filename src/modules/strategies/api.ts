import { Type } from 'typebox'
import type { Static } from 'typebox'
import { IdOf, Instant, Nullable, Page, PageQuery, Text, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { activateStrategy, addStrategyVersion, createStrategy, enrolAccount, rankStrategy, retireStrategy } from './commands.ts'
import {
  AccountNotAtWork, StrategiesTooMany, StrategyCriteria, StrategyExists, StrategyNotActive, StrategyRefused, StrategyStep, StrategyTextMissing, StrategyVersionUnknown, ourSteps, stepsMax,
} from './core.ts'
import { findStrategy, listEnrolments, listStrategies, listVersions } from './db.ts'
import type { EnrolmentRow, StrategyRow, VersionRow } from './db.ts'

const name = Text(100, 'What the strategy is called; no two are called the same.', ['Cards, gentle'])
const rank = Type.Integer({ minimum: -1_000, maximum: 1_000, description: 'Of the strategies that are for a debt it follows the one of the highest rank, and of several the oldest.', examples: [10] })
const versionNumber = Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'A version, by its number.', examples: [1] })
const plan = {
  steps: Type.Array(StrategyStep, { minItems: 1, maxItems: stepsMax, description: 'What is done, and when. Two steps by one channel on one day are refused.' }),
  appliesTo: Type.Optional(StrategyCriteria),
}
const steps = [{ daysPastDue: 3, channel: 'sms' }, { daysPastDue: 10, channel: 'email' }, { daysPastDue: 14, channel: 'call' }, { daysPastDue: 30, channel: 'letter' }]

const PlanInput = Type.Object(plan, { title: 'StrategyVersionInput', ...closed, examples: [{ steps }] })
export type PlanInput = Static<typeof PlanInput>
const StrategyInput = Type.Object({ name, rank: Type.Optional(rank), ...plan }, { title: 'StrategyInput', ...closed, examples: [{ name: 'Cards, gentle', rank: 10, appliesTo: { products: ['card'] }, steps }] })
export type StrategyInput = Static<typeof StrategyInput>
const RankInput = Type.Object({ rank }, { title: 'StrategyRankInput', ...closed, examples: [{ rank: 10 }] })
const ActivationInput = Type.Object({ version: versionNumber }, { title: 'StrategyActivationInput', ...closed, examples: [{ version: 1 }] })
const EnrolmentInput = Type.Object({ strategyId: Nullable(IdOf('strategy')) }, { title: 'EnrolmentInput', ...closed, examples: [{ strategyId: null }] })

const Strategy = Type.Object({
  id: IdOf('strategy'), name, rank, latestVersion: Type.Integer({ description: 'Its newest version.' }), activeVersion: Nullable(Type.Integer({ description: 'The version that debts placed from now on follow; null: none is in use.' })),
  activatedAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Strategy' })

const StrategyVersion = Type.Object({
  id: IdOf('strategyVersion'), strategyId: IdOf('strategy'), number: versionNumber, isActive: Type.Boolean({ description: 'Whether it is in use: debts placed now follow it.' }),
  steps: plan.steps, appliesTo: StrategyCriteria, createdById: Nullable(Type.String({ description: 'Who wrote it.' })), createdAt: Instant,
}, { title: 'StrategyVersion' })

const Enrolment = Type.Object({
  id: IdOf('enrolment'), accountId: IdOf('account'), placementId: IdOf('placement'), strategyId: Nullable(IdOf('strategy')), name: Nullable(Type.String({ description: 'What the strategy is called; null: it is ours.' })),
  version: Nullable(Type.Integer({ description: 'Which version of it.' })), strategyVersionId: Nullable(IdOf('strategyVersion')), steps: plan.steps,
  enrolledById: Nullable(Type.String({ description: 'Who enrolled it; null: it was enrolled as it was placed.' })), enrolledAt: Instant, endedAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When another strategy took its place; null: it is followed.' })),
}, { title: 'Enrolment' })

const showVersion = (version: VersionRow, activeVersion: number | null) => ({ ...version, isActive: version.number === activeVersion })

const showEnrolment = ({ steps, ...enrolment }: EnrolmentRow) => ({ ...enrolment, steps: steps ?? [...ourSteps] })

/** What is done about debts, day by day. */
export const api: Api = app => {
  const tags = ['strategies']
  const path = Type.Object({ strategyId: IdOf('strategy') })
  const ofAccount = Type.Object({ accountId: IdOf('account') })

  app.post('/v1/strategies', {
    config: { scope: 'strategies:write' },
    schema: {
      operationId: 'createStrategy', tags, summary: 'Add a strategy',
      description: 'Adds what is to be done about debts, day by day past due: messages by e-mail, SMS or letter, and calls that collectors are asked to make. Its first version is a draft: debts follow it once it is activated. Days count from when a debt was due, or, when it is placed after the first of them, from when it was placed. Whether and when a step really happens is asked of the law in its moment.',
      body: StrategyInput, response: { 201: Strategy, ...problems(StrategyRefused, StrategyExists, StrategiesTooMany) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createStrategy(tx, req.body))))

  app.get('/v1/strategies', {
    config: { scope: 'strategies:read' },
    schema: { operationId: 'listStrategies', tags, summary: 'List strategies', description: 'The agency\'s strategies, in the order they were made. Debts that none is for are reminded by e-mail and SMS 3, 7 and 15 days past due.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(Strategy, 'StrategyPage') } },
  }, async req => await req.tx(async tx => await listStrategies(tx, keyset(req.query))))

  app.get('/v1/strategies/:strategyId', {
    config: { scope: 'strategies:read' },
    schema: { operationId: 'getStrategy', tags, summary: 'Read a strategy', description: 'One strategy: which version is in use, and how it ranks.', params: path, response: { 200: Strategy, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => found(await findStrategy(tx, req.params.strategyId))))

  app.patch('/v1/strategies/:strategyId', {
    config: { scope: 'strategies:write' },
    schema: { operationId: 'rankStrategy', tags, summary: 'Rank a strategy', description: 'Changes how a strategy ranks among those that are for the same debt, for debts placed from now on.', params: path, body: RankInput, response: { 200: Strategy, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await rankStrategy(tx, req.params.strategyId, req.body.rank)))

  app.post('/v1/strategies/:strategyId/versions', {
    config: { scope: 'strategies:write' },
    schema: {
      operationId: 'addStrategyVersion', tags, summary: 'Add a version', description: 'Adds the next version of a strategy, as a draft. A version is never changed.',
      params: path, body: PlanInput, response: { 201: StrategyVersion, ...problems(NotFound, StrategyRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showVersion(await addStrategyVersion(tx, req.params.strategyId, req.body), null))))

  app.get('/v1/strategies/:strategyId/versions', {
    config: { scope: 'strategies:read' },
    schema: {
      operationId: 'listStrategyVersions', tags, summary: 'List versions', description: 'Every version of a strategy, the first first.',
      params: path, querystring: Type.Object(PageQuery, closed), response: { 200: Page(StrategyVersion, 'StrategyVersionPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const strategy = found(await findStrategy(tx, req.params.strategyId))
    const { data, nextCursor } = await listVersions(tx, strategy.id, keyset(req.query))
    return { data: data.map(version => showVersion(version, strategy.activeVersion)), nextCursor }
  }))

  app.post('/v1/strategies/:strategyId/activate', {
    config: { scope: 'strategies:write' },
    schema: {
      operationId: 'activateStrategy', tags, summary: 'Bring a version into use', description: 'Brings a version into use, in place of the one before. Debts placed from now on follow it; those that follow another version stay with it. Each step that sends a message needs a text: one of ours, or an active template.',
      params: path, body: ActivationInput, response: { 200: Strategy, ...problems(NotFound, StrategyVersionUnknown, StrategyTextMissing) },
    },
  }, async req => await req.tx(async tx => await activateStrategy(tx, req.params.strategyId, req.body.version)))

  app.post('/v1/strategies/:strategyId/retire', {
    config: { scope: 'strategies:write' },
    schema: {
      operationId: 'retireStrategy', tags, summary: 'Take a strategy out of use', description: 'Takes a strategy out of use for debts placed from now on. Those that follow it stay with it. It can be activated again.',
      params: path, response: { 200: Strategy, ...problems(NotFound, StrategyNotActive) },
    },
  }, async req => await req.tx(async tx => await retireStrategy(tx, req.params.strategyId)))

  app.get('/v1/accounts/:accountId/enrolments', {
    config: { scope: 'strategies:read' },
    schema: {
      operationId: 'listEnrolments', tags, summary: 'Read what a debt follows', description: 'The strategy that a debt follows, with its steps, and before it those that it followed.',
      params: ofAccount, querystring: Type.Object(PageQuery, closed), response: { 200: Page(Enrolment, 'EnrolmentPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    const { data, nextCursor } = await listEnrolments(tx, req.params.accountId, keyset(req.query))
    return { data: data.map(showEnrolment), nextCursor }
  }))

  app.post('/v1/accounts/:accountId/enrolments', {
    config: { scope: 'strategies:write' },
    schema: {
      operationId: 'enrolAccount', tags, summary: 'Put a debt on another strategy',
      description: 'Puts a debt on a strategy that is in use, whether or not it is for such debts; null: on what is done where there is none. What was planned and has not gone out is cancelled, and the steps of the strategy are planned from today.',
      params: ofAccount, body: EnrolmentInput, response: { 201: Enrolment, ...problems(NotFound, StrategyNotActive, AccountNotAtWork) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => {
    await enrolAccount(tx, req.params.accountId, req.body.strategyId)
    const { data } = await listEnrolments(tx, req.params.accountId, keyset({ limit: 1 }))
    return showEnrolment(data[0]!)
  })))
}

function found (strategy: StrategyRow | null): StrategyRow {
  if (strategy === null) throw NotFound()
  return strategy
}
