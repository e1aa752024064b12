import { offsetRunAt } from '#kernel'

/** The most time zones a decision is asked with. */
export const zonesMax = 5

const clocks = new Map<string, string>()
const clocksMax = 5_000

/** What the clocks of a zone show, and when they change, from the beginning of the year of an instant to the end of the next. Read once for each zone and year. */
function clockOf (zone: string, at: number): string {
  const year = new Date(at).getUTCFullYear()
  const name = `${year} ${zone}`
  const known = clocks.get(name)
  if (known !== undefined) return known
  let clock = ''
  for (let time = Date.UTC(year); time < Date.UTC(year + 2);) {
    const { offsetMs, until } = offsetRunAt(zone, time)
    clock += `${time} ${offsetMs} `
    time = until
  }
  if (clocks.size >= clocksMax) clocks.clear()
  clocks.set(name, clock)
  return clock
}

const isSameClock = (a: string, b: string, at: number): boolean => a === b || clockOf(a, at) === clockOf(b, at)

/** Where somebody may be: the zones that are asked with, the account's first; `isCut` when there were more. */
export interface Candidates { readonly timeZones: string[], readonly isCut: boolean }

/**
 * The time zones somebody may be in: the account's, and those of each number and address that cannot be where the account says. A number that can be there, such as a
 * mobile of the same country, adds none. Zones whose clocks agree are one. Of more than five, those that lie furthest apart in winter and in summer are taken:
 * hours that are lawful in them are lawful between them.
 */
export function candidatesOf (accountZone: string, otherZones: readonly (readonly string[])[], at: number): Candidates {
  const found = [accountZone]
  for (const zones of otherZones) {
    if (zones.some(zone => isSameClock(zone, accountZone, at))) continue
    for (const zone of zones) if (!found.some(known => isSameClock(known, zone, at))) found.push(zone)
  }
  if (found.length <= zonesMax) return { timeZones: found, isCut: false }
  const outer = new Set([accountZone])
  const year = new Date(at).getUTCFullYear()
  for (const season of [Date.UTC(year), Date.UTC(year, 6)]) {
    const offsetOf = (zone: string): number => offsetRunAt(zone, season).offsetMs
    for (const furthest of [Math.min(...found.map(offsetOf)), Math.max(...found.map(offsetOf))]) outer.add(found.find(zone => offsetOf(zone) === furthest)!)
  }
  return { timeZones: [...outer], isCut: true }
}
