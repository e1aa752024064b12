import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { compareR, rational } from '../../src/kernel/index.ts'
import { world } from '../world.ts'
import { commission, commissionRows } from './money/commission.ts'
import { dayCount, dayCountRows } from './money/dayCount.ts'
import { interest, interestRows } from './money/interest.ts'
import { minorUnitRows, minorUnits } from './money/minorUnits.ts'
import { rounding, roundingRows } from './money/rounding.ts'
import type { Ask, Row, Runner } from './money/row.ts'
import { splitRows, splits } from './money/splits.ts'

// The published rows are not part of this project: they stand beside it, or where the variable says. Without them a few of our own are run.
const path = join(process.env['RECOUP_VECTORS_DIR'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'money/vectors.json')

const runners: Partial<Record<Row['kind'], Runner>> = {
  commission, daycount: dayCount, interest, rounding, fxminor: minorUnits,
  allocation: async (row, ask) => 'algorithm' in row.inputs ? await splits(row, ask) : { leftOut: 'not run yet' },
}

const isExact = /^-?\d+(\.\d+|\/\d+)?$/
/** Values as they compare: decimals and fractions by what they are worth. */
const worth = (value: unknown, other: unknown): unknown =>
  typeof value === 'string' && typeof other === 'string' && isExact.test(value) && isExact.test(other) && compareR(rational(value), rational(other)) === 0 ? other : value

t.test('every published figure that names a convention of ours is what the API calculates', async t => {
  const isThere = existsSync(path)
  if (!isThere) t.comment(`no ${path}: a few rows of our own instead; set RECOUP_VECTORS_DIR`)
  const rows = isThere ? JSON.parse(readFileSync(path, 'utf8')) as Row[] : [...dayCountRows, ...interestRows, ...roundingRows, ...minorUnitRows, ...splitRows, ...commissionRows]
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const ask: Ask = async (name, body) => await w.ok(us, 'POST', `/v1/calculations/${name}`, body)
  const counts = new Map<string, { computed: number, leftOut: number }>()
  for (const row of rows) {
    const count = counts.get(row.kind) ?? { computed: 0, leftOut: 0 }
    counts.set(row.kind, count)
    const outcome = await runners[row.kind]?.(row, ask) ?? { leftOut: 'not run yet' }
    if ('leftOut' in outcome) {
      count.leftOut++
      t.comment(`${row.id} is left out: ${outcome.leftOut}`)
    } else {
      count.computed++
      t.ok(outcome.figures.length > 0, `${row.id} compares something`)
      for (const { name, ours, printed } of outcome.figures) t.same(worth(ours, printed), printed, `${row.id}: ${name}`)
    }
  }
  for (const [kind, { computed, leftOut }] of counts) t.comment(`${kind}: ${computed} computed, ${leftOut} left out`)
})
