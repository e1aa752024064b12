import { add, addDays, bucketsOf, dayIn, lessBuckets, uuidOf, withTotal, zero } from '#kernel'
import type { Buckets, CalendarDay, Id, Minor } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { listRecalled, movements, post } from '../ledger/index.ts'
import type { Entry } from '../ledger/index.ts'
import { beginCharging, changedCharges, chargeReturnedPayment, chargeThrough, checkQuoteDay, nextDueAt, postedOn, restThrough } from './core.ts'
import type { ChargeTerms, NewCharge, Position } from './core.ts'
import { addLimits, insertCharges, insertSchedules, keepWaivers, listFees, listLiveCharges, listPauses, listPlaced, listPostingDays, lockDue, lockEnded, lockSchedule, nightMax, setSuperseded } from './db.ts'
import type { Charge, Charged, PostedCharge, Reached } from './db.ts'
import { InterestAccrued, LateFeeAssessed } from './events.ts'
import { askLimits, mustAsk } from './limits.commands.ts'
import type { Asking } from './limits.commands.ts'
import type { Limits } from './limits.core.ts'
import type { Pause } from './pauses.core.ts'
import { termsOf } from './terms.commands.ts'
import type { TermsById } from './terms.commands.ts'

/**
 * Charges debts up to the day each has reached, posts what comes of it, and says so. The debts' accounts and schedules are locked. A debt
 * that is not worked any more is charged nothing for the days after its placement ended, and its schedule rests.
 */
async function chargeAll (tx: Tx, debts: readonly Charged[], dayOf: (debt: Charged) => CalendarDay): Promise<PostedCharge[]> {
  if (debts.length === 0) return []
  const gone = await listGone(tx, debts, dayOf)
  const terms = await termsOf(tx, debts.map(debt => debt.agreementId))
  const pauses = await listPauses(tx, debts.map(debt => debt.accountId))
  const charges: PostedCharge[] = []
  const later = await askAgain(tx, debts, terms, dayOf)
  const reached = debts.map((known): Reached => {
    const debt = { ...known, owed: gone.get(known.placementId) ?? known.owed, limits: [...known.limits, ...later.get(known.accountId) ?? []] }
    const rules = terms.get(debt.agreementId)!
    const { position, charges: own } = chargeThrough(debt.position, debt, rules, pauses.get(debt.accountId) ?? noPauses, chargedTo(debt, dayOf(debt)) ?? debt.position.chargedThroughOn)
    for (const made of own) charges.push({ id: newId('charge'), of: debt, made, entryId: null })
    return { accountId: debt.accountId, ...debt.isWorked ? { position, dueAt: nextDueAt(position, rules, debt.timeZone) } : { position: restThrough(position, dayOf(debt)), dueAt: null } }
  })
  await postCharges(tx, charges, reached)
  return charges
}

/** What recalled debts that are still to be charged for days before their recall owed until then: it has left the books. */
async function listGone (tx: Tx, debts: readonly Charged[], dayOf: (debt: Charged) => CalendarDay): Promise<Map<Id<'placement'>, Buckets>> {
  const open = debts.filter(debt => debt.isRecalled && (chargedTo(debt, dayOf(debt)) ?? '') > debt.position.chargedThroughOn)
  return open.length === 0 ? new Map() : await listRecalled(tx, open.map(({ placementId }) => placementId))
}

/** Asks the law again about debts that are charged into a half-year for which it was not asked. */
async function askAgain (tx: Tx, debts: readonly Charged[], terms: TermsById, dayOf: (debt: Charged) => CalendarDay): Promise<Map<Id<'account'>, Limits[]>> {
  const askings = debts.flatMap((debt): Asking[] => {
    const to = chargedTo(debt, dayOf(debt))
    if (to === null || to <= debt.position.chargedThroughOn || !mustAsk(debt.limits, to)) return []
    return [{ ...debt, terms: terms.get(debt.agreementId)!, begun: debt.limits[0]!.from, after: debt.limits.at(-1)!.from, to }]
  })
  if (askings.length === 0) return new Map()
  const limits = await askLimits(tx, askings)
  await addLimits(tx, limits)
  return limits
}

/** Posts charges, stores them with how far their schedules have got, and says so. */
async function postCharges (tx: Tx, charges: readonly PostedCharge[], reached: readonly Reached[]): Promise<void> {
  const posted = charges.filter(({ made }) => made.amount > zero)
  const entryIds = await post(tx, posted.map(entryOf))
  for (const [i, charge] of posted.entries()) charge.entryId = entryIds[i]!
  await insertCharges(tx, charges, reached)
  for (const charge of posted) announce(tx, charge)
}

