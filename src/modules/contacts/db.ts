import { and, desc, eq, sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'
import { cutPage, idOf, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, literal, newId, uuids, wireInstant } from '#platform'
import type { Tx } from '#platform'
import { isBarredAt } from '../limitations/index.ts'
import type { ConsentSaid, ContactCase, PastContact, Reach, SaidHours } from './asking.core.ts'
import type { AttemptChannel, AttemptOutcome, ContactResult, Direction } from './core.ts'
import type { Obstacles } from './permits.core.ts'
import { contactAttempts } from './tables.ts'

/** How a person is named across lenders' records: by the hash of their identity number, or else as this party alone. */
export function personKeyOf (alias: string): SQL {
  const party = sql.identifier(alias)
  return sql`case when ${party}.identity_index is null then 'party:' || ${party}.id else 'identity:' || encode(${party}.identity_index, 'hex') end`
}

/** Whether contact about the account of `m` is stopped at the transaction's time. */
export const isHeldAt = (now: Date, alias: string): SQL => sql`exists (select from holds h where h.tenant_id = ${sql.identifier(alias)}.tenant_id and h.account_id = ${sql.identifier(alias)}.account_id
  and h.stops_contact and h.released_at is null and h.starts_at <= ${now.toISOString()}::timestamptz and (h.ends_at is null or h.ends_at > ${now.toISOString()}::timestamptz))`

/** Where a party may be, as text that `zonesRead` reads: the zones of its numbers and addresses, but for invalid ones and places of work. `of` is the alias with its id. */
export const zonesWritten = (alias: string, column: string): SQL => sql`(select string_agg(array_to_string(z.time_zones, ' '), ',' order by z.id) from contact_points z
  where z.tenant_id = ${sql.identifier(alias)}.tenant_id and z.party_id = ${sql.identifier(alias)}.${sql.identifier(column)} and z.state <> 'invalid' and not z.is_workplace and cardinality(z.time_zones) > 0)`

/** The zones of each number and address of a party. */
export const zonesRead = (written: unknown): string[][] => typeof written === 'string' ? written.split(',').map(zones => zones.split(' ')) : []

/** What the agency knows of consent at an address about a debt: the alias of its contact point, the kind of contact and the debt, as SQL. */
interface SaidOf { point: string, channel: SQL, accountId: SQL, now: Date }

const saidWhere = ({ point, channel, accountId, now }: SaidOf): SQL => sql`c.tenant_id = ${sql.identifier(point)}.tenant_id and c.value_index = ${sql.identifier(point)}.value_index and c.channel = ${channel}
  and (c.account_id is null or c.account_id = ${accountId}) and (c.until is null or c.until > ${now.toISOString()}::timestamptz)`

/** Whether contact for a purpose was refused: what was said last counts, of those sayings that have not ended. */
export const isOptedOutOf = (of: SaidOf, purpose: 'collection' | 'service' = 'collection'): SQL<boolean> => sql<boolean>`coalesce((select c.state = 'withdrawn' from consents c
  where ${saidWhere(of)} and c.kind = 'contact' and c.purpose = ${purpose} order by c.at desc, c.id desc limit 1), false)`

/** What was said of hours and of how often, as text that `sayingsRead` reads, in the order it was said. */
export const sayingsWritten = (of: SaidOf): SQL<string | null> => sql<string | null>`(select json_agg(json_build_object('kind', c.kind, 'state', c.state, 'accountId', c.account_id, 'at', c.at, 'until', c.until) order by c.at, c.id)::text
  from consents c where ${saidWhere(of)} and c.kind <> 'contact')`

/** What was said of hours and of how often, in the order it was said. */
export function sayingsRead (written: unknown): ConsentSaid[] {
  if (typeof written !== 'string') return []
  // What is in the table was checked when it was written.
  const said = JSON.parse(written) as { kind: ConsentSaid['kind'], state: ConsentSaid['state'], accountId: string | null, at: string, until: string | null }[]
  return said.map(({ accountId, at, until, ...rest }) => ({ ...rest, accountId: accountId === null ? null : idOf('account', accountId), at: new Date(at).toISOString(), until: until === null ? null : new Date(until).toISOString() }))
}

/** When a person said they may be contacted, as text that `hoursRead` reads: of the person named by an expression. */
export const hoursWritten = (personKey: SQL, tenantId: SQL): SQL<string | null> => sql<string | null>`(select json_build_object('requested', s.requested, 'inconvenient', s.inconvenient)::text from contact_hours s
  where s.tenant_id = ${tenantId} and s.person_key = ${personKey} order by s.id desc limit 1)`

/** When a person said they may be contacted, and when not. What is in the table was checked when it was written. */
export const hoursRead = (written: unknown): SaidHours => typeof written === 'string' ? JSON.parse(written) as SaidHours : { requested: [], inconvenient: [] }

/** The name under which policy counts a number or address: its hash. */
export const numberKeyOf = (valueIndex: Buffer): string => `number:${valueIndex.toString('hex')}`

/** The other debts that a contact was about, as text that `debtsRead` reads. */
const debtsBeside = (alias: string): SQL<string | null> => sql<string | null>`(select string_agg(d.account_id::text, ' ' order by d.account_id) from contact_attempt_debts d
  where d.tenant_id = ${sql.identifier(alias)}.tenant_id and d.contact_attempt_id = ${sql.identifier(alias)}.id)`

const debtsRead = (written: unknown): Id<'account'>[] => typeof written === 'string' && written !== '' ? written.split(' ').map(id => idOf('account', id)) : []

/** More contacts than one batch of people can have had; a history that was cut would be counted short. */
const historyMax = 100_000

/** A contact of before, with the message it was, if any. */
export type HistoryEntry = PastContact & { messageId: Id<'message'> | null }

/**
 * Contacts since an instant with any of these persons, or at any of these numbers, by whatever channel and about whatever debt, oldest first:
 * the history that policy is asked with. Persons are named as in `personKey`.
 */
export async function listContactHistory (tx: Tx, { personKeys, valueIndexes }: { personKeys: readonly string[], valueIndexes: readonly Buffer[] }, since: Date): Promise<HistoryEntry[]> {
  const { rows } = await tx.execute(sql`select account_id, case when message_id is not null then ${debtsBeside('contact_attempts')} end as also_about, message_id, person_key, value_index, channel, direction, outcome, at from contact_attempts
    where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and at >= ${since.toISOString()}::timestamptz and outcome <> 'unused'
      and (person_key = any(${sql.param(personKeys)}::text[]) or value_index = any(${sql.param(valueIndexes)}::bytea[]))
    order by at, id limit ${literal(historyMax)}`)
  if (rows.length === historyMax) throw new Error('a history of contacts is too long to be read')
  // What is in the table was checked when it was written.
  return rows.map(row => ({
    accountId: idOf('account', String(row['account_id'])), ...row['also_about'] !== null && { alsoAbout: debtsRead(row['also_about']) }, messageId: typeof row['message_id'] === 'string' ? idOf('message', row['message_id']) : null, personKey: String(row['person_key']),
    numberKey: row['value_index'] === null ? null : numberKeyOf(row['value_index'] as Buffer), channel: row['channel'] as AttemptChannel, direction: row['direction'] as Direction,
    outcome: row['outcome'] as PastContact['outcome'], at: wireInstant(String(row['at'])),
  }))
}

/** A party of an account, as a contact with it is judged. */
export type Contacted = Omit<ContactCase, 'history'> & { lenderId: Id<'lender'>, product: string, valueIndex: Buffer | null } & Obstacles

/** Outcomes by which a person was reached, and those by which an attempt failed. */
const reached = sql`('conversation', 'replied', 'visited')`
const failed = sql`('voicemail', 'noAnswer', 'busy', 'notInService', 'rejected', 'dropped', 'wrongNumber', 'thirdParty', 'undelivered', 'notMet')`

/** What is known of reaching the borrowers of an account, and of a contact person: how often they were approached about it, permitted contacts included, and whether they refused. */
async function findReach (tx: Tx, accountId: Id<'account'>, personKey: string): Promise<Reach> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  const account = sql`${uuidOf(accountId)}::uuid`
  const { rows: [row] } = await tx.execute(sql`
    with borrowers as materialized (
      select p.id, ${personKeyOf('p')} as person_key from account_parties ap join parties p on p.tenant_id = ap.tenant_id and p.id = ap.party_id
      where ap.tenant_id = ${tenantId} and ap.account_id = ${account} and ap.role in ('borrower', 'coBorrower')
    ), phones as (
      select cp.state from borrowers b join contact_points cp on cp.tenant_id = ${tenantId} and cp.party_id = b.id and cp.channel = 'phone'
    ), attempts as (
      select a.at, a.direction, a.outcome from contact_attempts a where a.tenant_id = ${tenantId} and a.person_key = any(array(select person_key from borrowers))
    )
    select exists (select from phones) and not exists (select from phones where state <> 'invalid') as is_phone_invalid,
      (select count(*)::int from attempts where direction = 'out' and outcome in ${failed} and at > coalesce((select max(at) from attempts where direction = 'in' or outcome in ${reached}), '-infinity')) as failures,
      (select count(*)::int from contact_attempts a where a.tenant_id = ${tenantId} and a.person_key = ${personKey} and a.account_id = ${account} and a.direction = 'out'
        and a.outcome in ('pending', 'conversation', 'voicemail', 'sent', 'delivered', 'replied', 'visited', 'thirdParty')) as approaches,
      exists (select from contact_attempts a where a.tenant_id = ${tenantId} and a.person_key = ${personKey} and a.account_id = ${account} and a.result in ('refused', 'optedOut')) as has_refused`)
  return { isBorrowerPhoneInvalid: row?.['is_phone_invalid'] === true, failuresToReach: Number(row?.['failures']), locationContacts: Number(row?.['approaches']), hasRefused: row?.['has_refused'] === true }
}

