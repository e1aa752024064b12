import { Metadata, getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/min'
import type { CountryCode } from 'libphonenumber-js/min'

/** A kind of number in a plan; its pattern is empty when it is that of another kind. */
interface NumberKind { pattern (): string | undefined, possibleLengths (): number[] | undefined }

/** A country's plan of numbers as the library knows it; its types show less of it. What a plan lacks is undefined or zero. */
interface NumberingPlan {
  nationalNumberPattern (): string, nationalPrefixForParsing (): string | 0 | undefined, leadingDigits (): string | 0 | undefined, type (kind: string): NumberKind | undefined, hasTypes (): boolean
}
interface Plans { getCountryCodesForCallingCode (code: string): CountryCode[] | undefined, numberingPlan: NumberingPlan }

const kinds = ['FIXED_LINE', 'MOBILE', 'PREMIUM_RATE', 'TOLL_FREE', 'SHARED_COST', 'VOIP', 'PERSONAL_NUMBER', 'PAGER', 'UAN', 'VOICEMAIL']

/** What a number must match after its calling code to be a whole number of the code's main country, and what it must not begin with to be whole as it stands. */
interface Plan { readonly patterns: readonly RegExp[], readonly prefix: RegExp | null }

let plans: Map<string, Plan> | undefined

/** The plans of calling codes, each its main country's; not of codes whose main country is told apart by its leading digits. */
function plansByCode (): Map<string, Plan> {
  const found = new Map<string, Plan>()
  for (const country of getCountries()) {
    const metadata = new Metadata()
    metadata.selectNumberingPlan(country)
    const { getCountryCodesForCallingCode, numberingPlan } = metadata as unknown as Plans
    const code = getCountryCallingCode(country)
    const isMain = getCountryCodesForCallingCode.call(metadata, code)?.[0] === country
    if (isMain && !numberingPlan.leadingDigits()) found.set(code, planOf(numberingPlan))
  }
  return found
}

function planOf (plan: NumberingPlan): Plan {
  const prefix = plan.nationalPrefixForParsing() || null
  const byKind = plan.hasTypes() ? kinds.flatMap(kind => patternOf(plan.type(kind)) ?? []) : []
  const number = new RegExp(`^(?:${plan.nationalNumberPattern()})$`)
  return {
    // Where kinds are known, a number must be of one of them.
    patterns: byKind.length === 0 ? [number] : byKind.map(kind => new RegExp(`^(?=(?:${plan.nationalNumberPattern()})$)${kind}$`)),
    prefix: prefix === null ? null : new RegExp(`^(?:${prefix})`),
  }
}

function patternOf (kind: NumberKind | undefined): string | null {
  const pattern = kind?.pattern() ?? ''
  if (pattern === '') return null
  const lengths = kind?.possibleLengths()
  return `${lengths === undefined ? '' : `(?=(?:${lengths.map(length => `.{${length}}`).join('|')})$)`}(?:${pattern})`
}

const plain = /^\+[1-9][0-9]{6,14}$/
const codeDigitsMax = 3

/** True for a number that is in its one spelling already and valid, seen without taking it apart: many times faster, and enough for most. */
function isPlain (number: string): boolean {
  if (!plain.test(number)) return false
  plans ??= plansByCode()
  for (let digits = 1; digits <= codeDigitsMax; digits++) {
    const plan = plans.get(number.slice(1, 1 + digits))
    if (plan === undefined) continue
    const national = number.slice(1 + digits)
    return plan.prefix?.test(national) !== true && plan.patterns.some(pattern => pattern.test(national))
  }
  return false
}

/** The one spelling of a number (E.164: `+`, country, number), or null when it names no country or is no number. */
export function normalPhone (text: string): string | null {
  return isPlain(text) ? text : parsePhoneNumberFromString(text, { extract: false })?.number ?? null
}

/** True for a number that names its country and is one there, without an extension. */
export function isPhone (text: string): boolean {
  if (isPlain(text)) return true
  const phone = parsePhoneNumberFromString(text, { extract: false })
  return phone !== undefined && phone.ext === undefined && phone.isValid()
}
