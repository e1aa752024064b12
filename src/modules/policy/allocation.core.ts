import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Balance, Nullable, OneOf, compareR, lesser, minor, noBuckets, rational, split, sub, sum } from '#kernel'
import type { Bucket, Minor } from '#kernel'
import type { AllocationFacts, DebtCriterion, OwedDebt, PaymentAsked } from './allocation.facts.core.ts'
import { strengths } from './pack.core.ts'
import type { Pack, RuleOf } from './pack.core.ts'
import { concerns, noPack, noRule, reasonOf, refusal, strengthOf, versionsOf } from './reason.core.ts'
import type { KnownCase } from './reason.core.ts'
import { Verdict } from './verdict.core.ts'
import type { Reason } from './verdict.core.ts'

const { reasons, packVersions, strength } = Verdict.properties

/** A rule that an answer rests on. */
export const RuleCited = Type.Object({
  rule: Type.String({ description: 'The rule.' }), pack: Type.String({ description: 'The pack it is from.' }), clause: Type.String({ description: 'Where the law says so.' }), says: Type.String({ description: 'What it says.' }), strength: OneOf(strengths, 'How far it binds.'),
}, { title: 'PolicyRuleCited' })
export type RuleCited = Static<typeof RuleCited>

const part = (name: string) => Type.Unsafe<Minor>({ ...Balance, description: `What it settles of ${name}, in minor units.` })

/** What the law says of one payment. */
export const AllocationVerdict = Type.Object({
  verdict: OneOf(['allowed', 'denied'], '`allowed`: the payment goes as said. `denied`: its order is not known.'),
  order: Type.Array(Type.String(), { description: 'The order: parts of the debt, or what decides among several debts, in turn.' }),
  isAgreed: Type.Boolean({ description: 'The order is the one that was agreed: the law lets it.' }),
  rule: Type.Unsafe<RuleCited | null>({ ...Nullable(RuleCited), description: 'The rule that gives the order, or lets it be agreed. Null: none is known.' }),
  parts: Nullable(Type.Object({ principal: part('principal'), interest: part('interest'), penalty: part('penalties'), costs: part('costs') }, { description: 'Of one debt: what it settles, part by part.' })),
  debts: Nullable(Type.Array(Type.Object({ debt: Type.String({ description: 'The debt.' }), amount: part('it') }), { description: 'Of several debts: what it settles of each, as they were given.' })),
  left: Type.Unsafe<Minor | null>({ ...Nullable(Balance), description: 'What is left of the payment when nothing is owed, in minor units. Null: not known.' }),
  strength, reasons: Type.Unsafe<Reason[]>({ ...reasons, description: 'Why the order is not known.' }), packVersions,
}, { title: 'AllocationVerdict' })
export type AllocationVerdict = Static<typeof AllocationVerdict>

type OrderRule = RuleOf<'allocation'> | RuleOf<'allocationDebts'>
/** An order and the rule it is from; `isAgreed` when the rule yields to what was agreed. */
interface Found<K extends OrderRule['kind']> { rule: RuleOf<K>, pack: Pack, isAgreed: boolean }
interface Refused { reasons: Reason[] }

const citing = ({ id, clause, says, strength }: OrderRule, pack: Pack): RuleCited => ({ rule: id, pack: pack.id, clause, says, strength })

/**
 * The one rule of a kind that orders a payment in a case: what a special rule replaces is left out, the strongest of several goes before. Refused
 * when it is not known which it is: a fact missing, no rule at all, or two as strong that disagree.
 */
