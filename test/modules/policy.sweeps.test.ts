import t from 'tap'
import { decide } from '../../src/modules/policy/core.ts'
import { channels, outcomes, parties, purposes } from '../../src/modules/policy/facts.core.ts'
import type { Action, Attempt, Channel, Facts, Outcome } from '../../src/modules/policy/facts.core.ts'
import { action, at, packs, past } from './policy.rows.ts'

/** Sweeps one dimension of a question at a time and says exactly where a rule bites. */
const bites = (rule: string, names: string, facts: Facts, asked: Action): boolean => decide(packs(names), facts, asked).reasons.some(reason => reason.rule === rule)

/** The local hour `hour` of a day, a Monday and the six days after it, 3 to 9 May 2027. */
const hourOn = (day: number, clock: string, offset: string): string => `2027-05-${String(2 + day).padStart(2, '0')}T${clock}:00${offset}`
const all = [1, 2, 3, 4, 5, 6, 7]
const everywhere: Channel[] = ['call', 'robocall', 'sms', 'email', 'im', 'letter', 'visit']

const opens: [rule: string, packs: string, zone: string, offset: string, channels: Channel[], days: number[], from: string, last: string, closed: string, more?: Partial<Action>][] = [
  ['CN.GBT.TIME', 'CN.GBT45251', 'Asia/Shanghai', '+08:00', everywhere, all, '08:00', '21:59', '22:00'],
  ['CN.CBA.TIME', 'CN.CBA2026', 'Asia/Shanghai', '+08:00', everywhere, all, '08:00', '21:59', '22:00'],
  ['US.F.6B1.TIME', 'US.FDCPA', 'America/New_York', '-04:00', ['call', 'robocall', 'sms', 'email', 'im', 'visit'], all, '08:00', '20:59', '21:00'],
  ['IN.RBI.HRS', 'IN.RBI2022', 'Asia/Kolkata', '+05:30', ['call', 'robocall'], all, '08:00', '18:59', '19:00'],
  ['JP.21.1.1', 'JP.MLBA', 'Asia/Tokyo', '+09:00', ['call', 'robocall', 'visit', 'fax'], all, '08:00', '20:59', '21:00'],
  ['AU.HRS.PHONE', 'AU.RG96', 'Australia/Sydney', '+10:00', ['call', 'robocall', 'sms'], [1, 2, 3, 4, 5], '07:30', '20:59', '21:00'],
  ['AU.HRS.PHONE', 'AU.RG96', 'Australia/Sydney', '+10:00', ['call', 'robocall', 'sms'], [6, 7], '09:00', '20:59', '21:00'],
  ['AU.HRS.F2F', 'AU.RG96', 'Australia/Sydney', '+10:00', ['visit'], all, '09:00', '20:59', '21:00'],
  ['AU.HRS.WORK', 'AU.RG96', 'Australia/Sydney', '+10:00', ['call', 'sms', 'visit'], [1, 2, 3, 4, 5], '09:00', '16:59', '17:00', { place: 'workplace' }],
]

t.test('each rule of hours: on which channels, on which days, from and to which minute', async t => {
  for (const [rule, names, zone, offset, expected, days, from, last, closed, more] of opens) {
    const facts = at(zone, { publicHolidays: [] })
    const isShut = (day: number, clock: string, channel: Channel): boolean => bites(rule, names, facts, action(hourOn(day, clock, offset), channel, { collectors: 2, ...more }))
    t.same(channels.filter(channel => isShut(1, '03:00', channel)), channels.filter(channel => expected.includes(channel)), `${rule}: channels`)
    for (const day of days) {
      t.notOk(isShut(day, from, expected[0]!), `${rule}: open at ${from} on day ${day}`)
      t.notOk(isShut(day, last, expected[0]!), `${rule}: open at ${last} on day ${day}`)
      t.ok(isShut(day, closed, expected[0]!), `${rule}: closed at ${closed} on day ${day}`)
    }
  }
  for (const day of [6, 7]) t.ok(bites('AU.HRS.WORK', 'AU.RG96', at('Australia/Sydney', { publicHolidays: [] }), action(hourOn(day, '12:00', '+10:00'), 'call', { place: 'workplace' })), 'no work at the weekend')
  for (const [place, rule] of [['home', 'AU.HRS.F2F'], ['workplace', 'AU.HRS.WORK']] as const) {
    const night = action(hourOn(1, '03:00', '+10:00'), 'visit', { place })
    t.same(decide(packs('AU.RG96'), at('Australia/Sydney', { publicHolidays: [] }), night).reasons.map(reason => reason.rule), [rule], `${place}: one rule and no other`)
  }
})

