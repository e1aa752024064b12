import { and, asc, desc, eq, sql } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, pageAfter, wireInstant } from '#platform'
import type { Tx } from '#platform'
import type { Fate, MessageChannel, MessageReason, MessageState, ReceiptKind } from './core.ts'
import { messages } from './tables.ts'

const columns = {
  id: messages.id, accountId: messages.accountId, lenderId: messages.lenderId, partyId: messages.partyId, contactPointId: messages.contactPointId, channel: messages.channel,
  step: messages.step, template: messages.template, bundleId: messages.bundleId, state: messages.state, plannedAt: messages.plannedAt, dueAt: messages.dueAt, attempts: messages.attempts, decisionId: messages.decisionId, templateVersion: messages.templateVersion,
  reason: messages.reason, rule: messages.rule, clause: messages.clause, sentAt: messages.sentAt, createdAt: messages.createdAt,
}

/** A message as it stands. */
export interface MessageRow {
  id: Id<'message'>, accountId: Id<'account'>, lenderId: Id<'lender'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'>, channel: MessageChannel, step: number,
  template: string, bundleId: Id<'message'> | null, state: MessageState, plannedAt: string, dueAt: string | null, attempts: number, decisionId: Id<'policyDecision'> | null, templateVersion: string | null, reason: MessageReason | null, rule: string | null,
  clause: string | null, sentAt: string | null, createdAt: string
}

/** A message. Throws `NotFound`. */
export async function findMessage (tx: Tx, id: Id<'message'>): Promise<MessageRow> {
  const [row] = await tx.select(columns).from(messages).where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.id, id)))
  if (row === undefined) throw NotFound()
  return row
}

/** A message, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockMessage (tx: Tx, id: Id<'message'>): Promise<MessageRow> {
  const [row] = await tx.select(columns).from(messages).where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** The messages that went out as one, kept from changing until the transaction ends, the one they are named by first; none when nothing went out so. */
export async function lockBundle (tx: Tx, bundleId: Id<'message'>): Promise<MessageRow[]> {
  const rows = await tx.select(columns).from(messages).where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.bundleId, bundleId))).orderBy(asc(messages.id)).for('no key update')
  return rows.sort((a, b) => Number(b.id === bundleId) - Number(a.id === bundleId))
}

/** Messages by id; of one account, in one state, or all. */
export async function listMessages (tx: Tx, filter: { accountId?: Id<'account'>, state?: MessageState }, page: { limit: number, after: string | null }): Promise<PageOf<MessageRow>> {
  const rows = await tx.select(columns).from(messages).where(and(
    eq(messages.tenantId, tx.ctx.tenantId), pageAfter(messages.id, page),
    filter.accountId === undefined ? undefined : eq(messages.accountId, filter.accountId),
    filter.state === undefined ? undefined : eq(messages.state, filter.state),
  )).orderBy(asc(messages.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** Cancels a message by hand. */
export const setMessageCancelled = async (tx: Tx, id: Id<'message'>): Promise<void> => {
  await tx.update(messages).set({ state: 'cancelled', reason: 'requested', dueAt: null, claimedUntil: null }).where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.id, id)))
}

const uuids = (ids: readonly string[]) => sql.param(ids.map(uuidOf))
const uuidOrNull = (id: string | null): string | null => id === null ? null : uuidOf(id)

/** What an event says of a message. */
export interface MessageFacts { id: Id<'message'>, accountId: Id<'account'>, lenderId: Id<'lender'>, channel: MessageChannel, step: number, plannedAt: string, reason: MessageReason | null }

