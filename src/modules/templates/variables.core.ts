import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Balance, Currency, Day, Nullable, Text, add, closed, formatMinor, isCurrency, zero } from '#kernel'
import type { Minor } from '#kernel'
import { TemplateUnwritable } from './core.ts'
import type { TemplateChannel } from './core.ts'
import { statementNames } from './disclosures.core.ts'
import type { StatementName } from './disclosures.core.ts'

/** The most debts one message may be about. */
export const debtsMax = 100

const Debt = Type.Object({
  reference: Text(200, 'The lender\'s reference. A template sees its last four characters.', ['LN-2026-000417']),
  owed: Type.Unsafe<Minor>({ ...Balance, maximum: 1_000_000_000_000, description: 'What is owed now, all parts together, in minor units.' }),
  currency: Currency,
  dueOn: Type.Unsafe<string>({ ...Day, description: 'The day it was due.' }),
}, closed)

type Statements = Partial<Record<StatementName, string>>

/** What a template is written with. Nothing personal: a message says nothing of its recipient but what is owed. */
export const TemplateVariables = Type.Object({
  agency: Type.Object({
    name: Text(200, 'Who writes.', ['Harbour Recoveries']), contact: Nullable(Text(500, 'How to reach it.', ['+1 212 555 0100'])),
  }, { ...closed, description: 'The agency.' }),
  lender: Type.Object({ name: Text(200, 'For whom.', ['First Bank']) }, { ...closed, description: 'The lender.' }),
  debts: Type.Array(Debt, { minItems: 1, maxItems: debtsMax, description: 'The debts it is about, all of one lender.' }),
  paymentHint: Nullable(Text(500, 'How to pay.', ['Pay at https://pay.example.com'])),
  optOutUrl: Nullable(Type.String({ pattern: '^https://[^\\s"<>]{1,500}$', description: 'Where its recipient can stop the next one.', examples: ['https://example.com/stop/4f1c'] })),
  statements: Type.Optional(Type.Unsafe<Statements>(Type.Object(
    Object.fromEntries(statementNames.map(name => [name, Type.Optional(Text(1_000, `What the disclosure \`${name}\` says of these debts.`))])),
    { ...closed, description: 'What the law wants stated of these debts, for the disclosures that are about them.' },
  ))),
}, {
  title: 'TemplateVariables', ...closed, examples: [{
    agency: { name: 'Harbour Recoveries', contact: '+1 212 555 0100' }, lender: { name: 'First Bank' },
    debts: [{ reference: 'LN-2026-000417', owed: 125_000, currency: 'USD', dueOn: '2026-01-02' }], paymentHint: null, optOutUrl: null,
  }],
})
export type TemplateVariables = Static<typeof TemplateVariables>

/** What a variable is, which says how it can be used: amounts and days are printed by their filters, lists gone through. */
export type Kind = 'text' | 'flag' | 'number' | 'money' | 'day' | { readonly fields: Fields, readonly isList: boolean }
export type Fields = Readonly<Record<string, Kind>>

/** Everything a template can read, by name. */
export const variableKinds: Fields = {
  agency: { isList: false, fields: { name: 'text', contact: 'text' } },
  lender: { isList: false, fields: { name: 'text' } },
  debts: { isList: true, fields: { referenceEnding: 'text', owed: 'money', currency: 'text', dueOn: 'day' } },
  totals: { isList: true, fields: { owed: 'money', currency: 'text' } },
  paymentHint: 'text',
  statements: { isList: false, fields: Object.fromEntries(statementNames.map(name => [name, 'text'] as const)) },
  jurisdiction: 'text', isInitial: 'flag', language: 'text', channel: 'text',
}

/** What is known of a message before it is written. */
export interface Occasion { readonly channel: TemplateChannel, readonly language: string, readonly jurisdiction: string, readonly isInitial: boolean }

/** A sum as templates hold it. */
export interface Money { readonly amount: Minor, readonly currency: string }

/** The variables as a template reads them. */
export type Frame = Readonly<Record<string, unknown>>

/** Names come from people: on one line, so that they can be part of a subject. */
const oneLine = (name: string): string => /\s/.test(name) ? name.replace(/\s+/g, ' ').trim() : name

/** Enough of a reference to know one's own debt by, and not enough for anybody else. */
const endingOf = (reference: string): string => oneLine(reference).slice(-4)

/** Puts variables as templates read them: names on one line, references cut, totals by currency. Throws `TemplateUnwritable` on a currency that there is not. */
export function frameOf ({ agency, lender, debts, paymentHint, statements }: TemplateVariables, { channel, language, jurisdiction, isInitial }: Occasion): Frame {
  const totals = new Map<string, Minor>()
  for (const { owed, currency } of debts) {
    if (!isCurrency(currency)) throw TemplateUnwritable({ reason: 'currencyUnknown', currency })
    totals.set(currency, add(totals.get(currency) ?? zero, owed))
  }
  return {
    agency: { name: oneLine(agency.name), contact: agency.contact }, lender: { name: oneLine(lender.name) },
    debts: debts.map(({ reference, owed, currency, dueOn }) => ({ referenceEnding: endingOf(reference), owed: { amount: owed, currency }, currency, dueOn })),
    totals: [...totals].map(([currency, amount]) => ({ owed: { amount, currency }, currency })),
    paymentHint, statements: statements ?? {}, jurisdiction, isInitial, language, channel,
  }
}

/** A sum in the words of a language: `USD 1250.00`, `人民币1250.00元`, `1.250,00 USD`. */
export function moneyText ({ amount, currency }: Money, language: string): string {
  const plain = formatMinor(amount, currency)
  if (language.startsWith('zh') && currency === 'CNY') return `人民币${plain}元`
  if (!language.startsWith('de')) return `${currency} ${plain}`
  const [whole = '', decimals] = plain.split('.')
  return `${whole.replace(/\B(?=(\d{3})+$)/g, '.')}${decimals === undefined ? '' : `,${decimals}`} ${currency}`
}

/** A day in the words of a language. */
export const dayText = (day: string, language: string): string => language.startsWith('de') ? `${day.slice(8)}.${day.slice(5, 7)}.${day.slice(0, 4)}` : day

/** Variables to try a template with: one debt, or two of one lender. */
export const sampleVariables = (count: 1 | 2): TemplateVariables => ({
  agency: { name: 'Harbour Recoveries', contact: '+1 212 555 0100' }, lender: { name: 'First Bank' },
  debts: [{ reference: 'LN-2026-000417', owed: 125_000, currency: 'USD', dueOn: '2026-01-02' }, { reference: 'LN-2026-000418', owed: 40_050, currency: 'USD', dueOn: '2026-01-05' }].slice(0, count),
  paymentHint: 'Pay at https://pay.example.com', optOutUrl: 'https://example.com/stop/4f1c',
  statements: Object.fromEntries(statementNames.map(name => [name, `(${name})`])),
})
