import type { TemplateChannel } from './core.ts'

/** Languages that the wording of the law is held in. */
export const wordings = ['en', 'zh-CN', 'de'] as const
export type Wording = typeof wordings[number]

/** The wording for a language; null: there is none, and nothing is said in another (12 CFR 1006.18(e)(4)). */
export function wordingOf (language: string): Wording | null {
  if (/^en(-|$)/.test(language)) return 'en'
  if (/^de(-|$)/.test(language)) return 'de'
  return /^zh(-Hans)?(-CN|-SG)?$/.test(language) ? 'zh-CN' : null
}

type Worded = Record<Wording, string>

/** Disclosures that are the same for everybody, each with all that it says. */
const fixed = {
  attemptingToCollectAndInformationUsed: {
    makes: ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'],
    en: 'This is an attempt to collect a debt by a debt collector. Any information obtained will be used for that purpose.',
    'zh-CN': '我们是债务催收人(debt collector),此次联系旨在催收债务,所获得的任何信息都将用于该目的。',
    de: 'Dies ist der Versuch eines Inkassounternehmens (debt collector), eine Forderung einzuziehen. Alle erlangten Angaben werden dafür verwendet.',
  },
  fromDebtCollector: {
    makes: ['fromDebtCollector'], en: 'This is from a debt collector.', 'zh-CN': '本消息来自债务催收人(debt collector)。', de: 'Diese Nachricht kommt von einem Inkassounternehmen (debt collector).',
  },
} as const satisfies Record<string, Worded & { makes: readonly string[] }>

/** Disclosures about the debt itself: whoever sends states them, and they are printed under their heading. */
const stated = {
  creditorNameAddress: { en: 'Creditor', 'zh-CN': '债权人', de: 'Auftraggeber' },
  claimBasis: { en: 'Ground of the claim', 'zh-CN': '债权依据', de: 'Forderungsgrund' },
  interestCalculation: { en: 'Interest', 'zh-CN': '利息计算', de: 'Zinsberechnung' },
  costBreakdown: { en: 'Costs', 'zh-CN': '费用明细', de: 'Kosten' },
  supervisoryAuthority: { en: 'Supervisory authority', 'zh-CN': '监管机构', de: 'Aufsichtsbehörde' },
} as const satisfies Record<string, Worded>

export type FixedDisclosure = keyof typeof fixed
export type StatementName = keyof typeof stated
export type DisclosureName = FixedDisclosure | StatementName

const namesOf = <K extends string>(record: Readonly<Record<K, unknown>>): readonly K[] => Object.keys(record) as K[]

export const statementNames = namesOf(stated)
export const disclosureNames: readonly DisclosureName[] = [...namesOf(fixed), ...statementNames]

export const isDisclosure = (name: string): name is DisclosureName => (disclosureNames as readonly string[]).includes(name)

const isStated = (name: DisclosureName): name is StatementName => Object.hasOwn(stated, name)

/** What is said by making a disclosure: itself, and what it includes. */
export const saidBy = (name: DisclosureName): readonly string[] => isStated(name) ? [name] : fixed[name].makes

/** The words of a disclosure; null: it is about the debt, and whoever sends has not stated it. */
export function disclosureText (name: DisclosureName, wording: Wording, statements: Readonly<Partial<Record<StatementName, string>>>): string | null {
  if (!isStated(name)) return fixed[name][wording]
  const statement = statements[name]
  return statement === undefined ? null : `${stated[name][wording]}: ${statement}`
}

/** How a recipient can stop the next message. */
export const optOutMethods = ['replyStop', 'hyperlink'] as const
export type OptOutMethod = typeof optOutMethods[number]

export const isOptOut = (name: string): name is OptOutMethod => (optOutMethods as readonly string[]).includes(name)

/** Channels on which there is something to stop, and somebody to reply to. */
export const isStoppable = (channel: TemplateChannel): channel is 'email' | 'sms' => channel === 'email' || channel === 'sms'

const stops: Record<'email' | 'sms' | 'hyperlink', Worded> = {
  sms: { en: 'Reply STOP to end texts.', 'zh-CN': '回复STOP退订。', de: 'Antworten Sie STOP, um keine SMS mehr zu erhalten.' },
  email: { en: 'To stop these e-mails, reply STOP.', 'zh-CN': '如不希望再收到此类邮件,请回复STOP。', de: 'Wenn Sie keine E-Mails mehr erhalten möchten, antworten Sie mit STOP.' },
  hyperlink: { en: 'To stop these messages', 'zh-CN': '如不希望再收到此类信息', de: 'Keine weiteren Nachrichten erhalten' },
}

/** The words by which a message says how to stop. `link` prints the link, and its words, as text or as HTML. */
export const stopText = (method: OptOutMethod, channel: 'email' | 'sms', wording: Wording, link: (words: string) => string): string =>
  method === 'hyperlink' ? link(stops.hyperlink[wording]) : stops[channel][wording]
