import fc from 'fast-check'
import t from 'tap'
import { decide, openWindow } from '../../src/modules/policy/core.ts'
import type { Action, Attempt, Facts } from '../../src/modules/policy/facts.core.ts'
import { library, packsNamed, selectPacks } from '../../src/modules/policy/library.core.ts'
import { action, at, check, days, london, many, newYork, packs, past, shanghai, sydney } from './policy.rows.ts'
import type { Expected } from './policy.rows.ts'

const cn = 'CN.GBT45251 CN.CBA2026'

t.test('hours open and close by the clock on the wall, to the second', async t => {
  check(t, [
    ['China: one second before eight', cn, shanghai(), action('2027-05-06T07:59:59+08:00', 'sms'), ['2027-05-06T00:00:00Z', 'CN.GBT.TIME', 'CN.CBA.TIME']],
    ['China: at eight', cn, shanghai(), action('2027-05-06T08:00:00+08:00', 'im'), 'allowed'],
    ['China: the last second', cn, shanghai(), action('2027-05-06T21:59:59+08:00', 'email'), 'allowed'],
    ['China: ten at night, until the next morning', cn, shanghai(), action('2027-05-06T22:00:00+08:00', 'visit', { collectors: 2 }), ['2027-05-07T00:00:00Z', 'CN.GBT.TIME', 'CN.CBA.TIME']],
    ['China: letters and robots keep the hours too', cn, shanghai(), action('2027-05-06T03:00:00+08:00', 'letter'), ['2027-05-06T00:00:00Z', 'CN.GBT.TIME', 'CN.CBA.TIME']],
    ['China: on a Sunday as well', cn, shanghai(), action('2027-05-09T08:00:00+08:00', 'robocall'), 'allowed'],
    ['China: consent to the hour lifts both', cn, shanghai({ consents: [{ type: 'time', at: '2027-05-01T00:00:00Z' }] }), action('2027-05-06T23:00:00+08:00', 'call'), 'allowed'],
    ['US: a minute before eight', 'US.FDCPA', newYork(), action('2027-05-06T07:59:00-04:00', 'email'), ['2027-05-06T12:00:00Z', 'US.F.6B1.TIME']],
    ['US: the last minute', 'US.FDCPA', newYork(), action('2027-05-06T20:59:00-04:00', 'call'), 'allowed'],
    ['US: nine in the evening', 'US.FDCPA', newYork(), action('2027-05-06T21:00:00-04:00', 'im'), ['2027-05-07T12:00:00Z', 'US.F.6B1.TIME']],
    ['US: a visit too', 'US.FDCPA', newYork(), action('2027-05-06T22:00:00-04:00', 'visit'), ['2027-05-07T12:00:00Z', 'US.F.6B1.TIME']],
    ['US: a robot too', 'US.FDCPA', newYork(), action('2027-05-06T22:00:00-04:00', 'robocall'), ['2027-05-07T12:00:00Z', 'US.F.6B1.TIME']],
    ['US: a letter has no hour', 'US.FDCPA', newYork(), action('2027-05-06T23:00:00-04:00', 'letter'), 'allowed'],
    ['India: before eight', 'IN.RBI2022', at('Asia/Kolkata'), action('2027-05-06T07:30:00+05:30', 'robocall'), ['2027-05-06T02:30:00Z', 'IN.RBI.HRS']],
    ['India: from seven in the evening', 'IN.RBI2022', at('Asia/Kolkata'), action('2027-05-06T19:00:00+05:30', 'call'), ['2027-05-07T02:30:00Z', 'IN.RBI.HRS']],
    ['India: a minute to seven', 'IN.RBI2022', at('Asia/Kolkata'), action('2027-05-06T18:59:00+05:30', 'call'), 'allowed'],
    ['Japan: at nine in the evening', 'JP.MLBA', at('Asia/Tokyo'), action('2027-05-06T21:00:00+09:00', 'fax'), ['2027-05-06T23:00:00Z', 'JP.21.1.1']],
    ['Japan: a minute to nine', 'JP.MLBA', at('Asia/Tokyo'), action('2027-05-06T20:59:00+09:00', 'call'), 'allowed'],
    ['Japan: before eight, a visit', 'JP.MLBA', at('Asia/Tokyo'), action('2027-05-06T07:59:00+09:00', 'visit'), ['2027-05-05T23:00:00Z', 'JP.21.1.1']],
    ['Japan: a justifiable reason', 'JP.MLBA', at('Asia/Tokyo', { flags: { justifiableReason: true } }), action('2027-05-06T06:00:00+09:00', 'call'), 'allowed'],
    ['Japan: consent', 'JP.MLBA', at('Asia/Tokyo', { consents: [{ type: 'time', at: '2027-05-01T00:00:00Z' }] }), action('2027-05-06T06:00:00+09:00', 'robocall'), 'allowed'],
    ['Australia: a weekday opens at half past seven', 'AU.RG96', sydney(), action('2027-06-01T07:29:00+10:00', 'call'), ['2027-05-31T21:30:00Z', 'AU.HRS.PHONE']],
    ['Australia: and closes at nine', 'AU.RG96', sydney(), action('2027-06-04T21:00:00+10:00', 'sms'), ['2027-06-04T23:00:00Z', 'AU.HRS.PHONE']],
    ['Australia: a Sunday opens at nine', 'AU.RG96', sydney(), action('2027-06-06T08:59:00+10:00', 'robocall'), ['2027-06-05T23:00:00Z', 'AU.HRS.PHONE']],
    ['Australia: a Saturday closes at nine', 'AU.RG96', sydney(), action('2027-06-05T20:59:00+10:00', 'call'), 'allowed'],
    ['Australia: a national holiday is closed', 'AU.RG96', sydney(), action('2027-06-14T12:00:00+10:00', 'call'), ['2027-06-14T21:30:00Z', 'AU.HRS.PHONE']],
    ['Australia: for visits too', 'AU.RG96', sydney(), action('2027-06-14T12:00:00+10:00', 'visit'), ['2027-06-14T23:00:00Z', 'AU.HRS.F2F']],
    ['Australia: a visit from nine', 'AU.RG96', sydney(), action('2027-06-01T08:59:00+10:00', 'visit'), ['2027-05-31T23:00:00Z', 'AU.HRS.F2F']],
    ['Australia: to nine', 'AU.RG96', sydney(), action('2027-06-01T21:00:00+10:00', 'visit'), ['2027-06-01T23:00:00Z', 'AU.HRS.F2F']],
    ['Australia: work from nine', 'AU.RG96', sydney(), action('2027-06-01T08:30:00+10:00', 'call', { place: 'workplace' }), ['2027-05-31T23:00:00Z', 'AU.HRS.WORK']],
    ['Australia: to five, and not at the weekend', 'AU.RG96', sydney(), action('2027-06-04T17:00:00+10:00', 'sms', { place: 'workplace' }), ['2027-06-06T23:00:00Z', 'AU.HRS.WORK']],
    ['Australia: a visit at work within its hours', 'AU.RG96', sydney(), action('2027-06-01T16:59:00+10:00', 'visit', { place: 'workplace' }), 'allowed'],
    ['Australia: work on a holiday', 'AU.RG96', sydney(), action('2027-06-14T12:00:00+10:00', 'visit', { place: 'workplace' }), ['2027-06-14T23:00:00Z', 'AU.HRS.WORK']],
    ['Australia: known working hours replace them', 'AU.RG96', sydney({ flags: { knownWorkingHours: true } }), action('2027-06-01T06:00:00+10:00', 'call', { place: 'workplace' }), 'allowed'],
    ['Australia: consent lifts the hours', 'AU.RG96', sydney({ consents: [{ type: 'time', at: '2027-05-01T00:00:00Z' }] }), action('2027-06-14T23:00:00+10:00', 'call'), 'allowed'],
    ['Britain: within the hours asked for', 'UK.CONC', london({}, { requestedWindows: [{ days: [1, 2, 3, 4, 5], from: '18:00', to: '20:00' }] }), action('2027-06-01T18:00:00+01:00', 'call'), 'allowed'],
    ['Britain: outside them, until Monday', 'UK.CONC', london({}, { requestedWindows: [{ days: [1], from: '18:00', to: '20:00' }] }), action('2027-06-01T19:00:00+01:00', 'sms'), ['2027-06-07T17:00:00Z', 'UK.CONC.7.9.4']],
    ['Britain: they do not bind a letter', 'UK.CONC', london({}, { requestedWindows: [{ days: [1], from: '18:00', to: '20:00' }] }), action('2027-06-01T19:00:00+01:00', 'letter'), 'allowed'],
    ['Britain: hours across midnight', 'UK.CONC', london({}, { requestedWindows: [{ days: [2], from: '22:00', to: '02:00' }] }), action('2027-06-02T01:59:00+01:00', 'call'), 'allowed'],
  ])
})