/** The columns that `factsIn` reads, of messages `m`. */
export const factColumns = sql`m.id, m.account_id, m.lender_id, m.channel, m.step, m.planned_at, m.reason`
/** What an event says of a message, as the database answered it. */
export const factsIn = (row: Record<string, unknown>): MessageFacts => ({
  id: idOf('message', String(row['id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])),
  channel: row['channel'] as MessageChannel, step: Number(row['step']), plannedAt: wireInstant(String(row['planned_at'])), reason: row['reason'] as MessageReason | null,
})

/** An address that reminders about a debt were to go to. */
export interface Address { accountId: Id<'account'>, lenderId: Id<'lender'>, contactPointId: Id<'contactPoint'>, channel: MessageChannel }

/** Makes what is scheduled to addresses that refused it due at once, so that policy is asked now and says which law forbids it. */
export async function bringForward (tx: Tx, consentIds: readonly Id<'consent'>[]): Promise<Address[]> {
  const now = sql`${tx.ctx.now.toISOString()}::timestamptz`
  const { rows } = await tx.execute(sql`update messages m set due_at = least(m.due_at, ${now})
    from consents c join contact_points cp on cp.tenant_id = c.tenant_id and cp.value_index = c.value_index
    where c.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and c.id = any(${uuids(consentIds)}::uuid[])
      and c.kind = 'contact' and c.purpose = 'collection' and (c.account_id is null or c.account_id = m.account_id)
      and m.tenant_id = c.tenant_id and m.contact_point_id = cp.id and m.channel = c.channel and m.state = 'scheduled'
    returning m.account_id, m.lender_id, m.contact_point_id, m.channel`)
  const addresses = rows.map(row => ({
    accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])), contactPointId: idOf('contactPoint', String(row['contact_point_id'])), channel: row['channel'] as MessageChannel,
  }))
  return [...new Map(addresses.map(address => [`${address.accountId} ${address.contactPointId} ${address.channel}`, address])).values()]
}

/** A message and what became of it when it fell due; when it is to be sent, with which others. */
export interface Settled { id: Id<'message'>, fate: Fate, decisionId: Id<'policyDecision'> | null, templateVersion?: string, bundleId?: Id<'message'> }

/** Writes down what became of messages that fell due: one statement, however many. Those to be sent are fenced off for `fenceSeconds` and count an attempt. */
export async function setFates (tx: Tx, settled: readonly Settled[], fenceSeconds: number): Promise<void> {
  if (settled.length === 0) return
  const column = (pick: (one: Settled) => string | null) => sql.param(settled.map(pick))
  const fence = `${fenceSeconds} seconds`
  const law = (pick: 'rule' | 'clause') => ({ fate }: Settled): string | null => 'rule' in fate ? fate[pick] : null
  await tx.execute(sql`update messages m set
      state = s.state, reason = s.reason, rule = s.rule, clause = s.clause, decision_id = coalesce(s.decision_id, m.decision_id), template_version = coalesce(s.template_version, m.template_version), bundle_id = coalesce(m.bundle_id, s.bundle_id),
      due_at = case s.state when 'sending' then ${tx.ctx.now.toISOString()}::timestamptz + ${fence}::interval else s.due_at end,
      claimed_until = case s.state when 'sending' then now() + ${fence}::interval end, attempts = m.attempts + (s.state = 'sending')::int
    from unnest(${column(s => uuidOf(s.id))}::uuid[], ${column(s => s.fate.state)}::text[], ${column(s => s.fate.state === 'scheduled' ? s.fate.dueAt : null)}::timestamptz[],
      ${column(s => 'reason' in s.fate ? s.fate.reason : null)}::text[], ${column(law('rule'))}::text[], ${column(law('clause'))}::text[], ${column(s => uuidOrNull(s.decisionId))}::uuid[], ${column(s => s.templateVersion ?? null)}::text[],
      ${column(s => s.fate.state === 'sending' ? uuidOf(s.bundleId ?? s.id) : null)}::uuid[])
      as s (id, state, due_at, reason, rule, clause, decision_id, template_version, bundle_id)
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.id = any(${uuids(settled.map(s => s.id))}::uuid[]) and m.id = s.id`)
}

/** A message that its provider took. */
export interface Taken { id: Id<'message'>, providerId: string | null, sentAt: string }

