import type { PgColumn, PgTable } from 'drizzle-orm/pg-core'
import type { Id } from '#kernel'
import type { EventRow, EventType } from '../events/outbox.ts'
import type { Tx } from '../db/tx.ts'
import type { Outside } from '../outside.ts'
import type { Vault } from '../secrets/vault.ts'

/** The agency a slice of work is for, and what the work may use. */
export interface Work {
  readonly tenantId: Id<'tenant'>
  readonly outside: Outside
  /** Opens what was sealed. */
  readonly vault: Vault
  /** Work on the agency's rows, in one transaction. */
  tx<T> (work: (tx: Tx) => Promise<T>): Promise<T>
  /** Moves the agency's test clock towards `target`, running in order everything that falls due; false while there is still way to go. */
  liveUntil (target: Date): Promise<boolean>
  /** True when the slice has had its time and should make room for other agencies. */
  isOver (): boolean
}

/** A reaction to events: gets them in order, in batches; its effects and its progress commit together, so each event takes effect once. */
export interface EventJob {
  readonly kind: 'event'
  readonly name: string
  /** The kinds of events it reads; `all`: every one, whoever declared it. */
  readonly on: readonly EventType[] | 'all'
  readonly batchMax: number
  readonly attemptsMax: number
  run (tx: Tx, events: readonly EventRow[]): Promise<void>
}

/** A table whose rows carry their own deadline: `due_at` in the agency's time, null when nothing is to happen. */
export type DueTable = PgTable & { tenantId: PgColumn, dueAt: PgColumn }

/**
 * A reaction to deadlines. It takes no input: it does what the database says is due, a bounded batch at a time, and answers
 * whether more is due. Safe to run twice, to crash anywhere, and to be found again: the deadline stays until the effect is committed.
 */
export interface DueJob {
  readonly kind: 'due'
  readonly name: string
  readonly due: DueTable
  readonly attemptsMax: number
  run (work: Work): Promise<boolean>
}

export type Job = EventJob | DueJob

/** How many events one batch holds, and how often work that throws is tried, unless a job says otherwise. */
const batchMaxDefault = 500
const attemptsMaxDefault = 8

type EventJobInput = Omit<EventJob, 'kind' | 'batchMax' | 'attemptsMax'> & Partial<Pick<EventJob, 'batchMax' | 'attemptsMax'>>
type DueJobInput = Omit<DueJob, 'kind' | 'attemptsMax'> & Partial<Pick<DueJob, 'attemptsMax'>>

/** Declares a job, `module.verbNoun`. It has one of two causes: events (`on`) or deadlines (`due`). */
export function job (input: EventJobInput): EventJob
export function job (input: DueJobInput): DueJob
export function job (input: EventJobInput | DueJobInput): Job {
  return 'on' in input
    ? { kind: 'event', batchMax: batchMaxDefault, attemptsMax: attemptsMaxDefault, ...input }
    : { kind: 'due', attemptsMax: attemptsMaxDefault, ...input }
}
