import { bucketsOf, dayIn, lessBuckets, withTotal, uuidOf } from '#kernel'
import type { Buckets, CalendarDay, Id } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx } from '#platform'
import type { AccountRow } from '../accounts/index.ts'
import { accrueThrough, changedCharges, findChargedLife, replaceCharges } from '../charges/index.ts'
import type { ChargedLife, NewCharge } from '../charges/index.ts'
import type { Changed } from '../commissions/index.ts'
import { differenceOf, listPostedLines, movedBy, negated, post } from '../ledger/index.ts'
import type { DatedLine, Entry, Line, PostedLine } from '../ledger/index.ts'
import { findLastPlacement } from '../placements/index.ts'
import { findReachedOn, insertCorrection, listPaid, reallocate } from './corrections.db.ts'
import type { CorrectionRow, PaidFact } from './corrections.db.ts'
import { cameBack } from './core.ts'
import type { CorrectionChanges, Reallocated } from './core.ts'
import { LedgerCorrected } from './events.ts'
import { live, paymentLines } from './life.core.ts'
import type { Fact, Life } from './life.core.ts'
import { orderOf } from './orders.commands.ts'
import type { Settling } from './orders.core.ts'

/** What has happened to a debt since it was placed, as it is stored, and how payments settle it. */
export interface Past { charged: ChargedLife, settling: Settling, opening: Buckets, paid: readonly PaidFact[], lines: readonly PostedLine[], facts: readonly Fact[], workedThrough: CalendarDay | null, isOurs: boolean, isRecalled: boolean }

/** A debt's life with one fact more, beside what is posted of it so far. */
export interface Relived { account: AccountRow, past: Past, life: Life }

/** Entries whose lines a debt's life explains; commission, remittances and refunds are not the debtor's. */
const isOfLife = new Set<PostedLine['kind']>(['accrual', 'lateFee', 'cost', 'waiver', 'adjustment', 'payment', 'paymentReversal', 'correction', 'recall', 'writeOff', 'discount', 'balanceAdjustment', 'adjustmentReversal'])
/** Entries that are facts. A recall is none: what it takes follows from what is owed on its day. */
const isMovement = new Set<PostedLine['kind']>(['cost', 'waiver', 'adjustment', 'writeOff', 'discount', 'balanceAdjustment', 'adjustmentReversal'])

/** Entries that say what a debt was placed, or placed again, with. */
const isOpening = new Set<PostedLine['kind']>(['placement', 'adjustment'])

/** Lives a debt again, with a fact that arrived late or by rules that changed. The caller holds the account's lock. Null when the debt was never charged or placed. */
export async function liveAgain (tx: Tx, account: AccountRow, late: Fact | null): Promise<Relived | null> {
  const past = await findPast(tx, account)
  return past === null ? null : relive(account, past, late)
}

/** Lives a debt again from its past, with a fact more. */
export function relive (account: AccountRow, past: Past, late: Fact | null): Relived {
  const facts = late === null ? past.facts : [...past.facts, late]
  const recalledOn = past.isRecalled && past.workedThrough !== null ? [past.workedThrough] : []
  const through = [past.charged.charged.position.chargedThroughOn, ...recalledOn, ...facts.map(({ on }) => on)].reduce((a, b) => a > b ? a : b)
  return { account, past, life: lifeThrough(account, past, facts, through) }
}

/** What a debt owed at the end of a day, by all that is known of it now. */
export const owedThen = (account: AccountRow, past: Past, on: CalendarDay): Buckets =>
  lifeThrough(account, past, past.facts.filter(fact => fact.on <= on), on).owed

const lifeThrough = ({ timeZone, dueOn, judgedOn }: AccountRow, { charged, settling: { order, disputes }, opening, workedThrough, isOurs, isRecalled }: Past, facts: readonly Fact[], through: CalendarDay): Life =>
  live({ opening, position: charged.beginning, timeZone, dueOn, judgedOn, placedOn: charged.charged.placedOn, limits: charged.charged.limits, terms: charged.terms, pauses: charged.pauses, order, disputes }, facts, { postingDays: charged.postingDays, through, workedThrough, isOurs, isRecalled })

/** What a debt owes at the end of a day, brought up to it or, when it has got further, by its life until then. The caller holds the account's lock. */
export async function owedOn (tx: Tx, account: AccountRow, on: CalendarDay): Promise<Buckets> {
  const past = await isLate(tx, account.id, on) ? await findPast(tx, account) : null
  return past === null ? bucketsOf(await accrueThrough(tx, account, on)) : owedThen(account, past, on)
}

