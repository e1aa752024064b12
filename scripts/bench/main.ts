/** Measures Recoup against plain ways of doing the same work, in turn and in one run, and prints the ratios. `npm run bench -- NAME...` runs some. */
import { decideReminders } from './decide-reminders.ts'
import { nightlyAccrual } from './nightly-accrual.ts'
import { leaseWork } from './lease-work.ts'
import { placeBatch } from './place-batch.ts'
import { readAccount } from './read-account.ts'
import { openStage } from './stage.ts'
import type { Finding, Stage } from './stage.ts'

const benches: Record<string, (stage: Stage) => Promise<Finding>> = { 'read-account': readAccount, 'place-batch': placeBatch, 'lease-work': leaseWork, 'nightly-accrual': nightlyAccrual, 'decide-reminders': decideReminders }

const chosen = process.argv.slice(2)
const unknown = chosen.find(name => !(name in benches))
if (unknown !== undefined) throw new Error(`there is no bench ${unknown}: say some of ${Object.keys(benches).join(', ')}`)

const stage = await openStage()
let missed = 0
try {
  process.stdout.write(`${'bench'.padEnd(34)}${'ours'.padStart(12)}${'plain'.padStart(12)}${'ratio'.padStart(8)}${'goal'.padStart(7)}\n`)
  for (const [name, bench] of Object.entries(benches)) {
    if (chosen.length > 0 && !chosen.includes(name)) continue
    const { name: title, unit, ours, plain, goal, note } = await bench(stage)
    const ratio = ours / plain
    if (ratio < goal) missed++
    process.stdout.write(`${`${title} (${unit})`.padEnd(34)}${ours.toFixed(0).padStart(12)}${plain.toFixed(0).padStart(12)}${ratio.toFixed(2).padStart(8)}${goal.toFixed(2).padStart(7)} ${ratio < goal ? 'missed' : 'met'}${note === undefined ? '' : `  ${note}`}\n`)
  }
} finally {
  await stage.close()
}
process.exitCode = missed === 0 ? 0 : 1
