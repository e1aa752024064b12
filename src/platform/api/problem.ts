import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Problem, problem } from '#kernel'
import type { ProblemType, Violation } from '#kernel'
import { isUnavailable, pgError, DatabaseUnavailable } from '../db/tx.ts'

export const InvalidRequest = problem('invalid-request', 400, 'The request does not have the shape this operation takes.', 'Correct every value named in `errors`; the schema is in /openapi.json.')
export const Unauthenticated = problem('unauthenticated', 401, 'The request carries no valid key.', 'Send `Authorization: Bearer rk_...` with a key that is neither revoked nor expired.')
export const NotAllowed = problem('not-allowed', 403, 'This key may not do that.', 'Use a key whose scopes include the one named in `detail`.')
export const NotFound = problem('not-found', 404, 'There is no such thing, or it is not yours.', 'Check the id and the key: another agency\'s things do not exist for you.')
export const MethodNotAllowed = problem('method-not-allowed', 405, 'The path exists, but not for this method.', 'Use one of the methods in the Allow header.')
export const Conflict = problem('conflict', 409, 'Another request changed or made the same thing first.', 'Read the thing again and decide anew.')
export const BodyTooLarge = problem('body-too-large', 413, 'The body is larger than this operation takes.', 'Send less at once; placement batches take up to 64 MiB.')
export const UnsupportedMediaType = problem('unsupported-media-type', 415, 'The body is of a type this operation does not take.', 'Send `Content-Type: application/json`, or what the operation lists.')
export const TooManyRequests = problem('too-many-requests', 429, 'This key, agency or address has made too many requests.', 'Wait for the seconds in Retry-After.')
export const InternalError = problem('internal-error', 500, 'Something went wrong on our side.', 'Try again with the same Idempotency-Key; quote the requestId when you ask us.')
export const Overloaded = problem('overloaded', 503, 'The service is too busy to take this request now.', 'Wait for the seconds in Retry-After.')

/** Writes a refusal as RFC 9457 problem details. */
export function sendProblem (req: FastifyRequest, reply: FastifyReply, refused: Problem): void {
  const { type, details, refusal } = refused
  const facts = Object.entries(details).filter(([, value]) => value !== undefined && value !== null)
  if (refusal.retryAfterSeconds !== undefined) reply.header('retry-after', String(refusal.retryAfterSeconds))
  if (type.status === 401) reply.header('www-authenticate', 'Bearer')
  // Serialized here: the problem's shape is the same for every route, whatever its response schemas say.
  const body = JSON.stringify({
    type: `/problems/${type.code}`, title: type.title, status: type.status, code: type.code,
    ...facts.length > 0 && { detail: facts.map(([name, value]) => `${name}: ${String(value)}`).join(', ') },
    requestId: req.id,
    ...refusal.violations !== undefined && { errors: refusal.violations },
    ...refusal.resolution !== undefined && { resolution: refusal.resolution },
  })
  void reply.code(type.status).header('content-type', 'application/problem+json; charset=utf-8').serializer((text: string) => text).send(body)
}

/** Turns whatever was thrown into a refusal: ours as it is, the framework's and the database's by what they mean. */
export function toProblem (error: unknown): Problem {
  if (error instanceof Problem) return error
  if (isUnavailable(error)) return DatabaseUnavailable({}, { retryAfterSeconds: 2 })
  const { code = '' } = pgError(error)
  const status = (error as FastifyError).statusCode
  if ((error as FastifyError).validation !== undefined) return InvalidRequest({}, { violations: violationsOf((error as FastifyError).validation ?? [], (error as FastifyError).validationContext ?? 'body') })
  if (code === '23505') return Conflict()
  // A value that passed the schema and that the database cannot take: out of range, bad text.
  if (/^22/.test(code)) return InvalidRequest({}, { violations: [{ pointer: '', message: 'a value cannot be stored as given' }] })
  if (code === 'FST_UNDER_PRESSURE' || status === 503) return Overloaded({}, { retryAfterSeconds: 5 })
  return byStatus(status, error)
}

const byStatus = (status: number | undefined, error: unknown): Problem => {
  const known: Record<number, ProblemType> = { 413: BodyTooLarge, 415: UnsupportedMediaType, 404: NotFound, 429: TooManyRequests }
  if (status !== undefined && status >= 400 && status < 500) {
    return known[status]?.() ?? InvalidRequest({}, { violations: [{ pointer: '', message: error instanceof Error ? error.message : 'not understood' }] })
  }
  return InternalError()
}

const places = { body: '', querystring: '/query', params: '/path', headers: '/headers' } as const

interface Complaint { instancePath: string, message?: string, params: Record<string, unknown>, schemaPath?: string }

const memberPath = /^(.*\/anyOf)\/(\d+)\/properties\/[^/]+\/(?:const|enum)$/
const isOneWord = ({ params }: Complaint): boolean => 'allowedValue' in params || (Array.isArray(params['allowedValues']) && params['allowedValues'].length === 1)

/**
 * Where the members of a union are told apart by a word, the complaints of the one that was meant, and not what the others would have said; all
 * of them where the word names none.
 */
function ofMembersMeant (complaints: readonly Complaint[]): readonly Complaint[] {
  const others = new Map<string, Set<string>>()
  for (const complaint of complaints) {
    const [, union, member] = memberPath.exec(complaint.schemaPath ?? '') ?? []
    if (union !== undefined && isOneWord(complaint)) others.set(union, (others.get(union) ?? new Set()).add(member!))
  }
  const memberOf = (path: string, union: string): string | undefined => path.startsWith(`${union}/`) ? path.slice(union.length + 1).split('/', 1)[0] : undefined
  let left = complaints
  for (const [union, strangers] of others) {
    const isMeant = left.some(({ schemaPath = '' }) => { const member = memberOf(schemaPath, union); return member !== undefined && !strangers.has(member) })
    if (isMeant) left = left.filter(({ schemaPath = '' }) => schemaPath !== union && !strangers.has(memberOf(schemaPath, union) ?? ''))
  }
  return left
}

/** What the validator complains of, as pointers into the request. */
export function violationsOf (complaints: readonly Complaint[], context: string): Violation[] {
  return ofMembersMeant(complaints).slice(0, violationsMax).map(({ instancePath, message, params }) => {
    const named = params['missingProperty'] ?? params['additionalProperty'] ?? params['unevaluatedProperty']
    const allowed = Array.isArray(params['allowedValues']) ? `: ${params['allowedValues'].join(', ')}` : ''
    return {
      pointer: `${places[context as keyof typeof places] ?? ''}${instancePath}${typeof named === 'string' ? `/${named.replace(/~/g, '~0').replace(/\//g, '~1')}` : ''}`,
      message: `${message ?? 'is not valid'}${allowed}`,
    }
  })
}

/** The most violations one answer lists. */
const violationsMax = 50

/** The error handler of the application. Logs what is ours to mend; never a query's parameters or a body. */
export function onError (error: unknown, req: FastifyRequest, reply: FastifyReply): void {
  const refused = toProblem(error)
  if (refused.status >= 500) {
    const cause = pgError(error)
    req.log.error({ code: refused.code, cause: cause.code, reason: cause.code === undefined ? (error as Error).stack : cause.message, table: cause.table, constraint: cause.constraint }, 'request failed')
  }
  sendProblem(req, reply, refused)
}
