import { Type } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { CursorInvalid, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { categories, retentionStates, stateOf } from './core.ts'
import { findRetention, listDeadlines, listEnding } from './db.ts'

const Deadline = Type.Object({
  category: OneOf(categories, 'What is kept, in the words of the laws; `personalData`: everything by which people are known.'),
  keepUntil: Type.Unsafe<string | null>({ ...Nullable(Day), description: 'The last day on which it must be kept; null: until something happens that the clause names, or no law says.' }),
  deleteBy: Type.Unsafe<string | null>({ ...Nullable(Day), description: 'The day beyond which it may be kept only for what must be kept; null: no law that we have says.' }),
  pack: Nullable(Type.String({ description: 'The pack of the rule.' })), rule: Nullable(Type.String({ description: 'The rule that says so; null: no law that we have says anything.' })),
  clause: Nullable(Type.String({ description: 'Where the law says so.' })), decisionId: IdOf('policyDecision'),
}, { title: 'RetentionDeadline' })

const Deadlines = Type.Array(Deadline, { description: 'What the law says of each category that there is.' })
const endsAt = Type.Unsafe<string | null>({ ...Nullable(Instant), description: 'When the longest of the terms has run out and nothing is kept any longer; null: no law that we have tells, or the debt is at work.' })

const Retention = Type.Object({
  accountId: IdOf('account'),
  state: OneOf(retentionStates, '`open`: the debt is at work. `kept`: until `endsAt`. `held`: by `holdIds`. `waiting`: until other debts of its people have ended. `unknown`: no law that we have tells, nothing is deleted by itself. `deleted`: nobody is known any longer.'),
  endsAt, holdIds: Type.Array(IdOf('hold'), { description: 'The holds that stop deletion: legal holds, open disputes and complaints.' }),
  deadlines: Deadlines, askedAt: Type.Unsafe<string | null>({ ...Nullable(Instant), description: 'When the law was last asked; null: not yet.' }),
}, { title: 'AccountRetention' })

const DueRetention = Type.Object({ accountId: IdOf('account'), lenderId: IdOf('lender'), endsAt: Type.Unsafe<string>({ ...Instant, description: 'When the longest of its terms has run out.' }), deadlines: Deadlines }, { title: 'DueRetention' })

const tags = ['retention']

export const api: Api = app => {
  app.get('/v1/accounts/:accountId/retention', {
    config: { scope: 'retention:read' },
    schema: {
      operationId: 'findRetention', tags, summary: 'How long what is kept of a debt is kept',
      description: 'What is kept of a debt, until when the law wants it kept, and from when on its people\'s data may not be; by the law of the borrower\'s place, with the decisions that say so. Found when a debt is closed, and again when something happens to it.',
      params: Type.Object({ accountId: IdOf('account') }), response: { 200: Retention, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const { accountId } = req.params
    const found = await findRetention(tx, accountId)
    if (found === null) throw NotFound()
    const { closedAt, hasPeople, holdIds, endsAt, askedAt } = found
    const isOpen = closedAt === null
    const state = stateOf({ isOpen, isHeld: holdIds.length > 0, endsAt, hasPeople }, tx.ctx.now)
    return { accountId, state, endsAt: isOpen ? null : endsAt, holdIds, deadlines: isOpen ? [] : (await listDeadlines(tx, [accountId])).get(accountId) ?? [], askedAt: isOpen ? null : askedAt }
  }))

  app.get('/v1/retention/due', {
    config: { scope: 'retention:read' },
    schema: {
      operationId: 'listDueRetentions', tags, summary: 'List what will be deleted',
      description: 'Closed debts whose terms have run out by an instant and that nothing holds, the first to end first: their people\'s data is destroyed then. Somebody whom the lender knows by another debt is left until that has ended too. Place a legal hold on what must stay.',
      querystring: Type.Object({ ...PageQuery, before: Type.String({ format: 'date-time', maxLength: 40, description: 'The instant.', examples: ['2026-03-31T08:00:00Z'] }) }, closed),
      response: { 200: Page(DueRetention, 'DueRetentionPage'), ...problems(CursorInvalid) },
    },
  }, async req => await req.tx(async tx => {
    const { before, ...query } = req.query
    const { data, nextCursor } = await listEnding(tx, new Date(before).toISOString(), keyset(query))
    const deadlines = await listDeadlines(tx, data.map(({ accountId }) => accountId))
    return { data: data.map(one => ({ ...one, deadlines: deadlines.get(one.accountId) ?? [] })), nextCursor }
  }))
}
