import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter, rowById, smallints, uuids } from '#platform'
import type { Keyset, Tx } from '#platform'
import type { CallReason, CallState } from './calls.core.ts'
import { isUnfit, lostReason } from './planning.db.ts'
import type { NewStep } from './planning.db.ts'
import { callTasks } from './tables.ts'

const columns = {
  id: callTasks.id, accountId: callTasks.accountId, lenderId: callTasks.lenderId, partyId: callTasks.partyId, contactPointId: callTasks.contactPointId, step: callTasks.step, state: callTasks.state,
  reason: callTasks.reason, plannedAt: callTasks.plannedAt, openedAt: callTasks.openedAt, endedAt: callTasks.endedAt, createdAt: callTasks.createdAt,
}

/** A call that is asked for, or null. */
export const findCallTask = rowById(callTasks, db => db.select(columns).from(callTasks))
/** A call that is asked for, as it stands. */
export type CallTaskRow = NonNullable<Awaited<ReturnType<typeof findCallTask>>>

/** A call that is asked for, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockCallTask (tx: Tx, id: Id<'callTask'>): Promise<CallTaskRow> {
  const [row] = await tx.select(columns).from(callTasks).where(and(eq(callTasks.tenantId, tx.ctx.tenantId), eq(callTasks.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Calls that are asked for, by id; of one account, in one state, or all. */
