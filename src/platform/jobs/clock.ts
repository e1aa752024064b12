import { setTimeout as sleep } from 'node:timers/promises'
import { and, eq, sql } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { Principal } from '../db/database.ts'
import { wireInstant } from '../db/columns.ts'
import { tenants } from '../tables.ts'
import type { DueJob } from './job.ts'
import { runJob } from './run.ts'
import { passOver } from './passing.ts'
import type { Machine } from './run.ts'
import { findWork } from './sweep.ts'

/** How many rounds of work may follow from one instant before something is feeding itself. */
const roundsMax = 200
const sameAgainMs = 10

/** The job that moves test clocks; it never waits for itself. */
export const clockJobName = 'tenants.advanceTestClocks'

/**
 * Runs everything an agency has to do at its present time, until nothing is left. Failing work waits for its retry and is left behind.
 * False when `isOver` cut it short.
 */
export async function settle (machine: Machine, tenantId: Principal['tenantId'], isOver: () => boolean = () => false): Promise<boolean> {
  let before = ''
  for (let round = 0; round < roundsMax; round++) {
    const found = (await findWork(machine.db, machine.jobs, [tenantId])).filter(wake => wake.job !== clockJobName)
    if (found.length === 0) return true
    const wakes = await passOver(machine.db, machine.jobs, found)
    if (wakes.length === 0) continue
    // The same again may be work that a worker called earlier still has in hand: it gets time to finish.
    const names = wakes.map(wake => wake.job).join()
    if (names === before) await sleep(sameAgainMs)
    before = names
    for (const wake of wakes) {
      if (isOver()) return false
      await runJob(machine, wake.job, wake.tenantId)
    }
  }
  throw new Error(`the work of ${tenantId} does not come to rest`)
}

/**
 * Lives an agency's test clock forward to `target`: from deadline to deadline, in order, running everything that falls due at each
 * before the next is reached. Progress is the clock itself, so a crash goes on where it was. False when there is still way to go.
 */
export async function liveUntil (machine: Machine, tenant: Principal, target: Date, isOver: () => boolean): Promise<boolean> {
  while (!isOver()) {
    if (!await settle(machine, tenant.tenantId, isOver)) return false
    const next = await findNextDeadline(machine, tenant)
    const to = next !== null && next < target ? next : target
    await setClock(machine, tenant, to)
    if (to === target) return await settle(machine, tenant.tenantId, isOver)
  }
  return false
}

/** The earliest deadline after the agency's present time. */
async function findNextDeadline ({ db, jobs }: Machine, tenant: Principal): Promise<Date | null> {
  const due = jobs.filter((job): job is DueJob => job.kind === 'due' && job.name !== clockJobName)
  if (due.length === 0) return null
  return await db.withTenant(tenant, async tx => {
    const now = tx.ctx.now.toISOString()
    const { rows } = await tx.execute(sql`select min(due_at) as next from (${sql.join(
      due.map(job => sql`(select min(due_at) as due_at from ${job.due} where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and due_at > ${now}::timestamptz)`), sql` union all `)}) deadlines`)
    const next = rows[0]?.['next']
    return typeof next === 'string' ? new Date(wireInstant(next)) : null
  }, { readOnly: true })
}

const setClock = async ({ db }: Machine, tenant: Principal, to: Date): Promise<void> => {
  await db.withTenant(tenant, async tx => {
    // Never backwards: another worker may have come further.
    await tx.update(tenants).set({ clockAt: sql`greatest(${tenants.clockAt}, ${to.toISOString()}::timestamptz)` })
      .where(and(eq(tenants.tenantId, tx.ctx.tenantId), sql`${tenants.clockAt} is not null`))
  })
}
