import { Type } from 'typebox'
import type { Static, TSchema, TUnsafe } from 'typebox'
import { idPattern, idPrefixes } from './ids.ts'
import type { Id, IdKind } from './ids.ts'
import type { Minor } from './money.ts'
import type { ProblemType } from './errors.ts'

/** A body that refuses fields it does not know. */
export const closed = { additionalProperties: false } as const

/** An id of a kind, as the wire carries it. */
export const IdOf = <K extends IdKind>(kind: K) => Type.Unsafe<Id<K>>({
  type: 'string', pattern: idPattern(kind), description: `Id, beginning with \`${idPrefixes[kind]}_\`.`,
  examples: [`${idPrefixes[kind]}_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44`],
})

/** One of a few words. */
export const OneOf = <const T extends readonly string[]>(values: T, description: string, more: object = {}) =>
  Type.Unsafe<T[number]>({ type: 'string', enum: [...values], description, ...more })

/** The value, or null. A plain type becomes a pair of types, which is serialized several times faster than a union. */
export function Nullable<T extends TSchema> (schema: T): TUnsafe<Static<T> | null> {
  const { type, enum: words, title } = schema as { type?: unknown, enum?: unknown[], title?: unknown }
  const isPlain = typeof type === 'string' && type !== 'object' && type !== 'array' && title === undefined
  if (isPlain) return Type.Unsafe({ ...schema, type: [type, 'null'], ...words !== undefined && { enum: [...words, null] } })
  // A union stays one for whoever walks schemas; its static type is the same.
  return Type.Union([schema, Type.Null()]) as unknown as TUnsafe<Static<T> | null>
}

/** A positive sum in minor units (cents, fen) of the currency beside it. */
export const Amount = Type.Unsafe<Minor>({
  type: 'integer', minimum: 1, maximum: 1_000_000_000_000, description: 'A positive amount in minor units of the currency beside it.', examples: [125_00],
})

/** A sum in minor units that may be zero, never negative. */
export const Balance = Type.Unsafe<Minor>({
  type: 'integer', minimum: 0, maximum: 9_007_199_254_740_991, description: 'An amount in minor units, zero or more.', examples: [125_00],
})

/** A sum in minor units of either sign. */
export const SignedAmount = Type.Unsafe<Minor>({
  type: 'integer', minimum: -9_007_199_254_740_991, maximum: 9_007_199_254_740_991,
  description: 'An amount in minor units; negative takes away.', examples: [-125_00],
})

export const Currency = Type.String({ pattern: '^[A-Z]{3}$', description: 'ISO 4217 currency code.', examples: ['CNY'] })

/** A calendar day. That it exists (no 30 February) is checked by the `date` format. */
export const Day = Type.String({ format: 'date', maxLength: 10, description: 'A calendar day, YYYY-MM-DD.', examples: ['2026-03-31'] })

export const Instant = Type.String({ format: 'date-time', maxLength: 40, description: 'An instant, RFC 3339.', examples: ['2026-03-31T08:00:00Z'] })

/** A ratio written exactly: a decimal (`0.3`) or a fraction (`1/3`). */
export const Ratio = Type.String({
  pattern: '^-?[0-9]{1,12}(\\.[0-9]{1,12}|/[1-9][0-9]{0,11})?$', description: 'An exact ratio: a decimal such as `0.3`, or a fraction such as `1/3`.', examples: ['0.25'],
})

/** Text for people: no control characters, bounded. */
export const Text = (maxLength: number, description: string, examples: string[] = []) =>
  Type.String({ minLength: 1, maxLength, pattern: '^[^\\u0000-\\u0008\\u000b\\u000c\\u000e-\\u001f]*$', description, ...examples.length > 0 && { examples } })

export const CountryCode = Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2 country code.', examples: ['CN'] })

export const TimeZone = Type.String({ pattern: '^[A-Za-z][A-Za-z0-9_+/-]{1,48}$', description: 'IANA time zone name.', examples: ['Asia/Shanghai'] })

/** The shape every refusal takes (RFC 9457). */
export const ProblemDetails = Type.Object({
  type: Type.String({ description: 'A page that explains this kind of problem.' }),
  title: Type.String({ description: 'What went wrong, for people.' }),
  status: Type.Integer({ description: 'The HTTP status.' }),
  code: Type.String({ description: 'The kind of problem, for programs.' }),
  detail: Type.Optional(Type.String({ description: 'The facts of this case.' })),
  requestId: Type.String({ description: 'Quote this when you ask us.' }),
  errors: Type.Optional(Type.Array(Type.Object({
    pointer: Type.String({ description: 'JSON pointer to the value refused.' }), message: Type.String({ description: 'What is wrong with it.' }),
  }), { description: 'Every violation found.' })),
  resolution: Type.Optional(Type.Object({
    method: Type.String({ description: 'HTTP method.' }), path: Type.String({ description: 'Path to call.' }),
  }, { description: 'A call that would resolve the problem.' })),
}, { title: 'Problem', additionalProperties: true })

/** The refusals a route declares, as response schemas by status. */
export function problems (...types: ProblemType[]): Record<number, object> {
  const byStatus = new Map<number, ProblemType[]>()
  for (const type of types) byStatus.set(type.status, [...byStatus.get(type.status) ?? [], type])
  return Object.fromEntries([...byStatus].map(([status, all]) => [status, {
    description: all.map(type => `\`${type.code}\`: ${type.title}`).join(' '),
    content: { 'application/problem+json': { schema: ProblemDetails } },
    'x-problems': all.map(type => type.code),
  }]))
}

export type Of<T extends TSchema> = Static<T>

/** A weekly stretch of local time, half-open; `to` at or before `from` lies on the next day. */
export const WeeklyWindow = Type.Object({
  days: Type.Array(Type.Integer({ minimum: 1, maximum: 7, description: 'A day of the week, Monday is 1.' }), { minItems: 1, maxItems: 7, uniqueItems: true, description: 'Days of the week it begins on; Monday is 1.' }),
  from: Type.String({ pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$', description: 'Local time it begins.', examples: ['08:00'] }),
  to: Type.String({ pattern: '^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$', description: 'Local time it ends: the first moment outside. At or before `from`: on the next day.', examples: ['22:00'] }),
}, { ...closed, description: 'A weekly stretch of local time.' })
export type WeeklyWindow = Static<typeof WeeklyWindow>
