import { sql } from 'drizzle-orm'
import { boolean, foreignKey, index, integer, pgTable, primaryKey, text, uniqueIndex } from 'drizzle-orm/pg-core'
import { bytes, day, id, instant, sealed, sealedIn, tenantId } from '#platform'
import { accounts } from '../accounts/tables.ts'
import { contactAttempts } from '../contacts/tables.ts'
import { contactPoints, parties } from '../parties/tables.ts'
import { letterBatchStates, letterStates, returnReasons, withdrawalReasons } from './core.ts'
import { papers } from './sheets.core.ts'

/**
 * Letters that were printed, or are to be, together: the agency's alone, because they are of all its lenders. `sender` is the line that says whom they are from. `count` is how many letters
 * it has, `pages` how many pages its PDF had when it was made, and `hash` the SHA-256 of that; null until then.
 */
export const letterBatches = pgTable('letter_batches', {
  tenantId: tenantId(), id: id('letterBatch').notNull(), state: text({ enum: letterBatchStates }).notNull(), count: integer().notNull(), duplex: boolean().notNull(), agency: text().notNull(), sender: text().notNull(),
  pages: integer(), hash: bytes(), createdAt: instant().notNull(), madeAt: instant(), postedOn: day(),
}, t => [primaryKey({ columns: [t.tenantId, t.id] })])

/**
 * Letters to borrowers, one for each message, beside those that were withdrawn. `contactAttemptId` is the contact that its permit counts. `recipient` is the address, a line of it in each line; it and `body` are null once the
 * party was erased. `writtenOn` is the agency's day when it was written, `dueAt` the moment until which it may wait; null: it does not. `reason` says why it was withdrawn or came back.
 */
export const letters = pgTable('letters', {
  tenantId: tenantId(), id: id('letter').notNull(), messageId: id('message').notNull(), accountId: id('account').notNull(), lenderId: id('lender').notNull(), partyId: id('party').notNull(),
  contactPointId: id('contactPoint').notNull(), contactAttemptId: id('contactAttempt').notNull(), paper: text({ enum: papers }).notNull(), recipient: sealed(), body: sealed(),
  templateVersion: text().notNull(), language: text().notNull(), state: text({ enum: letterStates }).notNull(), reason: text({ enum: [...withdrawalReasons, ...returnReasons] }),
  batchId: id('letterBatch'), writtenOn: day().notNull(), dueAt: instant(), createdAt: instant().notNull(), postedOn: day(),
}, t => [
  primaryKey({ columns: [t.tenantId, t.id] }),
  uniqueIndex('letters_of_message').on(t.tenantId, t.messageId).where(sql`${t.state} <> 'withdrawn'`),
  index().on(t.tenantId, t.messageId, t.id),
  index().on(t.tenantId, t.state, t.id),
  index().on(t.tenantId, t.accountId, t.id),
  index().on(t.tenantId, t.batchId, t.id),
  index().on(t.tenantId, t.partyId),
  index().on(t.tenantId, t.dueAt),
  foreignKey({ columns: [t.tenantId, t.accountId], foreignColumns: [accounts.tenantId, accounts.id] }),
  foreignKey({ columns: [t.tenantId, t.partyId], foreignColumns: [parties.tenantId, parties.id] }),
  foreignKey({ columns: [t.tenantId, t.contactPointId], foreignColumns: [contactPoints.tenantId, contactPoints.id] }),
  foreignKey({ columns: [t.tenantId, t.contactAttemptId], foreignColumns: [contactAttempts.tenantId, contactAttempts.id] }),
  foreignKey({ columns: [t.tenantId, t.batchId], foreignColumns: [letterBatches.tenantId, letterBatches.id] }),
])
sealedIn(letters, 'recipient', 'body')
