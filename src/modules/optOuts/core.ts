import { createHmac, timingSafeEqual } from 'node:crypto'
import { idOf, uuidOf } from '#kernel'
import type { Id } from '#kernel'
import type { Mac } from '../contacts/permits.core.ts'
import { consentChannels } from '../parties/core.ts'
import type { ConsentChannel } from '../parties/core.ts'

export type { Mac } from '../contacts/permits.core.ts'

/** What a link refuses: one kind of contact, at the address with this keyed hash, by one agency. */
export interface OptOutLink { tenantId: Id<'tenant'>, channel: ConsentChannel, valueIndex: Buffer }

/** The first byte of a token. Another layout gets another number, and this one is read for as long as messages with it may be opened. */
const version = 1
/** The byte that stands for a kind of contact: never given to another, because links are opened years later. */
const codes: Record<ConsentChannel, number> = { call: 1, robocall: 2, sms: 3, im: 4, email: 5, letter: 6, visit: 7 }

const uuidBytes = 16, hashBytes = 16
/** Where the parts of a token begin: version, agency, kind of contact, hash of the address, and the keyed hash of all of these. */
const tenantAt = 1, channelCodeAt = tenantAt + uuidBytes, valueIndexAt = channelCodeAt + 1, macAt = valueIndexAt + hashBytes
const tokenBytes = macAt + hashBytes

/** What is sent to be withdrawn by one click: the name and value that RFC 8058 (3.1) gives it. */
export const oneClick = { name: 'List-Unsubscribe', value: 'One-Click' } as const
/** The largest body that is read: what is asked for is 26 bytes, or 200 as a form of parts. */
export const bodyBytesMax = 4 * 1024

/** The token of a link. Nothing personal is in it, and it is read without a row: it outlives the erasure of the address and every rotation of the agency's keys. */
export function optOutToken ({ tenantId, channel, valueIndex }: OptOutLink, mac: Mac): string {
  const said = Buffer.concat([Buffer.of(version), Buffer.from(uuidOf(tenantId).replaceAll('-', ''), 'hex'), Buffer.of(codes[channel]), valueIndex])
  if (said.length !== macAt) throw new Error('an agency or an address is not of the length of its kind')
  return sealed(said, mac)
}

const sealed = (said: Buffer, mac: Mac): string => Buffer.concat([said, mac(said.toString('base64url'))]).toString('base64url')

/** The bytes of whatever came as a token: as many as a token has, however many there were. */
function bytesOf (token: string): Buffer {
  const bytes = Buffer.alloc(tokenBytes)
  bytes.write(token, 'base64url')
  return bytes
}

/** The agency that a token names, whether or not it made it, or exists. */
export function tenantOf (token: string): Id<'tenant'> {
  const hex = bytesOf(token).toString('hex', tenantAt, channelCodeAt)
  return idOf('tenant', hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5'))
}

/**
 * What a token refuses; null when the agency whose keyed hash this is did not make it, to the character. Whatever is wrong with a token, the same work is done: it
 * is hashed and compared whole, in a time that does not tell where it differs.
 */
export function readOptOut (token: string, mac: Mac): OptOutLink | null {
  const bytes = bytesOf(token)
  const isOurs = isSame(token, sealed(bytes.subarray(0, macAt), mac))
  const channel = consentChannels.find(channel => codes[channel] === bytes[channelCodeAt])
  if (!isOurs || bytes[0] !== version || channel === undefined) return null
  return { tenantId: tenantOf(token), channel, valueIndex: bytes.subarray(valueIndexAt, macAt) }
}

/** Stands in for the keyed hash of an agency that does not exist, so that asking for one takes the same work. It makes no token that is read. */
export const nobodys: Mac = text => createHmac('sha256', '').update(text).digest().subarray(0, hashBytes)

function isSame (a: string, b: string): boolean {
  const [one, other] = [Buffer.from(a), Buffer.from(b)]
  return one.length === other.length && timingSafeEqual(one, other)
}
