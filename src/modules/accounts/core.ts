import { daysBetween, problem } from '#kernel'
import type { CalendarDay } from '#kernel'

export const AccountClosed = problem('account-closed', 409, 'No placement of the account is at work.', 'Read the account: `closedAt` says since when. Place it again to go on.')

/** How far along a debt is. It goes backwards only by an audited move. */
export const stages = ['preDue', 'early', 'amicable', 'preLegal', 'legal', 'enforcement'] as const
export type Stage = typeof stages[number]

/** What a party has to do with a debt. */
export const partyRoles = ['borrower', 'coBorrower', 'guarantor', 'legalRepresentative', 'heir', 'contactOnly'] as const
export type PartyRole = typeof partyRoles[number]

/** Parties with these roles owe the debt and may be asked to pay it. */
export const liableRoles: readonly PartyRole[] = ['borrower', 'coBorrower', 'guarantor', 'heir']

/** The last day past due of each bucket of age, by default; beyond the last is `M6+`. */
const ages: readonly [name: string, lastDay: number][] = [['current', 0], ['S1', 10], ['S2', 30], ['M1', 60], ['M2', 90], ['M3', 120], ['M4-M6', 210]]
export const ageNames = [...ages.map(([name]) => name), 'M6+'] as const

/** Days a debt is past due on a day; zero up to and on the day it was due. */
export const daysPastDue = (dueOn: CalendarDay, on: CalendarDay): number => Math.max(0, daysBetween(dueOn, on))

/** The bucket of age of a debt so many days past due: the same everywhere. */
export const ageOf = (days: number): string => ages.find(([, lastDay]) => days <= lastDay)?.[0] ?? 'M6+'

/** The stage in which a debt of so many days past due is placed. */
export const stageAtPlacement = (days: number): Stage => days === 0 ? 'preDue' : days <= 30 ? 'early' : 'amicable'
