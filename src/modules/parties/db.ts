import { and, asc, desc, eq, gt, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, booleans, byteStrings, newId, pageAfter, rowById, texts, uuids, write } from '#platform'
import type { Tx } from '#platform'
import { PartyWasErased } from './core.ts'
import type { ConsentChannel, ContactChannel, ContactPointState, consentKinds, consentPurposes, consentSources, consentStates, revealPurposes } from './core.ts'
import { consents, contactPoints, parties, reveals } from './tables.ts'

type Page = { limit: number, after: string | null }

/** A party ready to be stored: everything personal sealed. */
export interface NewParty {
  id: Id<'party'>, kind: string, name: Buffer, identity: Buffer | null, identityIndex: Buffer | null, language: string | null
}
export interface NewContactPoint { id: Id<'contactPoint'>, partyId: Id<'party'>, channel: ContactChannel, value: Buffer, valueIndex: Buffer, isWorkplace: boolean, timeZones: string[] }

/** Writes parties of one lender with their contact points: two statements, however many there are. */
export function insertParties (tx: Tx, lenderId: Id<'lender'>, rows: readonly NewParty[], points: readonly NewContactPoint[]): void {
  const tenantId = uuidOf(tx.ctx.tenantId)
  const lender = uuidOf(lenderId)
  const now = tx.ctx.now.toISOString()
  if (rows.length > 0) {
    write(tx, sql`insert into parties (tenant_id, id, lender_id, kind, name, identity, identity_index, language, created_at)
      select ${tenantId}::uuid, id, ${lender}::uuid, kind, name, identity, identity_index, language, ${now}::timestamptz
      from unnest(${uuids(rows.map(p => p.id))}, ${texts(rows.map(p => p.kind))}, ${byteStrings(rows.map(p => p.name))},
        ${byteStrings(rows.map(p => p.identity))}, ${byteStrings(rows.map(p => p.identityIndex))}, ${texts(rows.map(p => p.language))})
        as p (id, kind, name, identity, identity_index, language)`)
  }
  if (points.length > 0) {
    write(tx, sql`insert into contact_points (tenant_id, id, party_id, lender_id, channel, value, value_index, is_workplace, time_zones, state, created_at)
      select ${tenantId}::uuid, id, party_id, ${lender}::uuid, channel, value, value_index, is_workplace, string_to_array(time_zones, ' '), 'unverified', ${now}::timestamptz
      from unnest(${uuids(points.map(p => p.id))}, ${uuids(points.map(p => p.partyId))}, ${texts(points.map(p => p.channel))},
        ${byteStrings(points.map(p => p.value))}, ${byteStrings(points.map(p => p.valueIndex))}, ${booleans(points.map(p => p.isWorkplace))}, ${texts(points.map(p => p.timeZones.join(' ')))})
        as p (id, party_id, channel, value, value_index, is_workplace, time_zones)`)
  }
}

const partyColumns = {
  id: parties.id, lenderId: parties.lenderId, kind: parties.kind, name: parties.name, identity: parties.identity, language: parties.language,
  erasedAt: parties.erasedAt, createdAt: parties.createdAt,
}

/** A party as it is stored: `name` and `identity` sealed, null once erased. */
export type PartyRow = NonNullable<Awaited<ReturnType<typeof findParty>>>

export const findParty = rowById(parties, db => db.select(partyColumns).from(parties))

