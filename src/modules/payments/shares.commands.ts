import { totalOf } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import { InvalidRequest, NotFound } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import type { AccountRow } from '../accounts/index.ts'
import { agreedPercent, listCases, packsFor } from '../charges/index.ts'
import { findAgreements, typeOn } from '../lenders/index.ts'
import { AccountNotPlaced } from '../placements/index.ts'
import { decideQuestions, findLawSince, payDebts } from '../policy/index.ts'
import type { AllocationFacts, OwedDebt } from '../policy/index.ts'
import { findRateValues } from '../rates/index.ts'
import { checkPayment } from './core.ts'
import { owedOn } from './corrections.commands.ts'
import type { PaymentRow } from './db.ts'
import { applyPart } from './receipts.commands.ts'
import { leftOf, takenOf } from './receipts.core.ts'
import { lockReceipt } from './receipts.db.ts'
import type { ReceiptRow } from './receipts.db.ts'
import type { ReceiptAllocationInput } from './shares.api.ts'
import { DebtsApart, DebtsTooMany, NothingOwed, criteriaFor, sharingBy } from './shares.core.ts'
import type { Sharing } from './shares.core.ts'
import { debtsMax, findCommonBorrower, isParty, listDebtsOf } from './shares.db.ts'

/** How a receipt was shared out: what decided, what each debt got, and the payment it became. */
export interface Shared extends Sharing { policyDecisionId: Id<'policyDecision'>, amount: Minor, currency: string, left: Minor, shares: { accountId: Id<'account'>, amount: Minor, payment: PaymentRow | null }[] }

/**
 * Shares unidentified money out among several debts of one borrower with one lender, all of them or none: by the rule named, or as the law has it. Each share is a payment, received on the
 * day the money was. What no debt needs stays with the receipt. The answer of the law is kept. Throws `NotFound`, `ReceiptUsedUp`, `ReceiptOverdrawn`, `DebtsApart`, `DebtsTooMany`,
 * `NothingOwed` and what `receivePayment` does.
 */
export async function allocateReceipt (tx: Tx, receiptId: Id<'receipt'>, input: ReceiptAllocationInput): Promise<Shared> {
  let receipt = await lockReceipt(tx, receiptId)
  const amount = takenOf(receipt, input.amount)
  const { accounts, partyId } = await lockDebts(tx, receipt, input)
  const debts = await owedDebts(tx, accounts, input, receipt.receivedOn)
  if (debts.every(debt => debt.amount === 0)) throw NothingOwed()
  const { sharing, policyDecisionId } = await decideSharing(tx, accounts, partyId, debts, input, receipt, amount)
  const { shares } = payDebts(debts, amount, { criteria: sharing.criteria, designated: input.designatedAccountId })
  const made: Shared['shares'] = []
  for (const [i, { id: accountId }] of accounts.entries()) {
    const share = shares[i]!
    const applied = share === 0 ? null : await applyPart(tx, receipt, accountId, share)
    receipt = applied?.receipt ?? receipt
    made.push({ accountId, amount: share, payment: applied?.payment ?? null })
  }
  return { ...sharing, policyDecisionId, amount, currency: receipt.currency, left: leftOf(receipt), shares: made }
}

/** The debts an allocation is for, locked in the order of their ids, and the borrower they have in common. */
async function lockDebts (tx: Tx, receipt: ReceiptRow, { partyId, debts, designatedAccountId }: ReceiptAllocationInput): Promise<{ accounts: AccountRow[], partyId: Id<'party'> }> {
  if (partyId !== undefined && !await isParty(tx, partyId)) throw NotFound()
  const ids = partyId === undefined ? debts!.map(({ accountId }) => accountId).sort() : await listDebtsOf(tx, partyId, receipt)
  if (new Set(ids).size < ids.length) throw InvalidRequest({}, { violations: [{ pointer: '/debts', message: 'names a debt twice' }] })
  if (ids.length > debtsMax) throw DebtsTooMany({ max: debtsMax })
  if (ids.length === 0) throw NothingOwed()
  const accounts: AccountRow[] = []
  for (const id of ids) {
    const account = await lockAccount(tx, id)
    checkPayment(account, account, receipt)
    if (account.closedAt !== null) throw AccountNotPlaced({ accountId: id })
    accounts.push(account)
  }
  if (designatedAccountId !== undefined && !ids.includes(designatedAccountId)) throw DebtsApart({ designatedAccountId }, { violations: [{ pointer: '/designatedAccountId', message: 'is none of the debts' }] })
  const common = partyId ?? await findCommonBorrower(tx, ids)
  if (common === null) throw DebtsApart()
  return { accounts, partyId: common }
}

/** What each debt owes on a day, and what orders may go by: when it was due and arose, its yearly rate as its burden, its security as far as it was said. */
async function owedDebts (tx: Tx, accounts: readonly AccountRow[], { debts = [] }: ReceiptAllocationInput, on: CalendarDay): Promise<OwedDebt[]> {
  const agreements = await findAgreements(tx, [...new Set(accounts.map(({ agreementId }) => agreementId))])
  const values = await findRateValues(tx, [...new Set([...agreements.values()].flatMap(({ terms: { interest } }) => interest?.index ?? []))])
  const owed: OwedDebt[] = []
  for (const account of accounts) {
    const { id, agreementId, dueOn, contractOn } = account
    const interest = agreements.get(agreementId)?.terms.interest ?? null
    const security = debts.find(({ accountId }) => accountId === id)?.security
    owed.push({
      debt: id, amount: totalOf(await owedOn(tx, account, on)), isDue: dueOn <= on, dueOn, ...contractOn !== null && { arisenOn: contractOn }, ...security !== undefined && { security },
      ...interest !== null && { burden: agreedPercent({ ...interest, values: values.get(interest.index ?? '') ?? [] }, on) },
    })
  }
  return owed
}

/** Asks the law what decides among the debts, and keeps its answer. */
async function decideSharing (
  tx: Tx, accounts: readonly AccountRow[], partyId: Id<'party'>, debts: OwedDebt[], { rule, designatedAccountId }: ReceiptAllocationInput, { receivedOn: on, currency }: ReceiptRow, payment: Minor,
): Promise<{ sharing: Sharing, policyDecisionId: Id<'policyDecision'> }> {
  const cases = [...(await listCases(tx, accounts.map(({ id }) => id))).values()]
  const law = await findLawSince(tx)
  const packs = new Map(cases.flatMap(of => packsFor(law, of, accounts[0]!.lenderId, on)).map(pack => [pack.id, pack]))
  const { borrowerKind, lender, product } = cases[0]!
  const lenderType = typeOn(lender, on)
  const agreedCriteria = criteriaFor(rule)
  const facts: AllocationFacts = {
    borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', ...lenderType !== null && { lenderType }, ...cases.every(of => of.product === product) && { product }, debts, ...agreedCriteria !== undefined && { agreedCriteria },
  }
  const [decision] = await decideQuestions(tx, 'allocation', [{
    accountId: null, lenderId: accounts[0]!.lenderId, partyId, packs: [...packs.values()], facts, action: { on, payment, currency, ...designatedAccountId !== undefined && { designates: designatedAccountId } },
  }])
  return { sharing: sharingBy(rule, decision!.verdict), policyDecisionId: decision!.id }
}
