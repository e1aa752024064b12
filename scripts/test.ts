/**
 * Runs the tests against a PostgreSQL of their own: `npm test` all of them, `npm run t -- PATTERN...` those whose path contains a pattern.
 * RECOUP_TEST_DATABASE_URL names a server to use instead of an embedded one.
 */
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import { startEmbedded } from '../src/platform/db/embedded.ts'
import { migrate } from '../src/platform/db/migrate.ts'

/** What a test may lose in a power cut, it need not wait for. */
const unsafe = { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', max_connections: '300', shared_buffers: '256MB' }

/** The compiled tests that still have a source, and match a pattern when there are any. */
const testFiles = (patterns: string[]): string[] => readdirSync('.build/test', { recursive: true, encoding: 'utf8' })
  .filter(file => file.endsWith('.test.js') && existsSync(join('test', file.replace(/js$/, 'ts'))))
  .filter(file => patterns.length === 0 || patterns.some(pattern => join('test', file).includes(pattern.replace(/\.[jt]s$/, ''))))
  .map(file => join('.build/test', file)).sort()

async function onServer (url: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(text)
  } finally {
    await client.end()
  }
}

const tap = fileURLToPath(new URL('run.mjs', import.meta.resolve('tap')))

/** Makes tap's test class without its TypeScript loader, as package.json asks. Left to itself, tap would do it for every run but the first. */
function buildTap (): void {
  const built = readFileSync(createRequire(tap).resolve('@tapjs/test/test-built'), 'utf8')
  if (!built.includes('@tapjs/typescript')) return
  execFileSync(process.execPath, [tap, 'build'], { stdio: ['ignore', 'ignore', 'inherit'] })
}

/** Runs tap on the files and answers its exit code. */
async function runTap (files: string[], flags: string[], env: Record<string, string>): Promise<number> {
  const child = spawn(process.execPath, [tap, 'run', ...flags, ...files], { stdio: 'inherit', env: { ...process.env, ...env } })
  // An interrupt reaches tap as well; we stay to clean up after it.
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal))
  const [code] = await once(child, 'exit') as [number | null]
  return code ?? 1
}

async function main (args: string[]): Promise<number> {
  const flags = args.filter(arg => arg.startsWith('-'))
  const files = testFiles(args.filter(arg => !arg.startsWith('-')))
  if (files.length === 0) throw new Error(`no test matches ${args.join(' ')}`)
  buildTap()
  const folder = mkdtempSync(join(tmpdir(), 'recoup-test-'))
  const given = process.env['RECOUP_TEST_DATABASE_URL']
  const server = given === undefined ? await startEmbedded({ dataDir: folder, settings: unsafe }) : null
  try {
    const url = new URL(server?.url ?? given!)
    const template = `recoup_template_${process.pid}`
    url.pathname = '/postgres'
    await onServer(url.href, `create database ${template}`)
    try {
      await migrate(new URL(`/${template}`, url).href)
      return await runTap(files, flags, { RECOUP_TEST_DATABASE_URL: url.href, RECOUP_TEST_TEMPLATE: template })
    } finally {
      await onServer(url.href, `drop database if exists ${template} with (force)`)
    }
  } finally {
    await server?.stop()
    rmSync(folder, { recursive: true, force: true })
  }
}

process.exitCode = await main(process.argv.slice(2))
