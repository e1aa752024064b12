import { compareR, divR, formatR, rational, wholeR } from '#kernel'
import type { CalendarDay, Id, Minor, Rational } from '#kernel'
import { typeOn, yearlyPercent } from '../lenders/core.ts'
import type { LateFeeTerms, LenderTypes } from '../lenders/core.ts'
import type { Charge, ChargeFacts, RateName } from '../policy/charges.facts.core.ts'
import type { ChargeVerdict } from '../policy/charges.core.ts'
import type { RateUnit, ValueFrom } from '../rates/interest.core.ts'
import type { InterestRules } from './accrual.core.ts'

/** What is limited: the rate of interest, interest on interest, fees for being late, and fees for payments that came back. */
export const limitedKinds = ['interest', 'interestOnInterest', 'lateFee', 'returnFee'] as const
export type LimitedKind = typeof limitedKinds[number]

/** The most that the law lets one kind of charge be, by a decision that is kept; null: it sets no limit. Interest in per cent a year, fees in minor units; interest on interest is asked for as such, and `0` forbids it. */
export interface Limit { max: string | null, decisionId: Id<'policyDecision'> }

/** What the law was found to say from a day on; a kind that the agreement does not charge was not asked about. */
export interface Limits { from: CalendarDay, interest?: Limit, interestOnInterest?: Limit, lateFee?: Limit, returnFee?: Limit }

/** The case of a debt, as the law asks for it. */
export interface ChargeCase {
  borrowerKind: 'person' | 'company', lender: LenderTypes, product: string, jurisdiction: string, region: string | null, contractOn: CalendarDay | null, dueOn: CalendarDay, currency: string
}

/** The first day of the half-year a day lies in: legal reference rates are set for half-years (BGB 247; SI 2002/1675; Directive 2011/7/EU, article 2(7)). */
export const halfYearOf = (day: CalendarDay): CalendarDay => `${day.slice(0, 4)}-${day.slice(5, 7) < '07' ? '01' : '07'}-01`

/**
 * The days on which the law is asked about a debt that is charged from one day to another: the first, the beginnings of half-years, and the days on which the
 * lender became one of another type; those may lie later.
 */
export function askDays (begun: CalendarDay, to: CalendarDay, { formerTypes }: LenderTypes): CalendarDay[] {
  const changes = formerTypes.map(({ before }) => before).filter(day => day > begun)
  const end = [to, ...changes].reduce((a, b) => a > b ? a : b)
  return [...new Set([begun, ...asksBetween(begun, end), ...changes])].sort()
}

/** The days on which the law must be asked again, after one and up to another: the beginnings of half-years. */
export function asksBetween (after: CalendarDay, to: CalendarDay): CalendarDay[] {
  const days: CalendarDay[] = []
  for (let next = nextHalfYear(after); next <= to; next = nextHalfYear(next)) days.push(next)
  return days
}

const nextHalfYear = (day: CalendarDay): CalendarDay => day.slice(5, 7) < '07' ? `${day.slice(0, 4)}-07-01` : `${Number(day.slice(0, 4)) + 1}-01-01`

/** The reference rates that limits are made of, by their names here, and what laws call them. */
const lawRates: Readonly<Record<string, readonly RateName[]>> = { lpr1y: ['lpr1yAtContract', 'lpr1yNow'], basiszinssatz: ['basiszinssatz'], boeBankRate: ['boeReference'], ecbMro: ['ecbMroReference'] }

/** The reference rates that limits are made of. */
export const limitRates: readonly string[] = Object.keys(lawRates)

/** What laws call a reference rate; none when no limit is made of it. */
export const lawRatesOf = (name: string): readonly RateName[] => lawRates[name] ?? []

const valueOn = (values: readonly ValueFrom[] | undefined, on: CalendarDay): string | undefined => values?.filter(({ from }) => from <= on).at(-1)?.value

/** What the law may rest on for a debt on a day, as far as it is known. Unknown rates are left out: a rule that needs one refuses. */
export function factsOf (of: ChargeCase, interest: InterestRules | null, rates: ReadonlyMap<string, readonly ValueFrom[]>, on: CalendarDay): ChargeFacts {
  const half = halfYearOf(on)
  const known = {
    lpr1yAtContract: of.contractOn === null ? undefined : valueOn(rates.get('lpr1y'), of.contractOn), lpr1yNow: valueOn(rates.get('lpr1y'), on), basiszinssatz: valueOn(rates.get('basiszinssatz'), half),
    boeReference: valueOn(rates.get('boeBankRate'), lastDayBefore(half)), ecbMroReference: valueOn(rates.get('ecbMro'), half), contractRate: interest?.contractRate, termRate: interest?.contractRate,
  }
  const lenderType = typeOn(of.lender, on)
  return {
    borrowerType: of.borrowerKind === 'company' ? 'business' : 'consumer', ...lenderType !== null && { lenderType }, product: of.product, ...of.contractOn !== null && { contractOn: of.contractOn },
    isOverdueRateAgreed: interest !== null, isTermRateAgreed: interest?.contractRate !== undefined,
    rates: Object.fromEntries(Object.entries(known).filter(([, rate]) => rate !== undefined)),
  }
}

