import { and, asc, eq, gt, inArray, lte, sql } from 'drizzle-orm'
import { problem, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { newId } from '../db/ids.ts'
import type { Database, Principal } from '../db/database.ts'
import { systemPrincipal } from '../db/database.ts'
import type { Tx } from '../db/tx.ts'
import type { EventRow } from '../events/outbox.ts'
import type { Outside } from '../outside.ts'
import { reasonOf } from '../reason.ts'
import type { Vault } from '../secrets/vault.ts'
import { deadLetters, eventHeads, events, jobStates } from '../tables.ts'
import type { Tracing } from '../tracing.ts'
import { liveUntil } from './clock.ts'
import type { EventJob, Job, Work } from './job.ts'

/** What running jobs needs: the database, the vault, every job by name, and the world outside. */
export interface Machine {
  db: Database
  vault: Vault
  jobs: readonly Job[]
  outside: Outside
  /** Hears of work that threw; the work itself is kept and tried again. */
  onFailure (job: string, tenantId: Id<'tenant'>, error: unknown): void
  /** Where slices of work leave their spans, if anywhere. */
  tracing?: Tracing | null
}

/** How long one agency's slice of one job may run before others get their turn. */
export const sliceMs = 500

/** How long work that threw waits before it is tried again: 1 s, doubling, at most ten minutes. */
const backoffSeconds = (attempts: number): number => Math.min(600, 2 ** (attempts - 1))

/** Runs one job for one agency until nothing is left or its slice is over; answers whether more is left. Work that waits for its retry is left alone. */
export async function runJob (machine: Machine, name: string, tenantId: Id<'tenant'>, budgetMs = sliceMs): Promise<boolean> {
  if (machine.tracing == null) return await runSlice(machine, name, tenantId, budgetMs)
  return await machine.tracing.span(name, { 'recoup.tenant_id': tenantId }, async () => await runSlice(machine, name, tenantId, budgetMs))
}

async function runSlice (machine: Machine, name: string, tenantId: Id<'tenant'>, budgetMs: number): Promise<boolean> {
  const job = machine.jobs.find(job => job.name === name)
  const found = await findTenantAt(machine.db, tenantId, name)
  // A queue may still hold the name of a job that a newer version no longer has, or of an agency that is gone.
  if (job === undefined || found === null || found.isWaiting) return false
  const { tenant, attempts } = found
  const until = performance.now() + budgetMs
  const isOver = (): boolean => performance.now() >= until
  try {
    if (job.kind === 'event') return await readEvents(machine, job, tenant, isOver)
    const isMore = await job.run(workFor(machine, tenant, isOver))
    if (attempts > 0) await machine.db.withTenant(tenant, async tx => await clearFailures(tx, name))
    return isMore
  } catch (error) {
    machine.onFailure(name, tenantId, error)
    await machine.db.withTenant(tenant, async tx => await recordFailure(tx, job, error, null))
    return false
  }
}

const workFor = (machine: Machine, tenant: Principal, isOver: () => boolean): Work => ({
  tenantId: tenant.tenantId, outside: machine.outside, vault: machine.vault, isOver,
  tx: async work => await machine.db.withTenant(tenant, work),
  liveUntil: async target => await liveUntil(machine, tenant, target, isOver),
})

/** Reads a job's unread events batch by batch. A batch that throws is halved at once, so that one bad event does not hold up the good ones around it. */
async function readEvents (machine: Machine, job: EventJob, tenant: Principal, isOver: () => boolean): Promise<boolean> {
  let size = job.batchMax
  while (true) {
    let batch: readonly EventRow[] = []
    try {
      const isMore = await machine.db.withTenant(tenant, async tx => {
        const state = await lockState(tx, job.name)
        if (state === null) return false
        // The head first: whatever is numbered up to it is committed and visible, so nothing between can be missed.
        const head = await findHead(tx, state.sequence)
        batch = await listUnread(tx, job, state.sequence, head, size)
        const isFull = batch.length === size
        if (batch.length > 0) await job.run(tx, batch)
        await setState(tx, job.name, isFull ? batch[batch.length - 1]!.sequence : head)
        return isFull
      })
      if (!isMore || isOver()) return isMore
    } catch (error) {
      if (batch.length > 1) {
        size = Math.ceil(batch.length / 2)
        continue
      }
      machine.onFailure(job.name, tenant.tenantId, error)
      const isGivenUp = await machine.db.withTenant(tenant, async tx => await recordFailure(tx, job, error, batch[0]?.sequence ?? null))
      if (!isGivenUp || isOver()) return isGivenUp
    }
  }
}

/** Locks how far a job has read; null when another worker is at it or a retry is not due yet. */
async function lockState (tx: Tx, job: string) {
  const { tenantId } = tx.ctx
  await tx.insert(jobStates).values({ tenantId, job, sequence: 0 }).onConflictDoNothing()
  const [state] = await tx.select({ sequence: jobStates.sequence }).from(jobStates)
    .where(and(eq(jobStates.tenantId, tenantId), eq(jobStates.job, job), sql`(${jobStates.retryAt} is null or ${jobStates.retryAt} <= now())`))
    .for('update', { skipLocked: true })
  return state ?? null
}

const setState = async (tx: Tx, job: string, sequence: number): Promise<void> => {
  await tx.update(jobStates).set({ sequence, attempts: 0, retryAt: null, error: null })
    .where(and(eq(jobStates.tenantId, tx.ctx.tenantId), eq(jobStates.job, job)))
}

async function findHead (tx: Tx, sequence: number): Promise<number> {
  const [head] = await tx.select({ sequence: eventHeads.sequence }).from(eventHeads)
    .where(and(eq(eventHeads.tenantId, tx.ctx.tenantId), sql`${eventHeads.stream} = ${eventHeads.tenantId}`))
  return head?.sequence ?? sequence
}

const eventColumns = {
  id: events.id, sequence: events.sequence, type: events.type, version: events.version, lenderId: events.lenderId, accountId: events.accountId,
  occurredAt: events.occurredAt, correlationId: events.correlationId, data: events.data,
}

const listUnread = async (tx: Tx, job: EventJob, after: number, upTo: number, size: number): Promise<EventRow[]> =>
  await tx.select(eventColumns).from(events)
    .where(and(eq(events.tenantId, tx.ctx.tenantId), gt(events.sequence, after), lte(events.sequence, upTo),
      job.on === 'all' ? undefined : inArray(events.type, job.on.map(type => type.name))))
    .orderBy(asc(events.sequence)).limit(size)

/** Counts a failure and sets the time of the next try; after the last one the work becomes a dead letter and its job goes on. True when it was given up. */
async function recordFailure (tx: Tx, job: Job, error: unknown, sequence: number | null): Promise<boolean> {
  const { tenantId } = tx.ctx
  await tx.insert(jobStates).values({ tenantId, job: job.name, sequence: 0 }).onConflictDoNothing()
  const [state] = await tx.select({ attempts: jobStates.attempts, sequence: jobStates.sequence }).from(jobStates)
    .where(and(eq(jobStates.tenantId, tenantId), eq(jobStates.job, job.name))).for('update')
  // Another worker has done it meanwhile.
  if (sequence !== null && state!.sequence >= sequence) return true
  const attempts = state!.attempts + 1
  const isGivenUp = attempts >= job.attemptsMax
  const message = reasonOf(error)
  if (isGivenUp && (sequence !== null || attempts === job.attemptsMax)) {
    await tx.insert(deadLetters).values({ tenantId, id: newId('deadLetter'), job: job.name, sequence, error: message, attempts })
  }
  const isSkipped = isGivenUp && sequence !== null
  await tx.update(jobStates)
    .set(isSkipped
      ? { sequence, attempts: 0, retryAt: null, error: null }
      : { attempts, error: message, retryAt: sql`now() + make_interval(secs => ${backoffSeconds(attempts)})` })
    .where(and(eq(jobStates.tenantId, tenantId), eq(jobStates.job, job.name)))
  return isSkipped
}

const clearFailures = async (tx: Tx, job: string): Promise<void> => {
  await tx.update(jobStates).set({ attempts: 0, retryAt: null, error: null }).where(and(eq(jobStates.tenantId, tx.ctx.tenantId), eq(jobStates.job, job)))
}

export const AlreadyRetried = problem('already-retried', 409, 'This work has been retried before.', 'List what is still given up with `listJobs`.')

/**
 * Runs once more the work a dead letter names; effect and mark commit together. An event job handles that one event; a deadline job is
 * due again at once. Throws `AlreadyRetried`, and whatever the work throws.
 */
export async function retryDeadLetter (machine: Machine, tenant: Principal, id: Id<'deadLetter'>): Promise<void> {
  const { tenantId } = tenant
  await machine.db.withTenant(tenant, async tx => {
    const [letter] = await tx.select({ job: deadLetters.job, sequence: deadLetters.sequence, retriedAt: deadLetters.retriedAt }).from(deadLetters)
      .where(and(eq(deadLetters.tenantId, tenantId), eq(deadLetters.id, id))).for('update')
    const job = machine.jobs.find(job => job.name === letter?.job)
    if (letter === undefined || letter.retriedAt !== null || job === undefined) throw AlreadyRetried()
    await tx.update(deadLetters).set({ retriedAt: sql`now()` }).where(and(eq(deadLetters.tenantId, tenantId), eq(deadLetters.id, id)))
    if (job.kind === 'due' || letter.sequence === null) {
      await clearFailures(tx, job.name)
      return
    }
    await job.run(tx, await tx.select(eventColumns).from(events).where(and(eq(events.tenantId, tenantId), eq(events.sequence, letter.sequence))))
  })
}

const tenantColumns = sql`t.tenant_id, t.livemode, t.clock_at is not null as has_clock`
const principalOf = (row: Record<string, unknown>): Principal =>
  systemPrincipal({ id: String(row['tenant_id']), livemode: row['livemode'] === true, hasTestClock: row['has_clock'] === true })

/** The machine as a principal for an agency's work; null when there is no such agency. */
export async function findTenant (db: Database, tenantId: Id<'tenant'>): Promise<Principal | null> {
  const { rows } = await db.installation(tx => tx.execute(sql`select ${tenantColumns} from tenants t where t.tenant_id = ${uuidOf(tenantId)}::uuid`))
  return rows[0] === undefined ? null : principalOf(rows[0])
}

/** The same, with how often a job has failed there since it last succeeded, and whether it waits to be tried again. */
async function findTenantAt (db: Database, tenantId: Id<'tenant'>, job: string): Promise<{ tenant: Principal, attempts: number, isWaiting: boolean } | null> {
  const { rows } = await db.installation(tx => tx.execute(sql`
    select ${tenantColumns}, coalesce(s.attempts, 0) as attempts, coalesce(s.retry_at > now(), false) as is_waiting
    from tenants t left join job_states s on s.tenant_id = t.tenant_id and s.job = ${job} where t.tenant_id = ${uuidOf(tenantId)}::uuid`))
  const row = rows[0]
  return row === undefined ? null : { tenant: principalOf(row), attempts: Number(row['attempts']), isWaiting: row['is_waiting'] === true }
}
