import fc from 'fast-check'
import t from 'tap'
import { add, buckets, minor, rational, roundRatio, totalOf } from '#kernel'
import type { Bucket, Buckets } from '#kernel'
import { explainCommission, negated, noPast, recoveryOf, withheldOf } from '../../src/modules/commissions/core.ts'
import { commissionEarned } from '../../src/modules/ledger/movements.core.ts'
import type { Situation } from '../../src/modules/commissions/plan.core.ts'
import { commissionBandOf, commissionRateOf } from '../../src/modules/lenders/index.ts'
import { books, checkBooks } from '../books.ts'
import { strangeId, world } from '../world.ts'

const situation: Situation = { daysPastDue: 0, balanceAtPlacement: 1_000_00, placementNumber: 1, daysSincePlacement: 10, receivedBy: 'agency' }

/** One flat share of some parts, as every simple agreement has it. */
const simple = ({ allocated, parts, rate, vatRate }: { allocated: Buckets, parts: Bucket[], rate: string, vatRate: string }) =>
  explainCommission({ allocated, past: noPast, at: situation, terms: { base: parts, rows: [{ method: { kind: 'flat', rate } }], vat: { rate: vatRate }, recover: 'withhold' } })

const allocated: Buckets = { principal: 420_00, interest: 30_00, penalty: 50_00, costs: 40_00 }

t.test('commission is a share of the agreed parts of a recovery, and VAT a share of the commission', async t => {
  const table: [parts: Bucket[], rate: string, vatRate: string, base: number, commission: number, vat: number, why: string][] = [
    [['principal', 'interest', 'penalty'], '0.3', '0.2', 500_00, 150_00, 30_00, 'postings.json COMMISSION_NET: 30 % of 500.00 and VAT of 20 %'],
    [['principal'], '1/3', '0', 420_00, 140_00, 0, '33 1/3 %'],
    [['costs'], '0.3', '0.06', 40_00, 12_00, 72, ''],
    [['interest'], '0.00017', '0.5', 30_00, 1, 1, '0.51 cents is a cent; its VAT, half a cent, is a cent'],
    [['principal'], '0', '0.2', 420_00, 0, 0, 'a rate of zero'],
  ]
  for (const [parts, rate, vatRate, base, commission, vat, why] of table) {
    t.same(simple({ allocated, parts, rate, vatRate }).earned, { base, commission, vat }, why)
  }
  // NACM's published contingency figures: 20 % of 10,000.00.
  t.match(simple({ allocated: { ...allocated, principal: 10_000_00 }, parts: ['principal'], rate: '0.20', vatRate: '0' }).earned, { commission: 2_000_00 })
})

t.test('a band is chosen by the age at placement, both ends tested', async t => {
  const terms = { base: ['principal' as const], vatRate: '0', bands: [{ fromDays: 0, toDays: 90, rate: '0.2' }, { fromDays: 90, toDays: 365, rate: '0.33' }, { fromDays: 365, toDays: null, rate: '0.5' }] }
  for (const [days, rate] of [[-3, '0.2'], [0, '0.2'], [89, '0.2'], [90, '0.33'], [364, '0.33'], [365, '0.5'], [9_999, '0.5']] as const) {
    t.equal(commissionRateOf(terms, days), rate, `${days} days`)
    t.equal(commissionBandOf(terms, days)?.rate, rate)
  }
  t.equal(commissionBandOf({ base: ['principal'], vatRate: '0', rate: '0.25' }, 90), null)
})

t.test('it is withheld from trust money when the agreement remits net and the agency holds it, else invoiced', async t => {
  t.equal(recoveryOf('withhold', 'agency'), 'trust')
  for (const [remittance, receivedBy] of [['withhold', 'lender'], ['invoice', 'agency'], ['invoice', 'lender']] as const) t.equal(recoveryOf(remittance, receivedBy), 'invoice')

  t.same(commissionEarned({ commission: 150_00, vat: 30_00 }, 180_00), [
    { debit: 'T.CLIENT', credit: 'T.AGENCY', amount: 180_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.COMMISSION_INCOME', amount: 150_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.VAT_OUTPUT', amount: 30_00 },
  ], 'postings.json COMMISSION_NET')
  t.same(commissionEarned({ commission: 60_00, vat: 12_00 }, 0), [
    { debit: 'O.AR', credit: 'O.COMMISSION_INCOME', amount: 60_00 }, { debit: 'O.AR', credit: 'O.VAT_OUTPUT', amount: 12_00 },
  ], 'postings.json COMMISSION_INVOICE')
  t.same(commissionEarned({ commission: 90_00, vat: 18_00 }, withheldOf('trust', { base: 100_00, commission: 90_00, vat: 18_00 }, { ...allocated, principal: 100_00, interest: 0, penalty: 0, costs: 0 })), [
    { debit: 'T.CLIENT', credit: 'T.AGENCY', amount: 100_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.COMMISSION_INCOME', amount: 90_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.VAT_OUTPUT', amount: 10_00 },
    { debit: 'O.AR', credit: 'O.VAT_OUTPUT', amount: 8_00 },
  ], 'commission and VAT above the payment itself: one client\'s money never pays for another')
  t.same(commissionEarned({ commission: 0, vat: 0 }, 0), [], 'nothing earned, nothing posted')
})