/** A party that still has its data, kept from changing until the transaction ends. Throws `NotFound`, `PartyWasErased`. */
export async function lockParty (tx: Tx, id: Id<'party'>): Promise<PartyRow> {
  const [row] = await tx.select(partyColumns).from(parties).where(and(eq(parties.tenantId, tx.ctx.tenantId), eq(parties.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  if (row.erasedAt !== null) throw PartyWasErased({ erasedAt: row.erasedAt })
  return row
}

/** Destroys what is personal about a party: its values, and the hash its identity was found by. The hashes of its addresses stay, so that refusals of contact hold. */
export async function setPartyErased (tx: Tx, id: Id<'party'>, erasedAt: string): Promise<void> {
  await tx.update(parties).set({ name: null, identity: null, identityIndex: null, erasedAt }).where(and(eq(parties.tenantId, tx.ctx.tenantId), eq(parties.id, id)))
  await tx.update(contactPoints).set({ value: null, timeZones: [] }).where(and(eq(contactPoints.tenantId, tx.ctx.tenantId), eq(contactPoints.partyId, id)))
}

/** The same of many; answers those that still had their data, by id. */
export async function setPartiesErased (tx: Tx, ids: readonly Id<'party'>[], erasedAt: string): Promise<{ id: Id<'party'>, lenderId: Id<'lender'> }[]> {
  if (ids.length === 0) return []
  const isNamed = sql`= any(${uuids(ids)})`
  await tx.execute(sql`select from parties where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id ${isNamed} order by id for no key update`)
  const erased = await tx.update(parties).set({ name: null, identity: null, identityIndex: null, erasedAt }).where(and(eq(parties.tenantId, tx.ctx.tenantId), sql`${parties.id} ${isNamed}`, isNull(parties.erasedAt)))
    .returning({ id: parties.id, lenderId: parties.lenderId })
  await tx.update(contactPoints).set({ value: null, timeZones: [] }).where(and(eq(contactPoints.tenantId, tx.ctx.tenantId), sql`${contactPoints.partyId} = any(${uuids(erased.map(({ id }) => id))})`))
  return erased.sort((a, b) => a.id < b.id ? -1 : 1)
}

/** Parties with an identity, or reached at an address, by id. Erased ones are not found. */
export async function listPartiesByHash (tx: Tx, of: { identityIndex: Buffer } | { valueIndex: Buffer }, page: Page) {
  const rows = 'identityIndex' in of
    ? await tx.select({ partyId: parties.id, lenderId: parties.lenderId }).from(parties)
      .where(and(eq(parties.tenantId, tx.ctx.tenantId), eq(parties.identityIndex, of.identityIndex), pageAfter(parties.id, page)))
      .orderBy(asc(parties.id)).limit(page.limit + 1)
    : await tx.selectDistinct({ partyId: contactPoints.partyId, lenderId: contactPoints.lenderId }).from(contactPoints)
      .where(and(eq(contactPoints.tenantId, tx.ctx.tenantId), eq(contactPoints.valueIndex, of.valueIndex), isNotNull(contactPoints.value), pageAfter(contactPoints.partyId, page)))
      .orderBy(asc(contactPoints.partyId)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.partyId)
}

const pointColumns = {
  id: contactPoints.id, partyId: contactPoints.partyId, lenderId: contactPoints.lenderId, channel: contactPoints.channel, value: contactPoints.value,
  valueIndex: contactPoints.valueIndex, isWorkplace: contactPoints.isWorkplace, timeZones: contactPoints.timeZones, state: contactPoints.state, createdAt: contactPoints.createdAt,
}

/** A contact point as it is stored: `value` sealed, null once erased; `valueIndex` is the hash it is found by, the same in every lender's records. */
export type ContactPointRow = NonNullable<Awaited<ReturnType<typeof findContactPoint>>>

export const findContactPoint = rowById(contactPoints, db => db.select(pointColumns).from(contactPoints))

/** A contact point that still has its value, kept from changing until the transaction ends. Throws `NotFound`, `PartyWasErased`. */
export async function lockContactPoint (tx: Tx, id: Id<'contactPoint'>): Promise<ContactPointRow> {
  const [row] = await tx.select(pointColumns).from(contactPoints).where(and(eq(contactPoints.tenantId, tx.ctx.tenantId), eq(contactPoints.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  if (row.value === null) throw PartyWasErased()
  return row
}

/** The contact points of parties, by id; erased ones included. */
export const listContactPoints = async (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<ContactPointRow[]> =>
  partyIds.length === 0 ? [] : await tx.select(pointColumns).from(contactPoints)
    .where(and(eq(contactPoints.tenantId, tx.ctx.tenantId), sql`${contactPoints.partyId} = any(${sql.param(partyIds.map(uuidOf))}::uuid[])`)).orderBy(asc(contactPoints.id))

export async function setContactPointState (tx: Tx, id: Id<'contactPoint'>, state: ContactPointState): Promise<void> {
  await tx.update(contactPoints).set({ state }).where(and(eq(contactPoints.tenantId, tx.ctx.tenantId), eq(contactPoints.id, id)))
}

const consentColumns = { id: consents.id, channel: consents.channel, kind: consents.kind, purpose: consents.purpose, accountId: consents.accountId, until: consents.until, state: consents.state, source: consents.source, at: consents.at }

/** What was said: of which address, kind of contact and debt (null: every debt), and until when (null: for good). */
export interface NewConsent {
  valueIndex: Buffer, channel: ConsentChannel, state: typeof consentStates[number], source: typeof consentSources[number], kind: typeof consentKinds[number], purpose: typeof consentPurposes[number],
  accountId: Id<'account'> | null, until: string | null
}

export async function insertConsent (tx: Tx, consent: NewConsent) {
  const [row] = await tx.insert(consents).values({ tenantId: tx.ctx.tenantId, id: newId('consent'), at: tx.ctx.now.toISOString(), ...consent }).returning(consentColumns)
  return row!
}

/** All that was said about an address, the latest first. */
export async function listConsents (tx: Tx, valueIndex: Buffer, page: Page) {
  const rows = await tx.select(consentColumns).from(consents)
    .where(and(eq(consents.tenantId, tx.ctx.tenantId), eq(consents.valueIndex, valueIndex), pageAfter(consents.id, page, 'descending')))
    .orderBy(desc(consents.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

/** What was said once, and whether the same was refused at that address since, of every debt or of the one it was said of; null: nothing. */
export async function findConsent (tx: Tx, id: Id<'consent'>) {
  const now = tx.ctx.now.toISOString()
  // Written out: Drizzle leaves a lone table's name off its columns, and inside these would be of `w`.
  const isRefusedSince = sql<boolean>`exists (select from consents w where w.tenant_id = consents.tenant_id and w.value_index = consents.value_index and w.channel = consents.channel and w.kind = consents.kind and w.purpose = consents.purpose
    and w.state = 'withdrawn' and (w.at, w.id) > (consents.at, consents.id) and (w.account_id is null or w.account_id = consents.account_id) and (w.until is null or w.until > ${now}::timestamptz))`
  const [row] = await tx.select({ ...consentColumns, valueIndex: consents.valueIndex, isRefusedSince }).from(consents).where(and(eq(consents.tenantId, tx.ctx.tenantId), eq(consents.id, id)))
  return row ?? null
}

/** Whether a debt is one of the agency's. Debts are of a module below, whose rows refer to parties. */
export async function isAccount (tx: Tx, id: Id<'account'>): Promise<boolean> {
  const { rows } = await tx.execute(sql`select from accounts where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and id = ${uuidOf(id)}::uuid`)
  return rows.length > 0
}

/** What was last said of every debt, and holds, about each address and kind of contact for collection. */
export const listStandingConsents = async (tx: Tx, valueIndexes: readonly Buffer[]) =>
  valueIndexes.length === 0 ? [] : await tx.selectDistinctOn([consents.valueIndex, consents.channel], { valueIndex: consents.valueIndex, channel: consents.channel, state: consents.state, at: consents.at })
    .from(consents).where(and(eq(consents.tenantId, tx.ctx.tenantId), inArray(consents.valueIndex, [...valueIndexes]), eq(consents.kind, 'contact'), eq(consents.purpose, 'collection'), isNull(consents.accountId), or(isNull(consents.until), gt(consents.until, tx.ctx.now.toISOString()))))
    .orderBy(consents.valueIndex, consents.channel, desc(consents.at), desc(consents.id))

const revealColumns = { id: reveals.id, partyId: reveals.partyId, actorKind: reveals.actorKind, actorId: reveals.actorId, operation: reveals.operation, purpose: reveals.purpose, at: reveals.at }

/** Writes down that somebody read parties' data in the clear: one row for each. */
export function insertReveals (tx: Tx, partyIds: readonly Id<'party'>[], { operation, purpose }: { operation: string, purpose: typeof revealPurposes[number] }): void {
  if (partyIds.length === 0) return
  const { tenantId, actor, now } = tx.ctx
  write(tx, sql`insert into reveals (tenant_id, id, party_id, actor_kind, actor_id, operation, purpose, at)
    select ${uuidOf(tenantId)}::uuid, id, party_id, ${actor.kind}, ${actor.id}::text, ${operation}, ${purpose}, ${now.toISOString()}::timestamptz
    from unnest(${uuids(partyIds.map(() => newId('reveal')))}, ${uuids(partyIds)}) as r (id, party_id)`)
}

/** Who read a party's data in the clear, the latest first. */
export async function listReveals (tx: Tx, partyId: Id<'party'>, page: Page) {
  const rows = await tx.select(revealColumns).from(reveals)
    .where(and(eq(reveals.tenantId, tx.ctx.tenantId), eq(reveals.partyId, partyId), pageAfter(reveals.id, page, 'descending')))
    .orderBy(desc(reveals.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}
