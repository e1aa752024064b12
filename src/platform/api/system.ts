import { sql } from 'drizzle-orm'
import { problemTypes } from '#kernel'
import type { Database } from '../db/database.ts'
import { isMigrated, migrationNeeded } from '../db/migrate.ts'
import { pgError } from '../db/tx.ts'
import type { App, Services } from './api.ts'
import { lately } from './lately.ts'
import { registry } from './metrics.ts'
import { documentOf } from './openapi.ts'
import { NotFound } from './problem.ts'

/** The pages every problem's `type` points to, as one Markdown document. */
export const problemPages = (): string => ['# Problems', '', 'Every refusal names one of these in `code`; `type` leads here.', '',
  ...problemTypes().flatMap(({ code, status, title, advice }) => [`## ${code}`, '', `**${status}** ${title}`, '', advice, ''])].join('\n')

const config = { scope: null }

/** Health, readiness and metrics: all that a worker serves too. */
export function addHealthRoutes (app: App, { db, queues }: Pick<Services, 'db' | 'queues'>): void {
  const needed = migrationNeeded()

  app.get('/healthz', { config }, async (_req, reply) => await reply.type('application/json').send('{"status":"ok"}'))

  const look = lately(async () => {
    const checks = { database: await succeeds(async () => await askDatabase(db)), migrations: false, queue: true }
    if (checks.database) checks.migrations = await isMigrated(db, needed).catch(() => false)
    if (queues !== null) checks.queue = await succeeds(async () => await queues.depth())
    return checks
  })

  app.get('/readyz', { config }, async (_req, reply) => {
    const checks = await look()
    const isReady = Object.values(checks).every(Boolean)
    if (!isReady) reply.header('retry-after', '2')
    return await reply.code(isReady ? 200 : 503).type('application/json').send(JSON.stringify({ status: isReady ? 'ready' : 'unready', checks }))
  })

  app.get('/metrics', { config }, async (_req, reply) => await reply.type(registry.contentType).send(await registry.metrics()))
}

/** Health, the document and the problem pages: open to everybody, and without anybody's data. */
export function addSystemRoutes (app: App, services: Services): void {
  let document: string | undefined
  addHealthRoutes(app, services)

  app.get('/openapi.json', { config }, async (_req, reply) => {
    document ??= JSON.stringify(documentOf(app))
    return await reply.type('application/json').send(document)
  })

  app.get('/problems', { config }, async (_req, reply) => await reply.type('text/markdown; charset=utf-8').send(problemPages()))

  app.get<{ Params: { code: string } }>('/problems/:code', { config }, async (req, reply) => {
    const type = problemTypes().find(({ code }) => code === req.params.code)
    if (type === undefined) throw NotFound()
    return await reply.type('text/markdown; charset=utf-8').send(`# ${type.code}\n\n**${type.status}** ${type.title}\n\n${type.advice}\n`)
  })
}

/** Asks for any answer. That our role does not exist yet is one: the database is there, and not migrated. */
async function askDatabase (db: Database): Promise<void> {
  try {
    await db.installation(tx => tx.execute(sql`select 1`))
  } catch (error) {
    if (pgError(error).code !== '22023') throw error
  }
}

const readyTimeoutMs = 3_000

async function succeeds (check: () => Promise<unknown>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<boolean>(resolve => { timer = setTimeout(() => resolve(false), readyTimeoutMs) })
  try {
    return await Promise.race([check().then(() => true), late])
  } catch {
    return false
  } finally {
    clearTimeout(timer)
  }
}