t.test('invariants 32, 35 and 37: commission is within its base, the lines carry all of it, and a clawback is its mirror', async t => {
  const anyPart = fc.integer({ min: 0, max: 1_000_000_00 }).map(minor)
  const anyShare = fc.integer({ min: 0, max: 100 }).chain(n => fc.constantFrom(`${n}/100`, (n / 100).toFixed(2), n === 0 ? '0' : `1/${n}`))
  fc.assert(fc.property(fc.record({ principal: anyPart, interest: anyPart, penalty: anyPart, costs: anyPart }), fc.shuffledSubarray([...buckets], { minLength: 1 }), anyShare, anyShare, fc.constantFrom('trust' as const, 'invoice' as const), (allocated, parts, rate, vatRate, recovery) => {
    const { earned, steps } = simple({ allocated, parts, rate, vatRate })
    const withheld = withheldOf(recovery, earned, allocated)
    const lines = commissionEarned(earned, withheld)
    const moved = (side: 'debit' | 'credit', name: string) => lines.filter(line => line[side] === name).reduce((sum, { amount }) => sum + amount, 0)
    const mirrored = simple({ allocated: negated(allocated), parts, rate, vatRate }).earned
    // Each step comes out of the one before: what is shown is what was stored.
    const isExplained = steps.every(({ exact, amount }) => Number(roundRatio(rational(exact).n, rational(exact).d)) === amount) && steps.at(-1)!.amount === add(earned.commission, earned.vat)
    return earned.commission >= 0 && earned.commission <= earned.base && withheld <= totalOf(allocated) && isExplained
      && moved('credit', 'O.COMMISSION_INCOME') === earned.commission && moved('credit', 'O.VAT_OUTPUT') === earned.vat
      && moved('debit', 'O.DUE_FROM_TRUST') === moved('credit', 'T.AGENCY') && moved('debit', 'T.CLIENT') === withheld
      && mirrored.commission + earned.commission === 0 && mirrored.vat + earned.vat === 0
  }), { numRuns: Number(process.env['FC_RUNS'] ?? 500) })
})

interface Entry { id: string, kind: string, paymentId: string, base: number, rate: string, commission: number, vatRate: string, vat: number, withheld: number, recoverFrom: string, journalEntryId: string | null }
interface Explanation {
  kind: string, commission: number, vat: number, total: number, steps: { name: string, exact: string, amount: number }[]
  inputs: { allocated: Record<Bucket, number>, baseParts: Bucket[], situation: Situation, row: number, hit: { daysPastDue?: { from: number, to: number | null }, method: { kind: string, rate: string } }, vatRate: string }
}

