import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage, idOf, minor, uuidOf } from '#kernel'
import type { CalendarDay, Id, Minor, PageOf } from '#kernel'
import { bigints, days, literal, ownRows, pageAfter, rowById, texts, uuids, wireInstant } from '#platform'
import type { Keyset, Tx } from '#platform'
import type { AttemptChannel, Direction } from '../contacts/index.ts'
import { limitations } from '../limitations/tables.ts'
import type { CancelReason, Dated, PromiseState, Verdict } from './core.ts'
import { promises } from './tables.ts'

const columns = {
  id: promises.id, accountId: promises.accountId, lenderId: promises.lenderId, placementId: promises.placementId, partyId: promises.partyId, amount: promises.amount, currency: promises.currency,
  parts: promises.parts, graceDays: promises.graceDays, madeOn: promises.madeOn, graceEndsOn: promises.graceEndsOn, channel: promises.channel, contactAttemptId: promises.contactAttemptId, state: promises.state,
  reason: promises.reason, supersededBy: promises.supersededBy, paid: promises.paid, dueAt: promises.dueAt, decidedAt: promises.decidedAt, takenBy: promises.takenBy, createdAt: promises.createdAt,
}

/** A promise as it is stored. */
export interface PromiseRow {
  id: Id<'promise'>, accountId: Id<'account'>, lenderId: Id<'lender'>, placementId: Id<'placement'>, partyId: Id<'party'>, amount: Minor, currency: string, parts: Dated[], graceDays: number,
  madeOn: CalendarDay, graceEndsOn: CalendarDay, channel: AttemptChannel | null, contactAttemptId: Id<'contactAttempt'> | null, state: PromiseState, reason: CancelReason | null,
  supersededBy: Id<'promise'> | null, paid: Minor, dueAt: string | null, decidedAt: string | null, takenBy: string, createdAt: string
}

export const findPromise: (tx: Tx, id: Id<'promise'>) => Promise<PromiseRow | null> = rowById(promises, db => db.select(columns).from(promises))

/** Which promises a list is to hold. */
export interface PromiseFilter { accountId?: Id<'account'>, state?: PromiseState }

