import { emit, resealAfter, sealedTables } from '#platform'
import type { Safe, Tx, Vault } from '#platform'
import { lastPassAfterMs, nextPosition, tableAt } from './core.ts'
import { listFieldKeys, lockDueResealing, lockRotation, setResealing, setResealingBegun } from './db.ts'
import { DataKeyRotated, DataKeyTakenUp } from './events.ts'

/** Makes the agency's next data key: it seals from now on, and what was sealed before is brought under it in the background. The caller forgets the keys in memory after the commit. */
export async function rotateDataKey (tx: Tx, vault: Vault) {
  await lockRotation(tx)
  const version = await vault.addKeys(tx)
  await setResealingBegun(tx, version)
  emit(tx, DataKeyRotated, {}, { version })
  return (await listFieldKeys(tx)).find(key => key.version === version)!
}

/** One step of bringing sealed values under the newest key: a bounded number of rows. Answers whether more is due now. */
export async function resealNext (tx: Tx, vault: Vault): Promise<boolean> {
  const state = await lockDueResealing(tx)
  if (state === null) return false
  const safe = await newestSafe(tx, vault, state.version)
  const tables = sealedTables()
  const table = tableAt(tables, state)
  // The id is looked for in the table it was read from, and in no other.
  const after = table === null ? null : await resealAfter(tx, safe, table, table.name === state.tableName ? state.afterId : null)
  const next = table === null ? null : nextPosition(tables, table.name, after)
  const now = tx.ctx.now.toISOString()
  if (next !== null) {
    await setResealing(tx, { ...next, isLastPass: state.isLastPass, dueAt: now })
    return true
  }
  const dueAt = state.isLastPass ? null : new Date(tx.ctx.now.getTime() + lastPassAfterMs).toISOString()
  await setResealing(tx, { tableName: null, afterId: null, isLastPass: true, dueAt })
  if (dueAt === null) emit(tx, DataKeyTakenUp, {}, { version: state.version })
  return false
}

/** The agency's safe with the key of this version: this process may not have read what another made. */
async function newestSafe (tx: Tx, vault: Vault, version: number): Promise<Safe> {
  const safe = await vault.safeOf(tx)
  if (safe.version >= version) return safe
  vault.forgetKeys(tx.ctx.tenantId)
  return await vault.safeOf(tx)
}

/** Brings the agency's data keys under the installation's current master key; answers how many were under another. */
export const rewrapDataKeys = async (tx: Tx, vault: Vault): Promise<number> => await vault.rewrapKeys(tx)
