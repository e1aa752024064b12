/**
 * The process that keeps an embedded PostgreSQL for as long as somebody uses it. Started by embedded.ts, never by hand.
 * Users are connections: the operating system ends them whatever becomes of the user.
 */
import type { ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { accountFor, openBinaries } from './binaries.ts'
import { Taken, clearStale, initialize, isRunning, start, stop } from './postmaster.ts'
import type { Place } from './postmaster.ts'

/** What a keeper is asked for, as its one argument. */
export interface KeeperOrder { dir: string, fresh: boolean, port: number, settings: Record<string, string> }

/** What it answers, as its one line: its server is ready, another keeper has the folder, or why it cannot. */
export type KeeperAnswer = { isReady: boolean } | { error: string }

/** What it leaves in `server.json` for the next user: where to knock, where the server is, and what the keeper says to prove itself. */
export interface Running { leasePort: number, port: number, token: string }

/** How long a server that nobody has come to use yet is kept. */
const unusedMs = 20_000
/** A log that has grown beyond this begins anew. */
const logBytesMax = 10 * 1024 * 1024

const major = '18'
const keeper = fileURLToPath(import.meta.url)

const answer = (line: KeeperAnswer): void => { process.stdout.write(`${JSON.stringify(line)}\n`) }

async function main ({ dir, fresh, port, settings }: KeeperOrder): Promise<void> {
  const data = join(dir, 'data')
  const running = join(dir, 'server.json')
  const log = join(dir, 'server.log')
  if ((statSync(log, { throwIfNoEntry: false })?.size ?? 0) > logBytesMax) rmSync(log)
  await clearStale(data, keeper)
  const account = accountFor(data)
  const place: Place = { dir, data, account, binaries: openBinaries(account) }
  try {
    if (fresh) rmSync(data, { recursive: true, force: true })
    if (!existsSync(data)) await initialize(place, settings['fsync'] !== 'off')
    refuseOtherVersion(data)
    const { child, port: taken } = await start(place, { keeper, port, portWished: lastPort(running), settings })
    const token = randomBytes(16).toString('hex')
    const server = createServer({ allowHalfOpen: true })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const mark: Running = { leasePort: (server.address() as AddressInfo).port, port: taken, token }
    writeFileSync(`${running}.${process.pid}`, JSON.stringify(mark), { mode: 0o600 })
    renameSync(`${running}.${process.pid}`, running)
    await lend(child, server, token)
  } finally {
    place.binaries.remove()
  }
}

function refuseOtherVersion (data: string): void {
  const found = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim()
  if (found !== major) throw new Error(`${data} was made by PostgreSQL ${found}, and this is ${major}. Start with --fresh to begin with an empty database`)
}

/** The port of the last run: users that outlived a killed server find the next one there. */
function lastPort (running: string): number {
  try {
    return (JSON.parse(readFileSync(running, 'utf8')) as Running).port
  } catch {
    return 0
  }
}

/** Says that the server is ready, serves users until the last has left, and stops it. Users wait for that by their connection. */
async function lend (child: ChildProcess, server: Server, token: string): Promise<void> {
  const users = new Set<Socket>()
  await new Promise<void>(resolve => {
    const leave = (socket: Socket): void => {
      if (!users.has(socket)) return
      if (users.size === 1) return resolve()
      users.delete(socket)
      socket.end()
    }
    server.on('connection', socket => {
      users.add(socket)
      socket.on('error', () => undefined).on('end', () => leave(socket)).on('close', () => leave(socket))
      socket.resume().write(token)
    })
    setTimeout(() => { if (users.size === 0) resolve() }, unusedMs)
    child.on('exit', () => resolve())
    if (!isRunning(child)) resolve()
    process.on('SIGTERM', () => resolve())
    answer({ isReady: true })
  })
  server.close()
  await stop(child)
  for (const socket of users) socket.end()
}

// Whoever started it may be gone before it has answered.
process.stdout.on('error', () => undefined)
for (const name of ['SIGINT', 'SIGHUP'] as const) process.on(name, () => undefined)
main(JSON.parse(process.argv[2] ?? '{}') as KeeperOrder).catch((error: unknown) => {
  answer(error instanceof Taken ? { isReady: false } : { error: error instanceof Error ? error.message : String(error) })
  process.exitCode = 1
}).finally(() => setImmediate(() => process.exit()))
