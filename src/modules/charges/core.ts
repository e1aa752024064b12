import { addDays, daysBetween, formatR, greater, lesser, minor, mulR, problem, ratio, rational, roundR, roundRatio, startOfDay, sub, wholeR, zero } from '#kernel'
import type { CalendarDay, Minor, Rational } from '#kernel'
import type { AgreementTerms } from '../lenders/index.ts'

export const ChargeAlreadyWaived = problem('charge-already-waived', 409, 'The charge has been waived before.', 'A charge is waived once; read it to see when.')
export const ChargeNotOpen = problem('charge-not-open', 409, 'Less is open of this part of the debt than the charge comes to.', 'What has been paid cannot be waived: reverse the payment first, or waive a smaller charge.')

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

type InterestTerms = NonNullable<AgreementTerms['interest']>

/** An agreement's rules for charges, made ready: `daily` is what one minor unit of principal earns in a day, exactly. */
export interface ChargeTerms { interest: InterestTerms & { daily: Rational } | null, lateFee: AgreementTerms['lateFee'] }

const daysOfYear: Record<InterestTerms['dayCount'], bigint> = { 'ACT/365F': 365n, 'ACT/360': 360n }

/** The daily rate of interest terms, exactly: a yearly percentage by the days of its year, a daily one or a rate per ten thousand as it is. */
export function dailyRateOf ({ rate, unit, dayCount }: InterestTerms): Rational {
  const { n, d } = rational(rate)
  return ratio(n, d * (unit === 'pct_year' ? 100n * daysOfYear[dayCount] : unit === 'pct_day' ? 100n : 10_000n))
}

/** Makes an agreement's rules for charges ready for use. */
export const chargeTermsOf = ({ interest, lateFee }: Pick<AgreementTerms, 'interest' | 'lateFee'>): ChargeTerms =>
  ({ interest: interest === null ? null : { ...interest, daily: dailyRateOf(interest) }, lateFee })

/** The first day a late fee may be charged: `graceDays` must have passed since the debt was both due and placed. */
export const lateFeeOn = (graceDays: number, dueOn: CalendarDay, placedOn: CalendarDay): CalendarDay => addDays(dueOn > placedOn ? dueOn : placedOn, graceDays + 1)

/** A time during which a hold stops interest or late fees: from an instant, up to another or without end. */
export interface Pause { startsAt: string, endsAt: string | null, stopsInterest: boolean, stopsLateFees: boolean }

/** How far a debt has been charged. `baseDays` is the sum of principal times days since it was placed; `postedInterest` what of its interest has been posted. */
export interface Position { chargedThroughOn: CalendarDay, baseDays: bigint, postedInterest: Minor, lateFeeOn: CalendarDay | null }

/** A debt while it is charged: its calendar, its open principal, and all that it owes. */
export interface ChargedDebt { timeZone: string, principal: Minor, owed: Minor }

/**
 * A charge about to be made, with all it was computed from: `exact` is the sum before rounding. Interest counts from the first day charged to
 * the last, less days on hold; one row's amount is what brings everything posted so far to the exact total so far, rounded.
 * `causedBy` is unique for the account and kind: the last day for interest, `overdue` for the late fee.
 */
export interface NewCharge {
  kind: typeof chargeKinds[number], fromOn: CalendarDay, toOn: CalendarDay, base: Minor, rate: string | null, rateUnit: InterestTerms['unit'] | null,
  dayCount: InterestTerms['dayCount'] | null, days: number | null, exact: string, amount: Minor, causedBy: string
}

/**
 * Charges a debt for the days after `chargedThroughOn` up to and including `on`, during which its principal did not change. A day belongs to a
 * hold when the hold is active as the day begins in the debtor's calendar. However the days are cut into calls, the sums are the same:
 * interest posted is the exact interest so far, rounded half up; the late fee falls on the first day allowed.
 */
export function chargeThrough (position: Position, debt: ChargedDebt, terms: ChargeTerms, pauses: readonly Pause[], on: CalendarDay): { position: Position, charges: NewCharge[] } {
  if (on <= position.chargedThroughOn) return { position, charges: [] }
  const interest = interestThrough(position, debt, terms.interest, pauses, on)
  const room = roomOf(debt)
  const earned = lesser(interest.due, room)
  const fee = lateFeeThrough(position, debt, terms.lateFee, pauses, on, sub(room, earned))
  return {
    position: { chargedThroughOn: on, baseDays: interest.baseDays, postedInterest: minor(position.postedInterest + earned), lateFeeOn: fee === null ? position.lateFeeOn : null },
    charges: [...interest.charge === null ? [] : [{ ...interest.charge, amount: earned }], ...fee === null || fee.amount === zero ? [] : [fee]],
  }
}

/** Passes the days up to and including `on` without a charge: those on which nobody works the debt. */
export const restThrough = (position: Position, on: CalendarDay): Position => on > position.chargedThroughOn ? { ...position, chargedThroughOn: on } : position

/** How much a debt may still grow. */
const roomOf = ({ owed }: ChargedDebt): Minor => greater(zero, sub(debtMax, owed))

