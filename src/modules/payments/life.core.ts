import { add, buckets, lessBuckets, lesser, noBuckets, sub, zero } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Minor } from '#kernel'
import { chargeReturnedPayment, chargeThrough, postedOn, restThrough } from '../charges/core.ts'
import type { ChargedDebt, ChargeTerms, NewCharge, Position } from '../charges/core.ts'
import type { Pause } from '../charges/pauses.core.ts'
import { claimAccounts, movedBy, negated } from '../ledger/core.ts'
import type { DatedLine, Line } from '../ledger/core.ts'
import { charged, paidAfterRecall, paidToAgency, paidToLender, recalled } from '../ledger/movements.core.ts'
import type { Source } from './clearing.core.ts'
import { allocate } from './core.ts'
import type { Allocation, Receiver } from './core.ts'
import { disputedOn } from './orders.core.ts'
import type { Disputed } from './orders.core.ts'

/**
 * Something that happened to a debt, with the day it took effect: a payment, the undoing of one (`returned`: of so much that came back unpaid), or another movement (a cost, a waiver, a
 * discount, an adjustment) as it was posted, or the undoing of one (`movementId`: of which). Money for the agency is at the bank unless `till` says otherwise; that it clears changes no debt. What was `refunded` of a payment settles nothing, ever: it has left. Facts are never computed anew; all else in a debt's life follows from them.
 */
export type Fact =
  | { kind: 'payment', paymentId: string, on: CalendarDay, amount: Minor, receivedBy: Receiver, refunded?: Minor, till?: Source }
  | { kind: 'reversal', paymentId: string, on: CalendarDay, returned: Minor | null }
  | { kind: 'movement', on: CalendarDay, lines: readonly Line[], id?: string }
  | { kind: 'undoing', movementId: string, on: CalendarDay }

/** A debt from its placement on. `opening` is what was placed; `position` how its charges begin; `order` the order in which a payment settles it, and `disputes` what of it is settled last, and when. */
export interface Beginning extends Omit<ChargedDebt, 'owed'> { opening: Buckets, position: Position, terms: ChargeTerms, pauses: readonly Pause[], order: readonly Bucket[], disputes: readonly Disputed[] }

/**
 * How far a life is lived: charges were posted on these days, and are made through `through`; after `workedThrough` the debt rests (null: it does not).
 * `isOurs`: the debt is the agency's to work, or will be again once a payment that closed it is undone. `isRecalled`: its lender took it back on that day.
 */
export interface Course { postingDays: readonly CalendarDay[], through: CalendarDay, workedThrough: CalendarDay | null, isOurs: boolean, isRecalled: boolean }

/** What follows from the facts: charges by posting day, what each payment settled, the movements of all that with the days they belong to, and what is owed at the end. */
export interface Life { charges: NewCharge[], allocations: Map<string, Allocation>, lines: DatedLine[], owed: Buckets, position: Position }

/** `gone`: what a recall has taken out of the books and no payment has settled since. `tail`: payments received after the placement ended. */
interface State { owed: Buckets, gone: Buckets, position: Position, life: Life, paid: Map<string, Line[]>, tail: Set<string>, moved: Map<string, Line[]> }

/**
 * Lives a debt from its facts alone: charges day by day as the night would have made them, each fact on its day. Pure, so that facts which arrive
 * in any order end in the same life; facts of one day keep the order in which they were written down. A day's charges come before its facts:
 * interest of the day a payment arrives is still on what was owed in the morning. No part ever falls below zero: a waiver of what was never
 * charged, or a payment of what was never owed, finds less and takes less.
 *
 * A recall takes what is owed at the end of its day, whenever that is known: a payment of that day or an earlier one that is told later leaves it less to take. What becomes
 * owed after it leaves the books at once, and a payment received after it settles what it took, as far as no other has.
 */
export function live (beginning: Beginning, facts: readonly Fact[], course: Course): Life {
  const life: Life = { charges: [], allocations: new Map(), lines: [], owed: beginning.opening, position: beginning.position }
  const state: State = { owed: beginning.opening, gone: noBuckets, position: beginning.position, life, paid: new Map(), tail: new Set(), moved: new Map() }
  const recalledOn = course.isRecalled ? course.workedThrough : null
  const days = [...new Set([...course.postingDays, ...facts.map(({ on }) => on), course.through, ...recalledOn === null ? [] : [recalledOn]])].filter(day => day <= course.through).sort()
  const inOrder = facts.map((fact, i) => ({ fact, i })).sort((a, b) => a.fact.on < b.fact.on ? -1 : a.fact.on > b.fact.on ? 1 : a.i - b.i)
  let next = 0
  for (const day of days) {
    accrue(state, beginning, course, day)
    for (; next < inOrder.length && inOrder[next]!.fact.on <= day; next++) {
      happen(state, beginning, course, inOrder[next]!.fact)
      if (recalledOn !== null && day > recalledOn) takeOut(state, day)
    }
    if (day === recalledOn) takeOut(state, day)
  }
  return { ...life, owed: state.owed, position: state.position }
}

