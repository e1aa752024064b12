import { addDays, buckets, isCurrency, isTimeZone, problem } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Minor, Problem, ProblemType, Violation } from '#kernel'

/** Why a placement ended. */
export const closeCodes = [
  'paidInFull', 'settledInFull', 'paidToLender', 'partiallyPaidExhausted', 'exhaustedNoPayment', 'untraceable', 'deceased', 'bankrupt', 'incarcerated', 'identityTheft',
  'disputeUpheld', 'timeBarred', 'uneconomical', 'withdrawnByLender', 'sold', 'invalidData', 'duplicate', 'statutoryMoratorium', 'legalRestriction', 'writtenOff',
  'transferredToLegal', 'termEnded', 'agencyConflict', 'other',
] as const
export type CloseCode = typeof closeCodes[number]

/** Codes of placements that end because nothing is owed any more. */
const settledCodes: readonly CloseCode[] = ['paidInFull', 'settledInFull', 'paidToLender', 'writtenOff', 'other']

/** True for a placement that may have ended because nothing was owed: when something is again, it is worked again. */
export const endedSettled = (closeCode: CloseCode | null): boolean => closeCode !== null && settledCodes.includes(closeCode)

export const CurrencyUnknown = problem('currency-unknown', 422, 'The currency is not one of ISO 4217.', 'Give the three letters of a currency in use, such as `CNY`.')
export const TimeZoneUnknown = problem('time-zone-unknown', 422, 'The time zone does not exist.', 'Give the name of a zone of the IANA database, such as `Asia/Shanghai`.')
export const DaysOutOfOrder = problem('days-out-of-order', 422, 'The days of the debt contradict one another or lie in the future.',
  'A contract is made on or before the day the debt is due and the day it is placed; nothing is placed on a day that has not begun in the time zone of the debt.')
export const BalanceRefused = problem('balance-refused', 422, 'The balance is not one that can be owed.', 'Give at least one part above zero, and parts whose sum is at most 9,007,199,254,740,991.')
export const NobodyLiable = problem('nobody-liable', 422, 'None of the parties owes the debt.', 'Name at least one party whose role is `borrower`, `coBorrower`, `guarantor` or `heir`.')
export const PlacementDuplicate = problem('placement-duplicate', 409, 'This lender has placed a debt with this reference, and it is still open.',
  'Read the account in `detail`. A debt can be placed again once its placement has ended.')
export const CurrencyChanged = problem('currency-changed', 409, 'The debt was placed before, in another currency.', 'Place it in the currency it has, or under another reference.')
export const AccountNotPlaced = problem('account-not-placed', 409, 'The account has no placement at work.', 'Place the debt again before acting on it.')

/** What a rule refuses in a placement: the kind of refusal, and the place. */
export interface Fault { readonly type: ProblemType, readonly violation: Violation }

/** The facts of a debt that its rules look at. */
export interface DebtFacts {
  currency: string, timeZone: string, contractOn?: CalendarDay, dueOn: CalendarDay, judgedOn?: CalendarDay, placedOn: CalendarDay, balance: { [K in Bucket]?: Minor }
}

/** What is wrong with the facts of a debt on a day (`today` in its own zone). A zone that does not exist is asked for with `isTimeZone` before there is a day. */
export function faultsOf ({ currency, contractOn, dueOn, judgedOn, placedOn, balance }: DebtFacts, today: CalendarDay): Fault[] {
  const faults: Fault[] = []
  const fault = (type: ProblemType, pointer: string, message: string): void => { faults.push({ type, violation: { pointer, message } }) }
  if (!isCurrency(currency)) fault(CurrencyUnknown, '/currency', 'is not a currency of ISO 4217')
  if (contractOn !== undefined && contractOn > dueOn) fault(DaysOutOfOrder, '/contractOn', 'is after dueOn')
  if (contractOn !== undefined && contractOn > placedOn) fault(DaysOutOfOrder, '/contractOn', 'is after the day of the placement')
  if (judgedOn !== undefined && contractOn !== undefined && judgedOn < contractOn) fault(DaysOutOfOrder, '/judgedOn', 'is before contractOn')
  if (judgedOn !== undefined && judgedOn > placedOn) fault(DaysOutOfOrder, '/judgedOn', 'is after the day of the placement')
  if (placedOn > today) fault(DaysOutOfOrder, '/placedOn', 'has not begun in the time zone of the debt')
  const total = buckets.reduce((sum, bucket) => sum + (balance[bucket] ?? 0), 0)
  if (total === 0) fault(BalanceRefused, '/balance', 'is zero')
  if (total > Number.MAX_SAFE_INTEGER) fault(BalanceRefused, '/balance', 'is larger than can be counted')
  return faults
}

/** A fault when the zone of a debt does not exist. */
export const zoneFaults = (timeZone: string): Fault[] =>
  isTimeZone(timeZone) ? [] : [{ type: TimeZoneUnknown, violation: { pointer: '/timeZone', message: 'is not a time zone of the IANA database' } }]

/** One refusal for all faults: of the kind of the first, naming every place. */
export const refusalOf = (faults: readonly [Fault, ...Fault[]]): Problem => faults[0].type({}, { violations: faults.map(({ violation }) => violation) })

/** The last day of a placement that lasts so many days. */
export const termEndsOn = (placedOn: CalendarDay, termDays: number): CalendarDay => addDays(placedOn, termDays)

/** What must be added to and taken from each part of a debt so that it owes exactly `to`. */
export function restatement (from: Buckets, to: Buckets): { raised: Buckets, lowered: Buckets } {
  const part = (a: Buckets, b: Buckets, bucket: Bucket): Minor => Math.max(0, a[bucket] - b[bucket])
  const over = (a: Buckets, b: Buckets): Buckets => ({ principal: part(a, b, 'principal'), interest: part(a, b, 'interest'), penalty: part(a, b, 'penalty'), costs: part(a, b, 'costs') })
  return { raised: over(to, from), lowered: over(from, to) }
}
