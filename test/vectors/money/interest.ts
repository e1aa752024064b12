import { cents } from './row.ts'
import type { Figure, Row, Runner } from './row.ts'

const dayCounts: Record<string, string> = { 'ACT/366 (leap year)': 'ACT/366' }

/** The rate of a row in one of our units. */
function rateOf (inputs: Record<string, unknown>): { unit: string, value: string } {
  const { annual_rate_pct: yearly, daily_rate_pct: daily, daily_rate: perTenThousand, daily_factor: factor, monthly_factor: monthly } = inputs as Record<string, string>
  if (yearly !== undefined) return { unit: 'pct_year', value: yearly }
  if (daily !== undefined) return { unit: 'pct_day', value: daily }
  if (perTenThousand !== undefined) return { unit: 'per10k_day', value: perTenThousand.split(' ')[0]! }
  return { unit: factor === undefined ? 'pct_month' : 'pct_day', value: hundredfold(factor ?? monthly!) }
}

/** A factor as per cent. */
const hundredfold = (factor: string): string => {
  const [whole, decimals = ''] = factor.split('.')
  const digits = decimals.padEnd(2, '0')
  return `${Number(whole! + digits.slice(0, 2))}.${digits.slice(2) || '0'}`
}

/** Rates of the German base rate with its points, of compounding, and daily rates of tax offices. */
async function ratesOnly ({ inputs, expected }: Row, ask: Parameters<Runner>[1]): Promise<Figure[] | null> {
  const { base_rate_pct: base, uplift, uplift_consumer_pts: consumer, uplift_b2b_pts: b2b, compounding_per_year: from, to_compounding_per_year: to, rate, term_years: termYears, to: simple, daily_rate: daily, basis } = inputs as Record<string, string & number>
  const withPoints = async (marginPoints: string): Promise<unknown> => ((await ask('interest', {
    principal: 100, currency: 'EUR', days: 1, rate: { unit: 'pct_year', index: [{ from: '2000-01-01', value: base }], marginPoints },
  }))['rate'] as { value: string }).value
  if (base !== undefined) {
    const margins = Object.entries({ points: uplift, consumer, b2b }).filter(([, margin]) => margin !== undefined)
    return await Promise.all(margins.map(async ([name, margin]): Promise<Figure> => ({ name, ours: await withPoints(margin!), printed: expected[name] })))
  }
  if (from !== undefined) {
    const answer = await ask('equivalent-rate', { rate, compoundingsPerYear: from, decimals: expected['dp'], ...simple === 'simple' ? { termYears } : { toCompoundingsPerYear: to } })
    return [{ name: 'rate', ours: answer['rate'], printed: expected['rate'] }]
  }
  if (expected['annual_pct'] !== undefined) {
    const answer = await ask('interest', { principal: 100, currency: 'CNY', days: 1, dayCount: `ACT/${basis}`, rate: rateOf({ daily_rate: daily }) })
    return [{ name: 'a year', ours: (answer['rate'] as { annualPercent: string }).annualPercent, printed: expected['annual_pct'] }]
  }
  if (expected['daily_rate_pct'] !== undefined) {
    // A day of a year as long as the row's.
    const on = inputs['days_in_calendar_year'] === 366 ? '2024-06-01' : '2025-06-01'
    const answer = await ask('interest', { principal: 100, currency: 'AUD', from: on, days: 1, dayCount: 'ACT/calendar-year', rate: rateOf(inputs), rounding: { dailyRateDecimals: 8 } })
    return [{ name: 'a day', ours: (answer['rate'] as { dailyPercent: string }).dailyPercent, printed: expected['daily_rate_pct'] }]
  }
  return null
}

/** Interest, through `POST /v1/calculations/interest` and `/equivalent-rate`. */
export const interest: Runner = async (row, ask) => {
  const rates = await ratesOnly(row, ask)
  if (rates !== null) return { figures: rates }
  const { inputs, expected } = row
  const { principal, currency = 'USD', days, months, extra_days: extra, basis, method = '', rounding = '', start, end, period } = inputs as Record<string, string & number>
  const perDay = /PER DAY/.test(rounding)
  const mode = /down|DOWN/.test(rounding) ? 'down' : /\bUP\b/.test(rounding) ? 'up' : 'half_up'
  const length = start !== undefined ? { from: start, to: end } : period === '1 year' ? { months: 12 } : { ...months !== undefined && { months }, ...(days ?? extra) !== undefined && { days: days ?? extra } }
  const isMonthly = start !== undefined || period !== undefined || /month/i.test(method)
  const body = {
    principal: cents(principal), currency, rate: rateOf(inputs), ...length, rounding: { mode, when: perDay ? 'perDay' : 'once' },
    dayCount: /compounding/.test(method) ? 'ACT/360' : isMonthly ? 'months' : basis === undefined ? 'ACT/365F' : dayCounts[basis] ?? basis, ...(/compounding/.test(method)) && { compounding: 'monthly' },
  }
  const answer = await ask('interest', body)
  const figure = (name: string, ours: unknown, printed: unknown): Figure[] => printed === undefined ? [] : [{ name, ours, printed }]
  const inCents = (text: unknown) => text === undefined ? undefined : cents(text)
  const figures = [
    ...figure('interest', answer['interest'], inCents(expected['interest'] ?? expected['total'] ?? expected['to_interest'])),
    ...figure('a day', answer['perDay'] ?? answer['interest'], inCents(expected['daily'])),
    ...figure('exact', `${String(answer['exact'])}`, expected['unrounded'] === undefined ? undefined : String(cents(expected['unrounded'], 8) / 1e6)),
  ]
  if (expected['exact_unrounded_per_period'] !== undefined) figures.push({ name: 'rounded once', ours: (await ask('interest', { ...body, rounding: {} }))['interest'], printed: cents(expected['exact_unrounded_per_period']) })
  const part = expected['per_month'] ?? expected['monthly']
  if (part !== undefined) figures.push({ name: 'a month', ours: (await ask('interest', { ...body, from: '2025-01-01', to: '2025-02-01', months: undefined }))['interest'], printed: cents(part) })
  if (expected['daily_factor_7dp'] !== undefined) {
    const daily = await ask('interest', { ...body, rounding: { dailyRateDecimals: 5 } })
    figures.push({ name: 'a day, in per cent', ours: (daily['rate'] as { dailyPercent: string }).dailyPercent, printed: hundredfold(String(expected['daily_factor_7dp'])) },
      { name: 'by the daily rate', ours: daily['interest'], printed: cents(expected['interest_via_daily_factor']) })
  }
  return { figures }
}

/** Worked by hand, for where the published rows are not at hand. */
export const interestRows: Row[] = [
  { id: 'own-year', kind: 'interest', inputs: { principal: '1000.00', annual_rate_pct: '8', days: 365, basis: 'ACT/365F', method: 'simple' }, expected: { interest: '80.00' } },
  { id: 'own-daily', kind: 'interest', inputs: { principal: '10000.00', currency: 'CNY', daily_rate: '1.75 per 10,000', days: 20, method: 'simple' }, expected: { interest: '35.00' } },
]
