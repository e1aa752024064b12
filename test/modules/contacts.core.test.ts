import t from 'tap'
import { actionOf, consentsOf, factsOf, historyDays, isInitial } from '../../src/modules/contacts/asking.core.ts'
import type { ConsentSaid, ContactCase, PastContact } from '../../src/modules/contacts/asking.core.ts'
import { attemptChannels, attemptOutcomes, checkAttempt } from '../../src/modules/contacts/core.ts'
import { candidatesOf, zonesMax } from '../../src/modules/contacts/asking.zones.core.ts'
import { decide, selectPacks } from '../../src/modules/policy/index.ts'
import type { Verdict } from '../../src/modules/policy/index.ts'
import { library } from '../../src/modules/policy/library.core.ts'

t.test('an outcome belongs to its kind of contact, and nothing is recorded before it happens', async t => {
  const now = new Date('2026-01-08T01:00:00Z')
  for (const channel of attemptChannels) t.ok(attemptOutcomes.some(outcome => { try { checkAttempt({ channel, outcome, at: now }, now); return true } catch { return false } }), `${channel} has outcomes`)
  t.throws(() => { checkAttempt({ channel: 'call', outcome: 'delivered', at: now }, now) }, { code: 'outcome-refused' })
  t.throws(() => { checkAttempt({ channel: 'sms', outcome: 'conversation', at: now }, now) }, { code: 'outcome-refused' })
  t.throws(() => { checkAttempt({ channel: 'call', outcome: 'noAnswer', at: new Date('2026-01-08T01:00:01Z') }, now) }, { code: 'contact-in-future' })
})

const borrower: ContactCase = {
  accountId: 'acc_1', jurisdiction: 'US', region: null, timeZone: 'America/New_York', otherZones: [], borrowerKind: 'person', role: 'borrower', personKey: 'party:1', numberKey: 'number:aa', isWorkplace: false, isOptedOut: false, sayings: [], hours: { requested: [], inconvenient: [] }, holds: [], history: [],
}
const saying = { channel: 'sms', at: '2026-01-08T15:00:00Z', collector: 'ten_1', disclosures: ['fromDebtCollector', 'attemptingToCollectAndInformationUsed'], optOutMethod: 'replyStop' } as const
const ask = (jurisdiction: string, of: Partial<ContactCase>): Verdict => {
  const asked = { ...borrower, timeZone: jurisdiction === 'CN' ? 'Asia/Shanghai' : 'America/New_York', ...of }
  const at = jurisdiction === 'CN' ? '2026-01-08T02:00:00Z' : saying.at
  return decide(selectPacks({ jurisdiction, region: 'NY', on: '2026-01-08' }), factsOf(asked, { channel: 'sms', collector: 'ten_1', at }), actionOf(asked, { ...saying, at, disclosures: [...saying.disclosures] }))
}

t.test('the facts of a contact are the ones the law reads: each of these refuses', async t => {
  t.equal(ask('US', {}).verdict, 'allowed')
  t.equal(ask('CN', {}).verdict, 'allowed')
  const refused: [jurisdiction: string, of: Partial<ContactCase>, rule: string][] = [
    ['US', { isOptedOut: true }, 'US.F.6E.OPTED_OUT'], ['CN', { isOptedOut: true }, 'CN.CC.1033'], ['US', { role: 'contactOnly', isOptedOut: true }, 'US.F.6E.OPTED_OUT'],
    ['CN', { role: 'contactOnly' }, 'CN.GBT.PARTY.DEBTOR_ONLY'], ['US', { holds: ['represented'] }, 'US.F.6B2.ATTY'], ['US', { holds: ['ceaseContact'] }, 'US.F.6C.CEASE'],
  ]
  for (const [jurisdiction, of, rule] of refused) t.ok(ask(jurisdiction, of).reasons.some(reason => reason.rule === rule), `${rule} ${JSON.stringify(of)}`)
})

t.test('the history reaches further back than any law counts, by more than a day for the borrower\'s calendar', async t => {
  const days = library.flatMap(({ rules }) => rules).flatMap(rule => rule.kind === 'cooldown' ? [rule.days] : rule.kind !== 'frequency' ? [] : [rule.window.type === 'rollingDays' ? rule.window.days : rule.window.type === 'calendarMonth' ? 31 : 1])
  t.ok(days.length > 0)
  t.ok(historyDays >= Math.max(...days) + 2, `${Math.max(...days)} days`)
})

