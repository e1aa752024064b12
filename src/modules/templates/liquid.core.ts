import { LiquidError, Tokenizer, TypeGuards } from 'liquidjs'
import type { Expression, Token, TopLevelToken } from 'liquidjs'
import { isDisclosure, isOptOut, isStoppable, disclosureNames, optOutMethods, wordingOf } from './disclosures.core.ts'
import type { DisclosureName, OptOutMethod } from './disclosures.core.ts'
import type { TemplateChannel } from './core.ts'
import { variableKinds } from './variables.core.ts'
import type { Fields, Kind } from './variables.core.ts'

/** A value in a condition. Paths lead to what is there: they were followed when the template was read. */
export type Operand = { readonly path: readonly string[] } | { readonly literal: string | number | boolean | null } | Operation
interface Operation { readonly operator: string, readonly operands: readonly Operand[] }

/** How a value is printed. */
export type Show = 'text' | 'upcase' | 'downcase' | 'money' | 'day'

/** A part of a template. `otherwise` of a condition is its last branch, which has none. */
export type Part =
  | { readonly kind: 'text', readonly text: string }
  | { readonly kind: 'value', readonly path: readonly string[], readonly show: Show, readonly fallback: string }
  | { readonly kind: 'if', readonly branches: readonly Branch[] }
  | { readonly kind: 'for', readonly name: string, readonly list: readonly string[], readonly parts: readonly Part[] }
  | { readonly kind: 'disclosure', readonly name: DisclosureName }
  | { readonly kind: 'optOut', readonly method: OptOutMethod }
export interface Branch { readonly when: Operand | null, readonly parts: readonly Part[] }

/** Where a template stands: what may be said there. */
export interface Place { readonly channel: TemplateChannel, readonly language: string, readonly part: 'subject' | 'text' | 'html' }

/** What is wrong with a template, in words for whoever writes it. */
export class Unreadable extends Error {}

/** How deep conditions and loops may lie in each other, and how long one tag may be. */
const depthMax = 8
const tagMax = 500
/** How many tags there may be: what it takes to read them grows with their square when quotes are left open. */
const tagsMax = 500

const refuse = (token: Token, message: string): never => {
  const before = token.input.slice(0, token.begin).split('\n')
  throw new Unreadable(`line ${before.length}, column ${before.at(-1)!.length + 1}: ${message}`)
}

/** A block that is open: its parts go to `parts`. */
interface Open { readonly tag: string, readonly token: Token | null, readonly parts: Part[], readonly branches: Branch[], readonly when: Operand | null, readonly loop: { name: string, list: readonly string[], fields: Fields } | null }

type Tag = Extract<TopLevelToken, { name: string }>

