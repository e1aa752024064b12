import { and, asc, desc, eq, sql } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { CalendarDay, Id, PageOf } from '#kernel'
import { NotFound, byteStrings, literal, newId, pageAfter, tenants, texts, uuids } from '#platform'
import type { Tx } from '#platform'
import { isHeldAt, isOptedOutOf } from '../contacts/index.ts'
import { waitDaysMax } from './core.ts'
import type { LetterBatchState, LetterState, ReturnReason, WaitingFacts, WithdrawalReason } from './core.ts'
import type { Paper } from './sheets.core.ts'
import { letterBatches, letters } from './tables.ts'

type Page = { limit: number, after: string | null }

const tenantOf = (tx: Tx) => sql`${uuidOf(tx.ctx.tenantId)}::uuid`
const nowOf = (tx: Tx) => sql`${tx.ctx.now.toISOString()}::timestamptz`

const columns = {
  id: letters.id, messageId: letters.messageId, accountId: letters.accountId, lenderId: letters.lenderId, partyId: letters.partyId, contactPointId: letters.contactPointId, paper: letters.paper,
  recipient: letters.recipient, templateVersion: letters.templateVersion, language: letters.language, state: letters.state, reason: letters.reason, batchId: letters.batchId, writtenOn: letters.writtenOn,
  dueAt: letters.dueAt, createdAt: letters.createdAt, postedOn: letters.postedOn,
}

/** A letter as it stands; `recipient` sealed, null once erased. */
export type LetterRow = Awaited<ReturnType<typeof lockLetter>>

/** A letter about to be written: sealed, or with nothing in it where its party was erased meanwhile. */
export interface NewLetter {
  id: Id<'letter'>, messageId: Id<'message'>, contactAttemptId: Id<'contactAttempt'>, accountId: Id<'account'>, lenderId: Id<'lender'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'>,
  paper: Paper, recipient: Buffer | null, body: Buffer | null, templateVersion: string, language: string, dueAt: string | null
}

/** The contact points among these whose party has its data, kept from being erased until the transaction ends. */
export async function lockReachable (tx: Tx, contactPointIds: readonly Id<'contactPoint'>[]): Promise<ReadonlySet<Id<'contactPoint'>>> {
  const { rows } = await tx.execute(sql`select id from contact_points where tenant_id = ${tenantOf(tx)} and id = any(${uuids(contactPointIds)}) and value is not null order by id for share`)
  return new Set(rows.map(row => idOf('contactPoint', String(row['id']))))
}

/** Writes letters for which a permitted contact of the same message is pending, each once. Answers what an event says of those that were not there before. */
export async function insertLetters (tx: Tx, all: readonly NewLetter[]): Promise<LetterFacts[]> {
  const now = nowOf(tx)
  const { rows } = await tx.execute(sql`
    insert into letters as l (tenant_id, id, message_id, contact_attempt_id, account_id, lender_id, party_id, contact_point_id, paper, recipient, body, template_version, language, state, reason, written_on, due_at, created_at)
    select t.tenant_id, n.id, n.message_id, n.contact_attempt_id, n.account_id, n.lender_id, n.party_id, n.contact_point_id, n.paper, n.recipient, n.body, n.template_version, n.language,
      case when n.body is null then 'withdrawn' else 'waiting' end, case when n.body is null then 'unreachable' end, (${now} at time zone t.time_zone)::date, n.due_at::timestamptz, ${now}
    from unnest(${uuids(all.map(l => l.id))}, ${uuids(all.map(l => l.messageId))}, ${uuids(all.map(l => l.contactAttemptId))}, ${uuids(all.map(l => l.accountId))}, ${uuids(all.map(l => l.lenderId))},
      ${uuids(all.map(l => l.partyId))}, ${uuids(all.map(l => l.contactPointId))}, ${texts(all.map(l => l.paper))}, ${byteStrings(all.map(l => l.recipient))}, ${byteStrings(all.map(l => l.body))},
      ${texts(all.map(l => l.templateVersion))}, ${texts(all.map(l => l.language))}, ${texts(all.map(l => l.dueAt))})
      as n (id, message_id, contact_attempt_id, account_id, lender_id, party_id, contact_point_id, paper, recipient, body, template_version, language, due_at)
    join tenants t on t.tenant_id = ${tenantOf(tx)}
    join contact_attempts a on a.tenant_id = t.tenant_id and a.id = n.contact_attempt_id and a.message_id = n.message_id and a.channel = 'letter' and a.outcome = 'pending'
    on conflict (tenant_id, message_id) where state <> 'withdrawn' do nothing returning ${factColumns}`)
  return rows.map(factsIn)
}

