import { readFileSync } from 'node:fs'
import t from 'tap'
import pg from 'pg'
import { world } from '../world.ts'

interface Column { name: string, type: string, notNull: boolean }
interface Table { name: string, columns: Record<string, Column>, foreignKeys: Record<string, { name: string }>, compositePrimaryKeys: Record<string, { name: string, columns: string[] }>, indexes: Record<string, { name: string }>, checkConstraints: Record<string, { name: string }> }
interface Snapshot { tables: Record<string, Table> }

const migrations = new URL('../../../migrations/', import.meta.url)
const journal = JSON.parse(readFileSync(new URL('meta/_journal.json', migrations), 'utf8')) as { entries: { idx: number }[] }
const last = String(journal.entries.at(-1)!.idx).padStart(4, '0')
const snapshot = JSON.parse(readFileSync(new URL(`meta/${last}_snapshot.json`, migrations), 'utf8')) as Snapshot

const types: Record<string, string> = { 'char(2)': 'character(2)', 'char(3)': 'character(3)', timestamptz: 'timestamp with time zone' }

t.test('migrations from empty arrive at the snapshot, and at nothing else', async t => {
  const w = await world()
  t.teardown(w.close)
  const client = new pg.Client({ connectionString: w.url })
  await client.connect()
  t.teardown(async () => { await client.end() })
  const list = async (text: string): Promise<string[]> => (await client.query<{ line: string }>(text)).rows.map(({ line }) => line).sort()
  const tables = Object.values(snapshot.tables)

  t.test('columns', async t => {
    const wanted = tables.flatMap(table => Object.values(table.columns).map(({ name, type, notNull }) => `${table.name}.${name} ${types[type] ?? type}${notNull ? ' not null' : ''}`)).sort()
    t.same(await list(`
      select c.relname || '.' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || case when a.attnotnull then ' not null' else '' end as line
      from pg_class c join pg_attribute a on a.attrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped`), wanted)
  })

  t.test('keys, indexes and checks', async t => {
    const names = tables.flatMap(table => [...Object.values(table.foreignKeys), ...Object.values(table.compositePrimaryKeys), ...Object.values(table.checkConstraints)].map(({ name }) => `${table.name}: ${name}`.slice(0, 200)))
    const found = await list(`select conrelid::regclass || ': ' || conname as line from pg_constraint where connamespace = 'public'::regnamespace and contype in ('f', 'p', 'c')`)
    // PostgreSQL cuts names at 63 bytes.
    const cut = (name: string): string => { const [table, constraint] = name.split(': '); return `${table}: ${constraint!.slice(0, 63)}` }
    const wanted = [...names.map(cut), 'tenants: tenants_pkey'].sort()
    t.same(found, wanted)
    const indexes = tables.flatMap(table => Object.values(table.indexes).map(({ name }) => name.slice(0, 63))).sort()
    t.same(await list(`select i.relname as line from pg_index x join pg_class i on i.oid = x.indexrelid where i.relnamespace = 'public'::regnamespace and not exists (select from pg_constraint c where c.conindid = x.indexrelid and c.contype in ('p', 'u'))`), indexes)
  })

  t.test('work is vacuumed long before a fifth of it has changed hands: a lease walks over the index entries of what was taken before it', async t => {
    t.same(await list(`select relname || ': ' || option as line from pg_class cross join unnest(reloptions) option where relnamespace = 'public'::regnamespace`),
      ['work_items: autovacuum_vacuum_scale_factor=0.02', 'work_items: fillfactor=80'])
  })

  t.test('migrating again changes nothing', async t => {
    const { migrate } = await import('../../src/platform/db/migrate.ts')
    await migrate(w.url)
    t.pass('ran twice')
  })
})
