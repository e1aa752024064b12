import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import pg from 'pg'
import type { KeeperAnswer, KeeperOrder, Running } from './embedded/keeper.ts'

export interface EmbeddedOptions {
  /** The folder of the server: its data, password and log. Kept between runs. */
  dataDir: string
  /** Starts over with an empty database. Refused while another process uses the server. */
  fresh?: boolean
  /** A port of 127.0.0.1. By default the one of the last run, or a free one. */
  port?: number
  /** Settings of PostgreSQL. They hold for the server that is started, not for one that already runs. */
  settings?: Record<string, string>
}

/** A running server. `stop` gives it back: the server ends with its last user, and `stop` waits for that. */
export interface Embedded { url: string, stop (): Promise<void> }

/** Why the embedded PostgreSQL did not start, and what to do about it. */
export class EmbeddedError extends Error {}

/** How long a server may take to start, crash recovery and the making of a new database included. */
const startTimeoutMs = 90_000
const greetingTimeoutMs = 3_000
const retryMs = 100

/**
 * Starts a real PostgreSQL 18 in a folder, or joins the one that runs there.
 *
 * The server is the child of a keeper, a process of its own (embedded/keeper.ts). Every process that uses the server holds a connection to the keeper;
 * when the last one ends, however it ends, the keeper stops the server. So processes share a server without owning it,
 * and a killed one leaves nothing behind. A keeper that was killed itself is replaced, with its server, by the next start.
 */
export async function startEmbedded ({ dataDir, fresh = false, port = 0, settings = {} }: EmbeddedOptions): Promise<Embedded> {
  let isOurs = false
  const until = performance.now() + startTimeoutMs
  const password = keptPassword(dataDir)
  while (performance.now() < until) {
    const lease = await attach(dataDir)
    if (lease === null) {
      isOurs = await launch({ dir: dataDir, fresh, port, settings })
      if (!isOurs) await sleep(retryMs)
      continue
    }
    if (fresh && !isOurs) {
      lease.socket.destroy()
      throw new EmbeddedError(`another process uses the embedded PostgreSQL in ${dataDir}: stop it first, or start without --fresh.`)
    }
    const url = `postgres://postgres:${password}@127.0.0.1:${lease.port}/recoup`
    try {
      await createDatabase(url)
    } catch (error) {
      await release(lease.socket)
      throw error
    }
    return { url, stop: async () => await release(lease.socket) }
  }
  throw new EmbeddedError(`the embedded PostgreSQL in ${dataDir} did not start in ${startTimeoutMs / 1000} s: see ${join(dataDir, 'server.log')}, start again with --fresh to begin with an empty database, or set DATABASE_URL to a PostgreSQL of your own.`)
}

/** The password made for the folder, readable by its owner only. */
function keptPassword (dataDir: string): string {
  const path = join(dataDir, 'password')
  try {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(path, randomBytes(24).toString('base64url'), { mode: 0o600, flag: 'wx' })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw unusable(dataDir, error)
  }
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw unusable(dataDir, error)
  }
}

const unusable = (dataDir: string, error: unknown): EmbeddedError =>
  new EmbeddedError(`the data folder ${dataDir} cannot be used (${(error as NodeJS.ErrnoException).code ?? String(error)}): it must be writable by the user who starts Recoup. Start as the user who made it, or set RECOUP_DATA_DIR to another folder.`)

/** Joins the server of a folder by its keeper; null when none answers. */
async function attach (dataDir: string): Promise<{ socket: Socket, port: number } | null> {
  let running: Running
  try {
    running = JSON.parse(readFileSync(join(dataDir, 'server.json'), 'utf8')) as Running
  } catch {
    return null
  }
  const socket = connect({ host: '127.0.0.1', port: running.leasePort })
  socket.on('error', () => undefined)
  const greeting = await Promise.race([
    once(socket, 'data').then(([data]: Buffer[]) => String(data), () => ''),
    once(socket, 'close').then(() => ''),
    sleep(greetingTimeoutMs, '', { ref: false }),
  ])
  // Another program may have got the port of a keeper that is gone.
  if (greeting !== running.token) {
    socket.destroy()
    return null
  }
  socket.unref()
  return { socket, port: running.port }
}

const release = async (socket: Socket): Promise<void> => {
  if (socket.closed) return
  socket.ref()
  socket.end()
  await once(socket, 'close')
}

/** Starts a keeper and waits until its server is ready; false when another keeper was there first. Throws its reason when it cannot. */
async function launch (order: KeeperOrder): Promise<boolean> {
  const keeper = spawn(process.execPath, [fileURLToPath(new URL('./embedded/keeper.js', import.meta.url)), JSON.stringify(order)], {
    // A session of its own: an interrupt from the terminal is for us, and the server goes when we have gone.
    detached: true, stdio: ['ignore', 'pipe', 'inherit'], env: { ...process.env, NODE_OPTIONS: '' },
  })
  let text = ''
  for await (const chunk of keeper.stdout.setEncoding('utf8')) {
    text += String(chunk)
    if (text.endsWith('\n')) break
  }
  keeper.unref()
  const answer: KeeperAnswer = text.endsWith('\n') ? JSON.parse(text) as KeeperAnswer : { error: 'the process that keeps it ended at once' }
  if ('error' in answer) throw new EmbeddedError(`the embedded PostgreSQL did not start: ${answer.error}.`)
  return answer.isReady
}

async function createDatabase (url: string): Promise<void> {
  const server = new URL(url)
  server.pathname = '/postgres'
  const client = new pg.Client({ connectionString: server.href, connectionTimeoutMillis: 10_000 })
  client.on('error', () => undefined)
  await client.connect()
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'recoup'")
    if (rowCount === 0) await client.query('create database recoup')
  } catch (error) {
    // Two processes that start at once both find none.
    if (!['42P04', '23505'].includes((error as { code?: string }).code ?? '')) throw error
  } finally {
    await client.end()
  }
}
