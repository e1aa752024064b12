import { isUtf8 } from 'node:buffer'
import { Problem, problem } from '#kernel'
import type { ProblemType } from '#kernel'

/** How many arrays and objects of a body may lie inside one another. */
export const jsonDepthMax = 32

/** A refusal's pointer is never longer: it stops at an ancestor, so that no caller's giant key is sent back or logged. */
const pointerLengthMax = 512

/** The body breaks the grammar of RFC 8259. */
export const MalformedJson = problem('malformed-json', 400, 'The body is not valid JSON.',
  'Send exactly one JSON value as RFC 8259 writes it; `line` and `column` say where reading stopped.')

/** The body is not UTF-8, or begins with a byte order mark (RFC 8259, section 8.1). */
export const JsonEncodingRefused = problem('json-encoding-refused', 400, 'The body is not plain UTF-8.',
  'Encode the body as UTF-8 and send no byte order mark.')

/** The body nests deeper than `jsonDepthMax`. */
export const JsonTooDeep = problem('json-too-deep', 400, 'The body is nested too deeply.',
  `Nest arrays and objects at most ${jsonDepthMax} deep.`)

/** An object names a member twice; readers disagree on which one counts (RFC 8259, section 4). */
export const DuplicateKey = problem('duplicate-key', 400, 'An object has the same key twice.', 'Send every key once.')

/** A key that reaches an object's prototype in careless code. */
export const ForbiddenKey = problem('forbidden-key', 400, 'A key of the body is not accepted.',
  'Rename the key: `__proto__`, and `prototype` inside `constructor`, are refused wherever they stand.')

/** Text that the database cannot store or that is not Unicode. */
export const ForbiddenCharacter = problem('forbidden-character', 400, 'A text of the body holds a character that is not accepted.',
  'Remove NUL characters, and send surrogates in pairs.')

/** A number that a double cannot hold exactly as an integer. */
export const NumberTooLarge = problem('number-too-large', 400, 'A number of the body is too large.',
  `Send numbers between -${Number.MAX_SAFE_INTEGER} and ${Number.MAX_SAFE_INTEGER}; send longer identifiers as text.`)

/** Up to so many keys of an object are compared one by one: several times faster than a set, which larger objects need. */
const listedKeysMax = 16

/**
 * Where reading stands. `keys` has an entry for each open array (null) or object (the keys met);
 * `path` names the member being read in each, and lacks its last while a key is read.
 */
interface Place { readonly text: string, readonly path: (string | number)[], readonly keys: (string[] | Set<string> | null)[] }

const quote = 0x22, comma = 0x2c, minus = 0x2d, dot = 0x2e, zero = 0x30, nine = 0x39, colon = 0x3a
const bracketOpen = 0x5b, backslash = 0x5c, bracketClose = 0x5d, braceOpen = 0x7b, braceClose = 0x7d

/**
 * Reads a request body as strict JSON in one pass and `JSON.parse`. Refuses, with a pointer to the place: bad UTF-8 and byte order
 * marks, malformed JSON, nesting beyond `jsonDepthMax`, duplicate and prototype keys, NUL and lone surrogates, numbers beyond 2^53 - 1.
 */
export function parseJson (body: Buffer): unknown {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) {
    throw JsonEncodingRefused({}, { violations: [{ pointer: '', message: 'The body begins with a byte order mark.' }] })
  }
  if (!isUtf8(body)) throw notUtf8(body)
  return parseJsonText(body.toString('utf8'))
}

/** Reads text that is known to be Unicode as strict JSON; refuses what `parseJson` does. */
export function parseJsonText (text: string): unknown {
  inspect(text)
  const value: unknown = JSON.parse(text)
  return value
}

/** The refusal of bytes that are not UTF-8, with the pointer at which reading the good bytes before them stops. */
function notUtf8 (body: Buffer): Problem {
  // Decoding replaces what is bad, so the first byte that does not survive the round trip is the place.
  const again = Buffer.from(body.toString('utf8'))
  const offset = body.findIndex((byte, i) => byte !== again[i])
  const message = `Byte ${offset} is not UTF-8.`
  return JsonEncodingRefused({ offset }, { violations: [{ pointer: stopOf(body.subarray(0, offset).toString('utf8')), message }] })
}

