import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { emit } from '#platform'
import type { Tx, Vault } from '#platform'
import { findLaw } from '../policy/index.ts'
import { askAbout, requestFor } from './asking.commands.ts'
import type { Circumstances } from './asking.core.ts'
import { checkAttempt } from './core.ts'
import type { AttemptChannel, AttemptOutcome, ContactResult, Direction } from './core.ts'
import { findContacted, insertAttempt, lockAttempt, lockPersons, setMade } from './db.ts'
import type { AttemptRow, Contacted } from './db.ts'
import { ContactAttemptBreached, ContactAttemptLogged, RightPartyReached } from './events.ts'
import { tellPressure } from './pressure.commands.ts'
import { keptUntil } from './recordings.core.ts'
import { PermitExpired, PermitMismatch, PermitUsed, attemptOf, readPermit } from './permits.core.ts'

/** A contact that happened. Without `at` it happened just now; without `contactPointId` nobody knows where; without `permit` nobody allowed it. */
export interface ContactLog extends Circumstances {
  accountId: Id<'account'>, partyId: Id<'party'>, contactPointId?: Id<'contactPoint'>, channel: AttemptChannel, direction: Direction, outcome: AttemptOutcome, at?: string,
  permit?: string, result?: ContactResult, durationSeconds?: number, recordingReference?: string
}

/**
 * Records a contact that happened, whatever policy thinks of it. One that was permitted uses its permit up; any other that the agency began is put before policy as it
 * was then, what policy said is kept with it, and it is told as a breach. Throws `NotFound`, `OutcomeRefused`, `ResultRefused`, `ContactInFuture`, `PermitRefused`, `PermitUsed`, `PermitMismatch` and `PermitExpired`.
 */
export async function logContactAttempt (tx: Tx, vault: Vault, log: ContactLog): Promise<AttemptRow> {
  const { accountId, partyId, contactPointId = null, channel, outcome, result } = log
  const at = log.at === undefined ? tx.ctx.now : new Date(log.at)
  checkAttempt({ channel, outcome, result, at }, tx.ctx.now)
  const contacted = await findContacted(tx, accountId, partyId, contactPointId, channel)
  await lockPersons(tx, [contacted])
  const kept = { recordingKeptUntil: log.recordingReference === undefined ? null : await recordingKeptUntil(tx, { ...contacted, partyId }, channel, at) }
  const attempt = log.permit === undefined ? await record(tx, log, contacted, at, kept) : await consume(tx, vault, { ...log, permit: log.permit }, contacted, at, kept)
  const { lenderId } = contacted
  tellLogged(tx, { ...attempt, lenderId })
  if (attempt.direction === 'out' && (attempt.permittedUntil === null || !attempt.wasLawful)) {
    emit(tx, ContactAttemptBreached, { accountId, lenderId }, { contactAttemptId: attempt.id, accountId, partyId, channel, at: attempt.at, wasPermitted: attempt.permittedUntil !== null, wasLawful: attempt.wasLawful, decisionId: attempt.decisionId })
  }
  if (reachedRightParty(attempt)) emit(tx, RightPartyReached, { accountId, lenderId }, { contactAttemptId: attempt.id, accountId, partyId, channel, at: attempt.at })
  return attempt
}

const reachedRightParty = ({ outcome, result }: AttemptRow): boolean =>
  (outcome === 'conversation' || outcome === 'replied' || outcome === 'visited') && result !== 'wrongPerson' && result !== 'messageLeft'

/** What is kept of a contact beside whom it was with. */
const detailsOf = ({ outcome, result, durationSeconds, recordingReference }: ContactLog): Pick<AttemptRow, 'outcome' | 'result' | 'durationSeconds' | 'recordingReference'> =>
  ({ outcome, result: result ?? null, durationSeconds: durationSeconds ?? null, recordingReference: recordingReference ?? null })

/** How long the law in force on the day wants the recording of a contact kept. */
async function recordingKeptUntil (tx: Tx, of: Contacted & { partyId: Id<'party'> }, channel: AttemptChannel, at: Date): Promise<string | null> {
  const { packs } = requestFor(await findLaw(tx), { ...of, history: [] }, { channel, at: at.toISOString(), collector: tx.ctx.tenantId, disclosures: [] })
  return keptUntil(packs, dayIn(of.timeZone, at))
}

type Kept = Pick<AttemptRow, 'recordingKeptUntil'>

async function record (tx: Tx, log: ContactLog, contacted: Contacted, at: Date, kept: Kept): Promise<AttemptRow> {
  const { accountId, partyId, contactPointId = null, channel, direction } = log
  const asked = direction === 'in' ? null : await askAbout(tx, contacted, partyId, channel, at, log)
  const { lenderId, personKey, valueIndex, isHeld } = contacted
  if (asked !== null) await tellPressure(tx, [{ ...contacted, partyId, channel, outcome: log.outcome, request: asked.request }])
  return await insertAttempt(tx, {
    accountId, partyId, contactPointId, lenderId, personKey, valueIndex, channel, direction, ...detailsOf(log), ...kept, at: at.toISOString(),
    wasLawful: asked === null || (asked.decision.verdict.verdict === 'allowed' && !isHeld), decisionId: asked?.decision.id ?? null,
  })
}

/** Uses a permit up: its place becomes the contact. One whose place was given back meanwhile counts again, and is judged anew. */
async function consume (tx: Tx, vault: Vault, log: ContactLog & { permit: string }, contacted: Contacted, at: Date, kept: Kept): Promise<AttemptRow> {
  const safe = await vault.safeOf(tx)
  const { id, until } = readPermit(log.permit, text => safe.index('permit', text))
  const permitted = await lockAttempt(tx, attemptOf(id))
  const differs = (['accountId', 'partyId', 'channel', 'direction'] as const).find(name => permitted[name] !== log[name])
    ?? (permitted.contactPointId === (log.contactPointId ?? null) ? undefined : 'contactPointId')
  if (differs !== undefined) throw PermitMismatch({ field: differs }, { violations: [{ pointer: `/${differs}`, message: 'is not what the permit allows' }] })
  if (permitted.outcome !== 'pending' && permitted.outcome !== 'unused') throw PermitUsed()
  if (at < new Date(permitted.createdAt) || at.getTime() > until) {
    throw PermitExpired({ from: permitted.createdAt, until: new Date(until).toISOString() }, { violations: [{ pointer: '/at', message: 'is not while the permit held' }] })
  }
  const anew = permitted.outcome === 'unused' ? await askAbout(tx, contacted, log.partyId, log.channel, at, log) : null
  return await setMade(tx, permitted.id, {
    ...detailsOf(log), ...kept, at: at.toISOString(), ...anew !== null && { wasLawful: anew.decision.verdict.verdict === 'allowed' && !contacted.isHeld, decisionId: anew.decision.id },
  })
}

/** Says that a contact was recorded. */
export function tellLogged (tx: Tx, { id, accountId, partyId, messageId, channel, direction, outcome, result, at, wasLawful, lenderId }: AttemptRow & { lenderId: Id<'lender'> }): void {
  // What is pending has not happened yet and is not told.
  if (outcome !== 'pending' && outcome !== 'unused') emit(tx, ContactAttemptLogged, { accountId, lenderId }, { contactAttemptId: id, accountId, partyId, messageId, channel, direction, outcome, result, at, wasLawful })
}
