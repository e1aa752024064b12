import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Day, Nullable, OneOf, Ratio, addDays, buckets, closed, compareR, dayCounts, divR, isCurrency, mulR, problem, rational, roundingModes, wholeR, zeroR } from '#kernel'
import type { CalendarDay, DayCount, Minor, Rational, Violation } from '#kernel'
import { RateName } from '../rates/core.ts'
import { compoundings, rateUnits, startRules } from '../rates/interest.core.ts'
import type { RateUnit } from '../rates/interest.core.ts'

export const AgreementMissing = problem('agreement-missing', 422, 'The lender has no agreement for this currency in force on that day.',
  'Make an agreement for the currency first, or name one with `agreementId`.')
export const AgreementRefused = problem('agreement-refused', 422, 'The terms of the agreement contradict themselves.', 'Correct every value named in `errors`.')

export const LenderTypeRefused = problem('lender-type-refused', 422, 'The type cannot be another from that day on.', 'Give a day that has begun, together with `type`; leave it out where the type on record was wrong.')

/** A type that a lender was of until the day before one. */
export interface FormerType { type: string | null, before: CalendarDay }
/** What kind of creditor a lender is, and what it was before. Null: not known. */
export interface LenderTypes { type: string | null, formerTypes: readonly FormerType[] }

/** What kind of creditor a lender was on a day; null when that is not known. */
export function typeOn ({ type, formerTypes }: LenderTypes, on: CalendarDay): string | null {
  const former = formerTypes.find(({ before }) => on < before)
  return former === undefined ? type : former.type
}

/**
 * The types of a lender that is of another from a day on; without a day it always was: what was on record was missing or wrong. Days after that day are
 * told anew as well. Throws `LenderTypeRefused` of a day that has not begun.
 */
export function typesAfter (known: LenderTypes, type: string, from: CalendarDay | null, today: CalendarDay): LenderTypes {
  if (from === null) return { type, formerTypes: [] }
  if (from > today) throw LenderTypeRefused({ today }, { violations: [{ pointer: '/typeSince', message: 'has not begun' }] })
  const before = known.formerTypes.filter(former => former.before < from)
  const last = typeOn(known, addDays(from, -1))
  return { type, formerTypes: last === type ? before : [...before, { type: last, before: from }] }
}

const Share = Type.Unsafe<string>({ ...Ratio, description: 'An exact share between 0 and 1: `0.25`, or `1/3`.' })

/** A rate for debts of an age at placement. */
export const CommissionBand = Type.Object({
  fromDays: Type.Integer({ minimum: 0, maximum: 36_500, description: 'Days past due at placement from which the rate holds.' }),
  toDays: Nullable(Type.Integer({ minimum: 1, maximum: 36_500, description: 'Days past due at which the next band begins; null: no end.' })),
  rate: Share,
}, { ...closed, title: 'CommissionBand', description: 'A rate for debts of an age at placement: from `fromDays` up to, not including, `toDays`.' })
export type CommissionBand = Static<typeof CommissionBand>

const CommissionTerms = Type.Object({
  base: Type.Array(OneOf(buckets, 'A part of the debt.'), { minItems: 1, maxItems: 4, uniqueItems: true, description: 'The parts of a recovery on which commission is earned.' }),
  rate: Type.Optional(Share),
  bands: Type.Optional(Type.Array(CommissionBand, { minItems: 1, maxItems: 20, description: 'Rates by the age of the debt at placement, instead of one `rate`; without gaps or overlaps, beginning at 0.' })),
  vatRate: Share,
}, { ...closed, title: 'CommissionTerms', description: 'What the agency earns of a recovery: one `rate`, or `bands` by age.' })

/** When a rate that follows an index takes its value: once, on the day the debt was due, placed or judged, each 1 January and 1 July, or daily. */
export const interestResets = ['frozenAtDefault', 'frozenAtPlacement', 'frozenAtJudgment', 'floatingSemiannual', 'floatingDaily'] as const

/** From which day interest runs. */
export const interestBeginnings = ['placement', 'dueDate', 'judgment'] as const

