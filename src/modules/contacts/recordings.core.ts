import { addDays } from '#kernel'
import type { CalendarDay } from '#kernel'
import { retentionVerdict } from '../policy/retention.core.ts'
import type { Pack } from '../policy/index.ts'

/** What a recording of a contact is in the words of the laws: of several terms the longest holds. */
const records = ['callRecording', 'collectionCallRecording', 'collectionRecord'] as const

/** The last day on which the law wants the recording of a contact of a day kept; null: no law that is known says so. */
export function keptUntil (packs: readonly Pack[], on: CalendarDay): CalendarDay | null {
  const days = records.flatMap(record => {
    const { earliestOn } = retentionVerdict(packs, { recordedOn: on }, { act: 'delete', record, on })
    return earliestOn === null ? [] : [addDays(earliestOn, -1)]
  })
  return days.sort().at(-1) ?? null
}
