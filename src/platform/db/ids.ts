import { idOf } from '#kernel'
import type { Id, IdKind } from '#kernel'
import { fillRandom } from '../random.ts'

/** Two hexadecimal digits for each byte. */
const hex = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))

const random = Buffer.alloc(10)
/** The millisecond of the last id, as its first two groups, and how many more ids it can have before the next must be taken. */
let lastMs = 0
let head = ''
let counter = 0
const counterMax = 0xfffffff

/** Begins a millisecond: the counter starts at random, in the lower half of what it may be. */
function begin (ms: number): void {
  lastMs = ms
  const text = ms.toString(16).padStart(12, '0')
  head = `${text.slice(0, 8)}-${text.slice(8)}-7`
  fillRandom(random, 0, 4)
  counter = random.readUInt32BE(0) >>> 5
}

/**
 * Mints an id: a UUID version 7 (RFC 9562), so that ids sort by the time they were made. Ids of one process made in one millisecond sort in the
 * order they were made, by a counter of 28 bits (section 6.2, method 1); 46 random bits follow it.
 */
export function newId<K extends IdKind> (kind: K): Id<K> {
  const ms = Date.now()
  if (ms > lastMs) begin(ms)
  else if (++counter > counterMax) begin(lastMs + 1)
  fillRandom(random, 0, 6)
  const high = (counter >>> 16).toString(16).padStart(3, '0')
  const low = counter & 0xffff
  // The variant, 10, then fourteen bits of the counter; its last two bits lead the random ones.
  const variant = hex[0x80 | low >>> 10]! + hex[low >>> 2 & 0xff]!
  const rest = hex[(low & 3) << 6 | random[0]! & 0x3f]! + hex[random[1]!]! + hex[random[2]!]! + hex[random[3]!]! + hex[random[4]!]! + hex[random[5]!]!
  return idOf(kind, `${head}${high}-${variant}-${rest}`)
}
