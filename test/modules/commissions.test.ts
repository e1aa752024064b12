import fc from 'fast-check'
import t from 'tap'
import { add, buckets, minor, rational, roundRatio, totalOf } from '#kernel'
import type { Bucket, Buckets } from '#kernel'
import { commissionLines, explainCommission, negated, recoveryOf, withheldOf } from '../../src/modules/commissions/core.ts'
import { commissionBandOf, commissionRateOf } from '../../src/modules/lenders/index.ts'

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
    t.same(explainCommission({ allocated, parts, rate, vatRate }).earned, { base, commission, vat }, why)
  }
  // NACM's published contingency figures: 20 % of 10,000.00.
  t.match(explainCommission({ allocated: { ...allocated, principal: 10_000_00 }, parts: ['principal'], rate: '0.20', vatRate: '0' }).earned, { commission: 2_000_00 })
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
  t.equal(recoveryOf('net', 'agency'), 'trust')
  for (const [remittance, receivedBy] of [['net', 'lender'], ['gross', 'agency'], ['gross', 'lender']] as const) t.equal(recoveryOf(remittance, receivedBy), 'invoice')

  t.same(commissionLines({ base: 500_00, commission: 150_00, vat: 30_00 }, 180_00), [
    { debit: 'T.CLIENT', credit: 'T.AGENCY', amount: 180_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.COMMISSION_INCOME', amount: 150_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.VAT_OUTPUT', amount: 30_00 },
  ], 'postings.json COMMISSION_NET')
  t.same(commissionLines({ base: 200_00, commission: 60_00, vat: 12_00 }, 0), [
    { debit: 'O.AR', credit: 'O.COMMISSION_INCOME', amount: 60_00 }, { debit: 'O.AR', credit: 'O.VAT_OUTPUT', amount: 12_00 },
  ], 'postings.json COMMISSION_INVOICE')
  t.same(commissionLines({ base: 100_00, commission: 90_00, vat: 18_00 }, withheldOf('trust', { base: 100_00, commission: 90_00, vat: 18_00 }, { ...allocated, principal: 100_00, interest: 0, penalty: 0, costs: 0 })), [
    { debit: 'T.CLIENT', credit: 'T.AGENCY', amount: 100_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.COMMISSION_INCOME', amount: 90_00 },
    { debit: 'O.DUE_FROM_TRUST', credit: 'O.VAT_OUTPUT', amount: 10_00 },
    { debit: 'O.AR', credit: 'O.VAT_OUTPUT', amount: 8_00 },
  ], 'commission and VAT above the payment itself: one client\'s money never pays for another')
  t.same(commissionLines({ base: 0, commission: 0, vat: 0 }, 0), [], 'nothing earned, nothing posted')
})

t.test('invariants 32, 35 and 37: commission is within its base, the lines carry all of it, and a clawback is its mirror', async t => {
  const anyPart = fc.integer({ min: 0, max: 1_000_000_00 }).map(minor)
  const anyShare = fc.integer({ min: 0, max: 100 }).chain(n => fc.constantFrom(`${n}/100`, (n / 100).toFixed(2), n === 0 ? '0' : `1/${n}`))
  fc.assert(fc.property(fc.record({ principal: anyPart, interest: anyPart, penalty: anyPart, costs: anyPart }), fc.shuffledSubarray([...buckets], { minLength: 1 }), anyShare, anyShare, fc.constantFrom('trust' as const, 'invoice' as const), (allocated, parts, rate, vatRate, recovery) => {
    const { earned, steps } = explainCommission({ allocated, parts, rate, vatRate })
    const withheld = withheldOf(recovery, earned, allocated)
    const lines = commissionLines(earned, withheld)
    const moved = (side: 'debit' | 'credit', name: string) => lines.filter(line => line[side] === name).reduce((sum, { amount }) => sum + amount, 0)
    const mirrored = explainCommission({ allocated: negated(allocated), parts, rate, vatRate }).earned
    // Each step comes out of the one before: what is shown is what was stored.
    const isExplained = steps.every(({ exact, amount }) => Number(roundRatio(rational(exact).n, rational(exact).d)) === amount) && steps[3]!.amount === add(earned.commission, earned.vat)
    return earned.commission >= 0 && earned.commission <= earned.base && withheld <= totalOf(allocated) && isExplained
      && moved('credit', 'O.COMMISSION_INCOME') === earned.commission && moved('credit', 'O.VAT_OUTPUT') === earned.vat
      && moved('debit', 'O.DUE_FROM_TRUST') === moved('credit', 'T.AGENCY') && moved('debit', 'T.CLIENT') === withheld
      && mirrored.commission + earned.commission === 0 && mirrored.vat + earned.vat === 0
  }), { numRuns: Number(process.env['FC_RUNS'] ?? 500) })
})
