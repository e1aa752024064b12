import { Type } from 'typebox'
import { Day, Nullable, OneOf, closed, problems } from '#kernel'
import type { Api } from '#platform'
import { ComplaintReportTooLong, checkReportRange, complaintCategories, complaintOutcomes, rootCauses, severities, shareBands } from './core.ts'
import { countComplaints } from './report.db.ts'

const number = (description: string) => Type.Integer({ minimum: 0, description })
const dayOf = (description: string) => Type.Unsafe<string>({ ...Day, description })
const overdue = number('How many were answered after their last day, or are late now.')

const Report = Type.Object({
  from: dayOf('The first day.'), to: dayOf('The last day.'), complaints: number('How many were received.'), overdue,
  rows: Type.Array(Type.Object({
    month: Type.String({ pattern: '^[0-9]{4}-[0-9]{2}$', description: 'The month they were received in.', examples: ['2026-03'] }), category: OneOf(complaintCategories, 'What is complained about.'),
    severity: OneOf(severities, 'How grave they are.'), outcome: Nullable(OneOf(complaintOutcomes, 'How they ended; null: they have not.')), rootCause: Nullable(OneOf(rootCauses, 'Why it happened; null: not upheld, or not decided.')),
    collectorShare: Nullable(OneOf(shareBands, 'How much of the fault is the collector\'s: `none`, `minor` below half, `major` from half on, `all`; null: not upheld, or not decided.')),
    complaints: number('How many.'), overdue,
  }, { title: 'ComplaintReportRow' }), { description: 'By month, category, severity, outcome, root cause and share, where there was a complaint.' }),
}, { title: 'ComplaintReport' })

/** What was complained about, and how it ended. */
export const reportRoutes: Api = app => {
  app.get('/v1/reports/complaints', {
    config: { scope: 'complaints:read' },
    schema: {
      operationId: 'reportComplaints', tags: ['complaints'], summary: 'Report complaints',
      description: 'How many complaints were received in a range of 366 days at most, by month, category, severity, outcome, root cause and the collector\'s share of the fault, and how many were answered late. A lender\'s key counts those about its own debts. Nobody is named.',
      querystring: Type.Object({ from: dayOf('The first day on which they were received.'), to: dayOf('The last day.') }, closed), response: { 200: Report, ...problems(ComplaintReportTooLong) },
    },
  }, async req => await req.tx(async tx => {
    const { from, to } = req.query
    checkReportRange(from, to)
    const rows = await countComplaints(tx, from, to)
    return { from, to, complaints: rows.reduce((total, { complaints }) => total + complaints, 0), overdue: rows.reduce((total, { overdue }) => total + overdue, 0), rows }
  }))
}