/** The letter of each message, the last that was written. */
export async function listByMessage (tx: Tx, messageIds: readonly Id<'message'>[]): Promise<ReadonlyMap<Id<'message'>, Id<'letter'>>> {
  const { rows } = await tx.execute(sql`select id, message_id from letters where tenant_id = ${tenantOf(tx)} and message_id = any(${uuids(messageIds)}) order by id`)
  return new Map(rows.map(row => [idOf('message', String(row['message_id'])), idOf('letter', String(row['id']))]))
}

/** What an event says of a letter. */
export interface LetterFacts { id: Id<'letter'>, messageId: Id<'message'>, accountId: Id<'account'>, lenderId: Id<'lender'>, state: LetterState, reason: WithdrawalReason | null }

const factColumns = sql`l.id, l.message_id, l.account_id, l.lender_id, l.state, l.reason`
const factsIn = (row: Record<string, unknown>): LetterFacts => ({
  id: idOf('letter', String(row['id'])), messageId: idOf('message', String(row['message_id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])),
  state: row['state'] as LetterState, reason: row['reason'] as WithdrawalReason | null,
})

/** A letter, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockLetter (tx: Tx, id: Id<'letter'>) {
  const [row] = await tx.select(columns).from(letters).where(and(eq(letters.tenantId, tx.ctx.tenantId), eq(letters.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Letters by id; of one account, one batch or in one state, or all. */
export async function listLetters (tx: Tx, filter: { accountId?: Id<'account'>, batchId?: Id<'letterBatch'>, state?: LetterState }, page: Page): Promise<PageOf<LetterRow>> {
  const rows = await tx.select(columns).from(letters).where(and(
    eq(letters.tenantId, tx.ctx.tenantId), pageAfter(letters.id, page),
    filter.accountId === undefined ? undefined : eq(letters.accountId, filter.accountId),
    filter.batchId === undefined ? undefined : eq(letters.batchId, filter.batchId),
    filter.state === undefined ? undefined : eq(letters.state, filter.state),
  )).orderBy(asc(letters.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** What a letter says and to whom, sealed; null where its party was erased. */
export interface Content { id: Id<'letter'>, partyId: Id<'party'>, content: { recipient: Buffer, body: Buffer } | null, language: string, writtenOn: CalendarDay }

const contentColumns = sql`l.id, l.party_id, l.recipient, l.body, l.language, l.written_on, p.erased_at is not null as is_erased`
const contentIn = (row: Record<string, unknown>): Content => ({
  id: idOf('letter', String(row['id'])), partyId: idOf('party', String(row['party_id'])), language: String(row['language']), writtenOn: String(row['written_on']),
  // An erasure holds from its commit, also before its job has been here.
  content: row['is_erased'] === true || row['recipient'] === null || row['body'] === null ? null : { recipient: row['recipient'] as Buffer, body: row['body'] as Buffer },
})

/** What a letter says and to whom. Throws `NotFound`. */
export async function findContent (tx: Tx, id: Id<'letter'>): Promise<Content> {
  // The lock keeps an erasure from committing between a reading and the record of it.
  const { rows: [row] } = await tx.execute(sql`select ${contentColumns} from letters l join parties p on p.tenant_id = l.tenant_id and p.id = l.party_id
    where l.tenant_id = ${tenantOf(tx)} and l.id = ${uuidOf(id)}::uuid for share of p`)
  if (row === undefined) throw NotFound()
  return contentIn(row)
}

/** What letters of a batch on one paper say, by id, so many after one. */
export async function listContents (tx: Tx, batchId: Id<'letterBatch'>, paper: Paper, after: Id<'letter'> | null, limit: number): Promise<Content[]> {
  const { rows } = await tx.execute(sql`select ${contentColumns} from letters l join parties p on p.tenant_id = l.tenant_id and p.id = l.party_id
    where l.tenant_id = ${tenantOf(tx)} and l.batch_id = ${uuidOf(batchId)}::uuid and l.paper = ${paper} and l.id > ${after === null ? '00000000-0000-0000-0000-000000000000' : uuidOf(after)}::uuid
    order by l.id limit ${literal(limit)}`)
  return rows.map(contentIn)
}

/** Takes the oldest waiting letters that nobody else has in hand, at most so many, with what they are judged by. */
export async function lockWaiting (tx: Tx, limit: number): Promise<(WaitingFacts & { id: Id<'letter'> })[]> {
  const { now } = tx.ctx
  const locked = await tx.execute(sql`select id from letters where tenant_id = ${tenantOf(tx)} and state = 'waiting' order by id limit ${limit}::int for no key update skip locked`)
  const ids = locked.rows.map(row => String(row['id']))
  if (ids.length === 0) return []
  // Asked once they are locked: what was committed meanwhile counts.
  const { rows } = await tx.execute(sql`
    select l.id, exists (select from placements pl where pl.tenant_id = l.tenant_id and pl.account_id = l.account_id and pl.state = 'active') as is_worked,
      a.closed_at is null and a.principal + a.interest + a.penalty + a.costs > 0 as is_owed, ${isHeldAt(now, 'l')} as is_held,
      cp.value is not null and cp.state <> 'invalid' as is_reachable, ${isOptedOutOf({ point: 'cp', channel: sql`'letter'`, accountId: sql`l.account_id`, now })} as is_opted_out, l.due_at <= ${nowOf(tx)} as is_overdue
    from letters l
    join accounts a on a.tenant_id = l.tenant_id and a.id = l.account_id
    join contact_points cp on cp.tenant_id = l.tenant_id and cp.id = l.contact_point_id
    where l.tenant_id = ${tenantOf(tx)} and l.id = any(${uuids(ids)}) order by l.id`)
  return rows.map(row => ({
    id: idOf('letter', String(row['id'])), isWorked: row['is_worked'] === true, isOwed: row['is_owed'] === true, isHeld: row['is_held'] === true, isReachable: row['is_reachable'] === true,
    isOptedOut: row['is_opted_out'] === true, isOverdue: row['is_overdue'] === true,
  }))
}

/** Puts waiting letters into a batch. */
export async function setBatched (tx: Tx, ids: readonly Id<'letter'>[], batchId: Id<'letterBatch'>): Promise<void> {
  await tx.execute(sql`update letters set state = 'batched', batch_id = ${uuidOf(batchId)}::uuid, due_at = null where tenant_id = ${tenantOf(tx)} and id = any(${uuids(ids)})`)
}

/** Withdraws letters, each for its reason. */
export async function setWithdrawn (tx: Tx, all: readonly { id: Id<'letter'>, reason: WithdrawalReason }[]): Promise<LetterFacts[]> {
  if (all.length === 0) return []
  const { rows } = await tx.execute(sql`update letters l set state = 'withdrawn', reason = n.reason, batch_id = null, due_at = null
    from unnest(${uuids(all.map(({ id }) => id))}, ${texts(all.map(({ reason }) => reason))}) as n (id, reason)
    where l.tenant_id = ${tenantOf(tx)} and l.id = n.id and l.state in ('waiting', 'batched') returning ${factColumns}`)
  return rows.map(factsIn)
}

/** The letters whose time of waiting is over, at most so many, in nobody's hands. */
export async function lockOverdue (tx: Tx, limit: number): Promise<Id<'letter'>[]> {
  const { rows } = await tx.execute(sql`select id from letters where tenant_id = ${tenantOf(tx)} and due_at <= ${nowOf(tx)} order by due_at, id limit ${literal(limit)} for no key update skip locked`)
  return rows.map(row => idOf('letter', String(row['id'])))
}

/** Notes that the letters of a batch were posted. */
export async function setPosted (tx: Tx, batchId: Id<'letterBatch'>, postedOn: CalendarDay): Promise<LetterFacts[]> {
  const { rows } = await tx.execute(sql`update letters l set state = 'posted', posted_on = ${postedOn}::date where l.tenant_id = ${tenantOf(tx)} and l.batch_id = ${uuidOf(batchId)}::uuid and l.state = 'batched' returning ${factColumns}`)
  return rows.map(factsIn)
}

/** Puts the letters of a batch back to wait, for what is left of their time; those of which nothing is left are withdrawn. Answers the latter. */
export async function setWaitingAgain (tx: Tx, batchId: Id<'letterBatch'>): Promise<LetterFacts[]> {
  const { rows } = await tx.execute(sql`update letters l set batch_id = null, state = case when l.body is null then 'withdrawn' else 'waiting' end, reason = case when l.body is null then 'unreachable' end,
      due_at = case when l.body is null then null else l.created_at + make_interval(days => ${literal(waitDaysMax)}) end
    where l.tenant_id = ${tenantOf(tx)} and l.batch_id = ${uuidOf(batchId)}::uuid and l.state = 'batched' returning ${factColumns}`)
  return rows.map(factsIn).filter(({ state }) => state === 'withdrawn')
}

export async function setReturned (tx: Tx, id: Id<'letter'>, reason: ReturnReason): Promise<LetterRow> {
  const [row] = await tx.update(letters).set({ state: 'returned', reason }).where(and(eq(letters.tenantId, tx.ctx.tenantId), eq(letters.id, id))).returning(columns)
  return row!
}

/** A letter that nobody has printed, and its batch, if it is in one. */
export interface Unprinted { id: Id<'letter'>, batchId: Id<'letterBatch'> | null }

/** The letters of messages, or to parties, that nobody has printed: those that wait, and those of a batch whose PDF was never read. They, and their batches, are kept from changing until the transaction ends. */
export async function lockUnprinted (tx: Tx, of: { messageIds: readonly Id<'message'>[] } | { partyIds: readonly Id<'party'>[] }): Promise<Unprinted[]> {
  const which = sql`l.tenant_id = ${tenantOf(tx)} and ${'messageIds' in of ? sql`l.message_id = any(${uuids(of.messageIds)})` : sql`l.party_id = any(${uuids(of.partyIds)})`}`
  // The batch before its letters, as everywhere; and once more, because a letter may have come into one until it was locked itself.
  const lockBatches = async (): Promise<unknown> => await tx.execute(sql`select from letter_batches b where b.tenant_id = ${tenantOf(tx)} and b.state = 'open' and b.id in (select l.batch_id from letters l where ${which}) order by b.id for no key update`)
  await lockBatches()
  await tx.execute(sql`select from letters l where ${which} order by l.id for no key update`)
  await lockBatches()
  const { rows } = await tx.execute(sql`select l.id, l.batch_id from letters l left join letter_batches b on b.tenant_id = l.tenant_id and b.id = l.batch_id
    where ${which} and (l.state = 'waiting' or (l.state = 'batched' and b.state = 'open')) order by l.id`)
  return rows.map(row => ({ id: idOf('letter', String(row['id'])), batchId: typeof row['batch_id'] === 'string' ? idOf('letterBatch', row['batch_id']) : null }))
}

/** Destroys what was written to parties. */
export async function setForgotten (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  await tx.execute(sql`update letters set recipient = null, body = null where tenant_id = ${tenantOf(tx)} and party_id = any(${uuids(partyIds)})`)
}

const batchColumns = {
  id: letterBatches.id, state: letterBatches.state, count: letterBatches.count, pages: letterBatches.pages, duplex: letterBatches.duplex, agency: letterBatches.agency, sender: letterBatches.sender,
  hash: letterBatches.hash, createdAt: letterBatches.createdAt, madeAt: letterBatches.madeAt, postedOn: letterBatches.postedOn,
}

/** A batch as it stands. */
export type BatchRow = Awaited<ReturnType<typeof insertBatch>>

/** Begins a batch. It is sent by the agency's name unless a sender is given. */
export async function insertBatch (tx: Tx, batch: { duplex: boolean, sender: string | null }) {
  const { name } = await findAgency(tx)
  const [row] = await tx.insert(letterBatches).values({
    tenantId: tx.ctx.tenantId, id: newId('letterBatch'), state: 'open', count: 0, createdAt: tx.ctx.now.toISOString(), duplex: batch.duplex, agency: name, sender: batch.sender ?? name,
  }).returning(batchColumns)
  return row!
}

/** The agency's name and its calendar. */
export async function findAgency (tx: Tx): Promise<{ name: string, timeZone: string }> {
  const [row] = await tx.select({ name: tenants.name, timeZone: tenants.timeZone }).from(tenants).where(eq(tenants.tenantId, tx.ctx.tenantId))
  return row!
}

/** A batch. Throws `NotFound`. */
export async function findBatch (tx: Tx, id: Id<'letterBatch'>): Promise<BatchRow> {
  const [row] = await tx.select(batchColumns).from(letterBatches).where(and(eq(letterBatches.tenantId, tx.ctx.tenantId), eq(letterBatches.id, id)))
  if (row === undefined) throw NotFound()
  return row
}

/** A batch, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockBatch (tx: Tx, id: Id<'letterBatch'>): Promise<BatchRow> {
  const [row] = await tx.select(batchColumns).from(letterBatches).where(and(eq(letterBatches.tenantId, tx.ctx.tenantId), eq(letterBatches.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Batches, the latest first. */
export async function listBatches (tx: Tx, page: Page): Promise<PageOf<BatchRow>> {
  const rows = await tx.select(batchColumns).from(letterBatches).where(and(eq(letterBatches.tenantId, tx.ctx.tenantId), pageAfter(letterBatches.id, page, 'descending'))).orderBy(desc(letterBatches.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Changes a batch. */
export async function setBatch (tx: Tx, id: Id<'letterBatch'>, change: { state?: LetterBatchState, count?: number, pages?: number, hash?: Buffer, madeAt?: string, postedOn?: CalendarDay }): Promise<BatchRow> {
  const [row] = await tx.update(letterBatches).set(change).where(and(eq(letterBatches.tenantId, tx.ctx.tenantId), eq(letterBatches.id, id))).returning(batchColumns)
  return row!
}

/** Takes letters out of batches, so many of each; one that has none left is cancelled. */
export async function setCountsLowered (tx: Tx, batchIds: readonly Id<'letterBatch'>[]): Promise<void> {
  if (batchIds.length === 0) return
  await tx.execute(sql`update letter_batches b set count = b.count - n.taken, state = case when b.count = n.taken then 'cancelled' else b.state end
    from (select id, count(*)::int as taken from unnest(${uuids(batchIds)}) as id group by id) n where b.tenant_id = ${tenantOf(tx)} and b.id = n.id`)
}
