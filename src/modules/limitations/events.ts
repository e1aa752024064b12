import { Type } from 'typebox'
import { Day, IdOf, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { recordedKinds } from './core.ts'

export const AccountTimeBarApproaching = event('account.timeBarApproaching', 1, 'The last day to sue for a debt comes near: told 90 and 30 days before, while something is owed.', Type.Object({
  accountId: IdOf('account'), lastOn: Type.Unsafe<string>({ ...Day, description: 'The last day on which the claim can be brought.' }),
  daysLeft: Type.Integer({ description: 'Days until then, by the borrower\'s calendar.' }), decisionId: IdOf('policyDecision'),
}))
export const LimitationEventRecorded = event('limitation.eventRecorded', 1, 'Somebody recorded what may change until when a debt can be sued for, and its last day was found again.', Type.Object({
  accountId: IdOf('account'), kind: OneOf(recordedKinds, 'What happened.'), on: Day, until: Nullable(Day), lastOn: Nullable(Day), decisionId: IdOf('policyDecision'),
}))
