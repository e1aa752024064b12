import { Type } from 'typebox'
import { Day, IdOf, OneOf } from '#kernel'
import { event } from '#platform'
import { returnReasons, withdrawalReasons } from './core.ts'

const letter = { letterId: IdOf('letter'), messageId: IdOf('message'), accountId: IdOf('account') }

export const LetterPosted = event('letter.posted', 1, 'A letter was handed to the post.', Type.Object({ ...letter, postedOn: Day }))
export const LetterReturned = event('letter.returned', 1, 'The post brought a letter back.', Type.Object({ ...letter, contactPointId: IdOf('contactPoint'), reason: OneOf(returnReasons, 'Why, as the post has it.') }))
export const LetterWithdrawn = event('letter.withdrawn', 1, 'A letter lost its reason before it was posted, or nobody printed it in time. It is not sent.', Type.Object({ ...letter, reason: OneOf(withdrawalReasons, 'Why.') }))
