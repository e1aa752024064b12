import { sql } from 'drizzle-orm'
import type { SQLWrapper } from 'drizzle-orm'
import { customType, jsonb, uuid } from 'drizzle-orm/pg-core'
import { idOf, minor as toMinor, uuidOf } from '#kernel'
import type { Id, IdKind, Minor } from '#kernel'

/** An id of a kind: a `uuid` in the database, `prefix_uuid` everywhere else. */
export const id = <K extends IdKind>(kind: K, name?: string) => {
  const column = customType<{ data: Id<K>, driverData: string }>({
    dataType: () => 'uuid',
    toDriver: uuidOf,
    fromDriver: value => idOf(kind, value),
  })
  return name === undefined ? column() : column(name)
}

/** The agency a row belongs to. Every table has it, first in every key. */
export const tenantId = () => id('tenant').notNull()

/** The lender a row belongs to; row security lets that lender see it. Null: the agency's own. */
export const lenderId = () => id('lender')

/** Money in minor units. Reading throws beyond 2^53 - 1. */
export const minor = customType<{ data: Minor, driverData: string | number }>({
  dataType: () => 'bigint',
  toDriver: value => String(value),
  fromDriver: value => toMinor(Number(value)),
})

/** A whole number up to 2^53 - 1, such as a sequence. */
export const count = customType<{ data: number, driverData: string }>({
  dataType: () => 'bigint',
  toDriver: value => String(value),
  fromDriver: value => Number(value),
})

/** An instant in UTC. Travels as RFC 3339 text: building a Date for every row costs more than the query. */
export const instant = customType<{ data: string, driverData: string }>({
  dataType: () => 'timestamptz',
  fromDriver: value => wireInstant(value),
})

/** Postgres writes `2026-03-31 08:00:00.5+00`; the wire wants `2026-03-31T08:00:00.5Z`. Sessions run in UTC. */
export const wireInstant = (text: string): string => `${text.slice(0, 10)}T${text.slice(11, -3)}Z`

/** A calendar day, `YYYY-MM-DD`, as text. */
export const day = customType<{ data: string, driverData: string }>({ dataType: () => 'date' })

/** Raw bytes: hashes and sealed fields. */
export const bytes = customType<{ data: Buffer, driverData: Buffer }>({ dataType: () => 'bytea' })

/** A sealed field of personal data: see platform/secrets. Never readable without the agency's data key. */
export const sealed = bytes

/** A JSON document of a known shape. */
export const document = <T>() => jsonb().$type<T>().notNull()

/**
 * An array parameter, for `unnest`, of values that need no quotes: numbers, UUIDs, days, instants and words of our own. A third of the cost of
 * one whose elements are looked at. Text that came from outside goes through `sql.param`, which quotes it.
 */
export const plainArray = (values: readonly (string | number | null)[]): SQLWrapper => sql.param(`{${values.map(value => value ?? 'NULL').join(',')}}`)

export { uuid }
