import { add, addDays, addR, formatR, greater, problem, rational, startOfDay, sub, totalOf, zero } from '#kernel'
import type { Buckets, CalendarDay, DayCount, Id, Minor } from '#kernel'
import type { LateFeeTerms } from '../lenders/core.ts'
import type { RateUnit } from '../rates/interest.core.ts'
import { accrueInterest, baseOf, daysBefore, firstInterestDay, nextCapitalization, noAccrual } from './accrual.core.ts'
import type { Accrual, Dates, InterestRules } from './accrual.core.ts'
import { beginFees, chargeFees, chargeReturned, isLate, nextFeeDay } from './fees.core.ts'
import type { EarlierFee, FeeState } from './fees.core.ts'
import { compounds, limitsOn } from './limits.core.ts'
import type { Limits } from './limits.core.ts'
import { pausedDays } from './pauses.core.ts'
import type { Pause } from './pauses.core.ts'

export const ChargeAlreadyWaived = problem('charge-already-waived', 409, 'The charge has been waived before.', 'A charge is waived once; read it to see when.')
export const ChargeNotOpen = problem('charge-not-open', 409, 'Less is open of this part of the debt than the charge comes to.', 'What has been paid cannot be waived: reverse the payment first, or waive a smaller charge.')

export { rateUnits } from '../rates/interest.core.ts'

export const WaiverTooEarly = problem('waiver-too-early', 422, 'A charge cannot be taken back before it was made.', 'Give a day on or after the last day it is charged for.')

/** What a charge is for. */
export const chargeKinds = ['interest', 'lateFee'] as const

export const ChargeSuperseded = problem('charge-superseded', 409, 'The charge was computed anew after a fact arrived late.', 'Waive the charge that took its place: read the charges of the account.')

export const QuoteDayRefused = problem('quote-day-refused', 422, 'There is no quote for that day.', 'Ask for today in the debtor\'s calendar or a later day within a year; for a day gone by read the balance as of it.')

/** How many days ahead what a debt will owe is told. */
export const quoteDaysMax = 366

/** Refuses a day that is gone, or too far away to say anything of. Throws `QuoteDayRefused`. */
export function checkQuoteDay (on: CalendarDay, today: CalendarDay): void {
  if (on < today || on > addDays(today, quoteDaysMax)) throw QuoteDayRefused({ today, last: addDays(today, quoteDaysMax) })
}

/** Why a charge is waived. */
export const waiverReasons = ['goodwill', 'error', 'hardship', 'disputeUpheld', 'lenderRequest'] as const

/** The most a debt may grow to, in minor units: what would exceed it is not charged, so that no sum of a debt's parts can leave the range of exact integers. */
export const debtMax: Minor = 1_000_000_000_000_000

/** An agreement's rules for charges, with the values of the index its interest follows. */
export interface ChargeTerms { interest: InterestRules | null, lateFees: readonly LateFeeTerms[] }

/** How far a debt has been charged. */
export interface Position { chargedThroughOn: CalendarDay, interest: Accrual, fees: FeeState }

/** A debt while it is charged: its calendar, its dates, what it owes, and what the law allows. */
export interface ChargedDebt extends Dates { timeZone: string, owed: Buckets, limits: readonly Limits[] }

/**
 * A charge about to be made, with all it was computed from: `exact` is the sum before rounding. Interest is of a stretch of days on which neither its base
 * nor its rate changed; a row's amount is what brings everything posted so far to the exact total so far, rounded. `causedBy` is unique for the account
 * and kind: the last day for interest, the rule and its turn, or the payment returned, for a fee.
 */
export interface NewCharge {
  kind: typeof chargeKinds[number], fromOn: CalendarDay, toOn: CalendarDay, base: Minor, rate: string | null, rateUnit: RateUnit | null,
  dayCount: DayCount | null, days: number | null, exact: string, amount: Minor, causedBy: string, policyDecisionId: Id<'policyDecision'> | null
}

/** Where the charges of a debt begin: before the first day that bears interest, after the day it was placed at the latest, with its late fees still to come, but for those an earlier placement brought. */
export function beginCharging ({ interest, lateFees }: ChargeTerms, dates: Dates, earlier: readonly EarlierFee[]): Position {
  const first = interest === null ? null : firstInterestDay(interest, dates)
  const before = first === null ? dates.placedOn : addDays(first, -1)
  return { chargedThroughOn: before < dates.placedOn ? before : dates.placedOn, interest: noAccrual, fees: beginFees(lateFees, dates, earlier) }
}

/** The day a charge is posted for: its last, but never one before the debt was placed. */
export const postedOn = ({ toOn }: Pick<NewCharge, 'toOn'>, { placedOn }: Pick<Dates, 'placedOn'>): CalendarDay => toOn < placedOn ? placedOn : toOn

/**
 * Charges a debt for the days after `chargedThroughOn` up to and including `on`, during which nothing else happened to it. A day belongs to a hold
 * when the hold is active as the day begins in the debtor's calendar. However the days are cut into calls, the sums are the same: interest posted is the
 * exact interest so far, rounded; each late fee falls on the first day allowed, on what is owed on that day.
 */
