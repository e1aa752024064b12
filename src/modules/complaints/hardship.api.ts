import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Balance, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Ratio, SignedAmount, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { AccountClosed } from '../accounts/index.ts'
import { PartyWasErased, revealPurposes } from '../parties/index.ts'
import { assessHardship, revealHardship, showAssessment } from './hardship.commands.ts'
import { HardshipConsentMissing, HardshipDestroyed, HardshipRefused, capacityBands, circumstances, consentSources, expenseKinds, frequencies, incomeKinds, shareDefault, validDays, validDaysMax } from './hardship.core.ts'
import { findAssessment, listAssessments } from './hardship.db.ts'

const linesMax = 30
const frequency = OneOf(frequencies, 'How often: a year has 52 weeks and 12 months.')
const lines = {
  income: Type.Array(Type.Object({ kind: OneOf(incomeKinds, 'What comes in.'), amount: Amount, frequency }, { ...closed, title: 'HardshipIncome' }), { maxItems: linesMax, description: 'What comes in regularly, after tax. None: nothing does.' }),
  expenses: Type.Array(Type.Object({ kind: OneOf(expenseKinds, 'What it is for.'), amount: Amount, frequency }, { ...closed, title: 'HardshipExpense' }), { maxItems: linesMax, description: 'What life costs. Payments on this debt are left out.' }),
  circumstances: Type.Array(OneOf(circumstances, 'What makes it hard to pay.'), { maxItems: circumstances.length, uniqueItems: true, description: 'What makes it hard to pay, as far as the person wants it told.' }),
}
const source = OneOf(consentSources, 'How the person consented.')
const dayOf = (description: string) => Type.Unsafe<string>({ ...Day, pattern: '^(19|2[01])', description })

const rest = {
  accountId: IdOf('account'), partyId: Type.Unsafe<Id<'party'>>({ ...IdOf('party'), description: 'Whose means they are: a party of the debt.' }), currency: Type.String({ ...Currency, description: 'Of all sums, ISO 4217.' }), ...lines,
  agreedShare: Type.Optional(Type.String({ ...Ratio, description: `How much of what is left may go into instalments, as agreed: above 0, at most 1. Left out: ${shareDefault}.`, examples: ['0.4'] })),
  validUntil: Type.Optional(dayOf(`The last day it is good for, at most ${validDaysMax} days from now; then it is destroyed. Left out: ${validDays} days from now.`)),
  holdUntil: Type.Optional(dayOf('Places a hold of kind `hardshipReview` on the debt until the end of this day. Left out: none.')),
}
const HardshipInputSchema = Type.Union([
  Type.Object({
    ...rest, consent: Type.Object({ source, at: Type.Unsafe<string>({ ...Instant, description: 'When they did.' }) }, { ...closed, title: 'HardshipConsentInput', description: 'That the person consented to being asked, and to this being kept.' }),
  }, closed),
  Type.Object({ ...rest, consentId: Type.Unsafe<Id<'consent'>>({ ...IdOf('consent'), description: 'A consent to a service that the party gave at an address of theirs, and that holds.' }) }, closed),
], {
  title: 'HardshipInput',
  examples: [{
    accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', partyId: 'pty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', consent: { source: 'call', at: '2026-01-05T08:30:00Z' }, currency: 'CNY',
    income: [{ kind: 'salary', amount: 5_000_00, frequency: 'monthly' }], expenses: [{ kind: 'housing', amount: 2_400_00, frequency: 'monthly' }, { kind: 'food', amount: 300_00, frequency: 'weekly' }], circumstances: ['reducedIncome'],
  }],
})
export type HardshipInput = Static<typeof HardshipInputSchema>

