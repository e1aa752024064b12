import { Problem } from '#kernel'
import { pgError } from './db/tx.ts'

/** How much of an error's text is kept. */
const charsMax = 500

/** What an operator may be told of an error: kind and text of the one that began it. What wraps it may quote a query's parameters, which are people's data. */
export function reasonOf (error: unknown): string {
  if (error instanceof Problem) return `${error.code}: ${error.message}`
  const { code, message } = pgError(error)
  // PostgreSQL quotes the value it could not read (class 22).
  if (code?.startsWith('22') === true) return code
  if (code !== undefined) return `${code}: ${message ?? ''}`.slice(0, charsMax)
  let root = error
  while (root instanceof Error && root.cause !== undefined) root = root.cause
  return root instanceof Error ? `${root.name}: ${root.message}`.slice(0, charsMax) : 'unknown error'
}
