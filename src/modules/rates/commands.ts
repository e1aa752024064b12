import { emit } from '#platform'
import type { Tx } from '#platform'
import type { ReferenceRatesInput } from './api.ts'
import { checkValues, newsOf } from './core.ts'
import { findValues, insertRates, lockRates } from './db.ts'
import { ReferenceRateChanged } from './events.ts'

/**
 * Records values of a reference rate: new ones, corrections of known ones, and values taken back. What holds already is passed over, so that the same
 * file may be imported again. Debts that follow the rate are computed anew by a job. Throws `RateValuesContradict`.
 */
export async function recordReferenceRates (tx: Tx, { name, source, values }: ReferenceRatesInput) {
  checkValues(values)
  await lockRates(tx)
  const { values: news, fromOn } = newsOf((await findValues(tx, [name])).get(name) ?? [], values)
  if (fromOn === null) return { name, recorded: 0, unchanged: values.length, fromOn }
  await insertRates(tx, name, source, news)
  emit(tx, ReferenceRateChanged, {}, { name, fromOn, valueCount: news.length })
  return { name, recorded: news.length, unchanged: values.length - news.length, fromOn }
}
