import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Balance, Currency, Day, OneOf, Ratio, buckets, closed, compareR, isCurrency, problem, rational, wholeR, zeroR } from '#kernel'
import type { CalendarDay, Minor, Violation } from '#kernel'
import type { AgreementTerms } from '../lenders/index.ts'

export const CommissionPlanRefused = problem('commission-plan-refused', 422, 'The plan contradicts itself.', 'Correct every value named in `errors`.')

const Share = Type.Unsafe<string>({ ...Ratio, description: 'An exact share: `0.25`, or `1/3`.' })
const sum = (description: string) => Type.Unsafe<Minor>({ ...Balance, description })

/**
 * Which sum a scale is read with: that of one payment, of all payments of the debt so far, the balance the debt was placed with, or all that was collected so far in the calendar month
 * of the payment's day, over all debts of the lender whose plans count by the month.
 */
export const scaleBases = ['payment', 'claimToDate', 'balanceAtPlacement', 'periodToDate'] as const

/** A step of a scale: sums above the step before, up to and including `upTo`. `flatOnEntry` is due once a sum reaches into it. */
export const Tier = Type.Object({
  upTo: Type.Unsafe<Minor | null>({ type: ['integer', 'null'], minimum: 1, maximum: 9_007_199_254_740_991, description: 'The last sum of the step, in minor units; null: no end.' }),
  rate: Share, flatOnEntry: Type.Optional(sum('Due once when a sum reaches into the step, in minor units.')),
}, { ...closed, title: 'CommissionTier' })
export type Tier = Static<typeof Tier>

/**
 * How commission follows from a recovery. `flat`: one share of it. `marginal`: each slice of the scale at its own rate. `slab`: the whole sum at the
 * rate of the step it reaches; slabs invert (2,000.00 at 28 % is 560.00, 2,000.01 at 20 % is 400.00), and with `noInversion` it is never less than the
 * most that a smaller sum would have earned. `fixed`: one amount for each payment.
 */
const Scale = <K extends 'marginal' | 'slab'>(kind: K, more: object = {}) => Type.Object({
  kind: Type.Literal(kind, { description: 'The method.' }), on: OneOf(scaleBases, 'Which sum the scale is read with: `payment`, its own; `claimToDate`, all of the debt so far; `balanceAtPlacement`; `periodToDate`, all that came in for the lender in the calendar month so far, over all its debts with such a scale.'), tiers: Type.Array(Tier, { minItems: 1, maxItems: 20, description: 'The steps, rising; the last without an end.' }), ...more,
}, closed)
export type Method =
  | { kind: 'flat', rate: string }
  | { kind: 'marginal' | 'slab', on: typeof scaleBases[number], tiers: readonly Tier[], noInversion?: boolean }
  | { kind: 'fixed', amount: Minor }
export const Method = Type.Unsafe<Method>(Type.Union([
  Type.Object({ kind: Type.Literal('flat', { description: 'One share of the recovery.' }), rate: Share }, closed),
  Scale('marginal'),
  Scale('slab', { noInversion: Type.Optional(Type.Boolean({ description: 'True: never less than a smaller sum would have earned.' })) }),
  Type.Object({ kind: Type.Literal('fixed', { description: 'One amount for each payment.' }), amount: sum('The amount, in minor units.') }, closed),
], { title: 'CommissionMethod', description: 'How commission follows from a recovery.' }))

/** A change of every rate: `addPoints` adds a share (-0.05 is five points less), `times` multiplies. */
export const Adjustment = Type.Object({ op: OneOf(['addPoints', 'times'], '`addPoints` adds a share to every rate (-0.05: five points less), `times` multiplies it.'), value: Share }, { ...closed, title: 'CommissionAdjustment' })
export type Adjustment = Static<typeof Adjustment>

const Span = (what: string) => Type.Object({
  from: Type.Integer({ minimum: 0, maximum: 9_007_199_254_740_991, description: `${what}: the least that matches.` }),
  to: Type.Unsafe<number | null>({ type: ['integer', 'null'], minimum: 1, maximum: 9_007_199_254_740_991, description: `${what}: the first that does not match any more; null: no end.` }),
}, { ...closed, description: what })

