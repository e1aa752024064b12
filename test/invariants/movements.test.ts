import assert from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { sql } from 'drizzle-orm'
import { buckets, minor, noBuckets, totalOf, uuidOf } from '#kernel'
import type { Buckets } from '#kernel'
import { newId } from '#platform'
import { lockAccount } from '../../src/modules/accounts/index.ts'
import { explainCommission, noPast, recoveryOf, withheldOf } from '../../src/modules/commissions/core.ts'
import type { PlanTerms, Situation } from '../../src/modules/commissions/plan.core.ts'
import { ledgerAccounts, negated } from '../../src/modules/ledger/core.ts'
import type { Line } from '../../src/modules/ledger/core.ts'
import { movements, post, reverse } from '../../src/modules/ledger/index.ts'
import type { Till } from '../../src/modules/ledger/index.ts'
import { world } from '../world.ts'
import { runs, seed } from './history.ts'
import { netOf } from './ledgers.ts'

const options = { numRuns: runs, seed }
t.comment(`seed ${seed}`)

const sum = fc.integer({ min: 0, max: 10 ** 10 }).map(minor)
const parts: fc.Arbitrary<Buckets> = fc.record({ principal: sum, interest: sum, penalty: sum, costs: sum }, { noNullPrototype: true })
const till = fc.constantFrom<Till>('T.BANK', 'T.CLEARING')

/** Every event that moves money, each with any amounts. One more kind of movement is one more line. */
const anyMovement: fc.Arbitrary<Line[]> = fc.oneof(
  parts.map(movements.placed), sum.map(movements.interestAccrued), sum.map(movements.feeCharged), sum.map(movements.costsAdvanced), fc.tuple(sum, till).map(of => movements.receivedUnidentified(...of)),
  fc.tuple(parts, sum, fc.oneof(till, fc.constant('T.UNAPPLIED' as const))).map(of => movements.paidToAgency(...of)), parts.map(movements.paidToLender), sum.map(movements.cleared), sum.map(movements.costsRecovered),
  fc.tuple(sum, sum, fc.nat({ max: 100 })).map(([commission, vat, share]) => movements.commissionEarned({ commission, vat }, minor(Math.floor((commission + vat) * share / 100)))),
  ...[movements.costsInvoiced, movements.remitted, movements.swept, movements.offset, movements.offsetUnwound, movements.shortfallOwed, movements.curedByAgency, movements.curedByLender, movements.curedByNetting, movements.refunded, movements.refundLost, movements.clientPaidInvoices].map(move => sum.map(move)),
  parts.map(movements.discounted), parts.map(movements.writtenOff), parts.map(movements.recalled), fc.tuple(parts, parts).map(of => movements.adjusted(...of)), fc.tuple(fc.constantFrom(...buckets), sum).map(of => movements.waived(...of)),
  fc.tuple(sum, till).map(of => movements.overpaid(...of)), fc.tuple(sum, till).map(of => movements.unidentifiedReturned(...of)),
  fc.tuple(fc.integer({ min: -1_000, max: 1_000 }).map(minor), fc.constantFrom('trust' as const, 'account' as const)).map(of => movements.taxRounded(...of)),
)

const ledgerOf = (lines: readonly Line[]): Record<string, number> => {
  const ledger: Record<string, number> = {}
  for (const { debit, credit, amount } of lines) {
    ledger[debit] = (ledger[debit] ?? 0) + amount
    ledger[credit] = (ledger[credit] ?? 0) - amount
  }
  return ledger
}

const checkTrust = (lines: readonly Line[]): void => {
  const ledger = ledgerOf(lines)
  assert.equal(netOf(ledger, 'T.BANK', 'T.CLEARING', 'T.CLIENT_DUE', 'T.CLIENT', 'T.AGENCY', 'T.REFUND', 'T.UNAPPLIED'), 0)
  assert.equal(netOf(ledger, 'O.DUE_FROM_TRUST', 'T.AGENCY'), 0)
}

t.test('invariants 1, 2, 36 and 38: whatever happens, in whatever order, undone or after money was passed on: each book balances, trust has owners, and our share is what trust owes us', async () => {
  fc.assert(fc.property(fc.array(fc.tuple(anyMovement, fc.constantFrom('as it is', 'undone', 'undone after remittance')), { maxLength: 12 }), events => {
    // What is already the lender's debt to trust does not become it once more.
    const isOwed = (of: readonly Line[]): boolean => of.some(({ debit, credit }) => debit === 'T.CLIENT_DUE' || credit === 'T.CLIENT_DUE')
    const lines = events.flatMap(([movement, how]) => how === 'as it is' ? movement : [...movement, ...how === 'undone' || isOwed(movement) ? negated(movement) : movements.undoneAfterRemittance(movement)])
    assert(lines.every(({ amount, debit, credit }) => amount > 0 && debit !== credit), 'no line is zero')
    assert(lines.every(({ debit, credit }) => (debit[0] === 'T') === (credit[0] === 'T') && (debit[0] === 'O') === (credit[0] === 'O')), 'none leaves its book')
    checkTrust(lines)
    // What is undone is as if it had never been, but for whose debt it is now.
    const undone = ledgerOf(events.flatMap(([movement, how]) => how === 'undone' ? [...movement, ...negated(movement)] : []))
    assert(Object.values(undone).every(net => net === 0))
  }), options)
})

