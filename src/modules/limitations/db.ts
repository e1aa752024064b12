import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { literal, uuids } from '#platform'
import type { Tx } from '#platform'
import type { InterruptionType, Recorded, evidenceKinds } from './core.ts'
import { interruptions, limitationEvents, limitations } from './tables.ts'

/** Whether the claim of the account of an alias is barred at an instant: its last day has passed in the borrower's calendar. What is not known bars nothing. */
export const isBarredAt = (now: Date, alias: string): SQL => sql`exists (select from limitations l where l.tenant_id = ${sql.identifier(alias)}.tenant_id and l.account_id = ${sql.identifier(alias)}.id
  and l.last_on < (${now.toISOString()}::timestamptz at time zone ${sql.identifier(alias)}.time_zone)::date)`

/** Something that may begin the time of a debt anew: on a day, or at an instant that is a day of the borrower's. With a party, only when that party owes the debt. */
export interface Interruption { accountId: Id<'account'>, type: InterruptionType, on: CalendarDay | null, at: string | null, partyId: Id<'party'> | null, source: string }

/** Keeps what may begin the time of debts anew, each once. */
export async function insertInterruptions (tx: Tx, all: readonly Interruption[]): Promise<void> {
  if (all.length === 0) return
  const column = (pick: (one: Interruption) => unknown) => sql.param(all.map(pick))
  await tx.execute(sql`insert into limitation_interruptions (tenant_id, account_id, lender_id, type, happened_on, source)
    select distinct a.tenant_id, a.id, a.lender_id, i.type, coalesce(i.happened_on, (i.at at time zone a.time_zone)::date), i.source
    from unnest(${uuids(all.map(({ accountId }) => accountId))}, ${column(i => i.type)}::text[], ${column(i => i.on)}::date[], ${column(i => i.at)}::timestamptz[], ${uuids(all.map(({ partyId }) => partyId))}, ${column(i => i.source)}::text[])
      as i (account_id, type, happened_on, at, party_id, source)
    join accounts a on a.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and a.id = i.account_id
    where i.party_id is null or exists (select from account_parties ap where ap.tenant_id = a.tenant_id and ap.account_id = a.id and ap.party_id = i.party_id and ap.role in ('borrower', 'coBorrower'))
    on conflict do nothing`)
}

/** Takes back what payments that were undone had begun anew. */
export async function setVoid (tx: Tx, payments: readonly { accountId: Id<'account'>, source: string }[]): Promise<void> {
  if (payments.length === 0) return
  await tx.execute(sql`update limitation_interruptions i set is_void = true from unnest(${uuids(payments.map(({ accountId }) => accountId))}, ${sql.param(payments.map(({ source }) => source))}::text[]) as p (account_id, source)
    where i.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and i.account_id = p.account_id and i.type = 'partialPayment' and i.source = p.source`)
}

/** A debt, with what its limitation rests on and what was last found of it. */
export interface Claim {
  accountId: Id<'account'>, lenderId: Id<'lender'>, product: string, jurisdiction: string, region: string | null, timeZone: string, dueOn: CalendarDay, judgedOn: CalendarDay | null, borrowerKind: 'person' | 'company'
  lastOn: CalendarDay | null, isAssessed: boolean, events: { type: InterruptionType, on: CalendarDay }[], recorded: Recorded[]
}

