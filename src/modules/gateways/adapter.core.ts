import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'
import { Value } from 'typebox/value'
import { OneOf, closed } from '#kernel'

/** What providers carry, and what a gateway is for. */
export const gatewayChannels = ['email', 'sms'] as const
export type GatewayChannel = typeof gatewayChannels[number]

/** What a provider tells of a message it took. */
export const toldKinds = ['delivered', 'failed', 'bounced'] as const
export type ToldKind = typeof toldKinds[number]

/** Text with names in braces; each stands for what it names. A text of which a name stands for nothing is itself nothing, and left out. */
const Pattern = Type.String({ minLength: 1 })
/** Where a value lies in an answer: names of members and places in lists. */
const Path = Type.Array(Type.Union([Type.String(), Type.Integer({ minimum: 0 })]), { minItems: 1 })

const Credential = Type.Object({ name: Type.String({ pattern: '^[a-z][A-Za-z]{1,30}$' }), isRequired: Type.Boolean(), meaning: Type.String({ minLength: 1 }) }, closed)

const Auth = Type.Union([
  Type.Object({ by: Type.Literal('basic'), user: Pattern, password: Pattern }, closed),
  Type.Object({ by: Type.Literal('bearer'), token: Pattern }, closed),
  Type.Object({ by: Type.Literal('header'), name: Type.String(), value: Pattern }, closed),
  Type.Object({ by: Type.Literal('query'), name: Type.String(), value: Pattern }, closed),
])

/**
 * How a message is posted. `address` is where the provider is; null: the gateway says. `path` follows it, also where the gateway names another. Names in the texts:
 * a credential, `to` (as E.164), `toDigits` (without the plus), `text`, `from`, `key` (ours, the same at every try), `callbackUrl`, and `alphabet`: `text` for what
 * GSM 03.38 can write, `unicode` otherwise. `dropsRepeats`: a message posted twice under one key goes out once.
 */
const Posting = Type.Object({
  address: Type.Union([Type.String({ pattern: '^https://' }), Type.Null()]), path: Type.String(), auth: Type.Union([Auth, Type.Null()]), headers: Type.Record(Type.String(), Pattern),
  body: Type.Union([Type.Literal('form'), Type.Literal('json')]),
  fields: Type.Array(Type.Object({ name: Type.String({ minLength: 1 }), value: Pattern, isList: Type.Optional(Type.Boolean()), ifSender: Type.Optional(Type.String()) }, closed), { minItems: 1 }),
  needsSender: Type.Boolean(), dropsRepeats: Type.Boolean(),
}, closed)

/**
 * How the answer to a message is read. Without `code` any 2xx says that it was taken. `code` is the provider's own word: one of `final` says that this message never will
 * be, whatever the status; where `taken` is given, only one of those says that it was. Everything else may succeed later.
 */
const Answering = Type.Object({
  id: Path, finalStatuses: Type.Array(Type.Integer({ minimum: 400, maximum: 599 })),
  code: Type.Union([Type.Object({ path: Path, taken: Type.Optional(Type.Array(Type.String(), { minItems: 1 })), final: Type.Array(Type.String()) }, closed), Type.Null()]),
}, closed)

/** Where something of a callback stands. */
const Spot = Type.Union([Type.Object({ header: Type.String({ pattern: '^[a-z0-9-]+$' }) }, closed), Type.Object({ field: Type.String() }, closed)])

/**
 * How a callback proves where it comes from: an HMAC, keyed by `key` (a credential, or `secret`: the one we made), over `over`, where `body` stands for the exact bytes,
 * `url` for the address it was sent to, `timestamp` and `header:name` for what they say, `fields` for names and values in order of the names, and `pairs` for
 * `&name=value` in that order, with `&` and `=` in values as underscores. A `timestamp` in seconds is believed for so many either way.
 */
const Signing = Type.Object({
  at: Spot, prefix: Type.String(), key: Type.String(), hash: Type.Union([Type.Literal('sha1'), Type.Literal('sha256')]), encoding: Type.Union([Type.Literal('base64'), Type.Literal('hex')]), over: Pattern,
  timestamp: Type.Union([Type.Object({ at: Spot, windowSeconds: Type.Integer({ minimum: 1 }) }, closed), Type.Null()]),
}, closed)

