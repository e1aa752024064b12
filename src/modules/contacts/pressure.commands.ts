import { emit } from '#platform'
import type { Id } from '#kernel'
import type { Tx } from '#platform'
import { countsAt, decide, findLaw } from '../policy/index.ts'
import type { Attempt, ContactRequest, RuleCount } from '../policy/index.ts'
import { byScript, historySince, requestFor } from './asking.commands.ts'
import type { AttemptChannel } from './core.ts'
import { findContacted, listContactHistory } from './db.ts'
import type { Contacted, PermittedContact } from './db.ts'
import { ContactPressureHigh } from './events.ts'
import { ownReasons } from './permits.core.ts'
import { firstOf, lastPlacesOf, packsDecidedBy, pressureOf } from './pressure.core.ts'
import type { Pressure } from './pressure.core.ts'
import { insertAlerts, listContactDecisions, listReachable } from './pressure.db.ts'
import type { Reachable } from './pressure.db.ts'

/** A channel to a party at one of its contact points: whether a contact may be made now, and what was counted by each rule that counts. */
export interface OpenChannel { channel: AttemptChannel, contactPointId: Id<'contactPoint'>, verdict: 'allowed' | 'wait' | 'denied', earliestAllowedAt: string | null, counts: RuleCount[] }

/** The contacts that a party of a debt has had of the agency, and what is open to it now. */
export interface PartyPressure { partyId: Id<'party'>, role: Contacted['role'], timeZone: string, contacts: Pressure[], channels: OpenChannel[] }

/**
 * The contacts that each party of a debt has had, whichever lender's debt they were about, and what is open now by each channel. Nothing is held and no
 * decision is kept. Throws `NotFound`.
 */
export async function readPressure (tx: Tx, accountId: Id<'account'>): Promise<PartyPressure[]> {
  const { now, tenantId } = tx.ctx
  const law = await findLaw(tx)
  const ways: (Contacted & Reachable)[] = []
  for (const way of await listReachable(tx, accountId)) ways.push({ ...await findContacted(tx, accountId, way.partyId, way.contactPointId, way.channel ?? 'call'), ...way })
  const all = await listContactHistory(tx, { personKeys: ways.map(({ personKey }) => personKey), valueIndexes: ways.flatMap(({ valueIndex }) => valueIndex ?? []) }, historySince(now))
  const parties = new Map<Id<'party'>, PartyPressure>()
  for (const way of ways) {
    const { partyId, contactPointId, channel, personKey, numberKey, role, timeZone } = way
    const party = parties.get(partyId) ?? { partyId, role, timeZone, contacts: pressureOf(all, personKey, timeZone, now), channels: [] }
    parties.set(partyId, party)
    if (channel === null || contactPointId === null) continue
    const history = all.filter(past => past.personKey === personKey || (numberKey !== null && past.numberKey === numberKey))
    const { packs, facts, action } = requestFor(law, { ...way, history }, { channel, at: now.toISOString(), collector: tenantId, ...byScript })
    const { verdict, earliestAllowedAt } = decide(packs, facts, action)
    const isDenied = ownReasons(way).length > 0
    party.channels.push({ channel, contactPointId, verdict: isDenied ? 'denied' : verdict, earliestAllowedAt: isDenied ? null : earliestAllowedAt, counts: countsAt(packs, facts, action) })
  }
  return [...parties.values()]
}

/** A contact that now counts: what was asked about it, and what it is counted as. */
export interface CountedContact extends Pick<Contacted, 'accountId' | 'lenderId' | 'personKey'> { partyId: Id<'party'>, channel: AttemptChannel, outcome: Attempt['outcome'], request: Pick<ContactRequest, 'packs' | 'facts' | 'action'> }

/** Tells of every rule that contacts leave one place under: once for each person, rule and window. What is made of one person counts for the next, in the order given. */
export async function tellPressure (tx: Tx, contacts: readonly CountedContact[]): Promise<void> {
  const made = new Map<string, Attempt[]>()
  const near = contacts.flatMap(contact => {
    const { personKey, request } = contact
    const before = made.get(personKey) ?? []
    const own = attemptOf(contact)
    made.set(personKey, [...before, own])
    return lastPlacesOf(request, before, own).map(count => ({ contact, count }))
  })
  const alerts = firstOf(near.map(({ contact: { personKey, ...contact }, count }) => ({ personKey, contact, count })))
  for (const { contact: { accountId, lenderId, partyId, channel }, count: { rule, pack, clause, count, limit, windowFrom, windowTo } } of await insertAlerts(tx, alerts)) {
    emit(tx, ContactPressureHigh, { accountId, lenderId }, { accountId, partyId, channel, rule, pack, clause, count, limit, windowFrom, windowTo })
  }
}

const attemptOf = ({ channel, outcome, request: { action: { at, person, number, debts, collector } } }: CountedContact): Attempt =>
  ({ at, channel, direction: 'out', outcome, person, debts, collector, ...number !== undefined && { number } })

/** Messages that count from now on, of which the decision was kept. */
export type CountedMessage = Pick<PermittedContact, 'accountId' | 'lenderId' | 'personKey' | 'partyId' | 'channel' | 'decisionId'>

/** Tells of every rule that messages leave one place under, by the packs and facts of the decisions that allowed them. */
export async function tellPressureOf (tx: Tx, messages: readonly CountedMessage[]): Promise<void> {
  if (messages.length === 0) return
  const decisions = await listContactDecisions(tx, messages.map(({ decisionId }) => decisionId))
  const own = (await findLaw(tx)).own.map(({ pack }) => pack)
  await tellPressure(tx, messages.flatMap(message => {
    const decision = decisions.get(message.decisionId)
    return decision === undefined ? [] : [{ ...message, outcome: 'pending' as const, request: { packs: packsDecidedBy(decision, own), facts: decision.facts, action: decision.action } }]
  }))
}