const noPauses: readonly Pause[] = []

const entryOf = ({ id, of, made }: PostedCharge): Entry => ({
  lenderId: of.lenderId, accountId: of.accountId, kind: made.kind === 'interest' ? 'accrual' : 'lateFee', causeId: id, effectiveOn: postedOn(made, of), currency: of.currency,
  lines: of.isRecalled ? movements.chargedAfterRecall(made.kind, made.amount, of.workedThrough!) : movements.charged(made.kind, made.amount),
})

/** The last day for which a debt is charged when it is charged through one; null when it is not charged any more. */
const chargedTo = ({ isWorked, workedThrough }: Charged, on: CalendarDay): CalendarDay | null => isWorked || (workedThrough !== null && on < workedThrough) ? on : workedThrough

function announce (tx: Tx, { id: chargeId, of: { accountId, lenderId, currency }, made: { kind, amount, fromOn, toOn } }: PostedCharge): void {
  if (kind === 'interest') emit(tx, InterestAccrued, { accountId, lenderId }, { chargeId, accountId, amount, currency, fromOn, toOn })
  else emit(tx, LateFeeAssessed, { accountId, lenderId }, { chargeId, accountId, amount, currency, effectiveOn: toOn })
}

/**
 * Charges debts whose placement has ended up to that day, where the night had not got so far: no day of interest is lost. What a recalled debt is charged leaves
 * the books with the rest. Safe to run again.
 */
export async function chargeToEnd (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  const debts = accountIds.length === 0 ? [] : await lockEnded(tx, accountIds)
  await chargeAll(tx, debts.filter(({ workedThrough }) => workedThrough !== null), ({ workedThrough }) => workedThrough!)
}

/** Charges what is due tonight, a bounded number of debts; answers whether more may be due. A debt several days behind is caught up in one go. */
export async function chargeDue (tx: Tx): Promise<boolean> {
  const debts = await lockDue(tx)
  if (debts.length === 0) return false
  const { now } = tx.ctx
  await chargeAll(tx, debts, debt => dayIn(debt.timeZone, now))
  return debts.length === nightMax
}

/**
 * Posts the interest and the late fee of an account up to and including a day, so that what happens on that day meets the right balance.
 * Whoever changes a principal calls it first: within one charge the principal never changes. The caller holds the account's lock.
 * Answers the account as it then stands.
 */
export async function accrueThrough (tx: Tx, account: AccountRow, on: CalendarDay): Promise<AccountRow> {
  const debt = await lockSchedule(tx, account.id) ?? await beginSchedule(tx, account.id)
  if (debt === null || on <= debt.position.chargedThroughOn) return account
  const posted = await chargeAll(tx, [debt], () => on)
  if (debt.isRecalled) return account
  return posted.reduce((row, { made: { kind, amount } }) => kind === 'interest' ? { ...row, interest: add(row.interest, amount) } : { ...row, penalty: add(row.penalty, amount) }, account)
}

/**
 * Charges the fee for a payment that came back unpaid, where the agreement has one and no hold stops it. The debt has been charged up to the day, and the
 * caller holds the account's lock. Answers what was charged.
 */
export async function chargeForReturn (tx: Tx, account: AccountRow, payment: { id: Id<'payment'>, amount: Minor }, on: CalendarDay): Promise<Minor> {
  const debt = await lockSchedule(tx, account.id)
  if (debt === null) return zero
  const rules = (await termsOf(tx, [debt.agreementId])).get(debt.agreementId)!
  const pauses = (await listPauses(tx, [account.id])).get(account.id) ?? noPauses
  const { position, charges: [made] } = chargeReturnedPayment(debt.position, debt, rules, pauses, payment, on)
  if (made === undefined) return zero
  await postCharges(tx, [{ id: newId('charge'), of: debt, made, entryId: null }], [{ accountId: account.id, position, dueAt: debt.isWorked ? nextDueAt(position, rules, debt.timeZone) : null }])
  return made.amount
}

/** What an account will owe on a day if nothing else happens, in a transaction that will be taken back. Throws `NotFound`, `QuoteDayRefused`. */
export async function quotePayoff (tx: Tx, accountId: Id<'account'>, on: CalendarDay) {
  const account = await lockAccount(tx, accountId)
  checkQuoteDay(on, dayIn(account.timeZone, tx.ctx.now))
  const then = account.closedAt === null ? await accrueThrough(tx, account, on) : account
  return { accountId, currency: account.currency, on, balance: withTotal(then), added: withTotal(lessBuckets(bucketsOf(then), bucketsOf(account))) }
}