t.test('each rule of hours is lifted by consent to the hour where it says so, and by nothing else', async t => {
  const lifted: Record<string, boolean> = { 'CN.GBT.TIME': true, 'CN.CBA.TIME': true, 'US.F.6B1.TIME': true, 'IN.RBI.HRS': false, 'JP.21.1.1': true, 'AU.HRS.PHONE': true, 'AU.HRS.F2F': true, 'AU.HRS.WORK': false }
  for (const [rule, names, zone, offset, [channel], , , , , more] of opens) {
    const night = action(hourOn(1, '03:00', offset), channel!, more)
    const consent = (type: 'time' | 'frequency') => at(zone, { publicHolidays: [], consents: [{ type, at: '2027-01-01T00:00:00Z' }] })
    t.equal(bites(rule, names, consent('time'), night), !lifted[rule], rule)
    t.ok(bites(rule, names, consent('frequency'), night), `${rule}: not by consent to frequency`)
  }
})

const calls: Channel[] = ['call', 'robocall']
const written: Channel[] = ['call', 'robocall', 'sms', 'email', 'letter']
const except = (...left: Outcome[]): Outcome[] => outcomes.filter(outcome => outcome !== 'unknown' && !left.includes(outcome))
type Scope = 'person' | 'debt' | 'collector' | 'number'

/** A rule that counts: how many fill it, on what days, of which channels and outcomes, apart by what, and when it ends (the local day after the last counted). */
const counts: [rule: string, packs: string, zone: string, days: number[], channels: Channel[], outcomes: Outcome[], scope: Scope[], directions: Attempt['direction'][], isLifted: boolean][] = [
  ['US.F.14B2A.7IN7', 'US.FDCPA', 'America/New_York', [3, 4, 5, 6, 7, 8, 9], calls, except('busy', 'notInService'), ['person', 'debt', 'collector'], ['out'], true],
  ['US.F.14B2B.COOL', 'US.FDCPA', 'America/New_York', [3], calls, ['conversation'], ['person', 'debt', 'collector'], ['out', 'in'], true],
  ['US.MA.7041F', 'US.MA', 'America/New_York', [3, 9], ['call', 'robocall', 'sms'], [...except(), 'unknown'], ['person', 'debt'], ['out'], false],
  ['CN.GBT.FREQ.INTERACTIVE', 'CN.GBT45251', 'Asia/Shanghai', [9, 9, 9], calls, ['conversation', 'pending'], ['person'], ['out'], false],
  ['CN.CBA.FREQ.UNANSWERED', 'CN.CBA2026', 'Asia/Shanghai', [9, 9, 9, 9, 9, 9], calls, ['noAnswer', 'busy', 'rejected', 'pending'], ['number'], ['out'], true],
  ['AU.FREQ.3W', 'AU.RG96', 'Australia/Sydney', [3, 6, 9], written, except('noAnswer', 'busy', 'notInService'), ['person', 'debt'], ['out'], false],
  ['AU.FREQ.10M', 'AU.RG96', 'Australia/Sydney', [1, 1, 1, 1, 2, 2, 2, 2, 2, 2], written, except('noAnswer', 'busy', 'notInService'), ['person', 'debt'], ['out'], false],
]

t.test('each rule that counts: how many, of what, apart by what', async t => {
  for (const [rule, names, zone, days, expected, counted, scope, directions, isLifted] of counts) {
    const outcome = counted[0]!
    // Noon in the borrower's zone on the ninth of May, a Sunday.
    const noon = (day: number): string => `2027-05-${String(day).padStart(2, '0')}T${zone === 'America/New_York' ? '16' : zone === 'Asia/Shanghai' ? '04' : '02'}:00:00Z`
    const history = (more: Partial<Attempt> = {}, from = 0): Attempt[] => days.slice(from).map(day => past(noon(day), outcome, { channel: expected[0]!, ...more }))
    const asked = action(noon(9), expected[0]!)
    const isFull = (attempts: Attempt[], more: Partial<Action> = {}, facts: Facts = {}): boolean => bites(rule, names, at(zone, { publicHolidays: [], history: attempts, ...facts }), { ...asked, ...more })
    t.ok(isFull(history()), `${rule}: full`)
    t.notOk(isFull(history({}, 1)), `${rule}: one less`)
    t.same(channels.filter(channel => isFull(history(), { channel, collectors: 2 })), channels.filter(channel => expected.includes(channel)), `${rule}: channels it stops`)
    t.same(channels.filter(channel => isFull(history({ channel }))), channels.filter(channel => expected.includes(channel)), `${rule}: channels it counts`)
    t.same(outcomes.filter(one => isFull(history({ outcome: one }))), outcomes.filter(one => counted.includes(one) || (one === 'unknown' && rule !== 'US.MA.7041F')), `${rule}: outcomes; one that cannot be read refuses`)
    t.same((['out', 'in'] as const).filter(direction => isFull(history({ direction }))), (['out', 'in'] as const).filter(direction => directions.includes(direction)), `${rule}: directions`)
    for (const part of ['person', 'debt', 'collector', 'number'] as const) {
      const other = part === 'debt' ? { debts: ['loan-9'] } : { [part]: 'other' }
      t.equal(isFull(history(other)), !scope.includes(part), `${rule}: ${scope.includes(part) ? 'apart by' : 'whatever the'} ${part}`)
    }
    const consent = (type: 'time' | 'frequency'): Facts => ({ consents: [{ type, at: noon(9) }] })
    t.equal(isFull(history(), {}, consent('frequency')), !isLifted, `${rule}: consent to frequency`)
    t.ok(isFull(history(), {}, consent('time')), `${rule}: not by consent to the hour`)
  }
})

