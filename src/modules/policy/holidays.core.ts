import { addDays } from '#kernel'
import type { CalendarDay } from '#kernel'
import data from './holidays/days.core.json' with { type: 'json' }

/** Days of each year, written `MMDD MMDD`. */
type Years = Readonly<Record<string, string>>
interface Country { readonly nation: Years, readonly regions: Readonly<Record<string, Years>> }

const countries = new Map<string, Country>(Object.entries(data.countries))

/** How far around a day holidays are looked at: a day back for who lives further west, and ahead for as long as anything but a request made of the person makes a contact wait. */
const daysBefore = 2
const daysAfter = 40

const known = new Map<string, readonly CalendarDay[]>()

/** The holidays of a year at a place, in order; undefined when they are not in the data. */
function daysIn (jurisdiction: string, region: string | null, year: string): readonly CalendarDay[] | undefined {
  const name = `${jurisdiction} ${region} ${year}`
  const found = known.get(name)
  if (found !== undefined) return found
  const country = countries.get(jurisdiction)
  const nation = country?.nation[year]
  if (country === undefined || nation === undefined) return undefined
  const own = region !== null && Object.hasOwn(country.regions, region) ? country.regions[region] : undefined
  // Somewhere unknown in the country, it may be a holiday whenever it is one in any region.
  const regional = own === undefined ? Object.values(country.regions) : [own]
  const days = [...new Set([nation, ...regional.map(years => years[year] ?? '')].flatMap(written => written.split(' ').filter(one => one !== '')))]
    .sort().map(one => `${year}-${one.slice(0, 2)}-${one.slice(2)}`)
  known.set(name, days)
  return days
}

/**
 * The public holidays of a country (ISO 3166-1 alpha-2) and its region (ISO 3166-2 without the country) around a day, in order; those of every region when the region is
 * not known. Undefined when the place or a year is not in the data: rules that are closed on holidays then refuse.
 */
export function holidaysAround (jurisdiction: string, region: string | null, day: CalendarDay): CalendarDay[] | undefined {
  const [from, to] = [addDays(day, -daysBefore), addDays(day, daysAfter)]
  const years = [...new Set([from.slice(0, 4), to.slice(0, 4)])].map(year => daysIn(jurisdiction, region, year))
  return years.some(days => days === undefined) ? undefined : years.flatMap(days => days ?? []).filter(one => from <= one && one <= to)
}
