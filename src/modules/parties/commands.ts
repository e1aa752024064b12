import type { Id, PageOf } from '#kernel'
import { NotFound, emit, mask, newId } from '#platform'
import type { Place, Safe, Tx, Vault } from '#platform'
import type { ConsentInput, PartySearch } from './api.ts'
import { ContactPointExists, ContactPointUnchanged, checkAddress, checkConsent, checkContactPoint, checkTerms, normalContact, normalIdentity, zonesOf } from './core.ts'
import type { ConsentChannel, ContactChannel, ContactPointInput, PartyInput, erasureReasons, invalidReasons, revealPurposes } from './core.ts'
import {
  findContactPoint, findParty, insertConsent, insertParties, insertReveals, isAccount, listContactPoints, listPartiesByHash, listStandingConsents, lockContactPoint, lockParty,
  setContactPointState, setPartiesErased, setPartyErased,
} from './db.ts'
import type { ContactPointRow, NewConsent, NewContactPoint, NewParty, PartyRow } from './db.ts'
import { ConsentGranted, ConsentWithdrawn, ContactPointAdded, ContactPointInvalidated, ContactPointVerified, PartyErased } from './events.ts'

const partyPlace = (id: Id<'party'>, column: 'name' | 'identity'): Place => ({ table: 'parties', column, id })
const pointPlace = (id: Id<'contactPoint'>): Place => ({ table: 'contact_points', column: 'value', id })

/** Adds parties of one lender, sealed, with their contact points; answers their ids in the order given. The caller has checked them with `checkPartyInput`. */
export async function addParties (tx: Tx, vault: Vault, lenderId: Id<'lender'>, inputs: readonly PartyInput[]): Promise<Id<'party'>[]> {
  const safe = await vault.safeOf(tx)
  const parties = inputs.map(input => sealParty(safe, input))
  const points = inputs.flatMap(({ contactPoints = [] }, i) => contactPoints.map(point => sealContactPoint(safe, parties[i]!.id, point)))
  insertParties(tx, lenderId, parties, points)
  return parties.map(({ id }) => id)
}

function sealParty (safe: Safe, { kind, name, identity, language }: PartyInput): NewParty {
  const id = newId('party')
  return {
    id, kind, name: safe.seal(partyPlace(id, 'name'), name), language: language ?? null,
    identity: identity === undefined ? null : safe.seal(partyPlace(id, 'identity'), identity),
    identityIndex: identity === undefined ? null : safe.index('identity', normalIdentity(identity)),
  }
}

function sealContactPoint (safe: Safe, partyId: Id<'party'>, input: ContactPointInput): NewContactPoint {
  const { channel, value, isWorkplace = false } = input
  const id = newId('contactPoint')
  return {
    id, partyId, channel, isWorkplace, value: safe.seal(pointPlace(id), value), valueIndex: addressHash(safe, channel, value), timeZones: [...zonesOf(input)],
  }
}

/** The hash an address is found by, the same in every lender's records of it. */
export const addressHash = (safe: Safe, channel: ContactChannel, value: string): Buffer => safe.index(channel, normalContact(channel, value))

/** A contact point's value in the clear, for reaching the party there; null once erased. */
export const revealContact = (safe: Safe, { id, value }: Pick<ContactPointRow, 'id' | 'value'>): string | null => value === null ? null : safe.open(pointPlace(id), value)

/** A party's name in the clear, for writing to it; null once erased. */
export const revealName = (safe: Safe, { id, name }: Pick<PartyRow, 'id' | 'name'>): string | null => name === null ? null : safe.open(partyPlace(id, 'name'), name)

const open = (safe: Safe, { id }: PartyRow, column: 'name' | 'identity', sealed: Buffer | null): string | null => sealed === null ? null : safe.open(partyPlace(id, column), sealed)

const unmasked = (text: string): string => text
const maskOf: Record<ContactChannel, (value: string) => string> = { phone: mask.phone, email: mask.email, postal: mask.address }

/** A contact point as the API shows it: the value masked, or in the clear. */
export function showContactPoint (safe: Safe, row: ContactPointRow, isClear = false) {
  const { valueIndex: _, ...point } = row
  const value = revealContact(safe, row)
  return { ...point, value: value === null || isClear ? value : maskOf[row.channel](value) }
}

