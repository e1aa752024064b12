import { and, asc, eq, gte, inArray, isNull, sql } from 'drizzle-orm'
import { cutPage, dayIn, formatR, idOf, minor, rational, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { NotFound, literal, pageAfter, plainArray, rowById, texts, wireInstant } from '#platform'
import type { Tx } from '#platform'
import type { Accrual, Stretch } from './accrual.core.ts'
import type { ChargedDebt, NewCharge, Position } from './core.ts'
import type { EarlierFee, FeeState } from './fees.core.ts'
import type { Limits } from './limits.core.ts'
import type { Pause } from './pauses.core.ts'
import { charges } from './tables.ts'
import type { StoredStretch } from './tables.ts'

/**
 * A debt as it is charged: where it stands and what is needed to go on, with its account and schedule locked. `workedThrough` is the day its placement ended: the
 * last for which it is charged; null while it is worked, or is another placement's by now. What a recalled debt is charged leaves the books as the rest did.
 */
export interface Charged extends ChargedDebt {
  accountId: Id<'account'>, lenderId: Id<'lender'>, agreementId: Id<'agreement'>, placementId: Id<'placement'>, currency: string, isWorked: boolean, workedThrough: CalendarDay | null, isRecalled: boolean, position: Position
}

type Row = Record<string, unknown>

const textOrNull = (value: unknown): string | null => typeof value === 'string' ? value : null

const toCharged = (row: Row): Charged => ({
  accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])), agreementId: idOf('agreement', String(row['agreement_id'])), placementId: idOf('placement', String(row['placement_id'])),
  currency: String(row['currency']), timeZone: String(row['time_zone']), dueOn: String(row['due_on']), placedOn: String(row['placed_on']), judgedOn: textOrNull(row['judged_on']), isWorked: row['is_worked'] === true,
  workedThrough: row['ended_at'] === null ? null : dayIn(String(row['time_zone']), new Date(wireInstant(String(row['ended_at'])))), isRecalled: row['ended_at'] !== null && row['state'] === 'recalled',
  owed: { principal: minor(Number(row['principal'])), interest: minor(Number(row['interest'])), penalty: minor(Number(row['penalty'])), costs: minor(Number(row['costs'])) },
  position: {
    chargedThroughOn: String(row['charged_through_on']),
    interest: { exact: rational(String(row['exact_interest'])), posted: minor(Number(row['posted_interest'])), capitalized: minor(Number(row['capitalized'])), stretch: stretchOf(row['stretch']) },
    // What is stored was written as such: a named boundary.
    fees: row['fees'] as FeeState,
  },
  limits: row['limits'] as Limits[],
})

const stretchOf = (value: unknown): Stretch | null => {
  const stored = value as StoredStretch | null
  return stored === null ? null : { from: stored.from, base: minor(stored.base), cap: stored.cap, before: rational(stored.before) }
}
const storedStretch = ({ stretch }: Accrual): string | null => stretch === null ? null : JSON.stringify({ ...stretch, before: formatR(stretch.before) })

const chargedColumns = sql`s.account_id, s.lender_id, s.agreement_id, s.placement_id, s.charged_through_on, s.exact_interest, s.posted_interest, s.capitalized, s.stretch, s.fees, s.limits,
  a.currency, a.time_zone, a.due_on, a.judged_on, p.placed_on, a.principal, a.interest, a.penalty, a.costs,
  a.closed_at is null and p.state = 'active' as is_worked, p.state,
  case when p.state in ('recalled', 'returned', 'closed') and not exists (select from placements n where n.tenant_id = p.tenant_id and n.account_id = p.account_id and n.placement_number > p.placement_number)
    then p.ended_at end as ended_at`

/** Schedules with their accounts and the placements they were begun for. */
const schedules = sql`charge_schedules s join accounts a on a.tenant_id = s.tenant_id and a.id = s.account_id join placements p on p.tenant_id = s.tenant_id and p.id = s.placement_id`

/** How many schedules one transaction of the night takes: enough to share its commit, few enough that a payment which meets one waits a moment. */
export const nightMax = 1_000

