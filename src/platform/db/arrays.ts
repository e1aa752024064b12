import { sql } from 'drizzle-orm'
import type { SQL } from 'drizzle-orm'

/*
 * Columns of values for `unnest`, as PostgreSQL reads arrays in binary: neither side writes or parses text, and bytes are not doubled
 * into hexadecimal. What they hold is the caller's to know: `unnest(${uuids(ids)}, ${bigints(amounts)})`.
 */
const headerBytes = 20
const emptyHeaderBytes = 12
const lengthBytes = 4

/** The object ids of element types: the same in every PostgreSQL. */
const oids = { bool: 16, bytea: 17, int8: 20, int2: 21, int4: 23, text: 25, date: 1082, uuid: 2950 } as const

/** An array whose values take so many bytes in all; `write` writes one value and answers where it ends. */
function encode<T> (oid: number, values: readonly (T | null)[], valueBytes: number, write: (buffer: Buffer, value: T, at: number) => number): Buffer {
  if (values.length === 0) {
    const empty = Buffer.alloc(emptyHeaderBytes)
    empty.writeUInt32BE(oid, 8)
    return empty
  }
  const buffer = Buffer.allocUnsafe(headerBytes + values.length * lengthBytes + valueBytes)
  buffer.writeInt32BE(1, 0)
  buffer.writeUInt32BE(oid, 8)
  buffer.writeInt32BE(values.length, 12)
  buffer.writeInt32BE(1, 16)
  let hasNull = 0
  let at = headerBytes
  for (const value of values) {
    if (value === null) {
      hasNull = 1
      at = buffer.writeInt32BE(-1, at)
      continue
    }
    const from = at + lengthBytes
    const end = write(buffer, value, from)
    buffer.writeInt32BE(end - from, at)
    at = end
  }
  buffer.writeInt32BE(hasNull, 4)
  return buffer.subarray(0, at)
}

const sized = <T>(oid: number, bytes: number, write: (buffer: Buffer, value: T, at: number) => number) => (values: readonly (T | null)[]): Buffer =>
  encode(oid, values, values.length * bytes, write)

const uuidBytes = 16
const uuidCharacters = 36

/** The value of each hexadecimal digit by its code. */
const digits = new Uint8Array(128)
for (const [value, digit] of [...'0123456789abcdef'].entries()) digits[digit.charCodeAt(0)] = digits[digit.toUpperCase().charCodeAt(0)] = value

function writeUuid (buffer: Buffer, id: string, at: number): number {
  let to = at
  for (let from = id.length - uuidCharacters; from < id.length; from += 2) {
    if (id.charCodeAt(from) === 0x2d) from++
    buffer[to++] = digits[id.charCodeAt(from)]! << 4 | digits[id.charCodeAt(from + 1)]!
  }
  return to
}

const half = 0x1_0000_0000

const dayMs = 86_400_000
const firstDayMs = Date.UTC(2000, 0, 1)

/** The most bytes that one UTF-16 unit takes in UTF-8. */
const unitBytesMax = 3

/** Arrays as they travel, for statements written out in text: `$1::uuid[]`. */
export const binary = {
  uuid: sized<string>(oids.uuid, uuidBytes, writeUuid),
  boolean: sized<boolean>(oids.bool, 1, (buffer, value, at) => buffer.writeUInt8(value ? 1 : 0, at)),
  smallint: sized<number>(oids.int2, 2, (buffer, value, at) => buffer.writeInt16BE(value, at)),
  integer: sized<number>(oids.int4, 4, (buffer, value, at) => buffer.writeInt32BE(value, at)),
  bigint: sized<number>(oids.int8, 8, (buffer, value, at) => {
    const high = Math.floor(value / half)
    buffer.writeInt32BE(high, at)
    return buffer.writeUInt32BE(value - high * half, at + 4)
  }),
  date: sized<string>(oids.date, 4, (buffer, day, at) => buffer.writeInt32BE((Date.parse(`${day}T00:00:00Z`) - firstDayMs) / dayMs, at)),
  bytea: (values: readonly (Buffer | null)[]): Buffer =>
    encode(oids.bytea, values, values.reduce((sum, value) => sum + (value?.length ?? 0), 0), (buffer, value: Buffer, at) => at + value.copy(buffer, at)),
  text: (values: readonly (string | null)[]): Buffer =>
    encode(oids.text, values, values.reduce((sum, value) => sum + (value?.length ?? 0) * unitBytesMax, 0), (buffer, value: string, at) => at + buffer.write(value, at)),
}

// eslint-disable-next-line no-restricted-syntax -- one of the type names above
const param = (array: Buffer, type: keyof typeof binary): SQL => sql`${sql.param(array)}::${sql.raw(type)}[]`

/** UUIDs, bare or inside ids. */
export const uuids = (values: readonly (string | null)[]): SQL => param(binary.uuid(values), 'uuid')
export const texts = (values: readonly (string | null)[]): SQL => param(binary.text(values), 'text')
export const byteStrings = (values: readonly (Buffer | null)[]): SQL => param(binary.bytea(values), 'bytea')
/** Calendar days, `YYYY-MM-DD`. */
export const days = (values: readonly (string | null)[]): SQL => param(binary.date(values), 'date')
/** Whole numbers up to 2^53 - 1, such as money. */
export const bigints = (values: readonly (number | null)[]): SQL => param(binary.bigint(values), 'bigint')
export const integers = (values: readonly (number | null)[]): SQL => param(binary.integer(values), 'integer')
export const smallints = (values: readonly (number | null)[]): SQL => param(binary.smallint(values), 'smallint')
export const booleans = (values: readonly (boolean | null)[]): SQL => param(binary.boolean(values), 'boolean')
