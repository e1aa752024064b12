import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import type { Tx } from '#platform'
import { decideContacts, findLaw, nextLawfulMoment, openWindow, packsIn } from '../policy/index.ts'
import type { ContactRequest, Decision, HoursFacts, Law, Pack } from '../policy/index.ts'
import { actionOf, factsOf, historyDays } from './asking.core.ts'
import type { Circumstances, ContactCase, Saying } from './asking.core.ts'
import type { AttemptChannel } from './core.ts'
import { listContactHistory } from './db.ts'
import type { Contacted } from './db.ts'

/** The instant from which contacts before `at` are looked at. */
export const historySince = (at: Date): Date => new Date(at.getTime() - historyDays * 86_400_000)

/** A contact's case with what the law is chosen by: the products of all the debts it is about. */
export interface PlacedCase extends ContactCase { partyId: Id<'party'>, lenderId: Id<'lender'>, product: string, otherProducts?: readonly string[] }

/** What is asked of policy about a contact, by the law as it holds in the agency. */
export function requestFor (law: Law, of: PlacedCase, saying: Saying): ContactRequest {
  const { accountId, partyId, lenderId, product, otherProducts = [], jurisdiction, region, timeZone, borrowerKind } = of
  const packsFor = (product: string): readonly Pack[] => packsIn(law, {
    jurisdiction, region, product, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', collectorRole: 'agency', on: dayIn(timeZone, new Date(saying.at)),
  }, lenderId)
  // A message about debts from several products is held to the law of each.
  const packs = otherProducts.length === 0 ? packsFor(product) : [...new Map([product, ...otherProducts].flatMap(packsFor).map(pack => [`${pack.id} ${pack.version}`, pack])).values()]
  return { accountId, partyId, packs, facts: factsOf(of, saying), action: actionOf(of, saying) }
}

/**
 * Said by script in every contact of a collector's: what is judged of it is when, where, how often and with whom it is. How many go on a visit no script says: where nobody did,
 * one goes.
 */
export const byScript = { disclosures: ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'], optOutMethod: 'replyStop' }

/** Puts a contact of a collector's before policy, with what happened before it, and keeps the decision. */
export async function askAbout (tx: Tx, of: Contacted, partyId: Id<'party'>, channel: AttemptChannel, at: Date, circumstances: Circumstances = {}): Promise<{ request: ContactRequest, decision: Decision }> {
  const history = await listContactHistory(tx, { personKeys: [of.personKey], valueIndexes: of.valueIndex === null ? [] : [of.valueIndex] }, historySince(at))
  const request = requestFor(await findLaw(tx), { ...of, partyId, history: history.filter(past => new Date(past.at) <= at) }, { channel, at: at.toISOString(), collector: tx.ctx.tenantId, ...byScript, place: circumstances.place, collectors: circumstances.collectors, entersPremises: circumstances.entersPremises })
  const [decision] = await decideContacts(tx, [request])
  return { request, decision: decision! }
}

/** When the lawful hours that run now end, and when the next begin; null: they do not end. */
export function hoursFor ({ packs, facts, action }: ContactRequest, channel: AttemptChannel, now: Date): { closesAt: string | null, opensAt: string | null } {
  const zones = facts.timeZones ?? []
  const known: HoursFacts = { ...facts, ...action.place !== undefined && { place: action.place } }
  const closesAt = openWindow(packs, zones, channel, now, known)?.closesAt ?? null
  return { closesAt, opensAt: closesAt === null ? null : nextLawfulMoment(packs, zones, channel, new Date(closesAt), known) }
}
