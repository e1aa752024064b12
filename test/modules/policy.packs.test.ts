import fc from 'fast-check'
import t from 'tap'
import { isDay, offsetRunAt } from '../../src/kernel/index.ts'
import { decide } from '../../src/modules/policy/core.ts'
import { checkNames, flagMeanings } from '../../src/modules/policy/facts.core.ts'
import type { Action, Facts } from '../../src/modules/policy/facts.core.ts'
import { library } from '../../src/modules/policy/library.core.ts'
import { fieldsOf, readPack } from '../../src/modules/policy/pack.core.ts'
import { recompute } from '../../src/modules/policy/questions.core.ts'
import { nextClosed, nextOpen, weekOf } from '../../src/modules/policy/windows.core.ts'
import { action, at, check, london, newYork, packs, past, shanghai } from './policy.rows.ts'

const thirdParties = ['relative', 'employer', 'neighbour', 'friend', 'referee', 'household', 'other'] as const

const call = (more: Partial<Action> = {}) => action('2027-05-06T15:00:00Z', 'call', more)
const chinaCall = (more: Partial<Action> = {}) => action('2027-05-06T04:00:00Z', 'call', more)
const letter = (more: Partial<Action> = {}) => action('2027-05-06T15:00:00Z', 'letter', more)

t.test('China: who may be approached, and how', async t => {
  const lost = (flags: Record<string, boolean>, more: Facts = {}) => shanghai({ flags, ...more })
  const visit = (more: Partial<Action>) => action('2027-05-06T04:00:00Z', 'visit', { collectors: 2, ...more })
  const third = (more: Partial<Action> = {}) => chinaCall({ party: 'unrelatedThirdParty', purpose: 'relayMessage', ...more })
  check(t, [
    ['a contact person', 'CN.GBT45251', shanghai(), chinaCall({ party: 'contactOnly' }), ['denied', 'CN.GBT.PARTY.DEBTOR_ONLY']],
    ['when the borrower has died', 'CN.GBT45251', lost({ borrowerDeceased: true }), chinaCall({ party: 'contactOnly' }), 'allowed'],
    ['or is without capacity', 'CN.GBT45251', lost({ borrowerIncapacitated: true }), chinaCall({ party: 'contactOnly' }), 'allowed'],
    ['or cannot be reached', 'CN.GBT45251', lost({ borrowerUnreachable: true }), chinaCall({ party: 'contactOnly' }), 'allowed'],
    ['a claim said to be false is no claim', 'CN.GBT45251', lost({ borrowerUnreachable: false }), chinaCall({ party: 'contactOnly' }), ['denied', 'CN.GBT.PARTY.DEBTOR_ONLY']],
    ['never after a refusal, and nothing of the debt', 'CN.GBT45251', lost({ borrowerUnreachable: true, contactPersonRefused: true }), chinaCall({ party: 'contactOnly', disclosesDebt: true }), ['denied', 'CN.GBT.PARTY.REFUSED', 'CN.GBT.PARTY.NO_DISCLOSURE']],
    ['a guarantor is no contact person', 'CN.GBT45251 CN.CBA2026 CN.CCARD2011 CN.CFC2024', shanghai(), chinaCall({ party: 'guarantor' }), 'allowed'],
    ['two failures in a row are not out of contact', 'CN.CBA2026', shanghai({ consecutiveFailuresToReach: 2 }), third(), ['denied', 'CN.CBA.PARTY.LOSTCONTACT']],
    ['three are', 'CN.CBA2026', shanghai({ consecutiveFailuresToReach: 3 }), third(), 'allowed'],
    ['an invalid number is', 'CN.CBA2026', lost({ borrowerPhoneInvalid: true }), third({ purpose: 'obtainContact' }), 'allowed'],
    ['no demand to a third party, not even unsaid', 'CN.CBA2026', lost({ borrowerPhoneInvalid: true }), chinaCall({ party: 'unrelatedThirdParty' }), ['denied', 'CN.CBA.PARTY.UNRELATED']],
    ['nor by threat', 'CN.CBA2026', lost({ borrowerPhoneInvalid: true }), third({ purpose: 'threatenLegalAction' }), ['denied', 'CN.CBA.PARTY.UNRELATED']],
    ['nothing of the debt, nor after a refusal', 'CN.CBA2026', lost({ borrowerPhoneInvalid: true, thirdPartyRefused: true }), third({ disclosesDebt: true }), ['denied', 'CN.CBA.PARTY.NO_DISCLOSURE', 'CN.CBA.PARTY.REFUSED']],
    ['one collector does not visit', 'CN.CBA2026', shanghai(), visit({ collectors: 1 }), ['denied', 'CN.CBA.VISIT.TWO']],
    ['nor when their number is not said', 'CN.CBA2026', shanghai(), (({ collectors, ...rest }) => rest)(visit({})), ['denied', 'CN.CBA.VISIT.TWO']],
    ['a home is not entered', 'CN.CBA2026', shanghai(), visit({ entersPrivatePremises: true }), ['denied', 'CN.CBA.VISIT.ENTRY']],
    ['but with consent', 'CN.CBA2026', lost({ entryConsent: true }), visit({ entersPrivatePremises: true }), 'allowed'],
    ['nothing is posted in public', 'CN.CBA2026', shanghai(), action('2027-05-06T04:00:00Z', 'publicNotice'), ['denied', 'CN.CBA.PUBLIC_NOTICE']],
    ['a private telephone', 'CN.CBA2026', shanghai(), chinaCall({ fromPrivatePhoneOrSocial: true }), ['denied', 'CN.CBA.PRIVATE_PHONE']],
    ['with consent', 'CN.CBA2026', lost({ privatePhoneConsent: true }), chinaCall({ fromPrivatePhoneOrSocial: true }), 'allowed'],
    ['of the lender\'s own staff', 'CN.CBA2026', shanghai(), chinaCall({ fromPrivatePhoneOrSocial: true, actor: 'lender' }), 'allowed'],
    ['card debt: a contact person', 'CN.CCARD2011', shanghai(), chinaCall({ party: 'contactOnly' }), ['denied', 'CN.CC.68.PARTY']],
    ['card debt: an agreement that is kept', 'CN.CCARD2011', lost({ instalmentAgreementActive: true }), chinaCall(), ['denied', 'CN.CC.70.STOP']],
    ['card debt: one that is breached', 'CN.CCARD2011', lost({ instalmentAgreementActive: true, instalmentAgreementBreached: true }), chinaCall(), 'allowed'],
    ['consumer finance: an unrelated third party', 'CN.CFC2024', shanghai(), chinaCall({ party: 'unrelatedThirdParty' }), ['denied', 'CN.CFC.PARTY']],
    ['private peace', 'CN.CIVIL', shanghai(), chinaCall({ intrudesPrivatePeace: true }), ['denied', 'CN.CC.1033']],
    ['rules about other acts than contacts do not concern one', 'CN.PIPL', shanghai(), chinaCall(), 'allowed'],
  ])
  for (const party of thirdParties) check(t, [[`${party}: a third party by any name`, 'CN.CFC2024 CN.CCARD2011 CN.GBT45251 CN.CBA2026', shanghai(), chinaCall({ party }), ['denied', 'CN.CFC.PARTY', 'CN.CC.68.PARTY', 'CN.GBT.PARTY.DEBTOR_ONLY', 'CN.CBA.PARTY.UNRELATED', 'CN.CBA.PARTY.LOSTCONTACT']]])
})

