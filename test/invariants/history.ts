import fc from 'fast-check'
import { ratio } from '#kernel'
import type { AgreementTerms } from '../../src/modules/lenders/index.ts'
import type { Owed, Part, Rules } from './auditor.ts'

/** How many histories, and from which seed. */
export const runs = Number(process.env['FC_RUNS'] ?? 1_000)
export const seed = Number(process.env['FC_SEED'] ?? Math.trunc(Math.random() * 2 ** 31))

/** How many days are lived. Everything happens on one of them; the last is for facts that all come late. */
export const daysMax = 14

/** A lender of the histories: what it agreed, as the application is told and as the auditor understands it. `plan` is its commission plan, if it has one. */
export interface Agreed { terms: Partial<AgreementTerms>, plan: object | null, rules: Rules }

const parts: Part[] = ['costs', 'penalty', 'interest', 'principal']

/** The reference rate that some lenders' interest follows. */
export const rateName = 'houseRate'

/** Lenders that differ in all that matters: what is charged and by which rate, in which order it is paid, what it earns, and how money is passed on. */
export const agreements: readonly Agreed[] = [
  {
    terms: { commission: { base: ['principal', 'interest'], rate: '0.3', vatRate: '0.2' }, interest: { rate: '36.5', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 6, amount: 25_00 }, { code: 'returned', trigger: 'returnedPayment', amount: 8_00, capByPayment: true }], remittance: 'net' },
    plan: null,
    rules: { daily: ratio(1n, 1_000n), lateFee: { graceDays: 6, of: { amount: 25_00 } }, returnFee: 8_00, order: parts, commission: { base: ['principal', 'interest'], vat: '0.2', scale: { flat: '0.3' } }, isWithheld: true, tailDays: 0 },
  },
  {
    terms: {
      commission: { base: ['principal'], rate: '1/3', vatRate: '0.19' }, interest: { rate: '17.5', unit: 'per10k_day', dayCount: 'ACT/360' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 3, rate: '0.05', feeMax: 30_00 }],
      allocation: ['principal', 'interest', 'penalty', 'costs'], remittance: 'gross',
    },
    plan: null,
    rules: {
      daily: ratio(175n, 100_000n), lateFee: { graceDays: 3, of: { rate: '0.05', max: 30_00 } }, returnFee: null, order: ['principal', 'interest', 'penalty', 'costs'], commission: { base: ['principal'], vat: '0.19', scale: { flat: '1/3' } }, isWithheld: false, tailDays: 0,
    },
  },
  {
    terms: { interest: { rate: '12.25', unit: 'pct_year', dayCount: 'ACT/360' }, lateFees: [], remittance: 'combined' },
    plan: {
      base: ['principal', 'interest', 'penalty'], vat: { rate: '0.06' }, recover: 'withhold', perClaim: { max: 150_00 }, tailDays: 4,
      rows: [{ method: { kind: 'marginal', on: 'claimToDate', tiers: [{ upTo: 300_00, rate: '0.4' }, { upTo: null, rate: '0.15' }] } }],
    },
    rules: {
      daily: ratio(1225n, 3_600_000n), lateFee: null, returnFee: null, order: parts, isWithheld: true, tailDays: 4,
      commission: { base: ['principal', 'interest', 'penalty'], vat: '0.06', scale: { slices: [{ upTo: 300_00, rate: '0.4' }, { upTo: null, rate: '0.15' }], max: 150_00 } },
    },
  },
  {
    terms: {
      commission: { base: ['principal', 'costs'], rate: '0.25', vatRate: '0.1' }, interest: { index: rateName, marginPoints: '5', reset: 'floatingDaily', cap: '30', floor: '8', unit: 'pct_year', dayCount: 'ACT/365F' },
      lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 4, amount: 12_00 }, { code: 'returned', trigger: 'returnedPayment', amount: 8_00, capByPayment: true }], remittance: 'net',
    },
    plan: null,
    rules: {
      daily: { read: 'daily', margin: '5', cap: '30', floor: '8' }, lateFee: { graceDays: 4, of: { amount: 12_00 } }, returnFee: 8_00, order: parts, commission: { base: ['principal', 'costs'], vat: '0.1', scale: { flat: '0.25' } }, isWithheld: true, tailDays: 0,
    },
  },
  {
    terms: {
      commission: { base: ['principal', 'interest'], rate: '0.2', vatRate: '0' }, interest: { index: rateName, marginPoints: '9', reset: 'frozenAtDefault', cap: '36', floor: '0', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [],
      allocation: ['costs', 'principal', 'penalty', 'interest'], remittance: 'combined',
    },
    plan: null,
    rules: {
      daily: { read: 'due', margin: '9', cap: '36', floor: '0' }, lateFee: null, returnFee: null, order: ['costs', 'principal', 'penalty', 'interest'], commission: { base: ['principal', 'interest'], vat: '0', scale: { flat: '0.2' } }, isWithheld: true, tailDays: 0,
    },
  },
]