/** When a row holds, and how commission follows then. What is left out matches everything; the first row that matches is the one. */
export const PlanRow = Type.Object({
  daysPastDue: Type.Optional(Span('Days past due at placement')), balanceAtPlacement: Type.Optional(Span('The balance at placement, in minor units')),
  placementNumber: Type.Optional(Span('How often the debt was placed with the agency')), daysSincePlacement: Type.Optional(Span('Days from placement to payment')),
  receivedBy: Type.Optional(OneOf(['agency', 'lender'], 'Whose hands the money came into.')), method: Method,
}, { ...closed, title: 'CommissionPlanRow' })
export type PlanRow = Static<typeof PlanRow>

/** What a recall earns. */
export type RecallFee = { kind: 'regularRate' } | { kind: 'fixed', amount: Minor }

/** What the agency earns of a lender's debts in one currency from a day on. */
export const PlanTerms = Type.Object({
  base: Type.Array(OneOf(buckets, 'A part of the debt.'), { minItems: 1, maxItems: 4, uniqueItems: true, description: 'The parts of a recovery on which commission is earned.' }),
  rows: Type.Array(PlanRow, { minItems: 1, maxItems: 24, description: 'Rows in their order; without gaps.' }),
  adjustments: Type.Optional(Type.Array(Type.Object({
    when: OneOf(['placedWithin90Days', 'placedAgain'], '`placedWithin90Days`: the debt was at most 90 days past due when it was placed; `placedAgain`: it was placed before.'), change: Adjustment,
  }, closed), { maxItems: 10, description: 'Changes of every rate for some debts.' })),
  perPayment: Type.Optional(Type.Object({ fixed: Type.Optional(sum('Added to each fee.')), min: Type.Optional(sum('The least a payment earns.')), max: Type.Optional(sum('The most a payment earns.')) }, { ...closed, description: 'What holds for each payment.' })),
  perClaim: Type.Optional(Type.Object({ min: Type.Optional(sum('The least a debt earns once it earns.')), max: Type.Optional(sum('The most a debt earns.')), maxShareOfCollected: Type.Optional(Share) }, { ...closed, description: 'What holds for all that a debt earns.' })),
  vat: Type.Object({ rate: Share, reverseCharge: Type.Optional(Type.Boolean({ description: 'True: the lender accounts for the VAT, and none is added.' })) }, { ...closed, description: 'VAT on commission.' }),
  recover: OneOf(['withhold', 'invoice'], 'How commission on money in the agency\'s hands reaches it: withheld from what is remitted, or invoiced. On money that came to the lender it is invoiced.'),
  recallFee: Type.Optional(Type.Unsafe<RecallFee>(Type.Union([
    Type.Object({ kind: Type.Literal('regularRate', { description: 'What a payment of all that is recalled would have earned.' }) }, closed),
    Type.Object({ kind: Type.Literal('fixed', { description: 'One amount.' }), amount: sum('The amount, in minor units.') }, closed),
  ], { title: 'RecallFee', description: 'What the agency earns when the lender takes a debt back; nothing when left out.' }))),
  clawback: Type.Optional(Type.Object({ withinDays: Type.Integer({ minimum: 0, maximum: 3_650, description: 'A payment undone more than so many days after it was received gives nothing back.' }) }, { ...closed, description: 'Until when commission is given back; always when left out.' })),
  tailDays: Type.Optional(Type.Integer({ minimum: 0, maximum: 3_650, description: 'For so many days after the placement of a debt ended (recalled, returned, or closed with something still owed), payments received for it are recorded here and earn; none when left out.' })),
}, { ...closed, title: 'CommissionPlanTerms' })
export type PlanTerms = Static<typeof PlanTerms>

export const PlanInput = Type.Object({ currency: Currency, validFrom: Type.Optional(Day), terms: PlanTerms }, {
  title: 'CommissionPlanInput', ...closed,
  examples: [{
    currency: 'EUR',
    terms: {
      base: ['principal', 'interest'], vat: { rate: '0.21' }, recover: 'withhold',
      rows: [
        { daysPastDue: { from: 0, to: 180 }, method: { kind: 'flat', rate: '0.15' } },
        { daysPastDue: { from: 180, to: null }, method: { kind: 'marginal', on: 'claimToDate', tiers: [{ upTo: 100_000, rate: '0.3' }, { upTo: null, rate: '0.2' }] } },
      ],
    },
  }],
})

