import { addDays, buckets, dayIn, noBuckets } from '#kernel'
import type { Bucket, Buckets, CalendarDay, Id } from '#kernel'
import type { AllocationVerdict } from '../policy/allocation.core.ts'

/** Where an order is from: what was agreed, the law, or, where neither says one, ours. */
export const orderSources = ['agreement', 'law', 'default'] as const

/** The order in which payments settle a debt, and where it is from: `clause` of an order by law, `policyDecisionId` what the law was found to say. */
export interface Order { order: Bucket[], source: typeof orderSources[number], clause: string | null, policyDecisionId: Id<'policyDecision'> }

/** How payments settle a debt: in which order, and what of it last, and when. */
export interface Settling extends Order { disputes: readonly Disputed[] }

/**
 * The order where neither an agreement nor a law that is known says one: costs, interest, principal, as BGB 367(1) and the Civil Code of China, article 561, have it, with penalties
 * where interest is and before it. It is what lenders' books assume; and a borrower who pays what is due is not charged again for it, since no late fee comes of fees alone.
 */
export const defaultOrder: readonly Bucket[] = ['costs', 'penalty', 'interest', 'principal']

const isPart = (name: string): name is Bucket => buckets.some(bucket => bucket === name)

/** The order that holds: what was agreed, unless mandatory law says otherwise and does not let it be agreed; where nothing was agreed what the law says, and where it is silent ours. */
export function chosenOrder (agreed: readonly Bucket[] | undefined, { isAgreed, order, rule }: Pick<AllocationVerdict, 'isAgreed' | 'order' | 'rule'>): Omit<Order, 'policyDecisionId'> {
  const isBinding = rule !== null && !isAgreed && rule.strength === 'mandatory'
  if (agreed !== undefined && !isBinding) return { order: [...agreed], source: 'agreement', clause: null }
  if (rule !== null) return { order: order.filter(isPart), source: 'law', clause: rule.clause }
  return { order: [...defaultOrder], source: 'default', clause: null }
}

/** So much of each part of a debt as is disputed, from one day up to and including another; `to` is null while the dispute is open. */
export interface Disputed { from: CalendarDay, to: CalendarDay | null, parts: Buckets }

/** A dispute as it is stored. */
export interface StoredDispute { openedAt: string, resolvedAt: string | null, disputed: Partial<Buckets> }

/** The days of disputes in the debtor's calendar: a day belongs to a dispute that is open as it ends, so that what is opened and resolved in one day changes nothing. */
export const disputedDays = (disputes: readonly StoredDispute[], timeZone: string): Disputed[] => disputes.map(({ openedAt, resolvedAt, disputed }) => ({
  from: dayIn(timeZone, new Date(openedAt)), to: resolvedAt === null ? null : addDays(dayIn(timeZone, new Date(resolvedAt)), -1), parts: { ...noBuckets, ...disputed },
})).filter(({ from, to }) => to === null || from <= to)

/** What is disputed of a debt on a day. A debt has one open dispute at most. */
export const disputedOn = (disputes: readonly Disputed[], on: CalendarDay): Buckets => disputes.find(({ from, to }) => from <= on && (to === null || on <= to))?.parts ?? noBuckets
