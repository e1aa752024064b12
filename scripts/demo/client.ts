import { randomUUID } from 'node:crypto'

/** The demonstration's only way in: the public API, as a lender's or an agency's engineer would call it. */
export interface Client {
  get<T> (path: string): Promise<T>
  post<T> (path: string, body?: unknown): Promise<T>
  /** Sends a body that is not JSON. */
  send<T> (path: string, contentType: string, body: string): Promise<T>
  /** Every row of a list, page after page. */
  all<T> (path: string): Promise<T[]>
}

/** A refusal by the API, with its problem details. */
export class Refused extends Error {
  readonly status: number
  readonly code: string

  constructor (call: string, status: number, body: string) {
    super(`${call}: ${status} ${body}`)
    this.status = status
    this.code = /"code":"([^"]+)"/.exec(body)?.[1] ?? 'none'
  }
}

const busy = new Set([409, 429, 503])
/** How often a call is tried when the service asks to come back. */
const attemptsMax = 8

/** Calls the API at an address with a key. Each call has an Idempotency-Key, so trying it again does nothing twice; another run on the same database has others. */
export function client (address: string, key: string): Client {
  const run = randomUUID()
  let calls = 0
  const call = async <T>(method: string, path: string, contentType: string | null, body: string | null): Promise<T> => {
    const idempotencyKey = `demo-${run}-${++calls}`
    for (let attempt = 1; ; attempt++) {
      const reply = await fetch(`${address}${path}`, {
        method, headers: { authorization: `Bearer ${key}`, ...contentType !== null && { 'content-type': contentType }, ...method !== 'GET' && { 'idempotency-key': idempotencyKey } }, body,
      })
      const text = await reply.text()
      // The boundary of a JSON answer.
      if (reply.ok) return JSON.parse(text) as T
      const retryAfter = Number(reply.headers.get('retry-after'))
      if (attempt === attemptsMax || !busy.has(reply.status) || retryAfter === 0) throw new Refused(`${method} ${path}`, reply.status, text)
      await new Promise(resolve => setTimeout(resolve, retryAfter * 1_000))
    }
  }
  const get = async <T>(path: string): Promise<T> => await call<T>('GET', path, null, null)
  return {
    get,
    post: async (path, body) => await call('POST', path, body === undefined ? null : 'application/json', body === undefined ? null : JSON.stringify(body)),
    send: async (path, contentType, body) => await call('POST', path, contentType, body),
    async all<T> (path: string) {
      const rows: T[] = []
      let cursor: string | null = null
      do {
        const page: { data: T[], nextCursor: string | null } = await get(`${path}${path.includes('?') ? '&' : '?'}limit=200${cursor === null ? '' : `&cursor=${cursor}`}`)
        rows.push(...page.data)
        cursor = page.nextCursor
      } while (cursor !== null)
      return rows
    },
  }
}
