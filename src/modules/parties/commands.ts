import type { Id } from '#kernel'
import { newId } from '#platform'
import type { Safe, Tx, Vault } from '#platform'
import { normalContact, normalIdentity } from './core.ts'
import type { PartyInput } from './core.ts'
import { insertParties } from './db.ts'
import type { NewContactPoint, NewParty } from './db.ts'

/** Adds parties of one lender, sealed, with their contact points; answers their ids in the order given. */
export async function addParties (tx: Tx, vault: Vault, lenderId: Id<'lender'>, inputs: readonly PartyInput[]): Promise<Id<'party'>[]> {
  const safe = await vault.safeOf(tx)
  const parties = inputs.map(input => sealParty(safe, input))
  const points = inputs.flatMap((input, i) => sealContactPoints(safe, parties[i]!.id, input))
  await insertParties(tx, lenderId, parties, points)
  return parties.map(({ id }) => id)
}

function sealParty (safe: Safe, { kind, name, identity, language }: PartyInput): NewParty {
  const id = newId('party')
  const place = (column: string) => ({ table: 'parties', column, id })
  return {
    id, kind, name: safe.seal(place('name'), name), language: language ?? null,
    identity: identity === undefined ? null : safe.seal(place('identity'), identity),
    identityIndex: identity === undefined ? null : safe.index('identity', normalIdentity(identity)),
  }
}

const sealContactPoints = (safe: Safe, partyId: Id<'party'>, { contactPoints = [] }: PartyInput): NewContactPoint[] =>
  contactPoints.map(({ channel, value, isWorkplace = false }) => {
    const id = newId('contactPoint')
    return { id, partyId, channel, isWorkplace, value: safe.seal({ table: 'contact_points', column: 'value', id }, value), valueIndex: safe.index(channel, normalContact(channel, value)) }
  })
