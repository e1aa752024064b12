import { addDays, addR, compareR, mulR, rational, roundR, wholeR, zeroR } from '#kernel'
import type { Rational } from '#kernel'

/*
 * The naive auditor: what a debt owes, what its payments settled and what they earned, computed from scratch out of a list of facts, day by day, in
 * rationals. It shares no code with what it audits beyond exact arithmetic and the calendar, keeps nothing between two calls and is as slow as it likes.
 * A new kind of fact is one more line in `effects`.
 */

export const parts = ['principal', 'interest', 'penalty', 'costs'] as const
export type Part = typeof parts[number]
export type Owed = Record<Part, number>

/** A step of a scale of commission: sums above the step before, up to and including `upTo`. */
export interface Slice { upTo: number | null, rate: string }

/** What was agreed, in the auditor's own words. `daily` is what one minor unit of principal earns in a day. */
export interface Rules {
  daily: Rational | null
  lateFee: { graceDays: number, of: { amount: number } | { rate: string, max: number } } | null
  /** What a payment to the agency that comes back costs, at most the payment. */
  returnFee: number | null
  order: readonly Part[]
  commission: { base: readonly Part[], vat: string, scale: { flat: string } | { slices: readonly Slice[], max: number } }
  isWithheld: boolean
  /** For how many days after a recall payments still count. */
  tailDays: number
}

export interface Debt { rules: Rules, opening: Owed, placedOn: string, dueOn: string }

/** What happened, in the order it was written down, each with the day it took effect. */
export type Fact =
  | { kind: 'payment', id: string, on: string, amount: number, by: 'agency' | 'lender', isPending: boolean }
  | { kind: 'clearing', of: string, on: string }
  | { kind: 'reversal', of: string, on: string, isReturned: boolean }
  | { kind: 'waiver', part: 'interest' | 'penalty', amount: number, on: string }
  | { kind: 'recall', on: string }
  | { kind: 'hold', on: string, until: string | null, stopsInterest: boolean, stopsLateFees: boolean }

/** A payment as it stands: what it settles and what it earned; nothing of it is left when it was undone. */
export interface Paid { by: 'agency' | 'lender', on: string, amount: number, allocated: Owed, overpaid: number, commission: number, vat: number, withheld: number, isPending: boolean, isUndone: boolean }

export interface Audited {
  /** What is owed at the end of each day. */
  days: Map<string, Owed>
  owed: Owed
  interest: { exact: Rational, posted: number }
  fees: number[]
  waived: Owed
  recalled: Owed
  payments: Map<string, Paid>
  /** What should stand on each ledger account for this debt, debits less credits. */
  ledger: Record<string, number>
}

const nothing = (): Owed => ({ principal: 0, interest: 0, penalty: 0, costs: 0 })
export const total = (of: Owed): number => parts.reduce((sum, part) => sum + of[part], 0)

interface State {
  debt: Debt, owed: Owed, exact: Rational, posted: number, fees: number[], isFeeOpen: boolean, isRecalled: boolean, waived: Owed, recalled: Owed, payments: Map<string, Paid>
}

/** True when a day began on hold. */
const isHeld = (facts: readonly Fact[], what: 'stopsInterest' | 'stopsLateFees', day: string): boolean =>
  facts.some(fact => fact.kind === 'hold' && fact[what] && fact.on < day && (fact.until === null || day <= fact.until))

/** The first day on which a debt is late: its days of grace are over since it was both due and placed. */
const firstFeeDay = ({ rules: { lateFee }, dueOn, placedOn }: Debt): string | null => lateFee === null ? null : addDays(dueOn > placedOn ? dueOn : placedOn, lateFee.graceDays + 1)

