import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'
import { and, desc, eq, ne } from 'drizzle-orm'
import type { Id } from '#kernel'
import type { Tx } from '../db/tx.ts'
import { dataKeys } from '../tables.ts'
import { blindIndex, keyVersionOf, masterKeys, newDataKey, open, rewrap, seal, unwrapDataKey } from './envelope.ts'
import type { DataKey, KeyPlace, MasterKeys } from './envelope.ts'
import { StaleKeys } from './stale.ts'

/** Where a sealed field is kept: a value moved to another row or column does not open. */
export interface Place { table: string, column: string, id: string }

/** The personal data of one agency: sealed for keeping, indexed for finding. */
export interface Safe {
  /** The version of the key that seals now. */
  readonly version: number
  seal (place: Place, text: string): Buffer
  /** Throws when the value was tampered with or belongs elsewhere; `StaleKeys`, which runs the unit of work again, when its key was made just now by another process. */
  open (place: Place, sealed: Buffer): string
  /** The same value under the key that seals now. Throws as `open` does. */
  reseal (place: Place, sealed: Buffer): Buffer
  /** The keyed hash by which a value of a kind is found again. The value is normalized by the caller. */
  index (kind: string, value: string): Buffer
}

/** Opens the safes of agencies. Their keys are kept in memory once unwrapped. */
export interface Vault {
  /** The safe of the transaction's agency. */
  safeOf (tx: Tx): Promise<Safe>
  /** Makes the first keys of an agency, or the next version of its field key: older values stay readable. Answers the version. */
  addKeys (tx: Tx): Promise<number>
  /** Lets this process read an agency's keys anew: called when a rotation is committed. Other processes do so within a minute, or when they meet the new key. */
  forgetKeys (tenantId: Id<'tenant'>): void
  /** Brings the agency's keys under the current master key, so that an older one can be retired; answers how many were not. */
  rewrapKeys (tx: Tx): Promise<number>
  /** Seals what belongs to the installation rather than to an agency's row, such as an answer kept for an Idempotency-Key. */
  sealBytes (purpose: string, plain: Buffer): Buffer
  openBytes (purpose: string, sealed: Buffer): Buffer
}

interface Keys { fields: Map<number, Buffer>, current: DataKey, index: Buffer, loadedAt: number }

/** Agencies whose keys are held in memory at once; the longest held goes first. */
const heldMax = 10_000
/** Keys are asked for again after this long, so that a rotated key is taken up by every process. */
const heldMs = 60_000

/** Opens the vault with the installation's master keys (see RECOUP_MASTER_KEY). */
export function openVault (config: string): Vault {
  const masters = masterKeys(config)
  const held = new Map<Id<'tenant'>, Keys>()
  // What a transaction made may yet be rolled back: its keys must not outlive it in memory.
  const making = new WeakSet<Tx>()

  const keysOf = async (tx: Tx): Promise<Keys> => {
    if (making.has(tx)) return await loadKeys(tx, masters)
    const known = held.get(tx.ctx.tenantId)
    if (known !== undefined && performance.now() - known.loadedAt < heldMs) return known
    const keys = await loadKeys(tx, masters)
    if (held.size >= heldMax) held.delete(held.keys().next().value!)
    held.set(tx.ctx.tenantId, keys)
    return keys
  }

  return {
    async safeOf (tx) {
      const { tenantId } = tx.ctx
      const keys = await keysOf(tx)
      const openAt = (place: Place, sealed: Buffer): string => {
        if (!keys.fields.has(keyVersionOf(sealed))) {
          held.delete(tenantId)
          throw new StaleKeys()
        }
        return open(keys.fields, { tenantId, ...place }, sealed)
      }
      const sealAt = (place: Place, text: string): Buffer => seal(keys.current, { tenantId, ...place }, text)
      return {
        version: keys.current.version, seal: sealAt, open: openAt,
        reseal: (place, sealed) => sealAt(place, openAt(place, sealed)),
        index: (kind, value) => blindIndex(keys.index, kind, value),
      }
    },
    async addKeys (tx) {
      const { tenantId } = tx.ctx
      const [latest] = await tx.select({ version: dataKeys.version }).from(dataKeys)
        .where(and(eq(dataKeys.tenantId, tenantId), eq(dataKeys.purpose, 'fields'))).orderBy(desc(dataKeys.version)).limit(1)
      const version = (latest?.version ?? 0) + 1
      const rows = [wrappedRow(masters, { tenantId, purpose: 'fields', version })]
      if (version === 1) rows.push(wrappedRow(masters, { tenantId, purpose: 'index', version: 1 }))
      await tx.insert(dataKeys).values(rows)
      making.add(tx)
      return version
    },
    forgetKeys (tenantId) { held.delete(tenantId) },
    rewrapKeys: async tx => await rewrapKeys(tx, masters),
    sealBytes: (purpose, plain) => sealBytes(masters, purpose, plain),
    openBytes: (purpose, sealed) => openBytes(masters, purpose, sealed),
  }
}

