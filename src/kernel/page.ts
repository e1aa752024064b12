import { Type } from 'typebox'
import type { TSchema } from 'typebox'
import { Nullable } from './schema.ts'

/** The most rows one page holds. */
export const pageLimitMax = 200
export const pageLimitDefault = 50

/** What every list accepts: how many rows, and where to go on. */
export const PageQuery = {
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: pageLimitMax, default: pageLimitDefault, description: `Rows on the page, at most ${pageLimitMax}.` })),
  cursor: Type.Optional(Type.String({ maxLength: 200, pattern: '^[A-Za-z0-9_-]+$', description: 'Where to go on: `nextCursor` of the page before.' })),
}

/** A page of `T`, newest or lowest first as the list says. */
export const Page = <T extends TSchema>(item: T, title: string) => Type.Object({
  data: Type.Array(item, { description: 'The rows of this page.' }),
  nextCursor: Nullable(Type.String({ description: 'Pass as `cursor` for the next page; null on the last.' })),
}, { title })

/** A page as queries return it. */
export interface PageOf<T> { data: T[], nextCursor: string | null }

/** Cuts a page from one row more than was asked for; `keyOf` names the last row kept. */
export function cutPage<T> (rows: T[], limit: number, keyOf: (row: T) => string): PageOf<T> {
  if (rows.length <= limit) return { data: rows, nextCursor: null }
  const data = rows.slice(0, limit)
  return { data, nextCursor: Buffer.from(keyOf(data[limit - 1]!)).toString('base64url') }
}