/** Promises by id: in the order they were made. */
export async function listPromises (tx: Tx, { accountId, state }: PromiseFilter, page: Keyset): Promise<PageOf<PromiseRow>> {
  const rows = await tx.select(columns).from(promises).where(and(
    eq(promises.tenantId, tx.ctx.tenantId), pageAfter(promises.id, page), accountId === undefined ? ownRows(tx, promises.lenderId) : eq(promises.accountId, accountId),
    state === undefined ? undefined : eq(promises.state, state),
  )).orderBy(asc(promises.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** The open promise of an account, or null. */
export async function findOpenPromise (tx: Tx, accountId: Id<'account'>): Promise<PromiseRow | null> {
  const [row] = await tx.select(columns).from(promises).where(and(eq(promises.tenantId, tx.ctx.tenantId), eq(promises.accountId, accountId), eq(promises.state, 'open')))
  return row ?? null
}

/** A promise about to be stored. */
export type NewPromise = Omit<PromiseRow, 'state' | 'reason' | 'supersededBy' | 'paid' | 'decidedAt' | 'takenBy' | 'createdAt'>

/** Stores a promise, open; who took it and when is the transaction's. */
export async function insertPromise (tx: Tx, promise: NewPromise): Promise<PromiseRow> {
  const { tenantId, actor, now } = tx.ctx
  const [row] = await tx.insert(promises).values({ tenantId, ...promise, state: 'open', paid: 0, takenBy: actor.id ?? actor.kind, createdAt: now.toISOString() }).returning(columns)
  return row!
}

/** The last day to sue for a debt; null: not known. */
export async function findLastToSue (tx: Tx, accountId: Id<'account'>): Promise<CalendarDay | null> {
  const [row] = await tx.select({ lastOn: limitations.lastOn }).from(limitations).where(and(eq(limitations.tenantId, tx.ctx.tenantId), eq(limitations.accountId, accountId)))
  return row?.lastOn ?? null
}

/** A contact that happened, about a debt. */
export interface Contact { partyId: Id<'party'>, channel: AttemptChannel, direction: Direction }

/** A contact about a debt that happened, or null. */
export async function findContact (tx: Tx, id: Id<'contactAttempt'>, accountId: Id<'account'>): Promise<Contact | null> {
  const { rows: [row] } = await tx.execute(sql`select o.party_id, o.channel, o.direction from contact_attempts o
    where o.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and o.id = ${uuidOf(id)}::uuid and o.outcome not in ('pending', 'unused') and (o.account_id = ${uuidOf(accountId)}::uuid
      or exists (select from contact_attempt_debts d where d.tenant_id = o.tenant_id and d.contact_attempt_id = o.id and d.account_id = ${uuidOf(accountId)}::uuid))`)
  // What is in the tables was checked when it was written.
  return row === undefined ? null : { partyId: idOf('party', String(row['party_id'])), channel: row['channel'] as AttemptChannel, direction: row['direction'] as Direction }
}

/** Accounts with a promise whose time has come, the earliest first. */
export async function findDueAccounts (tx: Tx, max: number): Promise<Id<'account'>[]> {
  const { rows } = await tx.execute(sql`select account_id from promises where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and due_at <= ${tx.ctx.now.toISOString()}::timestamptz order by due_at, account_id limit ${literal(max)}`)
  return rows.map(row => idOf('account', String(row['account_id'])))
}

/** Those among accounts about which something was promised that is judged. */
export async function findPromised (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Id<'account'>[]> {
  if (accountIds.length === 0) return []
  const { rows } = await tx.execute(sql`select distinct account_id from promises where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and account_id = any(${uuids(accountIds)}) and state in ('open', 'kept', 'partiallyKept', 'broken')`)
  return rows.map(row => idOf('account', String(row['account_id'])))
}

/** Keeps accounts, and with them all that is promised about them, from changing until the transaction ends. */
export async function lockAccounts (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  await tx.execute(sql`select from accounts where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id = any(${uuids(accountIds)}) order by id for no key update`)
}

/** A day on which money was received for a debt, or had been. */
export interface Touch { accountId: Id<'account'>, on: CalendarDay }

/** On which days payments were received, posted or undone. */
export async function findReceivedDays (tx: Tx, paymentIds: readonly Id<'payment'>[]): Promise<Touch[]> {
  if (paymentIds.length === 0) return []
  const { rows } = await tx.execute(sql`select distinct account_id, received_on from payments where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id = any(${uuids(paymentIds)})`)
  return rows.map(row => ({ accountId: idOf('account', String(row['account_id'])), on: String(row['received_on']) }))
}

/** A promise to be judged: what was received since it was made, and how the work on its debt stands. `endedAt` is when the placement it was made under ended; null: it is at work. */
export interface Pending extends Pick<PromiseRow, 'id' | 'accountId' | 'lenderId' | 'partyId' | 'amount' | 'currency' | 'parts' | 'graceDays' | 'paid' | 'dueAt' | 'decidedAt'> {
  state: Verdict, timeZone: string, received: Dated[], isWorked: boolean, endedAt: string | null
}

/**
 * The promises of accounts that are open, and those judged before in whose time a day lies that money was received on; the newest first. Money counts for the last promise made before
 * it: on the day of a promise, what was recorded after it. The accounts' locks are held.
 */
export async function listPending (tx: Tx, accountIds: readonly Id<'account'>[], touched: readonly Touch[]): Promise<Pending[]> {
  const { rows } = await tx.execute(sql`
    select p.id, p.account_id, p.lender_id, p.party_id, p.amount, p.currency, p.parts, p.grace_days, p.paid, p.due_at, p.decided_at, p.state, a.time_zone, l.state = 'active' as is_worked, l.ended_at,
      coalesce((select json_agg(json_build_object('on', y.received_on, 'amount', y.amount) order by y.received_on, y.id) from payments y
        where y.tenant_id = p.tenant_id and y.account_id = p.account_id and y.state = 'posted' and y.received_on <= p.grace_ends_on and (y.received_on > p.made_on or (y.received_on = p.made_on and y.id > p.id))
          and not exists (select from promises n where n.tenant_id = p.tenant_id and n.account_id = p.account_id and n.id > p.id and n.state <> 'cancelled'
            and (y.received_on > n.made_on or (y.received_on = n.made_on and y.id > n.id)))), '[]') as received
    from promises p
    join accounts a on a.tenant_id = p.tenant_id and a.id = p.account_id
    join placements l on l.tenant_id = p.tenant_id and l.id = p.placement_id
    where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.account_id = any(${uuids(accountIds)}) and (p.state = 'open' or (p.state in ('kept', 'partiallyKept', 'broken')
      and exists (select from unnest(${uuids(touched.map(({ accountId }) => accountId))}, ${days(touched.map(({ on }) => on))}) t (account_id, received_on) where t.account_id = p.account_id and t.received_on between p.made_on and p.grace_ends_on)))
    order by p.id desc`)
  // What is in the tables was checked when it was written.
  return rows.map(row => ({
    id: idOf('promise', String(row['id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])), partyId: idOf('party', String(row['party_id'])),
    amount: minor(Number(row['amount'])), currency: String(row['currency']), parts: listOf(row['parts']), graceDays: Number(row['grace_days']), paid: minor(Number(row['paid'])),
    dueAt: instantOf(row['due_at']), decidedAt: instantOf(row['decided_at']), state: row['state'] as Verdict, timeZone: String(row['time_zone']), received: listOf(row['received']), isWorked: row['is_worked'] === true, endedAt: instantOf(row['ended_at']),
  }))
}

/** JSON travels as text. */
const listOf = (value: unknown): Dated[] => (typeof value === 'string' ? JSON.parse(value) : value) as Dated[]

/** Written as the program writes instants, so that they compare. */
const instantOf = (value: unknown): string | null => value === null ? null : new Date(wireInstant(String(value))).toISOString()

/** The open promises of accounts that were made up to an instant. The accounts' locks are held. */
export async function listOpenUntil (tx: Tx, all: readonly { accountId: Id<'account'>, until: string }[]): Promise<PromiseRow[]> {
  return await tx.select(columns).from(promises).where(and(eq(promises.tenantId, tx.ctx.tenantId), eq(promises.state, 'open'),
    sql`exists (select from unnest(${uuids(all.map(({ accountId }) => accountId))}, ${sql.param(all.map(({ until }) => until))}::timestamptz[]) u (account_id, until) where u.account_id = ${promises.accountId} and ${promises.createdAt} <= u.until)`,
  )).orderBy(asc(promises.id))
}

/** How a promise stands from now on. */
export interface Standing { id: Id<'promise'>, state: PromiseState, reason: CancelReason | null, supersededBy: Id<'promise'> | null, paid: Minor, dueAt: string | null, decidedAt: string | null }

/** Sets how promises stand. Those that open again are set last: an account has room for one. */
export async function setStanding (tx: Tx, all: readonly Standing[]): Promise<void> {
  for (const some of [all.filter(({ state }) => state !== 'open'), all.filter(({ state }) => state === 'open')]) {
    if (some.length === 0) continue
    await tx.execute(sql`update promises p set state = n.state, reason = n.reason, superseded_by = n.superseded_by, paid = n.paid, due_at = n.due_at, decided_at = n.decided_at
      from unnest(${uuids(some.map(({ id }) => id))}, ${texts(some.map(({ state }) => state))}, ${texts(some.map(({ reason }) => reason))}, ${uuids(some.map(({ supersededBy }) => supersededBy))}, ${bigints(some.map(({ paid }) => paid))},
        ${sql.param(some.map(({ dueAt }) => dueAt))}::timestamptz[], ${sql.param(some.map(({ decidedAt }) => decidedAt))}::timestamptz[]) as n (id, state, reason, superseded_by, paid, due_at, decided_at)
      where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.id = n.id`)
  }
}
