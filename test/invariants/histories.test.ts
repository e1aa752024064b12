import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { sql } from 'drizzle-orm'
import { uuidOf } from '#kernel'
import { world } from '../world.ts'
import { change, clear, clearAll, pay, unchange, undo } from './acts.ts'
import { forEach, lenderOf, payInvoices, place } from './agency.ts'
import { total } from './auditor.ts'
import type { Fact } from './auditor.ts'
import { daysMax, dice, history, isTellable, rounds, runs, seed } from './history.ts'
import type { History } from './history.ts'
import { checkEntries, checkLedger, ledgersOfDebts, ledgersOfLenders, movesByDay, netOf, nobody, owedOn, rowsOf } from './ledgers.ts'
import { auditOf, dayOf, lastDay, numberOf, stintOf } from './lived.ts'
import type { House, Lived } from './lived.ts'
import { auditedAlike, checkDebts, look, shown, smallest, tell } from './telling.ts'

// Many lives in one go: on a machine that does other work as well, they take their time.
t.setTimeout(600_000)
const w = await world()
t.teardown(w.close)
t.comment(`${runs} histories from seed ${seed}: FC_SEED=${seed} lives them again`)

const histories = fc.sample(history, { numRuns: Math.ceil(runs * 8 / 9), seed })
const agencyRounds = fc.sample(rounds, { numRuns: 1, seed })[0]!
const roll = dice(seed)

// Some debts are silent until the last day: then the facts of another are told of them, in another order.
const twins = new Map<History, History>(histories.filter(isTellable).slice(0, Math.ceil(runs / 8)).map(original => [{ ...original, acts: [] }, original]))
const told = await tell(w, [...histories, ...twins.keys()], agencyRounds)
const { house, faults, evenings } = told
await w.settle(house.us)

/** The payment or change that a fact is about. */
const subjectOf = (fact: Fact): string | null => fact.kind === 'payment' || fact.kind === 'change' ? fact.id : fact.kind === 'reversal' || fact.kind === 'clearing' || fact.kind === 'undoing' ? fact.of : null

/** Facts in an order in which they could have been written down: those of one day, and a payment or a change and what becomes of it, keep theirs. */
function shuffled (facts: readonly Fact[]): Fact[] {
  const left = [...facts]
  const order: Fact[] = []
  while (left.length > 0) {
    const free = left.filter((fact, i) => left.slice(0, i).every(before => before.on !== fact.on && subjectOf(before) !== subjectOf(fact)))
    const next = free[Math.floor(roll() * free.length)]!
    order.push(next)
    left.splice(left.indexOf(next), 1)
  }
  return order
}

/** Tells the facts of one debt of another; false when the application could not take them all in this order. */
async function retell (of: Lived, facts: readonly Fact[]): Promise<boolean> {
  const ids = new Map<string, Fact>()
  const known = <K extends Fact['kind']>(id: string, kind: K): Extract<Fact, { kind: K }> => {
    const fact = ids.get(id)
    if (fact?.kind !== kind) throw new Error(`${id} is no ${kind}`)
    return fact as Extract<Fact, { kind: K }>
  }
  for (const fact of facts) {
    const isTaken = fact.kind === 'payment' ? await pay(house, of, lastDay, fact)
      : fact.kind === 'clearing' ? await clear(house, of, lastDay, known(fact.of, 'payment'), fact.on)
        : fact.kind === 'reversal' ? await undo(house, of, lastDay, known(fact.of, 'payment'), fact.on, fact.isReturned ? 'nsf' : 'clerical')
          : fact.kind === 'change' ? await change(house, of, lastDay, fact)
            : fact.kind === 'undoing' && await unchange(house, of, lastDay, known(fact.of, 'change'), fact.on)
    if (!isTaken) return false
    if (fact.kind === 'payment' || fact.kind === 'change') ids.set(fact.id, of.facts.at(-1)!)
  }
  return true
}