/**
 * Locks schedules that are due, with their accounts, so many at most. What another worker or a payment has in hand is left for the next
 * round: nothing is waited for, so nothing can wait for each other.
 */
export async function lockDue (tx: Tx): Promise<Charged[]> {
  const { rows } = await tx.execute(sql`select ${chargedColumns}
    from ${schedules}
    where s.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and s.due_at <= ${tx.ctx.now.toISOString()}::timestamptz
    order by s.due_at limit ${literal(nightMax)} for no key update of s, a skip locked`)
  return rows.map(toCharged)
}

/** Locks the schedule of an account whose lock is held. Null when it has none, or one of an earlier placement only. */
export async function lockSchedule (tx: Tx, accountId: Id<'account'>): Promise<Charged | null> {
  const { rows } = await tx.execute(sql`select ${chargedColumns}
    from ${schedules}
    where s.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and s.account_id = ${uuidOf(accountId)}::uuid
      and not exists (select from placements n where n.tenant_id = s.tenant_id and n.account_id = s.account_id and n.state in ('active', 'recalled', 'returned', 'closed') and n.placement_number > p.placement_number)
    for no key update of s`)
  return rows[0] === undefined ? null : toCharged(rows[0])
}

/** Locks the schedules of accounts whose placement ended and which were not charged up to that day, with their accounts, in the order of their ids. */
export async function lockEnded (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Charged[]> {
  const { rows } = await tx.execute(sql`select ${chargedColumns}
    from ${schedules}
    where s.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and s.account_id = any(${plainArray(accountIds.map(uuidOf))}::uuid[])
      and p.state in ('recalled', 'returned', 'closed') and s.charged_through_on < (p.ended_at at time zone a.time_zone)::date
    order by s.account_id for no key update of a, s`)
  return rows.map(toCharged)
}

/** What stops interest or late fees of accounts, by account: every hold that does, past ones included. */
export async function listPauses (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Map<string, Pause[]>> {
  const { rows } = await tx.execute(sql`select account_id, starts_at, least(ends_at, released_at) as ends_at, stops_interest, stops_late_fees from holds
    where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and account_id = any(${plainArray(accountIds.map(uuidOf))}::uuid[]) and (stops_interest or stops_late_fees)`)
  const pauses = new Map<string, Pause[]>()
  for (const row of rows) {
    const accountId = idOf('account', String(row['account_id']))
    const endsAt = textOrNull(row['ends_at'])
    const pause = { startsAt: wireInstant(String(row['starts_at'])), endsAt: endsAt === null ? null : wireInstant(endsAt), stopsInterest: row['stops_interest'] === true, stopsLateFees: row['stops_late_fees'] === true }
    pauses.set(accountId, [...pauses.get(accountId) ?? [], pause])
  }
  return pauses
}

/** A charge with its identity and, when it came to anything, the entry that posted it. */
export interface PostedCharge { id: Id<'charge'>, of: Charged, made: NewCharge, entryId: Id<'journalEntry'> | null }

/** How far a schedule has got, and when it is due again. */
export interface Reached { accountId: Id<'account'>, position: Position, dueAt: string | null }

/** Writes charges, and how far the schedules they came from have got: one statement, however many. */
export async function insertCharges (tx: Tx, charges: readonly PostedCharge[], reached: readonly Reached[]): Promise<void> {
  const each = (pick: (charge: NewCharge, of: PostedCharge) => string | number | null) => plainArray(charges.map(charge => pick(charge.made, charge)))
  const far = (pick: (reached: Reached) => string | number | null) => plainArray(reached.map(pick))
  const tenantId = uuidOf(tx.ctx.tenantId)
  await tx.execute(sql`with charge as (
      insert into charges (tenant_id, id, account_id, lender_id, kind, from_on, to_on, base, rate, rate_unit, day_count, days, exact, amount, currency, caused_by, entry_id, policy_decision_id, created_at)
      select ${tenantId}::uuid, id, account_id, lender_id, kind, from_on, to_on, base, rate, rate_unit, day_count, days, exact, amount, currency, caused_by, entry_id, policy_decision_id, ${tx.ctx.now.toISOString()}::timestamptz
      from unnest(${each((_, { id }) => uuidOf(id))}::uuid[], ${each((_, { of }) => uuidOf(of.accountId))}::uuid[], ${each((_, { of }) => uuidOf(of.lenderId))}::uuid[], ${each(c => c.kind)}::text[],
        ${each(c => c.fromOn)}::date[], ${each(c => c.toOn)}::date[], ${each(c => c.base)}::bigint[], ${each(c => c.rate)}::text[], ${each(c => c.rateUnit)}::text[],
        ${each(c => c.dayCount)}::text[], ${each(c => c.days)}::int[], ${each(c => c.exact)}::text[], ${each(c => c.amount)}::bigint[], ${each((_, { of }) => of.currency)}::text[],
        ${each(c => c.causedBy)}::text[], ${each((_, { entryId }) => entryId === null ? null : uuidOf(entryId))}::uuid[], ${each(c => c.policyDecisionId === null ? null : uuidOf(c.policyDecisionId))}::uuid[])
        as c (id, account_id, lender_id, kind, from_on, to_on, base, rate, rate_unit, day_count, days, exact, amount, currency, caused_by, entry_id, policy_decision_id)
    )
    update charge_schedules s
    set charged_through_on = r.charged_through_on, exact_interest = r.exact_interest, posted_interest = r.posted_interest, capitalized = r.capitalized, stretch = r.stretch::jsonb, fees = r.fees::jsonb, due_at = r.due_at
    from unnest(${far(r => uuidOf(r.accountId))}::uuid[], ${far(r => r.position.chargedThroughOn)}::date[], ${far(r => formatR(r.position.interest.exact))}::text[],
      ${far(r => r.position.interest.posted)}::bigint[], ${far(r => r.position.interest.capitalized)}::bigint[], ${texts(reached.map(r => storedStretch(r.position.interest)))},
      ${texts(reached.map(r => JSON.stringify(r.position.fees)))}, ${far(r => r.dueAt)}::timestamptz[])
      as r (account_id, charged_through_on, exact_interest, posted_interest, capitalized, stretch, fees, due_at)
    where s.tenant_id = ${tenantId}::uuid and s.account_id = r.account_id`)
}

/** An account at work, as a schedule begins from it. */
export interface Placed {
  accountId: Id<'account'>, lenderId: Id<'lender'>, placementId: Id<'placement'>, agreementId: Id<'agreement'>, placedOn: CalendarDay, dueOn: CalendarDay, judgedOn: CalendarDay | null, timeZone: string
}

/** Those of the accounts that are at work, or were, and not charged yet, with their last placements. */
export async function listPlaced (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Placed[]> {
  const { rows } = await tx.execute(sql`select p.account_id, p.lender_id, p.id, p.agreement_id, p.placed_on, a.due_on, a.judged_on, a.time_zone
    from placements p join accounts a on a.tenant_id = p.tenant_id and a.id = p.account_id
    where p.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and p.account_id = any(${plainArray(accountIds.map(uuidOf))}::uuid[]) and p.state in ('active', 'recalled', 'returned', 'closed')
      and not exists (select from placements n where n.tenant_id = p.tenant_id and n.account_id = p.account_id and n.placement_number > p.placement_number)
      and not exists (select from charge_schedules s where s.tenant_id = p.tenant_id and s.account_id = p.account_id and s.placement_id = p.id)
    order by p.account_id`)
  return rows.map(row => ({
    accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])), placementId: idOf('placement', String(row['id'])),
    agreementId: idOf('agreement', String(row['agreement_id'])), placedOn: String(row['placed_on']), dueOn: String(row['due_on']), judgedOn: textOrNull(row['judged_on']), timeZone: String(row['time_zone']),
  }))
}

