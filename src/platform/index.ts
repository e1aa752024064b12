/** The verbs of the machine: HTTP, database, events, jobs, secrets. Knows no module. */
export type { Database, InstallationTx, Principal } from './db/database.ts'
export { newId } from './db/ids.ts'
export type { Tx } from './db/tx.ts'
export { emit, event, eventTypes } from './events/outbox.ts'
export type { EventRow, EventType } from './events/outbox.ts'
export { job } from './jobs/job.ts'
export type { DueJob, EventJob, Job, Work } from './jobs/job.ts'
export type { Letter, Outside, Sender } from './outside.ts'
