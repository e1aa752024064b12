import { job } from '#platform'
import { resealNext } from './commands.ts'
import { resealings } from './tables.ts'

/** Brings sealed values under the agency's newest key, some rows a transaction. Where it is stands in the database: a crash goes on there. */
export const resealFields = job({
  name: 'secrets.resealFields', due: resealings,
  async run ({ tx, vault, isOver }) {
    while (await tx(async tx => await resealNext(tx, vault))) if (isOver()) return true
    return false
  },
})
