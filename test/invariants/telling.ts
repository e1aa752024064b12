import assert from 'node:assert/strict'
import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { World } from '../world.ts'
import { live, openHouse } from './agency.ts'
import { audit, parts, purseOf } from './auditor.ts'
import type { Fact, Purse } from './auditor.ts'
import { daysMax, debtsPerLender, agreements } from './history.ts'
import type { History, Round } from './history.ts'
import { balances, checkLedger, documents, journalUpTo, ledgersOfDebts, ledgersOfLenders, movesByDay, netOf, nobody, owedOn, rowsOf } from './ledgers.ts'
import { auditOf, dayOf, lastDay, numberOf } from './lived.ts'
import type { House, Lived } from './lived.ts'

/** What is wrong, and with which debt; null: with the agency's books as a whole. */
export interface Fault { of: Lived | null, message: string }

/** Histories that were lived, and all that was wrong on the way. */
export interface Told { house: House, faults: Fault[], evenings: Map<number, Map<string, { owed: Record<string, number> }>> }

/** Runs a check; what it finds is kept. */
export function look (faults: Fault[], of: Lived | null, check: () => void): void {
  try {
    check()
  } catch (error) {
    faults.push({ of, message: (error as Error).message })
  }
}

/** Lives histories in an agency of their own, and looks at the books every evening: invariants 2, 4, 26, 36 to 39 and 42. `opened` is called when its lenders are there. */
export async function tell (w: World, histories: readonly History[], rounds: readonly Round[], opened?: () => Promise<void>): Promise<Told> {
  const house = await openHouse(w, Math.max(1, Math.ceil(histories.length / debtsPerLender / agreements.length)))
  await opened?.()
  const faults: Fault[] = []
  const evenings: Told['evenings'] = new Map()
  let journal = await journalUpTo(house, null)
  let issued = new Map<string, string>()
  await live(house, histories, rounds, async n => {
    for (const [lenderId, ledger] of await ledgersOfLenders(house)) look(faults, null, () => checkLedger(ledger, `lender ${lenderId} on the evening of ${dayOf(n)}`))
    await checkReceipts(house, faults, dayOf(n))
    const { hash } = journal.last === null ? journal : await journalUpTo(house, journal.last)
    look(faults, null, () => assert.equal(hash, journal.hash, `4: what stood in the journal before ${dayOf(n)} stands in it unchanged`))
    journal = await journalUpTo(house, null)
    const now = await documents(house)
    for (const [id, text] of issued) look(faults, null, () => assert.equal(now.get(id), text, `42: document ${id} was changed on ${dayOf(n)}`))
    issued = now
    await checkCaps(house, faults, n)
    evenings.set(n, await balances(house))
  })
  await checkPassedOn(house, faults)
  return { house, faults, evenings }
}

/** Invariants 2, 8 and 36 of money that is nobody's: what is left of each receipt is held, and what went to debts straight from it. */
async function checkReceipts (house: House, faults: Fault[], on: string): Promise<void> {
  const purses = house.lived.flatMap(({ facts }) => facts.flatMap(fact => fact.kind === 'receipt' ? [purseOf(facts, fact.id)] : []))
  const sum = (of: readonly Purse[], amount: (purse: Purse) => number): number => of.reduce((all, purse) => all + amount(purse), 0)
  const ledgers = await ledgersOfLenders(house)
  const onItsWay = sum(purses.filter(({ isPending }) => isPending), ({ left }) => left)
  const held = sum(purses, ({ left, taken }) => left + taken)
  const expected = Object.entries({ 'T.BANK': held - onItsWay, 'T.CLEARING': onItsWay, 'T.UNAPPLIED': -held }).filter(([, net]) => net !== 0)
  look(faults, null, () => assert.deepEqual(ledgers.get(nobody) ?? {}, Object.fromEntries(expected), `8 and 36: what is nobody's on the evening of ${on}`))
  look(faults, null, () => assert.equal([...ledgers.values()].reduce((all, ledger) => all - netOf(ledger, 'T.UNAPPLIED'), 0), sum(purses, ({ left }) => left), `36: what is left of receipts on the evening of ${on}`))
}

