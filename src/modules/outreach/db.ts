import { and, asc, desc, eq, sql } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter, wireInstant } from '#platform'
import type { Tx } from '#platform'
import { isHeldAt, personKeyOf, zonesRead, zonesWritten } from '../contacts/index.ts'
import type { Fate, MessageChannel, MessageReason, MessageState, ReceiptKind, ReminderStep } from './core.ts'
import { messages } from './tables.ts'

const columns = {
  id: messages.id, accountId: messages.accountId, lenderId: messages.lenderId, partyId: messages.partyId, contactPointId: messages.contactPointId, channel: messages.channel,
  step: messages.step, state: messages.state, plannedAt: messages.plannedAt, dueAt: messages.dueAt, attempts: messages.attempts, decisionId: messages.decisionId, templateVersion: messages.templateVersion,
  reason: messages.reason, rule: messages.rule, clause: messages.clause, sentAt: messages.sentAt, createdAt: messages.createdAt,
}

/** A message as it stands. */
export interface MessageRow {
  id: Id<'message'>, accountId: Id<'account'>, lenderId: Id<'lender'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'>, channel: MessageChannel, step: number,
  state: MessageState, plannedAt: string, dueAt: string | null, attempts: number, decisionId: Id<'policyDecision'> | null, templateVersion: string | null, reason: MessageReason | null, rule: string | null,
  clause: string | null, sentAt: string | null, createdAt: string
}

/** A message. Throws `NotFound`. */
export async function findMessage (tx: Tx, id: Id<'message'>): Promise<MessageRow> {
  const [row] = await tx.select(columns).from(messages).where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.id, id)))
  if (row === undefined) throw NotFound()
  return row
}

/** A message, kept from changing until the transaction ends; null when there is none. */
export async function lockIfAny (tx: Tx, id: Id<'message'>): Promise<MessageRow | null> {
  const [row] = await tx.select(columns).from(messages).where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.id, id))).for('no key update')
  return row ?? null
}

/** A message, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockMessage (tx: Tx, id: Id<'message'>): Promise<MessageRow> {
  const row = await lockIfAny(tx, id)
  if (row === null) throw NotFound()
  return row
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

/** Somebody who is to be reminded of a debt, and where: one address of each kind. */
export interface Target {
  placementId: Id<'placement'>, accountId: Id<'account'>, lenderId: Id<'lender'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'>, personKey: string, channel: MessageChannel,
  borrowerKind: 'person' | 'company', product: string, jurisdiction: string, region: string | null, timeZone: string, otherZones: string[][], dueOn: string, placedOn: string
}

const uuids = (ids: readonly string[]) => sql.param(ids.map(uuidOf))
const uuidOrNull = (id: string | null): string | null => id === null ? null : uuidOf(id)
const text = (value: unknown): string | null => typeof value === 'string' ? value : null

/**
 * The borrowers of accounts with an active placement, each with the best e-mail address and the best phone number: a verified one before
 * others, the first known before later ones. No place of work, nothing invalid or erased. One address of a kind, so that whoever refuses it is left in peace.
 */
