import { addDays, dayIn } from '#kernel'
import type { Buckets, CalendarDay, Id, Problem } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx, Vault } from '#platform'
import {
  daysPastDue, deleteAccountParties, findAccountsByReference, insertAccountParties, insertAccounts, lockClosedAccounts, restateAccounts, stageAtPlacement,
} from '../accounts/index.ts'
import type { AccountRow, NewAccount } from '../accounts/index.ts'
import { movements, post, postOpenings } from '../ledger/index.ts'
import type { Entry } from '../ledger/index.ts'
import { AgreementMissing, findAgreement, findAgreementsInForce } from '../lenders/index.ts'
import type { Agreement } from '../lenders/index.ts'
import { addParties } from '../parties/index.ts'
import { CurrencyChanged, PlacementDuplicate, refusalOf, restatement, termEndsOn } from './core.ts'
import { findPlacementNumbers, insertPlacements } from './db.ts'
import type { NewPlacement } from './db.ts'
import { PlacementActivated, PlacementOffered } from './events.ts'
import { readDebt } from './input.commands.ts'
import type { DebtInput, ReadDebt } from './input.commands.ts'
import { dueAtOf } from './life.core.ts'

/**
 * For whom and how debts are placed. Without `agreementId` each falls under the newest agreement in force for its currency; `placedOn` is for
 * debts that name no day themselves. A dry run answers what would become of each and changes nothing.
 */
export interface Handover {
  lenderId: Id<'lender'>, agreementId?: Id<'agreement'> | undefined, batchId: Id<'placementBatch'> | null, placedOn?: CalendarDay | null, isDryRun?: boolean
}

/** What became of a debt. A dry run accepts without ids. A duplicate names the open account that has its reference, when that is known. */
export type PlacementOutcome =
  | { readonly outcome: 'accepted', readonly accountId: Id<'account'> | null, readonly placementId: Id<'placement'> | null, readonly balance: Buckets }
  | { readonly outcome: 'duplicate', readonly refusal: Problem, readonly accountId: Id<'account'> | null }
  | { readonly outcome: 'rejected', readonly refusal: Problem }

/** A debt on its way into the books, under its agreement. */
interface Candidate { readonly at: number, readonly debt: ReadDebt, readonly agreement: Agreement, readonly accountId: Id<'account'>, readonly placementId: Id<'placement'> }

/** A debt that was placed before, on the account it has. */
interface Returning extends Candidate { readonly account: AccountRow }

const duplicate = (accountId: Id<'account'> | null, message: string): PlacementOutcome =>
  ({ outcome: 'duplicate', accountId, refusal: PlacementDuplicate({ accountId }, { violations: [{ pointer: '/lenderReference', message }] }) })

const rejected = (refusal: Problem): PlacementOutcome => ({ outcome: 'rejected', refusal })

/**
 * Places debts of one lender, each accepted, a duplicate or rejected by itself; answers in the order given. Set-based: the number of
 * statements does not grow with the number of debts. Of two transactions that place the same reference at once, one places it.
 * A debt whose placements have all ended is placed again, and then owes exactly the new balance. Emits `PlacementActivated` or `PlacementOffered` for each.
 */
export async function placeAccounts (tx: Tx, vault: Vault, handover: Handover, inputs: readonly DebtInput[]): Promise<PlacementOutcome[]> {
  const outcomes = new Array<PlacementOutcome>(inputs.length)
  const candidates = await findCandidates(tx, handover, readAll(inputs, handover, tx.ctx.now, outcomes), outcomes)
  if (candidates.length === 0) return outcomes
  if (handover.isDryRun === true) {
    const { free, again } = await findTaken(tx, handover, candidates, outcomes)
    for (const { at, debt } of [...free, ...again]) outcomes[at] = { outcome: 'accepted', accountId: null, placementId: null, balance: debt.balance }
    return outcomes
  }
  // Opened without asking first: whatever stands in the way, the index knows, and it is in the way of few.
  const inserted = await insertAccounts(tx, handover.lenderId, candidates.map(accountOf))
  const isInserted = ({ accountId }: Candidate): boolean => inserted.has(accountId)
  const fresh = inserted.size === candidates.length ? candidates : candidates.filter(isInserted)
  const { again, free } = fresh.length === candidates.length ? { again: [], free: [] } : await findTaken(tx, handover, candidates.filter(candidate => !isInserted(candidate)), outcomes)
  for (const { at } of free) outcomes[at] = duplicate(null, 'is the reference of an open account')
  const numbers = again.length > 0 ? await reopenAccounts(tx, again) : new Map<Id<'account'>, number>()
  await placeOn(tx, vault, handover, { fresh, again, numbers })
  for (const { at, debt, accountId, placementId } of [...fresh, ...again]) outcomes[at] = { outcome: 'accepted', accountId, placementId, balance: debt.balance }
  return outcomes
}

