import { add, bucketsOf, dayIn, daysBetween, formatR, neg, rational, sum, totalOf, zero } from '#kernel'
import type { Buckets, CalendarDay, Id, Minor } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx } from '#platform'
import { daysPastDue, lockAccount } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { chargeToEnd } from '../charges/index.ts'
import { findPlaced, findRecalled, listAdvancedCosts, movements, post, reverse } from '../ledger/index.ts'
import type { Entry } from '../ledger/index.ts'
import { findAgreement } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { findPlacement } from '../placements/index.ts'
import { explainCommission, explainRecallFee, negated, noPast, pastWith, recoveredOf, recoveryOf, withheldOf } from './core.ts'
import type { Earned, Explained, Past, Recovery } from './core.ts'
import { findAccrual, insertCommissionEntry, listAccruals } from './db.ts'
import type { Accrual, CommissionEntry } from './db.ts'
import { CommissionAccrued, CommissionClawedBack } from './events.ts'
import { isCumulative, planOfTerms } from './plan.core.ts'
import type { PlanTerms, Situation } from './plan.core.ts'
import { findPlanInForce } from './plans.db.ts'

/** A payment on which commission is earned: what it settled of the account, under the agreement the debt was placed under. */
export interface Recovered {
  account: AccountRow, agreement: Agreement, placement: { placedOn: CalendarDay, placementNumber: number }, paymentId: Id<'payment'>, allocated: Buckets,
  receivedBy: 'agency' | 'lender', receivedOn: CalendarDay
}

/** The plan a debt is under: the lender's newest on the day of its placement, or the agreement's own terms. */
export interface PlanInForce { planId: Id<'commissionPlan'> | null, terms: PlanTerms }

export async function planFor (tx: Tx, { lenderId, currency }: AccountRow, agreement: Agreement, placedOn: CalendarDay): Promise<PlanInForce> {
  const plan = await findPlanInForce(tx, lenderId, currency, placedOn)
  return plan === null ? { planId: null, terms: planOfTerms(agreement.terms) } : { planId: plan.id, terms: plan.terms }
}

/**
 * Books the commission on a payment, once, and what of costs that the agency had advanced it has back by it: withheld from trust money or put on the lender's account, as agreed. Where it depends on what the debt
 * earned before, a payment that arrives late has those after it earn anew. The caller holds the account's lock.
 */
export async function accrueCommission (tx: Tx, recovered: Recovered, changed: Changed = unchanged): Promise<CommissionEntry> {
  const { account, placement, receivedBy, receivedOn, paymentId } = recovered
  const plan = await planFor(tx, account, recovered.agreement, placement.placedOn)
  const at = await situationOf(tx, account, placement, receivedBy, receivedOn)
  const advanced = recovered.allocated.costs === zero ? [] : await listAdvancedCosts(tx, account.id)
  const earlier = isCumulative(plan.terms) || advanced.length > 0 ? (await listAccruals(tx, account.id)).filter(entry => entry.effectiveOn <= receivedOn) : []
  const costsRecovered = recoveredOf(recovered.allocated.costs, receivedOn, advanced, sum(earlier.map(recoveredBy)))
  const entry = await accrue(tx, recovered, plan, { at, past: isCumulative(plan.terms) ? pastOf(earlier) : noPast, costsRecovered, number: 1, correctionId: null })
  return await restate(tx, account, recovered.agreement, plan, changed, advanced.length > 0) ? (await findAccrual(tx, paymentId))! : entry
}

/** What of costs is recovered by a payment and was not given back. */
const recoveredBy = ({ costsRecovered, isRestored }: Accrual): Minor => isRestored ? zero : costsRecovered

const pastOf = (entries: readonly CommissionEntry[]): Past =>
  entries.reduce((past, entry) => pastWith(past, bucketsOf(entry), { earned: entry, exact: rational(entry.exact) }), noPast)

interface Accrued { paymentId: Id<'payment'>, account: Pick<AccountRow, 'id' | 'lenderId' | 'currency'>, agreement: Pick<Agreement, 'id'>, allocated: Buckets, receivedOn: CalendarDay }

async function accrue (tx: Tx, { account: { id: accountId, lenderId, currency }, agreement, paymentId, allocated, receivedOn }: Accrued, { planId, terms }: PlanInForce,
  { at, past, costsRecovered, ...as }: { at: Situation, past: Past, costsRecovered: Minor, number: number, correctionId: Id<'correction'> | null }): Promise<CommissionEntry> {
  const explained = explainCommission({ allocated, costsRecovered, terms, at, past })
  const recoverFrom = recoveryOf(terms.recover, at.receivedBy)
  const facts = { ...as, lenderId, accountId, paymentId, placementId: null, agreementId: agreement.id, kind: 'accrual' as const, effectiveOn: receivedOn, currency, ...allocated, planId, situation: at, costsRecovered }
  return await book(tx, facts, terms, explained, past, recoverFrom, withheldOf(recoverFrom, explained.earned, allocated, costsRecovered))
}

