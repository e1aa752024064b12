import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Day, IdOf, Instant, Nullable, Page, PageQuery, Ratio, Text, closed, problems } from '#kernel'
import { keyset } from '#platform'
import type { Api } from '#platform'
import { recordReferenceRates } from './commands.ts'
import { RateName, RateValuesContradict } from './core.ts'
import { findValues, listRates } from './db.ts'

const valuesMax = 5_000
const Value = Type.Unsafe<string>({ ...Ratio, description: 'The rate in per cent a year, exactly.', examples: ['3.10'] })
const effectiveOn = Type.Unsafe<string>({ ...Day, description: 'The first day it holds.' })
const Source = Text(500, 'Where the value was published: what an auditor looks up.', ['PBC announcement of 20 January 2026'])

const ReferenceRatesInputSchema = Type.Object({
  name: RateName, source: Source,
  values: Type.Array(Type.Object({ effectiveOn, value: Nullable(Value) }, closed), { minItems: 1, maxItems: valuesMax, description: 'Values, each from its day until the next; null takes back the value of a day.' }),
}, { title: 'ReferenceRatesInput', ...closed, examples: [{ name: 'lpr1y', source: 'PBC announcement of 20 January 2026', values: [{ effectiveOn: '2026-01-20', value: '3.00' }] }] })
export type ReferenceRatesInput = Static<typeof ReferenceRatesInputSchema>

const Recorded = Type.Object({
  name: RateName, recorded: Type.Integer({ description: 'How many values are new or corrected.' }), unchanged: Type.Integer({ description: 'How many held already.' }),
  fromOn: Nullable(Type.Unsafe<string>({ ...Day, description: 'The first day for which the rate is another; null when nothing changed.' })),
}, { title: 'ReferenceRatesRecorded' })

const ReferenceRate = Type.Object({ id: IdOf('referenceRate'), name: RateName, effectiveOn, value: Nullable(Value), source: Source, recordedAt: Instant }, { title: 'ReferenceRate' })

const RateValues = Type.Object({
  name: RateName, knownAt: Nullable(Instant), data: Type.Array(Type.Object({ effectiveOn, value: Value }), { description: 'Values, oldest first.' }),
}, { title: 'ReferenceRateValues' })

export const api: Api = app => {
  const tags = ['rates']

  app.post('/v1/reference-rates', {
    config: { scope: 'rates:write' },
    schema: {
      operationId: 'recordReferenceRates', tags, summary: 'Import reference rates', description: 'Records values of a rate that interest follows, or corrects them: what is recorded later for a day holds, and nothing recorded is lost. Debts already charged by another value are computed anew, and the difference posted.',
      body: ReferenceRatesInputSchema, response: { 201: Recorded, ...problems(RateValuesContradict) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await recordReferenceRates(tx, req.body))))

  app.get('/v1/reference-rates', {
    config: { scope: 'rates:read' },
    schema: {
      operationId: 'listReferenceRates', tags, summary: 'What was recorded of reference rates', description: 'Every record, corrected ones included, in the order they were made.',
      querystring: Type.Object({ ...PageQuery, name: Type.Optional(RateName) }, closed), response: { 200: Page(ReferenceRate, 'ReferenceRatePage') },
    },
  }, async req => await req.tx(async tx => {
    const { name, ...page } = req.query
    const { data, nextCursor } = await listRates(tx, { ...name !== undefined && { name } }, keyset(page))
    return { data: data.map(({ tenantId: _, ...row }) => row), nextCursor }
  }))

  app.get('/v1/reference-rate-values', {
    config: { scope: 'rates:read' },
    schema: {
      operationId: 'getReferenceRateValues', tags, summary: 'Read a reference rate', description: 'The values of a rate as they hold, or as they were known at an instant. A rate without values has an empty list.',
      querystring: Type.Object({ name: RateName, knownAt: Type.Optional(Type.Unsafe<string>({ ...Instant, description: 'As it was known then; as it is known now when left out.' })) }, closed),
      response: { 200: RateValues },
    },
  }, async req => await req.tx(async tx => {
    const { name, knownAt } = req.query
    const values = (await findValues(tx, [name], knownAt)).get(name) ?? []
    return { name, knownAt: knownAt ?? null, data: values.map(({ from, value }) => ({ effectiveOn: from, value })) }
  }))
}
