import { bucketsOf, totalOf } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import type { Tx } from '#platform'
import type { AccountRow } from '../accounts/index.ts'
import { listCases, packsFor } from '../charges/index.ts'
import { findAgreement, typeOn } from '../lenders/index.ts'
import { decideQuestions, findLawSince } from '../policy/index.ts'
import { chosenOrder, disputedDays } from './orders.core.ts'
import type { Order, Settling } from './orders.core.ts'
import { findOrder, insertOrder } from './orders.db.ts'

/** The placement whose debt is settled. */
interface Under { id: Id<'placement'>, agreementId: Id<'agreement'>, placedOn: CalendarDay }

/**
 * In which order payments settle the debt of a placement, and what of it is disputed when. The order is decided when it is first asked for: by the agreement, and by the law of the day the debt
 * was placed, whose answer is kept. From then on it is the same for every payment of the placement, whenever it is told of. The caller holds the account's lock.
 */
export async function orderOf (tx: Tx, account: AccountRow, placement: Under): Promise<Settling> {
  const { order, disputes } = await findOrder(tx, placement.id, account.id)
  return { ...order ?? await decideOrder(tx, account, placement), disputes: disputedDays(disputes, account.timeZone) }
}

async function decideOrder (tx: Tx, account: AccountRow, { id, agreementId, placedOn }: Under): Promise<Order> {
  const { id: accountId, lenderId, currency } = account
  const agreement = await findAgreement(tx, agreementId)
  if (agreement === null) throw new Error(`placement ${id} has no agreement`)
  const agreed = agreement.terms.allocation
  const of = (await listCases(tx, [accountId])).get(accountId)!
  const lenderType = typeOn(of.lender, placedOn)
  const [decision] = await decideQuestions(tx, 'allocation', [{
    accountId, lenderId, partyId: null, packs: packsFor(await findLawSince(tx), of, lenderId, placedOn),
    facts: { borrowerType: of.borrowerKind === 'company' ? 'business' : 'consumer', product: of.product, ...lenderType !== null && { lenderType }, balance: bucketsOf(account), ...agreed !== undefined && { agreedOrder: [...agreed] } },
    // The law is asked about the whole debt: the order does not hang on what a payment comes to.
    action: { on: placedOn, payment: Math.max(1, totalOf(bucketsOf(account))), currency },
  }])
  const order = { ...chosenOrder(agreed, decision!.verdict), policyDecisionId: decision!.id }
  await insertOrder(tx, id, { accountId, lenderId }, order)
  return order
}