t.test('the first communication is the first that told the person anything of the debt', async t => {
  const past: PastContact = { accountId: 'acc_1', personKey: 'party:1', numberKey: null, channel: 'call', direction: 'out', outcome: 'noAnswer', at: '2026-01-07T15:00:00Z' }
  t.ok(isInitial({ ...borrower, history: [past] }), 'an unanswered call tells nothing')
  t.notOk(isInitial({ ...borrower, history: [{ ...past, outcome: 'voicemail' }] }))
  t.ok(isInitial({ ...borrower, history: [{ ...past, outcome: 'voicemail', accountId: 'acc_2' }] }), 'another debt')
  t.ok(isInitial({ ...borrower, history: [{ ...past, outcome: 'voicemail', personKey: 'party:2' }] }), 'another person at the same number')
})

t.test('somebody may be where any of their numbers and addresses is, unless it can be where the account says', async t => {
  const [ny, la, phoenix, denver] = ['America/New_York', 'America/Los_Angeles', 'America/Phoenix', 'America/Denver']
  const winter = Date.UTC(2026, 0, 8)
  const cases: [otherZones: string[][], found: string[], why: string][] = [
    [[], [ny], 'the account alone'], [[[la]], [ny, la], 'a number of California'], [[[la], [la]], [ny, la], 'two of them'], [[['America/Toronto'], ['America/Detroit']], [ny], 'clocks that agree with New York\'s'],
    [[['America/Chicago', ny]], [ny], 'an area code that lies in both'], [[[phoenix, denver]], [ny, phoenix, denver], 'one that cannot be there: both its sides, whose clocks agree only in winter'],
  ]
  for (const [otherZones, found, why] of cases) t.same(candidatesOf(ny, otherZones, winter), { timeZones: found, isCut: false }, why)
  const far = [['Asia/Shanghai'], [la], ['Europe/London'], ['Pacific/Honolulu'], ['Asia/Kolkata'], ['Australia/Sydney']]
  const { timeZones, isCut } = candidatesOf(ny, far, winter)
  t.ok(isCut)
  t.ok(timeZones.length <= zonesMax)
  t.same(timeZones, [ny, 'Pacific/Honolulu', 'Australia/Sydney'], 'the account\'s and those furthest apart, which all others lie between')
})

t.test('a consent holds until it is taken back, for its debt and no other', async t => {
  const given = (over: Partial<ConsentSaid> = {}): ConsentSaid => ({ kind: 'time', state: 'granted', accountId: null, at: '2026-01-01T00:00:00Z', until: null, ...over })
  const cases: [sayings: ConsentSaid[], holding: object[], why: string][] = [
    [[], [], 'nothing said'], [[given()], [{ type: 'time', at: '2026-01-01T00:00:00Z', channels: ['call'] }], 'of every debt'],
    [[given({ accountId: 'acc_1', until: '2026-02-01T00:00:00Z' })], [{ type: 'time', at: '2026-01-01T00:00:00Z', channels: ['call'], debts: ['acc_1'], until: '2026-02-01T00:00:00Z' }], 'of one debt, for a while'],
    [[given(), given({ state: 'withdrawn' })], [], 'taken back'], [[given({ state: 'withdrawn' }), given()], [{ type: 'time' }], 'given anew'], [[given({ accountId: 'acc_1' }), given({ state: 'withdrawn' })], [], 'what is said of all debts is said of each'],
    [[given(), given({ state: 'withdrawn', accountId: 'acc_1' })], [], 'taken back for the debt that is asked about'], [[given(), given({ state: 'withdrawn', kind: 'frequency' })], [{ type: 'time' }], 'another kind'],
  ]
  for (const [sayings, holding, why] of cases) {
    t.match(consentsOf(sayings, 'call'), holding, why)
    t.equal(consentsOf(sayings, 'call').length, holding.length, why)
  }
})

t.test('a contact is lawful when it is so in every zone somebody may be in', async t => {
  // 08:30 in New York is 05:30 in Los Angeles.
  const at = '2026-01-08T13:30:00Z'
  const verdictOf = (otherZones: string[][]): Verdict => {
    const asked = { ...borrower, otherZones }
    return decide(selectPacks({ jurisdiction: 'US', region: 'NY', on: '2026-01-08' }), factsOf(asked, { channel: 'sms', collector: 'ten_1', at }), actionOf(asked, { ...saying, at, disclosures: [...saying.disclosures] }))
  }
  t.match(verdictOf([]), { verdict: 'allowed' })
  t.match(verdictOf([['America/Los_Angeles']]), { verdict: 'wait', earliestAllowedAt: '2026-01-08T16:00:00Z', localTimes: [{ timeZone: 'America/New_York' }, { timeZone: 'America/Los_Angeles' }] })
  t.match(verdictOf([['Asia/Shanghai'], ['Europe/London'], ['America/Los_Angeles'], ['Pacific/Honolulu'], ['Asia/Kolkata']]).unreadFlags, ['timeZonesBetweenLeftOut'], 'the decision says that more were known')
})
