import { clockJobName, emit, job } from '#platform'
import { findTestClock, setClockTarget } from './db.ts'
import { TestClockAdvanced } from './events.ts'
import { testClocks } from './tables.ts'

/** Lives test clocks forward to their targets, a slice at a time. The clock itself is the progress: a crash goes on where it was. */
export const advanceTestClocks = job({
  name: clockJobName, due: testClocks, attemptsMax: 50,
  async run ({ tx, liveUntil }) {
    const clock = await tx(findTestClock)
    if (clock?.targetAt == null) return false
    if (!await liveUntil(new Date(clock.targetAt))) return true
    await tx(async tx => {
      await setClockTarget(tx, clock.id, null)
      emit(tx, TestClockAdvanced, {}, { testClockId: clock.id, nowAt: tx.ctx.now.toISOString() })
    })
    return false
  },
})