const Assessment = {
  id: IdOf('hardshipAssessment'), accountId: IdOf('account'), partyId: IdOf('party'),
  consent: Type.Object({ consentId: Nullable(IdOf('consent')), source, at: Instant }, { title: 'HardshipConsent', description: 'What the person consented with.' }),
  holdId: Type.Unsafe<Id<'hold'> | null>({ ...Nullable(IdOf('hold')), description: 'The hold that came with it; null: none did.' }), currency: Currency,
  band: Nullable(OneOf(capacityBands, 'How much of their income is left: `none`, `low` under a tenth, `medium` under a quarter, `high`; null once it was destroyed.')),
  validUntil: Type.Unsafe<string>({ ...Day, description: 'The last day it is good for.' }), assessedAt: Instant,
  destroyedAt: Type.Unsafe<string | null>({ ...Nullable(Instant), description: 'When its figures were destroyed; null: they are kept.' }),
}
const HardshipAssessment = Type.Object(Assessment, { title: 'HardshipAssessment' })
const HardshipFigures = Type.Object({
  ...Assessment, ...lines, agreedShare: Type.String({ ...Ratio, description: 'How much of what is left may go into instalments.' }),
  capacity: Type.Object({
    disposable: Type.Unsafe<number>({ ...SignedAmount, description: 'What is left a month, rounded down to a minor unit; below zero: more goes out than comes in.' }),
    instalment: Type.Unsafe<number>({ ...Balance, description: 'The highest instalment a month that is affordable at the agreed share, rounded down to a minor unit; zero: none is.' }),
  }, { title: 'HardshipCapacity', description: 'What the person can pay, worked out exactly and rounded once: never more than there is.' }),
}, { title: 'HardshipFigures' })

const tags = ['complaints']
const path = Type.Object({ hardshipAssessmentId: IdOf('hardshipAssessment') })
const { limit, cursor } = PageQuery

/** What people can pay, assessed with their consent. */
export const hardshipRoutes: Api = (app, { vault, db }) => {
  app.post('/v1/hardship-assessments', {
    config: { scope: 'hardship:write' },
    schema: {
      operationId: 'assessHardship', tags, summary: 'Assess what a person can pay',
      description: 'Works out what is left a month of what comes in, and the highest instalment that is affordable. Made with the person\'s consent, kept sealed, destroyed when it expires; lenders are never shown it. It can hold the debt until a day.',
      body: HardshipInputSchema, response: { 201: HardshipFigures, ...problems(NotFound, AccountClosed, PartyWasErased, HardshipRefused, HardshipConsentMissing) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await assessHardship(tx, vault, req.body))))

  app.get('/v1/hardship-assessments', {
    config: { scope: 'hardship:read' },
    schema: {
      operationId: 'listHardshipAssessments', tags, summary: 'List hardship assessments', description: 'Assessments by id, without their figures; those that were destroyed included.',
      querystring: Type.Object({ limit, cursor, accountId: Type.Optional(IdOf('account')), partyId: Type.Optional(IdOf('party')) }, closed), response: { 200: Page(HardshipAssessment, 'HardshipAssessmentPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    const page = await listAssessments(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    return { ...page, data: page.data.map(showAssessment) }
  }))

  app.get('/v1/hardship-assessments/:hardshipAssessmentId', {
    config: { scope: 'hardship:read' },
    schema: { operationId: 'getHardshipAssessment', tags, summary: 'Read a hardship assessment', description: 'One assessment, without its figures.', params: path, response: { 200: HardshipAssessment, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const assessment = await findAssessment(tx, req.params.hardshipAssessmentId)
    if (assessment === null) throw NotFound()
    return showAssessment(assessment)
  }))

  app.post('/v1/hardship-assessments/:hardshipAssessmentId/reveal', {
    config: { scope: 'hardship:read' },
    schema: {
      operationId: 'revealHardshipAssessment', tags, summary: 'Read the figures of a hardship assessment',
      description: 'Answers what comes in and goes out, and what can be paid, and writes down who read it and what for. The answer is kept nowhere: a repeat is another reading, whatever its Idempotency-Key.', params: path,
      body: Type.Object({ purpose: OneOf(revealPurposes, 'What it is read for.') }, { title: 'HardshipRevealInput', ...closed, examples: [{ purpose: 'contact' }] }), response: { 200: HardshipFigures, ...problems(NotFound, HardshipDestroyed) },
    },
    // Past `req.tx`: an answer kept for an Idempotency-Key would outlive the end of what is in it.
  }, async req => await db.withTenant(req.principal(), async tx => await revealHardship(tx, vault, req.params.hardshipAssessmentId, req.body.purpose)))
}
