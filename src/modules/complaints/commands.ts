import { addDays, dayIn, startOfDay } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Place, Tx, Vault } from '#platform'
import { listAccountParties, lockAccount } from '../accounts/index.ts'
import { lockParty, recordReveals } from '../parties/index.ts'
import type { RevealPurpose } from '../parties/index.ts'
import { beginHold, endHold, lockHold } from '../protection/index.ts'
import { findStaff, findTenant } from '../tenants/index.ts'
import type { ComplaintInput, ComplaintResolution } from './api.ts'
import { ComplaintTextDestroyed, answerByOf, checkAcknowledged, checkComplaint, checkResolution, checkResolved, placesHoldFor } from './core.ts'
import { insertComplaint, lockComplaint, setAcknowledged, setResolved, setTextsDestroyed, takeOverdue } from './db.ts'
import type { ComplaintRow, OverdueComplaint } from './db.ts'
import { ComplaintAcknowledged, ComplaintOpened, ComplaintOverdue, ComplaintResolved } from './events.ts'

const textPlace = (id: Id<'complaint'>): Place => ({ table: 'complaints', column: 'text', id })

/** A complaint as the API shows it: without its text and, for a lender, without whom it is about. */
export function showComplaint ({ text, dueAt: _, staffId, redressAmount, redressCurrency, ...complaint }: ComplaintRow, lenderId: Id<'lender'> | null) {
  const redress = redressAmount === null || redressCurrency === null ? null : { amount: redressAmount, currency: redressCurrency }
  return { ...complaint, about: lenderId === null ? staffId : null, hasText: text !== null, redress }
}

const concerns = ({ accountId, lenderId }: Pick<ComplaintRow, 'accountId' | 'lenderId'>) => ({ ...accountId !== null && { accountId }, ...lenderId !== null && { lenderId } })

/**
 * Records a complaint. Work on the debt it is about stands still until it is resolved where it is grave, or when that is asked for; a closed debt is held too, so that its records are kept.
 * Throws `NotFound`, `PartyWasErased`, `ComplaintRefused`.
 */
export async function openComplaint (tx: Tx, vault: Vault, input: ComplaintInput) {
  const { accountId = null, partyId = null, about = null, text, placesHold = false, ...said } = input
  const account = accountId === null ? null : await lockAccount(tx, accountId)
  const party = partyId === null ? null : await lockParty(tx, partyId)
  if (about !== null && await findStaff(tx, about) === null) throw NotFound()
  const timeZone = account?.timeZone ?? (await findTenant(tx)).timeZone
  checkComplaint({ receivedOn: said.receivedOn, accountOf: account?.lenderId ?? null, partyOf: party?.lenderId ?? null, isHoldAsked: placesHold }, dayIn(timeZone, tx.ctx.now))
  const hold = account !== null && placesHoldFor(said.severity, placesHold) ? await beginHold(tx, account, 'complaint', tx.ctx.now, null) : null
  const id = newId('complaint')
  const answerBy = answerByOf(said.receivedOn)
  const complaint = await insertComplaint(tx, {
    ...said, id, accountId, partyId, lenderId: account?.lenderId ?? null, staffId: about, holdId: hold?.id ?? null, answerBy, dueAt: startOfDay(addDays(answerBy, 1), timeZone).toISOString(),
    text: (await vault.safeOf(tx)).seal(textPlace(id), text),
  })
  const { category, severity, receivedOn, holdId } = complaint
  emit(tx, ComplaintOpened, concerns(complaint), { complaintId: id, accountId, holdId, category, severity, receivedOn, answerBy })
  return complaint
}

/** Notes that whoever complained was told that it is looked into. Throws `NotFound`, `ComplaintAlreadyAcknowledged`, `ComplaintAlreadyResolved`. */
export async function acknowledgeComplaint (tx: Tx, id: Id<'complaint'>) {
  const { state, accountId, lenderId } = await lockComplaint(tx, id)
  checkAcknowledged(state)
  const acknowledged = await setAcknowledged(tx, id)
  emit(tx, ComplaintAcknowledged, concerns({ accountId, lenderId }), { complaintId: id, accountId })
  return acknowledged
}

const tellOverdue = (tx: Tx, { id, accountId, lenderId, answerBy }: OverdueComplaint): void => {
  emit(tx, ComplaintOverdue, concerns({ accountId, lenderId }), { complaintId: id, accountId, answerBy })
}

/**
 * Ends a complaint, and its hold with it unless somebody released that before. An answer that comes late is told to be. Throws `NotFound`, `ComplaintAlreadyResolved`,
 * `ComplaintNotAcknowledged`, `ComplaintResolutionRefused`.
 */
export async function resolveComplaint (tx: Tx, id: Id<'complaint'>, input: ComplaintResolution) {
  const { outcome, rootCause = null, collectorShare = null, redress = null } = input
  const complaint = await lockComplaint(tx, id)
  const { accountId, holdId, dueAt } = complaint
  checkResolved(complaint.state, outcome, `/v1/complaints/${id}/acknowledge`)
  const resolution = { outcome, rootCause, collectorShare, redress }
  checkResolution(resolution)
  const isLate = dueAt !== null && new Date(dueAt) <= tx.ctx.now
  if (isLate) tellOverdue(tx, complaint)
  const resolved = await setResolved(tx, id, resolution, isLate ? tx.ctx.now.toISOString() : complaint.overdueAt)
  const hold = holdId === null ? null : await lockHold(tx, holdId)
  if (hold !== null && hold.releasedAt === null) await endHold(tx, hold, 'resolved')
  emit(tx, ComplaintResolved, concerns(complaint), { complaintId: id, accountId, holdId, ...resolution })
  return resolved
}

/**
 * What a complaint says, in the clear. That it was read is written down for its party or, where nobody is named, for those of the debt. Throws `NotFound`, `ComplaintTextDestroyed`.
 */
export async function revealComplaint (tx: Tx, vault: Vault, id: Id<'complaint'>, purpose: RevealPurpose) {
  // The lock keeps an erasure from committing between the reading and the record of it.
  const { text, partyId, accountId } = await lockComplaint(tx, id)
  if (text === null) throw ComplaintTextDestroyed()
  const people = partyId !== null ? [partyId] : accountId === null ? [] : (await listAccountParties(tx, accountId)).map(({ partyId }) => partyId)
  recordReveals(tx, people, { operation: 'revealComplaint', purpose })
  return { complaintId: id, text: (await vault.safeOf(tx)).open(textPlace(id), text) }
}

/** How many late answers one transaction tells. */
const overdueMax = 500

/** Tells of complaints whose last day to answer has passed, each once. Answers whether more may be due. */
export async function announceOverdue (tx: Tx): Promise<boolean> {
  const late = await takeOverdue(tx, overdueMax)
  for (const one of late) tellOverdue(tx, one)
  return late.length === overdueMax
}

/** Destroys what was written in complaints of parties whose personal data was erased. Safe to repeat. */
export async function forgetComplaintsOf (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  if (partyIds.length > 0) await setTextsDestroyed(tx, partyIds)
}
