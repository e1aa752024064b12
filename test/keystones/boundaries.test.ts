import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { modules } from '../../src/app.ts'

const src = fileURLToPath(new URL('../../../src', import.meta.url))

interface Import { file: string, target: string, isTypeOnly: boolean }

const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts')).map(name => name.replaceAll('\\', '/'))

const statement = /^\s*(?:import|export)\s+(type\s+)?[^'"]*?from\s+'([^']+)'|^\s*import\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)/gm

/** What a file imports: paths within src, aliases, and packages by name. */
function importsOf (file: string): Import[] {
  const text = readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\//g, '')
  return [...text.matchAll(statement)].map(match => {
    const name = (match[2] ?? match[3] ?? match[4])!
    const target = name.startsWith('.') ? relative(src, normalize(join(src, dirname(file), name))).replaceAll('\\', '/') : name
    return { file, target, isTypeOnly: match[1] !== undefined }
  })
}

const all = files.flatMap(importsOf)
const order = Object.keys(modules)
const isOrdinary = /^(api|commands|db|events|jobs|tables|index)\.ts$/

const moduleOf = (path: string): { name: string, file: string } | null => {
  const match = /^modules\/([^/]+)\/(.+)$/.exec(path)
  return match === null ? null : { name: match[1]!, file: match[2]! }
}

/** A file's letter in the alphabet of a module: `core` for every pure file, otherwise its own name. A noun in front (`batch.commands.ts`) changes nothing. */
const letterOf = (file: string): string => {
  if (file.startsWith('packs/')) return 'core'
  const letter = file.replace(/\.(ts|json)$/, '').split('.').at(-1)!
  return isOrdinary.test(`${letter}.ts`) || letter === 'core' ? letter : 'unknown'
}

/** What each letter may import of its own module, and whether it may import the index (or the tables) of a module above; a core may import the core of one, pure from pure. `types`: types only. */
const rules: Record<string, { own: string[], types?: string[], upperIndex: boolean, upperTables?: boolean, aliases: string[] }> = {
  core: { own: ['core'], upperIndex: false, aliases: ['#kernel'] },
  tables: { own: ['core', 'tables'], types: ['core'], upperIndex: false, upperTables: true, aliases: ['#platform', '#kernel'] },
  db: { own: ['tables', 'db', 'core'], types: ['api'], upperIndex: true, upperTables: true, aliases: ['#kernel', '#platform'] },
  events: { own: ['core', 'events'], upperIndex: true, aliases: ['#kernel', '#platform'] },
  commands: { own: ['core', 'db', 'events', 'commands'], types: ['api'], upperIndex: true, aliases: ['#kernel', '#platform'] },
  api: { own: ['commands', 'core', 'db', 'api', 'events'], upperIndex: true, aliases: ['#kernel', '#platform'] },
  jobs: { own: ['commands', 'db', 'events', 'core', 'tables', 'jobs'], upperIndex: true, aliases: ['#kernel', '#platform'] },
  index: { own: ['api', 'commands', 'core', 'db', 'events', 'jobs', 'tables'], upperIndex: false, aliases: [] },
}

/** Libraries that only compute. */
const pureLibraries = ['typebox', 'typebox/value', 'node:crypto', 'node:buffer', 'libphonenumber-js/max', 'libphonenumber-js/min', 'liquidjs']

/** Why a file of a module may not import something; null when it may. */
function whyNot ({ file, target, isTypeOnly }: Import): string | null {
  const own = moduleOf(file)!
  const letter = letterOf(own.file)
  const rule = rules[letter]
  if (rule === undefined) return `${own.file} is none of a module's files`
  const other = moduleOf(target)
  if (other !== null) {
    const theirs = letterOf(other.file)
    if (other.name === own.name) return rule.own.includes(theirs) || (isTypeOnly && rule.types?.includes(theirs) === true) ? null : `${letter} does not import its own ${theirs}`
    if (order.indexOf(other.name) >= order.indexOf(own.name)) return `${other.name} is not above ${own.name}`
    if (other.file === 'index.ts') return rule.upperIndex || isTypeOnly ? null : `${letter} imports no other module`
    if (theirs === 'core' && letter === 'core') return null
    return theirs === 'tables' && rule.upperTables === true ? null : `of ${other.name} only index.ts exists here`
  }
  if (target.startsWith('#')) return rule.aliases.includes(target) || (isTypeOnly && target !== '#platform') || (isTypeOnly && letter !== 'core') ? null : `${letter} does not import ${target}`
  if (/^(kernel|platform)\//.test(target)) return 'through the alias, please'
  if (letter === 'core' && !pureLibraries.includes(target)) return `core does no I/O and uses no library: ${target}`
  if (letter === 'index' && !target.startsWith('.')) return 'index.ts only opens the door'
  return null
}

t.test('a module imports only what its letter may, and only from above', async t => {
  const illegal = all.filter(({ file }) => moduleOf(file) !== null).map(found => ({ ...found, why: whyNot(found) })).filter(({ why }) => why !== null)
  t.same(illegal.map(({ file, target, why }) => `${file} -> ${target}: ${why}`), [])
})

t.test('the kernel knows nobody, the platform knows no module', async t => {
  const kernel = all.filter(({ file, target }) => file.startsWith('kernel/') && !target.startsWith('kernel/') && !['typebox', 'temporal-polyfill'].includes(target))
  const platform = all.filter(({ file, target }) => file.startsWith('platform/') && /^(modules\/|\.\.\/|app\.ts|worker\.ts|deps\.ts|config\.ts|main\.ts)/.test(target))
  t.same([...kernel, ...platform].map(({ file, target }) => `${file} -> ${target}`), [])
})

t.test('nothing imports the composition but the composition', async t => {
  const roots = ['app.ts', 'worker.ts', 'deps.ts', 'main.ts', 'config.ts']
  t.same(all.filter(({ file, target }) => roots.includes(target) && !roots.includes(file)).map(({ file, target }) => `${file} -> ${target}`), [])
})

t.test('every module folder is registered, and nothing else is', async t => {
  const folders = new Set(files.map(moduleOf).filter(found => found !== null).map(({ name }) => name))
  t.same([...folders].sort(), [...order].sort())
})

t.test('rules of the law and of money read no clock and roll no dice', async t => {
  const impure = files.filter(file => moduleOf(file) !== null && letterOf(moduleOf(file)!.file) === 'core')
    .filter(file => /Date\.now\(|new Date\(\)|Math\.random\(|randomBytes|randomUUID|process\.env/.test(readFileSync(join(src, file), 'utf8')))
  t.same(impure, [])
})

t.test('only config.ts reads the environment, and what starts a program hands it on', async t => {
  t.same(files.filter(file => file !== 'config.ts' && file !== 'main.ts' && !file.startsWith('platform/db/embedded/') && /process\.env[.[]/.test(readFileSync(join(src, file), 'utf8'))), [])
})
