import type { Id } from './ids.ts'

/** Who acts: the operator of the installation, staff or a service of the agency, a lender, or the machine itself. */
export type ActorKind = 'operator' | 'staff' | 'service' | 'lender' | 'system'

/** Who acts, as it is kept in every event. `id` is the API key or staff member; null for the operator and the machine. */
export interface Actor { kind: ActorKind, id: string | null }

/**
 * For whom, by whom and when something is done. Every transaction carries one; nothing else knows the tenant or the time.
 *
 * `lenderId` narrows the database to one lender's rows (row security enforces it); null means the agency itself.
 * `now` is the agency's time: the wall clock, or its test clock in a sandbox.
 */
export interface Ctx {
  readonly tenantId: Id<'tenant'>
  readonly lenderId: Id<'lender'> | null
  readonly actor: Actor
  readonly livemode: boolean
  readonly correlationId: string
  readonly now: Date
}
