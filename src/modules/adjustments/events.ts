import { Type } from 'typebox'
import { BucketsSchema, Currency, Day, IdOf, OneOf, SignedAmount, buckets } from '#kernel'
import { event } from '#platform'
import { adjustmentKinds } from './core.ts'

const signed = (description: string) => Type.Unsafe<number>({ ...SignedAmount, description })
const moved = Type.Object(Object.fromEntries([...buckets, 'total' as const].map(part => [part, signed(`By how much it changed: ${part}, in minor units.`)])) as Record<typeof buckets[number] | 'total', ReturnType<typeof signed>>,
  { description: 'By how much what is owed changed, part by part.' })

export const BalanceAdjusted = event('account.balanceAdjusted', 1, 'What is owed changed, and no payment changed it: costs were added, or the lender forgoes, gives up or corrects a part of the debt; or such a change was undone.', Type.Object({
  adjustmentId: IdOf('adjustment'), accountId: IdOf('account'), kind: OneOf(adjustmentKinds, 'What it was.'), isReversal: Type.Boolean({ description: 'True: it was undone.' }),
  currency: Currency, effectiveOn: Type.Unsafe<string>({ ...Day, description: 'The day it took effect.' }), moved, balance: BucketsSchema,
}))