/** Books what was earned, with all it was computed from. */
async function book (tx: Tx, as: EntryFacts, terms: PlanTerms, { earned, row, rate, exact }: Explained, past: Past, recoverFrom: Recovery, withheld: Minor): Promise<CommissionEntry> {
  const { lenderId, accountId, currency, effectiveOn, costsRecovered } = as
  const id = newId('commissionEntry')
  const recovery = recoverFrom === 'trust' ? movements.costsRecovered(costsRecovered) : movements.costsInvoiced(costsRecovered)
  const recoveryEntryId = await postSome(tx, { lenderId, accountId, kind: 'costRecovery', causeId: id, effectiveOn, currency, lines: recovery })
  const journalEntryId = await postSome(tx, { lenderId, accountId, kind: 'commission', causeId: id, effectiveOn, currency, lines: movements.commissionEarned(earned, withheld) })
  const entry = await insertCommissionEntry(tx, {
    id, ...as, row, pastRecovered: past.recovered, pastCollected: past.collected, pastExact: formatR(past.exact), pastCommission: past.commission,
    ...earned, rate, exact: formatR(exact), vatRate: terms.vat.reverseCharge === true ? '0' : terms.vat.rate, recoverFrom, withheld, journalEntryId, recoveryEntryId,
  })
  emit(tx, CommissionAccrued, { accountId, lenderId }, factsOf(entry))
  return entry
}

type EntryFacts = Omit<CommissionEntry, 'id' | 'row' | 'pastRecovered' | 'pastCollected' | 'pastExact' | 'pastCommission' | keyof Earned | 'rate' | 'exact' | 'vatRate' | 'recoverFrom' | 'withheld' | 'journalEntryId' | 'recoveryEntryId' | 'createdAt'>

/** Posts an entry that may move nothing; null then. */
async function postSome (tx: Tx, entry: Entry): Promise<Id<'journalEntry'> | null> {
  const [id = null] = await post(tx, entry.lines.length === 0 ? [] : [entry])
  return id
}

/**
 * Books what the agency earns because the lender took a debt back, where its plan has a fee for that: on the lender's account, once for the placement. A
 * debt of which nothing was owed earns nothing.
 */
export async function chargeRecallFee (tx: Tx, placementId: Id<'placement'>): Promise<CommissionEntry | null> {
  const found = await findPlacement(tx, placementId)
  if (found === null) return null
  const account = await lockAccount(tx, found.accountId)
  const agreement = await findAgreement(tx, found.agreementId)
  const endedOn = dayIn(account.timeZone, new Date(found.endedAt!))
  await chargeToEnd(tx, [account.id])
  const recalled = await findRecalled(tx, placementId, account.id, endedOn)
  if (agreement === null || totalOf(recalled) === 0) return null
  const { planId, terms } = await planFor(tx, account, agreement, found.placedOn)
  const at = await situationOf(tx, account, found, 'lender', endedOn)
  const past = isCumulative(terms) ? pastOf(await listAccruals(tx, account.id)) : noPast
  const explained = explainRecallFee({ allocated: recalled, terms, at, past })
  if (explained === null) return null
  const { id: accountId, lenderId, currency } = account
  const facts = { lenderId, accountId, paymentId: null, placementId, agreementId: agreement.id, kind: 'recallFee' as const, number: 1, correctionId: null, effectiveOn: endedOn, currency, ...recalled, planId, situation: at, costsRecovered: zero }
  return await book(tx, facts, terms, explained, past, 'invoice', zero)
}

const situationOf = async (tx: Tx, account: AccountRow, { placedOn, placementNumber }: Recovered['placement'], receivedBy: Situation['receivedBy'], on: CalendarDay): Promise<Situation> => ({
  daysPastDue: daysPastDue(account.dueOn, placedOn), balanceAtPlacement: await findPlaced(tx, account.id), placementNumber, daysSincePlacement: daysBetween(placedOn, on), receivedBy,
})

/**
 * Gives back exactly what a payment earned, once, when it is reversed; nothing when the plan's window for it is over, which is answered as null.
 * Costs recovered of it are given back in any case. What
 * later payments earned by it is booked anew. The caller holds the account's lock. Throws `AlreadyReversed`, `ReversalTooEarly`.
 */
export async function clawBackCommission (tx: Tx, { account, agreement, placement, paymentId, effectiveOn }: Pick<Recovered, 'account' | 'agreement' | 'placement' | 'paymentId'> & { effectiveOn: CalendarDay }, changed: Changed = unchanged): Promise<CommissionEntry | null> {
  const accrual = await findAccrual(tx, paymentId)
  if (accrual === null) throw new Error(`payment ${paymentId} has no commission entry`)
  const plan = await planFor(tx, account, agreement, placement.placedOn)
  const { clawback } = plan.terms
  if (clawback !== undefined && daysBetween(accrual.effectiveOn, effectiveOn) > clawback.withinDays) {
    if (accrual.recoveryEntryId !== null) await reverse(tx, accrual.recoveryEntryId, { kind: 'costRestored', causeId: accrual.id, effectiveOn })
    await restate(tx, account, agreement, plan, changed, accrual.costsRecovered !== zero)
    return null
  }
  const entry = await clawBack(tx, { ...accrual, isRestored: false }, effectiveOn, null)
  await restate(tx, account, agreement, plan, changed, accrual.costsRecovered !== zero)
  return entry
}

