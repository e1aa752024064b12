import { sql } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { CalendarDay } from '#kernel'
import type { Tx } from '#platform'
import type { ComplaintOutcome, RootCause, Severity, ShareBand, complaintCategories } from './core.ts'

/** Complaints that were received in a month, of one kind and end, and how many of them were answered late or are late now. */
export interface ReportRow {
  month: string, category: typeof complaintCategories[number], severity: Severity, outcome: ComplaintOutcome | null, rootCause: RootCause | null, collectorShare: ShareBand | null, complaints: number, overdue: number
}

/** Counts the complaints that were received in a range; for a lender, those about its own debts. */
export async function countComplaints (tx: Tx, from: CalendarDay, to: CalendarDay): Promise<ReportRow[]> {
  const { tenantId, lenderId } = tx.ctx
  const { rows } = await tx.execute(sql`select to_char(received_on, 'YYYY-MM') as month, category, severity, outcome, root_cause,
      case when collector_share = 0 then 'none' when collector_share < 50 then 'minor' when collector_share < 100 then 'major' when collector_share = 100 then 'all' end as share, count(*) as complaints, count(overdue_at) as overdue
    from complaints where tenant_id = ${uuidOf(tenantId)}::uuid and received_on between ${from}::date and ${to}::date ${lenderId === null ? sql`` : sql`and lender_id = ${uuidOf(lenderId)}::uuid`}
    group by 1, 2, 3, 4, 5, 6 order by 1, 2, 3, 4, 5, 6`)
  // What is in the table was checked when it was written.
  return rows.map(row => ({
    month: String(row['month']), category: row['category'] as ReportRow['category'], severity: row['severity'] as Severity, outcome: row['outcome'] as ComplaintOutcome | null,
    rootCause: row['root_cause'] as RootCause | null, collectorShare: row['share'] as ShareBand | null, complaints: Number(row['complaints']), overdue: Number(row['overdue']),
  }))
}
