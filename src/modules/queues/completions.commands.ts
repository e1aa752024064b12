import type { Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Place, Safe, Tx, Vault } from '#platform'
import { liableRoles, listAccountParties } from '../accounts/index.ts'
import { logContactAttempt } from '../contacts/index.ts'
import { endCalls } from '../outreach/index.ts'
import { createPromise } from '../promises/index.ts'
import type { CompletionInput } from './api.ts'
import { PartyMissing, PromiseMisplaced, WorkItemNotLeased, checkHolder, checkReadyAt, contactOf } from './core.ts'
import { insertCompletion } from './completions.db.ts'
import type { CompletionRow } from './completions.db.ts'
import { findWorkItem, listLeasedItems, lockLease, lockWorkItem, setItemWorked, setLeaseEnded } from './db.ts'
import type { WorkItemRow } from './db.ts'
import { WorkItemCompleted } from './events.ts'

const notePlace = (id: Id<'workCompletion'>): Place => ({ table: 'work_completions', column: 'note', id })

/**
 * Ends work on a leased item: records the call, keeps the note sealed, takes the promise that was made, and either is done with the item or puts it off; with a promise, unless
 * something else is said, until its first days of grace are over. The lease is completed with its last item. Only the holder of the live lease may. Throws `NotFound`, `WorkItemNotLeased`,
 * `LeaseNotYours`, `LeaseExpired`, `LeaseEnded`, `NextActionRefused`, `PartyMissing`, `PromiseMisplaced`, or what `createPromise` throws.
 */
export async function completeWorkItem (tx: Tx, vault: Vault, id: Id<'workItem'>, input: CompletionInput): Promise<WorkItemRow> {
  const { outcome, nextAction, note } = input
  if (input.promise !== undefined && outcome !== 'promised') throw PromiseMisplaced({ outcome })
  const item = await lockLeased(tx, id)
  if (nextAction !== undefined) checkReadyAt(new Date(nextAction.readyAt), tx.ctx.now)
  const contactAttemptId = await logCall(tx, vault, item.accountId, input)
  const promise = input.promise === undefined ? null : await createPromise(tx, { accountId: item.accountId, contactAttemptId: contactAttemptId!, ...input.promise }, '/promise')
  const readyAt = nextAction?.readyAt ?? promise?.dueAt ?? null
  const completionId = newId('workCompletion')
  await insertCompletion(tx, {
    id: completionId, workItemId: id, accountId: item.accountId, leaseId: item.leaseId, outcome, contactAttemptId, readyAt,
    note: note === undefined ? null : (await vault.safeOf(tx)).seal(notePlace(completionId), note),
  })
  // Called and not put off: nobody needs to be asked again.
  if (contactAttemptId !== null && readyAt === null) await endCalls(tx, [item.accountId])
  const worked = await setItemWorked(tx, id, readyAt, contactAttemptId !== null)
  if ((await listLeasedItems(tx, item.leaseId)).length === 0) await setLeaseEnded(tx, item.leaseId, 'completed')
  emit(tx, WorkItemCompleted, { accountId: item.accountId }, { workItemId: id, queueId: item.queueId, accountId: item.accountId, leaseId: item.leaseId, outcome, readyAt })
  return worked
}

/** Records the call that an outcome tells of, to the party named or the borrower; null when nobody was called. */
async function logCall (tx: Tx, vault: Vault, accountId: Id<'account'>, { outcome, partyId, contactPointId, permit }: CompletionInput): Promise<Id<'contactAttempt'> | null> {
  const contact = contactOf(outcome)
  if (contact === null) return null
  const called = partyId ?? await borrowerOf(tx, accountId)
  return (await logContactAttempt(tx, vault, {
    accountId, partyId: called, channel: 'call', direction: 'out', outcome: contact, ...contactPointId !== undefined && { contactPointId }, ...permit !== undefined && { permit },
  })).id
}

/** The first party that owes the debt, in the order of the roles. */
async function borrowerOf (tx: Tx, accountId: Id<'account'>): Promise<Id<'party'>> {
  const parties = await listAccountParties(tx, accountId)
  const [borrower] = liableRoles.flatMap(role => parties.filter(party => party.role === role))
  if (borrower === undefined) throw PartyMissing()
  return borrower.partyId
}

/** The item with its lease, both kept from changing: the lease first, as everywhere, so that no two wait for each other. */
async function lockLeased (tx: Tx, id: Id<'workItem'>): Promise<WorkItemRow & { leaseId: Id<'lease'> }> {
  const seen = await findWorkItem(tx, id)
  if (seen === null) throw NotFound()
  const { leaseId } = seen
  if (leaseId === null || seen.state === 'done' || seen.state === 'deferred') throw WorkItemNotLeased({ state: seen.state })
  checkHolder(await lockLease(tx, leaseId), tx.ctx.actor, tx.ctx.now)
  const item = await lockWorkItem(tx, id)
  if (item.state !== 'leased' || item.leaseId !== leaseId) throw WorkItemNotLeased({ state: item.state })
  return { ...item, leaseId }
}

/** A completion as the API shows it: with its note when there is a safe to open it. */
export const showCompletion = (safe: Safe | null, { note, ...completion }: CompletionRow) =>
  ({ ...completion, hasNote: note !== null, note: note === null || safe === null ? null : safe.open(notePlace(completion.id), note) })