/**
 * Begins schedules. An account that has one of an earlier placement begins anew and bears no day of interest twice; one that has begun already stays as it is.
 */
export async function insertSchedules (tx: Tx, rows: readonly (Placed & { position: Position, limits: readonly Limits[], dueAt: string | null })[]): Promise<void> {
  const plain = (pick: (row: typeof rows[number]) => string | null) => plainArray(rows.map(pick))
  await tx.execute(sql`insert into charge_schedules (tenant_id, account_id, lender_id, placement_id, agreement_id, charged_through_on, exact_interest, posted_interest, capitalized, fees, limits, due_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, account_id, lender_id, placement_id, agreement_id, charged_through_on, '0', 0, 0, fees::jsonb, limits::jsonb, due_at
    from unnest(${plain(r => uuidOf(r.accountId))}::uuid[], ${plain(r => uuidOf(r.lenderId))}::uuid[], ${plain(r => uuidOf(r.placementId))}::uuid[], ${plain(r => uuidOf(r.agreementId))}::uuid[],
      ${plain(r => r.position.chargedThroughOn)}::date[], ${texts(rows.map(r => JSON.stringify(r.position.fees)))}, ${texts(rows.map(r => JSON.stringify(r.limits)))}, ${plain(r => r.dueAt)}::timestamptz[])
      as s (account_id, lender_id, placement_id, agreement_id, charged_through_on, fees, limits, due_at)
    on conflict (tenant_id, account_id) do update set placement_id = excluded.placement_id, agreement_id = excluded.agreement_id, exact_interest = '0', posted_interest = 0, capitalized = 0, stretch = null,
      fees = excluded.fees, limits = excluded.limits, due_at = excluded.due_at,
      charged_through_on = greatest(excluded.charged_through_on, (select max(c.to_on) from charges c where c.tenant_id = excluded.tenant_id and c.account_id = excluded.account_id and c.kind = 'interest' and c.superseded_by is null))
    where charge_schedules.placement_id <> excluded.placement_id`)
}

