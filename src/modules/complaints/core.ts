import { addDays, daysBetween, isCurrency, problem } from '#kernel'
import type { CalendarDay, Minor, Violation } from '#kernel'

/** How a complaint reached the agency: directly, or through a regulator or the lender. */
export const complaintChannels = ['phone', 'email', 'letter', 'message', 'portal', 'inPerson', 'regulator', 'lender', 'other'] as const
export const complaintCategories = ['conduct', 'harassment', 'wrongAmount', 'wrongPerson', 'dataProtection', 'disclosureToThirdParty', 'vulnerability', 'fees', 'service', 'other'] as const
export const severities = ['low', 'medium', 'high', 'critical'] as const
export type Severity = typeof severities[number]

export const complaintStates = ['open', 'acknowledged', 'resolved'] as const
export type ComplaintState = typeof complaintStates[number]
export const complaintOutcomes = ['upheld', 'partlyUpheld', 'rejected', 'withdrawn'] as const
export type ComplaintOutcome = typeof complaintOutcomes[number]

/** Why something that was complained about with reason happened. */
export const rootCauses = ['collectorConduct', 'training', 'script', 'process', 'system', 'dataQuality', 'identification', 'lenderInstruction', 'supplier', 'other'] as const
export type RootCause = typeof rootCauses[number]

/** How much of the fault is the collector's, in words: 0, 1 to 49, 50 to 99, 100 percent. */
export const shareBands = ['none', 'minor', 'major', 'all'] as const
export type ShareBand = typeof shareBands[number]

export const ComplaintRefused = problem('complaint-refused', 422, 'The complaint cannot be recorded like that.', 'See `errors`: a complaint has been received, its party is known of the debt\'s own lender, and only a debt is held.')
export const ComplaintNotAcknowledged = problem('complaint-not-acknowledged', 409, 'A complaint is acknowledged before it is decided.', 'Acknowledge it first. One that was withdrawn is resolved as it is.')
export const ComplaintAlreadyAcknowledged = problem('complaint-already-acknowledged', 409, 'The complaint has been acknowledged before.', 'Resolve it with `resolveComplaint`.')
export const ComplaintAlreadyResolved = problem('complaint-already-resolved', 409, 'The complaint has been resolved before.', 'Record another complaint when there is something new.')
export const ComplaintResolutionRefused = problem('complaint-resolution-refused', 422, 'A complaint does not end like that.', 'See `errors`: one that is upheld in whole or part has a root cause and the collector\'s share, any other has neither; a redress has a currency that exists.')
export const ComplaintTextDestroyed = problem('complaint-text-destroyed', 409, 'The text of the complaint was destroyed with its party\'s personal data.', 'What remains is on the complaint itself.')
export const ComplaintReportTooLong = problem('complaint-report-too-long', 422, 'A report of complaints is of 366 days at most, and ends no earlier than it begins.', 'Ask for a shorter range, or for several.')

/** Days to answer a complaint, counted from the day after it was received. No pack that we have sets another. */
export const answerDays = 15

/** The last day to answer a complaint. */
export const answerByOf = (receivedOn: CalendarDay): CalendarDay => addDays(receivedOn, answerDays)

/** Whether work on the debt stands still until a complaint is resolved: always for grave ones, for others when somebody asks. */
export const placesHoldFor = (severity: Severity, isAsked: boolean): boolean => isAsked || severity === 'high' || severity === 'critical'

/** Checks a complaint about a debt (or none: null) by a party (or none: null) of lenders. Throws `ComplaintRefused`. */
export function checkComplaint ({ receivedOn, accountOf, partyOf, isHoldAsked }: { receivedOn: CalendarDay, accountOf: string | null, partyOf: string | null, isHoldAsked: boolean }, today: CalendarDay): void {
  const violations: Violation[] = []
  if (receivedOn > today) violations.push({ pointer: '/receivedOn', message: 'has not come' })
  if (accountOf !== null && partyOf !== null && accountOf !== partyOf) violations.push({ pointer: '/partyId', message: 'is known by another lender than the debt\'s' })
  if (isHoldAsked && accountOf === null) violations.push({ pointer: '/placesHold', message: 'is of complaints about a debt' })
  if (violations.length > 0) throw ComplaintRefused({ today }, { violations })
}

/** How a complaint ended. The collector's share is in percent; a redress is a fact, and moves no money here. */
export interface Resolution { outcome: ComplaintOutcome, rootCause: RootCause | null, collectorShare: number | null, redress: { amount: Minor, currency: string } | null }

const isFounded = (outcome: ComplaintOutcome): boolean => outcome === 'upheld' || outcome === 'partlyUpheld'

/** Checks how a complaint is to end. Throws `ComplaintResolutionRefused`. */
export function checkResolution ({ outcome, rootCause, collectorShare, redress }: Resolution): void {
  const violations: Violation[] = []
  for (const [pointer, value] of [['/rootCause', rootCause], ['/collectorShare', collectorShare]] as const) {
    if (isFounded(outcome) && value === null) violations.push({ pointer, message: 'is missing: the complaint is upheld' })
    if (!isFounded(outcome) && value !== null) violations.push({ pointer, message: 'is of complaints that are upheld' })
  }
  if (redress !== null && !isCurrency(redress.currency)) violations.push({ pointer: '/redress/currency', message: 'is not a currency' })
  if (violations.length > 0) throw ComplaintResolutionRefused({ outcome }, { violations })
}

/** Checks that a complaint can be acknowledged. Throws `ComplaintAlreadyAcknowledged`, `ComplaintAlreadyResolved`. */
export function checkAcknowledged (state: ComplaintState): void {
  if (state === 'resolved') throw ComplaintAlreadyResolved()
  if (state === 'acknowledged') throw ComplaintAlreadyAcknowledged()
}

/** Checks that a complaint can end so. Throws `ComplaintAlreadyResolved`, and `ComplaintNotAcknowledged` unless it was withdrawn; `path` is where it is acknowledged. */
export function checkResolved (state: ComplaintState, outcome: ComplaintOutcome, path: string): void {
  if (state === 'resolved') throw ComplaintAlreadyResolved()
  if (state === 'open' && outcome !== 'withdrawn') throw ComplaintNotAcknowledged({ state }, { resolution: { method: 'POST', path } })
}

/** How many days a report is of at most. */
const reportDaysMax = 366

/** Checks the range of a report. Throws `ComplaintReportTooLong`. */
export function checkReportRange (from: CalendarDay, to: CalendarDay): void {
  const days = daysBetween(from, to) + 1
  if (days < 1 || days > reportDaysMax) throw ComplaintReportTooLong({ daysMax: reportDaysMax }, { violations: [{ pointer: '/to', message: days < 1 ? 'is before from' : `is more than ${reportDaysMax} days from there` }] })
}
