import { createHash } from 'node:crypto'
import type { ConsentChannel } from '../parties/core.ts'
import { oneClick } from './core.ts'

/** The languages of the pages; the first is for those who read none of them. */
export const pageLanguages = ['en', 'de', 'zh-CN'] as const
export type PageLanguage = typeof pageLanguages[number]

/** Longer ones are read so far. */
const acceptedMax = 500

/** The language of a page for whoever sent this Accept-Language: of those there are, the one wanted most. */
export function pageLanguage (accepted: string): PageLanguage {
  const wanted = accepted.slice(0, acceptedMax).toLowerCase().split(',').map(range => {
    const [tag = '', ...parameters] = range.split(';').map(part => part.trim())
    const quality = Number(parameters.find(parameter => parameter.startsWith('q='))?.slice(2) ?? 1)
    return { language: tag.split('-')[0]!, quality: Number.isNaN(quality) ? 0 : quality }
  })
  const best = wanted.filter(({ quality }) => quality > 0).sort((a, b) => b.quality - a.quality)
    .flatMap(({ language }) => pageLanguages.filter(known => known.split('-')[0] === language))
  return best[0] ?? pageLanguages[0]
}

/** What a page is about: an agency and a kind of contact. */
export interface PageFacts { agency: string, channel: ConsentChannel }

interface Words {
  what: Record<ConsentChannel, string>
  ask (agency: string, what: string): [heading: string, text: string, button: string]
  done (agency: string, what: string): [heading: string, text: string]
  unknown: [heading: string, text: string]
  failed: [heading: string, text: string]
}

/** Debts are not mentioned: somebody else may be reading. */
const words: Record<PageLanguage, Words> = {
  en: {
    what: { call: 'calls', robocall: 'automated calls', sms: 'text messages', im: 'chat messages', email: 'e-mails', letter: 'letters', visit: 'visits' },
    ask: (agency, what) => [
      `No more ${what} from ${agency}?`,
      `Press the button, and ${agency} stops ${what} to the address or number that this link came to: at once, and whatever they are about. An answer that you ask for, or a receipt, may still come. Other ways of reaching you stay as they are.`,
      `Stop ${what}`,
    ],
    done: (agency, what) => [`No more ${what} from ${agency}`, 'This holds from now on. An answer that you ask for, or a receipt, may still come. You need to do nothing else.'],
    unknown: ['This link does not work', 'It may have been cut off. Open it again from the message, or answer the message with STOP.'],
    failed: ['That did not work', 'Please try again in a minute: doing it twice does no harm. Or answer the message with STOP.'],
  },
  de: {
    what: { call: 'Anrufe', robocall: 'automatischen Anrufe', sms: 'SMS', im: 'Chatnachrichten', email: 'E-Mails', letter: 'Briefe', visit: 'Besuche' },
    ask: (agency, what) => [
      `Keine ${what} mehr von ${agency}?`,
      `Drücken Sie die Schaltfläche, dann gibt es keine ${what} von ${agency} mehr an die Adresse oder Nummer, an die dieser Link ging: ab sofort und gleich, worum es geht. Eine Antwort, um die Sie bitten, oder eine Quittung kann weiterhin kommen. Andere Wege, Sie zu erreichen, bleiben, wie sie sind.`,
      `Keine ${what} mehr`,
    ],
    done: (agency, what) => [`Keine ${what} mehr von ${agency}`, 'Das gilt ab sofort. Eine Antwort, um die Sie bitten, oder eine Quittung kann weiterhin kommen. Sie müssen nichts weiter tun.'],
    unknown: ['Dieser Link funktioniert nicht', 'Vielleicht wurde er abgeschnitten. Öffnen Sie ihn noch einmal aus der Nachricht, oder antworten Sie darauf mit STOPP.'],
    failed: ['Das hat nicht geklappt', 'Bitte versuchen Sie es in einer Minute noch einmal: Zweimal schadet nicht. Oder antworten Sie auf die Nachricht mit STOPP.'],
  },
  'zh-CN': {
    what: { call: '电话', robocall: '自动语音电话', sms: '短信', im: '即时消息', email: '电子邮件', letter: '信件', visit: '上门拜访' },
    ask: (agency, what) => [
      `不再接收${agency}的${what}?`,
      `点击按钮后,${agency}对收到此链接的地址或号码的${what}将立即停止,无论内容为何。您主动要求的答复或收据仍可能发送。其他联系方式不受影响。`,
      `停止${what}`,
    ],
    done: (agency, what) => [`不再接收${agency}的${what}`, '即刻生效。您主动要求的答复或收据仍可能发送。您无需再做任何操作。'],
    unknown: ['此链接无效', '链接可能不完整。请从消息中重新打开,或直接回复“退订”。'],
    failed: ['操作未成功', '请一分钟后重试,重复操作没有影响;也可以直接回复“退订”。'],
  },
}

/** The page that asks, with its one button: it sends what a mail program sends for one click, to the address it was opened at. */
export function askPage (language: PageLanguage, { agency, channel }: PageFacts): string {
  const { what, ask } = words[language]
  const [heading, text, button] = ask(agency, what[channel])
  return page(language, heading, text, `<form method="post"><input type="hidden" name="${oneClick.name}" value="${oneClick.value}"><button type="submit">${escaped(button)}</button></form>`)
}

/** The page that says it is done. */
export function donePage (language: PageLanguage, { agency, channel }: PageFacts): string {
  const { what, done } = words[language]
  return page(language, ...done(agency, what[channel]))
}

/** The page of a refusal: of a link that is not ours, the same whatever is wrong with it, or of anything else. */
export function refusalPage (language: PageLanguage, status: number): string {
  const { unknown, failed } = words[language]
  return page(language, ...status === 404 ? unknown : failed)
}

const style = 'body{margin:0;font:1.125rem/1.5 system-ui,sans-serif;color:#1a1a1a;background:#fff}main{max-width:36rem;margin:0 auto;padding:2rem 1rem}h1{font-size:1.5rem;line-height:1.25}button{font:inherit;min-height:3rem;padding:.5rem 1.5rem;border:0;border-radius:.25rem;color:#fff;background:#0b5394;cursor:pointer}button:focus-visible{outline:3px solid #1a1a1a;outline-offset:3px}'

/** What a page may do: look as it does, and send its own form back. Nothing is loaded, run, framed, found by search, or told where its reader came from. */
export const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(style).digest('base64')}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer', 'x-robots-tag': 'noindex, nofollow', vary: 'Accept, Accept-Language',
} as const

const page = (language: PageLanguage, heading: string, text: string, form = ''): string => `<!doctype html>
<html lang="${language}">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="robots" content="noindex, nofollow"><meta name="referrer" content="no-referrer"><title>${escaped(heading)}</title><style>${style}</style></head>
<body><main><h1>${escaped(heading)}</h1><p>${escaped(text)}</p>${form}</main></body>
</html>
`

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }
const escaped = (text: string): string => text.replace(/[&<>"']/g, character => entities[character]!)
