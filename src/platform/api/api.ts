import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyInstance, RawReplyDefaultExpression, RawRequestDefaultExpression, RawServerDefault } from 'fastify'
import type { Id } from '#kernel'
import type { Database, Principal } from '../db/database.ts'
import type { Tx } from '../db/tx.ts'
import type { Machine } from '../jobs/run.ts'
import type { Queues } from '../jobs/backend.ts'
import type { Vault } from '../secrets/vault.ts'

/** Fastify as our routes see it: typed by their schemas. */
export type App = FastifyInstance<RawServerDefault, RawRequestDefaultExpression, RawReplyDefaultExpression, FastifyBaseLogger, TypeBoxTypeProvider>

/** What a module's routes may use beside `req`. */
export interface Services { db: Database, machine: Machine, queues: Queues | null, vault: Vault }

/** A module's routes. */
export type Api = (app: App, services: Services) => void

/** Who may do what: `module:verb`. `operator` is the operator's alone; null is open to everybody. */
export type Scope = `${string}:${string}` | 'operator' | null

/** Who calls, once the key has been checked. */
export interface Caller {
  kind: 'operator' | 'staff' | 'service' | 'lender'
  keyId: Id<'apiKey'> | null
  staffId: Id<'staff'> | null
  tenantId: Id<'tenant'> | null
  lenderId: Id<'lender'> | null
  scopes: ReadonlySet<string>
  livemode: boolean
  hasTestClock: boolean
}

declare module 'fastify' {
  interface FastifyContextConfig {
    scope?: Scope
    /** Of a route that is open to everybody: whether each address may call it only so often. */
    isLimitedByAddress?: boolean
    /** Of a route without a key: the path parameter by which its callers are limited. */
    limitedBy?: string
  }

  interface FastifyInstance {
    /** Makes this process ask for keys anew, at once: the others hear of a change by NOTIFY. */
    forgetKeys (): void
  }

  interface FastifyRequest {
    /** The hash of a body that the handler read as a stream, for the Idempotency-Key; null for a body that was parsed. */
    bodyHash: Buffer | null
    /** Who calls. Reading it on an open route is a mistake and throws. */
    caller: Caller
    /**
     * One transaction for the caller's agency: read-only on GET, otherwise once per Idempotency-Key.
     * What `work` returns is committed before it is sent.
     */
    tx<T> (work: (tx: Tx) => Promise<T>): Promise<T>
    /** Does the work and takes it back: answers what would have been, and nothing is kept. */
    rehearse<T> (work: (tx: Tx) => Promise<T>): Promise<T>
    /** The caller's agency and lender, for work that opens its own transactions. */
    principal (): Principal
  }
}
