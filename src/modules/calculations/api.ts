import type { Api } from '#platform'

/** The calculations, one file each. */
const all: Api[] = []

export const api: Api = (app, services) => { for (const add of all) add(app, services) }
