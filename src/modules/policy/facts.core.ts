import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Day, Instant, OneOf, TimeZone, WeeklyWindow, closed } from '#kernel'

export { WeeklyWindow } from '#kernel'

/** The ways a person can be contacted, as the laws tell them apart. */
export const channels = ['call', 'robocall', 'sms', 'email', 'im', 'letter', 'visit', 'fax', 'publicNotice'] as const
export type Channel = (typeof channels)[number]

/** What became of an attempt, as far as a law cares. `pending` was permitted and is not yet recorded; `unknown` cannot be read. */
export const outcomes = [
  'conversation', 'voicemail', 'noAnswer', 'busy', 'notInService', 'rejected', 'dropped', 'wrongNumber', 'thirdParty',
  'sent', 'delivered', 'undelivered', 'replied', 'replyBusy', 'visited', 'notMet', 'pending', 'unknown',
] as const
export type Outcome = (typeof outcomes)[number]

/** Who is contacted. The last nine are third parties. */
export const parties = [
  'borrower', 'coBorrower', 'guarantor', 'spouse', 'legalRepresentative', 'heir', 'attorney',
  'contactOnly', 'unrelatedThirdParty', 'relative', 'employer', 'neighbour', 'friend', 'referee', 'household', 'other',
] as const

/** What a contact is for. */
export const purposes = [
  'demandPayment', 'preActionLetter', 'threatenLegalAction', 'bringLegalAction', 'takeControlOfGoods', 'proofOfClaim',
  'obtainContact', 'relayMessage', 'locationInformation', 'adviseEffortsTerminated', 'notifyMayInvokeRemedy', 'notifyIntendsRemedy',
  'atBorrowerRequest', 'answerQueryOrComplaint', 'ccaOrFcaRequired', 'unrelatedDebt', 'reportDisputeOutcome', 'service',
] as const
export type Purpose = (typeof purposes)[number]

/** Who owes, as the laws tell them apart. */
export const borrowerTypes = ['consumer', 'business', 'publicAuthority'] as const

/** The kinds of consent that rules name. */
export const consentTypes = ['time', 'frequency'] as const

/** What is claimed of a case: each true, or left out. Rules name these and no others. */
export const flagMeanings = {
  attorneyConsents: 'the borrower\'s attorney consents to direct contact',
  attorneyKnown: 'the borrower is known to have an attorney',
  attorneyUnresponsive: 'the attorney failed to answer in a reasonable time',
  borrowerDeceased: 'the borrower has died',
  borrowerIncapacitated: 'the borrower has no or limited capacity',
  borrowerPhoneInvalid: 'the borrower\'s number is invalid',
  borrowerUnreachable: 'the borrower cannot be reached',
  ceaseWritten: 'the borrower asked in writing for contact to stop',
  contactPersonRefused: 'the contact person refused to be contacted',
  customerRefusesStatuteBarred: 'the borrower refuses to pay because the debt is statute-barred',
  disputeOutcomeGiven: 'the outcome of the dispute was given',
  disputedOnValidGrounds: 'the debt is disputed on valid grounds',
  employerProhibits: 'the employer is known to prohibit contact at work',
  entryConsent: 'the person consented to entry',
  instalmentAgreementActive: 'an instalment agreement is signed',
  instalmentAgreementBreached: 'that agreement is breached',
  isGuarantor: 'the person contacted guaranteed the debt',
  justifiableReason: 'there is a justifiable reason for the hour',
  knownWorkingHours: 'the working hours at the workplace are known and kept',
  mayLackMentalCapacity: 'the borrower may lack mental capacity',
  moratoriumActive: 'a moratorium (breathing space) is running',
  originalCreditorInfoSent: 'name and address of the original creditor were sent',
  personRequestedRecontact: 'the person asked to be contacted again',
  priorAnswerBelievedWrong: 'the person\'s earlier answer is believed wrong',
  privatePhoneConsent: 'the borrower consented to a private telephone or social account',
  refusesToPayWritten: 'the borrower refused in writing to pay',
  thirdPartyRefused: 'the third party asked for contact to stop',
  timeBarred: 'the limitation period has run out',
  transferNoticeSent: 'the borrower was told of the transfer',
  transferredNpl: 'the debt is a non-performing loan that was transferred',
  verificationSent: 'verification of the debt was sent',
  writtenDisputeInValidationPeriod: 'the borrower disputed in writing within the validation period',
  writtenOriginalCreditorRequest: 'the borrower asked in writing for the original creditor',
} as const
export type Flag = keyof typeof flagMeanings

