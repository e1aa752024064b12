import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Nullable, OneOf, Ratio, buckets, closed, compareR, divR, isCurrency, mulR, problem, rational, wholeR, zeroR } from '#kernel'
import type { Rational, Violation } from '#kernel'

export const AgreementMissing = problem('agreement-missing', 422, 'The lender has no agreement for this currency in force on that day.',
  'Make an agreement for the currency first, or name one with `agreementId`.')
export const AgreementRefused = problem('agreement-refused', 422, 'The terms of the agreement contradict themselves.', 'Correct every value named in `errors`.')

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

const InterestTerms = Type.Object({
  rate: Type.Unsafe<string>({ ...Ratio, description: 'The rate in its unit: `12.25` with `pct_year` is 12.25 % a year, `1.75` with `per10k_day` is 1.75 per ten thousand a day.' }),
  unit: OneOf(['pct_year', 'pct_day', 'per10k_day'], 'What the rate is a rate of.'),
  dayCount: OneOf(['ACT/365F', 'ACT/360'], 'Days in the year by which a yearly rate becomes a daily one; without effect on a daily rate.'),
}, { ...closed, title: 'InterestTerms', description: 'Simple interest on the principal, from the day after placement, never on interest.' })

const LateFeeTerms = Type.Object({
  graceDays: Type.Integer({ minimum: 0, maximum: 365, description: 'The fee is charged when the debt has been placed and unpaid for more than so many days.' }),
  amount: Type.Optional(Amount),
  rate: Type.Optional(Type.Unsafe<string>({ ...Share, description: 'Instead of `amount`: a share of the principal then open.' })),
  amountMax: Type.Optional(Amount),
}, { ...closed, title: 'LateFeeTerms', description: 'One late fee an account: a fixed `amount`, or a `rate` of the open principal, at most `amountMax`.' })

/** How money in the agency's hands is passed on. */
export const remittances = ['net', 'gross', 'combined'] as const
export type RemittanceBasis = typeof remittances[number]

/** What a lender and the agency agreed for debts in one currency. Amounts are in that currency. */
export const AgreementTerms = Type.Object({
  commission: CommissionTerms,
  interest: Nullable(InterestTerms),
  lateFee: Nullable(LateFeeTerms),
  allocation: Type.Array(OneOf(buckets, 'A part of the debt.'), { minItems: 4, maxItems: 4, uniqueItems: true, description: 'The order in which a payment settles the parts of the debt.' }),
  remittance: OneOf(remittances, '`net`: commission is withheld from what is passed on; `gross`: it is invoiced; `combined`: it is withheld, and what is owed for money paid to the lender directly is kept from what is passed on as well, itemised on the statement.'),
  autoAccept: Type.Boolean({ description: 'True: placements become active at once. False: the agency accepts or declines each.' }),
  termDays: Type.Integer({ minimum: 1, maximum: 3_650, description: 'Days a placement lasts.' }),
}, { ...closed, title: 'AgreementTerms' })
export type AgreementTerms = Static<typeof AgreementTerms>

/** Refuses terms that a schema cannot: a currency that does not exist, shares above one, rates beyond reason, bands with gaps, two ways of saying one thing. Throws `AgreementRefused`. */
export function checkTerms (currency: string, terms: AgreementTerms): void {
  const violations = [
    ...isCurrency(currency) ? [] : [fault('/currency', 'is not a currency of ISO 4217')],
    ...commissionFaults(terms.commission), ...interestFaults(terms.interest), ...lateFeeFaults(terms.lateFee),
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

/** A rate as per cent a year. */
const yearlyPercent = ({ rate, unit }: NonNullable<AgreementTerms['interest']>): Rational =>
  unit === 'pct_year' ? rational(rate) : unit === 'pct_day' ? mulR(rational(rate), daysInYear) : divR(mulR(rational(rate), daysInYear), wholeR(100))

function interestFaults (interest: AgreementTerms['interest']): Violation[] {
  if (interest === null) return []
  const yearly = yearlyPercent(interest)
  if (compareR(yearly, zeroR) < 0) return [fault('/terms/interest/rate', 'must not be negative')]
  return compareR(yearly, yearlyRateMax) > 0 ? [fault('/terms/interest/rate', 'is above 1,000 % a year in its unit')] : []
}

function lateFeeFaults (lateFee: AgreementTerms['lateFee']): Violation[] {
  if (lateFee === null) return []
  const faults = shareFaults('/terms/lateFee/rate', lateFee.rate)
  if ((lateFee.amount === undefined) === (lateFee.rate === undefined)) faults.push(fault('/terms/lateFee', 'needs either `amount` or `rate`'))
  if (lateFee.amountMax !== undefined && lateFee.rate === undefined) faults.push(fault('/terms/lateFee/amountMax', 'bounds a `rate`, and there is none'))
  return faults
}

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
