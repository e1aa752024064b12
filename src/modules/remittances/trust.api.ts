import { Type } from 'typebox'
import { Amount, Currency, Day, IdOf, Nullable, closed, dayIn, daysBetween } from '#kernel'
import type { Api } from '#platform'
import { findTenant } from '../tenants/index.ts'
import { agesOf } from './core.ts'
import { remitBy, remitRuleOf } from './law.core.ts'
import { listHeld } from './trust.db.ts'

const day = (description: string) => Type.Unsafe<string>({ ...Day, description })

const Ageing = Type.Object({
  on: day('The agency\'s day.'), jurisdiction: Type.String({ description: 'Whose law the deadlines are of.' }),
  rule: Nullable(Type.Object({ clause: Type.String({ description: 'The clause.' }), source: Type.String({ description: 'Where it was read.' }), daysAfterMonth: Type.Integer({ description: 'Days after the end of the month of collection.' }) },
    { description: 'The rule the deadlines follow from; null: none is known.', title: 'RemitRule' })),
  data: Type.Array(Type.Object({
    lenderId: IdOf('lender'), currency: Currency, amount: Amount, heldSince: day('The day the money came in.'), ageDays: Type.Integer({ description: 'How many days it has been held.' }),
    remitByOn: Nullable(day('The last day to pass it on in time; null when no deadline is known.')), isOverdue: Type.Boolean({ description: 'True when that day is over.' }),
  }), { description: 'Cleared money that is not passed on, by the day it came in: overdue first, then the oldest.' }),
}, { title: 'TrustAgeing' })

/** How long trust money has waited. */
export const trust: Api = app => {
  const tags = ['remittances']

  app.get('/v1/trust/ageing', {
    config: { scope: 'ledger:read' },
    schema: {
      operationId: 'getTrustAgeing', tags, summary: 'Money waiting to be passed on', description: 'Cleared money that is held for lenders, by the day it came in, with the day by which the law wants it passed on. What was passed on is taken to be what came in first.',
      querystring: Type.Object({
        jurisdiction: Type.Optional(Type.String({ pattern: '^[A-Z]{2}(-[A-Z0-9]{1,3})?$', description: 'Whose law: ISO 3166, such as `US-WA`. The agency\'s own country when left out.', examples: ['US-WA'] })),
      }, closed),
      response: { 200: Ageing },
    },
  }, async req => await req.tx(async tx => {
    const tenant = await findTenant(tx)
    const on = dayIn(tenant.timeZone, tx.ctx.now)
    const jurisdiction = req.query.jurisdiction ?? tenant.jurisdiction
    const rule = remitRuleOf(jurisdiction)
    const data = (await listHeld(tx)).flatMap(({ lenderId, currency, held, inflows }) => agesOf(held, inflows).map(({ since, amount }) => {
      const remitByOn = rule === null ? null : remitBy(rule, since)
      return { lenderId, currency, amount, heldSince: since, ageDays: daysBetween(since, on), remitByOn, isOverdue: remitByOn !== null && remitByOn < on }
    }))
    const order = ({ isOverdue, heldSince, lenderId, currency }: typeof data[number]): string => `${isOverdue ? 0 : 1} ${heldSince} ${lenderId} ${currency}`
    return {
      on, jurisdiction, rule: rule === null ? null : { clause: rule.clause, source: rule.source, daysAfterMonth: rule.daysAfterMonth },
      data: data.sort((a, b) => order(a) < order(b) ? -1 : 1),
    }
  }))
}