/** Reads a template. Everything in it is known: variables, filters and tags that are not ours are refused with line and column, by an `Unreadable`. */
export function readLiquid (source: string, place: Place): readonly Part[] {
  if (source.split(/\{[{%]/, tagsMax + 2).length > tagsMax + 1) throw new Unreadable(`line 1, column 1: has more than ${tagsMax} tags`)
  let tokens: TopLevelToken[]
  try {
    tokens = new Tokenizer(source).readTopLevelTokens()
  } catch (error) {
    throw unreadable(error)
  }
  const open: Open[] = [{ tag: '', token: null, parts: [], branches: [], when: null, loop: null }]
  let verbatim: Tag | null = null
  for (const token of tokens) {
    const name = TypeGuards.isTagToken(token) ? token.name : null
    if (verbatim === null && TypeGuards.isTagToken(token) && (name === 'comment' || name === 'raw')) verbatim = token
    else if (verbatim !== null && name === `end${verbatim.name}`) verbatim = null
    else if (verbatim?.name !== 'comment') readToken(token, open, place)
  }
  if (verbatim !== null) refuse(verbatim, `\`${verbatim.name}\` is not closed: \`end${verbatim.name}\` is missing`)
  const last = open.at(-1)!
  if (last.token !== null) refuse(last.token, `\`${last.tag}\` is not closed: \`end${last.tag}\` is missing`)
  return last.parts
}

function unreadable (error: unknown): Unreadable {
  if (error instanceof Unreadable) return error
  if (!LiquidError.is(error)) throw error
  const [, message = error.message, line = '1', column = '1'] = /^(.*?), line:(\d+), col:(\d+)$/.exec(error.message) ?? []
  return new Unreadable(`line ${line}, column ${column}: ${message}`)
}

function readToken (token: TopLevelToken, open: Open[], place: Place): void {
  const { parts } = open.at(-1)!
  if (TypeGuards.isHTMLToken(token)) {
    const text = token.getContent()
    if (text !== '') parts.push({ kind: 'text', text })
    return
  }
  if (token.getText().length > tagMax) refuse(token, `is longer than ${tagMax} characters`)
  try {
    if (TypeGuards.isOutputToken(token)) parts.push(readOutput(token, open))
    else if (TypeGuards.isTagToken(token)) readTag(token, open, place)
  } catch (error) {
    throw unreadable(error)
  }
}

const contentOf = (token: Token & { contentRange: [number, number] }): Tokenizer => new Tokenizer(token.input, undefined, undefined, token.contentRange)

const filtersOf: Record<string, readonly string[]> = { text: ['upcase', 'downcase', 'default'], money: ['money'], day: ['day'], number: [] }

function readOutput (token: Token & { contentRange: [number, number] }, open: readonly Open[]): Part {
  const content = contentOf(token)
  const { initial: { postfix }, filters } = content.readFilteredValue()
  content.skipBlank()
  const [value] = postfix
  if (value === undefined || postfix.length !== 1 || !content.end()) return refuse(token, 'prints one variable, with filters after it')
  const { path, kind } = pathOf(value, open)
  if (typeof kind !== 'string' || kind === 'flag') return refuse(token, `\`${path.join('.')}\` cannot be printed`)
  let show: Show = 'text'
  let fallback = ''
  for (const { name, args } of filters) {
    if (!filtersOf[kind]!.includes(name)) refuse(token, `\`${path.join('.')}\` has no filter \`${name}\``)
    const [given] = args
    if (name === 'default') {
      if (args.length !== 1 || Array.isArray(given) || given === undefined || !TypeGuards.isQuotedToken(given)) return refuse(token, '`default` is followed by a text')
      fallback = given.content
    } else {
      if (args.length > 0) refuse(token, `\`${name}\` has no arguments`)
      show = name as Show
    }
  }
  if ((kind === 'money' || kind === 'day') && show !== kind) refuse(token, `\`${path.join('.')}\` is printed by the filter \`${kind}\``)
  return { kind: 'value', path, show, fallback }
}

/** Follows a path to what is there. */
function pathOf (token: Token, open: readonly Open[]): { path: readonly string[], kind: Kind } {
  if (!TypeGuards.isPropertyAccessToken(token) || token.variable !== undefined) return refuse(token, 'is not a variable')
  const path = token.props.map(prop => TypeGuards.isWordToken(prop) || TypeGuards.isQuotedToken(prop) ? prop.content : refuse(token, 'names its fields in words'))
  const loop = open.find(({ loop }) => loop?.name === path[0])?.loop
  let kind: Kind = loop == null ? { isList: false, fields: variableKinds } : { isList: false, fields: { [path[0]!]: { isList: false, fields: loop.fields } } }
  for (const name of path) {
    if (typeof kind === 'string') return refuse(token, `\`${path.join('.')}\` does not exist`)
    if (kind.isList && name === 'size') kind = 'number'
    else if (!kind.isList && Object.hasOwn(kind.fields, name)) kind = kind.fields[name]!
    else return refuse(token, `\`${path.join('.')}\` does not exist`)
  }
  return { path, kind }
}

const comparisons = ['==', '!=']
const orders = ['<', '>', '<=', '>=']

function readCondition ({ postfix }: Expression, token: Token, open: readonly Open[]): Operand {
  const stack: { operand: Operand, kind: Kind | 'null' }[] = []
  for (const one of postfix) {
    if (!TypeGuards.isOperatorToken(one)) {
      stack.push(operandOf(one, open))
      continue
    }
    const { operator } = one
    const right = stack.pop()
    const operands = operator === 'not' ? [right] : [stack.pop(), right]
    if (operands.some(operand => operand === undefined)) refuse(token, 'is not a condition')
    const known = operands.map(operand => operand!)
    if (comparisons.includes(operator) && known.some(({ kind }) => kind === 'money' || kind === 'day' || typeof kind !== 'string')) refuse(one, 'amounts, days and lists are not compared')
    if (orders.includes(operator) && known.some(({ kind }) => kind !== 'number')) refuse(one, `\`${operator}\` compares numbers`)
    if (![...comparisons, ...orders, 'and', 'or', 'not'].includes(operator)) refuse(one, `there is no \`${operator}\``)
    stack.push({ operand: { operator, operands: known.map(({ operand }) => operand) }, kind: 'flag' })
  }
  const [only] = stack
  return only === undefined || stack.length !== 1 ? refuse(token, 'is not a condition') : only.operand
}

function operandOf (token: Token, open: readonly Open[]): { operand: Operand, kind: Kind | 'null' } {
  if (TypeGuards.isQuotedToken(token)) return { operand: { literal: token.content }, kind: 'text' }
  if (TypeGuards.isNumberToken(token)) return { operand: { literal: token.content }, kind: 'number' }
  if (TypeGuards.isLiteralToken(token)) {
    const words: Partial<Record<string, boolean | null>> = { true: true, false: false, nil: null, null: null }
    const literal = words[token.literal]
    return literal === undefined ? refuse(token, `there is no \`${token.literal}\``) : { operand: { literal }, kind: literal === null ? 'null' : 'flag' }
  }
  const { path, kind } = pathOf(token, open)
  return { operand: { path }, kind }
}

function readTag (token: Tag, open: Open[], place: Place): void {
  const block = open.at(-1)!
  switch (token.name) {
    case 'if': case 'unless': case 'for': openBlock(token, open, place); break
    case 'elsif': case 'else': nextBranch(token, block, open); break
    case 'endif': case 'endunless': case 'endfor': closeBlock(token, block, open); break
    case 'disclosure': case 'optOut': block.parts.push(readSaying(token, place)); break
    case '#': break
    default: refuse(token, `there is no tag \`${token.name}\``)
  }
}

function conditionOf (token: Tag, open: readonly Open[]): Operand {
  const { initial, filters } = token.tokenizer.readFilteredValue()
  token.tokenizer.skipBlank()
  if (filters.length > 0 || !token.tokenizer.end()) refuse(token, 'is not a condition')
  return readCondition(initial, token, open)
}

function openBlock (token: Tag, open: Open[], place: Place): void {
  if (open.length > depthMax) refuse(token, `lies more than ${depthMax} deep`)
  const block = { tag: token.name, token, parts: [], branches: [] }
  if (token.name === 'for') {
    if (place.part === 'subject') refuse(token, 'a subject tells nobody of a debt')
    if (open.some(({ loop }) => loop !== null)) refuse(token, 'a loop within a loop')
    const match = /^([A-Za-z_]\w{0,30})\s+in\s+([A-Za-z]+)$/.exec(token.args.trim())
    const [, name = '', list = ''] = match ?? []
    const kind = Object.hasOwn(variableKinds, list) ? variableKinds[list] : undefined
    if (kind === undefined || typeof kind === 'string' || !kind.isList) return refuse(token, 'goes through `debts` or `totals`, as in `for debt in debts`')
    if (Object.hasOwn(variableKinds, name)) refuse(token, `\`${name}\` is the name of something else`)
    open.push({ ...block, when: null, loop: { name, list: [list], fields: kind.fields } })
  } else {
    const when = conditionOf(token, open)
    open.push({ ...block, when: token.name === 'if' ? when : { operator: 'not', operands: [when] }, loop: null })
  }
}

/** Ends a branch and begins the next: after an `else` there is none. */
function nextBranch (token: Tag, block: Open, open: Open[]): void {
  if ((block.tag !== 'if' && block.tag !== 'unless') || (block.branches.length > 0 && block.when === null)) refuse(token, `\`${token.name}\` belongs to no condition`)
  if (token.name === 'else' && token.args.trim() !== '') refuse(token, '`else` has no condition')
  open[open.length - 1] = { ...block, parts: [], branches: [...block.branches, { when: block.when, parts: block.parts }], when: token.name === 'else' ? null : conditionOf(token, open) }
}

function closeBlock (token: Tag, block: Open, open: Open[]): void {
  if (token.name !== `end${block.tag}`) refuse(token, block.token === null ? `\`${token.name}\` closes nothing` : `\`${token.name}\` does not close \`${block.tag}\``)
  open.pop()
  open.at(-1)!.parts.push(block.loop === null
    ? { kind: 'if', branches: [...block.branches, { when: block.when, parts: block.parts }] }
    : { kind: 'for', name: block.loop.name, list: block.loop.list, parts: block.parts })
}

function readSaying (token: Tag, { channel, language, part }: Place): Part {
  if (part === 'subject') refuse(token, `\`${token.name}\` belongs to the text`)
  if (wordingOf(language) === null) refuse(token, `there is no wording in \`${language}\``)
  const name = /^(?:'(\w+)'|"(\w+)")$/.exec(token.args.trim())?.slice(1).find(found => found !== undefined) ?? ''
  if (token.name === 'disclosure') return isDisclosure(name) ? { kind: 'disclosure', name } : refuse(token, `names one of ${disclosureNames.join(', ')}`)
  if (!isStoppable(channel)) refuse(token, 'there is nothing to stop on this channel')
  return isOptOut(name) ? { kind: 'optOut', method: name } : refuse(token, `names one of ${optOutMethods.join(', ')}`)
}
