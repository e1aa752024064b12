import zones from './zones.core.json' with { type: 'json' }

/** Names by what is written of them, the other way round: `{"zones": "name name"}` as `name -> zones`. */
const byName = (gathered: Readonly<Record<string, string>>): Map<string, readonly string[]> =>
  new Map(Object.entries(gathered).flatMap(([listed, names]) => names.split(' ').map((name): [string, readonly string[]] => [name, listed.split(' ')])))

const prefixes = byName(zones.prefixes)
const placeless = new Set(zones.placeless.split(' '))
const countries = byName(zones.countries)
const regions = new Map(Object.entries(zones.regions).map(([country, gathered]): [string, Map<string, readonly string[]>] => [country, byName(gathered)]))

const prefixMax = Math.max(...[...prefixes.keys()].map(({ length }) => length))
const placelessMax = Math.max(...[...placeless].map(({ length }) => length))

/**
 * The time zones a telephone number (E.164) can be in, by its longest known prefix: those of its area where the plan tells, else of its country. None for numbers of no
 * place, such as those that are free to call. Of zones whose clocks agree one is named.
 */
export function phoneZones (number: string): readonly string[] {
  const digits = number.slice(1)
  for (let length = 1; length <= placelessMax; length++) if (placeless.has(digits.slice(0, length))) return []
  for (let length = prefixMax; length > 0; length--) {
    const found = prefixes.get(digits.slice(0, length))
    if (found !== undefined) return found
  }
  return []
}

/** The time zones of a country (ISO 3166-1 alpha-2), or of its region (ISO 3166-2 without the country) where we know more of it; none for a country that does not exist. */
export const placeZones = (country: string, region?: string): readonly string[] => (region === undefined ? undefined : regions.get(country)?.get(region)) ?? countries.get(country) ?? []