t.test('a clock change shortens or lengthens a wait, and never opens an hour early', async t => {
  check(t, [
    ['New York springs forward: 13 March 20:59 EST to 14 March 08:00 EDT', 'US.FDCPA', newYork(), action('2027-03-14T02:30:00Z', 'call'), ['2027-03-14T12:00:00Z', 'US.F.6B1.TIME']],
    ['New York falls back: an hour longer', 'US.FDCPA', newYork(), action('2027-11-07T01:30:00Z', 'call'), ['2027-11-07T13:00:00Z', 'US.F.6B1.TIME']],
    ['New York: 07:30 on the morning after falling back', 'US.FDCPA', newYork(), action('2027-11-07T12:30:00Z', 'sms'), ['2027-11-07T13:00:00Z', 'US.F.6B1.TIME']],
    ['Santiago changes at midnight: the wait into that day', 'UK.CONC', at('America/Santiago', { requestedWindows: [{ days: [7], from: '00:00', to: '04:00' }] }), action('2027-09-04T22:00:00Z', 'call'), ['2027-09-05T04:00:00Z', 'UK.CONC.7.9.4']],
    ['Cairo skips midnight: the day begins at one', 'UK.CONC', at('Africa/Cairo', { requestedWindows: [{ days: [5], from: '00:00', to: '03:00' }] }), action('2027-04-29T15:00:00Z', 'call'), ['2027-04-29T22:00:00Z', 'UK.CONC.7.9.4']],
    ['Cairo repeats an hour: open in both of it', 'UK.CONC', at('Africa/Cairo', { requestedWindows: [{ days: [4], from: '23:00', to: '24:00' }] }), action('2027-10-28T21:30:00Z', 'call'), 'allowed'],
    ['a count by days crosses a short day', 'US.MA', newYork({ history: many(['2027-03-10', '2027-03-11'], 'voicemail') }), action('2027-03-14T16:00:00Z', 'call'), ['2027-03-17T04:00:00Z', 'US.MA.7041F']],
    ['a rest that ends at midnight waits for the morning, which is an hour earlier in UTC', 'US.FDCPA', newYork({ history: [past('2027-03-07T16:00:00Z', 'conversation')] }), action('2027-03-13T16:00:00Z', 'call'), ['2027-03-14T12:00:00Z', 'US.F.14B2B.COOL']],
  ])
  const rest = decide(packs('US.FDCPA'), newYork({ history: [past('2027-03-07T16:00:00Z', 'conversation')] }), action('2027-03-13T16:00:00Z', 'call'))
  t.match(rest.reasons[0], { ends: '2027-03-14T05:00:00Z', facts: { conversationAt: '2027-03-07T16:00:00Z', debt: 'loan-1', timeZone: 'America/New_York' } }, 'the rest ends at midnight')
  t.same(rest.laterReasons.map(({ rule }) => rule), ['US.F.6B1.TIME'], 'and the hours add the rest')
  t.same(rest.otherChannels, ['sms', 'email', 'im', 'letter', 'visit'], 'the rest is of calls only')
  t.same(rest.localTimes, [{ timeZone: 'America/New_York', localAt: '2027-03-13T11:00:00' }])
})

