import t from 'tap'
import { fateOf, languageOf, reminderDays, retryAt, sendInstant, sendsMax, settleDue } from '../../src/modules/outreach/core.ts'
import type { DueFacts } from '../../src/modules/outreach/core.ts'
import type { Verdict } from '../../src/modules/policy/index.ts'

t.test('reminders count from the due day, and from the hand-over when the first of them has passed', async t => {
  const days = (dueOn: string, startedOn: string): string[] => reminderDays(dueOn, startedOn).map(({ step, on }) => `${step} ${on}`)
  t.same(days('2026-01-01', '2026-01-02'), ['3 2026-01-04', '7 2026-01-08', '15 2026-01-16'])
  t.same(days('2026-01-01', '2026-01-04'), ['3 2026-01-04', '7 2026-01-08', '15 2026-01-16'], 'on the day of the first')
  t.same(days('2026-01-01', '2026-01-05'), ['3 2026-01-08', '7 2026-01-12', '15 2026-01-20'], 'an old debt is not reminded of three times at once')
  t.same(days('2026-02-20', '2026-02-01'), ['3 2026-02-23', '7 2026-02-27', '15 2026-03-07'], 'handed over before it was due')
})

t.test('a reminder goes out at nine by the clock on the borrower\'s wall, whatever the offset', async t => {
  const cases: [day: string, zone: string, instant: string][] = [
    ['2026-01-08', 'Asia/Shanghai', '2026-01-08T01:00:00.000Z'],
    ['2026-03-07', 'America/New_York', '2026-03-07T14:00:00.000Z'],
    ['2026-03-08', 'America/New_York', '2026-03-08T13:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T14:00:00.000Z'],
    ['2026-01-08', 'Asia/Kolkata', '2026-01-08T03:30:00.000Z'],
    ['2026-01-08', 'Pacific/Kiritimati', '2026-01-07T19:00:00.000Z'],
  ]
  for (const [day, zone, instant] of cases) t.equal(sendInstant(day, zone).toISOString(), instant, `${day} ${zone}`)
})

t.test('a message that is not taken is tried five times, ever later', async t => {
  const now = new Date('2026-01-08T01:00:00Z')
  t.same([1, 2, 3, 4, 5].map(attempts => retryAt(attempts, now)?.toISOString().slice(11, 16) ?? null), ['01:01', '01:05', '01:30', '03:00', null])
})

t.test('what lost its reason is cancelled before the law is asked', async t => {
  const now = new Date('2026-01-08T01:00:00Z')
  const fine: DueFacts = { state: 'scheduled', attempts: 0, plannedAt: '2026-01-08T01:00:00Z', isPlacementActive: true, isHeld: false, isOptedOut: false, isReachable: true, owed: 1 }
  const cases: [facts: Partial<DueFacts>, fate: object | null][] = [
    [{}, null],
    [{ isOptedOut: true }, null],
    [{ isPlacementActive: false, isHeld: true }, { state: 'cancelled', reason: 'placementEnded' }],
    [{ isHeld: true }, { state: 'cancelled', reason: 'onHold' }],
    [{ owed: 0 }, { state: 'cancelled', reason: 'nothingOwed' }],
    [{ isReachable: false }, { state: 'suppressed', reason: 'unreachable' }],
    [{ state: 'sending', attempts: sendsMax - 1 }, null],
    [{ state: 'sending', attempts: sendsMax }, { state: 'failed', reason: 'providerFailed' }],
    [{ plannedAt: '2026-01-12T01:00:00Z' }, { state: 'scheduled', dueAt: '2026-01-12T01:00:00Z' }],
    [{ plannedAt: '2026-01-12T01:00:00Z', isOptedOut: true }, null],
  ]
  for (const [facts, fate] of cases) {
    const settled = settleDue({ ...fine, ...facts }, now)
    if (fate === null) t.equal(settled, null, JSON.stringify(facts))
    else t.match(settled, fate, JSON.stringify(facts))
  }
})

t.test('the law\'s answer decides, an opt-out holds even where no pack knows it, and nothing begins in the last minute', async t => {
  const now = new Date('2026-01-08T13:59:30Z')
  const open = { closesAt: '2026-01-08T14:30:00Z', opensAt: '2026-01-09T00:00:00Z' }
  const verdict = (more: Partial<Verdict>): Verdict => ({ verdict: 'allowed', earliestAllowedAt: null, strength: 'advisory', reasons: [], laterReasons: [], otherChannels: [], localTimes: [], packVersions: {}, unreadFlags: [], ...more })
  const reason = { rule: 'CN.GBT.TIME', pack: 'CN.GBT45251', clause: '5.3', says: '', strength: 'voluntary', lift: null, facts: {}, ends: null } as const
  t.same(fateOf(verdict({}), false, open, now), { state: 'sending' })
  t.same(fateOf(verdict({}), false, { closesAt: null, opensAt: null }, now), { state: 'sending' })
  t.match(fateOf(verdict({}), false, { ...open, closesAt: '2026-01-08T14:00:00Z' }, now), { state: 'scheduled', dueAt: '2026-01-09T00:00:00Z', reason: 'law' })
  t.match(fateOf(verdict({}), true, open, now), { state: 'suppressed', reason: 'optedOut', rule: 'RECOUP.OPTED_OUT' })
  t.match(fateOf(verdict({ verdict: 'wait', earliestAllowedAt: '2026-01-09T00:00:00Z', reasons: [reason] }), false, open, now), { state: 'scheduled', dueAt: '2026-01-09T00:00:00Z', rule: 'CN.GBT.TIME', clause: '5.3' })
  t.match(fateOf(verdict({ verdict: 'wait', reasons: [reason] }), false, open, now), { state: 'suppressed', reason: 'law', rule: 'CN.GBT.TIME' }, 'never is not a time')
  t.match(fateOf(verdict({ verdict: 'denied', reasons: [reason] }), false, open, now), { state: 'suppressed', reason: 'law', rule: 'CN.GBT.TIME', clause: '5.3' })
})

t.test('a party is written to in its own language, or that of the place', async t => {
  t.same([['zh-CN', 'US'], ['zh', 'US'], ['en', 'CN'], ['fr', 'CN'], [null, 'CN'], [null, 'US']].map(([language, place]) => languageOf(language!, place!)), ['zh-CN', 'zh', 'en', 'fr', 'zh-CN', 'en'])
})
