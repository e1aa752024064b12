import type { Dispatcher } from 'undici'
import { permitPattern } from '#kernel'
import type { Id, PermitToken } from '#kernel'

/**
 * A message as it leaves us. `key` stays the same when the same message is sent again: a provider that knows it drops the repeat. `permit` is what
 * policy allowed it with; it stays here. `unsubscribeUrl` is where its recipient refuses the next one: https, or http on the same machine.
 */
export interface Letter { tenantId: Id<'tenant'>, permit: PermitToken, key: string, to: string, subject?: string, text: string, unsubscribeUrl?: string }

/** Hands a message to a provider; answers the provider's own id for it, null when it gave none. Throws `NotTaken` when the provider did not take it. */
export interface Sender { send (letter: Letter): Promise<{ providerId: string | null }> }

/** A provider did not take a message, or did not say that it did. `isFinal`: it never will. The text is for records: no personal data. */
export class NotTaken extends Error {
  readonly isFinal: boolean

  constructor (message: string, isFinal: boolean) {
    super(message)
    this.isFinal = isFinal
  }
}

/** The world outside the database, as jobs reach it. Opened once by deps.ts. */
export interface Outside {
  email: Sender
  sms: Sender
  /** Connections for webhooks; refuses addresses inside the network. */
  http: Dispatcher
  /** Where borrowers reach the API from outside: https, or http on the same machine; without a slash at its end. */
  publicUrl: string
  /** Whether `http` reaches private addresses and plain http is taken: on one machine, never in production. */
  allowPrivate: boolean
}

const permitShape = new RegExp(permitPattern)

/** Refuses a letter that nobody permitted, before anything of it leaves. Throws `NotTaken`, for good. */
export function checkPermit ({ permit }: Letter): void {
  if (!permitShape.test(permit)) throw new NotTaken('no permit', true)
}