/** A party as the API shows it: everything personal masked, or in the clear. */
export function showParty (safe: Safe, row: PartyRow, points: readonly ContactPointRow[], isClear = false) {
  const name = open(safe, row, 'name', row.name)
  const identity = open(safe, row, 'identity', row.identity)
  const [showName, showIdentity] = isClear ? [unmasked, unmasked] : [mask.name, mask.identity]
  return {
    ...row, name: name === null ? null : showName(name), identity: identity === null ? null : showIdentity(identity),
    contactPoints: points.map(point => showContactPoint(safe, point, isClear)),
  }
}

/** A party, masked. Throws `NotFound`. */
export async function getParty (tx: Tx, vault: Vault, id: Id<'party'>) {
  const party = await findParty(tx, id)
  if (party === null) throw NotFound()
  return showParty(await vault.safeOf(tx), party, await listContactPoints(tx, [id]))
}

/** A party in the clear. That it was read, by whom and what for, is written down in the same transaction. Throws `NotFound`, `PartyWasErased`. */
export async function revealParty (tx: Tx, vault: Vault, id: Id<'party'>, purpose: RevealPurpose) {
  // The lock keeps an erasure from committing between the reading and the record of it.
  const party = await lockParty(tx, id)
  const points = await listContactPoints(tx, [id])
  recordReveals(tx, [id], { operation: 'revealParty', purpose })
  return showParty(await vault.safeOf(tx), party, points, true)
}

export type RevealPurpose = typeof revealPurposes[number]

/** Writes down that parties' data is read in the clear by an operation, also one of another module, in the transaction of the reading. */
export const recordReveals = (tx: Tx, partyIds: readonly Id<'party'>[], by: { operation: string, purpose: RevealPurpose }): void => { insertReveals(tx, partyIds, by) }

/** Parties found by what is known of a person, by id; a lender's key finds its own. Nothing personal is answered. */
export async function searchParties (tx: Tx, vault: Vault, search: PartySearch, page: { limit: number, after: string | null }): Promise<PageOf<{ partyId: Id<'party'>, lenderId: Id<'lender'> }>> {
  const safe = await vault.safeOf(tx)
  if ('identity' in search) return await listPartiesByHash(tx, { identityIndex: safe.index('identity', normalIdentity(search.identity)) }, page)
  const valueIndex = 'phone' in search ? addressHash(safe, 'phone', search.phone) : addressHash(safe, 'email', search.email)
  return await listPartiesByHash(tx, { valueIndex }, page)
}

/** Adds a way to reach a party. Throws `NotFound`, `PartyWasErased`, `ContactPointRefused`, `ContactPointExists`. */
export async function addContactPoint (tx: Tx, vault: Vault, partyId: Id<'party'>, input: ContactPointInput) {
  checkContactPoint(input)
  const { lenderId } = await lockParty(tx, partyId)
  const safe = await vault.safeOf(tx)
  const point = sealContactPoint(safe, partyId, input)
  const known = await listContactPoints(tx, [partyId])
  const twin = known.find(({ valueIndex }) => valueIndex.equals(point.valueIndex))
  if (twin !== undefined) throw ContactPointExists({ contactPointId: twin.id })
  insertParties(tx, lenderId, [], [point])
  emit(tx, ContactPointAdded, { lenderId }, { contactPointId: point.id, partyId, channel: point.channel })
  return showContactPoint(safe, { ...point, lenderId, state: 'unverified', createdAt: tx.ctx.now.toISOString() })
}

/** Notes that a contact point is right. Throws `NotFound`, `PartyWasErased`, `ContactPointUnchanged`. */
export async function verifyContactPoint (tx: Tx, vault: Vault, id: Id<'contactPoint'>) {
  const point = await lockContactPoint(tx, id)
  if (point.state === 'verified') throw ContactPointUnchanged({ state: point.state })
  await setContactPointState(tx, id, 'verified')
  emit(tx, ContactPointVerified, { lenderId: point.lenderId }, { contactPointId: id, partyId: point.partyId, channel: point.channel })
  return showContactPoint(await vault.safeOf(tx), { ...point, state: 'verified' })
}

/** Notes that a contact point is of no use: nothing more is sent there. Throws `NotFound`, `PartyWasErased`, `ContactPointUnchanged`. */
export async function invalidateContactPoint (tx: Tx, id: Id<'contactPoint'>, reason: typeof invalidReasons[number]): Promise<ContactPointRow> {
  const point = await lockContactPoint(tx, id)
  if (point.state === 'invalid') throw ContactPointUnchanged({ state: point.state })
  await setContactPointState(tx, id, 'invalid')
  emit(tx, ContactPointInvalidated, { lenderId: point.lenderId }, { contactPointId: id, partyId: point.partyId, channel: point.channel, reason })
  return { ...point, state: 'invalid' }
}

