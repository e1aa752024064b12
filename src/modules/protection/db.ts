import { and, asc, eq, gt, isNull, lte, or, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { Buckets, Id, PageOf } from '#kernel'
import { NotFound, newId, ownRows, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import { effectsOf } from './core.ts'
import type { HoldEffects, HoldKind, LegalHoldEnding, LegalHoldReason, disputeOutcomes, disputeReasons, disputeStates } from './core.ts'
import { disputes, holds } from './tables.ts'

type Page = { limit: number, after: string | null }

const holdColumns = {
  id: holds.id, accountId: holds.accountId, lenderId: holds.lenderId, kind: holds.kind, stopsContact: holds.stopsContact, stopsInterest: holds.stopsInterest,
  stopsLateFees: holds.stopsLateFees, startsAt: holds.startsAt, endsAt: holds.endsAt, releasedAt: holds.releasedAt, reason: holds.reason, releaseReason: holds.releaseReason, createdAt: holds.createdAt,
}

/** A hold as it is stored, with what it stops. */
export interface HoldRow extends HoldEffects {
  id: Id<'hold'>, accountId: Id<'account'>, lenderId: Id<'lender'>, kind: HoldKind, startsAt: string, endsAt: string | null, releasedAt: string | null,
  reason: LegalHoldReason | null, releaseReason: LegalHoldEnding | null, createdAt: string
}

/** Begins a hold. Its end, when it has one, is a deadline to be announced. */
export async function insertHold (tx: Tx, hold: { accountId: Id<'account'>, lenderId: Id<'lender'>, kind: HoldKind, startsAt: string, endsAt: string | null, reason?: LegalHoldReason }): Promise<HoldRow> {
  const now = tx.ctx.now.toISOString()
  const [row] = await tx.insert(holds).values({
    tenantId: tx.ctx.tenantId, id: newId('hold'), ...hold, ...effectsOf(hold.kind), dueAt: hold.endsAt, createdAt: now,
  }).returning(holdColumns)
  return row!
}

export const findHold: (tx: Tx, id: Id<'hold'>) => Promise<HoldRow | null> = rowById(holds, db => db.select(holdColumns).from(holds))

/** A hold, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockHold (tx: Tx, id: Id<'hold'>): Promise<HoldRow> {
  const [row] = await tx.select(holdColumns).from(holds).where(and(eq(holds.tenantId, tx.ctx.tenantId), eq(holds.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

export async function setHoldReleased (tx: Tx, id: Id<'hold'>, releasedAt: string, releaseReason: LegalHoldEnding | null = null): Promise<void> {
  await tx.update(holds).set({ releasedAt, releaseReason, dueAt: null }).where(and(eq(holds.tenantId, tx.ctx.tenantId), eq(holds.id, id)))
}

const isActive = (tx: Tx) => {
  const now = tx.ctx.now.toISOString()
  return and(lte(holds.startsAt, now), or(isNull(holds.endsAt), gt(holds.endsAt, now)), isNull(holds.releasedAt))
}

/** Holds by id. */
export async function listHolds (tx: Tx, { accountId, activeOnly = false }: { accountId?: Id<'account'>, activeOnly?: boolean }, page: Page): Promise<PageOf<HoldRow>> {
  const rows = await tx.select(holdColumns).from(holds).where(and(
    eq(holds.tenantId, tx.ctx.tenantId), pageAfter(holds.id, page), accountId === undefined ? ownRows(tx, holds.lenderId) : eq(holds.accountId, accountId), activeOnly ? isActive(tx) : undefined,
  )).orderBy(asc(holds.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** The holds on accounts that are active now, by id. */
export const listActiveHolds = async (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<HoldRow[]> =>
  accountIds.length === 0 ? [] : await tx.select(holdColumns).from(holds)
    .where(and(eq(holds.tenantId, tx.ctx.tenantId), sql`${holds.accountId} = any(${sql.param(accountIds.map(uuidOf))}::uuid[])`, isActive(tx))).orderBy(asc(holds.id))

/** Takes up to `limit` holds whose end has come off the list of those to be announced, in the order of their ends. */
export async function takeEndedHolds (tx: Tx, limit: number): Promise<HoldRow[]> {
  const ended = await tx.select(holdColumns).from(holds)
    .where(and(eq(holds.tenantId, tx.ctx.tenantId), lte(holds.dueAt, tx.ctx.now.toISOString()))).orderBy(asc(holds.dueAt), asc(holds.id)).limit(limit).for('no key update', { skipLocked: true })
  if (ended.length > 0) {
    await tx.update(holds).set({ dueAt: null }).where(and(eq(holds.tenantId, tx.ctx.tenantId), sql`${holds.id} = any(${sql.param(ended.map(({ id }) => uuidOf(id)))}::uuid[])`))
  }
  return ended
}

const disputeColumns = {
  id: disputes.id, accountId: disputes.accountId, lenderId: disputes.lenderId, holdId: disputes.holdId, reason: disputes.reason, disputed: disputes.disputed, state: disputes.state,
  openedAt: disputes.openedAt, resolvedAt: disputes.resolvedAt,
}

export async function insertDispute (tx: Tx, dispute: { accountId: Id<'account'>, lenderId: Id<'lender'>, holdId: Id<'hold'>, reason: typeof disputeReasons[number], disputed: Partial<Buckets> | null }) {
  const [row] = await tx.insert(disputes).values({ tenantId: tx.ctx.tenantId, id: newId('dispute'), ...dispute, state: 'open', openedAt: tx.ctx.now.toISOString() }).returning(disputeColumns)
  return row!
}

export const findDispute = rowById(disputes, db => db.select(disputeColumns).from(disputes))

/** The open dispute about an account, or null. */
export async function findOpenDispute (tx: Tx, accountId: Id<'account'>) {
  const [row] = await tx.select(disputeColumns).from(disputes).where(and(eq(disputes.tenantId, tx.ctx.tenantId), eq(disputes.accountId, accountId), eq(disputes.state, 'open')))
  return row ?? null
}

/** A dispute, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockDispute (tx: Tx, id: Id<'dispute'>) {
  const [row] = await tx.select(disputeColumns).from(disputes).where(and(eq(disputes.tenantId, tx.ctx.tenantId), eq(disputes.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

export async function setDisputeResolved (tx: Tx, id: Id<'dispute'>, state: typeof disputeOutcomes[number]) {
  const [row] = await tx.update(disputes).set({ state, resolvedAt: tx.ctx.now.toISOString() }).where(and(eq(disputes.tenantId, tx.ctx.tenantId), eq(disputes.id, id))).returning(disputeColumns)
  return row!
}

/** Disputes by id. */
export async function listDisputes (tx: Tx, { accountId, state }: { accountId?: Id<'account'>, state?: typeof disputeStates[number] }, page: Page) {
  const rows = await tx.select(disputeColumns).from(disputes).where(and(
    eq(disputes.tenantId, tx.ctx.tenantId), pageAfter(disputes.id, page), accountId === undefined ? ownRows(tx, disputes.lenderId) : eq(disputes.accountId, accountId), state === undefined ? undefined : eq(disputes.state, state),
  )).orderBy(asc(disputes.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