/** A party of an account, reached at one of its contact points or somewhere unknown. Throws `NotFound` when they do not belong together. */
export async function findContacted (tx: Tx, accountId: Id<'account'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'> | null, channel: AttemptChannel): Promise<Contacted> {
  const now = sql`${tx.ctx.now.toISOString()}::timestamptz`
  const said: SaidOf = { point: 'cp', channel: sql`${channel}`, accountId: sql`a.id`, now: tx.ctx.now }
  const { rows } = await tx.execute(sql`
    select a.lender_id, a.product, a.jurisdiction, a.region, a.time_zone, ap.role, ${personKeyOf('p')} as person_key, cp.id as contact_point_id, cp.value_index, coalesce(cp.is_workplace, false) as is_workplace,
      cp.id is null or (cp.state <> 'invalid' and cp.value is not null) as is_reachable, a.principal + a.interest + a.penalty + a.costs > 0 as is_owed,
      exists (select from placements pl where pl.tenant_id = a.tenant_id and pl.account_id = a.id and pl.state = 'active') as is_worked,
      (select b.kind from account_parties bp join parties b on b.tenant_id = bp.tenant_id and b.id = bp.party_id
        where bp.tenant_id = a.tenant_id and bp.account_id = a.id and bp.role = 'borrower' order by bp.party_id limit 1) as borrower_kind,
      ${isHeldAt(tx.ctx.now, 'ap')} as is_held,
      nullif(concat_ws(',', (select string_agg(h.kind, ',') from holds h where h.tenant_id = a.tenant_id and h.account_id = a.id and h.released_at is null and h.starts_at <= ${now} and (h.ends_at is null or h.ends_at > ${now})),
        case when ${isBarredAt(tx.ctx.now, 'a')} then 'timeBarred' end), '') as holds,
      ${zonesWritten('p', 'id')} as zones, array_to_string(cp.time_zones, ' ') as own_zones,
      ${isOptedOutOf(said)} as is_opted_out, ${sayingsWritten(said)} as sayings, ${hoursWritten(personKeyOf('p'), sql`p.tenant_id`)} as hours
    from accounts a
    join account_parties ap on ap.tenant_id = a.tenant_id and ap.account_id = a.id and ap.party_id = ${uuidOf(partyId)}::uuid
    join parties p on p.tenant_id = ap.tenant_id and p.id = ap.party_id
    left join contact_points cp on cp.tenant_id = p.tenant_id and cp.party_id = p.id and cp.id = ${contactPointId === null ? null : uuidOf(contactPointId)}::uuid
    where a.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and a.id = ${uuidOf(accountId)}::uuid`)
  const row = rows[0]
  if (row === undefined || (contactPointId !== null && row['contact_point_id'] === null)) throw NotFound()
  const valueIndex = row['value_index'] as Buffer | null
  return {
    reach: row['role'] === 'contactOnly' ? await findReach(tx, accountId, String(row['person_key'])) : undefined,
    accountId, lenderId: idOf('lender', String(row['lender_id'])), product: String(row['product']), jurisdiction: String(row['jurisdiction']), region: row['region'] as string | null, timeZone: String(row['time_zone']),
    role: row['role'] as ContactCase['role'], personKey: String(row['person_key']), valueIndex, numberKey: valueIndex === null ? null : numberKeyOf(valueIndex), isWorkplace: row['is_workplace'] === true,
    // Called at work, they are where that number is.
    otherZones: [...zonesRead(row['zones']), ...row['is_workplace'] === true ? zonesRead(row['own_zones'] || null) : []],
    borrowerKind: row['borrower_kind'] === 'company' ? 'company' : 'person', isHeld: row['is_held'] === true, isReachable: row['is_reachable'] === true, isOwed: row['is_owed'] === true, isWorked: row['is_worked'] === true, isOptedOut: row['is_opted_out'] === true, sayings: sayingsRead(row['sayings']), hours: hoursRead(row['hours']), holds: (row['holds'] as string | null)?.split(',') ?? [],
  }
}

