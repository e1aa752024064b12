import { eq } from 'drizzle-orm'
import t from 'tap'
import { firstOf, lastPlacesOf } from '../../src/modules/contacts/pressure.core.ts'
import { selectPacks } from '../../src/modules/policy/index.ts'
import type { Attempt, RuleCount } from '../../src/modules/policy/index.ts'
import { events } from '../../src/platform/tables.ts'
import { world } from '../world.ts'

t.test('what was made of a person in the same moment counts towards the last place', async t => {
  const packs = selectPacks({ jurisdiction: 'AU', on: '2026-01-07' })
  const action = { at: '2026-01-07T01:00:00Z', channel: 'sms' as const, debts: ['acc_1'], party: 'borrower' as const, person: 'ann', collector: 'us' }
  const made: Attempt = { at: action.at, channel: 'sms', direction: 'out', outcome: 'pending', person: 'ann', debts: ['acc_1'], collector: 'us' }
  const facts = { timeZones: ['Australia/Sydney'], history: [] }
  t.same(lastPlacesOf({ packs, facts, action }, [], made), [], 'the first of three')
  t.match(lastPlacesOf({ packs, facts, action }, [made], made), [{ rule: 'AU.FREQ.3W', count: 2, limit: 3 }], 'the second')
  t.same(lastPlacesOf({ packs, facts, action }, [made, made], made), [], 'the third: none is left')
})

t.test('of equal alerts the first is told', async t => {
  const count = (more: Partial<RuleCount> = {}): RuleCount => ({ rule: 'A', pack: 'P', clause: 'c', strength: 'mandatory', timeZone: 'UTC', count: 2, limit: 3, windowFrom: '2026-01-01', windowTo: '2026-01-01', ...more })
  const alerts = [
    { personKey: 'ann', count: count() }, { personKey: 'ann', count: count({ timeZone: 'Asia/Shanghai' }) }, { personKey: 'bob', count: count() }, { personKey: 'ann', count: count({ debt: 'd' }) }, { personKey: 'ann', count: count({ windowTo: '2026-01-02' }) },
  ]
  t.same(firstOf(alerts), [alerts[0], alerts[2], alerts[3], alerts[4]])
})

t.test('messages', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'AU', timeZone: 'Australia/Sydney', now: '2026-01-05T01:00:00Z' })
  const { accountId } = await w.account(us, await w.lender(us), debtOf('L-1'))
  const told = async () => (await w.tx(us, async tx => await tx.select({ data: events.data }).from(events).where(eq(events.type, 'contact.pressureHigh')))).map(({ data }) => data)
  const sent = async () => (await w.ok<{ data: object[] }>(us, 'GET', `/v1/messages?accountId=${accountId}&state=sent`)).data.length

  await t.test('a message that leaves one place under a limit is told, like a call', async t => {
    await w.liveUntil(us, '2026-01-08T09:00:00Z')
    t.equal(await sent(), 1)
    t.same(await told(), [])
    await w.liveUntil(us, '2026-01-12T09:00:00Z')
    t.equal(await sent(), 2, 'two of three within seven days')
    t.match(await told(), [{ accountId, channel: 'sms', rule: 'AU.FREQ.3W', count: 2, limit: 3 }])
    t.equal((await told()).length, 1)
  })

  await t.test('where nobody said how many collectors go, one goes: a visit that needs two is not shown as open', async t => {
    const china = await w.agency({ now: '2026-02-05T08:00:00Z' })
    const { accountId } = await w.account(china, await w.lender(china), {
      parties: [{ role: 'borrower', kind: 'person', name: '李雷', contactPoints: [{ channel: 'postal', value: '北京市海淀区中关村大街1号' }] }],
    })
    const { data: [borrower] } = await w.ok<{ data: { channels: { channel: string, verdict: string }[] }[] }>(china, 'GET', `/v1/accounts/${accountId}/contact-pressure`)
    t.match(Object.fromEntries(borrower!.channels.map(({ channel, verdict }) => [channel, verdict])), { letter: 'allowed', visit: 'denied' })
  })

  await t.test('and no work failed on the way', async t => { t.same(w.failures, []) })
})

const debtOf = (lenderReference: string, more: object = {}) => ({
  lenderReference, jurisdiction: 'AU', timeZone: 'Australia/Sydney', dueOn: '2026-01-05',
  parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'Ann Lee', identity: '123456782', contactPoints: [{ channel: 'phone' as const, value: '+61412345678' }] }], ...more,
})
