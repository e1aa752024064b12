import { addDays, compareR, isCurrency, mulR, problem, ratio, rational, roundR, subR, sumR, wholeR, zeroR } from '#kernel'
import type { CalendarDay, Minor, Rational, Violation } from '#kernel'

export { consentSources } from '../parties/core.ts'

/** What comes in, and what life costs, in words of ours: no more is asked, and no free text. */
export const incomeKinds = ['salary', 'selfEmployment', 'benefits', 'pension', 'maintenance', 'rent', 'family', 'other'] as const
export const expenseKinds = ['housing', 'utilities', 'food', 'transport', 'health', 'children', 'maintenance', 'insurance', 'taxes', 'otherDebts', 'other'] as const
/** What makes it hard to pay. */
export const circumstances = ['jobLoss', 'reducedIncome', 'illness', 'disability', 'mentalHealth', 'caring', 'bereavement', 'separation', 'disaster', 'overindebtedness', 'other'] as const

/** How often a sum comes in or goes out. */
export const frequencies = ['weekly', 'fortnightly', 'fourWeekly', 'monthly', 'quarterly', 'yearly'] as const
export type Frequency = typeof frequencies[number]

/** How often that is in a month, exactly: a year has 52 weeks and 12 months. */
const timesAMonth: Record<Frequency, Rational> = {
  weekly: ratio(52n, 12n), fortnightly: ratio(26n, 12n), fourWeekly: ratio(13n, 12n), monthly: wholeR(1), quarterly: ratio(1n, 3n), yearly: ratio(1n, 12n),
}

/** How much of their income people have left, in words: nothing or less, under a tenth, under a quarter, a quarter or more. */
export const capacityBands = ['none', 'low', 'medium', 'high'] as const
export type CapacityBand = typeof capacityBands[number]
const lowBelow = ratio(1n, 10n)
const mediumBelow = ratio(1n, 4n)

export const HardshipRefused = problem('hardship-refused', 422, 'The assessment cannot be made like that.', 'See `errors`: the party is one of the debt\'s, what is consented to was said before now, and days are in the time allowed.')
export const HardshipConsentMissing = problem('hardship-consent-missing', 422, 'The party has not consented.', 'Name a consent to a service that the party gave at an address of theirs and that holds, or say how and when they consented.')
export const HardshipDestroyed = problem('hardship-destroyed', 409, 'The figures of the assessment were destroyed: it has expired, or the party\'s personal data was erased.', 'Make another assessment, with the party\'s consent.')

/** How many days an assessment is good for unless its end is said, and at most: what people earn changes, and is not kept longer than it is of use. */
export const validDays = 180
export const validDaysMax = 366

/** The share of disposable income that goes into instalments unless another is agreed. */
export const shareDefault = '1/2'

/** A sum that comes in or goes out regularly, in minor units. */
export interface Regular { amount: Minor, frequency: Frequency }

/** What a person's means are worked out from. */
export interface Figures { income: readonly Regular[], expenses: readonly Regular[], agreedShare: string }

/** What is left a month, and the highest instalment a month that is affordable at the agreed share of it. Minor units. */
export interface Capacity { disposable: Minor, instalment: Minor, band: CapacityBand }

/** Sums as one a month, exactly. */
export const monthly = (all: readonly Regular[]): Rational => sumR(all.map(({ amount, frequency }) => mulR(wholeR(amount), timesAMonth[frequency])))

function bandOf (income: Rational, disposable: Rational): CapacityBand {
  if (compareR(disposable, zeroR) <= 0) return 'none'
  if (compareR(disposable, mulR(income, lowBelow)) < 0) return 'low'
  return compareR(disposable, mulR(income, mediumBelow)) < 0 ? 'medium' : 'high'
}

/**
 * What a person can pay. All is computed exactly and rounded once, at the end, down the number line: nobody is said to have a cent that is not there, since a plan built on it would break;
 * what is lost by it is less than one minor unit a month, and comes with the last instalment. A deficit is likewise not made to look smaller. The instalment is of the exact sum, not of the
 * rounded one, and zero where nothing is left.
 */
export function capacityOf ({ income, expenses, agreedShare }: Figures): Capacity {
  const all = monthly(income)
  const left = subR(all, monthly(expenses))
  const share = mulR(left, rational(agreedShare))
  return { disposable: Number(roundR(left, 'floor')), instalment: compareR(share, zeroR) > 0 ? Number(roundR(share, 'floor')) : 0, band: bandOf(all, left) }
}

/** The last day an assessment is good for. */
export const validUntilOf = (validUntil: CalendarDay | undefined, today: CalendarDay): CalendarDay => validUntil ?? addDays(today, validDays)

/** What is asked of a new assessment, beside the figures. `consentedAt` null: another record says. */
export interface Asked { isOfDebt: boolean, consentedAt: string | null, currency: string, agreedShare: string, validUntil: CalendarDay, holdUntil: CalendarDay | null }

/** Checks a new assessment. Throws `HardshipRefused`. */
export function checkAssessment ({ isOfDebt, consentedAt, currency, agreedShare, validUntil, holdUntil }: Asked, today: CalendarDay, now: Date): void {
  const violations: Violation[] = []
  const refuse = (pointer: string, message: string): void => { violations.push({ pointer, message }) }
  if (!isOfDebt) refuse('/partyId', 'has nothing to do with the debt')
  if (consentedAt !== null && new Date(consentedAt) > now) refuse('/consent/at', 'has not come')
  if (!isCurrency(currency)) refuse('/currency', 'is not a currency')
  const share = rational(agreedShare)
  if (compareR(share, zeroR) <= 0 || compareR(share, wholeR(1)) > 0) refuse('/agreedShare', 'is above zero and at most one')
  if (validUntil < today || validUntil > addDays(today, validDaysMax)) refuse('/validUntil', `is from today on and within ${validDaysMax} days`)
  if (holdUntil !== null && holdUntil < today) refuse('/holdUntil', 'has passed')
  if (violations.length > 0) throw HardshipRefused({ today }, { violations })
}
