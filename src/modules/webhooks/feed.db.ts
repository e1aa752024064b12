import { and, asc, eq, gt, lte, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, eventHeads, events, prepared } from '#platform'
import type { Tx } from '#platform'
import type { Told } from './core.ts'

const toldColumns = {
  id: events.id, type: events.type, version: events.version, tenantId: events.tenantId, lenderId: events.lenderId, accountId: events.accountId,
  occurredAt: events.occurredAt, recordedAt: events.recordedAt, correlationId: events.correlationId, livemode: events.livemode, data: sql<string>`${events.data}::text`,
}
const agencyColumns = { ...toldColumns, sequence: events.sequence }
// Read only under row security of a lender or together with one: there the number is never null.
const lenderColumns = { ...toldColumns, sequence: sql<number>`${events.lenderSequence}`.mapWith(Number) }

/** What a reader of the feed asks for. `types` null: all. */
export interface FeedQuery { after: number, limit: number, types: readonly string[] | null, accountId: Id<'account'> | null }

/** A piece of the feed. `isEnd`: there was no more when it was read. */
export interface FeedPage { told: Told[], nextAfter: number, isEnd: boolean }

// A limit that is a parameter would let the planner expect a tenth of the table: each length of page has its own statement.
const agencyPages = new Map<number, ReturnType<typeof agencyPage>>()
const lenderPages = new Map<number, ReturnType<typeof lenderPage>>()
const tenantId = sql.placeholder('tenantId')
const after = sql.placeholder('after')
const agencyPage = (limit: number) => prepared(`agency_feed_${limit}`, db => db.select(agencyColumns).from(events)
  .where(and(eq(events.tenantId, tenantId), gt(events.sequence, after))).orderBy(asc(events.sequence)).limit(limit))
const lenderPage = (limit: number) => prepared(`lender_feed_${limit}`, db => db.select(lenderColumns).from(events)
  .where(and(eq(events.tenantId, tenantId), eq(events.lenderId, sql.placeholder('lenderId')), gt(events.lenderSequence, after))).orderBy(asc(events.lenderSequence)).limit(limit))

/** The one of its length, made when it is first asked for. */
function pageOf<P> (pages: Map<number, P>, make: (limit: number) => P, limit: number): P {
  const page = pages.get(limit) ?? make(limit)
  pages.set(limit, page)
  return page
}

async function readPage (tx: Tx, after: number, limit: number): Promise<Told[]> {
  const tenantId = uuidOf(tx.ctx.tenantId)
  return tx.ctx.lenderId === null
    ? await pageOf(agencyPages, agencyPage, limit)(tx, { tenantId, after })
    : await pageOf(lenderPages, lenderPage, limit)(tx, { tenantId, after, lenderId: uuidOf(tx.ctx.lenderId) })
}

/** How far a reader that wants only some kinds of events looks in one request. */
const lookedAtMax = 20_000

/**
 * Reads on after a place in the reader's own stream: the agency's, or the lender's whose transaction it is. Numbers are given under lock at
 * commit, so what is visible is always the whole beginning of the stream: a reader that goes on from `nextAfter` misses nothing.
 */
export async function readFeed (tx: Tx, query: FeedQuery): Promise<FeedPage> {
  const { after, limit, types, accountId } = query
  if (types === null && accountId === null) {
    const told = await readPage(tx, after, limit)
    return { told, nextAfter: told.at(-1)?.sequence ?? after, isEnd: told.length < limit }
  }
  // The head first: what is numbered up to it can be seen by the next statement, and what comes later is for the next request.
  const head = await findHead(tx)
  const upTo = accountId === null ? Math.min(head, after + lookedAtMax) : head
  const told = await readSome(tx, query, upTo)
  return { told, nextAfter: told.length === limit ? told.at(-1)!.sequence : Math.max(after, upTo), isEnd: told.length < limit && upTo >= head }
}

async function findHead (tx: Tx): Promise<number> {
  const { tenantId, lenderId } = tx.ctx
  const [head] = await tx.select({ sequence: eventHeads.sequence }).from(eventHeads).where(and(eq(eventHeads.tenantId, tenantId), eq(eventHeads.stream, uuidOf(lenderId ?? tenantId))))
  return head?.sequence ?? 0
}

const mine = (tx: Tx): SQL => and(eq(events.tenantId, tx.ctx.tenantId), tx.ctx.lenderId === null ? undefined : eq(events.lenderId, tx.ctx.lenderId))!

async function readSome (tx: Tx, { after, limit, types, accountId }: FeedQuery, upTo: number): Promise<Told[]> {
  const isAgency = tx.ctx.lenderId === null
  const sequence = isAgency ? events.sequence : events.lenderSequence
  return await tx.select(isAgency ? agencyColumns : lenderColumns).from(events)
    .where(and(mine(tx), gt(sequence, after), lte(sequence, upTo), types === null ? undefined : sql`${events.type} = any(${sql.param(types)}::text[])`,
      accountId === null ? undefined : eq(events.accountId, accountId)))
    .orderBy(asc(accountId === null ? sequence : events.sequence)).limit(limit)
}

export async function findEvent (tx: Tx, id: Id<'event'>): Promise<Told> {
  const [row] = await tx.select(tx.ctx.lenderId === null ? agencyColumns : lenderColumns).from(events).where(and(mine(tx), eq(events.id, id)))
  if (row === undefined) throw NotFound()
  return row
}
