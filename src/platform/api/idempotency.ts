import { createHash, createHmac } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem, uuidOf } from '#kernel'
import type { Tx } from '../db/tx.ts'
import type { Vault } from '../secrets/vault.ts'
import { idempotencyKeys } from '../tables.ts'

export const IdempotencyKeyReused = problem('idempotency-key-reused', 422, 'This Idempotency-Key was used for another request.', 'Use a new key for a new request, and the same key only to repeat one word for word.')
export const IdempotencyInProgress = problem('idempotency-in-progress', 409, 'A request with this Idempotency-Key is still running.', 'Wait a moment and repeat the request to get its answer.')
export const IdempotencyKeyInvalid = problem('idempotency-key-invalid', 400, 'The Idempotency-Key is not usable.', 'Send 1 to 200 printable characters without spaces, such as a random UUID.')

/** How long an answer is kept at least. */
export const answersKeptHours = 48

const keyPattern = /^[\x21-\x7e]{1,200}$/

/** An answer given before: thrown to leave the transaction, and sent instead of doing the work again. */
export class Replay extends Error {
  readonly status: number
  readonly body: string

  constructor (status: number, body: string) {
    super('replay')
    this.status = status
    this.body = body
  }
}

/** The key and the request a repeat must equal; null when the caller sent no key. */
function fingerprints (req: FastifyRequest): { keyHash: Buffer, requestHash: Buffer } | null {
  const key = req.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key !== 'string' || !keyPattern.test(key)) throw IdempotencyKeyInvalid()
  const { kind, keyId, lenderId } = req.caller
  // Keys of one agency's callers do not collide, and one caller cannot fetch another's answer.
  const caller = kind === 'lender' ? lenderId : kind === 'operator' ? 'operator' : keyId
  return {
    keyHash: createHash('sha256').update(JSON.stringify([caller, key])).digest(),
    // Keyed by what only the caller knows: a bare hash of a body that holds a phone number could be guessed back to it.
    requestHash: createHmac('sha256', key).update(`${req.method} ${req.url}\n`).update(req.bodyHash ?? JSON.stringify(req.body ?? null)).digest(),
  }
}

/** Tries the transaction's lock on a key, and looks for an answer already given. */
async function findAnswer (tx: Tx, keyHash: Buffer): Promise<{ isMine: boolean, requestHash: Buffer | null, status: number, answer: Buffer }> {
  const lockId = keyHash.readBigInt64BE(0)
  const { rows } = await tx.execute(sql`
    select pg_try_advisory_xact_lock(${String(lockId)}::bigint) as is_mine, k.request_hash, k.status, k.answer
    from (select 1) one left join ${idempotencyKeys} k on k.tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and k.key_hash = ${keyHash}`)
  const row = rows[0]!
  return { isMine: row['is_mine'] === true, requestHash: row['request_hash'] as Buffer | null, status: Number(row['status']), answer: row['answer'] as Buffer }
}

/**
 * Does the work once for its Idempotency-Key, in the transaction of the work itself: answer and effect commit together or not at all.
 * A repeat replays the stored answer, another body under the same key is 422, a key still at work is 409.
 * Two at once that both miss the row meet at its primary key, and the loser is run again and finds it.
 */
export async function once<T> (tx: Tx, vault: Vault, req: FastifyRequest, reply: FastifyReply, work: (tx: Tx) => Promise<T>): Promise<T> {
  const prints = fingerprints(req)
  if (prints === null) return await work(tx)
  const found = await findAnswer(tx, prints.keyHash)
  if (found.requestHash !== null) {
    if (!found.requestHash.equals(prints.requestHash)) throw IdempotencyKeyReused()
    throw new Replay(found.status, vault.openBytes('idempotency', found.answer).toString('utf8'))
  }
  if (!found.isMine) throw IdempotencyInProgress({}, { retryAfterSeconds: 1 })
  const result = await work(tx)
  await tx.insert(idempotencyKeys).values({
    tenantId: tx.ctx.tenantId, ...prints, status: reply.statusCode, answer: vault.sealBytes('idempotency', Buffer.from(JSON.stringify(result ?? null))),
  })
  return result
}

/** Sends an answer given before. */
export const sendReplay = (reply: FastifyReply, { status, body }: Replay): void => {
  void reply.code(status).header('idempotency-replayed', 'true').header('content-type', 'application/json; charset=utf-8').serializer((text: string) => text).send(body)
}

/** Forgets answers that have been kept long enough. */
export const forgetAnswers = async (tx: Pick<Tx, 'execute'>): Promise<void> => {
  await tx.execute(sql`delete from ${idempotencyKeys} where created_at < now() - make_interval(hours => ${answersKeptHours})`)
}


/** What work came to that is not to be: thrown to leave the transaction. */
class Rehearsed<T> extends Error {
  readonly result: T

  constructor (result: T) {
    super('rehearsed')
    this.result = result
  }
}

/** Does the work and takes it back: answers what would have been. `withTenant` opens the transaction that is rolled back; no key is remembered. */
export async function rehearse<T> (withTenant: (work: (tx: Tx) => Promise<never>) => Promise<never>, work: (tx: Tx) => Promise<T>): Promise<T> {
  try {
    return await withTenant(async tx => { throw new Rehearsed(await work(tx)) })
  } catch (error) {
    if (error instanceof Rehearsed) return error.result as T
    throw error
  }
}
