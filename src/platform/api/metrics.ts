import { Counter, Gauge, Histogram, Registry } from 'prom-client'
import { sql } from 'drizzle-orm'
import type { Database } from '../db/database.ts'
import type { Job } from '../jobs/job.ts'
import type { Queues } from '../jobs/backend.ts'
import type { App } from './api.ts'
import { lately } from './lately.ts'

/** The process's figures for Prometheus. No agency or account is ever a label. */
export const registry = new Registry()

const requests = new Histogram({
  name: 'recoup_http_request_seconds', help: 'Time to answer requests, by operation and status.', labelNames: ['operation', 'status'],
  buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10], registers: [registry],
})

/** Work that threw and will be tried again, by job. */
export const jobFailures = new Counter({ name: 'recoup_job_failures_total', help: 'Slices of work that threw, by job.', labelNames: ['job'], registers: [registry] })

/** Times every request under its operation. */
export function addMetrics (app: App): void {
  app.addHook('onResponse', async (req, reply) => {
    const operation = (req.routeOptions.schema as { operationId?: string } | undefined)?.operationId ?? 'none'
    requests.observe({ operation, status: String(reply.statusCode) }, reply.elapsedTime / 1000)
  })
}

/** Adds the figures that are asked of the database and the queue when Prometheus looks, and kept for a second: whoever asks needs no key. */
export function addGauges (db: Database, jobs: readonly Job[], queues: Queues | null): void {
  const readers = jobs.filter(job => job.kind === 'event').map(job => job.name)
  gauge('recoup_database_connections', 'Connections of this process, by state.', ['state'], async set => {
    const { total, idle, waiting } = db.usage()
    set({ state: 'busy' }, total - idle)
    set({ state: 'idle' }, idle)
    set({ state: 'waited_for' }, waiting)
  })
  gauge('recoup_oldest_unread_event_seconds', 'Age of the oldest event that some job has not read.', [], async set => {
    const { rows } = await db.installation(tx => tx.execute(sql`
      select coalesce(extract(epoch from now() - min(e.recorded_at)), 0) as age
      from event_heads h cross join unnest(${sql.param(readers)}::text[]) j (job)
      left join job_states s on s.tenant_id = h.tenant_id and s.job = j.job
      join events e on e.tenant_id = h.tenant_id and e.sequence = coalesce(s.sequence, 0) + 1
      where h.stream = h.tenant_id and coalesce(s.sequence, 0) < h.sequence`))
    set({}, Number(rows[0]?.['age'] ?? 0))
  })
  gauge('recoup_oldest_due_seconds', 'How long the oldest deadline that has passed waits, by job; of webhooks.deliver it is the lag of webhooks.', ['job'], async set => {
    for (const job of jobs) {
      if (job.kind !== 'due') continue
      const { rows } = await db.installation(tx => tx.execute(sql`
        select coalesce(extract(epoch from max(coalesce(t.clock_at, now()) - d.due_at)), 0) as age
        from tenants t cross join lateral (select min(due_at) as due_at from ${job.due} where tenant_id = t.tenant_id) d`))
      set({ job: job.name }, Math.max(0, Number(rows[0]?.['age'] ?? 0)))
    }
  })
  gauge('recoup_dead_letters', 'Work given up and not retried.', [], async set => {
    const { rows } = await db.installation(tx => tx.execute(sql`select count(*) as n from dead_letters where retried_at is null`))
    set({}, Number(rows[0]?.['n'] ?? 0))
  })
  if (queues === null) return
  gauge('recoup_queue_calls', 'Wake-up calls, by state.', ['state'], async set => {
    const { waiting, active, failed } = await queues.depth()
    set({ state: 'waiting' }, waiting)
    set({ state: 'active' }, active)
    set({ state: 'failed' }, failed)
  })
}

function gauge (name: string, help: string, labelNames: string[], read: (set: (labels: Record<string, string>, value: number) => void) => Promise<void>): void {
  if (registry.getSingleMetric(name) !== undefined) registry.removeSingleMetric(name)
  const look = lately(async () => { await read((labels, value) => { figure.set(labels, value) }) })
  const figure = new Gauge({ name, help, labelNames, registers: [registry], collect: look })
}
