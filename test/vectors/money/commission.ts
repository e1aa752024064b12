import { cents } from './row.ts'
import type { Figure, Row, Runner } from './row.ts'

interface PrintedTier { up_to?: string | null, to?: string | null, rate_pct?: string, per_unit?: string, flat?: string }

/** A percentage as a share. */
const share = (percent: string): string => {
  const [whole = '0', decimals = ''] = percent.replace('%', '').split('.')
  return `${whole}${decimals}/1${'0'.repeat(decimals.length + 2)}`.replace(/^0+(?=\d)/, '')
}

/** A price a unit as a share: a unit is a whole unit of money here. */
const price = (perUnit: string): string => {
  const [whole = '0', decimals = ''] = perUnit.split('.')
  return decimals === '' ? whole : `${`${whole}${decimals}`.replace(/^0+(?=\d)/, '')}/1${'0'.repeat(decimals.length)}`
}

/** Commission, through `POST /v1/calculations/commission`. */
export const commission: Runner = async ({ inputs, expected }: Row, ask) => {
  const { scheme = '', currency = 'USD', tiers, bands, rate, rate_pct: percent, claim, collected, principal, amount, units, total, transactions } = inputs as Record<string, string> & { tiers?: PrintedTier[], bands?: PrintedTier[] }
  const { per_unit: perUnit, flat, min, max, min_per_tx: minEach, max_per_tx: maxEach, fixed_per_tx: fixedEach, free_amount: freeAmount, free_transactions: freePayments, cumulative_before: before, base_rate_pct: baseRate, fee, vat_pct: vat } = inputs as Record<string, string>
  const figure = (name: string, ours: unknown, printed: unknown): Figure => ({ name, ours, printed })
  if (baseRate !== undefined) {
    const answer = await ask('commission', { currency, payments: [100], method: { kind: 'flat', rate: share(baseRate) }, adjustments: [{ op: 'times', value: '1/2' }] })
    return { figures: [figure('rate', (answer['rates'] as string[])[0], share(String(expected['rate_pct'])))] }
  }
  if (vat !== undefined) {
    const answer = await ask('commission', { currency, payments: [100], method: { kind: 'fixed', amount: cents(fee) }, vatRate: share(vat) })
    return { figures: [figure('with VAT', answer['total'], cents(expected['fee_incl_vat']))] }
  }
  const steps = tiers ?? bands
  const method = steps !== undefined
    ? {
        kind: /slab|volume/.test(scheme) ? 'slab' : 'marginal', on: before === undefined ? 'payment' : 'claimToDate',
        tiers: steps.map(tier => {
          const end = tier.up_to === undefined ? tier.to : tier.up_to
          const each = tier.rate_pct === undefined ? price(tier.per_unit!) : share(tier.rate_pct)
          return { upTo: end === null ? null : cents(end), rate: each, ...tier.flat !== undefined && { flatOnEntry: cents(tier.flat) } }
        }),
      }
    : perUnit === undefined ? { kind: 'flat', rate: share(rate ?? percent!) } : { kind: 'marginal', on: 'payment', tiers: [{ upTo: null, rate: price(perUnit), flatOnEntry: cents(flat ?? '0') }] }
  const paid = Array.isArray(transactions) ? (transactions as string[]).map(text => cents(text)) : total !== undefined ? parts(cents(total), Number(transactions)) : [cents(claim ?? collected ?? principal ?? amount ?? units)]
  const answer = await ask('commission', {
    currency, method, payments: paid, ...before !== undefined && { before: cents(before) }, ...freeAmount !== undefined && { freeAmount: cents(freeAmount), freePayments: Number(freePayments) },
    perPayment: { ...fixedEach !== undefined && { fixed: cents(fixedEach) }, ...minEach !== undefined && { min: cents(minEach), max: cents(maxEach) } },
    perClaim: { ...min !== undefined && { min: cents(min) }, ...max !== undefined && { max: cents(max) } },
  })
  const figures: Figure[] = []
  if (expected['agency'] !== undefined) figures.push(figure('agency', answer['commission'], cents(expected['agency'])), figure('creditor', answer['creditor'], cents(expected['creditor'])))
  const printed = expected['unrounded'] ?? (String(expected['fee']).replace(/^[^.]*\.?/, '').length > 2 ? expected['fee'] : undefined)
  if (printed !== undefined) figures.push(figure('exact', answer['exact'], String(cents(printed, 8)).replace(/(\d{6})$/, '.$1')))
  if (expected['fee'] !== undefined && printed !== expected['fee']) figures.push(figure('fee', answer['commission'], cents(expected['fee'])))
  return { figures }
}

/** A sum in so many payments. */
const parts = (whole: number, count: number): number[] => Array.from({ length: count }, (_, i) => Math.floor(whole * (i + 1) / count) - Math.floor(whole * i / count))

/** Worked by hand, for where the published rows are not at hand. */
export const commissionRows: Row[] = [
  { id: 'own-flat', kind: 'commission', inputs: { collected: '540.00', rate_pct: '30', scheme: 'flat contingency' }, expected: { agency: '162.00', creditor: '378.00' } },
  { id: 'own-cliff', kind: 'commission', inputs: { collected: '2000.01', scheme: 'slab (whole amount at the band rate)', bands: [{ to: '2000', rate_pct: '28' }, { to: null, rate_pct: '20' }] }, expected: { fee: '400.00' } },
  { id: 'own-marginal', kind: 'commission', inputs: { collected: '3000.00', scheme: 'marginal tiers', tiers: [{ up_to: '2000', rate_pct: '28' }, { up_to: null, rate_pct: '20' }] }, expected: { fee: '760.00' } },
]
