import { dayIn } from '#kernel'
import type { Id, PermitToken } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Safe, Tx, Vault } from '#platform'
import { countsAt } from '../policy/index.ts'
import type { RuleCount, Verdict } from '../policy/index.ts'
import { askAbout, hoursFor } from './asking.commands.ts'
import type { Circumstances } from './asking.core.ts'
import type { AttemptChannel } from './core.ts'
import { findContacted, insertAttempt, insertPending, lockAttempt, lockPersons, returnPlaces, setUnused } from './db.ts'
import type { Contacted, PermittedContact } from './db.ts'
import { PermitDenied } from './events.ts'
import { tellPressure, tellPressureOf } from './pressure.commands.ts'
import { insertDenials } from './report.db.ts'
import { PermitNotOpen, attemptOf, ownReasons, permitOf, permitSeconds, permitToken, reportSeconds, withOwn } from './permits.core.ts'

/** A contact that somebody means to make now. */
export interface PermitRequest extends Circumstances { accountId: Id<'account'>, partyId: Id<'party'>, contactPointId?: Id<'contactPoint'>, channel: AttemptChannel, at?: string }

/** What a permit is and how long its contact has to begin. */
export interface Permit { id: Id<'permit'>, token: string, expiresAt: string }

/** What was asked about a contact came to: the verdict, what was counted for it, and the permit when it may begin now. */
export interface PermitAnswer { decisionId: Id<'policyDecision'>, verdict: Verdict, counts: readonly RuleCount[], permit: Permit | null }

/**
 * Asks whether a contact may be made now; when it may, holds its place and answers a permit that allows it once. Places are held one after the other for each person and
 * number, so that however many ask at once no cap is passed. `at`, an instant to come, is asked about and holds nothing. Throws `NotFound`.
 */
export async function requestPermit (tx: Tx, vault: Vault, { accountId, partyId, contactPointId, channel, at: asked, ...circumstances }: PermitRequest): Promise<PermitAnswer> {
  const at = asked === undefined ? tx.ctx.now : new Date(asked)
  const contacted = await findContacted(tx, accountId, partyId, contactPointId ?? null, channel)
  await lockPersons(tx, [contacted])
  const { request, decision } = await askAbout(tx, contacted, partyId, channel, at, circumstances)
  const own = ownReasons(contacted)
  const verdict = withOwn(decision.verdict, own)
  const counts = countsAt(request.packs, request.facts, request.action)
  const { lenderId } = contacted
  const rules = verdict.reasons.map(({ rule }) => rule)
  if (verdict.verdict !== 'allowed') {
    await insertDenials(tx, dayIn(contacted.timeZone, at), channel, rules)
    emit(tx, PermitDenied, { accountId, lenderId }, { accountId, partyId, channel, verdict: verdict.verdict, decisionId: decision.id, rules, earliestAllowedAt: verdict.earliestAllowedAt })
  }
  const permit = verdict.verdict === 'allowed' && asked === undefined
    ? await hold(tx, vault, { ...contacted, partyId, contactPointId: contactPointId ?? null, channel, decisionId: decision.id, closesAt: hoursFor(request, channel, at).closesAt })
    : null
  if (permit !== null) await tellPressure(tx, [{ ...contacted, partyId, channel, outcome: 'pending', request }])
  return { decisionId: decision.id, verdict, counts, permit }
}

interface Held extends Pick<Contacted, 'accountId' | 'lenderId' | 'personKey' | 'valueIndex'> {
  partyId: Id<'party'>, contactPointId: Id<'contactPoint'> | null, channel: AttemptChannel, decisionId: Id<'policyDecision'>, closesAt: string | null
}

/** Holds a place: the contact counts from now on, as one of which nothing is known yet. */
async function hold (tx: Tx, vault: Vault, { accountId, lenderId, partyId, contactPointId, personKey, valueIndex, channel, decisionId, closesAt }: Held): Promise<Permit> {
  const { now } = tx.ctx
  const until = new Date(Math.min(now.getTime() + permitSeconds * 1_000, closesAt === null ? Infinity : Date.parse(closesAt)))
  const { id, permittedUntil } = await insertAttempt(tx, {
    accountId, lenderId, partyId, contactPointId, personKey, valueIndex, channel, direction: 'out', outcome: 'pending', at: now.toISOString(), wasLawful: true, decisionId,
    permittedUntil: until.toISOString(), dueAt: new Date(until.getTime() + reportSeconds * 1_000).toISOString(),
  })
  const safe = await vault.safeOf(tx)
  const permitId = permitOf(id)
  return { id: permitId, token: permitToken(permitId, until, text => safe.index('permit', text)), expiresAt: permittedUntil! }
}

/**
 * Counts messages that policy allowed as contacts, and answers the permit by which each is handed over: the same contact, however often it is tried.
 * One whose contact was recorded meanwhile gets none, and cannot be sent. That a message leaves one place under a limit is told.
 */
export async function permitMessages (tx: Tx, safe: Safe, permitted: readonly PermittedContact[]): Promise<ReadonlyMap<Id<'message'>, PermitToken>> {
  const until = new Date(tx.ctx.now.getTime() + permitSeconds * 1_000)
  const counted = await insertPending(tx, permitted)
  const countedIds = new Set(counted.map(({ messageId }) => messageId))
  await tellPressureOf(tx, permitted.filter(({ messageId }) => countedIds.has(messageId)))
  return new Map(counted.map(({ id, messageId }) => [messageId, permitToken(permitOf(id), until, text => safe.index('permit', text))]))
}

/** Gives the place of an unused permit back at once. Throws `NotFound` and `PermitNotOpen`. */
export async function releasePermit (tx: Tx, id: Id<'permit'>): Promise<{ id: Id<'permit'> }> {
  const attempt = await lockAttempt(tx, attemptOf(id))
  // A message has its permit from its own sender.
  if (attempt.permittedUntil === null || attempt.messageId !== null) throw NotFound()
  if (attempt.outcome !== 'pending') throw PermitNotOpen({ outcome: attempt.outcome })
  await setUnused(tx, attempt.id)
  return { id }
}

/** Gives back the places of permits that nobody used in time, a batch at a time; answers whether more may be due. */
export const returnUnused = async (tx: Tx): Promise<boolean> => await returnPlaces(tx)
