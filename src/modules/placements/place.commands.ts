import type { Buckets, CalendarDay, Id, Problem } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx, Vault } from '#platform'
import {
  daysPastDue, deleteAccountParties, findAccountsByReference, insertAccountParties, insertAccounts, lockClosedAccounts, restateAccounts, stageAtPlacement,
} from '../accounts/index.ts'
import type { AccountRow, NewAccount } from '../accounts/index.ts'
import { linesFor, post, postOpenings } from '../ledger/index.ts'
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

/** A debt on its way into the books: `account` is the one it is placed on again, if there was one. */
interface Candidate { readonly at: number, readonly debt: ReadDebt, readonly agreement: Agreement, readonly account: AccountRow | null, readonly accountId: Id<'account'>, readonly placementId: Id<'placement'> }

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
  const debts = readAll(inputs, handover, tx.ctx.now, outcomes)
  const candidates = await findCandidates(tx, handover, debts, outcomes)
  for (const { at, debt, accountId, placementId } of candidates) {
    outcomes[at] = handover.isDryRun === true
      ? { outcome: 'accepted', accountId: null, placementId: null, balance: debt.balance }
      : { outcome: 'accepted', accountId, placementId, balance: debt.balance }
  }
  if (handover.isDryRun === true || candidates.length === 0) return outcomes

  const fresh = await openAccounts(tx, handover, candidates.filter(({ account }) => account === null), outcomes)
  const again = candidates.filter(({ account }) => account !== null)
  if (again.length > 0) await restateAccounts(tx, again.map(accountOf))
  const numbers = again.length > 0 ? await findPlacementNumbers(tx, again.map(({ accountId }) => accountId)) : new Map<Id<'account'>, number>()
  if (again.length > 0) await deleteAccountParties(tx, again.map(({ accountId }) => accountId))

  const placed = [...fresh, ...again]
  if (placed.length === 0) return outcomes
  await addAccountParties(tx, vault, handover, placed)
  const rows = placed.map(candidate => placementOf(candidate, (numbers.get(candidate.accountId) ?? 0) + 1))
  insertPlacements(tx, handover, rows)
  postOpenings(tx, fresh.map(candidate => openingOf(handover, candidate)))
  await post(tx, again.flatMap(candidate => restatementOf(handover, candidate)))
  for (const { id, accountId, placementNumber, state } of rows) {
    emit(tx, state === 'offered' ? PlacementOffered : PlacementActivated, { accountId, lenderId: handover.lenderId }, { placementId: id, accountId, placementNumber })
  }
  return outcomes
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

