import { addDays, dayIn, startOfDay } from '#kernel'
import type { CalendarDay, Id } from '#kernel'
import { emit } from '#platform'
import type { Tx } from '#platform'
import { forgetRecordings } from '../contacts/index.ts'
import { typeOn } from '../lenders/index.ts'
import { eraseParties } from '../parties/index.ts'
import { findLaw, packsIn, recordDecisions } from '../policy/index.ts'
import type { Law } from '../policy/index.ts'
import { nextLook, termsOf, waitDays } from './core.ts'
import type { Term, Terms } from './core.ts'
import { deleteRetentions, insertRetentionParties, listDeadlines, listDebtsOfPeople, listDeletable, listDue, lockDebts, setDeadlines, setLooked, setRetentions } from './db.ts'
import type { Deadline, Debt } from './db.ts'
import { RetentionDeleted, RetentionScheduled } from './events.ts'

type Closed = Debt & { closedOn: CalendarDay }
interface Found extends Terms { debt: Closed, endsAt: string | null }

function findTerms (law: Law, debt: Closed, now: Date): Found {
  const { jurisdiction, region, product, borrowerType, lender, lenderId, timeZone, closedOn } = debt
  const lenderType = typeOn(lender, closedOn)
  const packs = packsIn(law, { jurisdiction, region, product, borrowerType, ...lenderType !== null && { lenderType }, collectorRole: 'agency', on: dayIn(timeZone, now) }, lenderId)
  const terms = termsOf(packs, { ...debt, lenderType })
  return { ...terms, debt, endsAt: terms.lastOn === null ? null : startOfDay(addDays(terms.lastOn, 1), timeZone).toISOString() }
}

const isSame = ({ deadlines }: Debt, terms: readonly Term[]): boolean => deadlines.length === terms.length && terms.every(term => deadlines.some(known =>
  (['category', 'keepUntil', 'deleteBy', 'pack', 'rule', 'clause'] as const).every(name => known[name] === term[name])))

const isInstant = (a: string | null, b: string | null): boolean => a === null || b === null ? a === b : Date.parse(a) === Date.parse(b)

/**
 * Finds how long what is kept of closed debts is kept, by the law of now, and keeps it with the decisions that say so where it is other than before. Debts at work have no terms. Safe to repeat.
 */
export async function assessRetention (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  if (accountIds.length === 0) return
  const debts = await lockDebts(tx, [...new Set(accountIds)])
  await deleteRetentions(tx, debts.flatMap(({ accountId, closedOn, isRetained }) => closedOn === null && isRetained ? [accountId] : []))
  const closed = debts.filter((debt): debt is Closed => debt.closedOn !== null)
  if (closed.length === 0) return
  await insertRetentionParties(tx, closed.map(({ accountId }) => accountId))
  const law = await findLaw(tx)
  const found = closed.map(debt => findTerms(law, debt, tx.ctx.now))
  const changed = found.filter(({ debt, terms }) => !isSame(debt, terms))
  const asked = changed.flatMap(({ debt: { accountId, lenderId }, terms }) => terms.map(term => ({ accountId, lenderId, term })))
  const decisionIds = await recordDecisions(tx, asked.map(({ accountId, lenderId, term: { question, verdict } }) => ({ accountId, lenderId, partyId: null, question, verdict })))
  const deadlines = asked.map(({ accountId, lenderId, term: { category, keepUntil, deleteBy, pack, rule, clause } }, i) => ({ accountId, lenderId, category, keepUntil, deleteBy, pack, rule, clause, decisionId: decisionIds[i]! }))
  await setDeadlines(tx, deadlines)
  await setRetentions(tx, found.map(({ debt: { accountId, lenderId, isHeld }, endsAt }) => ({ accountId, lenderId, endsAt, dueAt: nextLook(endsAt === null ? null : new Date(endsAt), isHeld, tx.ctx.now)?.toISOString() ?? null })))
  for (const { debt, endsAt } of found) {
    if (debt.isRetained && isInstant(debt.endsAt, endsAt)) continue
    const { accountId, lenderId } = debt
    const known: readonly Deadline[] = deadlines.some(one => one.accountId === accountId) ? deadlines.filter(one => one.accountId === accountId) : debt.deadlines
    emit(tx, RetentionScheduled, { accountId, lenderId }, { accountId, endsAt, decisionIds: known.map(({ decisionId }) => decisionId) })
  }
}

/** How many debts one transaction looks at. */
const batchMax = 100

/**
 * Looks at debts that are due, a batch at a time; answers whether more may be. The law is asked again about all debts of their people; who has none left that is at work, has terms running or
 * is held is erased with their recordings. Done in one transaction with the locks of these debts: a hold placed meanwhile comes before it or after.
 */
export async function deleteDue (tx: Tx): Promise<boolean> {
  const due = await listDue(tx, batchMax)
  if (due.length === 0) return false
  await assessRetention(tx, await listDebtsOfPeople(tx, due))
  const people = await listDeletable(tx, due)
  const erased = new Set(await eraseParties(tx, [...new Set(people.map(({ partyId }) => partyId))], 'retentionEnded'))
  const recordings = await forgetRecordings(tx, [...erased])
  await tellDeleted(tx, people.filter(({ partyId }) => erased.has(partyId)), recordings)
  await setLooked(tx, due, new Date(tx.ctx.now.getTime() + waitDays * 86_400_000))
  return due.length === batchMax
}

async function tellDeleted (tx: Tx, people: readonly { partyId: Id<'party'>, accountId: Id<'account'> }[], recordings: readonly { accountId: Id<'account'>, lenderId: Id<'lender'> }[]): Promise<void> {
  const accountIds = [...new Set(people.map(({ accountId }) => accountId))]
  const rules = await listDeadlines(tx, accountIds)
  const lenders = new Map((await lockDebts(tx, accountIds)).map(({ accountId, lenderId }) => [accountId, lenderId]))
  for (const accountId of accountIds) {
    const partyIds = people.filter(one => one.accountId === accountId).map(({ partyId }) => partyId)
    emit(tx, RetentionDeleted, { accountId, lenderId: lenders.get(accountId)! }, {
      accountId, partyIds, partyCount: partyIds.length, recordingCount: recordings.filter(one => one.accountId === accountId).length, rules: (rules.get(accountId) ?? []).flatMap(({ rule }) => rule ?? []),
    })
  }
}