export function chargeThrough (position: Position, debt: ChargedDebt, terms: ChargeTerms, pauses: readonly Pause[], on: CalendarDay): { position: Position, charges: NewCharge[] } {
  if (on <= position.chargedThroughOn) return { position, charges: [] }
  const noInterest = [...pausedDays(pauses, 'stopsInterest', debt.timeZone), ...daysBefore(terms.interest, debt)]
  const noFees = pausedDays(pauses, 'stopsLateFees', debt.timeZone)
  const charges: NewCharge[] = []
  const cuts = new Set<CalendarDay>()
  let { chargedThroughOn: reached, interest, fees } = position
  let { owed } = debt
  while (reached < on) {
    const feeDay = isLate(owed) ? nextFeeDay(fees, noFees, reached, on) : null
    const limits = limitsOn(debt.limits, addDays(reached, 1))
    const isCompound = terms.interest !== null && compounds(terms.interest, limits)
    const capitalization = isCompound ? nextCapitalization(terms.interest!, debt.placedOn, reached, on) : null
    const change = debt.limits.find(({ from }) => from > addDays(reached, 1))
    const stop = earliest(on, feeDay, capitalization, change === undefined ? null : addDays(change.from, -1))
    if (terms.interest !== null) {
      const base = baseOf(owed.principal, owed.interest, isCompound ? interest.capitalized : zero)
      const earned = accrueInterest(interest, base, terms.interest, limits?.interest ?? null, debt, noInterest, reached, stop, roomOf(owed))
      interest = earned.accrual
      for (const charge of earned.charges) owed = { ...owed, interest: add(owed.interest, charge.amount) }
      charges.push(...earned.charges)
      if (stop === capitalization) interest = { ...interest, capitalized: owed.interest }
    }
    if (stop === feeDay) {
      cuts.add(stop)
      const charged = chargeFees(fees, owed, terms.lateFees, limitsOn(debt.limits, stop)?.lateFee ?? null, stop, roomOf(owed))
      fees = charged.state
      for (const charge of charged.charges) owed = { ...owed, penalty: add(owed.penalty, charge.amount) }
      charges.push(...charged.charges)
    }
    reached = stop
  }
  return { position: { chargedThroughOn: on, interest, fees }, charges: mended(charges, cuts) }
}

/** Charges whose stretches were only cut because a fee could fall between them, as one. */
function mended (charges: readonly NewCharge[], cuts: ReadonlySet<CalendarDay>): NewCharge[] {
  if (cuts.size === 0) return [...charges]
  const whole: NewCharge[] = []
  let last = -1
  for (const charge of charges) {
    const before = whole[last]
    const goesOn = charge.kind === 'interest' && before !== undefined && cuts.has(before.toOn) && before.base === charge.base && before.rate === charge.rate && before.policyDecisionId === charge.policyDecisionId && addDays(before.toOn, 1) === charge.fromOn
    if (goesOn) whole[last] = { ...charge, fromOn: before.fromOn, days: add(before.days ?? 0, charge.days ?? 0), exact: formatR(addR(rational(before.exact), rational(charge.exact))), amount: add(before.amount, charge.amount) }
    else whole.push(charge)
    if (charge.kind === 'interest' && !goesOn) last = whole.length - 1
  }
  return whole
}

const earliest = (last: CalendarDay, ...days: readonly (CalendarDay | null)[]): CalendarDay => days.reduce<CalendarDay>((first, day) => day !== null && day < first ? day : first, last)

/** Passes the days up to and including `on` without a charge: those on which nobody works the debt. */
export const restThrough = (position: Position, on: CalendarDay): Position =>
  on > position.chargedThroughOn ? { ...position, chargedThroughOn: on, interest: { ...position.interest, stretch: null } } : position

/** Charges the fee for a payment that came back unpaid, on a day up to which the debt has been charged; no rule has one, or a hold stops it: no charge. */
export function chargeReturnedPayment (position: Position, debt: ChargedDebt, terms: ChargeTerms, pauses: readonly Pause[], payment: { id: string, amount: Minor }, on: CalendarDay): { position: Position, charges: NewCharge[] } {
  const charged = chargeReturned(position.fees, payment, terms.lateFees, limitsOn(debt.limits, on)?.returnFee ?? null, pausedDays(pauses, 'stopsLateFees', debt.timeZone), on, roomOf(debt.owed))
  return charged === null ? { position, charges: [] } : { position: { ...position, fees: charged.state }, charges: [charged.charge] }
}

/** How much a debt may still grow. */
const roomOf = (owed: Buckets): Minor => greater(zero, sub(debtMax, totalOf(owed)))

/** The instant a debt is next to be charged: the beginning of the next day in its calendar that can bring a charge; null when none can. */
export function nextDueAt ({ chargedThroughOn, fees }: Position, { interest }: ChargeTerms, timeZone: string): string | null {
  const next = addDays(chargedThroughOn, 1)
  const first = fees.pending.reduce<CalendarDay | null>((day, { onOrAfter }) => day === null || onOrAfter < day ? onOrAfter : day, null)
  if (interest === null && first === null) return null
  const day = interest === null && first !== null && first > next ? first : next
  return startOfDay(day, timeZone).toISOString()
}

/** A charge as it stands, as far as computing it anew can change it. */
type Made = Pick<NewCharge, 'kind' | 'causedBy' | 'toOn' | 'fromOn' | 'base' | 'rate' | 'days' | 'exact' | 'amount'>

const isSame = (a: Made, b: Made): boolean =>
  a.kind === b.kind && a.causedBy === b.causedBy && a.toOn === b.toOn && a.fromOn === b.fromOn && a.base === b.base && a.rate === b.rate && a.days === b.days && a.exact === b.exact && a.amount === b.amount

/** Compares charges that hold with the same days computed anew: those that do not hold any more, and those that take their place or are new. */
export function changedCharges<L extends Made, N extends Made> (live: readonly L[], anew: readonly N[]): { gone: L[], made: N[] } {
  const key = ({ kind, causedBy }: Made): string => `${kind} ${causedBy}`
  const known = new Map(live.map(charge => [key(charge), charge]))
  const made = anew.filter(charge => {
    const same = known.get(key(charge))
    if (same === undefined || !isSame(same, charge)) return true
    known.delete(key(charge))
    return false
  })
  return { gone: [...known.values()], made }
}