/** True when something was charged, or happened, for a later day: then the debt must be lived again. */
export async function isLate (tx: Tx, accountId: Id<'account'>, on: CalendarDay): Promise<boolean> {
  const reached = await findReachedOn(tx, accountId)
  return reached !== null && on < reached
}

/** What has happened to a debt since it was last placed. The caller holds the account's lock. Null when it was never charged or placed. */
export async function findPast (tx: Tx, account: AccountRow): Promise<Past | null> {
  const placement = await findLastPlacement(tx, account.id)
  const charged = placement === null ? null : await findChargedLife(tx, account.id, placement.id)
  if (placement === null || charged === null) return null
  const posted = await listPostedLines(tx, account.id)
  // Ids are in the order of time; instants are not where a clock stands still.
  const began = uuidOf(placement.id)
  const isBefore = ({ kind, causeId, entryId }: PostedLine): boolean => (isOpening.has(kind) && causeId === began) || uuidOf(entryId) < began
  const lines = posted.filter(line => !isBefore(line) && isOfLife.has(line.kind))
  const all = await listPaid(tx, account.id)
  const paid = all.filter(({ placementId }) => placementId === placement.id)
  // What was paid under an earlier placement, and is undone under this one.
  const undone = all.filter(({ placementId, reversalId }) => placementId !== placement.id && reversalId !== null && uuidOf(reversalId) > began)
  return {
    charged, settling: await orderOf(tx, account, placement), paid, lines, opening: movedBy(posted.filter(isBefore)), facts: factsOf(paid, undone, posted, lines),
    workedThrough: placement.endedAt === null ? null : dayIn(account.timeZone, new Date(placement.endedAt)), isOurs: placement.state === 'active' || placement.state === 'closed',
    isRecalled: placement.state === 'recalled',
  }
}

/** Whether lines are of a payment that settled what a recall had taken out of the books. */
export const isOfTail = (lines: readonly Line[]): boolean => lines.some(({ debit, credit }) => debit === 'C.RECALLED' || credit === 'C.RECALLED')

/** What the undoing of a payment gives back that was made under an earlier placement, or in its tail: what the payment settles by now. */
export const givenBack = ({ receivedBy, till, overpaid, ...parts }: Pick<PaidFact, 'receivedBy' | 'till' | 'overpaid' | keyof Buckets>, isTail: boolean): Line[] =>
  negated(paymentLines(receivedBy, { allocated: bucketsOf(parts), overpaid }, till ?? undefined, isTail))

/** The facts in the order they were written down: payments and their reversals, those of earlier placements' payments (`undone`), and movements that are nobody's consequence. */
function factsOf (paid: readonly PaidFact[], undone: readonly PaidFact[], posted: readonly PostedLine[], lines: readonly PostedLine[]): Fact[] {
  const known: { fact: Fact, at: number, id: string }[] = []
  for (const { paymentId, receivedOn, amount, receivedBy, refunded, till, createdAt, reversedOn, reversedAt, reversalId, reason } of paid) {
    known.push({ fact: { kind: 'payment', paymentId, on: receivedOn, amount, receivedBy, refunded, ...till !== null && { till } }, at: Date.parse(createdAt), id: uuidOf(paymentId) })
    if (reversedOn !== null) known.push({ fact: { kind: 'reversal', paymentId, on: reversedOn, returned: cameBack(receivedBy, reason) ? amount : null }, at: Date.parse(reversedAt!), id: uuidOf(reversalId!) })
  }
  for (const row of undone) {
    const isTail = isOfTail(posted.filter(({ kind, causeId }) => kind === 'payment' && causeId === uuidOf(row.paymentId)))
    known.push({ fact: { kind: 'movement', on: row.reversedOn!, lines: givenBack(row, isTail) }, at: Date.parse(row.reversedAt!), id: uuidOf(row.reversalId!) })
  }
  const entries = new Map<string, PostedLine[]>()
  for (const line of lines) {
    if (isMovement.has(line.kind)) entries.set(line.entryId, [...entries.get(line.entryId) ?? [], line])
  }
  for (const [entryId, of] of entries) {
    const { on, recordedAt, reversalOf } = of[0]!
    // What was posted for an earlier placement is undone as it was posted.
    const fact: Fact = reversalOf !== null && entries.has(reversalOf) ? { kind: 'undoing', movementId: reversalOf, on } : { kind: 'movement', on, lines: of, id: entryId }
    known.push({ fact, at: Date.parse(recordedAt), id: uuidOf(entryId) })
  }
  return known.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1)).map(({ fact }) => fact)
}