/** Something that is tried on a day (`at`). Whether the application takes it is the auditor's to say, too. */
export type Act =
  | { kind: 'pay', at: number, late: number, amount: number, by: 'agency' | 'lender', pending: boolean }
  | { kind: 'clear', at: number, which: number }
  | { kind: 'payRest', at: number, by: 'agency' | 'lender' }
  | { kind: 'undo', at: number, which: number, after: number, reason: 'nsf' | 'clerical' }
  | { kind: 'waive', at: number, late: number, which: number }
  | { kind: 'change', at: number, late: number, what: 'cost' | 'discount' | 'writeOff' | 'balance', amount: number, part: Part, other: Part, how: 'amount' | 'parts' | 'all' }
  | { kind: 'unchange', at: number, which: number, after: number }
  | { kind: 'receive', at: number, late: number, amount: number, pending: boolean }
  | { kind: 'apply', at: number, which: number, amount: number | null }
  | { kind: 'clearReceipt' | 'giveBack', at: number, which: number }
  | { kind: 'placeAgain', at: number, dueIn: number, opening: Owed }
  | { kind: 'hold', at: number, late: number, hold: 'breathingSpace' | 'complaint' | 'disaster', forDays: number | null }
  | { kind: 'release', at: number }
  | { kind: 'recall' | 'return', at: number }

/** One debt's history, with a lender of one of the agreements. `placedLate`: it is handed over so many days after the day it counts from. */
export interface History { agreement: number, lender: number, placedAt: number, placedLate: number, dueIn: number, opening: Owed, acts: Act[] }

/** So many debts share a lender: few enough that what one debt takes back is missed. */
export const debtsPerLender = 24

const at = fc.nat({ max: daysMax - 1 })
const by = fc.constantFrom('agency' as const, 'agency' as const, 'lender' as const)
const late = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 2, arbitrary: fc.integer({ min: 1, max: 9 }) })
const amount = fc.oneof({ weight: 5, arbitrary: fc.integer({ min: 1, max: 400_00 }) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 2_000_00 }) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 5 }) })

const pay: fc.Arbitrary<Act> = fc.record({ kind: fc.constant('pay'), at, late, amount, by, pending: fc.constantFrom(false, false, true) }, { noNullPrototype: true })
const undo: fc.Arbitrary<Act> = fc.record({ kind: fc.constant('undo'), at, which: fc.nat({ max: 4 }), after: fc.oneof(fc.constant(0), fc.nat({ max: 8 })), reason: fc.constantFrom('nsf', 'clerical') }, { noNullPrototype: true })

const clear: fc.Arbitrary<Act> = fc.record({ kind: fc.constant('clear'), at, which: fc.nat({ max: 4 }) }, { noNullPrototype: true })

const part = fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.integer({ min: 1, max: 100_00 }) })
const opening: fc.Arbitrary<Owed> = fc.record({ principal: fc.integer({ min: 1, max: 1_500_00 }), interest: part, penalty: part, costs: part }, { noNullPrototype: true })
const which = fc.nat({ max: 4 })
const after = fc.oneof(fc.constant(0), fc.nat({ max: 8 }))
const anyPart = fc.constantFrom(...parts)

const change: fc.Arbitrary<Act> = fc.record({
  kind: fc.constant('change'), at, late, what: fc.constantFrom('cost', 'cost', 'discount', 'writeOff', 'balance'), amount: fc.oneof(fc.integer({ min: 1, max: 60_00 }), fc.integer({ min: 1, max: 300_00 })), part: anyPart, other: anyPart,
  how: fc.constantFrom('amount', 'amount', 'parts', 'parts', 'all'),
}, { noNullPrototype: true })
const unchange: fc.Arbitrary<Act> = fc.record({ kind: fc.constant('unchange'), at, which, after }, { noNullPrototype: true })