const fault = (pointer: string, message: string): Violation => ({ pointer, message })
const one = wholeR(1)
const isShare = (text: string): boolean => compareR(rational(text), zeroR) >= 0 && compareR(rational(text), one) <= 0
const shareFault = (pointer: string, text: string | undefined): Violation[] => text === undefined || isShare(text) ? [] : [fault(pointer, 'is not between 0 and 1')]

/** What is wrong with a method: rates that are no shares, steps that do not rise, a scale without a last step. `anyRate` lets a rate be a price: more than one. */
export function checkMethod (method: Method, at: string, { anyRate = false }: { anyRate?: boolean } = {}): Violation[] {
  const rateFault = (pointer: string, rate: string): Violation[] => !anyRate ? shareFault(pointer, rate) : rate.startsWith('-') ? [fault(pointer, 'is negative')] : []
  if (method.kind === 'fixed') return []
  if (method.kind === 'flat') return rateFault(`${at}/rate`, method.rate)
  return method.tiers.flatMap((tier, i) => {
    const isLast = i === method.tiers.length - 1
    const before = method.tiers[i - 1]?.upTo ?? 0
    return [
      ...rateFault(`${at}/tiers/${i}/rate`, tier.rate),
      ...(tier.upTo === null) === isLast ? [] : [fault(`${at}/tiers/${i}/upTo`, isLast ? 'of the last step is null' : 'is null before the last step')],
      ...tier.upTo !== null && tier.upTo <= before ? [fault(`${at}/tiers/${i}/upTo`, 'must be above that of the step before')] : [],
    ]
  })
}

/** What chooses a row. */
export interface Situation { daysPastDue: number, balanceAtPlacement: Minor, placementNumber: number, daysSincePlacement: number, receivedBy: 'agency' | 'lender' }

const spans = ['daysPastDue', 'balanceAtPlacement', 'placementNumber', 'daysSincePlacement'] as const
const holds = (span: { from: number, to: number | null } | undefined, value: number): boolean => span === undefined || (value >= span.from && (span.to === null || value < span.to))
const matches = (row: PlanRow, at: Situation): boolean => spans.every(name => holds(row[name], Math.max(0, at[name]))) && (row.receivedBy === undefined || row.receivedBy === at.receivedBy)

/** The first row that matches, with its place. Plans have no gaps: there is always one. */
export function rowFor (rows: readonly PlanRow[], at: Situation): { row: PlanRow, index: number } {
  const index = rows.findIndex(row => matches(row, at))
  if (index === -1) throw new RangeError('a plan with a gap')
  return { row: rows[index]!, index }
}

/**
 * Refuses a plan that a schema cannot: a currency that does not exist, shares above one, scales that do not rise, spans the wrong way round, situations
 * that no row matches, rows that are never reached. Throws `CommissionPlanRefused`.
 */
export function checkPlan (currency: string, terms: PlanTerms): void {
  const { rows, vat, perPayment, perClaim } = terms
  const violations = [
    ...isCurrency(currency) ? [] : [fault('/currency', 'is not a currency of ISO 4217')], ...shareFault('/terms/vat/rate', vat.rate), ...shareFault('/terms/perClaim/maxShareOfCollected', perClaim?.maxShareOfCollected),
    ...[['perPayment', perPayment] as const, ['perClaim', perClaim] as const].flatMap(([name, bounds]) => bounds?.min !== undefined && bounds.max !== undefined && bounds.max < bounds.min ? [fault(`/terms/${name}/max`, 'is below `min`')] : []),
    ...rows.flatMap((row, i) => [
      ...checkMethod(row.method, `/terms/rows/${i}/method`),
      ...spans.flatMap(name => { const span = row[name]; return span !== undefined && span.to !== null && span.to <= span.from ? [fault(`/terms/rows/${i}/${name}/to`, 'must be above `from`')] : [] }),
    ]),
  ]
  violations.push(...monthFaults(terms))
  if (violations.length === 0) violations.push(...coverageFaults(rows))
  if (violations.length > 0) throw CommissionPlanRefused({}, { violations })
}