async function clawBack (tx: Tx, accrual: CommissionEntry & { isRestored: boolean }, effectiveOn: CalendarDay, correctionId: Id<'correction'> | null): Promise<CommissionEntry> {
  const { createdAt: _createdAt, journalEntryId: accrualEntryId, recoveryEntryId: originalRecoveryId, isRestored, ...original } = accrual
  const id = newId('commissionEntry')
  const journalEntryId = accrualEntryId === null ? null : await reverse(tx, accrualEntryId, { kind: 'clawback', causeId: id, effectiveOn })
  const recoveryEntryId = originalRecoveryId === null || isRestored ? null : await reverse(tx, originalRecoveryId, { kind: 'costRestored', causeId: id, effectiveOn })
  const entry = await insertCommissionEntry(tx, {
    ...original, ...negated(bucketsOf(original)), id, kind: 'clawback', correctionId, effectiveOn,
    base: neg(original.base), commission: neg(original.commission), vat: neg(original.vat), withheld: neg(original.withheld), costsRecovered: isRestored ? zero : neg(original.costsRecovered), journalEntryId, recoveryEntryId,
  })
  emit(tx, CommissionClawedBack, { accountId: entry.accountId, lenderId: entry.lenderId }, factsOf(entry))
  return entry
}

/** Has what a debt's payments earned, and the costs recovered by them, follow what they settle since a correction and what was advanced. The caller holds the account's lock. */
export async function restateCommission (tx: Tx, { account, agreement, placement }: Pick<Recovered, 'account' | 'agreement' | 'placement'>, changed: Changed): Promise<void> {
  await restate(tx, account, agreement, await planFor(tx, account, agreement, placement.placedOn), changed, true)
}

/** What a late fact changed beside: what other payments of the debt settle now, and the correction that says so. */
export interface Changed { settled: ReadonlyMap<Id<'payment'>, Buckets>, correctionId: Id<'correction'> | null }
const unchanged: Changed = { settled: new Map(), correctionId: null }

/**
 * Goes through what a debt's payments earned, in the order they were received, and replaces what is not what they earn now: what each earned is given
 * back and it earns anew, both on the day it was received. Answers whether there was anything to look for.
 */
async function restate (tx: Tx, account: AccountRow, agreement: Agreement, plan: PlanInForce, { settled, correctionId }: Changed, areCostsMoved: boolean): Promise<boolean> {
  const advanced = areCostsMoved || settled.size > 0 ? await listAdvancedCosts(tx, account.id) : []
  if (settled.size === 0 && !isCumulative(plan.terms) && !areCostsMoved) return false
  let past = noPast
  let before = zero
  for (const accrual of await listAccruals(tx, account.id)) {
    const { paymentId, situation: at, effectiveOn: receivedOn, number } = accrual
    const allocated = settled.get(paymentId) ?? bucketsOf(accrual)
    // An earlier placement's plan was another: what it earned stays.
    const isOurs = accrual.planId === plan.planId && accrual.agreementId === agreement.id
    const costsRecovered = accrual.isRestored ? zero : isOurs ? recoveredOf(allocated.costs, receivedOn, advanced, before) : accrual.costsRecovered
    const now = isOurs ? explainCommission({ allocated, costsRecovered, terms: plan.terms, at, past: isCumulative(plan.terms) ? past : noPast }) : null
    if (now !== null && !isSame(accrual, now, withheldOf(recoveryOf(plan.terms.recover, at.receivedBy), now.earned, allocated, costsRecovered), costsRecovered)) {
      await clawBack(tx, accrual, receivedOn, correctionId)
      await accrue(tx, { account, agreement, paymentId, allocated, receivedOn }, plan, { at, past: isCumulative(plan.terms) ? past : noPast, costsRecovered, number: number + 1, correctionId })
    }
    before = add(before, costsRecovered)
    past = pastWith(past, allocated, now ?? { earned: accrual, exact: rational(accrual.exact) })
  }
  return true
}

const isSame = (entry: Accrual, { earned: { base, commission, vat } }: Explained, withheld: number, costsRecovered: Minor): boolean =>
  base === entry.base && commission === entry.commission && vat === entry.vat && withheld === entry.withheld && costsRecovered === recoveredBy(entry)

const factsOf = ({ id: commissionEntryId, kind, paymentId, placementId, accountId, currency, base, commission, vat, costsRecovered, recoverFrom }: CommissionEntry) =>
  ({ commissionEntryId, kind, paymentId, placementId, accountId, currency, base, commission, vat, costsRecovered, recoverFrom })
