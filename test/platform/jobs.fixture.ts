import { and, asc, eq, inArray, lte, sql } from 'drizzle-orm'
import { boolean, integer, pgTable, primaryKey, text, uuid } from 'drizzle-orm/pg-core'
import pg from 'pg'
import { Type } from 'typebox'
import { event, instant, job, tenantId } from '#platform'
import type { Job } from '#platform'

/** A thing that can happen in these tests. */
export const ThingHappened = event('testThing.happened', 1, 'A thing happened in a test.', Type.Object({ thing: Type.Integer() }))

/** Work with a deadline. */
export const items = pgTable('test_items', {
  tenantId: tenantId(), id: integer().notNull(), dueAt: instant(), isHanging: boolean().notNull().default(false), isBad: boolean().notNull().default(false),
}, t => [primaryKey({ columns: [t.tenantId, t.id] })])

/** What jobs did: the key is what makes a thing done twice an error. */
export const effects = pgTable('test_effects', {
  tenantId: tenantId(), job: text().notNull(), id: integer().notNull(), doneAt: instant().notNull(), correlationId: uuid(),
}, t => [primaryKey({ columns: [t.tenantId, t.job, t.id] })])

/** Makes the two tables in a test's database, behind the walls like any other. */
export async function makeTables (url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(`
      create table test_items (tenant_id uuid not null, id int not null, due_at timestamptz, is_hanging boolean not null default false, is_bad boolean not null default false, primary key (tenant_id, id));
      create index on test_items (tenant_id, due_at);
      create table test_effects (tenant_id uuid not null, job text not null, id int not null, done_at timestamptz not null, correlation_id uuid, primary key (tenant_id, job, id));
      select recoup.raise_walls()`)
  } finally {
    await client.end()
  }
}

/** How many items one transaction does, and how long it takes at least. */
export const batchMax = 100
const batchSeconds = 0.02

/** Things of agencies (`tenant/thing`) that make their job throw, for as long as they are here. */
export const badThings = new Set<string>()

/** Says that a worker has begun an item it will never finish. */
export const hangs = { onHang: (): void => undefined }

const doItems = job({
  name: 'test.doItems', due: items, attemptsMax: 2,
  async run ({ tx, isOver }) {
    while (true) {
      const done = await tx(async tx => {
        const { tenantId, now } = tx.ctx
        const due = await tx.select().from(items)
          .where(and(eq(items.tenantId, tenantId), lte(items.dueAt, now.toISOString()))).orderBy(asc(items.dueAt)).limit(batchMax).for('update', { skipLocked: true })
        if (due.length === 0) return 0
        await tx.insert(effects).values(due.map(({ id }) => ({ tenantId, job: 'test.doItems', id, doneAt: now.toISOString() })))
        if (due.some(item => item.isBad)) throw new Error('an item is bad')
        await tx.update(items).set({ dueAt: null }).where(and(eq(items.tenantId, tenantId), inArray(items.id, due.map(({ id }) => id))))
        await tx.execute(sql`select pg_sleep(${batchSeconds})`)
        if (due.some(item => item.isHanging)) {
          hangs.onHang()
          await new Promise(() => undefined)
        }
        return due.length
      })
      if (done < batchMax) return false
      if (isOver()) return true
    }
  },
})

const recordThings = job({
  name: 'test.recordThings', on: [ThingHappened], attemptsMax: 2,
  async run (tx, events) {
    const { tenantId, now } = tx.ctx
    const things = events.map(({ data, correlationId }) => ({ id: (data as { thing: number }).thing, correlationId }))
    await tx.insert(effects).values(things.map(({ id, correlationId }) => ({ tenantId, job: 'test.recordThings', id, doneAt: now.toISOString(), correlationId })))
    if (things.some(({ id }) => badThings.has(`${tenantId}/${id}`))) throw new Error('a thing is bad', { cause: new Error('because it is') })
  },
})

/** The jobs of these tests. */
export const testJobs: readonly Job[] = [doItems, recordThings]
