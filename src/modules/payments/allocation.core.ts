import { add, compareR, lesser, minor, noBuckets, rational, sub, zero } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Minor } from '#kernel'

/**
 * Something owed that a payment can settle: an instalment's part, a charge. `disputed` of it is paid last, when nothing else is left (Regulation Z, comment
 * 53-3). `ratePercent` is what it costs the debtor a year, for orders that go by it.
 */
export interface Item { part: Bucket, dueOn: CalendarDay, amount: Minor, disputed?: Minor, ratePercent?: string }

/** What comes first among items of one part: the one due first, or the dearest (12 CFR 1026.53: what is above the minimum goes to the highest rate). */
export const precedences = ['dueFirst', 'highestRate'] as const
export type Precedence = typeof precedences[number]

/** In which order a payment settles what is due, and then what is not due yet. A part that is left out of a list gets nothing there. */
export interface Waterfall { due: readonly Bucket[], inAdvance: readonly Bucket[], precedence?: Precedence }

/** What a law or practice says of the order, where an agreement does not. */
export interface LegalOrder { order: readonly Bucket[], source: string }

/** Orders by law: parts in the order they are settled. */
export const legalOrders: Record<string, LegalOrder> = {
  'us-federal-claims': { order: ['penalty', 'costs', 'interest', 'principal'], source: '31 CFR 901.9(f); 49 CFR 1017.14(d)' },
  'us-ca-judgment': { order: ['costs', 'penalty', 'interest', 'principal'], source: 'California Code of Civil Procedure, section 695.220' },
  'de-bgb-367': { order: ['costs', 'penalty', 'interest', 'principal'], source: 'BGB, section 367(1)' },
  'de-bgb-497-consumer-loan': { order: ['costs', 'principal', 'penalty', 'interest'], source: 'BGB, section 497(3): costs of the action, then the amount owed, interest last' },
  'cn-judgment': { order: ['costs', 'principal', 'interest', 'penalty'], source: 'Fa Shi [2014] 8, article 4: the judgment debt first, doubled interest after it' },
}

/** A fact in the life of what is owed, in the order they were written down: something more that is owed, a payment, or the undoing of one by its place among the payments. */
export type AllocationFact =
  | { kind: 'charge', on: CalendarDay, item: Item }
  | { kind: 'payment', on: CalendarDay, amount: Minor }
  | { kind: 'undo', payment: number }

/** What a payment settled: by part, by item (its place among all, those owed from the start first), and what was left. */
export interface Settled { payment: number, on: CalendarDay, amount: Minor, parts: Buckets, items: { item: number, amount: Minor }[], overpaid: Minor }

/**
 * Settles items with one payment: what is due on its day, part by part in their order, across all instalments; then what is not due yet, instalment by
 * instalment in the order for that, each with the charges that fall due before it; what is disputed last of all. `open` is what each item still owes, and what of it is disputed; neither is changed.
 */
export function settle (items: readonly Item[], open: readonly { undisputed: Minor, disputed: Minor }[], { due, inAdvance, precedence = 'dueFirst' }: Waterfall, on: CalendarDay, amount: Minor): Omit<Settled, 'payment' | 'on' | 'amount'> {
  const taken = new Map<number, Minor>()
  const parts = { ...noBuckets }
  let left = amount
  const pass = (order: readonly Bucket[], isIn: (item: Item) => boolean, of: 'undisputed' | 'disputed'): void => {
    for (const part of order) {
      const turn = items.map((item, i) => ({ item, i })).filter(({ item }) => item.part === part && isIn(item)).sort((a, b) => before(a.item, b.item, precedence) || a.i - b.i)
      for (const { i } of turn) {
        const paid = lesser(left, open[i]![of])
        if (paid === zero) continue
        taken.set(i, add(taken.get(i) ?? zero, paid))
        parts[part] = add(parts[part], paid)
        left = sub(left, paid)
      }
    }
  }
  const ends = precedence === 'dueFirst' ? instalmentsOf(items) : [forever]
  for (const of of ['undisputed', 'disputed'] as const) {
    pass(due, item => item.dueOn <= on, of)
    for (const [i, end] of ends.entries()) pass(inAdvance, item => item.dueOn > on && item.dueOn <= end && item.dueOn > (ends[i - 1] ?? ''), of)
  }
  return { parts, items: [...taken].map(([item, paid]) => ({ item, amount: paid })), overpaid: left }
}

const forever = '9999-12-31'

/** The days on which instalments end: those on which principal or interest is due. What falls due after the last stands by itself. */
const instalmentsOf = (items: readonly Item[]): CalendarDay[] =>
  [...new Set([...items.filter(({ part }) => part === 'principal' || part === 'interest').map(({ dueOn }) => dueOn), forever])].sort()

const before = (a: Item, b: Item, precedence: Precedence): number => {
  if (precedence === 'highestRate') return compareR(rational(b.ratePercent ?? '0'), rational(a.ratePercent ?? '0'))
  return a.dueOn < b.dueOn ? -1 : a.dueOn > b.dueOn ? 1 : 0
}

/**
 * Lives what is owed from its facts: each takes effect on its day, and those of one day in the order they were written down, so that a payment which
 * arrives late is applied where it belongs and a charge written down after a payment of the same day takes nothing from it. A payment that was undone
 * counts as if it had never been. Pure: facts that arrive in another order end in the same allocation.
 */
export function allocateHistory (items: readonly Item[], facts: readonly AllocationFact[], waterfall: Waterfall): Settled[] {
  const undone = new Set(facts.flatMap(fact => fact.kind === 'undo' ? [fact.payment] : []))
  let payment = -1
  const dated = facts.flatMap((fact, i) => {
    if (fact.kind === 'undo') return []
    if (fact.kind === 'payment') payment++
    return [{ fact, i, payment }]
  }).sort((a, b) => a.fact.on < b.fact.on ? -1 : a.fact.on > b.fact.on ? 1 : a.i - b.i)
  const owed = [...items]
  const openOf = ({ amount, disputed = zero }: Item): { undisputed: Minor, disputed: Minor } => ({ undisputed: minor(amount - lesser(amount, disputed)), disputed: lesser(amount, disputed) })
  const open = owed.map(openOf)
  const settled: Settled[] = []
  for (const { fact, payment: number } of dated) {
    if (fact.kind === 'charge') {
      owed.push(fact.item)
      open.push(openOf(fact.item))
    } else if (fact.kind === 'payment' && !undone.has(number)) {
      const now = settle(owed, open, waterfall, fact.on, fact.amount)
      for (const { item, amount } of now.items) {
        const one = open[item]!
        const undisputed = lesser(amount, one.undisputed)
        open[item] = { undisputed: sub(one.undisputed, undisputed), disputed: sub(one.disputed, sub(amount, undisputed)) }
      }
      settled.push({ payment: number, on: fact.on, amount: fact.amount, ...now })
    }
  }
  return settled
}
