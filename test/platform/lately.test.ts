import t from 'tap'
import { buildHealth } from '../../src/app.ts'
import type { Database } from '../../src/platform/db/database.ts'
import { lately } from '../../src/platform/api/lately.ts'
import { world } from '../world.ts'

t.test('what was asked lately is not asked again: not while it is being answered, and not for a while after', async t => {
  let now = 0
  let asked = 0
  const waiting: { say (n: number): void, fail (error: Error): void }[] = []
  const ask = lately(async () => await new Promise<number>((say, fail) => { asked++; waiting.push({ say, fail }) }), 1_000, () => now)

  const first = [ask(), ask()]
  now = 5_000
  first.push(ask())
  t.equal(asked, 1, 'a slow question is not asked twice')
  waiting.pop()!.say(1)
  t.same(await Promise.all(first), [1, 1, 1])
  now = 5_999
  t.equal(await ask(), 1)
  now = 6_000
  const second = [ask(), ask()]
  t.equal(asked, 2, 'then it is asked anew')
  waiting.pop()!.fail(new Error('away'))
  for (const answer of second) await t.rejects(answer, { message: 'away' })
  await t.rejects(ask(), { message: 'away' }, 'a failure is not asked again at once either')
  now = 7_000
  const third = ask()
  waiting.pop()!.say(3)
  t.equal(await third, 3, 'and passes')
})

t.test('whoever has no key cannot load the database: a crowd at /readyz and /metrics is answered by one look', async t => {
  const w = await world()
  t.teardown(w.close)
  let units = 0
  const db: Database = { ...w.db, installation: async work => { units++; return await w.db.installation(work) } }
  const health = await buildHealth({ db, queues: null, machine: w.machine })
  t.teardown(async () => { await health.close() })
  const crowd = async (url: string): Promise<number[]> => (await Promise.all(Array.from({ length: 100 }, async () => await health.inject(url)))).map(({ statusCode }) => statusCode)
  for (const [url, most] of [['/readyz', 2], ['/metrics', 2 + w.machine.jobs.filter(({ kind }) => kind === 'due').length]] as const) {
    units = 0
    t.same(new Set(await crowd(url)), new Set([200]))
    t.ok(units > 0 && units <= 2 * most, `${url}: ${units} looks`)
  }
})