const effects: { [K in Fact['kind']]: (state: State, fact: Extract<Fact, { kind: K }>, facts: readonly Fact[]) => void } = {
  payment ({ debt: { rules: { order }, dueOn }, owed, recalled, isRecalled, payments }, { id, on, amount, by, isPending }) {
    const allocated = nothing()
    // What was recalled comes back to be settled; what is left of it goes again when the payment is done.
    if (isRecalled) for (const part of parts) [owed[part], recalled[part]] = [owed[part] + recalled[part], 0]
    let left = amount
    // What was charged is due; principal that is not due yet comes after it.
    const turn: readonly Part[] = on < dueOn ? [...order.filter(part => part !== 'principal'), 'principal'] : order
    for (const part of turn) {
      allocated[part] = Math.min(left, owed[part])
      owed[part] -= allocated[part]
      left -= allocated[part]
    }
    payments.set(id, { by, on, amount, allocated, overpaid: left, commission: 0, vat: 0, withheld: 0, isPending, isUndone: false })
  },
  clearing ({ payments }, { of }) {
    payments.get(of)!.isPending = false
  },
  reversal (state, { of, on, isReturned }, facts) {
    const { owed, payments, debt: { rules } } = state
    const paid = payments.get(of)!
    paid.isUndone = true
    for (const part of parts) owed[part] += paid.allocated[part]
    if (!isReturned || paid.by !== 'agency' || rules.returnFee === null || state.isRecalled || isHeld(facts, 'stopsLateFees', on)) return
    const fee = Math.min(rules.returnFee, paid.amount)
    state.fees.push(fee)
    owed.penalty += fee
    // One event, one fee: if the debt should have been late already, it was not for this payment, and it is not late for its return as well.
    for (let day = firstFeeDay(state.debt); day !== null && day <= on; day = addDays(day, 1)) if (!isHeld(facts, 'stopsLateFees', day)) state.isFeeOpen = false
  },
  waiver ({ owed, waived }, { part, amount }) {
    const taken = Math.min(amount, owed[part])
    owed[part] -= taken
    waived[part] += taken
  },
  recall (state) {
    state.isRecalled = true
  },
  // A hold is no event of a day but a stretch of time: the mornings look for it.
  hold () {},
}

/** Gives a fact its effect. */
function happen<K extends Fact['kind']> (state: State, fact: Extract<Fact, { kind: K }>, facts: readonly Fact[]): void {
  effects[fact.kind as K](state, fact, facts)
  if (!state.isRecalled) return
  // Once the lender has taken the debt back, whatever is or becomes owed leaves the books.
  for (const part of parts) {
    state.recalled[part] += state.owed[part]
    state.owed[part] = 0
  }
}

/** The charges of a morning, on what was owed the evening before. */
function dawn (state: State, day: string, facts: readonly Fact[]): void {
  const { debt, debt: { rules }, owed } = state
  if (state.isRecalled) return
  const { principal } = owed
  if (rules.daily !== null && !isHeld(facts, 'stopsInterest', day)) state.exact = addR(state.exact, mulR(wholeR(principal), rules.daily))
  const posted = Number(roundR(state.exact))
  owed.interest += posted - state.posted
  state.posted = posted
  const first = firstFeeDay(debt)
  // Nothing but fees is unpaid: that makes no debt late.
  const isLate = owed.principal + owed.interest + owed.costs > 0
  if (rules.lateFee === null || !state.isFeeOpen || first === null || day < first || !isLate || isHeld(facts, 'stopsLateFees', day)) return
  const { of } = rules.lateFee
  const fee = 'amount' in of ? of.amount : Math.min(of.max, Number(roundR(mulR(wholeR(principal), rational(of.rate)))))
  state.isFeeOpen = false
  state.fees.push(fee)
  owed.penalty += fee
}

/** What all payments up to a recovered sum earn on a scale. */
function earnedBy (slices: readonly Slice[], max: number, recovered: number): number {
  let sum = zeroR
  let from = 0
  for (const { upTo, rate } of slices) {
    const to = Math.min(recovered, upTo ?? recovered)
    if (to > from) sum = addR(sum, mulR(wholeR(to - from), rational(rate)))
    from = Math.max(from, to)
  }
  return Number(roundR(compareR(sum, wholeR(max)) > 0 ? wholeR(max) : sum))
}

