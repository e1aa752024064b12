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

/** A rate that follows an index, in per cent of a year of 365 days: read on the day it is earned for, or on the day the debt was due. */
export interface Following { read: 'daily' | 'due', margin: string, cap: string, floor: string }

/** What was agreed, in the auditor's own words. `daily` is what one minor unit of principal earns in a day. */
export interface Rules {
  daily: Rational | Following | null
  lateFee: { graceDays: number, of: { amount: number } | { rate: string, max: number } } | null
  /** What a payment to the agency that comes back costs, at most the payment. */
  returnFee: number | null
  order: readonly Part[]
  commission: { base: readonly Part[], vat: string, scale: { flat: string } | { slices: readonly Slice[], max: number } }
  isWithheld: boolean
  /** For how many days after a recall payments still count. */
  tailDays: number
}

/** Values of the index, each from its day on, as they were known when the debt was last looked at. */
export type Values = ReadonlyMap<string, string>

/** A placement of a debt: what it owed then, and since when it counts. */
export interface Stint { opening: Owed, placedOn: string, dueOn: string, values: Values }

/** A debt as it was placed first. */
export interface Debt extends Stint { rules: Rules }

/** What changes what is owed and is no payment. */
export const changes = ['cost', 'discount', 'writeOff', 'balance', 'waiver'] as const
export type Change = typeof changes[number]

/** What happened, in the order it was written down, each with the day it took effect. Those of receipts are of money that is nobody's yet. */
export type Fact =
  | { kind: 'payment', id: string, on: string, amount: number, by: 'agency' | 'lender', isPending: boolean, receipt?: string }
  | { kind: 'clearing', of: string, on: string }
  | { kind: 'reversal', of: string, on: string, isReturned: boolean }
  | { kind: 'change', id: string, what: Change, raised: Owed, lowered: Owed, on: string }
  | { kind: 'undoing', of: string, on: string }
  | { kind: 'recall' | 'return', on: string }
  | { kind: 'placement', on: string, stint: Stint }
  | { kind: 'hold', on: string, until: string | null, stopsInterest: boolean, stopsLateFees: boolean }
  | { kind: 'receipt', id: string, on: string, amount: number, isPending: boolean }
  | { kind: 'receiptClearing', of: string, on: string }
  | { kind: 'receiptReturn', of: string, on: string, amount: number }

/** A payment as it stands: what it settles and what it earned; nothing of it is left when it was undone. */
export interface Paid { by: 'agency' | 'lender', on: string, amount: number, allocated: Owed, overpaid: number, commission: number, vat: number, withheld: number, costsRecovered: number, isPending: boolean, isOfReceipt: boolean, isOfTail: boolean, isUndone: boolean }

export interface Audited {
  /** What is owed at the end of each day. */
  days: Map<string, Owed>
  owed: Owed
  interest: { exact: Rational, posted: number }
  fees: number[]
  changed: Record<Change, number>
  recalled: Owed
  payments: Map<string, Paid>
  /** What should stand on each ledger account for this debt, debits less credits. */
  ledger: Record<string, number>
}

export const nothing = (): Owed => ({ principal: 0, interest: 0, penalty: 0, costs: 0 })
export const total = (of: Owed): number => parts.reduce((sum, part) => sum + of[part], 0)

/** A change as it came to be: `turn` is the placement it was made under. */
interface Made { what: Change, on: string, asked: { raised: Owed, lowered: Owed }, lowered: Owed, turn: number, isUndone: boolean }

interface State {
  rules: Rules, stint: Stint, turn: number, owed: Owed, exact: Rational, posted: number, earlier: number, fees: number[], isFeeOpen: boolean, hasLateFee: boolean, isResting: boolean, isRecalled: boolean
  made: Map<string, Made>, changed: Record<Change, number>, restated: number, gone: number, recalled: Owed, payments: Map<string, Paid & { turn: number }>
}

/** True when a day began on hold. */
const isHeld = (facts: readonly Fact[], what: 'stopsInterest' | 'stopsLateFees', day: string): boolean =>
  facts.some(fact => fact.kind === 'hold' && fact[what] && fact.on < day && (fact.until === null || day <= fact.until))

/** The first day on which a debt is late: its days of grace are over since it was both due and placed. */
const firstFeeDay = ({ lateFee }: Rules, { dueOn, placedOn }: Stint): string | null => lateFee === null ? null : addDays(dueOn > placedOn ? dueOn : placedOn, lateFee.graceDays + 1)

