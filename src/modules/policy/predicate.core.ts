import { actionDefaults } from './facts.core.ts'
import type { Predicate } from './pack.core.ts'

/** Facts of a contact or of a charge, as far as a condition knows them. */
export interface Readable { readonly flags?: Readonly<Record<string, unknown>> | undefined }

/** A condition ready to be asked, of a contact or of a charge. */
export type Test = (facts: Readable, action: object) => boolean

type Read = (facts: Readable, action: object) => unknown

/** Reads one field; a field left out reads as its default, which is the stricter reading. */
function reader (field: string): Read {
  const [root, name] = field.split('.') as [string, string]
  if (field === 'action.type') return () => 'contact'
  // A pack names fields as data; that they exist is checked when it is read.
  if (root === 'action') {
    const fallback = (actionDefaults as Record<string, unknown>)[name]
    return (_facts, action) => (action as Record<string, unknown>)[name] ?? fallback
  }
  if (root === 'flags') return facts => facts.flags !== undefined && Object.hasOwn(facts.flags, name) ? facts.flags[name] : undefined
  return facts => (facts as Record<string, unknown>)[name]
}

const listOf = (value: unknown): readonly unknown[] => Array.isArray(value) ? value : []

/**
 * Compiles a condition. What is left out is false, zero or an empty list, unless `actionDefaults` says otherwise; a claim is true only when
 * it is said to be.
 */
export function compile (when: Predicate): Test {
  if ('all' in when) return allOf(when.all.map(compile))
  if ('any' in when) {
    const tests = when.any.map(compile)
    return (facts, action) => tests.some(test => test(facts, action))
  }
  if ('not' in when) {
    const test = compile(when.not)
    return (facts, action) => !test(facts, action)
  }
  const read = reader(when.field)
  if ('eq' in when) return (facts, action) => read(facts, action) === when.eq || (when.eq === false && read(facts, action) === undefined)
  if ('in' in when) {
    const words: ReadonlySet<unknown> = new Set(when.in)
    return (facts, action) => words.has(read(facts, action))
  }
  if ('has' in when) return (facts, action) => listOf(read(facts, action)).includes(when.has)
  if ('lacksAnyOf' in when) return (facts, action) => when.lacksAnyOf.some(needed => !listOf(read(facts, action)).includes(needed))
  if ('gte' in when) return (facts, action) => Number(read(facts, action) ?? 0) >= when.gte
  if ('lt' in when) return (facts, action) => Number(read(facts, action) ?? 0) < when.lt
  const among = reader(`facts.${when.inFacts}`)
  return (facts, action) => listOf(among(facts, action)).includes(read(facts, action))
}

const allOf = (tests: readonly Test[]): Test => (facts, action) => {
  for (const test of tests) if (!test(facts, action)) return false
  return true
}