/** The pointer to which an incomplete text leads. */
function stopOf (text: string): string {
  try {
    inspect(text)
  } catch (error) {
    if (error instanceof Problem) return error.refusal.violations?.[0]?.pointer ?? ''
    throw error
  }
  return ''
}

/** Walks the text once; throws where it is not JSON or not acceptable. Holds its own stack: no input can exhaust the machine's. */
function inspect (text: string): void {
  const place: Place = { text, path: [], keys: [] }
  let at = skipSpace(text, 0)
  while (at !== -1) {
    const code = text.charCodeAt(at)
    if (code === braceOpen || code === bracketOpen) {
      if (place.keys.length === jsonDepthMax) throw refused(JsonTooDeep, place, at, `This would be level ${jsonDepthMax + 1}.`)
      place.keys.push(code === braceOpen ? [] : null)
      at = skipSpace(text, at + 1)
      // In ASCII each closing bracket follows its opening one by two; an empty container goes on as if a value had ended.
      at = text.charCodeAt(at) === code + 2 ? nextValue(place, at) : nextMember(place, at)
    } else {
      at = nextValue(place, endOfScalar(place, at, code))
    }
  }
}

/** After a value: closes the containers that end here. Answers where the next value begins, or -1 when the text is complete. */
function nextValue (place: Place, from: number): number {
  const { text, path, keys } = place
  for (let at = skipSpace(text, from); ; at = skipSpace(text, at + 1)) {
    if (keys.length === 0) {
      if (at === text.length) return -1
      throw refused(MalformedJson, place, at, 'Nothing may follow the value.')
    }
    const code = text.charCodeAt(at)
    if (code === comma) return nextMember(place, skipSpace(text, at + 1))
    const isArray = keys[keys.length - 1] === null
    if (code !== (isArray ? bracketClose : braceClose)) throw refused(MalformedJson, place, at, `A comma or ${isArray ? ']' : '}'} is expected.`)
    keys.pop()
    if (path.length > keys.length) path.pop()
  }
}

/** Steps to the next member of the innermost container, reading the key if it is an object. Answers where its value begins. */
function nextMember (place: Place, from: number): number {
  const { text, path, keys } = place
  const last = path.length === keys.length ? path.pop() : undefined
  if (!keys[keys.length - 1]) {
    path.push(typeof last === 'number' ? last + 1 : 0)
    return from
  }
  if (text.charCodeAt(from) !== quote) throw refused(MalformedJson, place, from, 'A key in double quotes is expected.')
  const end = endOfString(place, from)
  const key = keyOf(text, from, end)
  const isForbidden = key === '__proto__' || (key === 'prototype' && path[path.length - 1] === 'constructor')
  path.push(key)
  if (isForbidden) throw refused(ForbiddenKey, place, from, 'This key is not accepted.')
  if (!remember(keys, key)) throw refused(DuplicateKey, place, from, 'This key is given twice.')
  const at = skipSpace(text, end)
  if (text.charCodeAt(at) !== colon) throw refused(MalformedJson, place, at, 'A colon is expected.')
  return skipSpace(text, at + 1)
}

/** Notes a key of the innermost object; false if it was there already. */
function remember (keys: Place['keys'], key: string): boolean {
  const last = keys.length - 1
  const seen = keys[last] ?? []
  if (seen instanceof Set) return seen.size < seen.add(key).size
  if (seen.includes(key)) return false
  if (seen.length < listedKeysMax) seen.push(key)
  else keys[last] = new Set(seen).add(key)
  return true
}

/** The key between two quotes. `"a"` and `"\u0061"` are the same key, so escapes are resolved. */
function keyOf (text: string, from: number, end: number): string {
  const raw = text.slice(from + 1, end - 1)
  return raw.includes('\\') ? String(JSON.parse(text.slice(from, end))) : raw
}

function endOfScalar (place: Place, at: number, code: number): number {
  if (code === quote) return endOfString(place, at)
  if (code === minus || (code >= zero && code <= nine)) return endOfNumber(place, at)
  for (const word of ['true', 'false', 'null']) if (place.text.startsWith(word, at)) return at + word.length
  throw refused(MalformedJson, place, at, 'A value is expected.')
}

