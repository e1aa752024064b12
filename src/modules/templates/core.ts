import { problem } from '#kernel'
import type { Violation } from '#kernel'

export const TemplateExists = problem('template-exists', 409, 'There is already a template of this code, channel and language.', 'Add a version to the one that `resolution` points to.')
export const TemplateRefused = problem('template-refused', 422, 'The template cannot be read.', 'Correct what `errors` points to: each names the line and column. `previewTemplate` lists the variables.')
export const TemplateUnlawful = problem('template-unlawful', 422, 'The template does not say what the law asks for there.', 'Add the disclosures that `errors` names, or activate it for other jurisdictions.')
export const TemplateUnwritable = problem('template-unwritable', 422, 'The template cannot be written with these variables.', 'See `detail`: a statement or a link is missing, or the text is too long.')
export const TemplateNotActive = problem('template-not-active', 409, 'The template has no active version.', 'Nothing needs to be done: it is not used.')
export const TemplateMissing = problem('template-missing', 422, 'There is no text of this code for the channel.', 'Create and activate a template of this code and channel for the jurisdiction.')
export const VersionUnknown = problem('template-version-unknown', 422, 'The template has no such version.', 'List its versions with `listTemplateVersions`.')

/** What a template is for. */
export const templateChannels = ['email', 'sms', 'letter', 'callScript'] as const
export type TemplateChannel = typeof templateChannels[number]

/** The life of a version: at most one of a template is active. */
export const versionStates = ['draft', 'active', 'retired'] as const

/** How long a template may be, in characters of its source. */
export const subjectMax = 500
export const textMax = 20_000
export const htmlMax = 50_000

/** How long what it writes may be, in characters: ten segments of an SMS, a long letter. */
export const outputMax: Record<TemplateChannel, number> = { sms: 1_530, email: 100_000, letter: 100_000, callScript: 20_000 }
export const subjectOutputMax = 250

/** The source of a version. */
export interface Source { subject: string | null, text: string, html: string | null }

/** An e-mail has a subject and may have HTML; nothing else has either. */
export function sourceFaults ({ subject, html }: Source, channel: TemplateChannel): Violation[] {
  if (channel === 'email') return subject === null ? [{ pointer: '/subject', message: 'is needed for an e-mail' }] : []
  return Object.entries({ subject, html }).flatMap(([name, value]) => value === null ? [] : [{ pointer: `/${name}`, message: 'is of an e-mail only' }])
}

/** Languages as they are named here, BCP 47: language, script and region. */
export const languagePattern = '^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?$'

/** The languages that stand in for one, the nearest first: itself, without its region, the one we have of the same name, English. */
export function languagesFor (language: string): string[] {
  const [primary = 'en'] = language.split('-')
  return [...new Set([language, primary, ...primary === 'zh' ? ['zh-CN'] : [], 'en'])]
}

const basic = new Set('@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !"#¤%&\'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà')
const extended = new Set('\f^{}\\[~]|€')

/** How a text travels by SMS: in the seven-bit alphabet of GSM 03.38 where it has all letters, else in UCS-2; and in how many segments. */
export function smsLength (text: string): { alphabet: 'gsm7' | 'ucs2', segments: number } {
  let septets = 0
  for (const letter of text) {
    if (!basic.has(letter) && !extended.has(letter)) return { alphabet: 'ucs2', segments: text.length <= 70 ? 1 : Math.ceil(text.length / 67) }
    septets += extended.has(letter) ? 2 : 1
  }
  return { alphabet: 'gsm7', segments: septets <= 160 ? 1 : Math.ceil(septets / 153) }
}
