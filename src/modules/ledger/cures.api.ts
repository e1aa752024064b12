import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Currency, Day, IdOf, Instant, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { cureTrust } from './cures.commands.ts'
import { CureDuplicate, CureExceedsShortfall, CureInFuture, curers } from './cures.core.ts'
import { listCures } from './cures.db.ts'

const facts = {
  lenderId: IdOf('lender'), currency: Currency, by: OneOf(curers, 'Who paid: the agency its share of what was returned, or the lender what had been passed on to it.'), amount: Amount,
  curedOn: Type.Unsafe<string>({ ...Day, description: 'The day it reached the trust bank account.' }),
}
const reference = 'The bank\'s number of the payment, unique with the lender: sent again under it, it is recorded once.'

const CureInputSchema = Type.Object({ ...facts, reference: Text(100, reference, ['BK-20260205-0017']) }, {
  title: 'TrustCureInput', ...closed, examples: [{ lenderId: 'len_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', currency: 'CNY', by: 'agency', amount: 220_00, curedOn: '2026-02-05', reference: 'BK-20260205-0017' }],
})
export type CureInput = Static<typeof CureInputSchema>

const TrustCure = Type.Object({ id: IdOf('trustCure'), ...facts, reference: Type.String({ description: reference }), journalEntryId: IdOf('journalEntry'), createdAt: Instant }, { title: 'TrustCure' })

/** What trust is short of is paid back. */
export const cures: Api = app => {
  const tags = ['ledger']

  app.post('/v1/trust/cures', {
    config: { scope: 'remittances:write' },
    schema: {
      operationId: 'cureTrust', tags, summary: 'Pay trust back', description: 'Records money paid into the trust bank account to make good what was returned to a debtor\'s bank: by the agency what its share is in debit for a lender, by the lender what it owes to trust. Never more than that.',
      body: CureInputSchema, response: { 201: TrustCure, ...problems(NotFound, CureDuplicate, CureInFuture, CureExceedsShortfall) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await cureTrust(tx, req.body))))

  app.get('/v1/trust/cures', {
    config: { scope: 'ledger:read' },
    schema: {
      operationId: 'listTrustCures', tags, summary: 'List what trust was paid back', description: 'Money paid back into trust, in the order it was recorded.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')) }, closed), response: { 200: Page(TrustCure, 'TrustCurePage') },
    },
  }, async req => await req.tx(async tx => {
    const { lenderId, ...page } = req.query
    return await listCures(tx, { ...lenderId !== undefined && { lenderId } }, keyset(page))
  }))
}
