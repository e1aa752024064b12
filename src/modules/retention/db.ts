import { and, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { CursorInvalid, days, literal, texts, uuids, wireInstant } from '#platform'
import type { Tx } from '#platform'
import type { FormerType } from '../lenders/index.ts'
import { keepingHolds } from './core.ts'
import type { Category, ClosedDebt } from './core.ts'
import { retentionDeadlines } from './tables.ts'

const tenantOf = (tx: Tx): SQL => sql`${uuidOf(tx.ctx.tenantId)}::uuid`
const nowOf = (tx: Tx): SQL => sql`${tx.ctx.now.toISOString()}::timestamptz`
const accountIdOf = (value: unknown): Id<'account'> => idOf('account', String(value))

/** Whether the debt of an alias, by one of its columns, is under a hold that stops deletion. */
const isHeld = (tx: Tx, accountId: SQL): SQL => sql`exists (select from holds h where h.tenant_id = ${tenantOf(tx)} and h.account_id = ${accountId} and h.kind = any(${texts(keepingHolds)})
  and h.released_at is null and h.starts_at <= ${nowOf(tx)} and (h.ends_at is null or h.ends_at > ${nowOf(tx)}))`

/** A debt as its terms are found, and what is known of them: `endsAt` and its deadlines as they were last found. */
export interface Debt extends Omit<ClosedDebt, 'lenderType' | 'closedOn'> {
  accountId: Id<'account'>, lenderId: Id<'lender'>, lender: { type: string | null, formerTypes: FormerType[] }, jurisdiction: string, region: string | null, timeZone: string, closedOn: CalendarDay | null
  isHeld: boolean, isRetained: boolean, endsAt: string | null, deadlines: Deadline[]
}

/** What was found of one category. */
export interface Deadline { category: Category, keepUntil: CalendarDay | null, deleteBy: CalendarDay | null, pack: string | null, rule: string | null, clause: string | null, decisionId: Id<'policyDecision'> }

const ofAccount = (column: SQL, table: SQL, where: SQL): SQL => sql`(select ${column} from ${table} where t.tenant_id = a.tenant_id and t.account_id = a.id and ${where})`
const attemptDay = (where: SQL): SQL => sql`(${ofAccount(sql`max(t.at)`, sql`contact_attempts t`, sql`t.outcome not in ('pending', 'unused') and ${where}`)} at time zone a.time_zone)::date`

/** Debts that are closed, or were, with what their terms rest on; kept from being opened, closed, held or paid until the transaction ends. Locks are taken in one order. */
export async function lockDebts (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Debt[]> {
  const { rows: locked } = await tx.execute(sql`select a.id from accounts a where a.tenant_id = ${tenantOf(tx)} and a.id = any(${uuids(accountIds)})
    and (a.closed_at is not null or exists (select from retentions r where r.tenant_id = a.tenant_id and r.account_id = a.id)) order by a.id for no key update`)
  if (locked.length === 0) return []
  // Read after the locks: what was waited for is seen.
  const { rows } = await tx.execute(sql`
    select a.id, a.lender_id, l.type, l.former_types::text as former_types, a.product, a.jurisdiction, a.region, a.time_zone, (a.closed_at at time zone a.time_zone)::date as closed_on,
      (select b.kind from account_parties bp join parties b on b.tenant_id = bp.tenant_id and b.id = bp.party_id
        where bp.tenant_id = a.tenant_id and bp.account_id = a.id and bp.role = 'borrower' order by bp.party_id limit 1) as borrower_kind,
      (select pl.state = 'closed' and pl.close_code in ('paidInFull', 'settledInFull', 'paidToLender') from placements pl
        where pl.tenant_id = a.tenant_id and pl.account_id = a.id order by pl.placement_number desc limit 1) as is_settled,
      ${ofAccount(sql`max(t.received_on)`, sql`payments t`, sql`t.state = 'posted'`)} as last_payment_on,
      ${attemptDay(sql`true`)} as last_contact_on, ${attemptDay(sql`t.recording_reference is not null`)} as last_recording_on,
      ${attemptDay(sql`t.recording_reference is not null and t.result = 'promise'`)} as last_promise_on,
      ${ofAccount(sql`max(t.recording_kept_until)`, sql`contact_attempts t`, sql`t.recording_reference is not null`)} as recordings_kept_until,
      ${isHeld(tx, sql`a.id`)} as is_held, r.account_id is not null as is_retained, r.ends_at
    from accounts a join lenders l on l.tenant_id = a.tenant_id and l.id = a.lender_id left join retentions r on r.tenant_id = a.tenant_id and r.account_id = a.id
    where a.tenant_id = ${tenantOf(tx)} and a.id = any(${uuids(locked.map(({ id }) => String(id)))}) order by a.id`)
  const known = await listDeadlines(tx, locked.map(({ id }) => accountIdOf(id)))
  // What is in the tables was checked when it was written.
  const dayOf = (value: unknown): CalendarDay | null => value as CalendarDay | null
  return rows.map(row => ({
    accountId: accountIdOf(row['id']), lenderId: idOf('lender', String(row['lender_id'])), lender: { type: row['type'] as string | null, formerTypes: JSON.parse(String(row['former_types'])) as FormerType[] },
    product: String(row['product']), jurisdiction: String(row['jurisdiction']), region: row['region'] as string | null, timeZone: String(row['time_zone']), closedOn: dayOf(row['closed_on']),
    borrowerType: row['borrower_kind'] === 'company' ? 'business' : 'consumer', settledOn: row['is_settled'] === true ? dayOf(row['closed_on']) : null, lastPaymentOn: dayOf(row['last_payment_on']),
    lastContactOn: dayOf(row['last_contact_on']), lastRecordingOn: dayOf(row['last_recording_on']), lastPromiseOn: dayOf(row['last_promise_on']), recordingsKeptUntil: dayOf(row['recordings_kept_until']),
    isHeld: row['is_held'] === true, isRetained: row['is_retained'] === true, endsAt: row['ends_at'] === null ? null : wireInstant(String(row['ends_at'])), deadlines: known.get(accountIdOf(row['id'])) ?? [],
  }))
}

/** What was found of each category of debts, by debt. */
export async function listDeadlines (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Map<Id<'account'>, Deadline[]>> {
  const { accountId, category, keepUntil, deleteBy, pack, rule, clause, decisionId } = retentionDeadlines
  const rows = accountIds.length === 0 ? [] : await tx.select({ accountId, category, keepUntil, deleteBy, pack, rule, clause, decisionId }).from(retentionDeadlines)
    .where(and(eq(retentionDeadlines.tenantId, tx.ctx.tenantId), sql`${accountId} = any(${sql.param(accountIds.map(uuidOf))}::uuid[])`)).orderBy(accountId, category)
  const found = new Map<Id<'account'>, Deadline[]>()
  for (const { accountId, ...deadline } of rows) found.set(accountId, [...found.get(accountId) ?? [], deadline])
  return found
}

/** Remembers who the people of debts are, whoever is put in their place later. */
export async function insertRetentionParties (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  await tx.execute(sql`insert into retention_parties (tenant_id, account_id, party_id, lender_id) select tenant_id, account_id, party_id, lender_id from account_parties
    where tenant_id = ${tenantOf(tx)} and account_id = any(${uuids(accountIds)}) on conflict do nothing`)
}

/** Forgets the terms of debts that are at work again. Their people of before are still remembered. */
export async function deleteRetentions (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  if (accountIds.length === 0) return
  for (const table of [sql`retention_deadlines`, sql`retentions`]) await tx.execute(sql`delete from ${table} where tenant_id = ${tenantOf(tx)} and account_id = any(${uuids(accountIds)})`)
}

/** Keeps when the terms of debts end and when they are next looked at. */
export async function setRetentions (tx: Tx, all: readonly { accountId: Id<'account'>, lenderId: Id<'lender'>, endsAt: string | null, dueAt: string | null }[]): Promise<void> {
  if (all.length === 0) return
  await tx.execute(sql`insert into retentions (tenant_id, account_id, lender_id, ends_at, due_at, asked_at)
    select ${tenantOf(tx)}, account_id, lender_id, ends_at::timestamptz, due_at::timestamptz, ${nowOf(tx)}
    from unnest(${uuids(all.map(({ accountId }) => accountId))}, ${uuids(all.map(({ lenderId }) => lenderId))}, ${texts(all.map(({ endsAt }) => endsAt))}, ${texts(all.map(({ dueAt }) => dueAt))}) as n (account_id, lender_id, ends_at, due_at)
    on conflict (tenant_id, account_id) do update set ends_at = excluded.ends_at, due_at = excluded.due_at, asked_at = excluded.asked_at`)
}

/** Puts what was found of debts in the place of what was found before. */
export async function setDeadlines (tx: Tx, all: readonly (Deadline & { accountId: Id<'account'>, lenderId: Id<'lender'> })[]): Promise<void> {
  if (all.length === 0) return
  await tx.execute(sql`delete from retention_deadlines where tenant_id = ${tenantOf(tx)} and account_id = any(${uuids(all.map(({ accountId }) => accountId))})`)
  await tx.execute(sql`insert into retention_deadlines (tenant_id, account_id, lender_id, category, keep_until, delete_by, pack, rule, clause, decision_id) select ${tenantOf(tx)}, n.*
    from unnest(${uuids(all.map(({ accountId }) => accountId))}, ${uuids(all.map(({ lenderId }) => lenderId))}, ${texts(all.map(({ category }) => category))}, ${days(all.map(({ keepUntil }) => keepUntil))}, ${days(all.map(({ deleteBy }) => deleteBy))},
      ${texts(all.map(({ pack }) => pack))}, ${texts(all.map(({ rule }) => rule))}, ${texts(all.map(({ clause }) => clause))}, ${uuids(all.map(({ decisionId }) => decisionId))}) as n`)
}

/** Debts that are to be looked at now, at most `limit`. */
export async function listDue (tx: Tx, limit: number): Promise<Id<'account'>[]> {
  const { rows } = await tx.execute(sql`select account_id from retentions where tenant_id = ${tenantOf(tx)} and due_at <= ${nowOf(tx)} order by due_at, account_id limit ${literal(limit)}`)
  return rows.map(row => accountIdOf(row['account_id']))
}

/** Everybody a debt is or was about who still has their data, and the other records that its lender has of them: the same identity is one person. */
const peopleOf = (tx: Tx, accountIds: readonly Id<'account'>[]): SQL => sql`
  known as materialized (
    select distinct p.id, p.lender_id, p.identity_index from (
      select party_id from retention_parties where tenant_id = ${tenantOf(tx)} and account_id = any(${uuids(accountIds)})
      union select party_id from account_parties where tenant_id = ${tenantOf(tx)} and account_id = any(${uuids(accountIds)})
    ) d join parties p on p.tenant_id = ${tenantOf(tx)} and p.id = d.party_id where p.erased_at is null
  ), people as materialized (
    select id, 'party:' || id as person from known where identity_index is null
    union select q.id, 'identity:' || encode(q.identity_index, 'hex') || k.lender_id from known k join parties q on q.tenant_id = ${tenantOf(tx)} and q.identity_index = k.identity_index and q.lender_id = k.lender_id
  ), debts as materialized (
    select w.id as party_id, w.person, d.account_id from people w cross join lateral (
      select account_id from retention_parties where tenant_id = ${tenantOf(tx)} and party_id = w.id union select account_id from account_parties where tenant_id = ${tenantOf(tx)} and party_id = w.id
    ) d
  )`

/** The debts by which a lender knows the people of debts, those among them. */
export async function listDebtsOfPeople (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Id<'account'>[]> {
  const { rows } = await tx.execute(sql`with ${peopleOf(tx, accountIds)} select distinct account_id from debts`)
  return [...new Set([...accountIds, ...rows.map(row => accountIdOf(row['account_id']))])]
}

/** The people of debts all of whose debts with the lender are closed, have run out of terms and are not held; by debt. The caller holds the locks of all of these debts. */
export async function listDeletable (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<{ partyId: Id<'party'>, accountId: Id<'account'> }[]> {
  const { rows } = await tx.execute(sql`with ${peopleOf(tx, accountIds)}, kept as (
      select distinct d.person from debts d join accounts a on a.tenant_id = ${tenantOf(tx)} and a.id = d.account_id left join retentions r on r.tenant_id = a.tenant_id and r.account_id = a.id
      where a.closed_at is null or r.ends_at is null or r.ends_at > ${nowOf(tx)} or ${isHeld(tx, sql`a.id`)}
    ) select d.party_id, d.account_id from debts d where not exists (select from kept where kept.person = d.person) order by d.account_id, d.party_id`)
  return rows.map(row => ({ partyId: idOf('party', String(row['party_id'])), accountId: accountIdOf(row['account_id']) }))
}

/** Keeps that debts were looked at: those whose people wait for other debts are looked at again at an instant, the others are done with. */
export async function setLooked (tx: Tx, accountIds: readonly Id<'account'>[], againAt: Date): Promise<void> {
  await tx.execute(sql`update retentions r set due_at = case when ${hasPeople(tx, sql`r.account_id`)} then ${againAt.toISOString()}::timestamptz end
    where r.tenant_id = ${tenantOf(tx)} and r.account_id = any(${uuids(accountIds)}) and r.due_at <= ${nowOf(tx)}`)
}

/** Whether a debt is or was about anybody who still has their data. */
const hasPeople = (tx: Tx, accountId: SQL): SQL => sql`(exists (select from retention_parties d join parties p on p.tenant_id = d.tenant_id and p.id = d.party_id where d.tenant_id = ${tenantOf(tx)} and d.account_id = ${accountId} and p.erased_at is null)
  or exists (select from account_parties d join parties p on p.tenant_id = d.tenant_id and p.id = d.party_id where d.tenant_id = ${tenantOf(tx)} and d.account_id = ${accountId} and p.erased_at is null))`

/** How the records of a debt stand: its terms, the holds that stop deletion, and whether anybody is left; null: there is no such debt. */
export async function findRetention (tx: Tx, accountId: Id<'account'>) {
  const { rows: [row] } = await tx.execute(sql`
    select a.closed_at, r.ends_at, r.asked_at, ${hasPeople(tx, sql`a.id`)} as has_people,
      array_to_string(array(select h.id from holds h where h.tenant_id = a.tenant_id and h.account_id = a.id and h.kind = any(${texts(keepingHolds)}) and h.released_at is null and h.starts_at <= ${nowOf(tx)}
        and (h.ends_at is null or h.ends_at > ${nowOf(tx)}) order by h.id limit 50), ' ') as holds
    from accounts a left join retentions r on r.tenant_id = a.tenant_id and r.account_id = a.id where a.tenant_id = ${tenantOf(tx)} and a.id = ${uuidOf(accountId)}::uuid`)
  if (row === undefined) return null
  const at = (value: unknown): string | null => value === null ? null : wireInstant(String(value))
  const holds = String(row['holds']).split(' ').filter(id => id !== '')
  return { closedAt: at(row['closed_at']), endsAt: at(row['ends_at']), askedAt: at(row['asked_at']), hasPeople: row['has_people'] === true, holdIds: holds.map(id => idOf('hold', id)) }
}

/** A debt whose people are to be deleted. */
export interface Ending { accountId: Id<'account'>, lenderId: Id<'lender'>, endsAt: string }

const cursorText = /^(\d{4}-\d{2}-\d{2}T[\d:.]+Z)\|(acc_[0-9a-f-]{36})$/

/** Debts whose terms have run out by an instant and that nothing holds, the first to end first. Throws `CursorInvalid`. */
export async function listEnding (tx: Tx, before: string, page: { limit: number, after: string | null }): Promise<PageOf<Ending>> {
  const cursor = page.after === null ? null : cursorText.exec(page.after)
  if (page.after !== null && cursor === null) throw CursorInvalid()
  const { rows } = await tx.execute(sql`select account_id, lender_id, ends_at from retentions where tenant_id = ${tenantOf(tx)} and due_at is not null and ends_at <= ${before}::timestamptz
    ${cursor === null ? sql`` : sql`and (ends_at, account_id) > (${cursor[1]}::timestamptz, ${uuidOf(cursor[2]!)}::uuid)`}
    order by ends_at, account_id limit ${literal(page.limit + 1)}`)
  return cutPage(rows.map(row => ({ accountId: accountIdOf(row['account_id']), lenderId: idOf('lender', String(row['lender_id'])), endsAt: wireInstant(String(row['ends_at'])) })), page.limit, ({ accountId, endsAt }) => `${endsAt}|${accountId}`)
}
