import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Row, Runner } from './money/row.ts'

// The rows are not part of this project: they stand beside it, or where the variable says.
const folder = process.env['RECOUP_VECTORS_DIR'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url))
const path = join(folder, 'money/vectors.json')

const runners: Partial<Record<Row['kind'], Runner>> = {}

t.test('every published figure that names a convention of ours is what the engine computes', { skip: existsSync(path) ? false : `no ${path}; set RECOUP_VECTORS_DIR` }, async t => {
  const rows = JSON.parse(readFileSync(path, 'utf8')) as Row[]
  const counts = new Map<string, { computed: number, leftOut: number }>()
  for (const row of rows) {
    const count = counts.get(row.kind) ?? { computed: 0, leftOut: 0 }
    counts.set(row.kind, count)
    const run = runners[row.kind]
    if (run === undefined) continue
    const outcome = run(row)
    if ('leftOut' in outcome) {
      count.leftOut++
      t.comment(`${row.id} is left out: ${outcome.leftOut}`)
    } else {
      count.computed++
      t.ok(outcome.figures.length > 0, `${row.id} compares something`)
      for (const { name, ours, printed } of outcome.figures) t.same(ours, printed, `${row.id}: ${name}`)
    }
  }
  for (const [kind, { computed, leftOut }] of counts) t.comment(`${kind}: ${computed} computed, ${leftOut} left out`)
})
