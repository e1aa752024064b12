import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t from 'tap'

const folder = mkdtempSync(join(tmpdir(), 'recoup-main-'))
t.teardown(() => rmSync(folder, { recursive: true, force: true }))

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url))

interface Running { process: ChildProcess, url: string, output (): string, ended: Promise<[number | null, NodeJS.Signals | null]> }

/** Starts a verb of the program on embedded defaults in the test's folder. */
function run (verb: string, env: Record<string, string> = {}, ...flags: string[]): Running {
  const child = spawn(process.execPath, [program, verb, ...flags], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], RECOUP_DATA_DIR: folder, PORT: '0', LOG_LEVEL: 'info', ...env },
  })
  t.teardown(() => child.kill('SIGKILL'))
  let text = ''
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk: string) => { text += chunk })
  return { process: child, url: '', output: () => text, ended: once(child, 'exit') as Running['ended'] }
}

/** Waits until a process says where it listens. */
async function listening (running: Running): Promise<Running> {
  const ended = running.ended.then(([code]) => { throw new Error(`ended with ${code}: ${running.output()}`) })
  const found = (async () => {
    while (true) {
      const [, url] = /Recoup is at (\S+),/.exec(running.output()) ?? []
      if (url !== undefined) return { ...running, url }
      await sleep(20)
    }
  })()
  return await Promise.race([ended, found])
}

async function stop (running: Running): Promise<void> {
  const began = performance.now()
  running.process.kill('SIGTERM')
  const [code, signal] = await running.ended
  if (code !== 0) throw new Error(`ended with ${code ?? signal}: ${running.output()}`)
  if (performance.now() - began > 15_000) throw new Error('took too long to end')
}

async function freePort (): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  await once(probe, 'listening')
  const { port } = probe.address() as AddressInfo
  probe.close()
  return port
}

const operatorKey = (): string => readFileSync(join(folder, 'operator-key'), 'utf8').trim()

async function call<T> (url: string, key: string, method: string, body?: object): Promise<T> {
  const send = async (): Promise<Response> => await fetch(url, { method, headers: { authorization: `Bearer ${key}`, ...body !== undefined && { 'content-type': 'application/json' } }, ...body !== undefined && { body: JSON.stringify(body) } })
  let reply = await send()
  // A process that has just started on a busy machine may say that it is; then it is asked again.
  for (let attempt = 0; reply.status === 503 && attempt < 20; attempt++) {
    await sleep(500)
    reply = await send()
  }
  if (!reply.ok) throw new Error(`${method} ${url}: ${reply.status} ${await reply.text()}`)
  return await reply.json() as T
}

/** Makes a sandbox agency and lives its clock forward: API, database, queue and worker must all be there for that. */
async function liveAMonth (url: string): Promise<void> {
  const { testClockId, adminKey } = await call<{ testClockId: string, adminKey: { key: string } }>(`${url}/v1/tenants`, operatorKey(), 'POST',
    { name: 'Agency', jurisdiction: 'CN', timeZone: 'Asia/Shanghai', livemode: false, testClock: { now: '2026-01-05T09:00:00Z' } })
  await call(`${url}/v1/test-clocks/${testClockId}/advance`, adminKey.key, 'POST', { to: '2026-02-05T09:00:00Z' })
  for (const until = performance.now() + 60_000; performance.now() < until; await sleep(50)) {
    if ((await call<{ state: string }>(`${url}/v1/test-clocks/${testClockId}`, adminKey.key, 'GET')).state === 'ready') return
  }
  throw new Error('the clock did not arrive')
}

const agencies = async (url: string): Promise<number> => {
  const { data } = await call<{ data: unknown[] }>(`${url}/v1/tenants`, operatorKey(), 'GET')
  return data.length
}

t.test('one command serves everything from nothing, is ready, and ends when told to', async t => {
  const served = await listening(run('serve'))
  t.match(await (await fetch(`${served.url}/readyz`)).json(), { status: 'ready', checks: { database: true, migrations: true, queue: true } })
  t.equal((await fetch(`${served.url}/healthz`)).status, 200)
  await liveAMonth(served.url)
  await stop(served)
  t.notMatch(served.output(), operatorKey(), 'no key is ever logged')
})

t.test('killed in the middle it starts again with what it had; two processes share the embedded database', async t => {
  const killed = await listening(run('serve'))
  t.equal(await agencies(killed.url), 1)
  killed.process.kill('SIGKILL')
  await killed.ended
  const workerPort = await freePort()
  const worker = run('worker', { WORKER_PORT: String(workerPort) })
  const api = await listening(run('api'))
  t.equal(await agencies(api.url), 1)
  await liveAMonth(api.url)
  t.match(await (await fetch(`http://127.0.0.1:${workerPort}/readyz`)).json(), { status: 'ready' }, 'a worker can be watched')
  await stop(worker)
  t.equal((await fetch(`${api.url}/readyz`)).status, 200, 'the one that stays keeps its database')
  await stop(api)
})

t.test('--fresh begins with nothing', async t => {
  const served = await listening(run('serve', {}, '--fresh'))
  t.equal(await agencies(served.url), 0)
  await stop(served)
})

t.test('what the reader can mend is said in one sentence', async t => {
  const taken = createServer().listen(0, '127.0.0.1')
  await once(taken, 'listening')
  t.teardown(() => taken.close())
  const cases: [string, Record<string, string>, RegExp][] = [
    ['api', { NODE_ENV: 'production' }, /^recoup: DATABASE_URL must be set under NODE_ENV=production: .+\n$/],
    ['dance', {}, /^recoup: unknown verb: say one of serve, api, worker, migrate, demo\n$/],
    ['api', { PORT: 'http' }, /^recoup: PORT must be integer\n$/],
    ['migrate', { DATABASE_URL: 'postgres://nobody@127.0.0.1:1/x' }, /^recoup: DATABASE_URL or REDIS_URL does not lead to a server that lets us in \(.+\)\n$/],
    ['api', { PORT: String((taken.address() as AddressInfo).port) }, /^recoup: another program listens on that port already: .+\n$/],
  ]
  await Promise.all(cases.map(async ([verb, env, message]) => {
    const refused = run(verb, env)
    t.same((await refused.ended)[0], 1)
    t.match(refused.output(), message)
  }))
})
