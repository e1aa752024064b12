import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { PageOf } from '#kernel'
import { days, newId, pageAfter, texts, uuids } from '#platform'
import type { Tx } from '#platform'
import type { RateValue } from './core.ts'
import type { ValueFrom } from './interest.core.ts'
import { referenceRates } from './tables.ts'

const columns = {
  id: referenceRates.id, name: referenceRates.name, effectiveOn: referenceRates.effectiveOn, value: referenceRates.value, source: referenceRates.source, recordedAt: referenceRates.recordedAt,
}

/** Records values of an index. */
export async function insertRates (tx: Tx, name: string, source: string, values: readonly RateValue[]): Promise<void> {
  await tx.execute(sql`insert into reference_rates (tenant_id, id, name, effective_on, value, source, recorded_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, id, ${name}, effective_on, value, ${source}, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${uuids(values.map(() => newId('referenceRate')))}, ${days(values.map(({ effectiveOn }) => effectiveOn))}, ${texts(values.map(({ value }) => value))}) as v (id, effective_on, value)`)
}

/** The values of indices by name, oldest first: as they hold now, or as they were known at an instant. Names without a value are left out. */
export async function findValues (tx: Tx, names: readonly string[], knownAt?: string): Promise<Map<string, ValueFrom[]>> {
  if (names.length === 0) return new Map()
  const { rows } = await tx.execute(sql`select name, effective_on, value from (
      select distinct on (name, effective_on) name, effective_on, value from reference_rates
      where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and name = any(${texts(names)}) ${knownAt === undefined ? sql`` : sql`and recorded_at <= ${knownAt}::timestamptz`}
      order by name, effective_on, id desc
    ) held where value is not null order by name, effective_on`)
  const values = new Map<string, ValueFrom[]>()
  for (const row of rows) {
    const name = String(row['name'])
    const list = values.get(name) ?? []
    list.push({ from: String(row['effective_on']), value: String(row['value']) })
    values.set(name, list)
  }
  return values
}

/** What was recorded of reference rates, in that order. */
export async function listRates (tx: Tx, { name }: { name?: string }, page: { limit: number, after: string | null }): Promise<PageOf<typeof referenceRates.$inferSelect>> {
  const rows = await tx.select({ ...columns, tenantId: referenceRates.tenantId }).from(referenceRates)
    .where(and(eq(referenceRates.tenantId, tx.ctx.tenantId), pageAfter(referenceRates.id, page), name === undefined ? undefined : eq(referenceRates.name, name))).orderBy(asc(referenceRates.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Keeps imports of one agency from crossing each other until the transaction ends. */
export async function lockRates (tx: Tx): Promise<void> {
  await tx.execute(sql`select from tenants where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid for no key update`)
}
