import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Balance, CountryCode, Currency, IdOf, OneOf, Text, addDays, closed, isCurrency, problem } from '#kernel'
import type { CalendarDay, Id, Minor, Violation } from '#kernel'

/** What a step does: sends a message, or asks a collector to call. */
export const stepChannels = ['email', 'sms', 'letter', 'call'] as const
export type StepChannel = typeof stepChannels[number]

export const StrategyRefused = problem('strategy-refused', 422, 'The strategy contradicts itself.', 'Correct what `errors` points to.')
export const StrategyExists = problem('strategy-exists', 409, 'There is already a strategy of this name.', 'Add a version to the one that `resolution` points to.')
export const StrategiesTooMany = problem('strategies-too-many', 409, 'The agency has as many strategies as it may have.', 'Add a version to one that is no longer used.')
export const StrategyTextMissing = problem('strategy-text-missing', 422, 'A step of the strategy has no text.', 'Create and activate a template for each code and channel that `errors` names.')
export const StrategyVersionUnknown = problem('strategy-version-unknown', 422, 'The strategy has no such version.', 'List its versions with `listStrategyVersions`.')
export const StrategyNotActive = problem('strategy-not-active', 409, 'The strategy has no active version.', 'Activate one with `activateStrategy`.')
export const AccountNotAtWork = problem('account-not-at-work', 409, 'The account has no active placement.', 'Read the account: only what is being worked is on a strategy.')

/** The most strategies an agency has: each debt that is placed is held against every active one. */
export const strategiesMax = 200
/** The most steps of one, and the furthest day of a step. */
export const stepsMax = 60
const daysMax = 1_095
export const hourDefault = 9

/** One step: so many days past due, by the borrower's calendar, and what is done then. */
export const StrategyStep = Type.Object({
  daysPastDue: Type.Integer({ minimum: 0, maximum: daysMax, description: 'How many days after the debt was due.', examples: [3] }),
  channel: OneOf(stepChannels, 'How: a message, or a call that a collector is asked to make.'),
  template: Type.Optional(Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,39}$', description: 'The code of the template a message is written by. Left out: `reminder`.', examples: ['reminder'] })),
  hour: Type.Optional(Type.Integer({ minimum: 0, maximum: 23, description: 'The hour by the borrower\'s clock; the law\'s first hour after it, where it is closed then. Left out: nine.', examples: [9] })),
}, { title: 'StrategyStep', ...closed, examples: [{ daysPastDue: 3, channel: 'sms' }] })
export type StrategyStep = Static<typeof StrategyStep>

const list = { minItems: 1, maxItems: 100, uniqueItems: true } as const

/** Which debts a strategy is for, in the moment they are placed. Every condition named must hold; what is left out does not matter. */
export const StrategyCriteria = Type.Object({
  lenderIds: Type.Optional(Type.Array(IdOf('lender'), { ...list, description: 'Debts of these lenders.' })),
  products: Type.Optional(Type.Array(Text(40, 'A product, as debts are placed with.', ['card']), { ...list, description: 'Debts from these products.' })),
  jurisdictions: Type.Optional(Type.Array(CountryCode, { ...list, description: 'Debts under these countries\' law.' })),
  currencies: Type.Optional(Type.Array(Currency, { ...list, description: 'Debts in these currencies.' })),
  balanceMin: Type.Optional(Type.Unsafe<number>({ ...Balance, description: 'Debts of at least this much, in minor units of the one currency named.' })),
  balanceMax: Type.Optional(Type.Unsafe<number>({ ...Balance, description: 'Debts of at most this much, in minor units of the one currency named.' })),
}, { title: 'StrategyCriteria', ...closed, description: 'Which debts the strategy is for: all conditions named must hold.' })
export type StrategyCriteria = Static<typeof StrategyCriteria>

/** What a version of a strategy says. */
export interface Plan { steps: StrategyStep[], appliesTo: StrategyCriteria }

