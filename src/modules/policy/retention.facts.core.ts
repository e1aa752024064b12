import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Nullable, OneOf, closed } from '#kernel'
import { DayOf, caseFields } from './case.facts.core.ts'
import { Claims } from './facts.core.ts'

/** Records that laws keep for a time. */
export const recordKinds = ['complianceRecord', 'callRecording', 'collectionRecord', 'collectionCallRecording', 'oralPlanRecording', 'piImpactAssessment'] as const

/** What is claimed of personal data in other hands: each true, or left out. */
export const entrustmentFlagMeanings = {
  entrustmentEnded: 'the entrustment has ended',
  processorConsentToSub: 'the handler consents to a further entrustment',
} as const

/** What a decision on keeping or deleting may rest on. What is left out is not known, and a rule that needs it refuses. */
export const RetentionFacts = Type.Object({
  ...caseFields,
  recordedOn: Type.Optional(DayOf('The day of the record.')),
  lastCollectionActivityOn: Type.Optional(DayOf('The day of the last collection activity on the debt.')),
  settledOn: Type.Optional(Nullable(DayOf('The day the debt was settled; null: it is not.'))),
  flags: Type.Optional(Claims(entrustmentFlagMeanings)),
}, { title: 'RetentionFacts', ...closed, description: 'What a decision on records and personal data rests on.' })
export type RetentionFacts = Static<typeof RetentionFacts>

const on = DayOf('The day it would be done: the law of that day is asked.')

/** What is to be done with records or personal data. */
export const DataAct = Type.Union([
  Type.Object({ act: Type.Literal('delete', { description: 'A record is deleted.' }), record: OneOf(recordKinds, 'What record.'), on }, { title: 'RecordDeleted', ...closed }),
  Type.Object({ act: Type.Literal('keepPersonalData', { description: 'Personal data is kept.' }), on }, { title: 'DataKept', ...closed }),
  Type.Object({ act: Type.Literal('subEntrust', { description: 'Personal data is entrusted further.' }), on }, { title: 'DataEntrusted', ...closed }),
], { title: 'DataAct', description: 'What is to be done with records or personal data.' })
export type DataAct = Static<typeof DataAct>