/** A receipt that is on its way, and what becomes of it. */
const receipt = fc.record({ amount: fc.integer({ min: 1, max: 10 ** 9 }).map(minor), isKnown: fc.boolean(), end: fc.constantFrom('clears', 'returns', 'waits'), again: fc.boolean() }, { noNullPrototype: true })

t.test('invariant 8: money on its way is in no bank account and moves no debt a second time; it ends once, and then nothing of it is on its way', async () => {
  fc.assert(fc.property(fc.array(receipt, { maxLength: 10 }), receipts => {
    const lines: Line[] = []
    for (const { amount, isKnown, end } of receipts) {
      const came = isKnown ? movements.paidToAgency({ ...noBuckets, principal: amount }, minor(0), 'T.CLEARING') : movements.receivedUnidentified(amount, 'T.CLEARING')
      const before = ledgerOf(lines)
      lines.push(...came)
      assert.equal(netOf(ledgerOf(lines), 'T.BANK'), netOf(before, 'T.BANK'), 'what is pending is not at the bank')
      if (end === 'clears') {
        const claims = ledgerOf(lines)
        lines.push(...movements.cleared(amount))
        for (const name of ledgerAccounts) if (name !== 'T.BANK' && name !== 'T.CLEARING') assert.equal(netOf(ledgerOf(lines), name), netOf(claims, name), `clearing moves ${name}`)
      }
      if (end === 'returns') lines.push(...negated(came))
      checkTrust(lines)
    }
    const of = (how: string): number => receipts.filter(({ end }) => end === how).reduce((all, { amount }) => all + amount, 0)
    assert.deepEqual([netOf(ledgerOf(lines), 'T.BANK'), netOf(ledgerOf(lines), 'T.CLEARING')], [of('clears'), of('waits')])
  }), options)
})

const share = fc.integer({ min: 0, max: 100 }).map(n => `${n}/100`)
const tiers = fc.array(fc.tuple(fc.integer({ min: 1, max: 10 ** 6 }), share), { minLength: 1, maxLength: 4 }).map(steps => {
  let upTo = 0
  return steps.map(([width, rate], i) => ({ upTo: i === steps.length - 1 ? null : minor(upTo += width), rate }))
})
const method = fc.oneof(share.map(rate => ({ kind: 'flat' as const, rate })), fc.record({ kind: fc.constantFrom('marginal' as const, 'slab' as const), on: fc.constantFrom('payment' as const, 'claimToDate' as const), tiers }, { noNullPrototype: true }))

t.test('invariant 40: a payment to the lender touches no trust account and earns what the same payment to the agency earns', async () => {
  fc.assert(fc.property(parts, method, share, fc.constantFrom('withhold' as const, 'invoice' as const), sum, (allocated, how, vat, recover, before) => {
    const terms: PlanTerms = { base: ['principal', 'costs'], rows: [{ method: how }], vat: { rate: vat }, recover }
    const at = (receivedBy: 'agency' | 'lender'): Situation => ({ daysPastDue: 10, balanceAtPlacement: minor(10 ** 9), placementNumber: 1, daysSincePlacement: 3, receivedBy })
    const past = { ...noPast, recovered: before, collected: before }
    const [agency, lender] = [explainCommission({ allocated, terms, at: at('agency'), past }), explainCommission({ allocated, terms, at: at('lender'), past })]
    assert.deepEqual(lender.earned, agency.earned)
    const lines = [...movements.paidToLender(allocated), ...lender.earned.commission < 0 ? [] : movements.commissionEarned(lender.earned, withheldOf(recoveryOf(recover, 'lender'), lender.earned, allocated))]
    assert(lines.every(({ debit, credit }) => debit[0] !== 'T' && credit[0] !== 'T'))
  }), options)
})

