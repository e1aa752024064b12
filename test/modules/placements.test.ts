import t from 'tap'
import { aDebt, world } from '../world.ts'

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)

  t.test('a debt placed is an active placement that owes what the lender said', async t => {
    const placed = await w.call(us, 'POST', '/v1/placements', { lenderId: bank.id, ...aDebt(), balance: { principal: 1_000_00, interest: 12_34 } })
    t.match(placed.json(), { state: 'active', placementNumber: 1, lenderId: bank.id, placedOn: '2026-01-05', termEndsOn: '2026-07-04', closeCode: null }, placed.body)
    const { accountId, id } = placed.json<{ accountId: string, id: string }>()
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}`), { balance: { principal: 1_000_00, interest: 12_34, total: 1_012_34 }, stage: 'early' })
    t.match(await w.ok(us, 'GET', `/v1/placements/${id}`), { id, accountId })
    t.match(await w.ok(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=2026-01-05`), { balance: { total: 1_012_34 } })
  })
})