/**
 * What a callback means, by its fields. Texts name fields, or `query:name` of the address. `has` is the field that makes it of this kind. `event` is the provider's own id of what
 * happened, or what serves as one; never an address. A status that `kinds` does not name is on the way to another. `bounces`: of those that failed, the errors that say
 * that the number is no good for ever.
 */
const Meaning = Type.Object({
  receipts: Type.Object({
    has: Type.String(), event: Pattern, messageId: Pattern, providerId: Pattern, kinds: Type.Record(Type.String(), OneOf(toldKinds, 'What it says of the message.')),
    bounces: Type.Union([Type.Object({ field: Type.String(), values: Type.Array(Type.String()) }, closed), Type.Null()]),
  }, closed),
  replies: Type.Object({
    has: Type.String(), event: Pattern, from: Type.String(), text: Type.String(), hasPlus: Type.Boolean(),
    refusal: Type.Union([Type.Object({ field: Type.String(), values: Type.Array(Type.String()) }, closed), Type.Null()]),
  }, closed),
}, closed)

/** A provider as data. Its callbacks have a shape of their own (`meaning`), or ours (null). `source` is where it says so itself. */
export const Adapter = Type.Object({
  id: Type.String({ pattern: '^[a-z]{2,20}$' }), name: Type.String({ minLength: 1 }), source: Type.String({ minLength: 1 }),
  channels: Type.Array(OneOf(gatewayChannels, 'What it carries.'), { minItems: 1 }), credentials: Type.Array(Credential),
  posting: Posting, answering: Answering, signing: Signing, meaning: Type.Union([Meaning, Type.Null()]),
}, closed)
export type Adapter = Static<typeof Adapter>

/** What a posted message's texts may name beside credentials. */
const messageNames = ['to', 'toDigits', 'text', 'from', 'key', 'callbackUrl', 'alphabet']
const nameIn = /\{([^{}]+)\}/g

/** The names in a text. */
export const namesIn = (pattern: string): string[] => [...pattern.matchAll(nameIn)].map(match => match[1]!)

/** A text with each name replaced by what it stands for, once; null when one stands for nothing. */
export function fill (pattern: string, valueOf: (name: string) => string | undefined): string | null {
  let isWhole = true
  const text = pattern.replace(nameIn, (_, name: string) => {
    const value = valueOf(name)
    if (value === undefined) isWhole = false
    return value ?? ''
  })
  return isWhole ? text : null
}

/** Reads an adapter from data, whole or not at all. Throws a plain Error that names what is wrong with it: a wrong adapter stops the boot. */
export function readAdapter (data: unknown): Adapter {
  const fail = (why: string): never => { throw new Error(`gateway adapter ${String((data as { id?: unknown } | null)?.id ?? 'without an id')}: ${why}`) }
  if (!Value.Check(Adapter, data)) return fail(faultOf(Adapter, data))
  const { posting, signing, credentials } = data
  const known = credentials.map(({ name }) => name)
  const auth = posting.auth === null ? [] : Object.values(posting.auth).slice(1)
  const strange = [posting.path, ...auth, ...Object.values(posting.headers), ...posting.fields.map(({ value }) => value)].flatMap(namesIn).find(name => !known.includes(name) && !messageNames.includes(name))
  if (strange !== undefined) return fail(`posts the unknown ${strange}`)
  const optional = namesIn(posting.path).find(name => !credentials.some(credential => credential.name === name && credential.isRequired))
  if (optional !== undefined) return fail(`its path needs ${optional}, which may be missing`)
  if (signing.key !== 'secret' && !known.includes(signing.key)) return fail(`signs with the unknown ${signing.key}`)
  const unknown = namesIn(signing.over).find(name => !/^(body|url|timestamp|fields|pairs|header:[a-z0-9-]+)$/.test(name))
  if (unknown !== undefined) return fail(`signs the unknown ${unknown}`)
  if (namesIn(signing.over).includes('timestamp') !== (signing.timestamp !== null && 'header' in signing.timestamp.at)) return fail('signs a timestamp it does not have, or has one it does not sign')
  return data
}

function faultOf (schema: TSchema, data: unknown): string {
  const fault = Value.Errors(schema, data)[0]
  return fault === undefined ? 'not valid' : `${fault.instancePath} ${fault.message} ${JSON.stringify(fault.params)}`
}
