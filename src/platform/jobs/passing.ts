import { sql } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { texts } from '../db/arrays.ts'
import type { Database } from '../db/database.ts'
import type { EventJob, Job } from './job.ts'
import { findTenant } from './run.ts'
import type { Wake } from './sweep.ts'

/** Agencies whose readers are looked at at once. */
const lanes = 4
/** How far behind a reader may be for others to look at what it has not read; one that is further behind looks for itself. */
const behindMax = 10_000

type Reader = EventJob & { on: Exclude<EventJob['on'], 'all'> }
const isChoosy = (job: Job): job is Reader => job.kind === 'event' && job.on !== 'all'

/**
 * Lets readers of events pass over what is not for them, all of an agency's in one statement: most events concern few of them, and none is called in vain. Answers the wakes that are left.
 * What a reader is at is left to it.
 */
export async function passOver (db: Database, jobs: readonly Job[], wakes: readonly Wake[]): Promise<Wake[]> {
  const readers = new Map(jobs.filter(isChoosy).map(job => [job.name, job]))
  const byTenant = new Map<Id<'tenant'>, Reader[]>()
  for (const { tenantId, job } of wakes) {
    const reader = readers.get(job)
    if (reader !== undefined) byTenant.set(tenantId, [...byTenant.get(tenantId) ?? [], reader])
  }
  const passed = new Set<string>()
  const waiting = [...byTenant]
  const lane = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [tenantId, asked] = next
      for (const job of await passReaders(db, tenantId, asked)) passed.add(`${tenantId} ${job}`)
    }
  }
  await Promise.all(Array.from({ length: lanes }, lane))
  return wakes.filter(({ tenantId, job }) => !passed.has(`${tenantId} ${job}`))
}

/** Moves the readers of an agency that have nothing to read up to its last event; answers those. */
async function passReaders (db: Database, tenantId: Id<'tenant'>, readers: readonly Reader[]): Promise<string[]> {
  const tenant = await findTenant(db, tenantId)
  if (tenant === null) return []
  const reads = readers.flatMap(({ name, on }) => on.map(type => [name, type.name] as const))
  const { rows } = await db.withTenant(tenant, async tx => await tx.execute(sql`
    with head as materialized (
      select sequence from event_heads where tenant_id = ${uuidOf(tenantId)}::uuid and stream = tenant_id
    ), behind as materialized (
      select job, sequence from job_states where tenant_id = ${uuidOf(tenantId)}::uuid and job = any(${texts(readers.map(({ name }) => name))}) and sequence >= (select sequence from head) - ${behindMax}::bigint
      for update skip locked
    ), called as materialized (
      select distinct b.job from behind b join unnest(${texts(reads.map(([job]) => job))}, ${texts(reads.map(([, type]) => type))}) as r (job, type) on r.job = b.job
      join events e on e.type = r.type and e.sequence > b.sequence
      where e.tenant_id = ${uuidOf(tenantId)}::uuid and e.sequence > (select min(sequence) from behind) and e.sequence <= (select sequence from head)
    )
    update job_states s set sequence = greatest(s.sequence, head.sequence) from behind b, head
    where s.tenant_id = ${uuidOf(tenantId)}::uuid and s.job = b.job and not exists (select from called c where c.job = b.job) returning s.job`))
  return rows.map(row => String(row['job']))
}
