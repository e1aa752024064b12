import { createHmac, timingSafeEqual } from 'node:crypto'
import { idOf, idPattern, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import { fill } from './adapter.core.ts'
import type { Adapter, ToldKind } from './adapter.core.ts'
import { parsed } from './core.ts'

/** A callback as it came. `urls` are the addresses it may have been sent to, as the provider wrote them; headers are in lower case; `isForm`: names and values, otherwise JSON. */
export interface Sent { urls: readonly string[], headers: Readonly<Record<string, string | undefined>>, isForm: boolean, body: Buffer }

/** What a provider tells: what became of a message, or that somebody answered. `eventId` is its own, or what serves as one. `isOptOut`: the provider itself took the answer for a refusal. */
export type Told =
  | { eventId: string, type: ToldKind, messageId?: Id<'message'>, providerId?: string }
  | { eventId: string, type: 'reply', from: string, text: string, subject?: string, messageId?: Id<'message'>, providerId?: string, isOptOut?: boolean }

type Fields = readonly (readonly [name: string, value: string])[]

/** The plain fields of a callback, in their order; null when it is not written as it says. */
function fieldsOf ({ isForm, body }: Pick<Sent, 'isForm' | 'body'>): Fields | null {
  const text = body.toString('utf8')
  if (isForm) return [...new URLSearchParams(text)]
  const value = parsed(text)
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return null
  return Object.entries(value).flatMap(([name, one]): [string, string][] => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean' ? [[name, String(one)]] : [])
}

const first = (fields: Fields, wanted: string): string | undefined => fields.find(([name]) => name === wanted)?.[1]
const byName = (a: readonly [string, string], b: readonly [string, string]): number => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] < b[1] ? -1 : a[1] > b[1] ? 1 : 0

/** Names and values one after the other, each pair once. */
const joined = (fields: Fields): string => [...fields].sort(byName).filter((pair, i, all) => i === 0 || byName(all[i - 1]!, pair) !== 0).map(([name, value]) => name + value).join('')
/** `&name=value` for each pair. */
const listed = (fields: Fields): string => [...fields].sort(byName).map(([name, value]) => `&${name}=${value.replace(/[&=]/g, '_')}`).join('')

type Spot = Adapter['signing']['at']
const found = (spot: Spot, headers: Sent['headers'], fields: Fields): string | undefined => 'header' in spot ? headers[spot.header] : first(fields, spot.field)

/**
 * Whether a callback was signed with this key in the window its time is believed for, in a time that does not tell where signatures differ. `nowSeconds` is real time. One that is
 * not written as it says was not.
 */
export function isSigned ({ signing }: Adapter, key: string, { urls, headers, isForm, body }: Sent, nowSeconds: number): boolean {
  const fields = fieldsOf({ isForm, body }) ?? []
  const { at, prefix, hash, encoding, over, timestamp } = signing
  const time = timestamp === null ? undefined : found(timestamp.at, headers, fields)
  if (timestamp !== null && (time === undefined || !/^[0-9]{1,12}$/.test(time) || Math.abs(nowSeconds - Number(time)) > timestamp.windowSeconds)) return false
  const given = found(at, headers, fields)
  if (given === undefined) return false
  const signed = 'field' in at ? fields.filter(([name]) => name !== at.field) : fields
  // Every address is tried, whichever fits.
  return urls.map(url => {
    const text = fill(over, name => {
      if (name === 'body') return body.toString('utf8')
      if (name === 'url') return url
      if (name === 'timestamp') return time
      if (name === 'fields') return joined(signed)
      if (name === 'pairs') return listed(signed)
      return headers[name.slice('header:'.length)]
    })
    if (text === null) return false
    const expected = prefix + createHmac(hash, key).update(text).digest(encoding)
    const [ours, theirs] = [Buffer.from(expected), Buffer.from(encoding === 'hex' ? given.toLowerCase() : given)]
    return ours.length === theirs.length && timingSafeEqual(ours, theirs)
  }).some(Boolean)
}

const messageId = new RegExp(idPattern('message'))
/** Ids of a provider's are kept up to this length. */
const idMax = 200
const textMax = 20_000
const fromMax = 400

/** What a provider's callback tells, by its adapter; `nothing`: it is on its way, or of no concern; null: it cannot be understood. Only for adapters whose callbacks have a shape of their own. */
export function callbackOf ({ meaning }: Adapter, { urls, isForm, body }: Pick<Sent, 'urls' | 'isForm' | 'body'>): Told | 'nothing' | null {
  const fields = fieldsOf({ isForm, body })
  if (meaning === null || fields === null) return null
  const query = new URLSearchParams(urls[0]?.split('?')[1] ?? '')
  const filled = (pattern: string): string | null => fill(pattern, name => name.startsWith('query:') ? query.get(name.slice('query:'.length)) ?? undefined : first(fields, name))
  const { receipts, replies } = meaning
  const status = first(fields, receipts.has)
  if (status !== undefined) {
    const eventId = filled(receipts.event)?.slice(0, idMax)
    const kind = Object.hasOwn(receipts.kinds, status) ? receipts.kinds[status]! : null
    if (eventId === undefined) return null
    if (kind === null) return 'nothing'
    const isGone = kind === 'failed' && receipts.bounces !== null && receipts.bounces.values.includes(first(fields, receipts.bounces.field) ?? '')
    const ours = filled(receipts.messageId)
    const theirs = filled(receipts.providerId)?.slice(0, idMax)
    return { eventId, type: isGone ? 'bounced' : kind, ...ours !== null && messageId.test(ours) ? { messageId: idOf('message', uuidOf(ours)) } : theirs !== undefined && { providerId: theirs } }
  }
  if (first(fields, replies.has) === undefined) return 'nothing'
  const eventId = filled(replies.event)?.slice(0, idMax)
  const from = first(fields, replies.from)
  const text = first(fields, replies.text)
  if (eventId === undefined || from === undefined || from === '' || text === undefined) return null
  const isOptOut = replies.refusal !== null && replies.refusal.values.includes(first(fields, replies.refusal.field) ?? '')
  return { eventId, type: 'reply', from: (replies.hasPlus || from.startsWith('+') ? from : `+${from}`).slice(0, fromMax), text: text.slice(0, textMax), ...isOptOut && { isOptOut } }
}