t.test('invariant 17: the facts of a debt, all told late and in another order, come to the same', async t => {
  const lived = new Map(house.lived.map(one => [one.history, one]))
  const wrong: string[] = []
  let compared = 0
  await forEach([...twins], async ([silent, loud]) => {
    const [twin, original] = [lived.get(silent)!, lived.get(loud)!]
    // A debt that is closed does not follow a rate that is corrected later; its twin was at work all the time.
    if (stintOf(original).values !== house.values || !await retell(twin, shuffled(original.facts))) return
    compared++
    try {
      auditedAlike(twin, original)
    } catch (error) {
      wrong.push(`${(error as Error).message} ${shown(original)}`)
    }
  })
  await w.settle(house.us)
  const stored = await ledgersOfDebts(house)
  for (const [silent, loud] of twins) {
    const [twin, original] = [lived.get(silent)!, lived.get(loud)!]
    if (twin.facts.length === original.facts.length && stintOf(original).values === house.values) look(faults, twin, () => assert.deepEqual(stored.get(twin.accountId), stored.get(original.accountId), '17: told late, it comes to the same'))
  }
  t.same(wrong, [])
  t.ok(compared >= twins.size / 2, `${compared} of ${twins.size} could be told in another order`)
})

t.test('invariant 18: a fact told late, and undone for its own day, was never there', async t => {
  const some = house.lived.filter(({ state }) => state === 'active').slice(0, Math.ceil(runs / 12))
  const [before, owedBefore] = [await ledgersOfDebts(house), await movesByDay(house)]
  await forEach(some, async one => {
    const placedAt = Math.max(one.history.placedAt, numberOf(stintOf(one).placedOn))
    const on = dayOf(placedAt + Math.floor(roll() * (daysMax - placedAt)))
    if (await pay(house, one, lastDay, { on, amount: 1 + Math.floor(roll() * 900_00), by: roll() < 0.5 ? 'agency' : 'lender', isPending: false })) await undo(house, one, lastDay, one.facts.at(-1) as Extract<Fact, { kind: 'payment' }>, on, 'clerical')
  })
  await w.settle(house.us)
  const [after, owedAfter] = [await ledgersOfDebts(house), await movesByDay(house)]
  for (const one of some) {
    look(faults, one, () => assert.deepEqual(after.get(one.accountId), before.get(one.accountId), '18: every ledger account is what it was'))
    const audited = auditOf(one)
    for (let n = one.history.placedAt; n <= daysMax; n++) {
      const [was, is] = [owedOn(owedBefore.get(one.accountId), dayOf(n)), owedOn(owedAfter.get(one.accountId), dayOf(n))]
      // Interest that was caught up in one posting may be known day by day since.
      const isCaughtUp = is.interest > was.interest && is.interest <= audited.days.get(dayOf(n))!.interest
      look(faults, one, () => assert.deepEqual(is, isCaughtUp ? { ...was, interest: is.interest } : was, `18: what was owed on ${dayOf(n)} is what it was`))
    }
  }
  t.ok(some.length > 0)
})

t.test('invariants 3, 8 to 12, 17 to 20, 32, 34, 35 and 40: every debt stands as the naive auditor says, with all others around it', async t => {
  await checkDebts(told)
  await checkEntries(house)
  const about = faults.find(({ of }) => of !== null)
  if (about?.of != null) {
    t.comment(`${new Set(faults.flatMap(({ of }) => of ?? [])).size} of ${house.lived.length} debts are wrong`)
    const least = await smallest(w, about.of.history, agencyRounds)
    t.fail(`${about.message}\n${shown(about.of)}\n${least === null ? 'alone it is right' : `alone and smallest: ${JSON.stringify(least.history)}\n${least.fault.message}`}`)
  }
  for (const { message } of faults.filter(({ of }) => of === null).slice(0, 5)) t.fail(message)
  t.same(faults.length, 0)
  t.same(w.failures, [])
})

t.test('invariant 3: what was owed as it was known then is what was shown then, and the application answers as its books say', async t => {
  const known = new Map<number, Awaited<ReturnType<typeof movesByDay>>>()
  for (const n of [2, 6, 10, daysMax - 1]) {
    const moves = await movesByDay(house, `${dayOf(n)}T06:00:00Z`)
    known.set(n, moves)
    const wrong = [...evenings.get(n)!].filter(([accountId, { owed }]) => { try { assert.deepEqual(owedOn(moves.get(accountId), lastDay), owed); return false } catch { return true } })
    t.same(wrong, [], `known on the evening of ${dayOf(n)}`)
  }
  for (let i = 0; i < 40; i++) {
    const { accountId } = house.lived[Math.floor(roll() * house.lived.length)]!
    const [n, moves] = [...known][Math.floor(roll() * known.size)]!
    const asOf = dayOf(Math.floor(roll() * daysMax))
    const { balance: { total: _, ...owed } } = await w.ok<{ balance: Record<string, number> }>(house.us, 'GET', `/v1/accounts/${accountId}/balance?asOf=${asOf}&knownAt=${dayOf(n)}T06:00:00Z`)
    t.same(owed, owedOn(moves.get(accountId), asOf), `${accountId} on ${asOf} as known on ${dayOf(n)}`)
  }
})