t.test('invariant 43: a whole life, whatever its sums, ends with every debt, all trust money and the lender\'s account at zero', async () => {
  fc.assert(fc.property(parts, sum, sum, parts, fc.nat({ max: 100 }), share, fc.constantFrom('net', 'gross', 'combined'), (placed, interest, fee, weights, percent, rate, basis) => {
    const lines: Line[] = [...movements.placed(placed), ...movements.interestAccrued(interest), ...movements.feeCharged(fee)]
    const owed = (): Buckets => ({ principal: minor(netOf(ledgerOf(lines), 'D.PRINCIPAL')), interest: minor(netOf(ledgerOf(lines), 'D.INTEREST')), penalty: minor(netOf(ledgerOf(lines), 'D.PENALTY')), costs: minor(netOf(ledgerOf(lines), 'D.COSTS')) })
    const some = (of: Buckets): Buckets => Object.fromEntries(buckets.map(bucket => [bucket, minor(Math.floor(of[bucket] * Math.min(100, weights[bucket] % 101) / 100))])) as Buckets
    const earn = (allocated: Buckets, isWithheld: boolean): void => {
      const commission = minor(Math.floor(totalOf(allocated) * percent / 100))
      const vat = minor(Math.floor(commission * Number(rate.slice(0, -4)) / 100))
      lines.push(...movements.commissionEarned({ commission, vat }, isWithheld ? minor(Math.min(commission + vat, totalOf(allocated))) : minor(0)))
    }
    const toAgency = some(owed())
    lines.push(...movements.paidToAgency(toAgency, minor(fee), 'T.CLEARING'), ...movements.cleared(minor(totalOf(toAgency) + fee)))
    earn(toAgency, basis !== 'gross')
    const toLender = some(owed())
    lines.push(...movements.paidToLender(toLender))
    earn(toLender, false)
    lines.push(...movements.discounted(some(owed())), ...movements.refunded(fee))
    if (basis === 'combined') lines.push(...movements.offset(minor(Math.min(-netOf(ledgerOf(lines), 'T.CLIENT'), netOf(ledgerOf(lines), 'O.AR')))))
    lines.push(...movements.remitted(minor(-netOf(ledgerOf(lines), 'T.CLIENT'))), ...movements.swept(minor(-netOf(ledgerOf(lines), 'T.AGENCY'))), ...movements.clientPaidInvoices(minor(netOf(ledgerOf(lines), 'O.AR'))), ...movements.recalled(owed()))
    const left = Object.entries(ledgerOf(lines)).filter(([name, net]) => net !== 0 && (/^[DT]/.test(name) || name === 'O.AR' || name === 'O.DUE_FROM_TRUST'))
    assert.deepEqual(left, [])
    assert.equal(netOf(ledgerOf(lines), 'O.BANK', 'O.COMMISSION_INCOME', 'O.VAT_OUTPUT'), 0, 'what was earned is in our own bank account')
  }), options)
})

t.test('invariant 6: in the books, an entry undone leaves every account as it was, once; and what undoes the undoing does it again', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  const { accountId } = await w.account(us, bank, { balance: { principal: 10 ** 12 } })
  const nets = async (): Promise<Record<string, number>> => await w.tx(us, async tx => Object.fromEntries((await tx.execute(sql`select name, sum(change) as net from postings p cross join lateral (values (p.debit, p.amount), (p.credit, -p.amount)) x (name, change)
    where p.tenant_id = ${uuidOf(us.id)}::uuid group by name having sum(change) <> 0 order by name`)).rows.map(row => [String(row['name']), Number(row['net'])])))
  // One day's sums of a debt that can be undone in any order.
  const some = fc.array(anyMovement.filter(lines => lines.length > 0 && lines.every(({ debit, credit }) => !/^D\.(INTEREST|PENALTY|COSTS)/.test(credit) && !debit.startsWith('C.PLACED'))), { minLength: 1, maxLength: 4 })
  await fc.assert(fc.asyncProperty(some, fc.infiniteStream(fc.nat()), async (events, dice) => {
    const before = await nets()
    const ids = await w.tx(us, async tx => {
      await lockAccount(tx, accountId)
      return await post(tx, events.map(lines => ({ lenderId: bank.id, accountId, kind: 'adjustment', causeId: newId('operation'), effectiveOn: '2026-01-05', currency: 'CNY', lines })))
    })
    const with_ = await nets()
    const undo = async (all: readonly typeof ids[number][]): Promise<typeof ids> => await w.tx(us, async tx => {
      await lockAccount(tx, accountId)
      const undone: typeof ids = []
      for (const id of all) undone.push(await reverse(tx, id, { kind: 'adjustment', causeId: newId('operation'), effectiveOn: '2026-01-05' }))
      return undone
    })
    const shuffled = ids.map(id => ({ id, at: dice.next().value as number })).sort((a, b) => a.at - b.at).map(({ id }) => id)
    const undone = await undo(shuffled)
    assert.deepEqual(await nets(), before)
    await assert.rejects(undo([shuffled[0]!]), { code: 'already-reversed' })
    const again = await undo(undone)
    assert.deepEqual(await nets(), with_)
    await undo(again)
    assert.deepEqual(await nets(), before)
  }), { numRuns: Math.ceil(runs / 20), seed })
})