const Channel = OneOf(channels, 'By which channel.')
const Word = (description: string) => Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,79}$', description })

/** A name that means something to the caller alone: an id, or the hash of a number. */
export const Ref = (description: string) => Type.String({ minLength: 1, maxLength: 254, pattern: '^[\\x21-\\x7e]+$', description })
const Debts = Type.Array(Ref('A debt.'), { minItems: 1, maxItems: 20, description: 'The debts it concerns.' })

/** Claims about a case, each with its meaning: true, or left out. Others are kept and named in the answer. */
export const Claims = (meanings: Readonly<Record<string, string>>) => Type.Record(Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,79}$' }), Type.Union([Type.Boolean(), Type.String({ pattern: '^[A-Za-z0-9_.-]{1,80}$', description: 'A word kept with the decision.' })]), {
  ...closed, maxProperties: 100, description: `Claims about the case; left out: false. ${Object.entries(meanings).map(([flag, meaning]) => `\`${flag}\`: ${meaning}.`).join(' ')} Others are kept and named in \`unreadFlags\`.`,
})

const Windows = (description: string) => Type.Array(WeeklyWindow, { maxItems: 50, description })

/** A contact of the past, as far as a law cares. */
export const Attempt = Type.Object({
  at: Instant, channel: Channel,
  direction: OneOf(['out', 'in'], '`out`: begun by the collector; `in`: by the person.'),
  outcome: OneOf(outcomes, 'What became of it. `pending` was permitted and is not yet recorded: it counts wherever it could. `unknown` cannot be read: rules that depend on it refuse.'),
  person: Ref('The person contacted or calling.'),
  number: Type.Optional(Ref('The number used, as an id or a hash.')),
  debts: Debts, collector: Ref('The debt collector: a company, not a member of its staff.'),
}, { ...closed, description: 'A contact attempted or received before.' })
export type Attempt = Static<typeof Attempt>

/** A consent given and not withdrawn. */
export const GivenConsent = Type.Object({
  type: OneOf(consentTypes, 'What was consented to: contact at otherwise closed times, or more often.'),
  at: Instant,
  debts: Type.Optional(Debts),
  channels: Type.Optional(Type.Array(Channel, { minItems: 1, description: 'The channels it is for. Left out: all.' })),
  until: Type.Optional(Instant),
}, { ...closed, description: 'A consent in force; it lifts only rules that name its type, for its debts, channels and period.' })
export type GivenConsent = Static<typeof GivenConsent>

/** Everything a decision may rest on beside the contact itself. What is left out is not known. */
export const Facts = Type.Object({
  timeZones: Type.Optional(Type.Array(TimeZone, { maxItems: 5, description: 'Where the borrower may be: time zones by account, number and address, the likeliest first. A contact must be lawful in all of them.' })),
  borrowerType: Type.Optional(OneOf(borrowerTypes, 'Who owes.')),
  history: Type.Optional(Type.Array(Attempt, { maxItems: 1000, description: 'All contacts so far. Left out: not known, and rules that count refuse.' })),
  consents: Type.Optional(Type.Array(GivenConsent, { maxItems: 200, description: 'Consents given and not withdrawn.' })),
  flags: Type.Optional(Claims(flagMeanings)),
  publicHolidays: Type.Optional(Type.Array(Day, { maxItems: 1000, description: 'The public holidays at the borrower\'s place. Left out: not known, and rules closed on holidays refuse.' })),
  requestedWindows: Type.Optional(Windows('Times the borrower asked to be contacted at.')),
  inconvenientWindows: Type.Optional(Windows('Times the borrower said are inconvenient.')),
  debtGroups: Type.Optional(Type.Record(Ref('A debt.'), Ref('Its group.'), { ...closed, maxProperties: 500, description: 'Debts that count as one, such as student loans under one account number: the name of the group by debt.' })),
  consecutiveFailuresToReach: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, description: 'Failures to reach the borrower since the last success. Left out: none.' })),
  priorLocationContactsWithPerson: Type.Optional(Type.Integer({ minimum: 0, maximum: 100_000, description: 'How often this person was already asked for location information. Left out: never.' })),
  optedOutAddresses: Type.Optional(Type.Array(Ref('An address or number.'), { maxItems: 500, description: 'Addresses and numbers that opted out, written as in `action.address`.' })),
}, { title: 'ContactFacts', ...closed, description: 'What a decision on a contact rests on. Persons, numbers and debts are names of your own: ids or hashes, never personal data.' })
export type Facts = Static<typeof Facts>

