import { Type } from 'typebox'
import { Day, OneOf, addDays, closed, countDays, dayCounts, daysBetween, formatR, problems } from '#kernel'
import type { Api } from '#platform'
import { CalculationRefused, refusal, yearsMax } from './schema.core.ts'

const startRules = ['excludeStartIncludeEnd', 'includeBoth'] as const

const DayCountInput = Type.Object({
  convention: OneOf(dayCounts, 'How days become parts of a year.'),
  from: Type.Unsafe<string>({ ...Day, description: 'The first day: the one it was due, the one a period begins.' }),
  to: Type.Unsafe<string>({ ...Day, description: 'The last day: the one it was paid. Not before `from`.' }),
  startRule: Type.Optional(OneOf(startRules, '`excludeStartIncludeEnd` (when left out) counts the days after `from` up to `to`; `includeBoth` counts `from` too.')),
  termination: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'With `30E/360 ISDA`: the day the debt ends.' })),
  endOfMonth: Type.Optional(Type.Boolean({ description: 'With `30U/360`: false has the last day of February count as itself. True when left out.' })),
  reference: Type.Optional(Type.Object({ from: Day, to: Day }, { ...closed, description: 'With `ACT/ACT ICMA`: the regular period the days are part of.' })),
}, { title: 'DayCountInput', ...closed, examples: [{ convention: 'ACT/365F', from: '2026-01-31', to: '2026-03-01' }] })

const DayCountAnswer = Type.Object({
  days: Type.Integer({ description: 'Days counted.' }),
  years: Type.String({ description: 'The part of a year they are: an exact fraction or decimal.' }),
}, { title: 'DayCountAnswer' })

/** Refuses days that lie the wrong way round, or too far apart. Throws `CalculationRefused`. */
export function checkSpan (from: string, to: string): void {
  if (to < from) throw refusal('/to', 'is before `from`')
  if (daysBetween(from, to) > yearsMax * 366) throw refusal('/to', `is more than ${yearsMax} years after \`from\``)
}

export const api: Api = app => {
  app.post('/v1/calculations/day-count', {
    config: { scope: 'calculations:read' },
    schema: {
      operationId: 'calculateDayCount', tags: ['calculations'], summary: 'Count days', description: 'How many days lie between two, and what part of a year they are, by a convention.',
      body: DayCountInput, response: { 200: DayCountAnswer, ...problems(CalculationRefused) },
    },
  }, async ({ body: { convention, from, to, startRule, termination, endOfMonth, reference } }) => {
    checkSpan(from, to)
    if (reference !== undefined && reference.to <= reference.from) throw refusal('/reference/to', 'is not after `from`')
    const first = startRule === 'includeBoth' ? addDays(from, -1) : from
    const { days, years } = countDays(convention, first, to, { ...termination !== undefined && { termination }, ...endOfMonth !== undefined && { endOfMonth }, ...reference !== undefined && { reference } })
    return { days, years: formatR(years) }
  })
}