function endOfString (place: Place, from: number): number {
  const { text } = place
  for (let at = from + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === quote) return at + 1
    if (code === backslash) at = endOfEscape(place, at)
    else if (code < 0x20) throw refused(MalformedJson, place, at, 'A control character in a text must be escaped.')
  }
  throw refused(MalformedJson, place, text.length, 'The text has no closing quote.')
}

/** The last character of the escape, or pair of escapes, that begins at a backslash. */
function endOfEscape (place: Place, at: number): number {
  const { text } = place
  const letter = text.charAt(at + 1)
  if (letter !== 'u') {
    if (letter === '' || !'"\\/bfnrt'.includes(letter)) throw refused(MalformedJson, place, at, 'This escape is unknown.')
    return at + 1
  }
  const unit = hex4(text, at + 2)
  if (unit === -1) throw refused(MalformedJson, place, at, 'Four hexadecimal digits are expected.')
  if (unit === 0) throw refused(ForbiddenCharacter, place, at, 'NUL characters are not accepted.')
  if (unit < 0xd800 || unit > 0xdfff) return at + 5
  const low = unit < 0xdc00 && text.startsWith('\\u', at + 6) ? hex4(text, at + 8) : -1
  if (low < 0xdc00 || low > 0xdfff) throw refused(ForbiddenCharacter, place, at, 'Half of a surrogate pair is not a character.')
  return at + 11
}

function endOfNumber (place: Place, from: number): number {
  const { text } = place
  const first = text.charCodeAt(from) === minus ? from + 1 : from
  let at = skipDigits(text, first)
  if (at === first || (at > first + 1 && text.charCodeAt(first) === zero)) throw refused(MalformedJson, place, from, 'This is not a JSON number.')
  // Fifteen digits are always within 2^53; only a longer number or an exponent needs to be looked at.
  let isSmall = at - first <= 15
  if (text.charCodeAt(at) === dot) at = digitsAfter(place, at)
  const exponent = text.charAt(at)
  if (exponent === 'e' || exponent === 'E') {
    isSmall = false
    const sign = text.charAt(at + 1)
    at = digitsAfter(place, sign === '+' || sign === '-' ? at + 1 : at)
  }
  if (!isSmall && Math.abs(Number(text.slice(from, at))) > Number.MAX_SAFE_INTEGER) {
    throw refused(NumberTooLarge, place, from, `The largest number is ${Number.MAX_SAFE_INTEGER}.`)
  }
  return at
}

function digitsAfter (place: Place, at: number): number {
  const end = skipDigits(place.text, at + 1)
  if (end === at + 1) throw refused(MalformedJson, place, end, 'A digit is expected.')
  return end
}

function skipDigits (text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code >= zero && code <= nine; code = text.charCodeAt(at)) at++
  return at
}

function skipSpace (text: string, from: number): number {
  let at = from
  for (let code = text.charCodeAt(at); code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09; code = text.charCodeAt(at)) at++
  return at
}

/** The code unit that four hexadecimal digits write, or -1. */
function hex4 (text: string, from: number): number {
  let unit = 0
  for (let at = from; at < from + 4; at++) {
    const code = text.charCodeAt(at)
    const lower = code | 0x20
    if (code >= zero && code <= nine) unit = unit * 16 + code - zero
    else if (lower >= 0x61 && lower <= 0x66) unit = unit * 16 + lower - 0x57
    else return -1
  }
  return unit
}

function refused (type: ProblemType, { text, path }: Place, at: number, message: string): Problem {
  const before = text.slice(0, at)
  const line = before.split('\n').length
  return type({ line, column: at - before.lastIndexOf('\n') }, { violations: [{ pointer: pointerOf(path), message }] })
}

function pointerOf (path: readonly (string | number)[]): string {
  let pointer = ''
  for (const name of path) {
    const longer = `${pointer}/${String(name).replaceAll('~', '~0').replaceAll('/', '~1')}`
    if (longer.length > pointerLengthMax) break
    pointer = longer
  }
  return pointer
}
