import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { startEmbedded } from '../../src/platform/db/embedded.ts'

const root = mkdtempSync(join(tmpdir(), 'recoup embedded '))
t.teardown(() => rmSync(root, { recursive: true, force: true }))

const settings = { fsync: 'off' }
const hasProc = existsSync('/proc/self/status')
// One folder for all: making a database is the slow part.
const folder = join(root, 'a folder')

async function query (url: string, text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    return (await client.query<Record<string, unknown>>(text)).rows
  } finally {
    await client.end()
  }
}

const postmasterOf = (): number => Number(readFileSync(join(folder, 'data/postmaster.pid'), 'utf8').split('\n')[0])

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    // One that has ended counts as gone, even where nobody has collected it yet.
    return !hasProc || !/^State:\s*Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'))
  } catch {
    return false
  }
}

async function gone (pid: number): Promise<void> {
  for (const until = performance.now() + 15_000; isAlive(pid); await sleep(20)) if (performance.now() > until) throw new Error(`process ${pid} is still there`)
}

/** Another process that uses the server until it is killed or told to stop. */
async function user (): Promise<ChildProcess & { url: string, keeper: number }> {
  const code = `
    const { startEmbedded } = await import(process.argv[1])
    const { url, stop } = await startEmbedded({ dataDir: process.argv[2], settings: { fsync: 'off' } })
    process.on('SIGTERM', () => stop().then(() => process.exit()))
    console.log(url)
    setInterval(() => {}, 1000)`
  const child = spawn(process.execPath, ['--input-type=module', '-e', code, new URL('../../src/platform/db/embedded.js', import.meta.url).href, folder], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => child.kill('SIGKILL'))
  const [url] = await once(child.stdout, 'data') as [Buffer]
  return Object.assign(child, { url: String(url).trim(), keeper: keeperOf() })
}

/** The process that keeps the server: the parent of its postmaster. */
const keeperOf = (): number => Number(/^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${postmasterOf()}/status`, 'utf8'))![1])

t.test('a server starts where there was none, keeps its data, and is gone when it is stopped', async t => {
  const first = await startEmbedded({ dataDir: folder, settings })
  t.match(await query(first.url, 'select current_database() as name, version()'), [{ name: 'recoup', version: /^PostgreSQL 18\./ }])
  t.match(await query(first.url, 'show listen_addresses'), [{ listen_addresses: '127.0.0.1' }], 'for this machine only')
  t.match(await query(first.url, 'show fsync'), [{ fsync: 'off' }], 'with the settings asked for')
  await query(first.url, 'create table kept (n int)')
  const pid = postmasterOf()
  await first.stop()
  t.notOk(isAlive(pid), 'stop waits for the end')

  const second = await startEmbedded({ dataDir: folder, settings })
  t.equal(second.url, first.url, 'the same port and password as before')
  t.same(await query(second.url, 'select count(*)::int as n from kept'), [{ n: 0 }])
  t.equal(statSync(join(folder, 'password')).mode & 0o777, 0o600)
  const guess = new URL(second.url)
  guess.password = 'postgres'
  await t.rejects(query(guess.href, 'select 1'), { code: '28P01' }, 'only who may read the folder gets in')
  await second.stop()
  await second.stop()
})

t.test('processes that start at once share one server, and the last to leave ends it', async t => {
  const [here, one, two] = await Promise.all([startEmbedded({ dataDir: folder, settings }), user(), user()])
  t.same(new Set([here.url, one.url, two.url]).size, 1)
  const pid = postmasterOf()
  await t.rejects(startEmbedded({ dataDir: folder, fresh: true, settings }), { message: /another process uses .* stop it first/ }, 'and nobody empties it under their feet')
  await here.stop()
  one.kill('SIGTERM')
  await once(one, 'exit')
  t.same(await query(two.url, 'select 1 as n'), [{ n: 1 }])
  two.kill('SIGKILL')
  await gone(pid)
  t.pass('a killed process leaves nothing behind')
})

t.test('what a killed keeper left behind is replaced, and who used it finds the next one where it was', { skip: hasProc ? false : 'needs /proc to find the keeper' }, async t => {
  const one = await user()
  const pid = postmasterOf()
  process.kill(one.keeper, 'SIGKILL')
  await gone(one.keeper)
  t.ok(isAlive(pid), 'the server has lost its keeper')
  const next = await startEmbedded({ dataDir: folder, settings })
  await gone(pid)
  t.equal(next.url, one.url)
  t.same(await query(one.url, 'select 1 as n'), [{ n: 1 }])
  one.kill('SIGKILL')
  await next.stop()
})

t.test('the mark of a server that was cut off is cleared away, even when its process number now belongs to somebody else', async t => {
  const first = await startEmbedded({ dataDir: folder, settings })
  const mark = readFileSync(join(folder, 'data/postmaster.pid'), 'utf8')
  await first.stop()
  for (const pid of [process.pid, 2 ** 22 - 1]) {
    writeFileSync(join(folder, 'data/postmaster.pid'), mark.replace(/^\d+/, String(pid)))
    const next = await startEmbedded({ dataDir: folder, settings })
    t.same(await query(next.url, 'select count(*)::int as n from kept'), [{ n: 0 }])
    await next.stop()
  }
  t.ok(isAlive(process.pid))
})

t.test('a folder that cannot be used says so, and what to do; --fresh begins anew', async t => {
  const file = join(root, 'a file')
  writeFileSync(file, '')
  await t.rejects(startEmbedded({ dataDir: join(file, 'folder') }), { message: /cannot be used .* set RECOUP_DATA_DIR to another folder/ })
  writeFileSync(join(folder, 'data/PG_VERSION'), '14\n')
  await t.rejects(startEmbedded({ dataDir: folder, settings }), { message: /was made by PostgreSQL 14, and this is 18. Start with --fresh/ })
  const fresh = await startEmbedded({ dataDir: folder, fresh: true, settings })
  t.same(await query(fresh.url, "select to_regclass('kept') as found"), [{ found: null }])
  await fresh.stop()
})
