import { Type } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf } from '#kernel'
import { closeCodes } from './core.ts'
import type { PlacementRow } from './db.ts'
import { contestReasons, placementStates, recallReasons, stateOf } from './life.core.ts'

/** Where a placement stands, as callers say and see it. */
export const State = OneOf(placementStates, 'Where the placement stands.')

/** A placement as the API shows it. */
export const Placement = Type.Object({
  id: IdOf('placement'), accountId: IdOf('account'), lenderId: IdOf('lender'), lenderReference: Type.String({ description: 'The lender\'s own number of the debt.' }),
  state: State, placementNumber: Type.Integer({ description: '1 for the first hand-over of the debt to the agency, 2 for the second.' }), agreementId: IdOf('agreement'),
  batchId: Nullable(IdOf('placementBatch')), placedOn: Day, termEndsOn: Type.Unsafe<string>({ ...Day, description: 'The last day of the term, extensions included.' }),
  extendedDays: Type.Integer({ description: 'Days by which the term was extended.' }),
  answerBy: Nullable(Type.Unsafe<string>({ ...Day, description: 'The last day for the answer that is awaited, in the debt\'s calendar; null while none is, and while information is.' })),
  information: Nullable(Type.Object({
    askedOn: Day, questions: Type.Array(Type.String({ description: 'What the agency asked.' }), { description: 'What the agency asked last.' }),
    answers: Nullable(Type.Array(Type.String({ description: 'What the lender answered.' }), { description: 'The answers, in the same order; null while they are awaited.' })),
  }, { title: 'PlacementInformation', description: 'What the agency asked before it decided; null: nothing.' })),
  recall: Nullable(Type.Object({
    askedOn: Day, reason: Nullable(OneOf(recallReasons, 'Why the lender wants the debt back; null: not said.')),
    contestReason: Nullable(OneOf(contestReasons, 'Why the agency contests it; null: it does not.')), contestEvidence: Nullable(Type.String({ description: 'What there is to show for it.' })),
  }, { title: 'PlacementRecall', description: 'The recall that was asked for; null: none, or it was withdrawn.' })),
  closeCode: Nullable(OneOf(closeCodes, 'Why work ended.')), endedAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Placement' })

/** A placement as the API shows it, of its row. */
export function showPlacement (row: PlacementRow) {
  const state = stateOf(row)
  const { askedOn, questions, answers, recallAskedOn, recallReason: reason, contestReason, contestEvidence } = row
  const isAwaited = state === 'offered' || row.claim !== null
  return {
    ...row, state, answerBy: isAwaited ? row.answerBy : null, information: askedOn === null || questions === null ? null : { askedOn, questions, answers },
    recall: recallAskedOn === null ? null : { askedOn: recallAskedOn, reason, contestReason, contestEvidence },
  }
}
