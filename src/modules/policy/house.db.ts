import { and, asc, eq, gte, isNull, sql } from 'drizzle-orm'
import { addDays, cutPage, dayIn, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter, rowById } from '#platform'
import type { Tx } from '#platform'
import { housePack } from './house.core.ts'
import type { ExemptionInput, HouseRules, HouseRulesInput, Law } from './house.core.ts'
import type { Pack, Strength } from './pack.core.ts'
import { houseRules, policyExemptions } from './tables.ts'

const ruleColumns = { id: houseRules.id, lenderId: houseRules.lenderId, code: houseRules.code, edition: houseRules.edition, input: houseRules.input, createdAt: houseRules.createdAt }

/** A set of own rules, in one edition; or null. */
export const findHouseRules = rowById(houseRules, db => db.select(ruleColumns).from(houseRules))
/** A set of own rules as it is stored. */
export type HouseRulesRow = NonNullable<Awaited<ReturnType<typeof findHouseRules>>>

/** Sets that are read once for as long as the process lives: an edition never changes. */
const read = new Map<string, Pack>()
const readMax = 10_000

function packOf ({ id, input, lenderId, edition }: HouseRulesRow): Pack {
  const known = read.get(id)
  if (known !== undefined) return known
  if (read.size >= readMax) read.delete(read.keys().next().value!)
  const pack = housePack(input, lenderId, edition)
  read.set(id, pack)
  return pack
}

/** The agency's own packs in every edition: for deciding again what was decided. */
export async function listOwnPacks (tx: Tx): Promise<Pack[]> {
  const rows = await tx.select(ruleColumns).from(houseRules).where(eq(houseRules.tenantId, tx.ctx.tenantId))
  return rows.map(packOf)
}

/** The law as it holds in the agency: its own rules in every edition, and what is set aside. */
export async function findLaw (tx: Tx): Promise<Law> {
  const own = await tx.select(ruleColumns).from(houseRules).where(eq(houseRules.tenantId, tx.ctx.tenantId))
  const exemptions = await tx.select({ packId: policyExemptions.packId, ruleId: policyExemptions.ruleId, lenderId: policyExemptions.lenderId, from: policyExemptions.fromOn, expiresOn: policyExemptions.expiresOn }).from(policyExemptions)
    .where(and(eq(policyExemptions.tenantId, tx.ctx.tenantId), isNull(policyExemptions.endedAt), gte(policyExemptions.expiresOn, dayIn('UTC', new Date(tx.ctx.now.getTime() - 86_400_000)))))
  return { own: own.map((row): HouseRules => ({ pack: packOf(row), lenderId: row.lenderId, edition: row.edition })), exemptions }
}

/** The law as it held in the agency on any day, with what was set aside then: for asking anew about days gone by. */
export async function findLawSince (tx: Tx): Promise<Law> {
  const { own } = await findLaw(tx)
  const rows = await tx.select({ packId: policyExemptions.packId, ruleId: policyExemptions.ruleId, lenderId: policyExemptions.lenderId, from: policyExemptions.fromOn, expiresOn: policyExemptions.expiresOn, endedAt: policyExemptions.endedAt }).from(policyExemptions)
    .where(eq(policyExemptions.tenantId, tx.ctx.tenantId))
  return {
    own, exemptions: rows.map(({ endedAt, ...row }) => {
      const lastOn = endedAt === null ? row.expiresOn : addDays(dayIn('UTC', new Date(endedAt)), -1)
      return { ...row, expiresOn: lastOn < row.expiresOn ? lastOn : row.expiresOn }
    }),
  }
}

/** Keeps an edition of a set: the next of its name. */
export async function insertHouseRules (tx: Tx, lenderId: Id<'lender'> | null, input: HouseRulesInput): Promise<HouseRulesRow> {
  const { tenantId, actor, now } = tx.ctx
  // Editions of a name are numbered one after the other, also when two are made at once.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`house rules ${tenantId}`}, 0))`)
  const { rows: [last] } = await tx.execute(sql`select coalesce(max(edition), 0) as edition from house_rules where tenant_id = ${uuidOf(tenantId)}::uuid and code = ${input.code} and lender_id is not distinct from ${lenderId === null ? null : uuidOf(lenderId)}::uuid`)
  const edition = Number(last!['edition']) + 1
  const [row] = await tx.insert(houseRules).values({ tenantId, id: newId('houseRules'), lenderId, code: input.code, edition, input, actorKind: actor.kind, actorId: actor.id, createdAt: now.toISOString() }).returning(ruleColumns)
  return row!
}

/** Sets of own rules by id: in the order they were made. */
export async function listHouseRules (tx: Tx, page: { limit: number, after: string | null }): Promise<PageOf<HouseRulesRow>> {
  const rows = await tx.select(ruleColumns).from(houseRules).where(and(eq(houseRules.tenantId, tx.ctx.tenantId), pageAfter(houseRules.id, page))).orderBy(asc(houseRules.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

const exemptionColumns = {
  id: policyExemptions.id, lenderId: policyExemptions.lenderId, packId: policyExemptions.packId, ruleId: policyExemptions.ruleId, strength: policyExemptions.strength, clause: policyExemptions.clause, reason: policyExemptions.reason,
  explanation: policyExemptions.explanation, fromOn: policyExemptions.fromOn, expiresOn: policyExemptions.expiresOn, grantedById: policyExemptions.grantedById, createdAt: policyExemptions.createdAt, endedAt: policyExemptions.endedAt,
}

/** An exemption, or null. */
export const findExemption = rowById(policyExemptions, db => db.select(exemptionColumns).from(policyExemptions))
/** An exemption as it is stored. */
export type ExemptionRow = NonNullable<Awaited<ReturnType<typeof findExemption>>>

/** An exemption, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockExemption (tx: Tx, id: Id<'policyExemption'>): Promise<ExemptionRow> {
  const [row] = await tx.select(exemptionColumns).from(policyExemptions).where(and(eq(policyExemptions.tenantId, tx.ctx.tenantId), eq(policyExemptions.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Keeps a decision to set a rule aside. */
export async function insertExemption (tx: Tx, { lenderId, ...input }: ExemptionInput, rule: { strength: Strength, clause: string }, fromOn: CalendarDay): Promise<ExemptionRow> {
  const { tenantId, actor, now } = tx.ctx
  const [row] = await tx.insert(policyExemptions).values({ tenantId, id: newId('policyExemption'), lenderId: lenderId ?? null, ...input, ...rule, fromOn, grantedById: actor.id, createdAt: now.toISOString() }).returning(exemptionColumns)
  return row!
}

/** Ends an exemption before its day. */
export async function setExemptionEnded (tx: Tx, id: Id<'policyExemption'>): Promise<ExemptionRow> {
  const [row] = await tx.update(policyExemptions).set({ endedAt: tx.ctx.now.toISOString() }).where(and(eq(policyExemptions.tenantId, tx.ctx.tenantId), eq(policyExemptions.id, id))).returning(exemptionColumns)
  return row!
}

/** Exemptions by id: in the order they were granted. */
export async function listExemptions (tx: Tx, page: { limit: number, after: string | null }): Promise<PageOf<ExemptionRow>> {
  const rows = await tx.select(exemptionColumns).from(policyExemptions).where(and(eq(policyExemptions.tenantId, tx.ctx.tenantId), pageAfter(policyExemptions.id, page))).orderBy(asc(policyExemptions.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
