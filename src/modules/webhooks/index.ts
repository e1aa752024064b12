/**
 * Telling lenders and the agency's own systems what happened: events pushed to endpoints, and the same events as a feed to pull.
 *
 * Two stages. `fanOut` reads every event in order and makes one delivery for each endpoint that is to hear of it; they commit with its
 * progress, so an event has exactly one delivery to an endpoint. `deliver` sends what is due: it takes deliveries in hand, posts them, and
 * writes down what came of it, many in one transaction. The due thing is the endpoint, not the delivery: pausing a million deliveries, or
 * leaving a dead receiver alone, is one row. While a process sends to an endpoint it holds the endpoint's lease in real time; deadlines are in
 * the agency's time, so that a test clock lives through three days of retries in a moment.
 *
 * A delivery is signed as Standard Webhooks says (https://www.standardwebhooks.com), with the new and the old secret while one replaces the
 * other. Its body is made from the stored event at each attempt, and is the same bytes each time and in the feed. `webhook-id` is the event's id:
 * at least once, so a receiver drops the ids it knows. Ten attempts in about 76 hours; a receiver may ask for time (Retry-After), for all its
 * deliveries with 429. One that fails again and again is tried with one delivery now and then, and after 72 hours, or at once when it answers
 * 410, it is paused: its deliveries are kept until it is resumed. Anything can be replayed.
 *
 * A slow receiver occupies a few sockets and nothing else: attempts at one endpoint are few and grow with success, a slice of work does not wait
 * for them, and what ends after the slice is written down without it.
 *
 * What must never happen: an event lost (a crash gives deliveries back when the lease runs out); one lender's event at another's endpoint; a call
 * to an address inside the network (judged when registered, when resolved and when connected); personal data in a body.
 */
export { api } from './api.ts'
export { drainWebhooks } from './courier.jobs.ts'
export { WebhookEndpointPaused } from './events.ts'
export * as jobs from './jobs.ts'
