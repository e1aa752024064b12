import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Currency, Day, IdOf, Instant, Nullable, Page, PageQuery, Text, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { KeyInput, NewApiKey, ScopeNotGrantable } from '../tenants/index.ts'
import { createAgreement, createLender, createLenderKey, updateLender } from './commands.ts'
import { AgreementRefused, AgreementTerms, LenderTypeRefused } from './core.ts'
import { findAgreement, findLender, listAgreements, listLenders } from './db.ts'

const LenderFields = { name: Text(200, 'The creditor\'s name.', ['First Harbour Bank']) }
const LenderType = Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,39}$', description: 'What kind of creditor it is, as far as laws ask: `bank`, `consumerFinance`, `microLender`, `trust`, `autoFinance`, `privateLender`, `nonLicensedCompany`, or a word of your own. While it is not known, limits that may concern it do.', examples: ['bank'] })
const LenderInputSchema = Type.Object({ ...LenderFields, type: Type.Optional(LenderType) }, { title: 'LenderInput', ...closed, examples: [{ name: 'First Harbour Bank', type: 'consumerFinance' }] })
export type LenderInput = Static<typeof LenderInputSchema>
const LenderChangeSchema = Type.Object({
  name: Type.Optional(LenderFields.name), type: Type.Optional(LenderType),
  typeSince: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The first day it is of the `type`, today at the latest. Left out: it always was, and the type on record was missing or wrong.' })),
}, { title: 'LenderChange', ...closed, minProperties: 1, examples: [{ type: 'bank', typeSince: '2026-07-01' }] })
export type LenderChange = Static<typeof LenderChangeSchema>
const FormerType = Type.Object({ type: Nullable(LenderType), before: Type.Unsafe<string>({ ...Day, description: 'The day before which it was of the type.' }) }, { title: 'FormerLenderType' })
const Lender = Type.Object({ id: IdOf('lender'), ...LenderFields, type: Nullable(LenderType), formerTypes: Type.Array(FormerType, { description: 'What it was before, oldest first.' }), createdAt: Instant }, { title: 'Lender' })

export type LenderKeyInput = Static<typeof KeyInput>

const AgreementInputSchema = Type.Object({
  currency: Currency,
  effectiveOn: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The first day on which debts may be placed under it; today when left out.' })),
  terms: AgreementTerms,
}, {
  title: 'AgreementInput', ...closed, examples: [{
    currency: 'USD',
    terms: {
      commission: { base: ['principal', 'interest'], rate: '0.25', vatRate: '0' }, interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/365F' },
      lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 10, amount: 25_00 }], allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 180,
    },
  }],
})
export type AgreementInput = Static<typeof AgreementInputSchema>
const Agreement = Type.Object({
  id: IdOf('agreement'), lenderId: IdOf('lender'), currency: Currency, version: Type.Integer({ description: 'Version within the lender and currency.' }),
  effectiveOn: Day, terms: AgreementTerms, createdAt: Instant,
}, { title: 'Agreement' })

export const api: Api = app => {
  const tags = ['lenders']
  const lenderPath = Type.Object({ lenderId: IdOf('lender') })

  app.post('/v1/lenders', {
    config: { scope: 'lenders:write' },
    schema: { operationId: 'createLender', tags, summary: 'Add a lender', description: 'Adds a creditor that places debts with the agency.', body: LenderInputSchema, response: { 201: Lender } },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createLender(tx, req.body))))

  app.get('/v1/lenders', {
    config: { scope: 'lenders:read' },
    schema: { operationId: 'listLenders', tags, summary: 'List lenders', description: 'Lenders by id. A lender\'s key sees its own.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(Lender, 'LenderPage') } },
  }, async req => await req.tx(async tx => await listLenders(tx, keyset(req.query))))

  app.get('/v1/lenders/:lenderId', {
    config: { scope: 'lenders:read' },
    schema: { operationId: 'getLender', tags, summary: 'Read a lender', description: 'One lender.', params: lenderPath, response: { 200: Lender, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const lender = await findLender(tx, req.params.lenderId)
    if (lender === null) throw NotFound()
    return lender
  }))

  app.patch('/v1/lenders/:lenderId', {
    config: { scope: 'lenders:write' },
    schema: {
      operationId: 'updateLender', tags, summary: 'Change a lender', description: 'Changes name or type; what is left out stays. With another type the law is asked anew what the lender\'s debts may be charged, from the day given or from their placement, and the difference is posted.',
      params: lenderPath, body: LenderChangeSchema, response: { 200: Lender, ...problems(NotFound, LenderTypeRefused) },
    },
  }, async req => await req.tx(async tx => await updateLender(tx, req.params.lenderId, req.body)))

  app.post('/v1/lenders/:lenderId/api-keys', {
    config: { scope: 'keys:write' },
    schema: {
      operationId: 'createLenderKey', tags, summary: 'Make a lender\'s key', description: 'Makes a key that reaches this lender\'s rows and no others. It is shown once.',
      params: lenderPath, body: KeyInput, response: { 201: NewApiKey, ...problems(NotFound, ScopeNotGrantable) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createLenderKey(tx, req.params.lenderId, req.body, randomBytes(32)))))

  app.post('/v1/lenders/:lenderId/agreements', {
    config: { scope: 'lenders:write' },
    schema: {
      operationId: 'createAgreement', tags, summary: 'Agree on terms', description: 'Adds the next version of the terms for debts in one currency: commission, interest, late fees, order of payment. Debts already placed keep the version they were placed under.',
      params: lenderPath, body: AgreementInputSchema, response: { 201: Agreement, ...problems(NotFound, AgreementRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createAgreement(tx, req.params.lenderId, req.body))))

  app.get('/v1/lenders/:lenderId/agreements', {
    config: { scope: 'lenders:read' },
    schema: { operationId: 'listAgreements', tags, summary: 'List agreements', description: 'Every version of a lender\'s agreements, oldest first.', params: lenderPath, querystring: Type.Object(PageQuery, closed), response: { 200: Page(Agreement, 'AgreementPage'), ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    if (await findLender(tx, req.params.lenderId) === null) throw NotFound()
    return await listAgreements(tx, req.params.lenderId, keyset(req.query))
  }))

  app.get('/v1/agreements/:agreementId', {
    config: { scope: 'lenders:read' },
    schema: { operationId: 'getAgreement', tags, summary: 'Read an agreement', description: 'One version of an agreement.', params: Type.Object({ agreementId: IdOf('agreement') }), response: { 200: Agreement, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const agreement = await findAgreement(tx, req.params.agreementId)
    if (agreement === null) throw NotFound()
    return agreement
  }))
}