/** What is owed leaves the books of a debt that was recalled. */
function takeOut (state: State, on: CalendarDay): void {
  const parts = state.owed
  state.gone = sumBuckets(state.gone, parts)
  move(state, on, recalled(parts))
}

/** Makes the charges of the days up to and including one. */
function accrue (state: State, beginning: Beginning, { workedThrough }: Course, day: CalendarDay): void {
  const worked = workedThrough === null || day < workedThrough ? day : workedThrough
  const { position, charges } = chargeThrough(state.position, { ...beginning, owed: state.owed }, beginning.terms, beginning.pauses, worked)
  state.position = restThrough(position, day)
  post(state, beginning, charges)
}

function post (state: State, beginning: Beginning, charges: readonly NewCharge[]): void {
  for (const charge of charges) {
    state.life.charges.push(charge)
    if (charge.amount > zero) move(state, postedOn(charge, beginning), charged(charge.kind, charge.amount))
  }
}

function happen (state: State, beginning: Beginning, { workedThrough, isOurs, isRecalled }: Course, fact: Fact): void {
  const isAfter = workedThrough !== null && fact.on > workedThrough
  if (fact.kind === 'payment') {
    const takesBack = isRecalled && isAfter
    const { refunded = zero } = fact
    const { allocated, overpaid } = allocate(takesBack ? state.gone : state.owed, sub(fact.amount, refunded), beginning.order, { on: fact.on, dueOn: beginning.dueOn, disputed: disputedOn(beginning.disputes, fact.on) })
    const allocation = { allocated, overpaid: add(overpaid, refunded) }
    state.life.allocations.set(fact.paymentId, allocation)
    const lines = paymentLines(fact.receivedBy, allocation, fact.till, takesBack)
    state.paid.set(fact.paymentId, lines)
    if (isAfter) state.tail.add(fact.paymentId)
    if (takesBack) state.gone = lessBuckets(state.gone, allocation.allocated)
    move(state, fact.on, lines)
  } else if (fact.kind === 'reversal') {
    const undone = negated(state.paid.get(fact.paymentId) ?? [])
    const isTail = state.tail.has(fact.paymentId)
    if (isTail && isRecalled) state.gone = sumBuckets(state.gone, state.life.allocations.get(fact.paymentId)!.allocated)
    move(state, fact.on, undone)
    if (fact.returned === null || isTail || !(isOurs || !isAfter)) return
    const { position, charges } = chargeReturnedPayment(state.position, { ...beginning, owed: state.owed }, beginning.terms, beginning.pauses, { id: fact.paymentId, amount: fact.returned }, fact.on)
    state.position = position
    post(state, beginning, charges)
  } else if (fact.kind === 'undoing') {
    move(state, fact.on, affordable(state.owed, negated(state.moved.get(fact.movementId) ?? [])))
  } else {
    const taken = affordable(state.owed, fact.lines)
    if (fact.id !== undefined) state.moved.set(fact.id, taken)
    move(state, fact.on, taken)
  }
}

/** Movements cut down to what each part of the debt has open when its turn comes. */
function affordable (owed: Buckets, lines: readonly Line[]): Line[] {
  let left = owed
  return lines.flatMap(line => {
    const bucket = buckets.find(name => claimAccounts[name] === line.credit)
    const taken = bucket === undefined ? line : { ...line, amount: lesser(line.amount, left[bucket]) }
    if (taken.amount === zero) return []
    const moved = movedBy([taken])
    left = sumBuckets(left, moved)
    return [taken]
  })
}

function move (state: State, on: CalendarDay, lines: readonly Line[]): void {
  for (const { debit, credit, amount } of lines) state.life.lines.push({ on, debit, credit, amount })
  state.owed = sumBuckets(state.owed, movedBy(lines))
}

const sumBuckets = (a: Buckets, b: Buckets): Buckets => lessBuckets(a, lessBuckets(noBuckets, b))

/**
 * Where a payment went: into trust for the lender, where `till` says it came in, or past the agency; what is overpaid into the agency's hands is the debtor's.
 * `takesBack`: what it settles a recall had taken out of the books.
 */
export function paymentLines (receivedBy: Receiver, { allocated, overpaid }: Allocation, till: Source = 'T.BANK', takesBack = false): Line[] {
  const lines = receivedBy === 'lender' ? paidToLender(allocated) : paidToAgency(allocated, overpaid, till)
  return takesBack ? paidAfterRecall(allocated, lines) : lines
}