t.test('a window of days ends when its first day has left, and a month with the month', async t => {
  const ends = (names: string, zone: string, attempts: Attempt[], asked: Action): string | null => decide(packs(names), at(zone, { publicHolidays: [], history: attempts }), asked).reasons[0]?.ends ?? null
  const us = (days: number[]) => days.map(day => past(`2027-05-${String(day).padStart(2, '0')}T16:00:00Z`, 'voicemail'))
  t.equal(ends('US.FDCPA', 'America/New_York', us([3, 4, 5, 6, 7, 8, 9]), action('2027-05-09T17:00:00Z', 'call')), '2027-05-10T04:00:00Z')
  t.equal(ends('US.MA', 'America/New_York', us([3, 4]), action('2027-05-09T17:00:00Z', 'call')), '2027-05-10T04:00:00Z')
  t.equal(ends('US.MA', 'America/New_York', us([2, 4]), action('2027-05-09T17:00:00Z', 'call')), null, 'the eighth day back is outside')
  t.equal(ends('US.FDCPA', 'America/New_York', us([2, 3, 4, 5, 6, 7, 8]), action('2027-05-09T17:00:00Z', 'call')), null)
  t.equal(ends('US.FDCPA', 'America/New_York', [past('2027-05-03T16:00:00Z', 'conversation')], action('2027-05-09T17:00:00Z', 'call')), '2027-05-10T04:00:00Z')
  t.equal(ends('US.FDCPA', 'America/New_York', [past('2027-05-02T16:00:00Z', 'conversation')], action('2027-05-09T17:00:00Z', 'call')), null)
  t.equal(ends('AU.RG96', 'Australia/Sydney', us([2, 4, 6]).map(one => ({ ...one, outcome: 'conversation' as const })), action('2027-05-09T02:00:00Z', 'call')), '2027-05-09T14:00:00Z')
  t.equal(ends('CN.GBT45251', 'Asia/Shanghai', [1, 2, 3].map(hour => past(`2027-05-09T0${hour}:00:00Z`, 'conversation')), action('2027-05-09T05:00:00Z', 'call')), '2027-05-09T16:00:00Z')
})

const thirds = parties.slice(parties.indexOf('contactOnly'))
const strangers = thirds.filter(party => party !== 'contactOnly')
const known = thirds.filter(party => party !== 'unrelatedThirdParty')
const demands = ['demandPayment', 'preActionLetter', 'threatenLegalAction', 'bringLegalAction', 'takeControlOfGoods']

