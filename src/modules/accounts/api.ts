import { Type } from 'typebox'
import { BucketsSchema, CountryCode, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, TimeZone, bucketsOf, closed, dayIn, problems, withTotal } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { ageNames, ageOf, daysPastDue, partyRoles, stages } from './core.ts'
import { findAccount, listAccountParties, listAccounts, listTimeline } from './db.ts'
import type { AccountRow } from './db.ts'

/** A debt as the API shows it. */
export const Account = Type.Object({
  id: IdOf('account'), lenderId: IdOf('lender'), agreementId: IdOf('agreement'), lenderReference: Type.String({ description: 'The lender\'s own number of the debt.' }),
  product: Type.String({ description: 'What kind of debt it is.' }), currency: Currency, balance: BucketsSchema,
  jurisdiction: CountryCode, region: Nullable(Type.String({ description: 'State or province whose rules add to the nation\'s.' })), timeZone: TimeZone,
  contractOn: Nullable(Day), dueOn: Day, judgedOn: Nullable(Type.Unsafe<string>({ ...Day, description: 'The day a judgment established the debt; null: none has.' })), daysPastDue: Type.Integer({ description: 'Days since it was due, in the borrower\'s calendar.' }), age: OneOf(ageNames, 'The bucket of age that follows from the days past due.'),
  stage: OneOf(stages, 'How far along the debt is.'), placedOn: Day, closedAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Account' })

/** Shows a row as the API does, on the day it is for the borrower. */
export function showAccount ({ principal, interest, penalty, costs, ...account }: AccountRow, now: Date) {
  const days = daysPastDue(account.dueOn, dayIn(account.timeZone, now))
  return { ...account, balance: withTotal(bucketsOf({ principal, interest, penalty, costs })), daysPastDue: days, age: ageOf(days) as typeof ageNames[number] }
}

const TimelineEntry = Type.Object({
  id: IdOf('event'), type: Type.String({ description: 'What happened, as in the event feed.' }), occurredAt: Instant,
  actorKind: Type.String({ description: 'Who did it: staff, service, lender, operator or system.' }), data: Type.Unknown({ description: 'The facts, as in the event.' }),
}, { title: 'TimelineEntry' })

export const api: Api = app => {
  const tags = ['accounts']
  const path = Type.Object({ accountId: IdOf('account') })

  app.get('/v1/accounts', {
    config: { scope: 'accounts:read' },
    schema: {
      operationId: 'listAccounts', tags, summary: 'List accounts', description: 'Debts by id. A lender\'s key sees its own.',
      querystring: Type.Object({
        ...PageQuery, lenderId: Type.Optional(IdOf('lender')), lenderReference: Type.Optional(Type.String({ minLength: 1, maxLength: 100, description: 'Only the debt with this number of the lender\'s.' })),
        isOpen: Type.Optional(Type.Boolean({ description: 'True: only debts being worked; false: only closed ones.' })),
      }, closed),
      response: { 200: Page(Account, 'AccountPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    const page = await listAccounts(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    return { ...page, data: page.data.map(row => showAccount(row, tx.ctx.now)) }
  }))

  app.get('/v1/accounts/:accountId', {
    config: { scope: 'accounts:read' },
    schema: { operationId: 'getAccount', tags, summary: 'Read an account', description: 'One debt: its facts and what is owed now.', params: path, response: { 200: Account, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const account = await findAccount(tx, req.params.accountId)
    if (account === null) throw NotFound()
    return showAccount(account, tx.ctx.now)
  }))

  app.get('/v1/accounts/:accountId/parties', {
    config: { scope: 'parties:read' },
    schema: {
      operationId: 'listAccountParties', tags, summary: 'Who has to do with an account', description: 'The parties of a debt and their roles. Read each with `getParty`.', params: path,
      response: { 200: Type.Object({ data: Type.Array(Type.Object({ partyId: IdOf('party'), role: OneOf(partyRoles, 'What the party has to do with the debt.') }), { description: 'By id.' }) }, { title: 'AccountPartyList' }), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    return { data: await listAccountParties(tx, req.params.accountId) }
  }))

  app.get('/v1/accounts/:accountId/timeline', {
    config: { scope: 'accounts:read' },
    schema: {
      operationId: 'listTimeline', tags, summary: 'What happened to an account', description: 'Every event of a debt, newest first.', params: path,
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(TimelineEntry, 'Timeline'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findAccount(tx, req.params.accountId) === null) throw NotFound()
    return await listTimeline(tx, req.params.accountId, keyset(req.query))
  }))
}
