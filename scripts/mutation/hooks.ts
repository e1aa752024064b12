import type { LoadHook, ResolveHook } from 'node:module'

const address = 'recoup:tap'

/** Gives whoever imports tap the stand-in that lets one process run the same tests thousands of times. */
export const resolve: ResolveHook = async (specifier, context, next) => specifier === 'tap' ? { url: address, shortCircuit: true } : await next(specifier, context)

export const load: LoadHook = async (url, context, next) => url === address
  ? { format: 'module', shortCircuit: true, source: `export { test as default } from ${JSON.stringify(new URL('tap.js', import.meta.url).href)}` }
  : await next(url, context)