const columns = {
  id: contactAttempts.id, accountId: contactAttempts.accountId, alsoAbout: sql`coalesce(${debtsBeside('contact_attempts')}, '')`.mapWith(debtsRead), partyId: contactAttempts.partyId, contactPointId: contactAttempts.contactPointId, messageId: contactAttempts.messageId,
  channel: contactAttempts.channel, direction: contactAttempts.direction, outcome: contactAttempts.outcome, at: contactAttempts.at, wasLawful: contactAttempts.wasLawful,
  decisionId: contactAttempts.decisionId, permittedUntil: contactAttempts.permittedUntil, result: contactAttempts.result, durationSeconds: contactAttempts.durationSeconds,
  recordingReference: contactAttempts.recordingReference, recordingKeptUntil: contactAttempts.recordingKeptUntil, actorKind: contactAttempts.actorKind, actorId: contactAttempts.actorId, createdAt: contactAttempts.createdAt,
}

/** A contact as it was recorded. */
export interface AttemptRow {
  id: Id<'contactAttempt'>, accountId: Id<'account'>, alsoAbout: Id<'account'>[], partyId: Id<'party'>, contactPointId: Id<'contactPoint'> | null, messageId: Id<'message'> | null, channel: AttemptChannel,
  direction: Direction, outcome: AttemptOutcome | 'pending' | 'unused', at: string, wasLawful: boolean, decisionId: Id<'policyDecision'> | null, permittedUntil: string | null, result: ContactResult | null, durationSeconds: number | null,
  recordingReference: string | null, recordingKeptUntil: string | null, actorKind: string, actorId: string | null, createdAt: string
}

