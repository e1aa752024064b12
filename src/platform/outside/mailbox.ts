import { and, desc, eq, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { Id, PageOf } from '#kernel'
import type { Database, Principal } from '../db/database.ts'
import { newId } from '../db/ids.ts'
import { pageAfter } from '../db/page.ts'
import type { Keyset } from '../db/page.ts'
import type { Tx } from '../db/tx.ts'
import { NotTaken, checkPermit } from '../outside.ts'
import type { Sender } from '../outside.ts'
import type { Place, Vault } from '../secrets/vault.ts'
import { mailbox } from '../tables.ts'

export const mailboxChannels = ['email', 'sms'] as const
export type MailboxChannel = typeof mailboxChannels[number]

/** A letter in the local mailbox, open. */
export interface MailboxLetter { id: Id<'mailboxLetter'>, channel: MailboxChannel, key: string, to: string, subject: string | null, text: string, createdAt: string }

const place = (id: string, column: string): Place => ({ table: 'mailbox', column, id })

/**
 * The provider of an installation that has none: letters are kept, sealed, in the agency's own table, where the operator can read them.
 * A repeat of a key is dropped, as good providers do. `findPrincipal` answers null when there is no such agency.
 */
export function mailboxSender (channel: MailboxChannel, { db, vault, findPrincipal }: { db: Database, vault: Vault, findPrincipal (tenantId: Id<'tenant'>): Promise<Principal | null> }): Sender {
  return {
    async send (letter) {
      checkPermit(letter)
      const { tenantId, key, to, subject, text } = letter
      const principal = await findPrincipal(tenantId)
      if (principal === null) throw new NotTaken('no such agency', true)
      return await db.withTenant(principal, async tx => {
        const id = newId('mailboxLetter')
        const safe = await vault.safeOf(tx)
        const [kept] = await tx.insert(mailbox).values({
          tenantId, id, channel, key, createdAt: tx.ctx.now.toISOString(), recipient: safe.seal(place(id, 'recipient'), to),
          subject: subject === undefined ? null : safe.seal(place(id, 'subject'), subject), body: safe.seal(place(id, 'body'), text),
        }).onConflictDoNothing().returning({ id: mailbox.id })
        if (kept !== undefined) return { providerId: kept.id }
        const [first] = await tx.select({ id: mailbox.id }).from(mailbox).where(and(eq(mailbox.tenantId, tenantId), eq(mailbox.key, key)))
        return { providerId: first?.id ?? null }
      })
    },
  }
}

/** Forgets letters by the keys they were sent under. A key it does not know is no matter: a provider took that letter, or it was forgotten before. */
export async function forgetLetters (tx: Tx, keys: readonly string[]): Promise<void> {
  if (keys.length === 0) return
  await tx.delete(mailbox).where(and(eq(mailbox.tenantId, tx.ctx.tenantId), sql`${mailbox.key} = any(${sql.param(keys)}::text[])`))
}

/** Letters of an agency, newest first. */
export async function listLetters (db: Database, vault: Vault, principal: Principal, page: Keyset): Promise<PageOf<MailboxLetter>> {
  return await db.withTenant(principal, async tx => {
    const rows = await tx.select().from(mailbox).where(and(eq(mailbox.tenantId, tx.ctx.tenantId), pageAfter(mailbox.id, page, 'descending')))
      .orderBy(desc(mailbox.id)).limit(page.limit + 1)
    const safe = await vault.safeOf(tx)
    const { data, nextCursor } = cutPage(rows, page.limit, row => row.id)
    return {
      nextCursor,
      data: data.map(({ id, channel, key, recipient, subject, body, createdAt }) => ({
        id, channel, key, createdAt, to: safe.open(place(id, 'recipient'), recipient),
        subject: subject === null ? null : safe.open(place(id, 'subject'), subject), text: safe.open(place(id, 'body'), body),
      })),
    }
  }, { readOnly: true })
}
