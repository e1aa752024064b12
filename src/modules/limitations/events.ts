import { Type } from 'typebox'
import { Day, IdOf } from '#kernel'
import { event } from '#platform'

export const AccountTimeBarApproaching = event('account.timeBarApproaching', 1, 'The last day to sue for a debt comes near: told 90 and 30 days before, while something is owed.', Type.Object({
  accountId: IdOf('account'), lastOn: Type.Unsafe<string>({ ...Day, description: 'The last day on which the claim can be brought.' }),
  daysLeft: Type.Integer({ description: 'Days until then, by the borrower\'s calendar.' }), decisionId: IdOf('policyDecision'),
}))
