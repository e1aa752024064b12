/**
 * Proves the tests of the packs: `npm run test:mutation [PACK]`. Every rule of every pack is dropped, and each of its numbers, days, hours and shares
 * moved a step up and down, and each part of its lists left out; our own pure tests are run against each such pack until one fails. What no test
 * notices is printed. It takes about 15 seconds of one core, needs no database, and fails below the share that is promised.
 */
import { readdirSync } from 'node:fs'
import { register } from 'node:module'
import { Presets, SingleBar } from 'cli-progress'
import fc from 'fast-check'
import { mutantsOf } from './mutation/mutants.ts'
import type { Mutant } from './mutation/mutants.ts'
import { test, told } from './mutation/tap.ts'
import type { Told } from './mutation/tap.ts'
import { library } from '../src/modules/policy/library.core.ts'
import type { Pack } from '../src/modules/policy/pack.core.ts'

/** The share of mutants, in percent, that our tests must notice. */
const promised = 95

const folder = '.build/test/modules'
/** Counts what is in the library and says nothing of what it means: to notice a missing rule by it would be no proof. */
const inventories = /^every (pack|claim) /
/** What needs a database says so, and is left out. */
const needsDatabase = /run tests through/

/** A named boundary: the library is read-only to everybody but this experiment. */
const shelves = library as Pack[]

/** A test that can notice something, the packs it reads, and how long it takes. */
interface Proof extends Told { readonly packs: ReadonlySet<string>, readonly ms: number }

/** Runs a test; null when it holds, otherwise what fails. */
async function faultOf ({ run }: Told): Promise<Error | null> {
  try {
    await run(test)
    return null
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

/** Runs a test on the packs as they are, and sees which of them it reads the rules of; null when it can prove nothing. */
async function proofOf (one: Told): Promise<Proof | null> {
  const read = new Set<string>()
  const kept = [...shelves]
  kept.forEach((pack, i) => {
    shelves[i] = new Proxy(pack, { get (target, name: keyof Pack) { if (name === 'rules') read.add(target.id); return target[name] } })
  })
  const fault = await faultOf(one)
  shelves.splice(0, shelves.length, ...kept)
  if (fault !== null && needsDatabase.test(fault.message)) return null
  if (fault !== null) throw new Error(`fails on the packs as they are: ${one.name}`, { cause: fault })
  const begun = performance.now()
  await faultOf(one)
  return { ...one, packs: read, ms: performance.now() - begun }
}

async function readProofs (): Promise<Proof[]> {
  register('./mutation/hooks.js', import.meta.url)
  for (const file of readdirSync(folder).filter(name => /^policy\..*test\.js$/.test(name)).sort()) await import(new URL(`../test/modules/${file}`, import.meta.url).href)
  const proofs: Proof[] = []
  for (const one of told.filter(({ name }) => !inventories.test(name))) {
    const proof = await proofOf(one)
    if (proof !== null && proof.packs.size > 0) proofs.push(proof)
  }
  return proofs.sort((a, b) => a.ms - b.ms)
}

/** Whether any test notices that a pack is not the one we have. */
async function isNoticed (index: number, pack: Pack, proofs: readonly Proof[]): Promise<boolean> {
  const original = shelves[index]!
  shelves[index] = pack
  try {
    for (const proof of proofs) if (proof.packs.has(original.id) && await faultOf(proof) !== null) return true
    return false
  } finally {
    shelves[index] = original
  }
}

interface Tally { mutants: number, noticed: number, neverBoot: number, survivors: Mutant[] }

async function main (only: string | undefined): Promise<boolean> {
  fc.configureGlobal({ seed: 1 })
  const proofs = await readProofs()
  const all = library.flatMap((pack, index) => only === undefined || pack.id === only ? [{ index, id: pack.id, mutants: mutantsOf(pack) }] : [])
  const bar = new SingleBar({ format: '{bar} {value}/{total} {pack}', clearOnComplete: true, noTTYOutput: false }, Presets.shades_classic)
  bar.start(all.reduce((sum, { mutants }) => sum + mutants.length, 0), 0, { pack: '' })
  const tallies = new Map<string, Tally>()
  for (const { index, id, mutants } of all) {
    const tally: Tally = { mutants: 0, noticed: 0, neverBoot: 0, survivors: [] }
    tallies.set(id, tally)
    for (const mutant of mutants) {
      bar.increment({ pack: id })
      if (mutant.pack === null) tally.neverBoot++
      else if (await isNoticed(index, mutant.pack, proofs)) tally.noticed++
      else tally.survivors.push(mutant)
    }
    tally.mutants = tally.noticed + tally.survivors.length
  }
  bar.stop()
  return print(tallies, proofs.length)
}

const percent = (part: number, whole: number): string => `${(whole === 0 ? 100 : Math.floor(1000 * part / whole) / 10).toFixed(1)} %`

/** Prints what was noticed of each pack, and what was not; answers whether it is as much as is promised. */
function print (tallies: ReadonlyMap<string, Tally>, tests: number): boolean {
  const sum = { mutants: 0, noticed: 0, neverBoot: 0 }
  console.log(`${'pack'.padEnd(14)} ${'mutants'.padStart(8)} ${'noticed'.padStart(8)} ${'share'.padStart(8)} ${'refused by the schema'.padStart(22)}`)
  for (const [id, { mutants, noticed, neverBoot }] of tallies) {
    sum.mutants += mutants
    sum.noticed += noticed
    sum.neverBoot += neverBoot
    console.log(`${id.padEnd(14)} ${String(mutants).padStart(8)} ${String(noticed).padStart(8)} ${percent(noticed, mutants).padStart(8)} ${String(neverBoot).padStart(22)}`)
  }
  console.log(`${'all'.padEnd(14)} ${String(sum.mutants).padStart(8)} ${String(sum.noticed).padStart(8)} ${percent(sum.noticed, sum.mutants).padStart(8)} ${String(sum.neverBoot).padStart(22)}   by ${tests} tests`)
  const survivors = [...tallies.values()].flatMap(({ survivors }) => survivors)
  if (survivors.length > 0) console.log(`\nnot noticed:\n${survivors.map(({ rule, kind, what }) => `  ${rule.padEnd(28)} ${kind.padEnd(5)} ${what}`).join('\n')}`)
  return 100 * sum.noticed >= promised * sum.mutants
}

process.exitCode = await main(process.argv[2]) ? 0 : 1
