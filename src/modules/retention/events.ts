import { Type } from 'typebox'
import { IdOf, Instant, Nullable } from '#kernel'
import { event } from '#platform'

export const RetentionScheduled = event('retention.scheduled', 1, 'It was found until when what is kept of a closed debt is kept, or found anew.', Type.Object({
  accountId: IdOf('account'), endsAt: Type.Unsafe<string | null>({ ...Nullable(Instant), description: 'When the longest term has run out; null: no law that we have tells.' }),
  decisionIds: Type.Array(IdOf('policyDecision'), { description: 'The decisions that say so.' }),
}))
export const RetentionDeleted = event('retention.deleted', 1, 'The terms of a debt had run out: the personal data of its people was destroyed. Ids and money remain.', Type.Object({
  accountId: IdOf('account'), partyIds: Type.Array(IdOf('party'), { description: 'Whose data was destroyed.' }), partyCount: Type.Integer({ description: 'How many people.' }),
  recordingCount: Type.Integer({ description: 'How many recordings are to be deleted by whoever stores them.' }), rules: Type.Array(Type.String(), { description: 'The rules whose terms had run out.' }),
}))