t.test('the United States: whom, where, after what, and with what words', async t => {
  const us = (flags: Record<string, boolean>, more: Facts = {}) => newYork({ flags, ...more })
  const where = (more: Partial<Action> = {}) => call({ party: 'neighbour', purpose: 'locationInformation', ...more })
  const text = (more: Partial<Action>) => action('2027-05-06T15:00:00Z', 'sms', more)
  check(t, [
    ['an attorney is known', 'US.FDCPA', us({ attorneyKnown: true }), call(), ['denied', 'US.F.6B2.ATTY']],
    ['for the spouse too', 'US.FDCPA', us({ attorneyKnown: true }), letter({ party: 'spouse' }), ['denied', 'US.F.6B2.ATTY']],
    ['the attorney may be contacted', 'US.FDCPA', us({ attorneyKnown: true }), call({ party: 'attorney' }), 'allowed'],
    ['who does not answer', 'US.FDCPA', us({ attorneyKnown: true, attorneyUnresponsive: true }), call(), 'allowed'],
    ['or consents', 'US.FDCPA', us({ attorneyKnown: true, attorneyConsents: true }), call(), 'allowed'],
    ['an employer who prohibits it', 'US.FDCPA', us({ employerProhibits: true }), call({ place: 'workplace' }), ['denied', 'US.F.6B3.WORK']],
    ['elsewhere', 'US.FDCPA', us({ employerProhibits: true }), call({ place: 'home' }), 'allowed'],
    ['asked in writing to stop', 'US.FDCPA', us({ ceaseWritten: true }), letter(), ['denied', 'US.F.6C.CEASE']],
    ['refused in writing to pay', 'US.FDCPA', us({ refusesToPayWritten: true }), letter({ purpose: 'service' }), ['denied', 'US.F.6C.CEASE']],
    ['the first notice', 'US.FDCPA', us({ ceaseWritten: true }), letter({ purpose: 'adviseEffortsTerminated' }), 'allowed'],
    ['the second', 'US.FDCPA', us({ ceaseWritten: true }), letter({ purpose: 'notifyMayInvokeRemedy' }), 'allowed'],
    ['the third', 'US.FDCPA', us({ refusesToPayWritten: true }), letter({ purpose: 'notifyIntendsRemedy' }), 'allowed'],
    ['where they are, once', 'US.FDCPA', newYork(), where(), 'allowed'],
    ['not twice', 'US.FDCPA', newYork({ priorLocationContactsWithPerson: 1 }), where(), ['denied', 'US.B.3.ONCE']],
    ['but on request', 'US.FDCPA', us({ personRequestedRecontact: true }, { priorLocationContactsWithPerson: 1 }), where(), 'allowed'],
    ['or where the answer was wrong', 'US.FDCPA', us({ priorAnswerBelievedWrong: true }, { priorLocationContactsWithPerson: 1 }), where(), 'allowed'],
    ['without a word of the debt', 'US.FDCPA', newYork(), where({ disclosesDebt: true }), ['denied', 'US.B.2.NODEBT']],
    ['not by postcard', 'US.FDCPA', newYork(), letter({ party: 'neighbour', purpose: 'locationInformation', medium: 'postcard' }), ['denied', 'US.B.4.POSTCARD']],
    ['disputed in writing', 'US.FDCPA', us({ writtenDisputeInValidationPeriod: true }), call(), ['denied', 'US.F.38.DISPUTE']],
    ['and verified', 'US.FDCPA', us({ writtenDisputeInValidationPeriod: true, verificationSent: true }), call(), 'allowed'],
    ['asked for the original creditor', 'US.FDCPA', us({ writtenOriginalCreditorRequest: true }), letter(), ['denied', 'US.F.38.ORIGCRED']],
    ['and told', 'US.FDCPA', us({ writtenOriginalCreditorRequest: true, originalCreditorInfoSent: true }), letter(), 'allowed'],
    ['time-barred: no threat', 'US.FDCPA', us({ timeBarred: true }), letter({ purpose: 'threatenLegalAction' }), ['denied', 'US.F.26.TIMEBARRED']],
    ['no suit', 'US.FDCPA', us({ timeBarred: true }), letter({ purpose: 'bringLegalAction' }), ['denied', 'US.F.26.TIMEBARRED']],
    ['a proof of claim', 'US.FDCPA', us({ timeBarred: true }), letter({ purpose: 'proofOfClaim' }), 'allowed'],
    ['a text without a way out', 'US.FDCPA', newYork(), (({ optOutMethod, ...rest }) => rest)(text({})), ['denied', 'US.F.6E.OPTOUT_NOTICE']],
    ['a telephone is no way out', 'US.FDCPA', newYork(), text({ optOutMethod: 'telephone' }), ['denied', 'US.F.6E.OPTOUT_NOTICE']],
    ['an e-mail with a link', 'US.FDCPA', newYork(), action('2027-05-06T15:00:00Z', 'email', { optOutMethod: 'hyperlink' }), 'allowed'],
    ['an e-mail without', 'US.FDCPA', newYork(), action('2027-05-06T15:00:00Z', 'email', { optOutMethod: 'post' }), ['denied', 'US.F.6E.OPTOUT_NOTICE']],
    ['an address that opted out', 'US.FDCPA', newYork({ optedOutAddresses: ['cpt-1', 'cpt-2'] }), text({ address: 'cpt-2' }), ['denied', 'US.F.6E.OPTED_OUT']],
    ['another address', 'US.FDCPA', newYork({ optedOutAddresses: ['cpt-1'] }), text({ address: 'cpt-2' }), 'allowed'],
    ['first words', 'US.FDCPA', newYork(), call({ stage: 'initial' }), ['denied', 'US.F.18E1.MIRANDA']],
    ['a first demand too', 'US.FDCPA', newYork(), call({ stage: 'firstDemand' }), ['denied', 'US.F.18E1.MIRANDA']],
    ['said', 'US.FDCPA', newYork(), call({ stage: 'initial', disclosures: ['attemptingToCollectAndInformationUsed'] }), 'allowed'],
    ['later words', 'US.FDCPA', newYork(), call({ stage: 'subsequent', disclosures: [] }), ['denied', 'US.F.18E2.MIRANDA']],
    ['also when the stage is not said', 'US.FDCPA', newYork(), (({ disclosures, ...rest }) => rest)(call()), ['denied', 'US.F.18E2.MIRANDA']],
    ['a pleading says neither', 'US.FDCPA', newYork(), letter({ stage: 'formalPleading', disclosures: [] }), 'allowed'],
  ])
  for (const party of [...thirdParties, 'contactOnly', 'unrelatedThirdParty'] as const) check(t, [[`${party}: no demand to a third party`, 'US.FDCPA', newYork(), call({ party }), ['denied', 'US.F.6D.THIRD']]])
  for (const party of ['spouse', 'legalRepresentative', 'heir', 'guarantor', 'coBorrower'] as const) check(t, [[`${party}: a consumer, not a third party`, 'US.FDCPA', newYork(), call({ party }), 'allowed']])
})

