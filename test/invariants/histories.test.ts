import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { world } from '../world.ts'
import { live, openHouse } from './agency.ts'
import { history, rounds, runs, seed } from './history.ts'
import { auditOf } from './agency.ts'
import { balances, checkLedger, ledgersOfDebts, ledgersOfLenders } from './ledgers.ts'

t.test('x', async t => {
  t.comment(`seed ${seed}`)
  const w = await world()
  t.teardown(w.close)
  const house = await openHouse(w)
  const histories = fc.sample(history, { numRuns: runs, seed })
  const [agency] = fc.sample(rounds, { numRuns: 1, seed })
  let at = performance.now()
  await live(house, histories, agency!, async n => {
    t.comment(`day ${n} ${Math.round(performance.now() - at)} ms`)
    at = performance.now()
    for (const [id, ledger] of await ledgersOfLenders(house)) try { checkLedger(ledger, `${id} day ${n}`) } catch (e) { t.comment((e as Error).message) }
  })
  const stored = await ledgersOfDebts(house)
  const owed = await balances(house)
  let bad = 0
  for (const one of house.lived) {
    const a = auditOf(one)
    try {
      assert.deepEqual(one.surprises, [])
      assert.deepEqual(stored.get(one.accountId), a.ledger)
      assert.deepEqual(owed.get(one.accountId), { owed: a.owed, state: one.state })
    } catch (e) {
      if (++bad <= 3) t.comment((e as Error).message, JSON.stringify({ o: one.debt.opening, placedOn: one.debt.placedOn, due: one.debt.dueOn, l: one.history.lender, f: one.facts }))
    }
  }
  t.comment(`bad ${bad} of ${house.lived.length}`)
  t.same(w.failures, [])
})