/** What one minor unit of principal earns on a day. An index without a value earns nothing. */
function dailyOf ({ daily }: Rules, { values, dueOn }: Stint, day: string): Rational {
  if (daily === null || !('read' in daily)) return daily ?? zeroR
  const asked = daily.read === 'daily' ? day : dueOn
  const known = [...values].filter(([from]) => from <= asked).sort().at(-1)
  if (known === undefined) return zeroR
  const rate = addR(rational(known[1]), rational(daily.margin))
  const bounded = compareR(rate, rational(daily.cap)) > 0 ? rational(daily.cap) : compareR(rate, rational(daily.floor)) < 0 ? rational(daily.floor) : rate
  return mulR(bounded, rational('1/36500'))
}

/** The order of a day: what was charged is due; principal that is not due yet comes after it. */
export const orderOn = (order: readonly Part[], dueOn: string, on: string): readonly Part[] => on < dueOn ? [...order.filter(part => part !== 'principal'), 'principal'] : order

/** Raises parts, then lowers others as far as they go; answers what was lowered. */
function move (owed: Owed, raised: Owed, lowered: Owed): Owed {
  const taken = nothing()
  for (const part of parts) {
    owed[part] += raised[part]
    taken[part] = Math.min(lowered[part], owed[part])
    owed[part] -= taken[part]
  }
  return taken
}

