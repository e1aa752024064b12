import { addDays, daysBetween } from '#kernel'
import { aDebt } from '../world.ts'
import type { Agency, Lender, World } from '../world.ts'
import { audit, total } from './auditor.ts'
import type { Audited, Debt, Fact, Owed, Stint, Values } from './auditor.ts'
import { daysMax } from './history.ts'
import type { History } from './history.ts'

export const firstDay = '2026-01-05'
export const dayOf = (n: number): string => addDays(firstDay, n)
export const lastDay = dayOf(daysMax)
export const numberOf = (day: string): number => daysBetween(firstDay, day)

/** A debt in the books, with its history, the facts that the application took, and where the auditor believes it stands. */
export interface Lived {
  history: History, debt: Debt, input: ReturnType<typeof inputOf>, lenderId: string, accountId: string, placementId: string, facts: Fact[]
  state: 'active' | 'closed' | 'recalled' | 'returned', endedOn: string | null, holds: { id: string, fact: Extract<Fact, { kind: 'hold' }> }[]
  /** What the application answered that the auditor had not expected. */
  surprises: string[]
}

/** An agency with its lenders, agreement by agreement, all the debts that live side by side, and the reference rate as it is known. */
export interface House { w: World, us: Agency, lenders: Lender[][], lived: Lived[], values: Values }

/** A debt as a lender hands it over. */
export const inputOf = ({ opening, placedOn, dueOn }: Stint) => ({ ...aDebt(), timeZone: 'UTC', jurisdiction: 'US', dueOn, placedOn, balance: opening, parties: [{ role: 'borrower' as const, kind: 'person' as const, name: 'B' }] })

/** An answer of the application, by its code. */
export interface Reply { status: number, code: string, body: Record<string, unknown> }

/** Asks the application for something. */
export async function send (house: House, path: string, body: object): Promise<Reply> {
  const reply = await house.w.call(house.us, 'POST', path, body)
  const read = reply.json<Record<string, unknown>>()
  return { status: reply.statusCode, code: reply.statusCode < 300 ? 'ok' : String(read['code']), body: read }
}

/** Compares what was answered with what the auditor expects, and says whether it was taken. */
export function isTaken (one: Lived, what: string, expected: string, { code }: Reply): boolean {
  if (code !== expected) one.surprises.push(`${what}: ${code} instead of ${expected}`)
  return code === 'ok'
}

/** Notes a fact that was taken, and where the debt stands with it. */
export function note (one: Lived, fact: Fact, today: string): void {
  one.facts.push(fact)
  const owed = total(audit(one.debt, one.facts, today).owed)
  if (fact.kind === 'recall') one.state = 'recalled'
  else if (fact.kind === 'return') one.state = 'returned'
  else if (fact.kind === 'placement') one.state = 'active'
  else if (one.state === 'active' && owed === 0) one.state = 'closed'
  else if (one.state === 'closed' && (fact.kind === 'reversal' || fact.kind === 'undoing') && owed > 0) one.state = 'active'
  one.endedOn = one.state === 'active' ? null : one.endedOn ?? today
}

/** The placement that a debt is under, or was last. */
export const stintOf = ({ debt, facts }: Lived): Stint => facts.findLast(fact => fact.kind === 'placement')?.stint ?? debt

/** What a debt owed at the end of a day, by all that is known of it. */
export const owedAt = (one: Lived, on: string): Owed => audit(one.debt, one.facts, on).owed

/** Does something that has a debt looked at again: if it is taken, a debt that was not at work meanwhile follows the reference rate as it is known by now. */
export async function looking (house: House, one: Lived, act: () => Promise<boolean>): Promise<boolean> {
  const stint = stintOf(one)
  const { values } = stint
  stint.values = house.values
  const isTaken = await act()
  if (!isTaken) stint.values = values
  return isTaken
}

/** A day of a fact that is told on another: not before the placement that a debt is under. */
export const since = (one: Lived, on: string): string => on < stintOf(one).placedOn ? stintOf(one).placedOn : on

/** The auditor's word on a debt at the end. */
export const auditOf = ({ debt, facts }: Lived): Audited => audit(debt, facts, lastDay)