t.test('an ambiguous place: lawful in every zone the borrower may be in', async t => {
  const coasts = { timeZones: ['America/New_York', 'America/Los_Angeles'], history: [] }
  check(t, [
    ['nine in the east is six in the west', 'US.FDCPA', coasts, action('2027-05-06T13:00:00Z', 'call'), ['2027-05-06T15:00:00Z', 'US.F.6B1.TIME']],
    ['the evening ends in the east', 'US.FDCPA', coasts, action('2027-05-07T01:00:00Z', 'call'), ['2027-05-07T15:00:00Z', 'US.F.6B1.TIME']],
    ['two far zones share no hour until one of them changes its clock', 'IN.RBI2022', { timeZones: ['Asia/Kolkata', 'America/Los_Angeles'], history: [] }, action('2027-05-06T06:00:00Z', 'call'), ['2027-11-08T02:30:00Z', 'IN.RBI.HRS']],
    ['zones that never share a lawful hour are never open', 'IN.RBI2022', { timeZones: ['Europe/London', 'Pacific/Auckland'], history: [] }, action('2027-05-06T06:00:00Z', 'call'), ['denied', 'IN.RBI.HRS']],
  ])
})

const week = days('2027-05', 3, 9)
t.test('seven calls in seven days, to a person, about a debt, by a collector', async t => {
  const us = (history: Attempt[], more: Facts = {}) => newYork({ history, ...more })
  const ninth = action('2027-05-09T20:00:00Z', 'call')
  const burst = (day: string) => many(['12', '13', '14', '15', '16', '17', '18'].map(hour => `${day}T${hour}:30:00Z`), 'noAnswer')
  check(t, [
    ['the seventh is within', 'US.FDCPA', us(many(week.slice(1), 'noAnswer')), ninth, 'allowed'],
    ['the eighth waits until the first day leaves the seven', 'US.FDCPA', us(many(week, 'voicemail')), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['robots count, and are counted', 'US.FDCPA', us(many(week, 'noAnswer', { channel: 'robocall' })), action('2027-05-09T20:00:00Z', 'robocall'), ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['dropped calls count', 'US.FDCPA', us(many(week, 'dropped')), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['a busy line and a dead number do not', 'US.FDCPA', us([...many(week.slice(1), 'noAnswer'), past('2027-05-08T18:00:00Z', 'busy'), past('2027-05-08T19:00:00Z', 'notInService')]), ninth, 'allowed'],
    ['numbers of one person add up', 'US.FDCPA', us([...many(week.slice(0, 4), 'noAnswer'), ...many(week.slice(4), 'noAnswer', { number: 'num-2' })]), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['calls of the person do not count', 'US.FDCPA', us(many(week, 'voicemail', { direction: 'in' })), ninth, 'allowed'],
    ['messages do not count', 'US.FDCPA', us(many(week, 'delivered', { channel: 'sms' })), ninth, 'allowed'],
    ['another debt is counted apart', 'US.FDCPA', us(many(week, 'noAnswer', { debts: ['loan-2'] })), ninth, 'allowed'],
    ['another person too', 'US.FDCPA', us(many(week, 'noAnswer', { person: 'bob' })), ninth, 'allowed'],
    ['and another collector', 'US.FDCPA', us(many(week, 'noAnswer', { collector: 'them' })), ninth, 'allowed'],
    ['a call about two debts counts for both', 'US.FDCPA', us(many(week, 'noAnswer', { debts: ['loan-2', 'loan-1'] })), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['a call about two debts must be lawful for both', 'US.FDCPA', us(many(week, 'noAnswer', { debts: ['loan-2'] })), { ...ninth, debts: ['loan-1', 'loan-2'] }, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['loans under one account are one debt', 'US.FDCPA', us(many(week, 'noAnswer', { debts: ['loan-2'] }), { debtGroups: { 'loan-1': 'acct', 'loan-2': 'acct' } }), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['what is permitted and not yet recorded takes a place', 'US.FDCPA', us([...many(week.slice(1), 'noAnswer'), past('2027-05-09T19:59:00Z', 'pending')]), ninth, ['2027-05-11T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['consent to more calls, on its seventh day', 'US.FDCPA', us(many(week, 'noAnswer'), { consents: [{ type: 'frequency', at: '2027-05-03T12:00:00Z', debts: ['loan-1'] }] }), ninth, 'allowed'],
    ['its eighth day is too late, but calls it covered do not count', 'US.FDCPA', us([...many(week, 'noAnswer'), ...many(week, 'noAnswer')], { consents: [{ type: 'frequency', at: '2027-05-03T12:00:00Z' }] }), action('2027-05-10T20:00:00Z', 'call'), 'allowed'],
    ['consent covers its seventh day', 'US.FDCPA', us(burst('2027-05-09'), { consents: [{ type: 'frequency', at: '2027-05-03T12:00:00Z' }] }), ninth, 'allowed'],
    ['and not its eighth', 'US.FDCPA', us(burst('2027-05-10'), { consents: [{ type: 'frequency', at: '2027-05-03T12:00:00Z' }] }), action('2027-05-10T20:00:00Z', 'call'), ['2027-05-17T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['a conversation uses consent up for counting too', 'US.FDCPA', us([past('2027-05-04T15:00:00Z', 'conversation'), ...burst('2027-05-06')], { consents: [{ type: 'frequency', at: '2027-05-03T12:00:00Z' }] }), action('2027-05-06T22:00:00Z', 'call'), ['2027-05-13T12:00:00Z', 'US.F.14B2A.7IN7', 'US.F.14B2B.COOL']],
    ['consent about another debt lifts nothing', 'US.FDCPA', us(many(week, 'noAnswer'), { consents: [{ type: 'frequency', at: '2027-05-08T12:00:00Z', debts: ['loan-9'] }] }), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['consent to another channel lifts nothing', 'US.FDCPA', us(many(week, 'noAnswer'), { consents: [{ type: 'frequency', at: '2027-05-08T12:00:00Z', channels: ['sms'] }] }), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['consent that has ended lifts nothing', 'US.FDCPA', us(many(week, 'noAnswer'), { consents: [{ type: 'frequency', at: '2027-05-08T12:00:00Z', until: '2027-05-08T13:00:00Z' }] }), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['consent to the hour lifts the hours alone', 'US.FDCPA', us(many(week, 'noAnswer'), { consents: [{ type: 'time', at: '2027-05-08T12:00:00Z' }] }), ninth, ['2027-05-10T04:00:00Z', 'US.F.14B2A.7IN7']],
    ['consent given later lifts nothing now', 'US.FDCPA', us(many(week, 'noAnswer'), { consents: [{ type: 'frequency', at: '2027-05-09T21:00:00Z' }] }), ninth, ['2027-05-10T12:00:00Z', 'US.F.14B2A.7IN7']],
    ['Massachusetts allows two, by any call or text', 'US.FDCPA US.MA', us([past('2027-05-07T16:00:00Z', 'voicemail'), past('2027-05-08T16:00:00Z', 'delivered', { channel: 'sms' })]), ninth, ['2027-05-14T12:00:00Z', 'US.MA.7041F']],
    ['and the second of them', 'US.FDCPA US.MA', us([past('2027-05-07T16:00:00Z', 'voicemail')]), action('2027-05-09T20:00:00Z', 'sms'), 'allowed'],
    ['seven days of it and no more', 'US.MA', us(many(['2027-05-02', '2027-05-08'], 'voicemail')), ninth, 'allowed'],
    ['it counts across collectors', 'US.MA', us(many(['2027-05-07', '2027-05-08'], 'voicemail', { collector: 'them' })), ninth, ['2027-05-14T04:00:00Z', 'US.MA.7041F']],
  ])
  const eighth = decide(packs('US.FDCPA'), us(many(week, 'voicemail')), ninth)
  t.match(eighth, { strength: 'presumption', reasons: [{ facts: { count: 7, limit: 7, windowFrom: '2027-05-03', windowTo: '2027-05-09' }, strength: 'presumption', ends: '2027-05-10T04:00:00Z' }] }, 'the count and its days are told')
})

t.test('a rest of seven days after a conversation, whose day is the first', async t => {
  const talked = (more: Partial<Attempt> = {}, facts: Facts = {}) => newYork({ history: [past('2027-05-05T23:30:00Z', 'conversation', more)], ...facts })
  const until = (at: string): Expected => [at, 'US.F.14B2B.COOL']
  check(t, [
    ['the day after', 'US.FDCPA', talked(), action('2027-05-06T15:00:00Z', 'call'), until('2027-05-12T12:00:00Z')],
    ['the last evening', 'US.FDCPA', talked(), action('2027-05-12T00:30:00Z', 'robocall'), until('2027-05-12T12:00:00Z')],
    ['the eighth day', 'US.FDCPA', talked(), action('2027-05-12T12:00:00Z', 'call'), 'allowed'],
    ['a conversation they began', 'US.FDCPA', talked({ direction: 'in' }), action('2027-05-06T15:00:00Z', 'call'), until('2027-05-12T12:00:00Z')],
    ['with a robot', 'US.FDCPA', talked({ channel: 'robocall' }), action('2027-05-06T15:00:00Z', 'call'), until('2027-05-12T12:00:00Z')],
    ['a text is no call', 'US.FDCPA', talked(), action('2027-05-06T15:00:00Z', 'sms'), 'allowed'],
    ['an exchange of texts is no conversation', 'US.FDCPA', talked({ channel: 'sms', outcome: 'replied', direction: 'in' }), action('2027-05-06T15:00:00Z', 'call'), 'allowed'],
    ['about another debt', 'US.FDCPA', talked({ debts: ['loan-2'] }), action('2027-05-06T15:00:00Z', 'call'), 'allowed'],
    ['every debt discussed rests', 'US.FDCPA', talked({ debts: ['loan-2', 'loan-1'] }), action('2027-05-06T15:00:00Z', 'call'), until('2027-05-12T12:00:00Z')],
    ['with another person', 'US.FDCPA', talked({ person: 'bob' }), action('2027-05-06T15:00:00Z', 'call'), 'allowed'],
    ['with another collector', 'US.FDCPA', talked({ collector: 'them' }), action('2027-05-06T15:00:00Z', 'call'), 'allowed'],
    ['a permitted call begins no rest until it is recorded', 'US.FDCPA', talked({ outcome: 'pending' }), action('2027-05-06T15:00:00Z', 'call'), 'allowed'],
    ['consent lifts it', 'US.FDCPA', talked({}, { consents: [{ type: 'frequency', at: '2027-05-05T23:40:00Z' }] }), action('2027-05-06T15:00:00Z', 'call'), 'allowed'],
    ['to the last of its days', 'US.FDCPA', newYork({ history: [past('2027-05-03T14:00:00Z', 'conversation')], consents: [{ type: 'frequency', at: '2027-05-03T15:00:00Z' }] }), action('2027-05-09T15:00:00Z', 'call'), 'allowed'],
    ['until a conversation uses it up', 'US.FDCPA', newYork({ history: [past('2027-05-05T15:00:00Z', 'conversation'), past('2027-05-06T15:00:00Z', 'conversation')], consents: [{ type: 'frequency', at: '2027-05-05T16:00:00Z' }] }),
      action('2027-05-07T15:00:00Z', 'call'), until('2027-05-13T12:00:00Z')],
    ['a local evening is a day of its own: half past eight on the fifth is the sixth in UTC', 'US.FDCPA', talked({ at: '2027-05-06T00:30:00Z' }), action('2027-05-12T12:00:00Z', 'call'), 'allowed'],
  ])
})

t.test('counts of China and Australia', async t => {
  const day = (hours: number[], outcome: Attempt['outcome'], more: Partial<Attempt> = {}) => hours.map(hour => past(`2027-05-06T${String(hour).padStart(2, '0')}:00:00+08:00`, outcome, more))
  const five = action('2027-05-06T17:00:00+08:00', 'call')
  const contacts = (dates: string[], more: Partial<Attempt> = {}) => sydney({ history: many(dates.map(date => `${date}T02:00:00Z`), 'conversation', more) })
  const june = (date: number, channel: Action['channel'] = 'call') => action(`2027-06-${String(date).padStart(2, '0')}T12:00:00+10:00`, channel)
  check(t, [
    ['the third conversation of a day', cn, shanghai({ history: day([9, 11], 'conversation') }), five, 'allowed'],
    ['the fourth waits for tomorrow', cn, shanghai({ history: day([9, 11, 13], 'conversation') }), five, ['2027-05-07T00:00:00Z', 'CN.GBT.FREQ.INTERACTIVE']],
    ['for all numbers and robots together', cn, shanghai({ history: [...day([9], 'conversation'), ...day([10], 'conversation', { number: 'num-2' }), ...day([11], 'conversation', { channel: 'robocall' })] }), action('2027-05-06T17:00:00+08:00', 'robocall'), ['2027-05-07T00:00:00Z', 'CN.GBT.FREQ.INTERACTIVE']],
    ['for all debts together', cn, shanghai({ history: day([9, 10, 11], 'conversation', { debts: ['loan-2'] }) }), five, ['2027-05-07T00:00:00Z', 'CN.GBT.FREQ.INTERACTIVE']],
    ['unanswered calls do not count', cn, shanghai({ history: day([9, 10, 11], 'noAnswer') }), five, 'allowed'],
    ['nor calls they began', cn, shanghai({ history: day([9, 10, 11], 'conversation', { direction: 'in' }) }), five, 'allowed'],
    ['nor another person\'s', cn, shanghai({ history: day([9, 10, 11], 'conversation', { person: 'bob' }) }), five, 'allowed'],
    ['nor yesterday\'s', cn, shanghai({ history: many(['2027-05-05T09:00:00+08:00', '2027-05-05T10:00:00+08:00', '2027-05-05T23:59:00+08:00'], 'conversation') }), five, 'allowed'],
    ['no consent lifts it', cn, shanghai({ history: day([9, 11, 13], 'conversation'), consents: [{ type: 'frequency', at: '2027-01-01T00:00:00Z' }] }), five, ['2027-05-07T00:00:00Z', 'CN.GBT.FREQ.INTERACTIVE']],
    ['the sixth attempt at a number', 'CN.CBA2026', shanghai({ history: day([9, 10, 11, 12, 13], 'noAnswer') }), five, 'allowed'],
    ['the seventh waits', 'CN.CBA2026', shanghai({ history: [...day([9, 10], 'noAnswer'), ...day([11, 12], 'busy'), ...day([13, 14], 'rejected')] }), five, ['2027-05-07T00:00:00Z', 'CN.CBA.FREQ.UNANSWERED']],
    ['by robots as well', 'CN.CBA2026', shanghai({ history: day([9, 10, 11, 12, 13, 14], 'noAnswer', { channel: 'robocall' }) }), action('2027-05-06T17:00:00+08:00', 'robocall'), ['2027-05-07T00:00:00Z', 'CN.CBA.FREQ.UNANSWERED']],
    ['another number is tried apart', 'CN.CBA2026', shanghai({ history: day([9, 10, 11, 12, 13, 14], 'noAnswer', { number: 'num-2' }) }), five, 'allowed'],
    ['unless arranged with the borrower', 'CN.CBA2026', shanghai({ history: day([9, 10, 11, 12, 13, 14], 'noAnswer'), consents: [{ type: 'frequency', at: '2026-01-01T00:00:00Z' }] }), five, 'allowed'],
    ['Australia: the third of a week', 'AU.RG96', contacts(['2027-06-07', '2027-06-08']), june(10), 'allowed'],
    ['Australia: the fourth waits for the first to leave', 'AU.RG96', contacts(['2027-06-07', '2027-06-08', '2027-06-09']), june(10), ['2027-06-14T21:30:00Z', 'AU.FREQ.3W']],
    ['Australia: a message left is a contact, an unanswered call is not', 'AU.RG96', sydney({ history: [...many(['2027-06-07', '2027-06-08'], 'voicemail'), ...many(['2027-06-09'], 'noAnswer'), ...many(['2027-06-09'], 'busy'), ...many(['2027-06-09'], 'notInService')] }), june(10), 'allowed'],
    ['Australia: all means together', 'AU.RG96', sydney({ history: [...many(['2027-06-07'], 'delivered', { channel: 'sms' }), ...many(['2027-06-08'], 'sent', { channel: 'email' }), ...many(['2027-06-09'], 'sent', { channel: 'letter' })] }), june(10, 'letter'), ['2027-06-14T14:00:00Z', 'AU.FREQ.3W']],
    ['Australia: visits are counted apart', 'AU.RG96', contacts(['2027-06-07', '2027-06-08', '2027-06-09'], { channel: 'visit' }), june(10), 'allowed'],
    ['Australia: another account is counted apart', 'AU.RG96', contacts(['2027-06-07', '2027-06-08', '2027-06-09'], { debts: ['loan-2'] }), june(10), 'allowed'],
    ['Australia: the tenth of a month', 'AU.RG96', contacts(['2027-06-01', '2027-06-02', '2027-06-03', '2027-06-08', '2027-06-09', '2027-06-10', '2027-06-15', '2027-06-16', '2027-06-17']), june(28), 'allowed'],
    ['Australia: the eleventh waits for the next', 'AU.RG96', contacts(['2027-06-01', '2027-06-02', '2027-06-03', '2027-06-08', '2027-06-09', '2027-06-10', '2027-06-15', '2027-06-16', '2027-06-17', '2027-06-21']), june(28, 'email'), ['2027-06-30T14:00:00Z', 'AU.FREQ.10M']],
    ['Australia: the month before does not count', 'AU.RG96', contacts(days('2027-05', 1, 12)), june(1), 'allowed'],
  ])
})

t.test('one answer to what the consumer began may come at any hour; the times they call inconvenient are closed', async t => {
  const night = '2027-05-07T02:00:00Z'
  const reply = (more: object): Action => action(night, 'email', { replyTo: { initiatedBy: 'borrower', channel: 'email', nthReply: 1, ...more } })
  const closed = newYork({ inconvenientWindows: [{ days: [1, 2, 3, 4, 5], from: '12:00', to: '14:00' }, { days: [5], from: '19:00', to: '09:00' }] })
  check(t, [
    ['the first answer', 'US.FDCPA', newYork(), reply({}), 'allowed'],
    ['the second', 'US.FDCPA', newYork(), reply({ nthReply: 2 }), ['2027-05-07T12:00:00Z', 'US.F.6B1.TIME']],
    ['by another medium', 'US.FDCPA', newYork(), reply({ channel: 'sms' }), ['2027-05-07T12:00:00Z', 'US.F.6B1.TIME']],
    ['to what we began', 'US.FDCPA', newYork(), reply({ initiatedBy: 'collector' }), ['2027-05-07T12:00:00Z', 'US.F.6B1.TIME']],
    ['over lunch', 'US.FDCPA', closed, action('2027-05-06T16:30:00Z', 'call'), ['2027-05-06T18:00:00Z', 'US.F.6B1.TIME']],
    ['Friday evening to Saturday morning', 'US.FDCPA', closed, action('2027-05-07T23:00:00Z', 'sms'), ['2027-05-08T13:00:00Z', 'US.F.6B1.TIME']],
    ['all of every day: never', 'US.FDCPA', newYork({ inconvenientWindows: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }] }), action('2027-05-07T15:00:00Z', 'sms'), ['denied', 'US.F.6B1.TIME']],
  ])
})

t.test('what is not known is not allowed', async t => {
  const noon = action('2027-05-06T16:00:00Z', 'call')
  check(t, [
    ['no zone', 'US.FDCPA', { history: [] }, noon, ['denied', 'US.F.6B1.TIME', 'US.F.14B2A.7IN7', 'US.F.14B2B.COOL']],
    ['a zone that does not exist', 'US.FDCPA', at('America/Gotham'), noon, ['denied', 'US.F.6B1.TIME', 'US.F.14B2A.7IN7', 'US.F.14B2B.COOL']],
    ['one of two zones does not exist', 'CN.GBT45251', { timeZones: ['Asia/Shanghai', 'Asia/Atlantis'], history: [] }, action('2027-05-06T04:00:00Z', 'sms'), ['denied', 'CN.GBT.TIME']],
    ['no history', 'US.FDCPA', { timeZones: ['America/New_York'] }, noon, ['denied', 'US.F.14B2A.7IN7', 'US.F.14B2B.COOL']],
    ['no history, where nothing is counted', 'US.FDCPA', { timeZones: ['America/New_York'] }, action('2027-05-06T16:00:00Z', 'email'), 'allowed'],
    ['an instant of the history that cannot be read', 'US.MA', newYork({ history: [past('yesterday', 'voicemail')] }), noon, ['denied', 'US.MA.7041F']],
    ['an outcome that cannot be read', 'US.FDCPA', newYork({ history: [past('2027-05-05T16:00:00Z', 'unknown')] }), noon, ['denied', 'US.F.14B2A.7IN7', 'US.F.14B2B.COOL']],
    ['an outcome nobody asks for', 'US.MA', newYork({ history: [past('2027-05-05T16:00:00Z', 'unknown')] }), noon, 'allowed'],
    ['no number, where numbers are counted', 'CN.CBA2026', shanghai(), (({ number, ...rest }) => rest)(action('2027-05-06T04:00:00Z', 'call')), ['denied', 'CN.CBA.FREQ.UNANSWERED']],
    ['a past call without its number', 'CN.CBA2026', shanghai({ history: [(({ number, ...rest }) => rest)(past('2027-05-06T03:00:00Z', 'noAnswer'))] }), action('2027-05-06T04:00:00Z', 'call'), ['denied', 'CN.CBA.FREQ.UNANSWERED']],
    ['no holiday calendar', 'AU.RG96', at('Australia/Sydney'), action('2027-06-01T12:00:00+10:00', 'call'), ['denied', 'AU.HRS.PHONE']],
    ['no zone, for a window asked for', 'UK.CONC', { requestedWindows: [{ days: [1], from: '10:00', to: '11:00' }] }, action('2027-06-01T12:00:00Z', 'call'), ['denied', 'UK.CONC.7.9.4']],
    ['no zone, where no hour is asked', 'HK.CBP', {}, noon, 'allowed'],
  ])
  t.match(decide(packs('US.FDCPA'), { history: [] }, noon).reasons[0], { says: /^Facts missing \(facts.timeZones\)/, facts: { missing: ['facts.timeZones'] } })
  t.match(decide([], newYork(), noon), { verdict: 'denied', reasons: [{ facts: { missing: ['packs'] } }] }, 'a country whose law we do not have')
  t.throws(() => decide(packs('US.FDCPA'), newYork(), action('soon', 'call')), RangeError)
})

t.test('hours by themselves tell queues when a channel opens and closes', async t => {
  const us = packs('US.FDCPA')
  const open = (names: string, zones: string[], channel: Action['channel'], at: string, known = {}) => openWindow(packs(names), zones, channel, new Date(at), known)
  t.same(open('US.FDCPA', ['America/New_York'], 'sms', '2027-05-07T02:00:00Z'), { opensAt: '2027-05-07T12:00:00Z', closesAt: '2027-05-08T01:00:00Z' })
  t.same(open('US.FDCPA', ['America/New_York', 'America/Los_Angeles'], 'sms', '2027-05-07T16:00:00Z'), { opensAt: '2027-05-07T16:00:00Z', closesAt: '2027-05-08T01:00:00Z' }, 'open now: from now on')
  t.same(open('US.FDCPA', ['America/New_York'], 'letter', '2027-05-07T02:00:00Z'), { opensAt: '2027-05-07T02:00:00Z', closesAt: null }, 'a channel without hours never closes')
  t.same(open('UK.CONC', ['Europe/London'], 'call', '2027-06-01T12:00:00Z', { requestedWindows: [{ days: [1, 2, 3, 4, 5, 6, 7], from: '00:00', to: '24:00' }] }), { opensAt: '2027-06-01T12:00:00Z', closesAt: null }, 'nor one that is open all week')
  t.same(open('UK.CONC', ['America/New_York'], 'call', '2027-11-06T12:00:00Z', { requestedWindows: [{ days: [7], from: '01:00', to: '02:00' }] }), { opensAt: '2027-11-07T05:00:00Z', closesAt: '2027-11-07T07:00:00Z' }, 'a repeated hour is two')
  t.equal(openWindow(us, ['America/Gotham'], 'sms', new Date('2027-05-07T02:00:00Z')), null)
  t.equal(openWindow([], ['America/New_York'], 'sms', new Date('2027-05-07T02:00:00Z')), null)
  t.equal(open('AU.RG96', ['Australia/Sydney'], 'call', '2027-06-01T02:00:00Z'), null, 'holidays unknown')
  t.same(open('AU.RG96', ['Australia/Sydney'], 'visit', '2027-06-13T14:00:00Z', { publicHolidays: ['2027-06-14'] }), { opensAt: '2027-06-14T23:00:00Z', closesAt: '2027-06-15T11:00:00Z' })
})

t.test('packs are chosen by place, kinds, role and day; what is not known keeps them', async t => {
  const chosen = (selection: Parameters<typeof selectPacks>[0]) => selectPacks(selection).map(({ id }) => id)
  t.same(chosen({ jurisdiction: 'US', region: 'MA', borrowerType: 'consumer', collectorRole: 'agency', on: '2027-01-01' }), ['US.FDCPA', 'US.MA'])
  t.same(chosen({ jurisdiction: 'US', region: 'NY', borrowerType: 'consumer', collectorRole: 'agency', on: '2027-01-01' }), ['US.FDCPA'])
  t.same(chosen({ jurisdiction: 'US', region: 'MA', collectorRole: 'lender', on: '2027-01-01' }), ['US.MA'], 'Massachusetts reaches creditors')
  t.same(chosen({ jurisdiction: 'US', on: '2027-01-01' }), ['US.FDCPA', 'US.MA'], 'an unknown region may be any')
  t.same(chosen({ jurisdiction: 'US', region: 'MA', borrowerType: 'business', on: '2027-01-01' }), [])
  t.same(chosen({ jurisdiction: 'US', on: '2021-11-29' }), ['US.MA'], 'the day before a law is in force')
  t.same(chosen({ jurisdiction: 'CN', product: 'consumerLoan', borrowerType: 'consumer', lenderType: 'consumerFinance', on: '2026-01-30' }), ['CN.CBA2026', 'CN.CFC2024', 'CN.CIVIL', 'CN.GBT45251', 'CN.PIPL'])
  t.ok(chosen({ jurisdiction: 'CN', product: 'creditCard', lenderType: 'bank', on: '2027-01-01' }).includes('CN.CCARD2011'))
  t.same(chosen({ jurisdiction: 'DE', borrowerType: 'consumer', on: '2027-01-01' }), ['DE', 'EU.CSD'], 'the Union\'s law is law in Germany')
  t.same(chosen({ jurisdiction: 'GB', region: 'SCT', borrowerType: 'consumer', on: '2027-01-01' }), ['UK.CONC'], 'the moratorium of England and Wales is not Scotland\'s')
  t.same(chosen({ jurisdiction: 'BR', on: '2027-01-01' }), [])
  t.throws(() => packsNamed(['US.FDCPA', 'US.ZZ'], '2027-01-01'), { code: 'pack-not-in-force' })
  t.throws(() => packsNamed(['CN.CBA2026'], '2026-01-29'), { code: 'pack-not-in-force' })
  t.equal(library.length, 20)
})

const zone = fc.constantFrom('Asia/Shanghai', 'America/New_York', 'America/Santiago', 'Africa/Cairo', 'Europe/London', 'Australia/Lord_Howe', 'Africa/Casablanca')
const instant = fc.integer({ min: Date.UTC(2027, 0, 1), max: Date.UTC(2028, 0, 1) }).map(ms => new Date(ms).toISOString())
const attempt = fc.record({
  at: instant, channel: fc.constantFrom<Attempt['channel']>('call', 'sms', 'robocall'), direction: fc.constantFrom<Attempt['direction']>('in', 'out'), outcome: fc.constantFrom<Attempt['outcome']>('conversation', 'noAnswer', 'busy', 'voicemail', 'pending'),
  person: fc.constantFrom('ann', 'bob'), number: fc.constantFrom('num-1', 'num-2'), debts: fc.subarray(['loan-1', 'loan-2'], { minLength: 1 }), collector: fc.constant('us'),
})
const window = fc.record({ days: fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), from: fc.constantFrom('00:00', '01:30', '09:00', '22:00'), to: fc.constantFrom('02:00', '12:30', '18:00', '24:00') })
const cases = fc.record({
  ids: fc.subarray(['US.FDCPA', 'US.MA', 'CN.GBT45251', 'CN.CBA2026', 'AU.RG96', 'UK.CONC', 'JP.MLBA', 'IN.RBI2022'], { minLength: 1 }),
  zones: fc.uniqueArray(zone, { minLength: 1, maxLength: 2 }), history: fc.array(attempt, { maxLength: 25 }), requested: fc.array(window, { maxLength: 2 }), inconvenient: fc.array(window, { maxLength: 2 }),
  consents: fc.array(fc.record({ type: fc.constantFrom<'time' | 'frequency'>('time', 'frequency'), at: instant }), { maxLength: 2 }),
  asked: instant, channel: fc.constantFrom<Action['channel']>('call', 'robocall', 'sms', 'visit', 'letter'), added: fc.constantFrom('US.FDCPA', 'US.MA', 'CN.GBT45251', 'AU.RG96', 'HK.CBP'),
})
const read = ({ ids, zones, history, requested, inconvenient, consents, asked, channel }: typeof cases extends fc.Arbitrary<infer C> ? C : never) => ({
  ids, facts: { timeZones: zones, history, requestedWindows: requested, inconvenientWindows: inconvenient, consents, publicHolidays: ['2027-05-01', '2027-12-25'] } satisfies Facts,
  asked: action(asked, channel, { debts: ['loan-1', 'loan-2'], collectors: 2 }),
})
const rank = (verdict: { verdict: string, earliestAllowedAt: string | null }, asked: string): number =>
  verdict.verdict === 'denied' ? Infinity : Date.parse(verdict.earliestAllowedAt ?? asked)

t.test('the earliest moment is allowed when asked again, and nothing before it is', async t => {
  fc.assert(fc.property(cases, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (given, share) => {
    const { ids, facts, asked } = read(given)
    const { verdict, earliestAllowedAt } = decide(packs(ids.join(' ')), facts, asked)
    if (verdict !== 'wait' || earliestAllowedAt === null) return
    t.equal(decide(packs(ids.join(' ')), facts, { ...asked, at: earliestAllowedAt }).verdict, 'allowed')
    const from = Date.parse(asked.at)
    const between = new Date(from + Math.floor(share * (Date.parse(earliestAllowedAt) - from))).toISOString()
    // A consent given in between would be news; the answer was given without it.
    const consents = (facts.consents ?? []).filter(consent => Date.parse(consent.at) <= from)
    t.not(decide(packs(ids.join(' ')), { ...facts, consents }, { ...asked, at: between }).verdict, 'allowed')
  }), { numRuns: 600 })
})

t.test('another pack never makes a contact lawful earlier', async t => {
  fc.assert(fc.property(cases, given => {
    const { ids, facts, asked } = read(given)
    const fewer = decide(packs(ids.join(' ')), facts, asked)
    const more = decide(packs([...new Set([...ids, given.added])].join(' ')), facts, asked)
    t.ok(rank(more, asked.at) >= rank(fewer, asked.at))
  }), { numRuns: 400 })
})

t.test('the same question gives the same bytes, in whatever order its claims are written', async t => {
  fc.assert(fc.property(cases, given => {
    const { ids, facts, asked } = read(given)
    const flags = { isGuarantor: true, unheardOf: true, timeBarred: false, alsoUnheardOf: true }
    const once = JSON.stringify(decide(packs(ids.join(' ')), { ...facts, flags }, asked))
    const turned = Object.fromEntries(Object.entries(flags).reverse())
    t.equal(JSON.stringify(decide(packs(ids.join(' ')), { flags: turned, ...structuredClone(facts) }, structuredClone(asked))), once)
    t.ok(once.includes('"alsoUnheardOf"'), 'a flag nobody reads is named')
  }), { numRuns: 100 })
})
