import { and, asc, desc, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import { cutPage, idOf, minor, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter, pageAfterNumber, rowById, uuids } from '#platform'
import type { Keyset, Tx } from '#platform'
import type { Placed, Plan, StrategyCriteria, StrategyStep } from './core.ts'
import { enrolments, strategies, strategyVersions } from './tables.ts'

const columns = {
  id: strategies.id, name: strategies.name, rank: strategies.rank, latestVersion: strategies.latestVersion, activeVersion: strategies.activeVersion, activatedAt: strategies.activatedAt, createdAt: strategies.createdAt,
}

/** A strategy, or null. */
export const findStrategy = rowById(strategies, db => db.select(columns).from(strategies))
/** A strategy as it stands. */
export type StrategyRow = NonNullable<Awaited<ReturnType<typeof findStrategy>>>

/** A strategy, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockStrategy (tx: Tx, id: Id<'strategy'>): Promise<StrategyRow> {
  const [row] = await tx.select(columns).from(strategies).where(and(eq(strategies.tenantId, tx.ctx.tenantId), eq(strategies.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** How many strategies the agency has. */
export const countStrategies = async (tx: Tx): Promise<number> => await tx.$count(strategies, eq(strategies.tenantId, tx.ctx.tenantId))

/** Adds a strategy, with no version yet; null when there is one of the name. */
export async function insertStrategy (tx: Tx, name: string, rank: number): Promise<StrategyRow | null> {
  const { tenantId, now } = tx.ctx
  const [row] = await tx.insert(strategies).values({ tenantId, id: newId('strategy'), name, rank, latestVersion: 0, createdAt: now.toISOString() }).onConflictDoNothing().returning(columns)
  return row ?? null
}

/** The id of the strategy of a name. */
export async function findStrategyId (tx: Tx, name: string): Promise<Id<'strategy'> | null> {
  const [row] = await tx.select({ id: strategies.id }).from(strategies).where(and(eq(strategies.tenantId, tx.ctx.tenantId), eq(strategies.name, name)))
  return row?.id ?? null
}

/** Strategies in the order they were made. */
export async function listStrategies (tx: Tx, page: Keyset): Promise<PageOf<StrategyRow>> {
  const rows = await tx.select(columns).from(strategies).where(and(eq(strategies.tenantId, tx.ctx.tenantId), pageAfter(strategies.id, page))).orderBy(asc(strategies.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Changes which version of a strategy is in use, and how it ranks among others. */
export async function setStrategy (tx: Tx, id: Id<'strategy'>, change: Partial<Pick<StrategyRow, 'activeVersion' | 'activatedAt' | 'rank'>>): Promise<StrategyRow> {
  const [row] = await tx.update(strategies).set(change).where(and(eq(strategies.tenantId, tx.ctx.tenantId), eq(strategies.id, id))).returning(columns)
  return row!
}

const versionColumns = {
  id: strategyVersions.id, strategyId: strategyVersions.strategyId, number: strategyVersions.number, steps: strategyVersions.steps, appliesTo: strategyVersions.appliesTo,
  createdById: strategyVersions.createdById, createdAt: strategyVersions.createdAt,
}

/** A version of a strategy as it was made. */
export interface VersionRow extends Plan { id: Id<'strategyVersion'>, strategyId: Id<'strategy'>, number: number, createdById: string | null, createdAt: string }

/** Adds the next version. The caller holds the strategy's lock. */
export async function insertVersion (tx: Tx, strategyId: Id<'strategy'>, number: number, plan: Plan): Promise<VersionRow> {
  const { tenantId, actor, now } = tx.ctx
  const [row] = await tx.insert(strategyVersions).values({ tenantId, id: newId('strategyVersion'), strategyId, number, ...plan, createdById: actor.id, createdAt: now.toISOString() }).returning(versionColumns)
  await tx.update(strategies).set({ latestVersion: number }).where(and(eq(strategies.tenantId, tenantId), eq(strategies.id, strategyId)))
  return row!
}

/** A version of a strategy by its number, or null. */
export async function findVersion (tx: Tx, strategyId: Id<'strategy'>, number: number): Promise<VersionRow | null> {
  const [row] = await tx.select(versionColumns).from(strategyVersions).where(and(eq(strategyVersions.tenantId, tx.ctx.tenantId), eq(strategyVersions.strategyId, strategyId), eq(strategyVersions.number, number)))
  return row ?? null
}

/** Versions of a strategy by number, the first first. */
export async function listVersions (tx: Tx, strategyId: Id<'strategy'>, page: Keyset): Promise<PageOf<VersionRow>> {
  const rows = await tx.select(versionColumns).from(strategyVersions)
    .where(and(eq(strategyVersions.tenantId, tx.ctx.tenantId), eq(strategyVersions.strategyId, strategyId), gt(strategyVersions.number, pageAfterNumber(page)))).orderBy(asc(strategyVersions.number)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => String(row.number))
}

/** Steps that debts follow, by the version that says them. */
export async function listSteps (tx: Tx, ids: readonly Id<'strategyVersion'>[]): Promise<ReadonlyMap<Id<'strategyVersion'>, readonly StrategyStep[]>> {
  if (ids.length === 0) return new Map()
  const rows = await tx.select({ id: strategyVersions.id, steps: strategyVersions.steps }).from(strategyVersions).where(and(eq(strategyVersions.tenantId, tx.ctx.tenantId), inArray(strategyVersions.id, [...ids])))
  return new Map(rows.map(({ id, steps }) => [id, steps]))
}

/** A version that debts placed now may follow. */
export interface ActiveRow { strategyId: Id<'strategy'>, versionId: Id<'strategyVersion'>, rank: number, appliesTo: StrategyCriteria }

/** The versions in use. */
export async function listActive (tx: Tx): Promise<ActiveRow[]> {
  return await tx.select({ strategyId: strategies.id, versionId: strategyVersions.id, rank: strategies.rank, appliesTo: strategyVersions.appliesTo }).from(strategies)
    .innerJoin(strategyVersions, and(eq(strategyVersions.tenantId, strategies.tenantId), eq(strategyVersions.strategyId, strategies.id), eq(strategyVersions.number, strategies.activeVersion)))
    .where(eq(strategies.tenantId, tx.ctx.tenantId))
}

/** A debt at work, as strategies are chosen for it. */
export interface AtWork extends Placed { accountId: Id<'account'>, placementId: Id<'placement'> }

/** Which debts of these are at work. `unenrolled`: and follow nothing yet. */
export async function listAtWork (tx: Tx, accountIds: readonly Id<'account'>[], { unenrolled }: { unenrolled: boolean }): Promise<AtWork[]> {
  const { rows } = await tx.execute(sql`
    select pl.id as placement_id, a.id as account_id, a.lender_id, a.product, a.jurisdiction, a.currency, a.principal + a.interest + a.penalty + a.costs as owed
    from placements pl join accounts a on a.tenant_id = pl.tenant_id and a.id = pl.account_id
    where pl.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and pl.account_id = any(${uuids(accountIds)}) and pl.state = 'active'
      and (not ${unenrolled}::boolean or not exists (select from enrolments e where e.tenant_id = pl.tenant_id and e.placement_id = pl.id and e.ended_at is null))
    order by pl.id`)
  return rows.map(row => ({
    placementId: idOf('placement', String(row['placement_id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])),
    product: String(row['product']), jurisdiction: String(row['jurisdiction']), currency: String(row['currency']), owed: minor(Number(row['owed'])),
  }))
}

/** A placement, and the version it is to follow. */
export interface NewEnrolment { placementId: Id<'placement'>, accountId: Id<'account'>, strategyVersionId: Id<'strategyVersion'> | null }

/** Enrols placements: one statement, however many. One that follows something already is left as it is and not answered. */
export async function insertEnrolments (tx: Tx, fresh: readonly NewEnrolment[]): Promise<(NewEnrolment & { id: Id<'enrolment'> })[]> {
  if (fresh.length === 0) return []
  const { tenantId, actor, now } = tx.ctx
  const { rows } = await tx.execute(sql`insert into enrolments (tenant_id, id, placement_id, account_id, strategy_version_id, enrolled_by_id, enrolled_at)
    select ${uuidOf(tenantId)}::uuid, id, placement_id, account_id, strategy_version_id, ${actor.id}::text, ${now.toISOString()}::timestamptz
    from unnest(${uuids(fresh.map(() => newId('enrolment')))}, ${uuids(fresh.map(e => e.placementId))}, ${uuids(fresh.map(e => e.accountId))}, ${uuids(fresh.map(e => e.strategyVersionId))})
      as fresh (id, placement_id, account_id, strategy_version_id)
    on conflict (tenant_id, placement_id) where ended_at is null do nothing returning id, placement_id, account_id, strategy_version_id`)
  return rows.map(row => ({
    id: idOf('enrolment', String(row['id'])), placementId: idOf('placement', String(row['placement_id'])), accountId: idOf('account', String(row['account_id'])),
    strategyVersionId: typeof row['strategy_version_id'] === 'string' ? idOf('strategyVersion', row['strategy_version_id']) : null,
  }))
}

/** Ends what a placement follows. */
export async function setEnded (tx: Tx, placementId: Id<'placement'>): Promise<void> {
  await tx.update(enrolments).set({ endedAt: tx.ctx.now.toISOString() }).where(and(eq(enrolments.tenantId, tx.ctx.tenantId), eq(enrolments.placementId, placementId), isNull(enrolments.endedAt)))
}

/** What a debt follows, or followed last. */
export interface EnrolmentRow {
  id: Id<'enrolment'>, placementId: Id<'placement'>, accountId: Id<'account'>, strategyVersionId: Id<'strategyVersion'> | null, enrolledById: string | null, enrolledAt: string, endedAt: string | null
  strategyId: Id<'strategy'> | null, name: string | null, version: number | null, steps: StrategyStep[] | null
}

/** What a debt follows, and before that followed, the newest first. */
export async function listEnrolments (tx: Tx, accountId: Id<'account'>, page: Keyset): Promise<PageOf<EnrolmentRow>> {
  const rows = await tx.select({
    id: enrolments.id, placementId: enrolments.placementId, accountId: enrolments.accountId, strategyVersionId: enrolments.strategyVersionId, enrolledById: enrolments.enrolledById, enrolledAt: enrolments.enrolledAt,
    endedAt: enrolments.endedAt, strategyId: strategyVersions.strategyId, name: strategies.name, version: strategyVersions.number, steps: strategyVersions.steps,
  }).from(enrolments)
    .leftJoin(strategyVersions, and(eq(strategyVersions.tenantId, enrolments.tenantId), eq(strategyVersions.id, enrolments.strategyVersionId)))
    .leftJoin(strategies, and(eq(strategies.tenantId, strategyVersions.tenantId), eq(strategies.id, strategyVersions.strategyId)))
    .where(and(eq(enrolments.tenantId, tx.ctx.tenantId), eq(enrolments.accountId, accountId), pageAfter(enrolments.id, page, 'descending'))).orderBy(desc(enrolments.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