const act: fc.Arbitrary<Act> = fc.oneof(
  { weight: 20, arbitrary: pay },
  { weight: 10, arbitrary: undo },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('payRest' as const), at, by }, { noNullPrototype: true }) },
  { weight: 4, arbitrary: clear },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('waive' as const), at, late, which: fc.nat({ max: 12 }) }, { noNullPrototype: true }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('hold' as const), at, late, hold: fc.constantFrom('breathingSpace' as const, 'complaint' as const, 'disaster' as const), forDays: fc.option(fc.integer({ min: 1, max: 6 }), { nil: null }) }, { noNullPrototype: true }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('release' as const), at }, { noNullPrototype: true }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constantFrom('recall' as const, 'recall' as const, 'return' as const), at }, { noNullPrototype: true }) },
  { weight: 8, arbitrary: change },
  { weight: 4, arbitrary: unchange },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('receive' as const), at, late, amount, pending: fc.boolean() }, { noNullPrototype: true }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('apply' as const), at, which: fc.nat({ max: 1 }), amount: fc.option(amount, { nil: null }) }, { noNullPrototype: true }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constantFrom('clearReceipt' as const, 'giveBack' as const), at, which: fc.nat({ max: 1 }) }, { noNullPrototype: true }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('placeAgain' as const), at, dueIn: fc.integer({ min: -40, max: 6 }), opening }, { noNullPrototype: true }) },
)

const sortedByDay = (acts: readonly Act[]): Act[] => [...acts].sort((a, b) => a.at - b.at)

/** What comes late of a debt that can be told in another order. */
const told = fc.oneof({ weight: 6, arbitrary: pay }, { weight: 4, arbitrary: undo }, { weight: 2, arbitrary: clear }, { weight: 3, arbitrary: change }, { weight: 1, arbitrary: unchange })

/** Any history: a third of them are of payments, changes and their undoing alone, and can be told again in another order. */
export const history: fc.Arbitrary<History> = fc.record({
  agreement: fc.nat({ max: agreements.length - 1 }), lender: fc.nat({ max: 1_000 }), placedAt: fc.nat({ max: 3 }), placedLate: fc.constantFrom(0, 0, 0, 2), dueIn: fc.integer({ min: -40, max: 6 }),
  opening,
  acts: fc.oneof({ weight: 2, arbitrary: fc.noBias(fc.array(act, { maxLength: 16, size: 'max' })) }, { weight: 1, arbitrary: fc.noBias(fc.array(told, { maxLength: 8, size: 'max' })) }).map(sortedByDay),
}, { noNullPrototype: true })

/** True for a history whose facts can be written down in any order: what is told of it late is the same. */
export const isTellable = ({ acts }: History): boolean => acts.length > 1 && acts.every(({ kind }) => ['pay', 'undo', 'payRest', 'clear', 'change', 'unchange'].includes(kind))

/**
 * What the agency does on a day: with its lenders' money, those whose turn it is (every third, from `turn` on), or all, through today or yesterday; and what it learns of the
 * reference rate, for so many days ago (`value` null: it takes the value of that day back).
 */
export interface Round { rate: { late: number, value: string | null } | null, remit: 'none' | 'some' | 'all', turn: number, through: 0 | 1, invoices: 'none' | 'part' | 'all' }

/** The agency's own acts, day by day. */
export const rounds: fc.Arbitrary<Round[]> = fc.array(fc.record({
  rate: fc.option(fc.record({ late: fc.oneof(fc.constant(0), fc.nat({ max: 9 }), fc.constant(30)), value: fc.option(fc.constantFrom('0', '2.5', '3.1', '7/3', '12.25', '28'), { nil: null, freq: 6 }) }, { noNullPrototype: true }), { nil: null, freq: 3 }),
  remit: fc.constantFrom('none' as const, 'some' as const, 'some' as const, 'all' as const), turn: fc.nat({ max: 2 }), through: fc.constantFrom(0 as const, 0 as const, 1 as const), invoices: fc.constantFrom('none' as const, 'none' as const, 'part' as const, 'all' as const),
}, { noNullPrototype: true }), { minLength: daysMax, maxLength: daysMax })

/** The same dice for the same seed: orders of telling are not part of a history. */
export function dice (from: number): () => number {
  let state = from >>> 0
  return () => {
    state = (state + 0x6D2B79F5) >>> 0
    let n = state
    n = Math.imul(n ^ (n >>> 15), n | 1)
    n ^= n + Math.imul(n ^ (n >>> 7), n | 61)
    return ((n ^ (n >>> 14)) >>> 0) / 2 ** 32
  }
}
