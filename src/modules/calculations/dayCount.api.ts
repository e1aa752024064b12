import { Type } from 'typebox'
import { Day, OneOf, addDays, closed, countDays, dayCounts, daysBetween, formatR, problems } from '#kernel'
import type { DayCountOptions } from '#kernel'
import type { Api } from '#platform'
import { startRules } from '../rates/index.ts'
import { CalculationRefused, refusal, yearsMax } from './schema.core.ts'

/** What some conventions need beside two days, as the wire carries it. */
export const conventionFields = {
  termination: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'With `30E/360 ISDA`: the day the debt ends.' })),
  endOfMonth: Type.Optional(Type.Boolean({ description: 'With `30U/360`: false has the last day of February count as itself. True when left out.' })),
  reference: Type.Optional(Type.Object({ from: Day, to: Day }, { ...closed, description: 'With `ACT/ACT ICMA`: the regular period the days are part of; all the days when left out.' })),
}
interface ConventionFields { termination?: string, endOfMonth?: boolean, reference?: { from: string, to: string } }

/** What some conventions need, made ready; refuses a period without days or out of range. Throws `CalculationRefused`. */
export function conventionOf ({ termination, endOfMonth, reference }: ConventionFields): DayCountOptions {
  if (reference !== undefined) {
    checkSpan(reference.from, reference.to, '/reference/from', '/reference/to')
    if (reference.to === reference.from) throw refusal('/reference/to', 'is not after `from`')
  }
  return { ...termination !== undefined && { termination }, ...endOfMonth !== undefined && { endOfMonth }, ...reference !== undefined && { reference } }
}

const DayCountInput = Type.Object({
  convention: OneOf(dayCounts, 'How days become parts of a year.'),
  from: Type.Unsafe<string>({ ...Day, description: 'The first day: the one it was due, the one a period begins.' }),
  to: Type.Unsafe<string>({ ...Day, description: 'The last day: the one it was paid. Not before `from`.' }),
  startRule: Type.Optional(OneOf(startRules, '`excludeStartIncludeEnd` (when left out) counts the days after `from` up to `to`; `includeBoth` counts `from` too.')),
  ...conventionFields,
}, { title: 'DayCountInput', ...closed, examples: [{ convention: 'ACT/365F', from: '2026-01-31', to: '2026-03-01' }] })

const DayCountAnswer = Type.Object({
  days: Type.Integer({ description: 'Days counted.' }),
  years: Type.String({ description: 'The part of a year they are: an exact fraction or decimal.' }),
}, { title: 'DayCountAnswer' })

/** The first and the last day that are calculated with: the Gregorian calendar's first whole year, and as far ahead as any debt runs. */
const firstDay = '1583-01-01'
const lastDay = '2999-12-31'

/** Refuses days that lie the wrong way round, too far apart, or outside the years that are calculated with. Throws `CalculationRefused`. */
export function checkSpan (from: string, to: string, fromPointer = '/from', toPointer = '/to'): void {
  if (from < firstDay || from > lastDay) throw refusal(fromPointer, `is not between ${firstDay} and ${lastDay}`)
  if (to < from) throw refusal(toPointer, 'is before `from`')
  if (daysBetween(from, to) > yearsMax * 366) throw refusal(toPointer, `is more than ${yearsMax} years after \`from\``)
  if (to > lastDay) throw refusal(toPointer, `is after ${lastDay}`)
}

export const api: Api = app => {
  app.post('/v1/calculations/day-count', {
    config: { scope: 'calculations:read' },
    schema: {
      operationId: 'calculateDayCount', tags: ['calculations'], summary: 'Count days', description: 'How many days lie between two, and what part of a year they are, by a convention.',
      body: DayCountInput, response: { 200: DayCountAnswer, ...problems(CalculationRefused) },
    },
  }, async ({ body: { convention, from, to, startRule, ...fields } }) => {
    checkSpan(from, to)
    const first = startRule === 'includeBoth' ? addDays(from, -1) : from
    const { days, years } = countDays(convention, first, to, conventionOf(fields))
    return { days, years: formatR(years) }
  })
}
