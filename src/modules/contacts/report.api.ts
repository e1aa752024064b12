import { Type } from 'typebox'
import { Day, Nullable, OneOf, closed, problems } from '#kernel'
import type { Api } from '#platform'
import { findLaw } from '../policy/index.ts'
import { attemptChannels } from './core.ts'
import { ReportTooLong, capWindows, capsWithin, checkRange, tightest } from './report.core.ts'
import { countPressure, listDenials } from './report.db.ts'

const number = (description: string) => Type.Integer({ minimum: 0, description })
const dayOf = (description: string) => Type.Unsafe<string>({ ...Day, description })
const channel = OneOf(attemptChannels, 'By which channel.')
const limit = (description: string) => Type.Unsafe<number | null>({ ...Nullable(number(description)), description })

const Report = Type.Object({
  from: dayOf('The first day.'), to: dayOf('The last day.'),
  days: Type.Array(Type.Object({
    on: dayOf('The day, by the borrowers\' calendars.'), channel, attempts: number('Contacts that the agency began, permitted ones that are not recorded yet among them.'), persons: number('With how many people.'),
    highestPerDay: number('The most that one person had on the day.'), limitPerDay: limit('The least number that a rule which counted somebody on that day and channel allows within a calendar day; null: none does.'),
    highestPerWeek: number('The most that one person had in the seven days that end with it.'), limitPerWeek: limit('The same of rules that count seven days.'),
    breaches: number('Contacts that nobody had allowed, or that the law would have refused.'),
  }, { title: 'ContactPressureDay' }), { description: 'By day and channel, where there was a contact.' }),
  limits: Type.Array(Type.Object({
    on: dayOf('The day.'), rule: Type.String({ description: 'The rule that counts.' }), pack: Type.String({ description: 'The pack it is from.' }), clause: Type.String({ description: 'Where the law says so.' }),
    window: OneOf(capWindows, 'What it counts: a calendar day, days that end with the day, or the calendar month so far.'), windowDays: number('How many days: of `rollingDays`.'), limit: number('How many it allows.'),
    highest: number('The most that it counted of one person, by debt or number where it does.'), personsOneBelow: number('How many people had one place left.'), personsAtLimit: number('How many had none left.'),
  }, { title: 'ContactLimitDay' }), { description: 'How near people came to each limit, on days on which they were contacted. Consents and exemptions are not looked at: a permit is.' }),
  denials: Type.Array(Type.Object({ on: dayOf('The day that was asked about.'), channel, rule: Type.String({ description: 'The rule that stood in the way.' }), count: number('How often.') }, { title: 'PermitDenials' }), { description: 'Permits that were not given, for each rule that stood in the way.' }),
}, { title: 'ContactPressureReport' })

/** How hard the agency presses, over all its debts. */
export const reportRoutes: Api = app => {
  app.get('/v1/reports/contact-pressure', {
    config: { scope: 'outreach:read' },
    schema: {
      operationId: 'reportContactPressure', tags: ['contacts'], summary: 'Report the pressure of contacts',
      description: 'How often the agency contacted people, by day and channel, beside what the law allows; how many stood at a limit or one below; what was done without leave, and what was refused. For 92 days at most. Nobody is named.',
      querystring: Type.Object({ from: Type.Unsafe<string>({ ...Day, description: 'The first day.' }), to: Type.Unsafe<string>({ ...Day, description: 'The last day.' }) }, closed), response: { 200: Report, ...problems(ReportTooLong) },
    },
  }, async req => await req.tx(async tx => {
    const { from, to } = req.query
    checkRange(from, to)
    const caps = capsWithin(await findLaw(tx), from, to)
    const { days, limits } = await countPressure(tx, caps, from, to)
    return {
      from, to, days: days.map(day => ({ ...day, ...tightest(caps, limits, day) })), denials: await listDenials(tx, from, to),
      limits: limits.map(one => {
        const { pack, clause, window, days, limit } = caps.find(({ rule, from, to }) => rule === one.rule && from <= one.on && (to === null || one.on <= to))!
        return { ...one, pack, clause, window, windowDays: days, limit }
      }),
    }
  }))
}