/** What is done where an agency has said nothing: reminders by e-mail and SMS, 3, 7 and 15 days past due. */
export const ourSteps: readonly StrategyStep[] = [3, 7, 15].flatMap(daysPastDue => (['email', 'sms'] as const).map(channel => ({ daysPastDue, channel })))

/** Checks a version and puts its steps in order. Throws `StrategyRefused`: two steps at once by one channel, a text for a call, amounts without their one currency, an empty range. */
export function checkPlan ({ steps, appliesTo }: Plan): Plan {
  const faults: Violation[] = []
  const known = new Set<string>()
  for (const [i, { daysPastDue, channel, template }] of steps.entries()) {
    if (known.has(`${daysPastDue} ${channel}`)) faults.push({ pointer: `/steps/${i}`, message: 'is on the day of another step by the same channel' })
    known.add(`${daysPastDue} ${channel}`)
    if (channel === 'call' && template !== undefined) faults.push({ pointer: `/steps/${i}/template`, message: 'is of messages only' })
  }
  const { currencies = [], balanceMin, balanceMax } = appliesTo
  for (const [i, currency] of currencies.entries()) if (!isCurrency(currency)) faults.push({ pointer: `/appliesTo/currencies/${i}`, message: 'is not a currency of ISO 4217' })
  if ((balanceMin !== undefined || balanceMax !== undefined) && currencies.length !== 1) faults.push({ pointer: '/appliesTo/currencies', message: 'must name exactly one currency, for amounts of different ones do not compare' })
  if (balanceMin !== undefined && balanceMax !== undefined && balanceMin > balanceMax) faults.push({ pointer: '/appliesTo/balanceMax', message: 'is below balanceMin' })
  if (faults.length > 0) throw StrategyRefused({}, { violations: faults })
  return { steps: [...steps].sort((a, b) => a.daysPastDue - b.daysPastDue || stepChannels.indexOf(a.channel) - stepChannels.indexOf(b.channel)), appliesTo }
}

/** A debt, as strategies are chosen for it. */
export interface Placed { lenderId: Id<'lender'>, product: string, jurisdiction: string, currency: string, owed: Minor }

const isAmong = (value: string, list: readonly string[] | undefined): boolean => list === undefined || list.includes(value)

/** Whether a strategy is for a debt. */
export const isFor = ({ lenderIds, products, jurisdictions, currencies, balanceMin, balanceMax }: StrategyCriteria, { lenderId, product, jurisdiction, currency, owed }: Placed): boolean =>
  isAmong(lenderId, lenderIds) && isAmong(product, products) && isAmong(jurisdiction, jurisdictions) && isAmong(currency, currencies) && owed >= (balanceMin ?? 0) && owed <= (balanceMax ?? Infinity)

/** The strategy for a debt: of those that are for it the one of the highest rank, and of several the oldest; null: none is, and ours is followed. */
export function strategyFor<S extends { rank: number, strategyId: string, appliesTo: StrategyCriteria }> (active: readonly S[], debt: Placed): S | null {
  const [first] = active.filter(({ appliesTo }) => isFor(appliesTo, debt)).sort((a, b) => b.rank - a.rank || (a.strategyId < b.strategyId ? -1 : 1))
  return first ?? null
}

/**
 * The days of the steps. They count from the day the debt was due, unless it came when the first of them had passed: then from the day it came, so that an old debt
 * gets them one after the other and not all at once.
 */
export function stepDays<S extends { daysPastDue: number }> (steps: readonly S[], dueOn: CalendarDay, startedOn: CalendarDay): { step: S, on: CalendarDay }[] {
  const first = Math.min(...steps.map(({ daysPastDue }) => daysPastDue))
  const anchor = addDays(dueOn, first) >= startedOn ? dueOn : startedOn
  return steps.map(step => ({ step, on: addDays(anchor, step.daysPastDue) }))
}