t.test('Britain, the Union, Germany, India and Hong Kong', async t => {
  const british = (more: Partial<Action>) => action('2027-05-06T11:00:00Z', 'call', more)
  const first = ['creditorNameAddress', 'claimBasis', 'interestCalculation', 'costBreakdown', 'supervisoryAuthority']
  check(t, [
    ['in a moratorium', 'UK.BS', london({ moratoriumActive: true }), british({}), ['denied', 'UK.BS.11']],
    ['the other borrower too', 'UK.BS', london({ moratoriumActive: true }), british({ party: 'coBorrower', debtInMoratorium: true }), ['denied', 'UK.BS.11']],
    ['at the borrower\'s request', 'UK.BS', london({ moratoriumActive: true }), british({ purpose: 'atBorrowerRequest' }), 'allowed'],
    ['an answer', 'UK.BS', london({ moratoriumActive: true }), british({ purpose: 'answerQueryOrComplaint' }), 'allowed'],
    ['what other law requires', 'UK.BS', london({ moratoriumActive: true }), british({ purpose: 'ccaOrFcaRequired' }), 'allowed'],
    ['another debt', 'UK.BS', london({ moratoriumActive: true }), british({ debtInMoratorium: false }), 'allowed'],
    ['when it is over', 'UK.BS', london({}), british({ debtInMoratorium: true }), 'allowed'],
    ['no enforcement agent visits', 'UK.BS', london({ moratoriumActive: true }), action('2027-05-06T11:00:00Z', 'visit', { actor: 'enforcementAgent', party: 'household', purpose: 'takeControlOfGoods' }), ['denied', 'UK.BS.12.4']],
    ['a third party must not learn', 'UK.CONC', london(), british({ party: 'friend', purpose: 'relayMessage', disclosesDebt: true }), ['denied', 'UK.CONC.7.9.6']],
    ['and does not', 'UK.CONC', london(), british({ party: 'friend', purpose: 'relayMessage' }), 'allowed'],
    ['disputed on valid grounds', 'UK.CONC', london({ disputedOnValidGrounds: true }), british({}), ['denied', 'UK.CONC.7.14.1']],
    ['by letter before action as well', 'UK.CONC', london({ disputedOnValidGrounds: true }), british({ purpose: 'preActionLetter' }), ['denied', 'UK.CONC.7.14.1']],
    ['the outcome given', 'UK.CONC', london({ disputedOnValidGrounds: true, disputeOutcomeGiven: true }), british({}), 'allowed'],
    ['the outcome itself', 'UK.CONC', london({ disputedOnValidGrounds: true }), british({ purpose: 'reportDisputeOutcome' }), 'allowed'],
    ['capacity in doubt', 'UK.CONC', london({ mayLackMentalCapacity: true }), british({}), ['denied', 'UK.CONC.7.10.1']],
    ['an answer to them', 'UK.CONC', london({ mayLackMentalCapacity: true }), british({ purpose: 'answerQueryOrComplaint' }), 'allowed'],
    ['refused as statute-barred', 'UK.CONC', london({ customerRefusesStatuteBarred: true }), british({}), ['denied', 'UK.CONC.7.15.8']],
    ['statute-barred: no word of a court', 'UK.CONC', london({ timeBarred: true }), british({ purpose: 'threatenLegalAction' }), ['denied', 'UK.CONC.7.15.7']],
    ['statute-barred: a demand', 'UK.CONC', london({ timeBarred: true }), british({}), 'allowed'],
    ['a transfer nobody told of', 'EU.CSD', at('Europe/Berlin', { flags: { transferredNpl: true } }), letter(), ['denied', 'EU.CSD.10_2']],
    ['the notice itself', 'EU.CSD', at('Europe/Berlin', { flags: { transferredNpl: true } }), letter({ purpose: 'service' }), 'allowed'],
    ['told', 'EU.CSD', at('Europe/Berlin', { flags: { transferredNpl: true, transferNoticeSent: true } }), letter(), 'allowed'],
    ['a first demand with everything', 'DE', at('Europe/Berlin', { borrowerType: 'consumer' }), letter({ stage: 'firstDemand', disclosures: first }), 'allowed'],
    ['to a company', 'DE', at('Europe/Berlin', { borrowerType: 'business' }), letter({ stage: 'firstDemand', disclosures: [] }), 'allowed'],
    ['a first communication by any name', 'DE', at('Europe/Berlin', { borrowerType: 'consumer' }), letter({ stage: 'initial', disclosures: [] }), ['denied', 'DE.RDG.13A']],
    ['a later one', 'DE', at('Europe/Berlin', { borrowerType: 'consumer' }), letter({ stage: 'subsequent', disclosures: [] }), 'allowed'],
    ['family, intruded upon', 'IN.RBI2022', at('Asia/Kolkata'), action('2027-05-06T06:00:00Z', 'call', { party: 'friend', intrudesPrivacy: true }), ['denied', 'IN.RBI.PARTY']],
    ['family, not intruded upon', 'IN.RBI2022', at('Asia/Kolkata'), action('2027-05-06T06:00:00Z', 'call', { party: 'relative' }), 'allowed'],
    ['a referee', 'HK.CBP', at('Asia/Hong_Kong'), chinaCall({ party: 'referee' }), ['denied', 'HK.43.3']],
    ['who guaranteed', 'HK.CBP', at('Asia/Hong_Kong', { flags: { isGuarantor: true } }), chinaCall({ party: 'referee' }), 'allowed'],
  ])
  for (const lacking of first) check(t, [[`a first demand without ${lacking}`, 'DE', at('Europe/Berlin', { borrowerType: 'consumer' }), letter({ stage: 'firstDemand', disclosures: first.filter(word => word !== lacking) }), ['denied', 'DE.RDG.13A']]])
})

