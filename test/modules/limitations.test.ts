import { eq } from 'drizzle-orm'
import t from 'tap'
import { interruptionBy } from '../../src/modules/contacts/core.ts'
import { nextWarning } from '../../src/modules/limitations/core.ts'
import { events } from '../../src/platform/tables.ts'
import { strangeId, world } from '../world.ts'

t.test('a last day is told ninety and thirty days before, each once, and a day that has passed no more', async t => {
  for (const [lastOn, today, warned, expected] of [
    ['2026-12-31', '2026-01-01', null, 90], ['2026-12-31', '2026-10-02', null, 90], ['2026-12-31', '2026-10-02', 90, 30], ['2026-12-31', '2026-12-01', 90, 30], ['2026-12-31', '2026-12-01', null, 30],
    ['2026-12-31', '2026-12-01', 30, null], ['2026-12-31', '2026-12-31', null, 30], ['2026-12-31', '2027-01-01', null, null], [null, '2026-01-01', null, null],
  ] as const) t.equal(nextWarning(lastOn, today, warned), expected, `${lastOn} on ${today}, ${warned} told`)
})

t.test('what a contact is to limitation: a demand that reached them, an agreement to pay, or nothing', async t => {
  for (const [direction, outcome, result, expected] of [
    ['out', 'conversation', null, 'demandReached'], ['out', 'delivered', null, 'demandReached'], ['out', 'visited', 'refused', 'demandReached'], ['out', 'conversation', 'promise', 'borrowerAgrees'], ['in', 'conversation', 'promise', 'borrowerAgrees'],
    ['in', 'conversation', null, null], ['in', 'replied', 'disputed', null], ['out', 'sent', null, null], ['out', 'voicemail', null, null], ['out', 'noAnswer', null, null], ['out', 'thirdParty', null, null],
    ['out', 'conversation', 'wrongPerson', null], ['out', 'conversation', 'messageLeft', null],
  ] as const) t.equal(interruptionBy({ direction, outcome, result }), expected, `${direction} ${outcome} ${result}`)
})

interface Limitation { lastOn: string | null, isBarred: boolean, decisionId: string | null, interruptions: { type: string, on: string }[] }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ now: '2026-01-05T08:00:00Z' })
  const lender = await w.lender(us)
  const of = async (accountId: string) => await w.ok<Limitation>(us, 'GET', `/v1/accounts/${accountId}/limitation`)
  const told = async () => (await w.tx(us, async tx => await tx.select({ data: events.data, accountId: events.accountId }).from(events).where(eq(events.type, 'account.timeBarApproaching')).orderBy(events.sequence))).map(({ data }) => data)
  const debtor = async (accountId: string) => (await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)).data[0]!.partyId
  const pay = async (accountId: string, receivedOn: string) => await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 1_00, currency: 'CNY', receivedOn, receivedBy: 'agency', method: 'card' })

  await t.test('a debt that is placed has the last day of the law of its place, with the decision that says so', async t => {
    const { accountId } = await w.account(us, lender, { dueOn: '2023-06-30' })
    const { accountId: german } = await w.account(us, lender, { dueOn: '2023-06-30', jurisdiction: 'DE', timeZone: 'Europe/Berlin' })
    const { accountId: american } = await w.account(us, lender, { dueOn: '2023-06-30', jurisdiction: 'US', timeZone: 'America/New_York' })
    await w.settle(us)
    const found = await of(accountId)
    t.match(found, { lastOn: '2026-06-30', isBarred: false, decisionId: /^dec_/, interruptions: [] })
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${found.decisionId!}`), { kind: 'limitation', accountId, verdict: { lastOn: '2026-06-30', periods: [{ rule: 'CN.CC.188' }] } })
    t.match(await of(german), { lastOn: '2026-12-31' })
    t.match(await of(american), { lastOn: null, isBarred: false, decisionId: /^dec_/ }, 'no law that we have says')
    t.equal((await w.call(us, 'GET', `/v1/accounts/${strangeId('account')}/limitation`)).statusCode, 404)
  })

  await t.test('a payment begins the time anew, and one that is undone began nothing', async t => {
    const { accountId } = await w.account(us, lender, { dueOn: '2023-06-30', placedOn: '2026-01-02' })
    const { id } = await pay(accountId, '2026-01-04')
    await w.settle(us)
    t.match(await of(accountId), { lastOn: '2029-01-04', interruptions: [{ type: 'partialPayment', on: '2026-01-04' }] })
    await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
    await w.settle(us)
    t.match(await of(accountId), { lastOn: '2026-06-30', interruptions: [] })
  })

  await t.test('so does a demand that reached the borrower, where the law counts it', async t => {
    for (const [jurisdiction, timeZone, before, after] of [['CN', 'Asia/Shanghai', '2026-06-30', '2029-01-05'], ['DE', 'Europe/Berlin', '2026-12-31', '2026-12-31']] as const) {
      const { accountId } = await w.account(us, lender, { dueOn: '2023-06-30', jurisdiction, timeZone })
      const partyId = await debtor(accountId)
      await w.settle(us)
      t.equal((await of(accountId)).lastOn, before)
      for (const outcome of ['noAnswer', 'conversation', 'conversation']) await w.ok(us, 'POST', '/v1/contact-attempts', { accountId, partyId, channel: 'call', direction: 'out', outcome })
      await w.settle(us)
      t.match(await of(accountId), { lastOn: after, interruptions: [{ type: 'demandReached', on: '2026-01-05' }] }, jurisdiction)
    }
  })

  await t.test('its approach is told ninety and thirty days before, by the borrower\'s calendar, while it is owed', async t => {
    const them = await w.agency({ now: '2026-01-05T08:00:00Z' })
    const bank = await w.lender(them)
    const { accountId } = await w.account(them, bank, { dueOn: '2023-06-30', placedOn: '2026-01-05' })
    const { placementId } = await w.account(them, bank, { dueOn: '2023-06-30', placedOn: '2026-01-05', lenderReference: 'recalled' })
    await w.ok(them, 'POST', `/v1/placements/${placementId}/recall`)
    const mine = async () => (await w.tx(them, async tx => await tx.select({ data: events.data }).from(events).where(eq(events.type, 'account.timeBarApproaching')).orderBy(events.sequence))).map(({ data }) => data)
    // Ninety days before 30 June is 1 April, which begins in Shanghai on 31 March at 16:00 UTC.
    await w.liveUntil(them, '2026-03-31T15:59:00Z')
    t.same(await mine(), [])
    await w.liveUntil(them, '2026-03-31T16:00:00Z')
    t.match(await mine(), [{ accountId, lastOn: '2026-06-30', daysLeft: 90 }], 'not of the one that was recalled')
    t.equal((await mine()).length, 1)
    await w.liveUntil(them, '2026-05-30T16:00:00Z')
    t.match(await mine(), [{ daysLeft: 90 }, { daysLeft: 30 }])
  })

  await t.test('a barred debt is said to be one when a contact is asked about', async t => {
    const { accountId } = await w.account(us, lender, { dueOn: '2022-06-30' })
    await w.settle(us)
    t.match(await of(accountId), { lastOn: '2025-06-30', isBarred: true })
    const { decisionId } = await w.ok<{ decisionId: string }>(us, 'POST', '/v1/permits', { accountId, partyId: await debtor(accountId), channel: 'letter' })
    t.match(await w.ok(us, 'GET', `/v1/policy-decisions/${decisionId}`), { facts: { flags: { timeBarred: true } } })
    t.same(await told(), [], 'what has passed is told no more')
  })

  await t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})