const InterestTerms = Type.Object({
  rate: Type.Optional(Type.Unsafe<string>({ ...Ratio, description: 'A fixed rate in its unit: `12.25` with `pct_year` is 12.25 % a year, `1.75` with `per10k_day` is 1.75 per ten thousand a day.' })),
  index: Type.Optional(RateName),
  marginPoints: Type.Optional(Type.Unsafe<string>({ ...Ratio, description: 'Percentage points over the index: 1.14 and `5` are 6.14 %.', examples: ['5'] })),
  reset: Type.Optional(OneOf(interestResets, 'When the index is read: once, on the day the debt was due (when left out), placed or judged, each 1 January and 1 July, or whenever it changes. Frozen at a judgment that there is not, it earns nothing.')),
  cap: Type.Optional(Type.Unsafe<string>({ ...Ratio, description: 'The highest the rate may be.' })), floor: Type.Optional(Type.Unsafe<string>({ ...Ratio, description: 'The lowest the rate may be.' })),
  from: Type.Optional(OneOf(interestBeginnings, 'From which day interest runs: that of the placement (when left out), the day the debt was due, or that of the judgment; without one it does not run. Interest of days before the placement is added on the day of the placement: what is placed must not hold it.')),
  startRule: Type.Optional(OneOf(startRules, '`excludeStartIncludeEnd` (when left out): that day bears none itself; `includeBoth`: it does.')),
  unit: OneOf(rateUnits, 'What the rate is a rate of; of an index, `pct_year`.'),
  dayCount: OneOf(dayCounts, 'How days become parts of a year; of a daily rate, which days count.'),
  contractRate: Type.Optional(Type.Unsafe<string>({ ...Ratio, description: 'The rate of the lender\'s contracts during their term, in per cent a year: some laws allow a multiple of it afterwards.', examples: ['6'] })),
  compounding: Type.Optional(OneOf(compoundings, 'How often interest that is still owed begins to bear interest itself, counted from the placement. `none` when left out.')),
  rounding: Type.Optional(Type.Object({
    when: Type.Optional(OneOf(['cumulative', 'perDay'], '`cumulative` (when left out): what was posted is the exact sum so far, rounded. `perDay`: each day is rounded and the days are added, as some courts do.')),
    mode: Type.Optional(OneOf(roundingModes, 'How a fraction of a minor unit is rounded; `half_up` when left out.')),
  }, { ...closed, description: 'How interest becomes whole minor units.' })),
}, { ...closed, title: 'InterestTerms', description: 'Interest on the principal, from the day after placement unless `from` and `startRule` say otherwise: a fixed `rate`, or an `index` plus a margin. Never on interest, unless `compounding` says so.' })

const feeBandsMax = 20
const FeeAmounts = {
  amount: Type.Optional(Amount),
  rate: Type.Optional(Type.Unsafe<string>({ ...Share, description: 'Instead of `amount`: a share of the base.' })),
  bands: Type.Optional(Type.Array(Type.Object({
    upTo: Nullable(Amount), fixed: Type.Optional(Amount), rate: Type.Optional(Type.Unsafe<string>({ ...Share, description: 'A share of what of the base lies above the band before.' })),
  }, { ...closed, description: 'Of a base up to and including `upTo` (null: no end): `fixed`, and a `rate` of what lies above the band before.' }), { minItems: 1, maxItems: feeBandsMax, description: 'Instead of `amount`: by the size of the base.' })),
}

/** What brings a fee: the debt being late, or a payment that was returned unpaid. */
export const feeTriggers = ['overdue', 'returnedPayment'] as const
export const feeBases = ['principal', 'owed'] as const