export async function listCallTasks (tx: Tx, filter: { accountId?: Id<'account'>, state?: CallState }, page: Keyset): Promise<PageOf<CallTaskRow>> {
  const rows = await tx.select(columns).from(callTasks).where(and(
    eq(callTasks.tenantId, tx.ctx.tenantId), pageAfter(callTasks.id, page),
    filter.accountId === undefined ? undefined : eq(callTasks.accountId, filter.accountId),
    filter.state === undefined ? undefined : eq(callTasks.state, filter.state),
  )).orderBy(asc(callTasks.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** What an event says of a call that is asked for. */
export interface CallFacts { id: Id<'callTask'>, accountId: Id<'account'>, lenderId: Id<'lender'>, step: number, reason: CallReason | null }

const factColumns = sql`c.id, c.account_id, c.lender_id, c.step, c.reason`
const factsIn = (row: Record<string, unknown>): CallFacts => ({
  id: idOf('callTask', String(row['id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])), step: Number(row['step']), reason: row['reason'] as CallReason | null,
})

/** Plans calls: one statement, however many, and one call for each debt and step. */
export async function insertCallTasks (tx: Tx, planned: readonly NewStep[]): Promise<void> {
  if (planned.length === 0) return
  const of = <T>(pick: (call: NewStep) => T): T[] => planned.map(pick)
  await tx.execute(sql`insert into call_tasks (tenant_id, id, enrolment_id, placement_id, account_id, lender_id, party_id, contact_point_id, step, state, planned_at, due_at, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, id, enrolment_id, placement_id, account_id, lender_id, party_id, contact_point_id, step, 'planned', planned_at, planned_at, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${uuids(of(() => newId('callTask')))}, ${uuids(of(c => c.enrolmentId))}, ${uuids(of(c => c.placementId))}, ${uuids(of(c => c.accountId))}, ${uuids(of(c => c.lenderId))}, ${uuids(of(c => c.partyId))}, ${uuids(of(c => c.contactPointId))},
      ${smallints(of(c => c.step))}, ${sql.param(of(c => c.plannedAt))}::timestamptz[])
      as planned (id, enrolment_id, placement_id, account_id, lender_id, party_id, contact_point_id, step, planned_at)
    on conflict (tenant_id, enrolment_id, step) do nothing`)
}

/**
 * Opens the calls that fell due, at most 500, and cancels those of them that have lost their reason, or with nothing owed. Answers what became of them; none when none was due.
 */
export async function openDueCalls (tx: Tx): Promise<(CallFacts & { state: CallState })[]> {
  const now = sql`${tx.ctx.now.toISOString()}::timestamptz`
  const { rows } = await tx.execute(sql`
    with due as (
      select tenant_id, id from call_tasks where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and due_at <= ${now} order by due_at, id limit 500 for no key update skip locked
    ), judged as materialized (
      select c.tenant_id, c.id, case when ${isUnfit(tx, 'c')} then ${lostReason} when a.principal + a.interest + a.penalty + a.costs = 0 then 'nothingOwed' end as reason
      from due join call_tasks c on c.tenant_id = due.tenant_id and c.id = due.id join placements pl on pl.tenant_id = c.tenant_id and pl.id = c.placement_id
      join enrolments e on e.tenant_id = c.tenant_id and e.id = c.enrolment_id join accounts a on a.tenant_id = c.tenant_id and a.id = c.account_id
    )
    update call_tasks c set due_at = null, reason = judged.reason, state = case when judged.reason is null then 'open' else 'cancelled' end,
      opened_at = case when judged.reason is null then ${now} end, ended_at = case when judged.reason is not null then ${now} end
    from judged where c.tenant_id = judged.tenant_id and c.id = judged.id returning ${factColumns}, c.state`)
  return rows.map(row => ({ ...factsIn(row), state: row['state'] as CallState }))
}

/** Cancels calls of debts that are no longer worked, on which contact is stopped, or that follow something else now. Answers those that had been asked for. */
export async function cancelUnfitCalls (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<CallFacts[]> {
  const { rows } = await tx.execute(sql`update call_tasks c set state = 'cancelled', due_at = null, reason = ${lostReason}, ended_at = ${tx.ctx.now.toISOString()}::timestamptz
    from placements pl, enrolments e
    where c.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and c.account_id = any(${uuids(accountIds)}) and c.state in ('planned', 'open')
      and pl.tenant_id = c.tenant_id and pl.id = c.placement_id and e.tenant_id = c.tenant_id and e.id = c.enrolment_id and ${isUnfit(tx, 'c')}
    returning ${factColumns}, old.state as was`)
  return rows.filter(row => row['was'] === 'open').map(factsIn)
}

/** Plans again the calls that were cancelled and may be made after all; those that had been asked for are asked for again. Answers these. */
export async function reviveFitCalls (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<CallFacts[]> {
  const { rows } = await tx.execute(sql`update call_tasks c set reason = null, ended_at = null, state = case when c.opened_at is null then 'planned' else 'open' end, due_at = case when c.opened_at is null then c.planned_at end
    from placements pl, enrolments e
    where c.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and c.account_id = any(${uuids(accountIds)}) and c.state = 'cancelled' and c.reason in ('onHold', 'placementEnded')
      and (c.opened_at is not null or c.planned_at > ${tx.ctx.now.toISOString()}::timestamptz)
      and pl.tenant_id = c.tenant_id and pl.id = c.placement_id and e.tenant_id = c.tenant_id and e.id = c.enrolment_id and not ${isUnfit(tx, 'c')}
    returning ${factColumns}, c.state`)
  return rows.filter(row => row['state'] === 'open').map(factsIn)
}

/** Ends the calls that are asked for of some debts: somebody called. */
export async function setCallsDone (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<CallFacts[]> {
  const { rows } = await tx.execute(sql`update call_tasks c set state = 'done', ended_at = ${tx.ctx.now.toISOString()}::timestamptz
    where c.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and c.account_id = any(${uuids(accountIds)}) and c.state = 'open' returning ${factColumns}`)
  return rows.map(factsIn)
}

/** Cancels a call by hand. */
export async function setCallCancelled (tx: Tx, id: Id<'callTask'>): Promise<CallTaskRow> {
  const [row] = await tx.update(callTasks).set({ state: 'cancelled', reason: 'requested', dueAt: null, endedAt: tx.ctx.now.toISOString() }).where(and(eq(callTasks.tenantId, tx.ctx.tenantId), eq(callTasks.id, id))).returning(columns)
  return row!
}
