import type { Api } from '#platform'
import { api as commission } from './commission.api.ts'
import { api as dayCount } from './dayCount.api.ts'
import { api as interest } from './interest.api.ts'
import { api as rounding } from './rounding.api.ts'

/** The calculations, one file each. */
const all: Api[] = [commission, dayCount, interest, rounding]

export const api: Api = (app, services) => { for (const add of all) add(app, services) }
