/**
 * What comes back from the providers of mail and SMS.
 *
 * A provider tells, in any order and as often as it likes, what became of messages and what people answered; each event of its own takes effect once. What arrived counts
 * as arrived even when our own record of the hand-over was lost; an address that bounced for good is given up. An answer is a contact that the party began. An answer that
 * refuses contact, in any of the languages we know or by the provider's own word, withdraws consent at once, for what is scheduled too; neither its text nor its
 * address is kept here.
 *
 * What must never happen: a callback believed that the gateway did not sign just now, a refusal overlooked because it came with a message we do not know, one
 * receipt counted twice, a stranger who keeps the database busy.
 *
 * Held to: 12 CFR 1006.6(e); 民法典 1033.
 */
export { api } from './api.ts'