function ruleFor<K extends OrderRule['kind']> (packs: readonly Pack[], kind: K, known: KnownCase, isAgreed: boolean): Found<K> | Refused {
  if (packs.length === 0) return { reasons: [noPack] }
  const isKind = (rule: Pack['rules'][number]): rule is Pack['rules'][number] & RuleOf<K> => rule.kind === kind
  const all = packs.flatMap(pack => pack.rules.filter(isKind).map(rule => ({ pack, rule, concern: concerns(rule.applies, known) }))).filter(({ concern }) => concern !== false)
  const replaced = new Set(all.flatMap(({ rule, concern }) => concern === true ? rule.replaces ?? [] : []))
  const left = all.filter(({ rule }) => !replaced.has(rule.id))
  const unknown = left.flatMap(({ pack, rule, concern }) => typeof concern === 'boolean' ? [] : [refusal(pack, rule, concern.missing)])
  if (unknown.length > 0) return { reasons: unknown }
  const strongest = left.filter(({ rule }) => !left.some(other => strengths.indexOf(other.rule.strength) > strengths.indexOf(rule.strength)))
  const [first, ...others] = strongest
  if (first === undefined) return { reasons: [noRule('in which order a payment settles what is owed')] }
  const disagrees = others.filter(({ rule }) => rule.order.join() !== first.rule.order.join())
  if (disagrees.length > 0) return { reasons: [first, ...disagrees].map(({ pack, rule }) => reasonOf(pack, rule, { fields: [...rule.order] }, null, 'a case that only one of these rules concerns')) }
  return { pack: first.pack, rule: first.rule, isAgreed: isAgreed && strongest.every(({ rule }) => rule.unless === 'agreement') }
}

/** Parts in a law's order, with penalties, which it does not name, where interest is, and before it. */
const withPenalty = (order: readonly Bucket[]): Bucket[] => order.flatMap(name => name === 'interest' ? ['penalty', 'interest'] : [name])

/** The order in which a payment settles the parts of a debt, and the rule that gives it or lets it be agreed. */
export interface LegalOrder { readonly order: readonly Bucket[], readonly isAgreed: boolean, readonly rule: RuleCited }

/** What a payment's order rests on: the case, and what was agreed. */
export type OrderFacts = KnownCase & Pick<AllocationFacts, 'agreedOrder'>

/** The order by law in which a payment settles the parts of a debt; what is agreed goes first where the law lets it. The reasons, when it is not known. */
export function legalOrderOf (packs: readonly Pack[], facts: OrderFacts): LegalOrder | Refused {
  const { agreedOrder } = facts
  const found = ruleFor(packs, 'allocation', facts, agreedOrder !== undefined)
  if ('reasons' in found) return found
  const legal = withPenalty(found.rule.order)
  return { order: found.isAgreed ? [...new Set([...agreedOrder!, ...legal])] : legal, isAgreed: found.isAgreed, rule: citing(found.rule, found.pack) }
}

/** Compares two debts by one criterion: negative when the first is paid before. Names what it lacks by `onMissing`. */
function compareBy (criterion: DebtCriterion, a: OwedDebt, b: OwedDebt, designated: string | undefined, onMissing: (fact: string) => void): number {
  const first = (isFirst: (debt: OwedDebt) => boolean): number => Number(isFirst(b)) - Number(isFirst(a))
  const earlier = (x: string | undefined, y: string | undefined): number => {
    if (x !== undefined && y !== undefined) return x < y ? -1 : x > y ? 1 : 0
    onMissing('facts.debts.dueOn')
    return 0
  }
  switch (criterion) {
    case 'borrowerDesignation': return first(({ debt }) => debt === designated)
    case 'due': return first(({ isDue }) => isDue)
    case 'lessSecured': return (a.security ?? 0) - (b.security ?? 0)
    case 'heavierBurden': return compareR(rational(b.burden ?? '0'), rational(a.burden ?? '0'))
    case 'earlierDue': return earlier(a.dueOn, b.dueOn)
    case 'older': return earlier(a.arisenOn ?? a.dueOn, b.arisenOn ?? b.dueOn)
    case 'proRata': return 0
  }
}

/** Pays groups of debts of one rank, one after another; a rank that cannot be paid whole, in proportion. */
function payInRanks (debts: readonly OwedDebt[], compare: (a: OwedDebt, b: OwedDebt) => number, payment: Minor): Map<OwedDebt, Minor> {
  const paid = new Map<OwedDebt, Minor>()
  const ranked = [...debts].sort(compare)
  let left = payment
  for (let from = 0; from < ranked.length && left > 0;) {
    const first = ranked[from]!
    const after = ranked.findIndex((debt, i) => i > from && compare(first, debt) !== 0)
    const rank = ranked.slice(from, after === -1 ? ranked.length : after)
    const owed = sum(rank.map(({ amount }) => amount))
    const shares = left >= owed ? rank.map(({ amount }) => minor(amount)) : split(left, rank.map(({ amount }) => amount))
    rank.forEach((debt, i) => paid.set(debt, shares[i]!))
    left = sub(left, lesser(left, owed))
    from += rank.length
  }
  return paid
}

