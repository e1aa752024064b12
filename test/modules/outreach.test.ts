import t from 'tap'
import { world } from '../world.ts'

t.test('try', async t => {
  const w = await world()
  t.teardown(w.close)
  const cn = await w.agency()
  const bank = await w.lender(cn)
  const { accountId } = await w.account(cn, bank)
  await w.settle(cn)
  console.error(JSON.stringify(await w.ok(cn, 'GET', `/v1/messages?accountId=${accountId}`), null, 1))
  await w.liveUntil(cn, '2026-01-30T00:00:00Z')
  console.error(JSON.stringify(await w.ok(cn, 'GET', `/v1/messages?accountId=${accountId}`), null, 1))
  console.error(JSON.stringify(await w.ok(cn, 'GET', `/v1/contact-attempts?accountId=${accountId}`), null, 1))
  console.error(JSON.stringify([w.email, w.sms], null, 1))
  console.error(w.failures)
})