t.test('each rule about persons: exactly which', async t => {
  const table: [rule: string, packs: string, facts: Facts, more: Partial<Action>, parties: readonly string[]][] = [
    ['CN.GBT.PARTY.DEBTOR_ONLY', 'CN.GBT45251', {}, {}, known],
    ['CN.GBT.PARTY.REFUSED', 'CN.GBT45251', { flags: { contactPersonRefused: true, borrowerUnreachable: true } }, {}, known],
    ['CN.GBT.PARTY.NO_DISCLOSURE', 'CN.GBT45251', { flags: { borrowerUnreachable: true } }, { disclosesDebt: true }, known],
    ['CN.CBA.PARTY.UNRELATED', 'CN.CBA2026', {}, {}, strangers],
    ['CN.CBA.PARTY.LOSTCONTACT', 'CN.CBA2026', {}, {}, strangers],
    ['CN.CBA.PARTY.NO_DISCLOSURE', 'CN.CBA2026', {}, { disclosesDebt: true }, strangers],
    ['CN.CBA.PARTY.REFUSED', 'CN.CBA2026', { flags: { thirdPartyRefused: true } }, {}, strangers],
    ['CN.CC.68.PARTY', 'CN.CCARD2011', {}, {}, thirds],
    ['CN.CFC.PARTY', 'CN.CFC2024', {}, {}, strangers],
    ['US.F.6D.THIRD', 'US.FDCPA', {}, {}, thirds],
    ['US.F.6B2.ATTY', 'US.FDCPA', { flags: { attorneyKnown: true } }, {}, ['borrower', 'coBorrower', 'guarantor', 'spouse', 'legalRepresentative', 'heir']],
    ['UK.BS.11', 'UK.BS', { flags: { moratoriumActive: true } }, {}, ['borrower', 'coBorrower']],
    ['UK.CONC.7.9.6', 'UK.CONC', {}, { disclosesDebt: true }, thirds],
    ['IN.RBI.PARTY', 'IN.RBI2022', {}, { intrudesPrivacy: true }, ['contactOnly', 'relative', 'friend', 'referee']],
    ['HK.43.3', 'HK.CBP', {}, {}, ['contactOnly', 'relative', 'friend', 'referee']],
  ]
  for (const [rule, names, facts, more, expected] of table) {
    t.same(parties.filter(party => bites(rule, names, at('Asia/Shanghai', facts), action('2027-05-06T04:00:00Z', 'call', { party, ...more }))), expected, rule)
  }
})

t.test('each rule about purposes: exactly which', async t => {
  const others = (...left: string[]): string[] => purposes.filter(purpose => !left.includes(purpose))
  const table: [rule: string, packs: string, facts: Facts, more: Partial<Action>, purposes: readonly string[]][] = [
    ['CN.CBA.PARTY.UNRELATED', 'CN.CBA2026', {}, { party: 'unrelatedThirdParty' }, demands],
    ['US.F.6C.CEASE', 'US.FDCPA', { flags: { ceaseWritten: true } }, {}, others('adviseEffortsTerminated', 'notifyMayInvokeRemedy', 'notifyIntendsRemedy')],
    ['US.F.6D.THIRD', 'US.FDCPA', {}, { party: 'neighbour' }, others('locationInformation')],
    ['US.B.3.ONCE', 'US.FDCPA', { priorLocationContactsWithPerson: 1 }, {}, ['locationInformation']],
    ['US.B.2.NODEBT', 'US.FDCPA', {}, { disclosesDebt: true }, ['locationInformation']],
    ['US.B.4.POSTCARD', 'US.FDCPA', {}, { medium: 'postcard' }, ['locationInformation']],
    ['US.F.26.TIMEBARRED', 'US.FDCPA', { flags: { timeBarred: true } }, {}, ['threatenLegalAction', 'bringLegalAction']],
    ['UK.BS.11', 'UK.BS', { flags: { moratoriumActive: true } }, {}, others('atBorrowerRequest', 'answerQueryOrComplaint', 'ccaOrFcaRequired', 'unrelatedDebt')],
    ['UK.CONC.7.14.1', 'UK.CONC', { flags: { disputedOnValidGrounds: true } }, {}, demands],
    ['UK.CONC.7.10.1', 'UK.CONC', { flags: { mayLackMentalCapacity: true } }, {}, demands],
    ['UK.CONC.7.15.8', 'UK.CONC', { flags: { customerRefusesStatuteBarred: true } }, {}, demands],
    ['UK.CONC.7.15.7', 'UK.CONC', { flags: { timeBarred: true } }, {}, ['threatenLegalAction']],
    ['EU.CSD.10_2', 'EU.CSD', { flags: { transferredNpl: true } }, {}, demands],
    ['HK.43.3', 'HK.CBP', {}, { party: 'referee' }, demands],
  ]
  for (const [rule, names, facts, more, expected] of table) {
    t.same(purposes.filter(purpose => bites(rule, names, at('Asia/Shanghai', facts), action('2027-05-06T04:00:00Z', 'call', { purpose, ...more }))), expected, rule)
  }
  t.same(channels.filter(channel => bites('US.F.6E.OPTOUT_NOTICE', 'US.FDCPA', at('Asia/Shanghai'), action('2027-05-06T04:00:00Z', channel, { optOutMethod: 'none' }))), ['sms', 'email'])
  t.same(channels.filter(channel => bites('UK.CONC.7.9.4', 'UK.CONC', at('Asia/Shanghai', { requestedWindows: [{ days: [1], from: '01:00', to: '02:00' }] }), action('2027-05-06T04:00:00Z', channel))), ['call', 'sms', 'visit'])
})
