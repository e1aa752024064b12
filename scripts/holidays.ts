import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Holidays from 'date-holidays'

/*
 * Makes src/modules/policy/holidays/days.core.json: the public holidays of countries and their regions. Run it again with a newer date-holidays, and when a year is added:
 *   npm run -s build && node .build/scripts/holidays.js
 * The days are those of date-holidays (ISC, and CC-BY-3.0 for what it took from Wikipedia), with what follows corrected.
 */

const years = [2024, 2025, 2026, 2027, 2028]

/** Countries with a law of ours, and the members of the Union. */
const countries = 'AT AU BE BG CN CY CZ DE DK EE ES FI FR GB GR HK HR HU IE IN IT JP LT LU LV MT NL PL PT RO SE SG SI SK US'.split(' ')

/** Where a region's own days are taken too. Elsewhere a region has no public holidays of its own, or their list is not whole. */
const withRegions = new Set('AT AU DE ES FR GB HR IT PT'.split(' '))

const hourMs = 3_600_000
const day = (year: number, month: number, date: number): string => new Date(Date.UTC(year, month - 1, date)).toISOString().slice(0, 10)
const next = (of: string, days: number): string => new Date(Date.parse(of) + days * 24 * hourMs).toISOString().slice(0, 10)

interface Listed { date: string, name: string, type: string, start: Date, end: Date }

/** Public holidays of a year that last the whole day. */
function daysOf (country: string, region: string | null, year: number): string[] {
  const holidays = region === null ? new Holidays(country) : new Holidays(country, region)
  const listed = (holidays.getHolidays(year) as Listed[]).filter(({ type, start, end }) => type === 'public' && end.getTime() - start.getTime() >= 23 * hourMs)
  return country === 'CN' ? chinese(listed, year) : listed.map(({ date }) => date.slice(0, 10))
}

/** China's: children have one for themselves; from 2025 on the Spring Festival begins on New Year's Eve and has four days, and Labour Day two (State Council order 795). */
function chinese (listed: readonly Listed[], year: number): string[] {
  const days = listed.filter(({ name }) => !name.includes('儿童')).map(({ date }) => date.slice(0, 10))
  if (year < 2025) return days
  const spring = listed.filter(({ name }) => name.includes('春节')).map(({ date }) => date.slice(0, 10)).sort()
  return [...days, next(spring.at(-1)!, 1), day(year, 5, 2)]
}

const short = (days: readonly string[]): string => [...new Set(days)].sort().map(one => one.slice(5).replace('-', '')).join(' ')

const made = Object.fromEntries(countries.map(country => {
  const nation = Object.fromEntries(years.map(year => [year, daysOf(country, null, year)]))
  const states = withRegions.has(country) ? Object.keys(new Holidays().getStates(country) ?? {}) : []
  const regions = Object.fromEntries(states.map(region => [region, Object.fromEntries(years.map(year => [year, short(daysOf(country, region, year).filter(one => !nation[year]!.includes(one)))]))]))
  return [country, { nation: Object.fromEntries(years.map(year => [year, short(nation[year]!)])), regions }]
}))
const source = 'date-holidays, ISC; in part from Wikipedia, CC-BY-3.0; changed: whole days that are public holidays only, China corrected. Made by scripts/holidays.ts. Days as MMDD; a region\'s beside the nation\'s.'
writeFileSync(join(process.cwd(), 'src/modules/policy/holidays/days.core.json'), `${JSON.stringify({ source, countries: made }, null, 1)}\n`)
