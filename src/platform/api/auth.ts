import { hash as digest, timingSafeEqual } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import type { Id } from '#kernel'
import type { Database, Principal } from '../db/database.ts'
import type { App, Caller } from './api.ts'
import { NotAllowed, Unauthenticated } from './problem.ts'

/** An API key as it is stored: its hash, whom it stands for, and how long it is good. */
export interface StoredKey extends Omit<Caller, 'kind'> {
  kind: Exclude<Caller['kind'], 'operator'>
  keyId: Id<'apiKey'>
  tenantId: Id<'tenant'>
  hash: Buffer
  expiresAt: Date | null
}

/** Finds keys for authentication, and keeps them a moment. Filled in by the module that owns keys. */
export interface Keyring {
  /** The key with this hash, unless it is revoked. */
  findByHash (hash: Buffer): Promise<StoredKey | null>
  /** Notes that keys were used just now. */
  markUsed (keys: ReadonlyMap<Id<'apiKey'>, Id<'tenant'>>): Promise<void>
}

/** The channel on which a revoked or changed key is called out to every process. */
export const keyChannel = 'recoup_keys'

/** How long a key found in the database is believed while no revocation is heard of, and how many are kept. */
const cachedMs = 30_000
const cachedMax = 50_000
/** How often the last use of keys is written down. */
const usedEveryMs = 15_000

const sha256 = (text: string): Buffer => digest('sha256', text, 'buffer')

const bearer = /^Bearer ([A-Za-z0-9_-]{20,200})$/

/**
 * Checks who calls and what they may do, before anything is read from the body. Adds `req.caller` and `req.principal()`.
 * Keys are cached only while this process hears of revocations; a process that is deaf asks the database every time.
 */
export async function addAuth (app: App, db: Database, keyring: Keyring, operatorKey: string): Promise<void> {
  const operatorHash = sha256(operatorKey)
  const cache = new Map<string, { key: StoredKey, until: number }>()
  const used = new Map<Id<'apiKey'>, Id<'tenant'>>()
  let changes = 0
  const forget = (): void => {
    changes++
    cache.clear()
  }
  const listener = await db.listen(keyChannel, forget, forget)
  app.decorate('forgetKeys', forget)

  const writeUsed = async (): Promise<void> => {
    if (used.size === 0) return
    const batch = new Map(used)
    used.clear()
    await keyring.markUsed(batch).catch(error => app.log.warn({ reason: String(error) }, 'last use of keys was not written'))
  }
  const timer = setInterval(() => { void writeUsed() }, usedEveryMs).unref()
  app.addHook('onClose', async () => {
    clearInterval(timer)
    await writeUsed()
    await listener.close()
  })

  const find = async (hash: Buffer): Promise<StoredKey | null> => {
    const name = hash.toString('base64')
    const cached = cache.get(name)
    if (cached !== undefined && cached.until > performance.now() && listener.isListening()) return cached.key
    const changesBefore = changes
    const key = await keyring.findByHash(hash)
    if (key === null || !timingSafeEqual(key.hash, hash)) return null
    if (cache.size >= cachedMax) cache.delete(cache.keys().next().value!)
    // What was read before a change was heard of must not outlive it.
    if (changes === changesBefore) cache.set(name, { key, until: performance.now() + cachedMs })
    return key
  }

  const authenticate = async (req: FastifyRequest): Promise<Caller> => {
    const token = bearer.exec(req.headers.authorization ?? '')?.[1]
    if (token === undefined) throw Unauthenticated()
    const hash = sha256(token)
    if (timingSafeEqual(hash, operatorHash)) return operator
    const key = await find(hash)
    if (key === null || (key.expiresAt !== null && key.expiresAt <= new Date())) throw Unauthenticated()
    used.set(key.keyId, key.tenantId)
    return key
  }

  app.decorateRequest('caller', null as never)
  app.decorateRequest('principal', function (this: FastifyRequest): Principal {
    const { tenantId, lenderId, livemode, hasTestClock, kind, staffId, keyId } = this.caller
    if (tenantId === null) throw new Error('the operator belongs to no agency')
    return { tenantId, lenderId, livemode, hasTestClock, actor: { kind, id: staffId ?? keyId }, correlationId: this.id }
  })
  app.addHook('onRequest', async req => {
    const { scope } = req.routeOptions.config
    if (scope === null || req.is404) return
    req.caller = await authenticate(req)
    if (scope === undefined || !mayDo(req.caller, scope)) throw NotAllowed({ scope: scope ?? 'none' })
  })
}

const operator: Caller = {
  kind: 'operator', keyId: null, staffId: null, tenantId: null, lenderId: null, scopes: new Set(['operator']), livemode: true, hasTestClock: false,
}

const mayDo = (caller: Caller, scope: string): boolean => caller.scopes.has(scope)
