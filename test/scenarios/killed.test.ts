import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import t from 'tap'
import type { Test } from 'tap'
import { client } from '../../scripts/demo/client.ts'
import { cloneDatabase } from '../world.ts'

const program = fileURLToPath(new URL('../../src/main.js', import.meta.url))

/** Eight debts over 26 days, by a seed with which people pay in full, in parts and to the lender, dispute and settle it, and one payment bounces. */
const story = ['--accounts', '8', '--days', '25', '--seed', '2172', '--exit']

/** What the demonstration says that a kill may change: webhooks that were on their way are sent again, as at-least-once means. */
const isRepeats = / \(\d+ again,/

interface Demonstration { report: string[], output: string, workers: number[] }

/** Lives the demonstration on a database of its own. Its workers are killed, one after the other, as soon as each of these queries finds a row. */
async function demonstrate (t: Test, kills: readonly string[]): Promise<Demonstration> {
  const { url, drop } = await cloneDatabase()
  const folder = mkdtempSync(join(tmpdir(), 'recoup-killed-'))
  const child = spawn(process.execPath, [program, 'demo', ...story], {
    stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], DATABASE_URL: url, RECOUP_DATA_DIR: folder, PORT: '0' },
  })
  const ended = once(child, 'exit') as Promise<[number | null]>
  t.teardown(async () => {
    child.kill('SIGTERM')
    await ended
    await drop()
    rmSync(folder, { recursive: true, force: true })
  })
  let report = ''
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => { report += chunk })
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => { output += chunk })
  // Each worker, as the demonstration tells of it.
  const workers = (): number[] => [...output.matchAll(/ process (\d+)/g)].map(([, pid]) => Number(pid))

  const look = new pg.Client({ connectionString: url })
  await look.connect()
  for (const kill of kills) {
    while (child.exitCode === null && (await look.query(kill)).rowCount === 0) await sleep(10)
    if (child.exitCode === null) process.kill(workers().at(-1)!, 'SIGKILL')
  }
  await look.end()
  const [code] = await ended
  if (code !== 0) throw new Error(`the demonstration ended with ${code}: ${output}${report}`)
  return { report: report.split('\n'), output, workers: workers() }
}

t.test('killing the worker in the middle of the demonstration and starting it again changes no figure at the end', async t => {
  const kills = [
    // Past midnight on the east coast: the night's interest is being charged, zone after zone.
    'select from tenants where clock_at >= $$2026-01-09T05:00:00Z$$',
    // The second hand-over has arrived and is being placed.
    'select from placement_batches offset 1',
  ]
  const [untouched, killed] = await Promise.all([demonstrate(t, []), demonstrate(t, kills)])
  t.equal(untouched.workers.length, 1)
  t.equal(killed.workers.length, 1 + kills.length, 'each kill met a worker, and another went on')
  t.equal(new Set(killed.workers).size, killed.workers.length)

  const report = killed.report.map(line => line.replace(isRepeats, ' (0 again,'))
  t.same(report, untouched.report, 'line by line')
  t.match(untouched.report.join('\n'), /^Reconciled to the cent\.$/m)
  // A story in which nothing happens would prove nothing.
  const figure = (name: string): string | undefined => untouched.report.find(line => line.startsWith(`${name}  `))?.slice(name.length).trim()
  t.equal(figure('accounts placed'), '8')
  t.equal(figure('bounced'), '1')
  for (const name of ['calls made by collectors', 'interest and late fees', 'recovered', 'still owed', 'commission', 'owed to the lender']) t.match(figure(name), /^[1-9]/, name)
})

t.test('two demonstrations on one database are two, though the operator\'s key is the same', async t => {
  const keys: unknown[] = []
  const server = createServer((req, res) => {
    keys.push(req.headers['idempotency-key'])
    res.end('{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => { server.close() })
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  for (let i = 0; i < 2; i++) await client(address, 'rk_operator_the_same').post('/v1/tenants')
  t.equal(new Set(keys).size, 2)
})