const wrappedRow = (masters: MasterKeys, place: KeyPlace & { tenantId: Id<'tenant'> }) => {
  const { wrapped, masterKeyId } = newDataKey(masters.current, place)
  return { ...place, wrapped, masterKeyId }
}

async function loadKeys (tx: Tx, masters: MasterKeys): Promise<Keys> {
  const { tenantId } = tx.ctx
  const rows = await tx.select({ purpose: dataKeys.purpose, version: dataKeys.version, masterKeyId: dataKeys.masterKeyId, wrapped: dataKeys.wrapped })
    .from(dataKeys).where(eq(dataKeys.tenantId, tenantId))
  const fields = new Map<number, Buffer>()
  let index: Buffer | undefined
  for (const { purpose, version, masterKeyId, wrapped } of rows) {
    const key = unwrapDataKey(masters, { tenantId, purpose, version }, { masterKeyId, wrapped })
    if (purpose === 'index') index = key
    else fields.set(version, key)
  }
  const version = Math.max(...fields.keys())
  const current = fields.get(version)
  if (current === undefined || index === undefined) throw new Error(`${tenantId} has no data keys`)
  return { fields, current: { version, key: current }, index, loadedAt: performance.now() }
}

async function rewrapKeys (tx: Tx, masters: MasterKeys): Promise<number> {
  const { tenantId } = tx.ctx
  const rows = await tx.select({ purpose: dataKeys.purpose, version: dataKeys.version, masterKeyId: dataKeys.masterKeyId, wrapped: dataKeys.wrapped })
    .from(dataKeys).where(and(eq(dataKeys.tenantId, tenantId), ne(dataKeys.masterKeyId, masters.current.id))).for('update')
  // A handful at most: one for each rotation.
  for (const { purpose, version, ...stored } of rows) {
    await tx.update(dataKeys).set(rewrap(masters, { tenantId, purpose, version }, stored))
      .where(and(eq(dataKeys.tenantId, tenantId), eq(dataKeys.purpose, purpose), eq(dataKeys.version, version)))
  }
  return rows.length
}

const nonceBytes = 12
const tagBytes = 16

const keyFor = (master: Buffer, purpose: string): Buffer => Buffer.from(hkdfSync('sha256', master, '', `recoup/${purpose}`, 32))

function sealBytes ({ current }: MasterKeys, purpose: string, plain: Buffer): Buffer {
  const nonce = randomBytes(nonceBytes)
  const cipher = createCipheriv('aes-256-gcm', keyFor(current.key, purpose), nonce, { authTagLength: tagBytes })
  const id = Buffer.from(current.id)
  const sealed = Buffer.concat([cipher.update(plain), cipher.final()])
  return Buffer.concat([Buffer.from([id.length]), id, nonce, cipher.getAuthTag(), sealed])
}

function openBytes ({ byId }: MasterKeys, purpose: string, sealed: Buffer): Buffer {
  const start = 1 + sealed[0]!
  const master = byId.get(sealed.subarray(1, start).toString())
  if (master === undefined) throw new Error('sealed under a master key that is not configured')
  const decipher = createDecipheriv('aes-256-gcm', keyFor(master.key, purpose), sealed.subarray(start, start + nonceBytes), { authTagLength: tagBytes })
  decipher.setAuthTag(sealed.subarray(start + nonceBytes, start + nonceBytes + tagBytes))
  return Buffer.concat([decipher.update(sealed.subarray(start + nonceBytes + tagBytes)), decipher.final()])
}
