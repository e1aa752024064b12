import type { CalendarDay, Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { typeOn } from '../lenders/index.ts'
import { chargeVerdict, findLawSince, jurisdictionsWith, packsIn, recordDecisions } from '../policy/index.ts'
import type { Charge, ChargeFacts, ChargeVerdict, Law, Pack } from '../policy/index.ts'
import { findRateValues } from '../rates/index.ts'
import type { ChargeTerms } from './core.ts'
import { ChargeRefused } from './events.ts'
import { askDays, asksBetween, chargesAsked, factsOf, lawRatesOf, limitRates, limitedKinds, maxOf } from './limits.core.ts'
import type { ChargeCase, Limit, LimitedKind, Limits } from './limits.core.ts'
import { listCases, listLimits, setLimits } from './limits.db.ts'
import { termsOf } from './terms.commands.ts'

/** A debt whose charges the law is asked about: those from `begun` on, up to `to`, but for what was asked up to and including `after`. */
export interface Asking { accountId: Id<'account'>, lenderId: Id<'lender'>, terms: Pick<ChargeTerms, 'interest' | 'lateFees'>, begun: CalendarDay, after: CalendarDay | null, to: CalendarDay }

/** What the law says of one kind of charge from a day on. */
interface Judged { accountId: Id<'account'>, lenderId: Id<'lender'>, from: CalendarDay, kind: LimitedKind, max: string | null, facts: ChargeFacts, action: Charge, verdict: ChargeVerdict }

/**
 * Asks the law what each debt may be charged on each day, keeps every answer, and says so where it denies what was agreed. What is not known to be allowed is
 * not charged. Answers the limits of each debt, in the order of its days.
 */
export async function askLimits (tx: Tx, askings: readonly Asking[]): Promise<Map<Id<'account'>, Limits[]>> {
  const judged = await judge(tx, askings)
  const kept = await keep(tx, judged)
  return limitsBy(judged, one => kept.get(one)!)
}

/**
 * Asks the law anew about debts whose case, or what the law rests on, is another by now. What it says otherwise is kept, said, and holds from the same days as
 * before. The caller holds the accounts' locks, and lives the debts again whose limits changed: those it answers. Asked twice, nothing changes twice.
 */
export async function askLimitsAnew (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<Set<Id<'account'>>> {
  const known = await listLimits(tx, accountIds)
  if (known.length === 0) return new Set()
  const terms = await termsOf(tx, known.map(({ agreementId }) => agreementId))
  const judged = await judge(tx, known.map(({ accountId, lenderId, agreementId, limits }): Asking => ({ accountId, lenderId, terms: terms.get(agreementId)!, begun: limits[0]!.from, after: null, to: limits.at(-1)!.from })))
  const held = new Map(known.flatMap(({ accountId, limits }) => limits.flatMap(found => limitedKinds.flatMap(kind => found[kind] === undefined ? [] : [[keyOf({ accountId, from: found.from, kind }), found[kind]] as const]))))
  const heldOf = (one: Judged): Limit | null => {
    const limit = held.get(keyOf(one))
    return limit === undefined || limit.max !== one.max ? null : limit
  }
  const news = judged.filter(one => heldOf(one) === null)
  const kept = await keep(tx, news)
  const anew = limitsBy(judged, one => heldOf(one) ?? kept.get(one)!)
  const isOther = new Set(news.map(({ accountId }) => accountId))
  const changed = new Map(known.flatMap(({ accountId, limits }) => {
    const found = anew.get(accountId) ?? []
    return isOther.has(accountId) || found.length !== limits.length ? [[accountId, found] as const] : []
  }))
  if (changed.size > 0) await setLimits(tx, changed)
  return new Set(changed.keys())
}

const keyOf = ({ accountId, from, kind }: Pick<Judged, 'accountId' | 'from' | 'kind'>): string => `${accountId} ${from} ${kind}`

/** Asks the law, and keeps nothing yet. */
async function judge (tx: Tx, askings: readonly Asking[]): Promise<Judged[]> {
  const wanted = askings.filter(({ terms: { interest, lateFees } }) => interest !== null || lateFees.length > 0)
  if (wanted.length === 0) return []
  const cases = await listCases(tx, wanted.map(({ accountId }) => accountId))
  const rates = await findRateValues(tx, limitRates)
  const law = await findLawSince(tx)
  return wanted.flatMap(({ accountId, lenderId, terms, begun, after, to }) => {
    const of = cases.get(accountId)!
    return askDays(begun, to, of.lender).filter(day => after === null || day > after).flatMap(from => {
      const packs = packsFor(law, of, lenderId, from)
      const facts = factsOf(of, terms.interest, rates, from)
      return chargesAsked(terms, of, from).map(({ kind, charge: action }): Judged => {
        const verdict = chargeVerdict(packs, facts, action)
        return { accountId, lenderId, from, kind, max: maxOf(verdict), facts, action, verdict }
      })
    })
  })
}

/** Keeps what the law said, and says so where it denies what was agreed. */
async function keep (tx: Tx, judged: readonly Judged[]): Promise<Map<Judged, Limit>> {
  const ids = judged.length === 0 ? [] : await recordDecisions(tx, judged.map(({ accountId, lenderId, facts, action, verdict }) => ({ accountId, lenderId, partyId: null, question: { kind: 'charge', facts, action }, verdict })))
  for (const [i, { accountId, lenderId, from, kind, max, verdict }] of judged.entries()) {
    if (verdict.verdict !== 'denied') continue
    emit(tx, ChargeRefused, { accountId, lenderId }, { accountId, kind, from, maximum: max, rules: verdict.reasons.map(({ rule }) => rule), policyDecisionId: ids[i]! })
  }
  return new Map(judged.map((one, i) => [one, { max: one.max, decisionId: ids[i]! }]))
}

function limitsBy (judged: readonly Judged[], limitOf: (one: Judged) => Limit): Map<Id<'account'>, Limits[]> {
  const limits = new Map<Id<'account'>, Limits[]>()
  for (const one of judged) {
    const own = limits.get(one.accountId) ?? []
    limits.set(one.accountId, own)
    if (own.at(-1)?.from !== one.from) own.push({ from: one.from })
    own.at(-1)![one.kind] = limitOf(one)
  }
  return limits
}

/** The packs in force for a debt on a day, with what the agency and its lender added. */
export const packsFor = (law: Law, { jurisdiction, region, product, borrowerKind, lender }: ChargeCase, lenderId: Id<'lender'>, on: CalendarDay): readonly Pack[] =>
  packsIn(law, { jurisdiction, region, product, borrowerType: borrowerKind === 'company' ? 'business' : 'consumer', lenderType: typeOn(lender, on), collectorRole: 'agency', on }, lenderId)

/** True when the law was not asked yet about all the days up to one: legal rates change with the half-year, and laws with time. */
export const mustAsk = (limits: readonly Limits[], to: CalendarDay): boolean => limits.length > 0 && asksBetween(limits.at(-1)!.from, to).length > 0

/** Where limits are made of a reference rate: countries by ISO 3166-1. */
export const limitedBy = (rateName: string): string[] => jurisdictionsWith(lawRatesOf(rateName))
