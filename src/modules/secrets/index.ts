/**
 * The keys that personal data is sealed with.
 *
 * Every agency has a data key of its own, wrapped by a master key of the installation that is kept outside the database. A value carries
 * the version of the key that sealed it. Rotating makes the next version: it seals from then on, older versions still open, and a job
 * brings every sealed value under the new one, table by table (each table says with `sealedIn` what it seals). It goes through all
 * twice: the second time when every process has taken the key up. Hashes, by which values are found, have a key of their own that
 * stays. Retiring a master key re-wraps the data keys and touches no value.
 *
 * What must never happen: a value that no key opens, a key in the database that opens without a master key, a key shown to anybody.
 */
export { api } from './api.ts'
export { DataKeyRotated, DataKeyTakenUp } from './events.ts'
export * as jobs from './jobs.ts'
