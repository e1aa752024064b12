import { toldKinds } from '../gateways/adapter.core.ts'

/** What a provider can tell. */
export const callbackTypes = [...toldKinds, 'reply'] as const
/** `unknown`: it names no message of ours; kept, and nothing done. */
export const callbackOutcomes = ['applied', 'unknown'] as const
export type CallbackOutcome = typeof callbackOutcomes[number]

/** The largest callback that is read. */
export const callbackBytesMax = 64 * 1024

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
