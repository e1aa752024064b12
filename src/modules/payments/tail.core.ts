import { addDays, problem } from '#kernel'
import type { CalendarDay } from '#kernel'

export const TailOver = problem('tail-over', 422, 'The debt is out of the agency\'s hands, and the days in which payments for it still count are over.',
  'Money that came to the agency: record it as a receipt and give it back. Money that came to the lender is the lender\'s to record. If the debt has been placed again, send the payment once the placement is active.')

/** A placement that has ended: the day it did, and for how many days after it payments still count (`tailDays` of its plan). */
export interface Ended { endedOn: CalendarDay, tailDays: number }

/** True when a payment was received after the placement of its debt had ended. */
export const isAfterEnd = ({ endedOn }: Pick<Ended, 'endedOn'>, receivedOn: CalendarDay): boolean => receivedOn > endedOn

/** Refuses a payment that was received too long after the placement of its debt ended. Throws `TailOver`. */
export function checkTail ({ endedOn, tailDays }: Ended, receivedOn: CalendarDay): void {
  if (receivedOn > addDays(endedOn, tailDays)) throw TailOver({ endedOn, tailDays, overSince: addDays(endedOn, tailDays + 1) })
}
