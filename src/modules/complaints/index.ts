/**
 * Complaints about the agency's conduct.
 *
 * Somebody complains: about a debt, or about nothing but how they were treated. The complaint is acknowledged, looked into and resolved, with its root cause and the collector's share of
 * the fault where it is upheld; one that is withdrawn ends as it is. It is answered within fifteen days, counted in the calendar of the borrower or, without a debt, of the agency;
 * no law that we have sets another time. An answer that is late is told once. A grave complaint about a debt holds it until it is resolved, and keeps its records.
 *
 * What was written is sealed, read with a record of the reading, and destroyed with the personal data of its party. A redress is a fact: paying it is done elsewhere.
 *
 * What must never happen: a lender learning whom a complaint is about or what it says, a hold that outlives its complaint, lateness told twice or never.
 */
export { api } from './api.ts'
export { ComplaintAcknowledged, ComplaintOpened, ComplaintOverdue, ComplaintResolved } from './events.ts'
export * as jobs from './jobs.ts'