function interestThrough ({ chargedThroughOn, baseDays, postedInterest }: Position, { principal, timeZone }: ChargedDebt, terms: ChargeTerms['interest'], pauses: readonly Pause[], on: CalendarDay) {
  const days = terms === null ? 0 : daysBetween(chargedThroughOn, on) - daysOnHold(pauses, 'stopsInterest', timeZone, chargedThroughOn, on)
  const span = BigInt(principal) * BigInt(days)
  if (terms === null || span === 0n) return { baseDays, due: zero, charge: null }
  const { daily, rate, unit, dayCount } = terms
  const total = roundRatio((baseDays + span) * daily.n, daily.d)
  const due = total - BigInt(postedInterest)
  return {
    baseDays: baseDays + span,
    due: due > BigInt(debtMax) ? debtMax : minor(due),
    charge: {
      kind: 'interest' as const, fromOn: addDays(chargedThroughOn, 1), toOn: on, base: principal, rate, rateUnit: unit, dayCount, days,
      exact: formatR(mulR(wholeR(span), daily)), causedBy: on,
    },
  }
}

/** The late fee that falls due within the days after `chargedThroughOn` up to `on`, or null. The first night without a hold charges it. */
function lateFeeThrough (position: Position, { principal, timeZone }: ChargedDebt, terms: ChargeTerms['lateFee'], pauses: readonly Pause[], on: CalendarDay, room: Minor): NewCharge | null {
  if (terms === null || position.lateFeeOn === null || principal === zero) return null
  const next = addDays(position.chargedThroughOn, 1)
  const first = position.lateFeeOn > next ? position.lateFeeOn : next
  const day = first > on ? null : firstFreeDay(pauses, timeZone, first, on)
  if (day === null) return null
  const exact = terms.rate === undefined ? wholeR(terms.amount ?? zero) : mulR(wholeR(principal), rational(terms.rate))
  const amount = lesser(minor(roundR(exact)), terms.amountMax ?? debtMax)
  return {
    kind: 'lateFee', fromOn: day, toOn: day, base: principal, rate: terms.rate ?? null, rateUnit: null, dayCount: null, days: null,
    exact: formatR(exact), amount: lesser(amount, room), causedBy: 'overdue',
  }
}

const isOnHold = (pauses: readonly Pause[], effect: 'stopsInterest' | 'stopsLateFees', timeZone: string, day: CalendarDay): boolean => {
  const begins = startOfDay(day, timeZone).getTime()
  return pauses.some(pause => pause[effect] && Date.parse(pause.startsAt) <= begins && (pause.endsAt === null || Date.parse(pause.endsAt) > begins))
}

/** How many of the days after `from` up to and including `to` began on hold. */
function daysOnHold (pauses: readonly Pause[], effect: 'stopsInterest' | 'stopsLateFees', timeZone: string, from: CalendarDay, to: CalendarDay): number {
  if (!pauses.some(pause => pause[effect])) return 0
  let held = 0
  for (let day = addDays(from, 1); day <= to; day = addDays(day, 1)) if (isOnHold(pauses, effect, timeZone, day)) held++
  return held
}

function firstFreeDay (pauses: readonly Pause[], timeZone: string, from: CalendarDay, to: CalendarDay): CalendarDay | null {
  for (let day = from; day <= to; day = addDays(day, 1)) if (!isOnHold(pauses, 'stopsLateFees', timeZone, day)) return day
  return null
}

/** The instant a debt is next to be charged: the beginning of the next day in its calendar that can bring a charge; null when none can. */
export function nextDueAt ({ chargedThroughOn, lateFeeOn }: Position, { interest, lateFee }: ChargeTerms, timeZone: string): string | null {
  const next = addDays(chargedThroughOn, 1)
  const isFeeOpen = lateFee !== null && lateFeeOn !== null
  if (interest === null && !isFeeOpen) return null
  const day = interest === null && isFeeOpen && lateFeeOn > next ? lateFeeOn : next
  return startOfDay(day, timeZone).toISOString()
}

/** A charge as it stands, as far as computing it anew can change it. */
type Made = Pick<NewCharge, 'kind' | 'toOn' | 'fromOn' | 'base' | 'days' | 'exact' | 'amount'>

const isSame = (a: Made, b: Made): boolean =>
  a.kind === b.kind && a.toOn === b.toOn && a.fromOn === b.fromOn && a.base === b.base && a.days === b.days && a.exact === b.exact && a.amount === b.amount

/** Compares charges that hold with the same days computed anew: those that do not hold any more, and those that take their place or are new. */
export function changedCharges<L extends Made, N extends Made> (live: readonly L[], anew: readonly N[]): { gone: L[], made: N[] } {
  const key = ({ kind, toOn }: Made): string => `${kind} ${toOn}`
  const known = new Map(live.map(charge => [key(charge), charge]))
  const made = anew.filter(charge => {
    const same = known.get(key(charge))
    if (same === undefined || !isSame(same, charge)) return true
    known.delete(key(charge))
    return false
  })
  return { gone: [...known.values()], made }
}