/**
 * What a person said of a kind of contact at an address of theirs, given by its hash: unless it says otherwise, of being contacted to collect, about every debt, for good.
 * `contactPoint` is the record it was said of, if any.
 */
export interface Saying extends Pick<NewConsent, 'valueIndex' | 'channel' | 'state' | 'source'>, Partial<Pick<NewConsent, 'kind' | 'purpose' | 'accountId' | 'until'>> {
  contactPoint?: { id: Id<'contactPoint'>, lenderId: Id<'lender'> }
}

/** Keeps what a person said of being contacted. It holds for the address, whichever debt it came up with. Throws `ConsentRefused`. */
export async function recordConsent (tx: Tx, { contactPoint, ...saying }: Saying) {
  const said: NewConsent = { kind: 'contact', purpose: 'collection', accountId: null, until: null, ...saying }
  checkTerms(said, tx.ctx.now)
  const consent = await insertConsent(tx, said)
  const concerns = contactPoint === undefined ? {} : { lenderId: contactPoint.lenderId }
  emit(tx, saying.state === 'granted' ? ConsentGranted : ConsentWithdrawn, concerns, { consentId: consent.id, contactPointId: contactPoint?.id ?? null, channel: consent.channel, kind: consent.kind, purpose: consent.purpose, accountId: consent.accountId })
  return consent
}

/** Keeps what a person said, of a contact point or of an address we may have no record of. Throws `NotFound`, `ContactPointRefused`, `ConsentRefused`. */
export async function createConsent (tx: Tx, vault: Vault, input: ConsentInput) {
  const { channel, state, source, kind = 'contact', purpose = 'collection', accountId = null } = input
  if (accountId !== null && !await isAccount(tx, accountId)) throw NotFound()
  const said = { channel, state, source, kind, purpose, accountId, until: input.until === undefined ? null : new Date(input.until).toISOString() }
  if ('contactPointId' in input) {
    const point = await findContactPoint(tx, input.contactPointId)
    if (point === null) throw NotFound()
    checkConsent(point.channel, channel)
    return await recordConsent(tx, { ...said, valueIndex: point.valueIndex, contactPoint: point })
  }
  const { address } = input
  checkAddress(address.channel, address.value, '/address/value')
  checkConsent(address.channel, channel)
  return await recordConsent(tx, { ...said, valueIndex: addressHash(await vault.safeOf(tx), address.channel, address.value) })
}

/** A kind of contact that was refused at an address. */
export interface OptOut { valueIndex: Buffer, channel: ConsentChannel, at: string }

/** The kinds of contact refused, and not agreed to since, at addresses. For the agency: a lender's key sees none. */
export async function listOptOuts (tx: Tx, valueIndexes: readonly Buffer[]): Promise<OptOut[]> {
  const standing = await listStandingConsents(tx, valueIndexes)
  return standing.filter(({ state }) => state === 'withdrawn').map(({ valueIndex, channel, at }) => ({ valueIndex, channel, at }))
}

/** The ways to reach parties, by id, sealed; those of erased parties are left out. `revealContact` opens one. */
export const contactPointsOf = async (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<ContactPointRow[]> =>
  (await listContactPoints(tx, partyIds)).filter(({ value }) => value !== null)

/** Destroys the personal data of a party for good. Ids, money and refusals of contact remain. Throws `NotFound`, `PartyWasErased`. */
export async function eraseParty (tx: Tx, vault: Vault, id: Id<'party'>, reason: typeof erasureReasons[number]) {
  const { lenderId } = await lockParty(tx, id)
  await setPartyErased(tx, id, tx.ctx.now.toISOString())
  emit(tx, PartyErased, { lenderId }, { partyId: id, reason })
  return await getParty(tx, vault, id)
}

/** Destroys the personal data of parties for good, any number at once; answers those that still had it. Ids, money and refusals of contact remain. Safe to repeat. */
export async function eraseParties (tx: Tx, ids: readonly Id<'party'>[], reason: typeof erasureReasons[number]): Promise<Id<'party'>[]> {
  const erased = await setPartiesErased(tx, ids, tx.ctx.now.toISOString())
  for (const { id, lenderId } of erased) emit(tx, PartyErased, { lenderId }, { partyId: id, reason })
  return erased.map(({ id }) => id)
}
