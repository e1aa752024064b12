/**
 * Writes what is generated and committed: the OpenAPI document, the problem pages and `.env.example`.
 * With `--check` it writes nothing and fails when a file, or the migrations, are not what the sources say.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { generateDrizzleJson } from 'drizzle-kit/api'
import { buildApp } from '../src/app.ts'
import { environmentExample } from '../src/config.ts'
import type { Database } from '../src/platform/db/database.ts'
import { guardedAgent } from '../src/platform/http/guard.ts'
import { documentOf } from '../src/platform/api/openapi.ts'
import { problemPages } from '../src/platform/api/system.ts'
import { openVault } from '../src/platform/secrets/vault.ts'
import { jobs } from '../src/worker.ts'

const absent = async (): Promise<never> => await Promise.reject(new Error('there is no database while the document is made'))

/** The document is made from schemas alone: nothing is asked of a database. */
const nowhere: Database = {
  withTenant: absent, installation: absent, notify: absent, usage: () => ({ total: 0, idle: 0, waiting: 0 }), close: async () => { await Promise.resolve() },
  listen: async () => await Promise.resolve({ isListening: () => false, close: async () => { await Promise.resolve() } }),
}

async function openApiDocument (): Promise<string> {
  const vault = openVault(`document:${Buffer.alloc(32).toString('base64')}`)
  const outside = { email: { send: absent }, sms: { send: absent }, http: guardedAgent({ allowPrivate: false }), allowPrivate: false, publicUrl: '' }
  const app = await buildApp({
    db: nowhere, vault, keyring: { findByHash: absent, markUsed: absent }, operatorKey: 'there is no caller while the document is made',
    limits: { keyPerMinute: 1, tenantPerMinute: 1, addressPerMinute: 1 }, redis: null, log: false, trustProxy: [],
  }, { db: nowhere, machine: { db: nowhere, vault, jobs, outside, onFailure: () => undefined }, queues: null, vault })
  try {
    return `${JSON.stringify(documentOf(app), null, 2)}\n`
  } finally {
    await app.close()
    await outside.http.close()
  }
}

const generated: Record<string, () => Promise<string> | string> = {
  'openapi/openapi.json': openApiDocument,
  'openapi/problems.md': problemPages,
  '.env.example': environmentExample,
}

interface Snapshot { tables: Record<string, unknown>, [key: string]: unknown }

/** The tables whose declaration and newest migration differ. */
async function unmigratedTables (): Promise<string[]> {
  const files = readdirSync('src', { recursive: true, encoding: 'utf8' }).filter(file => /(^|[/\\])tables\.ts$/.test(file))
  const declared = await Promise.all(files.map(async file => await import(new URL(`../src/${file.replace(/ts$/, 'js')}`, import.meta.url).href) as Record<string, unknown>))
  const current = JSON.parse(JSON.stringify(generateDrizzleJson(Object.assign({}, ...declared) as Record<string, unknown>, undefined, undefined, 'snake_case'))) as Snapshot
  const { entries } = JSON.parse(readFileSync('migrations/meta/_journal.json', 'utf8')) as { entries: { idx: number }[] }
  const last = JSON.parse(readFileSync(`migrations/meta/${String(entries.at(-1)?.idx ?? 0).padStart(4, '0')}_snapshot.json`, 'utf8')) as Snapshot
  const names = new Set([...Object.keys(current.tables), ...Object.keys(last.tables)])
  return [...names].filter(name => !isDeepStrictEqual(current.tables[name], last.tables[name])).sort()
}

async function main (isCheck: boolean): Promise<void> {
  const complaints: string[] = []
  for (const [path, make] of Object.entries(generated)) {
    const wanted = await make()
    if (existsSync(path) && readFileSync(path, 'utf8') === wanted) continue
    if (isCheck) {
      complaints.push(`${path} is not what the sources say: run \`npm run generate\` and commit it`)
      continue
    }
    mkdirSync(join('.', dirname(path)), { recursive: true })
    writeFileSync(path, wanted)
    process.stdout.write(`${path} written\n`)
  }
  const unmigrated = await unmigratedTables()
  if (unmigrated.length > 0) complaints.push(`no migration brings ${unmigrated.join(', ')} to what tables.ts says: run \`npx drizzle-kit generate --config scripts/drizzle.config.ts --name WHAT\`, finish it by hand, and commit it`)
  for (const complaint of complaints) process.stderr.write(`${complaint}\n`)
  process.exitCode = complaints.length > 0 ? 1 : 0
}

await main(process.argv.includes('--check'))
