import { Type } from 'typebox'
import { Amount, Currency, Day, IdOf, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { complaintCategories, complaintOutcomes, rootCauses, severities } from './core.ts'
import { capacityBands } from './hardship.core.ts'

const complaint = { complaintId: IdOf('complaint'), accountId: Nullable(IdOf('account')) }
const holdId = Type.Unsafe<`hld_${string}` | null>({ ...Nullable(IdOf('hold')), description: 'The hold on the debt that lasts as long as the complaint; null: there is none.' })
const answerBy = Type.Unsafe<string>({ ...Day, description: 'The last day to answer.' })

export const ComplaintOpened = event('complaint.opened', 1, 'Somebody complained about the agency\'s conduct.', Type.Object({
  ...complaint, holdId, category: OneOf(complaintCategories, 'What is complained about.'), severity: OneOf(severities, 'How grave it is.'), receivedOn: Day, answerBy,
}))
export const ComplaintAcknowledged = event('complaint.acknowledged', 1, 'Whoever complained was told that the complaint is looked into.', Type.Object(complaint))
export const ComplaintOverdue = event('complaint.overdue', 1, 'The last day to answer a complaint has passed. Told once.', Type.Object({ ...complaint, answerBy }))
export const ComplaintResolved = event('complaint.resolved', 1, 'A complaint came to its end, and its hold, if it had one, with it.', Type.Object({
  ...complaint, holdId, outcome: OneOf(complaintOutcomes, 'How it ended.'), rootCause: Nullable(OneOf(rootCauses, 'Why it happened; null: it was not upheld.')),
  collectorShare: Nullable(Type.Integer({ description: 'How much of the fault is the collector\'s, in percent; null: it was not upheld.' })),
  redress: Nullable(Type.Object({ amount: Amount, currency: Currency })),
}))
export const HardshipAssessed = event('hardship.assessed', 1, 'What a person can pay was assessed with their consent. Figures are told to nobody.', Type.Object({
  hardshipAssessmentId: IdOf('hardshipAssessment'), accountId: IdOf('account'), partyId: IdOf('party'), holdId: Nullable(IdOf('hold')), band: OneOf(capacityBands, 'How much of their income is left, in words.'),
}))
