import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import type { Database, InstallationTx } from '../db/database.ts'
import type { DueJob, Job } from './job.ts'

/** A job that has something to do for an agency. */
export interface Wake { tenantId: Id<'tenant'>, job: string }

/**
 * Finds every job that has something to do: an event it has not read, or a deadline that has passed by the agency's own clock
 * (the database's time, or its test clock). This is the truth that queues are only woken for; it is asked every second.
 */
export const findWork = async (db: Database, jobs: readonly Job[], only?: readonly Id<'tenant'>[]): Promise<Wake[]> =>
  await db.installation(async tx => [...await findUnreadEvents(tx, jobs, only), ...await findDue(tx, jobs, only)])

const among = (only: readonly Id<'tenant'>[] | undefined): SQL =>
  only === undefined ? sql`true` : sql`t.tenant_id = any(${sql.param(only.map(uuidOf))}::uuid[])`

const toWakes = (rows: Record<string, unknown>[]): Wake[] => rows.map(row => ({ tenantId: idOf('tenant', String(row['tenant_id'])), job: String(row['job']) }))

async function findUnreadEvents (tx: InstallationTx, jobs: readonly Job[], only?: readonly Id<'tenant'>[]): Promise<Wake[]> {
  const names = jobs.filter(job => job.kind === 'event').map(job => job.name)
  if (names.length === 0) return []
  const { rows } = await tx.execute(sql`
    select t.tenant_id, j.job
    from tenants t
    join event_heads h on h.tenant_id = t.tenant_id and h.stream = t.tenant_id
    cross join unnest(${sql.param(names)}::text[]) j (job)
    left join job_states s on s.tenant_id = t.tenant_id and s.job = j.job
    where ${among(only)} and coalesce(s.sequence, 0) < h.sequence and (s.retry_at is null or s.retry_at <= now())`)
  return toWakes(rows)
}

async function findDue (tx: InstallationTx, jobs: readonly Job[], only?: readonly Id<'tenant'>[]): Promise<Wake[]> {
  const due = jobs.filter((job): job is DueJob => job.kind === 'due')
  if (due.length === 0) return []
  const { rows } = await tx.execute(sql.join(due.map(job => sql`
    select t.tenant_id, ${job.name}::text as job
    from tenants t
    left join job_states s on s.tenant_id = t.tenant_id and s.job = ${job.name}
    where ${among(only)} and (s.retry_at is null or s.retry_at <= now())
      and exists (select 1 from ${job.due} d where d.tenant_id = t.tenant_id and d.due_at <= coalesce(t.clock_at, now()))`), sql` union all `))
  return toWakes(rows)
}