/** An account just placed may be paid before the job that begins its schedule has run. */
async function beginSchedule (tx: Tx, accountId: Id<'account'>): Promise<Charged | null> {
  await openSchedules(tx, [accountId])
  return await lockSchedule(tx, accountId)
}

/** Begins to charge accounts that are at work, or were: from the day after placement, by the agreement they were placed under. Safe to run again. */
export async function openSchedules (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  const placed = accountIds.length === 0 ? [] : await listPlaced(tx, accountIds)
  if (placed.length === 0) return
  const terms = await termsOf(tx, placed.map(({ agreementId }) => agreementId))
  const earlier = await listFees(tx, accountIds)
  const beginnings = new Map(placed.map(row => [row.accountId, beginCharging(terms.get(row.agreementId)!, row, earlier.get(row.accountId) ?? [])]))
  const limits = await askLimits(tx, placed.map((row): Asking => ({ ...row, terms: terms.get(row.agreementId)!, begun: firstDayOf(beginnings.get(row.accountId)!, row), after: null, to: row.placedOn })))
  await insertSchedules(tx, placed.map(row => {
    const rules = terms.get(row.agreementId)!
    const position = beginnings.get(row.accountId)!
    return { ...row, position, limits: limits.get(row.accountId) ?? [], dueAt: nextDueAt(position, rules, row.timeZone) }
  }))
}

/** The first day the law is asked about: that of the placement, or the first that bears interest before it. */
const firstDayOf = ({ chargedThroughOn }: Position, { placedOn }: { placedOn: CalendarDay }): CalendarDay => chargedThroughOn < placedOn ? addDays(chargedThroughOn, 1) : placedOn

/** How a debt's charges begin and what rules them, for living its life again; the days on which charges were ever posted; those that hold; and how far they were made. */
export interface ChargedLife { charged: Charged, beginning: Position, terms: ChargeTerms, pauses: readonly Pause[], postingDays: readonly CalendarDay[], live: readonly Charge[] }

/** What is needed to compute a debt's charges again from its placement: charges made before that are not of it. The caller holds the account's lock. Null when it was never charged. */
export async function findChargedLife (tx: Tx, accountId: Id<'account'>, placementId: Id<'placement'>): Promise<ChargedLife | null> {
  const charged = await lockSchedule(tx, accountId) ?? await beginSchedule(tx, accountId)
  if (charged === null) return null
  const rules = (await termsOf(tx, [charged.agreementId])).get(charged.agreementId)!
  const pauses = (await listPauses(tx, [accountId])).get(accountId) ?? noPauses
  const all = await listLiveCharges(tx, accountId)
  const isEarlier = ({ id }: Charge): boolean => uuidOf(id) < uuidOf(placementId)
  return {
    charged, terms: rules, pauses, postingDays: await listPostingDays(tx, accountId, charged.placedOn), live: all.filter(charge => !isEarlier(charge)),
    beginning: beginningAfter(all.filter(isEarlier), rules, charged),
  }
}

/** Where a debt's charges begin after those of earlier placements: no day bears interest twice, and no event a fee. */
function beginningAfter (earlier: readonly Charge[], rules: ChargeTerms, dates: Charged): Position {
  const begun = beginCharging(rules, dates, earlier.filter(({ kind }) => kind === 'lateFee'))
  const chargedOn = earlier.reduce((last, { kind, toOn }) => kind === 'interest' && toOn > last ? toOn : last, begun.chargedThroughOn)
  return { ...begun, chargedThroughOn: chargedOn }
}

/**
 * Puts charges computed anew in the place of those that differ, and sets the schedule to where they end. What they come to is posted by the
 * correction, in one entry with all else. Answers what changed, by kind and day.
 */
export async function replaceCharges (
  tx: Tx, { charged, terms, live }: ChargedLife, anew: readonly NewCharge[], position: Position, by: { correctionId: Id<'correction'>, entryId: Id<'journalEntry'> | null },
): Promise<void> {
  const { gone, made } = changedCharges(live, anew)
  if (gone.length > 0) await setSuperseded(tx, gone.map(({ id }) => id), by.correctionId)
  await insertCharges(tx, made.map(charge => ({ id: newId('charge'), of: charged, made: charge, entryId: charge.amount > zero ? by.entryId : null })),
    [{ accountId: charged.accountId, position, dueAt: charged.isWorked ? nextDueAt(position, terms, charged.timeZone) : null }])
  if (gone.some(({ waivedAt }) => waivedAt !== null)) await keepWaivers(tx, charged.accountId, by.correctionId)
}
