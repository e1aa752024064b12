import { TemplateRefused, TemplateUnwritable, outputMax, sourceFaults, subjectOutputMax } from './core.ts'
import type { Source, TemplateChannel } from './core.ts'
import { disclosureText, isStoppable, saidBy, stopText, wordingOf } from './disclosures.core.ts'
import type { OptOutMethod } from './disclosures.core.ts'
import { Unreadable, readLiquid } from './liquid.core.ts'
import type { Operand, Part } from './liquid.core.ts'
import { dayText, frameOf, moneyText } from './variables.core.ts'
import type { Frame, Money, Occasion, TemplateVariables } from './variables.core.ts'

/** A template that has been read. */
export interface Template { readonly channel: TemplateChannel, readonly language: string, readonly subject: readonly Part[] | null, readonly text: readonly Part[], readonly html: readonly Part[] | null }

/** What a message says, and what it can be held to: the disclosures it makes and how its recipient stops the next. */
export interface Message { subject?: string, text: string, html?: string, disclosures: string[], optOutMethod?: OptOutMethod }

/** Reads the parts of a template. Throws `TemplateRefused`, with a pointer, line and column for each part that is wrong. */
export function readTemplate (source: Source, channel: TemplateChannel, language: string): Template {
  const violations = sourceFaults(source, channel)
  const read = (part: 'subject' | 'text' | 'html'): readonly Part[] | null => {
    const liquid = source[part]
    if (liquid === null) return null
    try {
      if (part === 'html') checkHtml(liquid)
      return readLiquid(liquid, { channel, language, part })
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      violations.push({ pointer: `/${part}`, message: error.message })
      return null
    }
  }
  const parts = { subject: read('subject'), text: read('text') ?? [], html: read('html') }
  if (violations.length > 0) throw TemplateRefused({}, { violations })
  return { channel, language, ...parts }
}

/** What does something, or hides what is said from whoever reads. */
const forbidden = /<!--|<\/?(?:script|style|iframe|object|embed|form|input|meta|base|link|svg|template|title)\b|<[^<>]{0,2000}\s(?:on\w{1,40}\s?=|hidden\b)|javascript:|display\s?:\s?none|visibility\s?:\s?hidden|opacity\s?:\s?0|font-size\s?:\s?0/i

/** An e-mail's HTML does nothing and hides nothing: what it says was checked, and is to be seen. Looked for in the source, and in what is left of it without its tags. */
function checkHtml (html: string): void {
  const at = forbidden.exec(html)?.index ?? (forbidden.test(html.replace(/\{%[^%]{0,500}%\}/g, '')) ? 0 : null)
  if (at === null) return
  const before = html.slice(0, at).split('\n')
  throw new Unreadable(`line ${before.length}, column ${before.at(-1)!.length + 1}: an e-mail has no scripts, forms or comments, and hides nothing`)
}

/** How many parts are written at most, loops counted. */
const stepsMax = 20_000

interface Writing {
  readonly occasion: Occasion, readonly variables: TemplateVariables, readonly isHtml: boolean, readonly lengthMax: number
  readonly said: Set<string>, readonly stops: Set<OptOutMethod>
  steps: number, out: string
}

/** Writes a message. Throws `TemplateUnwritable` when a statement or link it needs is missing, or it grows too long. */
export function writeTemplate (template: Template, variables: TemplateVariables, occasion: Occasion): Message {
  const frame = frameOf(variables, occasion)
  const begin = (isHtml: boolean, lengthMax: number): Writing => ({ occasion, variables, isHtml, lengthMax, said: new Set(), stops: new Set(), steps: 0, out: '' })
  const text = begin(false, outputMax[template.channel])
  writeParts(template.text, frame, text)
  const message: Message = { text: text.out.trim(), disclosures: [...text.said] }
  const stops = new Set(text.stops)
  if (template.subject !== null) {
    const subject = begin(false, subjectOutputMax)
    writeParts(template.subject, frame, subject)
    message.subject = subject.out.replace(/\s+/g, ' ').trim()
  }
  if (template.html !== null) {
    const html = begin(true, outputMax[template.channel])
    writeParts(template.html, frame, html)
    message.html = html.out.trim()
    // Whoever reads one does not see the other: what is said is said in both.
    message.disclosures = message.disclosures.filter(name => html.said.has(name))
    for (const method of text.stops) if (!html.stops.has(method)) stops.delete(method)
  }
  const [method] = stops
  if (method !== undefined) message.optOutMethod = method
  return message
}

function writeParts (parts: readonly Part[], frame: Frame, writing: Writing): void {
  for (const part of parts) {
    if (++writing.steps > stepsMax) throw TemplateUnwritable({ reason: 'tooManyParts' })
    switch (part.kind) {
      case 'text': put(part.text, writing); break
      case 'value': put(escaped(shown(part, frame, writing.occasion.language), writing), writing); break
      case 'if': {
        const branch = part.branches.find(({ when }) => when === null || isTrue(valueOf(when, frame)))
        if (branch !== undefined) writeParts(branch.parts, frame, writing)
        break
      }
      case 'for': for (const item of at(frame, part.list) as readonly unknown[]) writeParts(part.parts, { ...frame, [part.name]: item }, writing); break
      case 'disclosure': case 'optOut': put(saying(part, writing), writing); break
    }
  }
}

