/** A JSON pointer into the request, with what is wrong there. */
export interface Violation { pointer: string, message: string }

/** A call that would resolve a problem. */
export interface Resolution { method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE', path: string }

/** Facts a caller may use to understand a refusal. Never personal data. */
export type Details = Record<string, string | number | boolean | null | undefined>

interface Refusal { violations?: Violation[], resolution?: Resolution, retryAfterSeconds?: number }

/** A declared kind of refusal; calling it makes the error to throw. */
export interface ProblemType {
  (details?: Details, refusal?: Refusal): Problem
  readonly code: string
  readonly status: number
  readonly title: string
  /** What the page of this problem says a caller should do next. */
  readonly advice: string
}

/** A refusal on its way to the caller as RFC 9457 problem details. Throwing it rolls back whatever was begun. */
export class Problem extends Error {
  readonly type: ProblemType
  readonly details: Details
  readonly refusal: Refusal

  constructor (type: ProblemType, details: Details, refusal: Refusal) {
    super(type.title)
    this.type = type
    this.details = details
    this.refusal = refusal
  }

  get code (): string { return this.type.code }
  get status (): number { return this.type.status }
}

const declared = new Map<string, ProblemType>()

/**
 * Declares a kind of refusal, once, beside the rule that refuses.
 * `code` is kebab-case and the address of its page; `title` speaks to the caller; `advice` says what to do next.
 */
export function problem (code: string, status: number, title: string, advice = ''): ProblemType {
  if (declared.has(code)) throw new Error(`problem ${code} is declared twice`)
  const make = (details: Details = {}, refusal: Refusal = {}): Problem => new Problem(type, details, refusal)
  const type: ProblemType = Object.assign(make, { code, status, title, advice })
  declared.set(code, type)
  return type
}

/** Every kind of refusal declared by the modules loaded, by code. */
export const problemTypes = (): ProblemType[] => [...declared.values()].sort((a, b) => a.code < b.code ? -1 : 1)
