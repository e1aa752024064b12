import { Metadata, getCountries, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/min'

/** A country's plan of numbers as the library knows it; its types show less of it. */
interface NumberingPlan { nationalNumberPattern (): string, nationalPrefixForParsing (): string | undefined, hasTypes (): boolean }

/** What a number of a country must match after the calling code, and what it must not begin with to be whole as it stands. */
interface Plan { readonly number: RegExp, readonly prefix: RegExp | null }

let plans: Map<string, Plan> | undefined

/** The plans of calling codes that one country has for itself, by code: their numbers are valid by one pattern. */
function plansByCode (): Map<string, Plan> {
  const found = new Map<string, Plan | null>()
  for (const country of getCountries()) {
    const metadata = new Metadata()
    metadata.selectNumberingPlan(country)
    const plan = metadata.numberingPlan as unknown as NumberingPlan
    const code = getCountryCallingCode(country)
    const prefix = plan.nationalPrefixForParsing()
    found.set(code, found.has(code) || plan.hasTypes() ? null : { number: new RegExp(`^(?:${plan.nationalNumberPattern()})$`), prefix: prefix === undefined ? null : new RegExp(`^(?:${prefix})`) })
  }
  return new Map([...found].filter((entry): entry is [string, Plan] => entry[1] !== null))
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
    return plan.number.test(national) && plan.prefix?.test(national) !== true
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
