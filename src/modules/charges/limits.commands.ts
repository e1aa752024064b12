import type { CalendarDay, Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { decideCharges, selectPacks } from '../policy/index.ts'
import { findRateValues } from '../rates/index.ts'
import type { ChargeTerms } from './core.ts'
import { ChargeRefused } from './events.ts'
import { asksBetween, chargesAsked, factsOf, limitRates, maxOf } from './limits.core.ts'
import type { ChargeCase, Limits } from './limits.core.ts'
import { listCases } from './limits.db.ts'

/** A debt whose charges the law is asked about. */
export interface Asking { accountId: Id<'account'>, lenderId: Id<'lender'>, terms: Pick<ChargeTerms, 'interest' | 'lateFees'>, on: readonly CalendarDay[] }

/**
 * Asks the law what each debt may be charged on each day, keeps every answer, and says so where it denies what was agreed. What is not known to be allowed is
 * not charged. Answers the limits of each debt, in the order of its days.
 */
export async function askLimits (tx: Tx, askings: readonly Asking[]): Promise<Map<Id<'account'>, Limits[]>> {
  const wanted = askings.filter(({ on, terms: { interest, lateFees } }) => on.length > 0 && (interest !== null || lateFees.length > 0))
  if (wanted.length === 0) return new Map()
  const cases = await listCases(tx, wanted.map(({ accountId }) => accountId))
  const rates = await findRateValues(tx, limitRates)
  const asked = wanted.flatMap(({ accountId, lenderId, terms, on }) => on.flatMap(day => {
    const of = cases.get(accountId)!
    return chargesAsked(terms, of, day).map(({ kind, charge }) => ({ accountId, lenderId, day, kind, request: { accountId, lenderId, partyId: null, packs: packsFor(of, day), facts: factsOf(of, terms.interest, rates, day), action: charge } }))
  }))
  const decisions = await decideCharges(tx, asked.map(({ request }) => request))
  const limits = new Map<Id<'account'>, Limits[]>(wanted.map(({ accountId, on }) => [accountId, on.map((from): Limits => ({ from }))]))
  for (const [i, { accountId, lenderId, day, kind }] of asked.entries()) {
    const { id: decisionId, verdict } = decisions[i]!
    const max = maxOf(verdict)
    limits.get(accountId)!.find(({ from }) => from === day)![kind] = { max, decisionId }
    if (verdict.verdict === 'denied') emit(tx, ChargeRefused, { accountId, lenderId }, { accountId, kind, from: day, maximum: max, policyDecisionId: decisionId })
  }
  return limits
}

/** The packs in force for a debt on a day. */
export const packsFor = ({ jurisdiction, region, product, borrowerKind, lenderType }: ChargeCase, on: CalendarDay) =>
  selectPacks({ jurisdiction, region, product, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', lenderType, collectorRole: 'agency', on })

/** The days on which the law was not asked yet about a debt that is charged up to a day: legal rates change with the half-year, and laws with time. */
export const daysToAsk = (limits: readonly Limits[], to: CalendarDay): CalendarDay[] => limits.length === 0 ? [] : asksBetween(limits.at(-1)!.from, to)