const lastDayBefore = (half: CalendarDay): CalendarDay => half.endsWith('07-01') ? `${half.slice(0, 4)}-06-30` : `${Number(half.slice(0, 4)) - 1}-12-31`

/** What is asked of the law for a debt on a day: the yearly rate of its interest, whether that bears interest itself, and its fees. The agreement says that the lender's contracts provide for them. */
export function chargesAsked ({ interest, lateFees }: { interest: InterestRules | null, lateFees: readonly LateFeeTerms[] }, { currency }: ChargeCase, on: CalendarDay): { kind: LimitedKind, charge: Charge }[] {
  const sum = (trigger: LateFeeTerms['trigger']): Minor | null => lateFees.filter(rule => rule.trigger === trigger).reduce<Minor | null>((most, { amount = 1 }) => Math.max(most ?? 0, amount), null)
  const [late, returned] = [sum('overdue'), sum('returnedPayment')]
  return [
    ...interest === null ? [] : [{ kind: 'interest' as const, charge: { act: 'chargeRate' as const, on, rates: { overdueInterest: agreedPercent(interest, on) }, authorizedByAgreement: true } }],
    ...interest === null || !isCompounding(interest) ? [] : [{ kind: 'interestOnInterest' as const, charge: { act: 'chargeSum' as const, on, chargeType: 'interestOnInterest' as const, amount: 1, currency, authorizedByAgreement: true } }],
    ...late === null ? [] : [{ kind: 'lateFee' as const, charge: { act: 'chargeSum' as const, on, chargeType: 'penalty' as const, amount: late, currency, authorizedByAgreement: true } }],
    ...returned === null ? [] : [{ kind: 'returnFee' as const, charge: { act: 'chargeSum' as const, on, chargeType: 'fee' as const, amount: returned, currency, authorizedByAgreement: true } }],
  ]
}

const isCompounding = ({ compounding = 'none' }: InterestRules): boolean => compounding !== 'none'

/** The agreed rate as per cent a year, as far as it is known on a day. */
export function agreedPercent ({ rate, values, marginPoints = '0', unit }: InterestRules, on: CalendarDay): string {
  if (rate !== undefined) return formatR(yearlyPercent(rate, unit))
  const margin = rational(marginPoints)
  const index = rational(valueOn(values, on) ?? '0')
  const whole = { n: index.n * margin.d + margin.n * index.d, d: index.d * margin.d }
  return formatR(whole.n < 0n ? wholeR(0) : whole)
}

/** The most a verdict allows: what it says, nothing when it denies and names no maximum. */
export function maxOf ({ verdict, maximum }: ChargeVerdict): string | null {
  if (maximum === null) return verdict === 'denied' ? '0' : null
  return 'ratePercent' in maximum ? maximum.ratePercent : 'amount' in maximum ? String(maximum.amount) : null
}

/** The limits that hold on a day; those first found for days before. */
export const limitsOn = (limits: readonly Limits[], on: CalendarDay): Limits | null => limits.filter(({ from }) => from <= on).at(-1) ?? limits[0] ?? null

const perYear: Record<RateUnit, Rational> = { pct_year: wholeR(1), pct_month: wholeR(12), pct_day: wholeR(365), per10k_day: { n: 365n, d: 100n } }

/** The terms of interest held in a limit. */
export function within (terms: InterestRules, limit: Limit | undefined): InterestRules {
  if (limit === undefined || limit.max === null) return terms
  const most = divR(rational(limit.max), perYear[terms.unit])
  return terms.cap !== undefined && compareR(rational(terms.cap), most) <= 0 ? terms : { ...terms, cap: formatR(most), ...terms.floor !== undefined && compareR(rational(terms.floor), most) > 0 && { floor: formatR(most) } }
}

/** Whether open interest bears interest itself: where the agreement compounds and the law does not forbid it. */
export const compounds = (terms: InterestRules, limits: Limits | null): boolean => isCompounding(terms) && limits?.interestOnInterest?.max !== '0'

/** The most a fee may be; null: no limit. */
export const feeLimit = (limit: Limit | undefined): Minor | null => limit === undefined || limit.max === null ? null : Number(limit.max)
