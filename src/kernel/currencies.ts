/** Digits after the point by ISO 4217, with the day each began to hold. Our own table: Intl's is wrong for several. */
interface Minting { currency: string, exponent: number, validFrom: string }

const always = '0000-01-01'

/** Currencies whose exponent is not 2, then those whose exponent is. */
const exponents: Record<number, string> = {
  0: 'BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF',
  3: 'BHD IQD JOD KWD LYD OMR TND',
  4: 'CLF UYW',
  2: `AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF CHW CNY COP COU CRC CUP CVE CZK
    DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL
    MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD
    SHP SLE SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG`,
}

/** Later changes, newest last. */
const changes: Minting[] = []

const table = new Map<string, Minting[]>()
for (const [exponent, names] of Object.entries(exponents)) {
  for (const currency of names.split(/\s+/)) table.set(currency, [{ currency, exponent: Number(exponent), validFrom: always }])
}
for (const change of changes) table.get(change.currency)?.push(change)

/** True for a currency of ISO 4217 that money can be counted in. */
export const isCurrency = (currency: string): boolean => table.has(currency)

/** Digits after the point of a currency, on a day (`YYYY-MM-DD`; today's when none is given). Throws a RangeError on an unknown currency. */
export function exponentOf (currency: string, on = '9999-12-31'): number {
  const minting = table.get(currency)?.filter(({ validFrom }) => validFrom <= on).at(-1)
  if (minting === undefined) throw new RangeError(`unknown currency: ${currency.slice(0, 10)}`)
  return minting.exponent
}
