import { Type } from 'typebox'
import { Day, IdOf, Nullable } from '#kernel'
import { event } from '#platform'

export const LenderCreated = event('lender.created', 1, 'A creditor was added.', Type.Object({ lenderId: IdOf('lender') }))
export const LenderUpdated = event('lender.updated', 1, 'A creditor has another name or is of another type. With another type, the law is asked anew what its debts may be charged.', Type.Object({
  lenderId: IdOf('lender'), isTypeChanged: Type.Boolean({ description: 'Whether its type, or since when it is of it, is another.' }),
  typeSince: Nullable(Type.Unsafe<string>({ ...Day, description: 'The first day it is of the type; null: it always was, or nothing changed.' })),
}))
export const AgreementCreated = event('agreement.created', 1, 'A version of an agreement was made.', Type.Object({
  lenderId: IdOf('lender'), agreementId: IdOf('agreement'), version: Type.Integer({ description: 'Version within the lender and currency.' }),
}))