/** Records a contact. */
export async function insertAttempt (tx: Tx, attempt: Omit<typeof contactAttempts.$inferInsert, 'tenantId' | 'id' | 'messageId' | 'actorKind' | 'actorId' | 'createdAt'>): Promise<AttemptRow> {
  const { tenantId, actor, now } = tx.ctx
  const [row] = await tx.insert(contactAttempts)
    .values({ tenantId, id: newId('contactAttempt'), actorKind: actor.kind, actorId: actor.id, createdAt: now.toISOString(), ...attempt }).returning(columns)
  return row!
}

/** A contact, or the place that one holds, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockAttempt (tx: Tx, id: Id<'contactAttempt'>): Promise<AttemptRow> {
  const [row] = await tx.select(columns).from(contactAttempts).where(and(eq(contactAttempts.tenantId, tx.ctx.tenantId), eq(contactAttempts.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** Makes a permitted contact one that happened. */
export async function setMade (tx: Tx, id: Id<'contactAttempt'>, made: Partial<Pick<AttemptRow, 'outcome' | 'result' | 'durationSeconds' | 'recordingReference' | 'recordingKeptUntil' | 'at' | 'wasLawful' | 'decisionId'>>): Promise<AttemptRow> {
  const [row] = await tx.update(contactAttempts).set({ ...made, dueAt: null }).where(and(eq(contactAttempts.tenantId, tx.ctx.tenantId), eq(contactAttempts.id, id))).returning(columns)
  return row!
}

