import { createHash, createHmac } from 'node:crypto'
import { sql } from 'drizzle-orm'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { problem, uuidOf } from '#kernel'
import { byteStrings, smallints } from '../db/arrays.ts'
import { write } from '../db/tx.ts'
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

/** The hashes of a key and of the request that a repeat must equal. */
export interface Fingerprints { keyHash: Buffer, requestHash: Buffer }

/** The fingerprints of a request; null when the caller sent no key. Throws `IdempotencyKeyInvalid`. */
export function fingerprints (req: FastifyRequest): Fingerprints | null {
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

/**
 * Tries the transaction's lock on the key of each request, and looks for an answer already given. Answers what is to be thrown instead of doing the
 * work: `Replay`, `IdempotencyKeyReused` or `IdempotencyInProgress`; null where nothing is in the way, as for every request without a key.
 */
export async function findAnswers (tx: Tx, vault: Vault, requests: readonly (Fingerprints | null)[]): Promise<(Error | null)[]> {
  const keyed = requests.filter(request => request !== null)
  if (keyed.length === 0) return requests.map(() => null)
  // Each is looked up by itself: a join would be planned while the table is small, and read it whole when it is large.
  const { rows } = await tx.execute(sql`
    select pg_try_advisory_xact_lock(asked.lock_id) as is_mine, k.request_hash, k.status, k.answer
    from unnest(${sql.param(keyed.map(({ keyHash }) => String(keyHash.readBigInt64BE(0))))}::bigint[], ${byteStrings(keyed.map(({ keyHash }) => keyHash))}) with ordinality asked (lock_id, key_hash, n)
    left join lateral (select * from ${idempotencyKeys} where tenant_id = ${uuidOf(tx.ctx.tenantId)}::uuid and key_hash = asked.key_hash limit 1) k on true order by asked.n`)
  const found = rows.values()
  const seen = new Set<string>()
  return requests.map(request => {
    if (request === null) return null
    const row = found.next().value!
    const name = request.keyHash.toString('latin1')
    // The lock is the transaction's: it does not keep two of its own requests apart.
    const isMine = row['is_mine'] === true && !seen.has(name)
    seen.add(name)
    const requestHash = row['request_hash'] as Buffer | null
    if (requestHash === null) return isMine ? null : IdempotencyInProgress({}, { retryAfterSeconds: 1 })
    return requestHash.equals(request.requestHash) ? new Replay(Number(row['status']), vault.openBytes('idempotency', row['answer'] as Buffer).toString('utf8')) : IdempotencyKeyReused()
  })
}

/** What a request is answered: `body` is the text that is sent. */
export interface Answer { status: number, body: string }

/** An answer as it will be sent: with the fields of its schema and no others, in their order. */
export const answerOf = (reply: FastifyReply, result: unknown): Answer => ({ status: reply.statusCode, body: result == null ? 'null' : String(reply.serialize(result)) })

/** Keeps answers for repeats of their requests, sealed; they commit with the transaction. One that another transaction has kept meanwhile loses the race, and the work is run again. */
export function keepAnswers (tx: Tx, vault: Vault, answers: readonly (Fingerprints & Answer)[]): void {
  if (answers.length === 0) return
  write(tx, sql`insert into ${idempotencyKeys} (tenant_id, key_hash, request_hash, status, answer)
    select ${uuidOf(tx.ctx.tenantId)}::uuid, * from unnest(${byteStrings(answers.map(({ keyHash }) => keyHash))}, ${byteStrings(answers.map(({ requestHash }) => requestHash))},
      ${smallints(answers.map(({ status }) => status))}, ${byteStrings(answers.map(({ body }) => vault.sealBytes('idempotency', Buffer.from(body))))})`)
}

/**
 * Does the work once for its Idempotency-Key, in the transaction of the work itself: answer and effect commit together or not at all.
 * A repeat replays the stored answer, another body under the same key is 422, a key still at work is 409.
 * Two at once that both miss the row meet at its primary key, and the loser is run again and finds it.
 */
export async function once<T> (tx: Tx, vault: Vault, req: FastifyRequest, reply: FastifyReply, work: (tx: Tx) => Promise<T>): Promise<T> {
  const prints = fingerprints(req)
  if (prints === null) return await work(tx)
  const [inTheWay] = await findAnswers(tx, vault, [prints])
  if (inTheWay != null) throw inTheWay
  const result = await work(tx)
  keepAnswers(tx, vault, [{ ...prints, ...answerOf(reply, result) }])
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