t.test('through the API', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const bands = [{ fromDays: 0, toDays: 30, rate: '0.2' }, { fromDays: 30, toDays: null, rate: '1/3' }]
  const banded = await w.lender(us, { commission: { base: ['principal', 'interest'], bands, vatRate: '0.06' } })
  const gross = await w.lender(us, { commission: { base: ['principal'], rate: '0.25', vatRate: '0' }, remittance: 'gross' })
  const greedy = await w.lender(us, { commission: { base: ['principal'], rate: '0.9', vatRate: '0.2' } })

  const pay = async (accountId: string, amount: number, more: object = {}) =>
    await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'bankTransfer', ...more })
  const entriesOf = async (query: string, as: Parameters<typeof w.ok>[0] = us) => (await w.ok<{ data: Entry[] }>(as, 'GET', `/v1/commission-entries?${query}`)).data
  const explain = async (id: string) => await w.ok<Explanation>(us, 'GET', `/v1/commission-entries/${id}/explanation`)

  t.test('the band is that of the age at placement, and the explanation adds up to what was booked', async t => {
    // Due 20 December 2025, placed 5 January 2026: 16 days past due. Due 6 December: 30 days.
    const young = await w.account(us, banded, { dueOn: '2025-12-20', balance: { principal: 1_000_00, interest: 10_01, costs: 5_00 } })
    const old = await w.account(us, banded, { dueOn: '2025-12-06', balance: { principal: 1_000_00, interest: 10_01, costs: 5_00 } })
    for (const [{ accountId }, rate, commission, vat, days, band] of [
      // 500.00 settles costs 5.00, interest 10.01, principal 484.99: base 495.00. 20 %: 99.00, VAT 5.94. A third: 165.00, VAT 9.90.
      [young, '0.2', 99_00, 5_94, 16, bands[0]!], [old, '1/3', 165_00, 9_90, 30, bands[1]!],
    ] as const) {
      await pay(accountId, 500_00)
      const [entry] = await entriesOf(`accountId=${accountId}`)
      t.match(entry, { kind: 'accrual', base: 495_00, rate, commission, vat, vatRate: '0.06', recoverFrom: 'trust', withheld: commission + vat })
      t.same(await w.ok(us, 'GET', `/v1/commission-entries/${entry!.id}`), entry)
      const why = await explain(entry!.id)
      t.match(why, { inputs: { allocated: { principal: 484_99, interest: 10_01, costs: 5_00 }, situation: { daysPastDue: days }, hit: { daysPastDue: { from: band.fromDays, to: band.toDays }, method: { kind: 'flat', rate } } }, commission, vat, total: commission + vat })
      // Recomputed from nothing but what the explanation gives.
      const base = why.inputs.baseParts.reduce((sum, part) => sum + why.inputs.allocated[part], 0)
      const share = rational(why.inputs.hit.method.rate), tax = rational(why.inputs.vatRate)
      t.equal(Number(roundRatio(BigInt(base) * share.n, share.d)), entry!.commission)
      t.equal(Number(roundRatio(BigInt(entry!.commission) * tax.n, tax.d)), entry!.vat)
      t.same(why.steps.map(({ name, amount }) => [name, amount]), [['base', base], ['fee', commission], ['commission', commission], ['vat', vat], ['total', commission + vat]])
    }
    await checkBooks(t, w, us, 'banded commission')
  })

  t.test('a reversed payment gives back exactly its commission, and the clawback explains itself', async t => {
    const { accountId } = await w.account(us, banded)
    const payment = await pay(accountId, 333_33)
    await w.ok(us, 'POST', `/v1/payments/${payment.id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
    const [accrual, clawback] = await entriesOf(`paymentId=${payment.id}`)
    // 333.33 * 0.2 = 66.666 -> 66.67; VAT 4.0002 -> 4.00.
    t.match(accrual, { commission: 66_67, vat: 4_00 })
    t.match(clawback, { kind: 'clawback', base: -333_33, commission: -66_67, vat: -4_00, withheld: -70_67 })
    const why = await explain(clawback!.id)
    t.same(why.steps.map(({ amount }) => amount), [-333_33, -66_67, -66_67, -4_00, -70_67])
    await checkBooks(t, w, us, 'clawback')
  })

  t.test('an agreement that remits gross, and a payment to the lender, put commission on the lender\'s account', async t => {
    const { accountId } = await w.account(us, gross)
    const before = await books(w, us)
    await pay(accountId, 100_00)
    await pay(accountId, 60_00, { receivedBy: 'lender' })
    t.match(await entriesOf(`accountId=${accountId}`), [{ commission: 25_00, recoverFrom: 'invoice', withheld: 0 }, { commission: 15_00, recoverFrom: 'invoice', withheld: 0 }])
    const after = await checkBooks(t, w, us, 'gross')
    t.equal((after['O.AR'] ?? 0) - (before['O.AR'] ?? 0), 40_00)
    t.equal(after['T.AGENCY'], before['T.AGENCY'], 'trust is left alone')
  })

  t.test('commission and VAT above the payment itself are withheld up to it, the rest invoiced', async t => {
    const { accountId } = await w.account(us, greedy)
    const before = await books(w, us)
    await pay(accountId, 100_00)
    // 90.00 and VAT 18.00 on a payment of 100.00: 100.00 withheld, 8.00 invoiced.
    t.match(await entriesOf(`accountId=${accountId}`), [{ commission: 90_00, vat: 18_00, withheld: 100_00 }])
    const after = await checkBooks(t, w, us, 'greedy')
    t.equal((after['O.AR'] ?? 0) - (before['O.AR'] ?? 0), 8_00)
    t.equal(after['T.CLIENT'], before['T.CLIENT'], 'nobody else\'s money pays for it')
  })

  t.test('a payment that earns nothing is explained too', async t => {
    const { accountId } = await w.account(us, banded, { balance: { principal: 1_00, costs: 50_00 } })
    await pay(accountId, 50_00)
    const [entry] = await entriesOf(`accountId=${accountId}`)
    t.match(entry, { base: 0, commission: 0, vat: 0, journalEntryId: null })
    t.match(await explain(entry!.id), { total: 0, inputs: { allocated: { costs: 50_00 } } })
  })

  t.test('a lender reads its own commission and no other', async t => {
    const { accountId } = await w.account(us, banded)
    await pay(accountId, 10_00)
    const [entry] = await entriesOf(`accountId=${accountId}&lenderId=${banded.id}`, banded)
    t.match(entry, { commission: 2_00 })
    t.equal((await w.call(banded, 'GET', `/v1/commission-entries/${entry!.id}/explanation`)).statusCode, 200)
    for (const as of [gross, them]) {
      t.same(await entriesOf(`accountId=${accountId}`, as), [])
      for (const path of ['', '/explanation']) t.match((await w.call(as, 'GET', `/v1/commission-entries/${entry!.id}${path}`)).json(), { status: 404, code: 'not-found' })
    }
    t.match((await w.call(us, 'GET', `/v1/commission-entries/${strangeId('commissionEntry')}`)).json(), { status: 404 })
    t.match((await w.call(us, 'GET', '/v1/commission-entries?colour=red')).json(), { status: 400 })
    t.equal((await w.ok<{ data: Entry[], nextCursor: string | null }>(us, 'GET', '/v1/commission-entries?limit=2')).data.length, 2)
  })
  t.same(w.failures, [])
})