const LateFeeTerms = Type.Object({
  code: Type.String({ pattern: '^[a-z][a-z0-9-]{0,30}$', description: 'The rule\'s name among those of the agreement.', examples: ['late'] }),
  trigger: OneOf(feeTriggers, '`overdue`: so many days of grace have passed since the debt was both due and placed. `returnedPayment`: a payment to the agency came back unpaid.'),
  graceDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_650, description: 'Of `overdue`: the fee is charged when more than so many days have passed; 0 when left out.' })),
  everyDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 3_650, description: 'Of `overdue`: charged again after so many days, `timesMax` times in all.' })),
  timesMax: Type.Optional(Type.Integer({ minimum: 2, maximum: 120, description: 'How often at most.' })),
  ...FeeAmounts,
  base: Type.Optional(OneOf(feeBases, 'What a share or band is of: the `principal` then open (when left out), or all that is `owed` but for earlier fees. Of a returned payment it is always the payment.')),
  repeat: Type.Optional(Type.Object({ ...FeeAmounts, withinMonths: Type.Integer({ minimum: 1, maximum: 120, description: 'Counted from the last fee of the same trigger.' }) }, { ...closed, description: 'What a fee comes to when one of the same trigger was charged within so many months.' })),
  feeMin: Type.Optional(Amount), feeMax: Type.Optional(Amount),
  capByPayment: Type.Optional(Type.Boolean({ description: 'Of `returnedPayment`: true never charges more than the payment was (12 CFR 1026.52(b)(2)(i)).' })),
  cumulativeMax: Type.Optional(Type.Unsafe<number>({ ...Amount, description: 'The most that all fees of the debt may come to.' })),
  from: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The first day on which the rule charges.' })), to: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The last day on which it does.' })),
}, { ...closed, title: 'LateFeeTerms', description: 'A rule for late fees: what brings one, and what it comes to. Never where nothing but earlier fees is unpaid, never on an earlier fee, and one fee for one event.' })
export type LateFeeTerms = Static<typeof LateFeeTerms>

const lateFeesMax = 10

/** How money in the agency's hands is passed on. */
export const remittances = ['net', 'gross', 'combined'] as const
export type RemittanceBasis = typeof remittances[number]

/** What a lender and the agency agreed for debts in one currency. Amounts are in that currency. */
export const AgreementTerms = Type.Object({
  commission: CommissionTerms,
  interest: Nullable(InterestTerms),
  lateFees: Type.Array(LateFeeTerms, { maxItems: lateFeesMax, description: 'Rules for late fees; none when empty.' }),
  allocation: Type.Optional(Type.Array(OneOf(buckets, 'A part of the debt.'), { minItems: 4, maxItems: 4, uniqueItems: true, description: 'The order in which a payment settles the parts of the debt. Principal that is not due yet comes after all that is, and what is disputed last. Left out, the law of the borrower\'s place decides, and where it says nothing: costs, penalties, interest, principal. Where the law does not let an order be agreed, it goes before this one.' })),
  remittance: OneOf(remittances, '`net`: commission is withheld from what is passed on; `gross`: it is invoiced; `combined`: it is withheld, and what is owed for money paid to the lender directly is kept from what is passed on as well, itemised on the statement.'),
  autoAccept: Type.Boolean({ description: 'True: placements become active at once. False: the agency accepts or declines each.' }),
  offerDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 365, description: 'Days the agency has to accept or decline a placement, in the debt\'s calendar, after that of the offer; 10 when left out. One that is not answered expires.' })),
  termDays: Type.Integer({ minimum: 1, maximum: 3_650, description: 'Days a placement lasts. At the end of the last it is closed with the code `termEnded`, unless it is extended.' }),
  extensionDaysMax: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_650, description: 'Days by which the agency may extend a term, all extensions together; 90 when left out.' })),
  recallContestDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 90, description: 'Days the agency has to contest a recall, after that of the recall; it takes effect when they are over. 0 when left out: a recall takes effect at once.' })),
  returnNeedsConsent: Type.Optional(Type.Boolean({ description: 'True: the agency asks before it returns a debt. False when left out: it returns debts as it decides.' })),
  returnAnswerDays: Type.Optional(Type.Integer({ minimum: 1, maximum: 90, description: 'Days the lender has to answer when it is asked; 10 when left out. Without an answer the debt is returned.' })),
}, { ...closed, title: 'AgreementTerms' })
export type AgreementTerms = Static<typeof AgreementTerms>

/** Refuses terms that a schema cannot: a currency that does not exist, shares above one, rates beyond reason, bands with gaps, two ways of saying one thing. Throws `AgreementRefused`. */
export function checkTerms (currency: string, terms: AgreementTerms): void {
  const violations = [
    ...isCurrency(currency) ? [] : [fault('/currency', 'is not a currency of ISO 4217')],
    ...commissionFaults(terms.commission), ...interestFaults(terms.interest), ...lateFeesFaults(terms.lateFees),
  ]
  if (violations.length > 0) throw AgreementRefused({}, { violations })
}