/** How several debts are put in order: criteria, each where those before it say nothing; `designated` is the debt the borrower named, and `agreed` debts in an order that goes before all. */
export interface DebtOrder { criteria: readonly DebtCriterion[], designated?: string | undefined, agreed?: readonly string[] | undefined }

/** Pays several debts in their order, those of one rank in proportion: what of a payment goes to each, as they were given; and the facts that were missing to decide it. */
export function payDebts (debts: readonly OwedDebt[], payment: Minor, { criteria, designated, agreed = [] }: DebtOrder): { shares: Minor[], missing: string[] } {
  const missing = new Set<string>()
  if (new Set(debts.map(({ debt }) => debt)).size < debts.length || (designated !== undefined && !debts.some(({ debt }) => debt === designated))) missing.add('facts.debts')
  const placeOf = ({ debt }: OwedDebt): number => { const place = agreed.indexOf(debt); return place === -1 ? agreed.length : place }
  const compare = (a: OwedDebt, b: OwedDebt): number => {
    const before = placeOf(a) - placeOf(b)
    if (before !== 0 || a === b) return before
    for (const criterion of criteria) {
      const by = compareBy(criterion, a, b, designated, fact => missing.add(fact))
      if (by !== 0) return by
    }
    return 0
  }
  const paid = payInRanks(debts, compare, payment)
  // Where everything is paid the order decides nothing, and what it would rest on need not be known.
  if (payment >= sum(debts.map(({ amount }) => amount))) missing.delete('facts.debts.dueOn')
  return { shares: debts.map(debt => paid.get(debt) ?? 0), missing: [...missing] }
}

type Outcome = Pick<AllocationVerdict, 'order' | 'isAgreed' | 'rule' | 'parts' | 'debts' | 'left'>

function amongDebts (packs: readonly Pack[], facts: AllocationFacts, { payment, designates }: PaymentAsked, debts: readonly OwedDebt[]): Outcome | Refused {
  const { agreedDebts, agreedCriteria } = facts
  const found = ruleFor(packs, 'allocationDebts', facts, agreedDebts !== undefined || agreedCriteria !== undefined)
  if ('reasons' in found) return found
  const { rule, pack, isAgreed } = found
  const criteria = isAgreed && agreedCriteria !== undefined ? agreedCriteria : rule.order
  const { shares, missing } = payDebts(debts, payment, { criteria, designated: designates, agreed: isAgreed ? agreedDebts : undefined })
  if (missing.length > 0) return { reasons: [refusal(pack, rule, missing)] }
  return { order: [...criteria], isAgreed, rule: citing(rule, pack), parts: null, debts: debts.map(({ debt }, i) => ({ debt, amount: shares[i]! })), left: sub(payment, lesser(payment, sum(debts.map(({ amount }) => amount)))) }
}

function amongParts (packs: readonly Pack[], facts: AllocationFacts, { payment }: PaymentAsked): Outcome | Refused {
  const found = legalOrderOf(packs, facts)
  if ('reasons' in found) return found
  const parts = { ...noBuckets }
  let left: Minor = payment
  for (const name of found.order) {
    parts[name] = lesser(left, facts.balance?.[name] ?? 0)
    left = sub(left, parts[name])
  }
  return { order: [...found.order], isAgreed: found.isAgreed, rule: found.rule, parts: { principal: parts.principal, interest: parts.interest, penalty: parts.penalty, costs: parts.costs }, debts: null, left }
}

/**
 * In which order, by law, a payment settles the parts of one debt, or several debts, and what it settles of each; what was agreed goes first where
 * the law lets it. Denied when the order is not known. Pure: the same packs, facts and payment give the same bytes.
 */
export function allocationVerdict (packs: readonly Pack[], facts: AllocationFacts, asked: PaymentAsked): AllocationVerdict {
  const outcome = facts.debts === undefined ? amongParts(packs, facts, asked) : amongDebts(packs, facts, asked, facts.debts)
  const refused = 'reasons' in outcome ? outcome.reasons : []
  const known: Outcome = 'reasons' in outcome ? { order: [], isAgreed: false, rule: null, parts: null, debts: null, left: null } : outcome
  return { verdict: refused.length === 0 ? 'allowed' : 'denied', ...known, strength: strengthOf(refused), reasons: refused, packVersions: versionsOf(packs) }
}