const effects: { [K in Fact['kind']]: (state: State, fact: Extract<Fact, { kind: K }>, facts: readonly Fact[]) => void } = {
  payment ({ rules: { order }, stint: { dueOn }, owed, recalled, isRecalled, payments, turn }, { id, on, amount, by, isPending, receipt }) {
    const allocated = nothing()
    // What was recalled comes back to be settled; what is left of it goes again when the payment is done.
    if (isRecalled) for (const part of parts) [owed[part], recalled[part]] = [owed[part] + recalled[part], 0]
    let left = amount
    for (const part of orderOn(order, dueOn, on)) {
      allocated[part] = Math.min(left, owed[part])
      owed[part] -= allocated[part]
      left -= allocated[part]
    }
    payments.set(id, { by, on, amount, allocated, overpaid: left, commission: 0, vat: 0, withheld: 0, costsRecovered: 0, isPending, isOfReceipt: receipt !== undefined && !isPending, isOfTail: isRecalled, isUndone: false, turn })
  },
  clearing ({ payments }, { of }) {
    payments.get(of)!.isPending = false
  },
  reversal (state, { of, on, isReturned }, facts) {
    const { owed, payments, rules, stint } = state
    const paid = payments.get(of)!
    paid.isUndone = true
    // What settled a part that was recalled before the debt was placed again is recalled again.
    if (paid.isOfTail && paid.turn !== state.turn) state.gone += total(paid.allocated)
    else for (const part of parts) owed[part] += paid.allocated[part]
    // Nothing is charged for what an earlier placement was paid.
    if (!isReturned || paid.by !== 'agency' || rules.returnFee === null || state.isResting || paid.turn !== state.turn || isHeld(facts, 'stopsLateFees', on)) return
    const fee = Math.min(rules.returnFee, paid.amount)
    state.fees.push(fee)
    owed.penalty += fee
    // One event, one fee: if the debt should have been late already, it was not for this payment, and it is not late for its return as well.
    for (let day = firstFeeDay(rules, stint); day !== null && day <= on; day = addDays(day, 1)) if (!isHeld(facts, 'stopsLateFees', day)) state.isFeeOpen = false
  },
  change ({ owed, made, changed, turn }, { id, what, raised, lowered, on }) {
    const taken = move(owed, raised, lowered)
    changed[what] += total(raised) - total(taken)
    made.set(id, { what, on, asked: { raised, lowered }, lowered: taken, turn, isUndone: false })
  },
  undoing ({ owed, made, changed, turn }, { of }) {
    const one = made.get(of)!
    one.isUndone = true
    // What an earlier placement brought is undone as it was written down.
    const given = one.turn === turn ? one.lowered : one.asked.lowered
    const taken = move(owed, nothing(), one.asked.raised)
    move(owed, given, nothing())
    changed[one.what] += total(given) - total(taken)
  },
  recall (state) {
    state.isResting = true
    state.isRecalled = true
  },
  return (state) {
    state.isResting = true
  },
  placement (state, { stint }) {
    state.restated += total(stint.opening) - total(state.owed)
    Object.assign(state, { stint, turn: state.turn + 1, owed: { ...stint.opening }, earlier: state.earlier + state.posted, exact: zeroR, posted: 0, gone: state.gone + total(state.recalled), recalled: nothing(), isFeeOpen: !state.hasLateFee, isResting: false, isRecalled: false })
  },
  // A hold is no event of a day but a stretch of time: the mornings look for it.
  hold () {},
  // What is nobody's is no debt's: see `purseOf`.
  receipt () {},
  receiptClearing ({ payments }, { of }, facts) {
    for (const fact of facts) if (fact.kind === 'payment' && fact.receipt === of && payments.has(fact.id)) payments.get(fact.id)!.isPending = false
  },
  receiptReturn () {},
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
  const { rules, stint, owed } = state
  if (state.isResting) return
  const { principal } = owed
  if (!isHeld(facts, 'stopsInterest', day)) state.exact = addR(state.exact, mulR(wholeR(principal), dailyOf(rules, stint, day)))
  const posted = Number(roundR(state.exact))
  owed.interest += posted - state.posted
  state.posted = posted
  const first = firstFeeDay(rules, stint)
  // Nothing but fees is unpaid: that makes no debt late.
  const isLate = owed.principal + owed.interest + owed.costs > 0
  if (rules.lateFee === null || !state.isFeeOpen || first === null || day < first || !isLate || isHeld(facts, 'stopsLateFees', day)) return
  const { of } = rules.lateFee
  const fee = 'amount' in of ? of.amount : Math.min(of.max, Number(roundR(mulR(wholeR(principal), rational(of.rate)))))
  state.isFeeOpen = false
  state.hasLateFee ||= fee > 0
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

/** Gives each payment that stands its commission, and the agency of it the costs it advanced: in the order they were received, those of one day in the order they were written down. */
function earn ({ rules: { commission, isWithheld }, payments, made }: State): void {
  const costs = [...made.values()].filter(({ what, isUndone }) => what === 'cost' && !isUndone)
  let recovered = 0
  let costsBack = 0
  for (const paid of [...payments.values()].filter(({ isUndone }) => !isUndone)) {
    const advanced = costs.reduce((sum, { on, asked }) => on <= paid.on ? sum + asked.raised.costs : sum, 0)
    paid.costsRecovered = Math.min(paid.allocated.costs, Math.max(0, advanced - costsBack))
    costsBack += paid.costsRecovered
    const base = commission.base.reduce((sum, part) => sum + paid.allocated[part], 0) - (commission.base.includes('costs') ? paid.costsRecovered : 0)
    const { scale } = commission
    paid.commission = 'flat' in scale ? Number(roundR(mulR(wholeR(base), rational(scale.flat)))) : earnedBy(scale.slices, scale.max, recovered + base) - earnedBy(scale.slices, scale.max, recovered)
    recovered += base
    paid.vat = Number(roundR(mulR(wholeR(paid.commission), rational(commission.vat))))
    paid.withheld = isWithheld && paid.by === 'agency' ? Math.min(paid.commission + paid.vat, total(paid.allocated) - paid.costsRecovered) : 0
  }
}

/** Audits a debt: all that follows from its facts, through a day. Facts of one day keep the order in which they were written down; the charges of the morning come first. */
export function audit (debt: Debt, facts: readonly Fact[], through: string): Audited {
  const state: State = {
    rules: debt.rules, stint: debt, turn: 0, owed: { ...debt.opening }, exact: zeroR, posted: 0, earlier: 0, fees: [], isFeeOpen: true, hasLateFee: false, isResting: false, isRecalled: false,
    made: new Map(), changed: { cost: 0, discount: 0, writeOff: 0, balance: 0, waiver: 0 }, restated: 0, gone: 0, recalled: nothing(), payments: new Map(),
  }
  const days = new Map<string, Owed>()
  for (let day = debt.placedOn; day <= through; day = addDays(day, 1)) {
    // What is told of a debt once it is placed again changes nothing of the time before.
    const known = (): readonly Fact[] => facts.slice(0, nextPlacement(facts, state.turn))
    if (day > debt.placedOn) dawn(state, day, known())
    // What ends a placement comes last: a recall takes what the day has left.
    for (const isEnd of [false, true]) for (const fact of facts) if (fact.on === day && (fact.kind === 'recall' || fact.kind === 'return') === isEnd) happen(state, fact, known())
    days.set(day, { ...state.owed })
  }
  earn(state)
  const { owed, exact, posted, earlier, fees, changed, recalled, payments } = state
  return { days, owed, interest: { exact, posted: earlier + posted }, fees, changed, recalled, payments, ledger: ledgerOf(state, debt.opening) }
}

/** Where among the facts the placement after the `turn`-th is; their number when there is none. */
function nextPlacement (facts: readonly Fact[], turn: number): number {
  const at = facts.flatMap((fact, i) => fact.kind === 'placement' ? [i] : [])
  return at[turn] ?? facts.length
}

function ledgerOf ({ owed, posted, earlier, fees, changed, restated, gone, recalled, payments, made, rules }: State, opening: Owed): Record<string, number> {
  const live = [...payments.values()].filter(({ isUndone }) => !isUndone)
  const agency = live.filter(({ by }) => by === 'agency')
  const sum = (of: readonly Paid[], amount: (paid: Paid) => number): number => of.reduce((all, paid) => all + amount(paid), 0)
  const collected = sum(agency, ({ allocated }) => total(allocated))
  const refund = sum(agency, ({ overpaid }) => overpaid)
  const pending = sum(agency.filter(({ isPending }) => isPending), ({ amount }) => amount)
  const ofReceipts = sum(agency.filter(({ isOfReceipt }) => isOfReceipt), ({ amount }) => amount)
  const withheld = sum(live, paid => paid.withheld)
  const commission = sum(live, paid => paid.commission)
  const vat = sum(live, paid => paid.vat)
  const advanced = [...made.values()].reduce((all, { what, asked, isUndone }) => what === 'cost' && !isUndone ? all + asked.raised.costs : all, 0)
  const costsKept = sum(rules.isWithheld ? agency : [], paid => paid.costsRecovered)
  const costsBilled = sum(live, paid => paid.costsRecovered) - costsKept
  const ledger: Record<string, number> = {
    'D.PRINCIPAL': owed.principal, 'D.INTEREST': owed.interest, 'D.PENALTY': owed.penalty, 'D.COSTS': owed.costs,
    'C.PLACED': -total(opening), 'C.ACCRUED': -earlier - posted, 'C.CHARGED': -fees.reduce((a, b) => a + b, 0) - changed.cost,
    'C.COLLECTED_AGENCY': collected, 'C.COLLECTED_DIRECT': sum(live.filter(({ by }) => by === 'lender'), ({ allocated }) => total(allocated)),
    'C.DISCOUNTED': -changed.discount, 'C.WRITTEN_OFF': -changed.writeOff, 'C.WAIVED': -changed.waiver, 'C.ADJUSTED': -changed.balance - restated, 'C.RECALLED': gone + total(recalled),
    'T.BANK': collected + refund - pending - ofReceipts, 'T.CLEARING': pending, 'T.UNAPPLIED': ofReceipts, 'T.CLIENT': withheld + costsKept - collected, 'T.REFUND': -refund, 'T.AGENCY': -withheld - costsKept,
    'O.DUE_FROM_TRUST': withheld + costsKept, 'O.AR': commission + vat - withheld + costsBilled, 'O.COMMISSION_INCOME': -commission, 'O.VAT_OUTPUT': -vat,
    'O.COSTS_ADVANCED': advanced - costsKept - costsBilled, 'O.BANK': -advanced,
  }
  // A zero of either sign is no balance.
  return Object.fromEntries(Object.entries(ledger).filter(([, net]) => net !== 0))
}

/** A receipt as it stands: what is still nobody's of it, what of it went to debts straight from where it lay, and where it is. */
export interface Purse { left: number, taken: number, isPending: boolean, on: string, clearedOn: string | null }

/** What has become of a receipt. */
export function purseOf (facts: readonly Fact[], id: string): Purse {
  const purse: Purse = { left: 0, taken: 0, isPending: false, on: '', clearedOn: null }
  const made = new Map<string, Extract<Fact, { kind: 'payment' }>>()
  for (const fact of facts) {
    if (fact.kind === 'receipt' && fact.id === id) Object.assign(purse, { left: fact.amount, isPending: fact.isPending, on: fact.on, clearedOn: fact.isPending ? null : fact.on })
    if (fact.kind === 'payment' && fact.receipt === id) {
      made.set(fact.id, fact)
      purse.left -= fact.amount
      if (!fact.isPending) purse.taken += fact.amount
    }
    const undone = fact.kind === 'reversal' ? made.get(fact.of) : undefined
    if (fact.kind === 'reversal' && undone !== undefined) {
      // A mistake is the receipt's again; what came back unpaid has left it, and the bank.
      if (!fact.isReturned) purse.left += undone.amount
      if (!undone.isPending) purse.taken -= undone.amount
    }
    if (fact.kind === 'receiptClearing' && fact.of === id) Object.assign(purse, { isPending: false, clearedOn: fact.on })
    if (fact.kind === 'receiptReturn' && fact.of === id) purse.left -= fact.amount
  }
  return purse
}
