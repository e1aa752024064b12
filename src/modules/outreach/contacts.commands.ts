import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { decideContacts, selectPacks } from '../policy/index.ts'
import type { ContactRequest } from '../policy/index.ts'
import { actionOf, factsOf, historyDays } from './asking.core.ts'
import type { ContactCase, Saying } from './asking.core.ts'
import { checkAttempt } from './core.ts'
import type { AttemptChannel, AttemptOutcome, Direction } from './core.ts'
import { findContacted, insertAttempt, listContactHistory } from './contacts.db.ts'
import type { AttemptRow } from './contacts.db.ts'
import { ContactAttemptLogged } from './events.ts'

/** The instant from which contacts before `at` are looked at. */
export const historySince = (at: Date): Date => new Date(at.getTime() - historyDays * 86_400_000)

/** A contact's case with what the law is chosen by. */
export interface PlacedCase extends ContactCase { partyId: Id<'party'>, product: string, jurisdiction: string, region: string | null }

/** What is asked of policy about a contact. */
export function requestFor (of: PlacedCase, saying: Saying): ContactRequest {
  const { accountId, partyId, product, jurisdiction, region, timeZone, borrowerKind } = of
  const packs = selectPacks({
    jurisdiction, region, product, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', collectorRole: 'agency', on: dayIn(timeZone, new Date(saying.at)),
  })
  return { accountId, partyId, packs, facts: factsOf(of, saying.collector), action: actionOf(of, saying) }
}

/** A contact that happened. Without `at` it happened just now; without `contactPointId` nobody knows where. */
export interface ContactLog {
  accountId: Id<'account'>, partyId: Id<'party'>, contactPointId?: Id<'contactPoint'>, channel: AttemptChannel, direction: Direction, outcome: AttemptOutcome, at?: string
}

/** Said by script in every contact of ours: what is judged of one that happened is when, how often and with whom it was. */
const byScript = { disclosures: ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'], optOutMethod: 'replyStop', collectors: 2 }

/**
 * Records a contact that happened, whatever policy thinks of it: one begun by the agency is put before policy as it was then, and what policy
 * said is kept with it. Throws `NotFound`, `OutcomeRefused` and `ContactInFuture`.
 */
export async function logContactAttempt (tx: Tx, log: ContactLog): Promise<AttemptRow> {
  const { accountId, partyId, contactPointId = null, channel, direction, outcome } = log
  const at = log.at === undefined ? tx.ctx.now : new Date(log.at)
  checkAttempt(channel, outcome, at, tx.ctx.now)
  const contacted = await findContacted(tx, accountId, partyId, contactPointId, channel)
  const verdict = direction === 'in' ? null : await decideOn(tx, { ...contacted, partyId }, channel, at)
  const attempt = await insertAttempt(tx, {
    accountId, partyId, contactPointId, lenderId: contacted.lenderId, personKey: contacted.personKey, valueIndex: contacted.valueIndex, channel, direction, outcome,
    at: at.toISOString(), wasLawful: verdict === null || (verdict.isAllowed && !contacted.isHeld), decisionId: verdict?.decisionId ?? null,
  })
  tellLogged(tx, { ...attempt, lenderId: contacted.lenderId })
  return attempt
}

async function decideOn (tx: Tx, of: Omit<PlacedCase, 'history'> & { valueIndex: Buffer | null }, channel: AttemptChannel, at: Date) {
  const history = await listContactHistory(tx, { personKeys: [of.personKey], valueIndexes: of.valueIndex === null ? [] : [of.valueIndex] }, historySince(at))
  const before = history.filter(past => new Date(past.at) <= at)
  const [decision] = await decideContacts(tx, [requestFor({ ...of, history: before }, { channel, at: at.toISOString(), collector: tx.ctx.tenantId, ...byScript })])
  return { decisionId: decision!.id, isAllowed: decision!.verdict.verdict === 'allowed' }
}

/** Says that a contact was recorded. */
export function tellLogged (tx: Tx, { id, accountId, partyId, messageId, channel, direction, outcome, at, wasLawful, lenderId }: AttemptRow & { lenderId: Id<'lender'> }): void {
  // What is pending has not happened yet and is not told.
  if (outcome !== 'pending') emit(tx, ContactAttemptLogged, { accountId, lenderId }, { contactAttemptId: id, accountId, partyId, messageId, channel, direction, outcome, at, wasLawful })
}
