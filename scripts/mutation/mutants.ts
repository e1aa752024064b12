import { readPack } from '../../src/modules/policy/pack.core.ts'
import type { Pack, Rule } from '../../src/modules/policy/pack.core.ts'

/** A pack with one thing changed: which rule, what was done to it, and the pack; null when the schema refuses it, so that it never boots. */
export interface Mutant { readonly rule: string, readonly kind: 'drop' | 'step' | 'part', readonly what: string, readonly pack: Pack | null }

/** What a rule says of itself to a reader, and no evaluator reads. */
const prose: readonly string[] = ['id', 'kind', 'clause', 'says', 'source', 'note', 'evidence', 'strength', 'lift']

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json }

interface Change { readonly kind: Mutant['kind'], readonly what: string, readonly value: Json }

/** A clock time a minute earlier and later, within its day. */
function clockSteps (text: string): string[] {
  const minutes = Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
  return [minutes - 1, minutes + 1].filter(one => one >= 0 && one <= 1440).map(one => `${String(Math.floor(one / 60)).padStart(2, '0')}:${String(one % 60).padStart(2, '0')}`)
}

const daySteps = (text: string): string[] => [-1, 1].map(step => new Date(Date.parse(text) + step * 86_400_000).toISOString().slice(0, 10))

/** A decimal one step of its last digit smaller and larger. */
function decimalSteps (text: string): string[] {
  const digits = text.split('.')[1]?.length ?? 0
  return [-1, 1].map(step => ((Number(text.replace('.', '')) + step) / 10 ** digits).toFixed(digits))
}

function stepsOf (value: string | number): (string | number)[] {
  if (typeof value === 'number') return [value - 1, value + 1]
  if (/^\d\d:\d\d$/.test(value)) return clockSteps(value)
  if (/^\d{4}-\d\d-\d\d$/.test(value)) return daySteps(value)
  return /^\d+(\.\d+)?$/.test(value) ? decimalSteps(value) : []
}

/** Every change of one number, day, hour, share, claim or part of a list within a value. */
function changesOf (value: Json, path: string): Change[] {
  if (typeof value === 'string' || typeof value === 'number') return stepsOf(value).map(step => ({ kind: 'step', what: `${path}: ${value} -> ${step}`, value: step }))
  if (typeof value === 'boolean') return [{ kind: 'step', what: `${path}: ${value} -> ${!value}`, value: !value }]
  if (value === null) return []
  if (isList(value)) {
    return value.flatMap((item, i) => [
      ...changesOf(item, `${path}/${i}`).map(change => ({ ...change, value: value.with(i, change.value) })),
      { kind: 'part' as const, what: `${path}: without ${JSON.stringify(item)}`, value: value.toSpliced(i, 1) },
    ])
  }
  return Object.entries(value).filter(([name]) => !prose.includes(name)).flatMap(([name, item]) => changesOf(item, `${path}/${name}`).map(change => ({ ...change, value: { ...value, [name]: change.value } })))
}

const isList = (value: Json): value is readonly Json[] => Array.isArray(value)

/** A named boundary: a rule is JSON. */
const jsonOf = (rule: Rule): Json => rule as unknown as Json

function packOf (pack: Pack, rules: readonly unknown[]): Pack | null {
  try {
    return readPack({ ...pack, rules })
  } catch {
    return null
  }
}

/** A pack without a rule, with the evidence of those that are left. */
function dropped (pack: Pack, gone: Rule): Pack {
  return { ...pack, rules: pack.rules.filter(rule => rule !== gone) }
}

/** Every mutant of a pack: each rule dropped; each number, day, hour and share moved a step up and down, each claim denied; each part of a list left out. */
export const mutantsOf = (pack: Pack): Mutant[] => pack.rules.flatMap((rule, i) => [
  { rule: rule.id, kind: 'drop' as const, what: 'dropped', pack: dropped(pack, rule) },
  ...changesOf(jsonOf(rule), '').map(({ kind, what, value }) => ({ rule: rule.id, kind, what, pack: packOf(pack, pack.rules.with(i, value as unknown as Rule)) })),
])
