import { problem } from '#kernel'
import type { Violation } from '#kernel'
import { smsLength } from '../templates/core.ts'
import { fill, readAdapter } from './adapter.core.ts'
import type { Adapter, GatewayChannel } from './adapter.core.ts'
import { recoup } from './adapters/recoup.core.ts'
import { sinch } from './adapters/sinch.core.ts'
import { twilio } from './adapters/twilio.core.ts'
import { vonage } from './adapters/vonage.core.ts'

export const GatewayUnfit = problem('gateway-unfit', 422, 'The adapter cannot work with these settings.', 'Correct what `errors` names: which credentials an adapter takes, and what else it needs, is said at `createGateway`.')
export const GatewaySecretForeign = problem('gateway-secret-foreign', 409, 'The provider signs with a secret of its own.', 'Change the secret at the provider, and give it to us with `rotateGatewayCredentials`.')
export const CallbackRefused = problem('callback-refused', 401, 'The callback is not signed by this gateway, or is too old.', 'Sign the exact bytes with the gateway\'s secret and the present time; see `receiveGatewayCallback`.')

/** `disabled`: it is given no more messages; what it tells of those it has still counts. */
export const gatewayStates = ['active', 'disabled'] as const
export type GatewayState = typeof gatewayStates[number]

/** Providers we can speak to. `recoup` is our own shape. */
export const adapterIds = ['recoup', 'sinch', 'twilio', 'vonage'] as const
export type AdapterId = typeof adapterIds[number]

/** Every adapter, by its id. One that does not fit its schema stops the boot here. */
export const adapters: Readonly<Record<AdapterId, Adapter>> = { recoup: readAdapter(recoup), sinch: readAdapter(sinch), twilio: readAdapter(twilio), vonage: readAdapter(vonage) }

/** What opens a provider's door: by the names its adapter gives them. */
export type Credentials = Readonly<Record<string, string>>

const secretPrefix = 'gws_'

/** A signing secret made from 32 random bytes, as the provider keeps it. */
export const newGatewaySecret = (random: Buffer): string => secretPrefix + random.toString('base64url')

/** What a gateway is set up with. */
export interface Settings { channel: GatewayChannel, adapter: AdapterId, credentials: Credentials, url: string | null, senderId: string | null }

/** Checks that an adapter can work with its settings. Throws `GatewayUnfit`, with everything that is wrong. */
export function checkSettings ({ channel, adapter: id, credentials, url, senderId }: Settings): void {
  const { channels, posting } = adapters[id]
  const violations: Violation[] = faultsOf(id, credentials)
  if (!channels.includes(channel)) violations.push({ pointer: '/channel', message: `${id} does not carry ${channel}` })
  // We hand over no e-mail by HTTP: a gateway for it only tells what became of it.
  if (channel === 'email' && url !== null) violations.push({ pointer: '/url', message: 'e-mail goes out by the installation\'s mail server' })
  if (posting.needsSender && senderId === null) violations.push({ pointer: '/senderId', message: `${id} needs a sender` })
  if (violations.length > 0) throw GatewayUnfit({ adapter: id }, { violations })
}

/** Checks that credentials are those of an adapter. Throws `GatewayUnfit`. */
export function checkCredentials (id: AdapterId, credentials: Credentials): void {
  const violations = faultsOf(id, credentials)
  if (violations.length > 0) throw GatewayUnfit({ adapter: id }, { violations })
}

function faultsOf (id: AdapterId, credentials: Credentials): Violation[] {
  const wanted = adapters[id].credentials
  return [
    ...wanted.filter(({ name, isRequired }) => isRequired && credentials[name] === undefined).map(({ name }) => ({ pointer: `/credentials/${name}`, message: 'is missing' })),
    ...Object.keys(credentials).filter(name => !wanted.some(credential => credential.name === name)).map(name => ({ pointer: `/credentials/${name}`, message: `is not of ${id}` })),
  ]
}

/** A message for a provider: to a number as E.164, from whom its recipient sees, under our key. `url` is the gateway's own address, null: the adapter's. */
export interface Message { to: string, text: string, key: string, from: string | null, url: string | null, callbackUrl: string | null }

/** A request as it goes out. */
export interface Outgoing { method: 'POST', url: string, headers: Record<string, string>, body: string }