t.test('a denial says what lifts it and what it looked at, and goes before any wait', async t => {
  const verdict = decide(packs('US.FDCPA'), newYork({ flags: { attorneyKnown: true } }), action('2027-05-06T04:00:00Z', 'call'))
  t.match(verdict, { verdict: 'denied', earliestAllowedAt: null, strength: 'mandatory', otherChannels: [], packVersions: { 'US.FDCPA': '2021-11-30.1' } })
  t.match(verdict.reasons, [{ rule: 'US.F.6B2.ATTY', pack: 'US.FDCPA', clause: /1006\.6\(b\)\(2\)/, lift: /attorney/, ends: null, facts: { fields: ['action.party', 'flags.attorneyKnown', 'flags.attorneyUnresponsive', 'flags.attorneyConsents'] } }])
  t.equal(verdict.reasons.length, 1)
})

t.test('a wrong pack stops the boot and names what is wrong', async t => {
  const us = library.find(({ id }) => id === 'US.MA')!
  const [rule] = us.rules
  const broken = (change: object, of: object = {}) => () => readPack({ ...us, ...of, rules: [{ ...rule, ...change }] })
  t.doesNotThrow(broken({}))
  t.throws(broken({ limit: 0 }), /US.MA US.MA.7041F: \/limit/)
  t.throws(broken({ kind: 'curfew' }), /unknown kind of rule curfew/)
  t.throws(broken({ windw: 1 }), /US.MA.7041F/)
  t.throws(broken({}, { version: '1' }), /US.MA: \/version/)
  t.throws(broken({}, { evidence: 'primary' }), /evidence is primary, but a rule's is reproduction/)
  t.throws(() => readPack({ ...us, rules: [rule, rule] }), /two rules have one id/)
  const deny = { ...rule, kind: 'denyIf', lift: null, channels: undefined, directions: undefined, limit: undefined, window: undefined, scope: undefined }
  const denial = (when: object) => () => readPack(JSON.parse(JSON.stringify({ ...us, rules: [{ ...deny, when }] })))
  t.doesNotThrow(denial({ field: 'flags.attorneyKnown', eq: true }))
  t.throws(denial({ not: { any: [{ field: 'flags.atorneyKnown', eq: true }] } }), /reads flags.atorneyKnown, which no contact has/)
  t.throws(denial({ field: 'action.party', equals: 'borrower' }), /\/when/)
  t.throws(() => readPack(null), /policy pack without an id/)
})

t.test('every pack is dated, and every claim has a rule that reads it', async t => {
  const read = new Set(library.flatMap(({ rules }) => rules).flatMap(rule => rule.kind === 'denyIf' ? fieldsOf(rule.when) : rule.kind === 'timeWindow' && rule.unlessFlag !== undefined ? [`flags.${rule.unlessFlag}`] : []))
  for (const flag of Object.keys(flagMeanings)) t.ok(read.has(`flags.${flag}`), flag)
  for (const { id, version, effectiveFrom } of library) {
    t.ok(isDay(effectiveFrom), id)
    t.equal(version.slice(0, 10), effectiveFrom, `${id}: a version is named after its day`)
  }
  t.equal(library.flatMap(({ rules }) => rules).length, 96)
  t.equal(new Set(library.flatMap(({ rules }) => rules.map(({ id }) => id))).size, 96, 'no two rules share an id')
})

t.test('kept facts name nobody by themselves', async t => {
  const ok = newYork({ history: [past('2027-05-05T16:00:00Z', 'noAnswer')] })
  t.doesNotThrow(() => checkNames(ok, call()))
  t.throws(() => checkNames(ok, call({ number: '+1 (202) 555-0100' })), /ids or hashes/)
  t.throws(() => checkNames(ok, call({ address: 'ann@example.com' })), /ids or hashes/)
  t.throws(() => checkNames({ ...ok, optedOutAddresses: ['13800138000'] }, call()), /ids or hashes/)
  t.throws(() => checkNames(newYork({ history: [past('2027-05-05T16:00:00Z', 'noAnswer', { number: '2025550100' })] }), call()), /ids or hashes/)
})

t.test('a decision is made again from its packs of that time', async t => {
  const facts = newYork({ history: [past('2027-05-05T16:00:00Z', 'conversation')] })
  const verdict = decide(packs('US.FDCPA US.MA'), facts, call())
  t.equal(JSON.stringify(recompute({ kind: 'contact', packVersions: verdict.packVersions, facts, action: call() })), JSON.stringify(verdict))
  t.throws(() => recompute({ kind: 'contact', packVersions: { 'US.FDCPA': '1977-09-20.1' }, facts, action: call() }), /a pack of a stored decision is gone/)
})

const zones = ['America/New_York', 'America/Santiago', 'Africa/Cairo', 'Australia/Lord_Howe', 'Africa/Casablanca', 'Asia/Kathmandu', 'America/St_Johns', 'Europe/Dublin', 'Pacific/Apia', 'Asia/Gaza']
const clocks = new Map(zones.map(zone => [zone, new Intl.DateTimeFormat('en-GB', { timeZone: zone, weekday: 'short', hour: '2-digit', minute: '2-digit', hourCycle: 'h23' })]))
const weekdays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun']

/** Minutes of the week that the wall clock shows, by the platform's own formatter. */
function wallMinutes (zone: string, at: number): number {
  const parts = Object.fromEntries(clocks.get(zone)!.formatToParts(at).map(({ type, value }) => [type, value]))
  return weekdays.indexOf(parts['weekday']!) * 1440 + Number(parts['hour']) * 60 + Number(parts['minute'])
}

t.test('openings are exact by the wall clock, minute by minute, around every clock change', async t => {
  const minute = 60_000
  fc.assert(fc.property(
    fc.constantFrom(...zones), fc.integer({ min: 2020, max: 2030 }), fc.integer({ min: -1500, max: 1500 }), fc.subarray([1, 2, 3, 4, 5, 6, 7], { minLength: 1 }), fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 1, max: 1440 }),
    (zone, year, shift, dayList, from, to) => {
      const clock = (minutes: number): string => `${String(Math.floor(minutes / 60)).padStart(2, '0')}:${String(minutes % 60).padStart(2, '0')}`
      const week = weekOf([{ days: dayList, from: clock(from), to: clock(to) }])
      const isOpen = (at: number): boolean => {
        const wall = wallMinutes(zone, at)
        return dayList.some(day => { const begins = (day - 1) * 1440 + from; const length = to > from ? to - from : to + 1440 - from; return (wall - begins + 10_080) % 10_080 < length })
      }
      // The change of the clocks in that year, or some other moment where there is none.
      const change = offsetRunAt(zone, Date.UTC(year, 0, 15)).until
      const at = (Number.isFinite(change) ? Math.floor(change / minute) : Math.floor(Date.UTC(year, 2, 1) / minute)) * minute + shift * minute
      const hours = { week, zone, closed: null }
      const opens = nextOpen(hours, at)
      // A day and a half, minute by minute.
      let first = at
      while (first < at + 2160 * minute && !isOpen(first)) first += minute
      if (first < at + 2160 * minute) t.equal(opens, first, `${zone} ${new Date(at).toISOString()}`)
      else t.ok(opens === null || opens >= first)
      if (opens !== at) return
      let last = at
      while (last < at + 2160 * minute && isOpen(last)) last += minute
      if (last < at + 2160 * minute) t.equal(nextClosed(hours, at), last, `${zone} closes, from ${new Date(at).toISOString()}`)
    }), { numRuns: 150 })
})
