import { problem } from '#kernel'
import type { CalendarDay } from '#kernel'
import type { RateName } from './charges.facts.core.ts'
import { readPack } from './pack.core.ts'
import type { Pack } from './pack.core.ts'
import au from './packs/au-rg-96-2021.json' with { type: 'json' }
import bankRates from './packs/cn-bank-rates-2004.json' with { type: 'json' }
import cba from './packs/cn-cba-2026.json' with { type: 'json' }
import civilCode from './packs/cn-civil-code-2021.json' with { type: 'json' }
import consumerFinance from './packs/cn-consumer-finance-2024.json' with { type: 'json' }
import creditCard from './packs/cn-credit-card-2011.json' with { type: 'json' }
import gbt from './packs/cn-gbt-45251-2025.json' with { type: 'json' }
import pipl from './packs/cn-pipl-2021.json' with { type: 'json' }
import privateLending from './packs/cn-private-lending-2021.json' with { type: 'json' }
import de from './packs/de-bgb-rdg-rvg-2021.json' with { type: 'json' }
import servicers from './packs/eu-credit-servicers-2021.json' with { type: 'json' }
import latePayment from './packs/eu-late-payment-2011.json' with { type: 'json' }
import hk from './packs/hk-code-of-banking-practice-2001.json' with { type: 'json' }
import india from './packs/in-rbi-2022.json' with { type: 'json' }
import jp from './packs/jp-money-lending-2010.json' with { type: 'json' }
import breathingSpace from './packs/uk-breathing-space-2021.json' with { type: 'json' }
import conc from './packs/uk-conc-7-2014.json' with { type: 'json' }
import latePaymentUk from './packs/uk-late-payment-1998.json' with { type: 'json' }
import regF from './packs/us-fdcpa-reg-f-2021.json' with { type: 'json' }
import massachusetts from './packs/us-ma-940-cmr-7-2012.json' with { type: 'json' }

export const PackNotInForce = problem('pack-not-in-force', 422, 'A pack named is not one of ours, or is not in force on that day.',
  'List the packs with `listPolicyPacks`, and name those in force on the local day of the contact.')

/** The name of a version of a pack; the library is in the order of these. */
export const nameOf = ({ id, version }: Pick<Pack, 'id' | 'version'>): string => `${id}:${version}`

/** Every version of every pack, by id and version. A pack that does not fit its schema stops the boot here. */
export const library: readonly Pack[] = [
  au, bankRates, cba, civilCode, consumerFinance, creditCard, gbt, pipl, privateLending, de, servicers, latePayment, hk, india, jp, breathingSpace, conc, latePaymentUk, regF, massachusetts,
].map(readPack).sort((a, b) => nameOf(a) < nameOf(b) ? -1 : 1)

/** Members of the European Union, where its packs are law too. */
const union = new Set('AT BE BG HR CY CZ DK EE FI FR DE GR HU IE IT LV LT LU MT NL PL PT RO SK SI ES SE'.split(' '))

/** The case a law is chosen for. What is null or left out is not known, and keeps every pack that might apply. */
export interface Selection {
  /** The borrower's country, ISO 3166-1 alpha-2, and its region, ISO 3166-2 without the country. */
  readonly jurisdiction: string
  readonly region?: string | null | undefined
  readonly product?: string | null | undefined
  readonly borrowerType?: string | null | undefined
  readonly lenderType?: string | null | undefined
  readonly collectorRole?: string | null | undefined
  /** The borrower's local day. */
  readonly on: CalendarDay
}

const mayApply = (listed: readonly string[] | undefined, known: string | null | undefined): boolean => listed === undefined || known == null || listed.includes(known)

/** Whether a pack is in force on a day. */
export const isInForce = (pack: Pack, on: CalendarDay): boolean => pack.effectiveFrom <= on && (pack.effectiveTo === null || on <= pack.effectiveTo)

/** Whether a pack is law, or a rule of one's own, for a case. */
export function isFor ({ jurisdiction, regions, applies }: Pack, selection: Selection): boolean {
  const isThere = jurisdiction === selection.jurisdiction || (jurisdiction === 'EU' && union.has(selection.jurisdiction))
  return isThere && mayApply(regions, selection.region) && mayApply(applies.products, selection.product) && mayApply(applies.borrowerTypes, selection.borrowerType) &&
    mayApply(applies.lenderTypes, selection.lenderType) && mayApply(applies.collectorRoles, selection.collectorRole)
}

/** The newest version of each pack, of those ordered by id and version. */
const newest = (packs: readonly Pack[]): Pack[] => packs.filter((pack, i) => packs[i + 1]?.id !== pack.id)

/**
 * The packs in force for a case: the nation's, its region's and the Union's. None at all for a country whose law we do not have; a decision
 * without packs is a refusal.
 */
export const selectPacks = (selection: Selection): readonly Pack[] => newest(library.filter(pack => isInForce(pack, selection.on) && isFor(pack, selection)))

/** The packs of these names in force on a day. Throws `PackNotInForce`. */
export function packsNamed (ids: readonly string[], on: CalendarDay): readonly Pack[] {
  const found = newest(library.filter(pack => ids.includes(pack.id) && isInForce(pack, on)))
  const missing = ids.find(id => !found.some(pack => pack.id === id))
  if (missing !== undefined) throw PackNotInForce({ pack: missing, on })
  return found
}

/** The countries in which any pack makes a limit of one of these rates. */
export function jurisdictionsWith (rates: readonly RateName[]): string[] {
  const reading = library.filter(({ rules }) => rules.some(rule => 'base' in rule && rates.some(rate => rate === rule.base)))
  return [...new Set(reading.flatMap(({ jurisdiction }) => jurisdiction === 'EU' ? [...union] : [jurisdiction]))]
}
