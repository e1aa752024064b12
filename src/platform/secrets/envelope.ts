import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto'
import { fillRandom } from '../random.ts'

/** A key from the environment that wraps data keys. `id` is stored beside each key it wrapped. */
export interface MasterKey { readonly id: string, readonly key: Buffer }

/** The master keys of an installation: `current` wraps, all of them unwrap. */
export interface MasterKeys { readonly current: MasterKey, readonly byId: ReadonlyMap<string, MasterKey> }

/** Whose key it is and for what: bound into the wrapping, so that a key moved to another row does not unwrap. */
export interface KeyPlace { readonly tenantId: string, readonly purpose: 'fields' | 'index', readonly version: number }

/** A data key as the database keeps it. */
export interface WrappedKey { readonly wrapped: Buffer, readonly masterKeyId: string }

/** A tenant's key for fields; `version` (1 to 65,535) is written into what it seals. */
export interface DataKey { readonly version: number, readonly key: Buffer }

/** The one field a sealed value belongs to. */
export interface FieldPlace { readonly tenantId: string, readonly table: string, readonly column: string, readonly id: string }

const keyBytes = 32, nonceBytes = 12, tagBytes = 16, indexBytes = 16
const keyVersionMax = 0xffff
const format = 1
const keyHeader = Buffer.of(format)
const fieldHeaderBytes = 3

/** The id of a master key that was configured without one. */
const defaultMasterKeyId = 'default'

/**
 * Reads `id:base64,id2:base64` (the first wraps, the others still unwrap), or one bare base64 key of 32 bytes, which gets the id `default`.
 * Throws a plain Error that names the entry and never shows the key.
 */
export function masterKeys (config: string): MasterKeys {
  const [first = '', ...others] = config.split(',')
  const current = masterKey(first)
  const byId = new Map([[current.id, current]])
  for (const entry of others) {
    const master = masterKey(entry)
    if (byId.has(master.id)) throw new Error(`master key ${master.id}: given twice`)
    byId.set(master.id, master)
  }
  return { current, byId }
}

function masterKey (entry: string): MasterKey {
  const [base64 = '', id = defaultMasterKeyId, ...rest] = entry.trim().split(':').reverse()
  if (rest.length > 0 || !/^[a-z0-9-]{1,32}$/.test(id)) throw new Error('master key: expected id:base64, the id in small letters, digits and hyphens')
  const key = Buffer.from(base64, 'base64')
  if (key.length !== keyBytes || key.toString('base64') !== base64) throw new Error(`master key ${id}: expected base64 of ${keyBytes} bytes`)
  return { id, key }
}

/** Makes a random 32-byte key and wraps it. `plain` must stay in memory; the rest is stored. An index key is a key of its own. */
export function newDataKey (master: MasterKey, place: KeyPlace): WrappedKey & { plain: Buffer } {
  const plain = randomBytes(keyBytes)
  return { plain, ...wrap(master, place, plain) }
}

/** The data key in the clear. Throws a plain Error if the master key is unknown, or the wrapping was altered or belongs elsewhere. */
export function unwrapDataKey (masters: MasterKeys, place: KeyPlace, { wrapped, masterKeyId }: WrappedKey): Buffer {
  const master = masters.byId.get(masterKeyId)
  if (!master) throw new Error(`master key ${masterKeyId} is not configured`)
  return decrypt(master.key, keyHeader, keyAad(place), wrapped)
}

/** The same data key under the current master key, so that an old master key can be retired. Throws as `unwrapDataKey` does. */
export function rewrap (masters: MasterKeys, place: KeyPlace, stored: WrappedKey): WrappedKey {
  return wrap(masters.current, place, unwrapDataKey(masters, place, stored))
}

/**
 * Encrypts one field (AES-256-GCM): format byte, key version (2 bytes), random nonce (12), ciphertext, tag (16).
 * One data key may seal 2^32 values (NIST SP 800-38D, 8.3). Throws a plain Error on text that is not Unicode: it would not come back.
 */
export function seal ({ version, key }: DataKey, place: FieldPlace, text: string): Buffer {
  if (/\p{Surrogate}/u.test(text)) throw new Error('text with half of a surrogate pair cannot be sealed')
  return encrypt(key, fieldHeader(version), fieldAad(place), Buffer.from(text))
}

/** The text of a sealed field. Throws a plain Error if its key is missing, a byte was altered, or it was sealed for another place. */
export function open (keysByVersion: ReadonlyMap<number, Buffer>, place: FieldPlace, sealed: Buffer): string {
  const version = keyVersionOf(sealed)
  const key = keysByVersion.get(version)
  if (!key) throw new Error(`data key version ${version} is not at hand`)
  return decrypt(key, fieldHeader(version), fieldAad(place), sealed).toString('utf8')
}