/** Marks messages as sent. Whatever else happened to them meanwhile, they have gone out; one that is marked already is left out of the answer. */
export async function setSent (tx: Tx, taken: readonly Taken[]): Promise<(MessageFacts & { sentAt: string })[]> {
  if (taken.length === 0) return []
  const { rows } = await tx.execute(sql`update messages m set state = 'sent', sent_at = s.sent_at, provider_id = s.provider_id, due_at = null, claimed_until = null, reason = null, rule = null, clause = null
    from unnest(${sql.param(taken.map(t => uuidOf(t.id)))}::uuid[], ${sql.param(taken.map(t => t.sentAt))}::timestamptz[], ${sql.param(taken.map(t => t.providerId))}::text[]) as s (id, sent_at, provider_id)
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.id = any(${uuids(taken.map(t => t.id))}::uuid[]) and m.id = s.id and m.sent_at is null
    returning ${factColumns}, m.sent_at`)
  return rows.map(row => ({ ...factsIn(row), sentAt: wireInstant(String(row['sent_at'])) }))
}

/** What a provider took under an id of its own, by the id it went out by, the latest if there are several; null when there is none. */
export async function findByProviderId (tx: Tx, channel: MessageChannel, providerId: string): Promise<Id<'message'> | null> {
  const [row] = await tx.select({ id: messages.bundleId }).from(messages)
    .where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.providerId, providerId), eq(messages.channel, channel))).orderBy(desc(messages.id)).limit(1)
  return row?.id ?? null
}

/** What went out last to an address, given by its hash, by a channel; null when there is none. */
export async function findLastTo (tx: Tx, channel: MessageChannel, valueIndex: Buffer): Promise<Id<'message'> | null> {
  const { rows } = await tx.execute(sql`select m.bundle_id as id from contact_points cp join messages m on m.tenant_id = cp.tenant_id and m.contact_point_id = cp.id
    where cp.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and cp.value_index = ${valueIndex} and m.channel = ${channel} and m.bundle_id is not null order by m.sent_at desc nulls last, m.id desc limit 1`)
  return rows[0] === undefined ? null : idOf('message', String(rows[0]['id']))
}

/** Writes down what a provider said of a message it took. A receipt that came before our own record of the hand-over makes that record. */
export async function setReceived (tx: Tx, id: Id<'message'>, state: ReceiptKind, sentAt: string): Promise<void> {
  await tx.update(messages).set({ state, sentAt, dueAt: null, claimedUntil: null, rule: null, clause: null, reason: state === 'delivered' ? null : state === 'failed' ? 'undelivered' : 'bounced' })
    .where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.id, id)))
}

/** A message that its provider did not take: tried again at `dueAt`, or given up. `attempt` is the try that failed: a later one knows better. */
export interface NotSent { id: Id<'message'>, attempt: number, dueAt: string | null, reason: MessageReason }

/** Puts messages back to be tried again, or gives them up. Answers those given up. */
export async function setNotSent (tx: Tx, failures: readonly NotSent[]): Promise<MessageFacts[]> {
  if (failures.length === 0) return []
  const { rows } = await tx.execute(sql`update messages m set state = case when s.due_at is null then 'failed' else 'scheduled' end, due_at = s.due_at, claimed_until = null, reason = s.reason
    from unnest(${sql.param(failures.map(f => uuidOf(f.id)))}::uuid[], ${sql.param(failures.map(f => f.attempt))}::int[], ${sql.param(failures.map(f => f.dueAt))}::timestamptz[], ${sql.param(failures.map(f => f.reason))}::text[])
      as s (id, attempt, due_at, reason)
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.id = any(${uuids(failures.map(f => f.id))}::uuid[]) and m.id = s.id and m.state = 'sending' and m.attempts = s.attempt
    returning ${factColumns}, m.due_at`)
  return rows.filter(row => row['due_at'] === null).map(factsIn)
}
