import type { Test } from 'tap'
import { decide } from '../../src/modules/policy/core.ts'
import type { Action, Attempt, Facts } from '../../src/modules/policy/facts.core.ts'
import { packsNamed } from '../../src/modules/policy/library.core.ts'
import type { Pack } from '../../src/modules/policy/pack.core.ts'

/** Packs as the rows below name them. */
export const packs = (names: string): readonly Pack[] => packsNamed(names.split(' '), '2027-06-01')

const base = { debts: ['loan-1'], party: 'borrower', person: 'ann', number: 'num-1', collector: 'us', disclosures: ['fromDebtCollector'], optOutMethod: 'replyStop' } as const
/** A contact of the borrower, in order but for what a row says. */
export const action = (at: string, channel: Action['channel'], more: Partial<Action> = {}): Action => ({ ...base, debts: [...base.debts], disclosures: [...base.disclosures], at, channel, ...more })
/** A contact of the past. */
export const past = (at: string, outcome: Attempt['outcome'], more: Partial<Attempt> = {}): Attempt =>
  ({ at, channel: 'call', direction: 'out', outcome, person: 'ann', number: 'num-1', debts: ['loan-1'], collector: 'us', ...more })
/** Contacts on several days, at 16:00 UTC where no time is given. */
export const many = (days: string[], outcome: Attempt['outcome'], more: Partial<Attempt> = {}): Attempt[] => days.map(day => past(day.includes('T') ? day : `${day}T16:00:00Z`, outcome, more))
/** Days of a month, from one to another. */
export const days = (month: string, from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, i) => `${month}-${String(from + i).padStart(2, '0')}`)

/** Facts of a borrower in a zone, with a history that is known and empty. */
export const at = (timeZone: string, more: Facts = {}): Facts => ({ timeZones: [timeZone], history: [], ...more })
export const shanghai = (more: Facts = {}) => at('Asia/Shanghai', more)
export const newYork = (more: Facts = {}) => at('America/New_York', more)
export const london = (flags: Record<string, boolean> = {}, more: Facts = {}) => at('Europe/London', { flags, ...more })
export const sydney = (more: Facts = {}) => at('Australia/Sydney', { publicHolidays: ['2027-06-14', '2027-12-25'], ...more })

/** What a row expects: allowed; the earliest instant with the rules that make it wait; or the rules that deny. */
export type Expected = 'allowed' | [earliest: string, ...rules: string[]] | ['denied', ...rules: string[]]
/** A row: what is promised, by which packs, for which facts and contact. */
export type Row = [promise: string, packs: string, facts: Facts, action: Action, expected: Expected]

/** Holds every row against the evaluator. */
export function check (t: Pick<Test, 'equal' | 'same'>, rows: Row[]): void {
  for (const [promise, names, facts, asked, expected] of rows) {
    const verdict = decide(packs(names), facts, asked)
    const [first, ...rules] = expected === 'allowed' ? [null] : expected
    t.equal(verdict.verdict, expected === 'allowed' ? 'allowed' : first === 'denied' ? 'denied' : 'wait', promise)
    t.equal(verdict.earliestAllowedAt, first === 'denied' ? null : first, `${promise}: when`)
    t.same(verdict.reasons.map(({ rule }) => rule).sort(), [...rules].sort(), `${promise}: why`)
  }
}