/** Gives the place of a permitted contact back. */
export async function setUnused (tx: Tx, id: Id<'contactAttempt'>): Promise<void> {
  await tx.update(contactAttempts).set({ outcome: 'unused', dueAt: null }).where(and(eq(contactAttempts.tenantId, tx.ctx.tenantId), eq(contactAttempts.id, id)))
}

/** Gives back the places that fell due, at most 500; answers whether more may be due. */
export async function returnPlaces (tx: Tx): Promise<boolean> {
  const { rows } = await tx.execute(sql`
    with due as (
      select tenant_id, id from contact_attempts where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and due_at <= ${tx.ctx.now.toISOString()}::timestamptz order by due_at limit 500 for no key update skip locked
    ) update contact_attempts a set outcome = case when a.outcome = 'pending' then 'unused' else a.outcome end, due_at = null from due where a.tenant_id = due.tenant_id and a.id = due.id returning 1`)
  return rows.length === 500
}

/** Whose contacts are counted together. */
export interface Counted { personKey: string, valueIndex: Buffer | null }

/**
 * Lets one at a time decide on contacts with these persons and at these numbers, until the transaction ends: two that counted at once would each permit the last
 * contact allowed. Locks are taken in one order, so that no two wait for each other. What counts must be read after this.
 */
export async function lockPersons (tx: Tx, persons: readonly Counted[]): Promise<void> {
  const keys = [...new Set(persons.flatMap(({ personKey, valueIndex }) => [personKey, ...valueIndex === null ? [] : [numberKeyOf(valueIndex)]]))].map(key => `${tx.ctx.tenantId} ${key}`)
  if (keys.length > 0) await tx.execute(sql`select pg_advisory_xact_lock(key) from (select distinct hashtextextended(name, 0) as key from unnest(${sql.param(keys)}::text[]) as name order by 1) keys`)
}

/** The contacts of a page that were about a debt: those recorded under it, and messages that were about it beside another. */
function ofDebt (tx: Tx, accountId: Id<'account'>, { limit, after }: { limit: number, after: string | null }): SQL {
  const [tenant, account] = [sql`${uuidOf(tx.ctx.tenantId)}::uuid`, sql`${uuidOf(accountId)}::uuid`]
  const before = (id: SQL): SQL => after === null ? sql`true` : sql`${id} < ${uuidOf(after)}::uuid`
  const some = literal(limit + 1)
  return sql`(select o.id from contact_attempts o where o.tenant_id = ${tenant} and o.account_id = ${account} and o.outcome <> 'unused' and ${before(sql`o.id`)} order by o.id desc limit ${some})
    union all (select d.contact_attempt_id from contact_attempt_debts d join contact_attempts o on o.tenant_id = d.tenant_id and o.id = d.contact_attempt_id and o.outcome <> 'unused'
      where d.tenant_id = ${tenant} and d.account_id = ${account} and ${before(sql`d.contact_attempt_id`)} order by d.contact_attempt_id desc limit ${some})`
}

