import { and, asc, eq, lte, sql } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { newId, ownRows, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import type { Frequency } from './core.ts'
import { remittanceRuns, remittanceSchedules } from './tables.ts'

const runColumns = {
  id: remittanceRuns.id, lenderId: remittanceRuns.lenderId, currency: remittanceRuns.currency, throughOn: remittanceRuns.throughOn, statementCount: remittanceRuns.statementCount,
  createdAt: remittanceRuns.createdAt, finishedAt: remittanceRuns.finishedAt,
}

/** A run, or null. */
export const findRun = rowById(remittanceRuns, db => db.select(runColumns).from(remittanceRuns))

/** A run as it is shown. */
export type RunRow = NonNullable<Awaited<ReturnType<typeof findRun>>>

/** Adds a run that is due now. */
export async function insertRun (tx: Tx, run: { lenderId: Id<'lender'> | null, currency: string | null, throughOn: CalendarDay }): Promise<RunRow> {
  const now = tx.ctx.now.toISOString()
  const [row] = await tx.insert(remittanceRuns).values({ tenantId: tx.ctx.tenantId, id: newId('remittanceRun'), ...run, reached: '', statementCount: 0, dueAt: now, createdAt: now }).returning(runColumns)
  return row!
}

/** The oldest run under way, kept from changing until the transaction ends; null when there is none or another worker is at it. */
export async function lockDueRun (tx: Tx): Promise<RunRow & { reached: string } | null> {
  const [row] = await tx.select({ ...runColumns, reached: remittanceRuns.reached }).from(remittanceRuns)
    .where(and(eq(remittanceRuns.tenantId, tx.ctx.tenantId), lte(remittanceRuns.dueAt, tx.ctx.now.toISOString()))).orderBy(asc(remittanceRuns.dueAt), asc(remittanceRuns.id)).limit(1).for('no key update', { skipLocked: true })
  return row ?? null
}

/** A lender's money in one currency. `key` orders them. */
export interface Purse { key: string, lenderId: Id<'lender'>, currency: string }

/** The next lender and currency with an agreement after a key, among those a run is for; null when there is none. */
export async function findNextPurse (tx: Tx, { lenderId, currency }: Pick<RunRow, 'lenderId' | 'currency'>, after: string): Promise<Purse | null> {
  const { rows: [row] } = await tx.execute(sql`select a.lender_id, a.currency, a.lender_id || ' ' || a.currency as key from agreements a
    where a.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and a.lender_id || ' ' || a.currency > ${after}
      ${lenderId === null ? sql`` : sql`and a.lender_id = ${uuidOf(lenderId)}::uuid`} ${currency === null ? sql`` : sql`and a.currency = ${currency}`}
    order by a.lender_id || ' ' || a.currency limit 1`)
  return row === undefined ? null : { key: String(row['key']), lenderId: idOf('lender', String(row['lender_id'])), currency: String(row['currency']) }
}

/** Notes how far a run has come; the last step ends it. */
export async function setRunReached (tx: Tx, id: Id<'remittanceRun'>, step: { reached: string, isStated: boolean } | 'finished'): Promise<void> {
  await tx.update(remittanceRuns).set(step === 'finished' ? { dueAt: null, finishedAt: tx.ctx.now.toISOString() }
    : { reached: step.reached, statementCount: sql`${remittanceRuns.statementCount} + ${step.isStated ? 1 : 0}` })
    .where(and(eq(remittanceRuns.tenantId, tx.ctx.tenantId), eq(remittanceRuns.id, id)))
}

const scheduleColumns = {
  id: remittanceSchedules.id, lenderId: remittanceSchedules.lenderId, currency: remittanceSchedules.currency, every: remittanceSchedules.every, nextAt: remittanceSchedules.dueAt, createdAt: remittanceSchedules.createdAt,
}

/** Sets how often a lender's money in one currency is passed on, and when next. */
export async function setSchedule (tx: Tx, schedule: { lenderId: Id<'lender'>, currency: string, every: Frequency, dueAt: string }) {
  const { every, dueAt } = schedule
  const [row] = await tx.insert(remittanceSchedules).values({ tenantId: tx.ctx.tenantId, id: newId('remittanceSchedule'), ...schedule, createdAt: tx.ctx.now.toISOString() })
    .onConflictDoUpdate({ target: [remittanceSchedules.tenantId, remittanceSchedules.lenderId, remittanceSchedules.currency], set: { every, dueAt } }).returning(scheduleColumns)
  return row!
}

/** A schedule as it is shown. */
export type ScheduleRow = Awaited<ReturnType<typeof setSchedule>>

/** A schedule that is due, kept from changing until the transaction ends; null when there is none that nobody is at. */
export async function lockDueSchedule (tx: Tx): Promise<(ScheduleRow & { nextAt: string }) | null> {
  const [row] = await tx.select(scheduleColumns).from(remittanceSchedules)
    .where(and(eq(remittanceSchedules.tenantId, tx.ctx.tenantId), lte(remittanceSchedules.dueAt, tx.ctx.now.toISOString()))).orderBy(asc(remittanceSchedules.dueAt)).limit(1).for('no key update', { skipLocked: true })
  return row === undefined || row.nextAt === null ? null : { ...row, nextAt: row.nextAt }
}

export async function setScheduleDue (tx: Tx, id: Id<'remittanceSchedule'>, dueAt: string): Promise<void> {
  await tx.update(remittanceSchedules).set({ dueAt }).where(and(eq(remittanceSchedules.tenantId, tx.ctx.tenantId), eq(remittanceSchedules.id, id)))
}

/** Schedules by id. */
export async function listSchedules (tx: Tx, { lenderId }: { lenderId?: Id<'lender'> }, page: { limit: number, after: string | null }): Promise<PageOf<ScheduleRow>> {
  const rows = await tx.select(scheduleColumns).from(remittanceSchedules)
    .where(and(eq(remittanceSchedules.tenantId, tx.ctx.tenantId), pageAfter(remittanceSchedules.id, page), ownRows(tx, remittanceSchedules.lenderId), lenderId === undefined ? undefined : eq(remittanceSchedules.lenderId, lenderId)))
    .orderBy(asc(remittanceSchedules.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
