import { and, eq, sql } from 'drizzle-orm'
import t from 'tap'
import { emit, job } from '#platform'
import type { EventRow, Job } from '#platform'
import { jobStates } from '../../src/platform/tables.ts'
import type { EventJob } from '../../src/platform/jobs/job.ts'
import { passOver } from '../../src/platform/jobs/passing.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import type { Machine } from '../../src/platform/jobs/run.ts'
import { findWork } from '../../src/platform/jobs/sweep.ts'
import { PaymentPosted } from '../../src/modules/payments/index.ts'
import { StrategyActivated } from '../../src/modules/strategies/index.ts'
import { world } from '../world.ts'
import type { Agency } from '../world.ts'

t.test('readers of events are called for what they read, and pass over the rest', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const read: Record<string, number[]> = { ofPayments: [], ofStrategies: [], ofAll: [] }
  const reader = (name: string, on: EventJob['on']): Job => job({
    name: `test.${name}`, on, run: async (_tx, events: readonly EventRow[]) => { read[name]!.push(...events.map(({ sequence }) => sequence)) },
  })
  const machine: Machine = { ...w.machine, jobs: [reader('ofPayments', [PaymentPosted]), reader('ofStrategies', [StrategyActivated]), reader('ofAll', 'all')] }
  const happen = async (of: Agency, count = 1): Promise<void> => {
    await w.tx(of, async tx => { for (let n = 0; n < count; n++) emit(tx, StrategyActivated, {}, { strategyId: 'sty_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', name: 'x', version: n }) })
  }
  const asked = async (of: Agency = us): Promise<string[]> => (await passOver(w.db, machine.jobs, await findWork(w.db, machine.jobs, [of.id]))).map(wake => wake.job.slice(5)).sort()
  const at = async (name: string): Promise<number | undefined> => await w.tx(us, async tx => (await tx.select({ sequence: jobStates.sequence }).from(jobStates).where(and(eq(jobStates.tenantId, us.id), eq(jobStates.job, `test.${name}`))))[0]?.sequence)
  const head = async (): Promise<number> => await w.tx(us, async tx => Number((await tx.execute(sql`select sequence from event_heads where stream = tenant_id`)).rows[0]!['sequence']))
  const run = async (names: readonly string[]): Promise<void> => { for (const name of names) await runJob(machine, `test.${name}`, us.id) }

  await happen(us)
  t.same(await asked(), ['ofAll', 'ofPayments', 'ofStrategies'], 'who has never read looks for himself')
  await run(['ofAll', 'ofPayments', 'ofStrategies'])
  await happen(us, 3)
  t.same(await asked(), ['ofAll', 'ofStrategies'], 'a reader of payments has nothing to read')
  t.equal(await at('ofPayments'), await head(), 'and stands at the end')
  t.not(await at('ofStrategies'), await head(), 'those who have, where they were')
  await run(['ofAll', 'ofStrategies'])
  t.same(read['ofStrategies']!.length, 4)
  t.same(await asked(), [], 'and then nobody')

  // A reader that somebody has in hand is left to him.
  await happen(us)
  await w.tx(us, async tx => {
    await tx.execute(sql`select from job_states where job = 'test.ofPayments' for update`)
    t.same(await asked(), ['ofAll', 'ofPayments', 'ofStrategies'])
  })
  t.same(await asked(), ['ofAll', 'ofStrategies'])

  // However they are called, in turn or at once, each event is read once and in order.
  await Promise.all(Array.from({ length: 20 }, async (_, n) => {
    await happen(us, n % 3)
    await run(await asked())
  }))
  await run(await asked())
  const all = read['ofStrategies']!
  t.same(all, [...new Set(all)].sort((a, b) => a - b))
  t.equal(all.length, 5 + Array.from({ length: 20 }, (_, n) => n % 3).reduce((a, b) => a + b))

  const them = await w.agency()
  await happen(them)
  await asked(them)
  t.equal(await at('ofStrategies'), await head(), 'another agency\'s events move nobody of ours')
})