/** Adds what the law was found to allow from later days on. */
export async function addLimits (tx: Tx, limits: ReadonlyMap<Id<'account'>, readonly Limits[]>): Promise<void> {
  const rows = [...limits]
  await tx.execute(sql`update charge_schedules s set limits = s.limits || l.limits::jsonb
    from unnest(${plainArray(rows.map(([accountId]) => uuidOf(accountId)))}::uuid[], ${texts(rows.map(([, added]) => JSON.stringify(added)))}) as l (account_id, limits)
    where s.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and s.account_id = l.account_id`)
}

/** The late fees that accounts were charged and that hold, by account. */
export async function listFees (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Map<Id<'account'>, EarlierFee[]>> {
  const rows = await tx.select({ accountId: charges.accountId, causedBy: charges.causedBy, toOn: charges.toOn, amount: charges.amount }).from(charges)
    .where(and(eq(charges.tenantId, tx.ctx.tenantId), inArray(charges.accountId, [...accountIds]), eq(charges.kind, 'lateFee'), isNull(charges.supersededBy))).orderBy(asc(charges.id))
  const fees = new Map<Id<'account'>, EarlierFee[]>()
  for (const { accountId, ...fee } of rows) fees.set(accountId, [...fees.get(accountId) ?? [], fee])
  return fees
}

/** Lets schedules rest, but for those of accounts that are at work again. */
export async function restSchedules (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  if (accountIds.length === 0) return
  await tx.execute(sql`update charge_schedules s set due_at = null
    where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and account_id = any(${plainArray(accountIds.map(uuidOf))}::uuid[]) and due_at is not null
      and not exists (select from placements p where p.tenant_id = s.tenant_id and p.account_id = s.account_id and p.state = 'active')`)
}

/** Has schedules that rest looked at now: the night's work finds out what is next. */
export async function wakeSchedules (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  if (accountIds.length === 0) return
  await tx.execute(sql`update charge_schedules set due_at = ${tx.ctx.now.toISOString()}::timestamptz
    where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and account_id = any(${plainArray(accountIds.map(uuidOf))}::uuid[]) and due_at is null`)
}

const columns = {
  id: charges.id, accountId: charges.accountId, lenderId: charges.lenderId, kind: charges.kind, fromOn: charges.fromOn, toOn: charges.toOn, base: charges.base, rate: charges.rate,
  rateUnit: charges.rateUnit, dayCount: charges.dayCount, days: charges.days, exact: charges.exact, amount: charges.amount, currency: charges.currency, causedBy: charges.causedBy, journalEntryId: charges.entryId, policyDecisionId: charges.policyDecisionId,
  waivedAt: charges.waivedAt, waiverReason: charges.waiverReason, supersededBy: charges.supersededBy, createdAt: charges.createdAt,
}

/** A charge, or null. */
export const findCharge = rowById(charges, db => db.select(columns).from(charges))

/** A charge whose account's lock is held. Throws `NotFound`. */
export async function lockCharge (tx: Tx, id: Id<'charge'>) {
  const [row] = await tx.select(columns).from(charges).where(and(eq(charges.tenantId, tx.ctx.tenantId), eq(charges.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** A charge as it is stored. */
export type Charge = Awaited<ReturnType<typeof lockCharge>>

/** The charges of an account by id: in the order they were made. */
export async function listCharges (tx: Tx, accountId: Id<'account'>, page: { limit: number, after: string | null }): Promise<PageOf<Charge>> {
  const rows = await tx.select(columns).from(charges)
    .where(and(eq(charges.tenantId, tx.ctx.tenantId), eq(charges.accountId, accountId), pageAfter(charges.id, page))).orderBy(asc(charges.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Marks a charge as waived by an entry. */
export async function setChargeWaived (tx: Tx, id: Id<'charge'>, reason: NonNullable<Charge['waiverReason']>, entryId: Id<'journalEntry'>): Promise<Charge> {
  const [row] = await tx.update(charges).set({ waivedAt: tx.ctx.now.toISOString(), waiverReason: reason, waiverEntryId: entryId })
    .where(and(eq(charges.tenantId, tx.ctx.tenantId), eq(charges.id, id))).returning(columns)
  return row!
}

/** Notes that a waiver was undone: the charges it took back stand again. The account's lock is held. */
export async function setWaiverUndone (tx: Tx, accountId: Id<'account'>, entryId: Id<'journalEntry'>): Promise<void> {
  await tx.update(charges).set({ waivedAt: null, waiverReason: null, waiverEntryId: null })
    .where(and(eq(charges.tenantId, tx.ctx.tenantId), eq(charges.accountId, accountId), eq(charges.waiverEntryId, entryId)))
}

/** The charges of an account that hold, by day. The account's lock is held. */
export async function listLiveCharges (tx: Tx, accountId: Id<'account'>): Promise<Charge[]> {
  return await tx.select(columns).from(charges)
    .where(and(eq(charges.tenantId, tx.ctx.tenantId), eq(charges.accountId, accountId), isNull(charges.supersededBy))).orderBy(asc(charges.toOn), asc(charges.id))
}

/** The days from one on through which interest of an account was ever posted, by charges that do not hold any more as well. The account's lock is held. */
export async function listPostingDays (tx: Tx, accountId: Id<'account'>, from: CalendarDay): Promise<CalendarDay[]> {
  const rows = await tx.selectDistinct({ toOn: charges.toOn }).from(charges)
    .where(and(eq(charges.tenantId, tx.ctx.tenantId), eq(charges.accountId, accountId), eq(charges.kind, 'interest'), gte(charges.toOn, from))).orderBy(asc(charges.toOn))
  return rows.map(({ toOn }) => toOn)
}

/** Marks charges as computed anew by a correction. */
export async function setSuperseded (tx: Tx, ids: readonly Id<'charge'>[], by: Id<'correction'>): Promise<void> {
  await tx.update(charges).set({ supersededBy: by }).where(and(eq(charges.tenantId, tx.ctx.tenantId), inArray(charges.id, [...ids])))
}

/** What was waived stays waived when it is computed anew: the charges of a correction take the waivers of those they replace. */
export async function keepWaivers (tx: Tx, accountId: Id<'account'>, by: Id<'correction'>): Promise<void> {
  await tx.execute(sql`update charges n set waived_at = o.waived_at, waiver_reason = o.waiver_reason, waiver_entry_id = o.waiver_entry_id
    from charges o
    where o.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and o.account_id = ${uuidOf(accountId)}::uuid and o.superseded_by = ${uuidOf(by)}::uuid and o.waived_at is not null
      and n.tenant_id = o.tenant_id and n.account_id = o.account_id and n.kind = o.kind and n.caused_by = o.caused_by and n.superseded_by is null`)
}
