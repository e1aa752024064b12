import t from 'tap'
import { bundle, bundleMax, fateOf, languageOf, retryAt, sendsMax, settleDue, stepInstant } from '../../src/modules/outreach/core.ts'
import type { Bundled, DueFacts } from '../../src/modules/outreach/core.ts'
import type { Verdict } from '../../src/modules/policy/index.ts'

t.test('a reminder goes out at nine by the clock on the borrower\'s wall, whatever the offset', async t => {
  const cases: [day: string, zone: string, instant: string][] = [
    ['2026-01-08', 'Asia/Shanghai', '2026-01-08T01:00:00.000Z'],
    ['2026-03-07', 'America/New_York', '2026-03-07T14:00:00.000Z'],
    ['2026-03-08', 'America/New_York', '2026-03-08T13:00:00.000Z'],
    ['2026-11-01', 'America/New_York', '2026-11-01T14:00:00.000Z'],
    ['2026-01-08', 'Asia/Kolkata', '2026-01-08T03:30:00.000Z'],
    ['2026-01-08', 'Pacific/Kiritimati', '2026-01-07T19:00:00.000Z'],
  ]
  for (const [day, zone, instant] of cases) t.equal(stepInstant(day, 9, zone).toISOString(), instant, `${day} ${zone}`)
})

t.test('a message that is not taken is tried five times, ever later', async t => {
  const now = new Date('2026-01-08T01:00:00Z')
  t.same([1, 2, 3, 4, 5].map(attempts => retryAt(attempts, now)?.toISOString().slice(11, 16) ?? null), ['01:01', '01:05', '01:30', '03:00', null])
})

t.test('what lost its reason is cancelled before the law is asked', async t => {
  const now = new Date('2026-01-08T01:00:00Z')
  const fine: DueFacts = { state: 'scheduled', attempts: 0, plannedAt: '2026-01-08T01:00:00Z', isPlacementActive: true, isFollowed: true, isHeld: false, isOptedOut: false, isReachable: true, owed: 1, dropsRepeats: true }
  const cases: [facts: Partial<DueFacts>, fate: object | null][] = [
    [{}, null],
    [{ isOptedOut: true }, null],
    [{ isPlacementActive: false, isHeld: true }, { state: 'cancelled', reason: 'placementEnded' }],
    [{ isHeld: true }, { state: 'cancelled', reason: 'onHold' }],
    [{ owed: 0 }, { state: 'cancelled', reason: 'nothingOwed' }],
    [{ state: 'sending', attempts: 1 }, null],
    [{ state: 'sending', attempts: 1, dropsRepeats: false }, { state: 'failed', reason: 'providerFailed' }],
    [{ attempts: 1, dropsRepeats: false }, null],
    [{ isFollowed: false }, { state: 'cancelled', reason: 'strategyChanged' }],
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

t.test('messages of one person, address, lender and text are one; nothing else is put together', async t => {
  const one = { id: 'a', bundleId: null, personKey: 'ann', lenderId: 'len_1', valueIndex: Buffer.from([1]), channel: 'email', template: 'reminder', language: null, jurisdiction: 'US', region: 'NY', timeZone: 'America/New_York', borrowerKind: 'person', role: 'borrower', isOptedOut: false } as const satisfies Bundled & { id: string }
  const shown = (messages: readonly (Bundled & { id: string })[]): string => bundle(messages).map(alike => alike.map(({ id }) => id).join('')).join(' ')
  t.equal(shown([one, { ...one, id: 'b' }, { ...one, id: 'c' }]), 'abc')
  const apart: Partial<Bundled>[] = [{ lenderId: 'len_2' }, { valueIndex: Buffer.from([2]) }, { channel: 'sms' }, { template: 'final' }, { language: 'de' }, { jurisdiction: 'CN' }, { region: null }, { timeZone: 'America/Chicago' }, { borrowerKind: 'company' }, { role: 'guarantor' }, { isOptedOut: true }, { bundleId: 'msg_9' }]
  for (const other of apart) t.equal(shown([one, { ...one, ...other, id: 'b' }]), 'a', `${Object.keys(other).join()}: the first goes, and the other waits until it counts`)
  t.equal(shown([one, { ...one, id: 'b', personKey: 'bob' }]), 'a', 'two people at one number: the second must count the first')
  t.equal(shown([one, { ...one, id: 'b', personKey: 'bob', valueIndex: Buffer.from([2]) }]), 'a b', 'two people have nothing to do with each other')
  t.equal(shown(Array.from({ length: 30 }, () => one)), 'a'.repeat(bundleMax.email), 'no more than policy is asked about at once')
  const again = { ...one, bundleId: 'msg_1' }
  t.equal(shown([again, { ...again, id: 'b', template: 'final' }]), 'ab', 'what went out together stays together')
  t.equal(shown([again, { ...again, id: 'b', isOptedOut: true }]), 'a', 'but for what was refused since')
})
