import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate as applyMigrations } from 'drizzle-orm/node-postgres/migrator'
import pg from 'pg'
import type { Database } from './database.ts'
import { sql } from 'drizzle-orm'

const folder = fileURLToPath(new URL('../../../../migrations', import.meta.url))

/** The lock that lets one of several starting processes migrate while the others wait. */
const migrationLock = 7_265_630_001

/** A database whose PostgreSQL is older than the one this program is written for. */
export class DatabaseTooOld extends Error {}

/** The oldest PostgreSQL that has what our statements use: `uuidv7()`, and `old` in RETURNING. */
const versionNeeded = 18

/** Checks a server's `server_version_num`. Throws `DatabaseTooOld`. */
export function checkVersion (versionNumber: number): void {
  const major = Math.floor(versionNumber / 10_000)
  if (major < versionNeeded) throw new DatabaseTooOld(`DATABASE_URL leads to PostgreSQL ${major}: ${versionNeeded} or later is needed.`)
}

/** Brings the database to this version's schema. Safe to run again, and by several processes at once. Throws `DatabaseTooOld`. */
export async function migrate (url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, application_name: 'recoup-migrate' })
  await client.connect()
  try {
    const { rows: [server] } = await client.query<{ server_version_num: string }>('show server_version_num')
    checkVersion(Number(server!.server_version_num))
    await client.query('select pg_advisory_lock($1)', [migrationLock])
    // A role that is called like our schema for migrations would find that one first.
    await client.query('set search_path to public')
    await applyMigrations(drizzle(client), { migrationsFolder: folder, migrationsSchema: 'recoup' })
  } finally {
    await client.end()
  }
}

interface Journal { entries: { when: number, tag: string }[] }

/** The newest migration this version of the program needs. */
export function migrationNeeded (): number {
  const journal = JSON.parse(readFileSync(`${folder}/meta/_journal.json`, 'utf8')) as Journal
  return Math.max(0, ...journal.entries.map(entry => entry.when))
}

/** True when the database has every migration this version needs. */
export async function isMigrated (db: Database, needed: number): Promise<boolean> {
  const { rows } = await db.installation(tx => tx.execute(sql`select coalesce(max(created_at), 0)::bigint as applied from recoup.__drizzle_migrations`))
  return Number(rows[0]?.['applied'] ?? 0) >= needed
}
