import { and, asc, eq, sql } from 'drizzle-orm'
import { cutPage, uuidOf } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { pageAfter } from '#platform'
import type { Keyset, Tx } from '#platform'
import type { WorkOutcome } from './core.ts'
import { workCompletions } from './tables.ts'

const columns = {
  id: workCompletions.id, workItemId: workCompletions.workItemId, leaseId: workCompletions.leaseId, outcome: workCompletions.outcome, contactAttemptId: workCompletions.contactAttemptId,
  readyAt: workCompletions.readyAt, note: workCompletions.note, completedBy: workCompletions.completedBy, completedAt: workCompletions.completedAt,
}

/** A completion as it is stored: its note sealed. */
export interface CompletionRow {
  id: Id<'workCompletion'>, workItemId: Id<'workItem'>, leaseId: Id<'lease'>, outcome: WorkOutcome, contactAttemptId: Id<'contactAttempt'> | null,
  readyAt: string | null, note: Buffer | null, completedBy: string, completedAt: string
}

type NewCompletion = Omit<CompletionRow, 'completedBy' | 'completedAt'> & { accountId: Id<'account'> }

/** Keeps how work on an item ended; by whom and when is the transaction's. */
export async function insertCompletion (tx: Tx, completion: NewCompletion): Promise<void> {
  const { tenantId, actor, now } = tx.ctx
  await tx.insert(workCompletions).values({ tenantId, ...completion, completedBy: actor.id ?? actor.kind, completedAt: now.toISOString() })
}

/** How work on an item ended, oldest first. */
export async function listCompletions (tx: Tx, workItemId: Id<'workItem'>, page: Keyset): Promise<PageOf<CompletionRow>> {
  const rows = await tx.select(columns).from(workCompletions)
    .where(and(eq(workCompletions.tenantId, tx.ctx.tenantId), eq(workCompletions.workItemId, workItemId), pageAfter(workCompletions.id, page)))
    .orderBy(asc(workCompletions.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}


/** Destroys the notes on the debts that parties have to do with. */
export async function setNotesErased (tx: Tx, partyIds: readonly Id<'party'>[]): Promise<void> {
  const tenantId = sql`${uuidOf(tx.ctx.tenantId)}::uuid`
  await tx.execute(sql`
    update work_completions c set note = null from account_parties p
    where p.tenant_id = ${tenantId} and p.party_id = any(${sql.param(partyIds.map(uuidOf))}::uuid[])
      and c.tenant_id = p.tenant_id and c.account_id = p.account_id and c.note is not null`)
}