/** What made a correction necessary. `entry` is the fact's own, posted with it; null when it moves nothing. `paymentId` is the payment that is the fact, or is undone by it. */
export interface LateFact { cause: CorrectionRow['cause'], causeId: string, on: CalendarDay, entry: Entry | null, paymentId: Id<'payment'> | null }

/**
 * Posts a late fact and, in one entry with the days it belongs to, the difference between what a debt's life comes to with it and what was
 * posted so far. Charges and allocations that changed are superseded; nothing is deleted, and no document is touched. Answers the fact's own entry.
 */
export async function correct (tx: Tx, { account, past, life }: Relived, late: LateFact): Promise<{ journalEntryId: Id<'journalEntry'> | null, correction: Omit<CorrectionRow, 'createdAt'> | null, reallocated: Reallocated[] }> {
  const { id: accountId, lenderId, currency } = account
  const correctionId = newId('correction')
  const own: DatedLine[] = late.entry === null ? [] : late.entry.lines.map(line => ({ ...line, on: late.on }))
  const missing = differenceOf([...past.lines, ...own], life.lines)
  const difference: Entry[] = missing.length === 0 ? [] : [{ lenderId, accountId, kind: 'correction', causeId: correctionId, effectiveOn: missing[0]!.on, currency, lines: missing }]
  const ids = await post(tx, [...late.entry === null ? [] : [late.entry], ...difference])
  const journalEntryId = late.entry === null ? null : ids[0]!
  const entryId = difference.length === 0 ? null : ids.at(-1)!

  const changes = changesOf(past, life, late.paymentId)
  await replaceCharges(tx, past.charged, life.charges, life.position, { correctionId, entryId })
  if (changes.payments.length > 0) await reallocate(tx, changes.payments)
  if (entryId === null && changes.charges.length === 0 && changes.payments.length === 0) return { journalEntryId, correction: null, reallocated: [] }
  const moved = movedBy(missing)
  const correction = { id: correctionId, accountId, lenderId, cause: late.cause, causeId: uuidOf(late.causeId), fromOn: late.on, currency, ...moved, changes, journalEntryId: entryId }
  await insertCorrection(tx, correction)
  emit(tx, LedgerCorrected, { accountId, lenderId }, {
    correctionId, accountId, currency, cause: late.cause, paymentId: late.paymentId, fromOn: late.on, moved: withTotal(moved), balance: withTotal(life.owed),
    payments: changes.payments.map(({ paymentId, after }) => ({ paymentId, allocated: withTotal(after.allocated), overpaid: after.overpaid })),
  })
  return { journalEntryId, correction, reallocated: changes.payments }
}

function changesOf ({ charged, paid }: Past, life: Life, except: Id<'payment'> | null): CorrectionChanges {
  const { gone, made } = changedCharges(charged.live, life.charges)
  const charges = new Map<string, CorrectionChanges['charges'][number]>()
  const note = ({ kind, toOn, causedBy }: Pick<NewCharge, 'kind' | 'toOn' | 'causedBy'>, change: { before?: number, after?: number }): void => {
    const key = `${kind} ${causedBy}`
    charges.set(key, { ...charges.get(key) ?? { kind, before: 0, after: 0 }, toOn, ...change })
  }
  for (const charge of gone) note(charge, { before: charge.amount })
  for (const charge of made) note(charge, { after: charge.amount })
  const payments = paid.filter(({ paymentId }) => paymentId !== except).flatMap((row): Reallocated[] => {
    const before = { allocated: bucketsOf(row), overpaid: row.overpaid }
    const after = life.allocations.get(row.paymentId) ?? before
    const change = lessBuckets(after.allocated, before.allocated)
    const isSame = after.overpaid === before.overpaid && Object.values(change).every(amount => amount === 0)
    return isSame ? [] : [{ paymentId: row.paymentId, before, after }]
  })
  return { charges: [...charges.values()].sort((a, b) => a.toOn < b.toOn ? -1 : a.toOn > b.toOn ? 1 : 0), payments }
}

/** What other payments settle since a correction. */
export const changedBy = (correction: Omit<CorrectionRow, 'createdAt'> | null): Changed =>
  ({ settled: new Map(correction?.changes.payments.map(({ paymentId, after }) => [paymentId, after.allocated])), correctionId: correction?.id ?? null })