function put (text: string, writing: Writing): void {
  writing.out += text
  if (writing.out.length > writing.lengthMax) throw TemplateUnwritable({ reason: 'tooLong', lengthMax: writing.lengthMax })
}

const entities: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;' }
const escaped = (text: string, { isHtml }: Pick<Writing, 'isHtml'>): string => isHtml ? text.replace(/[&<>"']/g, letter => entities[letter]!) : text

/** What a path leads to; undefined for what is left out. A template is only read when its paths exist. */
function at (frame: Frame, path: readonly string[]): unknown {
  let value: unknown = frame
  for (const name of path) value = Array.isArray(value) ? value.length : (value as Frame | undefined)?.[name]
  return value
}

function shown ({ path, show, fallback }: Extract<Part, { kind: 'value' }>, frame: Frame, language: string): string {
  const value = at(frame, path)
  if (show === 'money') return moneyText(value as Money, language)
  if (show === 'day') return dayText(String(value), language)
  const text = value == null ? fallback : String(value)
  return show === 'upcase' ? text.toUpperCase() : show === 'downcase' ? text.toLowerCase() : text
}

function saying (part: Extract<Part, { kind: 'disclosure' | 'optOut' }>, writing: Writing): string {
  const { occasion: { language, channel }, variables: { statements, optOutUrl } } = writing
  const wording = wordingOf(language)
  // Refused when the template was read.
  if (wording === null || !isStoppable(channel) && part.kind === 'optOut') throw TemplateUnwritable({ reason: 'noWording' })
  if (part.kind === 'disclosure') {
    const text = disclosureText(part.name, wording, statements ?? {})
    if (text === null) throw TemplateUnwritable({ reason: 'statementMissing', statement: part.name })
    for (const name of saidBy(part.name)) writing.said.add(name)
    return escaped(text, writing)
  }
  if (part.method === 'hyperlink' && optOutUrl === null) throw TemplateUnwritable({ reason: 'optOutUrlMissing' })
  writing.stops.add(part.method)
  const url = escaped(optOutUrl ?? '', writing)
  return stopText(part.method, channel as 'email' | 'sms', wording, words => writing.isHtml ? `<a href="${url}">${escaped(words, writing)}</a>` : `${words}: ${url}`)
}

/** Not known before the message is written. */
const unknown = Symbol('unknown')

/** As Liquid has it: only `false` and `nil` are not true. */
const isTrue = (value: unknown): boolean => value !== false && value != null

/** The value of a condition; `unknown` when it depends on what is. */
function valueOf (operand: Operand, frame: Frame): unknown {
  if ('literal' in operand) return operand.literal
  if ('path' in operand) return Object.hasOwn(frame, operand.path[0]!) ? at(frame, operand.path) : unknown
  const [left, right] = operand.operands.map(one => valueOf(one, frame))
  const { operator } = operand
  if (operator === 'and' || operator === 'or') {
    const settled = operator === 'or'
    if ([left, right].some(value => value !== unknown && isTrue(value) === settled)) return settled
    return left === unknown || right === unknown ? unknown : !settled
  }
  if (left === unknown || right === unknown) return unknown
  return operator === 'not' ? !isTrue(left) : compared(operator, left, right)
}

function compared (operator: string, left: unknown, right: unknown): boolean {
  if (operator === '==' || operator === '!=') return ((left ?? null) === (right ?? null)) === (operator === '==')
  const [a, b] = [Number(left), Number(right)]
  return operator === '<' ? a < b : operator === '>' ? a > b : operator === '<=' ? a <= b : a >= b
}

/** What a template says on an occasion whatever the debts: in every branch that may be taken, and outside of loops, which may have nothing to go through. */
export function saysAlways ({ text, html }: Template, occasion: Occasion): { disclosures: string[], optOutMethods: OptOutMethod[] } {
  const known: Frame = { ...occasion }
  const both = [text, ...html === null ? [] : [html]].map(parts => sure(parts, known))
  const inAll = common(both)
  return {
    disclosures: [...inAll].filter(one => !one.startsWith('optOut ')).sort(),
    optOutMethods: (['replyStop', 'hyperlink'] as const).filter(method => inAll.has(`optOut ${method}`)),
  }
}

const common = ([first = new Set(), ...others]: readonly ReadonlySet<string>[]): ReadonlySet<string> => new Set([...first].filter(one => others.every(other => other.has(one))))

function sure (parts: readonly Part[], known: Frame): ReadonlySet<string> {
  const said = new Set<string>()
  for (const part of parts) {
    if (part.kind === 'disclosure') for (const name of saidBy(part.name)) said.add(name)
    if (part.kind === 'optOut') said.add(`optOut ${part.method}`)
    if (part.kind === 'if') for (const one of sureOf(part.branches, known)) said.add(one)
  }
  return said
}

function sureOf (branches: Extract<Part, { kind: 'if' }>['branches'], known: Frame): ReadonlySet<string> {
  const possible: ReadonlySet<string>[] = []
  for (const { when, parts } of branches) {
    const value = when === null ? true : valueOf(when, known)
    if (value === unknown) possible.push(sure(parts, known))
    else if (isTrue(value)) return common([...possible, sure(parts, known)])
  }
  return common([...possible, new Set()])
}