/** Invariant 26: no debt has more than one late fee in force, or more commission than its plan allows it in all. */
async function checkCaps (house: House, faults: Fault[], n: number): Promise<void> {
  const [fees] = await rowsOf(house, sql`select count(*) as n from (select account_id from charges where tenant_id = ${uuidOf(house.us.id)}::uuid and kind = 'lateFee' and superseded_by is null and caused_by not like 'returned:%' group by account_id having count(*) > 1 or sum(amount) > 3000) c`)
  const [earned] = await rowsOf(house, sql`select count(*) as n from (select account_id from commission_entries where tenant_id = ${uuidOf(house.us.id)}::uuid and plan_id is not null group by account_id having sum(commission) > 15000 or sum(commission) < 0) c`)
  look(faults, null, () => assert.deepEqual([Number(fees!['n']), Number(earned!['n'])], [0, 0], `26: late fees and commissions keep their caps on ${dayOf(n)}`))
}

/** Invariant 39, over the journal in its order: whatever is passed on was there, and what a lender has had in all was collected for it. */
async function checkPassedOn (house: House, faults: Fault[]): Promise<void> {
  const lines = await rowsOf(house, sql`select e.id, e.kind, e.lender_id, p.debit, p.credit, p.amount from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${uuidOf(house.us.id)}::uuid and ('T.CLIENT' in (p.debit, p.credit) or 'T.CLEARING' in (p.debit, p.credit)) order by e.recorded_at, e.id, p.line`)
  const purses = new Map<string, { held: number, onItsWay: number, collected: number, sent: number }>()
  for (const line of lines) {
    const purse = purses.get(String(line['lender_id'])) ?? { held: 0, onItsWay: 0, collected: 0, sent: 0 }
    purses.set(String(line['lender_id']), purse)
    const moved = (name: string, into: 'debit' | 'credit'): number => line[into] === name ? Number(line['amount']) : line[into === 'debit' ? 'credit' : 'debit'] === name ? -Number(line['amount']) : 0
    const amount = moved('T.CLIENT', 'credit')
    purse.held += amount
    purse.onItsWay += moved('T.CLEARING', 'debit')
    if (line['kind'] === 'remittance' || line['kind'] === 'offset') {
      purse.sent -= amount
      look(faults, null, () => assert(purse.held >= purse.onItsWay && purse.sent <= purse.collected, `39: entry ${String(line['id'])} passes on what is not there, or has not cleared`))
    } else if (amount > 0) purse.collected += amount
  }
}

/** Facts that change nothing of what is owed on their day. */
const movesNothing = new Set<string>(['hold', 'clearing', 'receipt', 'receiptClearing', 'receiptReturn'] satisfies Fact['kind'][])

