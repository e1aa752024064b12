import type { Id } from '#kernel'
import type { Tx } from '#platform'
import { findAgreements } from '../lenders/index.ts'
import { findRateValues } from '../rates/index.ts'
import type { ChargeTerms } from './core.ts'

/** Rules for charges by agreement, with the values of the indices they name: a version never changes, a value may. */
export type TermsById = Map<string, ChargeTerms>

/** The rules of agreements for charges, with the values of the indices they name as they are known. */
export async function termsOf (tx: Tx, ids: Iterable<Id<'agreement'>>): Promise<TermsById> {
  const agreements = await findAgreements(tx, [...new Set(ids)])
  const names = [...agreements.values()].flatMap(({ terms: { interest } }) => interest?.index ?? [])
  const values = await findRateValues(tx, [...new Set(names)])
  return new Map([...agreements].map(([id, { terms: { interest, lateFees } }]) =>
    [id, { interest: interest === null ? null : { ...interest, values: values.get(interest.index ?? '') ?? [] }, lateFees }]))
}
