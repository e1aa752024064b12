/**
 * Complaints about the agency's conduct, and what people can pay.
 *
 * Somebody complains: about a debt, or about nothing but how they were treated. The complaint is acknowledged, looked into and resolved, with its root cause and the collector's share of
 * the fault where it is upheld; one that is withdrawn ends as it is. It is answered within fifteen days, counted in the calendar of the borrower or, without a debt, of the agency;
 * no law that we have sets another time. An answer that is late is told once. A grave complaint about a debt holds it until it is resolved, and keeps its records.
 *
 * What was written is sealed, read with a record of the reading, and destroyed with the personal data of its party. A redress is a fact: paying it is done elsewhere.
 *
 * A hardship assessment is made with the person's consent: what comes in, what life costs, and from that what is left a month and the highest instalment that is affordable. Its figures are
 * sealed, every reading is recorded, and they are destroyed when the assessment expires or the party's data is. Only a band is told, and not to lenders.
 *
 * What must never happen: a lender learning whom a complaint is about or what it says, a hold that outlives its complaint, lateness told twice or never, a person said to
 * have a cent that is not there, figures kept beyond their day.
 */
export { api } from './api.ts'
export { ComplaintAcknowledged, ComplaintOpened, ComplaintOverdue, ComplaintResolved, HardshipAssessed } from './events.ts'
export * as jobs from './jobs.ts'
