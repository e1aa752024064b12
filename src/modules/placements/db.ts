import { and, asc, desc, eq, inArray, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { NotFound, days, ownRows, pageAfter, rowById, smallints, texts, uuids, write } from '#platform'
import type { Tx } from '#platform'
import { accounts } from '../accounts/tables.ts'
import type { CloseCode, PlacementState } from './core.ts'
import { placements } from './tables.ts'

/** A placement as the API shows it. */
export interface PlacementRow {
  id: Id<'placement'>, accountId: Id<'account'>, lenderId: Id<'lender'>, lenderReference: string, agreementId: Id<'agreement'>, batchId: Id<'placementBatch'> | null,
  placementNumber: number, state: PlacementState, placedOn: CalendarDay, termEndsOn: CalendarDay, closeCode: CloseCode | null, endedAt: string | null, createdAt: string
}

const columns = {
  id: placements.id, accountId: placements.accountId, lenderId: placements.lenderId, lenderReference: accounts.lenderReference, agreementId: placements.agreementId,
  batchId: placements.batchId, placementNumber: placements.placementNumber, state: placements.state, placedOn: placements.placedOn, termEndsOn: placements.termEndsOn,
  closeCode: placements.closeCode, endedAt: placements.endedAt, createdAt: placements.createdAt,
}

const selectPlacements = (tx: Pick<Tx, 'select'>) => tx.select(columns).from(placements)
  .innerJoin(accounts, and(eq(accounts.tenantId, placements.tenantId), eq(accounts.id, placements.accountId)))

/** A placement, or null. */
export const findPlacement: (tx: Tx, id: Id<'placement'>) => Promise<PlacementRow | null> = rowById(placements, selectPlacements)

/** A placement, kept from changing until the transaction ends. Throws `NotFound`. The caller holds the lock of its account. */
export async function lockPlacement (tx: Tx, id: Id<'placement'>): Promise<PlacementRow> {
  const [row] = await selectPlacements(tx).where(and(eq(placements.tenantId, tx.ctx.tenantId), eq(placements.id, id))).for('no key update', { of: placements })
  if (row === undefined) throw NotFound()
  return row
}

/** The last placement of an account, or null. */
export async function findLastPlacement (tx: Tx, accountId: Id<'account'>): Promise<PlacementRow | null> {
  const [row] = await selectPlacements(tx).where(and(eq(placements.tenantId, tx.ctx.tenantId), eq(placements.accountId, accountId))).orderBy(desc(placements.placementNumber)).limit(1)
  return row ?? null
}

/** The number of the last placement of each account. */
export async function findPlacementNumbers (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Map<Id<'account'>, number>> {
  const rows = await tx.select({ accountId: placements.accountId, last: sql<number>`max(${placements.placementNumber})` }).from(placements)
    .where(and(eq(placements.tenantId, tx.ctx.tenantId), inArray(placements.accountId, [...accountIds]))).groupBy(placements.accountId)
  return new Map(rows.map(({ accountId, last }) => [accountId, last]))
}

/** Which placements a list is to hold. */
export interface PlacementFilter { lenderId?: Id<'lender'>, accountId?: Id<'account'>, state?: PlacementState }

/** Placements by id. */
export async function listPlacements (tx: Tx, { lenderId, accountId, state }: PlacementFilter, page: { limit: number, after: string | null }): Promise<PageOf<PlacementRow>> {
  const rows = await selectPlacements(tx).where(and(
    eq(placements.tenantId, tx.ctx.tenantId), pageAfter(placements.id, page),
    lenderId === undefined ? undefined : eq(placements.lenderId, lenderId),
    accountId === undefined ? ownRows(tx, placements.lenderId) : eq(placements.accountId, accountId),
    state === undefined ? undefined : eq(placements.state, state),
  )).orderBy(asc(placements.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** A placement about to be stored. */
export type NewPlacement = Omit<PlacementRow, 'lenderReference' | 'lenderId' | 'batchId' | 'closeCode' | 'endedAt' | 'createdAt'>

/** Inserts placements of one lender: one statement, however many. */
export function insertPlacements (tx: Tx, of: { lenderId: Id<'lender'>, batchId: Id<'placementBatch'> | null }, rows: readonly NewPlacement[]): void {
  write(tx, sql`insert into placements (tenant_id, id, account_id, lender_id, agreement_id, batch_id, placement_number, state, placed_on, term_ends_on, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, id, account_id, ${uuidOf(of.lenderId)}::uuid, agreement_id, ${of.batchId === null ? null : uuidOf(of.batchId)}::uuid, placement_number, state, placed_on,
      term_ends_on, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${uuids(rows.map(r => r.id))}, ${uuids(rows.map(r => r.accountId))}, ${uuids(rows.map(r => r.agreementId))},
      ${smallints(rows.map(r => r.placementNumber))}, ${texts(rows.map(r => r.state))}, ${days(rows.map(r => r.placedOn))}, ${days(rows.map(r => r.termEndsOn))})
      as p (id, account_id, agreement_id, placement_number, state, placed_on, term_ends_on)`)
}

/** Moves a placement to another state; an end has its instant and perhaps a close code. */
export async function setPlacementState (tx: Tx, id: Id<'placement'>, set: { state: PlacementState, closeCode: CloseCode | null, endedAt: string | null }): Promise<void> {
  await tx.update(placements).set(set).where(and(eq(placements.tenantId, tx.ctx.tenantId), eq(placements.id, id)))
}
