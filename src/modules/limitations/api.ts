import { Type } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf, dayIn, problems } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { findAccount } from '../accounts/index.ts'
import { interruptionTypes } from './core.ts'
import { findLimitation, listInterruptions } from './db.ts'

const Limitation = Type.Object({
  accountId: IdOf('account'),
  lastOn: Type.Unsafe<string | null>({ ...Nullable(Day), description: 'The last day on which the claim can be brought; null: no law that we have says.' }),
  isBarred: Type.Boolean({ description: 'True when that day has passed in the borrower\'s calendar.' }),
  decisionId: Type.Unsafe<string | null>({ ...Nullable(IdOf('policyDecision')), description: 'The decision that says so; read it with `getPolicyDecision`.' }),
  assessedAt: Type.Unsafe<string | null>({ ...Nullable(Instant), description: 'When it was found; null: not yet.' }),
  interruptions: Type.Array(Type.Object({ type: OneOf(interruptionTypes, 'What happened.'), on: Day }), { description: 'What happened that one law or another has begin the time anew, by day. Which of it does, the decision says.' }),
}, { title: 'AccountLimitation' })

export const api: Api = app => {
  app.get('/v1/accounts/:accountId/limitation', {
    config: { scope: 'accounts:read' },
    schema: {
      operationId: 'findLimitation', tags: ['accounts'], summary: 'Until when a debt can be sued for',
      description: 'The last day on which the claim can be brought to court, by the law of the borrower\'s place, from the day it was due and what began the time anew since: payments, and contacts that reached the borrower. Kept up as they happen.',
      params: Type.Object({ accountId: IdOf('account') }), response: { 200: Limitation, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const { accountId } = req.params
    const account = await findAccount(tx, accountId)
    if (account === null) throw NotFound()
    const { lastOn = null, decisionId = null, assessedAt = null } = await findLimitation(tx, accountId) ?? {}
    return { accountId, lastOn, decisionId, assessedAt, isBarred: lastOn !== null && dayIn(account.timeZone, tx.ctx.now) > lastOn, interruptions: await listInterruptions(tx, accountId) }
  }))
}
