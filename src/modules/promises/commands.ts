import { addDays, bucketsOf, dayIn, startOfDay, sum, totalOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { NotFound, emit, newId } from '#platform'
import type { Tx } from '#platform'
import { AccountClosed, listAccountParties, lockAccount } from '../accounts/index.ts'
import { AccountNotPlaced, findLastPlacement } from '../placements/index.ts'
import { holdEffectsOf, listActiveHolds } from '../protection/index.ts'
import type { PromiseInput } from './api.ts'
import { PromiseContactMismatch, PromiseNotOpen, checkHeld, checkPromise, graceDaysDefault, judge, outcomeOf, partsOf, promiserOf } from './core.ts'
import type { CancelReason, Judgment, PromiseState, givenReasons } from './core.ts'
import { findContact, findDueAccounts, findLastToSue, findOpenPromise, findPromise, findPromised, insertPromise, listOpenUntil, listPending, lockAccounts, setStanding } from './db.ts'
import type { Contact, Pending, PromiseRow, Standing, Touch } from './db.ts'
import { PromiseBroken, PromiseCancelled, PromiseCreated, PromiseKept, PromiseReopened } from './events.ts'

/** When a promise is judged that waits for money up to and on a day of the borrower's: as the next one begins. */
const judgedAt = (lastOn: CalendarDay, timeZone: string): string => startOfDay(addDays(lastOn, 1), timeZone).toISOString()

/**
 * Takes a promise to pay a debt, by the party named, or that of the contact named, or else the first that owes it. An open promise about the debt is judged if its time has come, and
 * superseded otherwise. `within` is where the terms stand in the request. Throws `NotFound`, `AccountClosed`, `AccountNotPlaced`, `PromiseTermsRefused`, `PromiseInPast`,
 * `PromiseAboveBalance`, `PromiseAfterTerm`, `PromiseAfterLimitation`, `PromiseUnderHold`, `PromiseByContactOnly`, `PromiseContactMismatch`, `PromiserMissing`.
 */
export async function createPromise (tx: Tx, input: PromiseInput, within = ''): Promise<PromiseRow> {
  const { accountId, graceDays = graceDaysDefault } = input
  const parts = partsOf(input, within)
  const account = await lockAccount(tx, accountId)
  if (account.closedAt !== null) throw AccountClosed({ closedAt: account.closedAt })
  const placement = await findLastPlacement(tx, accountId)
  if (placement?.state !== 'active') throw AccountNotPlaced({ accountId })
  const { lenderId, timeZone, currency } = account
  const madeOn = dayIn(timeZone, tx.ctx.now)
  checkPromise(parts, { today: madeOn, owed: totalOf(bucketsOf(account)), termEndsOn: placement.termEndsOn, lastToSueOn: await findLastToSue(tx, accountId) })
  const contact = await contactOf(tx, input)
  const partyId = promiserOf(await listAccountParties(tx, accountId), input.partyId ?? contact?.partyId)
  if (partyId === null) throw NotFound({}, { violations: [{ pointer: '/partyId', message: 'names no party of the account' }] })
  checkHeld(holdEffectsOf(await listActiveHolds(tx, [accountId])).stopsContact, contact?.direction ?? null)

  const id = newId('promise')
  await judgeLocked(tx, [accountId], [])
  await supersede(tx, accountId, id)
  const graceEndsOn = addDays(parts.at(-1)!.on, graceDays)
  const { lastOn } = judge(parts, [], madeOn, graceDays)
  const amount = sum(parts.map(part => part.amount))
  const promise = await insertPromise(tx, {
    id, accountId, lenderId, placementId: placement.id, partyId, amount, currency, parts, graceDays, madeOn, graceEndsOn, channel: contact?.channel ?? input.channel ?? null,
    contactAttemptId: input.contactAttemptId ?? null, dueAt: judgedAt(lastOn!, timeZone),
  })
  emit(tx, PromiseCreated, { accountId, lenderId }, { promiseId: id, accountId, partyId, amount, currency, parts, graceEndsOn })
  return promise
}

/** The contact in which a promise was made, when one is named. Throws `PromiseContactMismatch` when it was another's, or never happened. */
async function contactOf (tx: Tx, { accountId, partyId, channel, contactAttemptId }: PromiseInput): Promise<Contact | null> {
  if (contactAttemptId === undefined) return null
  const contact = await findContact(tx, contactAttemptId, accountId)
  const pointer = contact === null ? '/contactAttemptId' : partyId !== undefined && partyId !== contact.partyId ? '/partyId' : channel !== undefined && channel !== contact.channel ? '/channel' : null
  if (pointer !== null) throw PromiseContactMismatch({}, { violations: [{ pointer, message: contact === null ? 'names no contact about this debt that happened' : 'is not that of the contact' }] })
  return contact
}

async function supersede (tx: Tx, accountId: Id<'account'>, by: Id<'promise'>): Promise<void> {
  const open = await findOpenPromise(tx, accountId)
  if (open !== null) await end(tx, [open], 'superseded', by)
}

/** Ends open promises without a judgment. The accounts' locks are held. */
async function end (tx: Tx, open: readonly PromiseRow[], reason: CancelReason, supersededBy: Id<'promise'> | null = null): Promise<void> {
  const state = reason === 'superseded' ? 'superseded' as const : 'cancelled' as const
  await setStanding(tx, open.map(({ id, paid }) => ({ id, state, reason, supersededBy, paid, dueAt: null, decidedAt: tx.ctx.now.toISOString() })))
  for (const promise of open) tellCancelled(tx, promise, { state, reason, supersededBy })
}

type Told = Pick<PromiseRow, 'id' | 'accountId' | 'lenderId' | 'partyId' | 'amount' | 'currency'>

const which = ({ id, accountId, partyId, amount, currency }: Told) => ({ promiseId: id, accountId, partyId, amount, currency })

function tellCancelled (tx: Tx, promise: Told, ended: { state: 'cancelled' | 'superseded', reason: CancelReason, supersededBy: Id<'promise'> | null }): void {
  emit(tx, PromiseCancelled, { accountId: promise.accountId, lenderId: promise.lenderId }, { ...which(promise), ...ended })
}

/** Cancels an open promise: who made it took it back, or it was recorded by mistake. Throws `NotFound`, `PromiseNotOpen`. */
export async function cancelPromise (tx: Tx, id: Id<'promise'>, reason: typeof givenReasons[number]): Promise<PromiseRow> {
  const found = await findPromise(tx, id)
  if (found === null) throw NotFound()
  await lockAccount(tx, found.accountId)
  await judgeLocked(tx, [found.accountId], [])
  const promise = (await findPromise(tx, id))!
  if (promise.state !== 'open') throw PromiseNotOpen({ state: promise.state })
  await end(tx, [promise], reason)
  return (await findPromise(tx, id))!
}

/** Cancels the promises about debts that were disputed with success, if they were made before that. */
export async function cancelDisputed (tx: Tx, upheld: readonly { accountId: Id<'account'>, until: string }[]): Promise<void> {
  if (upheld.length === 0) return
  await lockAccounts(tx, upheld.map(({ accountId }) => accountId))
  await end(tx, await listOpenUntil(tx, upheld), 'disputeUpheld')
}

/** Judges the promises of accounts: those that are open, and those in whose time money was received, or had been, on one of the days `touched`. */
export async function judgePromises (tx: Tx, accountIds: readonly Id<'account'>[], touched: readonly Touch[]): Promise<void> {
  // Most debts that are paid were never promised to be: nobody waits for those.
  const promised = await findPromised(tx, accountIds)
  if (promised.length === 0) return
  await lockAccounts(tx, promised)
  await judgeLocked(tx, promised, touched)
}

/** How many accounts one transaction judges. */
const batchMax = 500

/** Judges promises whose time has come, a batch at a time; answers whether more may be due. */
export async function judgeDue (tx: Tx): Promise<boolean> {
  const accountIds = await findDueAccounts(tx, batchMax)
  await judgePromises(tx, accountIds, [])
  return accountIds.length === batchMax
}

async function judgeLocked (tx: Tx, accountIds: readonly Id<'account'>[], touched: readonly Touch[]): Promise<void> {
  const judged = (await listPending(tx, accountIds, touched)).map(promise => ({ promise, judgment: judge(promise.parts, promise.received, dayIn(promise.timeZone, tx.ctx.now), promise.graceDays) }))
  const openOf = new Map<Id<'account'>, Id<'promise'>>()
  // The newest first: what would open again beside a later one that is open is superseded by it.
  const standings = judged.map(({ promise, judgment }) => {
    const standing = standingOf(promise, judgment, openOf.get(promise.accountId) ?? null, tx.ctx.now)
    if (standing.state === 'open') openOf.set(promise.accountId, promise.id)
    return { promise, judgment, standing }
  })
  await setStanding(tx, standings.filter(({ promise, standing }) => standing.state !== promise.state || standing.paid !== promise.paid || standing.dueAt !== promise.dueAt).map(({ standing }) => standing))
  for (const { promise, judgment, standing } of standings.reverse()) if (standing.state !== promise.state) tell(tx, promise, judgment, standing)
}

/** How a promise stands by its judgment; `openId` is a later promise about the debt that is open. */
function standingOf ({ id, timeZone, isWorked, endedAt, state: before, decidedAt }: Pending, judgment: Judgment, openId: Id<'promise'> | null, now: Date): Standing {
  const { paid, lastOn } = judgment
  const dueAt = lastOn === null ? null : judgedAt(lastOn, timeZone)
  const wasOpenAtEnd = before === 'open' && dueAt !== null && endedAt !== null && new Date(endedAt) < new Date(dueAt)
  const outcome = outcomeOf(judgment, { isWorked, wasOpenAtEnd })
  const state: PromiseState = outcome === 'open' && openId !== null ? 'superseded' : outcome
  return {
    id, state, paid, reason: state === 'superseded' ? 'superseded' : state === 'cancelled' ? 'placementEnded' : null, supersededBy: state === 'superseded' ? openId : null,
    dueAt: state === 'open' ? dueAt : null, decidedAt: state === before ? decidedAt : state === 'open' ? null : now.toISOString(),
  }
}

function tell (tx: Tx, promise: Pending, { lastOn }: Judgment, { state, paid, reason, supersededBy }: Standing): void {
  const concerns = { accountId: promise.accountId, lenderId: promise.lenderId }
  const data = { ...which(promise), paid, previous: promise.state }
  if (state === 'cancelled' || state === 'superseded') tellCancelled(tx, promise, { state, reason: reason!, supersededBy })
  else if (state === 'kept') emit(tx, PromiseKept, concerns, data)
  else if (state === 'open') emit(tx, PromiseReopened, concerns, data)
  else emit(tx, PromiseBroken, concerns, { ...data, state, missedOn: lastOn! })
}