/** Debts with what their limitation rests on, kept from being assessed by others until the transaction ends. */
export async function lockClaims (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Claim[]> {
  const tenantId = uuidOf(tx.ctx.tenantId)
  await tx.execute(sql`insert into limitations (tenant_id, account_id, lender_id) select tenant_id, id, lender_id from accounts where tenant_id = ${tenantId}::uuid and id = any(${uuids(accountIds)}) on conflict do nothing`)
  await tx.execute(sql`select from limitations where tenant_id = ${tenantId}::uuid and account_id = any(${uuids(accountIds)}) order by account_id for no key update`)
  const { rows } = await tx.execute(sql`
    select a.id, a.lender_id, a.product, a.jurisdiction, a.region, a.time_zone, a.due_on, a.judged_on, l.last_on, l.assessed_at is not null as is_assessed,
      (select b.kind from account_parties bp join parties b on b.tenant_id = bp.tenant_id and b.id = bp.party_id
        where bp.tenant_id = a.tenant_id and bp.account_id = a.id and bp.role = 'borrower' order by bp.party_id limit 1) as borrower_kind,
      coalesce((select json_agg(json_build_object('type', i.type, 'on', i.happened_on) order by i.happened_on, i.type) from (select distinct type, happened_on from limitation_interruptions
        where tenant_id = a.tenant_id and account_id = a.id and not is_void) i), '[]') as events,
      coalesce((select json_agg(json_build_object('kind', e.kind, 'on', e.happened_on, 'until', e.until) order by e.happened_on, e.kind) from limitation_events e where e.tenant_id = a.tenant_id and e.account_id = a.id), '[]') as recorded
    from accounts a join limitations l on l.tenant_id = a.tenant_id and l.account_id = a.id
    where a.tenant_id = ${tenantId}::uuid and a.id = any(${uuids(accountIds)}) order by a.id`)
  // What is in the tables was checked when it was written.
  return rows.map(row => ({
    accountId: idOf('account', String(row['id'])), lenderId: idOf('lender', String(row['lender_id'])), product: String(row['product']), jurisdiction: String(row['jurisdiction']), region: row['region'] as string | null,
    timeZone: String(row['time_zone']), dueOn: String(row['due_on']), judgedOn: row['judged_on'] as string | null, borrowerKind: row['borrower_kind'] === 'company' ? 'company' : 'person', lastOn: row['last_on'] as string | null, isAssessed: row['is_assessed'] === true,
    events: listOf<Claim['events'][number]>(row['events']), recorded: listOf<Recorded>(row['recorded']),
  }))
}

/** JSON travels as text. */
const listOf = <T>(value: unknown): T[] => (typeof value === 'string' ? JSON.parse(value) : value) as T[]

/** What was found of a debt, and when it is next to be told. */
export interface Assessment { accountId: Id<'account'>, lastOn: CalendarDay | null, decisionId: Id<'policyDecision'>, dueAt: string | null }

/** Keeps what was found of debts: nothing was told of it yet. */
export async function setAssessed (tx: Tx, all: readonly Assessment[]): Promise<void> {
  if (all.length === 0) return
  await tx.execute(sql`update limitations l set last_on = n.last_on, decision_id = n.decision_id, due_at = n.due_at, warned = null, assessed_at = ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${uuids(all.map(({ accountId }) => accountId))}, ${sql.param(all.map(({ lastOn }) => lastOn))}::date[], ${uuids(all.map(({ decisionId }) => decisionId))}, ${sql.param(all.map(({ dueAt }) => dueAt))}::timestamptz[])
      as n (account_id, last_on, decision_id, due_at)
    where l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.account_id = n.account_id`)
}

/** A debt of which a warning is due. `isLive`: it is worked, and something is owed. */
export interface DueWarning { accountId: Id<'account'>, lenderId: Id<'lender'>, timeZone: string, lastOn: CalendarDay, warned: number | null, decisionId: Id<'policyDecision'>, isLive: boolean }

/** Debts of which a warning is due, at most `limit`, kept from others. */
export async function lockDue (tx: Tx, limit: number): Promise<DueWarning[]> {
  const { rows } = await tx.execute(sql`
    select l.account_id, l.lender_id, a.time_zone, l.last_on, l.warned, l.decision_id, a.closed_at is null and a.principal + a.interest + a.penalty + a.costs > 0 as is_live
    from limitations l join accounts a on a.tenant_id = l.tenant_id and a.id = l.account_id
    where l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.due_at <= ${tx.ctx.now.toISOString()}::timestamptz order by l.due_at, l.account_id limit ${literal(limit)} for no key update of l skip locked`)
  return rows.map(row => ({
    accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])), timeZone: String(row['time_zone']), lastOn: String(row['last_on']),
    warned: row['warned'] === null ? null : Number(row['warned']), decisionId: idOf('policyDecision', String(row['decision_id'])), isLive: row['is_live'] === true,
  }))
}

