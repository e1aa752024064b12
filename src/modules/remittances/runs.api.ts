import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { PeriodInFuture, frequencies } from './core.ts'
import { createRemittanceRun, setRemittanceSchedule } from './runs.commands.ts'
import { findRun, listSchedules } from './runs.db.ts'

const RemittanceRunInputSchema = Type.Object({
  lenderId: Type.Optional(IdOf('lender')), currency: Type.Optional(Currency), through: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The last day to be stated; yesterday in the agency\'s calendar when left out.' })),
}, { title: 'RemittanceRunInput', ...closed, examples: [{ through: '2026-01-04' }] })
export type RemittanceRunInput = Static<typeof RemittanceRunInputSchema>

const RemittanceRun = Type.Object({
  id: IdOf('remittanceRun'), lenderId: Nullable(IdOf('lender')), currency: Nullable(Currency), throughOn: Day,
  statementCount: Type.Integer({ description: 'Lenders and currencies that have a statement for the day, so far.' }), createdAt: Instant, finishedAt: Nullable(Instant),
}, { title: 'RemittanceRun' })

const Every = OneOf(frequencies, 'At the end of each day, of each week (Sunday), or of each month, in the agency\'s calendar.')
const RemittanceScheduleInputSchema = Type.Object({ lenderId: IdOf('lender'), currency: Currency, every: Every },
  { title: 'RemittanceScheduleInput', ...closed, examples: [{ lenderId: 'len_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', currency: 'CNY', every: 'monthly' }] })
export type RemittanceScheduleInput = Static<typeof RemittanceScheduleInputSchema>

const RemittanceSchedule = Type.Object({
  id: IdOf('remittanceSchedule'), lenderId: IdOf('lender'), currency: Currency, every: Every, nextAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When money is passed on next: when the period under way is over.' })), createdAt: Instant,
}, { title: 'RemittanceSchedule' })

/** Remittances on demand and by schedule. */
export const runs: Api = app => {
  const tags = ['remittances']

  app.post('/v1/remittance-runs', {
    config: { scope: 'remittances:write' },
    schema: {
      operationId: 'createRemittanceRun', tags, summary: 'Pass money on', body: RemittanceRunInputSchema, response: { 202: RemittanceRun, ...problems(NotFound, PeriodInFuture) },
      description: 'States the money of one lender, of one currency, or of all through a day, bills commission and passes on what has cleared. The answer comes at once; read the run until it is finished. A day that was stated before is not stated again.',
    },
  }, async (req, reply) => await reply.code(202).send(await req.tx(async tx => await createRemittanceRun(tx, req.body))))

  app.get('/v1/remittance-runs/:remittanceRunId', {
    config: { scope: 'ledger:read' },
    schema: {
      operationId: 'getRemittanceRun', tags, summary: 'Read a run', description: 'How far a run has come.', params: Type.Object({ remittanceRunId: IdOf('remittanceRun') }), response: { 200: RemittanceRun, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const run = await findRun(tx, req.params.remittanceRunId)
    if (run === null) throw NotFound()
    return run
  }))

  app.post('/v1/remittance-schedules', {
    config: { scope: 'remittances:write' },
    schema: {
      operationId: 'setRemittanceSchedule', tags, summary: 'Pass money on regularly', description: 'Sets how often a lender\'s money in one currency is passed on by itself. Set again, it replaces what was set.',
      body: RemittanceScheduleInputSchema, response: { 201: RemittanceSchedule, ...problems(NotFound) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await setRemittanceSchedule(tx, req.body))))

  app.get('/v1/remittance-schedules', {
    config: { scope: 'statements:read' },
    schema: {
      operationId: 'listRemittanceSchedules', tags, summary: 'List schedules', description: 'How often lenders\' money is passed on. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')) }, closed), response: { 200: Page(RemittanceSchedule, 'RemittanceSchedulePage') },
    },
  }, async req => await req.tx(async tx => {
    const { lenderId, ...page } = req.query
    return await listSchedules(tx, { ...lenderId !== undefined && { lenderId } }, keyset(page))
  }))
}
