import { Type } from 'typebox'
import { IdOf, Instant, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { workOutcomes } from './core.ts'

export const WorkItemAvailable = event('workItem.available', 1, 'A queue that was found empty, or nearly so, has work again. Said once, however much work came, until the queue is found empty anew.',
  Type.Object({ queueId: IdOf('queue') }))
export const WorkItemCompleted = event('workItem.completed', 1, 'Work on an item ended with an outcome.', Type.Object({
  workItemId: IdOf('workItem'), queueId: IdOf('queue'), accountId: IdOf('account'), leaseId: IdOf('lease'), outcome: OneOf(workOutcomes, 'How it ended.'),
  readyAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When the item comes back; null: it does not.' })),
}))
export const LeaseExpired = event('lease.expired', 1, 'A lease lapsed without a heartbeat; its work went back to the queue.', Type.Object({
  leaseId: IdOf('lease'), queueId: IdOf('queue'), itemCount: Type.Integer({ description: 'How many items went back.' }),
}))
