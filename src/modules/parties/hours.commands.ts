import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { lockParty } from './db.ts'
import { ContactHoursSet } from './events.ts'
import { findHours, findPersonKey, insertHours } from './hours.db.ts'
import type { HoursSaid } from './hours.db.ts'

/** Keeps when a person said they may be contacted, and when not; what is left out stays as it was said before. It holds for all records of the person. Throws `NotFound`, `PartyWasErased`. */
export async function setContactHours (tx: Tx, partyId: Id<'party'>, { requested, inconvenient, source }: Partial<Pick<HoursSaid, 'requested' | 'inconvenient'>> & Pick<HoursSaid, 'source'>) {
  const { lenderId } = await lockParty(tx, partyId)
  const personKey = await findPersonKey(tx, partyId)
  const before = await findHours(tx, personKey)
  const { id, ...hours } = await insertHours(tx, { personKey, requested: requested ?? before?.requested ?? [], inconvenient: inconvenient ?? before?.inconvenient ?? [], source })
  emit(tx, ContactHoursSet, { lenderId }, { contactHoursId: id, partyId })
  return { partyId, ...hours }
}

/** When a person said they may be contacted, and when not; nothing where they said nothing. Throws `NotFound`. */
export async function getContactHours (tx: Tx, partyId: Id<'party'>) {
  const hours = await findHours(tx, await findPersonKey(tx, partyId))
  return { partyId, ...hours ?? { requested: [], inconvenient: [], source: null, at: null } }
}
