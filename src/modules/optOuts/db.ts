import { and, desc, eq, sql } from 'drizzle-orm'
import type { Tx } from '#platform'
import { consents } from '../parties/tables.ts'
import type { OptOutLink } from './core.ts'

/** Makes whoever refuses the same at the same time wait until this transaction ends. */
export async function lockRefusal (tx: Tx, { channel, valueIndex }: OptOutLink): Promise<void> {
  await tx.execute(sql`select pg_advisory_xact_lock(hashtextextended(${`${tx.ctx.tenantId} optOut ${channel} ${valueIndex.toString('hex')}`}, 0))`)
}

/** True when the last that was said of being contacted there, about whichever debt, is what the link says: no more, about any debt, for good. */
export async function isRefused (tx: Tx, { channel, valueIndex }: OptOutLink): Promise<boolean> {
  const [last] = await tx.select({ state: consents.state, accountId: consents.accountId, until: consents.until }).from(consents)
    .where(and(eq(consents.tenantId, tx.ctx.tenantId), eq(consents.valueIndex, valueIndex), eq(consents.channel, channel), eq(consents.kind, 'contact'), eq(consents.purpose, 'collection')))
    .orderBy(desc(consents.at), desc(consents.id)).limit(1)
  return last !== undefined && last.state === 'withdrawn' && last.accountId === null && last.until === null
}
