import { randomFillSync } from 'node:crypto'

/** Random bytes are drawn from the system so many at once: asking for a few costs as much as asking for thousands. */
const pool = Buffer.allocUnsafeSlow(16 * 1024)
let used = pool.length

/** Fills a stretch of a buffer with random bytes, each of them given out once. */
export function fillRandom (target: Buffer, at: number, count: number): void {
  if (used + count > pool.length) {
    randomFillSync(pool)
    used = 0
  }
  pool.copy(target, at, used, used + count)
  pool.fill(0, used, used + count)
  used += count
}