t.test('invariant 9: a debt stands where it stands, whoever else is there and in whatever order they come', async t => {
  const some = [...house.lived].filter(({ history: { acts } }) => acts.length > 1).slice(0, 12)
  const apart = await tell(w, some.map(one => one.history).reverse(), [...agencyRounds].reverse().map((round, n) => ({ ...round, rate: agencyRounds[n]!.rate })))
  for (const one of some) {
    const again = apart.house.lived.find(({ history }) => history === one.history)!
    // The facts of the last day are not told again.
    const until = one.facts.length - again.facts.length
    t.ok(until >= 0, 'as much is taken')
    if (until === 0) t.same((await ledgersOfDebts(apart.house)).get(again.accountId), (await ledgersOfDebts(house)).get(one.accountId))
  }
  await checkDebts(apart)
  t.same(apart.faults.map(({ message }) => message), [])
})

/** Days that are lived after the last, at most, until nobody is short. */
const afterMax = 5

/** Lets every purse that is short come to rights: new debts are placed with its lender and paid in full. What the agency could not take out meanwhile, it takes with the next of them. */
async function makeGood (of: House): Promise<void> {
  for (let n = daysMax; n < daysMax + afterMax; n++) {
    const ledgers = await ledgersOfLenders(of)
    const needed = of.lenders.flatMap((group, agreement) => group.flatMap(({ id }, lender) => {
      const [due, agency] = [netOf(ledgers.get(id) ?? {}, 'T.CLIENT_DUE'), netOf(ledgers.get(id) ?? {}, 'T.AGENCY')]
      const principal = 600_00 + 4 * (due + Math.max(0, agency))
      const blank: History = { agreement, lender, placedAt: n, placedLate: 0, dueIn: 5, opening: { principal, interest: 0, penalty: 0, costs: 0 }, acts: [] }
      // A claim of the last agreement earns 150.00 at most.
      const count = due === 0 && agency === 0 ? 0 : agreement < 2 ? 1 : 1 + Math.ceil(Math.max(0, agency) / 150_00)
      return Array.from({ length: count }, () => ({ ...blank }))
    }))
      if (n > daysMax && needed.length === 0) break
    const placed = await place(of, n, needed)
    await forEach(placed, async one => { await pay(of, one, dayOf(n), { on: dayOf(n), amount: one.debt.opening.principal, by: 'agency', isPending: false }) })
    // A day is stated once: what comes after it waits for the next.
    await w.liveUntil(of.us, `${dayOf(n + 1)}T06:00:00Z`)
    await w.ok(of.us, 'POST', '/v1/remittance-runs', { through: dayOf(n + 1) })
    await w.settle(of.us)
  }
}

t.test('invariant 41: all that is held and cleared is passed on or in the ageing report, from the day it came in', async t => {
  const { data } = await w.ok<{ data: { lenderId: string, amount: number, heldSince: string, ageDays: number, remitByOn: string | null }[] }>(house.us, 'GET', '/v1/trust/ageing?jurisdiction=US-WA')
  const held = new Map([...await ledgersOfLenders(house)].map(([id, ledger]) => [id, -netOf(ledger, 'T.CLIENT') - netOf(ledger, 'T.CLEARING')]).filter(([, amount]) => Number(amount) > 0) as [string, number][])
  const aged = new Map<string, number>()
  for (const { lenderId, amount, heldSince, remitByOn } of data) {
    aged.set(lenderId, (aged.get(lenderId) ?? 0) + amount)
    if (amount <= 0 || heldSince > lastDay || remitByOn === null || remitByOn < heldSince) t.fail(`${lenderId}: ${amount} since ${heldSince}`)
  }
  t.same([...aged].sort(), [...held].sort())
  t.ok(data.length > 0)
})