const fault = (pointer: string, message: string): Violation => ({ pointer, message })

const shareFaults = (pointer: string, share: string | undefined): Violation[] =>
  share === undefined || isShare(share) ? [] : [fault(pointer, 'is not between 0 and 1')]

const isShare = (text: string): boolean => {
  const share = rational(text)
  return compareR(share, zeroR) >= 0 && compareR(share, wholeR(1)) <= 0
}

function commissionFaults ({ rate, bands, vatRate }: AgreementTerms['commission']): Violation[] {
  const at = '/terms/commission'
  const faults = [...shareFaults(`${at}/rate`, rate), ...shareFaults(`${at}/vatRate`, vatRate)]
  if ((rate === undefined) === (bands === undefined)) faults.push(fault(at, 'needs either `rate` or `bands`'))
  let reached: number | null = 0
  for (const [i, band] of (bands ?? []).entries()) {
    faults.push(...shareFaults(`${at}/bands/${i}/rate`, band.rate))
    if (reached === null || band.fromDays !== reached) faults.push(fault(`${at}/bands/${i}/fromDays`, reached === null ? 'comes after a band without end' : `must be ${reached}: bands have no gaps and no overlaps`))
    if (band.toDays !== null && band.toDays <= band.fromDays) faults.push(fault(`${at}/bands/${i}/toDays`, 'must be above fromDays'))
    reached = band.toDays
  }
  if (bands !== undefined && reached !== null) faults.push(fault(`${at}/bands`, 'must end with a band whose `toDays` is null'))
  return faults
}

/** Days by which a daily rate becomes a yearly one, and the highest yearly rate, in per cent, that is not taken for a slip of the pen. */
const daysInYear = wholeR(365)
const yearlyRateMax = wholeR(1_000)

/** A rate as per cent a year of 365 days. */
export function yearlyPercent (rate: string, unit: RateUnit): Rational {
  if (unit === 'pct_year') return rational(rate)
  if (unit === 'pct_month') return mulR(rational(rate), wholeR(12))
  return unit === 'pct_day' ? mulR(rational(rate), daysInYear) : divR(mulR(rational(rate), daysInYear), wholeR(100))
}

/** Conventions under which a day is no fixed part of a year: rounding each day has no meaning there. */
const unlikeDays: readonly DayCount[] = ['ACT/ACT ICMA', 'ACT/ACT AFB', 'months', '30E/360 ISDA', '30/360', '30U/360', '30E/365', '30E/360', 'NL/365']

function interestFaults (interest: AgreementTerms['interest']): Violation[] {
  if (interest === null) return []
  const at = '/terms/interest'
  const { rate, index, unit, dayCount, compounding = 'none', rounding } = interest
  const faults = (['rate', 'marginPoints', 'cap', 'floor'] as const).flatMap(name => rateFaults(`${at}/${name}`, interest[name], unit, name === 'marginPoints'))
  if ((rate === undefined) === (index === undefined)) faults.push(fault(at, 'needs either `rate` or `index`'))
  for (const name of ['marginPoints', 'reset'] as const) if (index === undefined && interest[name] !== undefined) faults.push(fault(`${at}/${name}`, 'is of an `index`, and there is none'))
  if (index !== undefined && unit !== 'pct_year') faults.push(fault(`${at}/unit`, 'of an index is `pct_year`'))
  if (interest.cap !== undefined && interest.floor !== undefined && compareR(rational(interest.floor), rational(interest.cap)) > 0) faults.push(fault(`${at}/floor`, 'is above `cap`'))
  if (rounding?.when === 'perDay' && (compounding !== 'none' || unlikeDays.includes(dayCount))) faults.push(fault(`${at}/rounding/when`, 'by the day needs days that are alike, and simple interest'))
  if (dayCount === 'ACT/ACT ICMA') faults.push(fault(`${at}/dayCount`, 'needs coupon periods, which a debt has not'))
  return faults
}