/** A request that hands a message to a provider. Throws a plain Error when nobody says where the provider is. */
export function requestFor ({ posting }: Adapter, credentials: Credentials, { to, text, key, from, url, callbackUrl }: Message): Outgoing {
  const values = new Map<string, string>(Object.entries({ ...credentials, to, toDigits: to.replace(/^\+/, ''), text, key, alphabet: smsLength(text).alphabet === 'gsm7' ? 'text' : 'unicode' }))
  if (from !== null) values.set('from', from)
  if (callbackUrl !== null) values.set('callbackUrl', callbackUrl)
  const filled = (pattern: string): string | null => fill(pattern, name => values.get(name))
  const address = url ?? posting.address
  const path = fill(posting.path, name => encodeURIComponent(values.get(name) ?? ''))
  if (address === null || path === null) throw new Error('a gateway without an address')
  const headers: Record<string, string> = { 'content-type': posting.body === 'json' ? 'application/json' : 'application/x-www-form-urlencoded' }
  for (const [name, pattern] of Object.entries(posting.headers)) set(headers, name, filled(pattern))
  const target = new URL(address)
  if (path !== '') target.pathname = target.pathname.replace(/\/$/, '') + path
  authorize(posting.auth, filled, headers, target)
  const fields = posting.fields.flatMap(({ name, value, isList, ifSender }) => {
    const given = ifSender === undefined || new RegExp(ifSender).test(from ?? '') ? filled(value) : null
    return given === null ? [] : [{ name, given, isList: isList === true }]
  })
  const body = posting.body === 'json'
    ? JSON.stringify(Object.fromEntries(fields.map(({ name, given, isList }) => [name, isList ? [given] : given])))
    : new URLSearchParams(fields.map(({ name, given }): [string, string] => [name, given])).toString()
  return { method: 'POST', url: target.href, headers, body }
}

const set = (headers: Record<string, string>, name: string, value: string | null): void => { if (value !== null) headers[name] = value }

function authorize (auth: Adapter['posting']['auth'], filled: (pattern: string) => string | null, headers: Record<string, string>, target: URL): void {
  if (auth === null) return
  if (auth.by === 'basic') headers['authorization'] = `Basic ${Buffer.from(`${filled(auth.user) ?? ''}:${filled(auth.password) ?? ''}`).toString('base64')}`
  else if (auth.by === 'bearer') {
    const token = filled(auth.token)
    set(headers, 'authorization', token === null ? null : `Bearer ${token}`)
  } else if (auth.by === 'header') set(headers, auth.name, filled(auth.value))
  else {
    const value = filled(auth.value)
    if (value !== null) target.searchParams.set(auth.name, value)
  }
}

/** What a provider said to a message: it has it, never will have it, or may be asked again. `code` is its own word for that, for records. */
export type Answered = { outcome: 'taken', providerId: string | null } | { outcome: 'final' | 'again', code: string }

/** Reads a provider's answer. Bytes that are no JSON say nothing beyond the status. */
export function answerOf ({ answering: { id, finalStatuses, code } }: Adapter, status: number, body: string): Answered {
  const answer = parsed(body)
  const word = code === null ? null : at(answer, code.path)
  const shown = word === null ? String(status) : `${status} ${word}`
  if (word !== null && code !== null && code.final.includes(word)) return { outcome: 'final', code: shown }
  if (status < 200 || status > 299) return { outcome: finalStatuses.includes(status) ? 'final' : 'again', code: shown }
  if (code?.taken !== undefined && (word === null || !code.taken.includes(word))) return { outcome: 'again', code: shown }
  return { outcome: 'taken', providerId: at(answer, id) }
}

/** Ids and codes are kept up to this length, without control characters. */
const wordMax = 200

/** The plain value at a place of an answer, as text; null when there is none. */
function at (value: unknown, path: readonly (string | number)[]): string | null {
  let here = value
  for (const step of path) here = typeof here === 'object' && here !== null && Object.hasOwn(here, step) ? (here as Record<string | number, unknown>)[step] : undefined
  return typeof here === 'string' || typeof here === 'number' ? String(here).replace(/\p{Cc}/gu, ' ').slice(0, wordMax) : null
}

/** JSON as a value; undefined when it is none. */
export function parsed (text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
