import { readFileSync } from 'node:fs'
import { parse } from 'csv-parse/sync'
import { addDays } from '../../src/kernel/index.ts'
import { compileMapping } from '../../src/modules/placements/mapping.core.ts'
import type { ColumnMapping } from '../../src/modules/placements/mapping.core.ts'

/** What somebody does on a day. `share` of what is owed then: 1 pays it all. */
export type Act =
  | { kind: 'pay', reference: string, share: number, to: 'agency' | 'lender', bounces: boolean }
  | { kind: 'dispute', reference: string }
  | { kind: 'resolve', reference: string, outcome: 'rejected' | 'upheld' }

/** A day of the story: the debts placed on it, as the body of a batch, and what people do. */
export interface Day { on: string, batch: { contentType: string, body: string, count: number, mapping: ColumnMapping | null } | null, acts: Act[] }

/** A portfolio with its story: the days on which something happens, in order. */
export interface Story { currency: string, days: Day[], accounts: number }

/** A small generator of the same numbers for the same seed. */
function dice (seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

const firstNames = ['Ada', 'Ben', 'Cleo', 'Dan', 'Eve', 'Finn', 'Gail', 'Hugo', 'Iris', 'Jude', 'Kim', 'Leo', 'Mara', 'Nils', 'Olga', 'Paul']
const lastNames = ['Adler', 'Brook', 'Costa', 'Doyle', 'Ellis', 'Frost', 'Gray', 'Hale', 'Ito', 'Jones', 'Klein', 'Lund', 'Moss', 'North', 'Ortiz', 'Price']
const zones = ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles']

/** Builds the days of a story. */
function calendar () {
  const days = new Map<string, Day>()
  const day = (on: string): Day => {
    const known = days.get(on) ?? { on, batch: null, acts: [] }
    days.set(on, known)
    return known
  }
  return { day, inOrder: (): Day[] => [...days.values()].sort((a, b) => a.on < b.on ? -1 : 1) }
}

const waves = 3
const waveEveryDays = 10

/** A portfolio of our own: three hand-overs of consumer debts, people who pay, pay in parts, dispute, pay the lender, or do not pay; the same for the same seed. */
export function ownStory (seed: number, firstDay: string, accounts: number, days: number): Story {
  const roll = dice(seed)
  const { day, inOrder } = calendar()
  const lastDay = addDays(firstDay, days)
  const rows = new Map<string, unknown[]>()
  for (let i = 0; i < accounts; i++) {
    const reference = `L-${String(i + 1).padStart(5, '0')}`
    const placedOn = addDays(firstDay, (i % waves) * waveEveryDays)
    const row = {
      lenderReference: reference, product: roll() < 0.6 ? 'card' : 'instalmentLoan', currency: 'USD', jurisdiction: 'US', timeZone: zones[i % zones.length],
      dueOn: addDays(placedOn, -1 - Math.floor(roll() * 75)), placedOn,
      balance: { principal: 80_00 + Math.floor(roll() * 2_400_00), interest: Math.floor(roll() * 40_00) },
      parties: [{
        role: 'borrower', kind: 'person', name: `${firstNames[Math.floor(roll() * 16)]} ${lastNames[Math.floor(roll() * 16)]}`, identity: `X${String(100_000_000 + i)}`, language: 'en',
        contactPoints: [{ channel: 'email', value: `borrower${i + 1}@example.com` }, ...roll() < 0.8 ? [{ channel: 'phone', value: `+1212555${String(i % 10_000).padStart(4, '0')}` }] : []],
      }],
    }
    rows.set(placedOn, [...rows.get(placedOn) ?? [], row])
    for (const { on, act } of fate(roll, reference, placedOn, i === 1)) if (on <= lastDay) day(on).acts.push(act)
  }
  for (const [on, batch] of rows) day(on).batch = { contentType: 'application/x-ndjson', body: batch.map(row => JSON.stringify(row)).join('\n'), count: batch.length, mapping: null }
  day(lastDay)
  return { currency: 'USD', days: inOrder(), accounts }
}

/** What one borrower will do. The one who bounces pays again ten days later. */
function fate (roll: () => number, reference: string, placedOn: string, bounces: boolean): { on: string, act: Act }[] {
  const later = (from: number, to: number): string => addDays(placedOn, from + Math.floor(roll() * (to - from)))
  const pay = (on: string, share = 1, to: 'agency' | 'lender' = 'agency', bounces = false) => ({ on, act: { kind: 'pay', reference, share, to, bounces } as const })
  if (bounces) {
    const on = later(12, 13)
    return [pay(on, 1, 'agency', true), pay(addDays(on, 10))]
  }
  const kind = roll()
  if (kind < 0.42) return [pay(later(4, 60))]
  if (kind < 0.62) return [pay(later(4, 30), 0.4), pay(later(31, 60), 0.5), ...roll() < 0.6 ? [pay(later(61, 90))] : []]
  if (kind < 0.70) {
    const on = later(5, 20)
    const outcome = roll() < 0.7 ? 'rejected' as const : 'upheld' as const
    return [{ on, act: { kind: 'dispute', reference } }, { on: addDays(on, 14), act: { kind: 'resolve', reference, outcome } }, ...outcome === 'rejected' ? [pay(addDays(on, 21))] : []]
  }
  return kind < 0.78 ? [pay(later(6, 40), 1, 'lender')] : []
}

/** Fields of the story that are no fields of a placement: when the debt was settled, and whether it was disputed. */
const storyTargets = ['settledOn', 'isDisputed']

/**
 * The story of a file: each debt that was settled after it was due is placed on the day after it was due, disputed that day when the file says so,
 * and paid in full on the day it was settled. The mapping tells where `settledOn` and `isDisputed` are, beside the fields of a placement.
 */
export function storyOfFile (file: string, mappingFile: string): Story {
  const mapping = JSON.parse(readFileSync(mappingFile, 'utf8')) as ColumnMapping
  const records = parse(readFileSync(file), { bom: true, relax_column_count: true }) as string[][]
  const [header = [], ...lines] = records
  const read = compileMapping(mapping, header, new Set([...storyTargets, ...Object.keys(mapping).map(target => target.replace(/\.\d(?=\.|$)/g, '.*'))]))
  const placement = Object.fromEntries(Object.entries(mapping).filter(([target]) => !storyTargets.includes(target))) as ColumnMapping
  const { day, inOrder } = calendar()
  const bodies = new Map<string, string[][]>()
  let accounts = 0
  for (const [i, line] of lines.entries()) {
    const row = read(line)
    if ('errors' in row) throw new Error(`row ${i + 1} of ${file}: ${row.errors.map(({ pointer, message }) => `${pointer} ${message}`).join('; ')}`)
    const { lenderReference, dueOn, settledOn, isDisputed = false } = row.value as { lenderReference: string, dueOn: string, settledOn: string, isDisputed?: boolean }
    if (settledOn <= dueOn) continue
    accounts++
    const placedOn = addDays(dueOn, 1)
    bodies.set(placedOn, [...bodies.get(placedOn) ?? [], line])
    if (isDisputed) {
      day(placedOn).acts.push({ kind: 'dispute', reference: lenderReference })
      day(settledOn).acts.push({ kind: 'resolve', reference: lenderReference, outcome: 'rejected' })
    }
    day(settledOn).acts.push({ kind: 'pay', reference: lenderReference, share: 1, to: 'agency', bounces: false })
  }
  const cell = (text: string): string => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  for (const [on, body] of bodies) {
    day(on).batch = { contentType: 'text/csv', body: [header, ...body].map(line => line.map(cell).join(',')).join('\n'), count: body.length, mapping: placement }
  }
  const currency = mapping['currency']
  if (currency === undefined || !('constant' in currency)) throw new Error(`${mappingFile} must give one \`currency\` as a constant`)
  return { currency: String(currency.constant), days: inOrder(), accounts }
}
