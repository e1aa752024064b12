import { createRequire } from 'node:module'
import { isDeepStrictEqual } from 'node:util'

/** A test as its file registers it. */
export interface Told { readonly name: string, readonly run: (t: typeof test) => Promise<unknown> }

/** The tests that the files imported so far have registered. */
export const told: Told[] = []

interface Compare { match (found: unknown, wanted: unknown): { match: boolean }, same (found: unknown, wanted: unknown): { match: boolean } }
// A named boundary: tap's own comparison, which tap brings along.
const compare = createRequire(createRequire(import.meta.url).resolve('tap'))('tcompare') as Compare

/** An assertion that does not hold. */
export class Fails extends Error {}

function hold (holds: boolean, name: string | undefined): void {
  if (!holds) throw new Fails(name ?? 'an assertion')
}

function errorOf (run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error ?? new Error('nothing was thrown')
  }
  return null
}

function isExpected (error: unknown, wanted: unknown): boolean {
  if (error === null) return false
  return wanted instanceof RegExp ? wanted.test(error instanceof Error ? error.message : String(error)) : wanted === undefined || typeof wanted === 'string' || compare.match(error, wanted).match
}

/** As much of tap as pure tests use. The first assertion that fails ends the test: a mutant needs no second. */
export const test = {
  test: async (name: string, run: Told['run']): Promise<void> => { await Promise.resolve(told.push({ name, run })) },
  teardown: (): void => undefined,
  ok: (value: unknown, name?: string): void => { hold(Boolean(value), name) },
  notOk: (value: unknown, name?: string): void => { hold(!value, name) },
  equal: (found: unknown, wanted: unknown, name?: string): void => { hold(Object.is(found, wanted), name) },
  not: (found: unknown, wanted: unknown, name?: string): void => { hold(!Object.is(found, wanted), name) },
  same: (found: unknown, wanted: unknown, name?: string): void => { hold(isDeepStrictEqual(found, wanted) || compare.same(found, wanted).match, name) },
  match: (found: unknown, wanted: unknown, name?: string): void => { hold(compare.match(found, wanted).match, name) },
  notMatch: (found: unknown, wanted: unknown, name?: string): void => { hold(!compare.match(found, wanted).match, name) },
  throws: (run: () => unknown, wanted?: unknown, name?: string): void => { hold(isExpected(errorOf(run), wanted), name) },
  doesNotThrow: (run: () => unknown, name?: string): void => { hold(errorOf(run) === null, name) },
}