/** Gives each payment that stands its commission: in the order they were received, those of one day in the order they were written down. */
function earn ({ debt: { rules: { commission, isWithheld } }, payments }: State): void {
  let recovered = 0
  for (const paid of [...payments.values()].filter(({ isUndone }) => !isUndone)) {
    const base = commission.base.reduce((sum, part) => sum + paid.allocated[part], 0)
    const { scale } = commission
    paid.commission = 'flat' in scale ? Number(roundR(mulR(wholeR(base), rational(scale.flat)))) : earnedBy(scale.slices, scale.max, recovered + base) - earnedBy(scale.slices, scale.max, recovered)
    recovered += base
    paid.vat = Number(roundR(mulR(wholeR(paid.commission), rational(commission.vat))))
    paid.withheld = isWithheld && paid.by === 'agency' ? Math.min(paid.commission + paid.vat, total(paid.allocated)) : 0
  }
}

/** Audits a debt: all that follows from its facts, through a day. Facts of one day keep the order in which they were written down; the charges of the morning come first. */
export function audit (debt: Debt, facts: readonly Fact[], through: string): Audited {
  const state: State = { debt, owed: { ...debt.opening }, exact: zeroR, posted: 0, fees: [], isFeeOpen: true, isRecalled: false, waived: nothing(), recalled: nothing(), payments: new Map() }
  const days = new Map<string, Owed>()
  for (let day = debt.placedOn; day <= through; day = addDays(day, 1)) {
    if (day > debt.placedOn) dawn(state, day, facts)
    // A recall comes last: it takes what the day has left.
    for (const isRecall of [false, true]) for (const fact of facts) if (fact.on === day && (fact.kind === 'recall') === isRecall) happen(state, fact, facts)
    days.set(day, { ...state.owed })
  }
  earn(state)
  const { owed, exact, posted, fees, waived, recalled, payments } = state
  return { days, owed, interest: { exact, posted }, fees, waived, recalled, payments, ledger: ledgerOf(state) }
}

function ledgerOf ({ debt: { opening }, owed, posted, fees, waived, recalled, payments }: State): Record<string, number> {
  const live = [...payments.values()].filter(({ isUndone }) => !isUndone)
  const agency = live.filter(({ by }) => by === 'agency')
  const sum = (of: readonly Paid[], amount: (paid: Paid) => number): number => of.reduce((all, paid) => all + amount(paid), 0)
  const collected = sum(agency, ({ allocated }) => total(allocated))
  const refund = sum(agency, ({ overpaid }) => overpaid)
  const pending = sum(agency.filter(({ isPending }) => isPending), ({ amount }) => amount)
  const withheld = sum(live, paid => paid.withheld)
  const commission = sum(live, paid => paid.commission)
  const vat = sum(live, paid => paid.vat)
  const ledger: Record<string, number> = {
    'D.PRINCIPAL': owed.principal, 'D.INTEREST': owed.interest, 'D.PENALTY': owed.penalty, 'D.COSTS': owed.costs,
    'C.PLACED': -total(opening), 'C.ACCRUED': -posted, 'C.CHARGED': -fees.reduce((a, b) => a + b, 0),
    'C.COLLECTED_AGENCY': collected, 'C.COLLECTED_DIRECT': sum(live.filter(({ by }) => by === 'lender'), ({ allocated }) => total(allocated)),
    'C.WAIVED': total(waived), 'C.RECALLED': total(recalled),
    'T.BANK': collected + refund - pending, 'T.CLEARING': pending, 'T.CLIENT': withheld - collected, 'T.REFUND': -refund, 'T.AGENCY': -withheld,
    'O.DUE_FROM_TRUST': withheld, 'O.AR': commission + vat - withheld, 'O.COMMISSION_INCOME': -commission, 'O.VAT_OUTPUT': -vat,
  }
  // A zero of either sign is no balance.
  return Object.fromEntries(Object.entries(ledger).filter(([, net]) => net !== 0))
}