/** Writes what hangs on accounts that are open now: parties, placements, entries, events. `numbers` are the placements that accounts have had. */
async function placeOn (tx: Tx, vault: Vault, handover: Handover, { fresh, again, numbers }: { fresh: readonly Candidate[], again: readonly Returning[], numbers: ReadonlyMap<Id<'account'>, number> }): Promise<void> {
  const placed = [...fresh, ...again]
  if (placed.length === 0) return
  await addAccountParties(tx, vault, handover, placed)
  const rows = placed.map(candidate => placementOf(candidate, (numbers.get(candidate.accountId) ?? 0) + 1, tx.ctx.now))
  insertPlacements(tx, handover, rows)
  postOpenings(tx, fresh.map(candidate => openingOf(handover, candidate)))
  await post(tx, again.flatMap(candidate => restatementOf(handover, candidate)))
  for (const { id, accountId, placementNumber, state } of rows) {
    emit(tx, state === 'offered' ? PlacementOffered : PlacementActivated, { accountId, lenderId: handover.lenderId }, { placementId: id, accountId, placementNumber })
  }
}

/** Reads every debt by its own rules; the first of several with one reference goes on, the others are duplicates. */
function readAll (inputs: readonly DebtInput[], { placedOn = null }: Handover, now: Date, outcomes: PlacementOutcome[]): { at: number, debt: ReadDebt }[] {
  const references = new Set<string>()
  const debts: { at: number, debt: ReadDebt }[] = []
  for (let at = 0; at < inputs.length; at++) {
    const input = inputs[at]!
    const debt = readDebt(input, placedOn, now)
    if (references.has(input.lenderReference)) outcomes[at] = duplicate(null, 'is the reference of an earlier row')
    else if (Array.isArray(debt)) outcomes[at] = rejected(refusalOf(debt))
    else debts.push({ at, debt })
    references.add(input.lenderReference)
  }
  return debts
}

/** The debts that fall under an agreement, in the order of their references: two transactions with the same debts meet at the first, and neither waits for the other in a circle. */
async function findCandidates (tx: Tx, handover: Handover, debts: readonly { at: number, debt: ReadDebt }[], outcomes: PlacementOutcome[]): Promise<Candidate[]> {
  if (debts.length === 0) return []
  const agreements = await findAgreements(tx, handover, debts.map(({ debt }) => debt))
  const candidates: Candidate[] = []
  for (let i = 0; i < debts.length; i++) {
    const { at, debt } = debts[i]!
    const agreement = agreements[i]
    if (agreement == null) outcomes[at] = rejected(AgreementMissing({ currency: debt.input.currency, on: debt.placedOn }, { violations: [{ pointer: '/currency', message: 'has no agreement in force' }] }))
    else candidates.push({ at, debt, agreement, accountId: newId('account'), placementId: newId('placement') })
  }
  return candidates.sort((a, b) => a.debt.input.lenderReference < b.debt.input.lenderReference ? -1 : 1)
}

/** The agreement of each debt: the one named, if it is the lender's and in its currency, or the newest in force on its day. */
async function findAgreements (tx: Tx, { lenderId, agreementId }: Handover, debts: readonly ReadDebt[]): Promise<(Agreement | null)[]> {
  if (agreementId !== undefined) {
    const named = await findAgreement(tx, agreementId)
    return debts.map(({ input }) => named !== null && named.lenderId === lenderId && named.currency === input.currency ? named : null)
  }
  const nameOf = ({ input, placedOn }: ReadDebt): string => input.currency + placedOn
  const asked = new Map(debts.map(debt => [nameOf(debt), { currency: debt.input.currency, on: debt.placedOn }]))
  const found = await findAgreementsInForce(tx, lenderId, [...asked.values()])
  const byName = new Map([...asked.keys()].map((name, i) => [name, found[i] ?? null]))
  return debts.map(debt => byName.get(nameOf(debt)) ?? null)
}

/**
 * Tells apart debts by the accounts that have their references: open ones make them duplicates, closed ones (now locked) let them be placed
 * again, and `free` are the references that no account has.
 */
