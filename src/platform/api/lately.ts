/** How long an answer given to callers without a key is kept. */
export const latelyMs = 1_000

/**
 * Makes a question that costs something cheap to ask often: whoever asks while it is being answered shares that answer, and so does whoever
 * asks within `keptMs` of it. A failure is an answer like any other. `clock` counts milliseconds.
 */
export function lately<T> (ask: () => Promise<T>, keptMs: number = latelyMs, clock: () => number = () => performance.now()): () => Promise<T> {
  let answer: Promise<T> | undefined
  let keptUntil = Infinity
  return async () => {
    if (answer === undefined || clock() >= keptUntil) {
      keptUntil = Infinity
      answer = ask().finally(() => { keptUntil = clock() + keptMs })
    }
    return await answer
  }
}