/** Keeps what was told of debts, and when the next is due. */
export async function setWarned (tx: Tx, all: readonly { accountId: Id<'account'>, warned: number | null, dueAt: string | null }[]): Promise<void> {
  if (all.length === 0) return
  await tx.execute(sql`update limitations l set warned = n.warned, due_at = n.due_at
    from unnest(${uuids(all.map(({ accountId }) => accountId))}, ${sql.param(all.map(({ warned }) => warned))}::smallint[], ${sql.param(all.map(({ dueAt }) => dueAt))}::timestamptz[]) as n (account_id, warned, due_at)
    where l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.account_id = n.account_id`)
}

/** What was found of a debt; null when it was not looked at yet. */
export async function findLimitation (tx: Tx, accountId: Id<'account'>) {
  const [row] = await tx.select({ lastOn: limitations.lastOn, decisionId: limitations.decisionId, assessedAt: limitations.assessedAt }).from(limitations).where(and(eq(limitations.tenantId, tx.ctx.tenantId), eq(limitations.accountId, accountId)))
  return row ?? null
}

/** What an API shows of interruptions at most. */
const shownMax = 200

/** What began the time of a debt anew, or may have, by day. */
export const listInterruptions = async (tx: Tx, accountId: Id<'account'>) => await tx.selectDistinct({ type: interruptions.type, on: interruptions.happenedOn }).from(interruptions)
  .where(and(eq(interruptions.tenantId, tx.ctx.tenantId), eq(interruptions.accountId, accountId), eq(interruptions.isVoid, false))).orderBy(asc(interruptions.happenedOn), asc(interruptions.type)).limit(shownMax)

/** Something recorded of a claim, with what there is to show for it. */
export interface RecordedEvent extends Recorded { evidence: { kind: typeof evidenceKinds[number], reference: string | null } }

/** Keeps what was recorded of a claim; of what was known and had not ended, its end. False: it was known, and ended or without an end as now. */
export async function insertRecorded (tx: Tx, of: { accountId: Id<'account'>, lenderId: Id<'lender'> }, { kind, on, until, evidence }: RecordedEvent): Promise<boolean> {
  const { tenantId, actor, now } = tx.ctx
  const evidenced = { evidenceKind: evidence.kind, evidenceReference: evidence.reference }
  const inserted = await tx.insert(limitationEvents).values({ tenantId, ...of, kind, happenedOn: on, until, ...evidenced, actorKind: actor.kind, actorId: actor.id, createdAt: now.toISOString() }).onConflictDoNothing().returning({ kind: limitationEvents.kind })
  if (inserted.length > 0 || until === null) return inserted.length > 0
  const ended = await tx.update(limitationEvents).set({ until, ...evidenced })
    .where(and(eq(limitationEvents.tenantId, tenantId), eq(limitationEvents.accountId, of.accountId), eq(limitationEvents.kind, kind), eq(limitationEvents.happenedOn, on), isNull(limitationEvents.until))).returning({ kind: limitationEvents.kind })
  return ended.length > 0
}

/** What was recorded of a claim, by day. */
export async function listRecorded (tx: Tx, accountId: Id<'account'>): Promise<RecordedEvent[]> {
  const { kind, happenedOn: on, until, evidenceKind, evidenceReference } = limitationEvents
  const rows = await tx.select({ kind, on, until, evidenceKind, evidenceReference }).from(limitationEvents).where(and(eq(limitationEvents.tenantId, tx.ctx.tenantId), eq(limitationEvents.accountId, accountId))).orderBy(asc(on), asc(kind)).limit(shownMax)
  return rows.map(({ evidenceKind, evidenceReference, ...row }) => ({ ...row, evidence: { kind: evidenceKind, reference: evidenceReference } }))
}

/** Keeps the decision by which the last day of debts is the same as before. */
export async function setConfirmed (tx: Tx, all: readonly { accountId: Id<'account'>, decisionId: Id<'policyDecision'> }[]): Promise<void> {
  if (all.length === 0) return
  await tx.execute(sql`update limitations l set decision_id = n.decision_id, assessed_at = ${tx.ctx.now.toISOString()}::timestamptz from unnest(${uuids(all.map(({ accountId }) => accountId))}, ${uuids(all.map(({ decisionId }) => decisionId))}) as n (account_id, decision_id)
    where l.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and l.account_id = n.account_id`)
}
