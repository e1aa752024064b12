import { idPattern } from './ids.ts'

declare const permitted: unique symbol

/** The token of a permit: what a contact that policy allowed is made with. A brand that only the module of contacts mints, so that nothing else can be sent. */
export type PermitToken = string & { readonly [permitted]: true }

/** The shape of a permit's token: the permit, the end of its time, and the agency's keyed hash of both. */
export const permitPattern = `${idPattern('permit').slice(0, -1)}\\.[0-9a-z]{1,11}\\.[A-Za-z0-9_-]{22}$`