function rateFaults (pointer: string, rate: string | undefined, unit: RateUnit, mayBeNegative: boolean): Violation[] {
  if (rate === undefined) return []
  const yearly = yearlyPercent(rate, unit)
  if (!mayBeNegative && compareR(yearly, zeroR) < 0) return [fault(pointer, 'must not be negative')]
  return compareR(yearly, yearlyRateMax) > 0 ? [fault(pointer, 'is above 1,000 % a year in its unit')] : []
}

function lateFeesFaults (rules: readonly LateFeeTerms[]): Violation[] {
  const codes = rules.map(({ code }) => code)
  return rules.flatMap((rule, i) => [
    ...codes.indexOf(rule.code) < i ? [fault(`/terms/lateFees/${i}/code`, 'is the name of an earlier rule')] : [], ...lateFeeFaults(`/terms/lateFees/${i}`, rule),
  ])
}

function lateFeeFaults (at: string, rule: LateFeeTerms): Violation[] {
  const { trigger, everyDays, timesMax, repeat, feeMin, feeMax, from, to } = rule
  const faults = [...feeAmountFaults(at, rule), ...repeat === undefined ? [] : feeAmountFaults(`${at}/repeat`, repeat)]
  if ((everyDays === undefined) !== (timesMax === undefined)) faults.push(fault(at, 'needs `everyDays` and `timesMax` together'))
  if (trigger === 'returnedPayment') for (const name of ['graceDays', 'everyDays', 'base'] as const) if (rule[name] !== undefined) faults.push(fault(`${at}/${name}`, 'is not of a returned payment'))
  if (trigger === 'overdue' && rule.capByPayment !== undefined) faults.push(fault(`${at}/capByPayment`, 'is of a returned payment'))
  if (feeMin !== undefined && feeMax !== undefined && feeMin > feeMax) faults.push(fault(`${at}/feeMin`, 'is above `feeMax`'))
  if (from !== undefined && to !== undefined && from > to) faults.push(fault(`${at}/to`, 'is before `from`'))
  return faults
}

function feeAmountFaults (at: string, { amount, rate, bands }: Pick<LateFeeTerms, 'amount' | 'rate' | 'bands'>): Violation[] {
  const faults = [...shareFaults(`${at}/rate`, rate), ...bandFaults(bands ?? []).map(({ index, message }) => fault(`${at}/bands/${index}/upTo`, message))]
  for (const [i, band] of (bands ?? []).entries()) faults.push(...shareFaults(`${at}/bands/${i}/rate`, band.rate))
  if ([amount, rate, bands].filter(one => one !== undefined).length !== 1) faults.push(fault(at, 'needs one of `amount`, `rate` and `bands`'))
  return faults
}

/** What is wrong with bands: ends that do not rise, a last one with an end. */
export const bandFaults = (bands: readonly { upTo: Minor | null }[]): { index: number, message: string }[] => bands.flatMap(({ upTo }, index) => {
  const isLast = index === bands.length - 1
  if ((upTo === null) !== isLast) return [{ index, message: isLast ? 'of the last band is null' : 'is null before the last band' }]
  return upTo !== null && upTo <= (bands[index - 1]?.upTo ?? 0) ? [{ index, message: 'must be above that of the band before' }] : []
})

/** The band of an agreement's commission that a debt falls into, so many days past due when it was placed; null when one rate holds for all. Debts placed before they are due count as due. */
export function commissionBandOf ({ bands }: AgreementTerms['commission'], daysPastDue: number): CommissionBand | null {
  if (bands === undefined) return null
  const age = Math.max(0, daysPastDue)
  const band = bands.find(({ fromDays, toDays }) => age >= fromDays && (toDays === null || age < toDays))
  if (band === undefined) throw new RangeError('bands do not cover every age')
  return band
}

/** The commission rate of a debt that was so many days past due when it was placed. */
export function commissionRateOf (commission: AgreementTerms['commission'], daysPastDue: number): string {
  const rate = commissionBandOf(commission, daysPastDue)?.rate ?? commission.rate
  if (rate === undefined) throw new RangeError('terms without a rate')
  return rate
}