/** What a debt's books come to, against the auditor: invariants 3, 8 to 12, 17 to 20, 32, 34, 35 and 40. */
export async function checkDebts ({ house, faults }: Told): Promise<void> {
  const stored = await ledgersOfDebts(house)
  const now = await balances(house)
  const moves = await movesByDay(house)
  const settled = await settledByPayment(house)
  const posted = await interestDays(house)
  for (const one of house.lived) {
    const audited = auditOf(one)
    look(faults, one, () => assert.deepEqual(one.surprises, [], 'what may happen happens, and nothing else'))
    look(faults, one, () => assert.deepEqual(now.get(one.accountId), { owed: audited.owed, state: one.state }, '10: what is owed, and whether it is worked'))
    look(faults, one, () => assert.deepEqual(stored.get(one.accountId), audited.ledger, '8, 10, 12, 17 to 20, 32, 34, 35, 40: every ledger account'))
    for (const [id, paid] of audited.payments) {
      // What was undone stands as it was before.
      if (!paid.isUndone) look(faults, one, () => assert.deepEqual(settled.get(id), { ...paid.allocated, overpaid: paid.overpaid, commission: paid.commission, vat: paid.vat }, `12 and 34: what the payment of ${paid.on} settles and earns`))
    }
    for (let day = dayOf(one.history.placedAt); day <= lastDay; day = dayOf(numberOf(day) + 1)) {
      const owed = owedOn(moves.get(one.accountId), day)
      look(faults, one, () => assert(parts.every(part => owed[part] >= 0), `11: a part below zero on ${day}`))
      const expected = audited.days.get(day)!
      // A debt that is behind is caught up in one posting: on the days before it, its interest was not known yet.
      const isBehind = owed.interest < expected.interest && !(posted.get(one.accountId)?.has(day) ?? false) && one.facts.every(({ kind, on }) => on !== day || movesNothing.has(kind))
      look(faults, one, () => assert.deepEqual(isBehind ? { ...owed, interest: expected.interest } : owed, expected, `3: what was owed on ${day}`))
    }
  }
}

/** The days through which interest of each debt was posted. */
async function interestDays (house: House): Promise<Map<string, Set<string>>> {
  const rows = await rowsOf(house, sql`select account_id, array_agg(to_on::text) as days from charges where tenant_id = ${uuidOf(house.us.id)}::uuid and kind = 'interest' and superseded_by is null group by account_id`)
  return new Map(rows.map(row => [idOf('account', String(row['account_id'])), new Set(row['days'] as string[])]))
}

/** What each payment settles by its row, and what its commission entries come to. */
async function settledByPayment (house: House): Promise<Map<string, Record<string, number>>> {
  const rows = await rowsOf(house, sql`select p.id, p.principal, p.interest, p.penalty, p.costs, p.overpaid, coalesce(sum(c.commission), 0) as commission, coalesce(sum(c.vat), 0) as vat
    from payments p left join commission_entries c on c.tenant_id = p.tenant_id and c.payment_id = p.id where p.tenant_id = ${uuidOf(house.us.id)}::uuid group by p.tenant_id, p.id`)
  return new Map(rows.map(({ id, ...sums }) => [`pay_${String(id)}`, Object.fromEntries(Object.entries(sums).map(([name, amount]) => [name, Number(amount)]))]))
}

/** A debt as a failure shows it. */
export const shown = ({ history: { agreement, placedAt }, debt: { opening, placedOn, dueOn }, facts }: Lived): string => JSON.stringify({ agreement, placedAt, placedOn, dueOn, opening, facts })

/** The smallest part of a history that is still wrong when it is lived alone; null when alone it is right. Each act is left out in turn. */
export async function smallest (w: World, history: History, rounds: readonly Round[]): Promise<{ history: History, fault: Fault } | null> {
  const faultOf = async (one: History): Promise<Fault | null> => {
    const told = await tell(w, [one], rounds)
    await checkDebts(told)
    return told.faults[0] ?? null
  }
  let least = { history, fault: await faultOf(history) }
  for (let i = history.acts.length - 1; i >= 0 && least.fault !== null; i--) {
    const fewer = { ...least.history, acts: least.history.acts.filter((_, n) => n !== i) }
    const fault = await faultOf(fewer)
    if (fault !== null) least = { history: fewer, fault }
  }
  return least.fault === null ? null : { history: least.history, fault: least.fault }
}

/** The auditor's word on the facts of a debt, whichever ids they have. */
export const auditedAlike = (one: Lived, other: Lived): void => {
  const bare = (of: Lived): object => {
    const { payments, ...rest } = audit(of.debt, of.facts, dayOf(daysMax))
    return { ...rest, payments: [...payments.values()] }
  }
  assert.deepEqual(bare(one), bare(other))
}
