import { execFileSync, spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, closeSync, mkdirSync, openSync, readFileSync, readlinkSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { giveTo } from './binaries.ts'
import type { Account, Binaries } from './binaries.ts'

/** How long a server may take to stop, how often its state is looked at, and how often a start is tried. */
const stopTimeoutMs = 30_000
const pollMs = 20
const startAttemptsMax = 5

const defaults: Record<string, string> = {
  listen_addresses: '127.0.0.1', unix_socket_directories: '', max_connections: '200', timezone: 'UTC', log_timezone: 'UTC',
}

/** Thrown when another keeper's server runs in the folder. */
export class Taken extends Error {}

/** A server's folder, its data in it, whom it runs as, and its programs. */
export interface Place { dir: string, data: string, account: Account | null, binaries: Binaries }

/** How the data folder is named to the server. As root on Linux its user may have no way in to the folder: it is started inside of it. */
const dataFor = ({ data, account }: Place): string => account !== null && process.platform === 'linux' ? '/proc/self/cwd' : data

const run = (place: Place, command: string, args: string[], cwd: string): ChildProcess => {
  const log = openSync(join(place.dir, 'server.log'), 'a', 0o600)
  const child = spawn(command, args, {
    cwd, ...place.account, stdio: ['ignore', log, log], env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', TZ: 'UTC' },
  })
  closeSync(log)
  child.on('error', error => { writeFileSync(join(place.dir, 'server.log'), `${error.message}\n`, { flag: 'a' }) })
  return child
}

/** The last lines of the server's log, for whoever must be told why it did not start. */
const lastWords = (dir: string): string => readFileSync(join(dir, 'server.log'), 'utf8').trim().split('\n').slice(-3).join(' / ')

/** Whether a child process has been started and has not ended. */
export const isRunning = (child: ChildProcess): boolean => child.pid !== undefined && child.exitCode === null && child.signalCode === null

async function exitOf (child: ChildProcess): Promise<number | null> {
  if (isRunning(child)) await once(child, 'exit')
  return child.exitCode
}

/** Makes a new database beside its place and moves it there whole: a crash half way, or two at once, leave no broken one. */
export async function initialize (place: Place, isDurable: boolean): Promise<void> {
  const { dir, data, account, binaries } = place
  const made = `${data}.${process.pid}`
  const passwordFile = `password.${process.pid}`
  rmSync(made, { recursive: true, force: true })
  // The server's user must be able to pass through, whatever our umask.
  if (account !== null) chmodSync(dir, 0o711)
  mkdirSync(made, { mode: 0o700 })
  giveTo(made, account)
  writeFileSync(join(dir, passwordFile), readFileSync(join(dir, 'password')), { mode: 0o600, flag: 'wx' })
  giveTo(join(dir, passwordFile), account)
  try {
    const args = ['-D', dataFor({ ...place, data: made }), '-U', 'postgres', '--auth=scram-sha-256', `--pwfile=../${passwordFile}`, '--encoding=UTF8',
      '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--no-instructions', ...isDurable ? [] : ['--no-sync']]
    if (await exitOf(run(place, binaries.initdb, args, made)) !== 0) throw new Error(`no new database could be made: ${lastWords(dir)}. Set DATABASE_URL to a PostgreSQL of your own, or RECOUP_DATA_DIR to another folder`)
    renameSync(made, data)
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error
  } finally {
    rmSync(join(dir, passwordFile), { force: true })
    rmSync(made, { recursive: true, force: true })
  }
}

/** What the server says of itself in its `postmaster.pid`. */
function readPostmaster (data: string): { pid: number, port: number, isReady: boolean } | null {
  try {
    const lines = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')
    return { pid: Number(lines[0]), port: Number(lines[3]), isReady: lines[7]?.trim() === 'ready' }
  } catch {
    return null
  }
}

/** What a process is: its command, its working folder where the system tells, and its parent; null when there is none. */
function describe (pid: number): { command: string, parent: number } | null {
  try {
    if (process.platform !== 'linux') {
      const text = execFileSync('ps', ['-p', String(pid), '-o', 'ppid=', '-o', 'command='], { encoding: 'utf8' }).trim()
      return { parent: Number.parseInt(text), command: text }
    }
    const [, parent] = /^PPid:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return { parent: Number(parent), command: `${readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')} ${readlinkSync(`/proc/${pid}/cwd`)}` }
  } catch {
    return null
  }
}

/** Makes the folder free: throws `Taken` when the server of another keeper (a process running the file `keeper`) runs in it, ends one that lost its keeper, and clears away the mark of one that is gone. */
export async function clearStale (data: string, keeper: string): Promise<void> {
  const until = performance.now() + stopTimeoutMs
  while (true) {
    const postmaster = readPostmaster(data)
    const found = postmaster === null ? null : describe(postmaster.pid)
    if (postmaster === null) return
    if (found === null || !found.command.includes('postgres') || !found.command.includes(data)) {
      // Its number may since have gone to another process, which PostgreSQL would take for its own.
      rmSync(join(data, 'postmaster.pid'), { force: true })
      return
    }
    if (describe(found.parent)?.command.includes(keeper) === true) throw new Taken()
    const isLate = performance.now() > until
    if (isLate && performance.now() > until + stopTimeoutMs) throw new Error(`the server left over in ${data} (process ${postmaster.pid}) does not stop. Stop it by hand and start again`)
    signal(postmaster.pid, isLate ? 'SIGQUIT' : 'SIGINT')
    await sleep(pollMs * 5)
  }
}

const signal = (pid: number, name: NodeJS.Signals): void => {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

/** Where ports are chosen: below those that systems give to outgoing connections, so that one is still free at the next start. */
const portsFrom = 15_000
const portsTo = 32_000
const portAttemptsMax = 50

/** A port of 127.0.0.1 that is free: the one wished for when it is. */
async function freePort (wished: number): Promise<number> {
  let port = wished
  for (let attempt = 0; attempt < portAttemptsMax; attempt++) {
    const server = createServer()
    if (port !== 0) server.listen(port, '127.0.0.1')
    const isFree = port !== 0 && await once(server, 'listening').then(() => true, () => false)
    server.close()
    if (isFree) return port
    port = randomInt(portsFrom, portsTo)
  }
  throw new Error('no port of 127.0.0.1 is free')
}

/** What the server is asked for: a port (or 0 and the one it would like best) and settings. */
export interface StartOptions { keeper: string, port: number, portWished: number, settings: Record<string, string> }

/** Starts the server and waits until it takes connections. */
export async function start (place: Place, { keeper, port: fixed, portWished, settings }: StartOptions): Promise<{ child: ChildProcess, port: number }> {
  for (let attempt = 1; ; attempt++) {
    await clearStale(place.data, keeper)
    const port = fixed !== 0 ? fixed : await freePort(attempt === 1 ? portWished : 0)
    const flags = Object.entries({ ...defaults, ...settings, port: String(port) }).flatMap(([name, value]) => ['-c', `${name}=${value}`])
    const child = run(place, place.binaries.postgres, ['-D', dataFor(place), ...flags], place.data)
    while (isRunning(child)) {
      const postmaster = readPostmaster(place.data)
      if (postmaster?.pid === child.pid && postmaster?.isReady === true) return { child, port }
      await sleep(pollMs)
    }
    // Somebody took the port meanwhile, or processes of a killed server have not all gone yet.
    if (attempt === startAttemptsMax) throw new Error(`${lastWords(place.dir)}. The whole log is in ${join(place.dir, 'server.log')}. Start with --fresh to begin with an empty database, or set DATABASE_URL to a PostgreSQL of your own`)
    await sleep(pollMs * 10 * attempt)
  }
}

/** Ends the server's connections, lets it write everything, and waits until it has gone. */
export async function stop (child: ChildProcess): Promise<void> {
  const late = setTimeout(() => child.kill('SIGQUIT'), stopTimeoutMs)
  child.kill('SIGINT')
  await exitOf(child)
  clearTimeout(late)
}
