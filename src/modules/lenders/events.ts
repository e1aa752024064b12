import { Type } from 'typebox'
import { IdOf } from '#kernel'
import { event } from '#platform'

export const LenderCreated = event('lender.created', 1, 'A creditor was added.', Type.Object({ lenderId: IdOf('lender') }))
export const AgreementCreated = event('agreement.created', 1, 'A version of an agreement was made.', Type.Object({
  lenderId: IdOf('lender'), agreementId: IdOf('agreement'), version: Type.Integer({ description: 'Version within the lender and currency.' }),
}))
