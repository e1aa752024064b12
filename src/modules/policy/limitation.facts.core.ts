import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Day, Nullable, OneOf, closed } from '#kernel'
import { DayOf, caseFields } from './case.facts.core.ts'

/** What begins a limitation period anew, under one law or another. */
export const interruptions = [
  'demandReached', 'partialPayment', 'borrowerAgrees', 'acknowledgement', 'assignmentNoticeReached', 'lawsuit', 'arbitration', 'paymentOrder', 'criminalReport', 'enforcementAct',
] as const

/** What a decision on a limitation period may rest on. What is left out is not known. */
export const LimitationFacts = Type.Object({
  ...caseFields,
  dueOn: Type.Optional(DayOf('The day the claim was due.')),
  lastInstalmentDueOn: Type.Optional(DayOf('Of a debt owed in instalments: the day the last one was or will be due.')),
  titledOn: Type.Optional(DayOf('The day a judgment or another title established the claim. Left out: it is not established.')),
  events: Type.Optional(Type.Array(Type.Object({
    type: OneOf(interruptions, 'What happened.'), on: DayOf('The day it happened or reached the borrower.'),
    endedOn: Type.Optional(DayOf('Of proceedings: the day they ended, from which the time runs anew. Left out: the day they began.')),
  }, { ...closed, description: 'Something that may begin the time anew.' }), { maxItems: 1_000, description: 'What happened to the claim. Left out: nothing, which is the stricter reading.' })),
  suspensions: Type.Optional(Type.Array(Type.Object({
    from: DayOf('Its first day.'), to: Nullable(DayOf('Its last day; null: it goes on.')),
  }, { ...closed, description: 'A time in which the claim could not be pursued.' }), { maxItems: 200, description: 'Obstacles to pursuing the claim. Left out: none.' })),
  publicHolidays: Type.Optional(Type.Array(Day, { maxItems: 1000, description: 'Legal public holidays, for periods in business days and last days that are days of rest. Left out: not known; such periods are not computed, and no last day is moved. A year of which none is given is not known either.' })),
  workedWeekends: Type.Optional(Type.Array(Day, { maxItems: 1000, description: 'Saturdays and Sundays that a decree makes workdays, as in China around holidays. Left out: not known, and where there may be such days no last day is moved.' })),
}, { title: 'LimitationFacts', ...closed, description: 'What a decision on a limitation period rests on.' })
export type LimitationFacts = Static<typeof LimitationFacts>

/** What is asked about a period. */
export const PeriodAsked = Type.Union([
  Type.Object({ act: Type.Literal('fileClaim', { description: 'The claim is brought to court.' }), on: DayOf('The day it is filed: the law of that day is asked.') }, { title: 'ClaimFiled', ...closed }),
  Type.Object({ act: Type.Literal('endValidationPeriod', { description: 'When the borrower\'s time to dispute ends.' }), on: DayOf('The day the notice was sent or handed over: the law of that day is asked.') }, { title: 'NoticeProvided', ...closed }),
], { title: 'PeriodAsked', description: 'What is asked about a period.' })
export type PeriodAsked = Static<typeof PeriodAsked>