export async function listTargets (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Target[]> {
  const { rows } = await tx.execute(sql`
    select distinct on (pl.id, cp.party_id, cp.channel) pl.id as placement_id, pl.account_id, pl.lender_id, cp.party_id, cp.id as contact_point_id, ${personKeyOf('p')} as person_key,
      cp.channel, p.kind, a.product, a.jurisdiction, a.region, a.time_zone, ${zonesWritten('p', 'id')} as zones, a.due_on, pl.placed_on
    from placements pl
    join accounts a on a.tenant_id = pl.tenant_id and a.id = pl.account_id
    join account_parties ap on ap.tenant_id = pl.tenant_id and ap.account_id = pl.account_id and ap.role = 'borrower'
    join parties p on p.tenant_id = ap.tenant_id and p.id = ap.party_id and p.erased_at is null
    join contact_points cp on cp.tenant_id = p.tenant_id and cp.party_id = p.id and cp.channel in ('phone', 'email')
      and cp.state <> 'invalid' and not cp.is_workplace and cp.value is not null
    where pl.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and pl.account_id = any(${uuids(accountIds)}::uuid[]) and pl.state = 'active'
    order by pl.id, cp.party_id, cp.channel, (cp.state = 'verified') desc, cp.id`)
  return rows.map(row => ({
    placementId: idOf('placement', String(row['placement_id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])),
    partyId: idOf('party', String(row['party_id'])), contactPointId: idOf('contactPoint', String(row['contact_point_id'])), personKey: String(row['person_key']),
    channel: row['channel'] === 'phone' ? 'sms' : 'email', borrowerKind: row['kind'] === 'company' ? 'company' : 'person', product: String(row['product']),
    jurisdiction: String(row['jurisdiction']), region: text(row['region']), timeZone: String(row['time_zone']), otherZones: zonesRead(row['zones']), dueOn: String(row['due_on']), placedOn: String(row['placed_on']),
  }))
}

/** A reminder about to be planned. */
export type NewMessage = Omit<Target, 'borrowerKind' | 'product' | 'jurisdiction' | 'region' | 'timeZone' | 'otherZones' | 'dueOn' | 'placedOn'> & { step: ReminderStep, plannedAt: string }

/** What an event says of a message. */
export interface MessageFacts { id: Id<'message'>, accountId: Id<'account'>, lenderId: Id<'lender'>, channel: MessageChannel, step: number, plannedAt: string, reason: MessageReason | null }

const factColumns = sql`m.id, m.account_id, m.lender_id, m.channel, m.step, m.planned_at, m.reason`
const factsIn = (row: Record<string, unknown>): MessageFacts => ({
  id: idOf('message', String(row['id'])), accountId: idOf('account', String(row['account_id'])), lenderId: idOf('lender', String(row['lender_id'])),
  channel: row['channel'] as MessageChannel, step: Number(row['step']), plannedAt: wireInstant(String(row['planned_at'])), reason: row['reason'] as MessageReason | null,
})

/** Plans reminders: one statement, however many. Answers those that were not planned before. */
export async function insertMessages (tx: Tx, planned: readonly NewMessage[]): Promise<MessageFacts[]> {
  if (planned.length === 0) return []
  const column = (pick: (message: NewMessage) => unknown) => sql.param(planned.map(pick))
  const { rows } = await tx.execute(sql`insert into messages as m (tenant_id, id, placement_id, account_id, lender_id, party_id, contact_point_id, person_key, channel, step, state, planned_at, due_at, created_at)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, id, placement_id, account_id, lender_id, party_id, contact_point_id, person_key, channel, step, 'scheduled', planned_at, planned_at, ${tx.ctx.now.toISOString()}::timestamptz
    from unnest(${column(() => uuidOf(newId('message')))}::uuid[], ${column(m => uuidOf(m.placementId))}::uuid[], ${column(m => uuidOf(m.accountId))}::uuid[], ${column(m => uuidOf(m.lenderId))}::uuid[],
      ${column(m => uuidOf(m.partyId))}::uuid[], ${column(m => uuidOf(m.contactPointId))}::uuid[], ${column(m => m.personKey)}::text[], ${column(m => m.channel)}::text[], ${column(m => m.step)}::smallint[],
      ${column(m => m.plannedAt)}::timestamptz[])
      as planned (id, placement_id, account_id, lender_id, party_id, contact_point_id, person_key, channel, step, planned_at)
    on conflict (tenant_id, contact_point_id, placement_id, step) do nothing returning ${factColumns}`)
  return rows.map(factsIn)
}

/** Cancels what is scheduled for accounts that are no longer worked, or on which contact is stopped. */
export async function cancelUnfit (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<MessageFacts[]> {
  const { rows } = await tx.execute(sql`update messages m
    set state = 'cancelled', due_at = null, claimed_until = null, rule = null, clause = null, reason = case when pl.state = 'active' then 'onHold' else 'placementEnded' end
    from placements pl
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.account_id = any(${uuids(accountIds)}::uuid[]) and m.state = 'scheduled'
      and pl.tenant_id = m.tenant_id and pl.id = m.placement_id and (pl.state <> 'active' or ${isHeldAt(tx.ctx.now, 'm')})
    returning ${factColumns}`)
  return rows.map(factsIn)
}

/** Schedules again what was cancelled and may go out after all, as far as its time has not passed. What somebody cancelled by hand stays so. */
export async function reviveFit (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<MessageFacts[]> {
  const { rows } = await tx.execute(sql`update messages m set state = 'scheduled', due_at = m.planned_at, reason = null
    from placements pl
    where m.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and m.account_id = any(${uuids(accountIds)}::uuid[]) and m.state = 'cancelled' and m.reason in ('onHold', 'placementEnded')
      and m.planned_at > ${tx.ctx.now.toISOString()}::timestamptz and pl.tenant_id = m.tenant_id and pl.id = m.placement_id and pl.state = 'active' and not ${isHeldAt(tx.ctx.now, 'm')}
    returning ${factColumns}`)
  return rows.map(factsIn)
}

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

/** A message and what became of it when it fell due. */
export interface Settled { id: Id<'message'>, fate: Fate, decisionId: Id<'policyDecision'> | null, templateVersion?: string }

/** Writes down what became of messages that fell due: one statement, however many. Those to be sent are fenced off for `fenceSeconds` and count an attempt. */
export async function setFates (tx: Tx, settled: readonly Settled[], fenceSeconds: number): Promise<void> {
  if (settled.length === 0) return
  const column = (pick: (one: Settled) => string | null) => sql.param(settled.map(pick))
  const fence = `${fenceSeconds} seconds`
  const law = (pick: 'rule' | 'clause') => ({ fate }: Settled): string | null => 'rule' in fate ? fate[pick] : null
  await tx.execute(sql`update messages m set
      state = s.state, reason = s.reason, rule = s.rule, clause = s.clause, decision_id = coalesce(s.decision_id, m.decision_id), template_version = coalesce(s.template_version, m.template_version),
      due_at = case s.state when 'sending' then ${tx.ctx.now.toISOString()}::timestamptz + ${fence}::interval else s.due_at end,
      claimed_until = case s.state when 'sending' then now() + ${fence}::interval end, attempts = m.attempts + (s.state = 'sending')::int
    from unnest(${column(s => uuidOf(s.id))}::uuid[], ${column(s => s.fate.state)}::text[], ${column(s => s.fate.state === 'scheduled' ? s.fate.dueAt : null)}::timestamptz[],
      ${column(s => 'reason' in s.fate ? s.fate.reason : null)}::text[], ${column(law('rule'))}::text[], ${column(law('clause'))}::text[], ${column(s => uuidOrNull(s.decisionId))}::uuid[], ${column(s => s.templateVersion ?? null)}::text[])
      as s (id, state, due_at, reason, rule, clause, decision_id, template_version)
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

/** The message that a provider took under an id of its own, the latest if there are several; null when there is none. */
export async function findByProviderId (tx: Tx, channel: MessageChannel, providerId: string): Promise<Id<'message'> | null> {
  const [row] = await tx.select({ id: messages.id }).from(messages)
    .where(and(eq(messages.tenantId, tx.ctx.tenantId), eq(messages.providerId, providerId), eq(messages.channel, channel))).orderBy(desc(messages.id)).limit(1)
  return row?.id ?? null
}

/** The last message that went out to an address, given by its hash, by a channel; null when there is none. */
export async function findLastTo (tx: Tx, channel: MessageChannel, valueIndex: Buffer): Promise<Id<'message'> | null> {
  const { rows } = await tx.execute(sql`select m.id from contact_points cp join messages m on m.tenant_id = cp.tenant_id and m.contact_point_id = cp.id
    where cp.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and cp.value_index = ${valueIndex} and m.channel = ${channel} and m.attempts > 0 order by m.sent_at desc nulls last, m.id desc limit 1`)
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
