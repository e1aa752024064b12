import { add, addDays, addMonths, formatR, lesser, minor, totalOf, zero } from '#kernel'
import type { Buckets, CalendarDay, Minor } from '#kernel'
import type { LateFeeTerms } from '../lenders/core.ts'
import type { Suspension } from '../rates/interest.core.ts'
import type { NewCharge } from './core.ts'
import { assessFees } from './lateFees.core.ts'
import type { FeeAmount, FeeRule } from './lateFees.core.ts'
import { feeLimit } from './limits.core.ts'
import type { Limit } from './limits.core.ts'
import { firstFreeDay } from './pauses.core.ts'

/** A fee for being late that is still to come: of which rule, the how manieth, and its first day. */
export interface PendingFee { code: string, turn: number, onOrAfter: CalendarDay }

/** What fees of a debt are still to come, what all of them came to, and when one of each trigger was charged last. */
export interface FeeState { pending: PendingFee[], charged: Minor, lastOn: { overdue?: CalendarDay, returnedPayment?: CalendarDay } }

/** A fee charged before, under an earlier placement too. */
export interface EarlierFee { causedBy: string, toOn: CalendarDay, amount: Minor }

/** The first day a late fee may be charged: so many days of grace must have passed since the debt was both due and placed. */
export const lateFeeOn = (graceDays: number, dueOn: CalendarDay, placedOn: CalendarDay): CalendarDay => addDays(dueOn > placedOn ? dueOn : placedOn, graceDays + 1)

const isOverdue = ({ trigger }: LateFeeTerms): boolean => trigger === 'overdue'
const triggerOf = (causedBy: string): LateFeeTerms['trigger'] => causedBy.startsWith(returned) ? 'returnedPayment' : 'overdue'
const causeOf = ({ code, turn }: PendingFee): string => `${code}:${turn}`
const returned = 'returned:'

/** The fees of a debt as it is placed. What an earlier placement was charged is not charged again. */
export function beginFees (rules: readonly LateFeeTerms[], { dueOn, placedOn }: { dueOn: CalendarDay, placedOn: CalendarDay }, earlier: readonly EarlierFee[]): FeeState {
  const causes = new Set(earlier.map(({ causedBy }) => causedBy))
  return {
    pending: rules.filter(isOverdue).filter(({ code }) => !causes.has(`${code}:1`)).map(({ code, graceDays = 0 }) => ({ code, turn: 1, onOrAfter: lateFeeOn(graceDays, dueOn, placedOn) })),
    charged: earlier.reduce((sum, { amount }) => add(sum, amount), zero),
    lastOn: earlier.reduce<FeeState['lastOn']>((last, { causedBy, toOn }) => withLast(last, triggerOf(causedBy), toOn), {}),
  }
}

const withLast = (last: FeeState['lastOn'], trigger: LateFeeTerms['trigger'], on: CalendarDay): FeeState['lastOn'] => ({ ...last, [trigger]: last[trigger] !== undefined && last[trigger] > on ? last[trigger] : on })

/** True while something is unpaid that is not a fee: nothing else makes a debt late (16 CFR 444.4; 12 CFR 1026.36(c)(2)). */
export const isLate = ({ principal, interest, costs }: Buckets): boolean => principal + interest + costs > 0

/** The first of the days after one up to another on which a fee falls; null when none does. */
export function nextFeeDay ({ pending }: FeeState, paused: readonly Suspension[], after: CalendarDay, to: CalendarDay): CalendarDay | null {
  let first: CalendarDay | null = null
  for (const { onOrAfter } of pending) {
    const next = addDays(after, 1)
    const from = onOrAfter > next ? onOrAfter : next
    const day = from > to ? null : firstFreeDay(paused, from, to)
    if (day !== null && (first === null || day < first)) first = day
  }
  return first
}

