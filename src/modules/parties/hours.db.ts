import { and, desc, eq } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import type { Id, WeeklyWindow } from '#kernel'
import { NotFound, newId } from '#platform'
import type { Tx } from '#platform'
import type { consentSources } from './core.ts'
import { contactHours, parties } from './tables.ts'

/** How a person is named across lenders' records: by the hash of their identity number, or else as this party alone. Throws `NotFound`. */
export async function findPersonKey (tx: Tx, partyId: Id<'party'>): Promise<string> {
  const [party] = await tx.select({ identityIndex: parties.identityIndex }).from(parties).where(and(eq(parties.tenantId, tx.ctx.tenantId), eq(parties.id, partyId)))
  if (party === undefined) throw NotFound()
  return party.identityIndex === null ? `party:${uuidOf(partyId)}` : `identity:${party.identityIndex.toString('hex')}`
}

/** When a person said they may be contacted, and when not. */
export interface HoursSaid { requested: WeeklyWindow[], inconvenient: WeeklyWindow[], source: typeof consentSources[number], at: string }

const columns = { requested: contactHours.requested, inconvenient: contactHours.inconvenient, source: contactHours.source, at: contactHours.at }

/** What a person last said of their hours, or null. */
export async function findHours (tx: Tx, personKey: string): Promise<HoursSaid | null> {
  const [row] = await tx.select(columns).from(contactHours).where(and(eq(contactHours.tenantId, tx.ctx.tenantId), eq(contactHours.personKey, personKey))).orderBy(desc(contactHours.id)).limit(1)
  return row ?? null
}

/** Keeps what a person said of their hours, all of it. */
export async function insertHours (tx: Tx, hours: Omit<HoursSaid, 'at'> & { personKey: string }): Promise<HoursSaid & { id: Id<'contactHours'> }> {
  const [row] = await tx.insert(contactHours).values({ tenantId: tx.ctx.tenantId, id: newId('contactHours'), at: tx.ctx.now.toISOString(), ...hours }).returning({ id: contactHours.id, ...columns })
  return row!
}
