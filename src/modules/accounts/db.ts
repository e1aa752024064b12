import { and, asc, desc, eq, inArray, isNotNull, isNull, lt, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { Buckets, Id, PageOf } from '#kernel'
import { NotFound, bigints, days, events, ownRows, pageAfter, pageAfterNumber, plannedAnew, rowById, texts, uuids, wireInstant, write } from '#platform'
import type { Tx } from '#platform'
import { accountParties, accounts } from './tables.ts'
import type { PartyRole, Stage } from './core.ts'

const columns = {
  id: accounts.id, lenderId: accounts.lenderId, agreementId: accounts.agreementId, lenderReference: accounts.lenderReference, product: accounts.product,
  currency: accounts.currency, jurisdiction: accounts.jurisdiction, region: accounts.region, timeZone: accounts.timeZone, contractOn: accounts.contractOn,
  dueOn: accounts.dueOn, judgedOn: accounts.judgedOn, stage: accounts.stage, principal: accounts.principal, interest: accounts.interest, penalty: accounts.penalty, costs: accounts.costs,
  placedOn: accounts.placedOn, closedAt: accounts.closedAt, createdAt: accounts.createdAt,
}

/** A debt as it stands. */
export interface AccountRow extends Buckets {
  id: Id<'account'>, lenderId: Id<'lender'>, agreementId: Id<'agreement'>, lenderReference: string, product: string, currency: string, jurisdiction: string,
  region: string | null, timeZone: string, contractOn: string | null, dueOn: string, judgedOn: string | null, stage: Stage, placedOn: string, closedAt: string | null, createdAt: string
}

/** An account, or null. */
export const findAccount: (tx: Tx, id: Id<'account'>) => Promise<AccountRow | null> = rowById(accounts, db => db.select(columns).from(accounts))

/** An account, kept from changing until the transaction ends: whoever moves its money holds this lock. Rows that name it can be added meanwhile. Throws `NotFound`. */
export async function lockAccount (tx: Tx, id: Id<'account'>): Promise<AccountRow> {
  const [row] = await tx.select(columns).from(accounts).where(and(eq(accounts.tenantId, tx.ctx.tenantId), eq(accounts.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Which accounts a list is to hold. */
export interface AccountFilter { lenderId?: Id<'lender'>, lenderReference?: string, isOpen?: boolean }

/** Accounts by id. */
export async function listAccounts (tx: Tx, { lenderId, lenderReference, isOpen }: AccountFilter, page: { limit: number, after: string | null }): Promise<PageOf<AccountRow>> {
  const rows = await tx.select(columns).from(accounts).where(and(
    eq(accounts.tenantId, tx.ctx.tenantId), ownRows(tx, accounts.lenderId), pageAfter(accounts.id, page),
    lenderId === undefined ? undefined : eq(accounts.lenderId, lenderId),
    lenderReference === undefined ? undefined : eq(accounts.lenderReference, lenderReference),
    isOpen === undefined ? undefined : isOpen ? isNull(accounts.closedAt) : sql`${accounts.closedAt} is not null`,
  )).orderBy(asc(accounts.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Accounts of a lender with these references, by reference. Each is looked up in the index by itself, however small the table is. */
export async function findAccountsByReference (tx: Tx, lenderId: Id<'lender'>, references: readonly string[]): Promise<Map<string, Pick<AccountRow, 'id' | 'currency' | 'closedAt'>>> {
  const { rows } = await tx.execute(sql`${plannedAnew}select r.reference, a.id, a.currency, a.closed_at from unnest(${texts(references)}) r (reference)
    cross join lateral (
      select id, currency, closed_at from accounts where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and lender_id = ${uuidOf(lenderId)}::uuid and lender_reference = r.reference limit 1
    ) a`)
  return new Map(rows.map(row => [String(row['reference']), {
    id: idOf('account', String(row['id'])), currency: String(row['currency']), closedAt: row['closed_at'] === null ? null : wireInstant(String(row['closed_at'])),
  }]))
}

/** An account about to be stored. */
export type NewAccount = Omit<AccountRow, 'closedAt' | 'createdAt' | 'lenderId'>

/** Inserts accounts of one lender: one statement, however many. Answers the ids inserted: a reference already taken is left out. */
export async function insertAccounts (tx: Tx, lenderId: Id<'lender'>, rows: readonly NewAccount[]): Promise<Set<Id<'account'>>> {
  const inserted = await tx.execute(sql`insert into accounts (tenant_id, id, lender_id, agreement_id, lender_reference, product, currency, jurisdiction, region, time_zone,
      contract_on, due_on, judged_on, stage, principal, interest, penalty, costs, placed_on, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, id, ${uuidOf(lenderId)}::uuid, agreement_id, lender_reference, product, currency, jurisdiction, region, time_zone,
      contract_on, due_on, judged_on, stage, principal, interest, penalty, costs, placed_on, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${uuids(rows.map(r => r.id))}, ${uuids(rows.map(r => r.agreementId))}, ${texts(rows.map(r => r.lenderReference))},
      ${texts(rows.map(r => r.product))}, ${texts(rows.map(r => r.currency))}, ${texts(rows.map(r => r.jurisdiction))},
      ${texts(rows.map(r => r.region))}, ${texts(rows.map(r => r.timeZone))}, ${days(rows.map(r => r.contractOn))},
      ${days(rows.map(r => r.dueOn))}, ${days(rows.map(r => r.judgedOn))}, ${texts(rows.map(r => r.stage))}, ${bigints(rows.map(r => r.principal))},
      ${bigints(rows.map(r => r.interest))}, ${bigints(rows.map(r => r.penalty))}, ${bigints(rows.map(r => r.costs))},
      ${days(rows.map(r => r.placedOn))})
      as a (id, agreement_id, lender_reference, product, currency, jurisdiction, region, time_zone, contract_on, due_on, judged_on, stage, principal, interest, penalty, costs, placed_on)
    on conflict (tenant_id, lender_id, lender_reference) do nothing returning id`)
  return new Set(inserted.rows.map(row => idOf('account', String(row['id']))))
}

/**
 * Opens closed accounts of one lender again with the facts of their new placement: one statement, however many. Balances are left to the
 * ledger. The caller holds the accounts' locks.
 */
export async function restateAccounts (tx: Tx, rows: readonly Omit<NewAccount, 'currency' | 'lenderReference' | keyof Buckets>[]): Promise<void> {
  await tx.execute(sql`update accounts a set agreement_id = r.agreement_id, product = r.product, jurisdiction = r.jurisdiction, region = r.region, time_zone = r.time_zone,
      contract_on = r.contract_on, due_on = r.due_on, judged_on = r.judged_on, stage = r.stage, placed_on = r.placed_on, closed_at = null
    from unnest(${uuids(rows.map(r => r.id))}, ${uuids(rows.map(r => r.agreementId))}, ${texts(rows.map(r => r.product))}, ${texts(rows.map(r => r.jurisdiction))}, ${texts(rows.map(r => r.region))},
      ${texts(rows.map(r => r.timeZone))}, ${days(rows.map(r => r.contractOn))}, ${days(rows.map(r => r.dueOn))}, ${days(rows.map(r => r.judgedOn))}, ${texts(rows.map(r => r.stage))}, ${days(rows.map(r => r.placedOn))})
      as r (id, agreement_id, product, jurisdiction, region, time_zone, contract_on, due_on, judged_on, stage, placed_on)
    where a.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and a.id = r.id`)
}

/** Accounts among these that are closed, by id, each kept from changing until the transaction ends. */
export async function lockClosedAccounts (tx: Tx, ids: readonly Id<'account'>[]): Promise<Map<Id<'account'>, AccountRow>> {
  const rows = await tx.select(columns).from(accounts)
    .where(and(eq(accounts.tenantId, tx.ctx.tenantId), inArray(accounts.id, [...ids]), isNotNull(accounts.closedAt))).orderBy(asc(accounts.id)).for('no key update')
  return new Map(rows.map(row => [row.id, row]))
}

/** Unties all parties from accounts. */
export async function deleteAccountParties (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  await tx.delete(accountParties).where(and(eq(accountParties.tenantId, tx.ctx.tenantId), inArray(accountParties.accountId, [...accountIds])))
}

/** Ties parties to accounts of one lender: one statement, however many. */
export function insertAccountParties (tx: Tx, lenderId: Id<'lender'>, rows: readonly { accountId: Id<'account'>, partyId: Id<'party'>, role: PartyRole }[]): void {
  write(tx, sql`insert into account_parties (tenant_id, account_id, party_id, lender_id, role)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, account_id, party_id, ${uuidOf(lenderId)}::uuid, role
    from unnest(${uuids(rows.map(r => r.accountId))}, ${uuids(rows.map(r => r.partyId))}, ${texts(rows.map(r => r.role))}) as p (account_id, party_id, role)`)
}

/** The parties of an account with their roles, by id. */
export const listAccountParties = async (tx: Tx, accountId: Id<'account'>) =>
  await tx.select({ partyId: accountParties.partyId, role: accountParties.role }).from(accountParties)
    .where(and(eq(accountParties.tenantId, tx.ctx.tenantId), eq(accountParties.accountId, accountId))).orderBy(asc(accountParties.partyId))

/** Closes accounts, or opens them again (`closedAt` null). */
export async function setAccountClosed (tx: Tx, id: Id<'account'>, closedAt: string | null): Promise<void> {
  await tx.update(accounts).set({ closedAt }).where(and(eq(accounts.tenantId, tx.ctx.tenantId), eq(accounts.id, id)))
}

/**
 * What happened to an account, newest first. `after` is the sequence of the last one shown: in the agency's stream or, for a lender, in its own,
 * for a cursor can be read and would tell how busy the agency is.
 */
export async function listTimeline (tx: Tx, accountId: Id<'account'>, page: { limit: number, after: string | null }) {
  const before = pageAfterNumber(page)
  const sequence = tx.ctx.lenderId === null ? events.sequence : events.lenderSequence
  const rows = await tx.select({ id: events.id, type: events.type, sequence, occurredAt: events.occurredAt, actorKind: events.actorKind, data: events.data }).from(events)
    .where(and(eq(events.tenantId, tx.ctx.tenantId), eq(events.accountId, accountId), before === 0 ? undefined : isBefore(tx, before)))
    // Of one account both streams are in one order, and only the agency's is in its index.
    .orderBy(desc(events.sequence)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => String(row.sequence))
}

/** The events before one of the caller's own stream, by the agency's numbers. */
const isBefore = (tx: Tx, before: number): SQL => tx.ctx.lenderId === null
  ? lt(events.sequence, before)
  : sql`${events.sequence} <= (select e.sequence from events e where e.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and e.lender_id = ${uuidOf(tx.ctx.lenderId)}::uuid
      and e.lender_sequence < ${before}::bigint order by e.lender_sequence desc limit 1)`
