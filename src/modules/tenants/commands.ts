import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { Id } from '#kernel'
import { emit, keyChannel, mask, newId } from '#platform'
import type { Place, Safe, Tx, Vault } from '#platform'
import type { ApiKeyInput, StaffInput, TenantInput } from './api.ts'
import type { Role } from './core.ts'
import { KeyRevoked, NotASandbox, ClockBusy, ClockExists, checkAdvance, grant, lenderScopes, roleScopes, serviceScopes } from './core.ts'
import {
  findStaff, findTestClock, insertKey, insertStaff, insertTenant, insertTestClock, lockKey, lockTestClock, setClockTarget, setKeyExpiry, setKeyRevoked,
} from './db.ts'
import { ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated, TestClockStarted } from './events.ts'
import { NotFound } from '#platform'

/** Makes an agency with its data keys, its first administrator's key, and (a sandbox that asks for one) its test clock. The key is shown only here. */
export async function createTenant (tx: Tx, vault: Vault, input: TenantInput, secret: Buffer) {
  const { testClock, ...tenant } = input
  if (testClock !== undefined && tenant.livemode) throw NotASandbox()
  await insertTenant(tx, { ...tenant, createdAt: tx.ctx.now.toISOString() })
  await vault.addKeys(tx)
  const clockId = testClock === undefined ? null : await insertTestClock(tx, new Date(testClock.now))
  const adminKey = await createKey(tx, { kind: 'service', name: 'First administrator', scopes: roleScopes.admin }, roleScopes.admin, secret)
  return { id: tx.ctx.tenantId, ...tenant, testClockId: clockId, adminKey }
}

interface KeyGrant { kind: 'staff' | 'service' | 'lender', name: string, scopes?: readonly string[], staffId?: Id<'staff'>, lenderId?: Id<'lender'>, expiresAt?: string }

/** Makes a key from 256 random bits. The key itself is in the answer and nowhere else. */
async function createKey (tx: Tx, { kind, name, scopes, staffId, lenderId, expiresAt }: KeyGrant, grantable: readonly string[], secret: Buffer, rotatedFrom?: Id<'apiKey'>) {
  const key = `rk_${tx.ctx.livemode ? 'live' : 'test'}_${secret.toString('base64url')}`
  const row = await insertKey(tx, {
    kind, name, hash: createHash('sha256').update(key).digest(), hint: key.slice(0, 12), scopes: grant(grantable, scopes),
    staffId: staffId ?? null, lenderId: lenderId ?? null, expiresAt: expiresAt ?? null, rotatedFrom: rotatedFrom ?? null,
  })
  emit(tx, ApiKeyCreated, lenderId === undefined ? {} : { lenderId }, { apiKeyId: row.id })
  return { ...row, key }
}

/** Makes a key for a member of staff (what their role may) or for a service. */
export async function createApiKey (tx: Tx, input: ApiKeyInput, secret: Buffer) {
  if (input.kind === 'service') return await createKey(tx, input, serviceScopes, secret)
  const member = await findStaff(tx, input.staffId)
  if (member === null) throw NotFound()
  return await createKey(tx, input, roleScopes[member.role], secret)
}

/** Makes a key for a lender: it reaches that lender's rows and no others, in the database too. The caller has checked that the lender exists. */
export const createLenderKey = async (tx: Tx, lenderId: Id<'lender'>, input: { name: string, scopes?: string[] | undefined, expiresAt?: string | undefined }, secret: Buffer) => {
  const { name, scopes, expiresAt } = input
  return await createKey(tx, { kind: 'lender', lenderId, name, ...scopes !== undefined && { scopes }, ...expiresAt !== undefined && { expiresAt } }, lenderScopes, secret)
}

/** Gives a key a successor with the same rights; the old one works for `overlapSeconds` more. */
export async function rotateApiKey (tx: Tx, id: Id<'apiKey'>, overlapSeconds: number, secret: Buffer) {
  const old = await lockKey(tx, id)
  if (old.revokedAt !== null) throw KeyRevoked()
  const { kind, name, scopes, staffId, lenderId } = old
  const successor = await createKey(tx, { kind, name, scopes, ...staffId !== null && { staffId }, ...lenderId !== null && { lenderId } }, scopes, secret, id)
  await setKeyExpiry(tx, id, overlapSeconds)
  emit(tx, ApiKeyRotated, lenderId === null ? {} : { lenderId }, { apiKeyId: id, successorId: successor.id })
  await forgetKeys(tx)
  return successor
}

/** Ends a key at once, in every process. */
export async function revokeApiKey (tx: Tx, id: Id<'apiKey'>) {
  const key = await lockKey(tx, id)
  if (key.revokedAt !== null) throw KeyRevoked()
  const revoked = await setKeyRevoked(tx, id)
  emit(tx, ApiKeyRevoked, key.lenderId === null ? {} : { lenderId: key.lenderId }, { apiKeyId: id })
  await forgetKeys(tx)
  return revoked
}

// Keys change seldom, so this NOTIFY may ride in the transaction: it is heard if and only if the change is committed.
const forgetKeys = async (tx: Tx): Promise<void> => { await tx.execute(sql`select pg_notify(${keyChannel}, '')`) }

const staffPlace = (id: Id<'staff'>, column: 'name' | 'email'): Place => ({ table: 'staff', column, id })

/** Adds a member of staff. Their name and address are sealed. */
export async function createStaff (tx: Tx, vault: Vault, input: StaffInput) {
  const safe = await vault.safeOf(tx)
  const id = newId('staff')
  const email = input.email.toLowerCase()
  const row = await insertStaff(tx, {
    id, role: input.role, name: safe.seal(staffPlace(id, 'name'), input.name), email: safe.seal(staffPlace(id, 'email'), email), emailIndex: safe.index('email', email),
  })
  return showStaff(safe, row)
}

/** A member of staff as the API shows them: the address masked. */
export const showStaff = (safe: Safe, row: { id: Id<'staff'>, name: Buffer, email: Buffer, role: Role, createdAt: string }) => ({
  id: row.id, name: safe.open(staffPlace(row.id, 'name'), row.name), email: mask.email(safe.open(staffPlace(row.id, 'email'), row.email)), role: row.role, createdAt: row.createdAt,
})

/** Gives a sandbox a test clock: from now on its time stands still until it is advanced. */
export async function createTestClock (tx: Tx, now: Date) {
  if (tx.ctx.livemode) throw NotASandbox()
  if (await findTestClock(tx) !== null) throw ClockExists()
  await insertTestClock(tx, now)
  // Processes hold in their cache that this agency lives by the wall clock.
  await forgetKeys(tx)
  return showClock((await findTestClock(tx))!)
}

/** Sends the clock on its way; everything due between fires in order, and `testClock.advanced` says when it has arrived. */
export async function advanceTestClock (tx: Tx, id: Id<'testClock'>, to: Date) {
  const clock = await lockTestClock(tx, id)
  if (clock.targetAt !== null) throw ClockBusy()
  checkAdvance(tx.ctx.now, to)
  await setClockTarget(tx, id, to.toISOString())
  emit(tx, TestClockStarted, {}, { testClockId: id, targetAt: to.toISOString() })
  return { id, state: 'advancing' as const, nowAt: clock.nowAt!, targetAt: to.toISOString() }
}

/** A test clock as the API shows it. */
export const showClock = ({ id, nowAt, targetAt }: { id: Id<'testClock'>, nowAt: string | null, targetAt: string | null }) =>
  ({ id, state: targetAt === null ? 'ready' as const : 'advancing' as const, nowAt: nowAt!, targetAt })