/** Contacts of an account, newest first; places that nobody used are none. */
export async function listAttempts (tx: Tx, accountId: Id<'account'>, page: { limit: number, after: string | null }): Promise<PageOf<AttemptRow>> {
  const rows = await tx.select(columns).from(contactAttempts)
    .where(and(eq(contactAttempts.tenantId, tx.ctx.tenantId), sql`${contactAttempts.id} = any(array(${ofDebt(tx, accountId, page)}))`))
    .orderBy(desc(contactAttempts.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** A message that was permitted: it counts as a contact from now on, for the debt and those it is also about. */
export interface PermittedContact {
  messageId: Id<'message'>, accountId: Id<'account'>, alsoAbout?: readonly Id<'account'>[], lenderId: Id<'lender'>, partyId: Id<'party'>, contactPointId: Id<'contactPoint'>, personKey: string, valueIndex: Buffer,
  channel: AttemptChannel, decisionId: Id<'policyDecision'>
}

/** Counts permitted messages as contacts, before they are sent: one for each message, however often it is handed over. Answers the contacts that are still to be made. */
export async function insertPending (tx: Tx, permitted: readonly PermittedContact[]): Promise<{ id: Id<'contactAttempt'>, messageId: Id<'message'> }[]> {
  if (permitted.length === 0) return []
  const { tenantId, actor, now } = tx.ctx
  const column = (pick: (contact: PermittedContact) => unknown) => sql.param(permitted.map(pick))
  const beside = permitted.flatMap(({ messageId, alsoAbout = [] }) => alsoAbout.map(accountId => [messageId, accountId] as const))
  const { rows } = await tx.execute(sql`with counted as (insert into contact_attempts as t (tenant_id, id, account_id, lender_id, party_id, contact_point_id, message_id, person_key, value_index, channel, direction, outcome, at, was_lawful, decision_id, actor_kind, actor_id, created_at)
    select ${uuidOf(tenantId)}::uuid, id, account_id, lender_id, party_id, contact_point_id, message_id, person_key, value_index, channel, 'out', 'pending', ${now.toISOString()}::timestamptz, true, decision_id, ${actor.kind}, ${actor.id}::text, ${now.toISOString()}::timestamptz
    from unnest(${column(() => uuidOf(newId('contactAttempt')))}::uuid[], ${column(c => uuidOf(c.accountId))}::uuid[], ${column(c => uuidOf(c.lenderId))}::uuid[], ${column(c => uuidOf(c.partyId))}::uuid[],
      ${column(c => uuidOf(c.contactPointId))}::uuid[], ${column(c => uuidOf(c.messageId))}::uuid[], ${column(c => c.personKey)}::text[], ${column(c => c.valueIndex)}::bytea[], ${column(c => c.channel)}::text[],
      ${column(c => uuidOf(c.decisionId))}::uuid[])
      as c (id, account_id, lender_id, party_id, contact_point_id, message_id, person_key, value_index, channel, decision_id)
    on conflict (tenant_id, message_id) do update set at = excluded.at, decision_id = excluded.decision_id, outcome = 'pending' where t.outcome in ('pending', 'unused') returning id, message_id
    ), beside as (
      insert into contact_attempt_debts (tenant_id, contact_attempt_id, account_id)
      select ${uuidOf(tenantId)}::uuid, c.id, d.account_id from unnest(${uuids(beside.map(([messageId]) => messageId))}, ${uuids(beside.map(([, accountId]) => accountId))}) as d (message_id, account_id) join counted c on c.message_id = d.message_id
      on conflict do nothing
    )
    select id, message_id from counted`)
  return rows.map(row => ({ id: idOf('contactAttempt', String(row['id'])), messageId: idOf('message', String(row['message_id'])) }))
}

/** Writes down what became of messages that were permitted, once each. Answers the contacts so recorded. */
export async function setOutcomes (tx: Tx, messageIds: readonly Id<'message'>[], outcome: AttemptOutcome): Promise<(AttemptRow & { lenderId: Id<'lender'> })[]> {
  if (messageIds.length === 0) return []
  return await tx.update(contactAttempts).set({ outcome })
    .where(and(eq(contactAttempts.tenantId, tx.ctx.tenantId), eq(contactAttempts.outcome, 'pending'), sql`${contactAttempts.messageId} = any(${sql.param(messageIds.map(uuidOf))}::uuid[])`))
    .returning({ ...columns, lenderId: contactAttempts.lenderId })
}

/** Gives the places of messages back that were permitted, and did not go out after all. */
export async function returnMessages (tx: Tx, messageIds: readonly Id<'message'>[]): Promise<void> {
  if (messageIds.length === 0) return
  await tx.execute(sql`
    with returned as (
      update contact_attempts set outcome = 'unused' where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and message_id = any(${uuids(messageIds)}) and outcome in ('pending', 'sent') returning tenant_id, id
    ) delete from contact_attempt_debts d using returned where d.tenant_id = returned.tenant_id and d.contact_attempt_id = returned.id`)
}

/** Corrects what became of a message that was recorded as a contact, by what its provider said later. */
export async function setDelivered (tx: Tx, messageId: Id<'message'>, outcome: 'delivered' | 'undelivered'): Promise<void> {
  await tx.update(contactAttempts).set({ outcome }).where(and(
    eq(contactAttempts.tenantId, tx.ctx.tenantId), eq(contactAttempts.messageId, messageId), sql`${contactAttempts.outcome} in ('sent', 'delivered', 'undelivered')`))
}
