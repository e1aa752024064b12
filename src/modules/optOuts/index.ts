/**
 * Refusing further contact by link: a page with one button for people, one click for mail programs (RFC 8058).
 *
 * A message may carry a link that refuses more of its kind at the address it went to. The link holds what it refuses, under a keyed hash of the agency's own, and
 * nothing personal; no row stands behind it. So it works after the person's data was destroyed, after keys were rotated, and however old the message is.
 * Opening it changes nothing, because scanners of mail open every link: a page says what the button does. The button, or a mail program's click, withdraws consent
 * for every debt, at once: what is scheduled is put before policy and suppressed. Doing it again is the same as doing it once.
 *
 * What must never happen: a refusal by whoever was not sent the link, a link that tells a stranger whether it was nearly right, a refusal lost because the person is
 * no longer known, a word about debts on a page that anybody may be reading.
 *
 * Held to: 12 CFR 1006.6(e); 民法典 1033; RFC 8058 and RFC 2369.
 */
export { api } from './api.ts'
export { optOutUrl } from './commands.ts'
export type { OptOutLink } from './core.ts'
