import { Type } from 'typebox'
import { problem } from '#kernel'
import type { CalendarDay } from '#kernel'
import type { ValueFrom } from './interest.core.ts'

export const RateValuesContradict = problem('rate-values-contradict', 422, 'Two values are given for one day.', 'Give one value for each day: later corrections are imports of their own.')

/** Reference rates that laws and contracts name, with who publishes them. An agency may keep others under names of its own. */
export const knownIndices: Readonly<Record<string, { title: string, publisher: string }>> = {
  lpr1y: { title: 'Loan prime rate, one year (China)', publisher: 'National Interbank Funding Center, for the People\'s Bank of China, each month on the 20th' },
  lpr5y: { title: 'Loan prime rate, over five years (China)', publisher: 'National Interbank Funding Center, for the People\'s Bank of China, each month on the 20th' },
  ecbMro: { title: 'Main refinancing rate (euro area)', publisher: 'European Central Bank' },
  boeBankRate: { title: 'Bank Rate (United Kingdom)', publisher: 'Bank of England' },
  basiszinssatz: { title: 'Base rate under BGB section 247 (Germany)', publisher: 'Deutsche Bundesbank, each 1 January and 1 July' },
  treasury1y: { title: 'Weekly average one-year constant maturity Treasury yield (United States)', publisher: 'Board of Governors of the Federal Reserve System' },
}

/** The name of a reference rate. */
export const RateName = Type.String({
  pattern: '^[a-z][A-Za-z0-9]{1,39}$', examples: ['lpr1y'],
  description: `The name of a reference rate. Known by law: ${Object.entries(knownIndices).map(([name, { title }]) => `\`${name}\` (${title})`).join(', ')}; others as the agency names them.`,
})

/** A value of an index that is to be recorded: what holds from a day on; null takes back the value of that day. */
export interface RateValue { effectiveOn: CalendarDay, value: string | null }

/** Refuses two values for one day. Throws `RateValuesContradict`. */
export function checkValues (values: readonly RateValue[]): void {
  const seen = new Set<CalendarDay>()
  for (const [i, { effectiveOn }] of values.entries()) {
    if (seen.has(effectiveOn)) throw RateValuesContradict({ effectiveOn }, { violations: [{ pointer: `/values/${i}/effectiveOn`, message: 'is given before' }] })
    seen.add(effectiveOn)
  }
}

/** Those of the values that say something new, and the first day for which they do; null when none does. A value taken back that was never there says nothing. */
export function newsOf (known: readonly ValueFrom[], values: readonly RateValue[]): { values: RateValue[], fromOn: CalendarDay | null } {
  const held = new Map(known.map(({ from, value }) => [from, value]))
  const news = values.filter(({ effectiveOn, value }) => (held.get(effectiveOn) ?? null) !== value)
  return { values: news, fromOn: news.reduce<CalendarDay | null>((first, { effectiveOn }) => first === null || effectiveOn < first ? effectiveOn : first, null) }
}
