/**
 * The work of collectors: queues they pull from, and leases of what they pulled.
 *
 * A queue is a filter over the debts at work, with an order. Every debt that matches has one item in it for each placement. Items follow
 * the debts: a batch of events brings the queues in line with how things are, and a queue that is made or changed is filled in the background.
 *
 * Work is pulled, never assigned. A lease lends the first items whose debtors may be called at that moment by the hours of their law and
 * their clock, and that no hold protects. It lapses by itself unless it is kept alive: a collector whose program dies loses nothing but
 * time. Its holder completes each item with an outcome, which records the call, or gives the lease back; a manager may take it back.
 *
 *   item   ready -> leased -> done | deferred -> ready      ready, leased, deferred -> suppressed -> ready
 *   lease  held -> completed | released | expired
 *
 * Those who ask a queue at the same moment are served together by one transaction (see `dispenser.api.ts`); between processes, rows
 * that another has locked are passed over.
 *
 * What must never happen: an item on two leases; a debtor offered who may not be called now; work on a debt that is closed or on hold; an
 * item lost because somebody died, crashed or went home. A lender never sees a queue.
 */
export { api } from './api.ts'
export { LeaseExpired, WorkItemAvailable, WorkItemCompleted } from './events.ts'
export * as jobs from './jobs.ts'
