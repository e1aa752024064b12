import { randomFillSync } from 'node:crypto'
import { v7 } from 'uuid'
import { idOf } from '#kernel'
import type { Id, IdKind } from '#kernel'

/** Random bytes are drawn for so many ids at once: asking for each costs more than making the id. */
const drawnIds = 512
const drawn = new Uint8Array(16 * drawnIds)
let used = drawn.length

function randomBytes (): Uint8Array {
  if (used === drawn.length) {
    randomFillSync(drawn)
    used = 0
  }
  return drawn.subarray(used, used += 16)
}

let msecs = 0
let seq = 0

/** Mints an id: a UUID version 7, so that ids sort by the time they were made, and those of one millisecond in the order they were made. */
export function newId<K extends IdKind> (kind: K): Id<K> {
  const random = randomBytes()
  const now = Date.now()
  if (now > msecs) {
    msecs = now
    // Begins low in its 32 bits, so that counting up through one millisecond never wraps.
    seq = random[0]! << 16 | random[1]! << 8 | random[2]!
  } else {
    seq++
  }
  return idOf(kind, v7({ random, msecs, seq }))
}