async function findTaken (tx: Tx, { lenderId }: Handover, candidates: readonly Candidate[], outcomes: PlacementOutcome[]): Promise<{ free: Candidate[], again: Returning[] }> {
  const known = await findAccountsByReference(tx, lenderId, candidates.map(({ debt }) => debt.input.lenderReference))
  const ended = [...known.values()].filter(({ closedAt }) => closedAt !== null).map(({ id }) => id)
  const closed = ended.length > 0 ? await lockClosedAccounts(tx, ended) : new Map<Id<'account'>, AccountRow>()
  const free: Candidate[] = []
  const again: Returning[] = []
  for (const candidate of candidates) {
    const { at, debt: { input: { lenderReference, currency } } } = candidate
    const found = known.get(lenderReference)
    const account = found === undefined ? undefined : closed.get(found.id)
    if (found === undefined) free.push(candidate)
    else if (account === undefined) outcomes[at] = duplicate(found.id, 'is the reference of an open account')
    else if (account.currency === currency) again.push({ ...candidate, account, accountId: account.id })
    else outcomes[at] = rejected(CurrencyChanged({ accountId: account.id, currency: account.currency }, { violations: [{ pointer: '/currency', message: `is not ${account.currency}` }] }))
  }
  return { free, again }
}

/** Opens closed accounts again with the facts given now, and without their parties of old; answers how many placements each has had. */
async function reopenAccounts (tx: Tx, again: readonly Returning[]): Promise<Map<Id<'account'>, number>> {
  const ids = again.map(({ accountId }) => accountId)
  await restateAccounts(tx, again.map(accountOf))
  await deleteAccountParties(tx, ids)
  return await findPlacementNumbers(tx, ids)
}

const accountOf = ({ accountId, agreement, debt: { input, placedOn, balance } }: Candidate): NewAccount => ({
  id: accountId, agreementId: agreement.id, lenderReference: input.lenderReference, product: input.product, currency: input.currency, jurisdiction: input.jurisdiction,
  region: input.region ?? null, timeZone: input.timeZone, contractOn: input.contractOn ?? null, dueOn: input.dueOn, judgedOn: input.judgedOn ?? null,
  stage: stageAtPlacement(daysPastDue(input.dueOn, placedOn)), ...balance, placedOn,
})

async function addAccountParties (tx: Tx, vault: Vault, { lenderId }: Handover, candidates: readonly Candidate[]): Promise<void> {
  const all = candidates.flatMap(({ accountId, debt }) => debt.input.parties.map(({ role, ...party }) => ({ accountId, role, party })))
  const ids = await addParties(tx, vault, lenderId, all.map(({ party }) => party))
  insertAccountParties(tx, lenderId, all.map(({ accountId, role }, i) => ({ accountId, role, partyId: ids[i]! })))
}

/** Days to answer an offer when the agreement says nothing. */
const offerDaysDefault = 10

function placementOf ({ placementId, accountId, agreement: { id: agreementId, terms }, debt: { placedOn, input: { timeZone } } }: Candidate, placementNumber: number, now: Date): NewPlacement {
  const state = terms.autoAccept ? 'active' : 'offered'
  const answerBy = state === 'active' ? null : addDays(dayIn(timeZone, now), terms.offerDays ?? offerDaysDefault)
  const dates = { state, answerBy, termEndsOn: termEndsOn(placedOn, terms.termDays), toldEndsOn: null } as const
  return { id: placementId, accountId, agreementId, placementNumber, placedOn, state, answerBy, termEndsOn: dates.termEndsOn, dueAt: dueAtOf(dates, timeZone, now)!.toISOString() }
}

const openingOf = ({ lenderId }: Handover, { accountId, placementId, debt: { input, placedOn, balance } }: Candidate): Entry => ({
  lenderId, accountId, kind: 'placement', causeId: placementId, effectiveOn: placedOn, currency: input.currency,
  lines: movements.placed(balance),
})

/** The entry that brings a debt placed again to its new balance; none when it owes just that. */
function restatementOf ({ lenderId }: Handover, { accountId, placementId, account, debt: { input, placedOn, balance } }: Returning): Entry[] {
  const { raised, lowered } = restatement(account, balance)
  const lines = movements.adjusted(raised, lowered)
  return lines.length === 0 ? [] : [{ lenderId, accountId, kind: 'adjustment', causeId: placementId, effectiveOn: placedOn, currency: input.currency, lines }]
}
