import { idPrefixes } from '#kernel'
import type { Id, IdKind } from '#kernel'
import { fillRandom } from '../random.ts'

/** The codes of the hexadecimal digits. */
const digits = Buffer.from('0123456789abcdef', 'latin1')

/** The UUID being written, as text: its time stays while the millisecond does. */
const text = Buffer.from('00000000-0000-7000-8000-000000000000', 'latin1')
/** Where the digits of the counter's low 16 bits stand, and the random ones. Above them the counter shares a digit with the variant, and has three before it. */
const lowPlaces = [24, 22, 21, 20]
const highPlaces = [17, 16, 15]
const variantPlace = 19
const variant = 0x8
const randomPlaces = [25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35]

const counterMax = 0x3fffffff
const random = Buffer.alloc(6)
let lastMs = 0
let counter = 0

/** Begins a millisecond: its counter starts at random, in the lower half of what it may be. */
function begin (ms: number): void {
  lastMs = ms
  const time = ms.toString(16).padStart(12, '0')
  text.write(time.slice(0, 8), 0, 'latin1')
  text.write(time.slice(8), 9, 'latin1')
  fillRandom(random, 0, 4)
  counter = random.readUInt32BE(0) >>> 3
}

/**
 * Mints an id: a UUID version 7 (RFC 9562), so that ids sort by the time they were made. Ids that one process makes in one millisecond sort in
 * the order they were made, by a counter of 30 bits (section 6.2, method 1); 44 random bits follow.
 */
export function newId<K extends IdKind> (kind: K): Id<K> {
  const ms = Date.now()
  if (ms > lastMs) begin(ms)
  else if (++counter > counterMax) begin(lastMs + 1)
  let rest = counter
  for (const place of lowPlaces) {
    text[place] = digits[rest & 0xf]!
    rest >>>= 4
  }
  text[variantPlace] = digits[variant | rest & 0x3]!
  rest >>>= 2
  for (const place of highPlaces) {
    text[place] = digits[rest & 0xf]!
    rest >>>= 4
  }
  fillRandom(random, 0, random.length)
  for (let i = 0; i < randomPlaces.length; i++) text[randomPlaces[i]!] = digits[(i % 2 === 0 ? random[i >> 1]! >> 4 : random[i >> 1]!) & 0xf]!
  // A brand constructor: what was written is a UUID.
  return `${idPrefixes[kind]}_${text.toString('latin1')}` as Id<K>
}
