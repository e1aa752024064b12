import { Type } from 'typebox'
import type { Static } from 'typebox'
import { BucketsInput, CountryCode, Currency, Day, IdOf, OneOf, Text, TimeZone, closed, dayIn, zero } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import { liableRoles, partyRoles } from '../accounts/index.ts'
import { ContactPointRefused, PartyInput, checkPartyInput } from '../parties/index.ts'
import { NobodyLiable, faultsOf, zoneFaults } from './core.ts'
import type { Fault } from './core.ts'

/** The most parties one placement names. */
export const partiesMax = 20

const PlacementPartyInput = Type.Object({
  role: OneOf(partyRoles, 'What the party has to do with the debt. A `contactOnly` party is never collected from.'), ...PartyInput.properties,
}, { ...closed, title: 'PlacementPartyInput' })

const dayOf = (description: string) => Type.Unsafe<CalendarDay>({ ...Day, description })

const fields = {
  lenderReference: Text(100, 'The lender\'s own number of the debt, unique with the lender.', ['LN-2026-000417']),
  product: Text(60, 'What kind of debt it is; rules of law may differ by it.', ['consumerLoan']),
  currency: Currency,
  jurisdiction: CountryCode,
  region: Type.Optional(Type.String({ pattern: '^[A-Z0-9]{1,3}$', description: 'State or province whose rules add to the nation\'s: ISO 3166-2 without the country.', examples: ['NY'] })),
  timeZone: TimeZone,
  contractOn: Type.Optional(dayOf('The day the contract was made.')),
  dueOn: dayOf('The day the debt was due.'),
  judgedOn: Type.Optional(dayOf('The day a judgment established the debt, if one has: agreements may run or freeze their rate from it.')),
  placedOn: Type.Optional(dayOf('The day of the placement; today in the time zone of the debt when left out. Never a day to come.')),
  balance: BucketsInput,
  parties: Type.Array(PlacementPartyInput, { minItems: 1, maxItems: partiesMax, description: 'Who has to do with the debt; at least one must owe it.' }),
}

/** A debt as examples show it. */
export const debtExample = {
  lenderReference: 'LN-2026-000417', product: 'consumerLoan', currency: 'CNY', jurisdiction: 'CN', timeZone: 'Asia/Shanghai', dueOn: '2025-12-20',
  balance: { principal: 1_250_00, interest: 18_75 },
  parties: [{ role: 'borrower', kind: 'person', name: 'Li Wei', contactPoints: [{ channel: 'phone', value: '+8613800138000' }, { channel: 'email', value: 'li.wei@example.com' }] }],
}

/** A debt as a lender hands it over: what every row of a batch holds. */
export const DebtInput = Type.Object(fields, { ...closed, title: 'DebtInput', examples: [debtExample] })
export type DebtInput = Static<typeof DebtInput>

/** A debt handed over by itself, with the lender and the agreement it falls under. */
export const PlacementInput = Type.Object({
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'The lender whose debt it is. A lender\'s own key may leave it out.' })),
  agreementId: Type.Optional(Type.Unsafe<Id<'agreement'>>({ ...IdOf('agreement'), description: 'The agreement it falls under; the newest one in force for the currency when left out.' })),
  ...fields,
}, { ...closed, title: 'PlacementInput', examples: [debtExample] })
export type PlacementInput = Static<typeof PlacementInput>

/** A debt that keeps every rule but those that only the database knows, with the day it is placed. */
export interface ReadDebt { readonly input: DebtInput, readonly placedOn: CalendarDay, readonly balance: Buckets }

/** Today in a zone that does not exist: a day that no other contradicts. */
const noDayYet: CalendarDay = '9999-12-31'

/** Reads a debt by the rules that no schema can say; `placedOn` is the day of the hand-over for debts that name none. */
export function readDebt (input: DebtInput, placedOn: CalendarDay | null, now: Date): ReadDebt | [Fault, ...Fault[]] {
  const zone = zoneFaults(input.timeZone)
  const today = zone.length > 0 ? noDayYet : dayIn(input.timeZone, now)
  const day = input.placedOn ?? placedOn ?? today
  const [first, ...others] = [...zone, ...faultsOf({ ...input, placedOn: day }, today), ...partyFaults(input.parties)]
  const { principal, interest = zero, penalty = zero, costs = zero } = input.balance
  return first === undefined ? { input, placedOn: day, balance: { principal, interest, penalty, costs } } : [first, ...others]
}

function partyFaults (parties: DebtInput['parties']): Fault[] {
  const faults: Fault[] = parties.flatMap((party, i) => checkPartyInput(party, `/parties/${i}`)).map(violation => ({ type: ContactPointRefused, violation }))
  if (!parties.some(({ role }) => liableRoles.includes(role))) faults.push({ type: NobodyLiable, violation: { pointer: '/parties', message: 'has nobody who owes the debt' } })
  return faults
}