/** What cannot be said together with a scale that counts by the month: what holds for a debt or a payment by itself, and a recall, which is no payment of a month. */
function monthFaults (terms: PlanTerms): Violation[] {
  if (!isByMonth(terms)) return []
  return [
    ...(['perPayment', 'perClaim'] as const).flatMap(name => terms[name] === undefined ? [] : [fault(`/terms/${name}`, 'cannot hold where a scale counts by the month')]),
    ...terms.recallFee?.kind === 'regularRate' ? [fault('/terms/recallFee/kind', 'cannot be the regular rate where a scale counts by the month')] : [],
    ...terms.rows.flatMap(({ method }, i) => isScale(method) && method.on === 'claimToDate' ? [fault(`/terms/rows/${i}/method/on`, 'cannot count by the debt where another scale counts by the month')] : []),
  ]
}

/** Situations that no row matches, and rows that no situation reaches. Looked for dimension by dimension, each cut where a row begins or ends. */
function coverageFaults (rows: readonly PlanRow[]): Violation[] {
  const reached = new Set<number>()
  const seen = new Set<string>()
  const gap = (among: readonly number[], dimension: number, at: Partial<Situation>): Partial<Situation> | null => {
    if (among.length === 0) return at
    const key = `${dimension} ${among.join()}`
    if (seen.has(key)) return null
    seen.add(key)
    const name = spans[dimension]
    if (name === undefined) {
      for (const receivedBy of ['agency', 'lender'] as const) {
        const first = among.find(i => rows[i]!.receivedBy === undefined || rows[i]!.receivedBy === receivedBy)
        if (first === undefined) return { ...at, receivedBy }
        reached.add(first)
      }
      return null
    }
    const cuts = new Set([0, ...among.flatMap(i => { const span = rows[i]![name]; return span === undefined ? [] : span.to === null ? [span.from] : [span.from, span.to] })])
    for (const cut of [...cuts].sort((a, b) => a - b)) {
      const found = gap(among.filter(i => holds(rows[i]![name], cut)), dimension + 1, { ...at, [name]: cut })
      if (found !== null) return found
    }
    return null
  }
  const missing = gap(rows.map((_, i) => i), 0, {})
  if (missing !== null) return [fault('/terms/rows', `have a gap: none matches ${Object.entries(missing).map(([name, value]) => `${name} ${String(value)}`).join(', ')}`)]
  return rows.flatMap((_, i) => reached.has(i) ? [] : [fault(`/terms/rows/${i}`, 'is never reached: rows before it match all that it matches')])
}

/** The simple commission of an agreement as a plan: one rate, or rates by the age of the debt. */
export function planOfTerms ({ commission, remittance }: Pick<AgreementTerms, 'commission' | 'remittance'>): PlanTerms {
  const { base, rate, bands, vatRate } = commission
  const flat = (share: string): Method => ({ kind: 'flat', rate: share })
  return {
    base, vat: { rate: vatRate }, recover: remittance === 'gross' ? 'invoice' : 'withhold',
    rows: bands === undefined ? [{ method: flat(rate ?? '0') }] : bands.map(band => ({ daysPastDue: { from: band.fromDays, to: band.toDays }, method: flat(band.rate) })),
  }
}

/** The changes of every rate that hold for a debt. */
export const adjustmentsFor = ({ adjustments = [] }: PlanTerms, { daysPastDue, placementNumber }: Situation): Adjustment[] =>
  adjustments.filter(({ when }) => when === 'placedWithin90Days' ? daysPastDue <= 90 : placementNumber > 1).map(({ change }) => change)

/** True when what a payment earns depends on what the debt earned before it. */
export const isCumulative = ({ rows, perClaim }: PlanTerms): boolean => perClaim !== undefined || rows.some(({ method }) => isScale(method) && method.on === 'claimToDate')

/** True when what a payment earns depends on what its lender's debts brought in its month before it. */
export const isByMonth = ({ rows }: Pick<PlanTerms, 'rows'>): boolean => rows.some(({ method }) => isScale(method) && method.on === 'periodToDate')

const isScale = (method: Method): method is Extract<Method, { on: unknown }> => method.kind === 'marginal' || method.kind === 'slab'

/** The calendar month of a day: `2026-03`. */
export const monthOf = (day: CalendarDay): string => day.slice(0, 7)

export const SimulationTooLarge = problem('simulation-too-large', 422, 'The period has more payments than one simulation goes through.', 'Simulate a shorter period.')
export type PlanInput = Static<typeof PlanInput>