/** Charges the fees that fall on a day, rule by rule, on what is owed then; none is ever on an earlier fee. */
export function chargeFees (state: FeeState, owed: Buckets, rules: readonly LateFeeTerms[], limit: Limit | null, on: CalendarDay, room: Minor): { state: FeeState, charges: NewCharge[] } {
  let { charged, lastOn } = state
  let left = room
  const charges: NewCharge[] = []
  const pending: PendingFee[] = []
  for (const fee of state.pending) {
    const rule = rules.find(({ code }) => code === fee.code)
    if (fee.onOrAfter > on || rule === undefined) {
      pending.push(fee)
      continue
    }
    if (rule.everyDays !== undefined && fee.turn < (rule.timesMax ?? 1)) pending.push({ code: fee.code, turn: fee.turn + 1, onOrAfter: addDays(on, rule.everyDays) })
    if (!isInForce(rule, on)) continue
    const base = rule.base === 'owed' ? minor(totalOf(owed) - owed.penalty) : owed.principal
    const charge = assessed(rule, { causedBy: causeOf(fee), base, charged, lastOn, left, limit }, on)
    if (charge === null) continue
    charges.push(charge)
    charged = add(charged, charge.amount)
    lastOn = withLast(lastOn, 'overdue', on)
    left = minor(left - charge.amount)
  }
  return { state: { pending, charged, lastOn }, charges }
}

const isInForce = ({ from, to }: LateFeeTerms, on: CalendarDay): boolean => (from === undefined || from <= on) && (to === undefined || on <= to)

/**
 * The fee for a payment that came back unpaid on a day; null when no rule has one. One event brings one fee (12 CFR 1026.52(b)(2)(ii)): fees for being late
 * whose day came while the payment stood, and which its return would bring now, are not charged as well.
 */
export function chargeReturned (
  state: FeeState, payment: { id: string, amount: Minor }, rules: readonly LateFeeTerms[], limit: Limit | null, paused: readonly Suspension[], on: CalendarDay, room: Minor,
): { state: FeeState, charge: NewCharge } | null {
  if (firstFreeDay(paused, on, on) === null) return null
  for (const rule of rules) {
    if (rule.trigger !== 'returnedPayment' || !isInForce(rule, on)) continue
    const charge = assessed(rule, { causedBy: `${returned}${payment.id}`, base: payment.amount, charged: state.charged, lastOn: state.lastOn, left: room, limit, associated: payment.amount }, on)
    if (charge === null) continue
    const pending = state.pending.flatMap((fee): PendingFee[] => {
      if (fee.onOrAfter > on || firstFreeDay(paused, fee.onOrAfter, on) === null) return [fee]
      const own = rules.find(({ code }) => code === fee.code)
      return own?.everyDays !== undefined && fee.turn < (own.timesMax ?? 1) ? [{ code: fee.code, turn: fee.turn + 1, onOrAfter: addDays(on, own.everyDays) }] : []
    })
    return { state: { pending, charged: add(state.charged, charge.amount), lastOn: withLast(state.lastOn, 'returnedPayment', on) }, charge }
  }
  return null
}

interface Assessing { causedBy: string, base: Minor, charged: Minor, lastOn: FeeState['lastOn'], left: Minor, limit: Limit | null, associated?: Minor }

function assessed (terms: LateFeeTerms, { causedBy, base, charged, lastOn, left, limit, associated }: Assessing, on: CalendarDay): NewCharge | null {
  const last = lastOn[terms.trigger]
  const isRepeat = terms.repeat !== undefined && last !== undefined && on <= addMonths(last, terms.repeat.withinMonths)
  const violation = { type: terms.trigger, causedBy, base, isRepeat, ...associated !== undefined && { associatedAmount: associated } }
  const [fee] = assessFees(ruleOf(terms, charged), [violation])
  const most = feeLimit(limit ?? undefined)
  const amount = lesser(most === null ? fee!.charged : lesser(fee!.charged, most), left)
  const asked = isRepeat ? terms.repeat! : terms
  return amount === zero ? null : {
    kind: 'lateFee', fromOn: on, toOn: on, base, rate: asked.rate ?? null, rateUnit: null, dayCount: null, days: null, exact: formatR(fee!.exact), amount, causedBy, policyDecisionId: limit?.decisionId ?? null,
  }
}

const amountOf = ({ amount, rate, bands = [] }: Pick<LateFeeTerms, 'amount' | 'rate' | 'bands'>): FeeAmount =>
  amount !== undefined ? { kind: 'flat', amount } : rate !== undefined ? { kind: 'share', rate } : { kind: 'bands', bands }

const ruleOf = (terms: LateFeeTerms, charged: Minor): FeeRule => ({
  amount: amountOf(terms), capByAssociatedAmount: terms.capByPayment === true, ...terms.repeat !== undefined && { repeat: amountOf(terms.repeat) },
  ...terms.feeMin !== undefined && { min: terms.feeMin }, ...terms.feeMax !== undefined && { max: terms.feeMax },
  ...terms.cumulativeMax !== undefined && { cumulativeCap: { max: terms.cumulativeMax, charged } },
})