/** The version of the data key that sealed a value. Throws a plain Error on what is too short to be sealed. */
export function keyVersionOf (sealed: Buffer): number {
  if (sealed.length < fieldHeaderBytes) throw new Error('sealed value is too short')
  return sealed.readUInt16BE(1)
}

/**
 * A keyed fingerprint (16 bytes of HMAC-SHA-256) by which equal values of a kind are found without opening them.
 * `indexKey` is a data key with the purpose `index`: rotating field keys leaves fingerprints as they are. The caller normalizes the value.
 */
export function blindIndex (indexKey: Buffer, kind: string, normalizedValue: string): Buffer {
  return createHmac('sha256', indexKey).update(JSON.stringify([kind, normalizedValue])).digest().subarray(0, indexBytes)
}

function wrap (master: MasterKey, place: KeyPlace, plain: Buffer): WrappedKey {
  return { wrapped: encrypt(master.key, keyHeader, keyAad(place), plain), masterKeyId: master.id }
}

// JSON arrays are unambiguous: no choice of names makes two places the same bytes.
const keyAad = ({ tenantId, purpose, version }: KeyPlace): Buffer => Buffer.from(JSON.stringify(['key', tenantId, purpose, version]))
const fieldAad = ({ tenantId, table, column, id }: FieldPlace): Buffer => Buffer.from(JSON.stringify(['field', tenantId, table, column, id]))

function fieldHeader (version: number): Buffer {
  if (!Number.isInteger(version) || version < 1 || version > keyVersionMax) throw new Error(`data key version ${version} is out of range`)
  return Buffer.of(format, version >> 8, version & 0xff)
}

/** The nonce being used: a cipher takes it over as it is made. */
const nonce = Buffer.alloc(nonceBytes)

function encrypt (key: Buffer, header: Buffer, aad: Buffer, plain: Buffer): Buffer {
  const nonceAt = header.length
  const bodyAt = nonceAt + nonceBytes
  const sealed = Buffer.allocUnsafe(bodyAt + plain.length + tagBytes)
  header.copy(sealed, 0)
  fillRandom(nonce, 0, nonceBytes)
  nonce.copy(sealed, nonceAt)
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: tagBytes })
  cipher.setAAD(Buffer.concat([header, aad]))
  // GCM is a stream: all of the ciphertext comes out of `update`, as long as the text.
  cipher.update(plain).copy(sealed, bodyAt)
  cipher.final()
  cipher.getAuthTag().copy(sealed, bodyAt + plain.length)
  return sealed
}

function decrypt (key: Buffer, header: Buffer, aad: Buffer, sealed: Buffer): Buffer {
  const bodyAt = header.length + nonceBytes
  const tagAt = sealed.length - tagBytes
  if (tagAt < bodyAt) throw new Error('sealed value is too short')
  if (sealed.compare(header, 0, header.length, 0, header.length) !== 0) throw new Error('sealed value is of an unknown format')
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(header.length, bodyAt), { authTagLength: tagBytes })
  decipher.setAAD(Buffer.concat([header, aad]))
  decipher.setAuthTag(sealed.subarray(tagAt))
  const body = decipher.update(sealed.subarray(bodyAt, tagAt))
  return Buffer.concat([body, decipher.final()])
}

const hidden = '****'

/** The last four characters, when enough stays hidden before them. */
function lastFour (characters: string): string {
  return characters.length >= 8 ? hidden + characters.slice(-4) : hidden
}

/**
 * What people without the right to see a value are shown. The length of what is hidden never shows.
 * phone, identity: the last four, if at least four more are hidden. email: the first letter and the domain. name: the family character
 * of a Chinese name, otherwise initials. address: province and city of a Chinese one, otherwise the last part without its numbers.
 */
export const mask = {
  phone: (phone: string): string => lastFour(phone.replace(/[^0-9]/g, '')),

  identity: (number: string): string => lastFour(number.replace(/[^0-9A-Za-z]/g, '')),

  email (email: string): string {
    const at = email.lastIndexOf('@')
    if (at === -1) return hidden
    const [first = ''] = email
    return `${at > 1 ? first : ''}${hidden}${email.slice(at)}`
  },

  name (name: string): string {
    const characters = [...name.trim()]
    if (/^\p{Script=Han}/u.test(name.trim())) return characters.length > 1 ? `${characters[0]}**` : '**'
    return name.trim().split(/\s+/).map(word => `${[...word].slice(0, 1).join('')}***`).join(' ')
  },

  address (address: string): string {
    const characters = [...address.trim()]
    if (/^\p{Script=Han}/u.test(address.trim())) return characters.length >= 12 ? characters.slice(0, 6).join('') + hidden : hidden
    const last = address.split(',').slice(1).at(-1) ?? ''
    const place = last.split(/\s+/).filter(word => word !== '' && !/\p{Number}/u.test(word)).join(' ')
    return place === '' ? hidden : `${hidden}, ${place}`
  },
}