t.test('invariants 42 and 43: statements go on from one another, and when every debt is over nothing is left but the agency\'s own and what was overpaid', async t => {
  // Every third lender takes all of its debts back.
  const over = new Set(house.lenders.flat().filter((_, i) => i % 3 === 0).map(({ id }) => id as string))
  await forEach(house.lived.filter(({ state, lenderId }) => state === 'active' && over.has(lenderId)), async ({ placementId }) => { await w.ok(house.us, 'POST', `/v1/placements/${placementId}/recall`, {}) })
  await forEach(house.lived, async one => { await clearAll(house, one, lastDay) })
  await makeGood(house)
  await payInvoices(house, daysMax, 'all')
  const settlements = new Map((await rowsOf(house, sql`select i.lender_id, sum(i.billed) as billed, sum(i.commission) as commission, sum(i.vat) as vat, count(*) filter (where i.kind = 'creditNote') as credits,
      coalesce(sum((select sum(s.amount) from invoice_settlements s where s.tenant_id = i.tenant_id and s.invoice_id = i.id and s.kind <> 'credit')), 0) as paid
    from invoices i where i.tenant_id = ${uuidOf(house.us.id)}::uuid group by i.lender_id`)).map(row => [`len_${String(row['lender_id'])}`, row]))
  const statements = await rowsOf(house, sql`select lender_id, number, from_on, to_on, opening_held, closing_held, opening_billed, closing_billed from statements where tenant_id = ${uuidOf(house.us.id)}::uuid order by number`)
  t.same(statements.map(({ number }) => Number(number)), statements.map((_, i) => i + 1), '42: numbers without gaps')
  const kept = new Map<string, number>()
  // What was given back to a lender stays to be seen.
  for (const one of house.lived) if (one.state === 'returned') kept.set(one.lenderId, (kept.get(one.lenderId) ?? 0) + total(auditOf(one).owed))
  for (const [id, ledger] of await ledgersOfLenders(house)) {
    const own = statements.filter(({ lender_id: lenderId }) => `len_${String(lenderId)}` === id)
    for (const [i, { opening_held: held, opening_billed: billed }] of own.entries()) {
      look(faults, null, () => assert.deepEqual([Number(held), Number(billed)], [Number(own[i - 1]?.['closing_held'] ?? 0), Number(own[i - 1]?.['closing_billed'] ?? 0)], `42: each opening of ${id} is the closing before`))
    }
    look(faults, null, () => {
      checkLedger(ledger, `${id} at the end`)
      if (over.has(id)) assert.equal(netOf(ledger, 'D.PRINCIPAL', 'D.INTEREST', 'D.PENALTY', 'D.COSTS'), kept.get(id) ?? 0, `43: ${id} is owed what was given back to it, and nothing else`)
      if (id === nobody) return
      const left = ['T.CLIENT', 'T.CLIENT_DUE', 'T.AGENCY', 'T.CLEARING', 'O.DUE_FROM_TRUST'].filter(name => netOf(ledger, name) !== 0)
      assert.deepEqual(left, [], `43: ${id} has ${left.map(name => `${name} ${netOf(ledger, name)}`).join()}`)
      assert.equal(netOf(ledger, 'T.BANK', 'T.UNAPPLIED', 'T.REFUND'), 0, `43: what is left of ${id} at the bank is the debtors'`)
      const { billed, commission, vat, credits, paid } = settlements.get(id) ?? {}
      assert.deepEqual([netOf(ledger, 'O.COMMISSION_INCOME'), netOf(ledger, 'O.VAT_OUTPUT'), netOf(ledger, 'O.AR')], [0 - Number(commission ?? 0), 0 - Number(vat ?? 0), Number(billed ?? 0) - Number(paid ?? 0)], `31: what ${id} was billed is what was booked`)
      assert(Number(credits ?? 0) > 0 ? netOf(ledger, 'O.AR') <= 0 : netOf(ledger, 'O.AR') === 0, `43: ${id} still owes ${netOf(ledger, 'O.AR')}`)
    })
  }
  t.same(faults.slice(0, 5).map(({ message }) => message), [])
  t.same(w.failures, [])
  t.ok(house.lived.some(one => auditOf(one).recalled.principal > 0) && lenderOf(house, house.lived[0]!.history).id === house.lived[0]!.lenderId)
})
