import { formatMinor } from '#kernel'
import type { CalendarDay, Minor } from '#kernel'
import type { MessageChannel } from './core.ts'

export const languages = ['en', 'zh-CN'] as const
export type Language = typeof languages[number]

/** What a reminder says, at the moment it is sent. Nothing else of the borrower is in it: not the name, not the whole reference. */
export interface ReminderFacts {
  channel: MessageChannel, language: Language
  /** Who writes, and for whom. */
  agency: string, lender: string
  /** What is owed now, all parts together. */
  owed: Minor, currency: string
  reference: string, dueOn: CalendarDay
  /** Where the borrower is: the law there asks for words of its own. */
  jurisdiction: string
  /** The first communication about the debt; every later one says less. */
  isInitial: boolean
}

/** A reminder, and what it can be held to: the disclosures it makes and how its recipient stops the next. */
export interface Reminder { subject?: string, text: string, disclosures: string[], optOutMethod: 'replyStop' }

/** The language a party is written to in: its own when it is one of ours, else that of the place. */
export function languageOf (language: string | null, jurisdiction: string): Language {
  if (language !== null) return language.startsWith('zh') ? 'zh-CN' : 'en'
  return jurisdiction === 'CN' ? 'zh-CN' : 'en'
}

/** Names come from people: on one line, so that they can be part of a subject. */
const oneLine = (name: string): string => name.replace(/\s+/g, ' ').trim()

/** Enough of a reference to know one's own debt by, and not enough for anybody else. */
const ending = (reference: string): string => oneLine(reference).slice(-4)

/** The words of 12 CFR 1006.18(e): the first communication says what it is for, each later one from whom it is. */
const disclosures = {
  initial: { says: 'This is an attempt to collect a debt by a debt collector. Any information obtained will be used for that purpose.', names: ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'] },
  later: { says: 'This is from a debt collector.', names: ['fromDebtCollector'] },
}

/** Writes a reminder: who writes, for whom, what is owed now, what the law there wants said, and how to stop. */
export function writeReminder (facts: ReminderFacts): Reminder {
  const said = facts.jurisdiction === 'US' ? facts.isInitial ? disclosures.initial : disclosures.later : null
  const of = { ...facts, agency: oneLine(facts.agency), lender: oneLine(facts.lender), reference: ending(facts.reference), disclosure: said?.says ?? null }
  const write = facts.language === 'zh-CN' ? inChinese : inEnglish
  return { ...write(of), disclosures: said?.names ?? [], optOutMethod: 'replyStop' }
}

type Written = ReminderFacts & { disclosure: string | null }

function inEnglish ({ channel, agency, lender, owed, currency, reference, dueOn, disclosure }: Written): { subject?: string, text: string } {
  const sum = `${currency} ${formatMinor(owed, currency)}`
  if (channel === 'sms') {
    return { text: [`${agency} for ${lender}: ${sum} is owed on account ending ${reference}, due ${dueOn}.`, disclosure, 'Reply STOP to end texts.'].filter(line => line !== null).join(' ') }
  }
  return {
    subject: `A message from ${agency}`,
    text: [
      'Hello,', `${agency} writes to you on behalf of ${lender}.`,
      `Owed now: ${sum}\nAccount ending: ${reference}\nDue on: ${dueOn}`,
      'If you have paid, thank you: nothing more is needed. If you think this is wrong, or cannot pay it at once, reply and tell us.',
      disclosure, 'To stop these e-mails, reply STOP.',
    ].filter(part => part !== null).join('\n\n'),
  }
}

function inChinese ({ channel, agency, lender, owed, currency, reference, dueOn, disclosure }: Written): { subject?: string, text: string } {
  const sum = currency === 'CNY' ? `人民币${formatMinor(owed, currency)}元` : `${currency} ${formatMinor(owed, currency)}`
  if (channel === 'sms') {
    return { text: [`【${agency}】受${lender}委托提醒:您尾号${reference}的账户已于${dueOn}到期,现欠${sum}。如已还款请忽略。`, disclosure, '回复STOP退订。'].filter(line => line !== null).join('') }
  }
  return {
    subject: `来自${agency}的通知`,
    text: [
      '您好:', `${agency}受${lender}委托,就以下欠款与您联系。`,
      `现欠金额:${sum}\n账户尾号:${reference}\n到期日:${dueOn}`,
      '如您已还款,请忽略本邮件。如对欠款有异议或暂时难以还清,请回复本邮件告知我们。',
      disclosure, '如不希望再收到此类邮件,请回复STOP。',
    ].filter(part => part !== null).join('\n\n'),
  }
}