/** The contact that is asked about. */
export const Action = Type.Object({
  at: Instant, channel: Channel,
  debts: Debts,
  party: OneOf(parties, 'Who is contacted, as they stand to the debt. `contactOnly` is a contact person named by the borrower.'),
  person: Ref('The person contacted, named as in the history.'),
  collector: Ref('The debt collector, named as in the history.'),
  number: Type.Optional(Ref('The number used, named as in the history. Rules that count by number refuse without it.')),
  address: Type.Optional(Ref('The address or number written to, as in `optedOutAddresses`.')),
  purpose: Type.Optional(OneOf(purposes, 'What it is for. Left out: `demandPayment`.')),
  place: Type.Optional(OneOf(['home', 'workplace', 'public', 'other'], 'Where the person is reached.')),
  actor: Type.Optional(OneOf(['externalAgency', 'lender', 'enforcementAgent', 'other'], 'Who acts. Left out: `externalAgency`.')),
  stage: Type.Optional(OneOf(['firstDemand', 'initial', 'subsequent', 'formalPleading'], 'Its place among the communications. Left out: `subsequent`.')),
  medium: Type.Optional(OneOf(['letter', 'postcard', 'telegram', 'other'], 'The form of something written.')),
  disclosures: Type.Optional(Type.Array(Word('A statement.'), { maxItems: 100, description: 'Statements it makes, such as `fromDebtCollector`. Left out: none.' })),
  optOutMethod: Type.Optional(Word('How its recipient can opt out, such as `replyStop` or `hyperlink`. Left out: not at all.')),
  disclosesDebt: Type.Optional(Type.Boolean({ description: 'It reveals that there is a debt. Left out: it does not.' })),
  collectors: Type.Optional(Type.Integer({ minimum: 1, maximum: 100, description: 'How many collectors visit. Left out: one.' })),
  entersPrivatePremises: Type.Optional(Type.Boolean({ description: 'A home, private place or office is entered. Left out: it is not.' })),
  fromPrivatePhoneOrSocial: Type.Optional(Type.Boolean({ description: 'A collector\'s private telephone or social account is used. Left out: it is not.' })),
  intrudesPrivacy: Type.Optional(Type.Boolean({ description: 'It intrudes on privacy, by a person\'s judgement. Left out: it does not.' })),
  intrudesPrivatePeace: Type.Optional(Type.Boolean({ description: 'It disturbs private peace, by a person\'s judgement. Left out: it does not.' })),
  debtInMoratorium: Type.Optional(Type.Boolean({ description: 'The debt is part of the running moratorium. Left out: it is.' })),
  replyTo: Type.Optional(Type.Object({
    initiatedBy: OneOf(['borrower', 'collector'], 'Who began the exchange.'), channel: Channel,
    nthReply: Type.Integer({ minimum: 1, maximum: 10_000, description: 'The number of this reply: the first is 1.' }),
  }, { ...closed, description: 'What it answers. Left out: nothing.' })),
}, { title: 'ContactAction', ...closed, description: 'The contact that is asked about.' })
export type Action = Static<typeof Action>

/** How a field that is left out is read: the stricter way. Anything else left out is false, zero or nothing. */
export const actionDefaults: Partial<Action> = { purpose: 'demandPayment', actor: 'externalAgency', stage: 'subsequent', collectors: 1, debtInMoratorium: true }

const telephone = /^\+?[0-9][0-9 ().-]{5,}$/

/** Whether a name could be an address or a telephone number, which no kept fact may hold. */
export const isTelling = (name: string | undefined): boolean => name !== undefined && (name.includes('@') || telephone.test(name))

/** Refuses facts that name a person, number or address by itself and not by an id or a hash. Throws a plain Error that does not repeat the name. */
export function checkNames ({ history = [], optedOutAddresses = [] }: Facts, { person, number, address, debts }: Action): void {
  const isBad = [person, number, address, ...debts, ...optedOutAddresses].some(isTelling) || history.some(attempt => isTelling(attempt.person) || isTelling(attempt.number))
  if (isBad) throw new Error('facts that are kept name people, numbers and addresses by ids or hashes only')
}
