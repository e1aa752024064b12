import t from 'tap'
import { actionOf, factsOf, historyDays, isInitial } from '../../src/modules/contacts/asking.core.ts'
import type { ContactCase, PastContact } from '../../src/modules/contacts/asking.core.ts'
import { attemptChannels, attemptOutcomes, checkAttempt } from '../../src/modules/contacts/core.ts'
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
  accountId: 'acc_1', timeZone: 'America/New_York', borrowerKind: 'person', role: 'borrower', personKey: 'party:1', numberKey: 'number:aa', isWorkplace: false, isOptedOut: false, holds: [], history: [],
}
const saying = { channel: 'sms', at: '2026-01-08T15:00:00Z', collector: 'ten_1', disclosures: ['fromDebtCollector', 'attemptingToCollectAndInformationUsed'], optOutMethod: 'replyStop' } as const
const ask = (jurisdiction: string, of: Partial<ContactCase>): Verdict => {
  const asked = { ...borrower, timeZone: jurisdiction === 'CN' ? 'Asia/Shanghai' : 'America/New_York', ...of }
  const at = jurisdiction === 'CN' ? '2026-01-08T02:00:00Z' : saying.at
  return decide(selectPacks({ jurisdiction, region: 'NY', on: '2026-01-08' }), factsOf(asked, 'ten_1'), actionOf(asked, { ...saying, at, disclosures: [...saying.disclosures] }))
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
