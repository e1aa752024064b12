import { and, asc, desc, eq, inArray, isNull, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { NotFound, days, ownRows, pageAfter, plainArray, rowById, smallints, texts, uuids, write } from '#platform'
import type { Tx } from '#platform'
import { accounts } from '../accounts/tables.ts'
import type { CloseCode } from './core.ts'
import { kept } from './life.core.ts'
import type { Claim, ContestReason, PlacementState, RecallReason, StoredState } from './life.core.ts'
import { placements } from './tables.ts'

/** A placement as it is kept: `claim` is what has begun to end one that is still worked. */
export interface PlacementRow {
  id: Id<'placement'>, accountId: Id<'account'>, lenderId: Id<'lender'>, lenderReference: string, agreementId: Id<'agreement'>, batchId: Id<'placementBatch'> | null,
  placementNumber: number, state: StoredState, claim: Claim | null, placedOn: CalendarDay, termEndsOn: CalendarDay, toldEndsOn: CalendarDay | null, extendedDays: number,
  answerBy: CalendarDay | null, askedOn: CalendarDay | null, questions: string[] | null, answers: string[] | null,
  recallAskedOn: CalendarDay | null, recallReason: RecallReason | null, contestReason: ContestReason | null, contestEvidence: string | null, dueAt: string | null, closeCode: CloseCode | null, endedAt: string | null, createdAt: string
}

const columns = {
  id: placements.id, accountId: placements.accountId, lenderId: placements.lenderId, lenderReference: accounts.lenderReference, agreementId: placements.agreementId,
  batchId: placements.batchId, placementNumber: placements.placementNumber, state: placements.state, claim: placements.claim, placedOn: placements.placedOn, termEndsOn: placements.termEndsOn, toldEndsOn: placements.toldEndsOn,
  extendedDays: placements.extendedDays, answerBy: placements.answerBy, askedOn: placements.askedOn, questions: placements.questions, answers: placements.answers,
  recallAskedOn: placements.recallAskedOn, recallReason: placements.recallReason, contestReason: placements.contestReason, contestEvidence: placements.contestEvidence, dueAt: placements.dueAt,
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

const isIn = (wanted: PlacementState) => {
  const { state, claim } = kept(wanted)
  return claim !== null ? eq(placements.claim, claim) : state === 'active' ? and(eq(placements.state, state), isNull(placements.claim)) : eq(placements.state, state)
}

/** Placements by id. */
export async function listPlacements (tx: Tx, { lenderId, accountId, state }: PlacementFilter, page: { limit: number, after: string | null }): Promise<PageOf<PlacementRow>> {
  const rows = await selectPlacements(tx).where(and(
    eq(placements.tenantId, tx.ctx.tenantId), pageAfter(placements.id, page),
    lenderId === undefined ? undefined : eq(placements.lenderId, lenderId),
    accountId === undefined ? ownRows(tx, placements.lenderId) : eq(placements.accountId, accountId),
    state === undefined ? undefined : isIn(state),
  )).orderBy(asc(placements.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** A placement about to be stored. */
export type NewPlacement = Pick<PlacementRow, 'id' | 'accountId' | 'agreementId' | 'placementNumber' | 'state' | 'placedOn' | 'termEndsOn' | 'answerBy' | 'dueAt'>

/** Inserts placements of one lender: one statement, however many. */
export function insertPlacements (tx: Tx, of: { lenderId: Id<'lender'>, batchId: Id<'placementBatch'> | null }, rows: readonly NewPlacement[]): void {
  write(tx, sql`insert into placements (tenant_id, id, account_id, lender_id, agreement_id, batch_id, placement_number, state, placed_on, term_ends_on, answer_by, due_at, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, id, account_id, ${uuidOf(of.lenderId)}::uuid, agreement_id, ${of.batchId === null ? null : uuidOf(of.batchId)}::uuid, placement_number, state, placed_on,
      term_ends_on, answer_by, due_at, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${uuids(rows.map(r => r.id))}, ${uuids(rows.map(r => r.accountId))}, ${uuids(rows.map(r => r.agreementId))},
      ${smallints(rows.map(r => r.placementNumber))}, ${texts(rows.map(r => r.state))}, ${days(rows.map(r => r.placedOn))}, ${days(rows.map(r => r.termEndsOn))},
      ${days(rows.map(r => r.answerBy))}, ${plainArray(rows.map(r => r.dueAt))}::timestamptz[])
      as p (id, account_id, agreement_id, placement_number, state, placed_on, term_ends_on, answer_by, due_at)`)
}

/** What a step changes of a placement. */
export type PlacementChange = Partial<Pick<PlacementRow, 'termEndsOn' | 'toldEndsOn' | 'extendedDays' | 'answerBy' | 'askedOn' | 'questions' | 'answers' | 'recallAskedOn' | 'recallReason' | 'contestReason' | 'contestEvidence' | 'closeCode'>>

/** Moves a placement to another state, with what changes by it. */
export async function setPlacement (tx: Tx, id: Id<'placement'>, set: PlacementChange & Pick<PlacementRow, 'state' | 'claim' | 'endedAt' | 'dueAt'>): Promise<void> {
  await tx.update(placements).set(set).where(and(eq(placements.tenantId, tx.ctx.tenantId), eq(placements.id, id)))
}