/** The debts that can be placed: those under an agreement, whose reference is free or whose placements have all ended. */
async function findCandidates (tx: Tx, handover: Handover, debts: readonly { at: number, debt: ReadDebt }[], outcomes: PlacementOutcome[]): Promise<Candidate[]> {
  if (debts.length === 0) return []
  const agreements = await findAgreements(tx, handover, debts.map(({ debt }) => debt))
  const known = await findAccountsByReference(tx, handover.lenderId, debts.map(({ debt }) => debt.input.lenderReference))
  const ended = [...known.values()].filter(({ closedAt }) => closedAt !== null).map(({ id }) => id)
  const closed = ended.length > 0 ? await lockClosedAccounts(tx, ended) : new Map<Id<'account'>, AccountRow>()
  const candidates: Candidate[] = []
  for (let i = 0; i < debts.length; i++) {
    const { at, debt } = debts[i]!
    const { currency, lenderReference } = debt.input
    const agreement = agreements[i]
    const open = known.get(lenderReference)
    const account = open === undefined ? null : closed.get(open.id) ?? null
    if (agreement == null) outcomes[at] = rejected(AgreementMissing({ currency, on: debt.placedOn }, { violations: [{ pointer: '/currency', message: 'has no agreement in force' }] }))
    else if (open !== undefined && account === null) outcomes[at] = duplicate(open.id, 'is the reference of an open account')
    else if (account !== null && account.currency !== currency) {
      outcomes[at] = rejected(CurrencyChanged({ accountId: account.id, currency: account.currency }, { violations: [{ pointer: '/currency', message: `is not ${account.currency}` }] }))
    } else candidates.push({ at, debt, agreement, account, accountId: account?.id ?? newId('account'), placementId: newId('placement') })
  }
  // In the order of their references, so that two transactions with the same debts meet at the first and neither waits for the other in a circle.
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

/** Opens new accounts. A reference that another transaction took in the meantime is a duplicate; the others are answered. */
async function openAccounts (tx: Tx, { lenderId }: Handover, candidates: readonly Candidate[], outcomes: PlacementOutcome[]): Promise<Candidate[]> {
  if (candidates.length === 0) return []
  const inserted = await insertAccounts(tx, lenderId, candidates.map(accountOf))
  const late = candidates.filter(({ accountId }) => !inserted.has(accountId))
  if (late.length === 0) return [...candidates]
  const known = await findAccountsByReference(tx, lenderId, late.map(({ debt }) => debt.input.lenderReference))
  for (const { at, debt } of late) outcomes[at] = duplicate(known.get(debt.input.lenderReference)?.id ?? null, 'is the reference of an open account')
  return candidates.filter(({ accountId }) => inserted.has(accountId))
}

const accountOf = ({ accountId, agreement, debt: { input, placedOn, balance } }: Candidate): NewAccount => ({
  id: accountId, agreementId: agreement.id, lenderReference: input.lenderReference, product: input.product, currency: input.currency, jurisdiction: input.jurisdiction,
  region: input.region ?? null, timeZone: input.timeZone, contractOn: input.contractOn ?? null, dueOn: input.dueOn,
  stage: stageAtPlacement(daysPastDue(input.dueOn, placedOn)), ...balance, placedOn,
})

async function addAccountParties (tx: Tx, vault: Vault, { lenderId }: Handover, candidates: readonly Candidate[]): Promise<void> {
  const all = candidates.flatMap(({ accountId, debt }) => debt.input.parties.map(({ role, ...party }) => ({ accountId, role, party })))
  const ids = await addParties(tx, vault, lenderId, all.map(({ party }) => party))
  insertAccountParties(tx, lenderId, all.map(({ accountId, role }, i) => ({ accountId, role, partyId: ids[i]! })))
}

const placementOf = ({ placementId, accountId, agreement, debt }: Candidate, placementNumber: number): NewPlacement => ({
  id: placementId, accountId, agreementId: agreement.id, placementNumber, state: agreement.terms.autoAccept ? 'active' : 'offered',
  placedOn: debt.placedOn, termEndsOn: termEndsOn(debt.placedOn, agreement.terms.termDays),
})

const openingOf = ({ lenderId }: Handover, { accountId, placementId, debt: { input, placedOn, balance } }: Candidate): Entry => ({
  lenderId, accountId, kind: 'placement', causeId: placementId, effectiveOn: placedOn, currency: input.currency,
  lines: linesFor(balance, (claim, amount) => ({ debit: claim, credit: 'C.PLACED', amount })),
})

/** The entry that brings a debt placed again to its new balance; none when it owes just that. */
function restatementOf ({ lenderId }: Handover, { accountId, placementId, account, debt: { input, placedOn, balance } }: Candidate): Entry[] {
  const { raised, lowered } = restatement(account!, balance)
  const lines = [
    ...linesFor(raised, (claim, amount) => ({ debit: claim, credit: 'C.ADJUSTED', amount })),
    ...linesFor(lowered, (claim, amount) => ({ debit: 'C.ADJUSTED', credit: claim, amount })),
  ]
  return lines.length === 0 ? [] : [{ lenderId, accountId, kind: 'adjustment', causeId: placementId, effectiveOn: placedOn, currency: input.currency, lines }]
}
