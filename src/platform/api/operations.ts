import { and, asc, eq, isNull, sql } from 'drizzle-orm'
import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, cutPage, problems } from '#kernel'
import type { Id } from '#kernel'
import type { InstallationTx } from '../db/database.ts'
import { keyset, pageAfter } from '../db/page.ts'
import { AlreadyRetried, findTenant, retryDeadLetter } from '../jobs/run.ts'
import { listLetters, mailboxChannels } from '../outside/mailbox.ts'
import { deadLetters, eventHeads, jobStates } from '../tables.ts'
import type { App, Services } from './api.ts'
import { NotFound } from './problem.ts'

const JobState = Type.Object({
  tenantId: IdOf('tenant'), job: Type.String({ description: 'Name of the job.' }), sequence: Type.Integer({ description: 'The last event it has read.' }),
  behind: Type.Integer({ description: 'Events it has not read.' }), attempts: Type.Integer({ description: 'Failed tries of what it is stuck on; 0 when it is not.' }),
  retryAt: Nullable(Instant), error: Nullable(Type.String({ description: 'Why the last try failed.' })),
}, { title: 'JobState' })

const DeadLetter = Type.Object({
  id: IdOf('deadLetter'), tenantId: IdOf('tenant'), job: Type.String({ description: 'Name of the job.' }), sequence: Nullable(Type.Integer({ description: 'The event it was given up on; null for a deadline.' })),
  error: Type.String({ description: 'Why the last try failed.' }), attempts: Type.Integer({ description: 'How often it was tried.' }), failedAt: Instant, retriedAt: Nullable(Instant),
}, { title: 'DeadLetter' })

const MailboxLetter = Type.Object({
  id: IdOf('mailboxLetter'), channel: OneOf(mailboxChannels, 'How it was to go out.'), key: Type.String({ description: 'Id of the message: a repeat of it was dropped.' }),
  to: Type.String({ description: 'Address or number of the recipient.' }), subject: Nullable(Type.String({ description: 'Subject of an e-mail.' })),
  text: Type.String({ description: 'What it says.' }), createdAt: Instant,
}, { title: 'MailboxLetter' })

const letterColumns = {
  id: deadLetters.id, tenantId: deadLetters.tenantId, job: deadLetters.job, sequence: deadLetters.sequence, error: deadLetters.error, attempts: deadLetters.attempts,
  failedAt: deadLetters.failedAt, retriedAt: deadLetters.retriedAt,
}

/** The most stuck jobs one answer shows. */
const stuckMax = 200

/** Jobs that are behind or failing, across agencies. */
const listStuck = async (tx: InstallationTx) => await tx.select({
  tenantId: jobStates.tenantId, job: jobStates.job, sequence: jobStates.sequence, attempts: jobStates.attempts, retryAt: jobStates.retryAt, error: jobStates.error,
  behind: sql<number>`(${eventHeads.sequence} - ${jobStates.sequence})::int`,
}).from(jobStates).innerJoin(eventHeads, and(eq(eventHeads.tenantId, jobStates.tenantId), sql`${eventHeads.stream} = ${jobStates.tenantId}`))
  .where(sql`${jobStates.attempts} > 0 or (${jobStates.sequence} > 0 and ${jobStates.sequence} < ${eventHeads.sequence})`)
  .orderBy(sql`${jobStates.attempts} desc`, asc(jobStates.tenantId), asc(jobStates.job)).limit(stuckMax)

const findLetter = async (tx: InstallationTx, id: Id<'deadLetter'>) => {
  const [letter] = await tx.select(letterColumns).from(deadLetters).where(eq(deadLetters.id, id)).limit(1)
  return letter ?? null
}

/** What the operator sees of the machine's work across agencies, the way to run again what was given up, and the local mailbox. */
export function addOperationRoutes (app: App, { db, machine, queues, vault }: Services): void {
  const tags = ['operations']
  const config = { scope: 'operator' } as const

  app.get('/v1/operations/jobs', {
    config,
    schema: {
      operationId: 'listJobs', tags, summary: 'Work that is stuck or given up', description: 'Jobs that are behind their events or failing, and dead letters: work given up after its last try. Names and ids only.',
      querystring: Type.Object(PageQuery, closed),
      response: { 200: Type.Object({
        jobs: Type.Array(JobState, { description: `Jobs behind or failing, the worst first, at most ${stuckMax}.` }),
        queue: Nullable(Type.Object({ waiting: Type.Integer({ description: 'Wake-up calls waiting.' }), active: Type.Integer({ description: 'Calls in hand.' }), failed: Type.Integer({ description: 'Calls given up; the sweep makes them good.' }) }, { description: 'The queue; null when this process has none.' })),
        deadLetters: Page(DeadLetter, 'DeadLetterPage'),
      }, { title: 'JobReport' }) },
    },
  }, async req => {
    const page = keyset(req.query)
    const [jobs, letters, queue] = await Promise.all([
      db.installation(listStuck),
      db.installation(async tx => await tx.select(letterColumns).from(deadLetters)
        .where(and(isNull(deadLetters.retriedAt), pageAfter(deadLetters.id, page))).orderBy(asc(deadLetters.id)).limit(page.limit + 1)),
      queues?.depth() ?? null,
    ])
    return { jobs, queue, deadLetters: cutPage(letters, page.limit, letter => letter.id) }
  })

  app.post('/v1/operations/dead-letters/:deadLetterId/retry', {
    config,
    schema: {
      operationId: 'retryDeadLetter', tags, summary: 'Run again what was given up', description: 'Runs the work a dead letter names once more, now. When it fails again the letter stays.',
      params: Type.Object({ deadLetterId: IdOf('deadLetter') }), response: { 200: DeadLetter, ...problems(NotFound, AlreadyRetried) },
    },
  }, async req => {
    const letter = await db.installation(async tx => await findLetter(tx, req.params.deadLetterId))
    if (letter === null) throw NotFound()
    const tenant = await findTenant(db, letter.tenantId)
    if (tenant === null) throw NotFound()
    await retryDeadLetter(machine, tenant, letter.id)
    return (await db.installation(async tx => await findLetter(tx, letter.id)))!
  })
  app.get('/v1/operations/mailbox', {
    config,
    schema: {
      operationId: 'listMailbox', tags, summary: 'Read the local mailbox', description: 'E-mails and SMS of an agency, newest first, that were kept here because no provider is configured. For trying Recoup out.',
      querystring: Type.Object({ ...PageQuery, tenantId: IdOf('tenant') }, closed), response: { 200: Page(MailboxLetter, 'MailboxPage'), ...problems(NotFound) },
    },
  }, async req => {
    const { tenantId, ...query } = req.query
    const tenant = await findTenant(db, tenantId)
    if (tenant === null) throw NotFound()
    return await listLetters(db, vault, tenant, keyset(query))
  })
}
