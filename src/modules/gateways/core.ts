import { createHmac, timingSafeEqual } from 'node:crypto'
import { problem } from '#kernel'
import { receiptKinds } from '../outreach/core.ts'

export { providerChannels } from '../outreach/core.ts'

export const CallbackRefused = problem('callback-refused', 401, 'The callback is not signed by this gateway, or is too old.', 'Sign the exact bytes with the gateway\'s secret and the present time; see `receiveGatewayCallback`.')

/** What a provider can tell. */
export const callbackTypes = [...receiptKinds, 'reply'] as const
/** `unknown`: it names no message of ours; kept, and nothing done. */
export const callbackOutcomes = ['applied', 'unknown'] as const
export type CallbackOutcome = typeof callbackOutcomes[number]

/** How far a callback's timestamp may be from the present, in seconds of real time, either way. */
export const replayWindowSeconds = 300
/** The largest callback that is read. */
export const callbackBytesMax = 64 * 1024

const secretPrefix = 'gws_'

/** A signing secret made from 32 random bytes, as the provider keeps it. */
export const newGatewaySecret = (random: Buffer): string => secretPrefix + random.toString('base64url')

/** The signature of a callback: `v1,` and the base64 of HMAC-SHA-256, keyed by the secret as text, over the timestamp in seconds, a full stop and the exact bytes. */
export const signCallback = (secret: string, timestampSeconds: string, body: Buffer): string =>
  `v1,${createHmac('sha256', secret).update(`${timestampSeconds}.`).update(body).digest('base64')}`

/** Whether a callback was signed with this secret, in a time that does not tell where signatures differ. */
export function isSigned (secret: string, timestampSeconds: string, body: Buffer, signature: string): boolean {
  const [given, expected] = [Buffer.from(signature), Buffer.from(signCallback(secret, timestampSeconds, body))]
  return given.length === expected.length && timingSafeEqual(given, expected)
}

/**
 * Words by which people refuse further messages, by language. `first`: also as the first word of a longer answer. `whole`: only when nothing else is said,
 * because it begins other sentences too.
 */
export const refusals: Record<string, { first: readonly string[], whole: readonly string[] }> = {
  en: { first: ['STOP', 'STOPALL', 'UNSUBSCRIBE', 'OPTOUT', 'REVOKE'], whole: ['END', 'QUIT', 'CANCEL', 'OPT OUT', 'OPT-OUT'] },
  zh: { first: ['退订', '退訂', '拒收', 'TD', '取消订阅', '取消訂閱'], whole: ['T', 'N', '停止'] },
  de: { first: ['STOPP', 'ABMELDEN', 'ABBESTELLEN'], whole: ['ENDE'] },
  fr: { first: ['ARRET', 'ARRÊT', 'DESABONNER', 'DÉSABONNER'], whole: ['FIN'] },
  es: { first: ['BAJA', 'CANCELAR'], whole: ['ALTO', 'PARAR'] },
  ja: { first: ['配信停止', '解除'], whole: ['停止'] },
  hi: { first: ['बंद करो', 'रोको'], whole: ['बंद'] },
}

/** Writing without spaces: there the first word is whatever the answer begins with. */
const isUnspaced = (word: string): boolean => /^[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u.test(word)
const edges = /^[^\p{L}\p{M}\p{N}]+|[^\p{L}\p{M}\p{N}]+$/gu

/** Whether an answer refuses further messages. Only its first line that says anything is looked at: below it mail programs repeat what was answered. */
export function isRefusal (text: string): boolean {
  const line = text.normalize('NFKC').toUpperCase().split(/\r?\n/).map(line => line.replace(edges, '').replace(/\s+/g, ' ')).find(line => line !== '') ?? ''
  return Object.values(refusals).some(({ first, whole }) => whole.includes(line) || first.some(word => line === word || (line.startsWith(word) && (isUnspaced(word) || /^[^\p{L}\p{M}\p{N}]/u.test(line.slice(word.length))))))
}
